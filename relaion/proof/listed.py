"""Which entries of the list store do these shards meet, and whose links did they hit?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from relaion.errors import InputError
from relaion.links import host_digest, key_digest, link_key
from relaion.proof.digests import prefix_of, prefixes
from relaion.proof.entries import Entries, exact, met, read_entries
from relaion.proof.model import IMAGE_KINDS, RAW_KINDS, Known, Lists, judge, raw_digests
from relaion.proof.near import link_digest, near_rows, tail_of
from relaion.proof.pool import Apply
from relaion.proof.rows import Roles, Rows, role_rows


@dataclass(frozen=True)
class Link:
    """A link that a list hit: those lists, the digest of its host, and the end of its key."""

    lists: Lists
    host: str | None
    tail: bytes


Links = dict[str, Link]


@dataclass(frozen=True)
class Source:
    """A shard to look at, and where its roles stand."""

    path: Path
    roles: Roles


def look_up(
    store: Path, sources: Sequence[Source], said: set[str], *, same_link: bool, apply: Apply
) -> Known:
    """What is listed, as far as these shards meet it; and digests in `said`, if they do.

    With `same_link`, rows that a list hits pass on their link. `apply` maps a function over
    shards, in this process or in others.
    """
    entries = read_entries(store)
    known = exact(entries, met(entries, _shorts(entries, sources, said)))
    if not same_link or not any(known.exact.values()):
        return known
    links: dict[str, Lists] = {}
    hosts: set[str] = set()
    tails: set[bytes] = set()
    for found in apply(partial(hit_links, known), sources):
        for digest, link in found.items():
            links[digest] = tuple(sorted({*links.get(digest, ()), *link.lists}))
            tails.add(link.tail)
            if link.host is not None:
                hosts.add(link.host)
    # whatever row a list names by its link stands among these links
    return Known(known.exact, links, frozenset(hosts), frozenset(tails))


def _shorts(entries: Entries, sources: Sequence[Source], said: set[str]) -> Iterator[pa.Array]:
    yield prefix_of(said)
    wanted = {k for k in IMAGE_KINDS if k in entries.kinds}
    if entries.kinds & {"url", *RAW_KINDS}:
        wanted.add("url")
    for source in sources:
        for rows in _readable(source, wanted):
            yield from _digests(rows, entries)


def _readable(source: Source, wanted: set[str]) -> Iterator[Rows]:
    """The rows of a shard up to where it is damaged; its own check says that it is."""
    try:
        yield from role_rows(source.path, source.roles, wanted)
    except InputError:
        return


def _digests(rows: Rows, entries: Entries) -> Iterator[pa.Array]:
    """Every digest under which one of the rows could be listed, shortened."""
    for kind in IMAGE_KINDS:
        if kind in rows.columns:
            yield prefixes(rows.columns[kind])
    urls = rows.columns.get("url")
    if urls is None:
        return
    for kind, algorithm in RAW_KINDS.items():
        if kind in entries.kinds:
            yield prefixes(pa.array(raw_digests(urls, algorithm), pa.string()))
    if "url" in entries.kinds:
        yield prefix_of(link_digest(url) for _, url in near_rows(urls, entries.hosts))


def hit_links(known: Known, source: Source) -> Links:
    """The links of the rows that a list hits, by digest of the key."""
    found: Links = {}
    wanted = {"url", *(k for k in IMAGE_KINDS if k in known.exact)}
    for rows in _readable(source, wanted):
        urls = rows.columns.get("url")
        if urls is None:
            continue
        for row, lists in judge(rows, known, None).listed().items():
            url = urls[row].as_py()
            if url is None:
                continue
            key = link_key(url)
            digest = key_digest(key)
            before = found[digest].lists if digest in found else ()
            found[digest] = Link((*before, *lists), host_digest(key), tail_of(key))
    return found
