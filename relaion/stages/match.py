"""`match`: a dry run that counts what the lists find; it writes nothing but reports to givers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from relaion.errors import InputError, RelaionError
from relaion.parquet.looked_at import Asked, NotLookedAt
from relaion.parquet.roles import Columns
from relaion.paths import (
    AnyPath,
    AnyPaths,
    as_path,
    as_paths,
    is_still,
    maybe_path,
    owned_folder,
    private_umask,
    replaced,
    stamp_of,
)
from relaion.run.coverage import Coverage, coverage, left_out, roles_of_kinds
from relaion.run.elsewhere import brought_here, lying_here, shards_here
from relaion.run.engines import LOCAL, engine_of, joined
from relaion.run.find import Hunt, kept_bytes
from relaion.run.giver_report import GiverReport, Reported
from relaion.run.hits import Hits, Searched, hold_good, notices, read_known, snapshot
from relaion.run.journal import Journal
from relaion.run.notebook import listening
from relaion.run.numbered import Numbered
from relaion.run.out import sweep_left
from relaion.run.pool import LocalPool
from relaion.run.progress import COUNT, SEARCH, SURVEY, Progress
from relaion.run.settings import MEMORY, Settings
from relaion.run.survey import check_sidecars, read_inputs, read_sealed_sidecars, roles_beside
from relaion.sqlset import VERSION, check
from relaion.tabled import Tabled

# as a clean beside this does, which links what it leaves as it is, or a backup
_TOUCHED = (
    "files got other names, rights or owners while they were searched: all are searched once more, "
    "and digested, which tells whether they hold the same"
)


@dataclass(frozen=True)
class Matched(Tabled):
    """What the lists of a store find in a data set.

    `lists` are those of the store (list_id, source, title, label, received, entries per kind),
    `rows` the rows of each subset, `hits` the counts per list, kind, form and subset with the
    unions (`all` is what lists name, `same_link` the rows beyond), `coverage` how many rows each
    kind of list can reach, `not_looked_at` the columns and values that none was compared with,
    `reported` what was written for the giver of each list, where that was asked for. `notices` are
    for whoever ran it.
    """

    lists: tuple[dict[str, Any], ...]
    rows: dict[str, int]
    hits: Hits
    coverage: tuple[Coverage, ...]
    notices: tuple[str, ...]
    not_looked_at: tuple[NotLookedAt, ...] = ()
    reported: tuple[Reported, ...] = ()


def match(
    paths: AnyPaths,
    lists: AnyPath,
    *,
    columns: Columns | None = None,
    key: AnyPath | None = None,
    work: AnyPath | None = None,
    workers: int | None = None,
    memory: str = MEMORY,
    time_limit: float | None = None,
    sql_version: str = VERSION,
    same_link: bool = True,
    inner: bool = True,
    sidecars: AnyPaths = (),
    good_wins: bool = False,
    report_to_giver: AnyPath | None = None,
    engine: str = LOCAL,
    progress: Progress | None = None,
) -> Matched:
    """Count the rows that each list finds, per kind and subset; writes no row.

    Gross counts, overlaps and unions come together: a row on two lists is two memberships and one
    row. Those of subsets of few rows are told too: this is for the eyes of whoever holds the lists,
    and no file. A NULL matches nothing.

    Args:
        paths: Shards, folders of shards or globs; one or many. Each folder is a subset.
        lists: The list store.
        columns: Role to the name, or names, of its columns; None finds them by name and type.
        key: The curator key; None for the one beside the store.
        work: Where a private, temporary folder is made; None for the system's.
        workers: Processes; None for one a core.
        memory: What all processes may hold together, such as `2GB`; 500 MB at least.
        time_limit: Seconds for one batch of shards; None for a time by its rows and bytes.
        sql_version: The set of SQL scripts.
        same_link: Whether other rows with a listed link count too.
        inner: Whether links inside links are matched.
        sidecars: Files of image hashes by link or row hash.
        good_wins: What a list of known-good files names is not listed, whoever lists it.
        report_to_giver: A new or empty folder, made private (0700), for a file `list-<list_id>.csv`
            of each list with the giver's own ids of the records that hit, one a line: `record_id`
            as the giver wrote it where the list was added with `keep_ids`, else `record_id_sha256`,
            the first 32 hex digits of the SHA-256 of that id. All files are written, or none.
        engine: `local`, or `ray`, `ray=auto` or `ray=HOST:PORT` for workers of a Ray cluster.
        progress: Hears how far it is; None draws a bar in a notebook, and tells nobody elsewhere.

    Returns:
        Rows by list, kind and subset, what could be looked at, and what was not.

    Raises:
        InputError: For a path, a shard or an option that cannot be used.
        ListError: For a store that cannot.
        OutputError: Where reports to givers cannot be written.
        StopError: Where more entries are known good than can be a slip.
    """
    paths, sidecars, lists = as_paths(paths), as_paths(sidecars), as_path(lists)
    key, work = maybe_path(key), maybe_path(work)
    cluster, limits = engine_of(engine, workers, memory, time_limit)
    listen = listening(progress)
    check(sql_version)
    into = maybe_path(report_to_giver)
    report = None
    if into is not None:
        report = GiverReport(into, work, lying_here((*paths, *_folders(sidecars))))
        report.check()
    sweep_left(work, lists)
    listen.steps((SURVEY, SEARCH, COUNT))
    with LocalPool(guard=limits.guard, listener=listen) as pool, ExitStack() as left:
        known = read_known(lists, key, pool, seals=True)
        of_good = hold_good(known, settled=good_wins)
        paths, sidecars = left.enter_context(
            brought_here(pool, paths, sidecars, work=work, progress=listen)
        )
        inputs = read_inputs(paths, columns or {}, pool, progress=listen)
        shards = inputs.whole(listen.say)
        if report is not None:
            report.check_shards(shards_here(inputs.places))
        owned = left.enter_context(owned_folder("match", work))
        pool.begin(1, owned.path, held=(owned.lock,))
        told = [*inputs.notices, *of_good]
        journal = Journal(owned.path)
        settings = Settings(
            sql_version, limits, owned.path.absolute(), same_link=same_link, inner=inner,
            good_wins=good_wins,
        )  # fmt: skip
        with private_umask():
            listen.phase(SEARCH)
            reads = (n.shard.path for n in inputs.shards)
            executor, limits = left.enter_context(
                joined(cluster, limits, workers, pool, listen, owned.path, reads=reads)
            )
            settings = replace(settings, limits=limits)
            store = snapshot(lists, known, journal, pool)
            beside = read_sealed_sidecars(sidecars, journal, columns or {}, told, pool)
            roles = roles_of_kinds(
                [*known.kinds, *(["row_hash"] if beside else [])], spreads=same_link
            )

            def covering(found: Searched) -> tuple[Coverage, ...]:
                return coverage(
                    pool, inputs, found.values, roles, beside, settings, journal,
                    row_hashes="row_hash" in known.kinds,
                )  # fmt: skip

            def forget() -> None:  # sidecars that were made parquet are forgotten, too
                journal.forget_search()
                read_sealed_sidecars(sidecars, journal, columns or {}, [], pool)

            hunt = partial(
                Hunt, settings, beside, roles, store, journal, executor, listen,
                with_entries=report is not None,
                row_bytes=kept_bytes(known.kinds, beside=bool(beside)),
            )  # fmt: skip
            searched, covered = _search(hunt, shards, covering, forget, listen)
        reported: tuple[Reported, ...] = ()
        if report is not None and searched.entries is not None:
            reported = report.write(pool, store, known, searched.entries, limits.here)
        reached = roles_beside(beside)
        told += notices(searched.hits, known, inputs, reached)
        asked = Asked(known.kinds, beside=reached, unusable=known.unusable)
        passed_over = left_out(inputs, beside, asked, searched.values)
    return Matched(
        known.lists,
        inputs.rows_by_subset,
        searched.hits,
        covered,
        tuple(told),
        passed_over,
        reported,
    )


def _search(
    hunt: Callable[..., Hunt],
    shards: Sequence[Numbered],
    covering: Callable[[Searched], tuple[Coverage, ...]],
    forget: Callable[[], None],
    listen: Progress,
) -> tuple[Searched, tuple[Coverage, ...]]:
    """What is found, and what could be looked at; digests shards only where it has to."""

    def look(*, digests: bool) -> tuple[Searched, tuple[Coverage, ...]]:
        one = hunt(digests=digests)
        found = one.run(shards)
        listen.phase(COUNT)
        try:
            return found, covering(found)
        finally:
            for n in found.shards:
                if not is_still(n.shard.path, found.seals[n.no]):
                    raise replaced(n.shard.path)
            check_sidecars(one.sidecars)

    try:
        return look(digests=False)
    except RelaionError:
        if not _is_touched(shards):
            raise
        listen.say(_TOUCHED)
        forget()
        return look(digests=True)


def _is_touched(shards: Sequence[Numbered]) -> bool:
    """Whether any file may hold what it held: the system says of something, and of no write."""
    try:
        now = [(stamp_of(n.shard.path), n.shard.stamp) for n in shards]
    except InputError:  # gone
        return False
    return any(
        before is not None and stamp != before and stamp.written == before.written
        for stamp, before in now
    )


def _folders(sidecars: Sequence[Path]) -> list[Path]:
    """Those that are no single files, which often lie beside what has nothing to do with them."""
    return [path for path in sidecars if not path.is_file()]
