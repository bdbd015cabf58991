"""The fields of a record by their names and paths, wherever in it they stand.

Names are compared without case, but how one is spelled tells its words: `isDeleted`, `removedAt`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers.format import BETWEEN
from relaion.lists.readers.vocabulary.names import DECIDING, GONE, STILL, UNTIL, read_name

MOST_NAMES = 500  # different fields of the records of a file
DEEPEST = 8  # objects in each other, in which fields of a record are looked for


@lru_cache(4096)
def without_case(name: str) -> str:
    """A name without case; one that only its capitals cut into words keeps these: `is_deleted`."""
    plain = name.casefold()
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
        path = BETWEEN.join(map(without_case, spelled.split(BETWEEN)))
        name = super().__new__(cls, path.replace(BETWEEN, "."))
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


def words_within(
    value: Any,
    path: tuple[str, ...],
    *,
    called: str,
    text_of: Callable[[object], str],
    passed: Collection[str] = (),
    keyed: Collection[str] = (),
    left: Collection[str] = (),
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each word in a value with the path of its field; elements of arrays have that of the array.

    `passed` are names that are no part of a path, `keyed` those of objects that speak by their
    names, `left` what is not looked at. `called` is what a record is of, for messages.
    Raises ListError for objects deeper in each other than any format has them.
    """
    waiting: list[tuple[Any, tuple[str, ...], int]] = [(value, path, 0)]
    while waiting:
        held, at, depth = waiting.pop()
        if depth > DEEPEST:
            raise ListError(
                f"a record in it holds objects deep in each other, as none of {called} does; ask "
                "the giver for it as it was exported"
            )
        if isinstance(held, dict):
            is_keyed = bool(at) and at[-1] in keyed
            inner: list[tuple[Any, tuple[str, ...], int]] = []
            for name, each in held.items():
                if name in left:
                    continue
                if is_keyed:
                    yield at, name
                is_way = is_keyed or name in passed
                inner.append((each, at if is_way else (*at, name), depth + 1))
            waiting.extend(reversed(inner))
        elif isinstance(held, list):
            waiting.extend((each, at, depth + 1) for each in reversed(held))
        elif held is not None and at:
            yield at, text_of(held)
