"""Facts about single columns, from the footer, and a few of their values.

Values stay inside: what leaves is how many are NULL, and in which forms digests are written.
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
from relaion.paths import shown
from relaion.shards.digests import WIDTHS, Value, form_of
from relaion.shards.footer import read_footer
from relaion.shards.plain_types import leaf_indexes
from relaion.shards.roles import Column, Layout

_SAMPLED = 200  # values a row group
_GROUPS = 5  # row groups looked into, spread over the file


@dataclass(frozen=True)
class ColumnFacts:
    """What the footer says about one column of one shard.

    `nulls` is None where the footer does not count them. `forms` are the ways in which the
    smallest and largest values of the row groups write a digest ("" for a value that is
    none); None where the footer holds no such values although there are some.
    """

    nulls: int | None
    forms: frozenset[str] | None


@contextmanager
def open_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a parquet file under any name; raises what pyarrow raises, InputError if encrypted."""
    # pyarrow takes a path as UTF-8 text only; bytes name any file. Small buffers, so that
    # a few values of a large column do not read it all.
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


def facts(file: pq.ParquetFile, layout: Layout) -> dict[int, ColumnFacts]:
    """Position to facts, for the columns that play a role."""
    leaves = leaf_indexes(file.schema_arrow)
    found = {}
    for role, column in layout.roles.items():
        leaf = leaves[column.position]
        if leaf is not None:
            found[column.position] = _facts(file, leaf, WIDTHS.get(role))
    return found


def _facts(file: pq.ParquetFile, leaf: int, width: int | None) -> ColumnFacts:
    required = file.schema.column(leaf).max_definition_level == 0
    nulls: int | None = 0
    forms: set[str] | None = set()
    for index in range(file.metadata.num_row_groups):
        chunk = file.metadata.row_group(index).column(leaf)
        stats = chunk.statistics
        if not chunk.num_values:
            continue
        if stats is None:
            nulls = nulls if required else None
            forms = None
            continue
        if not required:
            known = nulls is not None and stats.has_null_count
            nulls = nulls + stats.null_count if known and nulls is not None else None
        if width is not None and forms is not None and stats.null_count != chunk.num_values:
            ends = _ends(stats)
            forms = forms | {form_of(end, width) or "" for end in ends} if ends else None
    return ColumnFacts(nulls, frozenset(forms) if forms is not None else None)


def _ends(stats: pq.Statistics) -> tuple[Value, ...]:
    try:
        return (stats.min, stats.max) if stats.has_min_max else ()
    except UnicodeDecodeError:
        return ()


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
        found += [v.decode("utf-8", "replace") for v in raw] if column.type == "string" else raw
        if len(found) >= _SAMPLED:
            break
    return found


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
    wanted = list(dict.fromkeys(column.name for column in columns))
    for batch in file.iter_batches(rows, row_groups=groups, columns=wanted):
        found = batch.schema.names
        arrays = []
        for column in columns:
            # pyarrow selects by name, and takes `a.b` for `a` too: find ours among what came
            twins = names[: column.position].count(column.name)
            array = batch.column([i for i, n in enumerate(found) if n == column.name][twins])
            arrays.append(array.storage if isinstance(array, pa.ExtensionArray) else array)
        yield arrays


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
