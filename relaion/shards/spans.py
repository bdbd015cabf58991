"""A source in pieces: row groups to copy, row groups to decode, and batches of rows of these."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.shards.footer import read_footer
from relaion.shards.masks import Removed
from relaion.shards.metadata import Footer, damaged
from relaion.shards.physical import open_physical, reading
from relaion.shards.traits import read_storage

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
