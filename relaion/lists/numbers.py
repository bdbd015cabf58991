"""Row hashes as partners write them: whole 64-bit numbers, with a sign."""

import re
from collections.abc import Sequence

from relaion.links.unseen import trim

_WHOLE = re.compile(r"([+-]?)0*([0-9]{1,19})")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|[0-9]*\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?")
_END = 1 << 63


def read_row_hash(text: str) -> str | None:
    """A row hash as 16 lower-case hex digits, in two's complement; None for any other text.

    `1.2e18` is none: a number that went through floating point has lost its last digits.
    """
    found = _WHOLE.fullmatch(text)
    if found is None:
        return None
    number = int(found[1] + found[2])
    return f"{number % (1 << 64):016x}" if -_END <= number < _END else None


def is_spoilt(values: Sequence[str]) -> bool:
    """Whether most of the values are floating-point numbers."""
    return sum(_FLOAT.fullmatch(trim(value).strip('"')) is not None for value in values) * 2 > len(
        values
    )
