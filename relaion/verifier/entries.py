"""The entries of a list store, met by a data set: which of millions does any row carry?

The store is read twice, in plain selects. First every digest is shortened to 64 bits (8
bytes an entry: 130 MB for 16.2 million) and compared with the shards' digests, shortened
alike; then the few that are common are read again in full. DuckDB joins nothing here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import ListError
from relaion.lists.snapshot import Held
from relaion.verifier.digests import common, prefixes
from relaion.verifier.known import KINDS, Lists, Near, StatedLists
from relaion.verifier.shorts import Shorts, joined

_MEMORY = "1GB"
_DIGESTS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class MatchedEntries:
    """A store's entries in 64 bits each; `near` tells where links and hosts of it stand."""

    store: Held
    shorts: pa.Array
    near: Near
    kinds: frozenset[str]


def read_entries(store: Held) -> MatchedEntries:
    """Read all entries of the kinds that can be checked, shortened."""
    shorts: list[pa.Array] = []
    hosts: set[str] = set()
    below: set[str] = set()
    kinds: set[str] = set()
    for batch in _checkable(store):
        shorts.append(prefixes(batch["digest"]))
        is_host = pc.equal(batch["kind"], "host")
        hosts.update(_hosts(batch.filter(pc.invert(is_host))))
        below.update(_hosts(batch.filter(is_host)))
        kinds.update(pc.unique(batch["kind"]).to_pylist())
    all_shorts = pa.concat_arrays(shorts) if shorts else pa.array([], pa.int64())
    return MatchedEntries(
        store, all_shorts, Near(frozenset(hosts), frozenset(below)), frozenset(kinds)
    )


def _hosts(entries: pa.RecordBatch) -> list[str]:
    return list(pc.unique(entries["host_digest"]).drop_null().to_pylist())


def _checkable(store: Held) -> Iterator[pa.RecordBatch]:
    wanted = pa.array(sorted(KINDS))
    store.engine.set_option("memory_limit", _MEMORY)
    for batch in store.engine.batches(
        "select list_id, kind, digest, host_digest from entries", doing=str(store.named)
    ):
        chosen = batch.filter(pc.is_in(batch["kind"], value_set=wanted))
        if len(prefixes(chosen["digest"])) != len(chosen):
            raise ListError(f"{store.named}: holds a digest that is none; make the store anew")
        yield chosen


@dataclass(frozen=True)
class Met:
    """The shortened entries that a data set holds too, and marks of links that hashes met."""

    shorts: pa.Array
    marks: frozenset[int] = frozenset()

    def __or__(self, other: "Met") -> "Met":
        """What one or the other met."""
        shorts = pc.unique(pa.concat_arrays([self.shorts, other.shorts]))
        return Met(shorts, self.marks | other.marks)


def met(entries: MatchedEntries, found: Iterable[Shorts]) -> Met:
    """The shortened entries that the data set holds too; `found` comes piece by piece.

    Pieces are gathered to some millions first: each comparison reads all entries.
    """
    both = Met(pa.array([], pa.int64()))
    held: list[Shorts] = []
    for some in found:
        held.append(some)
        if sum(map(len, held)) >= _DIGESTS_AT_ONCE:
            both |= _met(entries, joined(held))
            held = []
    return both | _met(entries, joined(held))


def _met(entries: MatchedEntries, some: Shorts) -> Met:
    shorts = common(entries.shorts, pa.concat_arrays([some.plain, some.spelled]))
    marks = some.marks.filter(pc.is_in(some.spelled, value_set=shorts))
    return Met(shorts, frozenset(pc.unique(marks).to_pylist()))


def exact(entries: MatchedEntries, met: Met, *, inner: bool) -> StatedLists:
    """The entries in full whose first 64 bits were met, and where they stand.

    `links` and `beside` are empty: they are found by looking at the rows.
    """
    digests: dict[str, dict[str, Lists]] = {}
    hosts: set[str] = set()
    below: set[str] = set()
    if not len(met.shorts):
        return StatedLists(inner=inner)
    forms = dict(
        entries.store.engine.rows("select list_id, forms from lists where forms is not null")
    )
    for batch in _checkable(entries.store):
        met_here = pc.is_in(prefixes(batch["digest"]), value_set=met.shorts)
        for line in batch.filter(met_here).to_pylist():
            lists = digests.setdefault(line["kind"], {})
            before = lists.get(line["digest"], ())
            lists[line["digest"]] = (*before, int(line["list_id"]))
            if line["host_digest"]:
                (below if line["kind"] == "host" else hosts).add(line["host_digest"])
    return StatedLists(
        exact=digests,
        forms={list_id: frozenset(names) for list_id, names in forms.items()},
        near=Near(frozenset(hosts), frozenset(below)),
        marks=met.marks,
        inner=inner,
    )
