"""Rows of a table that hold no record: names once more, lines drawn below them, sentences."""

import re
from collections.abc import Sequence

from relaion.lists.readers.vocabulary import names

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


def is_sentence(row: Sequence[str]) -> bool:
    """Whether a row is a sentence with commas, and names no columns."""
    told = [len(cell.split()) for cell in row if cell.strip()]
    return len(told) > 1 and max(told) > _NAME_WORDS and sum(told) > _NAME_WORDS * 2


_NAME_WORDS = 4
