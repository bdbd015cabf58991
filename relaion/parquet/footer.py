"""Footers of parquet files: read field by field, checked, and written over new row groups."""

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from relaion.errors import DamagedError
from relaion.parquet.metadata import (
    BYTE_ARRAY,
    CREATED_BY,
    ENCRYPTION,
    GROUPS,
    KEY_VALUES,
    MAGIC,
    OPTIONAL,
    ORDERS,
    REPEATED,
    ROWS,
    SCHEMA,
    VERSION,
    Footer,
    Leaf,
    RowGroup,
    damaged,
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
    read_field,
    read_list_head,
    read_value,
    skip_struct,
    write_struct,
)
from relaion.paths import shown

# -- What a file is that is named like a shard and is no parquet file, and what to do about it --

HEAD = 512  # bytes that are looked at; a tar tells its kind behind byte 257

# how a file begins -> what it is, and what to do; the first that fits is told
_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file", "run git lfs pull"),
    (b"/annex/objects/", "a git-annex pointer, not the file", "run git annex get"),
    (b"\x1f\x8b", "a gzip file", "unpack it first (gunzip)"),
    (b"PK\x03\x04", "a zip archive", "unpack it first (unzip)"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "unpack it first (unzstd)"),
    (b"BZh", "a bzip2 file", "unpack it first (bunzip2)"),
    (b"\xfd7zXZ\0", "an xz file", "unpack it first (unxz)"),
    (b"\x04\x22\x4d\x18", "an lz4 file", "unpack it first (unlz4)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (b"ARROW1", "an Arrow (Feather) file", "write it as parquet first"),
    (b"FEA1", "a Feather file", "write it as parquet first"),
    (b"\xff\xff\xff\xff", "an Arrow stream", "write it as parquet first"),
    (b"ORC", "an ORC file", "write it as parquet first"),
    (b"Obj\x01", "an Avro file", "write it as parquet first"),
    (b"SQLite format 3\0", "an SQLite database", "write its table as parquet first"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "write it as parquet first"),
    (b"\x93NUMPY", "a NumPy array", "it holds no links and captions; leave it out"),
)
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<!--")


def told(head: bytes, size: int) -> str:
    """What a file is by its first `HEAD` bytes, and what to do; quotes nothing of it."""
    if not size:
        return "an empty file (0 bytes): get it again"
    for start, what, advice in _STARTS:
        if head.startswith(start):
            return f"{what}: {advice}"
    if head[257:262] == b"ustar":
        return "a tar archive: unpack it first"
    if head[8:12] == b"DUCK":
        return "a DuckDB database: write its table as parquet first"
    if not head.strip(b"\0"):
        return "filled with zeros where it should begin (a download that broke off): get it again"
    return _told_of_text(head) or "something unknown (it does not begin with PAR1): get it again"


def _told_of_text(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_PAGES):
        return "a web page (HTML: of an error, or to log in): download the file itself"
    if text.startswith(b"<"):
        return "XML (a store's message of an error?): download the file itself"
    if text.startswith((b"{", b"[")):
        return "JSON: write it as parquet first, or download the file itself"
    try:
        words = head.decode("utf-8")
    except UnicodeDecodeError as e:
        if e.start < len(head) - 3:  # else a letter that was cut off by where we stopped
            return ""
        words = head[: e.start].decode("utf-8")
    if all(c.isprintable() or c in "\t\r\n" for c in words):
        return "text (CSV or TSV?): write it as parquet first"
    return ""


# -- What a footer must not say, lest pyarrow end the whole process when it is asked -----------
# `ColumnChunkMetaData` throws where Cython lets nothing be thrown through: a C++ exception there
# ends the program. So what it would stumble on is looked for before.

_META = 3  # of a ColumnChunk
_TYPE, _VALUES, _SIZES = 1, 5, 16  # of its ColumnMetaData
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
                    leaf.nested or _is_flat(leaf, meta, footer.groups[index].rows)
                )
            except (KeyError, TypeError, IndexError):
                sound = False
            if not sound:
                raise damaged(footer.path, "a column chunk is not what its schema says")


def _is_flat(leaf: Leaf, meta: Struct, rows: int) -> bool:
    sizes = meta[_SIZES][1] if _SIZES in meta else {}
    return bool(meta[_VALUES][1] == rows and _fits(leaf, sizes))


def _fits(leaf: Leaf, sizes: Struct) -> bool:
    repetition = leaf.element[_REPETITION_TYPE][1] if _REPETITION_TYPE in leaf.element else 0
    levels = {
        _REPETITION: int(repetition == REPEATED),
        _DEFINITION: int(repetition in (OPTIONAL, REPEATED)),
    }
    for field, highest in levels.items():
        if field in sizes and len(sizes[field][1][1]) not in (0, highest + 1):
            return False
    return _UNENCODED not in sizes or leaf.type == BYTE_ARRAY


# -- Reading a parquet file's footer field by field, with nothing interpreted away -------------

__all__ = ["Footer", "read_footer"]

MAGIC_ENCRYPTED = b"PARE"


def read_footer(path: Path) -> Footer:
    """Read a parquet file's footer.

    Raises DamagedError, in one line, for a file that cannot be opened, is no parquet file, is
    cut off, is encrypted, or whose footer is malformed or contradicts itself.
    """
    data, size = _footer_bytes(path)
    return _footer(path, data, size)


@lru_cache(16)
def _footer(path: Path, data: bytes, size: int) -> Footer:
    """Parse a footer; a run asks for that of one file a dozen times, and it is read anew each."""
    try:
        footer = _parse(path, data, size)
        _check(footer)
    except ThriftError as e:
        raise damaged(path, f"its footer {e}") from None
    except IndexError:
        raise damaged(path, "its footer ends too early") from None
    except (KeyError, TypeError, RecursionError):
        raise damaged(path, "its footer lacks what a footer must have") from None
    return footer


def _footer_bytes(path: Path) -> tuple[bytes, int]:
    try:
        with path.open("rb") as f:
            size = os.fstat(f.fileno()).st_size
            head = f.read(HEAD)
            f.seek(max(size - 8, 0))
            tail = f.read(8)
            length = int.from_bytes(tail[:4], "little")
            f.seek(max(size - 8 - length, 0))
            data = f.read(length)
    except OSError as e:
        raise DamagedError(
            f"{shown(path)}: cannot be read ({e.strerror}); check the file"
        ) from None
    if MAGIC_ENCRYPTED in (head[:4], tail[4:]):
        raise _encrypted(path)
    if head[:4] != MAGIC:
        if tail[4:] == MAGIC and size > 12:
            raise DamagedError(f"{shown(path)}: has lost its beginning; get it again")
        raise DamagedError(f"{shown(path)}: is not a parquet file but {told(head, size)}")
    if tail[4:] != MAGIC or length > size - 12:
        raise DamagedError(
            f"{shown(path)}: is a parquet file that was cut off ({size} bytes, no whole footer "
            "at its end); get it again"
        )
    return data, size


def _encrypted(path: Path) -> DamagedError:
    return DamagedError(
        f"{shown(path)}: is an encrypted parquet file; decrypt it first, for it cannot be matched"
    )


def _parse(path: Path, data: bytes, size: int) -> Footer:
    """Read every field of the footer; row groups are only located, a file can have thousands."""
    fields: Struct = {}
    groups: list[RowGroup] = []
    groups_at = (0, 0)
    pos = number = 0
    while data[pos]:
        number, kind, pos = read_field(data, pos, number)
        if number == GROUPS:
            groups, end = _locate_groups(data, pos)
            groups_at, pos = (pos, end), end
        else:
            value, pos = read_value(data, pos, kind)
            fields[number] = (kind, value)
    return Footer(path, size, data, fields, tuple(groups), groups_at)


def _locate_groups(data: bytes, pos: int) -> tuple[list[RowGroup], int]:
    kind, count, pos = read_list_head(data, pos)
    if count and kind != STRUCT:
        raise ThriftError("has row groups that are none")
    groups = []
    for _ in range(count):
        start = pos
        found: dict[int, Any] = {}
        number = 0
        while data[pos]:
            number, kind, pos = read_field(data, pos, number)
            if number == 1:
                pos = _skip_chunks(data, pos)
            else:
                found[number], pos = read_value(data, pos, kind)
        pos += 1
        groups.append(RowGroup(found[3], found.get(2, 0), start, pos))
    return groups, pos


def _skip_chunks(data: bytes, pos: int) -> int:
    _, count, pos = read_list_head(data, pos)
    for _ in range(count):
        pos = skip_struct(data, pos)
    return pos


def _check(footer: Footer) -> None:
    """Refuse what contradicts itself before anything is decoded or written."""
    if ENCRYPTION in footer.fields:
        raise _encrypted(footer.path)
    if footer.fields[SCHEMA][0] != LIST or not footer.elements or not footer.leaves:
        raise ThriftError("has no columns")
    for key, _ in footer.key_values:
        if not isinstance(key, bytes):
            raise ThriftError("has key-value pairs that are none")
    counts = [group.rows for group in footer.groups]
    if min(counts, default=0) < 0 or sum(counts) != footer.rows:
        raise ThriftError(f"counts {footer.rows} rows, its row groups {sum(counts)}")


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
