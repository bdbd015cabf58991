"""What messages may hold of a list: names and words, never what may be an entry."""

import re

from relaion.lists.digests import undressed
from relaion.lists.values import shape
from relaion.paths import shown

NOT_SHOWN = "(not shown)"
_SEVERAL_WORDS = re.compile(r"[a-z]{1,15}(?:[_-][a-z]{1,15})+")


def could_be_value(text: str) -> bool:
    """Whether a text may be an entry, or half of one: nothing may tell it."""
    bare, _ = undressed(text)
    return (
        shape(bare) is not None
        or re.search(r"[0-9A-Fa-f]{12,}|//|www\.|\w\[?\.\]?\w\w|@", text) is not None
        or re.search(r"(?:[0-9A-Fa-f]{2,7}[-: .]){5}|[0-9A-Fa-f]{8}[-: .][0-9A-Fa-f]{8}", text)
        is not None
        or any(len(w) >= 20 and not _SEVERAL_WORDS.fullmatch(w) for w in text.split())
    )


def told(text: str, length: int = 40) -> str:
    """A name or word of a file as messages may hold it: never what may be an entry."""
    return NOT_SHOWN if could_be_value(text) else shown(text)[:length]
