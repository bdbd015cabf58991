"""Row groups that lose no row, carried over byte for byte: ten times faster than encoding them.

Only places change (where a chunk, its indexes and its filter lie); what is in them, and how
it is compressed, stays. A group is first walked page by page, since some old writers noted
wrong lengths.
"""

import os
from collections.abc import Iterator, Sequence
from typing import IO

from relaion.parquet.footer import (
    CREATED_BY,
    GROUPS,
    KEY_VALUES,
    ORDERS,
    ROWS,
    SCHEMA,
    VERSION,
    Footer,
    damaged,
)
from relaion.parquet.mended import hides_any
from relaion.parquet.row_groups import reading
from relaion.parquet.storage import (
    BLOOM_FILTER,
    DATA_PAGE,
    DICTIONARY_PAGE,
    STATISTICS,
    VALUES,
    chunk_range,
    column_metas,
    first_data_page,
    read_page_header,
)
from relaion.parquet.thrift import (
    BINARY,
    I16,
    I32,
    I64,
    LIST,
    STRUCT,
    Struct,
    ThriftError,
    read_struct,
    write_struct,
)

MIN_ROWS = 32_768  # smaller groups are better joined than kept
_BLOCK = 4 << 20
_INDEX_PAGE, _BLOOM_LENGTH = 10, 15
_OFFSET_INDEX, _COLUMN_INDEX = 4, 6  # of a ColumnChunk; their lengths are one further on
_TRUSTED = frozenset({3, 4, 5, 6, 7, 8})  # of Statistics; 1 and 2 were wrong in old writers
_COUNTS = frozenset({3, 4})


class Copier:
    """Carries row groups of one source over to any number of targets."""

    def __init__(self, footer: Footer, source: IO[bytes]) -> None:
        """Begin; `source` is the open file, which is read by position only."""
        self._footer = footer
        self._handle = source.fileno()
        self._is_whole: dict[int, bool] = {}
        self._ordered = _are_plain_orders(footer)
        self._hides: bool | None = None

    def can_copy(self, index: int) -> bool:
        """Whether a row group is worth copying, and is what its footer says page by page.

        None is of a file whose footer denies values that are there: it is not passed on.
        """
        if self._footer.groups[index].rows < MIN_ROWS or self._ordered is None:
            return False
        if self._hides is None:
            self._hides = hides_any(self._footer.path)
        if self._hides:
            return False
        if index not in self._is_whole:
            metas = column_metas(self._footer, self._footer.group(index))
            self._is_whole[index] = all(self._adds_up(meta) for meta in metas)
        return self._is_whole[index]

    def _adds_up(self, meta: Struct) -> bool:
        """Whether a chunk's pages fill it exactly, and where its filter ends is known."""
        if BLOOM_FILTER in meta and _BLOOM_LENGTH not in meta:
            return False
        place, size = chunk_range(meta)
        end = place + size
        try:
            if meta[VALUES][1]:
                first_data_page(self._handle, meta)
            while place < end:
                header, length = read_page_header(self._handle, place)
                place += length + header[3][1]
                if header[3][1] < 0:
                    return False
        except (ThriftError, KeyError, TypeError, OSError):
            return False
        return place == end

    def copy(self, index: int, sink: IO[bytes]) -> Struct:
        """Write a row group's pages to `sink`; returns its struct with their new places.

        Page indexes lie elsewhere in a file: `copy_indexes` carries them over at the end.
        """
        group = self._footer.group(index)
        chunks = group[1][1][1]
        group[5] = (I64, sink.tell())
        for chunk in chunks:
            meta = chunk[3][1]
            start, size = chunk_range(meta)
            moved = sink.tell() - start
            self._pass(start, size, sink)
            if start < meta[DATA_PAGE][1] and meta[VALUES][1]:  # where it is, not where it is said
                meta[DATA_PAGE] = (I64, first_data_page(self._handle, meta)[1])
            for field in (DATA_PAGE, _INDEX_PAGE, DICTIONARY_PAGE):
                if field in meta and meta[field][1] > 0:
                    meta[field] = (I64, meta[field][1] + moved)
            if chunk[2][1] > 0:
                chunk[2] = (I64, chunk[2][1] + moved)
            self._keep_statistics(meta)
            if BLOOM_FILTER in meta:
                place = sink.tell()
                self._pass(meta[BLOOM_FILTER][1], meta[_BLOOM_LENGTH][1], sink)
                meta[BLOOM_FILTER] = (I64, place)
        return group

    def _keep_statistics(self, meta: Struct) -> None:
        if STATISTICS in meta:
            kept = _TRUSTED if self._ordered else _COUNTS
            kind, found = meta[STATISTICS]
            meta[STATISTICS] = (kind, {k: v for k, v in found.items() if k in kept})

    def _pass(self, start: int, size: int, sink: IO[bytes]) -> None:
        for block in self._blocks(start, size):
            sink.write(block)

    def _blocks(self, start: int, size: int) -> Iterator[bytes]:
        while size > 0:
            with reading(self._footer.path):
                block = os.pread(self._handle, min(size, _BLOCK), start)
            if not block:
                raise damaged(self._footer.path, "it ends before its pages do")
            yield block
            start, size = start + len(block), size - len(block)

    def copy_indexes(self, groups: Sequence[tuple[int, Struct]], sink: IO[bytes]) -> None:
        """Write the page indexes of copied groups (their number in the source, their struct)."""
        for index, group in groups:
            before = self._footer.chunks(index)
            for old, chunk in zip(before, group[1][1][1], strict=True):
                moved = chunk_range(chunk[3][1])[0] - chunk_range(old[3][1])[0]
                for field in (_COLUMN_INDEX, _OFFSET_INDEX):
                    if field in old and field + 1 in old:
                        data = self._index(old, field, moved)
                        chunk[field] = (I64, sink.tell())
                        chunk[field + 1] = (I32, len(data))
                        sink.write(data)
                    else:
                        chunk.pop(field, None)

    def _index(self, chunk: Struct, field: int, moved: int) -> bytes:
        data = b"".join(self._blocks(chunk[field][1], chunk[field + 1][1]))
        if field == _COLUMN_INDEX:
            return data
        try:
            index, _ = read_struct(data)
            for location in index[1][1][1]:
                location[1] = (I64, location[1][1] + moved)
        except (ThriftError, KeyError, TypeError):
            raise damaged(self._footer.path, "a page index is not one") from None
        return write_struct(index)


def _are_plain_orders(footer: Footer) -> bool | None:
    """True: columns have the order of their types; False: none is said; None: another one."""
    if ORDERS not in footer.fields:
        return False
    orders = footer.fields[ORDERS][1][1]
    return True if all(set(order) == {1} for order in orders) else None


# -- A rewritten shard's footer: the source's schema and metadata over the new row groups ------

_MAX_ORDINAL = 32_767  # of a row group: a 16-bit field that may be left out


def restored(group: Struct, source: Footer) -> Struct:
    """A row group that pyarrow wrote, its columns named and typed as in the source again."""
    for chunk, leaf in zip(group[1][1][1], source.leaves, strict=True):
        meta = chunk[3][1]
        meta[1] = (I32, leaf.type)
        meta[3] = (LIST, (BINARY, list(leaf.path)))
    return group


def final_footer(source: Footer, written: Footer, groups: Sequence[Struct]) -> bytes:
    """The footer of a shard that holds `groups`; `written` is what pyarrow put there."""
    for ordinal, group in enumerate(groups):
        group.pop(7, None)
        if ordinal <= _MAX_ORDINAL:
            group[7] = (I16, ordinal)
    fields = {k: source.fields[k] for k in (VERSION, SCHEMA, KEY_VALUES) if k in source.fields}
    fields |= {k: written.fields[k] for k in (CREATED_BY, ORDERS) if k in written.fields}
    fields[ROWS] = (I64, sum(group[3][1] for group in groups))
    fields[GROUPS] = (LIST, (STRUCT, list(groups)))
    return write_struct(fields)
