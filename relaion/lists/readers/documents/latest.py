"""Which of several records of one thing holds: the latest, by its own moment or by its place.

A giver may export a record today and again tomorrow, and files of a delivery are read in any
order. Of versions of a record (`Versions`) the one with the latest moment counts, wherever it
stands; where moments are the same or are not told, none replaces another, and what stands last
holds. A record that takes back (`Latest`) waits until all of a file was read.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from math import isnan, nan

import pyarrow as pa
import pyarrow.compute as pc

from relaion.lists.readers import why
from relaion.lists.readers.documents.document import OfDelivery

_DIGITS = 15  # of a number of seconds


@lru_cache(4096)
def moment_of(text: str) -> float:
    """A moment in seconds since 1970, from those or from a timestamp; NaN for any other text."""
    bare = text.strip()
    if re.fullmatch(rf"\d{{1,{_DIGITS}}}(?:\.\d+)?", bare):
        return float(bare)
    try:
        found = datetime.fromisoformat(bare)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return nan


def moments_of(texts: Sequence[str]) -> list[float]:
    """The same of several."""
    joined = "".join(texts)
    if joined.isdigit() and joined.isascii() and all(texts) and max(map(len, texts)) <= _DIGITS:
        return [*map(float, texts)]
    return [*map(moment_of, texts)]


def days_of(texts: Sequence[str]) -> list[str]:
    """The days of such moments in UTC; an empty text for any other."""
    joined = "".join(texts)
    are_numbers = joined.isdigit() and joined.isascii() and all(texts)
    if are_numbers and max(map(len, texts)) < _SECONDS_OF_NOW:
        numbers = [seconds // 86_400 for seconds in map(int, texts)]
        of_number = {number: _day_of(number) for number in {*numbers}}
        return [*map(of_number.__getitem__, numbers)]
    days = {text: day_of(text) or "" for text in {*texts}}
    return [*map(days.__getitem__, texts)]


def day_of(text: str) -> str | None:
    """The day of such a moment in UTC; None for any other text."""
    if text.isdigit() and text.isascii() and len(text) < _SECONDS_OF_NOW:
        return _day_of(int(text) // 86_400)
    at = moment_of(text)
    if isnan(at):
        return None
    try:
        return datetime.fromtimestamp(at / 1000 if at > 1e11 else at, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return None


_SECONDS_OF_NOW = 11  # digits of what is no number of milliseconds


@lru_cache(4096)
def _day_of(days: int) -> str:
    return datetime.fromtimestamp(days * 86_400, UTC).date().isoformat()


@dataclass(frozen=True, slots=True)
class Deletion:
    """A record that takes back, or says that what it names is not listed: why, and when."""

    key: int
    at: float
    place: int
    value: str
    kinds: tuple[str, ...]
    record_id: str | None
    fate: str = why.TAKEN_BACK


@dataclass
class Latest:
    """The records of a delivery so far, by a hash of what they are of: sixteen bytes for each.

    A deletion holds until all of a file was read. Then it is out where a record of the same thing
    is later: by its moment, or by its place where the moments are the same or are not told.
    """

    keys: array[int] = field(default_factory=lambda: array("q"))
    moments: array[float] = field(default_factory=lambda: array("d"))
    gone: dict[int, float] = field(default_factory=dict)
    waiting: list[Deletion] = field(default_factory=list)

    @classmethod
    def of(cls, shared: OfDelivery, name: str) -> Latest:
        """That of a delivery."""
        found: Latest = shared.held.setdefault(f"{name} latest", cls())
        return found

    def take(self, key: int, at: float) -> bool:
        """Take in a record that is listed; whether a deletion in an earlier file is newer."""
        self.keys.append(key)
        self.moments.append(at)
        return key in self.gone and at < self.gone[key]  # NaN is not less than anything

    def take_all(self, keys: Iterable[int], moments: Iterable[float]) -> None:
        """Take in records that are listed, where no deletion is known."""
        self.keys.extend(keys)
        self.moments.extend(moments)

    def delete(self, deletion: Deletion) -> None:
        """Take in a record that takes back."""
        self.waiting.append(deletion)

    def settled(self) -> Iterator[tuple[Deletion, bool]]:
        """The deletions that waited, and whether a later record replaces each."""
        waiting, self.waiting = self.waiting, []
        wanted: dict[int, list[tuple[int, float]]] = {deletion.key: [] for deletion in waiting}
        if wanted:
            for place, key in enumerate(self.keys):
                if key in wanted:
                    wanted[key].append((place, self.moments[place]))
        for deletion in waiting:
            is_out = any(_is_later(deletion, *other) for other in wanted[deletion.key])
            if not is_out:
                before = self.gone.get(deletion.key, nan)
                self.gone[deletion.key] = deletion.at if not before > deletion.at else before
            yield deletion, is_out


def _is_later(deletion: Deletion, place: int, at: float) -> bool:
    """Whether a record is later than a deletion."""
    if isnan(at) or isnan(deletion.at) or at == deletion.at:
        return place >= deletion.place
    return at > deletion.at


# -- Versions of a record ----------------------------------------------------------------------

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

    def meet_all(self, record_ids: Sequence[str], own: Sequence[float]) -> None:
        """Take in the next records, around which nothing was told."""
        self.keys.extend([hash(x) if x else 0 for x in record_ids])
        self.own.extend(own)
        self.around.extend([nan] * len(own))

    def replaced(self, shared: OfDelivery, name: str) -> set[int]:
        """The places of those that another version replaces, here or in a file read before.

        `name` is that of the format. What is here is kept for the files that follow.
        """
        earlier: list[Versions] = shared.held.setdefault(f"{name} versions", [])
        latest: dict[int, Moments] = {}
        for key, moments in (each for some in earlier for each in some.held_of(self.keys)):
            latest[key] = _later_of(latest.get(key, _UNTOLD), moments)
        several = (several_of(self.keys) | latest.keys()) - {0}
        places = [place for place, key in enumerate(self.keys) if key in several]
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
