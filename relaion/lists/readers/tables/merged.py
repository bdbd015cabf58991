"""Cells that were merged in a sheet: a word stands once, and the rows below it have none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.tables.decisions import option_name
from relaion.paths import several

_FEW = 20  # words of a column that decides


def refuse_merged(
    name: str, index: int, cells: Sequence[str], fate_of: Callable[[str], str | None]
) -> None:
    """Raise ListError where nothing stands below a cell that takes its row back.

    Such a row may be one without a word, which is listed, or it has the word above it. It has none
    where a word stands in two rows below one another, where the first row has none, and where no
    other word says that its row is listed.
    """
    told = {cell for cell in cells if cell.strip()}
    if not cells or not cells[0].strip() or len(told) > _FEW:
        return
    gone = {cell for cell in told if fate_of(cell) in why.UNDOES}
    pairs = [*pairwise(cells)]
    below = sum(a in gone and not b.strip() for a, b in pairs)
    if below and told - gone and not any(a == b and a in told for a, b in pairs):
        raise ListError(
            f"column {index + 1} says nothing in {several(below, 'row')} below one that is not "
            "listed, as merged cells do that are for several rows: fill them in a copy, or choose "
            f"rows with --where {option_name(name, index)}=WORD,WORD"
        )
