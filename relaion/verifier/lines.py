"""The audit's lines by themselves: known words, possible numbers, no line twice."""

from collections.abc import Iterator
from typing import Any

from relaion.links.spellings import FORMS
from relaion.paths import shown
from relaion.roles import COUNTED
from relaion.verifier.audit import Cells
from relaion.verifier.catalogue import TABLES
from relaion.verifier.known import KINDS
from relaion.verifier.statement import RULES, Statement
from relaion.verifier.told import SMALL
from relaion.verifier.tree import AUDIT
from relaion.verifier.verdict import Notes, count

# what does not tell lines apart
_VALUES = frozenset(
    {
        "setting", "sha256", "rows", "bytes", "covered", "estimated", "sampled", "n_values",
        "entries", "gross", "exclusive", "memberships", "rows_in", "removed", "kept",
    }
)  # fmt: skip
# table -> columns that need not apply to a line; in all others NULL stands for nothing
_MAYBE = {
    "lists": {"source", "title", "label", "received"},
    "coverage": {"sampled"},
    "not_looked_at": {"subset", "column_name", "n_values"},
    "hits": {"kind", "form"},
    "hit_groups": {"name"},
    "removals": {"list_id", "label", "kind", "form", "rule"},
}
_NOT_MORE = (("exclusive", "gross"), ("rows", "memberships"), ("covered", "rows"))
_PLAIN = frozenset({*FORMS, "canonical", "computed", "sidecar"})
_FORMS = _PLAIN | {"inner"} | {f"inner {form}" for form in FORMS}


def check_lines(cells: Cells, statement: Statement, notes: Notes) -> bool:
    """Find lines that no audit can have, whatever went in. Needs neither inputs nor lists.

    Returns whether every line has what it cannot do without.
    """
    is_whole = True
    words = _words(statement)
    for table, lines in cells.items():
        columns = TABLES[table][1]
        keys = [name for name in columns if name not in _VALUES]
        maybe = _MAYBE.get(table, set())
        if any(line[name] is None for line in lines for name in columns if name not in maybe):
            notes.find("6", AUDIT, f"table {table} lacks a value that every line has")
            is_whole = False
        if len({tuple(line[k] for k in keys) for line in lines}) != len(lines):
            notes.find("6", AUDIT, f"table {table} has a line twice")
        wrong = sum(any(_wrong_numbers(table, line)) for line in lines)
        if wrong:
            notes.find("6", AUDIT, f"{count(wrong, 'line')} of table {table} cannot be so")
        for name in columns:
            known = words.get((table, name), words.get(("", name)))
            if known is not None and any(
                line[name] is not None and line[name] not in known for line in lines
            ):
                said = f"column {table}.{name} holds a word that no audit of this run has"
                notes.find("4", AUDIT, said)
    return is_whole


def _wrong_numbers(table: str, line: dict[str, Any]) -> Iterator[bool]:
    for value in line.values():
        yield isinstance(value, int) and value < 0
    if table == "coverage":  # only what sidecars reach is reckoned from a sample
        yield line["estimated"] is not (line["via"] == "sidecar")
        yield (line["sampled"] is None) is (line["via"] == "sidecar")
    for less, more in _NOT_MORE:
        if None not in (line.get(less), line.get(more)):
            yield line[less] > line[more]


def _words(statement: Statement) -> dict[tuple[str, str], set[Any]]:
    """What may stand in a column; those that are compared with the manifest need no words."""
    subsets = {shown(subset) for subset, _ in statement.inputs}
    editions = {edition.name for edition in statement.editions}
    sources = {shown(x.facts[0]) for x in statement.lists.values()}
    labels = {shown(x.facts[2]) for x in statement.lists.values()}
    rules = set(RULES).union(*(edition.rules for edition in statement.editions))
    return {
        ("", "subset"): subsets | {SMALL},
        ("coverage", "subset"): subsets,
        ("not_looked_at", "subset"): subsets,
        ("unions", "subset"): subsets,
        ("", "edition"): editions,
        ("", "role"): {*COUNTED},
        ("not_looked_at", "role"): {*COUNTED, "language", "files", "keywords", "lists"},
        ("coverage", "via"): {"column", "sidecar", "computed"},
        ("", "list_id"): set(statement.lists),
        ("", "kind"): set(KINDS),
        ("", "form"): set(_FORMS),
        ("removals", "reason_kind"): {"list", "same_link", "rule"},
        ("removals", "label"): labels,
        ("removals", "rule"): rules,
        ("hit_groups", "grouping"): {"all", "source", "label", "same_link"},
        ("removal_groups", "grouping"): {"source", "label"},
        ("hit_groups", "name"): sources | labels,
        ("removal_groups", "name"): sources | labels,
    }
