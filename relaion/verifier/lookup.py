"""Which entries of the list store do these files meet, and whose links did they hit?

Millions of digests are compared by their first 64 bits, 8 bytes each without a Python object:
first all that any list could name in a file, each with its row, with all entries of the store.
Then the few entries that were met are read again in full, and the model is asked about the rows
(`model.py`). DuckDB joins nothing here.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import ListError
from relaion.links import link_key
from relaion.links.entries import host_patterns, key_prefixes
from relaion.links.inner import inner_links
from relaion.links.text import as_bytes, as_text
from relaion.lists.snapshot import Held
from relaion.roles import HASHED_LINK_KINDS, IMAGE_KINDS, KINDS, LINK_KINDS
from relaion.verifier import model
from relaion.verifier.candidates import (
    Near,
    may_hold,
    plain,
    plain_keys,
    settled,
    shortened,
    spelled_digests,
)
from relaion.verifier.digests import Sieve, common, first_bytes, prefix_of, prefixes
from relaion.verifier.manifest import StatedParameters
from relaion.verifier.model import Lists, Named, StatedLists, StatedSidecars, joined_rows
from relaion.verifier.rows import PIECE_ROWS, Rows, Source, int64
from relaion.verifier.sidecars import Apart
from relaion.verifier.task import judge
from relaion.verifier.undone import is_soon_undone, undone_key

_MEMORY = "1GB"
_DIGESTS_AT_ONCE = 4_000_000
_FEW_DIGESTS = 1_000_000
_WORTH_A_SIEVE = 8  # a sieve of the entries takes as long as to hold an eighth as many against them
_MANY_HOSTS = 1_000_000
_MOST_TOGETHER = 64  # files of which a process looks at one after the other
# file, role, place among the columns of the role -> how many
Unread = Counter[tuple[Path, str, int]]
Apply = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]
"""Maps a function over items, in their order, like `map`."""
Begins = Callable[[str, int, float], object]
"""Hears of a part of a check that begins: what it is about, its files and their row groups."""


def look_up(
    store: Held,
    shards: Sequence[Source],
    sidecars: Sequence[Apart],
    parameters: StatedParameters,
    said: set[str],
    apply: Apply,
    begins: Begins = lambda detail, files, groups: None,
) -> StatedLists:
    """What is listed, as far as these files meet it; and digests in `said`, if they do.

    `sidecars` name rows of the shards; `parameters` say whether rows that a list hits pass on
    their link, and whether links inside links count. `apply` maps a function over pieces of
    files, in this process or in others. `begins` hears of each pass over the shards.
    """
    groups = sum(source.size[1] for source in shards)
    begins("lists", len(shards), groups)
    wanted, entries = read_entries(store, inner=parameters.inner)
    # each piece takes the hosts along: those of millions of links are dearer to send than to use
    run: Any = apply if wanted.hashed or wanted.near.size < _MANY_HOSTS else map
    sources = chain(shards, (apart.images for apart in sidecars))
    pieces = (piece for source in sources for piece in source.pieces())
    found = chain([Digests(prefix_of(said))], all_digests(wanted, pieces, run))
    met, rows, unread = meet(entries, found)
    known = in_full(store, met, good_wins=parameters.good_wins)
    known = replace(known, rows=rows, inner=parameters.inner, unread=unread)
    beside = [piece for apart in sidecars for piece in apart.pieces()]
    for named in apply(partial(named_beside, known), beside if known.images else ()):
        known = known.carrying(known.beside | named, {})
    if not parameters.same_link or not any(known.exact.values()):
        return known
    links: dict[str, set[int]] = {}
    begins("links", len(shards), groups)
    some = [(known.only(source.path), source) for source in shards]
    for hit in apply(hit_links, some):
        for key, lists in hit.items():
            links.setdefault(key, set()).update(lists)
    known = known.carrying(known.beside, {key: tuple(sorted(x)) for key, x in links.items()})
    return replace(known, carriers=known.carriers.prepared())


# -- what a file could be listed by ------------------------------------------------------------


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

    @property
    def hashed(self) -> list[str]:
        """The algorithms of the hashed links that are listed; none costs nothing."""
        return [algorithm for kind, algorithm in HASHED_LINK_KINDS.items() if kind in self.kinds]


@dataclass(frozen=True)
class Digests:
    """Shortened digests with the row of the file (None for none) that each could name.

    `unread`: how many values of a sidecar's columns are no digest.
    """

    shorts: pa.Array
    rows: pa.Array | None = None
    path: Path | None = None
    unread: Unread = field(default_factory=Counter)

    def sifted(self, sieve: Sieve) -> "Digests":
        """Those that may be an entry."""
        passing = sieve.passing(self.shorts)
        rows = None if self.rows is None else self.rows.filter(passing)
        return replace(self, shorts=self.shorts.filter(passing), rows=rows)


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
    return chain.from_iterable(apply(partial(_digests, wanted), _in_parts(pieces)))


def _digests(wanted: ListedKinds, part: Sequence[Source]) -> list[Digests]:
    return [digests_of(wanted, piece) for piece in part]


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
    return Digests(pa.concat_arrays(shorts), pa.concat_arrays(at), source.path, unread)


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
    return int64(array("q", range(len(urls))))


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
    soon = [undone_key(url) for url in texts.filter(is_soon).to_pylist()]
    for keys, at in (
        (plain_keys(urls, is_easy), rows.filter(is_easy)),
        (soon, odd.filter(is_soon)),
    ):
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
    is_any = bool(wanted.hashed)
    holding = left.filter(may_hold(urls.take(left)))
    for row, url in zip(holding.to_pylist(), urls.take(holding).to_pylist(), strict=True):
        if is_any or wanted.near.may_name_inside(url):
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


# -- the entries of a store --------------------------------------------------------------------


def read_entries(
    store: Held, *, inner: bool, lists: Collection[int] | None = None
) -> tuple[ListedKinds, pa.Array]:
    """What the lists hold, and all entries of the kinds that can be checked, in 64 bits each.

    `inner`: whether links inside links count. `lists`: of these alone, where given.
    """
    shorts = [pa.array([], pa.int64())]
    hosts: set[str] = set()
    below: set[str] = set()
    kinds: set[str] = set()
    for batch, some in _entries(store, "bad", lists):
        shorts.append(some)
        kinds.update(pc.unique(batch["kind"]).to_pylist())
        if batch["host_digest"].null_count == len(batch):
            continue  # nearly all lists are of images
        is_host = pc.equal(batch["kind"], "host")
        hosts.update(_hosts(batch.filter(pc.invert(is_host))))
        below.update(_hosts(batch.filter(is_host)))
    near = Near(frozenset(hosts), frozenset(below))
    return ListedKinds(frozenset(kinds), near, inner), pa.concat_arrays(shorts)


def _hosts(entries: pa.RecordBatch) -> list[str]:
    return list(pc.unique(entries["host_digest"]).drop_null().to_pylist())


def _entries(
    store: Held, role: str, lists: Collection[int] | None = None, met: pa.Array | None = None
) -> Iterator[tuple[pa.RecordBatch, pa.Array]]:
    """Entries of known kinds of the lists of a role, or of some lists; their digests shortened.

    Those that begin otherwise than all that were `met` may be left out: small letters, for whatever
    is looked up among them is in small letters.
    """
    wanted = pa.array(sorted(KINDS))
    store.engine.set_option("memory_limit", _MEMORY)
    others = [i for i, said in store.engine.rows("select list_id, role from lists") if said != role]
    query = "select list_id, kind, digest, host_digest from entries"
    if met is not None:
        raw = pa.Array.from_buffers(pa.binary(8), len(met), [None, met.buffers()[1]], 0, met.offset)
        store.engine.lend("met", pa.table({"head": raw}))
        query += " semi join met on substr(digest, 1, 16) = lower(hex(met.head))"
    if lists is not None:
        # lists lie one after the other: by the first and the last DuckDB skips all others unread
        first, last = (min(lists), max(lists)) if lists else (0, -1)
        query += f" where list_id >= {int(first)} and list_id <= {int(last)}"
        others = sorted({*others, *range(first, last + 1)} - {*lists})
    for batch in store.engine.batches(query, doing=str(store.named)):
        chosen = batch
        if others:
            is_other = pc.is_in(batch["list_id"], value_set=pa.array(others, pa.int32()))
            chosen = batch.filter(pc.invert(is_other))
        if not set(KINDS).issuperset(pc.unique(chosen["kind"]).to_pylist()):
            chosen = chosen.filter(pc.is_in(chosen["kind"], value_set=wanted))
        shorts = prefixes(chosen["digest"])
        if len(shorts) != len(chosen):
            raise ListError(f"{store.named}: holds a digest that is none; make the store anew")
        yield chosen, shorts


def meet(
    entries: pa.Array, found: Iterable[Digests]
) -> tuple[pa.Array, dict[Path, pa.Array], Unread]:
    """The shortened entries that some files hold too, the rows that hold them, and what is unread.

    Digests come piece by piece, and are gathered to some millions first: each comparison reads
    all entries. Where there are many, most are sifted out before.
    """
    shorts = [pa.array([], pa.int64())]
    rows: list[dict[Path, pa.Array]] = []
    unread: Unread = Counter()
    held: list[Digests] = []
    sieve: Sieve | None = None
    for some in chain(found, [None]):
        if some is not None:
            unread.update(some.unread)
            held.append(some if sieve is None else some.sifted(sieve))
            n = sum(len(x.shorts) for x in held)
            if sieve is None and n > max(_FEW_DIGESTS, len(entries) // _WORTH_A_SIEVE):
                sieve = Sieve(entries)
                held = [x.sifted(sieve) for x in held]
                n = sum(len(x.shorts) for x in held)
            if n < _DIGESTS_AT_ONCE:
                continue
        both = common(entries, pa.concat_arrays([shorts[0], *(x.shorts for x in held)]))
        shorts.append(both)
        for x in held if len(both) else ():
            if x.path is not None and x.rows is not None:
                rows.append({x.path: x.rows.filter(pc.is_in(x.shorts, value_set=both))})
        held = []
    return pc.unique(pa.concat_arrays(shorts)), joined_rows(rows), unread


def in_full(
    store: Held, met: pa.Array, *, good_wins: bool, lists: Collection[int] | None = None
) -> StatedLists:
    """The entries in full whose first 64 bits were met; `good_wins`: without those known good.

    `lists`: of these alone, where given.
    """
    digests: dict[str, dict[str, Lists]] = {}
    if not len(met):
        return StatedLists()
    forms = store.engine.rows("select list_id, forms from lists where forms is not null")
    for line in _met_lines(store, "bad", met, lists):
        named = digests.setdefault(line["kind"], {})
        named[line["digest"]] = (*named.get(line["digest"], ()), int(line["list_id"]))
    for line in _met_lines(store, "good", met) if good_wins else ():
        digests.get(line["kind"], {}).pop(line["digest"], None)
    return StatedLists(digests, {list_id: frozenset(names) for list_id, names in forms})


def _met_lines(
    store: Held, role: str, met: pa.Array, lists: Collection[int] | None = None
) -> Iterator[dict[str, Any]]:
    for batch, shorts in _entries(store, role, lists, met):
        yield from batch.filter(pc.is_in(shorts, value_set=met)).to_pylist()


# -- what rows with a listed value pass on -----------------------------------------------------


def hit_links(what: tuple[StatedLists, Source]) -> dict[str, set[int]]:
    """The keys of the links of the rows that a list hits, with those lists."""
    known, source = what
    links: dict[str, set[int]] = {}
    if known.beside.links or known.beside.hashes:
        pieces: Iterable[Source] = [source]
    elif source.path in known.rows:
        pieces = source.holding(known.rows[source.path])
    else:
        source.moved(source.size[0])
        return links
    looked_at = chain.from_iterable(piece.rows(known.roles) for piece in pieces)
    for first, rows in looked_at:
        if "url" not in rows.columns:
            continue
        named = judge(rows, known, None, known.rows_of(source.path, first, rows.n))
        at = sorted(named)
        for number, row in zip(at, rows.take(at).plain(), strict=True):
            lists = {r.list_id for r in named[number] if r.list_id is not None}
            for key in model.shared_keys(row):
                links.setdefault(key, set()).update(lists)
    return links


def named_beside(known: StatedLists, apart: Apart) -> StatedSidecars:
    """What the rows of a sidecar with a listed image name."""
    found: dict[str | int, set[tuple[int, str]]] = {}
    source = apart.source
    looked_at = source.rows({*apart.keys, *known.images}) if source.path in known.rows else ()
    for first, rows in looked_at:
        for row in rows.take(known.rows_of(source.path, first, rows.n)).plain():
            named = {(list_id, kind) for list_id, kind in model.listed_images(row, known)}
            for key in model.sidecar_keys(row, apart.keys) if named else ():
                found.setdefault(key, set()).update(named)
    by_key: dict[str, Named] = {k: tuple(v) for k, v in found.items() if isinstance(k, str)}
    by_hash: dict[int, Named] = {k: tuple(v) for k, v in found.items() if isinstance(k, int)}
    return StatedSidecars(by_key, by_hash)
