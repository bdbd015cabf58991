"""JSON in pieces: the records of a file one by one, and what stands around them.

A record is an object in an array that is known by its name. What stands around it, such as the
event of an attribute, ends behind its records: who needs it first looks at the file twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.field_names import field_name
from relaion.lists.readers.documents.json_text import DEEPEST, JsonReader


@dataclass(frozen=True, slots=True)
class JsonPiece:
    """A part of a document.

    `names` are those of the arrays and objects that it stands in, from the outside; `number`
    counts the pieces of a document as they begin; `owner` is the number of the object around it,
    -1 for none. All names, those of its own too, are without case.
    """

    names: tuple[str, ...]
    number: int
    owner: int
    value: Any


def pieces(document: ListDocument, within: Set[str], records: Set[str]) -> Iterator[JsonPiece]:
    """The parts of a JSON document, or of several behind each other, in the order of their ends.

    The document itself, and what stands in it under a name of `within`, is taken apart; what
    stands under one of `records` is a piece, each element of an array one. An object that is
    taken apart is a piece, too, with what else stands in it.
    Raises ListError where it is no JSON, ends too early, or gives a name twice.
    """
    walk = _Apart(JsonReader(document.open()), within, records)
    while walk.reader.peek():
        yield from walk.around((), -1)


@dataclass
class _Apart:
    reader: JsonReader
    within: Set[str]
    records: Set[str]
    number: int = 0

    def around(self, names: tuple[str, ...], owner: int, depth: int = 0) -> Iterator[JsonPiece]:
        """What begins here and is taken apart."""
        start = self.reader.peek()
        if depth > DEEPEST:
            self.reader.skip(depth)  # which says so
        elif start == "[":
            for _ in self.reader.elements():
                yield from self.around(names, owner, depth + 1)
        elif start == "{":
            yield from self._object(names, owner, depth)
        else:
            yield self._piece(names, owner)

    def _object(self, names: tuple[str, ...], owner: int, depth: int) -> Iterator[JsonPiece]:
        number, shell = self._next(), dict[str, Any]()
        for name in self.reader.members_once():
            key = field_name(name)
            inner = (*names, key)
            if key in shell:
                raise _named_twice()
            shell[key] = None
            start = self.reader.peek()
            if key in self.records and start == "[":
                for _ in self.reader.elements():
                    yield self._piece(inner, number)
            elif key in self.records:
                yield self._piece(inner, number)
            elif key in self.within and start in ("{", "["):
                yield from self.around(inner, number, depth + 1)
            else:
                shell[key] = _without_case(self.reader.value())
        yield JsonPiece(names, number, owner, shell)

    def _next(self) -> int:
        self.number += 1
        return self.number - 1

    def _piece(self, names: tuple[str, ...], owner: int) -> JsonPiece:
        return JsonPiece(names, self._next(), owner, _without_case(self.reader.value()))


def _without_case(value: Any) -> Any:
    """A value whose objects have their names without case."""
    if isinstance(value, dict):
        found = {
            field_name(name): _without_case(each) if isinstance(each, (dict, list)) else each
            for name, each in value.items()
        }
        if len(found) != len(value):
            raise _named_twice()
        return found
    return [_without_case(each) for each in value] if isinstance(value, list) else value


def _named_twice() -> ListError:
    return ListError(
        "an object in it gives the same name twice, but for its case, of which only one can count; "
        "ask the giver for the file as it was exported"
    )


def text_of(value: object) -> str:
    """A value as a giver would write it in a cell; empty for nothing, and for what holds others."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, (dict, list)):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def each_of(value: object) -> list[Any]:
    """The elements of an array; a value by itself is one, nothing none."""
    return [] if value is None else value if isinstance(value, list) else [value]


def in_object(value: object, name: str) -> Any:
    """What an object holds under a name; None where there is no object."""
    return value.get(name) if isinstance(value, dict) else None
