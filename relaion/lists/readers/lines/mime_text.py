"""Text in quoted-printable, as mails are that were saved as they travel: it is decoded.

There a line ends within 76 characters, with `=` where it goes on in the next one, and each other
`=` stands before two digits of hex: `=3D` for itself. A text that does so throughout is read as
what it says; one that does so for the most part is refused.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from itertools import chain

from relaion.errors import ListError
from relaion.lists.readers.lines.mail import is_mail

_LONGEST = 76  # characters of a line
_FULL = 60  # so many a line has that was broken
_BROKEN = re.compile(r"(?m)^(?P<line>.*[^=\n])=[ \t]*\n(?=(?P<next>[^\n]+))")
_VALUE = re.compile(r"\s*(?:\w+://|[0-9A-Fa-f]{32})")  # a line of its own
_BASE64 = re.compile(r"(?:.*[^A-Za-z0-9+/])?(?:[A-Za-z0-9+/]{27}|[A-Za-z0-9+/]{43})")
_ITSELF = re.compile(r"=3[Dd]")
_BEFORE_MORE = re.compile(r"=3[Dd]\w")
_ESCAPE = re.compile(r"=(?:[0-9A-Fa-f]{2}|[ \t]*(?:\n|\Z))")
_MAY_BE = re.compile(r"=(?:3[Dd]|[ \t]*\n)")
_FEW = 2
_TOLD = "the file is in quoted-printable, as mails are that travel: it was decoded"
_REFUSED = (
    "is in part in quoted-printable, as mails are that travel (lines that end in =, =3D for =): "
    "save what the mail says as text, or its list as a file of its own"
)


def unquoted(source: Iterator[str], notices: list[str]) -> Iterator[str]:
    """The text that is quoted so; any other as it is. Raises ListError for one that is partly."""
    first = next(source, "")
    if not _is_quoted(first):
        yield first
        yield from source
        return
    notices.append(_TOLD)
    held = ""
    for block in chain([first], source):
        text = held + block
        cut = len(text)
        while (end := text.rfind("\n", 0, cut)) >= 0 and text[:end].rstrip(" \t").endswith("="):
            cut = end  # what a line begins that goes on in the next block is held
        cut = cut if cut == len(text) else text.rfind("\n", 0, cut) + 1
        held = text[cut:]
        yield _decoded(text[:cut])
    yield _decoded(held)


def _decoded(text: str) -> str:
    raw = quopri.decodestring(text.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "surrogateescape")


def _is_quoted(text: str) -> bool:
    if is_mail(text) or not _MAY_BE.search(text):  # what a mail says is decoded as its head tells
        return False
    broken = sum(map(_goes_on, _BROKEN.finditer(text)))
    itself = len(_ITSELF.findall(text))
    signs, escapes = text.count("="), len(_ESCAPE.findall(text))
    if broken + itself < _FEW:
        return False
    is_short = text.isascii() and max(map(len, text.split("\n"))) <= _LONGEST
    if is_short and escapes == signs and (broken or _BEFORE_MORE.search(text)):
        return True
    if broken >= _FEW and itself and escapes * 2 > signs:
        raise ListError(_REFUSED)
    return False


def _goes_on(line: re.Match[str]) -> bool:
    is_full = _FULL <= len(line["line"]) < _LONGEST
    return is_full and not _VALUE.match(line["next"]) and not _BASE64.fullmatch(line["line"])
