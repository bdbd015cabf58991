"""Rows that two lists share: no audit tells of fewer than ten, nor lets them be reckoned."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain, combinations, islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import relaion
from relaion.engine import Engine, connect
from relaion.sqlset import load
from relaion.verifier.shared_rows import (
    FEW,
    HIDDEN,
    check_form,
    check_gained_pairs,
    check_pairs,
    told_pairs,
)
from relaion.verifier.verdict import Notes
from tests import report_world
from tests.report_world import MD5

AUDIT, PAIRS = load()["60_audit"], load()["65_told_pairs"]
Together = dict[frozenset[int], int]
PEOPLE = st.sampled_from([0, 1, 3, 9, 10, 11, 20, 30, 45, 500])
# how many rows the lists of each set name, and no list beside these
TOGETHER = st.integers(2, 6).flatmap(
    lambda n: st.fixed_dictionaries(
        {frozenset(pair): PEOPLE for pair in combinations(range(1, n + 1), 2)},
        optional={frozenset(x): PEOPLE for x in combinations(range(1, n + 1), 3)},
    )
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connect(threads=1) as engine:
        declared = AUDIT.relations("reads") | {
            table: PAIRS.relations("reads")[table] for table in ("hit_pairs", "carried_pairs")
        }
        for table, columns in declared.items():
            engine.execute(f"create temp table {table} ({columns})")
        engine.execute("insert into found_inputs values ('en', 'a', 5000, 0, '')")
        engine.execute("insert into found_outputs values ('r', 'en', 'a', 5000, 0, '')")
        yield engine


def shared(together: Together) -> Counter[tuple[int, int]]:
    found: Counter[tuple[int, int]] = Counter()
    for lists, n in together.items():
        found.update({(a, b): n for a, b in combinations(sorted(lists), 2) if n})
    return found


def audited(engine: Engine, together: Together, carried: Any = ()) -> dict[Any, Any]:
    lists = sorted(frozenset().union(*together))
    for table, lines in (
        ("hit_counts", [("en", x, "url", "raw", 999, 0) for x in lists]),
        ("hit_pairs", [("en", *pair, n) for pair, n in shared(together).items()]),
        ("carried_pairs", carried),
    ):
        engine.execute(f"truncate {table}")
        for line in lines:
            engine.execute(f"insert into {table} values {line}".replace("None", "null"))
    engine.run(AUDIT, few_rows=1000)
    engine.run(PAIRS)
    return {(a, b): (c, d) for a, b, c, d in engine.rows("from shared_rows")}


@example({frozenset((1, 2)): 3, frozenset((3, 4)): 500})
@example({frozenset(x): 20 for x in combinations(range(1, 5), 2)} | {frozenset((1, 2)): 9})
@given(together=TOGETHER)
def test_no_pair_of_fewer_than_ten_is_told_or_left_over(engine: Engine, together: Together) -> None:
    true = shared(together)
    lists = sorted(frozenset().union(*together))
    told = audited(engine, together)
    assert told == told_pairs(lists, true)  # the SQL tells what the other code tells
    assert {*told} == {*combinations(lists, 2)}
    for pair, (least, most) in told.items():
        assert least <= true[pair] <= (true[pair] if most is None else most)
        assert (least, most) == FEW if true[pair] < 10 else (least, most) in (
            HIDDEN, (true[pair], true[pair])
        )  # fmt: skip
    if len(lists) >= 4:  # else the other tables tell each pair
        open_pairs = {pair for pair, (least, most) in told.items() if least != most}
        assert 1 not in Counter(x for pair in open_pairs for x in pair).values()
        assert left_over(open_pairs) == set()


def left_over(unknown: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Pairs that follow one by one, for who knows what each list shares with all others at once."""
    unknown, found = set(unknown), set()
    while alone := {x for x, n in Counter(x for p in unknown for x in p).items() if n == 1}:
        found |= (now := {pair for pair in unknown if alone & set(pair)})
        unknown -= now
    return found


@pytest.mark.slow
@given(together=TOGETHER, before=TOGETHER)
def test_an_update_tells_bounds_that_hold(
    engine: Engine, together: Together, before: Together
) -> None:
    """What an audit before told, and rows that came since: the number lies within."""
    lists = sorted(frozenset().union(*before))
    carried = told_pairs(lists, shared(before))
    told = audited(engine, together, [(*p, *x) for p, x in carried.items()])
    for pair, (least, most) in told.items():
        n = shared(before)[pair] + shared(together)[pair]
        assert least <= n <= (n if most is None else most), pair
        assert least == 0 or least >= 10
        if most is not None and least != most:
            assert most - least >= 9


@pytest.mark.slow
@given(st.lists(TOGETHER, min_size=2, max_size=4))
def test_what_a_check_that_rests_expects_is_what_update_after_update_tells(
    engine: Engine, steps: list[Together]
) -> None:
    """Each step but the first has come since; any pair that is told otherwise is found."""
    told = audited(engine, steps[0])
    for since in steps[1:]:
        before, lists = told, {*chain(*told), *chain(*since)}
        told = audited(
            engine, since | dict.fromkeys(map(frozenset, combinations(lists, 1)), 0),
            [(*pair, *bounds) for pair, bounds in before.items()],
        )  # fmt: skip
        assert gained(told, before, shared(since)) == set()
        for pair, (least, most) in told.items():
            for other in {(0, None), (10, None), (0, 9), (0, 99), (least + 10, least + 10)}:
                if other != (least, most):
                    assert "6" in gained(told | {pair: other}, before, shared(since)), (pair, other)


def gained(now: Any, before: Any, since: Counter[tuple[int, int]]) -> set[str]:
    """The promises that a check which rests finds broken by pairs; `since` are those that came."""
    old = Counter({("shared_rows", 1, 2): 5})  # counted with the new lists and without
    report: Any = SimpleNamespace(
        counts=Counter({("shared_rows", *pair): n for pair, n in since.items()}) + old,
        counts_before=old,
    )
    notes = Notes()
    check_gained_pairs(cells(now), cells(before), [report], notes)
    return {x.promise for x in notes.findings}


def test_what_one_pair_would_tell_is_hidden_with_the_smallest() -> None:
    true = shared({frozenset(x): 20 + sum(x) for x in combinations(range(1, 6), 2)})
    assert all(a == b for a, b in told_pairs([1, 2, 3, 4, 5], true).values())
    true[1, 2] = 4
    told = told_pairs([1, 2, 3, 4, 5], true)
    assert told[1, 2] == FEW
    assert told[1, 3] == HIDDEN  # 24, the smallest of list 1
    assert told[2, 3] == HIDDEN  # 25, the smallest of list 2
    assert told[4, 5] == (29, 29)


def cells(pairs: dict[tuple[int, int], Any]) -> Any:
    lists = sorted({x for pair in pairs for x in pair})
    lines = [
        {"list_id": a, "other_id": b, "least": c, "most": d} for (a, b), (c, d) in pairs.items()
    ]
    return {"shared_rows": lines, "hits": [{"list_id": x, "kind": "url"} for x in lists]}


TRUE = {(1, 2): 300, (1, 3): 4, (2, 3): 12}
CHANGED = [
    ({(1, 2): (301, 301)}, {"6"}), ({(1, 3): (4, 4)}, {"4", "6"}), ({(1, 3): (0, 4)}, {"4", "6"}),
    ({(1, 3): (10, 10)}, {"4", "6"}), ({(2, 3): FEW}, {"6"}), ({(1, 2): (10, None)}, {"6"}),
    ({(1, 2): (300, 309)}, {"6"}), ({(1, 3): (-1, 9)}, {"6"}),
]  # fmt: skip


@pytest.mark.parametrize(("change", "promises"), CHANGED)
def test_a_changed_pair_is_found(change: Any, promises: set[str]) -> None:
    statement: Any = SimpleNamespace(lineage=(), whole_lists={1, 2, 3})
    report: Any = SimpleNamespace(
        subset="en", counts=Counter({("shared_rows", *pair): n for pair, n in TRUE.items()})
    )
    told = told_pairs([1, 2, 3], TRUE)
    for pairs, expected in ((told, set()), (told | change, promises)):
        notes = Notes()
        check_form(cells(pairs), statement, notes)
        check_pairs(cells(pairs), statement, [report], {"en": "en"}, notes, is_whole=True)
        assert {x.promise for x in notes.findings} == expected, notes.findings


def test_a_pair_less_or_more_is_found() -> None:
    statement: Any = SimpleNamespace(lineage=())
    for n in (2, 4):
        notes, found = Notes(), cells(told_pairs([1, 2, 3], TRUE))
        lines = found["shared_rows"]
        found["shared_rows"] = [*lines, lines[0] | {"other_id": 9}][:n]
        check_form(found, statement, notes)
        assert [x.promise for x in notes.findings] == ["6"]


@pytest.mark.slow
def test_runs_and_updates_tell_what_verify_counts_again(tmp_path: Path) -> None:
    """Every image stands in both subsets, so that each is two rows."""
    images = iter(MD5)
    shares = {(1, 2): 1, (1, 3): 5, (2, 4): 6, (1, 4): 7, (2, 3): 8, (3, 4): 9}
    held: dict[int, list[str]] = {n: [] for n in range(1, 5)}
    for pair, n in shares.items():
        for image in islice(images, n):
            for list_id in pair:
                held[list_id].append(image)
    report_world.make_data(tmp_path)
    for list_id, values in held.items():
        report_world.add(tmp_path, values, source=f"S{list_id}")
    told = relaion.report(report_world.clean(tmp_path, verify=False)).overlaps
    assert told is not None
    assert [(x.least, x.most) for x in told] == [FEW, *[HIDDEN] * 4, (18, 18)]
    report_world.add(tmp_path, held[4][:6], source="S5")
    out = report_world.update(tmp_path, verify=False)
    after = relaion.report(out).overlaps
    assert after is not None
    found = {(x.list_id, x.other_id): (x.least, x.most) for x in after}
    assert found[1, 2] == FEW
    assert found[3, 4] == (18, 18)
    assert found[4, 5] == (12, 12)  # of lists that came since, all is counted
    verdict = relaion.verify(
        out, inputs=[tmp_path / "data"], lists=tmp_path / "lists.duckdb",
        keywords=tmp_path / "words.txt", parent=tmp_path / "out",
    )  # fmt: skip
    assert verdict.ok, verdict.findings
    assert "recounted" not in verdict.summary
