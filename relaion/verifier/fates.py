"""What names the rows of one batch: a mask for every reason."""

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc


class FateLine(NamedTuple):
    """A reason for which rows leave; as the audit's table `removals` tells them apart."""

    reason_kind: str
    list_id: int | None = None
    kind: str | None = None
    form: str | None = None
    rule: str | None = None


class Fates:
    """For some rows: a mask for every reason that names at least one of them."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.inner_keys: set[str] = set()
        """Keys of links inside the rows' links that a list names."""
        self._rows: dict[FateLine, list[int]] = {}
        self._masks: dict[FateLine, pa.Array] = {}
        self._listed: set[tuple[int, int]] = set()

    def add(self, line: FateLine, row: int) -> None:
        """This row is named."""
        self._rows.setdefault(line, []).append(row)
        if line.reason_kind == "list" and line.list_id is not None:
            self._listed.add((line.list_id, row))

    def is_listed(self, row: int, list_id: int) -> bool:
        """Whether this list names this row by itself."""
        return (list_id, row) in self._listed

    def add_mask(self, line: FateLine, mask: pa.Array) -> None:
        """These rows are named; a mask without nulls."""
        if mask.true_count:
            self._masks[line] = mask

    def listed(self) -> dict[int, list[int]]:
        """Row to the lists that name it by themselves."""
        found: dict[int, list[int]] = {}
        for list_id, row in sorted(self._listed):
            found.setdefault(row, []).append(list_id)
        return found

    @cached_property
    def masks(self) -> dict[FateLine, pa.Array]:
        """Reason to mask. Ask only when everything is added."""
        return self._masks | {line: mask_of(self.n, rows) for line, rows in self._rows.items()}


def mask_of(n: int, rows: Iterable[int]) -> pa.Array:
    """A boolean array of n rows, true at the given ones."""
    flags = bytearray(n)
    for row in rows:
        flags[row] = 1
    return pc.cast(pa.Array.from_buffers(pa.uint8(), n, [None, pa.py_buffer(flags)]), pa.bool_())
