"""One step of the search over some shards, in a worker: which rows do the lists name?"""

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from pathlib import Path

from relaion.engine import VIEWS, Connect, Engine, connect
from relaion.errors import EngineError, ListError
from relaion.lists.database import attach_store
from relaion.paths import Seal, read_sealed, read_still, replaced, shown
from relaion.run.journal import digests_of
from relaion.run.needed_kinds import NeededKinds, view_hashes
from relaion.run.python_answers import (
    fill_inner,
    fill_keys,
    fill_row_hashes,
    fill_spelled,
    make_tables,
)
from relaion.run.search_task import FindTask, StepDone
from relaion.run.settings import Settings
from relaion.run.sidecar_keys import find_sidecar_keys
from relaion.run.sidecars import FOUND as SIDECAR_KEYS
from relaion.run.sources import sources
from relaion.run.survey import Numbered
from relaion.run.utf8_copy import Copies, original
from relaion.sidecars import Sidecar
from relaion.sqlset import Script, load

# -- Find first: which rows do the lists name, over many shards, before one is rewritten -------
# Every decision is a script of `sql/`; this module sets them going over some shards and has the
# links that SQL cannot judge answered (`python_answers.py`). `find.py` says over which shards.

FOUND = ("list_hits", "same_link", "hit_traits", "lists")  # the files that shard tasks read
MACROS = ("05_link_macros", "07_spelling_macros", "08_inner_macros", "09_scope_macros")


class Finder:
    """Runs the find scripts on one connection that has the list store attached as `store`."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        sidecars: tuple[Sidecar, ...] = (),
        roles: tuple[str, ...] = (),
    ) -> None:
        """`sidecars` name further rows by image hash; the values of `roles` are counted."""
        self.engine = engine
        self.copies = Copies(settings.work, {})
        self._settings = settings
        self._sidecars = sidecars
        self._roles = roles
        self._workers = settings.limits.workers
        self._scripts = load(settings.sql_version)
        for macros in MACROS:
            engine.macros(self._script(macros))
        make_tables(engine)
        view_hashes(engine)

    def _script(self, name: str) -> Script:
        return self._scripts[name]

    def sidecar_keys(self) -> None:
        """Table `sidecar_keys`, left in the work folder for `list_hits`."""
        given = self._settings
        find_sidecar_keys(
            self.engine, self._sidecars, given.sql_version, given.work, self.copies,
            good_wins=given.good_wins,
        )  # fmt: skip

    def list_hits(self, shards: Sequence[Numbered]) -> None:
        """Table `list_hits`: the rows of these shards that a list or a sidecar names.

        Reads `sidecar_keys`.
        """
        if self._sidecars:
            self.engine.read_parquet("sidecar_keys", [self._settings.work / SIDECAR_KEYS])
        wanted = NeededKinds(self.engine)
        self._read(shards, lambda: self._search_lists(shards, wanted), self._roles)

    def hit_keys(self, shards: Sequence[Numbered]) -> None:
        """Table `hit_keys`: the links of the rows of these shards that are in `list_hits`."""
        self._read(shards, self._search_keys, wanted=("row_links",))

    def same_link(self, shards: Sequence[Numbered]) -> None:
        """Table `same_link`: further rows of these shards whose link is in `hit_keys`."""
        self._read(shards, self._search_same_link, wanted=("row_links",))

    def _read(
        self,
        shards: Sequence[Numbered],
        search: Callable[[], None],
        looked_at: Collection[str] = (),
        wanted: Collection[str] = VIEWS,
    ) -> None:
        def look() -> None:
            read = sources(self.copies.as_read(shards))
            self.engine.view_shards(
                read, self._settings.sql_version, looked_at, wanted, shown_roles=("row_hash",)
            )
            search()

        self.copies.reading([original(n) for n in shards], look)

    def _search_lists(self, batch: Sequence[Numbered], wanted: NeededKinds) -> None:
        run = self.engine.run
        if wanted.has_links or wanted.has_hashed:
            inner = self._settings.inner
            run(self._script("fast/14_listed_hosts"), has_links=wanted.has_links, has_inner=inner)
            self._link_keys(
                has_links=wanted.has_links, has_hosts="host" in wanted.kinds,
                has_hashed=wanted.has_hashed,
            )  # fmt: skip
        else:
            self._none_of("20_link_keys", "table link_keys")
        if wanted.has_hashed:
            run(self._script("fast/22_hashed_links"), has_hashed=True, kinds=sorted(wanted.kinds))
            fill_spelled(self.engine, self._workers)
        else:
            self._none_of("fast/22_hashed_links", "table hashed_links", "view ordinary_links")
        fill_row_hashes(self.engine, batch, wanted.row_hashes, self._workers)
        run(
            self._script("24_row_keys"),
            kinds=sorted(wanted.kinds),
            has_hashed=wanted.has_hashed,
            forms=wanted.forms,
        )
        run(self._script("30_list_hits"), good_wins=self._settings.good_wins)
        run(self._script("31_found_values"), roles=list(self._roles))

    def _none_of(self, script: str, *relations: str) -> None:
        """What a script writes, empty, where nothing is listed that it could be for."""
        written = self._script(script).relations("writes")
        for relation in relations:
            columns = [column.split() for column in written[relation.split()[1]].split(", ")]
            nulls = ", ".join(f"null::{kind} as {name}" for name, kind in columns)
            self.engine.execute(f"create or replace temp {relation} as select {nulls} where false")

    def _search_same_link(self) -> None:
        self.engine.run(self._script("fast/34_hit_tails"), has_inner=self._settings.inner)
        self._link_keys(has_links=True, has_hosts=False, has_hashed=False)
        self.engine.run(self._script("35_same_link"))

    def _link_keys(self, *, has_links: bool, has_hosts: bool, has_hashed: bool) -> None:
        """Table `link_keys`: the keys of near links, and of near links inside links."""
        self.engine.run(
            self._script("fast/15_near_links"), has_hosts=has_hosts, has_hashed=has_hashed
        )
        if self._settings.inner and (has_links or has_hashed):
            fill_inner(self.engine, self._workers)
            self.engine.run(self._script("18_inner_links"))
        self._keyed(wanted=has_links)

    def _keyed(self, *, wanted: bool = True) -> None:
        """Table `link_keys` for `near_links`; not `wanted` where only hashed links are listed."""
        self.engine.run(self._script("fast/19_odd_links"), has_links=wanted)
        fill_keys(self.engine, self._workers)
        self.engine.run(self._script("20_link_keys"), has_links=wanted)

    def _search_keys(self) -> None:
        self.engine.run(self._script("32_hit_links"))
        self._keyed()
        self.engine.run(self._script("33_hit_keys"))


def write_find(engine: Engine, work: Path) -> None:
    """Write what the shard tasks read: hits, traits, same links and lists, in the work folder."""
    engine.write_parquet("from list_hits order by all", work / "list_hits.parquet")
    engine.write_parquet("from hit_traits order by all", work / "hit_traits.parquet")
    engine.write_parquet("from same_link order by all", work / "same_link.parquet")
    engine.write_parquet(
        "select list_id, source, label from store.lists order by list_id", work / "lists.parquet"
    )


# -- One step of the search over some shards, as a worker does it in its own process -----------
# A step reads what earlier ones left in the work folder, and leaves what it finds there as
# parquet files, whole or not at all.

_COLUMNS = {
    "list_hits": "shard_no integer, file_row_number bigint, list_id integer, kind varchar, "
    "level varchar, spelling varchar",
    "same_link": "shard_no integer, file_row_number bigint, list_id integer",
    "hit_traits": "shard_no integer, file_row_number bigint, list_id integer, kind varchar, "
    "severity varchar, media varchar, first_seen varchar, last_seen varchar, confidence varchar, "
    "given_by varchar",
    "hit_entries": "list_id integer, kind varchar, digest varchar",
    "found_values": "shard_no integer, role varchar, column_name varchar, n_values bigint",
    "hit_keys": "list_id integer, digest varchar, host_digest varchar, tail varchar",
}


class Finders:
    """A worker's connection for the search, with the store attached; kept from step to step."""

    def __init__(self, opened: Connect = connect) -> None:
        self._opened = opened
        self._left = ExitStack()
        self._now: Finder | None = None
        self._of: object = None

    def of(self, task: FindTask) -> Finder:
        """The one for this task; raises ListError where the store cannot be read any more."""
        wanted = (task.settings, task.store, task.sidecars, task.roles)
        if self._now is None or self._of != wanted:
            self.close()
            self._now, self._of = self._open(task), wanted
        return self._now

    def _open(self, task: FindTask) -> Finder:
        limits = task.settings.limits
        engine = self._left.enter_context(
            self._opened(threads=limits.workers, memory=limits.find_memory, temp=task.settings.work)
        )
        try:
            attach_store(engine, task.store)
        except EngineError:
            self.close()
            raise ListError(
                f"{shown(task.origin or task.store)}: cannot be read any more; restore it, then "
                "repeat the command"
            ) from None
        return Finder(engine, task.settings, task.sidecars, task.roles)

    def close(self) -> None:
        """Close the connection that is open."""
        self._left.close()
        self._now = None


def run_find(task: FindTask, finders: Finders) -> StepDone:
    """Do one step; raises ListError where the store cannot be read any more.

    The connection is closed where it fails, and after the last step, which has no use for it.
    """
    try:
        finder = finders.of(task)
        finder.copies = Copies(task.settings.work, task.copies)
        done = _STEPS[task.step](finder, task)
    except BaseException:
        finders.close()
        raise
    if task.step == "count":
        finders.close()
    return done


def _sidecars(finder: Finder, task: FindTask) -> StepDone:
    finder.sidecar_keys()
    return StepDone(digests_of(task.settings.work, task.writes.values()), copies=finder.copies.made)


def _hits(finder: Finder, task: FindTask) -> StepDone:
    engine = finder.engine

    def look() -> None:
        for n in task.shards:  # copies of a try that failed may be of other bytes
            finder.copies.drop(original(n))
            if not n.shard.is_still():
                raise replaced(n.shard.path)
        finder.list_hits(task.shards)
        hit = {no for (no,) in engine.rows("select distinct shard_no from list_hits")}
        if task.settings.same_link and hit:
            finder.hit_keys([n for n in task.shards if n.no in hit])
        else:
            _make(engine, "hit_keys")

    seals = read_sealed(_paths(task), look, task.settings.limits.workers)
    return _left(finder, task, {n.no: seal for n, seal in zip(task.shards, seals, strict=True)})


def _gather(finder: Finder, task: FindTask) -> StepDone:
    engine = finder.engine
    for table, path in task.writes.items():
        _read(engine, task, table)
        engine.write_parquet(f"select distinct * from {table} order by all", path)  # noqa: S608
    return StepDone(digests_of(task.settings.work, task.writes.values()))


def _same(finder: Finder, task: FindTask) -> StepDone:
    engine = finder.engine
    _read(engine, task, "list_hits")
    _read(engine, task, "hit_keys")
    seals = {n.no: task.seals[n.no] for n in task.shards}
    read_still(
        dict(zip(_paths(task), seals.values(), strict=True)),
        lambda: finder.same_link(task.shards),
    )
    return _left(finder, task, seals)


def _paths(task: FindTask) -> list[Path]:
    return [n.shard.path for n in task.shards]


def _left(finder: Finder, task: FindTask, seals: dict[int, Seal]) -> StepDone:
    """Write what was found in some shards."""
    for table, path in task.writes.items():
        finder.engine.write_parquet(f"from {table}", path)
    files = digests_of(task.settings.work, task.writes.values())
    return StepDone(files, seals, finder.copies.made)


def _count(finder: Finder, task: FindTask) -> StepDone:
    engine = finder.engine
    _read(engine, task, "list_hits")
    _read(engine, task, "same_link")
    _read(engine, task, "hit_traits")
    engine.execute(
        "create or replace temp table shards (shard_no integer, subset varchar, n_rows bigint)"
    )
    for n in task.shards:
        engine.execute(
            "insert into shards values (?, ?, ?)", [n.no, shown(n.shard.subset), n.shard.rows]
        )
    engine.execute("create or replace temp table lists as from store.lists")
    engine.run(load(task.settings.sql_version)["36_hit_counts"])
    write_find(engine, task.settings.work)
    for table, path in task.writes.items():
        engine.write_parquet(f"from {table}", path)
    _read(engine, task, "found_values")
    made = [*task.writes.values(), *(task.settings.work / f"{table}.parquet" for table in FOUND)]
    return StepDone(digests_of(task.settings.work, made), found=_found(engine))


def _found(engine: Engine) -> dict[str, object]:
    """What the parent of this process wants to know of it all."""
    return {
        "counts": engine.rows("from hit_counts order by all"),
        "unions": engine.rows("from hit_unions order by all"),
        "digests": engine.rows(  # of what was found in each shard, so that a change is seen
            "with found as (select shard_no, to_json(h)::varchar as line "
            "from list_hits as h union all select shard_no, to_json(s)::varchar "
            "from same_link as s union all select shard_no, to_json(t)::varchar "
            "from hit_traits as t) "
            "select shard_no, sha256(string_agg(line, ' ' order by line)) "
            "from found group by all order by all"
        ),
        "values": engine.rows(
            "select v.* from found_values as v "
            "where v.shard_no < 0 or v.shard_no in (select shard_no from shards) order by all"
        ),
    }


_STEPS: dict[str, Callable[[Finder, FindTask], StepDone]] = {
    "sidecars": _sidecars, "hits": _hits, "gather": _gather, "same": _same, "count": _count,
}  # fmt: skip


def _read(engine: Engine, task: FindTask, table: str) -> None:
    """Load what earlier steps left of a table; without any file it is empty."""
    if task.reads[table]:
        engine.read_parquet(table, task.reads[table])
    else:
        _make(engine, table)


def _make(engine: Engine, table: str) -> None:
    engine.execute(f"create or replace temp table {table} ({_COLUMNS[table]})")
