"""audit.duckdb: its tables, and its counts recomputed by the model."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from relaion.engine import Engine, connect, quote
from relaion.errors import RelaionError
from relaion.paths import shown
from relaion.verify.model import Line
from relaion.verify.statement import Statement
from relaion.verify.task import ShardReport
from relaion.verify.tree import AUDIT
from relaion.verify.verdict import Notes

TABLES = {
    "run": {"name", "setting"},
    "parameters": {"name", "setting"},
    "scripts": {"name", "sha256"},
    "lists": {
        "list_id", "source", "title", "label", "received", "digest", "kind", "entries",
    },
    "inputs": {"subset", "shard", "rows", "bytes", "sha256"},
    "outputs": {"edition", "subset", "shard", "rows", "bytes", "sha256"},
    "coverage": {"subset", "role", "rows", "covered"},
    "hits": {"subset", "list_id", "kind", "form", "gross", "exclusive"},
    "hit_groups": {"subset", "grouping", "name", "memberships", "rows"},
    "removals": {
        "edition", "subset", "reason_kind", "list_id", "label", "kind", "form", "rule",
        "gross", "exclusive",
    },
    "removal_groups": {"edition", "subset", "grouping", "name", "gross", "exclusive"},
    "unions": {"edition", "subset", "rows_in", "removed", "kept"},
    "sources": {"edition", "subset", "source", "label", "gross", "exclusive"},
}  # fmt: skip
_NEEDED = ("inputs", "outputs", "removals", "unions")
Cells = dict[str, list[dict[str, Any]]]


def read_audit(out: Path, notes: Notes) -> Cells | None:
    """All tables of the audit, in plain selects; None when it cannot be read.

    A table or column that is not known is a finding: counts are all that may stand there.
    """
    path = out / AUDIT
    if not path.is_file():
        notes.find("6", AUDIT, "is missing")
        return None
    try:
        with connect(path, read_only=True, threads=1) as engine:
            return _read(engine, notes)
    except RelaionError:
        notes.find("6", AUDIT, "cannot be read as a DuckDB database")
        return None


def _read(engine: Engine, notes: Notes) -> Cells | None:
    found: dict[str, set[str]] = {}
    for schema, table, column in engine.rows(
        "select schema_name, table_name, column_name from duckdb_columns() where not internal"
    ):
        if schema != "main" or column not in TABLES.get(table, set()):
            notes.find("4", AUDIT, f"holds a column that no audit has ({table}.{column})")
            continue
        found.setdefault(table, set()).add(column)
    missing = [t for t in _NEEDED if found.get(t) != TABLES[t]]
    for table in missing:
        notes.find("6", AUDIT, f"table {table} is missing or lacks a column")
    if missing:
        return None
    return {table: _cells(engine, table, sorted(columns)) for table, columns in found.items()}


def _cells(engine: Engine, table: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    names = ", ".join(quote(c) for c in columns)
    rows = engine.rows(f"select {names} from {quote(table)}")  # noqa: S608 - names of TABLES only
    return [dict(zip(columns, row, strict=True)) for row in rows]


def check_files(cells: Cells, statement: Statement, notes: Notes) -> None:
    """The audit's shards are the manifest's, and its unions are sums of them."""
    for table, keys in (("inputs", 2), ("outputs", 3)):
        stated = {
            (*map(shown, key), f.rows, f.bytes, f.sha256)
            for key, f in (statement.inputs if keys == 2 else statement.outputs).items()
        }
        names = ("edition", "subset", "shard", "rows", "bytes", "sha256")[3 - keys :]
        found = [tuple(row[name] for name in names) for row in cells[table]]
        if set(found) != stated or len(found) != len(stated):
            notes.find("6", AUDIT, f"table {table} is not what the manifest states")
    rows_in: Counter[str] = Counter()
    kept: Counter[tuple[str, str]] = Counter()
    for (subset, _), file in statement.inputs.items():
        rows_in[shown(subset)] += file.rows
    for (edition, subset, _), file in statement.outputs.items():
        kept[edition, shown(subset)] += file.rows
    unions = {
        (r["edition"], r["subset"]): (r["rows_in"], r["removed"], r["kept"])
        for r in cells["unions"]
    }
    expected = {k: (rows_in[k[1]], rows_in[k[1]] - n, n) for k, n in kept.items()}
    if unions != expected or len(unions) != len(cells["unions"]):
        notes.find("6", AUDIT, "table unions is not the sum of the shards' rows")


def check_counts(
    cells: Cells, statement: Statement, reports: Sequence[ShardReport], notes: Notes
) -> None:
    """The audit's numbers are those that the model counts, for the editions that it knows."""
    modelled = {e.name for e in statement.editions if e.modelled}
    _differ(_removals(reports), _stated_removals(cells, modelled), "removals", notes)
    if "hits" in cells:
        _differ(_hits(reports), _stated_hits(cells), "hits", notes)
    _check_labels(cells, statement, notes)
    removed: Counter[tuple[str, str]] = Counter()
    for report in reports:
        for edition, n in report.kept.items():
            removed[edition, shown(report.subset)] += (report.rows or 0) - n
    stated = {(r["edition"], r["subset"]): r["removed"] for r in cells["unions"]}
    if any(stated.get((e, subset)) != n for (e, subset), n in removed.items() if e in modelled):
        notes.find("6", AUDIT, "table unions differs from the rows that lists and rules name")


def _removals(reports: Sequence[ShardReport]) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for report in reports:
        for number, counts in (("gross", report.removed), ("exclusive", report.exclusive)):
            for (edition, line), n in counts.items():
                found[edition, shown(report.subset), line, number] += n
    return found


def _stated_removals(cells: Cells, editions: set[str]) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for row in cells["removals"]:
        for number in ("gross", "exclusive"):
            if row["edition"] in editions:
                found[row["edition"], row["subset"], _line(row), number] += row[number]
    return found


def _hits(reports: Sequence[ShardReport]) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for report in reports:
        for line, n in report.hits.items():
            if line.list_id is not None:
                found[shown(report.subset), line] += n
    return found


def _stated_hits(cells: Cells) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for row in cells["hits"]:
        reason = "list" if row["kind"] else "same_link"
        line = Line(reason, row["list_id"], row["kind"], row["form"])
        found[row["subset"], line] += row["gross"]
    return found


def _differ(expected: Counter[Any], found: Counter[Any], table: str, notes: Notes) -> None:
    wrong = sum(expected[key] != found[key] for key in set(expected) | set(found))
    if wrong:
        said = f"{wrong} count{'s' if wrong > 1 else ''} of table {table}"
        notes.find("6", AUDIT, f"{said} cannot be recomputed")


def _check_labels(cells: Cells, statement: Statement, notes: Notes) -> None:
    labels = {list_id: x.facts[2] for list_id, x in statement.lists.items()}
    if any(
        r["list_id"] is not None and labels.get(r["list_id"]) != r["label"]
        for r in cells["removals"]
    ):
        notes.find("6", AUDIT, "table removals names a list or label that no list has")


def _line(row: dict[str, Any]) -> Line:
    return Line(row["reason_kind"], row["list_id"], row["kind"], row["form"], row["rule"])
