"""Which of several records of one thing holds: the latest, by its own moment or by its place."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from math import isnan, nan

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
