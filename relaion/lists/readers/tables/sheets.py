"""Sheets of xlsx and ods files as rows of text, by python-calamine (the extra `sheets`).

A sheet is written by people: titles stand above its rows, and a number may have been a digest once.
What a person hid is neither listed nor not, so it is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, BinaryIO
from zipfile import ZipFile

from relaion.errors import ListError, RelaionError
from relaion.lists.readers.containers import zipped
from relaion.lists.readers.containers.delivered import says_something
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.format import OF_NAME, Options, Sure
from relaion.lists.readers.tables import columnar
from relaion.lists.readers.tables.rows import Row
from relaion.lists.readers.tables.sheet_parts import (
    SheetFacts,
    ods_facts,
    see_text,
    titles_of_book,
    xlsx_facts,
)
from relaion.lists.values import shape

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_MISSING = (
    "is a workbook, and what reads those is not installed: run `pip install 'relaion[sheets]'`, "
    "then repeat the command, or save the sheet as csv"
)
_DAMAGED = "the workbook is damaged or of a kind that is not read; save the sheet as csv"
_HIDDEN = (
    "rows of the sheet are hidden ({:,}), and nobody says whether what is in them is listed: show "
    "all rows, delete those that are not, and save it again"
)
_STRUCK = (
    "cells of the sheet are crossed out ({:,}), and nobody says whether what is in them is listed: "
    "delete the rows that are not, take the lines through the others away, and save it again"
)
_NOTED = (
    "notes hang on cells of the sheet ({:,}), and nobody here knows of what they speak: write what "
    "they say of entries into a column, delete the notes, and save it again"
)
_UNSAVED = (
    "cells of the sheet hold formulas whose values were not saved ({:,}); open it, save it again, "
    "or save it as csv"
)
_LEADS = "cells that lead to a link other than they show, not looked at: {:,}"
_HIDDEN_LINKS = (
    "cells of the sheet in a column of links lead to a link and do not show it ({:,}): write the "
    "links into those cells, and save it again"
)
_MOST_TEXT = 1 << 30  # bytes
_DIGITS = 10**15  # a sheet keeps fifteen digits of a number


@dataclass(frozen=True)
class SheetTable:
    """A workbook. `name` is what `--format` says, `part` the part by which it is known."""

    name: str
    part: str
    facts: Callable[[ZipFile], dict[str, SheetFacts]]
    has_headings: bool = True

    def sniff(self, head: str, file_name: str) -> Sure | None:
        """Sure by the names of its parts."""
        parts = head.split("\n")
        return Sure() if parts[0].startswith("PK\x03\x04") and self.part in parts[1:] else None

    def rows(self, document: ListDocument, options: Options) -> Iterator[Row]:
        """The rows of one sheet: of the only one that holds something, or of the one named."""
        if self.sniff(document.head, document.file_name) is None or document.raw is None:
            raise ListError(f"is no workbook of this kind; leave --format {self.name} out")
        raw = document.raw()
        with zipped.archive(raw) as parts:
            see_text(parts, _MOST_TEXT)
            facts_of = self.facts(parts)
            titles = titles_of_book(parts)
        sheet, facts = _chosen(_opened(raw), facts_of, options, document.notices)
        if facts.hidden:
            raise ListError(_HIDDEN.format(facts.hidden))
        if facts.struck:
            raise ListError(_STRUCK.format(facts.struck))
        if facts.notes:
            raise ListError(_NOTED.format(facts.notes))
        if facts.unsaved:
            raise ListError(_UNSAVED.format(facts.unsaved))
        # as the name of a file does
        if OF_NAME not in options.ignore and says_something(sheet.name):
            yield [sheet.name]
        yield from ([text] for text in (*titles, *facts.headings) if says_something(text))
        leads = _Leads(facts)
        for number, row in enumerate(_rows(sheet, facts)):
            leads.watch(row, number)
            yield _as_title(row)
        leads.refuse()
        if leads.n:
            document.notices.append(_LEADS.format(leads.n))


XLSX = SheetTable("xlsx", zipped.SHEETS["xlsx"], xlsx_facts)
ODS = SheetTable("ods", zipped.SHEETS["ods"], ods_facts)


def _opened(raw: BinaryIO) -> CalamineWorkbook:
    try:
        from python_calamine import CalamineWorkbook  # noqa: PLC0415 - an extra
    except ImportError:
        raise ListError(_MISSING) from None
    raw.seek(0)
    with _translated():
        return CalamineWorkbook.from_filelike(raw)


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of the library in our words, which quote no value; its panics are no Exception."""
    try:
        yield
    except RelaionError:
        raise
    except Exception:
        raise ListError(_DAMAGED) from None
    except BaseException as e:
        if type(e).__name__ != "PanicException":
            raise
        raise ListError(_DAMAGED) from None


def _chosen(
    book: CalamineWorkbook, facts_of: dict[str, SheetFacts], options: Options, notices: list[str]
) -> tuple[CalamineSheet, SheetFacts]:
    names = [name for name, facts in facts_of.items() if facts.rows]
    if not names:
        raise ListError("holds no sheet with anything in it; check that all of it came")
    with _translated():
        hidden = {x.name for x in book.sheets_metadata if not str(x.visible).endswith(".Visible")}
    marked = [zipped.named(name) + " (hidden)" * (name in hidden) for name in names]
    if len(names) == 1 and names[0] in hidden and options.member is None:
        raise ListError(
            f"holds one sheet with anything in it, which is hidden ({marked[0]}): if it is the "
            "list, choose it with --member 1"
        )
    at = zipped.pick(names, options.member, "sheet", "save the one that is the list as csv", marked)
    if len(names) > 1:
        notices.append(f"other sheets of the workbook, not looked at: {len(names) - 1:,}")
    with _translated():
        return book.get_sheet_by_name(names[at]), facts_of[names[at]]


def _rows(sheet: CalamineSheet, facts: SheetFacts) -> Iterator[list[str | None]]:
    """Rows from the first of the sheet; a cell that spans several stands in each of them."""
    with _translated():
        source = iter(sheet.iter_rows())
    spans = {
        (first, column - facts.left): last
        for first, column, last, _ in facts.merged
        if last > first
    }
    held: dict[int, tuple[int, str | None]] = {}  # by column: the last row of a span, its value
    for number in range(facts.rows):
        with _translated():
            values = next(source, None)
        if values is None:
            return
        row = [_cell(value) for value in values]
        for column, text in enumerate(row):
            if (number, column) in spans:
                held[column] = spans[number, column], text
            elif column in held and text is None and number <= held[column][0]:
                row[column] = held[column][1]
        yield row


@dataclass
class _Leads:
    """Cells that lead to a link and show another text: how many, and of rows that list nothing.

    Those are counted by column, and the columns kept that show links in other rows.
    """

    facts: SheetFacts
    n: int = 0
    alone: Counter[int] = field(default_factory=Counter)
    of_links: set[int] = field(default_factory=set)

    def watch(self, row: Sequence[str | None], number: int) -> None:
        """Take in a row."""
        if not self.facts.leads:
            return
        shown = {i for i, text in enumerate(row) if text and "://" in text}
        places = [i for i, text in enumerate(row) if text and i not in shown]
        unseen = [i for i in places if (number, i + self.facts.left) in self.facts.leads]
        self.n += len(unseen)
        self.of_links |= shown
        if not any(shape((text or "").strip()) for text in row):
            self.alone.update(unseen)

    def refuse(self) -> None:
        """Raise ListError where such a cell stands in a column of links, in place of one."""
        if n := sum(self.alone[i] for i in self.of_links):
            raise ListError(_HIDDEN_LINKS.format(n))


def _as_title(row: list[str | None]) -> list[str | None]:
    """A row of which only the first cell says anything, as a line of text; an empty one as none.

    An entry without anything beside it is no title.
    """
    filled = [i for i, text in enumerate(row) if text]
    is_title = filled == [0] and shape(row[0] or "") is None
    return row[:1] if is_title else row if filled else []


def _cell(value: object) -> str | None:
    if value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return columnar.number(float(value), _DIGITS)
    if isinstance(value, timedelta):
        return str(value)
    return columnar.cell(value)
