"""Which lines of a text say something."""

import re
from collections.abc import Sequence

from relaion.links.text import BLANK, trim

_FAULTY_CELL = re.compile(
    r"#(?:N/A|NV|(?:DIV/0|REF|VALUE|NUM|NULL|NAME|BEZUG|WERT|ZAHL|VALEUR|NOM|VALOR)[!?])(?=[,;\t|])"
)
"""What a spreadsheet writes where it has no value: a row may begin so, and no comment does."""


def content(lines: Sequence[str]) -> list[str]:
    """Lines that are neither blank nor a comment (`#`)."""
    return [
        line for line in lines
        if (bare := trim(line, BLANK)) and (bare[0] != "#" or _FAULTY_CELL.match(bare))
    ]  # fmt: skip


def first_lines(head: str, n: int) -> list[str]:
    """Of the first `n` lines those that are neither blank nor a comment."""
    return content(head.split("\n", n)[:n])
