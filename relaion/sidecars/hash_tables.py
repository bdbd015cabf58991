"""Row hashes of a shard as rows of a table: what a process of its own works out.

Apart from whoever asks, so that such a process loads neither DuckDB nor what reads links.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from relaion.parquet.layout import Shard
from relaion.parquet.roles import Column
from relaion.sidecars.row_hash import computed, further

HASHES = pa.schema(
    [("shard_no", pa.int32()), ("file_row_number", pa.int64()), ("row_hash", pa.int64())]
)
"""Rows with the hash that is computed of their link and caption."""
OTHERS = pa.schema(
    [
        ("shard_no", pa.int32()),
        ("file_row_number", pa.int64()),
        ("others", pa.list_(pa.int64())),
    ]
)
"""Rows with the further hashes that they may be known by (`row_hash.further_hashes`)."""


def matching(wanted: pa.Array | None, takes_fillers: bool, asked: tuple[int, Shard]) -> pa.Table:
    """`HASHES` of a shard, which has a number: those of `wanted`, or all where that is None."""
    number, shard = asked
    pieces = []
    for piece in computed(shard, takes_fillers=takes_fillers):
        rows, hashes = piece
        if wanted is not None:
            mask = pc.is_in(hashes, value_set=wanted)
            rows, hashes = (column.filter(mask) for column in piece)
        numbers = pa.repeat(pa.scalar(number, pa.int32()), len(rows))
        pieces.append(pa.table([numbers, rows, hashes], schema=HASHES))
    return pa.concat_tables([HASHES.empty_table(), *pieces])


def others(asked: tuple[int, Shard, Sequence[Column]]) -> pa.Table:
    """`OTHERS` of a shard, which has a number, by some columns of captions."""
    number, shard, captions = asked
    pieces = [OTHERS.empty_table()]
    for rows, lists in further(shard, captions):
        numbers = pa.repeat(pa.scalar(number, pa.int32()), len(rows))
        pieces.append(pa.table([numbers, rows, lists], schema=OTHERS))
    return pa.concat_tables(pieces)
