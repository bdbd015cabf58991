"""Comments of one line that other programs write: `; …`, `// …`, `REM …`, handed on as `# …`.

So what they say is heard, and none of them counts as a line that could not be read. An entry in one
is not listed: they are counted, and told of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SIGNS = (";", "//", "REM", "rem", "Rem")
_COMMENT = re.compile(r"(?m)^[ \t]*(?:(;+|//+)(?=[ \t]|$)|(REM|rem|Rem)[ \t])(.*)$")
_ENTRY = re.compile(r"[0-9A-Fa-f]{32}|[a-z]{3,6}://\S", re.I)
_LEFT_OUT = "entries in lines that are comments ({} …), left out: {:,}"


def _may_hold(block: str) -> bool:
    """A quick look: whether a line begins with one of the signs."""
    return block.lstrip(" \t").startswith(_SIGNS) or any(f"\n{sign}" in block for sign in _SIGNS)


def with_plain_comments(source: Iterator[str], notices: list[str]) -> Iterator[str]:
    """The blocks with such comments as `# …`; `notices` tell how many entries stand in them.

    Where semicolons divide fields, a line that begins with one is a row.
    """
    left_out = 0
    sign = ""
    for block in source:
        if not _may_hold(block):
            yield block
            continue
        is_table = _is_by_semicolons(block)

        def plain(found: re.Match[str], is_table: bool = is_table) -> str:
            nonlocal left_out, sign
            if is_table and found[1] and found[1][0] == ";":
                return found[0]
            if _ENTRY.search(found[3]):
                left_out += 1
                sign = found[1] or found[2]
            return f"# {found[3].strip()}" if found[3].strip() else "#"

        yield _COMMENT.sub(plain, block)
    if left_out:
        notices.append(_LEFT_OUT.format(sign, left_out))


def _is_by_semicolons(block: str) -> bool:
    lines = [line for line in block[:20000].split("\n") if line.strip()]
    others = [line for line in lines if not line.lstrip().startswith(";")]
    return not others or sum(";" in line for line in others) * 2 > len(others)
