"""`verify`: check a finished run's promises by other code than `clean` used."""

from __future__ import annotations

import os
from pathlib import Path

from relaion.errors import InputError, RelaionError
from relaion.lists.snapshot import Held
from relaion.parquet.overrides import Columns
from relaion.paths import AnyPath, AnyPaths, as_path, as_paths, maybe_path, shown
from relaion.run import manifest
from relaion.run.out import WORK
from relaion.run.pool import Progress, Quiet
from relaion.verifier import Verdict
from relaion.verifier import verify as check

_PUBLIC = ("manifest.json", "audit.duckdb")
SMALL = 500_000  # rows below which starting processes costs more than they save


def verify(
    out: AnyPath,
    *,
    inputs: AnyPaths = (),
    lists: AnyPath | Held | None = None,
    keywords: AnyPath | bytes | None = None,
    key: AnyPath | bytes | None = None,
    columns: Columns | None = None,
    sidecars: AnyPaths = (),
    workers: int | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Check a finished run's promises by other code than clean used.

    What cannot be checked for want of an argument is said; without lists the verdict is
    never clean. `clean` gives the very store, keywords and key that it used, read already.
    Raises InputError or ListError for an argument that cannot be read; what is
    wrong with OUT itself is a finding.
    """
    out, inputs, sidecars = as_path(out), as_paths(inputs), as_paths(sidecars)
    _refuse_no_out(out)
    lists = lists if isinstance(lists, Held) else maybe_path(lists)
    keywords = keywords if isinstance(keywords, bytes) else maybe_path(keywords)
    key = key if isinstance(key, bytes) else maybe_path(key)
    listen = progress or Quiet()
    stated = _stated_inputs(out)
    rows = sum(stated)
    listen.phase("verify", len(stated), rows)
    hands = 1 if rows < SMALL else workers or os.cpu_count() or 1
    return check(
        out, inputs=inputs, lists=lists, keywords=keywords, key=key, columns=columns,
        sidecars=sidecars, workers=hands, done=listen.done,
    )  # fmt: skip


def _refuse_no_out(out: Path) -> None:
    """Raise InputError for a folder that no run made: there nothing is broken, it is another."""
    if not out.is_dir() or any(os.path.lexists(out / name) for name in _PUBLIC):
        return
    if os.path.lexists(out / WORK):
        raise InputError(
            f"{shown(out)}: its run broke off; repeat the `relaion clean` that made it"
        )
    above = next((p for p in out.resolve().parents if (p / _PUBLIC[0]).is_file()), None)
    hint = f"it lies in one: name {shown(above)}" if above else "name the OUT of a finished run"
    raise InputError(
        f"{shown(out)}: holds neither {' nor '.join(_PUBLIC)}, so it is no output; {hint}"
    )


def _stated_inputs(out: Path) -> list[int]:
    """Rows of each input as the manifest states them; none where it cannot be read."""
    if not (out / "manifest.json").is_file():  # a pipe would be waited for
        return []
    try:
        return [int(item["rows"]) for item in (manifest.read(out) or {"inputs": []})["inputs"]]
    except (RelaionError, LookupError, TypeError, ValueError):
        return []  # a broken manifest is a finding of the check, not an error here
