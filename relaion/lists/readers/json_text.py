"""JSON as objects, one at a time: whatever the size of a file, one of its records is in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import ijson

from relaion.errors import InputError, ListError
from relaion.lists.readers.documents import Document

_BLOCK = 256 << 10


class NamedTwice(dict[str, Any]):
    """An object that says so in `seen` where a name stands twice: nobody knows which counts.

    It does not raise, as the parser in C would not carry that out.
    """

    __slots__ = ("_seen",)

    def __init__(self, seen: list[str]) -> None:
        self._seen = seen

    def __setitem__(self, name: str, value: object) -> None:
        if name in self:
            self._seen.append(name)
        super().__setitem__(name, value)


@cache
def backend() -> Any:
    """The parser in C; the one in Python would take twenty times as long."""
    try:
        return ijson.get_backend("yajl2_c")
    except ImportError:
        raise InputError(
            "JSON: the parser of ijson in C is missing, and the one in Python takes twenty times "
            "as long; install ijson from a wheel"
        ) from None


def objects(document: Document, place: str) -> Iterator[Any]:
    """What stands at a place of each value in a document, in order.

    `place` is as ijson has it: `value.item` are the elements of the array `value`, `item` those
    of an array that is all of the document, and nothing the documents themselves, of which there
    may be several, as where each line is one. Names stand in objects once each.
    Raises ListError where it is no JSON or ends too early.
    """
    seen: list[str] = []
    found = backend().items(
        document.open(), place, multiple_values=True, map_type=lambda: NamedTwice(seen),
        buf_size=_BLOCK,
    )  # fmt: skip
    try:
        for each in found:
            if seen:
                break
            yield each
    except ijson.JSONError as e:
        raise ListError(broken(str(e))) from None
    if seen:
        raise ListError(
            "an object in it gives the same name twice, of which only one can count; ask the "
            "giver for the file as it was exported"
        )


def broken(said: str) -> str:
    """What is wrong with a JSON, from what its parser says, without what stands in it."""
    if re.search(r"premature EOF|incomplete|unallowed token|trailing garbage", said, re.I):
        return "the JSON is cut off or damaged; fetch the file again"
    return "is no valid JSON; ask the giver for the file as it was exported"
