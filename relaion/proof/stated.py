"""Promise 6: do the audit's own words about the run repeat what the manifest states?"""

import json
from collections import Counter
from typing import Any

from relaion.paths import shown
from relaion.proof.audit import Cells
from relaion.proof.statement import Statement
from relaion.proof.tree import AUDIT
from relaion.proof.verdict import Notes

_COLUMNS = {
    "run": ("name", "setting"),
    "parameters": ("name", "setting"),
    "scripts": ("name", "sha256"),
    "lists": ("list_id", "source", "title", "label", "received", "digest", "kind", "entries"),
}


def check_stated(cells: Cells, statement: Statement, notes: Notes) -> None:
    """Hold the tables run, parameters, scripts and lists against the manifest."""
    expected = _expected(statement)
    for table, columns in _COLUMNS.items():
        found = Counter(
            tuple(_plain(table, name, row[name]) for name in columns) for row in cells[table]
        )
        if found != Counter(expected[table]):
            notes.find("6", AUDIT, f"table {table} is not what the manifest states")


def _expected(statement: Statement) -> dict[str, list[tuple[Any, ...]]]:
    raw = statement.raw
    run = {name: raw[name] for name in ("run", "sql_version", "relaion", "duckdb", "pyarrow")}
    run["link_key"] = raw["key_version"]
    lists = [
        (*(_text(line[name]) for name in _COLUMNS["lists"][:6]), kind, n)
        for line in raw["lists"]
        for kind, n in line["entries"].items()
    ]
    return {
        "run": [(name, _text(str(value))) for name, value in run.items()],
        "parameters": [(name, _canonical(x)) for name, x in raw["parameters"].items()],
        "scripts": [(line["name"], line["sha256"]) for line in raw["scripts"]],
        "lists": lists,
    }


def _plain(table: str, column: str, value: Any) -> Any:
    if (table, column) == ("parameters", "setting"):
        try:
            return _canonical(json.loads(value))
        except ValueError:
            return value
    return _text(value)


def _text(value: Any) -> Any:
    """A value as the audit has it: names are others' choice, and put on one line."""
    return shown(value) if isinstance(value, str) else value


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
