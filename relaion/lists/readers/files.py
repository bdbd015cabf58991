"""A partner's file as entries, block by block."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import ListError
from relaion.links.text import BLANK, trim
from relaion.lists.classify import NOTHING, SortedEntries, is_spoilt, shape, sort_hex, sort_values
from relaion.lists.readers.lines import (
    TAKEN_BACK,
    LinkBeside,
    is_list_of_changes,
    is_remark_that_takes_back,
)
from relaion.lists.readers.table import RowReader, TableLayout, content, find_layout
from relaion.lists.readers.text import BLOCK, blocks
from relaion.paths import shown

MANY_FIELDS = "more fields than columns"
_SAMPLE_LINES = 2000
_SEPARATOR_LINE = re.compile(r'^"?sep=."?\n')  # a first line that a spreadsheet writes


def read_entries(
    path: Path,
    skipped: Counter[str],
    notices: list[str],
    *,
    kind: str | None = None,
    file_format: str | None = None,
) -> Iterator[dict[str, SortedEntries]]:
    """Entries of a txt or csv file by kind, one dictionary a block of a few megabytes.

    Values that are no entry are counted in `skipped` by reason; blank lines, comments, the
    header and empty cells of a row that has entries are not counted at all. What the reader
    had to decide for itself is said in `notices`. `kind` fixes the kind of every entry,
    `file_format` (`txt`, `csv`) the layout. Raises ListError, which names the file, for one
    that is damaged, foreign, has no column for `kind`, or holds row hashes mostly as
    floating-point numbers.
    """
    source = blocks(path, skipped)
    first = _SEPARATOR_LINE.sub("", _head(source), count=1)
    sample = "\n".join(first.split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES])
    named_csv = re.search(r"\.[ct]sv(\.gz)?$", path.name, re.I) is not None
    try:
        layout = find_layout(sample, named_csv=named_csv, kind=kind, file_format=file_format)
    except ListError as e:
        raise ListError(f"{shown(path)}: {e}") from None
    notices.extend([layout.notice] if layout.notice else [])
    beside = LinkBeside(minus_removes=is_list_of_changes(sample))
    for found in _columns(chain([first], source), layout, skipped):
        if kind == "row_hash" and any(map(is_spoilt, found)):
            raise ListError(
                f"{shown(path)}: holds row hashes as floating-point numbers, which have lost their "
                "last digits; export the column again as whole numbers"
            )
        entries: dict[str, SortedEntries] = {}
        columns = found
        if isinstance(found, pa.Array):  # lines, most of them digests: the others are few
            columns = [content(sort_hex(found, layout.columns[0].kinds, entries, skipped))]
        for column, values in zip(layout.columns, columns, strict=True):
            sort_values(values, column.kinds, entries, skipped, beside)
        yield entries
    notices.extend(beside.notices())


def _head(source: Iterator[str]) -> str:
    """The first blocks of a file, enough to tell its layout by."""
    head = ""
    for block in source:
        head += block
        if head.count("\n") >= _SAMPLE_LINES or len(head) >= BLOCK:
            break
    return head


def _columns(
    source: Iterator[str], layout: TableLayout, skipped: Counter[str]
) -> Iterator[list[list[str]] | pa.Array]:
    """The filled cells of every column that holds entries, a list of columns a block.

    Or its lines as they stand, where a line is an entry and may be a digest.
    """
    is_by_line = layout.width == 1 and layout.columns[0].kinds != ("row_hash",)
    is_text = layout.width > 1 and all(column.index > 0 for column in layout.columns)
    reader = RowReader(layout.delimiter, layout.width if is_text else None)
    header = layout.header
    for block, last in chain(((block, False) for block in source), [("", True)]):
        if layout.width == 1 and '"' not in block and not reader.waiting:
            if is_by_line and not header and (lines_of := _lines(block)) is not None:
                yield lines_of
                continue
            lines = content(block.split("\n"))
            yield [lines[header:]]
            header = header and not lines
        else:
            rows = reader.rows(block, last=last)
            yield _cells(rows[header:], layout, skipped)
            header = header and not rows


def _lines(block: str) -> pa.Array | None:
    """The lines of a block; None where it holds bytes that are no UTF-8."""
    try:
        whole = pa.array([block], pa.string())
    except UnicodeEncodeError:
        return None
    return pc.split_pattern(whole, "\n").flatten()


def _cells(
    rows: Sequence[Sequence[str]], layout: TableLayout, skipped: Counter[str]
) -> list[list[str]]:
    whole = [row for row in rows if not any(trim(cell, BLANK) for cell in row[layout.width :])]
    if len(whole) < len(rows):
        skipped[MANY_FIELDS] += len(rows) - len(whole)
    said = [row for row in whole if not _is_taken_back(row, layout)]
    if len(said) < len(whole):
        skipped[TAKEN_BACK] += len(whole) - len(said)
        whole = said
    columns = [
        [trim(row[c.index], BLANK) if c.index < len(row) else "" for row in whole]
        for c in layout.columns
    ]
    empty = sum(1 for values in zip(*columns, strict=True) if not any(values))
    if empty:
        skipped[NOTHING] += empty
    return [[piece for cell in cells if cell for piece in _pieces(cell)] for cells in columns]


def _is_taken_back(row: Sequence[str], layout: TableLayout) -> bool:
    """Whether a cell beside the entries says that they are none.

    Where columns have names, a cell of those words only: a caption may hold one of them.
    """
    entries = {column.index for column in layout.columns}
    return any(
        is_remark_that_takes_back(cell, alone=layout.header)
        for i, cell in enumerate(row)
        if i not in entries
    )


def _pieces(cell: str) -> list[str]:
    """A cell of several entries, one a line, as those; a link that a line break cuts is one."""
    if "\n" not in cell:
        return [cell]
    lines = [line for line in cell.split("\n") if trim(line)]
    return lines if all(map(shape, lines)) else [cell]
