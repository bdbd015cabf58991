"""What `clean`, `update` and `merge` tell of an OUT, or of a part of one."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from relaion.parquet.looked_at import NotLookedAt
from relaion.parquet.roles import Columns, overrides_of
from relaion.paths import shown
from relaion.remote.told_path import AddressPath
from relaion.remote.urls import is_remote
from relaion.run.coverage import Coverage
from relaion.run.hits import FEW_ROWS, SMALL
from relaion.run.manifest import Removal, Told
from relaion.run.out import Out
from relaion.run.outputs import AUDIT
from relaion.run.pool import Caller, blaming
from relaion.tabled import Tabled
from relaion.verifier.verdict import Verdict


@dataclass(frozen=True)
class EditionCount:
    """One edition's rows of one subset: `rows_in` = `removed` + `kept`."""

    edition: str
    subset: str
    rows_in: int
    removed: int
    kept: int


@dataclass(frozen=True)
class Cleaned(Tabled):
    """What a run made. `verdict` is None where `verify` was switched off, or all held before.

    `out` is where it lies, in a store its address; `run` the name of the run, `editions` are the
    rows of each by subset. `removals` say why rows left, as the public audit tells it: subsets of
    few rows together as `small`, or nowhere (`untold`). `publishable` and `why` are those of the
    manifest.
    `done_before`: this very run was finished before, and nothing was written. `notices` are for
    whoever ran it. `coverage` says how many rows could be matched by what, `not_looked_at` what was
    left out. `summary` is the verdict in a sentence; where none was reached, what is known without.
    """

    out: Path
    run: str
    editions: tuple[EditionCount, ...]
    removals: tuple[Removal, ...]
    untold: tuple[str, ...]
    publishable: bool
    why: str
    done_before: bool
    notices: tuple[str, ...]
    verdict: Verdict | None
    coverage: tuple[Coverage, ...] = ()
    not_looked_at: tuple[NotLookedAt, ...] = ()
    summary: str = ""


@dataclass(frozen=True)
class CleanedPart(Cleaned):
    """What became of one part of a clean, `share` such as `2/8`; nothing is told of its rows.

    `phase` is what was done, `shards` how many it searched or wrote now, of `of_shards` that are
    its own; `next` is what is to be done then.
    """

    share: str = ""
    phase: str = ""
    shards: int = 0
    of_shards: int = 0
    next: str = ""


def _summary(done: Cleaned, command: str) -> str:
    """The verdict in a sentence, or that there is none, what is known and how to come by one."""
    if done.verdict is not None:
        return done.verdict.summary
    said = "finished; it was not checked"
    if done.done_before:
        said = "this run was finished before, so nothing was done or checked now"
    known = "its audit names nothing that was not looked at"
    if n := len(done.not_looked_at):
        known = f"its audit names {n:,} {'thing that was' if n == 1 else 'things that were'} not "
        known += "looked at, as told above"
    return f"{shown(done.out)}: {said}; {known}; to check it: {command}"


def verify_command(
    out: Path,
    paths: Sequence[Path],
    lists: Path,
    keywords: Path | None,
    columns: Columns,
    key: Path | None,
    sidecars: Sequence[Path],
    parent: Path | None = None,
) -> str:
    """The `relaion verify` that checks all of a run, for a shell."""
    said = [
        *(("--inputs", path) for path in paths),
        ("--lists", lists),
        *([("--keywords", keywords)] if keywords else []),
        *([("--key", key)] if key else []),
        *(("--sidecar", path) for path in sidecars),
        *(("--column", f"{role}={name}") for role, name in overrides_of(columns)),
        *([("--parent", parent)] if parent else []),
    ]
    words = [shown(word) if is_remote(str(word)) else str(word) for o in said for word in o]
    return shown(f"relaion verify {shlex.join([str(out), *words])}")


def _told_of(caller: Caller, out: Path) -> Told:
    with blaming(out / AUDIT):
        told: Told = caller.call("relaion.run.audit_file:read_told", out)
    return told


def result_of(
    caller: Caller,
    place: Out,
    made: Mapping[str, Any],
    done_before: bool,
    told: tuple[str, ...],
    verdict: Verdict | None,
    passed_over: tuple[NotLookedAt, ...] | None,
    command: str,
    audit: Told | None = None,
) -> Cleaned:
    """What is told of a finished OUT, by its manifest (`made`) and its audit, read if need be."""
    rows_in: dict[str, int] = {}
    kept: dict[tuple[str, str], int] = {}
    for item in made["inputs"]:
        rows_in[item["subset"]] = rows_in.get(item["subset"], 0) + item["rows"]
    for item in made["outputs"]:
        pair = (item["edition"], item["subset"])
        kept[pair] = kept.get(pair, 0) + item["rows"]
    counts = tuple(
        EditionCount(e, shown(s), rows_in[s], rows_in[s] - n, n) for (e, s), n in kept.items()
    )
    audit = audit or _told_of(caller, place.path)
    removals = audit.removals
    few = sorted({c.subset for c in counts if 0 < c.rows_in < FEW_ROWS})
    is_told = any(r.subset == SMALL for r in removals)
    done = Cleaned(
        place.path if place.remote is None else AddressPath(place.named), str(made["run"]), counts,
        removals, () if is_told else tuple(few),
        bool(made["publishable"]), str(made["why"]), done_before, told, verdict,
        audit.coverage, audit.not_looked_at if passed_over is None else passed_over,
    )  # fmt: skip
    return replace(done, summary=_summary(done, command))
