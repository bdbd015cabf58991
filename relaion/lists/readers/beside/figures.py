"""Columns that measure: how sure a giver is, how near a match is, how old somebody is, until when.

A list of what is scored holds also what scored low, and nobody but its giver can say from which
score on a row is listed. So a column of such a name is asked about where a figure or a word in it
is low. What scores high alone decides nothing, and a notice tells it. A column of ages that says 34
may tell of a picture that shows no child. A column of days of which some are past and others far to
come is one of when entries expire, whatever it is called: nothing else that is known of a picture
lies in the future. Where most rows hold no day, those that do may tell when they were taken back.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice

from relaion.lists.readers.format import EMPTY
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.answers import answer_of
from relaion.lists.readers.vocabulary.days import days_of, days_within
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.values import TOLD, told_words
from relaion.paths import several

SURE, SCORE, VOTES, DISTANCE, LIKENESS, REST = (
    "tells how sure its giver is", "holds scores", "counts votes", "tells how far a match is",
    "tells how alike a match is", "tells how long a row counts",
)  # fmt: skip
_NAMES = {
    SURE: "{sure_names}", SCORE: "{score_names}", VOTES: "{vote_names}",
    DISTANCE: "{distance_names}", LIKENESS: "{likeness_names}", REST: "{rest_names}",
}  # fmt: skip
_NAMED = {word: what for what, said in _NAMES.items() for word in words_in(said)}
_OF_ELSE = words_in("{measures_of_else}")
"""A measure of one of these says nothing of whether a row is listed."""
_SHORT = ("p", "pr")  # by themselves: `P2P` is no measure
_MATCHES = words_in("match matches treffer correspondance coincidencia corrispondenza overlap")
_ENDS = words_in("expires expiry expire valid ends end left remaining ablauf gültig expiration")
_UNITS = words_in("{units_of_time}")
_HIGH = words_in("{high}")
_LOW = words_in("{low}")
_FIGURE = re.compile(
    r"(?:ca\.?|about|[<>≤≥~≈=]+)?\s*(?P<n>[-−+]?(?:\d{1,12}(?:[.,]\d{1,18})?|[.,]\d{1,18}))"
    r"(?P<tiny>e-\d{1,3})?\s*"
    r"(?:(?P<percent>%|percent|prozent|pct)|(?:/|of|out of|von|sur|de|di|van)\s*(?P<of>\d{1,6})"
    r"|:\s*(?P<against>\d{1,6}))?"
)
_HALF, _NEAR, _NONE = Decimal("0.5"), Decimal("0.9"), Decimal(0)
_SCALES = (1, 5, 10, 100)
_MOST = 4096  # different cells that are kept as figures


def measure_of(name: str) -> str | None:
    """What a column measures by its name; None for one that measures nothing that decides."""
    told = names.words_of(name)
    plain = names.squeezed(name)
    if not told or len(told) > 4 or not _OF_ELSE.isdisjoint(told):
        return None
    if "%" in name and not _MATCHES.isdisjoint(told):
        return LIKENESS
    if not _ENDS.isdisjoint(told) and not _UNITS.isdisjoint(told):
        return REST  # `expires in days`
    if plain in _SHORT:
        return SURE
    found = [_NAMED[word] for word in (plain, *told) if word in _NAMED]
    if found and found[0] == SCORE and any(f != SCORE for f in found):
        found = [f for f in found if f != SCORE]  # `confidence score`
    return found[0] if found else None


@dataclass
class Figures:
    """What the cells of a column that measures said so far: figures, and words of how much.

    `counts` are the rows of each cell that is a figure; `low`, `high` those of such words; `others`
    are words of which nobody here knows how much they are; `most` is the highest figure that is no
    percentage. Of very many figures those that are low
    are only counted, in `over`; of the rest the lowest is kept, with its rows, as `least`: beside a
    higher one that comes later it may be low.
    """

    what: str
    figures: dict[str, tuple[Decimal, bool]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    most: Decimal = _NONE
    low: int = 0
    high: int = 0
    over: int = 0
    least: tuple[Decimal, int] | None = None
    others: set[str] = field(default_factory=set)

    def watch(self, cells: Iterable[tuple[str, int]]) -> None:
        """Take in cells, each with how many rows hold it."""
        for cell, n in cells:
            bare = cell.strip()
            if bare in self.counts:
                self.counts[bare] += n
            elif figure := _figure(bare):
                self.most = self.most if figure[1] else max(self.most, figure[0])
                if len(self.figures) < _MOST:
                    self.figures[bare], self.counts[bare] = figure, n
                elif self._is_low(*figure):
                    self.over += n
                elif not figure[1]:
                    self._pass_over(figure[0], n)
            elif bare and self.what in _IN_WORDS:
                self._word(bare, n)

    def _pass_over(self, figure: Decimal, n: int) -> None:
        lowest, rows = self.least or (figure, 0)
        if figure <= lowest:
            self.least = figure, n + (rows if figure == lowest else 0)

    def _word(self, cell: str, n: int) -> None:
        plain = names.squeezed(cell)
        if plain in _LOW:
            self.low += n
        elif plain in _HIGH:
            self.high += n
        elif len(self.others) <= 1 and answer_of(cell) is None:
            self.others.add(plain)

    @property
    def _scale(self) -> Decimal:
        """What the highest figure is out of; of more than 100 it is that figure itself."""
        return next((Decimal(scale) for scale in _SCALES if self.most <= scale), self.most)

    @property
    def is_mixed(self) -> bool:
        """Whether figures have two scales, or stand among words: `0.97` and `95`, `high`."""
        if self.what not in (SURE, LIKENESS):
            return False
        parts = any(0 < n < 1 and not is_percent for n, is_percent in self.figures.values())
        whole = any(n > 1 for n, _ in self.figures.values())
        is_said = bool(self.low or self.high)
        is_told = self.what == SURE and bool(self.others) and (is_said or len(self.others) > 1)
        return (parts and whole) or (bool(self.figures) and is_said) or is_told

    def _is_low(self, n: Decimal, is_percent: bool) -> bool:
        scale = 100 if is_percent else self._scale
        if self.what == VOTES:  # `1/3`; none, where others have some
            return n < (_HALF * 100 if is_percent else 0) or (n == 0 and self.most > 0)
        if self.what == DISTANCE:
            return n != 0
        if self.what == REST:
            return n <= 0
        if self.what == LIKENESS:
            return n < _NEAR * (max(100, scale) if scale > 1 else 1)
        if self.what == SCORE and scale != 1 and not is_percent:  # nobody says of how many
            return n < 0 or (scale <= _SCALES[-1] and n < _HALF * self.most)
        return n < _HALF * scale

    def doubt(self) -> str:
        """What of it leaves open which rows are listed; empty for nothing."""
        if n := self._n_low():
            return f"{self.what}, and is {_LOWEST[self.what]} in {n}"
        return f"{self.what}, on more than one scale" if self.is_mixed else ""

    def held(self, values: Mapping[str, int]) -> str:
        """Cells and how often they stand there; figures can be no entries."""
        shown = {v: f"{v}: {n:,}" for v, n in values.items() if _figure(v)}
        others = told_words({v or EMPTY: n for v, n in values.items() if v not in shown})
        figures = [*shown.values()]
        more = len(figures) - TOLD
        told = ", ".join(figures[:TOLD]) + (f" and {more:,} more" if more > 0 else "")
        return ", ".join(filter(None, (told, others)))

    def _n_low(self) -> str:
        """How many rows hold what is low; empty for none."""
        held = (self.counts[x] for x, figure in self.figures.items() if self._is_low(*figure))
        n = self.low + self.over + sum(held)
        if self.least and self._is_low(self.least[0], is_percent=False):
            return f"{n + self.least[1]:,} or more rows"
        return several(n, "row") if n else ""

    @property
    def knows_words(self) -> bool:
        """Whether all its words are of how much, and there are some."""
        return bool(self.low or self.high) and not self.others

    @property
    def told(self) -> str:
        """What a notice says of it, which is low in no row, or on no scale; empty for nothing."""
        if self.what == SCORE and self.most > _SCALES[-1]:
            return "holds scores of more than 100, of which nobody here knows which are low"
        is_one = self.what == SURE and (self.figures or self.low or self.high)
        return f"{self.what}, and is low in no row" if is_one else ""


_LOWEST = {
    SURE: "low", SCORE: "low", VOTES: "none, or few,", DISTANCE: "not 0", LIKENESS: "not the same",
    REST: "over",
}  # fmt: skip
_IN_WORDS = (SURE, SCORE, LIKENESS)


def _figure(cell: str) -> tuple[Decimal, bool] | None:
    """A figure, and whether it is in percent; of `3/5` that is 60 percent."""
    found = _FIGURE.fullmatch(cell.casefold()) if cell[-1:] else None
    if found is None:
        return None
    n = Decimal(found["n"].replace(",", ".").replace("−", "-"))
    if found["tiny"]:  # `3.1e-05`
        n = Decimal(0)
    of = int(found["of"] or 0)
    if found["against"]:  # `2:1`
        of = int(n) + int(found["against"])
    return (n * 100 / of, True) if of else (n, bool(found["percent"]))


_OF_AGE = words_in("{age_names}")
_BESIDE = words_in("{beside_ages}")
_GROWN_UP = 18  # years
_AGES = re.compile(r"(?<![\d.,])(\d{1,3})(?:[.,]\d+)?(?![\d])")
GROWN_UP = "18 or older"


def is_of_age(name: str) -> bool:
    """Whether a column by its name tells how old somebody in a picture is."""
    told = set(names.words_of(name))
    return bool(told & _OF_AGE) and told <= _OF_AGE | _BESIDE


def is_grown_up(cell: str) -> bool:
    """Whether an age, or the least of a range, is that of a grown-up: `34`, `18+`, `25-30`."""
    told = [int(n) for n in _AGES.findall(cell)]
    is_under = re.match(r"\s*(?:<|under|unter|below|up to|bis|moins)", cell, re.I)
    return bool(told) and not is_under and _GROWN_UP <= min(told) < 120


_YEAR = re.compile(r"(?<!\d)(?:19|2[01])\d\d(?!\d)")
_LONGEST = 40  # characters of a day
_MOST_DAYS = 1000  # different ones of a block that are looked at
_DIGITS_OF_DAY = 8
_MONTH = re.compile(r"(?i)(?:19|20)\d\d[-/.]\d\d?|(?:q[1-4]\W?|\d\d?[-/.])(?:19|20)\d\d")


@dataclass
class Expiries:
    """Whether a column held days of years that are past and to come, or days in few rows alone."""

    past: bool = False
    to_come: bool = False
    ended: bool = False  # a span from one day to another that is past
    lasts: bool = False  # or to one to come, or to none
    rows: int = 0
    filled: int = 0
    only_days: bool = True
    only_numbers: bool = True  # each of them a day: `20240326`, or seconds since 1970
    years: set[int] = field(default_factory=set)  # of these

    def watch(self, cells: Iterable[str], filled: int, rows: int) -> None:
        """Look at different cells of so many rows; the last digits of a number are no year."""
        self.rows, self.filled = self.rows + rows, self.filled + filled
        if self.only_days and self._is_sparse:
            some = islice(filter(None, cells), _MOST_DAYS)
            self.only_days = all(map(_is_day, some))
        for cell in islice(cells, _MOST_DAYS):
            days = days_within(cell)
            if not days or cell.strip() == days[0]:  # a day alone is no span
                continue
            is_past = len(days) > 1 and all(day < date.today() for day in days_of(days[1]))
            self.ended, self.lasts = self.ended or is_past, self.lasts or not is_past
        for cell in islice(filter(None, cells), _MOST_DAYS) if self.only_numbers else ():
            year = _year_of_number(cell)
            self.only_numbers = self.only_numbers and year > 0
            self.years.add(year)
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
        this_year = date.today().year
        is_between = bool(self.years) and min(self.years) < this_year < max(self.years)
        return (self.past and self.to_come) or (self.only_numbers and is_between)

    @property
    def may_have_ended(self) -> bool:
        """Whether some spans of days are over, while others are not."""
        return self.ended and self.lasts

    @property
    def _is_sparse(self) -> bool:
        return 0 < self.filled <= self.rows / 2

    @property
    def in_few(self) -> Counter[str]:
        """How many rows hold a day, where most hold nothing."""
        return Counter({"days": self.filled} if self.only_days and self._is_sparse else {})


@dataclass
class WholeNumbers:
    """Whether a column holds whole numbers alone, and how many rows one that is below 0."""

    only_whole: bool = True
    below: int = 0

    def watch(self, cells: Mapping[str, int]) -> None:
        """Take in cells, each with how many rows hold it; long numbers are names of something."""
        self.only_whole = self.only_whole and all(map(_WHOLE.fullmatch, cells))
        if self.only_whole:
            self.below += sum(n for cell, n in cells.items() if cell.strip()[:1] in _MINUS)

    @property
    def negative(self) -> Counter[str]:
        """How many rows hold one that is below 0: a giver may count so what was taken back."""
        return Counter({"below 0": self.below} if self.only_whole and self.below else {})


_WHOLE = re.compile(r"\s*(?:[-−+]?\d{1,6})?\s*")
_MINUS = ("-", "−")


def _year_of_number(cell: str) -> int:
    """The year of a day that is a number alone; 0 for any other cell."""
    is_number = cell.isascii() and cell.isdigit() and len(cell) in (_DIGITS_OF_DAY, 10, 13)
    year = days_of(cell)[0].year if is_number and days_of(cell) else 0
    return year if 1990 <= year < 2100 else 0  # others are numbers of something


def _is_day(cell: str) -> bool:
    is_number = cell.isdigit() and len(cell) != _DIGITS_OF_DAY  # of a ticket
    is_one = bool(_MONTH.fullmatch(cell.strip()) or days_of(cell))
    return len(cell) <= _LONGEST and not is_number and is_one
