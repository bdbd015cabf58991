"""Links that a text holds beside its record's own, found again: in JSON or HTML, or among words.

Each place where a link could begin is asked by itself.
"""

import re

from relaion.parquet.telling import TERMS

_SIGNS = (
    b"//", b"\\", b"%2", b"%3", b"&#", b"&colon", b"&sol", b"&amp;", b"aHR0c", b"68747470", b"\0",
)  # fmt: skip
_ESCAPED = re.compile(rb"\\+(/|u002f|u003a)", re.IGNORECASE)
_TERM = re.compile(TERMS.encode())
_SCHEME = re.compile(
    rb"(?:http|https|ftp)(?::|%(?:25)*3a|u003a|&(?:amp;)*(?:#x0*3a|#0*58|colon);)", re.IGNORECASE
)
_SLASH = re.compile(rb"/|%(?:25)*2f|u002f|&(?:amp;)*(?:#x0*2f|#0*47|sol);", re.IGNORECASE)
_DOT = re.compile(rb"\.|\xe3\x80\x82|\xef\xbc\x8e|\xef\xbd\xa1")
_IPV6 = re.compile(rb"\[[0-9a-f.]*:[0-9a-f:.]+\]", re.IGNORECASE)
_CODED = re.compile(
    rb"(?:\A|[\s\"'=:,(])(?:aHR0cDov|aHR0cHM6|687474703[aA]2[fF]|68747470733[aA]2[fF])"
)
_WIDE = re.compile(rb"h\0{1,3}t\0{1,3}t\0{1,3}p", re.IGNORECASE)
_WITH_MORE = re.compile(rb"[a-z0-9-]+[/?]", re.IGNORECASE)
_BLANK = b" \t\n\r\x0b\x0c"
_BOM = b"\xef\xbb\xbf"
_ENDS = frozenset(_BLANK + b"\"'<>\\,;)]}")  # of a link in a text
_NO_HOST = frozenset(_BLANK + b"/?#\\\"'<>")
_LONGEST_NAME = 255
_WEB = (b"http://", b"https://", b"//", b"http:\\\\", b"https:\\\\", b"\\\\")


def holds(text: bytes, own: bytes = b"") -> bool:
    """Whether a text holds a link that is not its record's `own`."""
    if not any(sign in text for sign in _SIGNS):
        return False
    text = _TERM.sub(lambda term: term[0].partition(b"//")[2], _ESCAPED.sub(rb"\1", text))
    text = _without(text, _ESCAPED.sub(rb"\1", own).strip().removeprefix(_BOM).strip())
    if _CODED.search(text) or _WIDE.search(text):
        return True
    for scheme in _SCHEME.finditer(text):
        if (at := _behind_slashes(text, scheme.end(), b"\\")) and _is_host(text, at):
            return True
    for slash in _SLASH.finditer(text):
        if at := _behind_slashes(text, slash.start()):
            begin = slash.start()
            while begin and text[begin - 1] in _BLANK:
                begin -= 1
            if _begins_line(text, begin, slash.start()) and _is_host(text, at):
                return True
            is_value = begin > 0 and text[begin - 1] in b"\"'(=>"
            if is_value and _is_host(text, at, with_more=True):
                return True
    return False


def _behind_slashes(text: bytes, at: int, others: bytes = b"") -> int:
    """The place behind two slashes that stand at a place; 0 where none do.

    Of `others`, which stand for slashes behind a scheme, and of slashes there may be more then.
    """
    slashes = 0
    while others or slashes < 2:
        if slash := _SLASH.match(text, at):
            at = slash.end()
        elif others and text[at : at + 1] == others:
            at += 1
        else:
            break
        slashes += 1
    return at if slashes >= 2 else 0


def _begins_line(text: bytes, begin: int, at: int) -> bool:
    """Whether only the blanks from `begin` on stand before a place in its line, or a BOM too."""
    if begin == 0 or b"\n" in text[begin:at]:
        return True
    return text[begin - 3 : begin] == _BOM and (begin == 3 or text[begin - 4] == ord("\n"))


def _is_host(text: bytes, at: int, *, with_more: bool = False) -> bool:
    """Whether a name with a dot in it stands at a place; `with_more`: and a path or query."""
    if not with_more and _IPV6.match(text, at):
        return True
    for at_dot in range(at + 1, min(at + _LONGEST_NAME + 1, len(text))):
        if text[at_dot - 1] in _NO_HOST or text[at_dot - 1] in b"%&":
            return False
        if dot := _DOT.match(text, at_dot):
            if with_more and _WITH_MORE.match(text, dot.end()):
                return True
            if not with_more and dot.end() < len(text) and text[dot.end()] not in _NO_HOST:
                return True
    return False


def _without(text: bytes, own: bytes) -> bytes:
    """A text without the link of its record, wherever that stands whole."""
    if not own.lower().startswith(_WEB):
        return text
    first, *others = text.split(own)
    for i, piece in enumerate(others):
        is_end = piece[0] in _ENDS if piece else i == len(others) - 1
        first += (b" " if is_end else own) + piece
    return first
