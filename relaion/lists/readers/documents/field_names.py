"""The fields of a record by their names and paths, wherever in it they stand.

Names are compared without case, but how one is spelled tells its words: `isDeleted`, `removedAt`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from relaion.errors import ListError
from relaion.lists.readers.format import BETWEEN
from relaion.lists.readers.vocabulary.names import DECIDING, GONE, STILL, UNTIL, read_name

MOST_NAMES = 500  # different fields of the records of a file


@lru_cache(4096)
def without_case(name: str) -> str:
    """A name without case; one that only its capitals cut into words keeps these: `is_deleted`."""
    plain = name.casefold()
    if plain == name:  # without capitals
        return plain
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).casefold()
    if parted == plain or read_name(plain).what in DECIDING:
        return plain
    return parted if read_name(parted).what in (GONE, STILL, UNTIL) else plain


class FieldName(str):
    """A name without case, or a path of them between points; `spelled` is as it was written.

    Messages hold paths as those of other JSON, with `BETWEEN` between the names.
    """

    __slots__ = ("path", "spelled")
    spelled: str
    path: str

    def __new__(cls, spelled: str) -> FieldName:
        """A name as it stands in a file, or several with `BETWEEN` between them."""
        if BETWEEN in spelled:
            path = BETWEEN.join(map(without_case, spelled.split(BETWEEN)))
            name = super().__new__(cls, path.replace(BETWEEN, "."))
        else:
            path = without_case(spelled)
            name = super().__new__(cls, path)
        name.spelled, name.path = spelled, path
        return name


field_name = lru_cache(4096)(FieldName)


def spelled_of(name: str) -> str:
    """How a name stands in its file."""
    return name.spelled if isinstance(name, FieldName) else name


def path_of(name: str) -> str:
    """How messages call it: the names on its way apart from each other."""
    return name.path if isinstance(name, FieldName) else name


def joined(path: Sequence[str]) -> FieldName:
    """The name of a field within others."""
    return FieldName(BETWEEN.join(map(spelled_of, path)))


def refuse_many(seen: Collection[str], called: str) -> None:
    """Raise ListError where records have more fields than any format: each costs time with each."""
    if len(seen) > MOST_NAMES:
        raise ListError(
            f"its records have more than {MOST_NAMES} different fields, as none of {called} does; "
            "ask the giver for it as it was exported"
        )
