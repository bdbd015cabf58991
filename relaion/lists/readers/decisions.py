"""Columns that decide whether a record counts: every word of theirs is looked at and counted.

Known words are used. Where one is not known, nobody here can say whether its records are to be
removed: the file is refused, with all words and how often they stand there, until `--where`
chooses the words that count or `--ignore` says that the column decides nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from relaion.errors import ListError
from relaion.lists.readers import names
from relaion.lists.readers.format import Options
from relaion.lists.readers.record import GOOD, NOT_CHOSEN
from relaion.lists.readers.words import COUNTS, KNOWN_GOOD_CATEGORY, UNSURE, WordSays, read_word
from relaion.lists.telling import NOT_SHOWN, could_be_value
from relaion.lists.telling import told as say

TOLD = 10  # words of a column that are told
_MANY = 1000  # words after which a column is no vocabulary
_LONGEST = 40  # characters of a word; what is longer is a text
_REST = "(other words)"
EMPTY = "(empty)"


@dataclass
class DecidingColumn:
    """One column that decides. `words` counts what stands in it, `unsure` what is not known."""

    name: str
    what: str
    index: int
    word: str = ""
    chosen: frozenset[str] | None = None
    words: Counter[str] = field(default_factory=Counter)
    unsure: Counter[str] = field(default_factory=Counter)
    _said: dict[str, WordSays] = field(default_factory=dict)

    def read(self, cells: Sequence[str]) -> list[WordSays]:
        """What each cell says; counts them all."""
        said = self._said
        for cell, n in Counter(cells).items():
            if cell not in said:
                said[cell] = self._say(cell)
            told = say(cell.strip(), _LONGEST) or EMPTY
            if told not in self.words and len(self.words) >= _MANY:
                told = _REST
            self.words[told] += n
            if not said[cell].is_sure:
                self.unsure[told] += n
        return [said[cell] for cell in cells]

    def _say(self, cell: str) -> WordSays:
        if self.chosen is not None:
            plain = names.squeezed(cell)
            is_chosen = plain in self.chosen or cell.strip().casefold() in self.chosen
            known = read_word(self.what, cell, self.word)
            if is_chosen:  # what it is of still counts: a video is none of an image
                return known if known.is_sure and known.kinds else COUNTS
            return WordSays(NOT_CHOSEN)
        return read_word(self.what, cell, self.word)

    @property
    def empty(self) -> int:
        """Cells without a word."""
        return self.words[EMPTY]


def chosen_of(options: Options, name: str, index: int) -> frozenset[str] | None:
    """The words that `--where` chooses of a column; None where it names another."""
    for field_name, words in options.where.items():
        if is_named(field_name, name, index):
            return words
    return None


def is_named(said: str, name: str, index: int) -> bool:
    """Whether a curator means this column: by its name, or its number from 1."""
    plain = names.squeezed(said)
    return (bool(plain) and plain == names.squeezed(name)) or said.strip() == str(index + 1)


def fates_of(
    rows: int, decided: Sequence[tuple[DecidingColumn, Sequence[WordSays]]], *, is_good: bool
) -> dict[int, str]:
    """Why rows bring no entry, by their place: the first column that says so."""
    fates: dict[int, str] = {}
    for _, said in decided:
        if all(says.fate is None for says in set(said)):
            continue
        for i in range(rows):
            fate = said[i].fate
            if fate is not None and not (is_good and fate == GOOD):
                fates.setdefault(i, fate)
    return fates


def refuse_unsure(deciders: Sequence[DecidingColumn], *, is_cut: bool) -> None:
    """Raise ListError where a column holds words that nobody here knows.

    `is_cut`: the file ends within its last row, whose word may be half of one.
    """
    for decider in deciders:
        _refuse_answers(decider)
        if not decider.unsure:
            continue
        words = told_words(decider.words)
        if decider.what == names.CATEGORY and all(map(str.isdigit, decider.unsure)):
            why = "its categories are numbers, which mean another thing to every giver"
            if decider.words[KNOWN_GOOD_CATEGORY]:
                why += f" ({KNOWN_GOOD_CATEGORY} is known good to some)"
        else:
            why = f"not known: {told_words(decider.unsure)}"
        if is_cut:
            why += "; the file may be cut off"
        raise ListError(
            f"column {decider.index + 1} ({say(decider.name) or 'without a name'}) decides which "
            f"rows count, and {why}; it holds {words}; choose with --where "
            f"{option_name(decider)}=WORD,WORD or say --ignore {option_name(decider)}"
        )


_ANSWERS = names.words_in("rejected denied declined kept refused")


def _refuse_answers(decider: DecidingColumn) -> None:
    """`removed` beside `rejected` answers requests: there the removed ones are what is listed."""
    told = {names.squeezed(word) for word in decider.words}
    if decider.chosen is None and told & {"removed", "removal"} and told & _ANSWERS:
        raise ListError(
            f"column {decider.index + 1} ({say(decider.name) or 'without a name'}) decides which "
            f"rows count, and its words ({told_words(decider.words)}) may answer requests, where "
            "removed means granted, or tell what was taken back; choose with --where "
            f"{option_name(decider)}=WORD,WORD"
        )


def option_name(decider: DecidingColumn) -> str:
    """How a curator names the column: by its name where that is one word, else by its number."""
    plain = decider.name.strip()
    is_plain = plain.isascii() and plain.replace("_", "").replace("-", "").isalnum()
    is_plain = is_plain and not could_be_value(plain)
    return plain if is_plain and not plain.isdigit() else str(decider.index + 1)


def told_words(words: Mapping[str, int]) -> str:
    """Words and how often, ten at most; what could be a value is counted only."""
    told = Counter[str]()
    for word, n in words.items():
        told[NOT_SHOWN if could_be_value(word) else word] += n
    said = [f"{word}: {n:,}" for word, n in told.most_common(TOLD)]
    more = len(told) - len(said)
    return ", ".join(said) + (f" and {more:,} more" if more > 0 else "")


__all__ = ["COUNTS", "EMPTY", "UNSURE", "DecidingColumn", "chosen_of", "fates_of", "is_named"]
