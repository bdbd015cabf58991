"""`verify`: check a finished run's promises by other code than `clean` or `apply` used."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from relaion.errors import InputError, RelaionError, StopError
from relaion.labs.copy_files import ENDS
from relaion.labs.place import is_applied
from relaion.lists.snapshot import Snapshot
from relaion.parquet.roles import Columns
from relaion.paths import (
    AnyPath,
    AnyPaths,
    Seal,
    as_path,
    as_paths,
    maybe_anywhere,
    maybe_path,
    no_folder,
    open_given,
    owned_folder,
    shown,
)
from relaion.remote import RemoteURL, is_remote, remote_url
from relaion.remote.claim import CLAIM
from relaion.remote.mirror import Mirror
from relaion.remote.stores import open_store
from relaion.run.elsewhere import OF_AN_OUT, brought_here
from relaion.run.engines import LOCAL, cluster_of
from relaion.run.notebook import listening
from relaion.run.outputs import AUDIT, MANIFEST, VERIFIED, refuse_broken_off
from relaion.run.pool import Caller, LocalPool, WorkerEndedError
from relaion.run.progress import NOTHING, ONE_FILE, VERIFY, Extent, Progress
from relaion.run.ray.cluster import Cluster
from relaion.run.survey import ALIKE
from relaion.verifier.verdict import ProcessEndedError, Verdict
from relaion.versions import installed

_PUBLIC = (MANIFEST, AUDIT)
_MANY = 1 << 20  # as many as a cluster has
SMALL = 500_000  # rows below which starting processes costs more than they save


def verify(
    out: AnyPath,
    *,
    inputs: AnyPaths = (),
    lists: AnyPath | None = None,
    keywords: AnyPath | None = None,
    key: AnyPath | None = None,
    columns: Columns | None = None,
    sidecars: AnyPaths = (),
    parent: AnyPath | None = None,
    diff: AnyPath | None = None,
    keep: AnyPaths = (),
    old: AnyPaths = (),
    certificate: AnyPath | None = None,
    work: AnyPath | None = None,
    workers: int | None = None,
    engine: str = LOCAL,
    progress: Progress | None = None,
) -> Verdict:
    """Check a finished run's promises by other code than clean or apply used.

    What cannot be checked for want of an argument is said; without lists, diff or edition the
    verdict is never clean. What is wrong with OUT itself is a finding, and no error.

    Args:
        out: The folder of the run, of this machine or of a store.
        inputs: What it was made of; one path or many.
        lists: The list store, for an OUT of `clean` or `update`; None leaves that promise
            unchecked.
        keywords: The keyword file, likewise.
        key: The curator key; None for the one beside the store.
        columns: Role to the name, or names, of its columns; None finds them by name and type.
        sidecars: The sidecars, likewise.
        parent: The OUT that an update went on from.
        diff: The diff, for an OUT of `apply`.
        keep: Or the edition that it was cleaned with.
        old: And the set that this one was made of.
        certificate: Where the certificate of a copy is written anew, if all holds; None writes
            none.
        work: Where a private, temporary folder is made if one is needed; None for the system's.
        workers: Processes; None for one a core.
        engine: `local`, or `ray`, `ray=auto` or `ray=HOST:PORT` for workers of a Ray cluster.
        progress: Hears how far it is; None draws a bar in a notebook, and tells nobody elsewhere.

    Returns:
        The state of each promise, and what was not looked at.

    Raises:
        InputError: For an argument that cannot be read, or is not for such an OUT.
        ListError: For a store that cannot be read.
        StopError: Where OUT cannot be checked at all.
    """
    of_copy: dict[str, Any] = {
        "diff": maybe_anywhere(diff), "keep": as_paths(keep), "old": as_paths(old),
        "certificate": maybe_path(certificate),
    }  # fmt: skip
    listen, cluster = (
        listening(progress),
        cluster_of(engine),
    )
    listen.steps((VERIFY,))
    with LocalPool(listener=listen) as pool, ExitStack() as left:
        folder, mirror = left.enter_context(_out_here(out))
        _refuse_no_out(folder)
        made = _manifest_of(pool, folder)
        is_unknown = made is None and not (folder / AUDIT).exists()
        if is_applied(made or {}) or (is_unknown and any(of_copy.values())):
            of_clean = {
                "lists": lists, "keywords": keywords, "key": key, "sidecar": sidecars,
                "parent": parent,
            }  # fmt: skip
            _refuse_foreign(folder, of_clean, "clean")
            strange: tuple[str, ...] = ()
            if mirror is not None:
                from relaion.labs.copy_there import copy_there  # noqa: PLC0415 - for copies alone

                folder, strange = left.enter_context(
                    copy_there(pool, mirror.url, made, maybe_path(work), listen)
                )
            with _copy_here(pool, as_paths(inputs), of_copy, maybe_path(work), listen) as given:
                return _check_copy(
                    pool, folder, made, columns=columns, workers=workers, progress=listen,
                    cluster=cluster, work=maybe_path(work), strange=strange, **given,
                )  # fmt: skip
        _refuse_foreign(folder, of_copy, "apply")
        here, beside = left.enter_context(
            brought_here(pool, as_paths(inputs), as_paths(sidecars), out=folder)
        )
        parents = () if parent is None else as_paths(parent)
        before, _ = left.enter_context(brought_here(pool, parents, out=folder, notes=OF_AN_OUT))
        return check(
            pool, folder, inputs=here, lists=maybe_path(lists),
            keywords=_read_if_pipe(maybe_path(keywords)), key=maybe_path(key), columns=columns,
            sidecars=beside, workers=workers, progress=listen,
            parent=next(iter(before), None), cluster=cluster, work=maybe_path(work), mirror=mirror,
            rows=sum(_stated(made, "rows")),
        )  # fmt: skip


def _read_if_pipe(keywords: Path | None) -> Path | bytes | None:
    """The keywords, read where they come from a pipe of the shell's: a worker cannot open it."""
    if keywords is not None and keywords.is_fifo():
        with suppress(OSError), open_given(keywords) as file:  # of another pipe the worker tells
            return file.read()
    return keywords


@contextmanager
def _copy_here(
    pool: LocalPool,
    inputs: Sequence[Path],
    given: Mapping[str, Any],
    work: Path | None,
    progress: Progress,
) -> Iterator[dict[str, Any]]:
    """What a copy is checked by, fetched whole where it lies elsewhere: others read it."""
    diff, keep, old = given["diff"], given["keep"], given["old"]
    of_diff = () if diff is None else (diff,)
    wanted = (*inputs, *keep, *old, *of_diff)
    with brought_here(pool, (), wanted, work=work, progress=progress, ends=ENDS) as (_, here):
        left = iter(here)
        found = {
            name: tuple(next(left) for _ in of)
            for name, of in (("inputs", inputs), ("keep", keep), ("old", old), ("diff", of_diff))
        }
        yield {**given, **found, "diff": next(iter(found["diff"]), None)}


@contextmanager
def _out_here(out: AnyPath) -> Iterator[tuple[Path, Mirror | None]]:
    """OUT; of one in a store, a private folder with its manifest, its audit and its last check."""
    if not is_remote(out):
        yield as_path(out), None
        return
    with mirrored(remote_url(out)) as mirror:
        yield mirror.folder, mirror


@contextmanager
def mirrored(url: RemoteURL, parent: Path | None = None) -> Iterator[Mirror]:
    """A private folder with the public files of an OUT in a store; gone afterwards.

    Raises InputError where no finished run put any.
    """
    with owned_folder("verify", parent) as owned:
        mirror = Mirror(url, owned.path)
        if not {*mirror.fetch((*_PUBLIC, VERIFIED))} & {*_PUBLIC}:
            if mirror.fetch([CLAIM]):
                raise InputError(
                    f"{shown(url)}: its run is not finished; repeat the command that made it"
                )
            next(open_store(url).files(url), None)  # raises where there is no such bucket
            raise InputError(
                f"{shown(url)}: holds neither {' nor '.join(_PUBLIC)}, so `clean` did not write "
                "it; name the OUT of a finished run"
            )
        yield mirror


def check(
    caller: Caller,
    out: Path,
    *,
    inputs: Sequence[Path],
    lists: Path | Snapshot | None,
    keywords: Path | bytes | None,
    key: Path | bytes | None,
    columns: Columns | None,
    sidecars: Sequence[Path],
    workers: int | None,
    progress: Progress,
    held: Callable[[], object] = lambda: None,
    ledger: Path | None = None,
    parent: Path | None = None,
    rests: bool = False,
    digested: Mapping[Path, Seal] | None = None,
    mirror: Mirror | None = None,
    cluster: Cluster | None = None,
    work: Path | None = None,
    rows: int,
) -> Verdict:
    """Check OUT in another process; `clean` gives the very store, keywords and key that it used.

    `rests`: what the check of the `parent` saw is not looked at again, as far as nothing changed;
    for that, files that the run has `digested` itself need not be digested once more. `mirror`: OUT
    lies in a store, and `out` holds its public files. `rows` are those of the inputs, as stated.

    `held` is called as soon as that store is open there, and its name is of no use any more.
    A file that ends the process counts as unreadable, and the check is done again. On a `cluster`
    pieces of the check are done, by means of a private folder made in `work`.
    """
    _refuse_no_out(out)
    with ExitStack() as left:
        private = left.enter_context(owned_folder("verify", work)).path if sidecars else None
        given = {
            "inputs": inputs, "lists": lists, "keywords": keywords, "key": key,
            "columns": columns, "sidecars": sidecars, "work": private, "ledger": ledger,
            "parent": parent, "rests": rests, "digested": digested,
            "mirror": mirror,
        }  # fmt: skip
        function = "relaion.verifier.checker:verify_telling"
        is_once = isinstance(lists, Snapshot)  # which is gone once it was opened
        return _called(
            caller, function, out, given, rows, workers, progress, held=held, is_once=is_once,
            elsewhere=_elsewhere(cluster, workers, work, [out, *inputs, *sidecars]),
        )  # fmt: skip


def _elsewhere(
    cluster: Cluster | None, workers: int | None, work: Path | None, reads: Sequence[Path]
) -> Any:
    """The workers of a cluster, as a check is given them."""
    if cluster is None:
        return None
    from relaion.run.ray.hands import RayHands  # noqa: PLC0415 - few checks need it

    return RayHands(cluster, workers, work, tuple(reads))


def _called(
    caller: Caller,
    function: str,
    out: Path,
    given: Mapping[str, Any],
    rows: int,
    workers: int | None,
    progress: Progress,
    *,
    held: Callable[[], object] = lambda: None,
    is_once: bool = False,
    whole: Extent = NOTHING,
    elsewhere: Any = None,
) -> Verdict:
    """The verdict of another process, which is asked again without a file that ended it."""
    hands = 1 if rows < SMALL else workers or (os.cpu_count() or 1 if elsewhere is None else _MANY)
    ended: dict[Path, str] = {}
    read: Path | None = None

    def hear(told: tuple[Any, ...] | Path | None) -> None:
        nonlocal read
        if told is None:
            held()
        elif not told or isinstance(told, Path):  # none where several are read side by side
            read = told if isinstance(told, Path) else None
        elif isinstance(told[0], str):  # a part of the check, its files and row groups
            progress.phase(VERIFY, Extent(*told[1:]), detail=told[0])
        else:
            progress.done(ONE_FILE)

    while True:
        progress.phase(VERIFY, whole)
        try:
            verdict: Verdict = caller.call(
                function, out, **given, workers=hands, elsewhere=elsewhere, ended=ended, hear=hear
            )
            return verdict
        except ProcessEndedError:
            if is_once:
                raise
            hands = 1  # it tells which file it was
        except WorkerEndedError as e:
            where = "" if read is None else f"{shown(read)}: "
            is_last = e.is_killed or is_once or len(ended) == ALIKE
            if read is None or read in ended or is_last:
                less = "; give fewer --workers, or free memory" if e.is_killed else ""
                raise StopError(f"{shown(out)}: cannot be checked: {where}{e}{less}") from None
            ended[read] = str(e)


def _check_copy(
    pool: LocalPool,
    out: Path,
    made: Mapping[str, Any] | None,
    *,
    inputs: Sequence[Path],
    diff: Path | None,
    keep: Sequence[Path],
    old: Sequence[Path],
    columns: Columns | None,
    certificate: Path | None,
    workers: int | None,
    progress: Progress,
    cluster: Cluster | None,
    work: Path | None,
    strange: Sequence[str],
) -> Verdict:
    """Check an OUT that `apply` made; where a certificate is asked for, write it if all held."""
    # loaded for copies alone: a clean, which ends with a check, has no use for them
    from relaion.labs.certificate import place_of, refuse_place, write_certificate  # noqa: PLC0415
    from relaion.labs.sides import NO_SET, refuse_diffs, refuse_folder  # noqa: PLC0415

    if diff is not None and (keep or old):
        raise InputError(
            "say what to check by, with one thing only: --diff DIFF, or --keep NEW with --old OLD"
        )
    if old and not keep:
        raise InputError("--old goes with --keep: name NEW, too")
    if certificate is not None:
        if diff is None and not keep:
            raise InputError(
                "--certificate: nothing to certify without --diff DIFF or --keep NEW; add the one "
                "that OUT was cleaned with"
            )
        refuse_place(certificate, out, [*inputs, *keep, *old, *([diff] if diff else [])])
    if diff is not None:
        refuse_folder(diff, "name the file that OUT was cleaned with, or an edition with --keep")
    refuse_diffs(pool, keep, "is a diff, no published edition; name it with --diff")
    refuse_diffs(pool, [*old, *inputs], NO_SET)
    given = {
        "inputs": inputs, "diff": diff, "keep": keep, "old": old, "columns": columns,
        "certificate": place_of(out, None), "certified": _certified(made, None),
        "strange": strange,
    }  # fmt: skip
    stated = _stated(made, "records")
    function = "relaion.verifier.copies.check:verify_copy_telling"
    whole = Extent(len(stated))
    reads = [out, *inputs, *keep, *old]
    verdict = _called(
        pool, function, out, given, sum(stated), workers, progress, whole=whole,
        elsewhere=_elsewhere(cluster, workers, work, reads),
    )  # fmt: skip
    if certificate is not None and made is not None and verdict.ok and _is_checked(verdict):
        said = _certified(made, verdict)
        if said is None:
            what = "its manifest lacks what a certificate says; clean the copy again"
            raise StopError(f"{shown(out)}: {what}")
        write_certificate(certificate, said)
    return verdict


def _certified(made: Mapping[str, Any] | None, verdict: Verdict | None) -> dict[str, Any] | None:
    """The certificate of a manifest; None where that lacks what it says."""
    from relaion.labs.certificate import certify, checked_by  # noqa: PLC0415 - for copies alone

    try:
        return certify(made or {}, checked_by(verdict, installed("relaion")) if verdict else None)
    except (LookupError, TypeError, ValueError, AttributeError):
        return None


def _is_checked(verdict: Verdict) -> bool:
    """Whether OUT was held against what it was cleaned with at all."""
    return all(o.state != "not checked" for o in verdict.outcomes if o.promise == "1a")


def _manifest_of(caller: Caller, out: Path) -> dict[str, Any] | None:
    """The manifest; None where it cannot be read, which is a finding of the check.

    Of a clean it has no lines of outputs: another process reads it, and of inputs tells the sum.
    """
    try:
        found: dict[str, Any] | None = caller.call("relaion.run.manifest:read_summed", out)
    except RelaionError:
        return None
    return found


def _refuse_foreign(out: Path, given: Mapping[str, Any], maker: str) -> None:
    """Raise InputError for options that are for an OUT that another command made."""
    if named := [f"--{name}" for name, value in given.items() if value]:
        other = "apply" if maker == "clean" else "clean"
        raise InputError(
            f"{shown(out)}: {', '.join(named)}: only for an OUT of {maker}; this one was made "
            f"by {other}"
        )


def _refuse_no_out(out: Path) -> None:
    """Raise InputError for a folder that no run made: there nothing is broken, it is another."""
    if not out.is_dir():
        raise InputError(f"{no_folder(out)}; name the OUT of a finished run")
    if any(os.path.lexists(out / name) for name in _PUBLIC):
        return
    refuse_broken_off(out)
    above = next((p for p in out.resolve().parents if (p / _PUBLIC[0]).is_file()), None)
    hint = f"it lies inside one: name {shown(above)}" if above else "name the OUT of a finished run"
    raise InputError(
        f"{shown(out)}: holds neither {' nor '.join(_PUBLIC)}, so `clean` did not write it; {hint}"
    )


def _stated(made: Mapping[str, Any] | None, rows: str) -> list[int]:
    """Rows, so called, of inputs as the manifest has them; none where it cannot be read."""
    try:
        return [int(item[rows]) for item in (made or {"inputs": []})["inputs"]]
    except (LookupError, TypeError, ValueError):
        return []  # a broken manifest is a finding of the check, not an error here
