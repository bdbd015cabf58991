"""Which rows of a shard leave, as masks over pieces of it."""

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import InputError
from relaion.paths import shown

RowNumbers: TypeAlias = pa.Array | pa.ChunkedArray | Sequence[int]


class Removed:
    """The rows that an edition drops, by file_row_number: 0 for the first row of the file."""

    def __init__(self, numbers: RowNumbers, rows: int, source: Path) -> None:
        """Take numbers in any order; one that comes twice counts once.

        Raises InputError, which quotes none of them, for a number that `source` has no row of.
        """
        self._numbers = _sorted(numbers)
        if self._numbers and not 0 <= self._numbers[0] <= self._numbers[-1] < rows:
            raise InputError(
                f"{shown(source)}: has {rows} rows, but rows beyond them are to be removed; "
                "the removals belong to another file"
            )

    def __len__(self) -> int:
        return len(self._numbers)

    def between(self, start: int, end: int) -> int:
        """How many rows leave from row `start` to before row `end`."""
        return bisect_left(self._numbers, end) - bisect_left(self._numbers, start)

    def mask(self, start: int, rows: int) -> pa.BooleanArray | None:
        """True for the rows that stay, of `rows` rows from `start`; None if all stay."""
        first = bisect_left(self._numbers, start)
        last = bisect_left(self._numbers, start + rows)
        if first == last:
            return None
        bits = bytearray(b"\xff" * ((rows + 7) // 8))
        for number in self._numbers[first:last]:
            place = number - start
            bits[place >> 3] &= ~(1 << (place & 7))
        return pa.Array.from_buffers(pa.bool_(), rows, [None, pa.py_buffer(bits)])


def _sorted(numbers: RowNumbers) -> memoryview:
    """The numbers in order, each once, without a Python object for each."""
    if isinstance(numbers, pa.ChunkedArray):
        numbers = numbers.combine_chunks()
    found = pc.unique(pa.array(numbers, pa.int64()).drop_null())
    found = found.take(pc.array_sort_indices(found))
    if not len(found):
        return memoryview(b"").cast("q")
    values = memoryview(found.buffers()[1]).cast("q")
    return values[found.offset : found.offset + len(found)]
