"""Fields that a format does not define, and that hold others: a giver's own words on a record."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from relaion.lists.readers.documents.field_tree import FieldTree, Path
from relaion.lists.readers.documents.json_alike import RecordShape
from relaion.lists.readers.format import BETWEEN
from relaion.lists.readers.vocabulary import names

_CONTAINERS = (dict, list)
_SHAPES = 1000  # tuples of names of records that are kept
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


@dataclass
class OwnFields:
    """The words of the own fields of records by name and field within: `x_review / outcome`.

    How deep a field stands, and what the objects between are called, is no part of its name.
    `known` are fields that the format defines, in which nothing is looked for; where they are
    `never_objects`, what is an object under such a name is none of the format's.
    """

    known: Collection[str] = ()
    never_objects: bool = False
    tree: FieldTree = field(default_factory=lambda: FieldTree(_called_at))
    own: dict[tuple[str, ...], list[str]] = field(default_factory=dict)

    def may_speak(self, shape: RecordShape) -> bool:
        """Whether there may be words of own fields in records that are written alike."""
        own = (name for name in shape.names if name not in self.known)
        return any(map(shape.holds_within, own)) or (self.never_objects and bool(shape.objects_at))

    def words(self, value: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """Those of a record."""
        told = tuple(value)
        own = self.own.get(told)
        if own is None:
            own = [name for name in told if name not in self.known]
            if len(self.own) < _SHAPES:
                self.own[told] = own
        held = {name: each for name in own if type(each := value[name]) in _CONTAINERS and each}
        if self.never_objects and dict in map(type, value.values()):
            held |= {name: each for name, each in value.items() if type(each) is dict and each}
        if not held:
            return {}
        return {path: tuple(dict.fromkeys(some)) for path, some in self.tree.words(held).items()}


def _called_at(path: Path) -> str:
    called = path[0] if len(path) == 1 else f"{path[0]}{BETWEEN}{path[-1]}"
    return called if _speaks(called) else ""


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
