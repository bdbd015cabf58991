"""TSV and CSV: CC3M, CC12M and every table of links and captions, with a line of names or without.

TSV has no quotes: captions of CC3M hold lone ones. Only where its links stand in quotes, it is
read as CSV with tabs. CSV is as RFC 4180 says: a quote that is neither doubled nor before a
delimiter ends the reading with an error, for two records may have become one there.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.copies.compressed import BLOCK, bare_ending
from relaion.copies.form import Indexed, Rewritten
from relaion.copies.lines import (
    BLANK,
    BOM,
    LONGEST,
    NO_ROW_HASH,
    IndexBatch,
    Seen,
    indexed,
    is_no_row_hash,
    like_links,
    lines_of,
    no_column,
    no_row_hashes,
    too_long,
    unlooked,
    values,
    write_index,
    write_without,
)
from relaion.errors import InputError
from relaion.parquet.glossary import bare_name
from relaion.parquet.row_groups import RowNumbers
from relaion.paths import shown
from relaion.roles import ROLES

ROLES_READ = ("url", "text", "row_hash")
_DELIMITERS = ",;|\t"
_SAMPLE = 200  # records that tell the delimiter
_MARK_OF_SHEETS = re.compile(rb'"?sep=."?\s*')
_LONGEST_NAME = 64  # bytes; a longer cell, or one with a link in it, is no name of a column


def index(path: Path, into: Path, columns: Mapping[str, str]) -> Indexed:
    """Write the index of a table; `columns` names those that play a role, by name or position.

    Without a line of names, positions count from 1, and of two columns the one that holds links
    in most records is the link. Raises InputError, which quotes no value, for a table that
    cannot be read for sure.
    """
    table = _survey(path)
    table.refuse_unsure(columns)
    roles = table.roles(columns)
    reading = TableReading(
        table, roles, is_by_links=table.width > 0 and table.names is None and not roles
    )

    def told(seen: Seen) -> Indexed:
        if "row_hash" in columns and reading.is_hash_refused:
            raise no_row_hashes(path)
        names = table.names
        played = {role: names[i] if names else str(i + 1) for role, i in reading.roles.items()}
        notices = [NO_ROW_HASH] * reading.is_hash_refused
        notices += unlooked(
            name for i, name in enumerate(names or ()) if i not in reading.roles.values()
        )
        return indexed(path, seen, played, notices)

    return write_index(into, reading.batches, told)


def rewrite(path: Path, target: Path, leaving: RowNumbers) -> Rewritten:
    """Write a table without the records of these numbers, every other one byte for byte."""
    table = _survey(path)
    # without quotes, records end where lines do
    pieces = (p.raws for p in table.pieces()) if table.is_quoted else lines_of(path)
    return write_without(
        path, target, pieces, table.blank, headed=table.names is not None, leaving=leaving
    )


# -- Lines as rows ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """Some records as they stand, blank lines among them, and what is in each record."""

    line: int
    raws: list[bytes]
    rows: Sequence[bytes | list[str]]  # without quotes whole, else fields as latin-1


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
        before = csv.field_size_limit(2 * LONGEST)  # of the whole process
        try:
            reader = self._reader(lines)
            for row in reader:
                rows.append(row)
                ends.append(reader.line_num)
        except csv.Error as e:
            open_lines = lines[ends[-1] if ends else 0 :]
            if sum(map(len, open_lines)) > LONGEST + BLOCK:
                raise too_long(self.path) from None
            if is_last or not self._is_open(open_lines):
                raise self._bad_quote(line + len(lines) - len(open_lines), open_lines, e) from None
        finally:
            csv.field_size_limit(before)
        raws = lines[: len(rows)]
        if ends and ends[-1] != len(rows):
            starts = [0, *ends]
            raws = [b"".join(lines[a:b]) for a, b in zip(starts, ends, strict=False)]
        blank = self.blank
        kept = [row for row, raw in zip(rows, raws, strict=True) if raw.strip(blank)]
        return Piece(line, raws, kept), lines[ends[-1] if ends else 0 :]

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
            f"{shown(self.path)}: line {line} has {n} fields, the first line {self.width} ({how}); "
            "mend or take out that line"
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


# -- What the first block tells ----------------------------------------------------------------


def _survey(path: Path) -> TextTable:
    """Find delimiter, quotes and header; raises InputError for a file that is no table."""
    lines: list[bytes] = []
    for some in lines_of(path):
        lines += [] if some == [BOM] else some
        if len(lines) > _SAMPLE:
            break
    is_whole, lines = len(lines) <= _SAMPLE, lines[:_SAMPLE]
    first = next((raw for raw in lines if raw.strip(BLANK)), b"")
    if _MARK_OF_SHEETS.fullmatch(first):
        raise InputError(f"{shown(path)}: begins with a spreadsheet's `sep=`; take out that line")
    if b"\r" in first.rstrip(b"\r\n") and len(lines) == 1:
        raise InputError(f"{shown(path)}: its lines end with CR alone; write them with LF")
    if bare_ending(path) == ".tsv":
        table = TextTable(path, "\t", is_quoted=_is_quoted(lines))
    else:
        table = _delimited(path, lines, is_whole=is_whole)
    for piece in table.pieces():
        if piece.rows:
            return _headed(table, table.fields(piece.rows[0]))
    return table


def _sample(table: TextTable, lines: list[bytes], *, is_whole: bool) -> list[list[bytes]]:
    """The first records, of lines of which the last record may not be whole."""
    pieces = table.cut(iter([lines] if is_whole else [lines, [b""]]))
    return [*map(table.fields, next(pieces).rows)] if lines else []


def _is_quoted(lines: list[bytes]) -> bool:
    """Whether the links of a TSV stand in quotes."""
    cells = [cell for raw in lines for cell in raw.strip(b"\r\n").split(b"\t")]
    quoted = [c[1:-1] for c in cells if len(c) > 1 and c[:1] == c[-1:] == b'"']
    return like_links(values(quoted)) > like_links(values(cells))


def _delimited(path: Path, lines: list[bytes], *, is_whole: bool) -> TextTable:
    """The table of a CSV file: its delimiter cuts all records alike, and links from captions."""
    best: tuple[Any, ...] = ()
    found = TextTable(path, ",", is_quoted=True)
    for delimiter in _DELIMITERS:
        table = TextTable(path, delimiter, is_quoted=True)
        try:
            rows = _sample(table, lines, is_whole=is_whole)
        except InputError:
            continue
        (width, many), *_ = Counter(map(len, rows)).most_common(1) or [(0, 0)]
        if width < 2:
            continue
        links = like_links(values(chain.from_iterable(rows)))
        rank = (any(map(_role_named, rows[0])), many == len(rows), links, many)
        if rank > best:
            best, found = rank, table
    return found


def _role_named(cell: bytes) -> str | None:
    name = bare_name(cell.decode("utf-8", "replace")).lower()
    return next((role for role in ROLES_READ if name in ROLES[role].names), None)


def _headed(table: TextTable, first: list[bytes]) -> TextTable:
    """The table with the names in its first record, if they are names."""
    table = replace(table, width=len(first))
    if any(len(cell) > _LONGEST_NAME or b"://" in cell for cell in first):
        return table
    named = replace(table, names=tuple(cell.decode("utf-8", "replace") for cell in first))
    if {"url", "row_hash"} & set(map(_role_named, first)):
        return named
    # pandas leaves the name of its row numbers empty; no other name is empty or a number
    if not all(cell.strip() for cell in first[1:] or first) or any(map(_is_number, first)):
        return table
    return replace(named, is_unsure=True)


def _is_number(cell: bytes) -> bool:
    return cell.strip().lstrip(b"+-").replace(b".", b"").isdigit()


# -- Records for the index -------------------------------------------------------------------------


@dataclass
class TableReading:
    """A table on its way into an index: all its records decide which column holds the links."""

    table: TextTable
    roles: dict[str, int]
    is_by_links: bool  # nobody has said which column holds the links
    is_hash_refused: bool = False
    is_begun: bool = False
    counts: list[int] = field(default_factory=list)  # of links, by column

    def batches(self, seen: Seen) -> Iterator[IndexBatch] | None:
        """The records; None where they were told as they have to be."""
        if not self.is_begun:
            self.is_begun = True
            return self._read()
        if self.is_by_links and self.roles != (found := self._judged(seen.records)):
            self.roles = found
            return self._read()
        if "row_hash" in self.roles and is_no_row_hash(seen):
            del self.roles["row_hash"]
            self.is_hash_refused = True
            return self._read()
        return None

    def _read(self) -> Iterator[IndexBatch]:
        self.counts = [0] * self.table.width
        is_header = self.table.names is not None
        for piece in self.table.pieces():
            if not piece.rows:
                continue
            wanted = range(self.table.width) if self.is_by_links else self.roles.values()
            cells = self.table.columns(piece, wanted)
            if self.is_by_links:
                self.counts = [n + like_links(cells[i]) for i, n in enumerate(self.counts)]
                self.roles = self.roles or _by_links(self.counts)
            none = pa.nulls(len(piece.rows), pa.large_binary())
            got = [cells[self.roles[r]] if r in self.roles else none for r in ROLES_READ]
            links, captions, own = (column.slice(is_header) for column in got)
            is_header = False
            yield IndexBatch(links, captions, own if "row_hash" in self.roles else None)

    def _judged(self, records: int) -> dict[str, int]:
        """Which column holds the links, by all records; InputError where that is not plain."""
        *_, second, first = [0, *sorted(self.counts)]
        if 2 * second <= first and 2 * first >= records:
            return _by_links(self.counts)
        what = "no column holds" if 2 * first < records else "more than one column holds"
        raise InputError(
            f"{shown(self.table.path)}: no line of names, and {what} links in most of its "
            f"{records} records; say which one does, counted from 1, as --column url=2"
        )


def _filled(cells: pa.Array) -> pa.Array:
    """Cells, of which an empty one is nothing."""
    return pc.if_else(pc.equal(pc.binary_length(cells), 0), pa.scalar(None, cells.type), cells)


def _by_links(counts: list[int]) -> dict[str, int]:
    url = counts.index(max(counts))
    return {"url": url, "text": 1 - url} if len(counts) == 2 else {"url": url}
