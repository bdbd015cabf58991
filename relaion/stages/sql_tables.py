"""What a prompt may ask: an audit and its editions, or shards.

Views of what lies elsewhere are made when a statement names them, and their columns are fetched
then. So what was not fetched has no name, and no hole is read for a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, count, groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from relaion.engine import Engine
from relaion.engine.views import VIEWS
from relaion.errors import InputError
from relaion.paths import find_shards, shown
from relaion.paths.stand_ins import within_tree
from relaion.run.elsewhere import OF_AN_OUT, brought_here
from relaion.run.numbered import Numbered
from relaion.run.outputs import AUDIT, OurOutput, OwnedShard, Owners, refuse_broken_off
from relaion.run.pool import HERE
from relaion.run.sources import believable, sources
from relaion.run.survey import read_inputs
from relaion.sqlset import VERSION as SQL_VERSION
from relaion.sqlset import load

if TYPE_CHECKING:
    from relaion.parquet.roles import Columns


@dataclass(frozen=True)
class Askable:
    """What may be asked: names of tables, what a user should know, and views that are made later.

    `later` makes a view by its name, once.
    """

    tables: tuple[str, ...]
    notices: tuple[str, ...] = ()
    later: dict[str, Callable[[], None]] = field(default_factory=dict)

    def see(self, text: str | None) -> None:
        """Make those views that a text names, or all for None; raises RemoteError as a fetch does.

        More are made than are needed where a name stands in it as another word.
        """
        for name in list(self.later):
            if text is None or _names(name, text):
                self.later[name]()
                del self.later[name]


def _names(name: str, text: str) -> bool:
    unquoted = text.replace('""', '"').casefold()
    return re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", unquoted) is not None


@contextmanager
def ask_here(paths: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    """The paths, with what stands here for what lies elsewhere."""
    with brought_here(HERE, paths, notes=OF_AN_OUT) as (here, _):
        yield here


def owned_by(paths: Sequence[Path]) -> list[OwnedShard]:
    """The shards' places in the one OUT that they all lie in; empty where they lie in none.

    Cleaned copies are no such OUT, but are not asked with what was not cleaned.
    Each path is searched by itself: what they hold together may not be nameable as inputs.
    """
    owners = Owners()
    found: dict[Path, OwnedShard] = {}
    apart: Path | None = None
    copy: Path | None = None
    bare: Path | None = None  # neither in an OUT nor in a cleaned copy
    for path in paths:
        try:
            places = find_shards([path], twins=True).shards
        except InputError:
            refuse_broken_off(path)
            raise
        for shard in places:
            owned = owners.of(shard.path)
            if owned is None:
                apart = apart or shard.path
                cleaned = owners.copy_of(shard.path)
                copy = copy or cleaned
                bare = bare or (shard.path if cleaned is None else None)
            else:
                found.setdefault(owned.output.folder / owned.edition, owned)
    outs = sorted({o.output.folder for o in found.values()})
    if outs and (apart is not None or len(outs) > 1):
        other = shown(outs[1] if apart is None else apart)
        raise InputError(
            f"{shown(outs[0])}: is an output; it has to be asked alone, not with {other}: both "
            "together would show which rows left"
        )
    if copy is not None and bare is not None:
        raise InputError(
            f"{shown(copy)}: is a cleaned copy; it has to be asked alone, not with {shown(bare)}: "
            "both together would show which rows left"
        )
    for owned in found.values():
        if owned.output.manifest is None:
            raise InputError(
                f"{shown(owned.output.folder)}: holds a run that was interrupted; repeat its "
                "command to finish it, or name other folders"
            )
    return list(found.values())


def open_out(engine: Engine, owned: Sequence[OwnedShard], work: Path) -> Askable:
    """Attach the audit of an OUT, and make a view of each edition."""
    out = owned[0].output
    engine.attach(out.folder / AUDIT, "audit")
    tables = [name for (name,) in engine.rows(
        "select table_name from duckdb_tables() where database_name = 'audit' order by all"
    )]  # fmt: skip
    reached = {o.edition for o in owned}
    editions, notices = _together(out, [e for e in out.editions if e in reached])
    columns = (out.manifest or {}).get("parameters", {}).get("columns", {})
    views: dict[str, _View] = {}
    for edition in editions:
        found = read_inputs([out.folder / edition], columns, outputs=True).whole()
        name = _free(edition.replace("-", "_"), (*tables, *views))
        views[name] = _View(found, work / edition, partial(_edition, engine, name))
    engine.execute("use audit")
    later = _viewed(engine, views, work)
    told = _told_of(views, "of an edition the columns that play a role") if later else ()
    return Askable((*tables, *views), (*notices, *told), later)


def _edition(engine: Engine, name: str, shards: Sequence[Numbered]) -> None:
    engine.view_edition(sources(shards), name)


def _together(out: OurOutput, editions: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """The editions that may be asked together: those that leave out the rows of the same lists.

    What one keeps and another removes is then named by rules alone.
    """
    stated = (out.manifest or {}).get("editions", ())
    labels = {frozenset(e["labels"]) for e in stated if e["name"] in editions}
    if len(labels) < 2:
        return editions, ()
    named = ", ".join(shown(out.folder / e) for e in editions)
    told = "the editions leave out different lists, so ask each one alone, by its own folder"
    return [], (f"{shown(out.folder)}: {told} ({named}); here are the counts only",)


def open_shards(engine: Engine, paths: Sequence[Path], work: Path, columns: Columns) -> Askable:
    """Make the view `shard`, and one of each group of shards with their own columns."""
    found = read_inputs(paths, columns, settled=False, outputs=True).whole()
    views = {"shard": _View(found, work / "shards", partial(_roles, engine))}
    group = attrgetter("group")
    for _, members in groupby(sorted(found, key=group), key=group):
        together = list(members)
        name = _free(together[0].shard.subset, (*VIEWS, *views))
        views[name] = _View(together, work / "shards", partial(_files, engine, name))
    later = _viewed(engine, views, work)
    later |= dict.fromkeys(VIEWS, later["shard"]) if later else {}  # made with it, by each name
    told = (
        _told_of(
            {"shard": views["shard"]}, "of `shard` the columns that play a role, of a subset all"
        )
        if later
        else ()
    )
    return Askable(tuple(views), told, later)


def _roles(engine: Engine, shards: Sequence[Numbered]) -> None:
    engine.macros(load(SQL_VERSION)["04_digest_macros"])  # theirs to ask with, whatever data has
    engine.view_shards(sources(shards), SQL_VERSION)


def _files(engine: Engine, name: str, shards: Sequence[Numbered]) -> None:
    engine.view_files([n.shard.path for n in shards], name, shards[0].shard.names)


@dataclass(frozen=True)
class _View:
    """A view of shards; `make` makes it of them, copies of some are made in `work` before."""

    shards: Sequence[Numbered]
    work: Path
    make: Callable[[Sequence[Numbered]], None]

    def see(self) -> None:
        """Make it."""
        self.make(_as_read(self.shards, self.work))


def _viewed(
    engine: Engine, views: Mapping[str, _View], work: Path
) -> dict[str, Callable[[], None]]:
    """Make the views and lock the database; returns those of what lies elsewhere, made later."""
    files = [n.shard.path for view in views.values() for n in view.shards]
    is_later = any(map(within_tree, files))
    for view in () if is_later else views.values():
        view.see()
    engine.believe_no_footer()  # views may be made later, when no setting changes any more
    engine.lock(files=list(dict.fromkeys(files)), folders=[work])
    return {name: view.see for name, view in views.items()} if is_later else {}


def _told_of(views: Mapping[str, _View], what: str) -> tuple[str, ...]:
    shards = [n.shard for view in views.values() for n in view.shards]
    size = sum(shard.bytes for shard in shards)
    first = shown(shards[0].path) if shards else ""
    return (
        f"{first} and others lie elsewhere: what a statement names is fetched then, {what}; all "
        f"together are {size:,} bytes",
    )


def _as_read(shards: Sequence[Numbered], work: Path) -> list[Numbered]:
    """The shards; a copy of one whose footer denies values that are there, which it leaves out."""
    return [
        replace(
            n, shard=replace(n.shard, path=believable(n.shard.path, work / f"{n.no:06}.parquet"))
        )
        for n in shards
    ]


def _free(name: str, taken: Sequence[str]) -> str:
    """The name, or with a number where it is taken; DuckDB tells no case of letters."""
    lowered = {other.lower() for other in taken}
    numbered = (f"{name} {n}" for n in count(1))
    return next(found for found in chain((name,), numbered) if found.lower() not in lowered)
