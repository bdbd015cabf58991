"""Whether a text holds links beside its record's own: as JSON or HTML in it, or among its words.

A record is known by one link; whatever else stands in its texts, nobody looks up. So one is enough
here, in any writing that programs give it: with slashes escaped, as entities, with percent signs,
in base64. What says how an image may be used, or names a vocabulary, is none (`telling.TERMS`).
"""

import re
from collections.abc import Iterator

from relaion.parquet.telling import TERM_SIGNS, TERMS

_COLON = rb"(?::|%(?:25)*3a|u003a|&(?:amp;)*(?:#x0*3a|#0*58|colon);)"
_SLASH = rb"%(?:25)*2f|u002f|&(?:amp;)*(?:#x0*2f|#0*47|sol);"  # where it is none by itself
_SLASHES = rb"(?:/|" + _SLASH + rb"){2}"
_NAME = rb"[^\s/?#%&\\\"'<>]{1,255}(?:\.|\xe3\x80\x82|\xef\xbc\x8e|\xef\xbd\xa1)"  # dots of hosts
_HOST = rb"(?:" + _NAME + rb"[^\s/?#\\\"'<>]|\[[0-9a-f.]*:[0-9a-f:.]+\])"
_WIDE = rb"h\0{1,3}t\0{1,3}t\0{1,3}p"  # of two or four bytes a character
_LINK = re.compile(
    # behind a scheme browsers take each backslash for a slash, and any number of them
    rb"(?im)(?:https?|ftp)" + _COLON + rb"(?:[/\\]|" + _SLASH + rb"){2,}" + _HOST
    # without a scheme it has to begin a line, behind blanks of that line alone: many empty lines
    # would each be gone through to their end; or a value, and to go on behind its host
    + rb"|^(?:\xef\xbb\xbf)?[^\S\n]*" + _SLASHES + _HOST
    + rb"|[\"'(=>]\s*" + _SLASHES + _NAME + rb"[a-z0-9-]+[/?]"
    + rb"|(?:^|[\s\"'=:,(])(?:(?-i:aHR0cDov|aHR0cHM6)|68747470(?:73)?3a2f)"
    + rb"|" + _WIDE
)  # fmt: skip
_TERMS = re.compile(TERMS.encode())
_ESCAPES = re.compile(rb"\\+(?=/|u00(?:2f|3a))", re.IGNORECASE)
_WEB = re.compile(rb"(?:https?:)?(?://|\\\\)", re.IGNORECASE)
_BEHIND = rb"(?=[\s\"'<>\\,;)\]}]|$)"  # what ends a link in a text
_BOM = b"\xef\xbb\xbf"
SIGNS = r"//|\\|%[23]|&(?:amp;)*(?:#|colon|sol)|aHR0c|68747470|\x00"
"""A pattern of what stands in each text that holds a link; more texts have it."""
_SIGN = re.compile(SIGNS.encode())
CODED = re.compile(SIGNS.partition("|")[2].encode())
"""What stands in each text that holds a link without `//`."""
_SIGNS_PACKED = (  # in bytes that are no text
    b"http", b"ahr0c", b"68747470", b"h\0t\0t\0p", b"h\0\0\0t",
)  # fmt: skip
_WRITTEN = re.compile(r"u00[0-7]")  # what may stand for a part of a sign in JSON
_LONGEST = 1 << 10  # bytes of a link that two pieces may share


def json_may_hold_links(text: str, *known: str) -> bool:
    """Whether a JSON, as it is written, may hold links beside those of texts `known` in it."""
    if "\\" in text:
        if ":\\\\" in text or ("u00" in text and _WRITTEN.search(text)):
            return True
        text = text.replace("\\", "")
    if text.count("//") > sum(each.count("//") for each in known):
        return True
    for sign in "%", "&":
        if sign in text and text.count(sign) > sum(each.count(sign) for each in known):
            return True
    return "aHR0c" in text or "68747470" in text


def holds_link(text: bytes, own: bytes = b"") -> bool:
    """Whether a text holds a link that is not its record's `own`."""
    if not _SIGN.search(text):
        return False
    text, own = _bare(text), _bare(own).strip().removeprefix(_BOM).strip()
    lower = text.lower()
    if any(sign in lower for sign in TERM_SIGNS):
        text = _TERMS.sub(_behind_scheme, text)
    if own in text and _WEB.match(own):
        text = re.sub(re.escape(own) + _BEHIND, b" ", text)
    return _LINK.search(text) is not None


def _bare(text: bytes) -> bytes:
    return _ESCAPES.sub(b"", text) if b"\\" in text else text


def _behind_scheme(term: re.Match[bytes]) -> bytes:
    """A term without its scheme: another link may stand in it."""
    return term[0].partition(b"//")[2]


def hold_link(pieces: Iterator[bytes], *, is_text: bool) -> bool:
    """Whether a link stands in a file, given in pieces; of no text, one as it is."""
    behind = b""
    for piece in pieces:
        data = behind + piece
        lower = b"" if is_text else data.lower()
        if (is_text or any(sign in lower for sign in _SIGNS_PACKED)) and holds_link(data):
            return True
        behind = data[-_LONGEST:]
    return False
