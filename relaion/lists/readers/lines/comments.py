"""Comments around entries or above them, of a line or of several: `; …`, `/* … */`, `<!-- … -->`.

What is commented out is not listed: it is counted, and told of. A comment that holds no entry is a
title or a note: its lines are handed on as comments of one line each (`# …`), so that what they say
is heard. XML and JSON have comments of their own and are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from relaion.errors import ListError

_PAIRS = {
    "/*": "*/", "<!--": "-->", "<#": "#>", '"""': '"""', "'''": "'''", "--[[": "]]",
    "=begin": "=end", "#if 0": "#endif", "#+begin_comment": "#+end_comment", "{#": "#}",
}  # fmt: skip
_CHARACTERS = "*<\"'[=#"  # each sign holds one of them, and few lists hold any
_OPENS = re.compile(
    r"""(?i)\s*(?:(?P<plain>/\*(?=[\s*!]|\Z|[0-9A-F]{32}|h\w\wps?:)|<!--|<\#|--\[\[|=begin\b
    |\#if\s0\b|\#\+begin_comment\b|\{\#)|(?P<quotes>\"{3}|'{3})(?=[^\"']*\Z))""",
    re.X,
)
_OPENS_BEHIND = re.compile(r"\S\s+(?P<plain>/\*|<!--)(?!.*(?:\*/|-->))")
_ENTRY = re.compile(r"[0-9A-Fa-f]{32}|^[\s*#>-]*[a-z]{3,6}://\S+\s*$", re.I)
_FRAME = re.compile(r"^[\s*!#=-]+|[\s*]+$")
_LEFT_OUT = "entries within comments that run over lines or frame them ({}), left out: {:,}"
_NEAR = 40  # lines within which a comment ends that begins behind an entry
_MOST = 100_000  # lines that are held until a comment ends; a longer one is no title


@dataclass
class _Comments:
    """A text on its way. `sign` opened the comment in which it stands, `held` are its lines."""

    sign: str = ""
    held: list[str] = field(default_factory=list)
    left_out: int = 0
    signs: dict[str, None] = field(default_factory=dict)

    def line(self, line: str, after: Sequence[str]) -> Iterator[str]:
        """What is left of a line; some of those `after` it tell whether a sign opens a comment."""
        if self.sign:
            yield from self._within(line)
            return
        found = _OPENS.match(line)
        if found is None and ("/*" in line or "<!--" in line):
            found = _OPENS_BEHIND.search(line)
            if found and _ends_within(
                found["plain"], after
            ):  # what stands behind the entry on its own line is a note on it
                at = found.start("plain")
                yield f"{line[:at].rstrip()} # {_bare(line[found.end() :])}"
                self.sign = found["plain"]
                return
            found = None
        if found is None:
            yield line
            return
        self.sign = " ".join((found["plain"] or found["quotes"]).lower().split())
        yield from self._within(line[found.end() :], is_first=True)

    def _within(self, line: str, *, is_first: bool = False) -> Iterator[str]:
        end = _PAIRS[self.sign]
        at = line.lower().find(end)
        if at < 0:
            self.held.append(line)
            if len(self.held) > _MOST:
                self._count()
            return
        self.held.append(line[:at])
        rest = line[at + len(end) :]
        if is_first and rest.strip() and not self._holds_entry():
            yield f"{self._bare_line()} {rest.strip()}".strip()
        else:
            yield from self._ended()
            if rest.strip():
                yield rest
        self.sign, self.held = "", []

    def _bare_line(self) -> str:
        return f"{self.sign}{self.held[0]}{_PAIRS[self.sign]}"

    def _ended(self) -> Iterator[str]:
        if self._holds_entry():
            self._count()
            return
        yield from (f"# {bare}" for line in self.held if (bare := _bare(line)))

    def _holds_entry(self) -> bool:
        return any(map(_ENTRY.search, self.held))

    def _count(self) -> None:
        n = sum(map(bool, map(_ENTRY.search, self.held)))
        self.left_out += n
        if n:
            self.signs[f"{self.sign} … {_PAIRS[self.sign]}"] = None
        self.held = []


def _ends_within(sign: str, after: Sequence[str]) -> bool:
    """Whether a comment that begins behind an entry ends before another one begins."""
    end = next((line for line in after if _PAIRS[sign] in line or sign in line), "")
    return _PAIRS[sign] in end and sign not in end.partition(_PAIRS[sign])[0]


def _bare(line: str) -> str:
    return _FRAME.sub("", line)


def _may_hold(block: str) -> bool:
    is_rare = any(character in block for character in _CHARACTERS)
    if not is_rare:
        return False
    lower = block.lower() if "#" in block or "=" in block else block
    return any(sign in lower for sign in _PAIRS)


def uncommented(source: Iterator[str], notices: list[str]) -> Iterator[str]:
    """The blocks without what is commented out over lines; `notices` tell how many entries were.

    Raises ListError for a comment that does not end: nobody can say where the list goes on.
    """
    comments = _Comments()
    for block in source:
        if not comments.sign and not _may_hold(block):
            yield block
            continue
        lines = block.split("\n")
        end = lines.pop()
        kept = []
        for i, line in enumerate(lines):
            after = lines[i + 1 : i + 1 + _NEAR] if "/*" in line or "<!" in line else ()
            kept += [f"{left}\n" for left in comments.line(line, after)]
        kept += comments.line(end, ()) if end else []
        text = "".join(kept)
        if text:
            yield text
    if comments.sign:
        raise ListError(
            f"a comment in it begins with {comments.sign} and does not end; end it in a copy, with "
            f"{_PAIRS[comments.sign]}, or leave the sign out if it is none"
        )
    if comments.left_out:
        told = ", ".join(comments.signs)
        notices.append(_LEFT_OUT.format(told, comments.left_out))


_SIGNS = (";", "//", "REM", "rem", "Rem")
_COMMENT = re.compile(r"(?m)^[ \t]*(?:(;+|//+)(?=[ \t]|$)|(REM|rem|Rem)[ \t])(.*)$")
_COMMENTED = re.compile(r"[0-9A-Fa-f]{32}|[a-z]{3,6}://\S", re.I)
_LINES_LEFT_OUT = "entries in lines that are comments ({} …), left out: {:,}"


def _may_hold_line(block: str) -> bool:
    """A quick look: whether a line begins with one of the signs."""
    return block.lstrip(" \t").startswith(_SIGNS) or any(f"\n{sign}" in block for sign in _SIGNS)


def with_plain_comments(source: Iterator[str], notices: list[str]) -> Iterator[str]:
    """The blocks with such comments as `# …`; `notices` tell how many entries stand in them.

    Where semicolons divide fields, a line that begins with one is a row.
    """
    left_out = 0
    sign = ""
    for block in source:
        if not _may_hold_line(block):
            yield block
            continue
        is_table = _is_by_semicolons(block)

        def plain(found: re.Match[str], is_table: bool = is_table) -> str:
            nonlocal left_out, sign
            if is_table and found[1] and found[1][0] == ";":
                return found[0]
            if _COMMENTED.search(found[3]):
                left_out += 1
                sign = found[1] or found[2]
            return f"# {found[3].strip()}" if found[3].strip() else "#"

        yield _COMMENT.sub(plain, block)
    if left_out:
        notices.append(_LINES_LEFT_OUT.format(sign, left_out))


def _is_by_semicolons(block: str) -> bool:
    lines = [line for line in block[:20000].split("\n") if line.strip()]
    others = [line for line in lines if not line.lstrip().startswith(";")]
    return not others or sum(";" in line for line in others) * 2 > len(others)


_NUMBERED = re.compile(r'\s*"?(?P<sign>#)"?(?P<by>[,;|\t])[^\n]+\n"?\d{1,12}"?(?P=by)')


def with_names(source: Iterator[str]) -> Iterator[str]:
    """The blocks; a first line of names, of which the first is `#`, is no comment.

    Numbers of rows stand below that sign.
    """
    first = next(source, "")
    found = _NUMBERED.match(first)
    at = found.start("sign") if found else 0
    yield f"{first[:at]}row number{first[at + 1 :]}" if found else first
    yield from source
