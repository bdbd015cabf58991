"""What stands beside entries and speaks of them, under whatever name: `expired`, `b.mp4`, `NSRL`.

A remark is a text of one of these kinds:

- A piece of it (between commas and their kind) is made of words that we know, of days and of small
  words: `widerrufen am 1.2.2024`. It is certain and its row is treated by it.
- Such a word stands among others: `removed after a report`. Nobody here can say whether the entry
  was taken back: the file is refused until the curator chooses. In a column that is not called a
  note, only a short text is such; a long one is told of.
- A caption, or the name of a giver, speaks only where nothing else stands in it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from relaion.errors import ListError
from relaion.lists.readers import names, words
from relaion.lists.readers.columns import ListColumn
from relaion.lists.readers.decisions import (
    answer_of,
    media_word,
    option_name,
    type_of,
)
from relaion.lists.readers.format import GOOD, NO_IMAGE, OTHER_HASH, TAKEN_BACK, UNDOES, VIDEO
from relaion.lists.readers.media import media_of_file
from relaion.lists.readers.notes import MISTAKES, Remark, read_note, read_text
from relaion.lists.values import told as say

_NO_IMAGES = words.words_in(
    "audio document documents dokument dokumente document* documento documentos documenti pdf doc "
    "docx exe dll zip apk mp3 application"
)
_DIGITS = {
    32: "md2 md4 md5 md6 ed2k imphash", 40: "ripemd160", 64: "pdq pdqf sha3 blake2s blake3",
    128: "sha512 blake2b whirlpool",
}  # fmt: skip
_LENGTHS = {name: digits for digits, told in _DIGITS.items() for name in told.split()}

_ANSWERS = 8  # words of a column that says yes and no
_SHORT = 5  # words of a text that is no caption


def _of_media(cell: str, *, alone: bool) -> Remark | None:
    """What a cell says of what its row is of, by the words or the type that it holds."""
    told = [piece.strip() for piece in ([cell] if alone else re.split(r"[;,|\n]+", cell))]
    says = [s for piece in told if (s := media_word(piece))]
    if not says or any(s.media == "image" for s in says):
        return None
    fate = says[0].fate
    is_plain = "/" in cell or fate == VIDEO or names.squeezed(cell) in _NO_IMAGES
    return Remark(fate, say(told[0], 20)) if is_plain else None


@lru_cache(65536)
def _read_cell(cell: str, what: str) -> Remark | None:
    fate = media_of_file(cell)
    if fate == VIDEO or (fate and "://" not in cell and what != names.CAPTION):
        return Remark(fate, "")
    if "://" in cell or (what == names.FILE_NAME and "." in cell):
        return None
    is_note = what in (names.NOTE, names.UNKNOWN)
    if (said := read_text(cell, alone=not is_note and what != names.SEVERITY)) is not None:
        return said
    if not is_note or len(cell) > 60 or cell.count(" ") > _SHORT:
        return None
    return _of_media(cell, alone=what == names.UNKNOWN) or _of_algorithm(cell)


def of_line(note: str, digits: int, *, is_good: bool) -> Remark | None:
    """What a note on one line says of an entry, of so many digits; what takes back does just that.

    A list of what is known good may hold any file.
    """
    said = _read_cell(note.strip(), names.NOTE) or read_note(note)
    if said is None or (is_good and _is_right_of_good(said)):
        return None
    if said.algorithm and _LENGTHS[said.algorithm] != digits:  # it may be what it was found by
        return replace(said, is_sure=False) if digits else None
    if not said.word:  # a frame of a film may be called after it
        said = replace(said, word="file names", is_sure=" " not in note.strip())
    is_of = said.fate in (VIDEO, NO_IMAGE, OTHER_HASH, None)
    return said if is_of else replace(said, fate=TAKEN_BACK)


def _is_right_of_good(said: Remark) -> bool:
    """Whether a remark says no more than what a list of known good may hold: any file."""
    return said.fate in (GOOD, NO_IMAGE, VIDEO) or said.word in MISTAKES


def _of_algorithm(cell: str) -> Remark | None:
    says = type_of(cell)
    if says is not None and says.fate == VIDEO:
        return Remark(VIDEO, says.unusable)
    if says is None or says.fate != OTHER_HASH or says.unusable not in _LENGTHS:
        return None
    return Remark(OTHER_HASH, says.unusable, algorithm=says.unusable)


WATCHED = frozenset((
    names.UNKNOWN, names.NOTE, names.CAPTION, names.FILE_NAME, names.REFERENCE, names.OTHER,
    *names.TRAITS,
))  # fmt: skip


@dataclass
class RemarkColumn:
    """A column beside the entries, and what its cells said so far, by word or by kind of file."""

    column: ListColumn
    is_named: bool
    is_good: bool
    kept_out: Counter[str] = field(default_factory=Counter)
    unsure: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    has_images: bool = False
    answers: Counter[str] = field(default_factory=Counter)  # yes and no

    def read(self, cells: Sequence[str], lengths: Sequence[int]) -> dict[int, str]:
        """Why rows bring no entry, by their place; `lengths` are the digits of their digests."""
        what = self.column.what
        fates: dict[int, str] = {}
        if what not in WATCHED:  # its curator says that it decides nothing
            said_so = (read_text(cell, alone=True) for cell in cells if cell)
            self.ignored.update(r.word for r in said_so if r and r.is_sure and r.fate in UNDOES)
            return fates
        if what == names.UNKNOWN and len(self.answers) < _ANSWERS:
            self.answers.update(cell.strip().casefold() for cell in cells if cell)
        said = {cell: _read_cell(cell, what) for cell in set(cells) if cell}
        if all(remark is None for remark in said.values()) and self.has_images:
            return fates
        self.has_images = self.has_images or any(map(_is_image, said))
        for i, cell in enumerate(cells):
            remark = said.get(cell)
            if remark is None or self._is_right(remark):
                continue
            if remark.algorithm and _LENGTHS[remark.algorithm] != lengths[i]:
                continue
            fate = remark.fate
            if not remark.word and fate == NO_IMAGE and not self._is_file_column():
                self.passed["names of files that are no pictures"] += 1
            elif self._is_passed(remark, cell):
                self.passed[f"texts with {remark.word}"] += 1
            elif not remark.is_sure and not self.is_named and fate:
                fates[i] = fate
                self.kept_out[remark.word] += 1
            elif not remark.is_sure or fate is None:
                self.unsure[remark.word] += 1
            else:
                fates[i] = fate
                self.kept_out[remark.word or f"file names ({fate})"] += 1
        return fates

    def fate_of(self, cell: str) -> str | None:
        """What a cell surely says of its row; nothing is counted."""
        remark = _read_cell(cell, self.column.what) if cell else None
        return remark.fate if remark and remark.is_sure and not self._is_right(remark) else None

    def _is_right(self, remark: Remark) -> bool:
        return self.is_good and _is_right_of_good(remark)

    def _is_passed(self, remark: Remark, cell: str) -> bool:
        """Whether a word stands in a longer text that nothing calls a note."""
        is_long = not remark.is_whole and len(cell.split()) > _SHORT
        return is_long and self.column.what != names.NOTE

    def _is_file_column(self) -> bool:
        return self.column.what == names.FILE_NAME or self.has_images

    def refuse(self) -> None:
        """Raise ListError where it speaks of rows, and nobody here can say what."""
        if not self.column.name and self._says_yes_and_no():
            raise ListError(
                f"column {self.column.told} has no name and says yes and no "
                f"({_told(self.answers)}): choose its rows with --where "
                f"{self.column.index + 1}=WORD, or say --ignore {self.column.index + 1} if it "
                "decides nothing"
            )
        if self.unsure:
            option = option_name(self.column.name, self.column.index)
            raise ListError(
                f"column {self.column.told} may say in {self.unsure.total():,} rows that they are "
                f"not listed ({_told(self.unsure)}); choose its rows with --where "
                f"{option}=WORD,WORD, or say --ignore {option} if it decides nothing"
            )

    def _says_yes_and_no(self) -> bool:
        return set(map(answer_of, self.answers)) == {True, False}

    def notices(self) -> list[str]:
        """What of it kept rows out, and what was passed over."""
        option = option_name(self.column.name, self.column.index)
        found = []
        if self.kept_out:
            found.append(
                f"column {self.column.told} keeps rows out: {_told(self.kept_out)}; say --ignore "
                f"{option} if it decides nothing"
            )
        if self._says_yes_and_no():
            found.append(
                f"column {self.column.told} says yes and no and was taken to decide nothing; if it "
                f"does, choose with --where {option}=WORD"
            )
        if self.ignored:
            found.append(
                f"column {self.column.told} is ignored, and says of rows that they are not listed: "
                f"{_told(self.ignored)}"
            )
        if self.passed:
            found.append(f"column {self.column.told} holds {_told(self.passed)}: passed over")
        return found


def _is_image(cell: str) -> bool:
    end = cell.rpartition(".")[2].strip()
    says = media_word(end) if "." in cell and end.isalnum() else None
    return says is not None and says.media == "image"


def _told(counted: Counter[str]) -> str:
    said = [f"{word}: {n:,}" for word, n in counted.most_common(10)]
    more = len(counted) - len(said)
    return ", ".join(said) + (f" and {more:,} more" if more > 0 else "")
