"""Whether a row may be that of the names of columns, by its words and by the rows below it."""

import re
from collections import Counter
from collections.abc import Sequence

from relaion.lists.readers.containers.text import BLANKS
from relaion.lists.readers.vocabulary import names

_TEXTS = (names.NOTE, names.CAPTION)  # delimiters may stand in them unquoted
COUNTED = re.compile(  # each run of letters is looked at once: a cell may be of any length
    r"(?:\A|\s)\d++\s++[^\W\d]{4}|(?<![^\W\d])[^\W\d]{4,}+\s*+[:=]\s*+\d++\Z"
)


def may_name(
    row: Sequence[str], told: Sequence[str], below: Sequence[Sequence[str]], delimiter: str, *,
    is_above: bool,
) -> bool:  # fmt: skip
    """Whether a row is laid out as that of names is: those below are divided as it is."""
    is_part = delimiter == BLANKS and any(re.search(r"[/\\.#]|^\(|[,:]$", name) for name in told)
    if is_part or (delimiter == BLANKS and _is_sentence(row)):
        return False
    after = Counter(map(_filled_width, below))
    within = sum(n for width, n in after.items() if width <= len(row))
    ends_in_text = delimiter != BLANKS and names.read_name(told[-1]).what in _TEXTS
    divided = sum(len(other) > 1 for other in below)
    is_counted = any(map(COUNTED.search, told))  # `6 added, 0 removed`
    is_divided = divided * 2 >= sum(after.values()) or (
        all(map(is_telling, told)) and not is_counted
    )
    return (ends_in_text or within * 2 >= sum(after.values())) and (is_above or is_divided)


def _is_sentence(row: Sequence[str]) -> bool:
    """Whether words with blanks between are a title, `Confirmed images, week 12:`."""
    signs = [cell.strip()[-1:] in (",", ":") for cell in row if cell.strip()]
    return signs[-1:] == [True] and not all(signs) and row[-1].strip().endswith(":")


def is_telling(name: str) -> bool:
    """Whether a name says anything: where all do, they are names, even if few rows are divided."""
    return names.read_name(name).what != names.UNKNOWN


def _filled_width(row: Sequence[str]) -> int:
    """How many fields a row has without the empty ones at its end."""
    return max((i + 1 for i, cell in enumerate(row) if cell), default=0)
