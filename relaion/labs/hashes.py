"""Is a hash column LAION's row hash? Compared before it is trusted."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import InputError
from relaion.labs.copy_files import MOST, refuse_hashes, shared_line
from relaion.parquet.columns import column_batches, open_parquet
from relaion.parquet.layout import Shard
from relaion.parquet.mended import as_bytes
from relaion.parquet.own_hashes import own_hashes
from relaion.sidecars.row_hash import row_hashes, without_fillers

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


def shared_hashes(shards: Sequence[Shard]) -> dict[int, tuple[int, int]]:
    """Of which shards rows with different links have one row hash: how many of those compared.

    A hash of link and caption is of one link, so such a column is filled with something else, be it
    one number. Of shards without links told is a number that most rows have.
    """
    found = {}
    for i, shard in enumerate(shards):
        shared, compared = _shared(shard, FIRST)
        if _is_too_much(shared, compared):
            found[i] = _shared(shard, ROWS)
    found = {i: told for i, told in found.items() if _is_too_much(*told)}
    for i, shard in enumerate(shards):  # without captions no hash can be computed to compare
        roles = set(shard.layout.roles)
        if i not in found and {"row_hash", "url"} <= roles and "text" not in roles:
            shared, compared = _shared_in_all(shard)
            if shared > _FEW:
                found[i] = shared, compared
    return found


_FEW = 20  # rows; fewer may share a hash by mistake, if they are not most of a shard


def _is_too_much(shared: int, compared: int) -> bool:
    return 2 * shared > compared or (shared > _FEW and shared > MOST * compared)


def _shared(shard: Shard, rows: int) -> tuple[int, int]:
    """Rows that share a row hash with one of another link, and those with a hash looked at."""
    roles = shard.layout.roles
    columns = [roles[role] for role in ("row_hash", "url") if role in roles]
    try:
        with open_parquet(shard.path) as file:
            group = file.metadata.num_row_groups // 2
            for own, *links in column_batches(file, columns, [group], rows=rows):
                hashes = without_fillers(own_hashes(own))
                if not links:
                    counts = hashes.drop_null().value_counts().field("counts")
                    most = pc.max(counts).as_py() or 0
                    return (most if most > _FEW else 0), len(hashes) - hashes.null_count
                table = pa.table({"hash": hashes, "link": as_bytes(links[0])}).drop_null()
                many = table.group_by("hash").aggregate([("link", "count_distinct")])
                several = many.filter(pc.greater(many["link_count_distinct"], 1))["hash"]
                shared = pc.sum(pc.is_in(table["hash"], value_set=several)).as_py() or 0
                return shared, table.num_rows
    except (OSError, pa.ArrowException):
        pass  # whoever reads all of it says so
    return 0, 0


def _shared_in_all(shard: Shard) -> tuple[int, int]:
    """`_shared` of all rows: links are read only where a number comes twice."""
    roles = shard.layout.roles
    try:
        with open_parquet(shard.path) as file:
            read = [own for (own,) in column_batches(file, [roles["row_hash"]])]
            hashes = pa.chunked_array(
                [without_fillers(own_hashes(own)) for own in read], pa.int64()
            ).drop_null()
            counts = hashes.value_counts()
            twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
            if not len(twice):
                return 0, len(hashes)
            pieces = []
            for own, links in column_batches(file, [roles["row_hash"], roles["url"]]):
                some = pa.table({"hash": without_fillers(own_hashes(own)), "link": as_bytes(links)})
                pieces.append(some.filter(pc.is_in(some["hash"], value_set=twice)).drop_null())
            table = pa.concat_tables(pieces)
            many = table.group_by("hash").aggregate([("link", "count_distinct")])
            several = many.filter(pc.greater(many["link_count_distinct"], 1))["hash"]
            shared = pc.sum(pc.is_in(table["hash"], value_set=several)).as_py() or 0
            return shared, len(hashes)
    except (OSError, pa.ArrowException):
        return 0, 0  # whoever reads all of it says so


def refuse_shared(shards: Sequence[Shard], more: str = "") -> None:
    """Raise InputError for the first of some shards, taken from all over, that shares hashes."""
    able = [s for s in shards if "row_hash" in s.layout.roles and s.rows]
    chosen = able[:: -(-len(able) // SHARDS) or 1]
    for i, (shared, compared) in shared_hashes(chosen).items():
        raise InputError(shared_line(chosen[i].path, shared, compared, more))


def check_hashes(shards: Sequence[Shard], more: str = "", rows: int = ROWS) -> tuple[int, int]:
    """Rows that were looked at, and those that differ; nothing where there is nothing to compare.

    Raises InputError where more than one in a hundred differ: the column is no LAION row hash, or
    links or captions were changed after it was made. `more` is a further way out of it. A shard
    that cannot be read is passed over: whoever reads all of it says so.
    """
    roles = ("url", "text", "row_hash")
    able = [s for s in shards if set(roles) <= set(s.layout.roles) and s.rows]
    step = -(-len(able) // SHARDS) if able else 1
    chosen = able[::step]
    looked = compared = differ = 0
    for shard in chosen:
        wanted = -(-rows // len(chosen))
        try:
            with open_parquet(shard.path) as file:
                n = file.metadata.num_row_groups
                groups = [*range(n // 2, n), *range(n // 2)]  # from the middle on
                columns = [shard.layout.roles[role] for role in roles]
                left = wanted
                for links, captions, hashes in column_batches(file, columns, groups, rows=wanted):
                    own = without_fillers(own_hashes(hashes))
                    same = pc.equal(own, row_hashes(links, captions))
                    compared += len(own) - own.null_count
                    differ += pc.sum(pc.invert(same)).as_py() or 0
                    looked, left = looked + len(own), left - len(own)
                    if left <= 0:
                        break
        except (OSError, pa.ArrowException):
            continue
    refuse_hashes(chosen[0].path if chosen else Path(), compared, differ, more)
    return looked, differ
