"""Columns of reviews that hold who made them: a name with initials is no decision."""

from __future__ import annotations

import re

from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.spelling import words_in

_REVIEWS = words_in(
    "review reviewed reviewer check checked checker approval approved verified verifier prüfung "
    "geprüft revisión révision revisione controle"
)
_SOMEBODY = re.compile(
    r"(?:[^\W\d_a-z]\. ?)+(?:(?:van|von|de|der|den|da|di|la) )*"
    r"(?=[^\W\d_a-z])[^\W\d_]+(?:['’ -](?=[^\W\d_a-z])[^\W\d_]+)*"
    r"|(?=[^\W\d_a-z])[^\W\d_]+, ?[^\W\d_a-z]\."
)


def is_reviewer(name: str, cell: str) -> bool:
    """Whether a cell of a column of reviews is the name of who made one, with an initial."""
    is_of_review = not _REVIEWS.isdisjoint(names.words_of(name))
    return is_of_review and _SOMEBODY.fullmatch(cell.strip()) is not None
