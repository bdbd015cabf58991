"""Millions of hex digests, compared by their first 64 bits: 8 bytes each, no Python objects.

Both sides of the comparison are Arrow arrays of int64. What is equal in 64 bits is compared
in full afterwards (`entries.py`).
"""

import binascii
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

_HEX = "^[0-9a-f]{16}"


def prefixes(digests: pa.Array) -> pa.Array:
    """The first 64 bits of lower-case hex digests as int64.

    Nulls, and texts that do not begin with 16 hex digits, are left out: they equal no digest.
    """
    present = pc.drop_null(digests)
    found = _unhex(present)
    if found is None:
        found = _unhex(present.filter(pc.match_substring_regex(present, _HEX)))
    return found if found is not None else pa.array([], pa.int64())


def _unhex(digests: pa.Array) -> pa.Array | None:
    heads = pc.binary_slice(pc.cast(digests, pa.binary()), 0, 16)
    if not len(heads):
        return pa.array([], pa.int64())
    text = heads.buffers()[2]
    try:
        raw = binascii.unhexlify(text.slice(0, text.size)) if text is not None else b""
    except binascii.Error:
        return None
    if len(raw) != 8 * len(heads):  # one was shorter, so the pieces do not line up
        return None
    return pa.Array.from_buffers(pa.int64(), len(heads), [None, pa.py_buffer(raw)])


def prefix_of(digests: Iterable[str]) -> pa.Array:
    """`prefixes` of a few digests."""
    return prefixes(pa.array(list(digests), pa.string()))


def common(left: pa.Array, right: pa.Array) -> pa.Array:
    """The distinct values that stand in both arrays; the smaller one is the one hashed."""
    small, large = sorted((left, right), key=len)
    if not len(small):
        return pa.array([], pa.int64())
    return pc.unique(large.filter(pc.is_in(large, value_set=small)))
