"""Write audit.duckdb: public counts, summed over shards by `60_audit`.

Nothing per row is loaded here. Per-shard counts of removals are summed away in the process
that writes the file; the file itself holds sums by subset only.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from relaion.engine import Engine, connect
from relaion.parquet.not_looked_at import NotLookedAt, published
from relaion.paths import atomic_write, shown
from relaion.run.coverage import Coverage
from relaion.run.hits import FEW_ROWS, Count, Hits, Union
from relaion.run.settings import Plan
from relaion.run.survey import Numbered
from relaion.run.tasks import Report
from relaion.sqlset import Script, load

Rows = list[Sequence[Any]]


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


def list_lines(plan: Plan) -> Rows:
    """The lists of a plan, a line for each kind of entry."""
    return [
        [x["list_id"], x["source"], x["title"], x["label"], x["received"], x["digest"], kind, n]
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


def write_audit(path: Path, found: FinishedRun, work: Path) -> None:
    """Write audit.duckdb whole or not at all, from the reports and the counts in `work`."""
    script = load(found.plan.sql_version)["60_audit"]
    made = work / "audit.duckdb"  # not beside the target: DuckDB keeps a log beside its file
    for old in (made, made.with_name("audit.duckdb.wal")):
        old.unlink(missing_ok=True)
    with connect(made, temp=work, threads=1) as engine:
        for table, rows in _tables(found).items():
            _load(engine, script, table, rows)
        for table in ("hit_counts", "hit_unions"):
            engine.read_parquet(table, [work / f"{table}.parquet"])
        engine.run(script, few_rows=FEW_ROWS)
        engine.execute("checkpoint")
    with atomic_write(path) as part:
        shutil.copyfile(made, part)


def _tables(found: FinishedRun) -> dict[str, Rows]:
    subset = {n.no: n.shard.subset for n in found.shards}
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
        "found_tally": [[subset[r.no], *t] for r in found.reports.values() for t in r.tally],
        "found_groups": [[subset[r.no], *g] for r in found.reports.values() for g in r.groups],
    }


_ARROW = {
    "varchar": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
}


def _load(engine: Engine, script: Script, table: str, rows: Rows) -> None:
    """Make a temp table as the script's header declares it, and fill it."""
    declared = script.relations("reads")[table]
    names_types = [column.split() for column in declared.split(", ")]
    engine.execute(f"create temp table {table} ({declared})")
    arrays = [
        pa.array([_text(row[i]) for row in rows], _ARROW[sql_type])
        for i, (_, sql_type) in enumerate(names_types)
    ]
    engine.insert(table, pa.table(arrays, names=[name for name, _ in names_types]))


def _text(value: Any) -> Any:
    """A value as a table can hold it: file names may be no UTF-8."""
    return shown(value) if isinstance(value, str) and not value.isprintable() else value


def read_hits(out: Path) -> Hits:
    """What the lists found, as an OUT's audit has it."""
    with connect(out / "audit.duckdb", read_only=True) as engine:
        counts = engine.rows("select subset, list_id, kind, form, gross, exclusive from hits")
        unions = engine.rows("select subset, grouping, name, memberships, rows from hit_groups")
    return Hits(tuple(Count(*c) for c in counts), tuple(Union(*u) for u in unions))


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


def read_told(out: Path) -> Told:
    """Read an OUT's audit."""
    with connect(out / "audit.duckdb", read_only=True, threads=1) as engine:
        removals = engine.rows(
            "select r.edition, r.subset, r.reason_kind, r.list_id, l.source, l.title, r.label, "
            "r.kind, r.form, r.rule, r.gross, r.exclusive from removals as r "
            "left join (select distinct list_id, source, title from lists) as l "
            "on r.list_id = l.list_id order by all"
        )
        coverage = engine.rows(
            "select subset, role, rows, covered, via, estimated, sampled from coverage order by all"
        )
        left_out = engine.rows(
            "select subset, role, column_name, reason, n_values from not_looked_at order by all"
        )
    return Told(
        tuple(Removal(*line) for line in removals),
        tuple(Coverage(*line) for line in coverage),
        tuple(NotLookedAt(*line) for line in left_out),
    )
