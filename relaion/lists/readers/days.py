"""Days as givers write them."""

import calendar
import re
from datetime import date, timedelta

_ISO = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?!\d)")
_WRITTEN = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d\d)(?!\d)")


def days_of(word: str) -> list[date]:
    """The days that a text may mean: where day and month are not told apart, two."""
    if re.fullmatch(r"\d{9,10}(?:\.\d+)?|\d{12,13}", word):
        seconds = float(word) / (1000 if len(word) > 11 and "." not in word else 1)
        return [date(1970, 1, 1) + timedelta(seconds=seconds)]
    if found := _ISO.match(word):
        told = [(int(found[1]), int(found[2]), int(found[3]))]
    elif found := _WRITTEN.match(word):
        year = int(found[4]) + (2000 if len(found[4]) == 2 else 0)
        told = [(year, int(found[3]), int(found[1])), (year, int(found[1]), int(found[3]))]
    else:
        return []
    return [
        date(y, m, min(d, calendar.monthrange(y, m)[1]))
        for y, m, d in told
        if 1 <= m <= 12 and 1 <= d <= 31 and y
    ]
