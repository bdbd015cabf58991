"""Sentences above a list that name what takes out, and say nothing of what is listed.

`Please report false positives to us`, `Known good files have been removed before export`,
`Deletions are sent in a file of their own`, `nothing was withdrawn this month`. A sentence is one
as a whole or it is none: `false positives below`, `the last two were removed` and `Known good
files removed:` are not. What is left of a text without them is read as ever.
"""

import re
from functools import lru_cache

from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import without_marks

_LONGEST = 4096  # characters of a text that is looked at
_SIGNS = " \t\r\n#/;!%*=~_<>|[](){}\"'`,.-–—•·\ufeff"
_PIECES = re.compile(r"([.;!](?:\s+|$)|,\s+(?=(?:no|keine|aucune?|sin|nessun)\s))", re.IGNORECASE)
_TELLS_OF_MISTAKES = pattern("asides.tells_of_mistakes")
_POINTS = pattern("asides.points")
_TAKES_NOTHING = pattern("asides.takes_nothing")
_NOT_OF_PART = pattern("asides.not_of_part")


@lru_cache(1 << 16)
def without_asides(text: str) -> str:
    """A text without those of its sentences that say nothing of what is listed.

    The same text where it has none; of only such sentences an empty one is left.
    """
    if len(text) > _LONGEST:
        return text
    pieces = _PIECES.split(text)
    kept = [
        "" if i % 2 == 0 and _is_aside(piece) else piece for i, piece in enumerate(pieces)
    ]  # fmt: skip
    if kept == pieces:
        return text
    left = "".join(kept)
    return left if left.strip(_SIGNS) else ""


def whole_files(folded: str) -> str:
    """A folded text without what digests are not of, where it says of what they are."""
    return _NOT_OF_PART.sub(r"\g<whole>", folded)


def _is_aside(piece: str) -> bool:
    bare = piece.strip(_SIGNS)
    if " " not in bare or bare.endswith(":"):
        return False
    folded = re.sub(r"[_\s]+", " ", without_marks(bare)).replace("’", "'").strip()
    if _TELLS_OF_MISTAKES.fullmatch(folded):
        return _POINTS.search(folded) is None
    folded = re.sub(r"\A(?:use|note|hinweis|remark): ", "", folded)
    return _TAKES_NOTHING.fullmatch(folded) is not None
