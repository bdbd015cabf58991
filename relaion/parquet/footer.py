"""What a parquet footer says, field by field: its schema, row groups and metadata, as they stand.

pyarrow's model of a footer loses what a faithful copy needs: the order of key-value pairs,
the names of groups inside lists, INT96 beside INT64, annotations it does not know. Source:
parquet.thrift of the Parquet format, version 2.12.
"""

import os
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from relaion.errors import DamagedError
from relaion.parquet.thrift import (
    I32,
    LIST,
    STRUCT,
    Struct,
    ThriftError,
    read_field,
    read_list_head,
    read_struct,
    read_value,
    skip_struct,
)
from relaion.paths import shown
from relaion.paths.to_parquet import to_parquet
from relaion.remote.standing import HEAD, need, need_ends

MAGIC, ENCRYPTED_MAGIC = MAGICS = b"PAR1", b"PARE"  # how a file begins and ends
REQUIRED, OPTIONAL, REPEATED = range(3)
BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, FIXED = range(8)

_SMALL = 1 << 20  # bytes of a footer that may be kept beside others

# fields of FileMetaData
VERSION, SCHEMA, ROWS, GROUPS, KEY_VALUES, CREATED_BY, ORDERS, ENCRYPTION = range(1, 9)


@dataclass(frozen=True)
class Leaf:
    """A column that holds values: one per plain column, more below a struct or a map."""

    path: tuple[bytes, ...]
    element: Struct
    nested: bool

    @property
    def name(self) -> str:
        """Its path in the schema, joined by dots."""
        return b".".join(self.path).decode("utf-8", "backslashreplace")

    @property
    def type(self) -> int:
        """Its physical type, one of the constants above."""
        return int(self.element[1][1])


@dataclass(frozen=True)
class RowGroup:
    """A row group: its rows, its bytes before compression, its struct's place in the footer.

    `only` is the struct itself where there is no other one: each look at a small file needs it.
    """

    rows: int
    bytes: int
    start: int
    end: int
    only: Struct | None = None


@dataclass(frozen=True, eq=False)
class Footer:
    """What a parquet file says of itself. `data` is the footer's own bytes."""

    path: Path
    size: int
    data: bytes
    fields: Struct  # all but the row groups
    groups: tuple[RowGroup, ...]
    groups_at: tuple[int, int]  # where the list of row groups starts and ends in `data`

    @property
    def rows(self) -> int:
        """Rows of the file."""
        return int(self.fields[ROWS][1])

    @property
    def start(self) -> int:
        """Where the footer starts in the file; every page lies before it."""
        return self.size - 8 - len(self.data)

    @property
    def elements(self) -> list[Struct]:
        """The schema's tree, flattened: the root, then each group before its members."""
        found: list[Struct] = self.fields[SCHEMA][1][1]
        return found

    @property
    def key_values(self) -> list[tuple[bytes, bytes | None]]:
        """The key-value metadata: every pair, in order, a key twice if it is there twice."""
        if KEY_VALUES not in self.fields:
            return []
        pairs = self.fields[KEY_VALUES][1][1]
        return [(pair[1][1], pair[2][1] if 2 in pair else None) for pair in pairs]

    @property
    def created_by(self) -> bytes:
        """Which program wrote the file, as it says."""
        found: bytes = self.fields[CREATED_BY][1] if CREATED_BY in self.fields else b""
        return found

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """The columns that hold values, in the order in which row groups store them."""
        found: list[Leaf] = []
        _collect(self.elements, 0, (), found)
        return tuple(found)

    def chunks(self, group: int) -> list[Struct]:
        """The column chunks of one row group, in the order of `leaves`; to look at only."""
        found: list[Struct] = self.seen_group(group)[1][1][1]
        return found

    def some_chunks(self, group: int, leaves: Collection[int]) -> dict[int, Struct]:
        """Some column chunks of one row group by place; to pass over the others is cheap."""
        found: dict[int, Struct] = {}
        try:
            pos, number = self.groups[group].start, 0
            while number != 1:
                number, kind, pos = read_field(self.data, pos, number)
                if number != 1:
                    _, pos = read_value(self.data, pos, kind)
            _, count, pos = read_list_head(self.data, pos)
            for place in range(count):
                if place in leaves:
                    found[place], pos = read_struct(self.data, pos)
                else:
                    pos = skip_struct(self.data, pos)
        except (ThriftError, KeyError, TypeError, IndexError):
            raise damaged(self.path, "a row group is not what its schema says") from None
        return found

    def seen_group(self, index: int) -> Struct:
        """One row group as it stands; to look at only."""
        only = self.groups[index].only
        if only is not None:
            return self._sound(only)
        return (_group_of_small if len(self.data) <= _SMALL else _group_of_large)(self, index)

    def group(self, index: int) -> Struct:
        """One row group as it stands. Raises InputError when it is no row group."""
        try:
            found, _ = read_struct(self.data, self.groups[index].start)
        except (ThriftError, IndexError):
            found = {}
        return self._sound(found)

    def _sound(self, group: Struct) -> Struct:
        try:
            if len(group[1][1][1]) == len(self.leaves):
                return group
        except (KeyError, TypeError, IndexError):
            pass
        raise damaged(self.path, "a row group is not what its schema says")


def _group(footer: Footer, index: int) -> Struct:
    return footer.group(index)


# a check asks for those of one row group ten times; what is kept keeps its footer
_group_of_small, _group_of_large = lru_cache(64)(_group), lru_cache(4)(_group)


def damaged(path: Path, why: str) -> DamagedError:
    """The error for a file that cannot be trusted; says why in words, never with a value."""
    return DamagedError(f"{shown(path)}: the parquet file is damaged ({why}); get a fresh copy")


def refused(footer: Footer, error: Exception, why: str) -> DamagedError:
    """The error for a footer that is whole and that pyarrow does not take.

    `error` is pyarrow's own, of which nothing is quoted; `why` is said where it tells nothing more.
    """
    file = shown(footer.path)
    if "deeply nested" in str(error):
        return DamagedError(
            f"{file}: nests columns deeper than pyarrow reads; write it again without those "
            "columns, or leave the file out"
        )
    for leaf in footer.leaves:
        if leaf.type == FIXED and (6, (I32, 0)) in leaf.element.items():
            return DamagedError(
                f"{file}: column {shown(leaf.name)} is said to be text and of a fixed length "
                "(fastparquet's fixed_text), which parquet does not know; write it again as text"
            )
    return damaged(footer.path, why)


def _collect(
    elements: list[Struct],
    at: int,
    path: tuple[bytes, ...],
    found: list[Leaf],
    nested: bool = False,
) -> int:
    """Gather the leaves below the element `at`; returns the place of the element after them."""
    element = elements[at]
    children = element[5][1] if 5 in element else None
    if children is None or 1 in element:
        if element[1][0] != I32 or not 0 <= element[1][1] <= FIXED:
            raise ThriftError("has a column of no known type")
        # a few writers leave it out where a column is required
        repeated = 3 in element and element[3][1] == REPEATED
        found.append(Leaf(path, element, nested or repeated))
        return at + 1
    here, at = at, at + 1
    for _ in range(children):
        name = elements[at][4][1]
        at = _collect(elements, at, (*path, name), found, here > 0)
    return at


# -- What a file is that is named like a shard and is no parquet file, and what to do about it --

_HEAD = HEAD  # bytes that are looked at; a tar tells its kind behind byte 257

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
_JSON, _TEXT = "JSON", "text (CSV or TSV?)"
_OF_LINES = (_JSON, _TEXT, "a gzip file", "a zstd file")  # may be text lines, packed or not
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<!--")


def _told(head: bytes, size: int) -> str:
    """What a file is by its first `_HEAD` bytes, and what to do; quotes nothing of it."""
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
        return "filled with zeros where it should begin (a broken download): get it again"
    return _told_of_text(head) or "something unknown (it does not begin with PAR1): get it again"


def _told_of_text(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_PAGES):
        return "a web page (HTML: of an error, or to log in): download the file itself"
    if text.startswith(b"<"):
        return "XML (a store's message of an error?): download the file itself"
    if text.startswith((b"{", b"[")):
        return f"{_JSON}: write it as parquet first, or download the file itself"
    try:
        words = head.decode("utf-8")
    except UnicodeDecodeError as e:
        if e.start < len(head) - 3:  # else a letter that was cut off by where we stopped
            return ""
        words = head[: e.start].decode("utf-8")
    if all(c.isprintable() or c in "\t\r\n" for c in words):
        return f"{_TEXT}: write it as parquet first"
    return ""


# -- Reading a parquet file's footer field by field, with nothing interpreted away -------------


def read_footer(path: Path) -> Footer:
    """Read a parquet file's footer.

    Raises DamagedError, in one line, for a file that cannot be opened, is no parquet file, is
    cut off, is encrypted, or whose footer is malformed or contradicts itself.
    """
    held: dict[str, Footer] | None = getattr(_HERE, "footers", None)
    if held is not None and (found := held.get(os.fspath(path))) is not None:
        return found
    data, size = _footer_bytes(path)
    footer = (_small if len(data) <= _SMALL else _large)(path, data, size)
    if held is not None:
        held[os.fspath(path)] = footer
    return footer


_HERE = threading.local()


@contextmanager
def footers_held() -> Iterator[None]:
    """Read no footer twice in this thread: for who looks whether files were touched meanwhile."""
    before = getattr(_HERE, "footers", None)
    _HERE.footers = {} if before is None else before
    try:
        yield
    finally:
        _HERE.footers = before


def _footer(path: Path, data: bytes, size: int) -> Footer:
    """Parse a footer. Raises like `read_footer`."""
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


# a run asks for that of one file a dozen times, and reads its bytes each time
_small, _large = lru_cache(16)(_footer), lru_cache(1)(_footer)


def _footer_bytes(path: Path) -> tuple[bytes, int]:
    need_ends(path)
    try:
        with path.open("rb") as f:
            size = os.fstat(f.fileno()).st_size
            head = f.read(_HEAD)
            f.seek(max(size - 8, 0))
            tail = f.read(8)
            length = int.from_bytes(tail[:4], "little")
            need(path, [(size - 8 - length, size)])
            f.seek(max(size - 8 - length, 0))
            data = f.read(length)
    except OSError as e:
        raise DamagedError(
            f"{shown(path)}: cannot be read ({e.strerror}); check the file"
        ) from None
    if ENCRYPTED_MAGIC in (head[:4], tail[4:]):
        raise _encrypted(path)
    if head[:4] != MAGIC:
        if tail[4:] == MAGIC and size > 12:
            raise DamagedError(f"{shown(path)}: has lost its beginning; get it again")
        what, _, todo = _told(head, size).partition(": ")
        known = head if what in (_JSON, _TEXT) else b""
        if what in _OF_LINES and (command := to_parquet(path, known)):
            todo = f"to make one of it: {command}"
        raise DamagedError(f"{shown(path)}: is not a parquet file but {what}: {todo}")
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
    if count == 1:
        only, end = read_struct(data, pos)
        size = only[2][1] if 2 in only else 0
        return [RowGroup(only[3][1], size, pos, end, only)], end
    groups = []
    for _ in range(count):
        start = pos
        found: dict[int, Any] = {}
        number = 0
        while data[pos]:
            number, kind, pos = read_field(data, pos, number)
            if number == 1:
                _, chunks, pos = read_list_head(data, pos)
                for _ in range(chunks):
                    pos = skip_struct(data, pos)
            else:
                found[number], pos = read_value(data, pos, kind)
        pos += 1
        groups.append(RowGroup(found[3], found.get(2, 0), start, pos))
    return groups, pos


def _check(footer: Footer) -> None:
    """Refuse what contradicts itself before anything is decoded or written."""
    if ENCRYPTION in footer.fields:
        raise _encrypted(footer.path)
    if footer.fields[SCHEMA][0] != LIST or not footer.elements or not footer.leaves:
        if footer.fields[SCHEMA][0] == LIST and len(footer.elements) == 1:
            raise DamagedError(
                f"{shown(footer.path)}: has no columns, so there is nothing in it to compare; "
                "leave the file out"
            )
        raise ThriftError("has no columns")
    for key, _ in footer.key_values:
        if not isinstance(key, bytes):
            raise ThriftError("has key-value pairs that are none")
    counts = [group.rows for group in footer.groups]
    if min(counts, default=0) < 0 or sum(counts) != footer.rows:
        raise ThriftError(f"counts {footer.rows} rows, its row groups {sum(counts)}")
