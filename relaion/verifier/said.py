"""Do footer, page headers, indexes and dictionaries say of the rows only what is so?

A reader shows rows. What a shard says of them beside (the smallest and the largest value of a
chunk or page, the values of a dictionary) may still be a value of a row that left. And a false
number of NULLs, or of distinct values, makes programs that believe it pass over rows.
"""

import operator
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.parquet.footer import BYTE_ARRAY, Footer, read_footer
from relaion.parquet.storage import STATISTICS, chunk_range, read_page_header, said_nulls
from relaion.parquet.thrift import Struct, ThriftError, read_struct
from relaion.verifier.compare import bits

_BOUNDS = (1, 2, 5, 6)  # of Statistics
_DISTINCT = 4
_COLUMN_INDEX = 6
_NULL_COUNTS = 5  # of ColumnIndex
_CODECS = {1: "snappy", 2: "gzip", 4: "brotli", 5: "lz4_raw", 6: "zstd", 7: "lz4_raw"}
_HADOOP, _HADOOP_SIZES = 5, 8  # the codec that has two sizes before each block
_FEW = 3  # values that are looked for one by one: a smallest and a largest
_LARGEST = 64 << 20  # of a dictionary; no writer makes one of more than a few megabytes
_BROKEN = (ThriftError, KeyError, TypeError, IndexError, ValueError, OSError, pa.ArrowException)


@dataclass
class _Counted:
    """What is stated of a chunk's NULLs (twice, maybe) and distinct values; and what was found."""

    nulls: tuple[int, ...]
    distinct: int | None
    found: int = 0
    values: pa.Array | None = None

    def add(self, column: pa.Array) -> None:
        self.found += column.null_count
        if self.distinct is not None:
            seen = bits(column)
            before = [] if self.values is None else [self.values]
            self.values = pc.unique(pa.concat_arrays([*before, pc.unique(seen.drop_null())]))

    @property
    def is_true(self) -> bool:
        held = 0 if self.values is None else len(self.values)
        return {*self.nulls} <= {self.found} and self.distinct in (None, held)


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
        self._waiting: dict[int, list[bytes] | pa.Array] = {}
        self._counted: dict[int, _Counted] = {}

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
            if self._waiting or self._counted:
                self._look(part)
            self._left -= part.num_rows
            batch = batch.slice(part.num_rows)
            if not self._left:
                self._end_group()

    def _next(self) -> None:
        self._group += 1
        self._left = self._footer.groups[self._group].rows
        self._waiting, self._counted = {}, {}
        for leaf, chunk in enumerate(self._footer.chunks(self._group) if self._left else ()):
            nulls, distinct = _counts(self._footer, chunk)
            if (nulls or distinct is not None) and not self._footer.leaves[leaf].nested:
                self._counted[leaf] = _Counted(nulls, distinct)
            said = _values(self._footer, chunk)
            if said:
                self._waiting[leaf] = list(said)

    def _look(self, rows: pa.RecordBatch) -> None:
        leaves = [leaf for column in rows.columns for leaf in _leaves(column)]
        for place, counted in self._counted.items():
            counted.add(leaves[place])
        for place, waiting in list(self._waiting.items()):
            left = _unseen(waiting, leaves[place])
            if len(left):
                self._waiting[place] = left
            else:
                del self._waiting[place]

    def _end_group(self) -> None:
        self.hidden = not all(
            self._is_carried(leaf, _values, set.issubset) for leaf in self._waiting
        )
        false = [leaf for leaf, counted in self._counted.items() if not counted.is_true]
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


def _unseen(said: "list[bytes] | pa.Array", values: pa.Array) -> pa.Array:
    """What is said of a column and stands not among these values of it."""
    column = bits(values)
    wanted = _as_array(said, values.type, column.type) if isinstance(said, list) else said
    if len(wanted) <= _FEW:
        missing = [not pc.any(pc.equal(column, value), min_count=0).as_py() for value in wanted]
        return wanted.filter(pa.array(missing, pa.bool_()))
    seen = column.filter(pc.is_in(column, value_set=wanted))
    return wanted.filter(pc.invert(pc.is_in(wanted, value_set=seen)))


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
        handle = f.fileno()
        place, size = chunk_range(meta)
        end = place + size
        while place < end:
            header, length = read_page_header(handle, place)
            place += length
            if 7 in header:
                found.update(_dictionary(os.pread(handle, header[3][1], place), header, meta))
            elif 5 in header:
                found.update(_bounds(header[5][1], 5))
            elif 8 in header:
                found.update(_bounds(header[8][1], 8))
            if header[3][1] < 0:
                raise ThriftError("has a page that is none")
            place += header[3][1]
        if _COLUMN_INDEX in chunk:
            index = _index(footer, chunk)
            found.update(*(index[n][1][1] for n in (2, 3)))
            found.discard(b"")  # of a page without values
    return found


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
