"""Steps of the search for an update, in a worker: what else names the rows that were found."""

from relaion.run.find_task import Steps, count_hits, look_again, read_found, step_done
from relaion.run.finder import Finder
from relaion.run.process import TaskOutcome
from relaion.run.python_answers import fill_inner
from relaion.run.tasks import FindTask


def _linked(finder: Finder, task: FindTask) -> TaskOutcome:
    """The keys of all links of rows that were found, those inside their links too."""
    engine = finder.engine
    for table in ("list_hits", "same_link"):
        read_found(finder, task, table)
    engine.execute(
        "create or replace temp table list_hits as select distinct shard_no, file_row_number, "
        "list_id from (select shard_no, file_row_number, list_id from list_hits union all "
        "from same_link)"
    )

    def search() -> None:
        finder.told("32_hit_links")
        if task.settings.inner:
            engine.execute("create or replace temp table holding_rows as select * exclude (level) "
                           "from near_links")  # fmt: skip
            engine.execute(
                "create or replace temp table holding_links as select distinct url from near_links"
            )
            fill_inner(engine, task.settings.limits.threads)
            engine.run(finder.script("18_inner_links"))
        finder.search_keys(whole=True)

    return look_again(
        finder, task, lambda: finder.read(task.shards, search, wanted=("row_links",)), passes=2
    )


def _further(finder: Finder, task: FindTask) -> TaskOutcome:
    """Those of these keys by which nothing was looked for yet."""
    engine = finder.engine
    read_found(finder, task, "hit_keys")
    engine.read_parquet("known_keys", task.reads["known_keys"])
    engine.execute(
        "create or replace temp table further_keys as select distinct h.* from hit_keys as h "
        "anti join known_keys as k on h.digest = k.digest"
    )
    for table, path in task.writes.items():
        engine.write_parquet(f"from {table} order by all", path)
    ((n,),) = engine.rows("select count(*) from further_keys")
    return step_done(task, task.writes.values(), found={"n": n})


def _spread(finder: Finder, task: FindTask) -> TaskOutcome:
    """Both in one look at the links: `same_link`, and the rows with a further link.

    What spreads by a further link spreads by a link of its own, so none inside a link is asked.
    """
    engine = finder.engine
    for table in ("list_hits", "hit_keys"):
        read_found(finder, task, table)
    engine.execute("create or replace temp table known_keys as from hit_keys")
    engine.read_parquet("further_keys", task.reads["further_keys"])

    def search() -> None:
        finder.passes(task.shards, 6)
        engine.execute(
            "create or replace temp table hit_keys as from known_keys union all from further_keys"
        )
        finder.search_same_link(inner=bool(task.reads["hit_keys"]))
        # of the links that were looked at, those with a key of the first kind alone
        engine.execute("create or replace temp table hit_keys as from known_keys")
        finder.told("35_same_link")
        engine.execute(
            "create or replace temp table further_rows as select distinct r.shard_no, "
            "r.file_row_number from link_keys as r semi join further_keys as f "
            "on sha256(r.url_key) = f.digest where r.level = 'own'"
        )

    return look_again(finder, task, lambda: finder.read(task.shards, search, wanted=("row_links",)))


def _found_in(finder: Finder, task: FindTask) -> TaskOutcome:
    """The shards that hold any of these rows."""
    shards: set[int] = set()
    for table, paths in task.reads.items():
        if paths:
            finder.engine.read_parquet(table, paths)
            query = f"select distinct shard_no from {table}"  # noqa: S608 - ours
            shards.update(no for (no,) in finder.engine.rows(query))
    return step_done(task, (), found={"shards": sorted(shards)})


def _before(finder: Finder, task: FindTask) -> TaskOutcome:
    """The same counts as if some lists were not there."""
    engine = finder.engine
    for table in ("list_hits", "same_link"):
        read_found(finder, task, table)
        delete = f"delete from {table} where list_id in (from unnest(?))"  # noqa: S608 - ours
        engine.execute(delete, [task.values["gained"]])
    count_hits(finder, task)
    for table, path in task.writes.items():
        engine.write_parquet(f"from {table}", path)
    return step_done(task, task.writes.values())


UPDATE_STEPS: Steps = {
    "before": _before, "linked": _linked, "further": _further, "found_in": _found_in,
    "spread": _spread,
}  # fmt: skip
