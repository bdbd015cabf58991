"""How many rows have a value in a column that plays a role: as footers state, else by reading."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from relaion.parquet.columns import column_batches, open_column
from relaion.parquet.layout import Shard
from relaion.parquet.looked_at import RoleCoverage
from relaion.parquet.own_hashes import own_hashes
from relaion.parquet.roles import Column

# whatever else a column of row hashes holds, some of its values may be no such hash
_WHOLE = ("int64", "uint64")


def _is_spelled(column: Column) -> bool:
    return column.role == "row_hash" and column.type not in _WHOLE


def _is_missing(column: Column, values: pa.Array) -> pa.Array:
    return (own_hashes(values) if _is_spelled(column) else values).is_null()


def count_missing(path: Path, *columns: Column) -> tuple[int, int]:
    """Rows of a shard that have a NULL in every one of these columns, and NaN in the first.

    By reading them: a row hash that is none counts as NULL, as a run takes it. Raises DamagedError
    when a column cannot be read.
    """
    nulls = nans = 0
    with open_column(path, columns[0], named=True) as file:
        for first, *others in column_batches(file, columns):
            missing = _is_missing(columns[0], first)
            for column, array in zip(columns[1:], others, strict=True):
                missing = pc.and_(missing, _is_missing(column, array))
            nulls += missing.true_count
            if pa.types.is_floating(first.type):
                nans += pc.sum(pc.is_nan(first)).as_py() or 0
    return nulls, nans


# Up to so many rows and row groups, scores are read to find NaN, which no footer counts (1 s).
NAN_ROWS = 20_000_000
NAN_ROW_GROUPS = 10_000


def count_rows(shards: Sequence[Shard], role: str) -> RoleCoverage:
    """Count the rows of shards that have a value for a role; a shard without it has none.

    Raises InputError for a column that has to be read and cannot be.
    """
    rows = sum(shard.rows for shard in shards)
    scores = role == "punsafe"
    few = rows <= NAN_ROWS and sum(shard.row_groups for shard in shards) <= NAN_ROW_GROUPS
    columns: dict[str, None] = {}
    how: set[str] = set()
    present = nans = 0
    for shard in shards:
        playing = shard.layout.playing(role)
        if not playing:
            continue
        columns |= dict.fromkeys(c.name for c in playing)
        is_told = len(playing) == 1 and not _is_spelled(playing[0])
        nulls = shard.nulls.get(playing[0].position) if is_told else None
        if nulls is None or (scores and few):
            missing = count_missing(shard.path, *playing)
            how.add("reading")
        else:
            missing = (nulls, 0)
            how.add("footers")
        present += shard.rows - sum(missing)
        nans += missing[1]
    unseen = scores and "footers" in how
    return RoleCoverage(
        role, tuple(columns), rows, present, None if unseen else nans, " and ".join(sorted(how))
    )
