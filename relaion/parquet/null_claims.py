"""What a footer says of values that are not there: chunks said to be NULL throughout.

Released programs write wrong counts of NULL. DuckDB gives NULL for a chunk that is said to
hold nothing else, without looking; nothing can be set against that. So where a footer says so,
the chunk is read once by pyarrow, which looks.
"""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.errors import DamagedError
from relaion.parquet.columns import leaf_indexes, open_parquet, says_empty
from relaion.parquet.footer import read_footer
from relaion.parquet.metadata import GROUPS, MAGIC
from relaion.parquet.roles import Layout
from relaion.parquet.storage import BLOOM_FILTER, STATISTICS
from relaion.parquet.thrift import LIST, STRUCT, Struct, write_struct
from relaion.paths import Stamp, atomic_write, private_umask, shown, stamp_of

_BATCH_ROWS = 8_192  # where a footer is wrong, captions may come
_META = 3  # of a ColumnChunk
_INDEXES = frozenset({4, 5, 6, 7})  # of a ColumnChunk: where its page indexes lie
_BLOOM_LENGTH = 15  # of its ColumnMetaData


def hidden_roles(path: Path, layout: Layout) -> tuple[str, ...]:
    """Names of the columns with a role that hold values where the footer says there are none.

    Raises DamagedError, which quotes no value, for a column that cannot be read. A run asks in
    each of its steps: a file with the same stamp is looked at once a process.
    """
    with _reading(path):
        stamp = stamp_of(path)
    return _hidden_names(path, stamp, tuple((c.position, c.name) for c in layout.used))


@lru_cache(1 << 16)
def _hidden_names(
    path: Path, stamp: Stamp, columns: tuple[tuple[int, str], ...]
) -> tuple[str, ...]:
    with _reading(path), open_parquet(path) as file:
        leaves = leaf_indexes(file.schema_arrow)
        names = {leaves[position]: name for position, name in columns}
        found = set(_hidden(path, file, [leaf for leaf in names if leaf is not None]))
    return tuple(name for leaf, name in names.items() if leaf in found)


def hides_any(path: Path) -> bool:
    """Whether any column, inside others too, holds values where the footer says there are none.

    Raises DamagedError, which quotes no value, for a column that cannot be read.
    """
    with _reading(path), open_parquet(path) as file:
        return any(True for _ in _hidden(path, file, range(file.metadata.num_columns)))


def _hidden(path: Path, file: pq.ParquetFile, leaves: Collection[int]) -> Iterator[int]:
    for leaf, groups in _said_empty(path, leaves).items():
        # by its place, for names may repeat
        batches = file.reader.iter_batches(_BATCH_ROWS, row_groups=groups, column_indices=[leaf])
        if any(_holds_value(batch.column(0)) for batch in batches):
            yield leaf


def _said_empty(path: Path, leaves: Collection[int]) -> dict[int, list[int]]:
    """Leaf columns and the row groups in which the footer says that they are NULL throughout.

    pyarrow is not asked: it keeps back what old writers say, and a bound of the wrong length
    ends the whole process.
    """
    footer = read_footer(path)
    wanted = frozenset(leaves)
    found: dict[int, list[int]] = {}
    for index in range(len(footer.groups)):
        for leaf, chunk in footer.some_chunks(index, wanted).items():
            if says_empty(chunk[_META][1]):
                found.setdefault(leaf, []).append(index)
    return found


def _holds_value(values: pa.Array) -> bool:
    """Whether an array, whose nesting has one leaf, holds a value there."""
    while True:
        if isinstance(values, pa.ExtensionArray):
            values = values.storage
        if pa.types.is_struct(values.type):
            (values,) = values.flatten()
        elif pa.types.is_nested(values.type):  # lists and maps, whose entries are structs
            values = values.flatten()
        else:
            return bool(values.null_count < len(values))


def without_claims(source: Path, target: Path) -> None:
    """Write `source` to `target` (0600), its pages as they are, its footer silent of values.

    Raises InputError for a footer that cannot be read, OutputError for a target that cannot
    be written.
    """
    footer = read_footer(source)
    groups = [footer.group(i) for i in range(len(footer.groups))]
    for group in groups:
        for chunk in group[1][1][1]:
            _silence(chunk)
    data = write_struct({**footer.fields, GROUPS: (LIST, (STRUCT, groups))})
    with (
        private_umask(),
        atomic_write(target, 0o600) as part,
        source.open("rb") as f,
        part.open("wb") as to,
    ):
        shutil.copyfileobj(f, to, 1 << 20)
        to.truncate(footer.start)
        to.seek(footer.start)
        to.write(data + len(data).to_bytes(4, "little") + MAGIC)


def _silence(chunk: Struct) -> None:
    for field in _INDEXES:
        chunk.pop(field, None)
    for field in (STATISTICS, BLOOM_FILTER, _BLOOM_LENGTH):
        chunk[_META][1].pop(field, None)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException, KeyError, TypeError):
        raise DamagedError(
            f"{shown(path)}: a column cannot be read; the file is damaged or encrypted, "
            "get it again"
        ) from None
