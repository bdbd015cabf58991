"""Shards that DuckDB cannot read as they are, made readable for it.

Links or captions may hold bytes that are no UTF-8: DuckDB ends a scan at the first such value,
or changes it, and a changed link has other digests. Or a footer denies values that are there.
So these shards are searched through a private copy of the columns that play a role; they are
always written from the original file.
"""

import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import DamagedError, InputError
from relaion.parquet.columns import (
    column_arrays,
    column_batches,
    computable,
    leaf_indexes,
    open_parquet,
    says_empty,
)
from relaion.parquet.footer import GROUPS, MAGIC, damaged, read_footer
from relaion.parquet.glossary import TEXTS
from relaion.parquet.roles import Column, Layout
from relaion.parquet.row_groups import PiecedFile
from relaion.parquet.storage import BLOOM_FILTER, STATISTICS
from relaion.parquet.thrift import LIST, STRUCT, Struct, write_struct
from relaion.paths import Stamp, atomic_write, private_umask, shown, stamp_of
from relaion.remote.standing import whole
from relaion.roles import WIDTHS

# -- Bytes that are no UTF-8 as text that DuckDB takes, and links back to their exact bytes ----
# A link whose bytes are no UTF-8 becomes U+10FFFF, which stands for no character and never
# will, followed by its bytes read as latin-1. So two such links are equal as texts exactly
# where their bytes are, and none equals a link that is UTF-8.

MARK = "\U0010ffff"
_MARK_BYTES = MARK.encode()
_BATCH_ROWS = 8_192  # captions may be long
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


def raw_bytes(text: str) -> bytes:
    """The bytes of a link or caption as its shard has them, marked or not."""
    found = unmarked(text)
    return found if isinstance(found, bytes) else found.encode("utf-8", "surrogatepass")


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
    if isinstance(values, pa.DictionaryArray):
        # texts that are no UTF-8 must not be validated on the way
        values = pc.take(as_bytes(values.dictionary), values.indices)
    return pc.cast(values, pa.large_binary())


def raw_texts(texts: pa.Array) -> pa.Array:
    """`raw_bytes` of each link or caption as large_binary; NULL stays."""
    plain = as_bytes(texts)
    if not pc.any(pc.starts_with(plain, _MARK_BYTES)).as_py():
        return plain
    return pa.array([None if v is None else raw_bytes(v) for v in texts.to_pylist()], plain.type)


def as_text(values: pa.Array, mend: Callable[[bytes], str | None]) -> pa.Array:
    """Bytes as text: UTF-8 as it stands, else what `mend` makes of each value; NULL stays."""
    if is_exact(values):
        return pc.cast(values, pa.large_string())
    mended = [None if value is None else mend(value) for value in values.to_pylist()]
    return pa.array(mended, pa.large_string())


# -- Private parquet files, written piece by piece, that only this tool reads ------------------


class PrivateFile(PiecedFile):
    """A file with row groups of 100,000 rows, or of 64 MB."""

    def __init__(self, part: Path, schema: pa.Schema) -> None:
        """Begin a file at `part`, a path that `atomic_write` gave."""
        super().__init__(part, schema, 100_000, 64 << 20, use_dictionary=False)

    def __enter__(self) -> "PrivateFile":
        """Nothing more to do."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write what is held, unless something went wrong, and close."""
        try:
            if kind is None:
                self.flush()
            self._writer.close()
        finally:
            self._sink.close()

    def add(self, arrays: list[pa.Array]) -> None:
        """Take rows, one array for each column of the schema."""
        self.take(pa.RecordBatch.from_arrays(arrays, schema=self._schema))


# -- Copies in which every text is UTF-8 -------------------------------------------------------


@contextmanager
def _reading(path: Path, kind: type[InputError] = InputError) -> Iterator[None]:
    """Turn what goes wrong while a column is read into one line of that kind."""
    try:
        yield
    except (OSError, pa.ArrowException):
        raise kind(
            f"{shown(path)}: a column cannot be read; the file is damaged or encrypted, "
            "get it again"
        ) from None


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

    Rows and their order stay. A link that is no UTF-8 is marked (`marked`), a caption
    or language has U+FFFD for each run of bad bytes, a digest in such bytes is told in
    hexadecimal where it has the right length; all else is as it was. Returns the layout of
    `target`: the same roles and names, at their positions there. Raises InputError for a column
    that cannot be read, OutputError for a target that cannot be written.
    """
    columns = layout.used
    with _reading(path), open_parquet(path) as file:
        _write(
            path,
            target,
            [f"{c.role}_{c.order}" for c in columns],
            [file.schema_arrow.field(c.position).type for c in columns],
            [partial(_mended, c) for c in columns],
            column_batches(file, columns, rows=_BATCH_ROWS),
        )
    return mended_layout(layout)


def mend_whole(path: Path, target: Path) -> None:
    """Write all columns of `path` to `target` (0600), with U+FFFD for bytes that are no UTF-8.

    Texts inside of lists and structs stay as they are. Names are lost. Raises as `mend`.
    """
    with _reading(path), open_parquet(path) as file:
        kinds = file.schema_arrow.types
        names = [f"c{i}" for i in range(len(kinds))]
        batches = ([*map(computable, b.columns)] for b in file.iter_batches(_BATCH_ROWS))
        _write(path, target, names, kinds, [_mended_text] * len(kinds), batches)


def _write(
    path: Path,
    target: Path,
    names: Sequence[str],
    kinds: Sequence[pa.DataType],
    changes: Sequence[Callable[[pa.Array], pa.Array]],
    batches: Iterator[list[pa.Array]],
) -> None:
    """Write what is made of some columns, which are given by name, type and change."""

    def changed(arrays: Iterable[pa.Array]) -> list[pa.Array]:
        return [change(array) for change, array in zip(changes, arrays, strict=True)]

    none = changed(computable(pa.nulls(0, kind)) for kind in kinds)
    schema = pa.schema([(name, array.type) for name, array in zip(names, none, strict=True)])
    with private_umask(), atomic_write(target, 0o600) as part, PrivateFile(part, schema) as out:
        while True:
            with _reading(path):  # else it would be said of the target
                arrays = next(batches, None)
            if arrays is None:
                break
            out.add(changed(arrays))


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


# -- What a footer says of values that are not there: chunks said to be NULL throughout --------
# Released programs write wrong counts of NULL. DuckDB gives NULL for a chunk that is said to
# hold nothing else, without looking; nothing can be set against that. So where a footer says so,
# the chunk is read once by pyarrow, which looks.

_META = 3  # of a ColumnChunk
_INDEXES = frozenset({4, 5, 6, 7})  # of a ColumnChunk: where its page indexes lie
_BLOOM_LENGTH = 15  # of its ColumnMetaData


def hidden_roles(path: Path, layout: Layout) -> tuple[str, ...]:
    """Names of the columns with a role that hold values where the footer says there are none.

    Raises DamagedError, which quotes no value, for a column that cannot be read. A run asks in
    each of its steps: a file with the same stamp is looked at once a process.
    """
    with _reading(path, DamagedError):
        stamp = stamp_of(path)
    return _hidden_names(path, stamp, tuple((c.position, c.name) for c in layout.used))


@lru_cache(1 << 16)
def _hidden_names(
    path: Path, stamp: Stamp, columns: tuple[tuple[int, str], ...]
) -> tuple[str, ...]:
    with _reading(path, DamagedError), open_parquet(path) as file:
        leaves = leaf_indexes(file.schema_arrow)
        names = {leaves[position]: name for position, name in columns}
        found = set(_hidden(path, file, [leaf for leaf in names if leaf is not None]))
    return tuple(name for leaf, name in names.items() if leaf in found)


def hides_any(path: Path) -> bool:
    """Whether any column, inside others too, holds values where the footer says there are none.

    Raises DamagedError, which quotes no value, for a column that cannot be read.
    """
    with _reading(path, DamagedError), open_parquet(path) as file:
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
    try:
        for index in range(len(footer.groups)):
            for leaf, chunk in footer.some_chunks(index, wanted).items():
                if says_empty(chunk[_META][1]):
                    found.setdefault(leaf, []).append(index)
    except (KeyError, TypeError):
        raise damaged(path, "a column chunk is not what its schema says") from None
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
    whole(source)
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
