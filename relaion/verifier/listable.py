"""All digests under which a list could name the rows of a file, in 64 bits each.

Of an image its digest, of a row its hash; of each link, and of each inside it, its key, what names
its host or the beginning of its path, and all spellings that may have been hashed.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.links import link_key
from relaion.links.entries import host_patterns, key_prefixes
from relaion.links.inner import inner_links
from relaion.links.text import as_bytes, as_text
from relaion.parquet.footer import footers_held
from relaion.roles import HASHED_LINK_KINDS, IMAGE_KINDS, LINK_KINDS
from relaion.verifier.candidates import (
    plain,
    plain_keys,
    settled,
    shortened,
    spelled_digests,
)
from relaion.verifier.digests import Sieve, first_bytes
from relaion.verifier.near import Near, may_hold
from relaion.verifier.rows import PIECE_ROWS, Rows, Source, int64
from relaion.verifier.undone import is_soon_undone, undone_keys

_MOST_TOGETHER = 64  # files of which a process looks at one after the other
# file, role, place among the columns of the role -> how many
Unread = Counter[tuple[Path, str, int]]
Apply = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]
"""Maps a function over items, in their order, like `map`."""


@dataclass(frozen=True)
class ListedKinds:
    """What the lists hold: kinds, near which hosts; and whether links inside links count."""

    kinds: frozenset[str]
    near: Near
    inner: bool

    @property
    def roles(self) -> set[str]:
        """The roles that matter."""
        found = {kind for kind in IMAGE_KINDS if kind in self.kinds}
        if self.kinds & {*LINK_KINDS, *HASHED_LINK_KINDS}:
            found.add("url")
        return found | ({"row_hash", "url", "text"} if "row_hash" in self.kinds else set())

    def of(self, kinds: Collection[str]) -> "ListedKinds":
        """Of these kinds alone."""
        return replace(self, kinds=self.kinds & {*kinds})

    @property
    def hashed(self) -> list[str]:
        """The algorithms of the hashed links that are listed; none costs nothing."""
        return [algorithm for kind, algorithm in HASHED_LINK_KINDS.items() if kind in self.kinds]


@dataclass(frozen=True)
class Digests:
    """Shortened digests of some files, and the row there (None for none) that each could name.

    `files` are these, one behind the other, each with how many digests it has. `unread`: how many
    values of a sidecar's columns are no digest.
    """

    shorts: pa.Array
    rows: pa.Array | None = None
    files: tuple[tuple[Path, int], ...] = ()
    unread: Unread = field(default_factory=Counter)

    def sifted(self, sieve: Sieve) -> "Digests":
        """Those that may be an entry."""
        passing = sieve.passing(self.shorts)
        rows = None if self.rows is None else self.rows.filter(passing)
        files = tuple((path, some.true_count) for path, some in self.by_file(passing))
        return replace(self, shorts=self.shorts.filter(passing), rows=rows, files=files)

    def by_file(self, column: pa.Array) -> Iterator[tuple[Path, pa.Array]]:
        """What of a column of all digests is of each file."""
        start = 0
        for path, n in self.files:
            yield path, column.slice(start, n)
            start += n


def _in_parts(pieces: Iterable[Source]) -> Iterator[list[Source]]:
    """Pieces of small files together, for what is known of the lists goes along with each part."""
    part: list[Source] = []
    n = 0
    for piece in pieces:
        rows = piece.size[0] or PIECE_ROWS
        if part and (n + rows > PIECE_ROWS or len(part) == _MOST_TOGETHER):
            yield part
            part, n = [], 0
        part.append(piece)
        n += rows
    if part:
        yield part


def all_digests(wanted: ListedKinds, pieces: Iterable[Source], apply: Apply) -> Iterator[Digests]:
    """All digests under which a list of these kinds could name a row of some files, by piece."""
    return apply(partial(_digests, wanted), _in_parts(pieces))


def _digests(wanted: ListedKinds, part: Sequence[Source]) -> Digests:
    found = []
    for piece in part:
        with footers_held():
            found.append(digests_of(wanted, piece))
    return Digests(
        pa.concat_arrays([x.shorts for x in found]),
        pa.concat_arrays([x.rows for x in found]),
        tuple(file for x in found for file in x.files),
        sum((x.unread for x in found), Counter()),
    )


def digests_of(wanted: ListedKinds, source: Source) -> Digests:
    """All digests under which a list of these kinds could name a row of a piece of a file."""
    shorts: list[pa.Array] = [int64(array("q"))]
    at: list[pa.Array] = [int64(array("q"))]
    unread: Unread = Counter()
    for first, rows in source.rows(wanted.roles):
        for some, places in _of_batch(rows, wanted):
            shorts.append(some)
            at.append(pc.add(places, pa.array([first], pa.int64())[0]))  # pa.scalar loads pandas
        if not source.is_checked:  # those of shards are counted when these are checked
            unread.update({(source.path, *role): n for role, n in rows.unread.items() if n})
    files = ((source.path, sum(map(len, shorts))),)
    return Digests(pa.concat_arrays(shorts), pa.concat_arrays(at), files, unread)


def _of_batch(rows: Rows, wanted: ListedKinds) -> Iterator[tuple[pa.Array, pa.Array]]:
    for kind in IMAGE_KINDS:
        for column in rows.all(kind):
            yield first_bytes(column.drop_null()), _places(pc.is_valid(column))
    if "row_hash" in wanted.kinds:
        hashes = rows.hashes()
        numbers = array("q", hashes.drop_null().to_pylist())
        numbers.byteswap()  # hex digits begin with the highest byte
        yield int64(numbers), _places(pc.is_valid(hashes))
    if not wanted.kinds & {*LINK_KINDS, *HASHED_LINK_KINDS}:
        return
    for urls in rows.all("url"):
        is_settled = pc.fill_null(settled(urls), True)  # no link: nothing is left to look at
        if wanted.kinds & {*LINK_KINDS}:
            yield from _key_digests(urls, _all(urls), is_settled, wanted)
        if wanted.hashed:
            yield from spelled_digests(urls, _all(urls), wanted.hashed)
        if wanted.inner:
            yield from _inner_digests(urls, _places(pc.invert(is_settled)), wanted)


def _all(urls: pa.Array) -> pa.Array:
    return pa.arange(0, len(urls), 1)


def _places(mask: pa.Array) -> pa.Array:
    return pc.cast(pc.indices_nonzero(mask), pa.int64())


def _key_digests(
    urls: pa.Array, rows: pa.Array, is_settled: pa.Array, wanted: ListedKinds
) -> Iterator[tuple[pa.Array, pa.Array]]:
    """Digests of the links' own keys, and of the hosts and prefixes that would name them."""
    is_left = pc.invert(is_settled)
    is_plain = pc.replace_with_mask(is_settled, is_left, plain(urls.filter(is_left)))
    is_easy = pc.and_(is_plain, pc.is_valid(urls))
    scopes = wanted.kinds & {"host", "url_prefix"}
    is_odd = pc.invert(is_plain)
    odd, texts = rows.filter(is_odd), urls.filter(is_odd)
    is_soon = is_soon_undone(texts)
    easy, places = plain_keys(urls, is_easy)
    soon, soon_places = undone_keys(texts, is_soon)
    for keys, at in ((easy, rows.take(places)), (soon, odd.take(soon_places))):
        if "url" in wanted.kinds:
            yield shortened(keys, "sha256"), at
        if scopes:
            yield _scope_digests(keys, at, wanted.near, scopes)
    found, named = array("q"), array("q")
    is_last = pc.invert(is_soon)
    odd, texts = odd.filter(is_last), texts.filter(is_last)
    for row, url in zip(odd.to_pylist(), texts.to_pylist(), strict=True):
        if wanted.near.may_name(url):
            _add(_named(link_key(url), wanted.kinds), row, found, named)
    yield int64(found), int64(named)


def _scope_digests(
    keys: Sequence[bytes], rows: pa.Array, near: Near, scopes: frozenset[str]
) -> tuple[pa.Array, pa.Array]:
    """Digests of the hosts and prefixes that would name some keys of plain links."""
    found, at = array("q"), array("q")
    for row, key in zip(rows.to_pylist(), keys, strict=True):
        if key.partition(b"/")[0].partition(b"?")[0] in near:
            _add(_named(as_text(key), scopes), row, found, at)
    return int64(found), int64(at)


def _inner_digests(
    urls: pa.Array, left: pa.Array, wanted: ListedKinds
) -> Iterator[tuple[pa.Array, pa.Array]]:
    """The same of the links inside the links."""
    inner, at = [], array("q")
    left = left.filter(may_hold(urls.take(left)))
    if not wanted.hashed:  # those may be on any host
        left = left.filter(wanted.near.may_name_inside(urls.take(left)))
    for row, url in zip(left.to_pylist(), urls.take(left).to_pylist(), strict=True):
        for link in inner_links(url):
            inner.append(as_bytes(link))
            at.append(row)
    links, rows = pa.array(inner, pa.binary()), int64(at)
    if wanted.kinds & {*LINK_KINDS}:
        yield from _key_digests(links, rows, settled(links), wanted)
    if wanted.hashed:
        yield from spelled_digests(links, rows, wanted.hashed)


def _named(key: str, kinds: frozenset[str]) -> Iterator[str]:
    if "url" in kinds:
        yield key
    if "host" in kinds:
        yield from host_patterns(key)
    if "url_prefix" in kinds:
        yield from key_prefixes(key)


def _add(texts: Iterable[str], row: int, found: "array[int]", at: "array[int]") -> None:
    for text in texts:
        found.frombytes(sha256(as_bytes(text)).digest()[:8])
        at.append(row)
