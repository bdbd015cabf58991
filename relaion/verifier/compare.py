"""Are two shards the same, schema and rows? And if they are not, in what way?

Rows are compared bit for bit: NaN is NaN, and 0.0 is not -0.0. Where that is not enough, they
are numbers (`row_digests`): what stands in both shards cancels out, so only the differences
are held.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.parquet.footer import Footer, read_footer
from relaion.parquet.storage import CODEC, check_sound
from relaion.verifier.rows import batches, described

Pairs = Sequence[tuple[int, int]]
_FAR = int.from_bytes(os.urandom(8), "little", signed=True)  # no Arrow scalar: that loads pandas
_MOST = 1_000_000  # rows that differ
# nothing writes Hadoop's old framing any more, and readers of it are few: a run says so and
# writes the same compression in the framing that the format names
_LZ4_HADOOP, _LZ4_RAW = 5, 7
_FIELD_ID = re.compile(r" field_id=-?\d+")

# -- the footers: is an output's schema its input's, to the last detail? (promise 2) -----------


def compare_schemas(source: Path, target: Path) -> tuple[list[str], Pairs]:
    """What differs, in plain sentences, and which columns can still be compared by value.

    Columns are taken by position, for names may repeat. Raises InputError when a file
    cannot be read.
    """
    before, after = read_footer(source), read_footer(target)
    check_sound(after)  # before pyarrow is asked about its chunks
    a, b = described(source), described(target)
    left, right = a.schema_arrow, b.schema_arrow
    said = list(_fields(left, right))
    if not said:
        said += _details(a, b)
    if not said and before.elements[1:] != after.elements[1:]:
        said.append("its schema is not the input's to the last detail")
    said += _metadata(before, after)
    said += _codecs(before, after)
    return said, _pairs(left, right)


def _fields(left: pa.Schema, right: pa.Schema) -> Iterator[str]:
    if left.names != right.names:
        yield "its columns are not those of the input (names, number or order)"
        return
    for old, new in zip(left, right, strict=True):
        if old.type != new.type:
            yield f"column {old.name} has another type than in the input"
        elif old.nullable != new.nullable:
            yield f"column {old.name} is {'nullable' if new.nullable else 'required'} now"


def _details(left: pq.ParquetFile, right: pq.ParquetFile) -> Iterator[str]:
    """What Arrow's types do not show: INT96, names inside lists, annotations, field numbers."""
    old, new = _tree(left), _tree(right)
    if _FIELD_ID.sub("", old) != _FIELD_ID.sub("", new):
        yield "its parquet types are not the input's (physical types, or names inside lists)"
    elif old != new:
        yield "the numbers of its fields are not the input's"


def _tree(file: pq.ParquetFile) -> str:
    """The schema as parquet's own text, but for the name of its root."""
    lines = str(file.schema).splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("required group")), 0)
    return "\n".join(lines[start + 1 :])


def _metadata(left: Footer, right: Footer) -> Iterator[str]:
    """What pyarrow does not show: pairs in their order, one given twice, NULL values; the root."""
    if left.key_values != right.key_values:
        yield "its key-value metadata is not the input's"
    children = 5  # of a SchemaElement: other columns are told by others
    if {**left.elements[0], children: 0} != {**right.elements[0], children: 0}:
        yield "the root of its schema is not the input's"


def _codecs(left: Footer, right: Footer) -> Iterator[str]:
    if len(left.leaves) != len(right.leaves):
        return
    for leaf, old, new in zip(right.leaves, _used(left), _used(right), strict=True):
        if old and not new <= old | ({_LZ4_RAW} if _LZ4_HADOOP in old else set()):
            yield f"column {leaf.name} is compressed with another codec than in the input"


def _used(footer: Footer) -> list[set[int]]:
    """For each column, the codecs of its chunks."""
    found: list[set[int]] = [set() for _ in footer.leaves]
    for index in range(len(footer.groups)):
        for codecs, chunk in zip(found, footer.chunks(index), strict=True):
            codecs.add(chunk[3][1][CODEC][1])
    return found


def _pairs(left: pa.Schema, right: pa.Schema) -> Pairs:
    """Positions of columns that have the same name and type in both."""
    if left.names == right.names:
        same = range(len(left.names))
        return [(i, i) for i in same if left.field(i).type == right.field(i).type]
    found = []
    for i, field in enumerate(left):
        places = right.get_all_field_indices(field.name)
        if len(places) == 1 and right.field(places[0]).type == field.type:
            found.append((i, places[0]))
    return found


# -- the rows, bit for bit ---------------------------------------------------------------------

_WHOLE = {pa.float16(): pa.int16(), pa.float32(): pa.int32(), pa.float64(): pa.int64()}


def bits(column: pa.Array) -> pa.Array:
    """A column as it is stored (`batches`), with its floats as whole numbers of the same bits."""
    wanted = _bit_type(column.type)
    return column if wanted == column.type else column.view(wanted)


def _bit_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_struct(kind):
        return pa.struct([_bit_field(kind.field(i)) for i in range(kind.num_fields)])
    if pa.types.is_list(kind):
        return pa.list_(_bit_field(kind.value_field))
    return _WHOLE.get(kind, kind)


def _bit_field(field: pa.Field) -> pa.Field:
    return field.with_type(_bit_type(field.type))


def differing(
    left: pa.RecordBatch, right: Sequence[pa.RecordBatch], pairs: Pairs, removed: Sequence[int] = ()
) -> list[int]:
    """Which columns of `left` differ from `right`, whose pieces together have as many rows.

    But for rows of `left` that are `removed`, in order: all between two of these are compared at
    once, where they stand.
    """
    found = set()
    start = 0
    left_out = iter([*removed, left.num_rows])
    end = next(left_out)
    for piece in right:
        runs = []
        at = 0
        while at < piece.num_rows:
            while start == end:
                start, end = start + 1, next(left_out)
            n = min(end - start, piece.num_rows - at)
            runs.append((start, at, n))
            start, at = start + n, at + n
        for i, j in pairs:
            if i not in found:
                a, b = bits(left.column(i)), bits(piece.column(j))
                if not all(a.slice(x, n).equals(b.slice(y, n)) for x, y, n in runs):
                    found.add(i)
    return sorted(found)


def row_digests(batch: pa.RecordBatch, columns: Sequence[int]) -> list[int]:
    """A 64-bit number for every row, equal for equal rows; good within this process only."""
    return [hash(row) for row in zip(*(_hashable(batch.column(i)) for i in columns), strict=True)]


def _hashable(column: pa.Array) -> list[object]:
    plain = bits(column)
    if pa.types.is_integer(plain.type):
        # Python hashes -1 like -2, and small integers as themselves: far from those, none do
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
        while self._held and self._held[0].num_rows <= n:
            n -= self._held.pop(0).num_rows
        if self._held:
            self._held[0] = self._held[0].slice(n)
        return found

    def is_done(self) -> bool:
        """Whether no row is left."""
        return not self.peek(1)


# -- the rows as numbers: what is lost, added or changed ---------------------------------------

# digests of some input rows, and which of them should have gone (None: that is not known)
Judged = tuple[list[int], list[bool] | None]
Expected = Callable[[], Iterator[Judged]]


@dataclass(frozen=True)
class Differences:
    """Numbers of rows. None of them: the same rows in another order.

    `lost` should be there and are not; `kept` are there and should have gone; `doubled`
    stand more often than in the input; `foreign` do not stand in the input at all.
    `too_many`: counting was given up.
    """

    lost: int = 0
    kept: int = 0
    doubled: int = 0
    foreign: int = 0
    too_many: bool = False

    @property
    def changed(self) -> int:
        """Rows that went missing where others came: changed in place, as far as can be told."""
        return min(self.lost, self.foreign)


def explain(source: Expected, output: Iterator[list[int]]) -> Differences:
    """Compare the rows of an input with those of an output; `source` is read twice.

    Where it is not known which rows should have gone, none is called lost or kept.
    """
    pending = _cancel(source(), output)
    if pending is None:
        return Differences(too_many=True)
    extra = {row: -n for row, n in pending.items() if n < 0}
    lost = sum(n for n in pending.values() if n > 0)
    kept: set[int] = set()
    doubled: set[int] = set()
    judged = False
    for rows, flags in source():
        judged = judged or flags is not None
        for i, row in enumerate(rows):
            if row in extra:
                (kept if flags is not None and flags[i] else doubled).add(row)
    return Differences(
        lost=lost if judged else 0,
        kept=sum(extra[row] for row in kept),
        doubled=sum(extra[row] for row in doubled - kept),
        foreign=sum(n for row, n in extra.items() if row not in kept and row not in doubled),
    )


def _cancel(expected: Iterator[Judged], output: Iterator[list[int]]) -> Counter[int] | None:
    """Rows that should be there and are not (positive), and the reverse; None: too many."""
    pending: Counter[int] = Counter()
    while True:
        judged, found = next(expected, None), next(output, None)
        if judged is None and found is None:
            return pending
        rows, flags = judged or ([], None)
        for i, row in enumerate(rows):
            if flags is None or not flags[i]:
                _add(pending, row, 1)
        for row in found or ():
            _add(pending, row, -1)
        if len(pending) > _MOST:
            return None


def _add(pending: Counter[int], row: int, n: int) -> None:
    pending[row] += n
    if not pending[row]:
        del pending[row]


def beyond(child: Path, parent: Path) -> int | None:
    """How many rows of the child do not stand in the parent; None: too many to count.

    Their order may differ (that is another promise). Raises InputError for unreadable files.
    """
    _, pairs = compare_schemas(parent, child)
    if not pairs:
        return None
    ours, theirs = [i for i, _ in pairs], [j for _, j in pairs]
    if _is_subsequence(_digests(child, theirs), _digests(parent, ours)):
        return 0
    found = explain(
        lambda: ((rows, None) for rows in _digests(parent, ours)), _digests(child, theirs)
    )
    return None if found.too_many else found.foreign + found.doubled


def is_in_order(child: Path, parent: Path) -> bool:
    """Whether the child's rows stand in the parent in this order."""
    _, pairs = compare_schemas(parent, child)
    ours, theirs = [i for i, _ in pairs], [j for _, j in pairs]
    return _is_subsequence(_digests(child, theirs), _digests(parent, ours))


def _digests(path: Path, columns: list[int]) -> Iterator[list[int]]:
    return (row_digests(batch, columns) for batch in batches(path))


def _is_subsequence(small: Iterator[list[int]], large: Iterator[list[int]]) -> bool:
    rows = (row for some in large for row in some)
    return all(any(row == other for other in rows) for some in small for row in some)
