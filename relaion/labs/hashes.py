"""Is a hash column LAION's row hash? Compared before it is trusted."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import InputError
from relaion.labs.copy_files import refuse_hashes
from relaion.parquet.columns import column_batches, open_parquet
from relaion.parquet.layout import Shard
from relaion.sidecars.row_hash import own_hashes, row_hashes

ROWS = 10_000  # that are compared of a data set
FIRST = 200  # of one file among others
SHARDS = 50  # that they are taken from


def other_hashes(shards: Sequence[Shard], more: str = "") -> dict[int, str]:
    """Which of some shards have hashes that are not LAION's, and the line on each."""
    found: dict[int, str] = {}
    for i, shard in enumerate(shards):
        try:
            check_hashes([shard], more, FIRST)
        except InputError:
            try:  # a few may differ by chance of which they are
                check_hashes([shard], more)
            except InputError as e:
                found[i] = str(e)
    return found


def check_hashes(shards: Sequence[Shard], more: str = "", rows: int = ROWS) -> tuple[int, int]:
    """Rows that were compared, and those that differ; nothing where there is nothing to compare.

    Raises InputError where more than one in a hundred differ: the column is no LAION row hash, or
    links or captions were changed after it was made. `more` is a further way out of it. A shard
    that cannot be read is passed over: whoever reads all of it says so.
    """
    roles = ("url", "text", "row_hash")
    able = [s for s in shards if set(roles) <= set(s.layout.roles) and s.rows]
    step = -(-len(able) // SHARDS) if able else 1
    chosen = able[::step]
    compared = differ = 0
    for shard in chosen:
        wanted = -(-rows // len(chosen))
        try:
            with open_parquet(shard.path) as file:
                group = file.metadata.num_row_groups // 2
                columns = [shard.layout.roles[role] for role in roles]
                for links, captions, hashes in column_batches(file, columns, [group], rows=wanted):
                    own = own_hashes(hashes)
                    same = pc.equal(own, row_hashes(links, captions))
                    compared += len(own) - own.null_count
                    differ += pc.sum(pc.invert(same)).as_py() or 0
                    break
        except (OSError, pa.ArrowException):
            continue
    refuse_hashes(chosen[0].path if chosen else Path(), compared, differ, more)
    return compared, differ
