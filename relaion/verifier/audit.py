"""audit.duckdb: its tables, and what they say of files."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from relaion.engine import Engine, connect, quote
from relaion.errors import RelaionError
from relaion.paths import shown
from relaion.verifier.catalogue import TABLES, differences
from relaion.verifier.statement import Statement
from relaion.verifier.tree import AUDIT
from relaion.verifier.verdict import Notes

_HEADERS = 3 * 4096  # of a DuckDB file: its own, and two that take turns
Cells = dict[str, list[dict[str, Any]]]


def read_audit(out: Path, notes: Notes) -> Cells | None:
    """All tables of the audit, in plain selects; None when it cannot be read.

    An object, comment or byte that is not known is a finding: counts are all that may stand there.
    """
    path = out / AUDIT
    if not path.is_file():
        notes.find("6", AUDIT, "is missing")
        return None
    if os.path.lexists(path.with_name(f"{AUDIT}.wal")):  # DuckDB would apply it, or wait for a pipe
        notes.find("6", AUDIT, "has a log beside it, which may change it; it was not read")
        return None
    try:
        with connect(path, read_only=True, threads=1) as engine:
            return _read(engine, path.stat().st_size, notes)
    except (RelaionError, OSError):
        notes.find("6", AUDIT, "cannot be read as a DuckDB database")
        return None


def _read(engine: Engine, size: int, notes: Notes) -> Cells | None:
    said = differences(engine)
    for promise, words in said.items():
        for what in words:
            notes.find(promise, AUDIT, what)
    ((block, total, free, log),) = engine.rows(
        "select block_size, total_blocks, free_blocks, wal_size from pragma_database_size() "
        "where database_name = current_database()"
    )
    if size != _HEADERS + block * total or free or log != "0 bytes":
        notes.find("4", AUDIT, "holds bytes that belong to no table; they may say anything")
    if said["6"]:
        return None
    return {table: _cells(engine, table, list(columns)) for table, (_, columns) in TABLES.items()}


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
