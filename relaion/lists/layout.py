"""How a partner's file is laid out: delimiter, header, and which columns hold entries."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from relaion.errors import ListError
from relaion.links import read_scoped
from relaion.links.unseen import trim
from relaion.lists.kinds import ANY, SCOPED, kinds_named
from relaion.lists.rows import WHOLE, RowReader
from relaion.lists.values import shape

FORMATS = ("txt", "csv")  # a value a line, or columns
_WHOLE_LINES = "lines were read whole, as links that hold delimiters; for columns use --format csv"
_BY_VALUE = "no known column name; columns chosen by their values: {}"

_DELIMITERS = "\t;,|"
_PART_OF_LINK = re.compile(r"[/=&%_]|\.[A-Za-z]{2,5}$")
_NO_PART_OF_LINK = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*|.*\S +\S.*")


@dataclass(frozen=True)
class Column:
    """A column that holds entries: its place, from 0, and the kinds it can hold."""

    index: int
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """How to read a file. `width` is how many fields a row has; `header`: the first is none."""

    delimiter: str
    width: int
    header: bool
    columns: tuple[Column, ...]
    notice: str | None = None


def find_layout(
    sample: str, *, named_csv: bool, kind: str | None = None, file_format: str | None = None
) -> Layout:
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
    whole = Layout(WHOLE, 1, False, (Column(0, (kind,) if kind else ANY),))
    if not lines:
        return whole
    named = [found for d, rows in tables.items() if (found := _by_names(d, rows, kind))]
    if named:
        return _of_kind(max(named, key=lambda found: found.width), kind)
    if kinds := kinds_named(lines[0][0], kind):
        return _of_kind(Layout(WHOLE, 1, True, (Column(0, kinds),)), kind)
    guessed = [found for d, rows in tables.items() if (found := _by_values(d, rows, kind))]
    if not guessed:
        return whole
    best = max(guessed, key=lambda found: (len(found.columns), found.width))
    if file_format == "csv" or sum(map(_is_entry, lines)) * 2 < len(lines):
        return best
    return _links_or_columns(tables[best.delimiter], best, whole, named_csv)


def _of_kind(layout: Layout, kind: str | None) -> Layout:
    if kind is None:
        return layout
    able = [c for c in layout.columns if kind in c.kinds]
    # a column of links may hold hashed ones: only where no column is one of hashes
    surely = [c for c in able if kind == "url" or "url" not in c.kinds]
    columns = tuple(Column(c.index, (kind,)) for c in surely or able)
    if not columns:
        raise ListError(f"no column can hold {kind}; call one {kind}, or leave --kind out")
    return replace(layout, columns=columns)


def _is_entry(row: Sequence[str]) -> bool:
    return shape(row[0]) is not None


def _by_names(delimiter: str, rows: Sequence[Sequence[str]], kind: str | None) -> Layout | None:
    """The layout where the first row names a column that we know and holds no entry."""
    names = rows[0]
    known = [kinds_named(name, kind) for name in names]
    columns = tuple(Column(i, kinds) for i, kinds in enumerate(known) if kinds)
    divided = sum(len(row) > 1 for row in rows[1:])
    if len(names) < 2 or not columns or divided * 2 < len(rows) - 1 or any(map(shape, names)):
        return None
    return Layout(delimiter, len(names), True, columns)


def _by_values(delimiter: str, rows: Sequence[Sequence[str]], kind: str | None) -> Layout | None:
    """The layout where columns hold entries in most of the rows that fill them."""
    width, n = Counter(map(len, rows)).most_common(1)[0]
    if width < 2 or n * 2 <= len(rows):
        return None
    columns = []
    for i, values in enumerate(zip_longest(*(row[:width] for row in rows), fillvalue="")):
        filled = [value for value in values if trim(value)]
        if sum(_fits(value, kind) for value in filled) * 2 > len(filled):
            columns.append(Column(i, (kind,) if kind else ANY))
    if not columns:
        return None
    first = [rows[0][c.index] for c in columns if c.index < len(rows[0])]
    header = not any(shape(value) or _fits(value, kind) for value in first)
    places = ", ".join(str(c.index + 1) for c in columns)
    return Layout(delimiter, width, header, tuple(columns), _BY_VALUE.format(places))


def _fits(value: str, kind: str | None) -> bool:
    if kind in SCOPED:
        return not read_scoped(value, kind).fault
    found = shape(value)
    return found is not None and (
        kind is None or (kind == "url" if found == "link" else kind.endswith("_" + found))
    )


def _links_or_columns(
    rows: Sequence[Sequence[str]], table: Layout, whole: Layout, named_csv: bool
) -> Layout:
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
