"""The survey: shards found, read, grouped and numbered, what is broken of them; and sidecars."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

from relaion.errors import DamagedError, InputError, LinklessError, StopError
from relaion.parquet.footer import read_footer
from relaion.parquet.layout import LayoutGroup, Shard, grouped, mixed_notices, unwritable
from relaion.parquet.looked_at import looked_into
from relaion.parquet.roles import Columns, Layout
from relaion.paths import (
    Seal,
    ShardPath,
    find_shards,
    find_sidecars,
    is_still,
    place_of,
    replaced,
    seal,
    shown,
    stamp_of,
)
from relaion.paths.stand_ins import address, record_of
from relaion.paths.to_parquet import is_lines
from relaion.roles import WIDTHS
from relaion.run.journal import SIDECARS, Entry, Journal
from relaion.run.notes import NOTES
from relaion.run.numbered import Numbered, rows_of
from relaion.run.outputs import refuse_outputs
from relaion.run.pool import HERE, Caller, WorkerEndedError, blaming
from relaion.run.progress import ONE_FILE, QUIET, SURVEY, Extent, Progress
from relaion.sidecars import Sidecar

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
        return rows_of(self.shards)

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

    def whole(self, tell: Callable[[str], object] = lambda _: None) -> tuple[Numbered, ...]:
        """The shards, where none is broken; raises DamagedError where one is, and tells of others.

        The error names the first.
        """
        if self.broken:
            for other in self.broken[1:]:
                tell(other.why)
            raise DamagedError(first_of([b.why for b in self.broken]))
        return self.shards

    @property
    def of_each_layout(self) -> list[Numbered]:
        """The first shard of each layout."""
        return list({n.group: n for n in reversed(self.shards)}.values())[::-1]

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


def first_of(lines: Sequence[str]) -> str:
    """The first of some lines, and how many there are."""
    more = len(lines) - 1
    return f"{lines[0]} (and {more} more)" if more else lines[0]


def _stamp(path: Path) -> list[Any]:
    if (known := record_of(path)) is not None:
        return [address(path), known.size, known.version]
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
    meant: Callable[[Shard], Shard] | None = None,
    progress: Progress = QUIET,
) -> Inputs:
    """Find and read the shards of PATH arguments.

    An output as a whole is refused, unless `outputs` says that the caller has looked. A damaged
    shard is set aside; raises DamagedError where no other is left, and InputError
    for a shard without a link column or a `columns` that does not fit, and (unless `settled`
    is off: the first by name is taken) for one with two link columns that hold values. With
    `meant`, that says of each shard what its columns mean, whether it has a link or none.
    """
    found = find_shards(paths, twins=True)
    if not outputs:
        refuse_outputs(paths, found.shards)
    found.refuse_twins()
    order = {shard.path: no for no, shard in enumerate(found.shards)}
    broken: dict[Path, str] = {}

    def set_aside(path: Path, error: DamagedError) -> None:
        broken[path] = str(error)

    shards = read_footers(
        caller, found.shards, columns, set_aside, settled=settled, needs_link=meant is None,
        looks=meant is None, progress=progress,
    )  # fmt: skip
    shards = shards if meant is None else [meant(shard) for shard in shards]
    groups = _grouped(caller, shards, set_aside)
    aside = tuple(
        Broken(order[s.path], s, broken[s.path]) for s in found.shards if s.path in broken
    )
    if not groups:
        raise DamagedError(first_of([b.why for b in aside]))
    for group in groups:
        for line in _roles_noted(group):
            NOTES.info("%s", line)
    # a shard that cannot be read keeps its number for when it can
    numbered = [
        Numbered(order[s.path], i, s) for i, group in enumerate(groups) for s in group.shards
    ]
    return Inputs(
        tuple(sorted(numbered, key=attrgetter("no"))),
        (
            *found.notices,
            *mixed_notices(groups),
            *unwritable(n.shard for n in numbered),
            *(looked_into(n.shard for n in numbered) if meant is None else ()),
        ),
        aside,
        found.skipped,
    )


def _roles_noted(group: LayoutGroup) -> Iterator[str]:
    """Which column plays each role in shards of one layout, and why, a line each."""
    n = len(group.shards)
    where = f"{shown(group.subset)}, {n:,} shard{'s' * (n != 1)}"
    for c in group.layout.used:
        yield f"{where}: {c.role} is column {shown(c.name)} ({c.why})"
    for c in group.layout.refused:
        yield f"{where}: column {shown(c.name)} was refused ({c.why})"


def refuse_text(paths: Sequence[Path]) -> None:
    """Raise DamagedError, which shows the way to parquet, for a named file of text lines."""
    for path in paths:
        if is_lines(path) and path.is_file():
            read_footer(path)


ALIKE = 20  # shards that fail before one succeeds: it is not the shards


def read_footers(
    caller: Caller,
    paths: Sequence[ShardPath],
    columns: Columns | None,
    set_aside: Callable[[Path, DamagedError], None],
    *,
    settled: bool = True,
    needs_link: bool = True,
    looks: bool = False,
    progress: Progress = QUIET,
) -> list[Shard]:
    """Read shards in their order; one that is damaged, or ends the process, is set aside.

    `looks` into columns that play no role.
    """
    shards: list[Shard] = []
    linkless: list[tuple[ShardPath, LinklessError]] = []
    at = ended = 0
    layouts: list[Layout] = []
    alike: dict[object, Any] = {}  # what many shards have in common is held once

    def hear(told: DamagedError | LinklessError | tuple[Shard, int, Layout | None]) -> None:
        nonlocal at
        place, at = paths[at], at + 1
        progress.done(ONE_FILE)
        if isinstance(told, LinklessError):
            linkless.append((place, told))
            if len(linkless) == ALIKE and not shards:
                raise _of_all(linkless, so_far=True)
            return
        if isinstance(told, DamagedError):
            set_aside(place.path, told)
            return
        shard, no, layout = told
        layouts.extend([layout] if layout is not None else [])
        stamp = shard.stamp and shard.stamp._replace(
            device=alike.setdefault(shard.stamp.device, shard.stamp.device)
        )
        nulls = alike.setdefault(tuple(shard.nulls.items()), shard.nulls)
        sights = alike.setdefault(shard.sights, shard.sights)
        shard = replace(shard, path=place.path, subset=place.subset, name=place.path.name)
        shards.append(replace(shard, layout=layouts[no], stamp=stamp, nulls=nulls, sights=sights))

    progress.phase(SURVEY, Extent(len(paths)))
    while at < len(paths):
        layouts.clear()
        try:
            caller.call(
                "relaion.parquet.read_shard:read_shards", paths[at:], columns, settled=settled,
                needs_link=needs_link, looks=looks, hear=hear,
            )  # fmt: skip
        except WorkerEndedError as e:
            if at == len(paths):  # all were told
                break
            ended += 1
            if ended >= ALIKE and not shards:
                raise StopError(
                    f"{shown(paths[at].path)}: {e} ({ended} shards failed and none could be read, "
                    "so the shards are not the cause; fix the cause and repeat the command)"
                ) from None
            set_aside(paths[at].path, DamagedError(f"{shown(paths[at].path)}: {e}"))
            at += 1
    if linkless:
        raise _of_all(linkless, so_far=False)
    return shards


def _of_all(found: Sequence[tuple[ShardPath, LinklessError]], *, so_far: bool) -> LinklessError:
    """The error for the first shard without a link column, which tells how many there are."""
    (_, first), *others = found
    if so_far:
        return LinklessError(f"{first} (none of the first {len(found)} shards has one)")
    if not others:
        return first
    have = f"{len(others):,} more {'has' if len(others) == 1 else 'have'} none"
    return LinklessError(f"{first} (and {have}, such as {shown(others[-1][0].path)})")


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


# -- Sidecars: files that hold image hashes apart from the links, met by the lists first -------
# The few of their keys that matched are kept in the work folder, and the search joins them as it
# joins the lists themselves.

SIDECAR_KEYS = "sidecar_keys.parquet"
UNREAD_BESIDE = "sidecar_values.parquet"


def roles_beside(sidecars: Sequence[Sidecar]) -> frozenset[str]:
    """Image hashes that at least one sidecar holds."""
    return frozenset(role for s in sidecars for role in s.layout.roles if role in WIDTHS)


def sidecar_lines(sidecars: Sequence[Sidecar]) -> list[dict[str, Any]]:
    """Name, rows, bytes and SHA-256 of each sidecar, for the manifest."""
    return [
        {"name": s.name, "rows": s.rows, "bytes": s.bytes, "sha256": sealed(s).sha256}
        for s in sidecars
    ]


def read_sealed_sidecars(
    paths: Sequence[Path],
    journal: Journal,
    columns: Columns,
    notices: list[str],
    caller: Caller = HERE,
) -> tuple[Sidecar, ...]:
    """Read sidecars, each sealed before its first byte is: nobody may change it from then on.

    Raises InputError for one that cannot be read, or changed since the run that goes on began.
    """
    if not paths:
        return ()
    seals = _seals([s.path for s in find_sidecars(paths).shards], journal)
    try:
        found, told = caller.call(
            "relaion.run.sidecar_keys:read_told", paths, journal.work, columns
        )
    except WorkerEndedError as e:
        raise InputError(f"{shown(paths[0])}: the sidecars cannot be read: {e}") from None
    notices += told
    sidecars = tuple(replace(s, seal=seals[s.path]) for s in found)
    check_sidecars(sidecars)
    return sidecars


def _seals(paths: Sequence[Path], journal: Journal) -> dict[Path, Seal]:
    names = [os.fsencode(place_of(path)).hex() for path in paths]
    known = journal.get(SIDECARS, "", lambda found: [Seal.read(found[name]) for name in names])
    if known is None:
        journal.forget_search()  # nobody knows of which sidecars it was
        seals = [seal(path) for path in paths]
    else:
        seals = [
            before if stamp_of(path) == before.stamp else seal(path)
            for path, before in zip(paths, known, strict=True)
        ]
        for path, now, before in zip(paths, seals, known, strict=True):
            if now.sha256 != before.sha256:
                raise ChangedSidecarError(
                    f"{shown(path)}: changed since the run began; restore it, or add --purge once "
                    "to remove what that run left, then start again"
                )
    value = {name: s.plain() for name, s in zip(names, seals, strict=True)}
    journal.add([Entry(SIDECARS, "", value)])
    return dict(zip(paths, seals, strict=True))


class ChangedSidecarError(InputError):
    """Raised when a sidecar is another one than the run that goes on began with."""


def check_sidecars(sidecars: Sequence[Sidecar]) -> None:
    """Raise InputError where one has other bytes than when the run began."""
    for sidecar in sidecars:
        if not is_still(sidecar.path, sealed(sidecar)):
            raise replaced(sidecar.path)


def sealed(sidecar: Sidecar) -> Seal:
    """A sidecar as it was before its first byte was read."""
    if sidecar.seal is None:  # cannot be: `read_sealed_sidecars` made it
        raise ValueError("a sidecar that was not sealed")
    return sidecar.seal
