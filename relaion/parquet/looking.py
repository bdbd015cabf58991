"""A look into columns that play no role, at any depth: do they hold links or digests all the same?

Every shard is looked into, for a later one may hold what the first has not. It is a look at some
values, not at all: `relaion/verifier/README.md` says at which.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.parquet.glossary import names_other_digests, says_link
from relaion.parquet.leaves import (
    ValueLeaf,
    has_text_bounds,
    is_bytes,
    is_octets,
    is_text,
    leaf_arrays,
    leaves_of,
    may_hold,
)
from relaion.parquet.roles import Layout
from relaion.parquet.sights import (
    DIGESTS_IN_TEXT,
    LARGE,
    LINKS,
    MOST_LEAVES,
    SEEN,
    UNLOOKED,
    UNREAD,
    Sight,
    Sights,
)
from relaion.parquet.telling import told_by, told_by_bounds, told_by_numbers, told_by_widths
from relaion.roles import WIDTHS

MOST_VALUES = 2048  # of a leaf and row group
FEW_VALUES = 200  # where there are less, the row group is read on for more
MOST_GROUPS = 3  # row groups looked into: the first, the last and one between
WIDEST = 32_768  # bytes of a value on average; beyond it stand images, or pages of text as a whole
_ROWS = 65_536
_MUCH = 512 << 10  # bytes of values, beyond which few are looked at


class Reach(NamedTuple):
    """How much is read of a shard: values of a leaf, and bytes of all leaves, in a row group.

    Leaves of bytes are read where these are `widest` on average, or less.
    """

    values: int
    bytes: int
    widest: int


HERE = Reach(MOST_VALUES, 4 << 20, WIDEST)
THERE = Reach(FEW_VALUES, 256 << 10, 256)  # every page has to be fetched


def look_into(file: pq.ParquetFile, layout: Layout, reach: Reach | None = HERE) -> Sights:
    """What is seen in the leaves that no role looks at; without `reach`, as the footer tells.

    A leaf that cannot be read stops nothing: it is named as such.
    """
    places = [p for p in leaves_of(file.schema_arrow.remove_metadata()) if _is_free(p, layout)]
    found = {_sight(p, UNLOOKED) for p in places[MOST_LEAVES:][:1]}
    places = places[:MOST_LEAVES]
    if not places:
        return frozenset(found)
    count = file.metadata.num_row_groups
    picked = {round(i * (count - 1) / (MOST_GROUPS - 1)) for i in range(MOST_GROUPS)}
    for group in sorted(picked) if count else ():
        if reach is None:
            break
        # two columns may have one name
        told = {(s.column, s.path) for s in found if s.what not in (SEEN, LARGE)}
        left = [p for p in places if (p.column, p.path) not in told]
        found |= {*_look(file, group, left, reach)}
    found |= _bounds(file, places, found)
    return frozenset(found)


def _is_free(place: ValueLeaf, layout: Layout) -> bool:
    column = layout.columns[place.column]
    is_named = column.claimed is not None and "<" not in column.type
    return column.role is None and not is_named and may_hold(place.type)


def _sight(place: ValueLeaf, what: str) -> Sight:
    # numbers are no digests yet, however they are selected
    sql = place.sql if is_text(place.type) or is_bytes(place.type) else ""
    return Sight(place.column, place.path, sql, place.many, what)


def _look(
    file: pq.ParquetFile, group: int, places: Sequence[ValueLeaf], reach: Reach
) -> Iterator[Sight]:
    """What is seen in one row group."""
    meta = file.metadata.row_group(group)
    sizes: dict[ValueLeaf, int] = {}
    for place in places:
        chunk = meta.column(place.leaf)
        widest = WIDEST if is_text(place.type) else reach.widest
        size = chunk.total_uncompressed_size if chunk.num_values else 0
        if size > widest * chunk.num_values:
            yield _sight(place, LARGE)
        elif size > 0:
            sizes[place] = size
    if not sizes or not meta.num_rows:
        return
    rows = _fit(meta.num_rows, sum(sizes.values()), reach.values, reach)
    try:
        read = _first(file, group, list(sizes), rows)
    except (OSError, pa.ArrowException):  # which of them?
        read = {}
    for place, size in sizes.items():
        try:
            values = _plain(read[place]) if place in read else None
            if values is None or (rows < meta.num_rows and len(values) < FEW_VALUES):
                values = _more(file, group, place, _fit(meta.num_rows, size, _ROWS, reach))
            for what in _told(place, values):
                yield _sight(place, what)
        except (OSError, pa.ArrowException):
            yield _sight(place, UNREAD)


def _fit(rows: int, size: int, most: int, reach: Reach) -> int:
    """How many rows may be read at once, by their bytes on average."""
    return max(1, min(most, reach.bytes * rows // max(1, size)))


def _first(
    file: pq.ParquetFile, group: int, places: Sequence[ValueLeaf], rows: int
) -> dict[ValueLeaf, pa.Array]:
    """The first values of some leaves, without those that come out otherwise than expected."""
    for batch in _batches(file, group, places, rows):
        found = list(chain.from_iterable(map(leaf_arrays, batch.columns)))
        return dict(zip(places, found, strict=True)) if len(found) == len(places) else {}
    return {}


def _more(file: pq.ParquetFile, group: int, place: ValueLeaf, rows: int) -> pa.Array:
    """The first values of a leaf that mostly has none, up to a few."""
    found: list[pa.Array] = []
    for batch in _batches(file, group, [place], rows):
        found += [_plain(v) for c in batch.columns for v in leaf_arrays(c)]
        if sum(map(len, found)) >= FEW_VALUES:
            break
    return pa.concat_arrays(found) if found else pa.array([], pa.binary())


def _batches(
    file: pq.ParquetFile, group: int, places: Sequence[ValueLeaf], rows: int
) -> Iterator[pa.RecordBatch]:
    # by the place of the leaf: a name may stand twice, and hold dots
    yield from file.reader.iter_batches(
        rows, row_groups=[group], column_indices=[p.leaf for p in places], use_threads=False
    )


def _plain(values: pa.Array) -> pa.Array:
    """The values without NULL, no more than are looked at."""
    kept = (values.drop_null() if values.null_count else values)[:MOST_VALUES]
    return kept if kept.nbytes <= _MUCH else kept[:FEW_VALUES]


def _told(place: ValueLeaf, values: pa.Array) -> Iterable[str]:
    if not len(values):
        return ()
    if is_octets(place.type):
        return told_by_widths(pc.list_value_length(values).to_pylist())
    if str(values.type).endswith("binary"):
        found = told_by(values, is_text=is_text(place.type))
        if names_other_digests(place.name):
            found -= {*WIDTHS, DIGESTS_IN_TEXT}
        return found or ([SEEN] if says_link(place.path) else ())
    return told_by_numbers([int(n) for n in values[:FEW_VALUES].to_pylist()])


def _bounds(file: pq.ParquetFile, places: Sequence[ValueLeaf], told: Collection[Sight]) -> Sights:
    """Leaves of which a footer says in any row group that a link is its least or greatest value.

    A footer may be wrong: nothing is decided by it, but that there is something to say.
    """
    known = {(sight.column, sight.path) for sight in told if sight.what == LINKS}
    left = [p for p in places if (p.column, p.path) not in known and has_text_bounds(p.type)]
    found = set()
    for group in range(file.metadata.num_row_groups) if left else ():
        meta = file.metadata.row_group(group)
        for place in left:
            bounds = meta.column(place.leaf).statistics
            if bounds is not None and bounds.has_min_max:
                raw = [b for b in (bounds.min_raw, bounds.max_raw) if isinstance(b, bytes)]
                found |= {_sight(place, what) for what in told_by_bounds(raw)}
    return frozenset(found)
