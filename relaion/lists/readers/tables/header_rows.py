"""Rows of a table that hold no record: names once more, lines drawn below them."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from relaion.errors import ListError
from relaion.links.text import BLANK, is_bare, trim
from relaion.lists.digests import LENGTHS
from relaion.lists.readers.tables.columns import ListColumn, ListLayout, cleaned_name
from relaion.lists.readers.tables.notes import read_text
from relaion.lists.readers.tables.strays import DIGEST
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import read_value, read_weak, shape

MANY_FIELDS = "more fields than columns"

TWO_NAMES = (
    "holds two rows of names, one below the other: keep, in a copy, the one that says what the "
    "columns hold"
)
SECOND_NAMES = "holds a second row of names, behind {:,} rows: add the parts as files of their own"

_DIVIDER = re.compile(r"[\s:|=+-]*[-=]{2,}[\s:|=+-]*")  # below the names, as people draw tables


def is_divider(row: Sequence[str]) -> bool:
    """Whether a row is a line that is drawn below names."""
    if row and row[0][:1].isalnum():
        return False
    return all(not cell or _DIVIDER.fullmatch(cell) for cell in row) and any(row)


def is_header(row: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a row is that of the names once more."""
    if len(row) < len(header) or not all(map(_is_named, row, header)):
        return False
    told = [names.squeezed(c) for c in row]
    while len(told) > len(header) and not told[-1]:
        told.pop()
    return any(told) and told == header


def _is_named(cell: str, name: str) -> bool:
    """Whether a cell is a name, squeezed; most differ in their length already."""
    is_plain = cell.isalnum() and cell.isascii()
    return (not is_plain or len(cell) == len(name)) and names.squeezed(cell) == name


_COUNT = re.compile(r"(?<![\w-])(?!(?:1|5|256)\b)\d+(?![\w-])")  # and of no algorithm's name


_TEXTS = (names.NOTE, names.CAPTION, names.UNKNOWN, names.FILE_NAME)
_FIGURES = re.compile(r"[\d\s.:/TZ+-]*")
_NO_TEXTS = (names.ENTRY, names.ID, *names.DECIDING, *names.TRAITS)


def _is_bare_digest(row: Sequence[str], at: int) -> bool:
    """Whether a cell has the length and the letters of a digest: such a row names no columns."""
    return at < len(row) and len(row[at]) in LENGTHS and row[at].isalnum()


@dataclass(frozen=True)
class TableRows:
    """The rows of a table: which of them are records."""

    layout: ListLayout
    kind: str | None

    def records(self, rows: list[list[str]], before: int, skipped: Counter[str]) -> list[list[str]]:
        """The rows that are records: no names once more, and no more fields than columns."""
        if any(c.name for c in self.layout.columns):
            header = [names.squeezed(c.name) for c in self.layout.columns]
            rows = [row for row in rows if not is_header(row, header)]
        rows = [row for row in rows if not is_divider(row)]
        first = self.layout.entries[0].index
        may_name = (i for i, row in enumerate(rows) if not _is_bare_digest(row, first))
        at = next((i for i in may_name if self._names_anew(rows[i])), None)
        if at is not None:
            at += before
            raise ListError(SECOND_NAMES.format(at) if at else TWO_NAMES)
        width = self.layout.width
        if self._ends_in_text and any(len(row) > width for row in rows):
            rows = [self._with_text(row) for row in rows]
        whole = [r for r in rows if len(r) <= width or not any(trim(c, BLANK) for c in r[width:])]
        if len(whole) < len(rows):
            skipped[MANY_FIELDS] += len(rows) - len(whole)
        return whole

    @cached_property
    def _ends_in_text(self) -> bool:
        """Whether the last column holds texts, in which a delimiter may stand unquoted."""
        last = max(self.layout.columns, key=lambda c: c.index)
        return last.what in _TEXTS and last.index == self.layout.width - 1

    def _with_text(self, row: list[str]) -> list[str]:
        """A row whose last fields are one text, if its entries are digests: links hold commas."""
        if len(row) <= (width := self.layout.width):
            return row
        looks = {shape(row[c.index]) for c in self.layout.entries}
        others = [row[c.index] for c in self.layout.columns[:-1] if c.what not in _NO_TEXTS]
        if not looks.isdisjoint((None, "link")) or not all(map(_FIGURES.fullmatch, others)):
            return row
        return [*row[: width - 1], self.layout.delimiter.join(row[width - 1 :])]

    def _names_anew(self, row: Sequence[str]) -> bool:
        """Whether a row names columns, as the first of another table does that was put behind."""
        held: list[str] = []
        for c in self.layout.entries:
            cell = row[c.index].strip() if c.index < len(row) else ""
            if len(cell) > 60 or "://" in cell or DIGEST.fullmatch(cell):
                return False
            held += [cell] * bool(cell)
        if not held or (sum(map(bool, row)) == 1 and _COUNT.search(held[0])):
            return False
        kind = self.kind
        if any(names.is_of_values(cleaned_name(cell), kind) for cell in held):
            return not any(self._is_value(row, c) for c in self.layout.entries)
        if sum(map(bool, map(str.strip, row))) == 1 and (says := read_text(held[0], alone=True)):
            return says.fate is not None  # `Deleted:` above rows
        told = [plain for cell in row if (plain := names.squeezed(cell))]
        if len(told) > 1 and {names.squeezed(c.name) for c in self.layout.columns}.issuperset(told):
            return True
        what = [names.read_name(cleaned_name(cell), kind).what for cell in row if cell.strip()]
        return len(what) > 1 and names.ENTRY in what and names.UNKNOWN not in what

    @staticmethod
    def _is_value(row: Sequence[str], column: ListColumn) -> bool:
        cell = row[column.index].strip() if column.index < len(row) else ""
        is_read = isinstance(read_value(cell, column.kinds), tuple)
        return is_read or is_bare(cell) or read_weak(cell, column.kinds) is not None
