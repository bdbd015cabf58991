"""Which entries of the list store do these shards meet, and whose links did they hit?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

from relaion.links import can_spread, host_digest, key_digest, link_key
from relaion.lists.snapshot import Held
from relaion.verifier.beside import Apart, named_beside
from relaion.verifier.digests import prefix_of
from relaion.verifier.entries import exact, met, read_entries
from relaion.verifier.known import Near, StatedLists
from relaion.verifier.model import judge
from relaion.verifier.near import tail_of
from relaion.verifier.pool import Apply
from relaion.verifier.shorts import ListedKinds, Shorts, Source, Unread, shorts_of


@dataclass(frozen=True)
class Files:
    """What is held against the lists: shards, the sidecars that name rows of them, and how.

    With `same_link`, rows that a list hits pass on their link; with `inner`, links inside
    links count.
    """

    shards: Sequence[Source]
    sidecars: Sequence[Apart] = ()
    same_link: bool = True
    inner: bool = True


def look_up(store: Held, files: Files, said: set[str], apply: Apply) -> StatedLists:
    """What is listed, as far as these files meet it; and digests in `said`, if they do.

    `apply` maps a function over pieces of files, in this process or in others.
    """
    entries = read_entries(store)
    wanted = ListedKinds(entries.kinds, entries.near, files.inner)
    # hosts of millions of links are dear to send; without spellings there is little to share
    run: Any = apply if wanted.hashed else map
    sources = chain(files.shards, (apart.images for apart in files.sidecars))
    pieces = (piece for source in sources for piece in source.pieces())
    unread: Unread = Counter()
    found = chain(
        [Shorts(prefix_of(said))], _tallied(run(partial(shorts_of, wanted), pieces), unread)
    )
    known = exact(entries, met(entries, found), inner=files.inner)
    known = replace(known, unread=dict(unread))
    known = _with_sidecars(known, files.sidecars, apply)
    if not files.same_link or not any(known.exact.values()):
        return known
    return _with_links(known, files.shards, apply)


def _tallied(found: Iterable[Shorts], unread: Unread) -> Iterator[Shorts]:
    for some in found:
        unread.update(some.unread)
        yield some


def _with_sidecars(known: StatedLists, sidecars: Sequence[Apart], apply: Apply) -> StatedLists:
    if not known.images:
        return known
    pieces = [piece for apart in sidecars for piece in apart.pieces()]
    for beside, near in apply(partial(named_beside, known), pieces):
        known = replace(known, beside=known.beside | beside, near=known.near | near)
    return known


@dataclass(frozen=True)
class Hit:
    """What rows that a list hits pass on: digests of their link keys, with those lists.

    `hosts` and `tails` are of these links, and of inner links by which a list names a row.
    """

    links: dict[str, set[int]]
    hosts: set[str]
    tails: set[bytes]


def _with_links(known: StatedLists, shards: Sequence[Source], apply: Apply) -> StatedLists:
    links: dict[str, set[int]] = {}
    hosts: set[str] = set()
    tails: set[bytes] = set()
    for hit in apply(partial(hit_links, known), shards):
        for digest, lists in hit.links.items():
            links.setdefault(digest, set()).update(lists)
        hosts |= hit.hosts
        tails |= hit.tails
    # whatever row a list names by a link has that link's host and tail among these
    near = Near(frozenset(hosts), tails=frozenset(tails))
    return replace(known, links={d: tuple(sorted(x)) for d, x in links.items()}, near=near)


def hit_links(known: StatedLists, source: Source) -> Hit:
    """The links of the rows that a list hits, by digest of the key.

    A link that leads to no one thing is not passed on, but may itself be what a list names.
    """
    hit = Hit({}, set(), set())
    for rows in source.rows(known.roles):
        if "url" not in rows.columns:
            continue
        fates = judge(rows, known, None)
        own: set[str] = set()
        for row, lists in fates.listed().items():
            for urls in rows.all("url"):
                if (url := urls[row].as_py()) is None:
                    continue
                key = link_key(url)
                own.add(key)
                if can_spread(url):
                    hit.links.setdefault(key_digest(key), set()).update(lists)
        for key in {*own, *fates.inner_keys}:
            hit.tails.add(tail_of(key))
            if (host := host_digest(key)) is not None:
                hit.hosts.add(host)
    return hit
