"""Values as bytes, apart from their meaning: read, written and passed on unchanged."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.parquet.metadata import (
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
)
from relaion.parquet.thrift import BINARY, I32, LIST, STRUCT, Struct, write_struct
from relaion.paths import shown

# -- Bytes that are no UTF-8 as text that DuckDB takes, and links back to their exact bytes ----
# A link whose bytes are no UTF-8 becomes U+10FFFF, which stands for no character and never
# will, followed by its bytes read as latin-1. So two such links are equal as texts exactly
# where their bytes are, and none equals a link that is UTF-8.

MARK = "\U0010ffff"
_MARK_BYTES = MARK.encode()
_BAD_RUN = re.compile("[\udc80-\udcff]+")


def marked(link: bytes) -> str:
    """A link's text: its UTF-8, or U+10FFFF and its bytes as latin-1.

    A link that begins with that very character is marked too, so that `unmarked` is exact.
    """
    try:
        text = link.decode("utf-8")
    except UnicodeDecodeError:
        return MARK + link.decode("latin-1")
    return MARK + link.decode("latin-1") if text.startswith(MARK) else text


def unmarked(link: str) -> str | bytes:
    """The exact bytes that `marked` was given, or the same text for what is not marked.

    A text that begins with U+10FFFF without being made by `marked` stays as it is.
    """
    if not link.startswith(MARK):
        return link
    try:
        return link[1:].encode("latin-1")
    except UnicodeEncodeError:
        return link


def readable(text: bytes) -> str:
    """A caption's text, with one U+FFFD for each run of bytes that are no UTF-8."""
    return _BAD_RUN.sub("\ufffd", text.decode("utf-8", "surrogateescape"))


def is_exact(texts: pa.Array) -> bool:
    """Whether DuckDB reads a text array (as `as_bytes` gives it) as it stands: UTF-8, no mark."""
    if pc.any(pc.starts_with(texts, _MARK_BYTES)).as_py():
        return False
    try:
        pc.cast(texts, pa.large_string())
    except pa.ArrowInvalid:  # its message quotes nothing, and is dropped all the same
        return False
    return True


def as_bytes(values: pa.Array) -> pa.Array:
    """A text or bytes array of any Arrow type as large_binary, nothing interpreted."""
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if isinstance(values, pa.DictionaryArray):
        # texts that are no UTF-8 must not be validated on the way
        values = pc.take(as_bytes(values.dictionary), values.indices)
    return pc.cast(values, pa.large_binary())


def as_text(values: pa.Array, mend: Callable[[bytes], str | None]) -> pa.Array:
    """Bytes as text: UTF-8 as it stands, else what `mend` makes of each value; NULL stays."""
    if is_exact(values):
        return pc.cast(values, pa.large_string())
    mended = [None if value is None else mend(value) for value in values.to_pylist()]
    return pa.array(mended, pa.large_string())


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


@dataclass(frozen=True)
class Physical:
    """What is read and written: Arrow's schema of bare values, and each leaf's path there."""

    schema: pa.Schema
    paths: tuple[str, ...]


@contextmanager
def open_physical(footer: Footer) -> Iterator[tuple[pq.ParquetFile, Physical]]:
    """Open a shard for reading its bare values, in one thread.

    Raises InputError when pyarrow cannot read it, or would not write back what it read.
    """
    try:
        metadata = _bare_metadata(footer)
        source = pa.OSFile(os.fsencode(footer.path))
        file = pq.ParquetFile(
            source,
            metadata=metadata,
            binary_type=pa.large_binary(),  # of any size together, inside lists and structs too
            pre_buffer=False,
            buffer_size=_BUFFER,
            page_checksum_verification=True,
        )
        physical = _physical(file, metadata)
    except (pa.ArrowException, OSError, ValueError):
        raise damaged(footer.path, "its footer cannot be read") from None
    if physical is None:
        raise InputError(
            f"{shown(footer.path)}: nests columns in a way that cannot be written back unchanged; "
            "leave the file out"
        )
    with source, file:
        yield file, physical


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


def _bare_metadata(footer: Footer) -> pq.FileMetaData:
    """The source's metadata with the meaning taken off; row groups as they stand."""
    fields: Struct = {
        VERSION: footer.fields.get(VERSION, (I32, 2)),
        SCHEMA: (LIST, (STRUCT, list(_bare(footer.elements)))),
        ROWS: footer.fields[ROWS],
    }
    return told(footer, fields)


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


def _physical(file: pq.ParquetFile, metadata: pq.FileMetaData) -> Physical | None:
    """What a writer makes of the schema; None if it stores it other than the source does."""
    schema = file.schema_arrow
    sink = pa.BufferOutputStream()
    pq.ParquetWriter(sink, schema, store_schema=False).close()
    written = pq.read_metadata(pa.BufferReader(sink.getvalue())).schema
    read = metadata.schema
    if len(written) != len(read):
        return None
    if any(_shape(written.column(i)) != _shape(read.column(i)) for i in range(len(read))):
        return None
    return Physical(schema, tuple(written.column(i).path for i in range(len(written))))


def _shape(column: pq.ColumnSchema) -> tuple[object, ...]:
    return (
        column.physical_type,
        column.length,
        column.max_definition_level,
        column.max_repetition_level,
    )


# -- Private parquet files, written piece by piece, that only this tool reads ------------------

GROUP_ROWS = 100_000
GROUP_BYTES = 64 << 20


class PrivateFile:
    """Gathers pieces into row groups of some 100,000 rows, or of 64 MB."""

    def __init__(self, part: Path, schema: pa.Schema) -> None:
        """Begin a file at `part`, a path that `atomic_write` gave."""
        self._schema = schema
        self._sink = pa.OSFile(os.fsencode(part), "wb")
        self._writer = pq.ParquetWriter(
            self._sink, schema, use_dictionary=False, store_schema=False
        )
        self._held: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def __enter__(self) -> "PrivateFile":
        """Nothing more to do."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write what is held, unless something went wrong, and close."""
        try:
            if kind is None:
                self._flush()
            self._writer.close()
        finally:
            self._sink.close()

    def add(self, arrays: list[pa.Array]) -> None:
        """Take rows, one array for each column of the schema."""
        piece = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        self._held.append(piece)
        self._rows += piece.num_rows
        self._bytes += piece.nbytes
        if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            table = pa.Table.from_batches(self._held, self._schema)
            self._writer.write_table(table, row_group_size=self._rows)
        self._held, self._rows, self._bytes = [], 0, 0
