"""What is said of a list that is none: a sample, an export of a sandbox, what was let go.

And who stands in a column: a name for tests, or that of who made a review, which decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.answers import answer_of
from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import folded, joined, words_in

_TRIALS = words_in("{trials}")
_NO_PRODUCTION = words_in("{no_production}")
_COUNTED = words_in("samples examples tests demos")
_FLAG = words_in("{beside_flags}")
_BESIDE = _FLAG | words_in("{beside_trials}")
_PURPOSES = words_in("{purposes}")
_EXCLUSIONS = words_in("{exclusions}")
_FEW = 5  # words of what tells what a list is for
_PHRASE = pattern("notes.of_trials")
_LET_GO = pattern("notes.let_go")
_PIECES = re.compile(r"[.!?;,:|\n()\[\]]+|\s[-–—]\s")
_WORD = re.compile(r"[^\W_]+")
_PARTIES = words_in("{parties}")
_ENVIRONMENT = words_in("env environment stage tier deployment realm instance")


def trial_in(name: str, text: str) -> str:
    """The word by which a text under a name says that a list is none; empty where none does.

    A flag says so by its name, such as `is_test`, where its text says yes; all else by its words.
    """
    told = [word for word in _joined(names.words_of(name)) if not word.isdigit()]
    own = next((word for word in told if word in _TRIALS), "")
    if own and all(word in _TRIALS or word in _FLAG for word in told):
        is_number = text.strip().isdigit() and own in _COUNTED
        if answer_of(text) and not is_number:
            return own
    if not _PARTIES.isdisjoint(told) or "://" in text:
        return ""
    bare = folded(text)
    if word := _exclusion_in(told, bare):
        return word
    if found := _PHRASE.search(bare) or _LET_GO.search(bare):
        return found[0]
    known = _TRIALS
    if not _ENVIRONMENT.isdisjoint(told):
        known = _TRIALS | _NO_PRODUCTION
    for piece in _PIECES.split(text):
        units = _joined(_WORD.findall(folded(piece)))
        if (word := next((u for u in units if u in known), "")) and all(
            u in known or u in _BESIDE or u.isdigit() for u in units
        ):
            return word
    return ""


def tester_in(name: str, text: str) -> str:
    """The word by which whoever a column names is one for tests: `QA test account`."""
    is_party = "@" not in text and not _WHOM.isdisjoint(names.words_of(name))
    units = _joined(_WORD.findall(folded(text))) if is_party and len(text) <= _LONGEST else []
    is_all = all(u in _TESTERS or u in _ACCOUNTS or u in _BESIDE or u.isdigit() for u in units)
    is_one = is_all and not _ACCOUNTS.isdisjoint(units)
    return next((u for u in units if u in _TESTERS), "") if is_one else ""


_LONGEST = 40  # characters of a name of somebody
_WHOM = words_in("{accounts_of}")
_ACCOUNTS = words_in("{account_names}")
_TESTERS = words_in("{testers}")


def _exclusion_in(of_name: list[str], text: str) -> str:
    """The word by which a text that tells what a list is for says that it takes out."""
    units = _WORD.findall(text)
    if _PURPOSES.isdisjoint(of_name) or len(units) > _FEW:
        return ""
    is_all = all(u in _EXCLUSIONS or u in _BESIDE for u in units)
    return next((u for u in units if u in _EXCLUSIONS), "") if is_all else ""


def _joined(units: Sequence[str]) -> list[str]:
    """Words, of which `dry run` and `made up` are one."""
    return joined(units, 2, lambda unit, _: unit in ("dryrun", "madeup"))


_REVIEWS = words_in("{review_names}")
_SOMEBODY = re.compile(
    r"(?:[^\W\d_a-z]\. ?)+(?:(?:van|von|de|der|den|da|di|la) )*"
    r"(?=[^\W\d_a-z])[^\W\d_]+(?:['’ -](?=[^\W\d_a-z])[^\W\d_]+)*"
    r"|(?=[^\W\d_a-z])[^\W\d_]+, ?[^\W\d_a-z]\."
)


def is_reviewer(name: str, cell: str) -> bool:
    """Whether a cell of a column of reviews is the name of who made one, with an initial."""
    is_of_review = not _REVIEWS.isdisjoint(names.words_of(name))
    return is_of_review and _SOMEBODY.fullmatch(cell.strip()) is not None
