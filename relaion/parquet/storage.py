"""How each column of a file is stored: codec, dictionary, encoding, statistics, indexes.

Gathered from the column chunks, so that a rewritten shard is stored as its source was. A
file of very many row groups is judged by a sample of them.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from relaion.parquet.footer import (
    BOOLEAN,
    BYTE_ARRAY,
    DOUBLE,
    FLOAT,
    INT32,
    INT64,
    INT96,
    OPTIONAL,
    REPEATED,
    Footer,
    Leaf,
    damaged,
)
from relaion.parquet.thrift import Struct, ThriftError, read_struct
from relaion.remote.standing import whole

PLAIN, DELTA_PACKED, DELTA_LENGTH, DELTA_BYTES, SPLIT = 0, 5, 6, 7, 9
_DICTIONARY = frozenset({2, 8})  # PLAIN_DICTIONARY of old files, RLE_DICTIONARY
_KEPT = frozenset({DELTA_PACKED, DELTA_LENGTH, DELTA_BYTES, SPLIT})
_MAX_GROUPS = 8  # of 16 columns each: read in 10 ms
_LOOKED_INTO = 4  # dictionaries of a column
_DATA_PAGE_V2 = 3
_DATA_PAGES = (0, _DATA_PAGE_V2)
_HEADER_BYTES = (1024, 1 << 20)  # a page's header; a longer one holds large statistics

# fields of ColumnMetaData
ENCODINGS, CODEC, VALUES, UNCOMPRESSED, COMPRESSED = 2, 4, 5, 6, 7
KEY_VALUES, DATA_PAGE, DICTIONARY_PAGE = 8, 9, 11
STATISTICS, ENCODING_COUNTS, BLOOM_FILTER, _SIZES = 12, 13, 14, 16
NULLS = 3  # of Statistics
_BOUNDS = frozenset({1, 2, 5, 6})  # of Statistics: max and min, by either definition

# bytes of a value, of the types that have a fixed number
_WIDTHS = {BOOLEAN: 1, INT32: 4, INT64: 8, INT96: 12, FLOAT: 4, DOUBLE: 8}


@dataclass(frozen=True)
class Traits:
    """How one leaf column is stored, in all row groups looked at."""

    codecs: tuple[int, ...]  # the most frequent first
    dictionary: bool  # every row group had one, and it held far fewer values than rows
    encoding: int  # of its data pages, where it is one worth keeping; else PLAIN
    statistics: bool
    bounds: bool  # statistics with a smallest and a largest value
    page_index: bool
    bloom_filter: bool
    key_values: bool  # of the column chunk's own


@dataclass(frozen=True)
class Storage:
    """How a file is stored: each leaf column, and what concerns them all."""

    columns: tuple[Traits, ...]
    page_version: int  # of data pages, 1 or 2
    checksums: bool  # pages have one
    sorted: bool  # row groups declare an order of sorting
    row_bytes: int  # before compression, of the group with the largest rows


def read_storage(footer: Footer) -> Storage:
    """Look at the column chunks of a file. Raises InputError for chunks that cannot be."""
    whole(footer.path)
    picked = _sample(footer)
    groups = [footer.group(i) for i in picked]
    per_group = [column_metas(footer, group) for group in groups]
    try:
        with footer.path.open("rb") as f:
            handle = f.fileno()
            columns = tuple(
                _traits(handle, [metas[i] for metas in per_group], [g[1][1][1][i] for g in groups])
                for i in range(len(footer.leaves))
            )
            filled = (meta for metas in per_group for meta in metas if meta[VALUES][1])
            # as a sample of how pages are written
            page = next((first_data_page(handle, meta)[0] for meta in filled), {})
            version = 2 if page and page[1][1] == _DATA_PAGE_V2 else 1
            row_bytes = [
                sum(chunk_bytes(handle, meta) for meta in metas) // max(1, footer.groups[i].rows)
                for i, metas in zip(picked, per_group, strict=True)
            ]
    except (ThriftError, KeyError, TypeError, OSError, OverflowError):
        raise damaged(footer.path, "its column chunks are not what its footer says") from None
    widest = max((1, *row_bytes)) + sum(8 for leaf in footer.leaves if leaf.type != BYTE_ARRAY)
    return Storage(columns, version, 4 in page, any(4 in group for group in groups), widest)


def _sample(footer: Footer) -> list[int]:
    """All row groups, or some that are spread evenly from the first to the last."""
    count = len(footer.groups)
    if count <= _MAX_GROUPS:
        return list(range(count))
    return [i * (count - 1) // (_MAX_GROUPS - 1) for i in range(_MAX_GROUPS)]


def column_metas(footer: Footer, group: Struct) -> list[Struct]:
    """The metadata of a row group's chunks, checked: in this file, unencrypted, of all rows."""
    found = []
    for leaf, chunk in zip(footer.leaves, group[1][1][1], strict=True):
        if 8 in chunk or 3 not in chunk:
            raise damaged(footer.path, "a column is encrypted, or its chunk has no metadata")
        meta: Struct = chunk[3][1]
        try:
            start, size = chunk_range(meta)
            inside = 4 <= start <= start + size <= footer.start
            inside = inside or meta[VALUES][1] == 0  # an empty chunk may lie nowhere
            whole = leaf.nested or meta[VALUES][1] == group[3][1]
            known = 0 <= meta[CODEC][1] <= 7
        except (KeyError, TypeError):
            inside = whole = known = False
        if 1 in chunk or not (inside and whole and known):
            raise damaged(footer.path, "a column chunk is not where or what the footer says")
        found.append(meta)
    return found


def said_nulls(meta: Struct) -> int | None:
    """How many NULLs a chunk's metadata says that it has; None where it does not say."""
    stats: Struct = meta[STATISTICS][1] if STATISTICS in meta else {}
    return int(stats[NULLS][1]) if NULLS in stats else None


def has_bounds_of_its_type(leaf: Leaf, meta: Struct) -> bool:
    """Whether smallest and largest value, where the statistics have them, are as wide as values."""
    width = _WIDTHS.get(leaf.type)
    stats: Struct = meta[STATISTICS][1] if STATISTICS in meta else {}
    return width is None or all(len(stats[f][1]) == width for f in _BOUNDS & stats.keys())


def chunk_range(meta: Struct) -> tuple[int, int]:
    """Where a column chunk starts in the file, and its length in bytes."""
    # behind a dictionary nobody looks at DATA_PAGE: DuckDB before 1.0 pointed elsewhere
    start: int = meta[DATA_PAGE][1]
    if DICTIONARY_PAGE in meta and 0 < meta[DICTIONARY_PAGE][1] < start:
        start = meta[DICTIONARY_PAGE][1]
    return start, meta[COMPRESSED][1]


def _traits(handle: int, metas: Sequence[Struct], chunks: Sequence[Struct]) -> Traits:
    metas = [meta for meta in metas if meta[VALUES][1]] or metas  # an empty one says nothing
    codecs = Counter(meta[CODEC][1] for meta in metas)
    return Traits(
        codecs=tuple(codec for codec, _ in codecs.most_common()) or (0,),
        dictionary=bool(metas)
        and all(_dictionary_pays(handle, m) for m in metas[:: max(1, len(metas) // _LOOKED_INTO)]),
        encoding=_encoding(metas),
        statistics=any(STATISTICS in meta for meta in metas),
        bounds=any(_BOUNDS & meta[STATISTICS][1].keys() for meta in metas if STATISTICS in meta),
        page_index=any(4 in chunk or 6 in chunk for chunk in chunks),
        bloom_filter=any(BLOOM_FILTER in meta for meta in metas),
        key_values=any(KEY_VALUES in meta for meta in metas),
    )


def _dictionary_pays(handle: int, meta: Struct) -> bool:
    """Whether a chunk has a dictionary, used by most pages, of at most half as many values.

    A writer tries a dictionary on links and hashes too and gives it up after the first
    megabyte: to do so again would cost a tenth of the time and save nothing.
    """
    coded = [page for page in _data_pages(meta) if page[2][1] in _DICTIONARY]
    encodings = meta[ENCODINGS][1][1]
    if ENCODING_COUNTS in meta:
        pages = sum(page[3][1] for page in _data_pages(meta))
        if 2 * sum(page[3][1] for page in coded) <= pages:
            return False
    elif not _DICTIONARY & set(encodings):
        return False
    header, _ = read_page_header(handle, chunk_range(meta)[0])
    return 7 in header and 2 * header[7][1][1][1] <= meta[VALUES][1]


def _data_pages(meta: Struct) -> list[Struct]:
    """How many pages of which encoding: PageEncodingStats of data pages."""
    stats: Iterable[Struct] = meta[ENCODING_COUNTS][1][1] if ENCODING_COUNTS in meta else ()
    return [page for page in stats if page[1][1] in (0, 3)]


def _encoding(metas: Sequence[Struct]) -> int:
    """An encoding that shrinks values and that all groups looked at use; else PLAIN."""
    used = [_KEPT & set(meta[ENCODINGS][1][1]) for meta in metas]
    shared = frozenset.intersection(*used) if used else frozenset()
    return min(shared, default=PLAIN)


def read_page_header(handle: int, offset: int) -> tuple[Struct, int]:
    """The header of the page at `offset`, and its length. Raises ThriftError if it is none."""
    short, long = _HEADER_BYTES
    try:
        return read_struct(os.pread(handle, short, offset))
    except ThriftError:
        return read_struct(os.pread(handle, long, offset))


def first_data_page(handle: int, meta: Struct) -> tuple[Struct, int]:
    """The header of a chunk's first page of values, and where it is, found page by page.

    Raises ThriftError where there is none.
    """
    place, size = chunk_range(meta)
    end = place + size
    while place < end:
        header, length = read_page_header(handle, place)
        if header[1][1] in _DATA_PAGES:
            return header, place
        if header[3][1] < 0:
            break
        place += length + header[3][1]
    raise ThriftError("has a column without a page of values")


def chunk_bytes(handle: int, meta: Struct) -> int:
    """Bytes of a chunk's values once they are decoded, as far as can be told.

    A dictionary of a few long values may stand for gigabytes: the chunk itself then says
    little, unless the writer noted the size (SizeStatistics), or each value is like those of
    the dictionary.
    """
    found: int = meta[UNCOMPRESSED][1]
    if _SIZES in meta and 1 in meta[_SIZES][1]:
        found = max(found, int(meta[_SIZES][1][1][1]))
    if _DICTIONARY & set(meta[ENCODINGS][1][1]) and meta[VALUES][1]:
        try:
            header, _ = read_page_header(handle, chunk_range(meta)[0])
            if 7 in header and header[7][1][1][1] > 0:
                found = max(found, header[2][1] * meta[VALUES][1] // header[7][1][1][1])
        except (ThriftError, KeyError, TypeError):  # whoever reads the values says so
            return found
    return found


# -- What a footer must not say, lest pyarrow end the whole process when it is asked -----------
# `ColumnChunkMetaData` throws where Cython lets nothing be thrown through: a C++ exception there
# ends the program. So what it would stumble on is looked for before.

_META, _TYPE = 3, 1  # of a ColumnChunk, of its ColumnMetaData
_UNENCODED, _REPETITION, _DEFINITION = 1, 2, 3  # of SizeStatistics
_REPETITION_TYPE, _LOGICAL = 3, 10  # of a SchemaElement


def check_sound(footer: Footer) -> None:
    """Refuse a footer whose chunks have other types or counts of levels than its schema.

    Or other counts of values than rows: readers then stop at one of the two.

    Levels of columns inside others are not looked at: they play no role, so nothing is asked
    of them. Raises DamagedError.
    """
    for leaf in footer.leaves:
        if _LOGICAL in leaf.element and not isinstance(leaf.element[_LOGICAL][1], dict):
            raise damaged(footer.path, "a column's type is none")
    for index in range(len(footer.groups)):
        for leaf, chunk in zip(footer.leaves, footer.chunks(index), strict=True):
            try:
                meta = chunk[_META][1]
                sound = meta[_TYPE][1] == leaf.type and (
                    leaf.nested
                    or (meta[VALUES][1] == footer.groups[index].rows and _is_flat(leaf, meta))
                )
            except (KeyError, TypeError, IndexError):
                sound = False
            if not sound:
                raise damaged(footer.path, "a column chunk is not what its schema says")


def _is_flat(leaf: Leaf, meta: Struct) -> bool:
    sizes: Struct = meta[_SIZES][1] if _SIZES in meta else {}
    repetition = leaf.element[_REPETITION_TYPE][1] if _REPETITION_TYPE in leaf.element else 0
    levels = {
        _REPETITION: int(repetition == REPEATED),
        _DEFINITION: int(repetition in (OPTIONAL, REPEATED)),
    }
    for field, highest in levels.items():
        if field in sizes and len(sizes[field][1][1]) not in (0, highest + 1):
            return False
    return _UNENCODED not in sizes or leaf.type == BYTE_ARRAY
