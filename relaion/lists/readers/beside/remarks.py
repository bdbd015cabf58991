"""What stands beside entries and speaks of them, under whatever name: `expired`, `b.mp4`, `NSRL`.

A remark is a text of one of these kinds:

- A piece of it (between commas and their kind) is made of words that we know, of days and of small
  words: `widerrufen am 1.2.2024`. It is certain and its row is treated by it.
- Such a word stands among others: `removed after a report`. Nobody here can say whether the entry
  was taken back: `questions.py` asks. In a column that is not called a note, only a short text is
  such; a long one is told of.
- A caption, or the name of a giver, speaks only where nothing else stands in it.

What is asked of a cell, and in which order, is the table at the end.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence, Set
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from string import ascii_letters, digits

from relaion.lists.readers import why
from relaion.lists.readers.beside.cell import (
    LENGTHS_OF,
    SHORT,
    is_of_words,
    is_right_of_good,
    of_media,
    read_cell,
    remark_of_folder,
)
from relaion.lists.readers.beside.few_words import FewWords
from relaion.lists.readers.beside.figures import (
    GROWN_UP,
    Expiries,
    Figures,
    WholeNumbers,
    is_grown_up,
    is_of_age,
    measure_of,
)
from relaion.lists.readers.beside.free_texts import FreeTexts
from relaion.lists.readers.lines.known_good import refuse_bad_cell
from relaion.lists.readers.tables.decisions import media_word
from relaion.lists.readers.tables.notes import Remark, read_text
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.answers import answer_of
from relaion.lists.readers.vocabulary.media import (
    are_plain_pictures,
    is_measure,
    is_named_film,
    is_plain_picture,
    measures_film,
)
from relaion.lists.readers.vocabulary.of_what import ELSE, LINK, of_what
from relaion.lists.readers.vocabulary.paths import parts_of
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.readers.vocabulary.trials import tester_in, trial_in
from relaion.lists.values import told as say

_MEDIA_NAMES = words_in("{pictures} {films} audio document documents")
_MEASURED = frozenset((names.UNKNOWN, names.OTHER, names.NOTE, names.CAPTION))
_FIGURED = _MEASURED | {names.CONFIDENCE}
WATCHED = frozenset((
    names.UNKNOWN, names.NOTE, names.CAPTION, names.FILE_NAME, names.REFERENCE, names.OTHER,
    names.ID, names.OF_PEOPLE, *names.TRAITS,
))  # fmt: skip
_NO_ABUSE = words_in("{no_abuse}")
_GRADED_AS = words_in("{grade_names}")
_RATES = words_in("severity priority confidence certainty")
_NAUGHT = re.compile(r"\s*0+(?:[.,]0+)?\s*(?:%|(?:/|of|out of)\s*\d+)?\s*")  # `0/70`
_LONGEST_WORD = 20
_WORDS = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+)*")
_GIVERS = words_in("{accounts_of} owner owners name names")
_BEFORE_NAME = re.compile(r"\s*[\[(]?([^\W\d][^:\[\]()./\\]{1,40}?)(?:[\])]|\s*:|\s+[-–—])\s")
"""What stands before the name of a file: `False positive: a.jpg`, `[REVOKED] a.jpg`."""
_BEHIND_WORDS = re.compile(r"[:\])–—-]\s")  # a quick look for these
_LONG = 60  # characters of a digest that is no word, and costs time to look at
_DIGEST = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_OF_DIGEST = f"{ascii_letters}{digits}+/".encode()
_HASHED = words_in("object target subject scope input basis hashed of level")
"""So a column may be called of what digests are of."""


def _are_digests(cells: Collection[str]) -> bool:
    """Whether cells surely are all such, by a quick look."""
    whole = "".join(cells)
    is_long = min(map(len, cells), default=0) >= _LONG
    return is_long and whole.isascii() and not whole.encode().translate(None, _OF_DIGEST)


@dataclass
class RemarkColumn(FewWords):
    """A column beside the entries, and what its cells said so far, by word or by kind of file."""

    kept_out: Counter[str] = field(default_factory=Counter)
    unsure: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    has_images: bool = False
    heeds_folders: bool = True
    is_of_record: bool = False  # what it describes is the file itself
    out_of: int = 0  # the highest figure that its format allows; 0 where that is not told
    expiries: Expiries = field(default_factory=Expiries)
    numbers: WholeNumbers = field(default_factory=WholeNumbers)
    figures: Figures | None = None  # where it measures
    texts: FreeTexts | None = None  # of no list of what is known good
    _is_measure: bool = False  # of films
    _is_age: bool = False
    _last: str = ""  # the last of its name, where that is a path
    _is_rated: bool = False  # it says how bad a record is
    _before: int = 0  # rows

    def __post_init__(self) -> None:
        plain = names.squeezed(self.column.name)
        self._last = names.squeezed(parts_of(self.column.name)[-1])
        self._is_measure = self.column.what in _MEASURED and is_measure(self.column.name)
        self._is_age = self.column.what in _MEASURED and is_of_age(self.column.name)
        every = names.words_of(self.column.name)
        told = [word for word in every if word not in ("is", "has")]
        is_own = every[:1] == ("x",) and every[-1] in _RATES | _GRADED_AS  # `x_acme_severity`
        is_trait = self.column.what in (names.SEVERITY, names.CONFIDENCE) or (
            plain in ("severity", "priority", "prio")
        )
        self._is_rated = is_trait or plain in _GRADED_AS or is_own
        self.texts = None if self.is_good else FreeTexts(self.column, self.is_of_record)
        if self.column.what == names.UNKNOWN and len(told) == 1 and told[0] in _MEDIA_NAMES:
            self.media = media_word(told[0])
        is_figured = self.column.what in _FIGURED and not self.is_good
        if is_figured and (measure := measure_of(self.column.name)):
            self.figures = Figures(measure, most=Decimal(self.out_of))

    def read(
        self,
        cells: Sequence[str],
        digits_of: Callable[[int], int],
        out: Collection[int] = (),
        each: Set[str] | None = None,
    ) -> dict[int, str]:
        """Why rows bring no entry, by their place; `digits_of` tells how many its digest has.

        Of rows that are `out` already figures say nothing. `each` is what the cells hold, once.
        """
        what = self.column.what
        fates: dict[int, str] = {}
        if what not in WATCHED:  # its curator says that it decides nothing
            said_so = (read_text(cell, alone=True) for cell in cells if cell)
            self.ignored.update(r.word for r in said_so if r and r.is_sure and r.fate in why.UNDOES)
            return fates
        each = {*cells} if each is None else each
        self._count(cells, each)
        if self.figures:
            kept = [cell for i, cell in enumerate(cells) if i not in out] if out else cells
            self.figures.watch(Counter(kept).items())
        said = self._said_by(cells, each, out)
        for cell in said if self.is_good else ():
            refuse_bad_cell(cell, self.column)
        self.has_images = self.has_images or any(map(_is_image, said))
        if all(remark is None for remark in said.values()):
            return fates
        for i, cell in enumerate(cells):
            remark = said.get(cell)
            if remark is None or self._is_right(remark) or not _fits(remark, i, digits_of):
                continue
            fate = remark.fate
            if not remark.word and fate == why.NO_IMAGE and not self._is_file_column():
                self.passed["names of files that are no pictures"] += 1
            elif self._is_passed(remark, cell):
                self.passed[f"texts with {remark.word}"] += 1
            elif not remark.is_sure or fate is None:
                self.unsure[remark.word] += 1
            else:
                fates[i] = fate
                self.kept_out[remark.word or f"file names ({fate})"] += 1
        return fates

    def _said_by(
        self, cells: Sequence[str], each: Set[str], out: Collection[int]
    ) -> dict[str, Remark | None]:
        """What `each` cell says; those that say nothing of these kinds are looked at as texts."""
        is_of_people = self.column.what == names.OF_PEOPLE  # whose state decides nothing
        said = {} if is_of_people else {cell: self._read(cell) for cell in self._telling(each)}
        if self.texts:
            texts = each if self.column.what != names.OTHER else said.keys()  # a digest is none
            self.texts.watch(cells, {c for c in texts if c and not said.get(c)}, out, self._before)
        self._before += len(cells)
        return said

    def _telling(self, each: Set[str]) -> Set[str]:
        """The cells that may say anything: no numbers of records, no plain names of pictures."""
        told = each - {""}
        if self.column.what == names.ID:
            return set() if "".join(told).isdigit() else {x for x in told if not x.isdigit()}
        if self.column.what == names.FILE_NAME and not self.is_good:
            may_be_words = self.is_of_record and _BEHIND_WORDS.search("\n".join(told))
            if not may_be_words and are_plain_pictures(told):  # as nearly all are
                return set()
            plain = {cell for cell in told if is_plain_picture(cell)}
            if self.is_of_record:
                plain = {cell for cell in plain if not _undone_before(cell)}
            return told - plain
        if self.column.what == names.OTHER and not self.is_good:
            return set() if _are_digests(told) else {
                cell for cell in told if len(cell) < _LONG or not _DIGEST.fullmatch(cell)
            }  # fmt: skip
        return told

    def _count(self, cells: Sequence[str], each: Set[str]) -> None:
        """Keep its words while they are few, and look for days to come."""
        is_open = self.column.what in (names.UNKNOWN, names.NOTE) and bool(self.column.name)
        counted = Counter(cells) if self.has_few or (is_open and self.numbers.only_whole) else {}
        if is_open:
            rows = len(cells)
            self.expiries.watch(each, rows - cells.count(""), rows)
            self.numbers.watch(counted)
        if not self.has_few and self.column.what == names.BY:
            self.values[""] += cells.count("")
        for cell, n in counted.items() if self.has_few else ():
            bare = cell.strip()
            self.values[bare.casefold()] += n
            self.spelled.setdefault(bare.casefold(), bare)

    def _read(self, cell: str) -> Remark | None:
        said = next((r for ask in _OF_A_CELL if (r := ask(self, cell)) is not None), None)
        return said if said is not _NOTHING else None

    # -- What is asked of a cell: a remark, _NOTHING where it surely says none, None to go on ------

    def _of_films(self, cell: str) -> Remark | None:
        if not self._is_measure:
            return None
        return Remark(why.VIDEO, self.column.name) if measures_film(cell) else _NOTHING

    def _of_age(self, cell: str) -> Remark | None:
        is_one = self._is_age and is_grown_up(cell)
        return Remark(None, GROWN_UP, is_sure=False) if is_one else None

    def _of_media(self, cell: str) -> Remark | None:
        if self.media is None or (answer := answer_of(cell)) is None:
            return None
        is_image = self.media.fate is None
        fate = (None if answer else why.NO_IMAGE) if is_image else self.media.fate
        return Remark(fate, self.column.name) if fate and answer != is_image else _NOTHING

    def _of_number(self, cell: str) -> Remark | None:
        return _NOTHING if self.column.what == names.ID and any(map(str.isdigit, cell)) else None

    def _of_title(self, cell: str) -> Remark | None:
        if not self.is_of_record or self._what != names.FILE_NAME:
            return None
        undone = read_text(cell, alone=False) if is_of_words(cell) else None
        return undone if undone and _undoes(undone) else _undone_before(cell)

    def _of_itself(self, cell: str) -> Remark | None:
        return read_cell(cell, self._what)

    def _of_tests(self, cell: str) -> Remark | None:
        if self.is_good or self._what not in (names.UNKNOWN, names.BY):
            return None
        tester = tester_in(self.column.name, cell)
        # whoever gave it may be called `Example`
        told = names.words_of(self.column.name)
        is_named = self._what == names.BY or not _GIVERS.isdisjoint(told)
        if not tester and not is_named and _WORDS.fullmatch(cell):
            tester = trial_in("", cell)
        return Remark(None, tester, is_sure=False) if tester else None

    def _of_its_place(self, cell: str) -> Remark | None:
        """What a word says that stands where a giver, an id or how bad it is should stand."""
        what = self.column.what
        if what in (names.ID, names.BY):
            remark = of_media(cell, alone=True)
            if remark and what == names.BY:  # a picture may come from a video
                return replace(remark, fate=None, is_sure=False)
            return remark
        is_of_else = what in (names.UNKNOWN, names.OTHER, names.CAPTION, names.REFERENCE)
        if self._last in _HASHED and is_of_else and len(cell) <= _LONGEST_WORD:
            is_told = of_what(cell) in (LINK, ELSE)
            return Remark(None, say(cell), is_sure=False) if is_told else None
        if self.is_of_record and is_named_film(cell):
            return Remark(why.VIDEO, "video")
        if not self._is_rated or self.is_good:
            return None
        plain = "0" if _NAUGHT.fullmatch(cell) else names.squeezed(cell)
        word = plain if plain == "0" else say(cell)
        return Remark(None, word, is_sure=False) if plain in _NO_ABUSE else None

    def _of_folder(self, cell: str) -> Remark | None:
        return remark_of_folder(cell, is_good=self.is_good) if self.heeds_folders else None

    @property
    def _what(self) -> str:
        """What it is for; one without a name may hold notes: `…,wrong hash`."""
        is_note = self.column.what == names.UNKNOWN and not self.column.name
        return names.NOTE if is_note else self.column.what

    def fate_of(self, cell: str) -> str | None:
        """What a cell surely says of its row; nothing is counted."""
        remark = read_cell(cell, self.column.what) if cell else None
        return remark.fate if remark and remark.is_sure and not self._is_right(remark) else None

    def _is_right(self, remark: Remark) -> bool:
        return self.is_good and is_right_of_good(remark)

    def _is_passed(self, remark: Remark, cell: str) -> bool:
        """Whether a word stands in a longer text that nothing calls a note."""
        is_long = not remark.is_whole and len(cell.split()) > SHORT
        return is_long and self.column.what != names.NOTE

    def _is_file_column(self) -> bool:
        return self.column.what == names.FILE_NAME or self.has_images


def _undoes(remark: Remark) -> bool:
    return remark.is_sure and remark.fate in why.UNDOES


@lru_cache(4096)
def _undone_before(name: str) -> Remark | None:
    """What stands before the name of a file and may take it back; its owner may call it so."""
    before = _BEFORE_NAME.match(name)
    undone = read_text(before[1], alone=True) if before else None
    return replace(undone, is_sure=False) if undone and _undoes(undone) else None


_NOTHING = Remark(None, "")
_OF_A_CELL = (  # the first that is a remark holds
    RemarkColumn._of_films,  # `duration` with `00:12:05`
    RemarkColumn._of_age,  # `age` with `34`
    RemarkColumn._of_media,  # `video` with `yes`
    RemarkColumn._of_number,  # of a record, which says nothing
    RemarkColumn._of_title,  # of the file itself: `False positive: picture`, `[FP] a.jpg`
    RemarkColumn._of_itself,  # its own words, or the file that it names: `cell.py`
    RemarkColumn._of_tests,  # `QA test account`
    RemarkColumn._of_its_place,  # `severity` with `none`, `hash of` with `url`
    RemarkColumn._of_folder,  # `removed/b.jpg`
)


def _fits(remark: Remark, row: int, digits_of: Callable[[int], int]) -> bool:
    return not remark.algorithm or LENGTHS_OF[remark.algorithm] == digits_of(row)


def _is_image(cell: str) -> bool:
    end = cell.rpartition(".")[2].strip()
    says = media_word(end) if "." in cell and end.isalnum() else None
    return says is not None and says.media == "image"
