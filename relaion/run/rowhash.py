"""Row hashes of shards that lack them, computed only for those that something asks for."""

from collections.abc import Iterator, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from relaion.engine import Engine
from relaion.run.numbering import Numbered
from relaion.run.spread import spread
from relaion.shards.rowhash import computed

SMALL = 500_000  # rows below which starting processes costs more than they save
_TABLE = pa.schema(
    [("shard_no", pa.int32()), ("file_row_number", pa.int64()), ("row_hash", pa.int64())]
)


def fill_row_hashes(
    engine: Engine, shards: Sequence[Numbered], wanted: pa.Array, workers: int
) -> None:
    """`row_hashes`: the rows whose computed hash is one of `wanted`, which SQL compares again.

    Links and captions are read only where a row has no hash of its own.
    """
    engine.execute("delete from row_hashes")
    for found in _found(shards if len(wanted) else [], wanted, workers):
        if found.num_rows:
            engine.insert("row_hashes", found)


def _found(shards: Sequence[Numbered], wanted: pa.Array, workers: int) -> Iterator[pa.Table]:
    look = partial(_matching, wanted)
    hands = min(workers, len(shards)) if sum(n.shard.rows for n in shards) >= SMALL else 1
    yield from spread(look, shards, hands)


def _matching(wanted: pa.Array, numbered: Numbered) -> pa.Table:
    pieces = []
    for rows, hashes in computed(numbered.shard):
        mask = pc.is_in(hashes, value_set=wanted)
        chosen = rows.filter(mask)
        number = pa.repeat(pa.scalar(numbered.no, pa.int32()), len(chosen))
        pieces.append(pa.table([number, chosen, hashes.filter(mask)], schema=_TABLE))
    return pa.concat_tables([_TABLE.empty_table(), *pieces])
