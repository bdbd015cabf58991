"""A column of which the cells are a few words that come again and again, under a name not known.

Such a column may decide which rows count, in whatever language: `hali` with `hai` and `imefutwa`.
Nobody here can say, so `questions.py` asks. It does not where the name, or most of the words, are
of what decides nothing: countries, people, platforms, devices.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from relaion.lists.readers.beside import weights
from relaion.lists.readers.beside.cell import read_cell
from relaion.lists.readers.beside.codes import NO_LEGEND, Legend, are_codes, is_of_codes
from relaion.lists.readers.lines.prose import read_prose
from relaion.lists.readers.tables.columns import ListColumn
from relaion.lists.readers.tables.decisions import is_uncertain, lists, media_word, word_of_any
from relaion.lists.readers.tables.said import WordSays
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.answers import DENIALS, answer_of
from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.shown import CHILD, shown_by
from relaion.lists.readers.vocabulary.spelling import (
    folded,
    is_garbled,
    is_unread,
    unmarked,
    words_in,
)

FEW = 20  # words of a column that may decide
_LONGEST = 30  # characters of one
_DECISIONS = 8  # words of a vocabulary by which rows are judged
_PHRASE = 6  # words of a phrase that comes again, and is told
_MARKS = 3  # words that each mark a row
_UNNAMED = 4  # words of which each may come once
_FLAGGED = frozenset((names.UNKNOWN, names.NOTE, names.OTHER, names.REFERENCE))
_HARMLESS = words_in("{harmless_names}")
_OF_NOTHING = _HARMLESS | words_in("{topic_names} {colour_names}")
_TOLD = words_in("{told_to_somebody}")
_PIECE = 3  # letters of one of several words; the codes of countries are small words, too
_OPINIONS = words_in("{opinion_names}")
_CODE = 2  # signs of one beside a name that is one: `w` and `h` are of pictures
_OFTEN = 1.5  # times that each code comes
_MANY = 5  # words that are none of ours: no vocabulary of verdicts is so long
_NO_DECISIONS = words_in("{harmless_values}")
_NAUGHT = words_in("{no_abuse}")
_LABELS = words_in("label labels flag flags")
_TEXT = re.compile(r"[^\W\d_]{2}|[*★]")
_NUMBERS = words_in("id ids no nr num number")  # of a word that decides: `class_id`
_COUNTED_BACK, _STEPS_OF_ONE = {"1", "-1"}, {"1", "0", "-1", ""}
_FRAME = "()[]{}<>.*!?\"':=-–—→← "
_WORD = re.compile(r"[^\W\d_]+(?:[ _/-][^\W\d_]+){0,2}")


@dataclass
class FewWords:
    """The cells of a column by how often they come, in lower case, while there are few.

    `media` is what it is of by its name, where it says yes and no. `spelled` are the cells as they
    stand, by what `values` holds; `is_read`: other columns have names that are known here.
    """

    column: ListColumn
    is_good: bool = False
    values: Counter[str] = field(default_factory=Counter)
    media: WordSays | None = None
    spelled: dict[str, str] = field(default_factory=dict)
    is_read: bool = False
    legend: Legend = NO_LEGEND  # of codes, in other lines

    @property
    def has_few(self) -> bool:
        """Whether its different cells are few."""
        return len(self.values) <= FEW

    @property
    def filled(self) -> list[str]:
        """Its cells that are not empty."""
        return [value for value in self.values if value]

    @property
    def words(self) -> list[str]:
        """The few words that stand in it; none where there are many, or its name is harmless.

        So it is where each word of its name is; `Bottom line` may be of anything but of yes and no.
        """
        held = self.filled if self.has_few and self.column.what in _FLAGGED else []
        told = names.words_of(self.column.name)
        if not _TOLD.isdisjoint(told) or says_to_whom(told):
            return []
        if _HARMLESS.isdisjoint(told) or not _LABELS.isdisjoint(told):
            return held
        is_whole = all(word in _BESIDE_HARMLESS or len(word) < _PIECE for word in told)
        if is_whole:  # a verdict may stand among names of countries
            return held if any(weights.is_verdict(v) and not lists(v) for v in held) else []
        return [] if any(answer_of(v) is not None for v in held) else held

    @property
    def may_decide(self) -> bool:
        """Whether its name does not say that it decides nothing."""
        is_label = not _LABELS.isdisjoint(names.words_of(self.column.name))
        return self.column.what in (names.UNKNOWN, names.REFERENCE) or is_label

    def is_coded(self) -> bool:
        """Whether it holds few codes, of which a legend or its name says that they may decide."""
        told = self.filled
        if self.has_few and len(self.values) > 1 and told and all(v[0] == "§" for v in told):
            return self.column.what in _FLAGGED  # laws, as categories are
        if not self.has_few or len(self.values) < 2 or not are_codes(told):
            return False
        if not self.legend.sure.isdisjoint(told):
            return True
        if not self.legend.perhaps.isdisjoint(told) and not of_nothing(self.column.name):
            return True
        n = sum(self.values[code] for code in told)
        is_often = n >= _OFTEN * len(told) or (len(told) == 1 and "" in self.values)
        is_even = len({code.isdigit() for code in told}) == 1  # below them may stand their sum
        is_short = max(map(len, told)) <= _CODE
        is_sign = is_even and is_short and _is_letter(self.column.name)  # a code itself
        is_one = is_sign or is_of_codes(self.column.name)
        is_one = is_one and not of_nothing(self.column.name)
        is_one = is_one and _HARMLESS.isdisjoint(names.words_of(self.column.name))
        return self.column.what in _FLAGGED and is_one and is_often

    def is_flag(self) -> bool:
        """Whether it says yes and no, or marks some rows, and its name does not say of what."""
        if self.column.what == names.REFERENCE:
            return False
        told = {answer_of(word) for word in self.words}
        is_marked = told == {True} and "" in self.values
        says_both = told == {True, False} and self.media is None
        is_denied = told == {False} and "" in self.values and DENIALS.issuperset(self.words)
        if is_denied and self.media is None and self.column.name:
            return self.column.what == names.UNKNOWN and not of_nothing(self.column.name)
        if told == {False} and not self.column.name and DENIALS.issuperset(self.words):
            return True  # `No` in all rows, and nobody here knows of what
        is_of_film = self.media is not None and self.media.fate is not None
        return says_both or (is_marked and not is_of_film and not self.is_marked_note)

    def is_doubted(self) -> bool:
        """Whether it says yes alone to what may take its rows out: `ok`, `adult`."""
        said = {answer_of(word) for word in self.words}
        return said == {True} and is_uncertain(self.column.name)

    def has_lights(self) -> bool:
        """Whether it holds red and green, as traffic lights are."""
        is_of_colour = self.has_few and weights.is_of_colour(self.column.name)
        told = self.filled if is_of_colour else self.words
        return self.may_decide and weights.are_lights(told, self.column.name)

    def is_unread(self) -> bool:
        """Whether its few words are of a script that none of ours is of, or those beside ours."""
        words = self.words
        if of_nothing(self.column.name) or any(map(weights.is_topical, words)):
            return False
        unread = {word for word in words if is_unread(word)}
        ours = {word for word in words if read_cell(word, self.column.what) is not None}
        decides = self.may_decide and bool(ours and unread - ours)
        return decides or (bool(unread) and self.is_vocabulary())

    def is_garbled(self) -> bool:
        """Whether some of its few cells are words in a code of bytes that nobody tells."""
        is_one = self.may_decide and not of_nothing(self.column.name)
        garbled = filter(is_garbled, self.words)
        return is_one and any(read_cell(word, self.column.what) is None for word in garbled)

    def has_marks(self) -> bool:
        """Whether it holds signs alone, or steps of one: nobody knows what each of them says."""
        steps = {value.replace("−", "-").removeprefix("+") for value in self.values}
        if self.column.what in _FLAGGED and _COUNTED_BACK <= steps <= _STEPS_OF_ONE:
            return True
        is_harmless = not _HARMLESS.isdisjoint(names.words_of(self.column.name))
        # one sign in all rows parts columns: `a.jpg => …`
        is_few = len(self.values) > 1 and self.has_few
        is_one = self.column.what in _FLAGGED and is_few and not is_harmless
        return is_one and not self.is_marked_note and weights.are_marks(self.values)

    @property
    def is_marked_note(self) -> bool:
        """Whether all that stands in a note is one sign, such as who fills a form in puts there."""
        is_note = self.column.what == names.NOTE and self.column.word not in _LABELS
        return is_note and self.words in (["x"], ["✓"], ["✔"]) and "" in self.values

    def may_list(self) -> bool:
        """Whether one of its few words lists a row, and of another one nobody here knows."""
        told = self.words
        return (
            self.may_decide
            and any(map(lists, told))
            and any(word_of_any(word) is None for word in told)
        )

    def is_vocabulary(self) -> bool:
        """Whether its cells are a few short words that come again and again."""
        if self.is_marked_note:
            return True
        is_again = sum(self.values[word] for word in self.words) > len(self.words)
        is_one = self.may_decide
        return is_one and is_again and self._are_words() and len(self.values) > 1

    def is_repeated(self) -> bool:
        """Whether its cells are few texts that come again, whatever they are made of."""
        n = sum(self.values[text] for text in self.words)
        is_few = len(self.values) > 1 and 0 < len(self.words) <= _DECISIONS
        is_again = n >= _OFTEN * len(self.words) and len(self.words) < n
        return bool(self.column.name) and is_few and is_again and any(map(_TEXT.search, self.words))

    def is_constant(self) -> bool:
        """Whether all its cells are one word, of which neither it nor its name says of what."""
        is_one = len(self.values) == 1 and self.may_decide and not of_nothing(self.column.name)
        is_again = self.values.total() >= _TWICE
        is_strange = is_one and is_again and self._are_words()
        return is_strange and not (word_of_any(self.words[0]) or weights.is_topical(self.words[0]))

    @property
    def _labels_rows(self) -> bool:
        """Whether its words stand before what they speak of, or in brackets behind it."""
        return bool(self.words) and all(map(_LABEL.fullmatch, self.words))

    def _are_words(self) -> bool:
        told = self.words
        is_short = all(len(w) <= _LONGEST and w.isprintable() for w in told)
        is_word = all(_WORD.fullmatch(unmarked(w).strip(_FRAME)) for w in told)
        return is_short and is_word and bool(told)

    def is_phrase(self) -> bool:
        """Whether it holds one text and nothing else, in words that nobody here understands."""
        is_record = self.column.name in _OF_RECORDS
        told = names.words_of(self.column.name)
        is_step = not _STEPS.isdisjoint(told)
        held = self.filled if is_record or is_step else self.words
        if len(held) != 1 or self.values[held[0]] < _TWICE or not self.column.name:
            return False
        text = self.spelled.get(held[0], held[0])
        if len(text.split()) < _TWICE or are_persons(text) or _NO_PHRASE.search(text):
            return False
        if of_nothing(self.column.name) and not (is_record or is_step):
            return False
        is_note = self.column.what == names.NOTE and not is_record
        is_strange = not is_note and read_prose(text) is not None
        return is_strange or not _STILL_TO_DO.isdisjoint(text.casefold().split())

    def _are_letters(self) -> bool:
        """Whether it has no name and holds single letters, of which nothing tells what they say."""
        return not self.column.name and all(len(w) == 1 and w.isalpha() for w in self.words)

    def may_judge(self) -> bool:
        """Whether so few words come so often as those of a decision, and are not of other things.

        Words of which each stands in one row only are marks, where most rows have none; one in all
        rows decides nothing.
        """
        told, n = self.words, sum(self.values[word] for word in self.words)
        is_named = bool(self.column.name) or self._labels_rows
        most = FEW if self._are_letters() else _DECISIONS
        is_few = 0 < len(told) <= most and len(self.values) > 1
        is_mark = len(told) == n <= _MARKS and self.values[""] > n and is_named
        if is_few and self.may_decide and any(map(weights.lets_go, told)):
            return True
        often = 2 if not is_named else 1 if len(told) <= _UNNAMED else 1.5
        is_often = n >= often * len(told) and n > len(told)
        if not (is_few and self.may_decide and self._are_words() and (is_often or is_mark)):
            return False
        is_shown = all(shown_by(word, is_whole=False) == CHILD for word in told)
        if is_shown or all(answer_of(word) is not None for word in told):
            return False
        is_rated = not is_named and len(told) > 1 and not _NAUGHT.isdisjoint(told)
        if any(map(weights.is_verdict, told)) or is_rated:
            return True
        is_else = of_nothing(self.column.name)
        is_else = is_else and _LABELS.isdisjoint(names.words_of(self.column.name))
        is_other = self.is_read and len(told) >= _MANY and not any(map(weights.weighs, told))
        if is_else or is_other or weights.describe(told, self.spelled, is_read=self.is_read):
            return False
        return sum(map(_is_of_nothing, told)) * 2 <= len(told)


def are_persons(text: str) -> bool:
    """Whether a text may be the name of somebody: `M. Falk`, `Anna van Dijk`."""
    told = text.replace(".", ". ").split()
    is_one = len(told) > 1 and all(map(_OF_NAME.fullmatch, told))
    return is_one and sum(w[0].isupper() for w in told) > 1 and not any(map(_is_told, told))


def _is_told(word: str) -> bool:
    return word_of_any(word) is not None or answer_of(word) is not None


_OF_NAME = re.compile(
    r"[^\W\d_]\.|(?=[^a-z])[^\W\d_]+(?:['’-][^\W\d_]+)*,?|van|von|de|der|den|da|di|la"
)
_NO_PHRASE = re.compile(
    r"(?i)\bshar(?:e|ed|ing)\b|\bdistribut|\bdisclos|\bweitergeben|\bdiffus|\bdifund"
    r"|v[ií]c?t+im|opfer|slachtoffer|offer\b|://|[/\\]|\.\w{2,5}$|@"
)
_OF_RECORDS = ("name", "description", "summary")
_TWICE = 2
_STEPS = words_in("queue stage phase step workflow bucket tray fase etapa étape schritt stufe")
_STILL_TO_DO = words_in("{still_to_do}")


def says_to_whom(told: Sequence[str]) -> bool:
    """Whether a name says that something was told to somebody: `reported to host`."""
    return any(a in _SAID and b in _TO for a, b in pairwise(told)) and len(told) > 2


_SAID = words_in("reported sent given shared passed referred submitted gemeldet gesendet")
_TO = words_in("to with an à al a till til aan do")


def tells_language(column: ListColumn) -> bool:
    """Whether the name of a column is a word of a language that is known here."""
    told = names.words_of(column.name)
    is_of_value = column.what in (names.ENTRY, names.OTHER, names.ID, names.UNKNOWN)
    is_known = not _WORDS_KNOWN.isdisjoint(w for w in told if len(w) > 3)
    return is_known or bool(column.name and not is_of_value)


_WORDS_KNOWN = _OF_NOTHING | words_in("date time datum datums fecha data jour tag day")


def _is_letter(name: str) -> bool:
    """Whether a name is a letter, or another sign; where letters have no case each is a word."""
    plain = names.squeezed(name)
    return len(plain) == 1 and (plain.upper() != plain.lower() or not plain.isalpha())


def of_nothing(name: str) -> bool:
    """Whether a column by its name tells where, by whom, with what and of whom."""
    told = names.words_of(name)
    told = told[:-1] if told[1:] and told[-1] == "as" else told  # `closed as`, and no `asn`
    if not _OPINIONS.isdisjoint(told):  # `team view`
        return False
    is_by = len(told) > 1 and told[-1] in _BY
    is_kind = any(f[1] in _OF_NOTHING for word in told if (f := _HEADS.fullmatch(word)))
    whole = names.squeezed(name)  # some languages write one word in two; of Arabic, an article
    is_one = not _OF_NOTHING.isdisjoint((*told, whole, whole.removeprefix("ال")))
    is_one = is_one or any(map(_COMPOUND.fullmatch, told))
    return is_by or is_kind or is_one


def of_things(name: str) -> bool:
    """Whether a column by its name tells on which days somebody did what decides nothing."""
    told = {_ON_DAY.sub("", word) for word in names.words_of(name)}
    return not (_OF_NOTHING | _ON_WHICH).isdisjoint(told - _DAYS)


_ON_WHICH, _DAYS = map(words_in, ("{days_of_things}", "{days_in_names}"))
_ON_DAY = re.compile(r"(?<=\w{3})s?(?:datum|dato|date|data|zeit|tag|dag|tid|päivä)\Z")


def is_measured(name: str, word: str) -> bool:
    """Whether beside a word such as `class` a name tells of what decides nothing: `age class`."""
    told = {*names.words_of(name)} - {word}
    return not (_HARMLESS - _NUMBERS).isdisjoint(told)


_BESIDE_HARMLESS = _OF_NOTHING | words_in("{beside_harmless_names}")
_LABEL = re.compile(r".*[:=]|\([^()]+\)|\[[^\[\]]+\]|\{[^{}]+\}")
_HEADS = re.compile(r"(\w{4,}?)s?(?:art|typ|typen?|type|form|klasse|klass|weise)")
_BY = words_in("by par von por da door av af przez kým által tarafından от")
_COMPOUND = pattern("notes.of_nothing")


def _is_of_nothing(word: str) -> bool:
    """Whether a word is known to decide nothing: a country, a platform, a grade, a picture."""
    bare = folded(word.strip(_FRAME))
    says = media_word(word)
    is_grade = re.fullmatch(r"[abc]", bare) is not None
    return (
        is_grade
        or (says is not None and says.media == "image")
        or bare in _NO_DECISIONS
        or any(len(p) >= _PIECE and p in _NO_DECISIONS for p in re.split("[ _/-]", bare))
        or names.squeezed(bare) in _NO_DECISIONS
    )
