"""A few rows in a row of a shard as a shard of their own, stored as it is: for measuring.

Of a shard that lies elsewhere the row groups come that hold them.
"""

import shutil
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path

from relaion.errors import InputError
from relaion.parquet.fetched import chunk_ranges
from relaion.parquet.footer import Footer, read_footer
from relaion.parquet.row_group_copy import Copier
from relaion.parquet.row_groups import Removed, Span, batches, open_physical
from relaion.parquet.storage import read_storage
from relaion.parquet.writer import GROUP_ROWS, EditionFile, writer_options
from relaion.paths import atomic_write, shown
from relaion.remote.standing import Traffic, drop, need, timed_need, timed_need_ends

_BATCH_ROWS = 16_384
_BATCH_BYTES = 16 << 20
_GROUP_BYTES = 64 << 20


def cut(source: Path, start: int, rows: int, target: Path) -> int:
    """Write so many rows of a shard, from row `start` on; returns the bytes of the file.

    Raises InputError for a source that cannot be read, OutputError where the target cannot be
    written.
    """
    footer = read_footer(source)
    storage = read_storage(footer)
    group_rows = max(1, min(GROUP_ROWS, _GROUP_BYTES // storage.row_bytes, rows))
    with ExitStack() as stack:
        span = _span(footer, start, start + rows)
        need(source, chunk_ranges(footer, None, span.groups))
        file, paths = stack.enter_context(open_physical(footer, is_here=True))
        copier = Copier(footer, stack.enter_context(source.open("rb")))
        part = stack.enter_context(atomic_write(target, 0o600, flush=False))
        made = EditionFile(
            target, part, file.schema_arrow, Removed([], footer.rows, source),
            most_rows=group_rows, most_bytes=2 * _GROUP_BYTES,
            **writer_options(footer, storage, paths, group_rows),
        )  # fmt: skip
        stack.callback(made.abandon)
        end = start + rows
        most = min(_BATCH_ROWS, max(1, _BATCH_BYTES // storage.row_bytes))
        for batch, at in batches(footer, file, span, most):
            first, last = max(at, start), min(at + batch.num_rows, end)
            if first < last:
                made.take(batch.slice(first - at, last - first))
            if last == end:
                break
        made.close(footer, copier)
    return target.stat().st_size


def whole(source: Path, target: Path) -> None:
    """Copy a shard as it is. Raises as `cut`."""
    try:
        file = source.open("rb")
    except OSError as e:
        raise InputError(
            f"{shown(source)}: cannot be read ({e.strerror}); is it still there?"
        ) from None
    with file, atomic_write(target, 0o600, flush=False) as part, part.open("wb") as out:
        shutil.copyfileobj(file, out, 1 << 20)


def fetch(
    path: Path, start: int, rows: int, positions: Collection[int], *, is_first: bool = True
) -> tuple[Traffic, Traffic, Traffic]:
    """Fetch what holds so many rows, from row `start` on; of a file here nothing.

    Returns what both ends of the shard took, what the columns at these positions took, as a search
    fetches them, and what then the other columns took. What was fetched of the shard before comes
    again where this is the `is_first` part of it that is asked for, and else is not counted.
    Raises RemoteError where they cannot be had.
    """
    if is_first:
        drop(path)  # a survey may have looked at values
    ends = timed_need_ends(path)
    footer = read_footer(path)
    groups = _span(footer, start, start + rows).groups
    searched = timed_need(path, chunk_ranges(footer, positions, groups))
    rest = [(0, footer.size)] if rows == footer.rows else chunk_ranges(footer, None, groups)
    return ends, searched, timed_need(path, rest)


def _span(footer: Footer, start: int, end: int) -> Span:
    """The row groups that hold rows from `start` to before `end`."""
    starts = [0]
    for group in footer.groups:
        starts.append(starts[-1] + group.rows)
    held = [i for i in range(len(footer.groups)) if starts[i] < end and starts[i + 1] > start]
    groups = range(held[0], held[-1] + 1) if held else range(0)
    first = starts[groups.start]
    return Span(groups, first, starts[groups.stop] - first, frozenset())
