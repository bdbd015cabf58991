"""What MISP says beside attributes: since when, until when, by whom, of a picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from relaion.lists.readers.documents.field_columns import made_once
from relaion.lists.readers.format import NO_TRAIT, Trait
from relaion.lists.readers.tables import traits
from relaion.lists.readers.vocabulary import names

_SECONDS = 86_400  # of a day
_SECONDS_OF_NOW = frozenset((9, 10))  # digits
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?!\d)")


def day_said(stamp: str) -> str | None:
    """The day of a time in seconds since 1970, or in words."""
    if stamp.isdecimal() and len(stamp) in _SECONDS_OF_NOW:
        return _day_of(int(stamp) // _SECONDS)
    found = _DAY.match(stamp)
    return found[1] if found else None


def days_said(texts: Sequence[str]) -> Sequence[str | None]:
    """The days of several."""
    joined = "".join(texts)
    if joined.isdecimal() and {*map(len, texts)} <= _SECONDS_OF_NOW:
        numbers = [seconds // _SECONDS for seconds in map(int, texts)]
        of_number = {number: _day_of(number) for number in {*numbers}}
        return [*map(of_number.__getitem__, numbers)]
    return [*map(day_said, texts)] if joined else [None] * len(texts)


@lru_cache(4096)
def _day_of(days: int) -> str:
    return datetime.fromtimestamp(days * _SECONDS, UTC).date().isoformat()


Given = tuple[bool, str]  # whether it is of an image, and by whom it was given

Told = tuple[Given, str | None, str | None]  # and the days since and until which it was seen


@dataclass
class AttributeTraits:
    """What is said beside attributes; of those of a day, and by a giver, there are many."""

    held: dict[Told, Trait] = field(default_factory=dict)

    def of(
        self, given: Sequence[Given], first: Sequence[str], changed: Sequence[str],
        last: Sequence[str],
    ) -> list[Trait]:  # fmt: skip
        """The traits of attributes: of an image or not, and by whom; when seen, or changed."""
        since, until = days_said(changed), days_said(last)
        if any(first):
            since = [one or other for one, other in zip(days_said(first), since, strict=True)]
        told = [*zip(given, since, until, strict=True)]
        return made_once(told, self.held, _trait_of, _MOST_TRAITS)


def _trait_of(told: Told) -> Trait:
    (is_image, by), first, last = told
    found = Trait(
        media="image" if is_image else None, first_seen=first, last_seen=last,
        by=traits.trait_text(names.BY, by) if by else None,
    )  # fmt: skip
    return found if found != NO_TRAIT else NO_TRAIT


_MOST_TRAITS = 4096  # that are kept
