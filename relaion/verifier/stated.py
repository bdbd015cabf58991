"""Promise 6: do the audit's own words about the run repeat what the manifest states?"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from relaion.paths import shown
from relaion.verifier.audit import Cells
from relaion.verifier.statement import MANIFEST, Statement
from relaion.verifier.task import ShardReport
from relaion.verifier.tree import AUDIT
from relaion.verifier.verdict import Notes

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
        found = Counter(tuple(_text(row[name]) for name in columns) for row in cells[table])
        if found != Counter(expected[table]):
            notes.find("6", AUDIT, f"table {table} is not what the manifest states")


def check_publishable(
    cells: Cells, statement: Statement, reports: Sequence[ShardReport], notes: Notes
) -> None:
    """Is OUT said to be publishable just where no list removed a row?

    An edition of a script of its own may name listed rows by any reason: there, that rows left
    and that lists found some is enough. `reports` are those of all shards where the lists are
    those of the run, else none: then only what the audit tells can be held against it.
    """
    stated, why = statement.raw.get("publishable"), statement.raw.get("why")
    if not isinstance(stated, bool) or not isinstance(why, str) or not why.strip():
        notes.find("6", MANIFEST, "does not say whether OUT may be published, and why")
        return
    counts: Counter[tuple[Any, ...]] = Counter()
    for report in reports:
        counts += report.counts
    found: list[Any] = [r for r in cells["removals"] if r["gross"] and r["reason_kind"] != "rule"]
    found += [key for key in counts if key[0] == "removals" and key[2] != "rule"]
    own = {e.name for e in statement.editions if not e.builtin}
    lost = [r for r in cells["unions"] if r["edition"] in own and r["removed"]]
    hit = [*cells["hits"], *(key for key in counts if key[0] == "hits")]
    if stated and (found or (lost and hit)):
        notes.find("4", MANIFEST, "says that OUT may be published, but lists removed rows")
    left = any(r["removed"] for r in cells["unions"])
    if not stated and not found and not (lost and hit) and (reports or not left):
        notes.find("6", MANIFEST, "says that OUT may not be published, but no list removed a row")


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
        # to the letter: blanks or a key twice may tell more
        "parameters": [(name, _text(json.dumps(x))) for name, x in raw["parameters"].items()],
        "scripts": [(line["name"], line["sha256"]) for line in raw["scripts"]],
        "lists": lists,
    }


def _text(value: Any) -> Any:
    """A value as the audit has it: names are others' choice, and put on one line."""
    return shown(value) if isinstance(value, str) else value
