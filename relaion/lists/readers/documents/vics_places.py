"""Where the media of VICS stand: in `value`, in `Media` of cases, in an array, one a line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.json_alike import AlikeRecords
from relaion.lists.readers.documents.json_places import RecordPlaces
from relaion.lists.readers.documents.json_text import JsonReader
from relaion.lists.readers.documents.vics_media import (
    CASES,
    as_object,
    holds_media,
    inner_media,
)
from relaion.lists.readers.vocabulary import names

_HOLDS = re.compile(r'(?i)"(value|media)"\s*:\s*\[')


@dataclass
class MediaPlaces:
    """The media of a file. `said` are the fields, squeezed, that the curator named.

    `places` holds what stands beside media, `others` names arrays that stand there.
    """

    document: ListDocument
    said: Collection[str]
    places: RecordPlaces
    others: dict[str, None] = field(default_factory=dict)

    def media(self) -> Iterator[Sequence[Any]]:
        """All media, wherever they stand, some at a time."""
        reader = JsonReader(self.document.open())
        holds = {found[1].casefold() for found in _HOLDS.finditer(self.document.head)}
        while start := reader.peek():
            if start == "{" and holds:
                yield from self._within(reader, (), of_cases="media" in holds)
            elif start == "[":
                yield from self._elements(reader, (), of_cases="media" in holds)
            else:
                is_any = False
                for some in reader.whole_parts("") if start == "{" else ():
                    is_any = True
                    yield from self._of_lines(some)
                if not is_any:
                    yield from self._media_in([reader.value()], ())

    def _of_lines(self, values: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """The media of values that stand behind each other."""
        if isinstance(values, AlikeRecords):
            yield from self._media_in(values, ())
            return
        for value in values:
            yield from self._media_in(value if isinstance(value, list) else [value], ())

    def _within(
        self, reader: JsonReader, path: tuple[str, ...], *, of_cases: bool
    ) -> Iterator[Sequence[Any]]:
        """The media of an envelope, or of a case."""
        found, seen = False, set[str]()
        for name in reader.members_once():
            key, start = name.casefold(), reader.peek()
            if start == "[" and key in ("value", "media"):
                found = True
                is_of_cases = of_cases and key == "value"
                yield from self._elements(reader, (*path, name), of_cases=is_of_cases)
            elif start == "[" and not path:
                self._array_beside(reader, name)
            elif start == "[":
                self._array_of_case(reader, name)
            elif start == "{":
                if holds_media(reader.value()) and path:
                    self._array(name)
            else:
                seen.add(key)
                self._beside((*path, name), reader.value())
        if not found and seen & {"mediaid", "md5", "sha1"}:
            raise ListError("holds media beside objects that hold media; give each as its own file")

    def _array_beside(self, reader: JsonReader, name: str) -> None:
        """An array of the envelope that holds no media; what is in it may take some back."""
        is_any = False
        for _ in reader.elements():
            reader.skip()
            is_any = True
        if is_any:
            self._array(name)

    def _array(self, name: str) -> None:
        if names.squeezed(name) not in self.said:
            self.others[name] = None

    def _array_of_case(self, reader: JsonReader, name: str) -> None:
        """An array of a case beside its media, which may hold others under another name."""
        is_any = False
        for _ in reader.elements():
            is_any = holds_media(reader.value()) or is_any
        if is_any:
            self._array(name)

    def _beside(self, path: tuple[str, ...], value: Any) -> None:
        if not path[-1].casefold().startswith(("odata", "@odata")):
            self.places.beside(path, value)

    def _elements(
        self, reader: JsonReader, path: tuple[str, ...], *, of_cases: bool
    ) -> Iterator[Sequence[Any]]:
        if not of_cases:
            for some in reader.element_values():
                yield from self._media_in(some, path)
            return
        for _ in reader.elements():
            if reader.peek() == "{":
                yield from self._within(reader, (*path, "item"), of_cases=False)
            else:
                yield from self._media_in([reader.value()], path)

    def _media_in(self, values: Sequence[Any], path: tuple[str, ...]) -> Iterator[Sequence[Any]]:
        """The media among values, which nearly all are some."""
        if isinstance(values, AlikeRecords) and CASES.isdisjoint(values.shape.names):
            yield values
            return
        held: list[dict[str, Any]] = []
        for value in values:
            if type(value) is dict and CASES.isdisjoint(value):
                held.append(value)
                continue
            if held:
                yield held
                held = []
            for medium in self._media_of(value, path):
                yield [medium]
        yield held

    def _media_of(self, value: Any, path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """A medium, or those of a case, whose other fields speak of all of them."""
        told = as_object(value)
        inner = inner_media(told)
        if inner is None:
            yield told
            return
        for name, each in told.items():
            if isinstance(each, (list, dict)):
                if each is not inner and holds_media(each):
                    self._array(name)
            else:
                self._beside((*path, name), each)
        for each in inner:
            yield from self._media_of(each, path)
