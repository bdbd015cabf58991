"""Write audit.duckdb in a work folder, and read that of an OUT."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from relaion.engine import Engine, connect
from relaion.parquet.looked_at import NotLookedAt
from relaion.paths import shown
from relaion.run.coverage import Coverage
from relaion.run.hits import FEW_ROWS, Hits
from relaion.run.manifest import (
    Carried,
    Earlier,
    FinishedRun,
    Removal,
    Rows,
    Told,
    few_lines,
    lines_of,
)
from relaion.sqlset import Script, load


def make_audit(work: Path, found: FinishedRun) -> tuple[Path, Told]:
    """Make the file from what a run knows and the counts in `work`: where it lies, what it says."""
    scripts, earlier = load(found.plan.sql_version), found.earlier
    script, pairs = scripts["60_audit"], scripts["65_told_pairs"]
    made = work / "audit.duckdb"  # not beside the target: DuckDB keeps a log beside its file
    for old in (made, made.with_name("audit.duckdb.wal")):
        old.unlink(missing_ok=True)
    # read by every shell, notebook and tool since DuckDB's file format has been settled
    with connect(made, temp=work, threads=1, storage="v1.0.0", flushed=False) as engine:
        if len(found.reports) <= FEW_SHARDS:  # to choose how each column is packed takes longer
            engine.set_option("force_compression", "uncompressed")
        engine.execute("begin")  # written once, not with each comment
        filling = _Filling(engine)
        for table, rows in few_lines(found).items():
            filling.add(script, table, rows)
        if earlier is None:
            _load_shards(filling, script, script, "found_", found)
            for table in COUNTS:
                engine.read_parquet(table, [work / f"{table}.parquet"])
            filling.add(pairs, "carried_pairs", [])
            filling.end()
        else:
            carries = scripts["63_carried_counts"]
            _load_shards(filling, script, carries, "now_", found)
            _carry_counts(filling, carries, work, earlier)
        engine.run(script, few_rows=FEW_ROWS)
        engine.run(pairs)
        engine.execute("commit")
        engine.execute("checkpoint")
        return made, _told(engine)  # asked here: to open it again takes as long as to make a part


FEW_SHARDS = 100
COUNTS = ("hit_counts", "hit_unions", "hit_order", "hit_pairs")
_ROWS_AT_ONCE = 50_000


class _Filling:
    """Tables that scripts read, filled with some rows at a time.

    One of few rows is lent as it is; more are written into a temp table by and by.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._declared: dict[str, str] = {}
        self._waiting: dict[str, list[Sequence[Any]]] = {}
        self._written: set[str] = set()

    def add(self, script: Script, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Take rows, or none, of a table of a script's header; many are written."""
        self._declared[table] = script.relations("reads")[table]
        waiting = self._waiting.setdefault(table, [])
        waiting += rows
        if len(waiting) >= _ROWS_AT_ONCE:
            self._write(table)

    def end(self) -> None:
        """Have all tables read: no more rows come."""
        for table, rows in self._waiting.items():
            if rows and table not in self._written:
                self.engine.lend(table, _arrow(self._declared[table], rows))
            elif rows or table not in self._written:
                self._write(table)
        self._waiting = {}

    def _write(self, table: str) -> None:
        declared, rows = self._declared[table], self._waiting[table]
        if table not in self._written:
            self.engine.execute(f"create temp table {table} ({declared})")
            self._written.add(table)
        if rows:
            self.engine.insert(table, _arrow(declared, rows))
        self._waiting[table] = []


def _load_shards(
    filling: _Filling, script: Script, counting: Script, prefix: str, found: FinishedRun
) -> None:
    """What has a line for each shard, or some: reports are read once, and not held.

    The counts are read by the script `counting`, under names that begin with `prefix`.
    """
    first, *others = [e["name"] for e in found.plan.editions]
    # edition by edition, as the manifest has them: so all but the first wait for their turn
    later: dict[str, list[Sequence[Any]]] = {name: [] for name in others}
    counts = [prefix + what for what in ("tally", "groups", "scores")]
    filling.add(script, "found_inputs", [])
    filling.add(script, "found_outputs", [])
    for table in counts:
        filling.add(counting, table, [])
    for line, report in lines_of(found):
        subset, shard, rows, size = line.values()
        filling.add(script, "found_inputs", [(subset, shard, rows, size, report.sha256)])
        for name in (first, *others):
            out = report.outputs[name]
            written = (name, subset, shard, out.rows, out.bytes, out.sha256)
            if name == first:
                filling.add(script, "found_outputs", [written])
            else:
                later[name].append(written)
        told = report.tally, report.groups, report.scores
        for table, counted in zip(counts, told, strict=True):
            filling.add(counting, table, [(subset, *row) for row in counted])
    for written_later in later.values():
        filling.add(script, "found_outputs", written_later)


def _carry_counts(filling: _Filling, script: Script, work: Path, earlier: Earlier) -> None:
    """The counts of the audit before, and what has changed since."""
    engine = filling.engine
    for table in COUNTS:
        engine.read_parquet(f"now_{table}", [work / f"{table}.parquet"])
        before = work / f"{table}_before.parquet"
        if before.exists() and not earlier.counted_anew:
            engine.read_parquet(f"before_{table}", [before])
        else:
            filling.add(script, f"before_{table}", [])
    filling.end()
    engine.attach(earlier.audit, "earlier")
    engine.run(script, counted_anew=earlier.counted_anew, held=list(earlier.held))


_ARROW = {
    "varchar": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
}


def _arrow(declared: str, rows: Rows) -> pa.Table:
    """Rows with the columns that a script's header declares."""
    names_types = [column.split() for column in declared.split(", ")]
    arrays = [
        pa.array([_text(row[i]) for row in rows], _ARROW[sql_type])
        for i, (_, sql_type) in enumerate(names_types)
    ]
    return pa.table(arrays, names=[name for name, _ in names_types])


def _text(value: Any) -> Any:
    """A value as a table can hold it: file names may be no UTF-8."""
    return shown(value) if isinstance(value, str) and not value.isprintable() else value


def read_carried(out: Path) -> Carried:
    """What an update carries on of the audit of the OUT that it goes on from."""
    with connect(out / "audit.duckdb", read_only=True, threads=1) as engine:
        steps = engine.rows(
            "select step, run, edition, subset, rows_in, removed, kept from steps order by all"
        )
        files = engine.rows(
            "select null as edition, subset, shard, rows, bytes, sha256 from inputs "
            "union all select edition, subset, shard, rows, bytes, sha256 from outputs"
        )
        return Carried(steps, files, _told(engine))


def read_hits(out: Path) -> Hits:
    """What the lists found, as an OUT's audit has it."""
    with connect(out / "audit.duckdb", read_only=True) as engine:
        counts = engine.rows("select subset, list_id, kind, form, gross, exclusive from hits")
        unions = engine.rows("select subset, grouping, name, memberships, rows from hit_groups")
    return Hits.of(counts, unions)


def read_told(out: Path) -> Told:
    """Read an OUT's audit."""
    with connect(out / "audit.duckdb", read_only=True, threads=1) as engine:
        return _told(engine)


def _told(engine: Engine) -> Told:
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
