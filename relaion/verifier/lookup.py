"""Which entries of the list store do these files meet, and whose links did they hit?

Millions of digests are compared by their first 64 bits, 8 bytes each without a Python object:
first all that any list could name in a file, each with its row, with all entries of the store.
Then the few entries that were met are read again in full, and the model is asked about the rows
(`model.py`). DuckDB joins nothing here.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import ListError
from relaion.links import key_digest
from relaion.lists.snapshot import Held
from relaion.parquet.footer import footers_held
from relaion.roles import IMAGE_KINDS, KINDS
from relaion.verifier import model
from relaion.verifier.digests import Sieve, common, prefix_of, prefixes
from relaion.verifier.listable import Apply, Digests, ListedKinds, Unread, all_digests
from relaion.verifier.made import Made
from relaion.verifier.manifest import StatedParameters
from relaion.verifier.model import Named, StatedLists, StatedSidecars, in_order, joined_rows
from relaion.verifier.near import Near
from relaion.verifier.packed import Lists, PackedKeys, PackedLists, PackedRows
from relaion.verifier.rows import Source
from relaion.verifier.sidecars import Apart
from relaion.verifier.task import judge

_MEMORY = "1GB"
_DIGESTS_AT_ONCE = 4_000_000
_FEW_DIGESTS = 100_000
_WORTH_A_SIEVE = 8  # a sieve of the entries takes as long as to hold an eighth as many against them
_MANY_HOSTS = 1_000_000
NOTHING_SAID = pa.array([], pa.int64())
Begins = Callable[[str, int, float], object]
"""Hears of a part of a check that begins: what it is about, its files and their row groups."""


def look_up(
    store: Held,
    shards: Sequence[Source],
    sidecars: Sequence[Apart],
    parameters: StatedParameters,
    said: pa.Array,
    apply: Apply,
    begins: Begins = lambda detail, files, groups: None,
) -> StatedLists:
    """What is listed, as far as these files meet it; and shortened digests in `said`, if they do.

    `sidecars` name rows of the shards; `parameters` say whether rows that a list hits pass on
    their link, and whether links inside links count. `apply` maps a function over pieces of
    files, in this process or in others. `begins` hears of each pass over the shards.
    """
    groups = sum(source.size[1] for source in shards)
    begins("lists", len(shards), groups)
    wanted, entries = read_entries(store, inner=parameters.inner)
    met, passed_on = _met(wanted, entries, shards, sidecars, said, apply, parameters)
    known = in_full(store, met.shorts, good_wins=parameters.good_wins)
    files = (source.path for source in (*shards, *(apart.source for apart in sidecars)))
    # each path is held once
    rows = PackedRows((path, met.rows[path]) for path in files if path in met.rows)
    known = replace(known, rows=rows, inner=parameters.inner, unread=met.unread)
    beside = [piece for apart in sidecars for piece in apart.pieces()]
    for named in apply(partial(named_beside, known), beside if known.images else ()):
        known = known.carrying(known.beside | named, {})
    if not parameters.same_link or not any(known.exact.values()):
        return known
    begins("links", len(shards), groups)
    links = gathered_links(known, shards, apply)
    told = {key for key in links if key in passed_on or known.lists("url", key_digest(key))}
    known = known.carrying(known.beside, links, told)
    return replace(known, carriers=known.carriers.prepared())


def _met(
    wanted: ListedKinds,
    entries: "Entries",
    shards: Sequence[Source],
    sidecars: Sequence[Apart],
    said: pa.Array,
    apply: Apply,
    parameters: StatedParameters,
) -> tuple["Met", PackedKeys]:
    """What these files meet; and keys of links whose rows are among those that are met, too.

    Where each link is held against lists anyway, images come first: links of the rows that they
    name are looked for along with those that are listed.
    """
    files = [*shards, *(apart.images for apart in sidecars)]
    asked = Digests(said)
    if not (parameters.same_link and "url" in wanted.kinds and len(entries.images)):
        pieces = chain.from_iterable(file.pieces() for file in files)
        found = chain([asked], all_digests(wanted, pieces, _run(wanted, apply)))
        return meet(entries.together(), found), PackedKeys()
    pieces = chain.from_iterable(file.unheard().pieces() for file in files)
    images = replace(wanted.of(IMAGE_KINDS), near=Near())
    first = meet(entries.images, chain([asked], all_digests(images, pieces, apply)))
    named = [(first.rows[s.path], s.unheard()) for s in shards if len(first.rows.get(s.path, ()))]
    keys = PackedKeys(key for found in apply(links_at, named) for key in found)
    links = wanted.of(wanted.kinds - {*IMAGE_KINDS})
    near = links.near | Near.of(keys)
    if near.size >= _MANY_HOSTS > links.near.size:
        keys, near = PackedKeys(), links.near
    links = replace(links, near=near)
    both = pa.concat_arrays([entries.others, prefix_of(map(key_digest, keys))])
    pieces = chain.from_iterable(file.pieces() for file in shards)
    second = meet(both, chain([asked], all_digests(links, pieces, _run(links, apply))))
    return first | second, keys


def _run(wanted: ListedKinds, apply: Apply) -> Apply:
    # each piece takes the hosts along: those of millions of links are dearer to send than to use
    return apply if wanted.hashed or wanted.near.size < _MANY_HOSTS else map


# -- the entries of a store --------------------------------------------------------------------


class Entries(NamedTuple):
    """Entries of lists in 64 bits each: of images, and of all else."""

    images: pa.Array
    others: pa.Array

    def together(self) -> pa.Array:
        """All of them."""
        return pa.concat_arrays(self)


class Met(NamedTuple):
    """The shortened entries that some files hold too, the rows that hold them, what is unread."""

    shorts: pa.Array
    rows: PackedRows
    unread: Unread

    def __or__(self, other: "Met") -> "Met":
        """What one or the other met."""
        return Met(
            pc.unique(pa.concat_arrays([self.shorts, other.shorts])),
            joined_rows([self.rows, other.rows]),
            self.unread + other.unread,
        )


def read_entries(
    store: Held, *, inner: bool, lists: Collection[int] | None = None
) -> tuple[ListedKinds, Entries]:
    """What the lists hold, and all entries of the kinds that can be checked.

    `inner`: whether links inside links count. `lists`: of these alone, where given.
    """
    images, others = [pa.array([], pa.int64())], [pa.array([], pa.int64())]
    of_images = pa.array(IMAGE_KINDS)
    hosts: set[str] = set()
    below: set[str] = set()
    kinds: set[str] = set()
    for batch, some in _entries(store, "bad", lists):
        here = pc.unique(batch["kind"]).to_pylist()
        kinds.update(here)
        if set(IMAGE_KINDS).issuperset(here):  # nearly all lists are of images
            images.append(some)
        else:
            is_image = pc.is_in(batch["kind"], value_set=of_images)
            images.append(some.filter(is_image))
            others.append(some.filter(pc.invert(is_image)))
        if batch["host_digest"].null_count == len(batch):
            continue
        is_host = pc.equal(batch["kind"], "host")
        hosts.update(_hosts(batch.filter(pc.invert(is_host))))
        below.update(_hosts(batch.filter(is_host)))
    near = Near(frozenset(hosts), frozenset(below))
    wanted = ListedKinds(frozenset(kinds), near, inner)
    return wanted, Entries(pa.concat_arrays(images), pa.concat_arrays(others))


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


def meet(entries: pa.Array, found: Iterable[Digests]) -> Met:
    """Hold the digests of some files against shortened entries.

    They come piece by piece, and are gathered to some millions first: each comparison reads
    all entries. Where there are many, most are sifted out before.
    """
    shorts = [pa.array([], pa.int64())]
    rows: dict[Path, list[pa.Array]] = {}
    unread: Unread = Counter()
    held: list[Digests] = []
    n = 0
    sieve: Sieve | None = None
    for some in chain(found, [None]):
        if some is not None:
            unread.update(some.unread)
            held.append(some if sieve is None else some.sifted(sieve))
            n += len(held[-1].shorts)
            if sieve is None and n > max(_FEW_DIGESTS, len(entries) // _WORTH_A_SIEVE):
                sieve = Sieve(entries)
                held = [x.sifted(sieve) for x in held]
                n = sum(len(x.shorts) for x in held)
            if n < _DIGESTS_AT_ONCE:
                continue
        every = pa.concat_arrays([shorts[0], *(x.shorts for x in held)])
        both = common(entries, every)
        shorts.append(both)
        for path, at in _rows_of(held, pc.is_in(every, value_set=both)) if len(both) else ():
            rows.setdefault(path, []).append(at)
        held, n = [], 0
    return Met(pc.unique(pa.concat_arrays(shorts)), in_order(rows), unread)


def _rows_of(held: Iterable[Digests], is_met: pa.Array) -> Iterator[tuple[Path, pa.Array]]:
    """The rows of each of the files whose digests were met, one file behind the other.

    Asked of all at once: Arrow makes a table of what is looked for anew for each call.
    """
    start = 0
    for x in held:
        is_here = is_met.slice(start, len(x.shorts))
        start += len(is_here)
        if x.rows is None or not is_here.true_count:
            continue
        for (path, rows), (_, here) in zip(x.by_file(x.rows), x.by_file(is_here), strict=True):
            if here.true_count:
                yield path, rows.filter(here)


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


def gathered_links(known: StatedLists, shards: Sequence[Source], apply: Apply) -> PackedLists:
    """The keys of the links of the rows that a list hits in some files, with those lists."""
    hits = apply(hit_links, Made(shards, lambda s: (known.only(s.path), s)))
    return PackedLists((key, tuple(sorted(lists))) for hit in hits for key, lists in hit.items())


def links_at(what: tuple[pa.Array, Source]) -> set[str]:
    """The keys of the links that some rows of a file pass on, whatever names these rows."""
    numbers, source = what
    at = StatedLists(rows={source.path: numbers})
    keys: set[str] = set()
    for piece in source.holding(numbers):
        for first, rows in piece.rows({"url"}):
            for row in rows.take(at.rows_of(source.path, first, rows.n)).plain():
                keys |= model.shared_keys(row)
    return keys


def hit_links(what: tuple[StatedLists, Source]) -> dict[str, set[int]]:
    """The keys of the links of the rows that a list hits, with those lists."""
    with footers_held():
        return _hit_links(*what)


def _hit_links(known: StatedLists, source: Source) -> dict[str, set[int]]:
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
