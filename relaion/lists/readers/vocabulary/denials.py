"""By which words a line, or a note beside an entry, denies that what it speaks of is listed.

`Nicht sperren`, `Ces images sont licites`, `ohne Befund`, `Nur zur Information`, `for exclusion`,
`取り消します`: each word may be known and decide nothing, but not what they say together. What is
not to be shared, opened, edited or used elsewhere is no such denial. A note of few words says more
than a line: it stands beside its entry, so `closed` or `ne pas retenir` is one.
"""

import re
from functools import lru_cache

from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import folded, without_marks, words_in

_DENIALS = pattern("denials.in_lines")
_OTHER_SCRIPTS = pattern("denials.other_scripts")
_IN_NOTES = pattern("denials.in_notes")
_FORBIDDEN_USE = re.compile(r"目的|用途")
_SHARED = pattern("denials.shared")
_AS_INFORMATION = words_in("{for_information}")


@lru_cache(1 << 14)
def denial_in(text: str, *, is_title: bool = True) -> str:
    """The words by which a line denies that what stands below it is to be listed; else none.

    `is_title`: it is a whole line, with the sign at its end.
    """
    line = text[:_LONGEST]
    if not line.isascii() and (found := _OTHER_SCRIPTS.search(line)) and not (
        _FORBIDDEN_USE.search(line)
    ):  # fmt: skip
        return found[0]
    bare = re.sub(r"[\s_]+", " ", without_marks(line).replace("’", "'")).strip(" #/;!*=-–[]()")
    if found := _DENIALS.search(bare):
        return found[0]
    is_information = is_title and re.sub(r"[\W_]+", "", bare.rstrip(" .!")) in _AS_INFORMATION
    return bare if is_information and not bare.endswith(":") else ""


_LONGEST = 400  # characters of a line that is looked at

# -- Beside entries --------------------------------------------------------------------------------

_LONGEST_NOTE, _MOST, _FEW = 100, 10, 4  # characters and words; words beside a verb of removal
_WORDS = re.compile(r"[^\W_]+")
_DENYING = words_in("{note_denials} {asking_verbs} {unblocking} {for_information}") - {
    "information"
}
_VERDICTS = words_in("{no_verdicts_in_notes}") - words_in(
    "{listed} control controls liable substance objects carried current live guilty convicted "
    "fresh legacy right bad good hold holds proceed escalate include granted agree agrees concur "
    "accepted accept grant bleibt bleiben drin drinnen verbleibt beibehalten weiterhin durch "
    "affirm affirmed uphold upholds upheld sustain sustained in go moved alive sample canary "
    "still yes stop"
)
_UNLAWFUL = words_in("{unlawful} {subjects}") - words_in("match right related")
_CRIME = pattern("denials.crime")
_NO = words_in("{negations} {denied_not}") | frozenset(("degil", "zadne"))
_FILLERS = words_in("{fillers} pls plz kérem kerem proszę prosím lütfen пожалуйста")
_REMOVING = words_in("{unblocking} entsperren débloquer desbloquear deblokkeren odblokować")
_FORBIDS = pattern("denials.forbids")


@lru_cache(65536)
def denied_by(note: str) -> str | None:
    """The word by which a note may take its entry back; None for one that says nothing such."""
    pieces = [piece for piece in re.split(r"[,;|]", note) if piece.strip()]
    told = (_denied_by(piece) for piece in ([note, *pieces] if len(pieces) > 1 else [note]))
    return next((word for word in told if word), None)


def _denied_by(note: str) -> str | None:
    if len(note) > _LONGEST_NOTE:
        return None
    text = without_marks(note).replace("’", "'").strip(" .!?*<>-–—=#()[]\"'")
    whole = folded(note)
    if _SHARED.search(whole):
        return _denied_in_words(text)
    if denial_in(note, is_title=False) or _IN_NOTES.search(whole):
        return "a denial"
    return _denied_in_words(text)


def _denied_in_words(text: str) -> str | None:
    units: list[str] = _WORDS.findall(folded(text))
    if not units or len(units) > _MOST:
        return None
    told = [unit for unit in units if unit not in _FILLERS or unit in _NO] or units
    joined = "".join(told)
    if joined in _DENYING or joined in _VERDICTS or "".join(units) in _DENYING:
        return joined
    if len(told) <= _FEW and (told[0] in _REMOVING or told[-1] in _REMOVING):
        return next(unit for unit in (told[0], told[-1]) if unit in _REMOVING)
    if _FORBIDS.fullmatch(text):
        return "not to"
    is_denied = len(told) <= _FEW and not _NO.isdisjoint(units)
    found = next((unit for unit in told if unit in _UNLAWFUL or _CRIME.fullmatch(unit)), "")
    return f"not {found}" if is_denied and found else None
