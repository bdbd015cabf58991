"""What one cell beside an entry, or a note behind it, says of it: in words, or by a file."""

import re
from dataclasses import replace
from functools import lru_cache

from relaion.lists.readers import why
from relaion.lists.readers.lines.known_good import cell_of_bad
from relaion.lists.readers.tables.decisions import media_word, type_of
from relaion.lists.readers.tables.folders import folder_of, undone_in
from relaion.lists.readers.tables.notes import (
    MISTAKES,
    Remark,
    read_note,
    read_short,
    read_text,
    read_until,
)
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.media import media_of_file, names_codec
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.values import told as say

_NO_IMAGES = words_in("{no_pictures} zip application")
_DIGITS = {
    32: "md2 md4 md5 md6 ed2k imphash", 40: "ripemd160", 64: "pdq pdqf sha3 blake2s blake3",
    128: "sha512 blake2b whirlpool",
}  # fmt: skip
_WRONGLY_BAD = MISTAKES | words_in("{wrongly_bad}")
LENGTHS_OF = {name: digits for digits, told in _DIGITS.items() for name in told.split()}

SHORT = 5  # words of a text that is no caption


def of_media(cell: str, *, alone: bool) -> Remark | None:
    """What a cell says of what its row is of, by the words or the type that it holds."""
    told = [piece.strip() for piece in ([cell] if alone else re.split(r"[;,|\n]+", cell))]
    says = [s for piece in told if (s := media_word(piece))]
    if not says or any(s.media == "image" for s in says):
        return None
    fate = says[0].fate
    is_plain = "/" in cell or fate == why.VIDEO or names.squeezed(cell) in _NO_IMAGES
    return Remark(fate, say(told[0], 20)) if is_plain else None


def is_of_words(name: str) -> bool:
    """Whether a name is a title in words, which takes back as a note does, and of no file."""
    return " " in name and "." not in name and "/" not in name


@lru_cache(1 << 13)
def read_cell(cell: str, what: str) -> Remark | None:
    """What a cell says of its row, in a column that is `what`; None where it says nothing."""
    fate = media_of_file(cell)
    if fate == why.VIDEO or (fate and "://" not in cell and what != names.CAPTION):
        return Remark(fate, "")
    if "://" in cell or (what == names.FILE_NAME and "." in cell):
        return None
    is_note = what in (names.NOTE, names.UNKNOWN)
    if (said := read_text(cell, alone=not is_note and what != names.SEVERITY)) is not None:
        return said
    if not is_note or len(cell) > 60 or cell.count(" ") > SHORT:
        return None
    if said := of_media(cell, alone=what == names.UNKNOWN) or _of_algorithm(cell):
        return said
    return read_until(cell) or (read_short(cell) if what == names.NOTE else None)


def of_line(note: str, digits: int, *, is_good: bool) -> Remark | None:
    """What a note on one line says of an entry, of so many digits; what takes back does just that.

    A list of what is known good may hold any file.
    """
    if is_good and (word := cell_of_bad(note, names.NOTE)):
        return Remark(None, word, is_sure=False)
    said = read_cell(note.strip(), names.NOTE) or read_note(note)
    if said is None or (is_good and is_right_of_good(said)):
        return None
    if said.algorithm and LENGTHS_OF[said.algorithm] != digits:  # it may be what it was found by
        return replace(said, is_sure=False) if digits else None
    if not said.word:  # a frame of a film may be called after it
        said = replace(said, word="file names", is_sure=" " not in note.strip())
    is_of = said.fate in (why.VIDEO, why.NO_IMAGE, why.OTHER_HASH, None)
    return said if is_of else replace(said, fate=why.TAKEN_BACK)


def remark_of_folder(cell: str, *, is_good: bool) -> Remark | None:
    """What the folder says in which a file lies: a path ends in a name with an extension."""
    if not _PATH.fullmatch(cell) or not (part := undone_in(folder_of(cell), is_good=is_good)):
        return None
    return Remark(None, f"{IN_FOLDER}{say(part)}", is_sure=False)


_PATH = re.compile(r"[^\n]*[/\\][^/\\\n]+\.[A-Za-z0-9]{2,5}")
IN_FOLDER = "folder "


def is_right_of_good(said: Remark) -> bool:
    """Whether a remark says no more than what a list of known good may hold: any file."""
    return said.fate in (why.GOOD, why.NO_IMAGE, why.VIDEO) or said.word in _WRONGLY_BAD


def _of_algorithm(cell: str) -> Remark | None:
    if names_codec(cell):
        return Remark(why.VIDEO, say(cell, 20), is_sure=False)
    says = type_of(cell)
    if says is not None and says.fate == why.VIDEO:
        return Remark(why.VIDEO, says.unusable)
    if says is None or says.fate != why.OTHER_HASH or says.unusable not in LENGTHS_OF:
        return None
    return Remark(why.OTHER_HASH, says.unusable, algorithm=says.unusable)
