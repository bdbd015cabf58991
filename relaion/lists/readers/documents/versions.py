"""Which of several versions of one record holds: in a file, and across the files of a delivery.

A giver may export a record today and again tomorrow, and files are read in any order. The version
with the latest moment counts, wherever it stands; where moments are the same or are not told, none
replaces another, and what stands last holds.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import isnan, nan

import pyarrow as pa
import pyarrow.compute as pc

from relaion.lists.readers.documents.document import OfDelivery

Moments = tuple[float, float]  # of the record itself, and of what stands around it
_UNTOLD = (nan, nan)


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

    def meet_all(
        self, record_ids: Sequence[str], own: Sequence[float], around: Sequence[float]
    ) -> None:
        """Take in the next records."""
        self.keys.extend([hash(x) if x else 0 for x in record_ids])
        self.own.extend(own)
        self.around.extend(around)

    def replaced(self, shared: OfDelivery, name: str) -> set[int]:
        """The places of those that another version replaces, here or in a file read before.

        `name` is that of the format. What is here is kept for the files that follow.
        """
        earlier: list[Versions] = shared.held.setdefault(f"{name} versions", [])
        latest: dict[int, Moments] = {}
        for key, moments in (each for some in earlier for each in some.held_of(self.keys)):
            latest[key] = _later_of(latest.get(key, _UNTOLD), moments)
        several = (several_of(self.keys) | latest.keys()) - {0}
        places = [place for place, key in enumerate(self.keys) if key in several] if several else []
        for place in places:
            key = self.keys[place]
            latest[key] = _later_of(latest.get(key, _UNTOLD), self._at(place))
        found = {p for p in places if is_later(latest[self.keys[p]], self._at(p))}
        if shared.files > 1:
            earlier.append(self)
        return found

    def held_of(self, keys: array[int]) -> Iterator[tuple[int, Moments]]:
        """Of records that others are versions of: their keys and moments, in order."""
        if not self.keys or not keys:
            return
        is_there = pc.is_in(_int64(self.keys), value_set=pc.unique(_int64(keys)))
        for place in pc.indices_nonzero(is_there).to_pylist():
            yield self.keys[place], self._at(place)

    def _at(self, place: int) -> Moments:
        return self.own[place], self.around[place]


def several_of(keys: array[int]) -> set[int]:
    """The keys that stand there more than once."""
    held = _int64(keys)
    held = held.take(pc.sort_indices(held))  # to count them takes ten times the memory
    later, earlier = held.slice(1), held.slice(0, max(0, len(held) - 1))
    return {*later.filter(pc.equal(later, earlier)).to_pylist()}


def _int64(keys: array[int]) -> pa.Array:
    return pa.array(memoryview(keys), pa.int64())


def is_later(one: Moments, other: Moments) -> bool:
    """Whether one version is surely later than another."""
    for mine, its in zip(one, other, strict=True):
        if not isnan(mine) and not isnan(its) and mine != its:
            return mine > its
    return False


def _later_of(one: Moments, other: Moments) -> Moments:
    """The later of two versions; of two that cannot be compared the one that tells more."""
    is_other = is_later(other, one) or (
        not is_later(one, other) and sum(map(isnan, other)) < sum(map(isnan, one))
    )
    return other if is_other else one


def latest_of(one: float, other: float) -> float:
    """The later of two moments, of which one may not be told."""
    return other if isnan(one) else one if isnan(other) else max(one, other)
