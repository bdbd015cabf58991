"""The words of records by their fields, wherever in a record they stand.

The records of a file are nearly all alike. So what the place of a word tells is asked once for each
place, and kept: where it is passed over, and what its field is called.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers.documents.json_pieces import text_of

DEEPEST = 8  # objects in each other, in which fields of a record are looked for
_MOST_PLACES = 5000  # that are kept; what is in others is asked anew

Path = tuple[str, ...]
Words = dict[str, list[str]]


@dataclass(slots=True)
class FieldPlace:
    """Where words of records stand: the names on the way, and what the field there is called.

    Without a name nothing is looked for there. In a `keyed` place names are words, too.
    """

    path: Path
    name: str = ""
    is_keyed: bool = False
    inner: dict[str, FieldPlace | None] = field(default_factory=dict)


@dataclass
class FieldTree:
    """The places of the words of records.

    `called_at` tells what the field at a path is called; empty for one that says nothing. `passed`
    are names that are no part of a path, `keyed` those of objects that speak by their names, `left`
    what is not looked at. `called` is what a record is of, for messages; where it is empty, objects
    may stand as deep in each other as in any JSON.
    """

    called_at: Callable[[Path], str]
    called: str = ""
    passed: Collection[str] = ()
    keyed: Collection[str] = ()
    left: Collection[str] = ()
    root: FieldPlace = field(default_factory=lambda: FieldPlace(()))
    n: int = 0

    def words(self, record: Mapping[str, Any]) -> Words:
        """Each word of a record by its field; elements of arrays are words of their field.

        Raises ListError for objects deeper in each other than any format has them.
        """
        found: Words = {}
        self.take(record, self.root, found, 1)
        return found

    def at(self, place: Sequence[str | int]) -> FieldPlace | None:
        """The place of names on a way, on which numbers are those of elements of arrays.

        A place without a name where nothing is looked for; None where names on the way are words,
        or are not told.
        """
        found = self.root
        for name in place:
            if isinstance(name, int) and name >= 0:
                continue
            if found.is_keyed or isinstance(name, int):
                return None
            inner = found.inner[name] if name in found.inner else self._place(found, name)
            if inner is None:
                return FieldPlace(())
            found = inner
        return found

    def take(self, held: Mapping[str, Any], at: FieldPlace, found: Words, depth: int) -> None:
        """Take in the words of an object that stands at a place, and so deep."""
        inner, is_deep = at.inner, depth > DEEPEST
        for name, each in held.items():
            place = inner[name] if name in inner else self._place(at, name)
            if place is None:
                continue
            if is_deep:
                self._refuse_deep()
            if at.is_keyed:
                found.setdefault(at.name, []).append(name)
            kind = type(each)
            if kind is dict:
                self.take(each, place, found, depth + 1)
            elif kind is list:
                self.take_each(each, place, found, depth + 1)
            elif each is not None and (called := place.name):
                word = each if kind is str else text_of(each)
                if called in found:
                    found[called].append(word)
                else:
                    found[called] = [word]

    def take_each(self, held: list[Any], at: FieldPlace, found: Words, depth: int) -> None:
        """Take in the elements of an array."""
        if held and depth > DEEPEST:
            self._refuse_deep()
        for each in held:
            if isinstance(each, dict):
                self.take(each, at, found, depth + 1)
            elif isinstance(each, list):
                self.take_each(each, at, found, depth + 1)
            elif each is not None and at.name:
                found.setdefault(at.name, []).append(text_of(each))

    def _refuse_deep(self) -> None:
        if self.called:
            raise ListError(
                f"a record in it holds objects deep in each other, as none of {self.called} does; "
                "ask the giver for it as it was exported"
            )

    def _place(self, at: FieldPlace, name: str) -> FieldPlace | None:
        """The place of a name within another; None for one that is not looked at."""
        if name in self.left:
            found = None
        elif at.is_keyed or name in self.passed:
            found = at
        else:
            path = (*at.path, name)
            found = FieldPlace(path, self.called_at(path), name in self.keyed)
        if self.n < _MOST_PLACES:
            self.n += 1
            at.inner[name] = found
        return found
