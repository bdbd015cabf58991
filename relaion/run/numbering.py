"""Shards get numbers once, in the order of their names; SQL knows them by these."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from relaion.engine import ShardSource
from relaion.shards.layout import Group, Shard
from relaion.shards.roles import Layout


@dataclass(frozen=True)
class Numbered:
    """A shard, its number in this run and the index of its group."""

    no: int
    group: int
    shard: Shard


def number(groups: Sequence[Group], order: Mapping[Path, int]) -> tuple[Numbered, ...]:
    """Give the shards of all groups the numbers that `order` has for their paths.

    A shard that cannot be read keeps its number for when it can.
    """
    pairs = [(i, shard) for i, group in enumerate(groups) for shard in group.shards]
    numbered = [Numbered(order[shard.path], i, shard) for i, shard in pairs]
    return tuple(sorted(numbered, key=lambda n: n.no))


def source(numbered: Numbered) -> ShardSource:
    """What `Engine.view_shards` takes for one shard."""
    shard = numbered.shard
    return ShardSource(shard.subset, (numbered.no,), (shard.path,), players(shard.layout))


def players(layout: Layout) -> dict[str, tuple[tuple[int, str], ...]]:
    """Role to the columns that play it, as `ShardSource` takes them."""
    return {
        role: tuple((c.position, c.name) for c in layout.playing(role)) for role in layout.roles
    }


def sources(shards: Sequence[Numbered]) -> tuple[ShardSource, ...]:
    """What `Engine.view_shards` takes for these shards."""
    return joined([(n.group, source(n)) for n in shards])


def joined(single: Sequence[tuple[int, ShardSource]]) -> tuple[ShardSource, ...]:
    """Sources of one shard each, with their groups: those of a group become one source.

    Wherever they stand: each source is one more part of every view, and takes its time.
    """
    groups: dict[int, list[ShardSource]] = {}
    for group, one in single:
        groups.setdefault(group, []).append(one)
    return tuple(
        replace(
            members[0],
            numbers=tuple(no for s in members for no in s.numbers),
            paths=tuple(path for s in members for path in s.paths),
        )
        for members in groups.values()
    )


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
