"""The fields of a record by their names and paths, wherever in it they stand.

Names are compared without case, but how one is spelled tells its words: `isDeleted`, `removedAt`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers.format import BETWEEN

MOST_NAMES = 500  # different fields of the records of a file
DEEPEST = 8  # objects in each other, in which fields of a record are looked for
_EXTENSION = re.compile(r"extension-definition--[0-9a-f-]+")


class FieldName(str):
    """A name without case, or a path of them between points; `spelled` is as it was written.

    Messages hold paths as those of other JSON, with `BETWEEN` between the names.
    """

    __slots__ = ("spelled",)
    spelled: str

    def __new__(cls, spelled: str) -> FieldName:
        """A name as it stands in a file, or several with `BETWEEN` between them."""
        name = super().__new__(cls, spelled.casefold().replace(BETWEEN, "."))
        name.spelled = spelled
        return name


field_name = lru_cache(4096)(FieldName)


def spelled_of(name: str) -> str:
    """How a name stands in its file."""
    return name.spelled if isinstance(name, FieldName) else name


def path_of(name: str) -> str:
    """How messages call it: the names on its way apart from each other."""
    return name.spelled.casefold() if isinstance(name, FieldName) else name


def joined(path: Sequence[str]) -> FieldName:
    """The name of a field within others."""
    return FieldName(BETWEEN.join(map(spelled_of, path)))


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
                is_way = is_keyed or name in passed or _EXTENSION.fullmatch(name)
                inner.append((each, at if is_way else (*at, name), depth + 1))
            waiting.extend(reversed(inner))
        elif isinstance(held, list):
            waiting.extend((each, at, depth + 1) for each in reversed(held))
        elif held is not None and at:
            yield at, text_of(held)


def take_undefined(
    row: dict[str, Sequence[str]],
    record: Mapping[str, Any],
    *,
    defined: Collection[str],
    called: str,
    text_of: Callable[[object], str],
    left: Collection[str] = (),
) -> None:
    """Put into a row the words of all fields of a record that its format does not define."""
    found: dict[str, dict[str, None]] = {}
    for name, value in record.items():
        if name in defined or value is None:
            continue
        for path, word in words_within(value, (name,), called=called, text_of=text_of, left=left):
            found.setdefault(joined(path), {})[word] = None
    for at, words in found.items():
        row[at] = (*row.get(at, ()), *words)


def names_undefined(
    seen: set[str],
    record: Mapping[str, Any],
    *,
    defined: Collection[str],
    called: str,
    text_of: Callable[[object], str],
    left: Collection[str] = (),
) -> None:
    """Take in the names of all fields of a record, those within what is not defined by path."""
    row: dict[str, Sequence[str]] = {}
    take_undefined(row, record, defined=defined, called=called, text_of=text_of, left=left)
    seen.update(row)
    seen.update(name for name in record if name in defined)
    if len(seen - {*defined}) > MOST_NAMES:
        raise ListError(
            f"its records have more than {MOST_NAMES} different fields, as none of {called} does; "
            "ask the giver for it as it was exported"
        )
