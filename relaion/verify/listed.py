"""Which entries of the list store do these shards meet, and whose links did they hit?"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from relaion.errors import InputError
from relaion.links import host_digest, key_digest, link_key
from relaion.verify.digests import prefix_of, prefixes
from relaion.verify.entries import Entries, exact, met, read_entries
from relaion.verify.model import IMAGE_KINDS, RAW_KINDS, Known, Lists, judge, raw_digests
from relaion.verify.near import link_digest, near_rows
from relaion.verify.rows import Roles, Rows, role_rows

Links = dict[str, tuple[Lists, str | None]]
Apply = Callable[[Callable[["Source"], Links], Sequence["Source"]], Iterable[Links]]


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
    hosts = set(known.hosts)
    for found in apply(partial(hit_links, known), sources):
        for digest, (lists, host) in found.items():
            links[digest] = tuple(sorted({*links.get(digest, ()), *lists}))
            if host is not None:
                hosts.add(host)
    return Known(known.exact, links, frozenset(hosts))


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
        near = near_rows(urls, entries.hosts)
        yield prefix_of(link_digest(urls[row].as_py()) for row in near)


def hit_links(known: Known, source: Source) -> Links:
    """The links of the rows that a list hits: digest of the key -> lists, digest of the host."""
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
            before = found.get(key_digest(key), ((), None))[0]
            found[key_digest(key)] = (tuple(sorted({*before, *lists})), host_digest(key))
    return found
