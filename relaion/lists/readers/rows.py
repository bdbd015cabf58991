"""Blocks of text as rows of fields, quotes and comments understood."""

import csv
from collections.abc import Sequence

from relaion.links.text import BLANK, trim
from relaion.lists.values import shape

WHOLE = "\x1f"  # a delimiter that occurs in no partner's file: the line is the field
BLANKS = " "  # one or more of them, and no quotes

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
        if self._delimiter == BLANKS:
            return [line.split() for line in content(lines)]
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
                row, end = self._split(lines[at]), at + 1
                if self._delimiter != WHOLE:  # a line keeps its quotes, which may frame a part
                    row = [field.strip('"') for field in row]
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
