"""Sizes as people write them."""

import re

from relaion.errors import InputError
from relaion.paths import typed

_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_SIZE = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(I?)B?\s*$", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Bytes of a size such as `2GB`, `512MiB` or `4G`; InputError when it is none."""
    found = _SIZE.match(text)
    if not found:
        raise InputError(f"--memory {typed(text)}: is no size; write it like 2GB")
    unit = _UNITS[found[2].upper()]
    if found[3]:
        unit = {1000**i: 1024**i for i in range(5)}[unit]
    return int(float(found[1]) * unit)
