"""Footers that say of values what is not so: for any table, any column, any row groups."""

from collections.abc import Callable, Collection
from pathlib import Path

import pyarrow.parquet as pq

from relaion.parquet.footer import read_footer
from relaion.parquet.thrift import BINARY, I32, I64, LIST, STRUCT, Struct, read_struct, write_struct
from tests.parquet_writers import edit_footer

META, STATISTICS, VALUES, BLOOM = 3, 12, 5, 14
NULLS, DISTINCT, BOUNDS = 3, 4, {"min": 6, "max": 5, "old_min": 2, "old_max": 1}
Lie = Callable[[Path, int, Collection[int] | None], None]


def _each(path: Path, leaf: int, groups: Collection[int] | None, say: Callable[..., None]) -> None:
    def edit(footer: Struct) -> None:
        for place, group in enumerate(footer[4][1][1]):
            if groups is None or place in groups:
                meta = group[1][1][1][leaf][META][1]
                meta.setdefault(STATISTICS, (STRUCT, {}))
                say(meta[STATISTICS][1], meta)

    edit_footer(path, edit)


def all_null(path: Path, leaf: int, groups: Collection[int] | None = None) -> None:
    """Every value is NULL; bounds are left out, as a writer that believes it does."""

    def say(stats: Struct, meta: Struct) -> None:
        for field in BOUNDS.values():
            stats.pop(field, None)
        stats[NULLS] = (I64, meta[VALUES][1])

    _each(path, leaf, groups, say)


def no_null(path: Path, leaf: int, groups: Collection[int] | None = None) -> None:
    """No value is NULL."""
    _each(path, leaf, groups, lambda stats, _: stats.update({NULLS: (I64, 0)}))


def few_nulls(path: Path, leaf: int, groups: Collection[int] | None = None) -> None:
    """Another number of NULLs than there are: one fewer than values, or one more than none."""
    _each(path, leaf, groups, lambda stats, m: stats.update({NULLS: (I64, m[VALUES][1] - 1)}))


def narrow_bounds(path: Path, leaf: int, groups: Collection[int] | None = None) -> None:
    """All values equal the least of bytes, in both definitions of bounds; of one kind only."""
    kind = pq.read_schema(path).field(leaf).type
    low = b"\0" * {"float": 4, "double": 8, "int64": 8, "int32": 4}.get(str(kind), 1)
    _each(
        path, leaf, groups, lambda s, _: s.update({f: (BINARY, low) for f in BOUNDS.values()} |
                                                  {DISTINCT: (I64, 1), 7: (1, None), 8: (1, None)})
    )  # fmt: skip


def short_bounds(path: Path, leaf: int, groups: Collection[int] | None = None) -> None:
    """Bounds of no bytes, and more NULLs than values; pyarrow dies of such bounds of numbers."""

    def say(stats: Struct, meta: Struct) -> None:
        stats.update({field: (BINARY, b"") for field in BOUNDS.values()})
        stats[NULLS] = (I64, meta[VALUES][1] + 1)

    _each(path, leaf, groups, say)


def blank_bloom(path: Path, leaf: int, groups: Collection[int] | None = None) -> None:
    """The bloom filter holds nothing: the bits behind its header are zero."""
    footer = read_footer(path)
    data = bytearray(path.read_bytes())
    for place in range(len(footer.groups)):
        meta = footer.chunks(place)[leaf][META][1]
        if BLOOM in meta and (groups is None or place in groups):
            start = meta[BLOOM][1]
            header, after = read_struct(bytes(data[start:]))
            data[after + start : after + start + header[1][1]] = bytes(header[1][1])
    path.write_bytes(data)


def null_pages(path: Path, leaf: int, groups: Collection[int] | None = None) -> None:
    """The page index says that every page holds NULLs only; its length must not change."""
    footer = read_footer(path)
    data = bytearray(path.read_bytes())
    for place in range(len(footer.groups)):
        chunk = footer.chunks(place)[leaf]
        if 6 in chunk and (groups is None or place in groups):
            start, size = chunk[6][1], chunk[7][1]
            index, _ = read_struct(bytes(data[start : start + size]))
            pages = len(index[1][1][1])
            index[1] = (LIST, (index[1][1][0], [1] * pages))
            index[5] = (LIST, (index[5][1][0], index[5][1][1])) if 5 in index else (LIST, (6, []))
            said = write_struct(index)
            assert len(said) == size
            data[start : start + size] = said
    path.write_bytes(data)


def sorted_by(path: Path, leaf: int, groups: Collection[int] | None = None) -> None:
    """Row groups are said to be sorted by the column, which they are not."""

    def edit(footer: Struct) -> None:
        for place, group in enumerate(footer[4][1][1]):
            if groups is None or place in groups:
                group[4] = (LIST, (STRUCT, [{1: (I32, leaf), 2: (2, None), 3: (1, None)}]))

    edit_footer(path, edit)


def dictionary_only(path: Path, leaf: int, groups: Collection[int] | None = None) -> None:
    """All pages are said to be coded by the dictionary."""

    def say(_: Struct, meta: Struct) -> None:
        meta[13] = (LIST, (STRUCT, [{1: (I32, 0), 2: (I32, 8), 3: (I32, 1)}]))
        meta[2] = (LIST, (I32, [8, 3]))

    _each(path, leaf, groups, say)


LIES: dict[str, Lie] = {
    f.__name__: f
    for f in (
        all_null, no_null, few_nulls, narrow_bounds, short_bounds, blank_bloom, null_pages,
        sorted_by, dictionary_only,
    )
}  # fmt: skip
