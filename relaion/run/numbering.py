"""Shards get numbers once, in the order of their groups; SQL knows them by these."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from relaion.engine import ShardSource
from relaion.shards.layout import Group, Shard


@dataclass(frozen=True)
class Numbered:
    """A shard, its number in this run and the index of its group."""

    no: int
    group: int
    shard: Shard


def number(groups: Sequence[Group]) -> tuple[Numbered, ...]:
    """Number the shards of all groups from 0, group by group."""
    pairs = [(i, shard) for i, group in enumerate(groups) for shard in group.shards]
    return tuple(Numbered(no, group, shard) for no, (group, shard) in enumerate(pairs))


def sources(shards: Sequence[Numbered]) -> tuple[ShardSource, ...]:
    """What `Engine.view_shards` takes for these shards, which must be in order of number.

    A source numbers its files on from its first, so a gap in the numbers begins another.
    """
    found = []
    for _, members in groupby(
        enumerate(shards), key=lambda pair: (pair[1].group, pair[1].no - pair[0])
    ):
        together = [n for _, n in members]
        first = together[0]
        roles = {
            role: (column.position, column.encoding)
            for role, column in first.shard.layout.roles.items()
        }
        paths = tuple(n.shard.path for n in together)
        found.append(ShardSource(first.shard.subset, first.no, paths, roles))
    return tuple(found)


def batches(shards: Sequence[Numbered], rows: int) -> Iterator[tuple[Numbered, ...]]:
    """Cut the shards into runs of about `rows` rows, each at least one shard."""
    batch: list[Numbered] = []
    held = 0
    for shard in shards:
        if batch and held + shard.shard.rows > rows:
            yield tuple(batch)
            batch, held = [], 0
        batch.append(shard)
        held += shard.shard.rows
    if batch:
        yield tuple(batch)
