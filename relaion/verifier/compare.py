"""Are two pieces of a shard the same rows? Bit for bit: NaN is NaN, and 0.0 is not -0.0."""

import os
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from relaion.verifier.reading import decoded

Pairs = Sequence[tuple[int, int]]
_FAR = int.from_bytes(os.urandom(8), "little", signed=True)  # no Arrow scalar: that loads pandas


def bits(column: pa.Array) -> pa.Array:
    """A column as types that are compared bit by bit: floats and times as integers, text as bytes.

    What has no such view (a type of an unknown kind) is returned as it is.
    """
    column = decoded(column)
    wanted = _bit_type(column.type)
    if wanted == column.type:
        return column
    try:
        return column.view(wanted)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return column


def _bit_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_floating(kind) or pa.types.is_temporal(kind):
        return {16: pa.int16(), 32: pa.int32(), 64: pa.int64()}.get(_width(kind), kind)
    if pa.types.is_string(kind):
        return pa.binary()
    if pa.types.is_large_string(kind):
        return pa.large_binary()
    if kind == pa.string_view():
        return pa.binary_view()
    return _nested(kind)


def _width(kind: pa.DataType) -> int:
    try:
        return int(kind.bit_width)
    except ValueError:
        return 0


def _nested(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_struct(kind):
        return pa.struct([_bit_field(kind.field(i)) for i in range(kind.num_fields)])
    if pa.types.is_map(kind):
        return pa.map_(_bit_field(kind.key_field), _bit_field(kind.item_field), kind.keys_sorted)
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_bit_field(kind.value_field), kind.list_size)
    if pa.types.is_large_list(kind):
        return pa.large_list(_bit_field(kind.value_field))
    if pa.types.is_list(kind):
        return pa.list_(_bit_field(kind.value_field))
    return kind


def _bit_field(field: pa.Field) -> pa.Field:
    return field.with_type(_bit_type(field.type))


def differing(left: pa.RecordBatch, right: Sequence[pa.RecordBatch], pairs: Pairs) -> list[int]:
    """Which columns of `left` differ from `right`, whose pieces together have as many rows."""
    found = set()
    start = 0
    for piece in right:
        part = left.slice(start, piece.num_rows)
        start += piece.num_rows
        for i, j in pairs:
            if i not in found and not bits(part.column(i)).equals(bits(piece.column(j))):
                found.add(i)
    return sorted(found)


def row_digests(batch: pa.RecordBatch, columns: Sequence[int]) -> list[int]:
    """A 64-bit number for every row, equal for equal rows; good within this process only."""
    return [hash(row) for row in zip(*(_hashable(batch.column(i)) for i in columns), strict=True)]


def _hashable(column: pa.Array) -> list[object]:
    plain = bits(column)
    if pa.types.is_integer(plain.type):
        # Python hashes -1 like -2, and small integers as themselves: far from those, none do
        if plain.type == pa.uint64():
            plain = plain.view(pa.int64())
        plain = pc.bit_wise_xor(pc.cast(plain, pa.int64()), pa.scalar(_FAR, pa.int64()))
    values: list[object] = plain.to_pylist()
    return [repr(v) for v in values] if pa.types.is_nested(plain.type) else values


class Cursor:
    """Takes any number of rows at a time from a stream of batches."""

    def __init__(self, source: Iterator[pa.RecordBatch]) -> None:
        self._source = source
        self._held: list[pa.RecordBatch] = []

    def peek(self, n: int) -> list[pa.RecordBatch]:
        """The next n rows, fewer at the end, without taking them."""
        while sum(b.num_rows for b in self._held) < n:
            batch = next(self._source, None)
            if batch is None:
                break
            if batch.num_rows:
                self._held.append(batch)
        found = []
        for batch in self._held:
            if n <= 0:
                break
            found.append(batch.slice(0, n))
            n -= batch.num_rows
        return found

    def take(self, n: int) -> list[pa.RecordBatch]:
        """The next n rows, fewer at the end."""
        found = self.peek(n)
        self._skip(sum(b.num_rows for b in found))
        return found

    def _skip(self, n: int) -> None:
        while n:
            first = self._held.pop(0)
            if first.num_rows > n:
                self._held.insert(0, first.slice(n))
                return
            n -= first.num_rows

    def is_done(self) -> bool:
        """Whether no row is left."""
        return not self.peek(1)
