"""Under which name an audit tells a subset's counts by list and rule: those of few rows together.

Reckoned from what is public of the shards, rows in and rows kept, so that it says nothing more.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from relaion.paths import shown
from relaion.verifier.audit import Cells
from relaion.verifier.statement import Statement
from relaion.verifier.tree import AUDIT
from relaion.verifier.verdict import Notes, count

FEW_ROWS = 1_000
SMALL = "small"
TABLES = ("hits", "hit_groups", "removals", "removal_groups")


def told_subsets(statement: Statement) -> dict[str, str | None]:
    """Each subset that has rows, and the name that its counts stand under; None for nowhere."""
    rows: Counter[str] = Counter()
    kept: dict[str, Counter[str]] = {e.name: Counter() for e in statement.editions}
    for (subset, _), file in statement.inputs.items():
        rows[shown(subset)] += file.rows
    for (edition, subset, _), file in statement.outputs.items():
        if edition in kept:
            kept[edition][shown(subset)] += file.rows
    losing = [{s for s, n in rows.items() if n > left[s]} for left in kept.values()]
    return told({s: n for s, n in rows.items() if n}, losing)


def told(rows: Mapping[str, int], losing: Iterable[set[str]]) -> dict[str, str | None]:
    """The same from rows of each subset, and for each edition the subsets that lost some."""
    few = {s for s, n in rows.items() if n < FEW_ROWS}
    if not few:
        return {s: s for s in rows}
    forced = few | ({SMALL} & set(rows))
    by_rows = sorted(rows, key=lambda s: (s not in forced, rows[s], s))
    lost = [*losing]
    n_rows, n_losing = 0, [0] * len(lost)
    for n, subset in enumerate(by_rows, 1):
        n_rows += rows[subset]
        n_losing = [k + (subset in some) for k, some in zip(n_losing, lost, strict=True)]
        if n >= max(2, len(forced)) and n_rows >= FEW_ROWS and 1 not in n_losing:
            together = set(by_rows[:n])
            return {s: SMALL if s in together else s for s in rows}
    return {s: None if s in few else s for s in rows}


def check_told(cells: Cells, statement: Statement, notes: Notes) -> None:
    """No subset of few rows may have counts of its own."""
    names = set(told_subsets(statement).values())
    for table in TABLES:
        wrong = sum(row["subset"] not in names for row in cells[table])
        if wrong:
            said = f"{count(wrong, 'line')} of table {table} tell of a subset of too few rows"
            notes.find("4", AUDIT, said)
