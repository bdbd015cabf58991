"""Colours of a terminal within a text, as `diff --color` writes them into a file.

They are taken away. Beside signs they say nothing that the signs do not say. Where entries without
a sign are in several colours, or struck out, the colours may be all that tells what is gone: nobody
here can say, and the file is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from relaion.errors import ListError

_ESCAPE = "\x1b"
_CODES = re.compile(
    r"\x1b(?:\[(?P<style>[0-9;:]*)m|\[[0-9;:?]*[A-Za-ln-z]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[()][0-9A-B])"
)
_IN_LINK = re.compile(r"://[^\s\x1b]*\x1b[^\s\x1b]*[A-Za-z][^\s\x1b]")
_ENTRY = re.compile(r"[0-9A-Fa-f]{32}|[a-z]{3,6}://\S", re.I)
_SIGN = re.compile(r"\s*[-+<>!@]")
_COLOURS = re.compile(r"3[0-7]|9[0-7]|38|4[1-7]|10[0-7]")
_STRUCK = "9"


def _styles(line: str) -> frozenset[str]:
    """The colours in which a line is printed, and whether it is struck out."""
    told = {
        n.lstrip("0") for f in _CODES.finditer(line) for n in re.split("[;:]", f["style"] or "")
    }
    return frozenset(n for n in told if n == _STRUCK or _COLOURS.fullmatch(n))


def without_escapes(source: Iterator[str], notices: list[str]) -> Iterator[str]:
    """The blocks without codes of terminals; raises ListError where colours may decide.

    In how many lines one stood within a link is told: the link may hold it itself.
    """
    seen: set[frozenset[str]] = set()
    n = 0
    for block in source:
        if _ESCAPE not in block:
            if seen and _ENTRY.search(block):
                seen.add(frozenset())
            yield block
            continue
        lines = block.split("\n")
        for i, line in enumerate(lines):
            bare = _CODES.sub("", line) if _ESCAPE in line else line
            if len(seen) < 2 and _ENTRY.search(bare) and not _SIGN.match(bare):
                seen.add(_styles(line))
            n += _IN_LINK.search(line) is not None
            lines[i] = bare
        _refuse_colours(seen)
        yield "\n".join(lines)
    _refuse_colours(seen)
    if n:
        notices.append(
            f"colours of a terminal were taken out of links in {n:,} lines; where such a code is "
            "part of the link, write its first sign as %1B in a copy"
        )


def _refuse_colours(seen: set[frozenset[str]]) -> None:
    if len(seen) > 1 or any(_STRUCK in styles for styles in seen):
        raise ListError(
            "its entries are printed in several colours, or struck out, and nobody here knows "
            "whether that says which of them are listed: leave out, in a copy, those that are "
            "not, and save it without colours"
        )
