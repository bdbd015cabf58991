"""Reading a parquet file's footer field by field, with nothing interpreted away."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from relaion.errors import DamagedError
from relaion.paths import shown
from relaion.shards.imposters import HEAD, told
from relaion.shards.metadata import ENCRYPTION, GROUPS, MAGIC, SCHEMA, Footer, Group, damaged
from relaion.shards.thrift import (
    LIST,
    STRUCT,
    Struct,
    ThriftError,
    read_field,
    read_list_head,
    read_value,
    skip_struct,
)

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
    groups: list[Group] = []
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


def _locate_groups(data: bytes, pos: int) -> tuple[list[Group], int]:
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
        groups.append(Group(found[3], found.get(2, 0), start, pos))
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
