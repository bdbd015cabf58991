"""The cells of a column: trimmed, and of which rows; those of many records by column at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from relaion.links.text import BLANK, trim
from relaion.lists.values import shape

_HOLDS_DIGEST = re.compile(r"(?<![\w/])[0-9A-Fa-f]{32,64}(?![\w/])")


def trimmed(cell: str) -> str:
    """A cell without what nobody sees at its ends; most are letters and digits alone."""
    return cell if cell.isascii() and cell.isalnum() else trim(cell, BLANK)


@dataclass(frozen=True)
class RecordColumns:
    """`n` rows that all have a cell for each column, by column."""

    n: int
    columns: Sequence[Sequence[str]]

    def __len__(self) -> int:
        """How many rows they are."""
        return self.n

    def rows(self, most: int) -> list[list[str]]:
        """The first of them, by row."""
        return [*map(list, zip(*(column[:most] for column in self.columns), strict=True))]


class Cells(dict[int, list[str]]):
    """The cells of some rows, by column."""

    def __init__(self, columns: Iterable[tuple[int, list[str]]] = ()) -> None:
        """The cells that each column has."""
        super().__init__(columns)
        self._each: dict[int, frozenset[str]] = {}

    def each(self, at: int) -> frozenset[str]:
        """What stands in the cells of a column, each once: it is asked for more than once."""
        if at not in self._each:
            self._each[at] = frozenset(self[at])
        return self._each[at]


def column_of(rows: Sequence[Sequence[str]] | RecordColumns, at: int) -> list[str]:
    """The cells of a column, trimmed; empty where a row ends before it."""
    if isinstance(rows, RecordColumns):
        cells = [*rows.columns[at]]
    else:
        try:
            cells = [row[at] for row in rows]
        except IndexError:
            cells = [row[at] if at < len(row) else "" for row in rows]
    return cells if are_trimmed(cells) else [*map(trimmed, cells)]


_SEEN = bytes(range(ord("!"), 0x7F))


def are_trimmed(cells: Sequence[str]) -> bool:
    """Whether surely none of them has anything at its ends that nobody sees: a quick look."""
    whole = "".join(cells)
    if not whole.isascii():
        return False
    held = whole.encode()
    least, most = bounds(held)
    if ord(" ") < least and most < 0x7F:
        return True
    if held.translate(None, _SEEN).strip(b" "):
        return False
    told = "\x80".join(("", *cells, ""))
    return "\x80 " not in told and " \x80" not in told


def bounds(held: bytes) -> tuple[int, int]:
    """The least and the most of some bytes; of none as if none were below or above any."""
    if not held:
        return 0xFF, 0
    found = pc.min_max(pa.Array.from_buffers(pa.uint8(), len(held), [None, pa.py_buffer(held)]))
    return found["min"].as_py(), found["max"].as_py()


def rows_filled(columns: Sequence[Sequence[str]], n: int) -> Sequence[int]:
    """Which of `n` rows have a cell in one of these columns."""
    if any(map(all, columns)):
        return range(n)
    return [i for i, some in enumerate(zip(*columns, strict=True)) if any(some)]


def pieces_of(cell: str) -> list[str]:
    """A cell of several entries, one a line, as those; a link that a line break cuts is one."""
    if "\n" not in cell:
        return [cell]
    lines = [line for line in cell.split("\n") if trim(line)]
    # a note beside one of several digests is that one's
    are_several = all(map(shape, lines)) or all(map(_HOLDS_DIGEST.search, lines))
    return lines if are_several else [cell]
