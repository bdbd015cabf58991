"""What a workbook holds that its values do not show: hidden rows, merged cells, unsaved formulas.

The parts of an xlsx or ods file are looked through as XML, before the library that reads values
gets it: a single cell far out would make that keep a sheet of billions of empty ones.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from dataclasses import dataclass, field
from zipfile import ZipFile

from relaion.errors import ListError
from relaion.lists.readers.containers.zipped import bytes_of
from relaion.lists.readers.tables.sheet_xml import (
    BLOCK,
    LARGEST_PART,
    SMALL_PART,
    OdsStyles,
    StruckStyles,
    parse,
    struck_in,
)

MOST_CELLS = 20_000_000
_TEXTS = "xl/sharedStrings.xml"
_NOTES = "/comments"
_HEADINGS = frozenset(
    f"{of}{what}" for of in ("odd", "even", "first") for what in ("Header", "Footer")
)
_CODE = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|[0-9]+|.)')  # of a font, or the number of a page
_LONGEST_HEADING = 1000  # characters
_SAID_OF_BOOK = ("docProps/core.xml", "meta.xml")
_SAID = ("title", "subject", "description", "keywords", "keyword", "category", "contentStatus")
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
Range = tuple[int, int, int, int]  # first row, first column, last row, last column, from 0


@dataclass
class SheetFacts:
    """Of one sheet. `hidden` rows hold values; `unsaved` formulas have no value.

    `struck` are cells with values that are crossed out, all of it or a part; `notes` hang on cells.

    `headings` are what is printed above and below its pages.

    `leads` are cells that lead to a link which they may not show, by row and column. Values stand
    in the first `rows` rows and `columns` columns, from column `left` on.
    """

    hidden: int = 0
    unsaved: int = 0
    struck: int = 0
    notes: int = 0
    headings: list[str] = field(default_factory=list)
    merged: list[Range] = field(default_factory=list)
    leads: set[tuple[int, int]] = field(default_factory=set)
    rows: int = 0
    columns: int = 0
    left: int = 0

    def reach(self, row: int, column: int) -> None:
        """Take note of a cell with a value; raises ListError where a sheet is too large."""
        self.left = min(self.left, column) if self.rows else column
        self.rows, self.columns = max(self.rows, row + 1), max(self.columns, column + 1)
        if self.rows * self.columns > MOST_CELLS:
            raise ListError(f"a sheet in it has more than {MOST_CELLS:,} cells; save it as csv")


def see_text(zipped: ZipFile, most: int) -> None:
    """Raise ListError where the texts of an xlsx file are damaged, or larger than `most` bytes."""
    if _TEXTS in zipped.namelist():
        n = 0
        for block in bytes_of(zipped, zipped.getinfo(_TEXTS), BLOCK):
            n += len(block)
            if n > most:
                raise ListError("holds more text than a sheet may; save it as csv")


def titles_of_book(zipped: ZipFile) -> list[str]:
    """What its properties say of a workbook: its title, subject, status and so on."""
    found: list[str] = []
    within = ""

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal within
        within = tag
        if tag in _SAID:
            found.append("")

    def text(data: str) -> None:
        if within in _SAID:
            found[-1] = (found[-1] + data)[:_LONGEST_HEADING]

    def end(_: str) -> None:
        nonlocal within
        within = ""

    for part in {*_SAID_OF_BOOK}.intersection(zipped.namelist()):
        parse(zipped, part, start, end, text, most=SMALL_PART)
    return [told for each in found if (told := each.strip())]


# -- xlsx ------------------------------------------------------------------------------------------


def xlsx_facts(zipped: ZipFile) -> dict[str, SheetFacts]:
    """What stands in the sheets of an xlsx file, by name."""
    links = _related(zipped, "xl/workbook.xml")
    parts: dict[str, str] = {}

    def on_sheet(tag: str, given: dict[str, str]) -> None:
        if tag == "sheet":
            parts[given.get("name", "")] = links.get(given.get("id", ""), "")

    parse(zipped, "xl/workbook.xml", on_sheet, most=SMALL_PART)
    struck = struck_in(zipped, links.values())
    return {name: _xlsx_sheet(zipped, part, struck) for name, part in parts.items()}


def _xlsx_sheet(zipped: ZipFile, part: str, struck: StruckStyles) -> SheetFacts:
    found = _XlsxSheet(struck)
    parse(zipped, part, found.start, found.end, found.text)
    found.facts.leads |= _outside(zipped, part, found.hyperlinks)
    found.facts.notes = sum(
        _notes_in(zipped, p) for p in _related(zipped, part, of=_NOTES).values()
    )
    return found.facts


def _notes_in(zipped: ZipFile, part: str) -> int:
    """How many notes hang on cells of a sheet."""
    told = Counter[str]()
    parse(zipped, part, lambda tag, _: told.update((tag,)))
    return told["comment"]


def _related(zipped: ZipFile, part: str, *, external: bool = False, of: str = "") -> dict[str, str]:
    """What a part refers to, by id: other parts, or links that lead out of the file.

    `of` is how the kind of those ends that are wanted.
    """
    folder, name = posixpath.split(part)
    rels = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, str] = {}

    def on_start(tag: str, given: dict[str, str]) -> None:
        is_external = given.get("TargetMode") == "External"
        if tag != "Relationship" or not given.get("Type", "").endswith(of):
            return
        if is_external == external:
            target = given.get("Target", "")
            whole = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            found[given.get("Id", "")] = target if external else posixpath.normpath(whole)

    if rels in zipped.namelist():
        parse(zipped, rels, on_start, most=LARGEST_PART if external else SMALL_PART)
    return found


def _outside(zipped: ZipFile, part: str, hyperlinks: dict[str, str]) -> set[tuple[int, int]]:
    """Cells that lead to pages, by the ids of what they lead to."""
    if not hyperlinks:
        return set()
    targets = _related(zipped, part, external=True)
    pages = {i for i, target in targets.items() if re.match(r"(?i)https?://|www\.", target)}
    return {
        place for ref, i in hyperlinks.items() if i in pages and (place := _place(ref)) is not None
    }


def _place(ref: str) -> tuple[int, int] | None:
    """Row and column of `B7`, from 0."""
    found = _PLACE.fullmatch(ref.replace("$", ""))
    if found is None:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def _range(ref: str) -> Range | None:
    first, _, last = ref.partition(":")
    start, end = _place(first), _place(last or first)
    return None if start is None or end is None else (*start, *end)


class _XlsxSheet:
    """A sheet on its way through the parser."""

    def __init__(self, struck: StruckStyles) -> None:
        self.facts = SheetFacts()
        self._struck = struck
        self._is_struck = self._is_shared = False
        self._shared = ""  # the number of a text
        self.hyperlinks: dict[str, str] = {}
        self._row = -1
        self._column = -1
        self._is_hidden = self._hides = False
        self._formula: str | None = None
        self._has_value = False
        self._within = self._heading = ""

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "row":
            said = given.get("r", "")
            self._row = int(said) - 1 if re.fullmatch(r"[0-9]{1,7}", said) else self._row + 1
            self._column = -1
            self._is_hidden = given.get("hidden") in ("1", "true")
            self._hides = False
        elif tag == "c":
            place = _place(given.get("r", ""))
            self._column = place[1] if place else self._column + 1
            self._row = place[0] if place else self._row
            self._formula, self._has_value = None, False
            self._is_struck = given.get("s", "") in self._struck.formats
            self._is_shared, self._shared = given.get("t") == "s", ""
        elif tag == "strike":
            self._is_struck = self._is_struck or given.get("val", "1") in ("1", "true")
        elif tag in ("v", "t", "f"):
            self._within = tag
            if tag == "f":
                self._formula = ""
        elif tag in _HEADINGS:
            self._within, self._heading = "heading", ""
        elif tag == "mergeCell" and (merged := _range(given.get("ref", ""))):
            self.facts.merged.append(merged)
        elif tag == "hyperlink" and given.get("id"):
            self.hyperlinks[given.get("ref", "")] = given["id"]

    def text(self, data: str) -> None:
        if self._within == "f" and self._formula is not None:
            self._formula = (self._formula + data)[:200]
        elif self._within == "heading":
            self._heading = (self._heading + data)[:_LONGEST_HEADING]
        elif self._within in ("v", "t") and data.strip():
            self._has_value = True
            self._shared += data if self._is_shared else ""

    def end(self, tag: str) -> None:
        if tag in ("v", "t", "f"):
            self._within = ""
        elif tag in _HEADINGS:
            self._within = ""
            parts = (_CODE.sub(" ", part).strip() for part in re.split("&[LCR]", self._heading))
            self.facts.headings += filter(None, parts)
        elif tag == "c":
            if self._has_value:
                self.facts.reach(self._row, self._column)
                self._hides = True
                is_text = self._shared.strip() in self._struck.texts
                self.facts.struck += self._is_struck or is_text
            if self._formula is not None:
                self.facts.unsaved += not self._has_value
                if re.match(r"\s*\+?\s*HYPERLINK\(", self._formula, re.I):
                    self.facts.leads.add((self._row, self._column))
        elif tag == "row":
            self.facts.hidden += self._is_hidden and self._hides


# -- ods -------------------------------------------------------------------------------------------


def ods_facts(zipped: ZipFile) -> dict[str, SheetFacts]:
    """What stands in the sheets of an ods file, by name."""
    found = _OdsSheets(OdsStyles.of(zipped))
    parse(zipped, "content.xml", found.start, found.end, found.text)
    return found.by_name


class _OdsSheets:
    """Sheets on their way through the parser.

    Rows and cells that are repeated stand there once, with how often.
    """

    def __init__(self, styles: OdsStyles) -> None:
        self._styles, self._row_style, self._is_struck = styles, "", False
        self.by_name: dict[str, SheetFacts] = {}
        self._here = SheetFacts()
        self._row = self._column = self._depth = 0
        self._rows = self._cells = 1
        self._is_hidden = self._hides = self._has_value = False
        self._spans: tuple[int, int] = (1, 1)
        self._has_formula = self._leads = self._in_note = False

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "table":
            self._depth += 1
            if self._depth > 1:
                raise ListError("a sheet in it holds another one; save it as csv")
            self._here = SheetFacts()
            self._row = 0
            self.by_name[given.get("name", "")] = self._here
        elif tag == "table-row":
            self._rows = _times(given, "number-rows-repeated")
            self._is_hidden = given.get("visibility", "visible") != "visible"
            self._row_style = given.get("default-cell-style-name", "")
            self._hides, self._column = False, 0
        elif tag in ("table-cell", "covered-table-cell"):
            self._cells = _times(given, "number-columns-repeated")
            n, m = _times(given, "number-rows-spanned"), _times(given, "number-columns-spanned")
            self._spans = n, m
            self._has_value = bool(given.keys() & {"value", "date-value", "string-value"})
            self._has_formula = "formula" in given
            self._is_struck = given.get("style-name", self._row_style) in self._styles.struck
            self._leads = "HYPERLINK(" in given.get("formula", "").upper()
        elif tag in ("style", "text-properties"):
            self._styles.take(tag, given)
        elif tag == "span":
            style = given.get("style-name", "")
            self._is_struck = self._is_struck or style in self._styles.struck
        elif tag == "annotation":
            self._in_note = True
            self._here.notes += 1
        elif tag == "a" and re.match(r"(?i)https?://|www\.", given.get("href", "")):
            self._leads = True

    def text(self, data: str) -> None:
        if not self._in_note and data.strip():
            self._has_value = True

    def end(self, tag: str) -> None:
        if tag == "table":
            self._depth -= 1
        elif tag == "annotation":
            self._in_note = False
        elif tag == "table-row":
            self._here.hidden += self._rows if self._is_hidden and self._hides else 0
            self._row += self._rows
        elif tag in ("table-cell", "covered-table-cell"):
            row, column = self._row, self._column
            if self._has_value:
                self._here.reach(row, column)
                self._here.reach(row + self._rows - 1, column + self._cells - 1)
                self._hides = True
                self._here.struck += self._is_struck
            self._here.unsaved += self._has_formula and not self._has_value
            if self._spans != (1, 1):
                n, m = self._spans
                self._here.merged.append((row, column, row + n - 1, column + m - 1))
            if self._leads:
                self._here.leads.add((row, column))
            self._column += self._cells


def _times(given: dict[str, str], name: str) -> int:
    said = given.get(name, "1")
    return max(1, int(said)) if re.fullmatch(r"[0-9]{1,9}", said) else 1
