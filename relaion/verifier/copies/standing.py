"""What stands in an edition, of what is looked for there: row hashes, and links by their keys."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from relaion.links import host_digest, key_can_spread, link_key, names_part
from relaion.links.text import as_bytes
from relaion.parquet.mended import marked
from relaion.verifier.candidates import plain, plain_key
from relaion.verifier.copies.editions import EditionSets
from relaion.verifier.copies.known import HashLengths, hashes_by_doubt
from relaion.verifier.listable import Apply
from relaion.verifier.near import Near
from relaion.verifier.rows import Source

_CHUNK = 1_000_000
_FEW = 50_000  # links that an edition is searched for by their ends: Arrow hashes these each time
_TAIL = 16
NO_HASHES, NO_LINKS = pa.array([], pa.int64()), pa.array([], pa.binary())


class LinkIds(NamedTuple):
    """Links by identity, and by what tells cheaply which others cannot have the same key."""

    ids: pa.Array
    tails: pa.Array
    hosts: pa.Array


def link_ids(urls: pa.Array, salt: bytes) -> LinkIds:
    """The identity of each link; null for what stands for nothing in particular."""
    found: list[bytes | None] = []
    tails: list[bytes | None] = []
    hosts: list[str | None] = []
    for url, is_plain in zip(urls.to_pylist(), plain(urls).to_pylist(), strict=True):
        key = None
        if is_plain:
            key = plain_key(url).decode("ascii")
            key = key if key_can_spread(key) else None
        elif url is not None:
            key = link_key(url)
            key = key if key_can_spread(key) and not names_part(url) else None
        hosts.append(None if key is None else host_digest(key))
        raw = None
        if key is not None:
            raw = (key if key.isascii() else marked(as_bytes(key))).encode()
        tails.append(None if raw is None else raw[-_TAIL:])
        found.append(None if raw is None else hashlib.sha256(salt + raw).digest()[:16])
    return LinkIds(*(pa.array(x, pa.binary()) for x in (found, tails, hosts)))


@dataclass(frozen=True)
class Links:
    """Links that are looked for, or none; `tails` and `hosts` are at least those of their keys."""

    ids: pa.Array
    tails: pa.Array
    hosts: pa.Array

    def may_be(self, urls: pa.Array) -> pa.Array:
        """Those of some links that may have one of these keys: by the end, or else the host."""
        if len(self.tails) > _FEW:
            return urls
        is_plain = pc.fill_null(plain(urls), False)
        keys = pc.replace_substring_regex(urls, r"^https?://(?:www\.)?", "")
        mask = pc.is_in(pc.binary_slice(keys, -_TAIL), value_set=self.tails)
        mask = pc.and_(is_plain, mask)
        near = Near(frozenset(host.decode() for host in self.hosts.to_pylist()))
        is_odd = pc.and_not(pc.is_valid(urls), is_plain)
        odd = [near.may_name(url) for url in urls.filter(is_odd).to_pylist()]
        return urls.filter(pc.replace_with_mask(mask, is_odd, pa.array(odd, pa.bool_())))


NONE_WANTED = Links(NO_LINKS, NO_LINKS, NO_LINKS)


@dataclass(frozen=True)
class _Wanted:
    """What is looked for in one shard of an edition."""

    source: Source
    hashes: pa.Array
    links: Links


_KNOWN = pa.schema([("hash", pa.int64()), ("mark", pa.int64()), ("doubt", pa.int8())])


def _known_in(wanted: _Wanted) -> tuple[pa.Table, pa.Array]:
    """Those row hashes that stand in a shard, each as often as rows have it, and those links."""
    hashes, links = _KNOWN.empty_table(), _Found(wanted.links.ids)
    held = [hashes]
    for _, rows in wanted.source.rows(("url", "text", "row_hash")):
        if len(wanted.hashes):
            for doubt, told in enumerate(hashes_by_doubt(rows)):
                some = told.filter(among(told.hashes, wanted.hashes))
                doubts = pa.repeat(pa.scalar(doubt, pa.int8()), len(some.hashes))
                held.append(pa.table([some.hashes, some.marks, doubts], schema=_KNOWN))
            if sum(map(len, held)) >= _CHUNK:
                held = [_once(held)]
        if len(wanted.links.ids):
            for urls in rows.all("url"):
                links.add(link_ids(wanted.links.may_be(urls), b"").ids)
    return _once(held), links.values()


def _once(tables: Iterable[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).group_by(_KNOWN.names).aggregate([]).select(_KNOWN.names)


@dataclass
class _Found:
    """Values that are looked for, of which some were found; asked for many at a time."""

    wanted: pa.Array
    held: list[pa.Array] = field(default_factory=list)
    found: list[pa.Array] = field(default_factory=list)

    def add(self, values: pa.Array) -> None:
        self.held.append(values)
        if sum(map(len, self.held)) >= _CHUNK:
            self._ask()

    def _ask(self) -> None:
        some = joined(self.held, self.wanted.type)
        self.found.append(some.filter(pc.is_in(some, value_set=self.wanted)).unique())
        self.held = []

    def values(self) -> pa.Array:
        self._ask()
        return joined(self.found, self.wanted.type).unique()


def look_up(
    edition: EditionSets | None, hashes: pa.Array, links: Links, apply: Apply
) -> tuple["StandingHashes", pa.Array]:
    """Those row hashes, and links, that stand in an edition."""
    if edition is None or not (len(hashes) or len(links.ids)):
        return StandingHashes(_KNOWN.empty_table()), NO_LINKS
    found = list(apply(_known_in, [_Wanted(s, hashes, links) for s in edition.sources]))
    return StandingHashes(_once(h for h, _ in found)), joined((x for _, x in found), pa.binary())


class StandingHashes(NamedTuple):
    """Row hashes that stand in a set, with their marks (`known.marks`), and how far in doubt."""

    table: pa.Table

    @property
    def hashes(self) -> pa.Array:
        """Row hashes, whatever link has them."""
        return self.table["hash"].combine_chunks()

    @property
    def marks(self) -> pa.Array:
        """Marks of those of which it is known how long their links are."""
        return self.table["mark"].combine_chunks().drop_null()

    @property
    def loose(self) -> pa.Array:
        """Row hashes of which it is not."""
        return self.where(pc.is_null(self.table["mark"])).hashes

    def where(self, mask: Any) -> "StandingHashes":
        """Some of them."""
        return StandingHashes(self.table.filter(mask))

    def upto(self, most: int) -> "StandingHashes":
        """Those that are in no more doubt than this."""
        return self.where(pc.less_equal(self.table["doubt"], most))

    def has(self, told: HashLengths) -> pa.Array:
        """Which row hashes stand here with a link as long, or one of no known length."""
        return meets(told, self.hashes, self.marks, self.loose)


def meets(told: HashLengths, hashes: pa.Array, some: pa.Array, loose: pa.Array) -> pa.Array:
    """Which have a mark among `some`, a hash that is `loose`, or without a mark any of `hashes`."""
    bare = pc.and_(pc.is_null(told.lengths), among(told.hashes, hashes))
    return pc.or_(pc.or_(among(told.marks, some), among(told.hashes, loose)), bare)


def among(values: pa.Array, some: pa.Array) -> pa.Array:
    """Which values are among some; NULL is not."""
    return pc.is_in(values, value_set=some, skip_nulls=True)


def joined(arrays: Iterable[pa.Array], kind: pa.DataType) -> pa.Array:
    """Arrays of a kind, or none, one behind the other."""
    return pa.concat_arrays([pa.array([], kind), *arrays])
