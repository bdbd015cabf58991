"""Texts of links: the characters that nobody sees, escapes, entities, and what is too long."""

import re
from collections.abc import Callable
from html import unescape

# -- Links of more than 16 KiB: compared by their bytes, so that each costs little -------------
# Browsers and servers refuse links long before that: what is longer is a picture written into its
# link (`data:`), or broken. Its host is read as any other, so that a listed host covers it; behind
# the host nothing is folded, it has no other spellings, and no link is looked for inside it.
# `link_is_giant` in `sql/v1/05_link_macros.sql` says the same of a row's link.

LONGEST = 1 << 14
"""Bytes up to which the host of a link, with its scheme, and what follows it are taken apart."""

# scheme, slashes and host, however they are written
_PLACE = re.compile(r"(?:[^:/\\?#]*:)?[/\\]*[^/\\?#]*")


def cut_place(text: str) -> tuple[str, str]:
    """What stands before a link's path, query or fragment, and the rest."""
    found = _PLACE.match(text)
    end = found.end() if found else 0
    return text[:end], text[end:]


def is_giant(url: str | bytes) -> bool:
    """Whether a link is compared by its bytes: one of its two parts is longer than LONGEST.

    Not the whole is measured: a key has another scheme than its link, yet is its own key.
    """
    if 4 * len(url) <= LONGEST:
        return False
    if len(url) > 2 * LONGEST:  # then one of two parts is
        return True
    text = as_text(url)
    return any(len(as_bytes(part)) > LONGEST for part in cut_place(text))


# -- Characters that nobody sees: they stick to a text that is copied, and are no part of it ---

# Ranges of four properties of Unicode 16.0: White_Space (PropList.txt), the categories Cc and Cf
# (UnicodeData.txt), Default_Ignorable_Code_Point (DerivedCoreProperties.txt). Written down, since
# `unicodedata` knows another Unicode in each Python, and a link may not have two keys;
# tests/test_unseen.py derives them anew from what Python knows.
_WHITE = "0009-000D 0020 0085 00A0 1680 2000-200A 2028-2029 202F 205F 3000"
_IGNORABLE = (
    "00AD 034F 061C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 FE00-FE0F "
    "FEFF FFA0 FFF0-FFF8 1BCA0-1BCA3 1D173-1D17A E0000-E0FFF"
)
_CONTROL = "0000-001F 007F-009F"
_FORMAT = (  # those that are not ignorable too
    "0600-0605 06DD 070F 0890-0891 08E2 FFF9-FFFB 110BD 110CD 13430-1343F"
)


def _letters(ranges: str) -> frozenset[str]:
    found: set[str] = set()
    for part in ranges.split():
        first, _, last = part.partition("-")
        found.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return frozenset(found)


WHITE = _letters(_WHITE)
"""White space."""
IGNORABLE = _letters(_IGNORABLE)
"""What leaves no trace: joiners, soft hyphens, byte order marks, marks of direction, fillers."""
BLANK = WHITE | IGNORABLE
"""What leaves a line blank."""
CONTROL = _letters(_CONTROL)
"""Controls; tabs and line breaks are white space too."""
UNSEEN = BLANK | CONTROL | _letters(_FORMAT)
"""All of these, and the other format characters."""


_LONG = 1000  # characters


def trim(text: str, ends: frozenset[str] = UNSEEN) -> str:
    """Without white space, controls and invisible characters at both ends."""
    if text and text[0] not in ends and text[-1] not in ends:
        return text
    if len(text) > _LONG and " " in ends:
        text = text.strip(" \t\r\n")  # a step a character would take long
    start, end = 0, len(text)
    while start < end and text[start] in ends:
        start += 1
    while start < end and text[end - 1] in ends:
        end -= 1
    return text[start:end]


def one_of(letters: frozenset[str]) -> str:
    """A regular expression for one of these characters; as ranges, which `re` looks up fast."""
    ranges: list[list[int]] = []
    for code in sorted(map(ord, letters)):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    parts = (f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in ranges)
    return f"[{''.join(parts)}]"


# -- What any text of a link goes through: bytes, blanks, HTML entities, percent-escapes -------

_NAMED = {
    "&amp;": "&",
    "&AMP;": "&",
    "&quot;": '"',
    "&QUOT;": '"',
    "&apos;": "'",
    "&lt;": "<",
    "&LT;": "<",
    "&gt;": ">",
    "&GT;": ">",
    "&nbsp;": "\xa0",
}
_NAMES = "&(?:amp|AMP|quot|QUOT|apos|lt|LT|gt|GT|nbsp);"
_ENTITY = f"{_NAMES}|&#(?:[xX]0{{0,8}}[0-9a-fA-F]{{1,6}}|0{{0,8}}[0-9]{{1,7}});"
_LONGEST = 20  # characters of the longest token, `&#x00000000XXXXXX;`, and a little
_RAW = re.compile(r"[^\x21-\x7e]+")
_PRINTED = bytes(range(0x21, 0x7F))
_HIGH = re.compile(r"(?:%[89A-F][0-9A-F])+")
_WHOLE = re.compile(r"(?i)(?:https?|ftp)%(?:25){0,3}3a(?:%(?:25){0,3}2f|[/\\])")
_ESCAPE = re.compile(r"(?:%[0-9a-fA-F]{2})+")

# signs that people and programs put around a whole link; no link begins with one
_FRAMES = {
    '"': '"', "'": "'", "`": "`", "<": ">", "\u201c": "\u201d", "\u201e": "\u201c\u201d",
    "\u2018": "\u2019", "\u00ab": "\u00bb", "\u2039": "\u203a",
}  # fmt: skip
_FRAMED = re.compile(r"(?i)(?:https?|ftp)(?::|%(?:25){0,3}3a)|[/\\]{2}|www\.")
_BARE = re.compile(r"(?:([^/\\?#:@\s]+)|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?(?:[/\\?#]|\Z)")
# a full stop that ends a label, in whatever way it is written, between two other characters
_DOTTED = re.compile(
    r"(?i).(?:[.\u3002\uff0e\uff61]|%(?:25)*(?:2e|e3%(?:25)*80%(?:25)*82"
    r"|ef%(?:25)*bc%(?:25)*8e|ef%(?:25)*bd%(?:25)*a1)).",
    re.DOTALL,
)
_IN_FRAMES = re.compile("[\"'`<>\u201c-\u201e\u2018\u2019\u00ab\u00bb\u2039\u203a]")
_DEEPEST_FRAME = 8

# a token's regular expression, the same at the end of a text, and what a token means
Tokens = tuple[re.Pattern[str], re.Pattern[str], Callable[[re.Match[str]], str]]


def as_text(link: str | bytes) -> str:
    """A link as text; bytes that are not UTF-8 become lone surrogates, so none is lost.

    Raises TypeError for what is neither, whose value stays untold.
    """
    if isinstance(link, str):
        return link
    if not isinstance(link, bytes):
        raise TypeError(f"a link is text or bytes, not {type(link).__name__}")
    return link.decode("utf-8", "surrogateescape")


def as_bytes(text: str) -> bytes:
    """The UTF-8 of any text; a lone surrogate is the byte it stands for, or its own code."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return b"".join(_one_as_bytes(c) for c in text)


def _one_as_bytes(c: str) -> bytes:
    return c.encode("utf-8", "surrogateescape" if "\udc80" <= c <= "\udcff" else "surrogatepass")


def quote_raw(text: str) -> str:
    """Percent-escape all that is not a printable ASCII character, as browsers send it."""
    if text.isascii() and not text.encode().translate(None, _PRINTED):
        return text  # a tenth of the time of an expression, which giants take long
    return _RAW.sub(lambda m: "".join(f"%{b:02X}" for b in as_bytes(m[0])), text)


def unquote_words(text: str) -> str:
    """Escapes that spell UTF-8 beyond ASCII, as characters; other escapes stay."""
    return _HIGH.sub(lambda m: _spelled(m[0]), text)


def _spelled(escapes: str) -> str:
    text = bytes.fromhex(escapes.replace("%", "")).decode("utf-8", "surrogateescape")
    return re.sub("[\udc80-\udcff]", lambda m: quote_raw(m[0]), text)


def undo(text: str, tokens: Tokens) -> str:
    """Replace tokens by what they mean until none is left that changes.

    `%2541` is `%41` is `A`. Takes time in proportion to the text, however deeply it nests:
    four rounds do for what people write, a stack of characters for what they contrive.
    """
    anywhere, at_end, meaning = tokens
    for _ in range(4):
        done = anywhere.sub(meaning, text)
        if done == text:
            return done
        text = done
    out: list[str] = []
    for c in text:
        out.append(c)
        while found := at_end.search("".join(out[-_LONGEST:])):
            value = meaning(found)
            if value == found[0]:
                break
            out[-len(found[0]) :] = value
    return "".join(out)


def tokens(pattern: str, meaning: Callable[[re.Match[str]], str]) -> Tokens:
    """Tokens for `undo`; no token may hold the first character of another in its middle."""
    return re.compile(pattern), re.compile(rf"(?:{pattern})\Z"), meaning


def escapes(kept: str) -> Tokens:
    """Tokens of an escaped text: printable ASCII but for `kept` means itself.

    All else stays escaped, in upper-case hex. Entities that escapes had hidden count too.
    """
    digits = "0123456789abcdefABCDEF"
    values = {f"%{a}{b}": chr(int(a + b, 16)) for a in digits for b in digits}
    meaning = {e: c if "!" <= c <= "~" and c not in kept else e.upper() for e, c in values.items()}
    meaning |= {name: quote_raw(c) for name, c in _NAMED.items()}
    return tokens(f"%[0-9a-fA-F]{{2}}|{_NAMES}", lambda m: meaning[m[0]])


def _entity(found: re.Match[str]) -> str:
    text = found[0]
    if text in _NAMED:
        return _NAMED[text]
    code = int(text[3:-1], 16) if text[2] in "xX" else int(text[2:-1])
    if code in (9, 10, 13):
        return ""  # as a raw tab or line break: no part of a link
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        return text
    # HTML reads &#128; to &#159; as windows-1252
    return unescape(text) if 0x80 <= code < 0xA0 else chr(code)


_ENTITIES = tokens(_ENTITY, _entity)


def drop_breaks(text: str) -> str:
    """Without tabs and line breaks: a link may be broken across lines."""
    if "\t" in text or "\n" in text or "\r" in text:
        return text.replace("\t", "").replace("\n", "").replace("\r", "")
    return text


def unframed(text: str) -> str:
    """A link without the quotes or `< >` around it, and a comma or semicolon behind these.

    Only where a link begins right behind them: any other text is none, and equals itself alone.
    """
    inner = text
    for _ in range(_DEEPEST_FRAME):
        closing = _FRAMES.get(inner[:1])
        if closing is None:
            break
        framed = trim(inner.rstrip(",;")) if inner[-1] in ",;" else inner
        if len(framed) < 2 or framed[-1] not in closing:
            return text
        inner = trim(framed[1:-1])
    return inner if _FRAMED.match(inner) or _is_bare_within(inner) else text


def is_bare(text: str) -> bool:
    """Whether a text without a scheme is a link: a dotted host stands in front."""
    found = _BARE.match(text)
    if found is None:
        return False
    return not found[1] or found[1] == "localhost" or _DOTTED.search(found[1]) is not None


def _is_bare_within(text: str) -> bool:
    """The same of what stands in quotes: a host with a quote is several words, or none."""
    found = _BARE.match(text)
    return found is not None and not _IN_FRAMES.search(found[0]) and is_bare(text)


def undo_entities(text: str) -> str:
    """HTML entities that end in a semicolon, undone until none is left.

    Before anything else reads the text: `&#039;` holds a `#` that starts no fragment.
    `&copy=` without a semicolon is a parameter, not an entity.
    """
    return undo(text, _ENTITIES) if "&" in text and ";" in text else text


def unquote_whole(text: str) -> str:
    """A link escaped as a whole (`http%3A%2F%2F…`), undone, up to four times over."""
    while _WHOLE.match(text):
        decoded = _ESCAPE.sub(lambda m: _spelled(m[0]), text)
        text = trim(undo_entities(drop_breaks(decoded)))
    return text
