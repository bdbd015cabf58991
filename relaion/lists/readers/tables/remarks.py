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
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from string import ascii_letters, digits

from relaion.errors import ListError
from relaion.lists.readers.format import NO_IMAGE, UNDOES, VIDEO
from relaion.lists.readers.lines.known_good import refuse_bad_cell
from relaion.lists.readers.tables.columns import ListColumn
from relaion.lists.readers.tables.decisions import media_word, option_name
from relaion.lists.readers.tables.folders import CHOICE
from relaion.lists.readers.tables.free_texts import FreeTexts
from relaion.lists.readers.tables.notes import Remark, read_text
from relaion.lists.readers.tables.remark_of_cell import (
    IN_FOLDER,
    LENGTHS_OF,
    SHORT,
    is_of_words,
    is_right_of_good,
    of_media,
    read_cell,
    remark_of_folder,
)
from relaion.lists.readers.tables.said import WordSays
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.answers import answer_of
from relaion.lists.readers.vocabulary.codes import NO_LEGEND, Legend
from relaion.lists.readers.vocabulary.few_words import FEW, FewWords
from relaion.lists.readers.vocabulary.figures import (
    GROWN_UP,
    Expiries,
    Figures,
    is_grown_up,
    is_of_age,
    measure_of,
)
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
from relaion.paths import several

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
_LONG = 60  # characters of a digest that is no word, and costs time to look at
_DIGEST = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_OF_DIGEST = f"{ascii_letters}{digits}+/".encode()
_FEW_SCORES = 5  # different ones; of votes there are more
_HASHED = words_in("object target subject scope input basis hashed of level")
"""So a column may be called of what digests are of."""
_KNOWN_GOOD = "8"  # to some givers, whose categories are few; on a scale of ten it is high


def _are_digests(cells: Collection[str]) -> bool:
    """Whether cells surely are all such, by a quick look."""
    whole = "".join(cells)
    is_long = min(map(len, cells), default=0) >= _LONG
    return is_long and whole.isascii() and not whole.encode().translate(None, _OF_DIGEST)


@dataclass
class RemarkColumn:
    """A column beside the entries, and what its cells said so far, by word or by kind of file."""

    column: ListColumn
    is_good: bool
    kept_out: Counter[str] = field(default_factory=Counter)
    unsure: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    has_images: bool = False
    values: Counter[str] = field(default_factory=Counter)  # its cells, while there are few
    heeds_folders: bool = True
    is_read: bool = False  # other columns have names in a language that is known
    is_of_record: bool = False  # what it describes is the file itself
    legend: Legend = NO_LEGEND  # of codes, in other lines
    spelled: dict[str, str] = field(default_factory=dict)  # the same cells as they stand
    expiries: Expiries = field(default_factory=Expiries)
    _is_measure: bool = False  # of films
    _is_age: bool = False
    _plain: str = ""  # its name
    _last: str = ""  # the last of it, where it is a path
    _is_rated: bool = False  # it says how bad a record is
    _media: WordSays | None = None  # what it is of by its name, where it says yes and no
    _figures: Figures | None = None  # where it measures
    _texts: FreeTexts | None = None  # of no list of what is known good
    _before: int = 0  # rows

    def __post_init__(self) -> None:
        self._plain = names.squeezed(self.column.name)
        self._last = names.squeezed(parts_of(self.column.name)[-1])
        self._is_measure = self.column.what in _MEASURED and is_measure(self.column.name)
        self._is_age = self.column.what in _MEASURED and is_of_age(self.column.name)
        every = names.words_of(self.column.name)
        told = [word for word in every if word not in ("is", "has")]
        is_own = every[:1] == ("x",) and every[-1] in _RATES | _GRADED_AS  # `x_acme_severity`
        is_trait = self.column.what in (names.SEVERITY, names.CONFIDENCE) or (
            self._plain in ("severity", "priority", "prio")
        )
        self._is_rated = is_trait or self._plain in _GRADED_AS or is_own
        self._texts = None if self.is_good else FreeTexts(self.column, self.is_of_record)
        if self.column.what == names.UNKNOWN and len(told) == 1 and told[0] in _MEDIA_NAMES:
            self._media = media_word(told[0])
        is_figured = self.column.what in _FIGURED and not self.is_good
        if is_figured and (measure := measure_of(self.column.name)):
            self._figures = Figures(measure)

    def read(
        self, cells: Sequence[str], lengths: Sequence[int], out: Collection[int] = ()
    ) -> dict[int, str]:
        """Why rows bring no entry, by their place; `lengths` are the digits of their digests.

        Of rows that are `out` already figures say nothing.
        """
        what = self.column.what
        fates: dict[int, str] = {}
        if what not in WATCHED:  # its curator says that it decides nothing
            said_so = (read_text(cell, alone=True) for cell in cells if cell)
            self.ignored.update(r.word for r in said_so if r and r.is_sure and r.fate in UNDOES)
            return fates
        each = {*cells}
        self._count(cells, each)
        if self._figures:
            kept = [cell for i, cell in enumerate(cells) if i not in out] if out else cells
            self._figures.watch(Counter(kept).items())
        said = self._said_by(cells, each, out)
        for cell in said if self.is_good else ():
            refuse_bad_cell(cell, self.column)
        self.has_images = self.has_images or any(map(_is_image, said))
        if all(remark is None for remark in said.values()):
            return fates
        for i, cell in enumerate(cells):
            remark = said.get(cell)
            if remark is None or self._is_right(remark) or not _fits(remark, lengths[i]):
                continue
            fate = remark.fate
            if not remark.word and fate == NO_IMAGE and not self._is_file_column():
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
        self, cells: Sequence[str], each: set[str], out: Collection[int]
    ) -> dict[str, Remark | None]:
        """What `each` cell says; those that say nothing of these kinds are looked at as texts."""
        is_of_people = self.column.what == names.OF_PEOPLE  # whose state decides nothing
        said = {} if is_of_people else {cell: self._read(cell) for cell in self._telling(each)}
        if self._texts:
            texts = each if self.column.what != names.OTHER else said.keys()  # a digest is none
            self._texts.watch(cells, {c for c in texts if c and not said.get(c)}, out, self._before)
        self._before += len(cells)
        return said

    def _telling(self, each: set[str]) -> set[str]:
        """The cells that may say anything: no numbers of records, no plain names of pictures."""
        told = each - {""}
        if self.column.what == names.ID:
            return set() if "".join(told).isdigit() else {x for x in told if not x.isdigit()}
        if self.column.what == names.FILE_NAME and not self.is_good:
            if are_plain_pictures(told):  # as nearly all are
                return set()
            return {cell for cell in told if not is_plain_picture(cell)}
        if self.column.what == names.OTHER and not self.is_good:
            return set() if _are_digests(told) else {
                cell for cell in told if len(cell) < _LONG or not _DIGEST.fullmatch(cell)
            }  # fmt: skip
        return told

    def _count(self, cells: Sequence[str], each: set[str]) -> None:
        """Keep its words while they are few, and look for days to come."""
        few = len(self.values) <= FEW
        if self.column.what in (names.UNKNOWN, names.NOTE) and self.column.name:
            self.expiries.watch(each)
        for cell, n in Counter(cells).items() if few else ():
            bare = cell.strip()
            self.values[bare.casefold()] += n
            self.spelled.setdefault(bare.casefold(), bare)

    def _read(self, cell: str) -> Remark | None:
        if self._is_measure:
            return Remark(VIDEO, self.column.name) if measures_film(cell) else None
        if self._is_age and is_grown_up(cell):
            return Remark(None, GROWN_UP, is_sure=False)
        if self._media is not None and (answer := answer_of(cell)) is not None:
            is_image = self._media.fate is None
            fate = (None if answer else NO_IMAGE) if is_image else self._media.fate
            return Remark(fate, self.column.name) if fate and answer != is_image else None
        if self.column.what == names.ID and any(map(str.isdigit, cell)):
            return None
        is_note = self.column.what == names.UNKNOWN and not self.column.name  # `…,wrong hash`
        what = names.NOTE if is_note else self.column.what
        is_title = self.is_of_record and what == names.FILE_NAME and is_of_words(cell)
        undone = read_text(cell, alone=False) if is_title else None  # `False positive: picture`
        if undone and undone.is_sure and undone.fate in UNDOES:
            return undone
        is_whom = what in (names.UNKNOWN, names.BY) and not self.is_good
        tester = tester_in(self.column.name, cell) if is_whom else ""
        # whoever gave it may be called `Example`
        is_named = what == names.BY or not _GIVERS.isdisjoint(names.words_of(self.column.name))
        if not tester and is_whom and not is_named and _WORDS.fullmatch(cell):
            tester = trial_in("", cell)
        said = read_cell(cell, what) or (
            Remark(None, tester, is_sure=False) if tester else self._read_beside(cell)
        )
        return said or (
            remark_of_folder(cell, is_good=self.is_good) if self.heeds_folders else None
        )

    def _read_beside(self, cell: str) -> Remark | None:
        """What a word says that stands where a giver, an id or how bad it is should stand."""
        what = self.column.what
        if what in (names.ID, names.BY):
            remark = of_media(cell, alone=True)  # a picture may come from a video
            return (
                replace(remark, fate=None, is_sure=False) if remark and what == names.BY else remark
            )
        is_of_else = what in (names.UNKNOWN, names.OTHER, names.CAPTION, names.REFERENCE)
        if self._last in _HASHED and is_of_else and len(cell) <= _LONGEST_WORD:
            is_told = of_what(cell) in (LINK, ELSE)
            return Remark(None, say(cell), is_sure=False) if is_told else None
        if self.is_of_record and is_named_film(cell):
            return Remark(VIDEO, "video")
        if not self._is_rated or self.is_good:
            return None
        plain = "0" if _NAUGHT.fullmatch(cell) else names.squeezed(cell)
        word = plain if plain == "0" else say(cell)
        return Remark(None, word, is_sure=False) if plain in _NO_ABUSE else None

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

    def refuse(self, *, so_far: bool) -> None:
        """Raise ListError where it speaks of rows, and nobody here can say what."""
        if self._figures is None or not self._figures.knows_words:
            self._few.refuse(is_good=self.is_good, so_far=so_far)
        if self._has_known_good():
            self.unsure[_KNOWN_GOOD] = self.values[_KNOWN_GOOD]
        if self.expiries.may_expire:
            option = option_name(self.column.name, self.column.index)
            raise ListError(
                f"column {self.column.told} holds days that are past and days to come, as those on "
                f"which entries expire: say --ignore {option} if it decides nothing; if not, leave "
                "out, in a copy, the rows that have expired"
            )
        if folders := {w: n for w, n in self.unsure.items() if w.startswith(IN_FOLDER)}:
            raise ListError(
                f"column {self.column.told} names files in {sum(folders.values()):,} rows that lie "
                f"in folders which may say that they are not listed ({_told(Counter(folders))}): "
                f"{CHOICE}"
            )
        if self._texts and not self.unsure:
            self._texts.refuse()
        if self.column.what == names.CONFIDENCE and (so_far or len(self.values) > _FEW_SCORES):
            self.unsure.pop("0", None)
        if self.unsure:
            option = option_name(self.column.name, self.column.index)
            raise ListError(
                f"column {self.column.told} may say in {self.unsure.total():,} rows that they are "
                f"not listed ({_told(self.unsure)}); choose its rows with --where "
                f"{option}=WORD,WORD, or say --ignore {option} if it decides nothing"
            )

        if self._figures:
            self._refuse_low(self._figures)

    def _refuse_low(self, figures: Figures) -> None:
        """Raise ListError where it measures, and some of it is low, or has no scale."""
        if not (why := figures.doubt()):
            return
        option = option_name(self.column.name, self.column.index)
        is_few = len(self.values) <= FEW
        choice = (
            f"choose its rows with --where {option}=WORD,WORD" if is_few
            else "leave out, in a copy, the rows that are not listed"
        )  # fmt: skip
        raise ListError(
            f"column {self.column.told} {why}, and nobody here knows which rows are listed"
            + f" ({figures.held(self.values)})" * is_few
            + f": {choice}, or say --ignore {option} if all are"
        )

    def _has_known_good(self) -> bool:
        """Whether one of its few grades may be that of what is known good."""
        told = [value for value in self.values if value]
        is_few = len(self.values) <= FEW and all(len(value) == 1 for value in told)
        is_scale = self.column.what != names.SEVERITY or "9" in told
        return is_few and not is_scale and not self.is_good and _KNOWN_GOOD in told

    @property
    def _few(self) -> FewWords:
        is_of_film = self._media is not None and self._media.fate is not None
        return FewWords(
            self.column,
            self.values,
            self._media is not None,
            is_of_film,
            self.spelled,
            self.is_read,
            self.legend,
        )

    def notices(self) -> list[str]:
        """What of it kept rows out, and what was passed over."""
        option = option_name(self.column.name, self.column.index)
        found = []
        if self.kept_out:
            found.append(
                f"column {self.column.told} keeps rows out: {_told(self.kept_out)}; say --ignore "
                f"{option} if it decides nothing"
            )
        elif self._figures and (told := self._figures.told):
            found.append(
                f"column {self.column.told} {told}: taken to decide nothing; if it does, choose "
                f"with --where {option}=WORD"
            )
        elif self._few.is_vocabulary() or (not self.passed and self._few.is_repeated()):
            found.append(
                f"column {self.column.told} holds {several(len(self._few.words), 'word')} in "
                f"{several(self.values.total(), 'row')} and was taken to decide nothing; if it "
                f"does, choose with --where {option}=WORD"
            )
        elif not self.passed and self._few.is_phrase():
            found.append(self._few.told_phrase())
        if not found and self._texts and (told := self._texts.notice()):
            found.append(told)
        if self.ignored:
            found.append(
                f"column {self.column.told} is ignored, and says of rows that they are not listed: "
                f"{_told(self.ignored)}"
            )
        if self.passed:
            found.append(f"column {self.column.told} holds {_told(self.passed)}: passed over")
        return found


def _fits(remark: Remark, digits: int) -> bool:
    return not remark.algorithm or LENGTHS_OF[remark.algorithm] == digits


def _is_image(cell: str) -> bool:
    end = cell.rpartition(".")[2].strip()
    says = media_word(end) if "." in cell and end.isalnum() else None
    return says is not None and says.media == "image"


def _told(counted: Counter[str]) -> str:
    said = [f"{word}: {n:,}" for word, n in counted.most_common(10)]
    more = len(counted) - len(said)
    return ", ".join(said) + (f" and {more:,} more" if more > 0 else "")
