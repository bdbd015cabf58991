"""`verify`: check a finished run's promises by other code than `clean` used."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from relaion.errors import InputError, RelaionError, StopError
from relaion.lists.snapshot import Snapshot
from relaion.parquet.roles import Columns
from relaion.paths import AnyPath, AnyPaths, as_path, as_paths, maybe_path, owned_folder, shown
from relaion.run import manifest
from relaion.run.outputs import AUDIT, MANIFEST, refuse_broken_off
from relaion.run.pool import Caller, LocalPool, Progress, Quiet, WorkerEndedError
from relaion.run.survey import ALIKE
from relaion.verifier.verdict import ProcessEndedError, Verdict

_PUBLIC = (MANIFEST, AUDIT)
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
    workers: int | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Check a finished run's promises by other code than clean used.

    What cannot be checked for want of an argument is said; without lists the verdict is
    never clean. Raises InputError or ListError for an argument that cannot be read; what is
    wrong with OUT itself is a finding.
    """
    with LocalPool() as pool:
        return check(
            pool, as_path(out), inputs=as_paths(inputs), lists=maybe_path(lists),
            keywords=maybe_path(keywords), key=maybe_path(key), columns=columns,
            sidecars=as_paths(sidecars), workers=workers, progress=progress or Quiet(),
        )  # fmt: skip


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
) -> Verdict:
    """Check OUT in another process; `clean` gives the very store, keywords and key that it used.

    `held` is called as soon as that store is open there, and its name is of no use any more.
    A file that ends the process counts as unreadable, and the check is done again.
    """
    _refuse_no_out(out)
    stated = _stated_inputs(out)
    rows = sum(stated)
    hands = 1 if rows < SMALL else workers or os.cpu_count() or 1
    ended: dict[Path, str] = {}
    read: Path | None = None

    def hear(told: tuple[int, int] | Path | None) -> None:
        nonlocal read
        if told is None:
            held()
        elif isinstance(told, Path):
            read = told
        else:
            progress.done(*told)

    with ExitStack() as left:
        work = left.enter_context(owned_folder("verify")).path if sidecars else None
        while True:
            progress.phase("verify", len(stated), rows)
            try:
                verdict: Verdict = caller.call(
                    "relaion.verifier.checker:verify_telling", out, inputs=inputs, lists=lists,
                    keywords=keywords, key=key, columns=columns, sidecars=sidecars, work=work,
                    workers=hands, ended=ended, ledger=ledger,
                    hear=hear,
                )  # fmt: skip
                return verdict
            except ProcessEndedError:
                if isinstance(lists, Snapshot):  # which is gone by now
                    raise
                hands = 1  # it tells which file it was
            except WorkerEndedError as e:
                where = "" if read is None else f"{shown(read)}: "
                is_last = e.is_killed or isinstance(lists, Snapshot) or len(ended) == ALIKE
                if read is None or read in ended or is_last:
                    raise StopError(f"{shown(out)}: cannot be checked: {where}{e}") from None
                ended[read] = str(e)


def _refuse_no_out(out: Path) -> None:
    """Raise InputError for a folder that no run made: there nothing is broken, it is another."""
    if not out.is_dir():
        raise InputError(f"{shown(out)}: no such folder; name the OUT of a finished run")
    if any(os.path.lexists(out / name) for name in _PUBLIC):
        return
    refuse_broken_off(out)
    above = next((p for p in out.resolve().parents if (p / _PUBLIC[0]).is_file()), None)
    hint = f"it lies in one: name {shown(above)}" if above else "name the OUT of a finished run"
    raise InputError(
        f"{shown(out)}: holds neither {' nor '.join(_PUBLIC)}, so it is no output; {hint}"
    )


def _stated_inputs(out: Path) -> list[int]:
    """Rows of each input as the manifest states them; none where it cannot be read."""
    try:
        return [int(item["rows"]) for item in (manifest.read(out) or {"inputs": []})["inputs"]]
    except (RelaionError, LookupError, TypeError, ValueError):
        return []  # a broken manifest is a finding of the check, not an error here
