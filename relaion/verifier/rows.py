"""Rows of a parquet file, batch by batch, and the columns that have a role in plain types.

Rows are read as the file stores them: whole numbers, floats and bytes, nested or not. What a
value means (text, a date, a decimal, and whatever Arrow noted of a view, a dictionary or an
extension) is taken off before pyarrow reads it. So a file that one program wrote with types of
its own is held against another bit for bit, and none of Arrow's types lacks a comparison. What
was taken off is compared by itself (`compare_schemas`).
"""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import mmh3
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.links.text import LONGEST, is_giant
from relaion.odometer import ODOMETER
from relaion.parquet.columns import note, opened, refuse_encrypted
from relaion.parquet.fetched import bytes_of
from relaion.parquet.footer import (
    BYTE_ARRAY,
    FIXED,
    INT96,
    MAGIC,
    ROWS,
    SCHEMA,
    VERSION,
    Footer,
    read_footer,
)
from relaion.parquet.roles import Layout
from relaion.parquet.row_groups import told
from relaion.parquet.storage import chunk_bytes
from relaion.parquet.thrift import BINARY, I32, LIST, STRUCT, Struct
from relaion.paths import Stamp, shown
from relaion.roles import COUNTED, WIDTHS
from relaion.verifier.digests import as_digests

PIECE_ROWS, _ROWS = 1_000_000, 65_536
_BYTES = 64 << 20  # of a batch, as far as the footer tells
_LOGICAL, _FLOAT16 = 10, 15
# small buffers, or a column of a row group lies in memory as a whole, in three files at once
_BUFFER = 1 << 18
_SMALL_FOOTER = 1 << 18  # bytes: parsed, it takes a dozen times as many
_EXACT = Context(prec=100)  # a decimal of 256 bits has 77 digits
_ANY_TEXT = pc.CastOptions(target_type=pa.string(), allow_invalid_utf8=True)

# -- a shard as it is stored -------------------------------------------------------------------


def open_shard(path: Path) -> pq.ParquetFile:
    """Open a parquet file; raises InputError in one line that quotes nothing of it."""
    note(path)
    try:
        # pyarrow takes a path as UTF-8 text only; bytes name any file
        source = bytes_of(path)
        file = opened(path, source, _BUFFER)
        refuse_encrypted(path, file)
    except (pa.ArrowException, OSError, ValueError):
        raise InputError(f"{shown(path)}: cannot be read as parquet") from None
    return file


def described(path: Path) -> pq.ParquetFile:
    """A shard's footer as pyarrow has it, without its rows; raises like `open_shard`."""
    note(path)
    try:
        footer = read_footer(path)
        return (_described if len(footer.data) <= _SMALL_FOOTER else _parsed)(footer)
    except (InputError, pa.ArrowException, OSError, ValueError):
        with open_shard(path) as file:
            return file


def _parsed(footer: Footer) -> pq.ParquetFile:
    end = len(footer.data).to_bytes(4, "little") + MAGIC
    return opened(footer.path, pa.BufferReader(MAGIC + footer.data + end), _BUFFER)


_described = lru_cache(16)(_parsed)  # a check asks for that of one file a dozen times


def schema_of(path: Path) -> pa.Schema:
    """Its columns as pyarrow has them; raises like `open_shard`."""
    return described(path).schema_arrow


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
        with bytes_of(path) as source, _open(footer, source) as file:
            # where several threads read, all columns of all files would wait for one of Arrow's
            yield from file.iter_batches(rows, row_groups=groups, columns=names, use_threads=False)
    except MemoryError:
        raise InputError(f"{shown(path)}: its rows do not fit in memory") from None
    except (pa.ArrowException, OSError, ValueError):
        raise InputError(f"{shown(path)}: its rows cannot be read") from None


def _open(footer: Footer, source: pa.NativeFile) -> pq.ParquetFile:
    fields: Struct = {
        VERSION: footer.fields.get(VERSION, (I32, 2)),
        SCHEMA: (LIST, (STRUCT, list(_stored(footer.elements)))),
        ROWS: footer.fields[ROWS],
    }
    return pq.ParquetFile(
        source,
        metadata=told(footer, fields),
        page_checksum_verification=True,  # DuckDB, which searched, asks for none
        # offsets of 64 bits: images inside a struct may be more than 2 GiB together
        binary_type=pa.large_binary(),
        buffer_size=_BUFFER, pre_buffer=False,
    )  # fmt: skip


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


# -- the columns that have a role --------------------------------------------------------------


class At(NamedTuple):
    """Where a column with a role stands in its shard, and its type (`plain_type`)."""

    position: int
    type: str


Roles = Mapping[str, tuple[At, ...]]
"""Role to the columns that play it, the first one first."""


@lru_cache(64)  # shards by the thousands have the same
def roles_of(layout: Layout) -> Roles:
    """The roles of a layout as plain values, to travel in a task."""
    return {
        role: tuple(At(c.position, c.type) for c in layout.playing(role)) for role in layout.roles
    }


@dataclass(frozen=True)
class Rows:
    """Some rows by role: url and text as bytes, punsafe as float64, digests as their bytes.

    row_hash is int64. A role that the shard lacks is not in `columns`; where several columns
    play one, the first one comes first. `unread`: how many values of a column (role, and its
    place among those of the role) are no digest, or giant links.
    """

    n: int
    columns: Mapping[str, tuple[pa.Array, ...]]
    unread: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def all(self, role: str) -> tuple[pa.Array, ...]:
        """Every column of a role."""
        return self.columns.get(role, ())

    def first(self, role: str, kind: pa.DataType) -> pa.Array:
        """The first column of a role, or NULLs of that kind."""
        return self.columns[role][0] if role in self.columns else pa.nulls(self.n, kind)

    def take(self, rows: Sequence[int]) -> "Rows":
        """Some of them; what is unread is not said."""
        at = pa.array(rows, pa.int64())
        columns = {role: tuple(c.take(at) for c in some) for role, some in self.columns.items()}
        return Rows(len(rows), columns)

    def plain(self) -> Iterator[dict[str, object]]:
        """Each row as the model takes it: role to value, digests in hex, NULLs left out."""
        columns = {role: [_values(role, c) for c in some] for role, some in self.columns.items()}
        more = {role: some[1:] for role, some in columns.items() if some[1:]}
        for i in range(self.n):
            row: dict[str, object] = {role: some[0][i] for role, some in columns.items()}
            if more:
                row["more"] = {role: [c[i] for c in some] for role, some in more.items()}
            yield row

    @property
    def computable(self) -> pa.Array:
        """A mask of the rows without a row hash of their own that have a link or a caption."""
        own = self.first("row_hash", pa.int64())
        url, text = (self.first(role, pa.binary()) for role in ("url", "text"))
        return pc.and_(pc.is_null(own), pc.or_(pc.is_valid(url), pc.is_valid(text)))

    def hashes(self) -> pa.Array:
        """Row hashes, computed where a row has none of its own: murmur of link and caption."""
        own = self.first("row_hash", pa.int64())
        wanted = self.computable
        if not wanted.true_count:
            return own
        links, captions = (
            self.first(role, pa.binary()).filter(wanted).to_pylist() for role in ("url", "text")
        )
        found = array("q", [
            mmh3.hash64((link or b"") + (caption or b""))[0]
            for link, caption in zip(links, captions, strict=True)
        ])  # fmt: skip
        return pc.replace_with_mask(own, wanted, int64(found))


def _values(role: str, column: pa.Array) -> list[object]:
    found = column.to_pylist()
    return [None if v is None else v.hex() for v in found] if role in WIDTHS else found


def int64(numbers: "array[int]") -> pa.Array:
    """Numbers as Arrow holds them, without a Python object for each."""
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])


@dataclass(frozen=True, slots=True)
class Source:
    """A file to look at, and where its roles stand; all its row groups, or some of them.

    `first` is the number of its first row. `stamp` is that of the file whose roles these are, where
    it was taken; `size` its rows and row groups, as far as they are known. `is_checked`: a check
    of its own finds that it is damaged. Nothing else does so for a sidecar: one that cannot be read
    raises InputError, for rows that it names would be missed.
    """

    path: Path
    roles: Roles
    groups: tuple[int, ...] | None = None
    is_checked: bool = True
    first: int = 0
    stamp: Stamp | None = None
    size: tuple[int, int] = (0, 0)

    def rows(self, wanted: Collection[str]) -> Iterator[tuple[int, Rows]]:
        """Its rows up to where it is damaged, each some with the number of their first one."""
        first = self.first
        try:
            for rows in role_rows(self.path, self.roles, wanted, self.groups):
                yield first, rows
                first += rows.n
                self.moved(rows.n)
        except InputError:
            if not self.is_checked:
                raise

    def holding(self, numbers: pa.Array) -> Iterator["Source"]:
        """Itself in pieces of one row group that holds a row of these numbers, in order."""
        wanted = numbers.to_pylist()
        for piece in self._of_groups():
            at = bisect_left(wanted, piece.first)
            if at < len(wanted) and wanted[at] < piece.first + piece.size[0]:
                yield replace(piece, size=(0, 0))
            self.moved(piece.size[0])

    def _of_groups(self) -> Iterator["Source"]:
        """Itself in row groups, each with its number of rows as `size`."""
        try:
            if self.size[1] == 1:
                sizes = [self.size[0]]
            else:
                said = described(self.path).metadata
                sizes = [said.row_group(i).num_rows for i in range(said.num_row_groups)]
        except InputError:
            if not self.is_checked:
                raise
            return
        first = self.first
        for group, size in enumerate(sizes):
            if self.groups is None or group in self.groups:
                yield replace(self, groups=(group,), first=first, size=(size, 1))
                first += size

    def unheard(self) -> "Source":
        """Itself for a look that nobody hears of."""
        return replace(self, size=(self.size[0], 0))

    def moved(self, rows: int) -> None:
        """Tell that so many rows of it are through."""
        n_rows, n_groups = self.size
        if n_rows:
            ODOMETER.move(rows * n_groups / n_rows)

    def pieces(self) -> Iterator["Source"]:
        """Itself in pieces of whole row groups, each of some PIECE_ROWS rows."""
        groups: list[int] = []
        first = held = 0
        for piece in self._of_groups():
            size = piece.size[0]
            if groups and held + size > PIECE_ROWS:
                yield replace(self, groups=tuple(groups), first=first)
                groups, first, held = [], first + held, 0
            groups += piece.groups or ()
            held += size
        if groups:
            yield replace(self, groups=tuple(groups), first=first)


def role_rows(
    path: Path, roles: Roles, wanted: Collection[str], groups: Sequence[int] | None = None
) -> Iterator[Rows]:
    """The rows of a shard with the wanted roles only; other columns are not decoded."""
    chosen = {role: at for role, at in roles.items() if role in wanted and role in COUNTED}
    schema = schema_of(path)
    try:
        names = sorted({schema.field(a.position).name for at in chosen.values() for a in at})
        if names:
            for batch in batches(path, names, groups):
                yield rows_of(batch, schema, chosen)
    except (pa.ArrowException, IndexError, KeyError):  # the file was replaced since
        raise InputError(f"{shown(path)}: holds other columns than it did") from None


def rows_of(batch: pa.RecordBatch, schema: pa.Schema, roles: Roles) -> Rows:
    """The columns with a role out of a batch that has all, or some, of the schema's columns."""
    columns: dict[str, tuple[pa.Array, ...]] = {}
    unread: dict[tuple[str, int], int] = {}
    for role, played in roles.items():
        if role not in COUNTED:
            continue
        found = []
        for place, at in enumerate(played):
            raw = _column(batch, schema, at.position)
            found.append(plain := _played(role, raw, at.type))
            if role == "url":
                unread[role, place] = giants(plain).true_count
            if role in WIDTHS and plain.null_count != raw.null_count:
                held = _present(raw, is_text=at.type == "string")
                unread[role, place] = held - (len(plain) - plain.null_count)
        columns[role] = tuple(found)
    return Rows(batch.num_rows, columns, unread)


def giants(urls: pa.Array) -> pa.Array:
    """A mask of the links that are compared by their bytes only."""
    size = pc.fill_null(pc.binary_length(urls), 0)
    mask = pc.greater(size, LONGEST)
    # of what is longer than both parts may be one part is a giant, without a look
    open_yet = pc.and_(mask, pc.less_equal(size, 2 * LONGEST))
    found = [is_giant(url) for url in urls.filter(open_yet).to_pylist()]
    return pc.replace_with_mask(mask, open_yet, pa.array(found, pa.bool_()))


def _played(role: str, column: pa.Array, kind: str) -> pa.Array:
    if role in ("url", "text"):
        return pc.cast(column, pa.binary())
    if role == "punsafe":
        return (
            _doubles(column, kind) if kind.startswith("decimal") else pc.cast(column, pa.float64())
        )
    if role == "row_hash":
        return _row_hashes(column, kind)
    return as_digests(column, WIDTHS[role], is_text=kind == "string")


def _row_hashes(column: pa.Array, kind: str) -> pa.Array:
    """Whole numbers of 64 bits, however the column stores them; others are null."""
    if pa.types.is_int64(column.type):
        return column
    found: list[int | None] = []
    for value in column.to_pylist():
        if isinstance(value, bytes) and kind == "string":
            text = value.decode("latin-1").strip(" \t\n\v\f\r")
        elif isinstance(value, bytes):  # a decimal, as it is stored
            text = str(int.from_bytes(value, "big", signed=True))
        else:
            text = str(value)
        digits = text[1:] if text[:1] in ("+", "-") else text
        number = int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 20 else None
        is_whole = number is not None and -(2**63) <= number < 2**64
        found.append((number + 2**63) % 2**64 - 2**63 if number is not None and is_whole else None)
    return pa.array(found, pa.int64())


def _doubles(column: pa.Array, kind: str) -> pa.Array:
    """Decimals as the nearest doubles, from whole numbers or from their bytes, highest first."""
    scale = int(kind.rstrip(")").rpartition(",")[2])
    whole = [
        int.from_bytes(v, "big", signed=True) if isinstance(v, bytes) else v
        for v in column.to_pylist()
    ]
    found = [None if v is None else float(Decimal(v).scaleb(-scale, _EXACT)) for v in whole]
    return pa.array(found, pa.float64())


def _present(column: pa.Array, *, is_text: bool) -> int:
    """How many values of a digest column there are, whatever they are; blanks are none."""
    if is_text:
        # not `utf8_trim`: it fails on bytes that are no UTF-8, and those are a value
        column = pc.ascii_trim(pc.cast(column, options=_ANY_TEXT), " ")
    return int(pc.sum(pc.greater(pc.binary_length(column), 0)).as_py() or 0)


def _column(batch: pa.RecordBatch, schema: pa.Schema, position: int) -> pa.Array:
    """The column at a position of the schema; columns may share a name."""
    name = schema.field(position).name
    before = sum(schema.field(i).name == name for i in range(position))
    return batch.column(batch.schema.get_all_field_indices(name)[before])
