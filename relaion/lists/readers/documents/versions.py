"""Which of several versions of one record holds: in a file, and across the files of a delivery.

A giver may export a record today and again tomorrow, and files are read in any order. The version
with the latest moment counts, wherever it stands; where moments are the same or are not told, none
replaces another, and what stands last holds.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isnan, nan

import pyarrow as pa
import pyarrow.compute as pc

from relaion.lists.readers.documents.document import OfDelivery

Moments = tuple[float, float]  # of the record itself, and of what stands around it


@dataclass
class Versions:
    """The records of a file in their order, 24 bytes for each: a hash of the id, two moments.

    The first moment goes before the second; NaN is one that is not told.
    """

    keys: array[int] = field(default_factory=lambda: array("q"))
    own: array[float] = field(default_factory=lambda: array("d"))
    around: array[float] = field(default_factory=lambda: array("d"))

    def meet(self, record_id: str, own: float, around: float = nan) -> None:
        """Take in the next record; an empty id is none."""
        self.keys.append(hash(record_id) if record_id else 0)
        self.own.append(own)
        self.around.append(around)

    def replaced(self, shared: OfDelivery, name: str) -> set[int]:
        """The places of those that another version replaces, here or in a file read before.

        `name` is that of the format. What is here is kept for the files that follow.
        """
        found: set[int] = set()
        earlier: list[Versions] = shared.held.setdefault(f"{name} versions", [])
        latest: dict[int, Moments] = {}
        for key, moments in (each for some in earlier for each in some.held_of(self.keys)):
            if key not in latest or not is_later(latest[key], moments):
                latest[key] = moments
        here: dict[int, list[int]] = {}
        several = self._several() | latest.keys()
        for place, key in enumerate(self.keys):
            if key not in several or not key:
                continue
            moments = (self.own[place], self.around[place])
            if key in latest and is_later(latest[key], moments):
                found.add(place)
                continue
            if key in here and is_later(moments, latest[key]):
                found.update(here.pop(key))
            here.setdefault(key, []).append(place)
            latest[key] = moments
        if shared.files > 1:
            earlier.append(self)
        return found

    def held_of(self, keys: array[int]) -> Iterator[tuple[int, Moments]]:
        """Of records that others are versions of: their keys and moments, in order."""
        if not self.keys or not keys:
            return
        is_there = pc.is_in(_int64(self.keys), value_set=pc.unique(_int64(keys)))
        for place in pc.indices_nonzero(is_there).to_pylist():
            yield self.keys[place], (self.own[place], self.around[place])

    def _several(self) -> set[int]:
        if not self.keys:
            return set()
        counts = pc.value_counts(_int64(self.keys))
        is_more = pc.greater(counts.field("counts"), 1)
        return {*counts.field("values").filter(is_more).to_pylist()}


def _int64(keys: array[int]) -> pa.Array:
    return pa.array(memoryview(keys), pa.int64())


def is_later(one: Moments, other: Moments) -> bool:
    """Whether one version is surely later than another."""
    for mine, its in zip(one, other, strict=True):
        if not isnan(mine) and not isnan(its) and mine != its:
            return mine > its
    return False


def latest_of(one: float, other: float) -> float:
    """The later of two moments, of which one may not be told."""
    return other if isnan(one) else one if isnan(other) else max(one, other)
