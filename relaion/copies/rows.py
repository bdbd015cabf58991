"""Lines of a table as rows: fields cut at tabs, or as RFC 4180 says, and which is what by name."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.copies.compressed import BLOCK
from relaion.copies.lines import (
    BLANK,
    BOM,
    ROLES_READ,
    like_links,
    lines_of,
    no_column,
    too_long,
    values,
)
from relaion.errors import InputError
from relaion.parquet.glossary import bare_name
from relaion.paths import shown
from relaion.roles import ROLES

_LONGEST = 16 << 20  # bytes of a record: it is cut anew with each block, until its quote closes


@dataclass(frozen=True)
class Piece:
    """Some records as they stand, blank lines among them, and what is in each record.

    `has_long` is whether a record has more than one line.
    """

    line: int
    raws: list[bytes]
    rows: Sequence[bytes | list[str]]  # without quotes whole, else fields as latin-1
    has_long: bool = False


@dataclass(frozen=True)
class TextTable:
    """How a table is to be read, which its first block tells alone.

    `names` are those of its header, or None. `is_unsure`: its first line may be a header or a
    record, nothing but the user can tell; where they name a column of it, it is a header.
    """

    path: Path
    delimiter: str
    is_quoted: bool
    width: int = 0
    names: tuple[str, ...] | None = None
    is_unsure: bool = False

    @property
    def blank(self) -> bytes:
        """Bytes that make no record."""
        return BLANK.replace(self.delimiter.encode(), b"")

    def pieces(self) -> Iterator[Piece]:
        """The whole file; its header is a record here."""
        return self.cut(lines_of(self.path))

    def cut(self, lines: Iterator[list[bytes]]) -> Iterator[Piece]:
        """Lines as records; raises InputError, with a line number, for quotes that do not fit."""
        line = 1
        if not self.is_quoted:
            blank = self.blank
            for raws in lines:
                found = [raw for raw in raws if raw.strip(blank)]
                yield Piece(line, raws, [r.removesuffix(b"\n").removesuffix(b"\r") for r in found])
                line += len(raws) - (raws[0] == BOM)
            return
        held: list[bytes] = []  # the lines of a record that goes on
        more: list[bytes] | None = next(lines, None)
        while more is not None:
            following = next(lines, None)
            if more == [BOM]:
                yield Piece(line, more, [])
            else:
                piece, held = self._records(line, held + more, is_last=following is None)
                yield piece
                line += sum(raw.count(b"\n") for raw in piece.raws)
            more = following

    def _records(
        self, line: int, lines: list[bytes], *, is_last: bool
    ) -> tuple[Piece, list[bytes]]:
        """The records of some lines, and those lines at the end that are none without more."""
        rows: list[list[str]] = []
        ends: list[int] = []
        before = csv.field_size_limit(4 * _LONGEST)  # of the whole process
        try:
            reader = self._reader(lines)
            for row in reader:
                rows.append(row)
                ends.append(reader.line_num)
        except csv.Error as e:
            open_lines = lines[ends[-1] if ends else 0 :]
            if sum(map(len, open_lines)) > _LONGEST + BLOCK:
                raise too_long(self.path, _LONGEST) from None
            if is_last or not self._is_open(open_lines):
                raise self._bad_quote(line + len(lines) - len(open_lines), open_lines, e) from None
        finally:
            csv.field_size_limit(before)
        raws = lines[: len(rows)]
        if has_long := bool(ends) and ends[-1] != len(rows):
            starts = [0, *ends]
            raws = [b"".join(lines[a:b]) for a, b in zip(starts, ends, strict=False)]
        blank = self.blank
        kept = [row for row, raw in zip(rows, raws, strict=True) if raw.strip(blank)]
        return Piece(line, raws, kept, has_long), lines[ends[-1] if ends else 0 :]

    def _reader(self, lines: list[bytes], last: str = "") -> Any:
        texts = chain(map(str, lines, repeat("latin-1")), [last] if last else [])
        return csv.reader(texts, delimiter=self.delimiter, strict=True)

    def _is_open(self, lines: list[bytes]) -> bool:
        """Whether what the lines lack is only the quote that ends them."""
        try:
            return len(list(self._reader(lines, '"'))) == 1
        except csv.Error:
            return False

    def _bad_quote(self, line: int, lines: list[bytes], error: csv.Error) -> InputError:
        what = "a quoted field in it goes on behind its closing quote (is one not doubled?)"
        if "new-line" in str(error):
            what = "a CR within it stands outside of quotes"
        elif self._is_open(lines):
            what = "a quote is opened in it and never closed"
        return InputError(
            f"{shown(self.path)}: line {line}: {what}; write the table anew, with quotes as "
            "RFC 4180 has them, or as JSON lines"
        )

    def fields(self, row: bytes | list[str]) -> list[bytes]:
        """The fields of one record."""
        if isinstance(row, bytes):
            return row.split(self.delimiter.encode())
        return [cell.encode("latin-1") for cell in row]

    def columns(self, piece: Piece, wanted: Iterable[int]) -> dict[int, pa.Array]:
        """Some columns of a piece, whose rows all have as many fields as the first of the file."""
        if self.is_quoted:
            rows: Any = piece.rows
            if any(len(row) != self.width for row in rows):
                raise self._ragged(piece)
            return {i: values(row[i].encode("latin-1") for row in rows) for i in wanted}
        lines = pa.array(piece.rows, pa.large_binary())
        cells = pc.split_pattern(lines, self.delimiter.encode())
        if pc.min_max(pc.list_value_length(cells)).as_py() != {
            "min": self.width,
            "max": self.width,
        }:
            raise self._ragged(piece)
        return {i: _filled(pc.list_element(cells, i)) for i in wanted}

    def swallowing(self, piece: Piece, link: int) -> int:
        """How many records hold a line in quotes that would be a record, by its `link`.

        A lone quote that begins a field and one that ends a later one make a single record of all
        between them. Who reads without quotes finds those records, which nobody looks up.
        """
        return sum(
            like_links(values(cell.encode("latin-1") for cell in self._swallowed(row, link))) > 0
            for row in (piece.rows if piece.has_long else ())
            if isinstance(row, list) and any("\n" in cell for cell in row)
        )

    def _swallowed(self, row: list[str], link: int) -> Iterator[str]:
        """What would be the link of each line that lies in a field, as far as it lies there."""
        for at, cell in enumerate(row):
            lines = [line.split(self.delimiter) for line in cell.split("\n")]
            for number, line in enumerate(lines if lines[1:] else ()):
                before = 0 if number else at  # fields that stand on its line ahead of the quote
                behind = 0 if lines[number + 1 :] else self.width - at - 1
                is_whole = before + len(line) + behind == self.width
                if is_whole and before <= link < before + len(line) and (link != at or line[1:]):
                    yield line[link - before]

    def _ragged(self, piece: Piece) -> InputError:
        rows = iter(piece.rows)
        line = piece.line
        for raw in piece.raws:
            if raw.strip(self.blank) and (n := len(self.fields(next(rows)))) != self.width:
                break
            line += raw.count(b"\n")
        how = (
            "a line break or quote in a field?" if self.is_quoted else "a tab or line break in it?"
        )
        return InputError(
            f"{shown(self.path)}: line {line} has {n} field{'s' * (n != 1)}, the first line "
            f"{self.width} ({how}); mend or take out that line"
        )

    def refuse_unsure(self, columns: Mapping[str, str]) -> None:
        """Raise InputError where the first line may be a header, and no user names its columns."""
        named = (_place(self.names or (), columns[r]) for r in ROLES_READ if r in columns)
        if not self.is_unsure or any(named):
            return
        raise InputError(
            f"{shown(self.path)}: its first line holds no link and no name that is known: if it is "
            "the names of columns, say --column url=NAME; if not, put a line of names before it"
        )

    def roles(self, columns: Mapping[str, str]) -> dict[str, int]:
        """Which column plays which role, as far as names and the user tell."""
        found: dict[str, int] = {}
        names = self.names or ()
        for role in ROLES_READ:
            if role in columns:
                given = columns[role]
                at = _place(names, given) or (int(given) if given.isdecimal() else 0)
                if not 1 <= at <= self.width:
                    raise self._no_column(given)
                found[role] = at - 1
            elif at := self._named(role):
                found[role] = at - 1
        if self.names is not None or not self.width:
            return found
        others = {0, 1} - set(found.values())
        if self.width == 2 and len(others) == 1 and len({"url", "text"} & set(found)) == 1:
            (found["text" if "url" in found else "url"],) = others
        if self.width > 2 and not {"url", "row_hash"} & set(found):
            raise InputError(
                f"{shown(self.path)}: {self.width} columns and no line of names; say which hold "
                "link and caption, counted from 1, as --column url=2 --column text=1"
            )
        return found

    def _named(self, role: str) -> int:
        """The position of the column that plays a role by its name, from 1; 0 without one."""
        known = [bare_name(name).lower() for name in self.names or ()]
        found = [i for name in ROLES[role].names for i, has in enumerate(known, 1) if has == name]
        if role == "text":  # the first name that is there
            found = [i for i in found if known[i - 1] == known[found[0] - 1]]
        if len(found) > 1:
            raise InputError(
                f"{shown(self.path)}: columns {' and '.join(map(str, found))} are both a "
                f"{ROLES[role].noun} by name; say which one, as --column {role}={found[0]}"
            )
        return found[0] if found else 0

    def _no_column(self, given: str) -> InputError:
        if self.names is not None:
            return no_column(self.path, given, self.names)
        return InputError(
            f"{shown(self.path)}: no line of names, and {self.width} columns; give the position of "
            "a column, from 1"
        )


def _place(names: Sequence[str], given: str) -> int:
    """The position of the one column of a name, in any case if need be, from 1; 0 without one."""
    for same in (str, lambda name: bare_name(name).lower()):
        found = [i for i, name in enumerate(names, 1) if same(name) == same(given)]
        if len(found) == 1:
            return found[0]
    return 0


def _filled(cells: pa.Array) -> pa.Array:
    """Cells, of which an empty one is nothing."""
    return pc.if_else(pc.equal(pc.binary_length(cells), 0), pa.scalar(None, cells.type), cells)
