"""Facts about single columns: what the footer says, whether there is a value, and a few values.

What a footer says may be wrong, so nothing is decided by it.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import DamagedError
from relaion.parquet.digests import Value
from relaion.parquet.footer import Footer, read_footer
from relaion.parquet.metadata import REQUIRED, Leaf, damaged
from relaion.parquet.perilous import note
from relaion.parquet.roles import Column, Layout
from relaion.parquet.storage import VALUES, has_bounds_of_its_type, leaf_indexes, said_nulls
from relaion.parquet.thrift import I32, Struct
from relaion.paths import shown

_SAMPLED = 200  # values a row group
# bytes that are no UTF-8 stay what they are: whoever reads the values says so
_LARGE_TEXT = pc.CastOptions(target_type=pa.large_string(), allow_invalid_utf8=True)
_REPETITION, _META = 3, 3  # of a SchemaElement, of a ColumnChunk
_GROUPS = 5  # row groups looked into, spread over the file


@dataclass(frozen=True)
class ColumnFacts:
    """What the footer says about one column of one shard: NULLs, None where it does not count.

    `says_empty`: of some row group, that all its values are NULL.
    """

    nulls: int | None
    says_empty: bool = False


@contextmanager
def open_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a parquet file under any name; raises what pyarrow raises, InputError if encrypted."""
    # pyarrow takes a path as UTF-8 text only; bytes name any file. Small buffers, so that
    # a few values of a large column do not read it all.
    note(path)
    with (
        pa.OSFile(os.fsencode(path)) as source,
        pq.ParquetFile(source, buffer_size=65536, pre_buffer=False) as file,
    ):
        refuse_encrypted(path, file)
        yield file


def refuse_encrypted(path: Path, file: pq.ParquetFile) -> None:
    """Raise InputError for a file whose footer is plain but whose columns are encrypted.

    pyarrow opens such a file, and ends the whole process when it is asked about a column.
    """
    with path.open("rb") as f:
        f.seek(-8, os.SEEK_END)
        length = int.from_bytes(f.read(4), "little")
    if length != file.metadata.serialized_size:  # a signature follows what pyarrow took
        read_footer(path)


def facts(footer: Footer, file: pq.ParquetFile, layout: Layout) -> dict[int, ColumnFacts]:
    """Position to facts, for the columns that play a role.

    From the footer itself: pyarrow keeps back what old writers say, and a bound of the wrong
    length ends the whole process where it is asked. Nor does DuckDB read a column that has one:
    raises DamagedError for it.
    """
    leaves = leaf_indexes(file.schema_arrow)
    played = {c.position: leaf for c in layout.used if (leaf := leaves[c.position]) is not None}
    nulls: dict[int, int | None] = dict.fromkeys(played.values(), 0)
    empty: set[int] = set()
    for index, group in enumerate(footer.groups):
        for leaf, chunk in footer.some_chunks(index, nulls).items() if group.rows else ():
            if not has_bounds_of_its_type(footer.leaves[leaf], chunk[_META][1]):
                why = "a column's bounds in its footer are not of the column's type"
                raise damaged(footer.path, why)
            before, here = nulls[leaf], _nulls(footer.leaves[leaf], chunk)
            nulls[leaf] = None if before is None or here is None else before + here
            if says_empty(chunk[_META][1]):
                empty.add(leaf)
    return {p: ColumnFacts(nulls[leaf], leaf in empty) for p, leaf in played.items()}


def says_empty(meta: Struct) -> bool:
    """Whether the metadata of a column chunk says that it holds values, and all are NULL."""
    nulls = said_nulls(meta)
    return nulls is not None and bool(0 < meta[VALUES][1] == nulls)


def _nulls(leaf: Leaf, chunk: Struct) -> int | None:
    if leaf.element.get(_REPETITION, (I32, REQUIRED))[1] == REQUIRED:
        return 0
    return said_nulls(chunk[_META][1])


def has_value(path: Path, column: Column) -> bool:
    """Whether any row of a column holds a value: not NULL, not NaN, not an empty text.

    Reads the values, up to the first one. Raises DamagedError when they cannot be read.
    """
    try:
        with open_parquet(path) as file:
            return any(_holds_value(array) for array in column_arrays(file, column))
    except (OSError, pa.ArrowException):
        raise DamagedError(_unreadable(column)) from None


def _holds_value(array: pa.Array) -> bool:
    kept = pc.drop_null(array)
    if isinstance(kept, pa.DictionaryArray):
        kept = kept.dictionary_decode()
    if pa.types.is_floating(kept.type):
        return bool(len(kept)) and not pc.all(pc.is_nan(kept)).as_py()
    if column_is_text(kept.type):
        raw = kept.cast(pa.large_binary())
        return bool(pc.any(pc.greater(pc.binary_length(raw), 0)).as_py())
    return bool(len(kept))


def column_is_text(kind: pa.DataType) -> bool:
    """Whether Arrow holds text or bytes of any length."""
    return str(kind).removeprefix("large_").removesuffix("_view") in ("string", "binary")


def sample_values(path: Path, column: Column) -> list[Value]:
    """Some non-NULL values of a text or bytes column, from row groups spread over the file.

    Raises DamagedError, which does not name the file, when the column cannot be read.
    """
    try:
        with open_parquet(path) as file:
            count = file.metadata.num_row_groups
            picked = sorted({round(i * (count - 1) / (_GROUPS - 1)) for i in range(_GROUPS)})
            return [
                value
                for group in (picked if count else [])
                for value in _first_values(file, group, column)
            ]
    except (OSError, pa.ArrowException):
        raise DamagedError(_unreadable(column)) from None


def _unreadable(column: Column) -> str:
    return (
        f"column {shown(column.name)} cannot be read; the file is damaged or encrypted, "
        "get it again"
    )


def _first_values(file: pq.ParquetFile, group: int, column: Column) -> list[Value]:
    found: list[Value] = []
    for array in column_arrays(file, column, [group]):
        kept = pc.drop_null(array)[: _SAMPLED - len(found)]
        raw = kept.cast(pa.binary()).to_pylist()  # text may hold bytes that are not UTF-8
        found += [_text_or_bytes(v) for v in raw] if column.type == "string" else raw
        if len(found) >= _SAMPLED:
            break
    return found


def _text_or_bytes(value: bytes) -> Value:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value


def column_arrays(
    file: pq.ParquetFile, column: Column, groups: list[int] | None = None, *, rows: int = 65536
) -> Iterator[pa.Array]:
    """One column, by position, as a stream of arrays of at most `rows` rows."""
    for arrays in column_batches(file, [column], groups, rows=rows):
        yield arrays[0]


def column_batches(
    file: pq.ParquetFile,
    columns: Sequence[Column],
    groups: list[int] | None = None,
    *,
    rows: int = 65536,
) -> Iterator[list[pa.Array]]:
    """Columns, by position, as a stream of arrays of the same at most `rows` rows each."""
    names = file.schema_arrow.names
    # by its place: a private copy has names of its own
    wanted = list(dict.fromkeys(names[column.position] for column in columns))
    for batch in file.iter_batches(rows, row_groups=groups, columns=wanted):
        found = batch.schema.names
        arrays = []
        for column in columns:
            # pyarrow selects by name, and takes `a.b` for `a` too: find ours among what came
            name = names[column.position]
            twins = names[: column.position].count(name)
            arrays.append(
                computable(batch.column([i for i, n in enumerate(found) if n == name][twins]))
            )
        yield arrays


def computable(values: pa.Array) -> pa.Array:
    """The same values in a type that Arrow computes with: views it can neither take nor filter."""
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if isinstance(values, pa.DictionaryArray):
        known = computable(values.dictionary)
        if known.type == values.type.value_type:
            return values
        return pa.DictionaryArray.from_arrays(values.indices, known)
    if pa.types.is_string_view(values.type):
        return pc.cast(values, options=_LARGE_TEXT)
    if pa.types.is_binary_view(values.type):
        return pc.cast(values, pa.large_binary())
    return values


def count_without(path: Path, columns: Sequence[Column]) -> int:
    """Rows of a shard that have a NULL in every one of these columns, by reading them.

    Raises DamagedError when a column cannot be read.
    """
    rows = 0
    try:
        with open_parquet(path) as file:
            for arrays in column_batches(file, columns):
                missing = arrays[0].is_null()
                for array in arrays[1:]:
                    missing = pc.and_(missing, array.is_null())
                rows += missing.true_count
    except (OSError, pa.ArrowException):
        raise DamagedError(f"{shown(path)}: {_unreadable(columns[0])}") from None
    return rows


def count_missing(path: Path, column: Column) -> tuple[int, int]:
    """Rows of a shard whose value is NULL, and whose value is NaN, by reading the column.

    Raises DamagedError when the column cannot be read.
    """
    nulls = nans = 0
    try:
        with open_parquet(path) as file:
            for array in column_arrays(file, column):
                nulls += array.null_count
                if pa.types.is_floating(array.type):
                    nans += pc.sum(pc.is_nan(array)).as_py() or 0
    except (OSError, pa.ArrowException):
        raise DamagedError(f"{shown(path)}: {_unreadable(column)}") from None
    return nulls, nans
