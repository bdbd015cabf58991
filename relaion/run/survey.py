"""The survey: shards found, read, grouped and numbered; and those that are broken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from relaion.engine import ShardSource
from relaion.errors import DamagedError
from relaion.parquet.layout import LayoutGroup, Shard, group_shards, mixed_notices, read_shard
from relaion.parquet.overrides import Columns
from relaion.parquet.roles import Layout
from relaion.paths import ShardPath, find_shards, shown
from relaion.run.outputs import refuse_outputs

# -- Shards get numbers once, in the order of their names; SQL knows them by these -------------


@dataclass(frozen=True)
class Numbered:
    """A shard, its number in this run and the index of its group."""

    no: int
    group: int
    shard: Shard


def number(groups: Sequence[LayoutGroup], order: Mapping[Path, int]) -> tuple[Numbered, ...]:
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


# -- The inputs of a run: shards found, read, grouped and numbered; and those that are broken --


@dataclass(frozen=True)
class Broken:
    """A shard that cannot be read: its number, and one line that names it and says why."""

    no: int
    shard: ShardPath
    why: str


@dataclass(frozen=True)
class Inputs:
    """Shards in order of number, those that are broken, and what a user should hear.

    `skipped` are paths that are no shards by their names.
    """

    shards: tuple[Numbered, ...]
    notices: tuple[str, ...]
    broken: tuple[Broken, ...] = ()
    skipped: tuple[Path, ...] = ()

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
    def places(self) -> tuple[ShardPath, ...]:
        """Where all shards lie, those that are broken too."""
        whole = (ShardPath(n.shard.path, n.shard.subset) for n in self.shards)
        return (*whole, *(b.shard for b in self.broken))

    @property
    def roles(self) -> frozenset[str]:
        """Roles that at least one shard has a column for."""
        return frozenset(role for n in self.shards for role in n.shard.layout.roles)

    @property
    def refused(self) -> dict[str, str]:
        """Role to the words that name the first column which was refused it, and why."""
        found: dict[str, str] = {}
        for n in self.shards:
            for column in n.shard.layout.passed_over:
                words = f"column {shown(column.name)} was refused: {column.why}"
                found.setdefault(column.claimed or "", words)
        return found

    def whole(self) -> tuple[Numbered, ...]:
        """The shards, where none is broken; raises DamagedError where one is."""
        if self.broken:
            raise DamagedError(several([b.why for b in self.broken]))
        return self.shards

    def lines(self) -> list[dict[str, Any]]:
        """Subset, name, rows and bytes of every shard by number; null where it is broken."""
        found: dict[int, tuple[Any, ...]] = {
            n.no: (n.shard.subset, n.shard.name, n.shard.rows, n.shard.bytes) for n in self.shards
        }
        found |= {b.no: (b.shard.subset, b.shard.name, None, None) for b in self.broken}
        columns = ("subset", "shard", "rows", "bytes")
        return [dict(zip(columns, found[no], strict=True)) for no in sorted(found)]

    def stamps(self) -> list[list[Any]]:
        """Path, size and time of change of every shard by number: private, to notice a change."""
        paths = {n.no: n.shard.path for n in self.shards}
        paths |= {b.no: b.shard.path for b in self.broken}
        return [_stamp(paths[no]) for no in sorted(paths)]


def several(lines: Sequence[str]) -> str:
    """The first of some lines, and how many there are."""
    more = len(lines) - 1
    return f"{lines[0]} (and {more} more)" if more else lines[0]


def _stamp(path: Path) -> list[Any]:
    try:
        info = path.stat()
    except OSError:  # it vanished, or its folder did; whoever reads it says so
        return [str(path.absolute()), None, None]
    return [str(path.absolute()), info.st_size, info.st_mtime_ns]


def read_inputs(
    paths: Sequence[Path], columns: Columns, *, settled: bool = True, outputs: bool = False
) -> Inputs:
    """Find and read the shards of PATH arguments.

    An output as a whole is refused, unless `outputs` says that the caller has looked. A damaged
    shard is set aside; raises DamagedError where no other is left, and InputError
    for a shard without a link column or a `columns` that does not fit, and (unless `settled`
    is off: the first by name is taken) for one with two link columns that hold values.
    """
    found = find_shards(paths, twins=True)
    if not outputs:
        refuse_outputs(paths, found.shards)
    found.refuse_twins()
    order = {shard.path: no for no, shard in enumerate(found.shards)}
    shards: list[Shard] = []
    broken: dict[Path, str] = {}
    for shard in found.shards:
        try:
            shards.append(read_shard(shard, columns, settled=settled))
        except DamagedError as e:
            broken[shard.path] = str(e)
    groups = _grouped(shards, broken)
    aside = tuple(
        Broken(order[s.path], s, broken[s.path]) for s in found.shards if s.path in broken
    )
    if not groups:
        raise DamagedError(several([b.why for b in aside]))
    return Inputs(
        number(groups, order), (*found.notices, *mixed_notices(groups)), aside, found.skipped
    )


def _grouped(shards: list[Shard], broken: dict[Path, str]) -> list[LayoutGroup]:
    """Group the shards; those whose values cannot be read join `broken`."""
    try:
        return group_shards(shards)
    except DamagedError:  # which of them?
        readable = []
        for shard in shards:
            try:
                group_shards([shard])
                readable.append(shard)
            except DamagedError as e:
                broken[shard.path] = str(e)
        return group_shards(readable)
