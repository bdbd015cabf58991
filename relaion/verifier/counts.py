"""The numbers of an audit, counted again; and its lines by themselves."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.links.spellings import FORMS
from relaion.parquet.looked_at import BY_BYTES, REFUSED_BESIDE, UNREAD, UNREAD_BESIDE, NotLookedAt
from relaion.paths import shown
from relaion.roles import COUNTED, KINDS, ROLES
from relaion.verifier import model
from relaion.verifier.audit_tables import TABLES, Cells
from relaion.verifier.file_checks import AUDIT
from relaion.verifier.manifest import RULES, Statement
from relaion.verifier.model import Reason
from relaion.verifier.rows import Rows
from relaion.verifier.shared_rows import TABLE, check_form, check_gained_pairs, check_pairs
from relaion.verifier.task import ShardReport, ShardTask, mask_of
from relaion.verifier.verdict import Notes, count

# -- Under which name an audit tells a subset's counts by list and rule: those of few rows together
# Reckoned from what is public of the shards, rows in and rows kept, so that it says nothing more.

FEW_ROWS = 1_000
SMALL = "small"
TOLD_TABLES = ("hits", "hit_groups", "protocol", "removals", "removal_groups")


def told_subsets(statement: Statement) -> dict[str, str | None]:
    """Each subset that has rows, and the name that its counts stand under; None for nowhere."""
    rows, kept = statement.sums()
    losing = [{s for s, n in rows.items() if n > kept[e.name, s]} for e in statement.editions]
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
    for table in TOLD_TABLES:
        wrong = sum(row["subset"] not in names for row in cells[table])
        if wrong:
            said = f"{count(wrong, 'line')} of table {table} tell of a subset of too few rows"
            notes.find("4", AUDIT, said)


# -- Promise 6: the numbers of an audit, counted again, and held against those that it states --
# A key begins with the table and ends with the column that holds the number; between them
# stand the line's own columns, but for the subset, which is put in when shards are added up.

Counts = Counter[tuple[Any, ...]]


def count_coverage(rows: Rows, names: Mapping[tuple[str, int], str], counts: Counts) -> None:
    """How many rows have a value for a role, or can be given a row hash; and what is no digest.

    `names`: what the columns of a role are called, by role and place.
    """
    for role in COUNTED:
        covered = mask_of(rows.n, ())
        for column in rows.all(role):
            held = pc.is_valid(column)
            if role == "punsafe":
                held = pc.fill_null(pc.invert(pc.is_nan(column)), False)
            covered = pc.or_(covered, held)
        counts["coverage", role, "column", "rows"] += rows.n
        counts["coverage", role, "column", "covered"] += covered.true_count
    counts["coverage", "row_hash", "computed", "rows"] += rows.n
    counts["coverage", "row_hash", "computed", "covered"] += rows.computable.true_count
    for bounds, n in _by_score(rows.first("punsafe", pa.float64())):
        counts["scores", *bounds, "rows"] += n
    for (role, place), n in rows.unread.items():
        if n:
            why = BY_BYTES if role == "url" else f"values that are no {ROLES[role].algorithm}"
            counts["not_looked_at", role, names[role, place], why, "n_values"] += n


_BORDERS = [i / 20 for i in range(21)]


def _by_score(scores: pa.Array) -> Iterator[tuple[tuple[float | None, float | None], int]]:
    """Rows above one border and up to the next; NULL and NaN are no score."""
    held = pc.fill_null(pc.invert(pc.is_nan(scores)), False)
    seen = scores.filter(held)
    if n := len(scores) - len(seen):
        yield (None, None), n
    reached = [len(seen), *(pc.sum(pc.greater(seen, b)).as_py() or 0 for b in _BORDERS), 0]
    edges = [None, *_BORDERS, None]
    for i in range(len(edges) - 1):
        if n := reached[i] - reached[i + 1]:
            yield (edges[i], edges[i + 1]), n


def count_reasons(task: ShardTask, named: Iterable[frozenset[Reason]], counts: Counts) -> None:
    """What the lists found, and why rows leave the editions that the model knows."""
    every = Counter(named)
    rows = Counter({rs: n for rs, n in every.items() if any(r.list_id is not None for r in rs)})
    names = task.partners, task.labels
    _add(counts, ("hits",), model.hits(rows), ("gross", "exclusive"))
    _add(counts, ("hit_groups",), model.hit_groups(rows, *names), ("memberships", "rows"))
    _add(counts, ("protocol",), model.protocol(rows, task.received), ("gross", "new_rows"))
    counts.update({(TABLE, *pair): n for pair, n in model.shared_rows(rows).items()})
    for output in task.outputs:
        edition = output.edition
        if not task.is_exact(edition):
            continue
        removes = partial(task.removes, edition)
        for table, found in (
            ("removals", model.removals(every, removes)),
            ("removal_groups", model.removal_groups(rows, removes, *names)),
        ):
            _add(counts, (table, edition.name), found, ("gross", "exclusive"))


def _add(
    counts: Counts, start: tuple[str, ...], found: model.Numbers, columns: tuple[str, str]
) -> None:
    for line, numbers in found.items():
        for column, n in zip(columns, numbers, strict=True):
            counts[*start, *line, column] += n


# -- held against what an audit states ------------------------------------------------------

# table -> columns that tell its lines apart (but for the subset), columns with numbers
_LINES = {
    "coverage": (("role", "via"), ("rows", "covered")),
    "scores": (("above", "up_to"), ("rows",)),
    "not_looked_at": (("role", "column_name", "reason"), ("n_values",)),
    "hits": (("list_id", "kind", "form"), ("gross", "exclusive")),
    "hit_groups": (("grouping", "name"), ("memberships", "rows")),
    "protocol": (("list_id", "kind"), ("gross", "new_rows")),
    "removals": (
        ("edition", "reason_kind", "list_id", "kind", "form", "rule"),
        ("gross", "exclusive"),
    ),
    "removal_groups": (("edition", "grouping", "name"), ("gross", "exclusive")),
}


def check_counts(
    cells: Cells,
    statement: Statement,
    reports: Sequence[ShardReport],
    left_out: Collection[NotLookedAt],
    notes: Notes,
    *,
    is_whole: bool,
) -> None:
    """Hold the audit's tables against the model's counts, for the editions that it knows.

    Without `is_whole`, rows are gone that nothing names any more: there, only what a rule, or a
    list that holds all that it ever held, finds by itself is counted again.
    """
    own = {e.name for e in statement.editions if not e.modelled}
    expected: Counts = Counter()
    told = told_subsets(statement)
    for report in reports:
        for (table, *key), n in report.counts.items():
            if table == TABLE:  # which is told of all subsets together
                continue
            subset: str | None = shown(report.subset)
            if table in TOLD_TABLES:
                subset = told.get(shown(report.subset))
            if subset is not None:
                expected[table, subset, *key] += n
    _check_reach(cells, reports, notes)
    stated = _stated(cells, own)
    # an audit need not say how many rows have a row hash; where it does, it has to be right
    for line in [k for k in {*expected} - {*stated} if k[0] == "coverage" and k[2] == "row_hash"]:
        del expected[line]
    keys = {*expected, *stated}
    if not is_whole:
        keys = {key for key in keys if _stands_alone(key, statement.whole_lists)}
        notes.limit("6", "of lists and rules only what each finds by itself was recounted, and "
                    "nothing by lists of which entries were taken back")  # fmt: skip
    _tell_wrong(Counter(key[0] for key in keys if expected[key] != stated[key]), notes)
    check_pairs(cells, statement, reports, told, notes, is_whole=is_whole)
    check_left_out(cells, left_out, notes)
    check_labels(cells, statement, notes)
    _check_unions(cells, reports, notes)


def _stands_alone(key: tuple[Any, ...], whole: Collection[int]) -> bool:
    """Whether a number does not rest on what lists find of which entries were taken back."""
    table, _, *line, number = key
    if table in ("coverage", "not_looked_at", "scores"):
        return True
    if number != "gross" or table == "removal_groups":
        return False
    if table == "removals":
        return line[1] == "rule" or line[2] in whole
    return line[0] in whole


def check_gained(cells: Cells, before: Cells, reports: Sequence[ShardReport], notes: Notes) -> None:
    """Hold the audit's tables against those of the run before, and what was counted since.

    `reports` are those of the shards in which a list that is new names a row; none has few rows.
    """
    expected = _stated(before, ())
    for report in reports:
        for sign, found in ((1, report.counts), (-1, report.counts_before)):
            for (table, *key), n in found.items():
                if table in TOLD_TABLES:
                    expected[table, shown(report.subset), *key] += sign * n
    stated = _stated(cells, ())
    keys = {*expected, *stated}
    _tell_wrong(Counter(key[0] for key in keys if expected[key] != stated[key]), notes)
    check_gained_pairs(cells, before, reports, notes)


def _tell_wrong(wrong: Counter[str], notes: Notes) -> None:
    for table in _LINES:
        if wrong[table]:
            said = f"{count(wrong[table], 'number')} of table {table} cannot be recomputed"
            notes.find("6", AUDIT, said)


def _check_reach(cells: Cells, reports: Sequence[ShardReport], notes: Notes) -> None:
    """What sidecars reach is not counted again: it has to be possible (`_wrong_numbers`)."""
    rows: Counter[str] = Counter()
    for report in reports:
        rows[shown(report.subset)] += report.rows or 0
    wrong = sum(row["rows"] != rows[row["subset"]] for row in cells["coverage"])
    if wrong:
        notes.find("6", AUDIT, f"{count(wrong, 'line')} of table coverage cannot be so")


def _stated(cells: Cells, own: Collection[str]) -> Counts:
    """The numbers of the audit, but for editions of `own` scripts and what a sample told."""
    stated: Counts = Counter()
    for table, (names, numbers) in _LINES.items():
        for row in cells.get(table, ()):
            if row.get("edition") in own or row.get("via") == "sidecar":
                continue
            if table == "not_looked_at" and not is_counted(row["reason"]):
                continue
            for number in numbers:
                is_cover = row.get("reason_kind") == "cover"  # its label tells its lines apart
                line = (
                    row["label"] if is_cover and name == "rule" else row[name] for name in names
                )
                stated[table, row["subset"], *line, number] += row[number]
    return stated


def is_counted(reason: str) -> bool:
    """Whether values were counted for a reason: such lines are counted again."""
    return reason == BY_BYTES or reason.startswith(UNREAD)


def check_left_out(cells: Cells, left_out: Collection[NotLookedAt], notes: Notes) -> None:
    """What could not be looked at is told, each thing once; files without their names.

    Of sidecars sums alone are told: a line for each kind of values, and of columns.
    """
    stated = [
        (r["subset"], r["role"], r["column_name"], r["reason"], r["n_values"])
        for r in cells["not_looked_at"]
        if not is_counted(r["reason"])
    ]
    expected: list[tuple[Any, ...]] = [
        (x.subset, x.role, None if x.role == "files" else x.column, x.reason, x.values)
        for x in left_out
        if x.sidecar is None
    ]
    beside = [x for x in left_out if x.sidecar is not None]
    for role in {x.role for x in beside if x.values is not None}:
        n = sum(x.values or 0 for x in beside if x.role == role)
        expected.append((None, role, None, f"{UNREAD_BESIDE} {ROLES[role].algorithm}", n))
    for role in {x.role for x in beside if x.values is None}:
        expected.append((None, role, None, REFUSED_BESIDE, None))
    if sorted(stated, key=str) != sorted(expected, key=str):
        notes.find("6", AUDIT, "table not_looked_at is not what was left out")


def check_labels(cells: Cells, statement: Statement, notes: Notes) -> None:
    """Every list and label that a reason names has to be one of the run, or of one before it."""
    labels = {list_id: x.label for list_id, x in statement.known_lists.items()}
    if any(
        r["list_id"] is not None and labels.get(r["list_id"]) != r["label"]
        for r in cells["removals"]
    ):
        notes.find("6", AUDIT, "table removals names a list or label that no list has")


def _check_unions(cells: Cells, reports: Sequence[ShardReport], notes: Notes) -> None:
    removed: Counter[tuple[str, str]] = Counter()
    for report in reports:
        for edition, n in report.kept.items():
            removed[edition, shown(report.subset)] += (report.rows or 0) - n
    stated: dict[Any, Any] = {(r["edition"], r["subset"]): r["removed"] for r in cells["unions"]}
    if any(stated.get(key) != n for key, n in removed.items()):
        notes.find("6", AUDIT, "table unions differs from the rows that lists and rules name")


# -- The audit's lines by themselves: known words, possible numbers, no line twice -------------

# what does not tell lines apart
_VALUES = frozenset(
    {
        "setting", "sha256", "rows", "bytes", "covered", "estimated", "sampled", "n_values",
        "entries", "gross", "exclusive", "memberships", "rows_in", "removed", "kept",
        "place", "new_rows", "rows_so_far", "least", "most",
    }
)  # fmt: skip
# table -> columns that need not apply to a line; in all others NULL stands for nothing
_MAYBE = {
    "lists": {"source", "title", "label", "received"},
    "coverage": {"sampled"},
    "scores": {"above", "up_to"},
    "not_looked_at": {"subset", "column_name", "n_values"},
    "hits": {"kind", "form"},
    "hit_groups": {"name"},
    "shared_rows": {"most"},
    "removals": {"list_id", "label", "kind", "form", "rule"},
}
_NOT_MORE = (
    ("exclusive", "gross"), ("rows", "memberships"), ("covered", "rows"), ("sampled", "rows"),
    ("new_rows", "gross"), ("new_rows", "rows_so_far"),
)  # fmt: skip
_PLAIN = frozenset({*FORMS, "canonical", "computed", "sidecar"})
_FORMS = _PLAIN | {"inner"} | {f"inner {form}" for form in FORMS}


def check_lines(cells: Cells, statement: Statement, notes: Notes) -> bool:
    """Find lines that no audit can have, whatever went in. Needs neither inputs nor lists.

    Returns whether every line has what it cannot do without.
    """
    is_whole = True
    words = _words(statement)
    # a subset of an earlier step may be gone with its shards
    words["steps", "subset"] |= {
        x["subset"] for x in cells["steps"] if 0 < (x["step"] or 0) <= len(statement.lineage)
    }
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
    if is_whole:
        _check_protocol(cells, statement, notes)
        check_form(cells, statement, notes)
    return is_whole


def _check_protocol(cells: Cells, statement: Statement, notes: Notes) -> None:
    """Does each subset tell its lists in order of receipt, with the sum of the new rows so far?"""
    days = {list_id: x.received for list_id, x in statement.known_lists.items()}
    by_subset: dict[str, list[dict[str, Any]]] = {}
    for line in sorted(cells["protocol"], key=lambda line: int(line["place"])):
        by_subset.setdefault(line["subset"], []).append(line)
    for lines in by_subset.values():
        order = [(not (day := days.get(x["list_id"], "")), day, x["list_id"], x["kind"])
                 for x in lines]  # fmt: skip
        sums = accumulate(x["new_rows"] for x in lines)
        if (
            order != sorted(order)
            or [x["place"] for x in lines] != list(range(1, len(lines) + 1))
            or [x["rows_so_far"] for x in lines] != list(sums)
        ):
            notes.find("6", AUDIT, "table protocol is not in order of receipt, or its sums differ")
            return


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
    sources = {shown(x.source) for x in statement.known_lists.values()}
    labels = {shown(x.label) for x in statement.known_lists.values()}
    covered = {label for edition in statement.editions for label in edition.labels}
    rules = set(RULES).union(*(edition.rules for edition in statement.editions))
    return {
        ("", "subset"): subsets | {SMALL},
        ("coverage", "subset"): subsets,
        ("not_looked_at", "subset"): subsets,
        ("unions", "subset"): subsets,
        ("steps", "subset"): subsets,
        ("", "edition"): editions,
        ("", "role"): {*COUNTED},
        ("lists", "role"): {"bad", "good"},
        ("not_looked_at", "role"): {*COUNTED, "language", "files", "keywords", "lists"},
        ("coverage", "via"): {"column", "sidecar", "computed"},
        ("", "list_id"): set(statement.known_lists),
        ("", "other_id"): set(statement.known_lists),
        ("", "kind"): set(KINDS),
        ("", "form"): set(_FORMS),
        ("removals", "reason_kind"): {"list", "same_link", "cover", "rule"},
        ("removals", "label"): labels | covered,
        ("removals", "rule"): rules,
        ("hit_groups", "grouping"): {"all", "source", "label", "same_link"},
        ("removal_groups", "grouping"): {"source", "label"},
        ("hit_groups", "name"): sources | labels,
        ("removal_groups", "name"): sources | labels,
    }
