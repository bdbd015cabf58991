"""Fields that a format does not define, and that hold others: a giver's own words on a record."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from relaion.lists.readers.documents.json_pieces import each_of, text_of
from relaion.lists.readers.format import BETWEEN
from relaion.lists.readers.vocabulary import names

_HEARD = (names.STANDING, names.GONE, names.STILL, names.UNTIL, names.MEDIA, names.NOTE)


@lru_cache(4096)
def bare(name: str) -> str:
    """A name without the prefix that makes it a giver's own: `x_acme_status`, `x-status`."""
    for pattern in (r"^x[_-]", r"^x[_-][a-z0-9]+[_-]"):
        short = re.sub(pattern, "", name)
        if short != name and names.read_name(short).what in names.DECIDING:
            return short
    return name


@lru_cache(4096)
def own_name(name: str) -> names.NameSays | None:
    """What a name within another says; None where it decides nothing, and is of no note."""
    says = names.read_name(bare(name.rpartition(BETWEEN)[2]))
    return says if says.what in _HEARD else None


def own_words(value: Mapping[str, Any], known: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The words of a record's own fields by name and field within: `x_review / outcome`.

    `known` are names that the format defines, in which nothing is looked for. How deep a field
    stands, and what the objects between are called, is no part of its name.
    """
    found: dict[str, dict[str, None]] = {}
    for name, held in value.items():
        if name in known or not isinstance(held, (dict, list)):
            continue
        for within, word in _leaves(held):
            path = f"{name}{BETWEEN}{within}" if within else name
            if _speaks(path):
                found.setdefault(path, {})[word] = None
    return {path: tuple(words) for path, words in found.items()}


@lru_cache(4096)
def _speaks(path: str) -> bool:
    """Whether a field within another decides, or may: its name is of what nobody here knows."""
    first, _, last = path.rpartition(BETWEEN)
    if first == "extensions" and last in _OF_PROGRAMS:
        return False
    what = names.read_name(path).what
    return own_name(path) is not None or what in _MAY_SPEAK


_MAY_SPEAK = frozenset((names.UNKNOWN, names.NOTE, names.CAPTION, names.TYPE))
# what STIX says of an extension, and OpenCTI of its own objects in them
_OF_PROGRAMS = frozenset((
    "extension_type", "type", "main_observable_type", "detection", "is_inferred",
    "observable_values",
))  # fmt: skip


def _leaves(held: object, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(held, dict):
        for inner, each in held.items():
            yield from _leaves(each, inner)
    elif isinstance(held, list):
        for each in each_of(held):
            yield from _leaves(each, name)
    elif held is not None:
        yield name, text_of(held)
