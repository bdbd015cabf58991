"""Do the footer, page headers, indexes and dictionaries of a shard say only what is so of its rows?

A reader shows rows. What a shard says of them beside (the smallest and the largest value of a
chunk or page, the values of a dictionary) may still be a value of a row that left. And a false
number of NULLs, or of distinct values, makes programs that believe it pass over rows. Nor does a
reader show what lies between the pieces that a footer names, or fields that it does not know.
"""

import operator
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import InputError
from relaion.parquet.footer import BYTE_ARRAY, CREATED_BY, GROUPS, Footer, read_footer
from relaion.parquet.storage import (
    BLOOM_FILTER,
    STATISTICS,
    chunk_range,
    read_page_header,
    said_nulls,
)
from relaion.parquet.thrift import LIST, STRUCT, Struct, ThriftError, read_struct, write_struct
from relaion.verifier.compare import bits
from relaion.verifier.verdict import Notes

# -- values, NULLs and distinct values: is what is said of them so? ----------------------------

_BOUNDS = (1, 2, 5, 6)  # of Statistics
_DISTINCT = 4
_COLUMN_INDEX = 6
_NULL_COUNTS = 5  # of ColumnIndex
_CODECS = {1: "snappy", 2: "gzip", 4: "brotli", 5: "lz4_raw", 6: "zstd", 7: "lz4_raw"}
_HADOOP, _HADOOP_SIZES = 5, 8  # the codec that has two sizes before each block
_FEW = 3  # values that are looked for one by one: a smallest and a largest
_BOUNDS_AT_MOST = 256  # of the pages of a column chunk, as far as these are not its dictionary
_LARGEST = 64 << 20  # of a dictionary; no writer makes one of more than a few megabytes
_BROKEN = (ThriftError, KeyError, TypeError, IndexError, ValueError, OSError, pa.ArrowException)


@dataclass
class _Claims:
    """What is said of a column chunk beside its rows, and what was found in them so far.

    `values` are those that no row had yet, as a footer writes them before the first one is read.
    `nulls` may be stated twice.
    """

    values: list[bytes] | pa.Array
    nulls: tuple[int, ...] = ()
    distinct: int | None = None
    n_nulls: int = 0
    seen: pa.Array | None = None

    def look(self, values: pa.Array) -> None:
        column = bits(values)
        self.n_nulls += column.null_count
        if self.distinct is not None:
            before = [] if self.seen is None else [self.seen]
            self.seen = pc.unique(pa.concat_arrays([*before, pc.unique(column.drop_null())]))
        if isinstance(self.values, list):
            self.values = _as_array(self.values, values.type, column.type)
        if len(self.values):
            self.values = _unseen(self.values, column)

    @property
    def is_miscounted(self) -> bool:
        held = 0 if self.seen is None else len(self.seen)
        return not {*self.nulls} <= {self.n_nulls} or self.distinct not in (None, held)


class Said:
    """Looks at the rows of one output as they go by; `hidden` once something is nobody's.

    `miscounted` once a chunk of a flat column states a false number of NULLs or distinct values.
    `source` is its input: a row group that was carried over byte for byte says what it said.
    """

    def __init__(self, path: Path, source: Path) -> None:
        """Begin before the first row. Raises InputError for what is no parquet."""
        self.hidden = self.miscounted = False
        self._footer, self._source = read_footer(path), read_footer(source)
        self._group = -1
        self._left = 0
        self._claims: dict[int, _Claims] = {}

    def see(self, batch: pa.RecordBatch) -> None:
        """Take the next rows. What cannot be made out is hidden, too."""
        try:
            self._see(batch)
        except _BROKEN:
            self.hidden = True

    def _see(self, batch: pa.RecordBatch) -> None:
        while batch.num_rows and not self.hidden:
            while not self._left:
                self._next()
            part = batch.slice(0, self._left)
            if self._claims:
                leaves = [leaf for column in part.columns for leaf in _leaves(column)]
                for leaf, claims in self._claims.items():
                    claims.look(leaves[leaf])
            self._left -= part.num_rows
            batch = batch.slice(part.num_rows)
            if not self._left:
                self._end_group()

    def _next(self) -> None:
        self._group += 1
        self._left = self._footer.groups[self._group].rows
        self._claims = {}
        for leaf, chunk in enumerate(self._footer.chunks(self._group) if self._left else ()):
            nulls, distinct = _counts(self._footer, chunk)
            claims = _Claims(list(_values(self._footer, chunk)))
            if not self._footer.leaves[leaf].nested:
                claims.nulls, claims.distinct = nulls, distinct
            if claims.values or claims.nulls or claims.distinct is not None:
                self._claims[leaf] = claims

    def _end_group(self) -> None:
        left = [leaf for leaf, claims in self._claims.items() if len(claims.values)]
        self.hidden = not all(self._is_carried(leaf, _values, set.issubset) for leaf in left)
        false = [leaf for leaf, claims in self._claims.items() if claims.is_miscounted]
        if not all(self._is_carried(leaf, _counts, operator.eq) for leaf in false):
            self.miscounted = True

    def _is_carried(
        self, leaf: int, look: Callable[[Footer, Struct], Any], fits: Callable[[Any, Any], bool]
    ) -> bool:
        """Whether the input has this very chunk, which says as much there."""
        chunk = self._footer.chunks(self._group)[leaf]
        said = look(self._footer, chunk)
        return any(
            fits(said, look(self._source, other))
            and _same_pages(self._footer, chunk, self._source, other)
            for other in (self._source.chunks(i)[leaf] for i in range(len(self._source.groups)))
        )


def _leaves(column: pa.Array) -> Iterator[pa.Array]:
    """The columns of values of a column, in the order of a footer."""
    kind = column.type
    if pa.types.is_struct(kind):
        for member in column.flatten():
            yield from _leaves(member)
    elif pa.types.is_nested(kind):
        yield from _leaves(column.flatten())
    else:
        yield column


def _unseen(wanted: pa.Array, column: pa.Array) -> pa.Array:
    """Those of the values that do not stand in a column."""
    if len(wanted) <= _FEW:
        missing = [pc.index(column, value).as_py() < 0 for value in wanted]
        return wanted.filter(pa.array(missing, pa.bool_()))
    if len(wanted) <= _BOUNDS_AT_MOST:
        column = _far_out(wanted, column)
    seen = column.filter(pc.is_in(column, value_set=wanted))
    return wanted.filter(pc.invert(pc.is_in(wanted, value_set=seen)))


def _far_out(wanted: pa.Array, column: pa.Array) -> pa.Array:
    """The rows that are as small as one of the values, or as large: all that may be one of them.

    What is said of pages is their smallest and their largest value, and nearly any row parts these.
    """
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_large_binary(kind)) or not len(column):
        return column
    middle = column[len(column) // 2]
    if not middle.is_valid:
        return column
    is_small = pc.less(wanted, middle)
    small = pc.max(wanted.filter(is_small))
    large = pc.min(wanted.filter(pc.invert(is_small)))
    beyond = [
        compare(column, end)
        for compare, end in ((pc.less_equal, small), (pc.greater_equal, large))
        if end.is_valid
    ]
    return column.filter(pc.or_(*beyond) if len(beyond) > 1 else beyond[0])


def _as_array(said: list[bytes], kind: pa.DataType, plain: pa.DataType) -> pa.Array:
    """Values as a footer writes them, as a column holds them (`bits`).

    Fixed widths come joined: a dictionary is one piece.
    """
    if pa.types.is_boolean(kind):
        return pa.array([], plain)  # either is in nearly every column
    if not pa.types.is_integer(plain):
        if pa.types.is_fixed_size_binary(plain):
            said = [one for many in said for one in _cut(many, plain.byte_width)]
        return pa.array(said, plain)
    width = plain.bit_width // 8
    data = b"".join(said)
    if len(data) % width or any(len(value) % width for value in said):
        raise ThriftError("has a value of another width than its column")
    found = pa.Array.from_buffers(plain, len(data) // width, [None, pa.py_buffer(data)])
    if pa.types.is_floating(kind):  # the bound 0.0 stands for -0.0, too
        smallest = int.from_bytes(bytes(width - 1) + b"\x80", "little", signed=True)
        found = found.filter(pc.invert(pc.is_in(found, pa.array([0, smallest], plain))))
    return found


def _cut(data: bytes, width: int) -> list[bytes]:
    if width < 1 or len(data) % width:
        raise ThriftError("has a value of another width than its column")
    return [data[i : i + width] for i in range(0, len(data), width)]


def _values(footer: Footer, chunk: Struct) -> set[bytes]:
    """All that is said of a column chunk's values beside its rows."""
    meta = chunk[3][1]
    found = set(_bounds(meta))
    with footer.path.open("rb") as f:
        for place, length, header in _pages(f.fileno(), meta):
            if 7 in header:
                data = os.pread(f.fileno(), header[3][1], place + length)
                found.update(_dictionary(data, header, meta))
            elif 5 in header:
                found.update(_bounds(header[5][1], 5))
            elif 8 in header:
                found.update(_bounds(header[8][1], 8))
    if _COLUMN_INDEX in chunk:
        index = _index(footer, chunk)
        found.update(*(index[n][1][1] for n in (2, 3)))
        found.discard(b"")  # of a page without values
    return found


def _pages(handle: int, meta: Struct) -> Iterator[tuple[int, int, Struct]]:
    """The pages of a column chunk, end to end: where each begins, its header's length, its header.

    Field 3 of the header is the length of what follows it.
    """
    place, size = chunk_range(meta)
    end = place + size
    while place < end:
        header, length = read_page_header(handle, place)
        if header[3][1] < 0:
            raise ThriftError("has a page that is none")
        yield place, length, header
        place += length + header[3][1]


def _counts(footer: Footer, chunk: Struct) -> tuple[tuple[int, ...], int | None]:
    """What a chunk states of its NULLs, in footer and index, and of its distinct values."""
    meta = chunk[3][1]
    stated = [said_nulls(meta)]
    if _COLUMN_INDEX in chunk:
        index = _index(footer, chunk)
        if _NULL_COUNTS in index:
            stated.append(sum(index[_NULL_COUNTS][1][1]))
    statistics: Struct = meta[STATISTICS][1] if STATISTICS in meta else {}
    distinct = int(statistics[_DISTINCT][1]) if _DISTINCT in statistics else None
    return tuple(n for n in stated if n is not None), distinct


def _index(footer: Footer, chunk: Struct) -> Struct:
    with footer.path.open("rb") as f:
        data = os.pread(f.fileno(), chunk[_COLUMN_INDEX + 1][1], chunk[_COLUMN_INDEX][1])
    return read_struct(data)[0]


def _bounds(struct: Struct, field: int = STATISTICS) -> Iterator[bytes]:
    if field in struct:
        statistics = struct[field][1]
        yield from (statistics[n][1] for n in _BOUNDS if n in statistics)


def _dictionary(data: bytes, header: Struct, meta: Struct) -> Iterator[bytes]:
    size, codec = header[2][1], meta[4][1]
    if not 0 <= size <= _LARGEST:
        raise ThriftError("has a dictionary that is too large")
    if codec == _HADOOP:
        data = data[_HADOOP_SIZES:]
    if codec in _CODECS:
        data = pa.Codec(_CODECS[codec]).decompress(data, size, asbytes=True)
    if meta[1][1] != BYTE_ARRAY:
        yield data
        return
    at = 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "little")
        if end > len(data):
            raise ThriftError("has a dictionary with more than its values")
        yield data[at + 4 : end]
        at = end


def _same_pages(one: Footer, chunk: Struct, other: Footer, chunk2: Struct) -> bool:
    (at, size), (at2, size2) = chunk_range(chunk[3][1]), chunk_range(chunk2[3][1])
    if size != size2:
        return False
    step = 4 << 20
    with one.path.open("rb") as a, other.path.open("rb") as b:
        return all(
            os.pread(a.fileno(), min(step, size - i), at + i)
            == os.pread(b.fileno(), min(step, size - i), at2 + i)
            for i in range(0, size, step)
        )


# -- bytes and fields: does each belong to a page, an index, a filter or the footer? -----------

# fields that the format knows, by struct; encryption is refused elsewhere
_OF_FILE, _OF_GROUP, _OF_CHUNK = frozenset(range(1, 8)), frozenset(range(1, 8)), {2, 3, 4, 5, 6, 7}
_OF_META, _OF_PAGE = frozenset(range(1, 18)), frozenset(range(1, 9))
_OF_STATISTICS, _OF_SIZES, _OF_PAIR = frozenset(range(1, 9)), frozenset(range(1, 4)), {1, 2}
_KEY_VALUES, _SIZES, _BLOOM_LENGTH = 8, 16, 15
_WRITER = re.compile(rb"parquet-cpp-arrow version [0-9]{1,4}(?:\.[0-9]{1,4}){2}[0-9A-Za-z.-]{0,20}")
Span = tuple[int, int]


def check_owned(path: Path, where: str, source: Path | None, notes: Notes) -> None:
    """Find bytes and fields of an output that no reader shows; `source`: its input, if given."""
    try:
        footer = read_footer(path)
        if not all(group.rows for group in footer.groups):
            return  # pages of a row group without rows lie where each writer likes
        allowed = _chunk_pairs(read_footer(source)) if source is not None else None
        for what in _oddities(footer, allowed):
            notes.find("4", where, what)
    except (ThriftError, InputError, KeyError, TypeError, IndexError, OSError):
        notes.find("4", where, "its pages and indexes are not where its footer says")


def _oddities(footer: Footer, allowed: set[bytes] | None) -> Iterator[str]:
    groups = [footer.seen_group(i) for i in range(len(footer.groups))]
    whole = write_struct({**footer.fields, GROUPS: (LIST, (STRUCT, groups))})
    if whole != footer.data:
        yield "its footer holds bytes that say nothing, or is written otherwise than clean does"
    if not _WRITER.fullmatch(footer.created_by) and CREATED_BY in footer.fields:
        yield "its footer names another program than clean writes with"
    with footer.path.open("rb") as f:
        spans = [(0, 4), (footer.start, footer.size)]
        for group in groups:
            for chunk in group[1][1][1]:
                spans += _spans(f.fileno(), chunk)
        if not all(map(_is_known, groups)) or set(footer.fields) - _OF_FILE:
            yield "its footer has fields that the format does not know"
    if allowed is not None and not _chunk_pairs(footer) <= allowed:
        yield "a column chunk has key-value metadata that the input has not"
    spans = sorted(span for span in spans if span[0] != span[1])
    if any(before[1] != after[0] for before, after in pairwise(spans)):
        yield "holds bytes that belong to no page, no index and no footer, or to two of them"


def _spans(handle: int, chunk: Struct) -> Iterator[Span]:
    """What a column chunk owns: its pages, end to end; its indexes; its filter."""
    meta = chunk[3][1]
    end = chunk_range(meta)[0]
    for place, length, header in _pages(handle, meta):
        if set(header) - _OF_PAGE or os.pread(handle, length, place) != write_struct(header):
            raise ThriftError("has a page with more than a page has")
        end = place + length + header[3][1]
        yield place, end
    if end != sum(chunk_range(meta)):
        raise ThriftError("has pages that do not fill their chunk")
    for at in (4, 6):
        if at in chunk:
            yield chunk[at][1], chunk[at][1] + chunk[at + 1][1]
    if BLOOM_FILTER in meta:
        yield meta[BLOOM_FILTER][1], meta[BLOOM_FILTER][1] + meta[_BLOOM_LENGTH][1]


def _is_known(group: Struct) -> bool:
    if set(group) - _OF_GROUP:
        return False
    for chunk in group[1][1][1]:
        meta = chunk[3][1]
        if set(chunk) - _OF_CHUNK or set(meta) - _OF_META:
            return False
        if STATISTICS in meta and set(meta[STATISTICS][1]) - _OF_STATISTICS:
            return False
        if _SIZES in meta and set(meta[_SIZES][1]) - _OF_SIZES:
            return False
        pairs = meta[_KEY_VALUES][1][1] if _KEY_VALUES in meta else ()
        if any(set(pair) - _OF_PAIR for pair in pairs):
            return False
    return True


def _chunk_pairs(footer: Footer) -> set[bytes]:
    """The key-value pairs of all column chunks, as they are written."""
    return {
        write_struct(pair)
        for i in range(len(footer.groups))
        for chunk in footer.chunks(i)
        if _KEY_VALUES in chunk[3][1]
        for pair in chunk[3][1][_KEY_VALUES][1][1]
    }
