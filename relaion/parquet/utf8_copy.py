"""Shards that DuckDB cannot read as they are, made readable for it.

Links or captions may hold bytes that are no UTF-8: DuckDB ends a scan at the first such value,
or changes it, and a changed link has other digests. Or a footer denies values that are there
(`null_claims.py`). So these shards are searched through a private copy of the columns that play
a role; they are always written from the original file.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from relaion.errors import InputError
from relaion.parquet.columns import column_arrays, column_batches, computable, open_parquet
from relaion.parquet.glossary import TEXTS
from relaion.parquet.raw_values import PrivateFile, as_bytes, as_text, is_exact, marked, readable
from relaion.parquet.roles import Column, Layout
from relaion.paths import atomic_write, private_umask, shown
from relaion.roles import WIDTHS

_BATCH_ROWS = 8_192  # captions may be long


def bad_text(path: Path, layout: Layout) -> bool:
    """Whether a text column that plays a role holds bytes that are no UTF-8.

    Also true where a text begins with U+10FFFF, by which mended links are known. Reads
    these columns to the end, a piece at a time. Raises InputError, which quotes no value,
    for a column that cannot be read.
    """
    texts = [column for column in layout.used if _is_text(column)]
    with _reading(path), open_parquet(path) as file:
        return any(
            not is_exact(as_bytes(array))
            for column in texts
            for array in column_arrays(file, column, rows=_BATCH_ROWS)
        )


def mend(path: Path, layout: Layout, target: Path) -> Layout:
    """Write the columns of `path` that play a role to `target` (0600), as DuckDB reads them.

    Rows and their order stay. A link that is no UTF-8 is marked (`raw_values.marked`), a caption
    or language has U+FFFD for each run of bad bytes, a digest in such bytes is told in
    hexadecimal where it has the right length; all else is as it was. Returns the layout of
    `target`: the same roles and names, at their positions there. Raises InputError for a column
    that cannot be read, OutputError for a target that cannot be written.
    """
    columns = list(layout.used)
    with ExitStack() as stack:
        with _reading(path):
            file = stack.enter_context(open_parquet(path))
        none = [computable(pa.nulls(0, file.schema_arrow.field(c.position).type)) for c in columns]
        kinds = [_mended(c, array).type for c, array in zip(columns, none, strict=True)]
        schema = pa.schema(
            [(f"{c.role}_{c.order}", k) for c, k in zip(columns, kinds, strict=True)]
        )
        stack.enter_context(private_umask())
        part = stack.enter_context(atomic_write(target, 0o600))
        with PrivateFile(part, schema) as out:
            for arrays in _read(path, column_batches(file, columns, rows=_BATCH_ROWS)):
                out.add([_mended(c, array) for c, array in zip(columns, arrays, strict=True)])
    return mended_layout(layout)


def mend_whole(path: Path, target: Path) -> None:
    """Write all columns of `path` to `target` (0600), with U+FFFD for bytes that are no UTF-8.

    Texts inside of lists and structs stay as they are. Names are lost. Raises as `mend`.
    """
    with ExitStack() as stack:
        with _reading(path):
            file = stack.enter_context(open_parquet(path))
        none = [_mended_text(computable(pa.nulls(0, f.type))) for f in file.schema_arrow]
        schema = pa.schema([(f"c{i}", array.type) for i, array in enumerate(none)])
        stack.enter_context(private_umask())
        part = stack.enter_context(atomic_write(target, 0o600))
        with PrivateFile(part, schema) as out:
            batches = ([*map(computable, b.columns)] for b in file.iter_batches(_BATCH_ROWS))
            for arrays in _read(path, batches):
                out.add([_mended_text(array) for array in arrays])


def mended_layout(layout: Layout) -> Layout:
    """The layout of the file that `mend` makes of a shard with this one."""
    moved = (replace(column, position=i) for i, column in enumerate(layout.used))
    return replace(layout, columns=tuple(moved))


def _is_text(column: Column) -> bool:
    return column.type == "string" or column.role in TEXTS


def _mended(column: Column, values: pa.Array) -> pa.Array:
    if not _is_text(column):
        is_coded = isinstance(values, pa.DictionaryArray)
        return values.dictionary_decode() if is_coded else values
    if column.role == "url":
        return as_text(as_bytes(values), marked)
    if column.role in WIDTHS:
        width = WIDTHS[column.role]
        return as_text(as_bytes(values), lambda b: b.hex() if len(b) == width else readable(b))
    return as_text(as_bytes(values), readable)


def _mended_text(values: pa.Array) -> pa.Array:
    is_coded = isinstance(values, pa.DictionaryArray)
    kind = values.type.value_type if is_coded else values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return as_text(as_bytes(values), readable)
    return values.dictionary_decode() if is_coded else values


def _read(path: Path, batches: Iterator[list[pa.Array]]) -> Iterator[list[pa.Array]]:
    """The same batches; an error while reading becomes one line about the source."""
    while True:
        with _reading(path):
            arrays = next(batches, None)
        if arrays is None:
            return
        yield arrays


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException):
        raise InputError(
            f"{shown(path)}: a column cannot be read; the file is damaged or encrypted, "
            "get it again"
        ) from None
