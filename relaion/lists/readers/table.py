"""Tables in partner files: rows of fields, and which columns hold entries."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from relaion.errors import ListError
from relaion.links import read_scoped
from relaion.links.text import BLANK, trim
from relaion.lists.classify import shape
from relaion.lists.kinds import ANY, kinds_named
from relaion.roles import SCOPED_KINDS

# -- Blocks of text as rows of fields, quotes and comments understood --------------------------

WHOLE = "\x1f"  # a delimiter that occurs in no partner's file: the line is the field

_QUOTED_LINES = 20  # lines that one quoted field may run over


def content(lines: Sequence[str]) -> list[str]:
    """Lines that are neither blank nor a comment (`#`)."""
    return [line for line in lines if (bare := trim(line, BLANK)) and bare[0] != "#"]


class RowReader:
    """Cuts blocks of whole lines into rows.

    A quote that is never closed costs nothing but its own line's quoting: a reader that
    followed it to the end of the file would swallow entries. `text_first` is the number of
    fields of a table whose first column is text: there a full row may begin with `#`.
    """

    def __init__(self, delimiter: str, text_first: int | None = None) -> None:
        self._delimiter = delimiter
        self._text_first = text_first
        self._held = ""  # a quoted field that goes on in the next block

    @property
    def waiting(self) -> bool:
        """Whether the start of a row is held for the next block."""
        return bool(self._held)

    def rows(self, block: str, *, last: bool = False) -> list[list[str]]:
        """The rows of a block; blank lines and comments are none."""
        text, self._held = self._held + block, ""
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        rows = self._by_line(self._content(lines))
        return self._careful(lines, last) if rows is None else rows

    def _content(self, lines: Sequence[str]) -> list[str]:
        if self._text_first is None:
            return content(lines)
        full = self._text_first - 1
        return [
            x
            for x in lines
            if content([x]) or (trim(x, BLANK) and x.count(self._delimiter) >= full)
        ]

    def _by_line(self, lines: list[str]) -> list[list[str]] | None:
        """Rows of one line each; None where quotes run over lines or do not pair up."""
        try:
            rows = self._parse(lines)
        except csv.Error:
            return None
        return rows if len(rows) == len(lines) else None

    def _parse(self, lines: Sequence[str]) -> list[list[str]]:
        return list(
            csv.reader(lines, delimiter=self._delimiter, skipinitialspace=True, strict=True)
        )

    def _careful(self, lines: list[str], last: bool) -> list[list[str]]:
        rows: list[list[str]] = []
        at = 0
        while at < len(lines):
            if not self._content(lines[at : at + 1]):
                at += 1
                continue
            end = self._end_of_row(lines, at)
            if end is None and not last and len(lines) - at < _QUOTED_LINES:
                self._held = "\n".join(lines[at:]) + "\n"
                break
            row = None if end is None else self._one_row(lines[at:end])
            if row is None or end is None:
                row, end = [field.strip('"') for field in self._split(lines[at])], at + 1
            rows.append(row)
            at = end
        return rows

    def _split(self, line: str) -> list[str]:
        return line.split(self._delimiter)

    def _end_of_row(self, lines: Sequence[str], at: int) -> int | None:
        """The first line after the row that starts at `at`: all its quotes are closed."""
        quotes = 0
        for end in range(at, min(at + _QUOTED_LINES, len(lines))):
            quotes += lines[end].count('"')
            if quotes % 2 == 0:
                return end + 1
        return None

    def _one_row(self, lines: Sequence[str]) -> list[str] | None:
        try:
            rows = self._parse([line + "\n" for line in lines])
        except csv.Error:
            return None
        return rows[0] if len(rows) == 1 and not self._swallows(lines, rows[0]) else None

    def _swallows(self, lines: Sequence[str], row: Sequence[str]) -> bool:
        """Whether lines that quotes make one row look like rows of their own.

        Captions hold stray quotes. Taken for one row, the others' entries would vanish
        unseen; taken for several, the worst is a row that is counted as skipped.
        """
        if len(lines) == 1:
            return False
        inner = [line for field in row for line in field.split("\n")[:-1] if "\n" in field]
        return all(len(self._split(line)) == len(row) for line in lines) or any(
            shape(part) for line in inner if self._delimiter in line for part in self._split(line)
        )


# -- How a partner's file is laid out: delimiter, header, and which columns hold entries -------

FORMATS = ("txt", "csv")  # a value a line, or columns
_WHOLE_LINES = "lines were read whole, as links that hold delimiters; for columns use --format csv"
_BY_VALUE = "no known column name; columns chosen by their values: {}"

_DELIMITERS = "\t;,|"
_PART_OF_LINK = re.compile(r"[/=&%_]|\.[A-Za-z]{2,5}$")
_NO_PART_OF_LINK = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*|.*\S +\S.*")


@dataclass(frozen=True)
class TableColumn:
    """A column that holds entries: its place, from 0, and the kinds it can hold."""

    index: int
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class TableLayout:
    """How to read a file. `width` is how many fields a row has; `header`: the first is none."""

    delimiter: str
    width: int
    header: bool
    columns: tuple[TableColumn, ...]
    notice: str | None = None


def find_layout(
    sample: str, *, named_csv: bool, kind: str | None = None, file_format: str | None = None
) -> TableLayout:
    """The layout of a file whose first lines are `sample`.

    Column names decide first, then the values of columns. A line that begins with a link is
    the hard case, since links hold delimiters too: what follows decides whether it looks
    like columns or like more of the link, and where it looks like neither, the file's name
    (`named_csv`) or `file_format`. With `kind`, only columns that can hold it are read.
    Raises ListError, without the file's name, when there is no such column.
    """
    delimiters = _DELIMITERS if file_format != "txt" else ""
    tables = {d: RowReader(d).rows(sample, last=True) for d in delimiters if d in sample}
    lines = RowReader(WHOLE).rows(sample, last=True)
    whole = TableLayout(WHOLE, 1, False, (TableColumn(0, (kind,) if kind else ANY),))
    if not lines:
        return whole
    named = [found for d, rows in tables.items() if (found := _by_names(d, rows, kind))]
    if named:
        return _of_kind(max(named, key=lambda found: found.width), kind)
    if kinds := kinds_named(lines[0][0], kind):
        return _of_kind(TableLayout(WHOLE, 1, True, (TableColumn(0, kinds),)), kind)
    guessed = [found for d, rows in tables.items() if (found := _by_values(d, rows, kind))]
    if not guessed:
        return whole
    best = max(guessed, key=lambda found: (len(found.columns), found.width))
    if file_format == "csv" or sum(map(_is_entry, lines)) * 2 < len(lines):
        return best
    return _links_or_columns(tables[best.delimiter], best, whole, named_csv)


def _of_kind(layout: TableLayout, kind: str | None) -> TableLayout:
    if kind is None:
        return layout
    able = [c for c in layout.columns if kind in c.kinds]
    # a column of links may hold hashed ones: only where no column is one of hashes
    surely = [c for c in able if kind == "url" or "url" not in c.kinds]
    columns = tuple(TableColumn(c.index, (kind,)) for c in surely or able)
    if not columns:
        raise ListError(f"no column can hold {kind}; call one {kind}, or leave --kind out")
    return replace(layout, columns=columns)


def _is_entry(row: Sequence[str]) -> bool:
    return shape(row[0]) is not None


def _by_names(
    delimiter: str, rows: Sequence[Sequence[str]], kind: str | None
) -> TableLayout | None:
    """The layout where the first row names a column that we know and holds no entry."""
    names = rows[0]
    known = [kinds_named(name, kind) for name in names]
    columns = tuple(TableColumn(i, kinds) for i, kinds in enumerate(known) if kinds)
    divided = sum(len(row) > 1 for row in rows[1:])
    if len(names) < 2 or not columns or divided * 2 < len(rows) - 1 or any(map(shape, names)):
        return None
    return TableLayout(delimiter, len(names), True, columns)


def _by_values(
    delimiter: str, rows: Sequence[Sequence[str]], kind: str | None
) -> TableLayout | None:
    """The layout where columns hold entries in most of the rows that fill them."""
    width, n = Counter(map(len, rows)).most_common(1)[0]
    if width < 2 or n * 2 <= len(rows):
        return None
    columns = []
    for i, values in enumerate(zip_longest(*(row[:width] for row in rows), fillvalue="")):
        filled = [value for value in values if trim(value)]
        if sum(_fits(value, kind) for value in filled) * 2 > len(filled):
            columns.append(TableColumn(i, (kind,) if kind else ANY))
    if not columns:
        return None
    first = [rows[0][c.index] for c in columns if c.index < len(rows[0])]
    header = not any(shape(value) or _fits(value, kind) for value in first)
    places = ", ".join(str(c.index + 1) for c in columns)
    return TableLayout(delimiter, width, header, tuple(columns), _BY_VALUE.format(places))


def _fits(value: str, kind: str | None) -> bool:
    if kind in SCOPED_KINDS:
        return not read_scoped(value, kind).fault
    found = shape(value)
    return found is not None and (
        kind is None or (kind == "url" if found == "link" else kind.endswith("_" + found))
    )


def _links_or_columns(
    rows: Sequence[Sequence[str]], table: TableLayout, whole: TableLayout, named_csv: bool
) -> TableLayout:
    """Lines begin with a link and are links: are the delimiters the link's or the table's?"""
    tails = list(zip_longest(*(row[1:] for row in rows), fillvalue=""))
    filled = [values for values in tails if any(map(trim, values))]
    certain = table.delimiter == "\t" or not filled or any(map(_is_no_part_of_link, filled))
    within = any(map(_is_part_of_link, filled))
    if certain and within:
        raise ListError(
            "links may hold the delimiter; quote them, name the columns, or pass --format csv"
        )
    if certain or (named_csv and not within):
        return table
    return whole if within and not named_csv else replace(whole, notice=_WHOLE_LINES)


def _is_no_part_of_link(values: Sequence[str]) -> bool:
    return all(
        not trim(value) or _NO_PART_OF_LINK.fullmatch(trim(value)) or shape(value)
        for value in values
    )


def _is_part_of_link(values: Sequence[str]) -> bool:
    parts = (v for v in values if _PART_OF_LINK.search(v) and not _is_no_part_of_link([v]))
    return sum(1 for _ in parts) * 2 > len(values)
