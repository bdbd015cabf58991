"""Sentences above entries that ask to take them out: `Merci de retirer les entrées suivantes :`.

Titles are short, and their words stand at one of their ends. A sentence of a letter is longer, and
its verb stands anywhere. Where it points to what stands below it, by a colon or by a word such as
`following`, and asks for removal, or tells of a mistake or of what is so no longer, nobody here can
say what becomes of the entries: they may be taken back, or a host was asked to take them down.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import words_in

_VERBS = words_in("{asking_verbs}")
_VERBS |= words_in("{to_remove}") - words_in("strike nix kill pull gone scrub hidden foutje")
_LAWFUL = words_in("{asked_as_lawful}")
_APPEALED = words_in("{appealed}")
_SPEAKS = (
    _VERBS
    | _LAWFUL
    | _APPEALED
    | words_in("{asking_back} {unblocking}")
    | words_in("testdata testset testfile testfiles testhashes")
)
_PHRASES = pattern("sentences.asks_out")
_MISTAKEN = words_in("{mistaken}") - words_in("fejl feil fel chyba virhe")
_NO_LONGER = pattern("sentences.no_longer")
_OF_THE_WEB = pattern("sentences.of_the_web")
_FROM_DATA = pattern("sentences.from_data")
_FOR_PICTURES = pattern("sentences.asks_for_pictures")
_OF_LISTS = pattern("sentences.of_lists")
_POINTERS = words_in("{pointers_of_letters}") - {"listed", "attached", "alla"}
_LONGEST = 24  # words
_FEWEST = 3


def asks_out(line: str, text: str, units: Sequence[str]) -> str | None:
    """The word by which a sentence may take out what stands below it; None for any other.

    `text` is the folded line, `units` its words, those of ours that are written in several as one.
    """
    points = line.rstrip(" \t\r\n*_\"'").endswith((":", "："))
    if not _FEWEST <= len(units) <= _LONGEST or not (points or not _POINTERS.isdisjoint(units)):
        return None
    if len(re.findall(r"[,;|\t]\s*[^\s,;|]", line)) * 2 >= len(units):
        return None  # names of columns
    is_request = _FROM_DATA.search(text) and not _OF_LISTS.search(text)
    speaks = _SPEAKS - _VERBS if is_request else _SPEAKS
    word = next((unit for unit in units if unit in speaks or unit in _MISTAKEN), None)
    word = word or no_longer(text)
    if word is None and not is_request and (found := _PHRASES.search(text)):
        word = found[0]
    if word is None:  # `par erreur`, which is written in two words
        pairs = pairwise(units)
        word = next((f"{a} {b}" for a, b in pairs if a + b in _MISTAKEN or a + b in speaks), None)
    return word


def asks_for_pictures(text: str) -> bool:
    """Whether a folded text asks that pictures be removed, and says nothing else."""
    return _FOR_PICTURES.fullmatch(re.sub(r"[^\w']+", " ", text).strip()) is not None


def no_longer(text: str) -> str | None:
    """The words of a folded text that say that something is so no longer; None for others.

    What is no longer online may be listed still.
    """
    found = None if _OF_THE_WEB.search(text) else _NO_LONGER.search(text)
    return found[0] if found else None
