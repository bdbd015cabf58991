"""`clean`: match, write the editions, audit, verify. Resumes by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from relaion.errors import InputError, OutputError, RelaionError, ScriptError, Stopped
from relaion.lists.key import key_path, ledger_path
from relaion.lists.snapshot import Snapshot
from relaion.parquet.roles import Columns, columns_of, overrides_of
from relaion.paths import (
    AnyPath,
    AnyPaths,
    Seal,
    as_path,
    as_paths,
    as_texts,
    find_sidecars,
    maybe_path,
    private_umask,
    shown,
    typed,
)
from relaion.remote.urls import is_remote, remote_url
from relaion.run import out as folder
from relaion.run.checked import leave_check
from relaion.run.editions import Edition, load_editions
from relaion.run.elsewhere import brought_here, lying_here, shards_here
from relaion.run.engines import LOCAL, engine_of, joined, same
from relaion.run.hits import hold_good, read_known
from relaion.run.notebook import listening
from relaion.run.outputs import VERIFIED
from relaion.run.parts.division import FIND_PHASE, WRITE_PHASE, check_phase, refuse_unsearched
from relaion.run.pipeline import Request, Run
from relaion.run.pool import HERE, Caller, Executor, LocalPool, blaming
from relaion.run.progress import AUDIT, QUIET, WRITE, Progress, steps_of
from relaion.run.ray.cluster import Cluster
from relaion.run.settings import MEMORY, Settings, make_plan, read_keywords
from relaion.run.survey import read_inputs, refuse_text
from relaion.run.where import check_where, check_where_from_shards, refuse_remote, where_of
from relaion.sqlset import BUILT_IN, VERSION
from relaion.stages.cleaned import Cleaned, result_of, verify_command
from relaion.stages.part import do_part
from relaion.stages.verify import check, mirrored
from relaion.verifier.checked import VERIFIER
from relaion.verifier.verdict import Verdict

# below, starting another process costs more than it saves
ROWS_A_WORKER = 100_000
SHARDS_A_WORKER = 50  # each takes its time, however few rows it has


def clean(
    paths: AnyPaths,
    lists: AnyPath,
    out: AnyPath,
    *,
    editions: AnyPaths = BUILT_IN,
    keywords: AnyPath | None = None,
    unscored: str = "keep",
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
    copy: bool = False,
    verify: bool = True,
    yes_i_checked: bool = False,
    good_wins: bool = False,
    cover: int = 0,
    cover_site_rows: int | None = None,
    shards: str | None = None,
    phase: str | None = None,
    engine: str = LOCAL,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Cleaned:
    """Write editions of a data set without the rows that lists and rules name.

    Resumes a run broken off; a finished OUT is left as it is, and checked if its check did not hold
    or was left out. Inputs are never modified. A NULL
    matches nothing and drops no row; NULL and NaN are no score.

    Args:
        paths: Shards, folders of shards or globs; one or many. Each folder is a subset.
        lists: The list store.
        out: The folder of the editions: a new one, or that of a run broken off; on this machine,
            or in a store, such as `s3://BUCKET/FOLDER`.
        editions: `research`, `research-safe`, or paths of scripts of your own.
        keywords: A UTF-8 file of words, one a line; None switches off the rule that needs them.
        unscored: `keep` or `drop`: what becomes of rows without a score where a rule needs one.
        columns: Role to the name, or names, of its columns; None finds them by name and type.
        key: The curator key; None for the one beside the store.
        work: Where the private work folder is made; None for within `out`, or below the user's
            folder of state where `out` lies in a store.
        workers: Processes; None for one a core.
        memory: What all processes may hold together, such as `2GB`; 500 MB at least.
        time_limit: Seconds for one task of a worker; None for a time by its rows and bytes.
        sql_version: The set of SQL scripts.
        same_link: Whether other rows with a listed link leave too.
        inner: Whether links inside links are matched.
        sidecars: Files of image hashes by link or row hash.
        copy: Copy files that lose nothing; else they are hard-linked, and share their bytes.
        verify: Check the result by other code; without it `verdict` is None.
        yes_i_checked: Go on although lists hit very many rows.
        good_wins: What a list of known-good files names is not listed, whoever lists it.
        cover: So many neutral sites leave with each that has a listed row; the choice is kept in
            `cover.duckdb` beside the curator key.
        cover_site_rows: How many rows a site may have; None for what costs least.
        shards: One part of many, such as `2/8`, for a machine of its own; `merge` joins them.
        phase: `find` to search that part, `write` to write it once `merge` has joined all.
        engine: `local`, or `ray` for workers of a Ray cluster: one that is started here, that of
            this machine (`ray=auto`), or the one at an address (`ray=HOST:PORT`). Each worker then
            has `memory` for itself; all machines share the folders.
        progress: Hears how far it is; None draws a bar in a notebook, and tells nobody elsewhere.
        executor: Does the tasks of shards in place of an engine.

    Returns:
        What was made, why rows left, and the verdict; of a part a `CleanedPart`.

    Raises:
        InputError: For a path, a shard or an option that cannot be used.
        ListError: For a store that cannot.
        ScriptError: For an edition of your own that cannot run.
        OutputError: Where OUT is not ours, or cannot be written.
        BusyError: While another run holds OUT.
        StopError: Where the run stops itself: a limit to confirm, shards that failed.
    """
    paths, sidecars, editions = as_paths(paths), as_paths(sidecars), as_texts(editions)
    lists, keywords = as_path(lists), maybe_path(keywords)
    key, work = maybe_path(key), maybe_path(work)
    where, share = where_of(out, work), check_phase(shards, phase)
    cluster, limits = engine_of(engine, workers, memory, time_limit)
    if share is not None:
        refuse_remote(where)
        _refuse_signed(sidecars)
    if share is not None and cluster is not None:
        raise InputError("--shards and --engine ray share one clean in two ways; leave one out")
    if share is not None and phase == WRITE_PHASE:
        refuse_unsearched(where.out, where.work, share)
    refuse_text(paths)  # before all else: it is what a newcomer meets first
    check_where(where, paths)
    listen = listening(progress)
    steps = steps_of(cover=cover > 0, verify=verify and share is None)
    listen.steps(steps if phase != FIND_PHASE else [s for s in steps if s not in (WRITE, AUDIT)])
    command = verify_command(where.told, paths, lists, keywords, columns or {}, key, sidecars)
    folder.sweep_left(work, lists)
    if cluster is not None:
        folder.sweep_left(where.out.absolute().parent, None)  # where its check works
    with LocalPool(guard=limits.guard, listener=listen) as pool, ExitStack() as left:
        settings = Settings(
            sql_version, limits, where.work.absolute(), where.out.absolute(), store=where.url,
            editions=editions_of(editions, sql_version, pool), same_link=same_link, inner=inner,
            unscored=unscored, copy=copy, good_wins=good_wins,
            cover=cover, cover_site_rows=cover_site_rows,
        )  # fmt: skip
        here, beside = left.enter_context(
            brought_here(
                pool, paths, sidecars, work=where.make_near(), out=where.out, progress=listen
            )
        )
        request = request_of(
            settings, here, lists, keywords, key, columns or {}, beside, pool, progress=listen
        )
        hold_good(request.known, settled=good_wins or yes_i_checked)
        check_where_from_shards(where, lying_here(here), shards_here(request.inputs.places))
        place = left.enter_context(folder.open_where(where))
        if share is not None:
            said = _said(paths, lists, keywords, columns or {}, key, sidecars)
            return do_part(
                place, request, pool, share, str(phase), lists, said, workers=_worth(request),
                listen=listen, executor=executor,
            )  # fmt: skip
        return carry_out(
            place, request, pool, here, lists, command, columns=columns, verify=verify,
            yes=yes_i_checked, listen=listen, executor=executor, cluster=cluster, workers=workers,
        )  # fmt: skip


def carry_out(
    place: folder.Out,
    request: Request,
    pool: LocalPool,
    paths: Sequence[Path],
    lists: Path,
    command: str,
    *,
    columns: Columns | None,
    verify: bool,
    yes: bool,
    listen: Progress,
    executor: Executor | None,
    make: Callable[..., Run] = Run,
    parent: Path | None = None,
    cluster: Cluster | None = None,
    workers: int | None = None,
) -> Cleaned:
    """Do a run whose arguments were checked, or go on with it, in an OUT that is open; check it.

    `make` makes it of what `Run` takes; `parent` is what an update goes on from. `workers` is how
    many were asked of a `cluster`, if any.
    """
    folder.check_ours(place)
    before = folder.finished(place, request.plan)
    if before is not None:
        folder.purge(place)  # left by a kill after the manifest
        verdict, told = None, request.inputs.notices
        if verify and not (place.path / VERIFIED).is_file():
            # who repeats a command whose check was stopped would take its exit code for the answer
            listen.say(f"{place.named}: this run was finished before; it is checked now")
            verdict = _checked(
                place, request, pool, paths, lists, before["run"], columns=columns, listen=listen,
                parent=parent, cluster=cluster, workers=workers,
            )  # fmt: skip
            told = told if place.remote is None else (*told, *verdict.notices)
        return result_of(pool, place, before, True, told, verdict, None, command)
    journal, goes_on = folder.begin(place, request.plan, listen, request.inputs.stamps())
    pool.begin(_worth(request), place.work, held=(place.lock,))
    reads = [n.shard.path for n in request.inputs.shards] + ([] if parent is None else [parent])
    verdict = None
    with ExitStack() as stays:
        with (
            private_umask(),
            joined(
                cluster, request.settings.limits, workers, pool, listen, place.work, [place.path],
                reads, stays if verify else None,
            ) as (hands, granted),
        ):  # fmt: skip
            request = replace(request, settings=replace(request.settings, limits=granted))
            run = make(
                place, journal, request, lists, goes_on, executor or hands, pool, listen, yes=yes
            )
            found, told, passed_over, store = run.whole()
        if verify:
            pool.rest()
            verdict = _checked(
                place, request, pool, paths, store, found["run"], columns=columns, listen=listen,
                parent=parent, cluster=same(cluster, hands), workers=workers,
                digested=run.digested,
            )  # fmt: skip
            told = told if place.remote is None else (*told, *verdict.notices)
        else:
            folder.purge(place)
    return result_of(
        pool, place, found, False, told, verdict, passed_over, command, audit=run.audit
    )


def _checked(
    place: folder.Out,
    request: Request,
    pool: LocalPool,
    paths: Sequence[Path],
    store: Path | Snapshot,
    run: str,
    *,
    columns: Columns | None,
    listen: Progress,
    parent: Path | None,
    cluster: Cluster | None,
    workers: int | None,
    digested: Mapping[Path, Seal] | None = None,
) -> Verdict:
    """Check a run that is finished, by other code, and leave word of it where all held.

    `store` is what it was matched with; `digested` are files that it has digested itself just now.
    """
    limits, words, mirror = request.settings.limits.here, request.keywords, None
    with _finished(place) as purge_work, ExitStack() as left:
        if place.remote is not None:
            mirror = left.enter_context(mirrored(place.remote.store.at, place.path.parent))
        verdict = check(
            pool, place.path if mirror is None else mirror.folder, inputs=paths, lists=store,
            keywords=words.raw if words else None, key=request.known.key, columns=columns,
            sidecars=request.sidecars, progress=listen,
            workers=limits.fitting(limits.workers) if cluster is None else workers,
            held=purge_work, ledger=ledger_path(request.key), parent=parent,
            rests=parent is not None, digested=digested, mirror=mirror, cluster=cluster,
            work=None if cluster is None else _beside(place), rows=request.inputs.rows,
        )  # fmt: skip
    _leave_check(place, request, run, verdict, listen)
    return verdict


def _beside(place: folder.Out) -> Path:
    """A folder that all machines share, for what a check leaves for a while: not in OUT."""
    is_within = place.work.is_relative_to(place.path)
    return (place.path if is_within else place.work).parent


def _leave_check(
    place: folder.Out, request: Request, run: str, verdict: Verdict, listen: Progress
) -> None:
    """Leave word of a check in which all held, for the next update to rest on."""
    if any(outcome.state != "held" for outcome in verdict.outcomes):
        return
    held = [outcome.promise for outcome in verdict.outcomes]
    try:
        leave_check(
            place.path, request.known.key, run, verdict.manifest, VERIFIER, held, verdict.rests_on
        )
        if place.remote is not None:
            place.remote.put_public(VERIFIED)
    except OutputError as e:
        listen.say(f"{e}; the next update has to check every shard whole")


@contextmanager
def _finished(place: folder.Out) -> Iterator[Callable[[], object]]:
    """Yields what removes the work folder of a run that has ended, which is done in any case.

    A check does so as soon as it holds the store open. From here on OUT is finished, and what
    stops the check says so, and what is left to do.
    """
    try:
        try:
            yield lambda: folder.purge(place)
        finally:
            folder.purge(place)
    except Stopped as e:
        raise Stopped(
            e.signal,
            f"stopped while checking; {place.named} is finished, check it with `relaion verify`",
        ) from None
    except RelaionError as e:
        raise type(e)(
            f"{e} ({place.named} is finished but was not checked; run `relaion verify`)"
        ) from None


def _refuse_signed(sidecars: Sequence[Path]) -> None:
    """Raise InputError for a sidecar that a merge could not find again."""
    for path in sidecars:
        if is_remote(path) and remote_url(path).query:
            raise InputError(
                f"{shown(path)}: a part of a clean notes its sidecars for `merge`, and the query "
                "of a link may be a signature, which is noted nowhere; fetch it, and name the file"
            )


def _worth(request: Request) -> int:
    """How many processes are worth their start, as far as there is room for them."""
    limits = request.settings.limits
    inputs = request.inputs
    worth = inputs.rows // ROWS_A_WORKER + len(inputs.shards) // SHARDS_A_WORKER
    return limits.fitting(min(limits.workers, 1 + worth))


def _said(
    paths: Sequence[Path],
    lists: Path,
    keywords: Path | None,
    columns: Columns,
    key: Path | None,
    sidecars: Sequence[Path],
) -> dict[str, Any]:
    """The arguments of a part that its merge may need: private, for they name files."""
    return {
        "paths": [shown(path) if is_remote(path) else str(path) for path in paths],
        "lists": str(lists),
        "keywords": keywords and str(keywords),
        "columns": columns_of(overrides_of(columns)),
        "named_key": key and str(key),
        "named_sidecars": [shown(path) if is_remote(path) else str(path) for path in sidecars],
        "key": str((key or key_path(lists)).absolute()),
        "sidecars": [str(path if is_remote(path) else path.absolute()) for path in sidecars],
    }


def editions_of(
    wanted: Sequence[str | Path], version: str, caller: Caller = HERE
) -> tuple[Edition, ...]:
    """Editions by name or path, what they do checked; raises as `load_editions` does."""
    editions = load_editions(wanted, version)
    for edition in editions:
        if not edition.built_in:
            with blaming(edition.script.path, ScriptError):
                caller.call("relaion.run.own_edition:check_statements", edition.script)
    return editions


def request_of(
    settings: Settings,
    paths: Sequence[Path],
    lists: Path,
    keywords: Path | None,
    key: Path | None,
    columns: Columns,
    sidecars: Sequence[Path],
    caller: Caller = HERE,
    lineage: Sequence[Mapping[str, Any]] = (),
    progress: Progress = QUIET,
) -> Request:
    """The arguments of a run, checked; raises as `clean` does.

    `settings` are what can be told without a file: keywords and columns are added here. `lineage`
    is that of an update, whose lists may all have been withdrawn.
    """
    if settings.unscored not in ("keep", "drop"):
        raise InputError(f"--unscored {typed(settings.unscored)}: write keep or drop")
    if settings.cover < 0 or (settings.cover_site_rows or 1) < 1:
        raise InputError(
            "--cover and --cover-site-rows are numbers of sites and of rows; write 0 sites for "
            "none, and 1 row at least"
        )
    known = read_known(lists, key, caller, may_be_empty=bool(lineage), seals=True)
    if settings.cover:
        ledger = ledger_path(key or key_path(lists))
        caller.call("relaion.lists.cover:check_ledger", ledger, known.key)
    words = read_keywords(keywords) if keywords else None
    inputs = read_inputs(paths, columns, caller, progress=progress)
    for edition in settings.editions:
        if not edition.built_in:
            with blaming(edition.script.path, ScriptError):
                caller.call(
                    "relaion.run.own_edition:try_own", edition, inputs.of_each_layout,
                    settings.sql_version,
                )  # fmt: skip
    if settings.unscored == "drop" and "punsafe" not in inputs.roles:
        raise InputError(
            f"{shown(paths[0])}: --unscored drop would remove every row, since no shard has a "
            "score; leave it out, or name the column with --column punsafe=NAME"
        )
    settings = replace(
        settings,
        keywords=None if words is None else known.seal(words.sha256, len(words.words)),
        columns=columns_of(overrides_of(columns)),
    )
    beside = [s.path for s in find_sidecars(sidecars).shards] if sidecars else []
    plan = make_plan(settings, inputs.lines(), known.lists, beside, lineage)
    return Request(
        settings, inputs, known, words, plan, tuple(sidecars), key or key_path(lists)
    )  # fmt: skip
