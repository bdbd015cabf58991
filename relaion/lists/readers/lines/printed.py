"""What programs print below and between rows: their number, and dots where rows were left out.

A table that was printed to be looked at has lost the rows for which dots stand. It is refused, and
so is one that says of itself that it has more rows than there are lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from relaion.errors import ListError

_FRAME = r"[ \t,;|│┆\"'\[\](){}<>#*-]"
_DOTS = r"(?:(?<!\.)\.{2,3}(?!\.)|…|⋮)"
_OF_DOTS = re.compile(
    rf"(?m)^(?:{_FRAME}*{_DOTS}(?:{_FRAME}|{_DOTS})*|[ \t]*│(?:[ \t]*·[ \t]*│)+[ \t]*)$"
)
_OF_SOME = re.compile(
    r"(?im)^[ \t]*only showing top \d+ rows?[ \t]*$"
    r"|^[ \t│|]*[\d,.]+ \w+ \([\d,.]+ shown\)[^\n]*$"
)
_COUNT = re.compile(
    r"(?im)^[ \t]*(?:\((?P<a>\d{1,12}) rows?(?: affected)?\)"
    r"|(?P<b>\d{1,12}) rows? (?:in set|selected|affected)\b[^\n]{0,40}"
    r"|\[(?P<c>\d{1,12}) rows x \d+ columns\])[ \t]*$"
)
_LEFT_OUT = (
    "line {at:,} says that rows were left out where it was printed: ask for the whole list; if "
    "none are missing, leave the line out of a copy"
)
_MORE = (
    "line {at:,} says that there are {n:,} rows, and fewer lines stand above it: ask for the whole "
    "list, or leave the line out of a copy"
)


def without_counts(source: Iterator[str]) -> Iterator[str]:
    """The blocks with nothing in place of lines that count rows; raises ListError for lost rows."""
    lines = 0
    for block in source:
        text = block
        may_be = any(sign in block for sign in ("..", "…", "⋮", "·", "howing", "shown)"))
        if may_be and (found := _OF_DOTS.search(block) or _OF_SOME.search(block)):
            at = lines + block.count("\n", 0, found.start()) + 1
            raise ListError(_LEFT_OUT.format(at=at))
        if " row" in block:
            for found in _COUNT.finditer(block):
                at = lines + block.count("\n", 0, found.start()) + 1
                if (n := int(found["a"] or found["b"] or found["c"])) >= at:
                    raise ListError(_MORE.format(at=at, n=n))
            text = _COUNT.sub("", block)
        lines += block.count("\n")
        yield text
