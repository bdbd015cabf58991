"""Which bytes of a shard that lies elsewhere are needed: its footer, and chunks of some columns.

Whoever has a column read says so here before. What was not asked for is a hole, where no reader
finds a page: neither pyarrow nor DuckDB takes zeros for one.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa

from relaion.parquet.footer import Footer, read_footer
from relaion.parquet.storage import BLOOM_FILTER, chunk_range
from relaion.parquet.thrift import Struct
from relaion.paths.stand_ins import record_of
from relaion.remote.standing import OnDemand, need_of_many
from relaion.remote.stores import Range

_CHILDREN, _REPETITION, _TYPE = 5, 3, 1  # of a SchemaElement
_META, _BLOOM_LENGTH = 3, 15
_SLACK = 128  # old programs left the head of a dictionary out of what they say of a chunk


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


def chunk_ranges(footer: Footer, positions: Collection[int] | None = None) -> list[Range]:
    """Where the chunks of some columns lie, by their positions, or of all; with their filters."""
    columns = leaves_by_column(footer)
    wanted = [columns[i] for i in (range(len(columns)) if positions is None else positions)]
    leaves = frozenset(leaf for some in wanted for leaf in some)
    found: list[Range] = []
    for group in range(len(footer.groups)):
        for chunk in footer.some_chunks(group, leaves).values():
            found += _ranges(footer, chunk)
    return found


def _ranges(footer: Footer, chunk: Struct) -> Iterator[Range]:
    try:
        meta: Struct = chunk[_META][1]
        start, size = chunk_range(meta)
        yield start, min(start + size + _SLACK, footer.start)
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
    return chunk_ranges(read_footer(path), positions)


def bytes_of(path: Path) -> pa.NativeFile:
    """A shard to be read by pyarrow: what lies elsewhere is fetched as it is read."""
    if record_of(path) is None:
        return pa.OSFile(os.fsencode(path))
    return pa.PythonFile(OnDemand(path, chunk_ranges(read_footer(path))), mode="r")
