"""`inspect`: what a data set holds, what its columns mean, and what can be matched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from relaion.errors import DamagedError
from relaion.parquet.layout import LayoutGroup, Shard, grouped, known_as, mixed_notices, unwritable
from relaion.parquet.looked_at import Match, uses
from relaion.parquet.roles import Column, Columns, Layout
from relaion.paths import AnyPaths, as_paths, find_shards, shown
from relaion.roles import WIDTHS
from relaion.run.coverage import counting
from relaion.run.elsewhere import brought_here
from relaion.run.notebook import listening
from relaion.run.outputs import refuse_outputs
from relaion.run.pool import Caller, LocalPool, blaming
from relaion.run.progress import SURVEY, Progress
from relaion.run.survey import described, first_of, read_footers
from relaion.tabled import Tabled


@dataclass(frozen=True)
class SubsetSeen:
    """One subset: its size (`bytes` on disk) and what its rows can be matched by.

    `name` is its folder's. It has so many `shards`, `rows` and `row_groups`, and the `layouts` of
    these numbers; `matches` is what it can be matched by.
    """

    name: str
    shards: int
    rows: int
    bytes: int
    row_groups: int
    layouts: tuple[int, ...]
    matches: tuple[Match, ...]


@dataclass(frozen=True)
class LayoutSeen:
    """One layout: the subsets that have it, and its columns.

    `number` counts from 1; so many `shards` and `rows` have it, of which `example` is a shard's
    name. `known_as` is the data set or program that writes such columns; empty if none is known.
    """

    number: int
    subsets: tuple[str, ...]
    shards: int
    rows: int
    example: str
    known_as: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Inspection(Tabled):
    """What `inspect` found; it holds no value of any row.

    `shards`, `rows`, `bytes` (on disk) and `row_groups` are those of all; `subsets` and `layouts`
    tell of each, `notices` what may surprise. `unwritable` is how many shards no row can be left
    out of, so that `clean` refuses them where one has to leave.
    """

    shards: int
    rows: int
    bytes: int
    row_groups: int
    subsets: tuple[SubsetSeen, ...]
    layouts: tuple[LayoutSeen, ...]
    notices: tuple[str, ...]
    unwritable: int = 0


def inspect(
    paths: AnyPaths, *, columns: Columns | None = None, progress: Progress | None = None
) -> Inspection:
    """Show what shards hold, what each column means and what can be matched.

    Reads footers, a few values of digest columns and of columns without a role, and whole columns
    only where a footer does not count NULLs (and scores, unless there are very many, for NaN).
    Writes nothing. A missing link column is told, not refused.

    Args:
        paths: Shards, folders of shards or globs; one or many. Each folder is a subset.
        columns: Role to the name, or names, of its columns; None finds them by name and type.
        progress: Hears how far it is; None draws a bar in a notebook, and tells nobody elsewhere.

    Returns:
        Sizes, columns with their roles, and how many rows can be matched by what.

    Raises:
        InputError: For what cannot be read.
    """
    listen = listening(progress, (SURVEY,))
    aside: list[str] = []

    def set_aside(_: Path, error: DamagedError) -> None:
        aside.append(str(error))

    with LocalPool() as pool, brought_here(pool, as_paths(paths)) as (here, _):
        found = find_shards(here, twins=True)
        refuse_outputs(here, found.shards)
        found.refuse_twins()
        shards = read_footers(
            pool, found.shards, columns, set_aside, needs_link=False, looks=True, progress=listen
        )
        if aside:
            for other in aside[1:]:
                listen.say(other)
            raise DamagedError(first_of(aside))
        groups = grouped(shards, partial(described, pool))
        layouts = _layouts(groups)
        subsets = tuple(
            _subset(name, list(members), layouts, pool)
            for name, members in groupby(groups, key=lambda g: g.subset)
        )
    notices = (
        *found.notices,
        *mixed_notices(groups),
        *unwritable(shards),
        *_match_notices(subsets),
    )
    n = sum(bool(shard.unwritable) for shard in shards)
    return Inspection(*_size(shards), subsets, layouts, notices, n)


def _size(shards: Sequence[Shard]) -> tuple[int, int, int, int]:
    """How many these are, their rows, bytes and row groups."""
    rows, size = sum(s.rows for s in shards), sum(s.bytes for s in shards)
    return len(shards), rows, size, sum(s.row_groups for s in shards)


def _key(layout: Layout) -> tuple[object, ...]:
    # counts of sampled values in `why` differ from subset to subset; the layout does not
    return tuple((c.name, c.type, c.role, c.order, c.encoding) for c in layout.columns)


def _layouts(groups: Sequence[LayoutGroup]) -> tuple[LayoutSeen, ...]:
    alike: dict[tuple[object, ...], list[LayoutGroup]] = {}
    for group in groups:
        alike.setdefault(_key(group.layout), []).append(group)
    seen = []
    for number, members in enumerate(alike.values(), 1):
        shards = [shard for group in members for shard in group.shards]
        seen.append(
            LayoutSeen(
                number,
                tuple(group.subset for group in members),
                len(shards),
                sum(shard.rows for shard in shards),
                shards[0].name,
                known_as(c.name for c in members[0].layout.columns),
                members[0].layout.columns,
            )
        )
    return tuple(seen)


def _subset(
    name: str, groups: Sequence[LayoutGroup], layouts: Sequence[LayoutSeen], caller: Caller
) -> SubsetSeen:
    shards = [shard for group in groups for shard in group.shards]
    keys = {_key(group.layout) for group in groups}
    with blaming(shards[0].path.parent, DamagedError):
        matches = uses(shards, counting(caller))
    return SubsetSeen(
        name,
        *_size(shards),
        tuple(x.number for x in layouts if _key(Layout(x.columns)) in keys),
        matches,
    )


def _match_notices(subsets: Sequence[SubsetSeen]) -> list[str]:
    notices = _no_hashes(subsets)
    for subset in subsets:
        by_role = {match.role: match for match in subset.matches}
        if subset.rows and not by_role["url"].possible:
            notices.append(f"subset {shown(subset.name)} {_without_links(by_role)}")
        for role in (*WIDTHS, "punsafe"):
            match = by_role[role]
            if subset.rows and match.counted and not match.possible:
                notices.append(f"subset {shown(subset.name)}: {match.detail} ({match.what})")
    return notices


def _without_links(matches: Mapping[str, Match]) -> str:
    text = "has no links, so it cannot be cleaned by itself; "
    if matches["row_hash"].possible and any(matches[role].possible for role in WIDTHS):
        return text + "it can be a --sidecar of shards that have them (joined by row hash)"
    return text + "if a column holds them, say --column url=NAME"


def _no_hashes(subsets: Sequence[SubsetSeen]) -> list[str]:
    """One line for the subsets with links, in which lists of image hashes find nothing."""
    bare = []
    for subset in subsets:
        by_role = {match.role: match for match in subset.matches}
        has_column = any(by_role[role].counted for role in WIDTHS)
        if by_role["url"].possible and not has_column:
            bare.append(shown(subset.name))
    if not bare:
        return []
    named = ", ".join(bare[:3]) + (f" and {len(bare) - 3} more" if bare[3:] else "")
    who = f"subset {named} has" if len(bare) == 1 else f"subsets {named} have"
    return [
        f"{who} no image hashes, so lists of image hashes find nothing there; "
        "if these lie in other files (such as laion2B-en-md5), give them as --sidecar"
    ]
