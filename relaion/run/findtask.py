"""One step of the search over some shards, as a worker does it in its own process.

A step reads what earlier ones left in the work folder, and leaves what it finds there as
parquet files, whole or not at all.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from relaion.engine import Engine, connect
from relaion.errors import EngineError, ListError
from relaion.paths import Seal, read_sealed, read_still, replaced, shown
from relaion.run.find import Finder, Search, write_find
from relaion.run.ledger import note_found, write_note
from relaion.run.numbering import Numbered
from relaion.run.process import seconds_for
from relaion.run.readable import original
from relaion.sqlset import load

ROWS_A_SECOND = 10_000  # a search by spellings in one thread takes a tenth
_COLUMNS = {
    "list_hits": "shard_no integer, file_row_number bigint, list_id integer, kind varchar, "
    "form varchar",
    "same_link": "shard_no integer, file_row_number bigint, list_id integer",
    "found_values": "shard_no integer, role varchar, column_name varchar, n_values bigint",
    "hit_keys": "list_id integer, digest varchar, host_digest varchar",
}


@dataclass(frozen=True)
class FindTask:
    """A step of the search.

    `sidecars` searches the lists in the sidecars; `hits` searches lists and sidecars in the
    shards, and leaves their hits and the keys of these; `gather` makes one file of all hits
    and one of all keys; `same` searches the gathered keys in the shards; `count` counts what
    was found. `reads` and `writes` name files by the table that they hold; `note` says of the
    last two steps over shards which shards these were. `seals` are the shards as `hits` saw
    them. `store` is the run's own snapshot of the store that `origin` names.
    """

    step: str
    search: Search
    store: Path
    work: Path
    memory: str
    shards: tuple[Numbered, ...] = ()
    reads: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    writes: dict[str, Path] = field(default_factory=dict)
    note: Path | None = None
    seals: dict[int, Seal] = field(default_factory=dict)
    origin: Path | None = None
    no: int = -1

    @property
    def named(self) -> str:
        """What an error calls this task: its shard, or the search."""
        return shown(self.shards[0].shard.path) if len(self.shards) == 1 else "the search"

    @property
    def seconds(self) -> float:
        """How long it may take."""
        rows = [n.shard.rows for n in self.shards]
        size = [n.shard.bytes for n in self.shards]
        if self.step == "sidecars":
            rows += [s.rows for s in self.search.sidecars]
            size += [s.bytes for s in self.search.sidecars]
        return seconds_for(sum(rows), sum(size), ROWS_A_SECOND, len(rows))


class Finders:
    """A worker's connection for the search, with the store attached; kept from step to step."""

    def __init__(self) -> None:
        self._left = ExitStack()
        self._now: Finder | None = None
        self._of: object = None

    def of(self, task: FindTask) -> Finder:
        """The one for this task; raises ListError where the store cannot be read any more."""
        wanted = (task.search, task.store, task.work, task.memory)
        if self._now is None or self._of != wanted:
            self.close()
            self._now, self._of = self._open(task), wanted
        return self._now

    def _open(self, task: FindTask) -> Finder:
        engine = self._left.enter_context(
            connect(threads=task.search.workers, memory=task.memory, temp=task.work)
        )
        try:
            engine.attach(task.store, "store")
        except EngineError:
            self.close()
            raise ListError(
                f"{shown(task.origin or task.store)}: cannot be read any more; restore it, then "
                "repeat the command"
            ) from None
        return Finder(engine, task.search, task.work)

    def close(self) -> None:
        """Close the connection that is open."""
        self._left.close()
        self._now = None


def run_find(task: FindTask, finders: Finders) -> None:
    """Do one step; raises ListError where the store cannot be read any more.

    The connection is closed where it fails, and after the last step, which has no use for it.
    """
    try:
        finder = finders.of(task)
        _STEPS[task.step](finder, task)
    except BaseException:
        finders.close()
        raise
    if task.step == "count":
        finders.close()


def _sidecars(finder: Finder, task: FindTask) -> None:
    finder.sidecar_keys()


def _hits(finder: Finder, task: FindTask) -> None:
    engine = finder.engine
    finder.sidecar_keys()

    def look() -> None:
        for n in task.shards:  # copies of a try that failed may be of other bytes
            original(n).drop(task.work)
            if not n.shard.is_still():
                raise replaced(n.shard.path)
        finder.list_hits(task.shards)
        hit = {no for (no,) in engine.rows("select distinct shard_no from list_hits")}
        if task.search.same_link and hit:
            finder.hit_keys([n for n in task.shards if n.no in hit])
        else:
            _make(engine, "hit_keys")

    seals = read_sealed(_paths(task), look, task.search.workers)
    _leave(engine, task, {n.no: seal for n, seal in zip(task.shards, seals, strict=True)})


def _gather(finder: Finder, task: FindTask) -> None:
    engine = finder.engine
    for table, path in task.writes.items():
        _read(engine, task, table)
        engine.write_parquet(f"select distinct * from {table} order by all", path)  # noqa: S608


def _same(finder: Finder, task: FindTask) -> None:
    engine = finder.engine
    _read(engine, task, "list_hits")
    _read(engine, task, "hit_keys")
    seals = {n.no: task.seals[n.no] for n in task.shards}
    read_still(
        dict(zip(_paths(task), seals.values(), strict=True)),
        lambda: finder.same_link(task.shards),
    )
    _leave(engine, task, seals)


def _paths(task: FindTask) -> list[Path]:
    return [n.shard.path for n in task.shards]


def _leave(engine: Engine, task: FindTask, seals: dict[int, Seal]) -> None:
    """Write what was found, and last the note that vouches for it."""
    for table, path in task.writes.items():
        engine.write_parquet(f"from {table}", path)
    if task.note is not None:
        note_found(task.note, seals, list(task.writes.values()))


def _count(finder: Finder, task: FindTask) -> None:
    engine = finder.engine
    _read(engine, task, "list_hits")
    _read(engine, task, "same_link")
    engine.execute(
        "create or replace temp table shards (shard_no integer, subset varchar, n_rows bigint)"
    )
    for n in task.shards:
        engine.execute(
            "insert into shards values (?, ?, ?)", [n.no, shown(n.shard.subset), n.shard.rows]
        )
    engine.execute("create or replace temp table lists as from store.lists")
    engine.run(load(task.search.version)["36_hit_counts"])
    write_find(engine, task.work)
    for table in ("hit_counts", "hit_unions"):
        engine.write_parquet(f"from {table}", task.writes[table])
    _read(engine, task, "found_values")
    write_note(task.writes["found"], _found(engine))


def _found(engine: Engine) -> dict[str, object]:
    """What the parent of this process wants to know of it all."""
    return {
        "counts": engine.rows("from hit_counts order by all"),
        "unions": engine.rows("from hit_unions order by all"),
        "digests": engine.rows(  # of what was found in each shard, so that a change is seen
            "with found as (select shard_no, to_json(h)::varchar as line "
            "from list_hits as h union all select shard_no, to_json(s)::varchar "
            "from same_link as s) "
            "select shard_no, sha256(string_agg(line, ' ' order by line)) "
            "from found group by all order by all"
        ),
        "values": engine.rows(
            "select v.* from found_values as v "
            "where v.shard_no < 0 or v.shard_no in (select shard_no from shards) order by all"
        ),
    }


_STEPS: dict[str, Callable[[Finder, FindTask], None]] = {
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
