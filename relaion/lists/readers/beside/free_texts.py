"""Texts beside entries that are written freely: remarks on a few of them, or what each shows.

No list of words is whole. Of remarks in words that nobody here knows the rows are told, where they
stand in few. Where some texts of a column speak of children, those that speak of grown-ups or of
things alone may be of what is not listed, and the curator is asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from relaion.lists.readers.lines.prose import read_prose
from relaion.lists.readers.tables.columns import ListColumn
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.answers import answer_of
from relaion.lists.readers.vocabulary.shown import CHILD, shown_by
from relaion.lists.readers.vocabulary.spelling import words_in

_SHOWING = frozenset((
    names.UNKNOWN, names.NOTE, names.CAPTION, names.OTHER, names.OF_PEOPLE,
))  # fmt: skip
_MOST_ROWS = 10  # that are named
_MOST_TEXTS = 4096  # different ones that are looked at
_MARKS, _PHRASE = 3, 3  # texts that mark rows, and words of one
_FEW = 20  # of a column of which nobody here knows what it is for
_CAPTIONS = words_in("caption captions text texts alt alttext query prompt keyword keywords title")
_LABELS = words_in("{tag_names}")
_OF_AGE = words_in("{age_and_people_names}")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_NO_TEXT = re.compile(
    r"://|^\S+@\S+$|^\S*[/\\]\S*$|^\S*\.\w{2,5}$"
    r"|^(?=\S*\d)\S+$|^[A-Z]{2,6}[ -]?\d+"
)


_FILE = re.compile(r"\.\w{2,5}$")


@lru_cache(65536)
def _is_understood(text: str) -> bool:
    """Whether a text says nothing that nobody here knows."""
    if not _LETTERS.search(text) or _NO_TEXT.search(text) or answer_of(text) is not None:
        return True
    return read_prose(text) is None


@dataclass
class FreeTexts:
    """What the texts of one column said so far; of no list of what is known good.

    `rows` are the numbers, from 1, of the first rows in which a text is not understood.
    """

    column: ListColumn
    is_of_record: bool = False  # what it describes is the file itself
    seen: int = 0
    written: int = 0  # rows with a text
    filled: int = 0  # rows of a column of which nobody here knows what it is for
    n: int = 0
    rows: list[int] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)  # some of these texts
    children: int = 0
    shown: Counter[str] = field(default_factory=Counter)
    texts: set[str] = field(default_factory=set)

    def watch(
        self, cells: Sequence[str], texts: Collection[str], out: Collection[int], first: int
    ) -> None:
        """Look at those of the cells that are `texts`; rows that are `out` say nothing."""
        self.seen += len(cells)
        is_note = self.column.what in (names.NOTE, names.UNKNOWN) and not self._is_label
        is_showing = self.column.what in _SHOWING or self.is_of_record
        if not is_showing or len(self.texts) > _MOST_TEXTS:
            return
        told = {cell for cell in texts if cell.strip()}
        self.texts |= told
        shown = {} if self._is_label else {
            cell: says for cell in told
            if not _FILE.search(cell) and (says := shown_by(cell, is_whole=False))
        }  # fmt: skip
        is_note = is_note and (self.column.what == names.NOTE or len(self.texts) <= _FEW)
        strange = {cell for cell in told if not _is_understood(cell)} if is_note else set()
        n = sum(1 for cell in cells if cell in told)
        self.filled += n if self.column.what == names.UNKNOWN else 0
        self.written += n
        if not shown and not strange:
            return
        for i, cell in enumerate(cells):
            if cell not in told or i in out:
                continue
            if (says := shown.get(cell)) == CHILD:
                self.children += 1
            elif says:
                self.shown[says] += 1
            if cell in strange:
                self.n += 1
                if len(self.marks) <= _MARKS:
                    self.marks.add(cell)
                if len(self.rows) < _MOST_ROWS:
                    self.rows.append(first + i + 1)

    @property
    def _is_label(self) -> bool:
        return not _LABELS.isdisjoint(names.words_of(self.column.name))

    @property
    def _is_caption(self) -> bool:
        return self.column.what == names.CAPTION and self.column.word in _CAPTIONS

    def speak_of_none(self) -> bool:
        """Whether some texts speak of children, and others of what is none."""
        is_of_age = not _OF_AGE.isdisjoint(names.words_of(self.column.name))
        is_asked = self.children or (is_of_age and self.column.what != names.CAPTION)
        return bool(self.shown and is_asked and not self._is_caption)

    def mark(self) -> str:
        """In which rows of a note, empty in most, stand few words that nobody here understood.

        Empty for none.
        """
        is_short = all(len(mark.split()) <= _PHRASE for mark in self.marks)
        is_one = self.column.what == names.NOTE and len(self.marks) <= _MARKS and is_short
        is_one = is_one and self.written * 2 < self.seen
        return self.strange() if is_one else ""

    def strange(self) -> str:
        """In which few rows they say what nobody here understood; in more they tell what is shown.

        Empty for none.
        """
        is_many = self.filled > self.seen / 2 or (self.filled and len(self.texts) > _FEW)
        if is_many or not 0 < self.n <= self.seen / 2:
            return ""
        told = ", ".join(map(str, self.rows)) + ", …" * (self.n > len(self.rows))
        return f"{self.n:,} of {self.seen:,} rows ({told})"
