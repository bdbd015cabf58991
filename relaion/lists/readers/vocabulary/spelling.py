"""How words are compared: without case, accents, and whatever else only changes how they look.

How an umlaut is written counts for nothing, nor do letters that nobody sees, full-width ones, and
letters of another script that look like Latin ones. Stems stand for their forms. The lists of words
beside this module are plain text that needs no Python to read or to lengthen: how they are written
is said in `entries.txt`. A text such as `{taken_back} {mistakes} gone` stands for the words of two
lists and one more.
"""

import re
import unicodedata
from collections.abc import Callable, Container, Sequence
from functools import cache, lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_LETTERS = _FOLDER / "letters.txt"
_NAME = re.compile(r"\[(\w+)\]")
_REFERENCE = re.compile(r"\{(\w+)\}")


def sections(path: Path) -> dict[str, list[str]]:
    """The lines of each part of a file of words or patterns, without comments, by its name."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if name := _NAME.fullmatch(line):
            if name[1] in found:
                raise ValueError(f"{path.name}: two parts are called {name[1]}")
            lines = found[name[1]] = []
        elif line and not line.startswith("#"):
            lines.append(line)
    return found


@cache
def _lists() -> dict[str, str]:
    """The words of each list by its name; raises ValueError where two have one name."""
    found: dict[str, str] = {}
    for path in sorted({*_FOLDER.glob("*.txt")} - {_LETTERS}):
        for name, lines in sections(path).items():
            if name in found:
                raise ValueError(f"two lists of words are called {name}")
            found[name] = " ".join(lines)
    return found


def expanded(text: str) -> str:
    """A text in which the words of lists stand for their names; raises KeyError for no list."""
    return _REFERENCE.sub(lambda found: expanded(_lists()[found[1]]), text)


def _letters(name: str) -> dict[str, list[str]]:
    """What each sign stands for, as `letters.txt` tells."""
    found: dict[str, list[str]] = {}
    for told in " ".join(sections(_LETTERS)[name]).split():
        found.setdefault(told[0], []).append(told[1:])
    return found


def _written_as(name: str) -> dict[int, str]:
    return str.maketrans({letter: ways[0] for letter, ways in _letters(name).items()})


_WRITTEN_OUT, _BARE, _LOOK_ALIKE = map(
    _written_as, ("umlauts_written_out", "letters_without_marks", "look_alike_letters")
)
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)

NO_UTF8 = re.compile("[\ud800-\udfff]")
_TWICE = re.compile("[\xc2-\xc5][\x80-\xbf\u0152-\u2122]")
_ENCODINGS = (  # those of the West first; where none of our words stands in these, the others
    ("cp1252", "cp850", "mac_roman", "cp1251", "cp1250", "cp1254", "iso8859_2", "koi8_r", "cp866",
     "cp852"),
    ("cp932", "gb18030", "big5", "cp949", "cp1253", "cp1255", "cp1256"),
)  # fmt: skip
_marked: set[str] = set()  # our words that ASCII cannot write


def is_garbled(text: str) -> bool:
    """Whether most of a text is bytes that are no UTF-8: in Windows-1252 few letters are."""
    return 2 * len(NO_UTF8.findall(text)) > len(text)


def read_anew(text: str) -> str:
    """A text whose bytes are no UTF-8, or were made UTF-8 twice, as it was meant.

    Programs do not say in which code they wrote. It is that in which most of its words are ours;
    where none is, Windows-1252. Letters that nobody sees are left out, and in a word of Latin
    letters those of another script are read as what they look like.
    """
    text = unicodedata.normalize("NFKC", _decoded(text))
    return _WORD.sub(_of_one_script, _UNSEEN.sub("", text))


def escaped(text: str) -> bytes:
    """A text as a store can hold it: what is not UTF-8 in it stands as an escape."""
    return text.encode("utf-8", "backslashreplace")


def _of_one_script(found: re.Match[str]) -> str:
    word = found[0]
    if word.isascii() or not any(map(str.isascii, word)):
        return word
    is_alike = all(c.isascii() or ord(c) in _LOOK_ALIKE for c in word)
    return word.translate(_LOOK_ALIKE) if is_alike else word


def _decoded(text: str) -> str:
    try:
        if NO_UTF8.search(text):
            raw = text.encode("utf-8", "surrogateescape")
            told = (_likeliest([raw.decode(c, "replace") for c in codes]) for codes in _ENCODINGS)
            return next((x for x in told if _n_ours(x)), raw.decode(_ENCODINGS[0][0], "replace"))
        if _TWICE.search(text):
            return _likeliest([text, text.encode("cp1252").decode("utf-8")])
    except UnicodeError:
        return text
    return text


def _likeliest(readings: Sequence[str]) -> str:
    return max(readings, key=_n_ours)


def _n_ours(text: str) -> int:
    """How many of our words that ASCII cannot write stand in a text."""
    return len(_marked.intersection(_WORD.findall(text.casefold())))


_WORD = re.compile(r"[^\W_]+")


def without_marks(text: str) -> str:
    """A text without case, accents, umlauts and ligatures."""
    if text.isascii():
        return text.casefold()
    return _bare(read_anew(text).casefold())


def _bare(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return "".join(c for c in apart if not unicodedata.combining(c)).translate(_BARE)


def folded(text: str) -> str:
    """A text without case and accents; umlauts are written out, as many programs do."""
    return _written_out(text.casefold() if text.isascii() else read_anew(text).casefold())


def _written_out(text: str) -> str:
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFD", text.translate(_WRITTEN_OUT))
    bare = "".join(c for c in apart if not "\u0300" <= c <= "\u036f").translate(_BARE)
    return unicodedata.normalize("NFC", bare)


_FORMS = _letters("forms_of_stems")


def unmarked(text: str) -> str:
    """A text without the marks that stand above, below or behind letters of many scripts."""
    return "".join(c for c in text if not unicodedata.category(c).startswith("M"))


def is_unread(word: str) -> bool:
    """Whether a word is written in a script that none of our words are of."""
    letters = [c for c in word if c.isalpha()]
    return bool(letters) and not any(
        unicodedata.name(c, "").startswith(("LATIN", "CYRILLIC")) for c in letters
    )


def joined(
    tokens: Sequence[str], most: int, is_one: Callable[[str, int], bool],
    begins: Container[str] | None = None,
) -> list[str]:  # fmt: skip
    """Words, of which up to `most` beside each other are one where `is_one` says so of them.

    It is asked with them joined, and how many they are: the most first. Those that are not among
    `begins` begin none.
    """
    units, i = [], 0
    while i < len(tokens):
        n = min(most, len(tokens) - i) if begins is None or tokens[i] in begins else 1
        while n > 1 and not is_one("".join(tokens[i : i + n]), n):
            n -= 1
        units.append("".join(tokens[i : i + n]))
        i += n
    return units


@lru_cache(1 << 10)  # the same vocabularies, when their modules are loaded
def words_in(text: str) -> frozenset[str]:
    """The words of a text, folded; a stem that ends in a sign is all of its forms.

    `{good}` stands for the words of the list of that name (`spelling.py`).

    Umlauts are written out, and left out too: `gelöscht` is `geloescht` and `geloscht`.
    """
    found: set[str] = set()
    for word in expanded(text).split():
        found |= _forms_of(word)
    return frozenset(found)


@cache  # most words stand in several lists
def _forms_of(word: str) -> frozenset[str]:
    forms = _FORMS.get(word[-1])
    found: set[str] = set()
    for form in (word[:-1] + end for end in forms) if forms else [word]:
        if form.isascii():
            found.add(form.casefold())
            continue
        _marked.add(form.casefold())
        anew = read_anew(form).casefold()
        found |= {_written_out(anew), _bare(anew)}
    return frozenset(found)
