"""JSON in pieces: the records of a file some at a time, and what stands around them.

A record is an object in an array that is known by its name. What stands around it, such as the
event of an attribute, ends behind its records: who needs it first looks at the file twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.field_names import FieldName, field_name
from relaion.lists.readers.documents.json_alike import AlikeRecords
from relaion.lists.readers.documents.json_text import DEEPEST, JsonReader, Pairs, once, refuse_names
from relaion.lists.readers.format import BETWEEN


@dataclass(frozen=True, slots=True)
class JsonPieces:
    """Parts of a document that stand behind each other in one array, or one of them.

    `names` are those of the arrays and objects that they stand in, from the outside; `number`
    counts the parts of a document as they begin, and is that of the first; `owner` is the number
    of the object around them, -1 for none. All names, those of their own too, are without case.
    """

    names: tuple[str, ...]
    number: int
    owner: int
    values: Sequence[Any]

    @property
    def name(self) -> str:
        """That of the array or the object around them; empty where there is none."""
        return self.names[-1] if self.names else ""


def pieces(document: ListDocument, within: Set[str], records: Set[str]) -> Iterator[JsonPieces]:
    """The parts of a JSON document, or of several behind each other, in the order of their ends.

    The document itself, and what stands in it under a name of `within`, is taken apart; what
    stands under one of `records` is a piece, each element of an array one. An object that is
    taken apart is a piece, too, with what else stands in it.
    Raises ListError where it is no JSON, ends too early, or gives a name twice.
    """
    walk = _Apart(JsonReader(document.open(), _without_case), within, records)
    while walk.reader.peek():
        yield from walk.around((), -1)


@dataclass
class _Apart:
    reader: JsonReader
    within: Set[str]
    records: Set[str]
    number: int = 0

    def __post_init__(self) -> None:
        self._taken_apart = self.within | self.records

    def around(self, names: tuple[str, ...], owner: int, depth: int = 0) -> Iterator[JsonPieces]:
        """What begins here and is taken apart."""
        start = self.reader.peek()
        if depth > DEEPEST:
            self.reader.skip(depth)  # which says so
        elif start == "[":
            for some in self.reader.whole_elements():
                if some is None:
                    yield from self.around(names, owner, depth + 1)
                else:
                    yield from self._whole(names, owner, some)
        elif start == "{":
            whole = self.reader.whole_value()
            if whole is None:
                yield from self._object(names, owner, depth)
            else:
                yield from self._whole(names, owner, [whole])
        else:
            yield self._pieces(names, owner, [self.reader.value()])

    def _whole(
        self, names: tuple[str, ...], owner: int, values: Sequence[Any]
    ) -> Iterator[JsonPieces]:
        """The same of values that were read already."""
        if isinstance(values, AlikeRecords) and self._taken_apart.isdisjoint(values.shape.names):
            yield self._pieces(names, owner, values)
            return
        held: list[Any] = []  # what is not to be taken apart
        for value in values:
            is_held = isinstance(value, dict) and self._taken_apart.isdisjoint(value)
            if is_held or not isinstance(value, (dict, list)):
                held.append(value)
                continue
            if held:
                yield self._pieces(names, owner, held)
                held = []
            if isinstance(value, list):
                yield from self._whole(names, owner, value)
            else:
                yield from self._whole_object(names, owner, value)
        if held:
            yield self._pieces(names, owner, held)

    def _whole_object(
        self, names: tuple[str, ...], owner: int, value: dict[str, Any]
    ) -> Iterator[JsonPieces]:
        number, shell = self._next(), dict[str, Any]()
        refuse_names(value)
        for key, each in value.items():
            inner = (*names, key)
            shell[key] = None
            if key in self.records:
                yield self._pieces(inner, number, each if isinstance(each, list) else [each])
            elif key in self.within and isinstance(each, (dict, list)):
                yield from self._whole(inner, number, [each])
            else:
                shell[key] = each
        yield JsonPieces(names, number, owner, [shell])

    def _object(self, names: tuple[str, ...], owner: int, depth: int) -> Iterator[JsonPieces]:
        number, shell = self._next(), dict[str, Any]()
        for name in self.reader.members_once():
            key = field_name(name)
            inner = (*names, key)
            if key in shell:
                raise _named_twice()
            shell[key] = None
            start = self.reader.peek()
            if key in self.records and start == "[":
                for values in self.reader.element_values():
                    yield self._pieces(inner, number, values)
            elif key in self.records:
                yield self._pieces(inner, number, [self.reader.value()])
            elif key in self.within and start in ("{", "["):
                yield from self.around(inner, number, depth + 1)
            else:
                shell[key] = self.reader.value()
        yield JsonPieces(names, number, owner, [shell])

    def _next(self, n: int = 1) -> int:
        self.number += n
        return self.number - n

    def _pieces(self, names: tuple[str, ...], owner: int, values: Sequence[Any]) -> JsonPieces:
        return JsonPieces(names, self._next(len(values)), owner, values)


def _without_case(pairs: Pairs) -> dict[str, Any]:
    """An object whose names are without case; raises ListError where two are the same."""
    found = dict(pairs)
    if len(found) < len(pairs):
        return once(pairs)  # which says so
    text = "".join(found)
    if text == text.casefold() and BETWEEN not in text:
        return found
    names = tuple(found)
    plain = _known_names(names) if len(names) < _MANY else _names_without_case(names)
    return dict(zip(plain, found.values(), strict=True))


_MANY = 100  # names of an object; those of more are not kept


def _names_without_case(names: tuple[str, ...]) -> tuple[FieldName, ...]:
    found = tuple(map(field_name, names))
    if len({*found}) < len(found):
        raise _named_twice()
    return found


# nearly all records of a file have the same names
_known_names = lru_cache(512)(_names_without_case)


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
