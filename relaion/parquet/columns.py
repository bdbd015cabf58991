"""Single columns: their types, what the footer says of them, and their values.

What a footer says may be wrong, so nothing is decided by it.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import DamagedError
from relaion.parquet.digests import Value
from relaion.parquet.fetched import bytes_of
from relaion.parquet.footer import MAGIC, REQUIRED, Footer, damaged, read_footer
from relaion.parquet.roles import Column, Layout
from relaion.parquet.storage import VALUES, has_bounds_of_its_type, said_nulls
from relaion.parquet.thrift import I32, Struct
from relaion.paths import shown

_SAMPLED = 200  # values a row group
# bytes that are no UTF-8 stay what they are: whoever reads the values says so
_LARGE_TEXT = pc.CastOptions(target_type=pa.large_string(), allow_invalid_utf8=True)
_REPETITION, _META = 3, 3  # of a SchemaElement, of a ColumnChunk
_ARROW = b"ARROW:schema"  # key of the types of Arrow's in a footer
_GROUPS = 5  # row groups looked into, spread over the file


# -- Arrow types in the words of this project: what a parquet file holds, however it is stored --

_SAME = {
    "large_string": "string",
    "string_view": "string",
    "large_binary": "binary",
    "binary_view": "binary",
    "halffloat": "float16",
}
_LISTS = (
    pa.ListType, pa.LargeListType, pa.FixedSizeListType, pa.ListViewType, pa.LargeListViewType
)  # fmt: skip


def plain_type(kind: pa.DataType) -> str:
    """A type's name, the same for shards that differ only in how Arrow keeps a value.

    `string` for large, view and dictionary strings too; a list's child has no name and no
    nullability here, since writers choose them freely.
    """
    kind = _stored(kind)
    if isinstance(kind, _LISTS):
        return f"list<{plain_type(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return "struct<" + ", ".join(f"{f.name}: {plain_type(f.type)}" for f in kind) + ">"
    if pa.types.is_map(kind):
        return f"map<{plain_type(kind.key_type)}, {plain_type(kind.item_type)}>"
    if pa.types.is_fixed_size_binary(kind):
        return f"binary[{kind.byte_width}]"
    return _SAME.get(str(kind), str(kind))


def leaf_indexes(schema: pa.Schema) -> list[int | None]:
    """For each column of a file, its index among the file's leaf columns; None if nested."""
    found: list[int | None] = []
    leaf = 0
    for field in schema:
        found.append(leaf if not pa.types.is_nested(_stored(field.type)) else None)
        leaf += _leaves(field.type)
    return found


def _leaves(kind: pa.DataType) -> int:
    kind = _stored(kind)
    return sum(_leaves(kind.field(i).type) for i in range(kind.num_fields)) or 1


def _stored(kind: pa.DataType) -> pa.DataType:
    """The type that the file has, below an extension or a dictionary."""
    if isinstance(kind, pa.BaseExtensionType):
        return _stored(kind.storage_type)
    return _stored(kind.value_type) if pa.types.is_dictionary(kind) else kind


# -- Files whose reading ends the process: told to another one before they are given to pyarrow --
# pyarrow checks much of a file, and not all: a file that is wrong in a new way may end the process.


class _Watch:
    """Who is told, of which file last, and the files that ended a process before, with how."""

    tell: Callable[[Path | tuple[()]], object] | None = None
    last: Path | None = None
    ended: Mapping[Path, str] = {}


def note(path: Path) -> None:
    """Say that a file is read from now on; raises DamagedError for one that ended a process."""
    if (how := _Watch.ended.get(path)) is not None:
        raise DamagedError(f"{shown(path)}: {how}")
    if _Watch.tell is not None and path != _Watch.last:
        _Watch.last = path
        _Watch.tell(path)


@contextmanager
def side_by_side() -> Iterator[None]:
    """Say that several files are read at once: nobody could tell which of them ends the process."""
    tell = _Watch.tell
    if tell is not None:
        tell(())
    _Watch.tell = None
    try:
        yield
    finally:
        _Watch.tell, _Watch.last = tell, None


@contextmanager
def watched(
    tell: Callable[[Path | tuple[()]], object], ended: Mapping[Path, str]
) -> Iterator[None]:
    """Tell of every file that is read meanwhile, but for those that `ended` a process.

    `()` is told where no single one is.
    """
    _Watch.tell, _Watch.last, _Watch.ended = tell, None, ended
    try:
        yield
    finally:
        _Watch.tell, _Watch.ended = None, {}


# -- Columns read ------------------------------------------------------------------------------


@contextmanager
def open_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a parquet file under any name; raises what pyarrow raises, InputError if encrypted."""
    # pyarrow takes a path as UTF-8 text only; bytes name any file. Small buffers, so that
    # a few values of a large column do not read it all.
    note(path)
    with (
        bytes_of(path) as source,
        opened(path, source, 65536) as file,
    ):
        refuse_encrypted(path, file)
        yield file


def opened(path: Path, source: pa.NativeFile, buffer_size: int) -> pq.ParquetFile:
    """What pyarrow makes of a parquet file; raises what pyarrow raises.

    A footer may tell of types of Arrow's that pyarrow does not know, such as the integers of 128
    bits of polars. Then the columns are taken as parquet itself has them.
    """
    try:
        return pq.ParquetFile(source, buffer_size=buffer_size, pre_buffer=False)
    except pa.ArrowException:
        data = read_footer(path).data
        if _ARROW not in data:
            raise
        # another key of the same length, so that no length in the footer changes
        data = MAGIC + data.replace(_ARROW, b"-" * len(_ARROW)) + len(data).to_bytes(4, "little")
        bare = pq.read_metadata(pa.BufferReader(data + MAGIC))
        return pq.ParquetFile(source, metadata=bare, buffer_size=buffer_size, pre_buffer=False)


def refuse_encrypted(path: Path, file: pq.ParquetFile) -> None:
    """Raise InputError for a file whose footer is plain but whose columns are encrypted.

    pyarrow opens such a file, and ends the whole process when it is asked about a column.
    """
    with path.open("rb") as f:
        f.seek(-8, os.SEEK_END)
        length = int.from_bytes(f.read(4), "little")
    if length != file.metadata.serialized_size:  # a signature follows what pyarrow took
        read_footer(path)


def facts(
    footer: Footer, file: pq.ParquetFile, layout: Layout
) -> tuple[dict[int, int | None], bool]:
    """How many NULLs the footer counts in each column that plays a role, by its position.

    None where it does not count. And whether it may say of some row group that such a column
    is all NULL.

    From the footer itself: pyarrow keeps back what old writers say, and a bound of the wrong
    length ends the whole process where it is asked. Nor does DuckDB read a column that has one:
    raises DamagedError for it.
    """
    leaves = leaf_indexes(file.schema_arrow)
    played = {c.position: leaf for c in layout.used if (leaf := leaves[c.position]) is not None}
    nulls: dict[int, int | None] = dict.fromkeys(played.values(), 0)
    may_be_empty = len(played) < len(layout.used)
    for index, group in enumerate(footer.groups):
        for leaf, chunk in footer.some_chunks(index, nulls).items() if group.rows else ():
            if not has_bounds_of_its_type(footer.leaves[leaf], chunk[_META][1]):
                why = "a column's bounds in its footer are not of the column's type"
                raise damaged(footer.path, why)
            element = footer.leaves[leaf].element
            is_required = element.get(_REPETITION, (I32, REQUIRED))[1] == REQUIRED
            before, here = nulls[leaf], 0 if is_required else said_nulls(chunk[_META][1])
            nulls[leaf] = None if before is None or here is None else before + here
            may_be_empty = may_be_empty or says_empty(chunk[_META][1])
    return {position: nulls[leaf] for position, leaf in played.items()}, may_be_empty


def says_empty(meta: Struct) -> bool:
    """Whether the metadata of a column chunk says that it holds values, and all are NULL."""
    nulls = said_nulls(meta)
    return nulls is not None and bool(0 < meta[VALUES][1] == nulls)


@contextmanager
def open_column(path: Path, column: Column, *, named: bool) -> Iterator[pq.ParquetFile]:
    """A file to read a column of; an error, which names the file where that is asked, tells it."""
    try:
        with open_parquet(path) as file:
            yield file
    except (OSError, pa.ArrowException):
        raise DamagedError(
            f"{f'{shown(path)}: ' if named else ''}column {shown(column.name)} cannot be read; "
            "the file is damaged or encrypted, get it again"
        ) from None


def has_value(path: Path, column: Column) -> bool:
    """Whether any row of a column holds a value: not NULL, not NaN, not an empty text.

    Reads the values, up to the first one. Raises DamagedError, which does not name the file,
    when they cannot be read.
    """
    with open_column(path, column, named=False) as file:
        return any(_holds_value(array) for array in column_arrays(file, column))


def _holds_value(array: pa.Array) -> bool:
    kept = pc.drop_null(array)
    if isinstance(kept, pa.DictionaryArray):
        kept = kept.dictionary_decode()
    if pa.types.is_floating(kept.type):
        return bool(len(kept)) and not pc.all(pc.is_nan(kept)).as_py()
    if str(kept.type).removeprefix("large_").removesuffix("_view") in ("string", "binary"):
        raw = kept.cast(pa.large_binary())
        return bool(pc.any(pc.greater(pc.binary_length(raw), 0)).as_py())
    return bool(len(kept))


def sample_values(path: Path, column: Column) -> list[Value]:
    """Some non-NULL values of a text or bytes column, from row groups spread over the file.

    Raises DamagedError, which does not name the file, when the column cannot be read.
    """
    with open_column(path, column, named=False) as file:
        count = file.metadata.num_row_groups
        picked = sorted({round(i * (count - 1) / (_GROUPS - 1)) for i in range(_GROUPS)})
        return [
            value
            for group in (picked if count else [])
            for value in _first_values(file, group, column)
        ]


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
