"""Which bytes of a shard that lies elsewhere are needed: its footer, and chunks of some columns.

Whoever has a column read says so here before. Of a column that nobody asked for nothing is here,
and no reader takes a hole for the beginning of a page: neither pyarrow nor DuckDB. Within a chunk
a hole could be read as values, for DuckDB goes by the headers of pages and not by the size that
the footer states. So that size is not believed: a chunk is fetched up to what comes next in the
file, and its pages are followed to the last value.
"""

import os
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path

import pyarrow as pa

from relaion.parquet.footer import Footer, read_footer
from relaion.parquet.storage import (
    BLOOM_FILTER,
    DATA_PAGE,
    DICTIONARY_PAGE,
    VALUES,
    chunk_range,
    read_page_header,
)
from relaion.parquet.thrift import Struct, ThriftError
from relaion.paths.stand_ins import record_of
from relaion.remote.standing import OnDemand, need, need_of_many
from relaion.remote.store import Range

_CHILDREN, _REPETITION, _TYPE = 5, 3, 1  # of a SchemaElement
_META, _BLOOM_LENGTH, _INDEX_PAGE = 3, 15, 10
_INDEXES = (4, 6)  # of a ColumnChunk: where its offset index and its column index lie
_FIRST = 4  # no page lies before: a file begins with PAR1
_PAGE_BYTES, _DATA, _DATA_V2, _PAGE_VALUES = 3, 5, 8, 1  # of a PageHeader
_HEADER = 1 << 20  # bytes in which the header of a page is looked for


def leaves_by_column(footer: Footer) -> list[range]:
    """For each column of a shard, by position, which leaves it has."""
    elements = footer.elements
    found: list[range] = []
    at, leaf = 1, 0
    while at < len(elements):
        at, after = _passed(elements, at, leaf)
        found.append(range(leaf, after))
        leaf = after
    return found


def _passed(elements: Sequence[Struct], at: int, leaf: int) -> tuple[int, int]:
    """The element after a column, and the leaf after its last one."""
    element = elements[at]
    if _CHILDREN not in element or _TYPE in element:
        return at + 1, leaf + 1
    children, at = element[_CHILDREN][1], at + 1
    for _ in range(children):
        at, leaf = _passed(elements, at, leaf)
    return at, leaf


def chunk_ranges(
    footer: Footer, positions: Collection[int] | None = None, groups: range | None = None
) -> list[Range]:
    """Where the chunks of some columns lie, by their positions, or of all; with their filters.

    Of these row groups, or of all.

    A chunk ends where the next thing begins that the footer tells of, behind the size that it
    states; what lies beside a chunk and is nothing of that comes with it.
    """
    borders = _borders(footer)
    found: list[Range] = []
    for chunk in _chunks(footer, positions, groups):
        found += _ranges(footer, chunk, borders)
    return found


def _chunks(
    footer: Footer, positions: Collection[int] | None, groups: range | None = None
) -> Iterator[Struct]:
    columns = leaves_by_column(footer)
    wanted = [columns[i] for i in (range(len(columns)) if positions is None else positions)]
    leaves = frozenset(leaf for some in wanted for leaf in some)
    for group in range(len(footer.groups)) if groups is None else groups:
        yield from footer.some_chunks(group, leaves).values()


@lru_cache(16)  # as many as there are footers that are kept
def _borders(footer: Footer) -> list[int]:
    """Where something begins, in order: pages of a chunk, indexes, filters, and the footer."""
    found = {footer.start}
    for chunk in _chunks(footer, None):
        try:
            meta: Struct = chunk[_META][1]
            begins = (meta.get(f) for f in (DATA_PAGE, DICTIONARY_PAGE, _INDEX_PAGE, BLOOM_FILTER))
            found.update(at[1] for at in (*begins, *map(chunk.get, _INDEXES)) if at is not None)
        except (KeyError, TypeError, AttributeError):  # whoever reads the shard says what is wrong
            continue
    return sorted(at for at in found if isinstance(at, int) and _FIRST <= at <= footer.start)


def _pages(footer: Footer, meta: Struct, borders: Sequence[int]) -> Iterator[Range]:
    """Where the pages of a chunk lie; two ranges where it has a dictionary behind its values.

    Then each reader begins where it thinks best.
    """
    if not meta[VALUES][1]:  # an empty one may lie nowhere
        return
    _, size = chunk_range(meta)
    starts: list[int] = [meta[DATA_PAGE][1]]
    if DICTIONARY_PAGE in meta and meta[DICTIONARY_PAGE][1] >= _FIRST:
        starts = sorted({*starts, meta[DICTIONARY_PAGE][1]})
        if starts[0] != meta[DATA_PAGE][1]:
            del starts[1]
    for start in starts:
        place = bisect_left(borders, start + max(1, size))
        yield start, borders[place] if place < len(borders) else footer.start


def _ranges(footer: Footer, chunk: Struct, borders: Sequence[int]) -> Iterator[Range]:
    try:
        meta: Struct = chunk[_META][1]
        yield from _pages(footer, meta, borders)
        if BLOOM_FILTER in meta:
            at = meta[BLOOM_FILTER][1]
            length = meta[_BLOOM_LENGTH][1] if _BLOOM_LENGTH in meta else footer.start - at
            yield at, at + length
    except (KeyError, TypeError):  # whoever reads the shard says what is wrong with it
        return


def see_columns(paths: Sequence[Path], positions: Collection[int] | None) -> None:
    """See that columns of some shards, or all, are there; nothing is to be done for files here.

    Raises RemoteError where they cannot be had, DamagedError for a footer that cannot be read.
    """
    need_of_many([(path, partial(_wanted, path, positions)) for path in paths])


def _wanted(path: Path, positions: Collection[int] | None) -> list[Range]:
    """What is left to fetch once the chunks are here and their pages were followed: nothing."""
    footer = read_footer(path)
    need(path, chunk_ranges(footer, positions))
    borders = _borders(footer)
    handle = os.open(path, os.O_RDONLY)
    try:
        for chunk in _chunks(footer, positions):
            try:
                meta: Struct = chunk[_META][1]
                for pages in _pages(footer, meta, borders):
                    _follow(footer, handle, pages, meta[VALUES][1])
            except (ThriftError, KeyError, TypeError):  # whoever reads the pages says what is wrong
                continue
    finally:
        os.close(handle)
    return []


def _follow(footer: Footer, handle: int, pages: Range, values: int) -> None:
    """See that pages are there up to the last value, by what each says of its own length.

    Something is fetched only where a border within them was false. Raises ThriftError, KeyError or
    TypeError for what is no page.
    """
    at, end = pages
    while values > 0 and _FIRST <= at < footer.start:
        header, length, end = _header(footer, handle, at, end)
        after = at + length + header[_PAGE_BYTES][1]
        if after <= at:
            return
        if after > end:
            end = min(after, footer.start)
            need(footer.path, [(at, end)])
        for kind in (_DATA, _DATA_V2):
            values -= header[kind][1][_PAGE_VALUES][1] if kind in header else 0
        at = after


def _header(footer: Footer, handle: int, at: int, end: int) -> tuple[Struct, int, int]:
    """The header of a page, its length, and how far the file is here, which was `end` before."""
    for more in (0, _HEADER):
        if more:
            end = max(end, min(at + more, footer.start))
            need(footer.path, [(at, end)])
        try:
            header, length = read_page_header(handle, at)
        except ThriftError:
            continue
        if at + length <= end:
            return header, length, end
    raise ThriftError


def bytes_of(path: Path) -> pa.NativeFile:
    """A shard to be read by pyarrow: what lies elsewhere is fetched as it is read."""
    if record_of(path) is None:
        return pa.OSFile(os.fsencode(path))
    return pa.PythonFile(OnDemand(path, chunk_ranges(read_footer(path))), mode="r")
