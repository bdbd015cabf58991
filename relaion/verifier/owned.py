"""Does every byte of a shard that clean wrote belong to a page, an index, a filter or the footer?

A parquet reader goes where the footer sends it, and never sees what lies between. Nor does it
show fields that it does not know.
"""

import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from relaion.errors import InputError
from relaion.parquet.footer import Footer, read_footer
from relaion.parquet.metadata import CREATED_BY, GROUPS
from relaion.parquet.storage import BLOOM_FILTER, chunk_range, read_page_header
from relaion.parquet.thrift import LIST, STRUCT, Struct, ThriftError, write_struct
from relaion.verifier.verdict import Notes

# fields that the format knows, by struct; encryption is refused elsewhere
_OF_FILE, _OF_GROUP, _OF_CHUNK = frozenset(range(1, 8)), frozenset(range(1, 8)), {2, 3, 4, 5, 6, 7}
_OF_META, _OF_PAGE = frozenset(range(1, 18)), frozenset(range(1, 9))
_OF_STATISTICS, _OF_SIZES, _OF_PAIR = frozenset(range(1, 9)), frozenset(range(1, 4)), {1, 2}
_KEY_VALUES, _STATISTICS, _SIZES, _BLOOM_LENGTH = 8, 12, 16, 15
_WRITER = re.compile(rb"parquet-cpp-arrow version [0-9]{1,4}(?:\.[0-9]{1,4}){2}[0-9A-Za-z.-]{0,20}")
Span = tuple[int, int]


def check_owned(path: Path, where: str, source: Path | None, notes: Notes) -> None:
    """Find bytes and fields of an output that no reader shows; `source`: its input, if given."""
    try:
        footer = read_footer(path)
        if not all(group.rows for group in footer.groups):
            return  # pages of a row group without rows lie where each writer likes
        allowed = _chunk_pairs(read_footer(source)) if source is not None else None
        for what in _differences(footer, allowed):
            notes.find("4", where, what)
    except (ThriftError, InputError, KeyError, TypeError, IndexError, OSError):
        notes.find("4", where, "its pages and indexes are not where its footer says")


def _differences(footer: Footer, allowed: set[bytes] | None) -> Iterator[str]:
    groups = [footer.group(i) for i in range(len(footer.groups))]
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
    place, size = chunk_range(meta)
    end = place + size
    while place < end:
        header, length = read_page_header(handle, place)
        if set(header) - _OF_PAGE or os.pread(handle, length, place) != write_struct(header):
            raise ThriftError("has a page with more than a page has")
        if header[3][1] < 0:
            raise ThriftError("has a page that is none")
        yield place, place + length + header[3][1]
        place += length + header[3][1]
    if place != end:
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
        if _STATISTICS in meta and set(meta[_STATISTICS][1]) - _OF_STATISTICS:
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
