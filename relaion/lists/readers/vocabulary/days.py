"""Days as givers write them, in figures and with the names of months."""

import calendar
import re
from datetime import date, timedelta

from relaion.lists.readers.vocabulary.spelling import folded, words_in

_ISO = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?!\d)")
_FROM_YEAR = re.compile(r"(\d{4})\s?[./年년-]\s?(\d{1,2})\s?[./月월-]\s?(\d{1,2})(?!\d)")
_WRITTEN = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d\d)(?!\d)")
_MONTHS = (
    "{january}", "{february}", "{march}", "{april}", "{may}", "{june}", "{july}", "{august}",
    "{september}", "{october}", "{november}", "{december}",
)  # fmt: skip
_MONTH = {word: i for i, said in enumerate(_MONTHS, 1) for word in words_in(said)}
MONTHS = frozenset(_MONTH)
_NAMED = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|e)? (?:of |de |d )?(?P<m>[^\W\d_]+) (?:de |of )?"
        r"(?P<y>\d{4})",
        r"(?P<m>[^\W\d_]+) (?P<d>\d{1,2})(?:st|nd|rd|th)? (?P<y>\d{4})",
        r"(?P<y>\d{4}) (?P<m>[^\W\d_]+) (?P<d>\d{1,2})",
        r"(?P<m>[^\W\d_]+) (?:de )?(?P<y>\d{4})",
    )
)
_BEFORE = words_in("{before_days}")
"""Before a day these change nothing of it."""


def days_of(word: str) -> list[date]:
    """The days that a text may mean: where day and month are not told apart, two.

    A month without a day is its last one. Words that say no more than that something ended may
    stand before it.
    """
    bare = _without_words(word)
    if re.fullmatch(r"\d{9,10}(?:\.\d+)?|\d{12,13}", bare):
        seconds = float(bare) / (1000 if len(bare) > 11 and "." not in bare else 1)
        return [date(1970, 1, 1) + timedelta(seconds=seconds)]
    if found := _ISO.match(bare) or _FROM_YEAR.match(bare):
        told = [(int(found[1]), int(found[2]), int(found[3]))]
    elif found := _WRITTEN.match(bare):
        year = int(found[4]) + (2000 if len(found[4]) == 2 else 0)
        told = [(year, int(found[3]), int(found[1])), (year, int(found[1]), int(found[3]))]
    else:
        told = _named(bare)
    return [
        date(y, m, min(d, calendar.monthrange(y, m)[1]))
        for y, m, d in told
        if 1 <= m <= 12 and 1 <= d <= 31 and y
    ]


_DAY = re.compile(
    r"(?<!\d)(?:\d{4}[-/.]\d\d[-/.]\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{4})(?!\d)(?:[T ][\d:.+Z]+)?"
)
_LONGEST, _WORDS = 80, 10  # characters of a span; letters beside its days: `to present`


def days_within(text: str) -> list[str]:
    """The day of a text that is little more, or the two of a span, `1.2.2024 - 3.4.2024`."""
    if len(text) > _LONGEST:
        return []
    beside = sum(map(str.isalpha, _DAY.sub("", text)))
    return _DAY.findall(text) if beside <= _WORDS else []


def _without_words(text: str) -> str:
    """A text without words before a day that change nothing of it."""
    told = text.strip()
    while (found := re.match(r"([^\W\d_]+)[\s:.']+(?=\S)", told)) and folded(found[1]) in _BEFORE:
        told = told[found.end() :]
    return told


def _named(text: str) -> list[tuple[int, int, int]]:
    """The day of a text in which a month has its name."""
    if len(text) > 40 or not re.search(r"\d{4}", text):
        return []
    plain = re.sub(r"[\s.,'’/_-]+", " ", re.sub(r"(?<=\d)(?=[^\W\d])", " ", folded(text))).strip()
    plain = re.sub(r"(?<=\d) (st|nd|rd|th|er|e)\b", r"\1", plain)
    for pattern in _NAMED:
        if (found := pattern.fullmatch(plain)) and (month := _MONTH.get(found["m"])):
            return [(int(found["y"]), month, int(found.groupdict().get("d") or 31))]
    return []
