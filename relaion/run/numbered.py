"""A shard and its number in a run; SQL knows shards by these, in the order of their names."""

from collections.abc import Iterable
from dataclasses import dataclass

from relaion.parquet.layout import Shard
from relaion.paths import shown


@dataclass(frozen=True, slots=True)
class Numbered:
    """A shard, its number in this run and the index of its group."""

    no: int
    group: int
    shard: Shard

    @property
    def has_row_ids(self) -> bool:
        """Whether its rows have row hashes, or these can be computed of links and captions."""
        roles = self.shard.layout.roles
        return "row_hash" in roles or {"url", "text"} <= set(roles)

    def told(self, error: str | None) -> str:
        """What is said of it when it fails; its name, in any case."""
        path, error = shown(self.shard.path), error or "its process said nothing about it"
        return error if path in error else f"{path}: {error}"


def rows_of(shards: Iterable[Numbered]) -> int:
    """The rows of some shards together."""
    return sum(n.shard.rows for n in shards)
