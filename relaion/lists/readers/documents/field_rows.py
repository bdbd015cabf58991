"""Rows of a table as records by their fields, where a format knows what its columns are."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.containers.text import RowReader, with_end
from relaion.lists.readers.documents.field_columns import Row
from relaion.lists.readers.format import Stream
from relaion.lists.readers.lines.content import first_lines
from relaion.lists.readers.lines.ending import WITHIN
from relaion.lists.readers.tables.header_rows import is_header
from relaion.lists.readers.vocabulary import names

DELIMITERS = ",;\t|"
WIDTH = "fewer or more fields than columns"
_SEPARATOR_LINE = re.compile(r'^"?sep=."?\n', re.I)


@dataclass(frozen=True)
class FieldLayout:
    """How a table is laid out: its delimiter, the fields of its columns.

    `names` is the row that names them, empty where there is none, `added` fields that every record
    has. `above` are rows of titles that stand above the names.
    """

    delimiter: str
    columns: tuple[str, ...]
    names: tuple[str, ...] = ()
    added: tuple[tuple[str, str], ...] = ()
    above: tuple[tuple[str, ...], ...] = ()


MOST_ABOVE = 10
"""Rows in which the names of columns are looked for: titles may stand above them."""


def cut_rows(head: str) -> Iterator[tuple[str, list[list[str]]]]:
    """The first rows of a file, cut by each delimiter."""
    lines = first_lines(without_separator_line(head), 50)
    for delimiter in DELIMITERS:
        try:
            yield delimiter, [*csv.reader(lines, delimiter=delimiter, skipinitialspace=True)]
        except csv.Error:
            continue


def without_separator_line(text: str) -> str:
    """The beginning of a table without the line by which a spreadsheet names its delimiter."""
    return _SEPARATOR_LINE.sub("", text.lstrip("\ufeff"), count=1)


def refuse_twice(columns: Sequence[str]) -> None:
    """Raise ListError for columns of the same name; those without a name are none."""
    if twice := next((c for c in columns if c and columns.count(c) > 1), None):
        raise ListError(
            f"two of its columns have the same name ({names.squeezed(twice)[:30]}), of which only "
            "one can count; ask the giver for the file as it was exported"
        )


@dataclass(frozen=True)
class RowsOfBlock:
    """The whole rows of a block, how many are none, and whether the last may be half of one."""

    whole: list[list[str]]
    wrong: int
    is_cut: bool
    is_last: bool

    @property
    def skipped(self) -> Counter[str]:
        """How many rows are no record, by reason, but for one that is cut off."""
        return Counter({WIDTH: self.wrong} if self.wrong else {})


def rows_of_blocks(
    stream: Stream,
    delimiter: str,
    header: Sequence[str],
    is_whole: Callable[[Sequence[str]], bool],
    may_be_cut: Callable[[Sequence[str]], bool],
) -> Iterator[RowsOfBlock]:
    """The rows of each block but those that name the columns: `header` are these names, squeezed.

    A last row that has no end is left out where it `may_be_cut`. Raises ListError where it has all
    of its cells: nobody can say whether that is half of the last word, or all of it.
    """
    reader, is_first = RowReader(delimiter), True
    for block, last in with_end(stream.blocks):
        text = without_separator_line(block) if is_first else block
        rows = reader.rows(text, last=last)
        if header:
            above = [is_header(row, header) for row in rows[: MOST_ABOVE * is_first]]
            rows = rows[above.index(True) :] if True in above else rows
            rows = [row for row in rows if not is_header(row, header)]
        is_first = False
        is_open = last and bool(text) and not text.endswith("\n")
        whole = [*filter(is_whole, rows)]
        is_cut = bool(is_open and rows and may_be_cut(rows[-1]))
        if is_cut and whole and whole[-1] is rows[-1]:
            raise ListError(WITHIN)
        yield RowsOfBlock(whole, len(rows) - len(whole) - is_cut, is_cut, last)


def rows_of(
    stream: Stream, layout: FieldLayout, *, ends_open: bool
) -> Iterator[tuple[list[Row], Counter[str]]]:
    """The records of each block, and how many rows are none, by reason.

    A last row that has no end may be half of one: it is left out where it lacks fields. Raises
    ListError where it lacks, of a file that `ends_open`, its last word alone, which decides, and
    for columns of the same name.
    """
    refuse_twice(layout.columns)
    for rows in rows_of_blocks(
        stream, layout.delimiter, [*map(names.squeezed, layout.names)],
        lambda row: _is_whole(row, layout),
        lambda row: _may_be_cut(row, layout, ends_open=ends_open),
    ):  # fmt: skip
        skipped = rows.skipped + Counter({why.CUT_OFF: int(rows.is_cut)})
        yield [_row(row, layout) for row in rows.whole], skipped


def _is_whole(row: Sequence[str], layout: FieldLayout) -> bool:
    n = len(layout.columns)
    return len(row) == n or (len(row) > n and not any(cell.strip() for cell in row[n:]))


def _may_be_cut(row: Sequence[str], layout: FieldLayout, *, ends_open: bool) -> bool:
    n = len(layout.columns)
    return len(row) < n or (ends_open and not any(cell.strip() for cell in row[n - 1 :]))


def _row(row: Sequence[str], layout: FieldLayout) -> Row:
    found: dict[str, Sequence[str]] = {name: (word,) for name, word in layout.added}
    for name, cell in zip(layout.columns, row, strict=False):
        if name and (text := cell.strip()):
            found[name] = (text,)
    return found
