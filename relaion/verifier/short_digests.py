"""Digests in 64 bits each, in Arrow's memory: millions are compared without a Python object."""

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


def first_bytes(digests: pa.Array) -> pa.Array:
    """The first 64 bits of digests in bytes."""
    heads = pc.binary_slice(pc.cast(digests, pa.binary()), 0, 8) if len(digests) else digests
    data = heads.buffers()[2] if len(digests) else pa.py_buffer(b"")
    return pa.Array.from_buffers(pa.int64(), len(heads), [None, data])


def prefix_of(digests: Iterable[str]) -> pa.Array:
    """`prefixes` of a few digests."""
    return prefixes(pa.array(list(digests), pa.string()))


def common(left: pa.Array, right: pa.Array) -> pa.Array:
    """The distinct values that stand in both arrays; the smaller one is the one hashed."""
    small, large = sorted((left, right), key=len)
    if not len(small):
        return pa.array([], pa.int64())
    return pc.unique(large.filter(pc.is_in(large, value_set=small)))


_MOST_BITS = 27  # of memory: 16 MB
_AT_ONCE = 1 << 25  # places that are filled at once, each of which takes four bytes meanwhile
_SPARE = 8  # places for each number


class Sieve:
    """Tells quickly which numbers may be among some others: all that are, and one in eight more.

    A number has its place by its highest bits. Where many share these, more pass than need be.
    """

    def __init__(self, numbers: pa.Array) -> None:
        """Mark the places of the numbers, which are int64 without NULLs."""
        self._bits = min(_MOST_BITS, max(8, (_SPARE * len(numbers)).bit_length()))
        places = self._places(numbers)
        marks = []
        for start in range(0, 1 << self._bits, _AT_ONCE):
            size = min(_AT_ONCE, 1 << self._bits)
            some = places
            if size < 1 << self._bits:
                start_of, end = (pa.array([n], pa.int32())[0] for n in (start, start + size - 1))
                is_here = pc.and_(pc.greater_equal(places, start_of), pc.less_equal(places, end))
                some = pc.subtract(places.filter(is_here), start_of)
            last = pc.inverse_permutation(some, max_index=size - 1, output_type=pa.int32())
            marks.append(pc.is_valid(last))
        self._marks = pa.concat_arrays(marks)

    def _places(self, numbers: pa.Array) -> pa.Array:
        shift = pa.array([64 - self._bits], pa.uint64())[0]  # pa.scalar loads pandas
        return pc.cast(pc.shift_right(numbers.view(pa.uint64()), shift), pa.int32())

    def passing(self, numbers: pa.Array) -> pa.Array:
        """A mask of those that may be among the others."""
        return self._marks.take(self._places(numbers))
