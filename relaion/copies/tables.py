"""TSV and CSV: CC3M, CC12M and every table of links and captions, with a line of names or without.

TSV has no quotes: captions of CC3M hold lone ones. Only where its links stand in quotes, it is
read as CSV with tabs. Whether quotes around a caption alone are its own nobody can tell, so its
row is known by it with them and without. CSV is as RFC 4180 says: a quote that is neither doubled
nor before a delimiter ends the reading with an error, for two records may have become one there.
A line in quotes that would be a record is told: two lone quotes make one of all between them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.copies.compressed import bare_ending
from relaion.copies.form import MOST_CAPTIONS, Rewritten
from relaion.copies.held_links import CODED
from relaion.copies.indexed import Indexed
from relaion.copies.lines import (
    BLANK,
    BOM,
    NO_ROW_HASH,
    ROLES_READ,
    IndexBatch,
    Seen,
    indexed,
    is_no_row_hash,
    like_links,
    lines_of,
    no_row_hashes,
    values,
    write_index,
    write_without,
)
from relaion.copies.rows import Piece, TextTable
from relaion.copies.second_links import IN_QUOTES, SecondLinks
from relaion.errors import InputError
from relaion.parquet.glossary import bare_name, says_caption
from relaion.parquet.row_groups import RowNumbers
from relaion.paths import shown
from relaion.roles import ROLES
from relaion.sidecars.tsv import unquoted

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
    is_one = "text" in columns or "text" not in roles
    further = [
        i for i, name in enumerate(table.names or ())
        if says_caption(name) and i not in roles.values()
    ]  # fmt: skip
    reading = TableReading(
        table, roles, is_by_links=table.width > 0 and table.names is None and not roles,
        further=() if is_one else tuple(further[:MOST_CAPTIONS]),
    )  # fmt: skip

    def told(seen: Seen) -> Indexed:
        if "row_hash" in columns and reading.is_hash_refused:
            raise no_row_hashes(path)
        names = table.names
        played = {role: names[i] if names else str(i + 1) for role, i in reading.roles.items()}
        notices = [NO_ROW_HASH] * reading.is_hash_refused
        notices += reading.second.notices(
            name for i, name in enumerate(names or ()) if i not in reading.roles.values()
        )
        return indexed(path, seen, played, notices, names or ())

    return write_index(into, reading.batches, told)


def rewrite(path: Path, target: Path, leaving: RowNumbers) -> Rewritten:
    """Write a table without the records of these numbers, every other one byte for byte."""
    table = _survey(path)
    # without quotes, records end where lines do
    pieces = (p.raws for p in table.pieces()) if table.is_quoted else lines_of(path)
    return write_without(
        path, target, pieces, table.blank, headed=table.names is not None, leaving=leaving
    )


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
    further: tuple[int, ...] = ()  # columns of captions beside that of the role
    is_hash_refused: bool = False
    is_begun: bool = False
    counts: list[int] = field(default_factory=list)  # of links, by column
    second: SecondLinks = field(default_factory=SecondLinks)

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
        self.second = SecondLinks()
        is_header = self.table.names is not None
        for piece in self.table.pieces():
            if not piece.rows:
                continue
            of_roles = range(self.table.width) if self.is_by_links else self.roles.values()
            wanted = [*of_roles, *self.further]
            cells = self.table.columns(piece, wanted)
            if self.is_by_links:
                self.counts = [n + like_links(cells[i]) for i, n in enumerate(self.counts)]
                self.roles = self.roles or _by_links(self.counts)
            if self.table.is_quoted and "url" in self.roles:
                swallowing = self.table.swallowing(piece, self.roles["url"])
                self.second.add([IN_QUOTES] * (swallowing > 0), swallowing)
            none = pa.nulls(len(piece.rows), pa.large_binary())
            got = [cells[self.roles[r]] if r in self.roles else none for r in ROLES_READ]
            self._look(piece, got, is_header=is_header)
            got += [cells[i] for i in self.further]
            links, captions, own, *more = (column.slice(is_header) for column in got)
            self.second.behind(links)
            if not self.table.is_quoted:
                bare = map(_out_of_quotes, [captions, *more])
                more += [column for column in bare if column is not None]
            is_header = False
            yield IndexBatch(
                links, captions, own if "row_hash" in self.roles else None,
                has_captions="text" in self.roles, more=more,
            )  # fmt: skip

    def _look(self, piece: Piece, got: list[pa.Array], *, is_header: bool) -> None:
        """Look for links in the columns that play no role, where there are any."""
        others = [i for i in range(self.table.width) if i not in self.roles.values()]
        if not others:
            return
        links, captions, _ = got
        known = pc.sum(pc.count_substring(pa.chunked_array([links, captions]), "//")).as_py() or 0
        text = b"".join(piece.raws)
        if text.count(b"//") <= known and not CODED.search(text):
            return
        for i, cells in self.table.columns(piece, others).items():
            name = self.table.names[i] if self.table.names else str(i + 1)
            self.second.column(name, cells.slice(is_header), links.slice(is_header))

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


def _out_of_quotes(captions: pa.Array) -> pa.Array | None:
    """The captions that stand in quotes without these, the others as nothing; None without any."""
    if not pc.any(pc.starts_with(captions, '"')).as_py():
        return None
    bare = [(c, unquoted(c or b"")) for c in captions.to_pylist()]
    return values(b if b != c else None for c, b in bare)


def _by_links(counts: list[int]) -> dict[str, int]:
    url = counts.index(max(counts))
    return {"url": url, "text": 1 - url} if len(counts) == 2 else {"url": url}
