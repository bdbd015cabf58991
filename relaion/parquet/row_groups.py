"""A source in pieces: row groups to copy or decode, and which of their rows leave."""

import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.parquet.footer import (
    FIXED,
    INT32,
    INT64,
    INT96,
    MAGIC,
    ROWS,
    SCHEMA,
    VERSION,
    Footer,
    damaged,
    read_footer,
    refused,
)
from relaion.parquet.storage import read_storage
from relaion.parquet.thrift import BINARY, I32, LIST, STRUCT, Struct, write_struct
from relaion.paths import shown
from relaion.remote.standing import whole

# -- Which rows of a shard leave, as masks over pieces of it -----------------------------------

RowNumbers: TypeAlias = pa.Array | pa.ChunkedArray | Sequence[int]


class Removed:
    """The rows that an edition drops, by file_row_number: 0 for the first row of the file."""

    def __init__(self, numbers: RowNumbers, rows: int, source: Path) -> None:
        """Take numbers in any order; one that comes twice counts once.

        Raises InputError, which quotes none of them, for a number that `source` has no row of.
        """
        self._numbers = _sorted(numbers)
        if self._numbers and not 0 <= self._numbers[0] <= self._numbers[-1] < rows:
            raise InputError(
                f"{shown(source)}: has {rows} rows, but rows beyond them are to be removed; "
                "the removals belong to another file"
            )

    def __len__(self) -> int:
        return len(self._numbers)

    def are(self, others: "Removed") -> bool:
        """Whether these are the same rows."""
        return len(self) == len(others) and self._numbers.tobytes() == others._numbers.tobytes()

    def between(self, start: int, end: int) -> int:
        """How many rows leave from row `start` to before row `end`."""
        return bisect_left(self._numbers, end) - bisect_left(self._numbers, start)

    def mask(self, start: int, rows: int) -> pa.BooleanArray | None:
        """True for the rows that stay, of `rows` rows from `start`; None if all stay."""
        first = bisect_left(self._numbers, start)
        last = bisect_left(self._numbers, start + rows)
        if first == last:
            return None
        bits = bytearray(b"\xff" * ((rows + 7) // 8))
        for number in self._numbers[first:last]:
            place = number - start
            bits[place >> 3] &= ~(1 << (place & 7))
        return pa.Array.from_buffers(pa.bool_(), rows, [None, pa.py_buffer(bits)])


def _sorted(numbers: RowNumbers) -> memoryview:
    """The numbers in order, each once, without a Python object for each."""
    if isinstance(numbers, pa.ChunkedArray):
        numbers = numbers.combine_chunks()
    found = pc.unique(pa.array(numbers, pa.int64()).drop_null())
    found = found.take(pc.array_sort_indices(found))
    if not len(found):
        return memoryview(b"").cast("q")
    values = memoryview(found.buffers()[1]).cast("q")
    return values[found.offset : found.offset + len(found)]


# -- A shard as bytes, apart from their meaning: how its values are read and written unchanged --
# The values of a column go through pyarrow as what they are in the file (whole numbers,
# floats, bytes), never as what they mean (a date, a decimal, text). So nothing can be
# reinterpreted on the way: text that is not UTF-8, a timestamp of the year 1, a decimal kept
# as INT64 or a type that pyarrow does not know come out bit for bit. The meaning stands in
# the footer's schema, which is the source's own.
#
# INT96 has no such type in Arrow; its twelve bytes are stored as FIXED_LEN_BYTE_ARRAY(12)
# stores them, and are read and written as that.

_BUFFER = 1 << 20  # per column and file: a row group of any size is read piece by piece
_UINT_32, _UINT_64 = 13, 14  # converted types


@contextmanager
def open_physical(
    footer: Footer, *, is_here: bool = False
) -> Iterator[tuple[pq.ParquetFile, tuple[str, ...]]]:
    """Open a shard for reading its bare values, in one thread; with the path of each leaf there.

    Of one that lies elsewhere all comes first, but where all is here that will be read.

    Raises InputError when pyarrow cannot read it, or would not write back what it read.
    """
    if not is_here:
        whole(footer.path)
    try:
        metadata = _told_bare(footer)
        source = pa.OSFile(os.fsencode(footer.path))
        file = pq.ParquetFile(
            source,
            metadata=metadata,
            binary_type=pa.large_binary(),  # of any size together, inside lists and structs too
            pre_buffer=False,
            buffer_size=_BUFFER,
            page_checksum_verification=True,
        )
        paths = _paths(file.schema_arrow, metadata.schema)
    except (pa.ArrowException, OSError, ValueError) as e:
        raise refused(footer, e, "its footer cannot be read") from None
    if paths is None:
        raise _nested(footer)
    with source, file:
        yield file, paths


def why_unwritable(footer: Footer) -> str:
    """Why `open_physical` refuses what columns of a file are nested in; empty where it does not."""
    if not any(leaf.nested for leaf in footer.leaves):
        return ""
    try:
        metadata = _told_bare(footer)
        paths = _paths(metadata.schema.to_arrow_schema(), metadata.schema)
    except (pa.ArrowException, OSError, ValueError) as e:
        return str(refused(footer, e, "its footer cannot be read"))
    return str(_nested(footer)) if paths is None else ""


def _told_bare(footer: Footer) -> pq.FileMetaData:
    fields: Struct = {
        VERSION: footer.fields.get(VERSION, (I32, 2)),
        SCHEMA: (LIST, (STRUCT, list(_bare(footer.elements)))),
        ROWS: footer.fields[ROWS],
    }
    return told(footer, fields)


def _nested(footer: Footer) -> InputError:
    return InputError(
        f"{shown(footer.path)}: nests columns in a way that cannot be written back unchanged; "
        "leave the file out"
    )


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn pyarrow's errors, which may quote a value, into one line about the source."""
    try:
        yield
    except MemoryError:
        raise InputError(
            f"{shown(path)}: a page of it does not fit in memory; run it on a larger machine"
        ) from None
    except (pa.ArrowException, OSError, ValueError):
        raise damaged(path, "its pages cannot be decoded") from None


def told(footer: Footer, fields: Struct) -> pq.FileMetaData:
    """What pyarrow makes of a footer of these `fields` (version, schema, rows) and no others.

    Row groups and the writer's name are the source's own. pyarrow knows the faults of old
    writers by that name; key-value metadata, which may ask for other types, is not there.
    """
    start, end = footer.groups_at
    data = write_struct(fields)[:-1] + b"\x19" + footer.data[start:end]  # field 4, a list
    data += write_struct({2: (BINARY, footer.created_by)})  # field 6, two on from 4
    whole = MAGIC + data + len(data).to_bytes(4, "little") + MAGIC
    return pq.read_metadata(pa.BufferReader(whole))


def _bare(elements: Sequence[Struct]) -> Iterator[Struct]:
    """The schema without annotations, names made unique: levels and widths are all it says."""
    yield {4: (BINARY, b"schema"), 5: elements[0][5]}
    for number, element in enumerate(elements[1:]):
        bare: Struct = {k: element[k] for k in (1, 2, 3, 5) if k in element}
        bare[4] = (BINARY, b"c%d" % number)
        if 1 in element:
            if element[1][1] == INT96:
                bare[1], bare[2] = (I32, FIXED), (I32, 12)
            elif element[1][1] != FIXED:
                bare.pop(2, None)
            if is_unsigned(element):  # for the order of its statistics
                bare[6] = (I32, _UINT_32 if element[1][1] == INT32 else _UINT_64)
        yield bare


def is_unsigned(element: Struct) -> bool:
    """Whether a leaf holds whole numbers without a sign."""
    if element[1][1] not in (INT32, INT64):
        return False
    logical = element[10][1] if 10 in element else {}
    if 10 in logical:  # INTEGER: field 2 is a bool, whose type says which
        return bool(logical[10][1][2][0] == 2)
    return 6 in element and 11 <= element[6][1] <= _UINT_64


def _paths(schema: pa.Schema, read: pq.ParquetSchema) -> tuple[str, ...] | None:
    """What a writer calls the leaves; None if it stores them other than the source does."""
    sink = pa.BufferOutputStream()
    pq.ParquetWriter(sink, schema, store_schema=False).close()
    written = pq.read_metadata(pa.BufferReader(sink.getvalue())).schema
    if len(written) != len(read):
        return None
    if any(_shape(written.column(i)) != _shape(read.column(i)) for i in range(len(read))):
        return None
    return tuple(written.column(i).path for i in range(len(written)))


def _shape(column: pq.ColumnSchema) -> tuple[object, ...]:
    return (
        column.physical_type,
        column.length,
        column.max_definition_level,
        column.max_repetition_level,
    )


# -- A source in pieces: row groups to copy, row groups to decode, and batches of rows of these --

_ROWS, _BYTES = 65_536, 64 << 20


@dataclass(frozen=True)
class Span:
    """Consecutive row groups that the same targets copy as they are; `start` is a row number."""

    groups: range
    start: int
    rows: int
    copied: frozenset[int]


def spans(
    footer: Footer, removed: Sequence[Removed], can_copy: Callable[[int], bool]
) -> Iterator[Span]:
    """Cut a file into spans. A target copies a row group of which it drops no row.

    `removed` is in the order of the targets; a span names them by their place in it.
    """
    starts = [0]
    for group in footer.groups:
        starts.append(starts[-1] + group.rows)

    def copied(index: int) -> frozenset[int]:
        first, end = starts[index], starts[index + 1]
        whole = [i for i, rows in enumerate(removed) if not rows.between(first, end)]
        return frozenset(whole if whole and can_copy(index) else ())

    for found, indexes in groupby(range(len(footer.groups)), copied):
        groups = list(indexes)
        first, end = groups[0], groups[-1] + 1
        yield Span(range(first, end), starts[first], starts[end] - starts[first], found)


def batches(
    footer: Footer, file: pq.ParquetFile, span: Span, rows: int
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """A span's rows in order, at most `rows` at a time, each with the number of its first row.

    Raises InputError for pages that cannot be decoded or hold another number of rows.
    """
    start, end = span.start, span.start + span.rows
    pieces = file.iter_batches(rows, row_groups=list(span.groups), use_threads=False)
    while True:
        with reading(footer.path):
            batch = next(pieces, None)
        if batch is None:
            break
        yield batch, start
        start += batch.num_rows
    if start != end:
        raise damaged(footer.path, "its pages hold another number of rows than its footer says")


def read_through(path: Path) -> None:
    """Decode every column of a shard. Raises DamagedError where that cannot be done."""
    footer = read_footer(path)
    rows = max(1, min(_ROWS, _BYTES // read_storage(footer).row_bytes))
    with open_physical(footer) as (file, _):
        for _ in batches(
            footer, file, Span(range(len(footer.groups)), 0, footer.rows, frozenset()), rows
        ):
            pass


# -- Files written piece by piece ----------------------------------------------------------------


class PiecedFile:
    """Gathers pieces into row groups of so many rows; one of so many bytes is written early."""

    def __init__(
        self, part: Path, schema: pa.Schema, most_rows: int, most_bytes: int, **options: Any
    ) -> None:
        """Begin a file at `part`, a path that `atomic_write` gave."""
        self._schema = schema
        self._most_rows, self._most_bytes = most_rows, most_bytes
        self._sink = pa.OSFile(os.fsencode(part), "wb")
        self._writer = pq.ParquetWriter(self._sink, schema, store_schema=False, **options)
        self._held: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def take(self, batch: pa.RecordBatch) -> None:
        """Take some rows."""
        while self._rows + batch.num_rows >= self._most_rows:
            missing = self._most_rows - self._rows
            self._hold(batch.slice(0, missing))
            self.flush()
            batch = batch.slice(missing)
        if batch.num_rows:
            self._hold(batch)
        if self._bytes >= self._most_bytes:
            self.flush()

    def _hold(self, batch: pa.RecordBatch) -> None:
        self._held.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes

    def flush(self) -> None:
        """Write what is held as a row group."""
        if self._held:
            table = pa.Table.from_batches(self._held)
            self._held, self._rows, self._bytes = [], 0, 0
            self._writer.write_table(table, row_group_size=table.num_rows)
