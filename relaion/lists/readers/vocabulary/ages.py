"""What tells that a row may not be listed, in figures: ages of grown-ups, days that are past.

A column of ages that says 34 may tell of a picture that shows no child. A column of days of which
some are past and others far to come is one of when entries expire, whatever it is called: nothing
else that is known of a picture lies in the future.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.days import days_of
from relaion.lists.readers.vocabulary.spelling import words_in

_OF_AGE = words_in(
    "age ages alter âge edad età leeftijd idade ålder alder ikä kor életkor wiek věk возраст вік "
    "yaş vârstă vek starost vanus amžius vecums"
)
_BESIDE = words_in("{beside_ages}")
_GROWN_UP = 18  # years
_FIGURES = re.compile(r"(?<![\d.,])(\d{1,3})(?:[.,]\d+)?(?![\d])")
GROWN_UP = "18 or older"


def is_of_age(name: str) -> bool:
    """Whether a column by its name tells how old somebody in a picture is."""
    told = set(names.words_of(name))
    return bool(told & _OF_AGE) and told <= _OF_AGE | _BESIDE


def is_grown_up(cell: str) -> bool:
    """Whether an age, or the least of a range, is that of a grown-up: `34`, `18+`, `25-30`."""
    told = [int(n) for n in _FIGURES.findall(cell)]
    is_under = re.match(r"\s*(?:<|under|unter|below|up to|bis|moins)", cell, re.I)
    return bool(told) and not is_under and _GROWN_UP <= min(told) < 120


_YEAR = re.compile(r"(?<!\d)(?:19|2[01])\d\d(?!\d)")
_LONGEST = 40  # characters of a day


@dataclass
class Expiries:
    """Whether a column held days of years that are past, and of years to come."""

    past: bool = False
    to_come: bool = False

    def watch(self, cells: Iterable[str]) -> None:
        """Look at cells; the last digits of a number are no year."""
        this_year = date.today().year
        for cell in cells:
            found = _YEAR.search(cell) if len(cell) <= _LONGEST else None
            year = int(found[0]) if found else this_year
            if year < this_year and not self.past:
                self.past = bool(days_of(cell))
            elif year > this_year and not self.to_come:
                self.to_come = bool(days_of(cell))
            if self.past and self.to_come:
                return

    @property
    def may_expire(self) -> bool:
        """Whether some entries may have expired, while others have not."""
        return self.past and self.to_come
