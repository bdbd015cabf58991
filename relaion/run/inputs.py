"""The inputs of a run: shards found, read, grouped and numbered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.paths import find_shards, shown
from relaion.run.numbering import Numbered, number
from relaion.shards.layout import group_shards, read_shard
from relaion.shards.mixed import mixed_notices


@dataclass(frozen=True)
class Inputs:
    """Shards in order of number, and what a user should hear about them."""

    shards: tuple[Numbered, ...]
    notices: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Rows of all shards."""
        return sum(n.shard.rows for n in self.shards)

    @property
    def rows_by_subset(self) -> dict[str, int]:
        """Rows of each subset, by its name as people see it."""
        found: dict[str, int] = {}
        for n in self.shards:
            subset = shown(n.shard.subset)
            found[subset] = found.get(subset, 0) + n.shard.rows
        return found

    @property
    def roles(self) -> frozenset[str]:
        """Roles that at least one shard has a column for."""
        return frozenset(role for n in self.shards for role in n.shard.layout.roles)

    def stamps(self) -> list[list[Any]]:
        """Path, size and time of change of every shard: private, to notice a change."""
        return [
            [str(n.shard.path), n.shard.path.stat().st_size, n.shard.path.stat().st_mtime_ns]
            for n in self.shards
        ]


def read_inputs(paths: Sequence[Path], columns: Mapping[str, str]) -> Inputs:
    """Find and read the shards of PATH arguments; raises InputError in one line."""
    found = find_shards(paths)
    groups = group_shards([read_shard(path, columns) for path in found.shards])
    return Inputs(number(groups), (*found.notices, *mixed_notices(groups)))
