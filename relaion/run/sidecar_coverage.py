"""How many rows of a sample the sidecars reach."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from relaion.engine import connect
from relaion.parquet.columns import column_batches, open_parquet
from relaion.parquet.layout import Shard
from relaion.parquet.mended import as_bytes, as_text, marked
from relaion.run.coverage import spread
from relaion.run.settings import Limits
from relaion.run.sidecar_keys import view_sidecars
from relaion.run.utf8_copy import Copies
from relaion.sidecars import Sidecar
from relaion.sidecars.row_hash import own_hashes, row_hashes
from relaion.sqlset import load

ROWS = 1_000  # of a subset; the estimate is then good to three in a hundred
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


def reached(
    picked: Sequence[tuple[str, Sequence[Shard]]],
    sidecars: Sequence[Sidecar],
    limits: Limits,
    work: Path,
    copies: Mapping[int, str],
    version: str,
) -> list[tuple[str, str, int, int]]:
    """Subset, role, rows looked up and rows reached, of some shards of each subset."""
    with connect(threads=limits.workers, memory=limits.find_memory, temp=work) as engine:
        engine.execute(
            "create temp table sampled "
            "(subset varchar, sample_no bigint, url varchar, row_hash bigint)"
        )
        engine.insert("sampled", _sample(picked))
        view_sidecars(engine, sidecars, Copies(work, copies), version)
        engine.run(load(version)["37_sidecar_reach"])
        return engine.rows("from sidecar_reach")


def _sample(picked: Sequence[tuple[str, Sequence[Shard]]]) -> pa.Table:
    pieces = [_SAMPLED.empty_table()]
    number = 0
    for subset, shards in picked:
        for shard in shards:
            for links, hashes in _rows(shard, -(-ROWS // len(shards))):
                numbers = pa.array(range(number, number + len(links)), pa.int64())
                named = pa.repeat(subset, len(links))
                pieces.append(pa.table([named, numbers, links, hashes], schema=_SAMPLED))
                number += len(links)
    return pa.concat_tables(pieces)


def _rows(shard: Shard, n: int) -> Iterator[tuple[pa.Array, pa.Array]]:
    """Links and row hashes of about n rows, from row groups spread over a shard."""
    roles = shard.layout.roles
    names = [name for name in ("url", "text", "row_hash") if name in roles]
    groups = spread(range(shard.row_groups), GROUPS)
    each = -(-n // len(groups))
    with open_parquet(shard.path) as file:
        for group in groups:
            wanted = [roles[name] for name in names]
            arrays = next(column_batches(file, wanted, [group], rows=HEAD), None)
            if arrays is None:
                continue
            places = pa.array(spread(range(len(arrays[0])), each))
            columns = {k: v.take(places) for k, v in zip(names, arrays, strict=True)}
            captions = columns.get("text", pa.nulls(len(places), pa.string()))
            computed = row_hashes(columns["url"], captions)
            own = columns.get("row_hash", pa.nulls(len(places), pa.int64()))
            links = pc.cast(as_text(as_bytes(columns["url"]), marked), pa.string())
            yield links, pc.coalesce(own_hashes(own), computed)
