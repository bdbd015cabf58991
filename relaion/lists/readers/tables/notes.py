"""What a text beside an entry says of it: that it was taken back, is disputed, or is known good."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import add

from relaion.lists.readers import why
from relaion.lists.readers.lines.asks import no_longer
from relaion.lists.readers.vocabulary.asides import without_asides
from relaion.lists.readers.vocabulary.days import days_of
from relaion.lists.readers.vocabulary.denials import denied_by
from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.shown import shown_by
from relaion.lists.readers.vocabulary.spelling import folded, joined, words_in

SPEAKS = {
    word: fate
    for fate, said in (
        (why.TAKEN_BACK, "{taken_back} {mistakes}"), (why.GOOD, "{good}"),
        (why.DISPUTED, "{disputed}"), (why.UNCONFIRMED, "{unconfirmed}"),
    )
    for word in words_in(said)
}  # fmt: skip
ALONE = {
    word: fate
    for fate, said in (
        (why.UNCONFIRMED, "{unconfirmed_alone}"), (why.DISPUTED, "{disputed_alone}"),
        (why.GOOD, "{good_alone}"),
        (why.TAKEN_BACK, "{taken_back_alone} {mistaken} {do_not_use} {to_remove}"),
    )
    for word in words_in(said)
}  # fmt: skip
MISTAKES = words_in("{mistakes}")
_OF_GOOD = MISTAKES | words_in("{good} {good_alone}")
_UNCERTAIN = words_in("{uncertain}")
_LISTED = words_in("{listed} {unlawful}")
_TAKEN_IN = words_in("{taken_in}") - _LISTED - SPEAKS.keys() - ALONE.keys()
_NOT = words_in("{negations}")
_AGAINST = words_in("{compared_with}")
_BEHIND = words_in("free filtered excluded frei")
_NOT_OR_AGAINST = _NOT | _AGAINST
_LISTS_OF_GOOD = words_in("{lists_of_good}")
_LONG = 8  # words of what may be a remark and nothing else
_FEW = 4  # words with which a list is named
_FILLERS = words_in("{fillers}")
_NOTES_DOUBTED = words_in("{notes_doubted}")
_KNOWN = SPEAKS.keys() | ALONE.keys() | _UNCERTAIN | _LISTED | _NOTES_DOUBTED
_BEGIN = frozenset(word[:n] for word in _KNOWN for n in range(3, len(word) + 1)) | words_in(
    "{beginnings}"
)
"""How our words begin: a text without any such word says nothing."""
_PAIRS = frozenset(word[:2] for word in _KNOWN)
_NO_LONGER = "nolonger"
_MOST = 4  # words that one of ours may be written in: `do not block`
# in a note on one line these may take the entry back wherever they stand
_IN_NOTES = words_in("{taking_back_in_notes}")
_IN_SHORT = (_IN_NOTES | words_in("{recalls}")) - words_in("safe innocent recall recalls")
"""Of these in notes of few words, in a column: `cleared by analyst`."""

_DOUBTED = (ALONE.keys() | _NOTES_DOUBTED) - words_in("{duplicates}")
_PERHAPS = words_in("possibly possible maybe perhaps probably likely seems looks apparently")
_REMOVALS = words_in("{titles_taken_back}") - words_in("baja bajas")
_DOUBTED |= _REMOVALS
_NOUNS = words_in("{nouns_of_notes}")
_IN_SHORT_NOTES = _DOUBTED | _PERHAPS | _FILLERS | _TAKEN_IN | _NOUNS
_SUBJECTS = words_in("{subjects}")
_GOOD_AT_END = words_in("{good_alone} {uncertain}") - words_in(
    "safe innocent clean negative ignored ignore allowed good"
)
_MISTAKE = words_in("error errors erreur fehler errore erro fel fejl feil błąd chyba ошибка")
_UNCONFIRMED = words_in("{unconfirmed}")
_OF_AGE = pattern("notes.of_age")
_PIECES = re.compile(r"[;,|/\n()\[\]]+|[.:]\s|\s[-–—]\s")
_LEFT_LIST = pattern("denials.left_list")
_WORDS = re.compile(r"[^\W_]+")
_LONGEST = 2000


@dataclass(frozen=True)
class Remark:
    """Why a row brings no entry, and the word that says so.

    `is_whole`: nothing else is said; `is_alone`: the word would say nothing among others.
    """

    fate: str | None
    word: str
    is_sure: bool = True
    is_alone: bool = False
    is_whole: bool = True
    algorithm: str = ""


def _units(tokens: Sequence[str]) -> list[str]:
    """The words of a text; one of ours that is written in several is one."""
    return joined(tokens, _MOST, lambda unit, _: unit in _KNOWN, _BEGIN)


def _read_piece(tokens: Sequence[str]) -> Remark | None:
    """What a piece says first, and whether it says nothing else."""
    found: tuple[str | None, str] | None = None
    is_prose = is_alone = is_not = is_against = is_over = False
    for unit in _units(tokens):
        fate = SPEAKS.get(unit) or ALONE.get(unit)
        if unit in _NOT or unit == _NO_LONGER:
            is_not = True
            is_over = is_over or unit == _NO_LONGER
        elif fate or unit in _UNCERTAIN:
            says_nothing = is_not or (is_against and unit in _OF_GOOD)
            is_over = is_over and not is_not
            is_strong = unit in SPEAKS and fate != why.UNCONFIRMED  # `victim not verified`
            if not says_nothing and (found is None or (is_alone and is_strong)):
                found, is_alone = (fate, unit), not is_strong
            is_not = False
        elif unit in _LISTED:
            if is_not and found is None:
                found, is_alone = (why.TAKEN_BACK, f"not {unit}"), True
            is_not = False
        elif unit in _AGAINST:
            is_free = unit in _BEHIND and found is not None and found[1] in _OF_GOOD
            found = None if is_free else found  # `NSRL-free`
            is_against = True
        elif not (unit in _FILLERS or unit in _TAKEN_IN or unit[0].isdigit()):
            is_prose, is_not = True, False
    over = (why.TAKEN_BACK, _NO_LONGER) if is_over and not is_prose else None
    if (said := found or over) is None:
        return None
    fate, word = said
    return Remark(fate, word, fate is not None and not is_prose, is_alone, not is_prose)


_OF_A_PROGRAM = re.compile(r"\bhash lookup\b")  # Autopsy's, and no list of what is known good


@lru_cache(1 << 13)
def read_text(cell: str, *, alone: bool) -> Remark | None:
    """What a text says of the row that it stands in; `alone`: only where nothing else stands there.

    What is sure goes before what is not; a word that is ours only by itself says nothing in prose.
    """
    text = _LEFT_LIST.sub("removed", _OF_A_PROGRAM.sub("", folded(cell[:_LONGEST])))
    tokens = _WORDS.findall(text)
    good = next((token for token in tokens if token in _LISTS_OF_GOOD), None)
    if good and len(tokens) <= _FEW and _NOT_OR_AGAINST.isdisjoint(tokens):
        return Remark(why.GOOD, good)
    is_long = alone and len(tokens) > _LONG
    if (
        is_long
        or _BEGIN.isdisjoint(tokens)
        or not (_has_ours(tokens) or _may_close_up(cell, alone))
    ):
        return None
    if (left := without_asides(cell)) != cell:
        return read_text(left, alone=alone)
    if not alone:
        squeezed = "".join(tokens)
        if squeezed in SPEAKS or squeezed in ALONE:  # `falsePositive`
            return Remark(SPEAKS.get(squeezed) or ALONE[squeezed], squeezed)
    pieces = [text] if alone else _PIECES.split(text)
    said = [r for piece in pieces if (r := _read_piece(_WORDS.findall(piece)))]
    sure = [r for r in said if r.is_whole and not (alone and r.is_alone)]
    if alone:
        return sure[0] if sure else None
    strong = [r for r in said if not r.is_whole and not r.is_alone and r.fate]
    return next(iter([*(r for r in sure if r.is_sure), *sure, *strong]), None)


def _has_ours(tokens: Sequence[str]) -> bool:
    """Whether one of our words may be among these, in one or in several behind each other."""
    if not _KNOWN.isdisjoint(tokens):
        return True
    pairs = [*map(add, tokens, tokens[1:])]
    return not (_BEGIN.isdisjoint(pairs) and _PAIRS.isdisjoint(pairs))


def _may_close_up(cell: str, alone: bool) -> bool:
    """Whether words may stand behind each other once a sentence between them was left out."""
    return any(sign in cell for sign in (".;!," if alone else "!"))


def begins_word(text: str) -> bool:
    """Whether a text that may be cut off ends in the beginning of a word that takes back."""
    tokens = _WORDS.findall(folded(re.sub("[\udc80-\udcff]+\\Z", "", text)))
    last = tokens[-1] if tokens else ""
    return bool(last) and last not in _KNOWN and any(w.startswith(last) for w in _KNOWN - _LISTED)


def read_note(note: str) -> Remark | None:
    """What a note on one line says of its entry.

    A name, such as `Safe Horizon`, says nothing: each of its words has a capital.
    """
    if said := read_text(note, alone=False):
        return said
    units = _units(_WORDS.findall(folded(note[:_LONGEST])))
    word = next((unit for unit in units if unit in _IN_NOTES), None)
    if word is None and len(units) <= _LONG:
        word = no_longer(folded(note[:_LONGEST]))
    if word is None or _is_name(note):
        return None
    return Remark(None, word, is_sure=False, is_whole=False)


def _is_name(note: str) -> bool:
    """Whether each of several words has a capital: `Safe Horizon`."""
    told = _WORDS.findall(note)
    return len(told) > 1 and all(w[0].isupper() and not w.isupper() for w in told)


_UNTIL = re.compile(
    r"(?i)\s*(?:valid|good|listed|gültig|valable|v[aá]lid[oa]|geldig|ważn\w+|platn\w+)?\s*"
    r"(?:until|till|bis|jusqu.{1,2}au|hasta|fino al?|tot|até|expires?(?: on| at)?|expiry|exp\.?|do"
    r"|до)[:\s]+(?P<day>.*)"
)


def read_until(note: str) -> Remark | None:
    """Of a note that says until when an entry holds, that it may have expired."""
    found = _UNTIL.fullmatch(note) if any(map(str.isdigit, note)) else None
    days = days_of(found["day"]) if found else []
    is_past = bool(days) and all(day < date.today() for day in days)
    return Remark(None, "expired", is_sure=False, is_whole=False) if is_past else None


def read_short(note: str) -> Remark | None:
    """What a note of a few words says, each of which may take back: `unclear`, `perhaps legal`."""
    if _OF_AGE.search(note.casefold()):
        return Remark(None, "adult", is_sure=False, is_whole=False)
    if _FORBIDS.match(text := folded(note[:_LONGEST])):
        return Remark(None, "not to", is_sure=False, is_whole=False)
    if said := denied_by(note) or shown_by(note, is_whole=True):
        return Remark(None, said, is_sure=False, is_whole=False)
    units = _units(_WORDS.findall(text))
    word = next((unit for unit in units if unit in _DOUBTED), None)
    if word is None or not _IN_SHORT_NOTES.issuperset(units):
        is_mistake = sum(unit not in _FILLERS for unit in units) < 3  # `error de carga`
        told = _IN_SHORT | _UNCERTAIN | (_MISTAKE if is_mistake else frozenset())
        word = next((unit for unit in units if unit in told), None)
        word = word or next((unit for unit in units[:1] if unit in _UNCONFIRMED), None)
        word = word or next((unit for unit in units[-1:] if unit in _GOOD_AT_END), None)
        is_denied = not _NOT.isdisjoint(units)
        if is_denied and not _SUBJECTS.isdisjoint(units):
            word = f"not {next(unit for unit in units if unit in _SUBJECTS)}"
        elif word is None or is_denied or _is_name(note):
            return None
    return Remark(None, word, is_sure=False, is_whole=False)


_FORBIDS = pattern("denials.not_to_do")


def takes_back(note: str) -> bool:
    """Whether a note surely says that its entry is none."""
    said = read_text(note, alone=False)
    return said is not None and said.is_sure
