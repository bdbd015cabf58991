"""The rows of a parquet file as it stores them: whole numbers, floats and bytes, nested or not.

What a value means (text, a date, a decimal, and whatever Arrow noted of a view, a dictionary
or an extension) is taken off before pyarrow reads it. So a file that one program wrote with
types of its own is held against another bit for bit, and none of Arrow's types lacks a
comparison. What was taken off is compared by itself, in `schema`.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.parquet.columns import note
from relaion.parquet.footer import (
    BYTE_ARRAY,
    FIXED,
    INT96,
    ROWS,
    SCHEMA,
    VERSION,
    Footer,
    read_footer,
)
from relaion.parquet.row_groups import told
from relaion.parquet.storage import chunk_bytes
from relaion.parquet.thrift import BINARY, I32, LIST, STRUCT, Struct
from relaion.paths import shown

_ROWS = 65_536
_BYTES = 64 << 20  # of a batch, as far as the footer tells
_BUFFER = 1 << 18  # or a column of a row group lies in memory as a whole, in three files at once
_LOGICAL, _FLOAT16 = 10, 15


def batches(
    path: Path, names: list[str] | None = None, groups: Sequence[int] | None = None
) -> Iterator[pa.RecordBatch]:
    """All rows of a shard in order, or of these row groups; all columns or those named.

    Top-level columns keep their names. Raises InputError in one line that quotes nothing.
    """
    footer = read_footer(path)
    rows = _batch_rows(footer, names)
    note(path)
    try:
        with pa.OSFile(os.fsencode(path)) as source, _open(footer, source) as file:
            reader = file.iter_batches(rows, row_groups=groups, columns=names)
            yield from _whole(reader, path)
    except (pa.ArrowException, OSError, ValueError):
        raise InputError(f"{shown(path)}: its rows cannot be read") from None


def _whole(reader: Iterator[pa.RecordBatch], path: Path) -> Iterator[pa.RecordBatch]:
    while True:
        try:
            batch = next(reader, None)
        except MemoryError:
            raise InputError(f"{shown(path)}: its rows do not fit in memory") from None
        if batch is None:
            return
        yield batch


def _open(footer: Footer, source: pa.NativeFile) -> pq.ParquetFile:
    fields: Struct = {
        VERSION: footer.fields.get(VERSION, (I32, 2)),
        SCHEMA: (LIST, (STRUCT, list(_stored(footer.elements)))),
        ROWS: footer.fields[ROWS],
    }
    return pq.ParquetFile(
        source,
        metadata=told(footer, fields),
        # offsets of 64 bits: images inside a struct may be more than 2 GiB together
        binary_type=pa.large_binary(),
        buffer_size=_BUFFER,
        pre_buffer=False,
    )


def _stored(elements: Sequence[Struct]) -> Iterator[Struct]:
    """The schema without what values mean, but for FLOAT16: a score has to be a number.

    Members of a column get names of their own, for two of one struct may share one.
    """
    yield {4: (BINARY, b"schema"), 5: elements[0][5]}
    at, inside = 1, 0
    while at < len(elements):
        element = elements[at]
        plain: Struct = {k: element[k] for k in (1, 2, 3, 4, 5) if k in element}
        if inside:
            plain[4] = (BINARY, b"%d" % at)
            inside -= 1
        if 1 in element:
            if element[1][1] == INT96:  # Arrow has no such type
                plain[1], plain[2] = (I32, FIXED), (I32, 12)
            elif element[1][1] != FIXED:
                plain.pop(2, None)
            if _FLOAT16 in (element[_LOGICAL][1] if _LOGICAL in element else {}):
                plain[_LOGICAL] = element[_LOGICAL]
        elif 5 in element:
            inside += element[5][1]
        yield plain
        at += 1


def _batch_rows(footer: Footer, names: list[str] | None) -> int:
    """So many rows that the columns read are some 64 MB together, wherever they are widest."""
    wanted = {name.encode() for name in names} if names is not None else None
    most = 1
    try:
        with footer.path.open("rb") as f:
            for index, group in enumerate(footer.groups):
                total = 0
                for leaf, chunk in zip(footer.leaves, footer.chunks(index), strict=True):
                    if wanted is None or leaf.path[0] in wanted:
                        fixed = 0 if leaf.type == BYTE_ARRAY else 8 * group.rows
                        total += max(fixed, chunk_bytes(f.fileno(), chunk[3][1]))
                most = max(most, total // max(1, group.rows))
    except (KeyError, TypeError, OSError):
        return 1024
    return max(1, min(_ROWS, _BYTES // most))


def decoded(column: pa.Array) -> pa.Array:
    """A column's values as they are stored, but for dictionaries and what extends their type."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def as_bytes(column: pa.Array) -> pa.Array:
    """A text column as its exact bytes, whether or not they are UTF-8."""
    return pc.cast(decoded(column), pa.binary())
