"""How many rows have a value in a column that plays a role: as footers state, else by reading."""

from collections.abc import Sequence

from relaion.parquet.columns import count_missing, count_without
from relaion.parquet.layout import Shard
from relaion.parquet.matchability import RoleCoverage

# Up to so many rows and row groups, scores are read to find NaN, which no footer counts (1 s).
NAN_ROWS = 20_000_000
NAN_ROW_GROUPS = 10_000


def cover(shards: Sequence[Shard], role: str) -> RoleCoverage:
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
        if len(playing) > 1:
            present += shard.rows - count_without(shard.path, playing)
            how.add("reading")
            continue
        column = playing[0]
        nulls = shard.nulls.get(column.position)
        if nulls is None or (scores and few):
            missing = count_missing(shard.path, column)
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
