"""Rows of a parquet file, batch by batch, and the columns that have a role in plain types."""

import os
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal
from pathlib import Path
from typing import NamedTuple

import mmh3
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.links.text import LONGEST, is_giant
from relaion.parquet.columns import note, refuse_encrypted
from relaion.parquet.roles import Layout
from relaion.roles import COUNTED, WIDTHS
from relaion.verifier.digests import as_digests
from relaion.verifier.reading import as_bytes, batches, decoded

PIECE_ROWS = 1_000_000
_EXACT = Context(prec=100)  # a decimal of 256 bits has 77 digits
_ANY_TEXT = pc.CastOptions(target_type=pa.string(), allow_invalid_utf8=True)


class At(NamedTuple):
    """Where a column with a role stands in its shard, and its type (`plain_type`)."""

    position: int
    type: str


Roles = Mapping[str, tuple[At, ...]]
"""Role to the columns that play it, the first one first."""


def roles_of(layout: Layout) -> dict[str, tuple[At, ...]]:
    """The roles of a layout as plain values, to travel in a task."""
    return {
        role: tuple(At(c.position, c.type) for c in layout.playing(role)) for role in layout.roles
    }


@dataclass(frozen=True)
class Rows:
    """Some rows by role: url and text as bytes, punsafe as float64, digests as their bytes.

    row_hash is int64. A role that the shard lacks is not in `columns`; where several columns
    play one, the first one stands there, and the others in `more`. `unread`: how many values
    of a column (role, and its place among those of the role) are no digest, or giant links.
    """

    n: int
    columns: Mapping[str, pa.Array]
    more: Mapping[str, tuple[pa.Array, ...]] = field(default_factory=dict)
    unread: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def all(self, role: str) -> tuple[pa.Array, ...]:
        """Every column of a role."""
        return (self.columns[role], *self.more.get(role, ())) if role in self.columns else ()

    def take(self, rows: Sequence[int]) -> "Rows":
        """Some of them; what is unread is not said."""
        at = pa.array(rows, pa.int64())
        more = {role: tuple(c.take(at) for c in some) for role, some in self.more.items()}
        return Rows(len(rows), {role: c.take(at) for role, c in self.columns.items()}, more)

    def plain(self) -> Iterator[dict[str, object]]:
        """Each row as the model takes it: role to value, digests in hex, NULLs left out."""
        columns = {role: _values(role, c) for role, c in self.columns.items()}
        more = {role: [_values(role, c) for c in some] for role, some in self.more.items()}
        for i in range(self.n):
            row: dict[str, object] = {role: column[i] for role, column in columns.items()}
            if more:
                row["more"] = {role: [c[i] for c in some] for role, some in more.items()}
            yield row

    @property
    def computable(self) -> pa.Array:
        """A mask of the rows without a row hash of their own that have a link or a caption."""
        none = pa.nulls(self.n)
        own, url, text = (self.columns.get(role, none) for role in ("row_hash", "url", "text"))
        return pc.and_(pc.is_null(own), pc.or_(pc.is_valid(url), pc.is_valid(text)))

    def hashes(self) -> pa.Array:
        """Row hashes, computed where a row has none of its own: murmur of link and caption."""
        own = self.columns.get("row_hash", pa.nulls(self.n, pa.int64()))
        wanted = self.computable
        if not wanted.true_count:
            return own
        none = pa.nulls(self.n, pa.binary())
        links, captions = (
            self.columns.get(role, none).filter(wanted).to_pylist() for role in ("url", "text")
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


@dataclass(frozen=True)
class Source:
    """A file to look at, and where its roles stand; all its row groups, or some of them.

    `first` is the number of its first row. `is_checked`: a check of its own finds that it is
    damaged. Nothing else does so for a sidecar: one that cannot be read raises InputError, for
    rows that it names would be missed.
    """

    path: Path
    roles: "Roles"
    groups: tuple[int, ...] | None = None
    is_checked: bool = True
    first: int = 0

    def rows(self, wanted: Collection[str]) -> Iterator[Rows]:
        """Its rows up to where it is damaged."""
        try:
            yield from role_rows(self.path, self.roles, wanted, self.groups)
        except InputError:
            if not self.is_checked:
                raise

    def pieces(self) -> Iterator["Source"]:
        """Itself in pieces of whole row groups, each of some PIECE_ROWS rows."""
        try:
            with open_shard(self.path) as file:
                sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        except InputError:
            if not self.is_checked:
                raise
            return
        groups: list[int] = []
        first = held = 0
        for group, size in enumerate(sizes):
            if groups and held + size > PIECE_ROWS:
                yield replace(self, groups=tuple(groups), first=first)
                groups, first, held = [], first + held, 0
            groups.append(group)
            held += size
        if groups:
            yield replace(self, groups=tuple(groups), first=first)


def open_shard(path: Path) -> pq.ParquetFile:
    """Open a parquet file; raises InputError in one line that quotes nothing of it."""
    note(path)
    try:
        # pyarrow takes a path as UTF-8 text only; bytes name any file. Small buffers, or a
        # column of a row group lies in memory as a whole, in three files at once.
        source = pa.OSFile(os.fsencode(path))
        file = pq.ParquetFile(source, buffer_size=1 << 18, pre_buffer=False)
        refuse_encrypted(path, file)
    except (pa.ArrowException, OSError, ValueError):
        raise InputError(f"{path}: cannot be read as parquet") from None
    return file


def role_rows(
    path: Path, roles: Roles, wanted: Collection[str], groups: Sequence[int] | None = None
) -> Iterator[Rows]:
    """The rows of a shard with the wanted roles only; other columns are not decoded."""
    chosen = {role: at for role, at in roles.items() if role in wanted and role in COUNTED}
    with open_shard(path) as file:
        schema = file.schema_arrow
    try:
        names = sorted({schema.field(a.position).name for at in chosen.values() for a in at})
        if names:
            for batch in batches(path, names, groups):
                yield rows_of(batch, schema, chosen)
    except (pa.ArrowException, IndexError, KeyError):  # the file was replaced since
        raise InputError(f"{path}: holds other columns than it did") from None


def rows_of(batch: pa.RecordBatch, schema: pa.Schema, roles: Roles) -> Rows:
    """The columns with a role out of a batch that has all, or some, of the schema's columns."""
    columns: dict[str, pa.Array] = {}
    more: dict[str, tuple[pa.Array, ...]] = {}
    unread: dict[tuple[str, int], int] = {}
    for name, played in roles.items():
        if name not in COUNTED:
            continue
        raw = [_column(batch, schema, at.position) for at in played]
        found = [_played(name, c, at.type) for c, at in zip(raw, played, strict=True)]
        columns[name] = found[0]
        if found[1:]:
            more[name] = tuple(found[1:])
        if name == "url":
            for place, column in enumerate(found):
                unread[name, place] = giants(column).true_count
        if name in WIDTHS:
            for place, (column, at, digests) in enumerate(zip(raw, played, found, strict=True)):
                unread[name, place] = 0
                if digests.null_count != column.null_count:
                    held = _present(column, is_text=at.type == "string")
                    unread[name, place] = held - (len(digests) - digests.null_count)
    return Rows(batch.num_rows, columns, more, unread)


def giants(urls: pa.Array) -> pa.Array:
    """A mask of the links that are compared by their bytes only."""
    mask = pc.fill_null(pc.greater(pc.binary_length(urls), LONGEST), False)
    if not mask.true_count:
        return mask
    found = [is_giant(url) for url in urls.filter(mask).to_pylist()]
    return pc.replace_with_mask(mask, mask, pa.array(found, pa.bool_()))


def _played(role: str, column: pa.Array, kind: str) -> pa.Array:
    if role in ("url", "text"):
        return as_bytes(column)
    if role == "punsafe":
        plain = decoded(column)
        if kind.startswith("decimal"):
            return _doubles(plain, kind)
        return pc.cast(plain, pa.float64())
    if role == "row_hash":
        return _row_hashes(decoded(column), kind)
    return as_digests(column, WIDTHS[role], is_text=kind == "string")


def _row_hashes(column: pa.Array, kind: str) -> pa.Array:
    """Whole numbers of 64 bits, however the column stores them; others are null."""
    if pa.types.is_int64(column.type):
        return column
    found: list[int | None] = []
    values = (as_bytes(column) if kind == "string" else column).to_pylist()
    for value in values:
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
    plain = decoded(column)
    raw = as_bytes(plain)
    if is_text:
        raw = pc.utf8_trim(pc.cast(plain, options=_ANY_TEXT), " ")
    return int(pc.sum(pc.greater(pc.binary_length(raw), 0)).as_py() or 0)


def _column(batch: pa.RecordBatch, schema: pa.Schema, position: int) -> pa.Array:
    """The column at a position of the schema; columns may share a name."""
    name = schema.field(position).name
    before = sum(schema.field(i).name == name for i in range(position))
    return batch.column(batch.schema.get_all_field_indices(name)[before])
