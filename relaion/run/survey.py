"""The survey: shards found, read, grouped and numbered; and those that are broken."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from relaion.errors import DamagedError, StopError
from relaion.parquet.layout import LayoutGroup, Shard, grouped, mixed_notices
from relaion.parquet.roles import Columns, Layout
from relaion.paths import ShardPath, find_shards, shown
from relaion.run.outputs import refuse_outputs
from relaion.run.pool import HERE, Caller, WorkerEndedError, blaming

# -- Shards get numbers once, in the order of their names; SQL knows them by these -------------


@dataclass(frozen=True, slots=True)
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
    paths: Sequence[Path],
    columns: Columns,
    caller: Caller = HERE,
    *,
    settled: bool = True,
    outputs: bool = False,
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
    broken: dict[Path, str] = {}

    def set_aside(path: Path, error: DamagedError) -> None:
        broken[path] = str(error)

    shards = read_footers(caller, found.shards, columns, set_aside, settled=settled)
    groups = _grouped(caller, shards, set_aside)
    aside = tuple(
        Broken(order[s.path], s, broken[s.path]) for s in found.shards if s.path in broken
    )
    if not groups:
        raise DamagedError(several([b.why for b in aside]))
    return Inputs(
        number(groups, order), (*found.notices, *mixed_notices(groups)), aside, found.skipped
    )


ALIKE = 20  # shards that end their process before one is read: it is not the shards


def read_footers(
    caller: Caller,
    paths: Sequence[ShardPath],
    columns: Columns | None,
    set_aside: Callable[[Path, DamagedError], None],
    *,
    settled: bool = True,
    needs_link: bool = True,
) -> list[Shard]:
    """Read shards in their order; one that is damaged, or ends the process, is set aside."""
    shards: list[Shard] = []
    at = ended = 0
    layouts: list[Layout] = []

    def hear(told: DamagedError | tuple[Shard, int, Layout | None]) -> None:
        nonlocal at
        place, at = paths[at], at + 1
        if isinstance(told, DamagedError):
            set_aside(place.path, told)
            return
        shard, no, layout = told
        layouts.extend([layout] if layout is not None else [])
        # what all have in common is held once
        shards.append(replace(shard, path=place.path, subset=place.subset, layout=layouts[no]))

    while at < len(paths):
        layouts.clear()
        try:
            caller.call(
                "relaion.parquet.read_shard:read_shards", paths[at:], columns, settled=settled,
                needs_link=needs_link, hear=hear,
            )  # fmt: skip
        except WorkerEndedError as e:
            if at == len(paths):  # all were told
                break
            ended += 1
            if ended >= ALIKE and not shards:
                raise StopError(
                    f"{shown(paths[at].path)}: {e} ({ended} shards failed and none could be read, "
                    "so it is not the shards; mend the cause and repeat the command)"
                ) from None
            set_aside(paths[at].path, DamagedError(f"{shown(paths[at].path)}: {e}"))
            at += 1
    return shards


def described(caller: Caller, shard: Shard) -> Layout:
    """How the digests of a shard are written; raises DamagedError where that cannot be read."""
    with blaming(shard.path, DamagedError):
        found: Layout = caller.call("relaion.parquet.read_shard:described", shard)
    return found


def _grouped(
    caller: Caller, shards: list[Shard], set_aside: Callable[[Path, DamagedError], None]
) -> list[LayoutGroup]:
    """Group the shards; those whose values cannot be read are set aside."""
    describe = partial(described, caller)
    try:
        return grouped(shards, describe)
    except DamagedError:  # which of them?
        readable = []
        for shard in shards:
            try:
                describe(shard)
                readable.append(shard)
            except DamagedError as e:
                set_aside(shard.path, e)
        return grouped(readable, describe)
