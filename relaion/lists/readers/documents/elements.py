"""Elements that decide whether an entry of an XML counts: as columns of a table, in its words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from relaion.errors import ListError
from relaion.lists.readers.beside import questions
from relaion.lists.readers.beside.remarks import WATCHED, RemarkColumn
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.fields import DecidingField, NamedField
from relaion.lists.readers.documents.json_places import says_of_all
from relaion.lists.readers.documents.title_prose import judge_titles
from relaion.lists.readers.format import OF_FILE, Options
from relaion.lists.readers.tables.decisions import chosen_of, is_ignored, media_word, word_of_any
from relaion.lists.readers.tables.notes import SPEAKS, read_text
from relaion.lists.readers.tables.said import COUNTS, UNSURE, WordSays
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.answers import is_among
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.values import shape, told, told_words

_NO_PLACE = -2  # no number names an element
_GRADES = frozenset(("a1", "a2", "b1", "b2"))
_FEEDBACK = {"": COUNTS, "affirmative": COUNTS, "negative": UNSURE}
_OPINIONS = (
    (
        "negative",
        re.compile(r"negativ|disagree|disput|false.?positive|downvote|thumbs.?down|reject"),
    ),
    ("affirmative", re.compile(r"affirm|positiv|agree|upvote|thumbs.?up|confirm")),
)
_MOMENT = frozenset(("date", "day", "on", "at", "time", "timestamp", "by", "datetime"))
_OF_A_DIGEST = frozenset(("hash", "md5", "sha1", "sha256", "digest", "fingerprint", "fingerprints"))
_ITSELF = frozenset(("original", "file", "whole", "self", "content"))
_MANY = 500  # unknown words after which the rest of a file is not needed to refuse it


def _says_of_grade(word: str) -> WordSays | None:
    """What a classification says; of grades there are four, and others are not known."""
    plain = word.strip().casefold()
    return UNSURE if re.fullmatch(r"[a-z]\d?", plain) and plain not in _GRADES else None


def opinion_of(word: str) -> str:
    """Which feedback a word gives, `negative` or `affirmative`; empty for any other word."""
    plain = word.casefold()
    return next((name for name, told in _OPINIONS if told.search(plain)), "")


@dataclass
class _Waiting:
    """What an element says of records that wait, by their place."""

    cells: list[str] = field(default_factory=list)
    of: list[int] = field(default_factory=list)


@dataclass
class Elements:
    """What the elements of a document say of its records, a batch at a time.

    `entries` counts records by the names of their elements, `unlooked` elements beside them that
    decide nothing, as far as anybody here knows.
    """

    options: Options
    document: ListDocument
    entries: Counter[str] = field(default_factory=Counter)
    unlooked: Counter[str] = field(default_factory=Counter)
    digests_unlooked: int = 0
    remarks: dict[str, RemarkColumn] = field(default_factory=dict)
    deciders: dict[str, DecidingField | None] = field(default_factory=dict)
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _beside: list[tuple[str, str]] = field(default_factory=list)
    _images: list[int] = field(default_factory=list)  # of the batch, by their place
    _before: int = 0  # images of batches before
    _is_later: bool = False

    def __post_init__(self) -> None:
        self._grades = self._known("classification", names.CATEGORY)
        self._feedback = self._known("feedback", names.STANDING)
        self._kinds = self._known("categorization", names.STANDING)
        if self._grades:
            self._grades.knows = _says_of_grade
        if self._feedback:
            self._feedback.knows = _FEEDBACK.get
        if self._kinds:
            self._kinds.knows = _says_of_kind
        self._member = None
        if chosen_of(self.options, "member", _NO_PLACE) is not None:
            self._member = self._known("member", names.STANDING)

    def _known(self, name: str, what: str, word: str = "") -> DecidingField | None:
        if is_ignored(self.options, name, _NO_PLACE):
            return None
        chosen = chosen_of(self.options, name, _NO_PLACE)
        found = self.deciders[name] = DecidingField(name, what, _NO_PLACE, word or name, chosen)
        return found

    def ignores(self, name: str) -> bool:
        """Whether the curator said that elements of this name are to be left out."""
        return is_ignored(self.options, name, _NO_PLACE)

    @staticmethod
    def decides(name: str) -> bool:
        """Whether a name is one of what decides."""
        return names.read_name(name).what in names.DECIDING

    def beside(self, name: str, value: str) -> None:
        """An element or an attribute that the format does not know, of the record being read."""
        self._beside.append((name, value))

    def empty(self, name: str) -> None:
        """An element of the record that holds nothing: its name may be all that it says."""
        told = names.words_of(name)
        is_flag = names.read_name(name).what == names.GONE and told[-1] not in _MOMENT
        text = " ".join(told)
        speaks = not is_flag and not self.decides(name) and read_text(text, alone=True) is not None
        self.beside(name, text if speaks else "")

    def around(self, name: str, value: str) -> None:
        """An element around all records; raises ListError where it says that they do not count."""
        if self.ignores(name) or OF_FILE in self.options.ignore:
            return
        is_flag = not value and names.read_name(name).what == names.GONE
        if (is_flag and names.words_of(name)[-1] not in _MOMENT) or (
            value and says_of_all(name, value, self.options)
        ):
            raise ListError(
                f"{told(name)} in it says that what is in it may not be listed; if it is, say "
                "--ignore title"
            )
        told_of = judge_titles([(name, value)], self.options)
        self.document.notices += [n for n in told_of if n not in self.document.notices]

    def take(
        self, i: int, grade: str, feedback: str, kinds: Sequence[str], member: tuple[str, str]
    ) -> None:
        """What an entry says of itself, which is record `i` of its batch."""
        if self._grades:
            self._wait("classification", grade, i)
        if self._feedback and (feedback or self._feedback.chosen is not None):
            self._wait("feedback", feedback, i)
        if self._member and self._member.chosen is not None:
            is_by_name = is_among(member[1], self._member.chosen)
            self._wait("member", member[is_by_name], i)
        if self._kinds and self._kinds.chosen is not None:
            held = [kind for kind in kinds if is_among(kind, self._kinds.chosen)]
            self._wait("categorization", (held or [*kinds, ""])[0], i)
        elif self._kinds:
            for kind in kinds:
                self._wait("categorization", kind, i)
        self._images.append(i)
        for name, value in self._beside:
            self._wait_beside(name, value, i)
        self._beside.clear()

    def skip(self) -> None:
        """The record is none of an image: what stands beside it decides nothing more."""
        self._beside.clear()

    def _wait(self, name: str, cell: str, i: int) -> None:
        waiting = self._waiting.get(name)
        if waiting is None:
            waiting = self._waiting[name] = _Waiting()
        waiting.cells.append(cell)
        waiting.of.append(i)

    def _wait_beside(self, name: str, value: str, i: int) -> None:
        if name not in self.deciders:
            says = names.read_name(name)
            is_chosen = chosen_of(self.options, name, _NO_PLACE) is not None
            self.deciders[name] = None
            if says.what in names.DECIDING or is_chosen:
                what = says.what if says.what in names.DECIDING else names.STANDING
                found = self._known(name, what, says.word)
                if found and what == names.GONE and names.words_of(name)[-1] not in _MOMENT:
                    found.knows = _unsaid  # `<deleted/>` says it, or says nothing
            elif _is_of_what(name) and (found := self._known(name, names.TYPE)):
                found.knows = _says_of_what
        if self.deciders[name] is None and not self.ignores(name):
            if word_of_any(value) == names.STANDING:
                self._known(name, names.STANDING)
            else:
                self.unlooked[told(name)] += 1
                self.digests_unlooked += shape(value) is not None
                self._look(name)
        if self.deciders[name] is not None or name in self.remarks:
            self._wait(name, value, i)

    def _look(self, name: str) -> None:
        """Read an element that decides nothing by its name as a column beside entries is read."""
        what = names.read_name(name).what
        if name in self.remarks or what not in WATCHED:
            return
        found = RemarkColumn(NamedField(_NO_PLACE, name, what), self.options.is_good)
        self.remarks[name] = found
        if self._before:
            found.values[""] = self._before

    def _remarked(self, found: dict[int, str]) -> None:
        """Add why records bring no entry by what stands beside them."""
        for name, remarks in self.remarks.items():
            held: dict[int, list[str]] = {}
            waiting = self._waiting.get(name, _Waiting())
            for i, cell in zip(waiting.of, waiting.cells, strict=True):
                held.setdefault(i, []).append(cell)
            cells = [" ; ".join(held.get(i, ())) for i in self._images]
            for at, fate in remarks.read(cells, lambda _: 0).items():
                found.setdefault(self._images[at], fate)
        self._before += len(self._images)
        self._images = []

    def fates(self) -> dict[int, str]:
        """Why records of the batch bring no entry; raises ListError where nobody knows."""
        found: dict[int, str] = {}
        for name, waiting in self._waiting.items():
            decider = self.deciders.get(name)
            if decider is None:
                continue
            said = decider.read(waiting.cells)
            for i, says in zip(waiting.of, said, strict=True):
                if says.fate is not None:
                    found.setdefault(i, says.fate)
        self._remarked(found)
        self._waiting = {}
        if not self._is_later or any(len(d.unsure) > _MANY for d in self._all()):
            self._refuse_unsure(so_far=True)
        self._is_later = True
        return found

    def _all(self) -> list[DecidingField]:
        return [decider for decider in self.deciders.values() if decider is not None]

    def _refuse_unsure(self, *, so_far: bool) -> None:
        if self._feedback and (n := self._feedback.unsure["negative"]):
            raise ListError(
                f"other members gave negative feedback on {n:,} entries, and nobody here knows "
                'whether those are still listed: say --where "feedback=affirmative,(empty)" to '
                "leave them out, or --ignore feedback to take them"
            )
        for decider in self._all():
            decider.refuse_unsure(is_cut=False)
        for remarks in self.remarks.values():
            questions.refuse(remarks, so_far=so_far)

    def judge(self) -> None:
        """What all records showed: raises ListError where nobody knows what words mean."""
        self._refuse_unsure(so_far=False)
        if self.entries:
            self.document.notices.append(f"entries: {told_words(self.entries)}")
        for decider in self._all():
            if any(word != "(empty)" for word in decider.words):
                self.document.decided[decider.told] = dict(decider.words)
                is_open = decider is self._grades and decider.chosen is None
                choose = "; to take only some: --where classification=WORD,WORD" * is_open
                self.document.notices.append(f"{decider.told}: {told_words(decider.words)}{choose}")
        if self.unlooked:
            held = f", {self.digests_unlooked:,} with a digest or a link"
            self.document.notices.append(
                "elements that are no part of the format, and decide nothing that is known here: "
                + told_words(self.unlooked) + held * bool(self.digests_unlooked)
            )  # fmt: skip
        for remarks in self.remarks.values():
            self.document.notices.extend(questions.notices(remarks))


def _unsaid(word: str) -> WordSays | None:
    return None if word else UNSURE


def _is_of_what(name: str) -> bool:
    """Whether a name asks what a digest is of: `hashOf`, `fingerprints of`."""
    told = names.words_of(name)
    return len(told) > 1 and told[-1] == "of" and _OF_A_DIGEST.issuperset(told[:-1])


def _says_of_what(word: str) -> WordSays:
    """What a digest is of: of the picture itself, of a film, or of what nobody here can say."""
    says = media_word(word)
    if names.squeezed(word) in _ITSELF or not word:
        return COUNTS
    return says if says and (says.fate or says.media == "image") else UNSURE


def _says_of_kind(kind: str) -> WordSays:
    """A categorization such as `Unconfirmed …` may say that its entry does not count."""
    pieces = [piece for piece in re.split(r"[;,|/()]+", kind) if piece.strip()]
    return UNSURE if any(map(_doubts, (kind, *pieces))) else COUNTS


_DOUBTS = words_in("{inconclusive}")
_GROWN_UP = words_in("{of_age} adult adults")
_YOUNG = words_in("{subjects}") - words_in("sexual nude related relevant")


def _doubts(text: str) -> bool:
    said = read_text(text, alone=True)
    told = set(names.words_of(text))
    is_grown_up = bool(told & _GROWN_UP) and told.isdisjoint(_YOUNG)  # `child and adult` is listed
    return (
        any(word in SPEAKS for word in told)
        or (said is not None and said.fate is not None)
        or word_of_any(text) == names.STANDING
        or is_grown_up
        or not told.isdisjoint(_DOUBTS)
    )
