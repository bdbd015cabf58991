"""What a parquet footer says: its schema, row groups and metadata, as they stand.

pyarrow's model of a footer loses what a faithful copy needs: the order of key-value pairs,
the names of groups inside lists, INT96 beside INT64, annotations it does not know. Source:
parquet.thrift of the Parquet format, version 2.12.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from relaion.errors import DamagedError
from relaion.parquet.thrift import (
    I32,
    Struct,
    ThriftError,
    read_field,
    read_list_head,
    read_struct,
    read_value,
    skip_struct,
)
from relaion.paths import shown

MAGIC = b"PAR1"
REQUIRED, OPTIONAL, REPEATED = range(3)
BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, FIXED = range(8)

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
    """A row group: its rows, its bytes before compression, its struct's place in the footer."""

    rows: int
    bytes: int
    start: int
    end: int


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
        return _chunks(self, group)

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

    def group(self, index: int) -> Struct:
        """One row group as it stands. Raises InputError when it is no row group."""
        try:
            found, _ = read_struct(self.data, self.groups[index].start)
            if len(found[1][1][1]) != len(self.leaves):
                raise ThriftError
        except (ThriftError, KeyError, TypeError, IndexError):
            raise damaged(self.path, "a row group is not what its schema says") from None
        return found


@lru_cache(64)  # a check asks for those of one row group ten times
def _chunks(footer: Footer, group: int) -> list[Struct]:
    found: list[Struct] = footer.group(group)[1][1][1]
    return found


def damaged(path: Path, why: str) -> DamagedError:
    """The error for a file that cannot be trusted; says why in words, never with a value."""
    return DamagedError(f"{shown(path)}: the parquet file is damaged ({why}); get a fresh copy")


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
