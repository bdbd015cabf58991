"""Rows of a table as records by their fields, where a format knows what its columns are."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.containers.text import RowReader, first_lines, with_end
from relaion.lists.readers.documents.field_columns import Row
from relaion.lists.readers.format import Stream
from relaion.lists.readers.tables.header_rows import is_header
from relaion.lists.readers.vocabulary import names

DELIMITERS = ",;\t|"
WIDTH = "fewer or more fields than columns"
_SEPARATOR_LINE = re.compile(r'^"?sep=."?\n', re.I)


@dataclass(frozen=True)
class FieldLayout:
    """How a table is laid out: its delimiter, the fields of its columns.

    `names` is the row that names them, empty where there is none, `added` fields that every record
    has.
    """

    delimiter: str
    columns: tuple[str, ...]
    names: tuple[str, ...] = ()
    added: tuple[tuple[str, str], ...] = ()


def cut_rows(head: str) -> Iterator[tuple[str, list[list[str]]]]:
    """The first rows of a file, cut by each delimiter."""
    lines = first_lines(_SEPARATOR_LINE.sub("", head.lstrip("\ufeff"), count=1), 50)
    for delimiter in DELIMITERS:
        try:
            yield delimiter, [*csv.reader(lines, delimiter=delimiter, skipinitialspace=True)]
        except csv.Error:
            continue


def rows_of(
    stream: Stream, layout: FieldLayout, *, ends_open: bool
) -> Iterator[tuple[list[Row], Counter[str]]]:
    """The records of each block, and how many rows are none, by reason.

    A last row that has no end may be half of one: it is left out where it lacks fields, or, where
    `ends_open`, its last word, which decides. Raises ListError for columns of the same name.
    """
    if twice := next((c for c in layout.columns if c and layout.columns.count(c) > 1), None):
        raise ListError(
            f"two of its columns have the same name ({names.squeezed(twice)[:30]}), of which only "
            "one can count; ask the giver for the file as it was exported"
        )
    header = [names.squeezed(name) for name in layout.names]
    reader, is_first = RowReader(layout.delimiter), True
    for block, last in with_end(stream.blocks):
        text = _SEPARATOR_LINE.sub("", block.lstrip("\ufeff"), count=1) if is_first else block
        rows = reader.rows(text, last=last)
        if layout.names:
            rows = [row for row in rows if not is_header(row, header)]
        is_first = False
        is_open = last and bool(text) and not text.endswith("\n")
        whole = [row for row in rows if _is_whole(row, layout)]
        n_cut = bool(is_open and rows and _may_be_cut(rows[-1], layout, ends_open=ends_open))
        if n_cut and whole and whole[-1] is rows[-1]:
            whole.pop()
        wrong = len(rows) - len(whole) - n_cut
        skipped = Counter({WIDTH: wrong} if wrong else {}) + Counter({why.CUT_OFF: int(n_cut)})
        yield [_row(row, layout) for row in whole], skipped


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
