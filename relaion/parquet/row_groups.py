"""A source in pieces: row groups to copy or decode, and which of their rows leave."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.parquet.footer import read_footer
from relaion.parquet.metadata import Footer, damaged
from relaion.parquet.raw_values import open_physical, reading
from relaion.parquet.storage import read_storage
from relaion.paths import shown

# -- Which rows of a shard leave, as masks over pieces of it -----------------------------------

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

    def are(self, others: "Removed") -> bool:
        """Whether these are the same rows."""
        return len(self) == len(others) and self._numbers.tobytes() == others._numbers.tobytes()

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


# -- A source in pieces: row groups to copy, row groups to decode, and batches of rows of these --

_ROWS, _BYTES = 65_536, 64 << 20


@dataclass(frozen=True)
class Span:
    """Consecutive row groups that the same targets copy as they are; `start` is a row number."""

    groups: range
    start: int
    rows: int
    copied: frozenset[int]


def spans(
    footer: Footer, removed: Sequence[Removed], can_copy: Callable[[int], bool]
) -> Iterator[Span]:
    """Cut a file into spans. A target copies a row group of which it drops no row.

    `removed` is in the order of the targets; a span names them by their place in it.
    """
    starts = [0]
    for group in footer.groups:
        starts.append(starts[-1] + group.rows)

    def copied(index: int) -> frozenset[int]:
        first, end = starts[index], starts[index + 1]
        whole = [i for i, rows in enumerate(removed) if not rows.between(first, end)]
        return frozenset(whole if whole and can_copy(index) else ())

    for found, indexes in groupby(range(len(footer.groups)), copied):
        groups = list(indexes)
        first, end = groups[0], groups[-1] + 1
        yield Span(range(first, end), starts[first], starts[end] - starts[first], found)


def batches(
    footer: Footer, file: pq.ParquetFile, span: Span, rows: int
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """A span's rows in order, at most `rows` at a time, each with the number of its first row.

    Raises InputError for pages that cannot be decoded or hold another number of rows.
    """
    start, end = span.start, span.start + span.rows
    pieces = file.iter_batches(rows, row_groups=list(span.groups), use_threads=False)
    while True:
        with reading(footer.path):
            batch = next(pieces, None)
        if batch is None:
            break
        yield batch, start
        start += batch.num_rows
    if start != end:
        raise damaged(footer.path, "its pages hold another number of rows than its footer says")


def read_through(path: Path) -> None:
    """Decode every column of a shard. Raises DamagedError where that cannot be done."""
    footer = read_footer(path)
    rows = max(1, min(_ROWS, _BYTES // read_storage(footer).row_bytes))
    with open_physical(footer) as (file, _):
        for _ in batches(
            footer, file, Span(range(len(footer.groups)), 0, footer.rows, frozenset()), rows
        ):
            pass
