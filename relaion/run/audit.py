"""What audit.duckdb holds: public counts, summed over shards by `60_audit`.

Nothing per row is loaded here. Per-shard counts of removals are summed away in the process
that writes the file; the file itself holds sums by subset only.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from relaion.parquet.looked_at import NotLookedAt, published
from relaion.paths import atomic_write, shown
from relaion.run.coverage import Coverage
from relaion.run.pool import Caller
from relaion.run.settings import Plan
from relaion.run.survey import Numbered
from relaion.run.tasks import Report

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class FinishedRun:
    """What a finished run knows: its plan, its shards and the report of each, and coverage.

    `not_looked_at` is what nothing was compared with. `sidecars` are lines of the manifest:
    name, rows, bytes, sha256. `is_hit`: the lists found a row at all.
    """

    plan: Plan
    shards: Sequence[Numbered]
    reports: Mapping[int, Report]
    coverage: Sequence[Coverage]
    not_looked_at: Sequence[NotLookedAt]
    sidecars: Sequence[Mapping[str, Any]] = ()
    is_hit: bool = True


_OF_LIST = ("list_id", "source", "title", "label", "received", "digest")


def list_lines(plan: Plan) -> Rows:
    """The lists of a plan, a line for each kind of entry."""
    return [
        [*(x[name] for name in _OF_LIST), kind, n, x["role"]]
        for x in plan.lists
        for kind, n in x["entries"].items()
    ]


def input_lines(found: FinishedRun) -> Rows:
    """Subset, shard, rows, bytes and SHA-256 of every input."""
    reports = found.reports
    return [
        [n.shard.subset, n.shard.name, n.shard.rows, n.shard.bytes, reports[n.no].sha256]
        for n in found.shards
    ]


def output_lines(found: FinishedRun) -> Rows:
    """Edition, subset, shard, rows, bytes and SHA-256 of every output."""
    return [
        [e["name"], n.shard.subset, n.shard.name, out.rows, out.bytes, out.sha256]
        for e in found.plan.editions
        for n in found.shards
        for out in [found.reports[n.no].outputs[e["name"]]]
    ]


def write_audit(caller: Caller, path: Path, found: FinishedRun, work: Path) -> None:
    """Write audit.duckdb whole or not at all, from the reports and the counts in `work`."""
    made = caller.call(
        "relaion.run.audit_file:make_audit", work, found.plan.sql_version, _tables(found),
        _of_shards(found),
    )  # fmt: skip
    with atomic_write(path) as part:
        shutil.copyfile(made, part)


def _of_shards(found: FinishedRun) -> dict[str, list[tuple[str, Rows]]]:
    """Rows of each shard that are told by subset: as they are, for shards share them."""
    subset = {n.no: n.shard.subset for n in found.shards}
    reports = found.reports.values()
    return {
        "found_tally": [(subset[r.no], r.tally) for r in reports],
        "found_groups": [(subset[r.no], r.groups) for r in reports],
    }


def _tables(found: FinishedRun) -> dict[str, Rows]:
    settings = {"run": found.plan.run_id, "sql_version": found.plan.sql_version}
    return {
        "found_run": [[k, v] for k, v in (settings | found.plan.versions).items()],
        "found_parameters": [[k, json.dumps(v)] for k, v in found.plan.parameters.items()],
        "found_scripts": [[s["name"], s["sha256"]] for s in found.plan.scripts],
        "found_lists": list_lines(found.plan),
        "found_inputs": input_lines(found),
        "found_outputs": output_lines(found),
        "found_coverage": [
            [shown(c.subset), c.role, c.via, c.rows, c.covered, c.estimated, c.sampled]
            for c in found.coverage
        ],
        "found_not_looked_at": published(found.not_looked_at),
    }


@dataclass(frozen=True)
class Removal:
    """Rows of one subset that left an edition for one reason, as the public audit tells them.

    `subset` is `small` for several of few rows. `reason_kind` is list, same_link or rule;
    `exclusive` rows left for nothing else.
    """

    edition: str
    subset: str
    reason_kind: str
    list_id: int | None
    source: str | None
    title: str | None
    label: str | None
    kind: str | None
    form: str | None
    rule: str | None
    gross: int
    exclusive: int


class Told(NamedTuple):
    """What an OUT's audit tells of a run: why rows left, what could be matched, what was not."""

    removals: tuple[Removal, ...]
    coverage: tuple[Coverage, ...]
    not_looked_at: tuple[NotLookedAt, ...]
