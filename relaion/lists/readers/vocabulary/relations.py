"""What a relation between two records says of one of them: `revoked-by`, `false-positive-of`."""

from __future__ import annotations

import re
from functools import lru_cache

from relaion.lists.readers import why
from relaion.lists.readers.tables.decisions import read_word
from relaion.lists.readers.tables.said import COUNTS, UNSURE, WordSays
from relaion.lists.readers.vocabulary import names

_BACK = re.compile(
    r"(?i)\b(?:revo[ck]|withdr|retract|recall|invalidat|supersed|replac|obsolet|deprecat|rescind)"
)
_AGAINST = re.compile(r"(?i)\b(?:disput|refut|contradict|disagree)")


@lru_cache(4096)
def relation_says(word: str) -> WordSays:
    """What a kind of relationship, or of objects that refer to others, says of an indicator."""
    text = re.sub(r"[\W_]+", " ", word).strip()
    if _BACK.search(text):
        return WordSays(why.TAKEN_BACK)
    if _AGAINST.search(text):
        return WordSays(why.DISPUTED)
    plain = re.sub(r"(?i)^x | (?:of|for|by)$", "", text)
    for told_as in (plain, plain.partition(" ")[2]):
        said = read_word(names.STANDING, told_as) if told_as else COUNTS
        if said.is_sure and said.fate in (why.TAKEN_BACK, why.DISPUTED, why.GOOD):
            return said
    return COUNTS


_OF = re.compile(r"(?i)[\W_](?:of|for)$")


def doubted_says(word: str) -> WordSays:
    """The same, where `of` leaves open which of the two it is: each may be the false positive."""
    says = relation_says(word)
    return UNSURE if says != COUNTS and _OF.search(word) else says


def is_of_source(word: str) -> bool:
    """Whether a relation speaks of the record that stands before it: `revoked-by`."""
    return re.search(r"(?i)(?:ed|n|y|of|for)$", word) is not None
