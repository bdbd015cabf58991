"""What is said of a list that is none: a sample, an export of a sandbox, what was let go."""

from __future__ import annotations

import re

from relaion.lists.readers.vocabulary import names, words
from relaion.lists.readers.vocabulary.answers import answer_of

_TRIALS = words.words_in(
    "test tests testing testdata testrun testlist testfile sample samples example examples demo "
    "demos demonstration sandbox staging mock mocked mockup dummy placeholder placeholders dryrun "
    "fake faked fictitious fictional synthetic madeup simulated simulation invented beispiel "
    "beispiele beispieldaten testdaten muster musterdaten probe probelauf exemple exemples essai "
    "ejemplo ejemplos prueba pruebas esempio esempi prova voorbeeld voorbeelden exemplo exemplos "
    "teste exempel eksempel esimerkki példa przykład příklad пример тест"
)
_NO_PRODUCTION = words.words_in(
    "dev devel development develop stage uat qa preprod preproduction integration int ci nonprod "
    "nonproduction"
)
_COUNTED = words.words_in("samples examples tests demos")
_FLAG = words.words_in(
    "is a an the for only mode run flag data file list set dataset feed export delivery env "
    "environment content values value records entries use purpose purposes"
)
_BESIDE = _FLAG | words.words_in(
    "of our your in this these it its are and or to with hash hashes digest digests md5 sha1 "
    "sha256 checksum checksums entry record row rows line lines format layout structure schema "
    "files lists new member members system all here please note number numbers nur zum zu zur "
    "des der das die unser unseres unsere pour de la le un une du notre para el una por di il uno "
    "van het een ons com om"
)
_PHRASE = re.compile(
    r"\b(?:not?|never)(?: (?:for|in|meant for|intended for|to be used in))? (?:production|real\b)"
    r"|\bnon-?production\b|\blorem ipsum\b|\bmade[ -]up\b|\bfictitious\b|\bplaceholders?\b"
    r"|\bdummy\b|\bdry[ -]?run\b|\bfür testzwecke\b"
)
_LET_GO = re.compile(
    r"\b(?:after|following|upon|won|granted|upheld|successful|allowed) (?:\w+ ){0,2}appeals?\b"
    r"|\bappeals? (?:\w+ ){0,2}(?:upheld|granted|won|successful|allowed|accepted|succeeded)\b"
)
_PIECES = re.compile(r"[.!?;,:|\n()\[\]]+|\s[-–—]\s")
_WORD = re.compile(r"[^\W_]+")
_PARTIES = words.words_in(
    "source giver provider organisation organization org by author owner company contact partner "
    "submitter reporter publisher member url uri link host domain email mail path id version tool "
    "client next previous cursor token query"
)
_ENVIRONMENT = words.words_in("env environment stage tier deployment realm instance")


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
    folded = words.folded(text)
    if found := _PHRASE.search(folded) or _LET_GO.search(folded):
        return found[0]
    known = _TRIALS
    if not _ENVIRONMENT.isdisjoint(told):
        known = _TRIALS | _NO_PRODUCTION
    for piece in _PIECES.split(text):
        units = _joined(_WORD.findall(words.folded(piece)))
        if (word := next((u for u in units if u in known), "")) and all(
            u in known or u in _BESIDE or u.isdigit() for u in units
        ):
            return word
    return ""


def _joined(units: list[str] | tuple[str, ...]) -> list[str]:
    """Words, of which `dry run` and `made up` are one."""
    found: list[str] = []
    for unit in units:
        if found and found[-1] + unit in ("dryrun", "madeup"):
            found[-1] += unit
        else:
            found.append(unit)
    return found
