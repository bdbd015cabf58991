"""What an audit tells of subsets of few rows: an outsider with all its tables learns no count."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relaion.engine import Engine, connect
from relaion.sqlset import load
from relaion.verifier import counts as proof

FEW = 1_000
SCRIPT = load()["60_audit"]
TABLES = {
    "hits": ("hit_counts", "list_id", "gross", "exclusive"),
    "hit_groups": ("hit_unions", "name", "memberships", "rows"),
    "protocol": ("hit_order", "list_id, kind", "gross", "new_rows"),
    "removals": ("found_tally", "edition, list_id", "gross", "exclusive"),
    "removal_groups": ("found_groups", "edition, name", "gross", "exclusive"),
}
Lost = tuple[int, int]  # rows that list 1 and list 2 took
Subset = tuple[int, Lost, Lost]  # rows, and what two editions lost

NOTHING: Lost = (0, 0)
LOST = st.tuples(st.integers(0, 3), st.integers(0, 3))
SUBSETS = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d", "small", "é"]),
    st.tuples(st.sampled_from([0, 10, 499, 500, 999, 1000, 1001, 5000]), LOST, LOST),
    min_size=1,
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connect(threads=1) as engine:
        for table, declared in SCRIPT.relations("reads").items():
            engine.execute(f"create temp table {table} ({declared})")
        yield engine


def fill(engine: Engine, subsets: dict[str, Subset]) -> None:
    made: dict[str, list[tuple[Any, ...]]] = {t: [] for t in SCRIPT.relations("reads")}
    for s, (rows, *lost) in subsets.items():
        made["found_inputs"].append((s, "x", rows, 0, ""))
        for edition, by_list in zip("rs", lost if rows else (NOTHING, NOTHING), strict=True):
            made["found_outputs"].append((edition, s, "x", rows - sum(by_list), 0, ""))
            for list_id, n in enumerate(by_list, 1):
                if not n:
                    continue
                line = (s, edition, "list", list_id, "csam", "url", "raw", "", n, n)
                made["found_tally"].append(line)
                made["found_groups"].append((s, edition, "source", f"p{list_id}", n, n))
                if edition == "r":
                    made["hit_counts"].append((s, list_id, "url", "raw", n, n))
                    made["hit_order"].append((s, list_id, "url", n, n))
                    made["hit_unions"].append((s, "source", f"p{list_id}", n, n))
    made["found_lists"] = [(n, "", "", "", f"2026-01-0{n}", "", "url", 1, "bad", 1) for n in (1, 2)]
    for table, lines in made.items():
        engine.execute(f"truncate {table}")
        if lines:
            engine.execute(f"insert into {table} values {', '.join(map(str, lines))}")


def audited(
    engine: Engine, subsets: dict[str, Subset]
) -> tuple[Any, dict[str, Counter[Any]], dict[str, Any]]:
    """What unions says; the five tables as told, by (subset, line); and as they were."""
    fill(engine, subsets)
    before = {t: _lines(engine, "temp." + m, k, t) for t, (m, k, *_) in TABLES.items()}
    engine.run(SCRIPT, few_rows=FEW)
    after = {t: _lines(engine, "main." + t, k, t) for t, (_, k, *_) in TABLES.items()}
    return engine.rows("from unions"), after, before


def _lines(engine: Engine, table: str, keys: str, named: str) -> Counter[Any]:
    number = {"hit_unions": "n_rows", "hit_order": "n_new"}.get(table.removeprefix("temp."))
    number = number or TABLES[named][3]
    found: Counter[Any] = Counter()
    for subset, *line, n in engine.rows(f"select subset, {keys}, {number} from {table}"):
        found[subset, tuple(line)] += n
    return found


@example({"a": (10, (1, 0), NOTHING), "b": (5000, NOTHING, NOTHING)})
@example({"a": (10, (1, 0), NOTHING), "b": (5000, (1, 1), NOTHING), "c": (9, (0, 1), (1, 1))})
@example({"a": (999, (1, 0), (1, 0))})
@example({"a": (10, (1, 0), (1, 0)), "b": (0, NOTHING, NOTHING), "c": (5000, (1, 0), (1, 0))})
@example({"a": (500, (1, 0), (1, 0)), "b": (499, (1, 0), (1, 0)), "c": (1000, (0, 3), (0, 3))})
@example({"a": (10, NOTHING, NOTHING), "small": (1000, NOTHING, (0, 1))})
@settings(max_examples=settings().max_examples // 2)
@given(subsets=SUBSETS)
def test_no_count_of_a_subset_of_few_rows_can_be_reckoned(
    engine: Engine, subsets: dict[str, Subset]
) -> None:
    unions, after, before = audited(engine, subsets)
    rows = {s: n for _, s, n, _, _ in unions if n}
    losing = [{s for e, s, _, lost, _ in unions if e == x and lost} for x in "rs"]
    few = {s for s, n in rows.items() if n < FEW}
    told = proof.told(rows, losing)
    # a subset that is called `small` and stands alone under that name hides behind nothing
    together = {s for s, name in told.items() if name == "small"}
    if len(together) == 1:
        assert together == {"small"} and rows["small"] >= FEW
        together = set()
    hidden = {s for s, name in told.items() if name != s} | together
    assert few <= hidden
    for table, lines in after.items():
        expected: Counter[Any] = Counter()
        for (s, line), n in before[table].items():
            if told[s] is not None:
                expected[told[s], line] += n
        assert lines == expected, table  # the SQL tells what the other code tells
        assert not {s for s, _ in lines} & (hidden - {"small"})
        for (name, line), n in lines.items():
            if name != "small" or not together:
                continue
            # what an outsider can still think: whoever lost nothing had none of it
            may = hidden & set(rows)
            if table.startswith("removal"):
                may &= losing["rs".index(line[0])]
            assert n > 0
            assert len(may) >= 2, (table, line)
            assert sum(rows[s] for s in hidden) >= FEW
    if not few:
        assert after == before


@pytest.mark.parametrize("rows", [{"a": 999}, {"a": 400, "b": 500}])
def test_where_there_is_nothing_to_hide_behind_nothing_is_told(
    engine: Engine, rows: dict[str, int]
) -> None:
    _, after, _ = audited(engine, {s: (n, (1, 1), (1, 1)) for s, n in rows.items()})
    assert not any(after.values())


def test_a_thousand_rows_are_enough(engine: Engine) -> None:
    _, after, before = audited(engine, {"a": (1000, (1, 1), (1, 1))})
    assert after == before
