"""What digests are of, as a column says it that is called so: `hash_of: normalized_url`."""

from __future__ import annotations

from functools import lru_cache

from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.roles import HASHED_LINK_KINDS

LINK, ELSE, FILE = "link", "else", "file"
_NAMES = words_in("{of_what_names}")
_IN_FILE = words_in("bytes byte file image picture photo content contents body data")


def is_of_what(word: str) -> bool:
    """Whether the word of a name says that its column tells of what digests are."""
    return word in _NAMES


@lru_cache(4096)
def of_what(word: str) -> str | None:
    """Of what a digest is by a word: a link, a file, or something else; None where it is not known.

    `file bytes` and `raw image data` are files; `file name` is something else.
    """
    told = names.words_of(word)
    if not told:
        return None
    says = names.read_name(f"{word} md5")
    if says.kinds and set(says.kinds) <= set(HASHED_LINK_KINDS):
        return LINK
    if says.what == names.OTHER:
        return ELSE
    return FILE if says.what == names.ENTRY or told[-1] in _IN_FILE else None
