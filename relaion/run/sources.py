"""Shards of a survey as DuckDB is to see them."""

from collections.abc import Sequence
from dataclasses import replace

from relaion.engine import ShardSource
from relaion.parquet.roles import Layout
from relaion.run.survey import Numbered


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
