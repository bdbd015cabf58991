"""The entries of a list store, met by a data set: which of millions does any row carry?

The store is read twice, in plain selects. First every digest is shortened to 64 bits (8
bytes an entry: 130 MB for 16.2 million) and compared with the shards' digests, shortened
alike; then the few that are common are read again in full. DuckDB joins nothing here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import ListError
from relaion.lists.database import reading
from relaion.proof.digests import common, prefixes
from relaion.proof.model import KINDS, Known

_MEMORY = "1GB"
_ROWS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Entries:
    """A store's entries in 64 bits each; `hosts` are the host digests of its plain links."""

    store: Path
    shorts: pa.Array
    hosts: frozenset[str]
    kinds: frozenset[str]


def read_entries(store: Path) -> Entries:
    """Read all entries of the kinds that can be checked, shortened."""
    shorts: list[pa.Array] = []
    hosts: set[str] = set()
    kinds: set[str] = set()
    for batch in _checkable(store):
        shorts.append(prefixes(batch["digest"]))
        hosts.update(pc.unique(batch["host_digest"]).drop_null().to_pylist())
        kinds.update(pc.unique(batch["kind"]).to_pylist())
    joined = pa.concat_arrays(shorts) if shorts else pa.array([], pa.int64())
    return Entries(store, joined, frozenset(hosts), frozenset(kinds))


def _checkable(store: Path) -> Iterator[pa.RecordBatch]:
    wanted = pa.array(sorted(KINDS))
    with reading(store) as engine:
        engine.set_option("memory_limit", _MEMORY)
        for batch in engine.batches(
            "select list_id, kind, digest, host_digest from entries", doing=str(store)
        ):
            chosen = batch.filter(pc.is_in(batch["kind"], value_set=wanted))
            if len(prefixes(chosen["digest"])) != len(chosen):
                raise ListError(f"{store}: holds a digest that is none; make the store anew")
            yield chosen


def met(entries: Entries, shorts: Iterable[pa.Array]) -> pa.Array:
    """The shortened entries that the data set holds too; `shorts` come shard by shard.

    They are gathered to some millions first: each comparison reads all entries.
    """
    found = pa.array([], pa.int64())
    held: list[pa.Array] = []
    for some in shorts:
        held.append(some)
        if sum(map(len, held)) >= _ROWS_AT_ONCE:
            found = _add(found, entries, held)
            held = []
    return _add(found, entries, held) if held else found


def _add(found: pa.Array, entries: Entries, held: list[pa.Array]) -> pa.Array:
    return pc.unique(pa.concat_arrays([found, common(entries.shorts, pa.concat_arrays(held))]))


def exact(entries: Entries, shorts: pa.Array) -> Known:
    """The entries in full whose first 64 bits are among these, and their hosts.

    `links` is empty: which rows carry a listed link is found by looking at the rows.
    """
    digests: dict[str, dict[str, tuple[int, ...]]] = {}
    hosts: set[str] = set()
    if len(shorts):
        for batch in _checkable(entries.store):
            for line in batch.filter(
                pc.is_in(prefixes(batch["digest"]), value_set=shorts)
            ).to_pylist():
                lists = digests.setdefault(line["kind"], {})
                before = lists.get(line["digest"], ())
                lists[line["digest"]] = (*before, int(line["list_id"]))
                if line["host_digest"]:
                    hosts.add(line["host_digest"])
    return Known(digests, {}, frozenset(hosts))
