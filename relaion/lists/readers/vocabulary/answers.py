"""Words that say yes or no, in many languages, and those that a curator chose.

A sign can turn a word around: `-active`, `!A1`, and a category `-1` are other words than those
without it. The same but for case, accents, blanks and look-alike letters are one word, and so are
`1`, `01` and `1.0`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal
from functools import lru_cache

from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.spelling import folded, words_in

YES = words_in("{yes}")
NO = words_in("{no}")

DENIALS = NO - words_in("0 f n non no na none null nil off - – — nu") | {"no", "non"}
"""Words that say no, and do not stand where there is nothing."""


def answer_of(word: str) -> bool | None:
    """Whether a word or a sign says yes or no; None where it says neither."""
    told = {word.strip().casefold(), names.squeezed(word)} - {""}
    return True if told & YES else False if told & NO else None


_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
DENIED = re.compile(r"\s*(?:[!~¬≠]|-(?=[^\W\d]))\s*\w")
"""A word with a sign before it that may turn it around."""


@lru_cache(4096)
def choice(word: str) -> str:
    """A word as it is compared: without case and accents, numbers as numbers."""
    plain = " ".join(folded(word).split())
    if not _NUMBER.fullmatch(plain):
        return plain
    return f"{Decimal(plain).normalize():f}"


def is_among(word: str, chosen: Collection[str]) -> bool:
    """Whether a word of a file is one of those chosen; no word is never the same as a sign."""
    told = choice(word)
    return bool(told) and any(told == choice(each) for each in chosen)
