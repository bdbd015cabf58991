"""Parquet, Arrow and Feather as rows of text, a few hundred at a time, whatever their size.

A value is written as its giver would write it in a csv: bytes that are a digest in hexadecimal, a
whole number with all its digits, a field within a field under both names. What no list keeps in a
cell, such as a picture or a vector, is told by its size.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import DamagedError, ListError
from relaion.lists.readers.containers.magic import ARROW, ARROW_STREAM, PARQUET
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.format import BETWEEN, Options, Sure
from relaion.lists.readers.tables.decisions import is_ignored, option_name
from relaion.lists.readers.tables.rows import Row
from relaion.lists.readers.tables.said_of_table import refuse_said
from relaion.lists.values import shape
from relaion.lists.values import told as say
from relaion.parquet.footer import read_footer

_ROWS = 500
_LONGEST_BYTES = 64  # of a digest; what is longer is no value of a list
_LONGEST_TEXT = 1 << 20  # bytes; what is longer is no cell of a list
_AT_ONCE = 32 << 20  # bytes of rows
_MOST_FIELDS = 10_000
_BUFFER = 1 << 20  # bytes of a column that are read at once
_DEEPEST = 32
_WHOLE = 1 << 53  # beyond it a floating-point number may have lost its last digits
_FAULTS = (
    DamagedError, pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError,
    MemoryError, RecursionError, NotImplementedError,
)  # fmt: skip


@dataclass(frozen=True)
class ColumnarTable:
    """A table in one of these forms. `batches` gives its parts; `name` is what `--format` says."""

    name: str
    magic: tuple[bytes, ...]
    what: str
    batches: Callable[[BinaryIO], tuple[pa.Schema, Iterator[pa.RecordBatch]]]
    has_headings: bool = False

    def sniff(self, head: str, file_name: str) -> Sure | None:
        """Sure by its first bytes."""
        start = head[:8].encode("latin-1", "replace")
        return Sure() if start.startswith(self.magic) else None

    def rows(self, document: ListDocument, options: Options) -> Iterator[Row]:
        """Names of columns, then its rows."""
        if self.sniff(document.head, document.file_name) is None or document.raw is None:
            raise ListError(f"is no {self.what}; leave --format {self.name} out")
        try:
            schema, batches = self.batches(document.raw())
            fields = _fields(schema)
            _refuse_maps(fields, options)
            document.notices += refuse_said(schema, options)
            yield [name for name, _, _ in fields]
            writers: dict[str, _Bytes] = {}
            for batch in batches:
                for start in range(0, batch.num_rows, _ROWS):
                    part = batch.slice(start, _ROWS)
                    columns = [_written(name, of(part), writers) for name, _, of in fields]
                    yield from zip(*columns, strict=True)
        except _FAULTS:  # which quote values
            raise ListError(
                f"the {self.what} is damaged, ends too early or is of a kind that is not read; "
                "fetch it again, or export the list as csv"
            ) from None


# -- What the files give -------------------------------------------------------------------------


def _parquet(raw: BinaryIO) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    read_footer(Path(os.fsdecode(raw.name)))  # some damages of it end the process of the library
    file = pq.ParquetFile(
        raw, pre_buffer=False, buffer_size=_BUFFER, page_checksum_verification=True
    )
    return file.schema_arrow, _counted(file)


def _counted(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """All rows of a file; raises ValueError where they are not as many as its footer says."""
    n = 0
    for batch in file.iter_batches(batch_size=_at_once(file.metadata), use_threads=False):
        n += batch.num_rows
        yield batch
    if n != file.metadata.num_rows:
        raise ValueError


def _at_once(footer: pq.FileMetaData) -> int:
    """How many rows to read at once, fewer where they are large."""
    groups = (footer.row_group(i) for i in range(footer.num_row_groups))
    most = max((g.total_byte_size // g.num_rows for g in groups if g.num_rows > 0), default=0)
    return max(1, min(_ROWS, _AT_ONCE // max(1, most)))


def _arrow_file(raw: BinaryIO) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    file = pa.ipc.open_file(raw)

    def batches() -> Iterator[pa.RecordBatch]:
        for i in range(file.num_record_batches):
            yield _whole(file.get_batch(i))

    return file.schema, batches()


def _arrow_stream(raw: BinaryIO) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    stream = pa.ipc.open_stream(raw)
    return stream.schema, map(_whole, stream)


def _whole(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch whose places lie within it: those of a damaged file may lead anywhere."""
    batch.validate(full=True)
    return batch


PARQUET_TABLE = ColumnarTable("parquet", (PARQUET,), "parquet file", _parquet)
ARROW_TABLE = ColumnarTable("arrow", (ARROW,), "Arrow file", _arrow_file)
ARROW_STREAM_TABLE = ColumnarTable("arrow-stream", (ARROW_STREAM,), "Arrow stream", _arrow_stream)

# -- Their columns, and fields within them ---------------------------------------------------------

_Of = Callable[[pa.RecordBatch], pa.Array]
_Field = tuple[str, pa.DataType, _Of]


def _fields(schema: pa.Schema) -> list[_Field]:
    """Every field that holds values, under its path; raises ListError for very many."""
    found: list[_Field] = []
    for i, column in enumerate(schema):
        _put(found, column.name, column.type, _column(i), 0)
    if len({name.replace(BETWEEN, ".") for name, _, _ in found}) < len(found):
        raise ListError("has two columns of one name, of which only one can count")
    if not found:
        raise ListError("has no column")
    return found


def _put(found: list[_Field], name: str, kind: pa.DataType, of: _Of, depth: int) -> None:
    if pa.types.is_struct(kind) and kind.num_fields and depth < _DEEPEST:
        for i in range(kind.num_fields):
            inner = kind.field(i)
            _put(found, f"{name}{BETWEEN}{inner.name}", inner.type, _inner(of, i), depth + 1)
        return
    if _is_list(kind) and pa.types.is_struct(kind.value_type) and depth < _DEEPEST:
        within: list[_Field] = []
        _put(within, name, kind.value_type, lambda each: each, depth + 1)
        found += [(path, held, _of_each(of, inner)) for path, held, inner in within]
    else:
        found.append((name, kind, of))
    if len(found) > _MOST_FIELDS:
        raise ListError(f"has more than {_MOST_FIELDS:,} columns")


def _column(i: int) -> _Of:
    return lambda batch: batch.column(i)


def _inner(of: _Of, i: int) -> _Of:
    """A field of a struct, null where the struct is: `field` alone would show what lies below."""
    return lambda batch: of(batch).flatten()[i]


def _of_each(of: _Of, inner: _Of) -> _Of:
    """A field of the structs in a list, as one text: several entries, or what all of them say."""

    def told(batch: pa.RecordBatch) -> pa.Array:
        lists = of(batch)
        texts = iter(_written("", inner(lists.flatten()), {}))
        rows = [[*islice(texts, n or 0)] for n in pc.list_value_length(lists).to_pylist()]
        return pa.array([_joined([*dict.fromkeys(filter(None, row))]) for row in rows], pa.string())

    return told


def _joined(texts: list[str]) -> str | None:
    return ("\n" if all(map(shape, texts)) else ", ").join(texts) or None


def _is_list(kind: pa.DataType) -> bool:
    told = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(is_one(kind) for is_one in told)


def _refuse_maps(fields: Sequence[_Field], options: Options) -> None:
    """Raise ListError for names in cells: under one of them a word may say that a row is gone."""
    for i, (name, kind, _) in enumerate(fields):
        if _holds_maps(kind) and not is_ignored(options, name, i):
            raise ListError(
                f"column {i + 1} ({say(name)}) holds maps, and what stands in them may decide "
                "which rows count: make columns of them in a copy, or say "
                f"--ignore {option_name(name, i)}"
            )


def _holds_maps(kind: pa.DataType) -> bool:
    within = (kind.field(i).type for i in range(kind.num_fields))
    return pa.types.is_map(kind) or any(map(_holds_maps, within))


# -- Their values as text --------------------------------------------------------------------------


@dataclass
class _Bytes:
    """How the bytes of a column are written: as the text that they are, or in hexadecimal."""

    are_text: bool | None = None

    def written(self, value: bytes) -> str:
        if self.are_text is None:
            self.are_text = _is_text(value)
        if self.are_text:
            return value.decode("utf-8", "surrogateescape")
        return value.hex() if len(value) <= _LONGEST_BYTES else f"({len(value)} bytes)"


def _is_text(value: bytes) -> bool:
    return value.isascii() and value.decode("ascii").isprintable()


def _written(name: str, column: pa.Array, writers: dict[str, _Bytes]) -> list[str | None]:
    column = _plain(column)
    kind = column.type
    if _is_string(kind):  # bytes that are no UTF-8 stay what they are
        return _texts(column.cast(pa.large_binary()))
    values = column.to_pylist()
    if not _is_bytes(kind):
        return [cell(value) for value in values]
    writer = writers.setdefault(name, _Bytes())
    if writer.are_text is None and (some := [v for v in values if v]):
        writer.are_text = all(map(_is_text, some))
    return [None if v is None else writer.written(v) for v in values]


def _plain(column: pa.Array) -> pa.Array:
    """The values of a column without the ways of keeping them."""
    while isinstance(column, pa.DictionaryArray | pa.RunEndEncodedArray | pa.ExtensionArray):
        if isinstance(column, pa.DictionaryArray):
            column = column.dictionary_decode()
        elif isinstance(column, pa.RunEndEncodedArray):
            column = pa.array(column.to_pylist(), column.type.value_type)
        elif isinstance(column.type, pa.UuidType):  # no digest, though as long as one
            told = [None if value is None else str(value) for value in column.to_pylist()]
            column = pa.array(told, pa.string())
        else:
            column = column.storage
    kind = column.type
    if pa.types.is_uint64(kind):  # as row hashes without a sign are kept; the bits are the same
        return column.view(pa.int64())
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return column.cast(pa.timestamp("us", kind.tz), safe=False)
    return column


def _texts(column: pa.Array) -> list[str | None]:
    sizes = pc.binary_length(column)
    is_long = pc.greater(sizes, _LONGEST_TEXT)
    if not pc.any(is_long).as_py():
        return [None if v is None else _text(v) for v in column.to_pylist()]
    short = pc.if_else(is_long, pa.scalar(None, pa.large_binary()), column).to_pylist()
    return [
        _text(v) if v is not None else None if n is None else f"({n} bytes)"
        for v, n in zip(short, sizes.to_pylist(), strict=True)
    ]


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _is_string(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind) or pa.types.is_fixed_size_binary(kind)
    )  # fmt: skip


def cell(value: object) -> str | None:
    """A value as the text of a cell, None where there is none; several entries are a line each."""
    told: str | None
    if value is None:
        told = None
    elif isinstance(value, bool):
        told = "true" if value else "false"
    elif isinstance(value, float):
        told = number(value)
    elif isinstance(value, bytes):
        told = _Bytes().written(value)
    elif isinstance(value, datetime | date | time):
        told = value.isoformat()
    elif isinstance(value, list | tuple):
        told = _several(list(value))
    elif isinstance(value, dict):
        told = _as_json(value)
    else:
        told = str(value)
    return told


def number(value: float, most: float = _WHOLE) -> str | None:
    """A floating-point number: whole below `most`, beyond it as one that lost its last digits."""
    if math.isnan(value):  # which is how a missing number is kept
        return None
    if value.is_integer() and abs(value) < most:
        return str(int(value))
    return repr(value) if abs(value) < most else f"{value:.14e}"


def _several(values: list[object]) -> str | None:
    held = [v for v in values if v is not None]
    if not held:
        return None
    if all(isinstance(v, str | bytes) for v in held):
        return "\n".join(cell(v) or "" for v in held)
    if len(held) > 4 and all(isinstance(v, int | float) for v in held):
        return f"({len(held)} numbers)"
    return _as_json(held)


def _as_json(value: object) -> str:
    return json.dumps(value, default=lambda v: cell(v) if not isinstance(v, dict) else None)
