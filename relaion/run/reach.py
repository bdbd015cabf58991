"""How many rows the sidecars reach: looked up for a sample of rows, told as an estimate.

To count them all would mean a link key for every row of files that may hold billions.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.engine import connect
from relaion.paths import shown
from relaion.run.coverage import Coverage
from relaion.run.inputs import Inputs
from relaion.run.limits import Limits
from relaion.run.sidecars import view_sidecars
from relaion.shards.columns import column_batches, open_parquet
from relaion.shards.exact import as_bytes, as_text, marked
from relaion.shards.layout import Shard
from relaion.shards.rowhash import own_hashes, row_hashes
from relaion.shards.sidecar import Sidecar
from relaion.sqlset import load

ROWS = 1_000  # of a subset; the estimate is then good to three in a hundred
SHARDS = 8  # of a subset that are looked into
GROUPS = 5  # row groups of a shard
HEAD = 4_096  # rows at the head of a row group that are read
_SAMPLED = pa.schema(
    [
        ("subset", pa.string()),
        ("sample_no", pa.int64()),
        ("url", pa.string()),
        ("row_hash", pa.int64()),
    ]
)


def reach(
    inputs: Inputs, sidecars: Sequence[Sidecar], limits: Limits, work: Path, version: str
) -> tuple[Coverage, ...]:
    """Estimated coverage of each subset by way of sidecars, for the image hashes that they hold.

    A subset that has such hashes itself and meets none in the sidecars has no line.
    """
    if not sidecars:
        return ()
    held = {role for s in sidecars for role in s.layout.roles}
    with connect(threads=limits.workers, memory=limits.memory, temp=work) as engine:
        engine.execute(
            "create temp table sampled "
            "(subset varchar, sample_no bigint, url varchar, row_hash bigint)"
        )
        engine.insert("sampled", _sample(inputs))
        view_sidecars(engine, sidecars, work, version)
        engine.run(load(version)["37_sidecar_reach"])
        found = engine.rows("from sidecar_reach")
    rows = inputs.rows_by_subset
    own = {(shown(n.shard.subset), role) for n in inputs.shards for role in n.shard.layout.roles}
    return tuple(
        Coverage(subset, role, rows[subset], rows[subset] * n // of, "sidecar", True, of)
        for subset, role, of, n in found
        if role in held and (n or (subset, role) not in own)
    )


def _sample(inputs: Inputs) -> pa.Table:
    pieces = [_SAMPLED.empty_table()]
    number = 0
    for subset, members in groupby(inputs.shards, key=lambda n: n.shard.subset):
        filled = [n.shard for n in members if n.shard.rows and "url" in n.shard.layout.roles]
        picked = _spread(filled, SHARDS)
        for shard in picked:
            for links, hashes in _rows(shard, -(-ROWS // len(picked))):
                numbers = pa.array(range(number, number + len(links)), pa.int64())
                named = pa.repeat(shown(subset), len(links))
                pieces.append(pa.table([named, numbers, links, hashes], schema=_SAMPLED))
                number += len(links)
    return pa.concat_tables(pieces)


def _spread(items: Sequence[Any], n: int) -> list[Any]:
    """At most n of the items, evenly spread."""
    return [items[i * len(items) // n] for i in range(n)] if len(items) > n else list(items)


def _rows(shard: Shard, n: int) -> Iterator[tuple[pa.Array, pa.Array]]:
    """Links and row hashes of about n rows, from row groups spread over a shard."""
    roles = shard.layout.roles
    names = [name for name in ("url", "text", "row_hash") if name in roles]
    groups = _spread(range(shard.row_groups), GROUPS)
    each = -(-n // len(groups))
    with open_parquet(shard.path) as file:
        for group in groups:
            wanted = [roles[name] for name in names]
            arrays = next(column_batches(file, wanted, [group], rows=HEAD), None)
            if arrays is None:
                continue
            places = pa.array(_spread(range(len(arrays[0])), each))
            columns = {k: v.take(places) for k, v in zip(names, arrays, strict=True)}
            captions = columns.get("text", pa.nulls(len(places), pa.string()))
            computed = row_hashes(columns["url"], captions)
            own = columns.get("row_hash", pa.nulls(len(places), pa.int64()))
            links = pc.cast(as_text(as_bytes(columns["url"]), marked), pa.string())
            yield links, pc.coalesce(own_hashes(own), computed)
