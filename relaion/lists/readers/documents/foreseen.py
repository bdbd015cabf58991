"""Documents read once: what their first records show is taken for what all of them show.

What the fields of all records say of each must be known before the first is read, so a document is
looked at first, and then read. Where its reader may begin anew, it looks at the first records
alone, and at the others as it reads them: nearly always they show nothing else. Where they do, or
anything is wrong, nothing of what was read counts, and the delivery is read as if this way were
not there. So nothing but the time hangs on it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

from relaion.lists.readers.documents.document import ListDocument

T = TypeVar("T")
_FIRST = 4000  # records


class ReadAnewError(Exception):
    """Raised when what was read of a delivery counts for nothing: look at it first."""


def is_enough(document: ListDocument, n: int) -> bool:
    """Whether a look at `n` records is enough to begin; from then on the document is foreseen."""
    document.is_foreseen = document.shared.may_begin_anew and n >= _FIRST
    return document.is_foreseen


def as_foreseen(
    document: ListDocument, parts: Iterable[T], look: Callable[[T], object],
    shown: Callable[[], Hashable],
) -> Iterator[T]:  # fmt: skip
    """The parts of a document, each looked at where this was not done before.

    Raises ReadAnewError where one shows what the first did not.
    """
    if not document.is_foreseen:
        yield from parts
        return
    first = shown()
    for some in parts:
        look(some)
        if shown() != first:
            raise ReadAnewError
        yield some
