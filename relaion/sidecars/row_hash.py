"""LAION's row hash: the identity of a row across layouts, computed where a shard lacks it.

The first 64 bits, signed, of MurmurHash3_x64_128 (seed 0) over the UTF-8 of the link and, right
after it, the caption; NULL counts as nothing. Source: compute_hashes.py of LAION-5B's
preparation (facts with test vectors in `tests/test_rowhash.py`).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import mmh3
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.parquet.columns import column_arrays, column_batches, open_parquet
from relaion.parquet.layout import Shard
from relaion.parquet.mended import as_bytes
from relaion.parquet.own_hashes import own_hashes
from relaion.parquet.roles import Column
from relaion.paths import shown

_ROWS = 32_768


def row_hashes(links: pa.Array, captions: pa.Array) -> pa.Array:
    """The int64 row hash of every pair of a link and a caption (text or bytes); never null.

    Bytes that are no UTF-8 are hashed as they stand.
    """
    nothing = pa.scalar(b"", pa.large_binary())
    pairs = [as_bytes(column).fill_null(nothing) for column in (links, captions)]
    joined = pc.binary_join_element_wise(*pairs, nothing)
    if not len(joined):
        return pa.array([], pa.int64())
    _, offsets, data = joined.buffers()
    ends = memoryview(offsets).cast("q")[joined.offset : joined.offset + len(joined) + 1].tolist()
    text = memoryview(data if data is not None else b"")
    digest = mmh3.mmh3_x64_128_digest
    whole = b"".join([digest(text[start:end]) for start, end in pairwise(ends)])
    low = memoryview(whole).cast("q")[::2].tobytes()
    return pa.Array.from_buffers(pa.int64(), len(joined), [None, pa.py_buffer(low)])


FILLERS = (0, -1, -(1 << 63), (1 << 63) - 1)
"""What writers put where they have no row hash: it stands for none (`sql/v1/apply`)."""


def without_fillers(hashes: pa.Array) -> pa.Array:
    """Row hashes, NULL where a number stands that is none."""
    mask = pc.is_in(hashes, value_set=pa.array(FILLERS, pa.int64()))
    return pc.if_else(mask, None, hashes) if pc.any(mask).as_py() else hashes


def computed(shard: Shard, *, takes_fillers: bool = True) -> Iterator[tuple[pa.Array, pa.Array]]:
    """The rows of a shard that have no row hash of their own: row numbers, and their hashes.

    With `takes_fillers` off, what stands for none (`FILLERS`) is none.

    Both are int64, piece by piece in the order of the file; rows with neither link nor
    caption are left out. Links and captions are read only where a hash is missing, which
    the values tell, never the footer. Raises InputError for columns that cannot be read.
    """
    roles = shard.layout.roles
    names = [name for name in ("url", "text", "row_hash") if name in roles]
    own = roles.get("row_hash")
    read = own_hashes if takes_fillers else _bare_hashes
    if not {"url", "text"} & set(names):
        return  # nothing to compute them from
    try:
        with open_parquet(shard.path) as file:
            start = 0
            for group in range(file.metadata.num_row_groups):
                if own is not None and (n := _rows_if_full(file, own, group, read)) is not None:
                    start += n
                    continue
                wanted = [roles[name] for name in names]
                for arrays in column_batches(file, wanted, [group], rows=_ROWS):
                    columns = dict(zip(names, arrays, strict=True))
                    yield _of_piece(columns, start, read)
                    start += len(arrays[0])
    except (OSError, pa.ArrowException):
        raise InputError(
            f"{shown(shard.path)}: its links or captions cannot be read; get the file again"
        ) from None


def _bare_hashes(values: pa.Array) -> pa.Array:
    return without_fillers(own_hashes(values))


_Read = Callable[[pa.Array], pa.Array]


def _rows_if_full(file: pq.ParquetFile, column: Column, group: int, read: _Read) -> int | None:
    """The rows of a row group where all have a value in a column, else None."""
    rows = 0
    for array in column_arrays(file, column, [group]):
        if read(array).null_count:
            return None
        rows += len(array)
    return rows


def _of_piece(columns: dict[str, pa.Array], start: int, read: _Read) -> tuple[pa.Array, pa.Array]:
    none = pa.nulls(len(next(iter(columns.values()))), pa.string())
    links, captions = columns.get("url", none), columns.get("text", none)
    wanted = pc.or_(pc.is_valid(links), pc.is_valid(captions))
    if "row_hash" in columns:
        wanted = pc.and_(wanted, pc.is_null(read(columns["row_hash"])))
    rows = pc.add(pc.indices_nonzero(wanted).cast(pa.int64()), start)
    return rows, row_hashes(links.filter(wanted), captions.filter(wanted))


# -- Further hashes of a row, by which it may be known, too ----------------------------------------

_ROWS_OF = pa.list_(pa.int64())


def further_hashes(
    links: pa.Array, captions: Sequence[pa.Array], own: pa.Array | None
) -> tuple[pa.Array, pa.Array]:
    """Row hashes that a row may be known by beside its first one: places, and lists of int64.

    Of a row with a hash of its own (`own`, int64, NULL where it has none) that neither its link
    with any caption gives: all that these give, which is an empty list where it has a link and no
    caption, and its own is not that of the link alone. Without any column of captions no link is
    hashed alone. Of any other row those of the captions behind the first that are others. An empty
    link or caption is none: without a link nothing is held against the row's own hash.
    """
    n = len(links)
    own = pa.nulls(n, pa.int64()) if own is None else own
    has_own = pc.is_valid(own)
    if len(captions) < 2 and not has_own.true_count:
        return pa.array([], pa.int64()), pa.array([], _ROWS_OF)
    agrees = pa.repeat(pa.scalar(False), n)
    is_told = pc.and_(has_own, _is_filled(links))
    found = []
    for place, caption in enumerate(captions):
        wanted = pc.and_not(is_told, agrees)
        if place:
            is_same = pc.fill_null(pc.equal(caption, captions[0]), False)
            wanted = pc.or_(wanted, pc.and_not(pc.invert(has_own), is_same))
        wanted = pc.and_(wanted, _is_filled(caption))
        hashes = pa.nulls(n, pa.int64())
        if wanted.true_count:
            hashes = without_fillers(_where(wanted, links, caption))
        agrees = pc.or_(agrees, pc.fill_null(pc.equal(own, hashes), False))
        found.append(hashes)
    has_any = pa.repeat(pa.scalar(False), n)
    for hashes in found:
        has_any = pc.or_(has_any, pc.is_valid(hashes))
    open_ones = pc.and_not(is_told, has_any)
    if captions and open_ones.true_count:
        alone = row_hashes(links.filter(open_ones), pa.nulls(open_ones.true_count, pa.binary()))
        same = pc.fill_null(pc.equal(own.filter(open_ones), alone), False)
        agrees = pc.replace_with_mask(agrees, open_ones, same)
    places = pc.indices_nonzero(pc.and_not(pc.or_(has_any, open_ones), agrees)).cast(pa.int64())
    if not captions:
        return places, pa.array([[]] * len(places), _ROWS_OF)
    columns = [hashes.take(places).to_pylist() for hashes in found]
    lists = [[h for h in row if h is not None] for row in zip(*columns, strict=True)]
    return places, pa.array(lists, _ROWS_OF)


def _where(wanted: pa.Array, links: pa.Array, captions: pa.Array) -> pa.Array:
    """The row hashes of some rows, NULL of the others; of nearly all files, of all of them."""
    if wanted.true_count == len(wanted):
        return row_hashes(links, captions)
    some = row_hashes(links.filter(wanted), captions.filter(wanted))
    return pc.replace_with_mask(pa.nulls(len(wanted), pa.int64()), wanted, some)


def _is_filled(texts: pa.Array) -> pa.Array:
    return pc.fill_null(pc.greater(pc.binary_length(texts), 0), False)


def further(shard: Shard, captions: Sequence[Column]) -> Iterator[tuple[pa.Array, pa.Array]]:
    """`further_hashes` of the rows of a shard, with their numbers; `captions` in their order.

    Raises InputError for columns that cannot be read.
    """
    roles = shard.layout.roles
    own = [roles["row_hash"]] if "row_hash" in roles else []
    if "url" not in roles or not captions or not (own or captions[1:]):
        return
    try:
        with open_parquet(shard.path) as file:
            start = 0
            for arrays in column_batches(file, [roles["url"], *captions, *own], rows=_ROWS):
                links, *texts = map(as_bytes, arrays[: 1 + len(captions)])
                hashes = _bare_hashes(arrays[-1]) if own else None
                places, lists = further_hashes(links, texts, hashes)
                if len(places):
                    yield pc.add(places, start), lists
                start += len(links)
    except (OSError, pa.ArrowException):
        raise InputError(
            f"{shown(shard.path)}: its links or captions cannot be read; get the file again"
        ) from None
