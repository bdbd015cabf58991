"""Does a caption hold a keyword? Plain Python, for the few captions above the threshold."""

import codecs
import hashlib
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from relaion.errors import InputError
from relaion.links.text import CONTROL, IGNORABLE, WHITE, one_of
from relaion.paths import open_given, shown

# first and last code points of the Unicode blocks whose scripts are written without spaces
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x0FFF),  # Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19FF),  # Tai Le, New Tai Lue, Khmer Symbols
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0x3005, 0x302D),  # ideographic marks, zero and tones
    (0x3031, 0x303C),  # marks of repetition, numerals
    (0x3040, 0x312F),  # Hiragana, Katakana, Bopomofo
    (0x3190, 0x31BF),  # Kanbun, Bopomofo Extended
    (0x31F0, 0x31FF),  # Katakana Phonetic Extensions
    (0x3400, 0x4DBF),  # CJK Extension A
    (0x4E00, 0x9FFF),  # CJK Unified Ideographs
    (0xA980, 0xA9FF),  # Javanese, Myanmar Extended-B
    (0xAA60, 0xAADF),  # Myanmar Extended-A, Tai Viet
    (0xF900, 0xFAFF),  # CJK Compatibility Ideographs
    (0xFF66, 0xFF9F),  # half-width Katakana
    (0x1AFF0, 0x1B16F),  # Kana Supplement and Extensions
    (0x20000, 0x3FFFF),  # CJK on the supplementary planes
)
_SPACES = re.compile(one_of(WHITE) + "+")
_UNSEEN = re.compile(one_of(IGNORABLE) + "+")
# what nobody sees may part words, but for the soft hyphen and marks
_WITHIN = frozenset(c for c in IGNORABLE if c == "\xad" or unicodedata.category(c) == "Mn")
_PARTING = re.compile(one_of(IGNORABLE - _WITHIN))
_ENDS = " " + "".join(CONTROL)
_UNREAD = "".join(WHITE | IGNORABLE | CONTROL)  # at the ends of a line as it is written
_MOST_MARKS = 30
_JOINER = "\u034f"
_MANY_SIGNS = re.compile(r"[^\w\x00-\x7f]{31}")  # marks are no letters to `re`
_STARTS = tuple(first for first, _ in _UNSPACED)


@dataclass(frozen=True)
class KeywordMatcher:
    """A keyword file: its words, folded, their SHA-256 as written, and how many lines it has."""

    words: tuple[str, ...]
    sha256: str
    lines: int = 0


def _read(path: Path) -> bytes:
    with open_given(path) as file:
        return file.read()


def read_keywords(path: Path | bytes) -> KeywordMatcher:
    """Read one word or phrase a line, from a file or what was read of one already.

    Raises InputError when the file cannot be read as text.
    """
    try:
        raw = path if isinstance(path, bytes) else _read(path)
        text = raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except OSError as e:
        raise InputError(
            f"{shown(path)}: cannot be read ({e.strerror}); check --keywords"
        ) from None
    except UnicodeDecodeError:
        named = "--keywords" if isinstance(path, bytes) else path
        raise InputError(f"{shown(named)}: is not UTF-8 text; save it as UTF-8") from None
    lines = text.splitlines()
    words = {fold(line).strip(_ENDS) for line in lines}
    words = {word for word in words if word and not word.startswith("#")}
    written = dict.fromkeys(line.strip(_UNREAD) for line in lines)
    digest = hashlib.sha256()
    for word in written:
        if word and word[0] != "#":
            digest.update(f"{word}\n".encode())
    return KeywordMatcher(tuple(sorted(words)), digest.hexdigest(), len(lines))


def fold(text: str) -> str:
    """The form in which two spellings of a word are equal: NFC and case-folded.

    White space of any kind and length is one blank, what nobody sees is dropped. A joiner between
    every thirty marks on a letter and the next, as in Unicode's Stream-Safe Text Format: to order a
    million marks would take the square of their number.
    """
    text = _SPACES.sub(" ", text if text.isascii() else _UNSEEN.sub("", text))
    if _MANY_SIGNS.search(text):
        text = _parted(text)
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _parted(text: str) -> str:
    parts: list[str] = []
    marks = 0
    for c in text:
        is_mark = unicodedata.category(c)[0] == "M"
        if is_mark and marks == _MOST_MARKS:
            parts.append(_JOINER)
            marks = 0
        marks = marks + 1 if is_mark else 0
        parts.append(c)
    return "".join(parts)


def holds_any(caption: str, words: Iterable[str]) -> bool:
    """Whether one of the folded words stands in the caption as a word; an empty one never does."""
    texts = [fold(caption)]
    if not caption.isascii() and _PARTING.search(caption):
        texts.append(fold(_PARTING.sub(" ", caption)))
    return any(_holds(text, word) for text in texts for word in words if word and word in text)


def _holds(text: str, word: str) -> bool:
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if _border(text[at - 1 : at], word[0]) and _border(text[end : end + 1], word[-1]):
            return True
        at = text.find(word, at + 1)
    return False


def _border(neighbour: str, edge: str) -> bool:
    """Whether a word may end where `edge` meets `neighbour` ('' at the ends of the text)."""
    if not neighbour or _unspaced(edge) or _unspaced(neighbour):
        return True
    return unicodedata.category(neighbour)[0] not in "LNM"


def _unspaced(letter: str) -> bool:
    at = bisect_right(_STARTS, ord(letter)) - 1
    return at >= 0 and ord(letter) <= _UNSPACED[at][1]
