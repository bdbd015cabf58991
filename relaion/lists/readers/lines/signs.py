"""What marks entries that may be taken back: dashes, tildes, boxes, colours of a terminal.

In a list by itself a dash is a bullet. In an update it may mean that what stands behind it is
listed no longer, and nobody here can say: the curator does, with `--format changes`. A box that is
ticked means that something was done, in any file. Colours, as `diff --color` writes them into a
file, are taken away: beside signs they say nothing that the signs do not say. Where entries without
a sign are in several colours, or struck out, they may be all that tells what is gone: nobody here
can say, and the file is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from relaion.errors import ListError

_BEFORE_ENTRY = r"(?:[^\s#]{0,8}://|[^\s#]*[0-9A-Fa-f]{16})"
_SIGNS = {"dashes": "-–—−", "tildes": "~∼˜", "exclamation marks": "!"}
_SIGNED = {
    name: re.compile(rf"(?m)^[ \t>*]*[{signs}][ \t]*{_BEFORE_ENTRY}")
    for name, signs in _SIGNS.items()
}
_BOX = re.compile(
    r"(?m)^(?P<before>[ \t>]*(?:(?:[-*+•]|\d{1,7}[.)])[ \t]+)?)"
    rf"(?:\[(?P<tick>[^\s\[\]]?|[ \t])\]|(?P<sign>[☐☑☒✓✔✗✘]))[ \t]+(?={_BEFORE_ENTRY})"
)
_BOX_SIGNS = "☐☑☒✓✔✗✘"


# by itself, as a heading: a minus, a cross, or a sign by which people judge; of stars and lines,
# which part sections, there may be many
_JUDGES = (
    r"\x{2610}-\x{2612}\x{2620}\x{26A0}\x{26D4}\x{2705}\x{2713}-\x{2718}\x{274C}\x{274E}"
    r"\x{2753}-\x{2757}\x{2795}-\x{2797}\x{2B1B}\x{2B1C}\x{2B55}\x{1F300}-\x{1FAFF}×"
)
SIGN_ALONE = (
    r"^\s*(?:[#;/]*\s*[\[(<{]?\s*[xX†‡]\s*[\])>}]?|[#;/]+\s*[-–−]|[#;/]*\s*[\[(<{]\s*[-–−]\s*[\])>}]"
    rf"|[\s#;/*=_\[\](){{}}\"-]*[{_JUDGES}][\x{{FE0F}}\s{_JUDGES}*=_\[\](){{}}\"-]*)[\s:,;|]*$"
)
_SIGN_ALONE = re.compile(re.sub(r"\\x\{(\w+)\}", lambda x: chr(int(x[1], 16)), SIGN_ALONE))


def is_sign_alone(line: str) -> bool:
    """Whether a line is such a sign, and nothing else."""
    return _SIGN_ALONE.fullmatch(line.strip()) is not None


def refuse_signs(source: Iterator[str], *, asks: bool) -> Iterator[str]:
    """The blocks; raises ListError where signs may take entries back, if it `asks`."""
    for block in source:
        for name, signed in _SIGNED.items():
            if asks and any(s in block for s in _SIGNS[name]) and signed.search(block):
                raise ListError(
                    f"{name} stand before entries of an update, and mark what was taken back, or "
                    "nothing: say --format changes if they take back, and leave them out in a copy "
                    "if they do not"
                )
        yield block


_PLUS = re.compile(rf"(?m)^[ \t]*\+[ \t]*{_BEFORE_ENTRY}")
_PARTED = (
    "plus signs stand before the entries of one file of the delivery, and dashes before those of "
    "another, which may take them back: say --format changes if they do, and leave the dashes out "
    "in a copy if they do not"
)


def refuse_parted(head: str, met: set[str], *, are_changes: bool) -> None:
    """Raise ListError where one file of a delivery adds, and another may take back."""
    if not are_changes and _SIGNED["dashes"].search(head):
        met.add("-")
    elif are_changes or _PLUS.search(head):
        met.add("+")
    if len(met) > 1:
        raise ListError(_PARTED)


def _refuse_brackets(block: str) -> None:
    """Raise ListError where few entries stand in brackets, as what counts no longer does."""
    n = len(_BRACKETED.findall(block)) if "(" in block or "[" in block else 0
    if n and n * 2 < len(_ENTRY.findall(block)):
        raise ListError(
            f"{n:,} of its entries stand in brackets, and nobody here knows what these say: leave "
            "out, in a copy, the entries that are not listed, and the brackets"
        )


_BRACKETED = re.compile(r"(?m)^[ \t]*(?:\([0-9A-Fa-f]{32,64}\)|\[[0-9A-Fa-f]{32,64}\])[ \t]*$")


def without_boxes(source: Iterator[str]) -> Iterator[str]:
    """The blocks without empty boxes before entries; raises ListError for one that is ticked."""
    for block in source:
        _refuse_brackets(block)
        has_signs = not block.isascii() and any(sign in block for sign in _BOX_SIGNS)
        if "[" not in block and not has_signs:
            yield block
            continue
        found = [*_BOX.finditer(block)]
        told = {box["tick"] for box in found}
        if len(told) > 1 and all(tick and tick.isdigit() for tick in told):
            found = []  # numbers of lines
        n = sum(box["sign"] != "☐" if box["sign"] else bool(box["tick"].strip()) for box in found)
        if n:
            raise ListError(
                f"boxes stand before its entries, {n:,} of {len(found):,} ticked, and nobody here "
                "knows whether what is ticked is listed, or done with: leave out, in a copy, the "
                "lines that are not listed, and the boxes"
            )
        yield _BOX.sub(r"\g<before>", block) if found else block


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
