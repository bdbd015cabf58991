"""`apply`: clean any copy of a data set with a published edition, or with a diff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relaion.errors import InputError, RelaionError
from relaion.labs import place as ours
from relaion.labs.applying import NEW_NUMBERS, OLD_NUMBERS, Applying, Known, put_as
from relaion.labs.certified import CertificatePlace, certificate_place
from relaion.labs.copy_files import (
    ENDS,
    PARQUET,
    STATS,
    FoundFiles,
    NotOldError,
    find_copy,
)
from relaion.labs.known_by import check_hashes, refuse_strangers, usable, with_own_hashes
from relaion.labs.report import (
    Applied,
    FinishedCopy,
    applied,
    before_this,
    build,
    disowned,
)
from relaion.labs.sides import (
    DIFF_AMONG,
    DIFF_COLUMNS,
    read_set,
    refuse_copy_for_edition,
    refuse_diffs,
    refuse_edition_for_copy,
    refuse_misplaced,
    refuse_same,
    refuse_swapped,
    said_of_rows,
)
from relaion.parquet.roles import Columns, Overrides
from relaion.paths import (
    AnyPath,
    AnyPaths,
    as_paths,
    maybe_anywhere,
    maybe_path,
    private_umask,
    shown,
)
from relaion.remote.urls import is_remote
from relaion.run import manifest
from relaion.run.elsewhere import brought_here, lying_here
from relaion.run.engines import LOCAL, engine_of, joined
from relaion.run.notebook import listening
from relaion.run.numbered import Numbered
from relaion.run.out import Out, open_where, sweep_left
from relaion.run.pool import Caller, LocalPool
from relaion.run.progress import SEARCH, SURVEY, WRITE, Progress
from relaion.run.settings import MEMORY, versions
from relaion.run.where import Where, check_where, where_of
from relaion.sqlset import VERSION, load

if TYPE_CHECKING:
    from relaion.labs.told import DiffFile

ROW, LINK = "row", "link"


def apply(
    paths: AnyPaths,
    out: AnyPath,
    *,
    keep: AnyPaths = (),
    diff: AnyPath | None = None,
    old: AnyPaths = (),
    by: str | None = None,
    unknown: str = "drop",
    without_identity: str | None = None,
    columns: Columns | None = None,
    certificate: AnyPath | None = None,
    work: AnyPath | None = None,
    workers: int | None = None,
    memory: str = MEMORY,
    time_limit: float | None = None,
    sql_version: str = VERSION,
    copy: bool = False,
    yes_i_checked: bool = False,
    engine: str = LOCAL,
    progress: Progress | None = None,
) -> Applied:
    """Clean a copy of a data set with what its curator published; inputs are never modified.

    With `keep` a row stays if that edition holds it: by its row hash, or by its link where its
    caption was written anew. With `diff` a row leaves if the diff names it. OUT mirrors PATH: the
    same names, forms and compression.

    Args:
        paths: Files, folders or globs of the copy: parquet, TSV, CSV, JSON lines, tars.
        out: The folder of the cleaned copy, on this machine or in a store.
        keep: The published edition; one path or many.
        diff: The published diff, in place of `keep`.
        old: The set that the edition was made of: rows that it never had are then told apart.
        by: `row` or `link` where one identity alone is to count; None for both.
        unknown: `keep` or `drop`: with `keep`, rows that neither that edition nor `old` has.
        without_identity: `keep` or `drop`: rows whose hash and link are NULL; None drops them with
            `keep`, and keeps them with a diff.
        columns: Role to the name, or names, of its columns in the copy; None finds them.
        certificate: The file that says what OUT holds; None for beside it, in a store too.
        work: Where the private work folder is made, and what lies elsewhere is fetched to; None for
            within `out`, and beside it, or in the folder of state where `out` lies in a store.
        workers: Processes; None for one a core.
        memory: What all processes may hold together, such as `2GB`; 500 MB at least.
        time_limit: Seconds for one task of a worker; None for a time by its rows and bytes.
        sql_version: The set of SQL scripts.
        copy: Copy files that lose nothing; else they are hard-linked, and share their bytes.
        yes_i_checked: Go on although no row of the copy is known, or it is an edition itself.
        engine: `local`, or `ray`, `ray=auto` or `ray=HOST:PORT` for workers of a Ray cluster.
        progress: Hears how far it is; None draws a bar in a notebook, and tells nobody elsewhere.

    Returns:
        Rows by fate, what is not vouched for, and where the certificate is.

    Raises:
        InputError: For a path, a file or an option that cannot be used.
        OutputError: Where OUT is not ours, or cannot be written.
        BusyError: While another run holds OUT.
        StopError: Where the run stops itself: something to confirm, files that failed.
    """
    paths, keep, old = as_paths(paths), as_paths(keep), as_paths(old)
    work, diff = maybe_path(work), maybe_anywhere(diff)
    certificate = maybe_anywhere(certificate)
    _refuse_mixed(paths, keep, diff, old, by, unknown, without_identity)
    chosen, listen = dict(said_of_rows(columns)), listening(progress, (SURVEY, SEARCH, WRITE))
    where, certified = _placed(out, work, certificate, (*paths, *keep, *old, *filter(None, [diff])))
    cluster, apart = engine_of(engine, workers, memory, time_limit)
    limits = apart.here
    sweep_left(work, None)
    started = datetime.now(UTC)
    with LocalPool(guard=limits.guard, listener=listen) as pool, ExitStack() as left:
        paths, keep, old, diff = left.enter_context(
            _here(
                pool, paths, keep, old, diff, work=where.make_near(), out=where.out, progress=listen
            )
        )
        found = _found(where.out, paths)
        read = _read_diff(pool, paths, keep, diff)
        refuse_copy_for_edition(keep, paths, found.files)
        new, before = _editions(pool, keep, old, tuple(chosen.items()), listen)
        refuse_edition_for_copy(paths, found.files, new, yes=yes_i_checked)
        identities = _told_by(_identities(by, read), by, new, before)
        check_hashes(pool, identities, new, before)
        nameless = without_identity or ("keep" if diff else "drop")
        parameters = {
            "by": list(identities), "unknown": unknown, "without_identity": nameless,
            "columns": dict(sorted(chosen.items())),
        }  # fmt: skip
        plan = _plan(sql_version, parameters, _against(read, new, before), found)
        place = left.enter_context(open_where(where))
        done = ours.finished(place, plan)
        if done is not None:
            ours.refuse_changed(
                where.told, done, found.files, {"keep": (keep, new), "old": (old, before)}
            )
            ours.purge(place)
            certified.renew(done)
            return before_this(applied(where.told, done, found.notices, certified.told))
        journal, goes_on = ours.begin(place, plan, listen)
        pool.begin(limits.fitting(limits.workers), place.work, held=(place.lock,))
        with (
            private_umask(),
            joined(
                cluster, apart, workers, pool, listen, place.work, [place.path],
                [*(f.path for f in found.files), *(n.shard.path for n in (*new, *before))],
            ) as (hands, granted),
        ):  # fmt: skip
            run = Applying(
                where.out, place.work, journal, pool, limits, sql_version, chosen, listen,
                hands=hands, store=where.url,
                there={} if place.remote is None else place.remote.there(),
            )  # fmt: skip
            if not goes_on:
                left.enter_context(_purged_idle(place, run))
            # where the arguments do not fit, others can be given at once
            with nullcontext() if goes_on else _purged(place, InputError):
                known = _read(run, found, identities)
            asked = {
                "work": place.work, "version": sql_version, "limits": limits, "new": new,
                "old": before, "diff": diff, "salt": read.salt if read else b"", "by": identities,
                "keeps_unknown": unknown == "keep", "keeps_nameless": nameless == "keep",
                "named": tuple(sorted(chosen)), "spread": granted if cluster else None,
            }  # fmt: skip
            with _purged(place, NotOldError):
                known, fates = run.fates(known, asked)
            stats = [f for f in found.files if f.form == STATS and run.has_folder(f, known)]
            if not run.failed:  # else the rest is done, and judged when it is whole
                with _purged(place):
                    refuse_strangers(known, identities, fates, read, yes=yes_i_checked)
            written = run.write(known, stats, fates, copy=copy)
            run.stop_where_failed()
        finished = FinishedCopy(plan, known, stats, fates, written, found, nameless)
        made = build(finished, read, started, datetime.now(UTC))
        _publish(place, made, certified, {f.name: written.get(f.no) for f in found.files})
        return applied(where.told, made, (*found.notices, *disowned(fates)), certified.told)


@contextmanager
def _here(
    pool: LocalPool,
    paths: Sequence[Path],
    keep: Sequence[Path],
    old: Sequence[Path],
    diff: Path | None,
    *,
    work: Path | None,
    out: Path,
    progress: Progress,
) -> Iterator[tuple[tuple[Path, ...], tuple[Path, ...], tuple[Path, ...], Path | None]]:
    """The arguments, with what stands here for what lies elsewhere.

    The copy and the diff are fetched whole; of the sets their digests are told, which takes all of
    their bytes once, and what is searched is kept.
    """
    files = paths if diff is None else (*paths, diff)
    with brought_here(
        pool, [*keep, *old], files, work=work, out=out, digests=True, progress=progress, ends=ENDS
    ) as (sets, copy):
        of = len(keep)
        yield copy[: len(paths)], sets[:of], sets[of:], None if diff is None else copy[-1]


def _placed(
    out: AnyPath, work: Path | None, certificate: AnyPath | None, named: Sequence[Path]
) -> tuple[Where, CertificatePlace]:
    """Where OUT and its certificate go; raises InputError or OutputError where they cannot."""
    where = where_of(out, work)
    check_where(where, [p for p in named if is_remote(p) or not p.is_file()])
    certified = certificate_place(where, certificate)
    certified.refuse(where, lying_here(named))
    return where, certified


def _found(out: Path, paths: Sequence[Path]) -> FoundFiles:
    """The files of the copy; raises InputError where OUT would overwrite one."""
    found = find_copy(paths)
    targets = [f.target(out) for f in found.files]
    _refuse_overwriting(out, [f.path for f in found.files], targets)
    return found


def _publish(
    place: Out,
    made: dict[str, Any],
    certified: CertificatePlace,
    written: Mapping[str, Mapping[str, Any] | None],
) -> None:
    """Leave the manifest and the certificate, and nothing else; `written` are files by name."""
    manifest.write(place.path, made)
    if place.remote is not None:
        put = {name: put_as(done) for name, done in written.items() if done is not None}
        place.remote.finish(put, beside=())
    certified.write(made)
    ours.purge(place)


def _plan(
    version: str, parameters: dict[str, Any], against: dict[str, Any], found: FoundFiles
) -> dict[str, Any]:
    """Everything that decides the outcome of a run, and nothing that does not."""
    return {
        "versions": versions(),
        "sql_version": version,
        "scripts": [{"name": n, "sha256": s.sha256} for n, s in load(version).items()],
        "parameters": parameters,
        "against": against,
        "inputs": [
            {"name": f.name, "form": f.form, "bytes": f.path.stat().st_size} for f in found.files
        ],
    }


@contextmanager
def _purged(place: Out, kind: type[RelaionError] = RelaionError) -> Iterator[None]:
    """Leave nothing of a run that is refused before it wrote anything."""
    try:
        yield
    except kind:
        ours.purge(place)
        raise


@contextmanager
def _purged_idle(place: Out, run: Applying) -> Iterator[None]:
    """Leave nothing of a run that stops with nothing done, since every file of it failed."""
    try:
        yield
    except RelaionError:
        if place.work.is_dir() and run.is_idle:
            ours.purge(place)
        raise


def _refuse_mixed(
    paths: Sequence[Path],
    keep: Sequence[Path],
    diff: Path | None,
    old: Sequence[Path],
    by: str | None,
    unknown: str,
    without_identity: str | None,
) -> None:
    """Raise InputError for arguments that do not go together."""
    if not paths and diff is not None:
        raise InputError(
            f"{shown(diff)}: was read as the DIFF, and no copy is named; write DIFF before PATH, "
            "or name the published edition that may stay with --keep NEW"
        )
    if not paths:
        raise InputError("name the copy to be cleaned: one or more PATH")
    if bool(keep) == (diff is not None):
        raise InputError(
            "say what to clean by, with one thing only: a DIFF (before PATH, or with "
            "--diff), or --keep NEW"
        )
    if diff is not None and (old or unknown != "drop"):
        raise InputError(
            "--old and --unknown go with --keep: a diff says what left, and nothing of other rows"
        )
    if by not in (None, ROW, LINK):
        raise InputError(f"--by {by}: write row or link")
    for option, value in (("unknown", unknown), ("without-identity", without_identity)):
        if value not in (None, "keep", "drop"):
            raise InputError(f"--{option} {value}: write keep or drop")


def _refuse_overwriting(out: Path, files: Sequence[Path], targets: Sequence[Path]) -> None:
    """Raise InputError where a file of OUT would take the place of one of the copy."""
    taken = {file.resolve() for file in files}
    for target in targets:
        if target.resolve() in taken:
            raise InputError(
                f"{shown(out)}: {shown(target)} is a file of the copy; inputs are never modified, "
                "so name another folder"
            )


def _identities(by: str | None, diff: DiffFile | None) -> tuple[str, ...]:
    wanted = (ROW, LINK) if by is None else (by,)
    if diff is None:
        return wanted
    held = tuple(each for each in wanted if each in diff.by)
    if not held:
        lacks = "row hashes" if by == ROW else "links"
        raise InputError(
            f"{shown(diff.path)}: holds no {lacks} to know rows by; leave --by out, or get another "
            "diff"
        )
    return held


_NO_NEW = "is a diff, no published edition; write it before PATH and leave --keep out"
_NO_OLD = "is a diff, not the set that NEW was made of; leave it out, or name that set with --old"
_NEW_OF_OLD = "name with --keep the edition that was published, with --old what it was made of"


def _read_diff(
    pool: Caller, paths: Sequence[Path], keep: Sequence[Path], diff: Path | None
) -> DiffFile | None:
    """The diff, where one is named; raises InputError where it stands in another's place."""
    refuse_misplaced(pool, paths, keep, diff)
    found: DiffFile | None = (
        pool.call("relaion.labs.diff_file:read_diff", diff) if diff is not None else None
    )
    return found


def _editions(
    pool: Caller,
    keep: Sequence[Path],
    old: Sequence[Path],
    chosen: Overrides,
    progress: Progress,
) -> tuple[tuple[Numbered, ...], tuple[Numbered, ...]]:
    """The shards of NEW and OLD, numbered; raises InputError where they are named amiss."""
    new, before = (
        read_set(pool, paths, first, chosen, progress, no_set)
        for paths, first, no_set in ((keep, NEW_NUMBERS, _NO_NEW), (old, OLD_NUMBERS, _NO_OLD))
    )
    refuse_same(keep, before, new, "--keep NEW and --old OLD", _NEW_OF_OLD)
    refuse_swapped(keep, before, new, "NEW and the other OLD", "swap --keep and --old")
    return new, before


def _against(
    diff: DiffFile | None, new: Sequence[Numbered], old: Sequence[Numbered]
) -> dict[str, Any]:
    """What the copy is held against, as two runs are compared by it."""
    if diff is not None:
        return {"diff": {"sha256": diff.sha256, "rows": diff.rows, "said": diff.said}}
    return {
        name: [
            {"subset": n.shard.subset, "shard": n.shard.name, "rows": n.shard.rows,
             "bytes": n.shard.bytes}
            for n in shards
        ]
        for name, shards in (("keep", new), ("old", old))
        if shards
    }  # fmt: skip


def _told_by(
    wanted: tuple[str, ...], by: str | None, new: Sequence[Numbered], old: Sequence[Numbered]
) -> tuple[str, ...]:
    """The identities by which an edition tells rows of the old set.

    Where a shard of it has no row hashes and none can be computed, a row of the old set that it
    does not have by its hash may still be there, so only links can tell.
    """
    if not old or ROW not in wanted or all(n.has_row_ids for n in new):
        return wanted
    if by == ROW:
        raise InputError(
            "--by row with --old: a shard of the edition has neither row hashes nor both links "
            "and captions, so rows that left it cannot be told; leave one of the two out"
        )
    return (LINK,)


def _read(run: Applying, found: FoundFiles, by: Sequence[str]) -> list[Known]:
    """The files of the copy, of which at least one has an identity that can be trusted."""
    parquet = [f.path for f in found.files if f.form == PARQUET]
    try:
        known = run.read(found.files)
    except InputError:
        refuse_diffs(run.pool, parquet, DIFF_AMONG)
        raise
    alike = [k.file.path for k in known if tuple(k.shard.names) in (DIFF_COLUMNS, DIFF_COLUMNS[:3])]
    refuse_diffs(run.pool, alike, DIFF_AMONG)
    usable(known, by)
    if ROW in by:
        known = with_own_hashes(run, known)
    return known
