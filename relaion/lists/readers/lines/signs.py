"""Signs before entries that may take them back: dashes, tildes, marks, boxes that are ticked.

In a list by itself a dash is a bullet. In an update it may mean that what stands behind it is
listed no longer, and nobody here can say: the curator does, with `--format changes`. A box that is
ticked means that something was done, in any file.
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


def without_boxes(source: Iterator[str]) -> Iterator[str]:
    """The blocks without empty boxes before entries; raises ListError for one that is ticked."""
    for block in source:
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
