"""One step of the search over some shards, as a worker does it in its own process.

A step reads what earlier ones left in the work folder, and leaves what it finds there as parquet
files, whole or not at all. Which shards: `find.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from relaion.engine import Connect, Engine, connect
from relaion.errors import EngineError, ListError
from relaion.lists.database import attach_store
from relaion.paths import Seal, read_sealed, read_still, replaced, shown
from relaion.remote.standing import drop
from relaion.run.finder import Finder
from relaion.run.journal import digests_of
from relaion.run.node_copy import on_this_node
from relaion.run.process import TaskOutcome
from relaion.run.sources import Copies, original
from relaion.run.tasks import FindTask

_MAKERS = {
    "list_hits": "30_list_hits", "hit_traits": "30_list_hits", "hit_entries": "30_list_hits",
    "found_values": "31_found_values", "hit_keys": "33_hit_keys", "same_link": "35_same_link",
    "site_counts": "cover/44_site_counts", "listed_places": "cover/44_site_counts",
    "split_places": "cover/46_split_places", "cover_images": "cover/59_cover_images",
    "cover_hashes": "cover/62_cover_hashes",
    "same_images": "cover/53_same_images", "removed_sites": "cover/57_removed_sites",
    "cover_lists": "cover/57_removed_sites", "listed_rows": "cover/66_listed_rows",
    "joined_things": "cover/69_joined_sites", "able_sites": "cover/47_cells",
    "shown_things": "cover/90_shown_things", "sited_keys": "cover/97_sited_keys",
}  # fmt: skip


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
            self._opened(threads=limits.threads, memory=limits.find_memory, temp=task.settings.work)
        )
        try:
            attach_store(engine, on_this_node(task.store), task.store.only)
        except EngineError:
            self.close()
            raise ListError(
                f"{shown(task.store.origin)}: cannot be read any more; restore it, then "
                "repeat the command"
            ) from None
        return Finder(engine, task.settings, task.sidecars, task.roles)

    def close(self) -> None:
        """Close the connection that is open."""
        self._left.close()
        self._now = None


def run_find(task: FindTask, finders: Finders, steps: "Steps | None" = None) -> TaskOutcome:
    """Do one of the `steps`; raises ListError where the store cannot be read any more.

    The connection is closed where it fails, and after the last step, which has no use for it.
    """
    try:
        finder = finders.of(task)
        finder.copies = Copies(task.settings.work, task.copies)
        done = (steps or SEARCH)[task.step](finder, task)
    except BaseException:
        finders.close()
        raise
    finally:
        for n in task.shards if task.lets_go else ():
            drop(n.shard.path)
    last = "cover" if task.settings.cover else "count"
    if task.step in (last, "before") and not task.values.get("stays"):
        finders.close()
    return done


def _sidecars(finder: Finder, task: FindTask) -> TaskOutcome:
    finder.sidecar_keys()
    return step_done(task, task.writes.values(), copies=finder.copies.made)


def _hits(finder: Finder, task: FindTask) -> TaskOutcome:
    engine = finder.engine

    def look() -> None:
        for n in task.shards:  # copies of a try that failed may be of other bytes
            finder.copies.drop(original(n))
            if not n.shard.is_still():
                raise replaced(n.shard.path)
        finder.list_hits(task.shards, counts=task.values.get("counts", True))
        hit = {no for (no,) in engine.rows("select distinct shard_no from list_hits")}
        if task.settings.same_link and hit:
            finder.hit_keys([n for n in task.shards if n.no in hit])
        else:
            finder.none_of("33_hit_keys", "table hit_keys")

    if task.seals:
        return look_again(finder, task, look)
    seals = read_sealed(paths_of(task), look, task.settings.limits.threads, digests=task.digests)
    return leave_found(finder, task, dict(zip([n.no for n in task.shards], seals, strict=True)))


def _gather(finder: Finder, task: FindTask) -> TaskOutcome:
    engine = finder.engine
    for table, path in task.writes.items():
        read_found(finder, task, table)
        engine.write_parquet(f"select distinct * from {table} order by all", path)  # noqa: S608
    return step_done(task, task.writes.values())


def _same(finder: Finder, task: FindTask) -> TaskOutcome:
    read_found(finder, task, "list_hits")
    read_found(finder, task, "hit_keys")
    return look_again(finder, task, lambda: finder.same_link(task.shards))


def look_again(
    finder: Finder, task: FindTask, look: Callable[[], None], passes: int = 1
) -> TaskOutcome:
    """Look at shards that were sealed when they were searched, and leave what is found."""
    finder.passes(task.shards, passes)
    seals = {n.no: task.seals[n.no] for n in task.shards}
    read_still(dict(zip(paths_of(task), seals.values(), strict=True)), look)
    return leave_found(finder, task, seals)


def step_done(
    task: FindTask,
    files: Iterable[Path],
    seals: Mapping[int, Seal] | None = None,
    copies: Mapping[int, str] | None = None,
    found: Mapping[str, object] | None = None,
) -> TaskOutcome:
    """What a step leaves for the journal.

    `files` of the work folder, `seals` of the shards as they were searched, `copies` that were
    made of them; `found` is what the parent wants to know of it all.
    """
    said = {
        "files": digests_of(task.settings.work, files),
        "seals": {str(no): seal.plain() for no, seal in (seals or {}).items()},
        "copies": copies or {},
        "found": found or {},
    }
    return TaskOutcome(task.no, None, said=said)


def paths_of(task: FindTask) -> list[Path]:
    """The shards of a task."""
    return [n.shard.path for n in task.shards]


def leave_found(finder: Finder, task: FindTask, seals: Mapping[int, Seal]) -> TaskOutcome:
    """Write what was found in some shards."""
    for table, path in task.writes.items():
        finder.engine.write_parquet(f"from {table}", path)
    return step_done(task, task.writes.values(), seals, finder.copies.made)


def _count(finder: Finder, task: FindTask) -> TaskOutcome:
    """Count, and write what the shard tasks read beside the hits themselves."""
    engine = finder.engine
    made: list[Path] = []
    for table in ("list_hits", "same_link", "hit_traits"):
        read_found(finder, task, table)
    count_hits(finder, task)
    work = task.settings.work
    for query, path in (
        ("from hit_traits order by all", work / "hit_traits.parquet"),
        ("from same_link order by all", work / "same_link.parquet"),
        ("select list_id, source, label from lists order by list_id", work / "lists.parquet"),
        *((f"from {table}", path) for table, path in task.writes.items()),
    ):
        engine.write_parquet(query, path)
        made.append(path)
    read_found(finder, task, "found_values")
    return step_done(task, made, found=_found(engine))


def count_hits(finder: Finder, task: FindTask) -> None:
    """Count the hits that are loaded, over the shards of a task."""
    engine = finder.engine
    engine.execute(
        "create or replace temp table shards (shard_no integer, subset varchar, n_rows bigint)"
    )
    columns = {
        "shard_no": pa.array([n.no for n in task.shards], pa.int32()),
        "subset": pa.array([shown(n.shard.subset) for n in task.shards], pa.string()),
        "n_rows": pa.array([n.shard.rows for n in task.shards], pa.int64()),
    }
    engine.insert("shards", pa.table(columns))
    engine.execute("create or replace temp table first_shards (shard_no integer, first_no integer)")
    first: dict[str, int] = {}
    numbers = [first.setdefault(n.shard.subset, n.no) for n in task.shards]
    both = [columns["shard_no"], pa.array(numbers, pa.int32())]
    engine.insert("first_shards", pa.table(both, ["shard_no", "first_no"]))
    engine.execute("create or replace temp table lists as from store.lists")
    engine.run(finder.script("36_hit_counts"))


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
        "values": engine.rows(  # of a subset together, under the number of its first shard
            "select coalesce(s.first_no, v.shard_no) as shard_no, v.role, v.column_name, "
            "sum(v.n_values)::bigint from found_values as v "
            "left join first_shards as s on v.shard_no = s.shard_no "
            "where v.shard_no < 0 or s.shard_no is not null group by all order by all"
        ),
    }


Steps: TypeAlias = Mapping[str, Callable[[Finder, FindTask], TaskOutcome]]
SEARCH: Steps = {
    "sidecars": _sidecars, "hits": _hits, "gather": _gather, "same": _same, "count": _count,
}  # fmt: skip


def read_found(finder: Finder, task: FindTask, table: str, in_table: str | None = None) -> None:
    """Load what earlier steps left of a table; without any file it is empty.

    Or only the rows of shards that another table holds.
    """
    if task.reads[table]:
        finder.engine.read_parquet(table, task.reads[table], in_table)
    else:
        finder.none_of(_MAKERS[table], f"table {table}")
