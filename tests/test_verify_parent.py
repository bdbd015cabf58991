"""`verify --parent`: an update against the run that it goes on from, one thing broken at a time."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from relaion.cli import app
from relaion.engine import Engine, connect
from relaion.errors import InputError, OutputError, ShortError
from relaion.lists.key import key_path
from relaion.verifier import model
from relaion.verifier.audit_tables import TABLES, check_stated, read_audit
from relaion.verifier.checker import verify
from relaion.verifier.compare import Cursor
from relaion.verifier.counts import check_lines
from relaion.verifier.lineage import check_lineage, check_steps, read_before
from relaion.verifier.manifest import WHY, read_statement
from relaion.verifier.model import Reason
from relaion.verifier.shape import check_shape
from relaion.verifier.track import Track
from relaion.verifier.verdict import Notes, Verdict
from tests import oracle
from tests.drawn import quickly
from tests.pipeline import hands_here
from tests.verify_world import KEYWORDS, World, facts, lists, md5, planted, row

pytestmark = pytest.mark.usefixtures("all_counts", "no_sample")
ALPHA, BETA, GAMMA = (
    ("alpha", "part-0.parquet"),
    ("beta", "part-1.parquet"),
    ("beta", "new.parquet"),
)
SHARD = ("research", *ALPHA)
ALL = sorted(lists(), key=lambda x: x.list_id)
# of a setting without sidecars: these are held elsewhere
SETTING = oracle.Setting(keywords=KEYWORDS)


def _shards() -> dict[tuple[str, str], list[dict[str, Any]]]:
    return {ALPHA: planted(0), BETA: [row(9000 + i) for i in range(10)]}


def _step(top: Path, some: list[oracle.Listing], before: World | None = None) -> World:
    """A run with these lists over the same data and one shard more."""
    world = World(top, lists=some, setting=SETTING, before=before, shards=_shards())
    if before is not None:
        world.shards[GAMMA] = [
            row(7000 + i, md5=md5("listed a" if i == 3 else str(i))) for i in range(9)
        ]
        top.mkdir(parents=True)
        shutil.copy2(key_path(before.store), key_path(world.store))
    return world.make()


@pytest.fixture(scope="module", autouse=True)
def digests() -> Iterator[None]:
    """The digest of a list is that of what was delivered, whatever was taken back since."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.verify_world.content", lambda x: md5(f"list {x.list_id}") * 2)
        yield


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    """A first clean; and what updates made of it: with a list more, and with less of one."""
    top = tmp_path_factory.mktemp("worlds")
    first = _step(top / "first", ALL[:3])
    less = replace(ALL[0], entries=ALL[0].entries - {("image_md5", md5("listed b"))})
    grown = _step(top / "grown", ALL, first)
    return {
        "first": first,
        "grown": grown,
        "withdrawn": _step(top / "withdrawn", [*ALL[:1], *ALL[2:]], first),
        "retracted": _step(top / "retracted", [less, *ALL[1:]], first),
        "again": _step(top / "again", ALL, grown),
    }


@pytest.fixture
def copied(worlds: dict[str, World], tmp_path: Path) -> Callable[[str], World]:
    """A copy of one of them to break, beside its parent `before`, which is a copy too."""

    def copy(name: str) -> World:
        made = worlds[name]
        assert made.before is not None
        top = tmp_path / name
        shutil.copytree(made.top, top)
        before = replace(made.before, top=tmp_path / "before")
        before.manifest = deepcopy(made.before.manifest)
        shutil.copytree(made.before.top, before.top)
        world = replace(made, top=top, before=before)
        world.manifest, world.counts = deepcopy(made.manifest), made.counts
        return world

    return copy


Copied = Callable[[str], World]


def check(world: World, **given: object) -> Verdict:
    assert world.before is not None
    return verify(world.out, **({"parent": world.before.out} | world.arguments() | given))


def states(verdict: Verdict) -> dict[str, str]:
    return {o.promise: o.state for o in verdict.outcomes if o.state != "held"}


def said(verdict: Verdict) -> set[tuple[str, str]]:
    return {(f.promise, f.what) for f in verdict.findings}


def why(verdict: Verdict, promise: str) -> str:
    return next(o.why for o in verdict.outcomes if o.promise == promise)


# -- what holds --------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_goes_on_from_a_run_is_held_as_a_clean_of_its_own(worlds: dict[str, World]) -> None:
    grown = worlds["grown"]
    verdict = check(grown)
    assert states(verdict) == {} and not read_statement(grown.out).taken_back
    assert any("goes on from 1 earlier step:" in x for x in verdict.notices)
    assert "beta/new.parquet: new, or other than the parent had it" in verdict.notices
    alone = check(grown, parent=None)
    assert states(alone) == {"6": "held in part"}
    assert why(alone, "6") == "earlier steps were not compared: no parent to hold them against"
    assert states(check(worlds["again"])) == {}


def test_a_parent_is_held_against_without_inputs_and_lists(worlds: dict[str, World]) -> None:
    given: dict[str, Any] = {"inputs": [], "lists": None, "keywords": None}
    verdict = check(worlds["grown"], **given)
    assert verdict.ok and "parent" not in verdict.summary


@pytest.mark.parametrize("name", quickly(1, ["withdrawn", "retracted"]))
def test_what_was_taken_back_is_judged_with_the_parent_alone(
    worlds: dict[str, World], name: str
) -> None:
    world = worlds[name]
    assert read_statement(world.out).taken_back
    verdict = check(world)
    assert states(verdict) == {"6": "held in part"}
    assert "nothing by lists of which entries were taken back" in why(verdict, "6")
    alone = check(world, parent=None)
    assert alone.ok and states(alone) == {"1b": "not checked", "6": "not checked"}
    assert "more rows may be gone" in why(alone, "1b")
    assert "clean as far as it was looked at" in alone.summary


def test_what_was_once_taken_back_stays_so(worlds: dict[str, World], tmp_path: Path) -> None:
    """A step that had less already hides nothing of what one before it had."""
    after = _step(tmp_path / "after", [*worlds["retracted"].lists], worlds["retracted"])
    statement = read_statement(after.out)
    assert statement.taken_back and statement.whole_lists == {2, 3, 4, 5, 6}
    assert states(check(after)) == {"6": "held in part"}


def test_a_good_list_that_came_later_takes_back(worlds: dict[str, World]) -> None:
    statement = read_statement(worlds["grown"].out)
    good = dict(statement.lists) | {6: statement.lists[6]._replace(role="good")}
    wins = replace(statement.parameters, good_wins=True)
    assert replace(statement, lists=good, parameters=wins).taken_back
    assert not replace(statement, lists=good).taken_back
    first = statement.lineage[0]._replace(lists=good)
    assert not replace(statement, lists=good, parameters=wins, lineage=(first,)).taken_back


# -- rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "edit", quickly(1, ["update protocol set gross = gross + 1", "delete from coverage"])
)
def test_an_audit_of_the_parent_that_was_edited_is_the_fault_of_the_parent(
    copied: Copied, edit: str
) -> None:
    world = copied("grown")
    assert world.before is not None
    with connect(world.before.out / "audit.duckdb") as engine:
        engine.execute(edit)
    found = [f for f in check(world).findings]
    what = "is not the one that the manifest beside it states"
    assert [(f.promise, f.where) for f in found] == [("6", "audit.duckdb (parent)")]
    assert found[0].what.startswith(what)
    assert check(world, parent=None).ok


def test_an_audit_that_was_edited_is_not_the_one_that_its_manifest_states(copied: Copied) -> None:
    world = copied("grown")
    with connect(world.out / "audit.duckdb") as engine:
        engine.execute("comment on table protocol is 'x'")
        engine.execute(f"comment on table protocol is '{TABLES['protocol'][0]}'")
    assert ("6", "its SHA-256 is not the one that the manifest states") in said(check(world))


def _given_back(world: World, find: Callable[[int], bool]) -> None:
    """Put back rows that the run before removed, and state it."""
    keep = world.kept[SHARD]
    assert world.before is not None
    back = [
        a or (not b and find(i))
        for i, (a, b) in enumerate(zip(keep, world.before.kept[SHARD], strict=True))
    ]
    assert back != keep
    table = world._table(world.shards[ALPHA])
    world.change(world.output(), lambda _: table.filter(pa.array(back, pa.bool_())))


@pytest.mark.parametrize("name", quickly(1, ["grown", "withdrawn"]))
def test_a_row_that_comes_back_is_found(copied: Copied, name: str) -> None:
    world = copied(name)
    # row 20: of the second list alone, and of a link that it passes on
    _given_back(world, lambda i: i == 20)
    back = ("3", "1 row is here that the parent run removed")
    assert back in said(check(world))
    unseen = said(check(world, parent=None))
    assert back not in unseen and ("1a" in {p for p, _ in unseen}) is (name == "grown")


def test_a_row_that_nothing_names_may_not_go(copied: Copied) -> None:
    world = copied("withdrawn")
    world.change(world.output(), lambda table: table[:-1])
    assert ("1b", "1 row is lost that no list and no rule names") in said(check(world))


def test_a_row_that_is_changed_is_found(copied: Copied) -> None:
    world = copied("withdrawn")
    width = world.schema.get_field_index("width")

    def edit(table: pa.Table) -> pa.Table:
        numbers = pa.array([n + 1 for n in table.column(width).to_pylist()], pa.int32())
        return table.set_column(width, world.schema.field(width), numbers)

    world.change(world.output(), edit)
    found = said(check(world, inputs=[]))
    assert any(p == "3" and "here that the parent run removed" in what for p, what in found)


@pytest.mark.slow
def test_another_order_is_found_without_inputs(copied: Copied) -> None:
    world = copied("grown")
    world.change(world.output(), lambda table: table.take([1, 0, *range(2, table.num_rows)]))
    order = ("2", "its rows stand in another order than in the parent run")
    assert order in said(check(world, inputs=[]))
    assert "3" not in {p for p, _ in said(check(world))}


def test_a_listed_row_that_stays_is_found(copied: Copied) -> None:
    world = copied("withdrawn")
    # row 38 or whatever the lists that came name: of the whole output of the run before
    assert world.before is not None
    shutil.copy(world.before.output(), world.output())
    world.restate()
    assert {p for p, _ in said(check(world))} >= {"1a"}


@pytest.mark.parametrize(("name", "how"), [("grown", "other"), ("withdrawn", "gone")])
def test_a_parent_that_is_not_what_it_states_is_not_relied_on(
    copied: Copied, name: str, how: str
) -> None:
    world = copied(name)
    assert world.before is not None
    path = world.before.output()
    path.unlink()
    if how == "other":
        shutil.copy(world.source(), path)
    verdict = check(world)
    what = "is missing, or not what the manifest beside it states; nothing was held against it"
    assert said(verdict) == {("6", what)}
    assert ("1b" in states(verdict)) is (name == "withdrawn")


def test_shards_that_are_as_before_need_no_file_and_may_be_linked(copied: Copied) -> None:
    world = copied("grown")
    assert world.before is not None
    world.before.output(shard="part-1.parquet", subset="beta").unlink()
    os.link(world.output(), world.top / "elsewhere")
    verdict = check(world)
    assert states(verdict) == {}
    assert any(x.startswith("1 shard has another name elsewhere") for x in verdict.notices)


# -- what is stated --------------------------------------------------------------------------------

Edit = Callable[[dict[str, Any]], object]
OTHERWISE: dict[str, tuple[Edit, str]] = {
    "run": (lambda m: m["lineage"][0].update(run="0" * 16), "the parent given is not the run"),
    "manifest": (
        lambda m: m["lineage"][0].update(manifest="0" * 64), "the parent given is not the run",
    ),
    "no step": (lambda m: m.update(lineage=[]), "states no run that it goes on from"),
    "a step more": (
        lambda m: m["lineage"].insert(0, m["lineage"][0]), "states other earlier steps than",
    ),
    "finished": (
        lambda m: m["lineage"][0].update(finished="2024-02-22T10:00:07+00:00"),
        "states other lists, or another time, of that run",
    ),
    "lists": (lambda m: m["lineage"][0]["lists"].pop(), "states other lists, or another time"),
    "a list": (
        lambda m: m["lineage"][0]["lists"][0].update(label="watch"),
        "states a list otherwise than an earlier step had it",
    ),
    "order": (lambda m: m["lineage"][0]["lists"].reverse(), "its shards or lists in another order"),
    "parameters": (lambda m: m["parameters"].update(inner=False), "states other parameters than"),
    "editions": (lambda m: m["editions"].pop(), "states other editions than"),
    "scripts": (lambda m: m["scripts"].pop(), "states other scripts than"),
    "key": (lambda m: m.update(key_version=m["key_version"] + 1), "states other key_version than"),
    "sql": (lambda m: m.update(sql_version="v2"), "states other sql_version than"),
}  # fmt: skip


def _stated(world: World, edit: Edit) -> set[tuple[str, str]]:
    """What is said of a manifest by itself, and beside the parent's."""
    assert world.before is not None
    world.manifest = deepcopy(world.manifest)
    edit(world.manifest)
    world.write_manifest()
    statement, notes = read_statement(world.out), Notes()
    assert check_shape(statement, notes)
    check_lineage(statement, read_before(world.before.out, statement, notes), notes)
    return {(f.promise, f.what) for f in notes.findings}


def test_what_is_stated_otherwise_than_the_parent_does_is_found(copied: Copied) -> None:
    world = copied("grown")
    whole = world.manifest
    for name, (edit, what) in OTHERWISE.items():
        world.manifest = whole
        assert any(what in found for _, found in _stated(world, edit)), name
    world.manifest = whole
    assert _stated(world, lambda m: m["parameters"].update(cover_site_rows=7)) == set()


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON document but the whole."""
    if path:
        yield path
    inner: Any = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else inner:
        yield from _places(item, (*path, key))


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str) and value[4:5] == "-":
        return f"2023{value[4:]}"
    if isinstance(value, str) and len(value) in (16, 64):
        return f"{int(value, 16) ^ 1:0{len(value)}x}"
    if isinstance(value, list | dict):
        return type(value)()
    return f"{value}x" if isinstance(value, str | None) else value + 1


@pytest.mark.slow
def test_every_field_of_every_earlier_step_is_held(copied: Copied) -> None:
    """The run is the digest of what it states: it is made anew, so that it does not tell."""
    world = copied("again")
    whole = world.manifest
    places = list(_places(whole["lineage"]))
    assert {len(path) for path in places} == {1, 2, 3, 4, 5} and len(places) > 100
    missed = []
    for path in places:
        for how in ("other", "gone"):

            def edit(
                manifest: dict[str, Any], path: tuple[Any, ...] = path, how: str = how
            ) -> None:
                *above, last = path
                inner: Any = manifest["lineage"]
                for key in above:
                    inner = inner[key]
                if how == "gone":
                    del inner[last]
                else:
                    inner[last] = _other(inner[last])

            world.manifest = whole
            if not _shape_or_stated(world, edit):
                missed.append((how, path))
    # whether rows stay out is known to the run alone: more may, which claims less
    assert missed == [("other", (1, "kept_out"))]
    assert whole["lineage"][1]["kept_out"] is False


def _shape_or_stated(world: World, edit: Edit) -> bool:
    """Whether a manifest is refused by its form, or beside the parent's."""
    assert world.before is not None
    world.manifest = deepcopy(world.manifest)
    edit(world.manifest)
    world.write_manifest()
    try:
        statement, notes = read_statement(world.out), Notes()
    except OutputError:  # which is a finding, too
        return True
    if not check_shape(statement, notes):
        return bool(notes.findings)
    check_lineage(statement, read_before(world.before.out, statement, notes), notes)
    return bool(notes.findings)


Lines = list[dict[str, Any]]


def _lines(of_audit: Collection[dict[str, Any]]) -> Lines:
    assert isinstance(of_audit, list)
    return of_audit


STEPS: dict[str, tuple[Callable[[Lines], object], str]] = {
    "the last": (
        lambda s: s[-1].update(removed=s[-1]["removed"] + 1, kept=s[-1]["kept"] - 1),
        "does not end with what this run kept",
    ),
    "a step less": (
        lambda s: s.__setitem__(slice(None), [x for x in s if x["step"] == 2]),
        "has other steps than the manifest states",
    ),
    "a step more": (
        lambda s: s.append(s[0] | {"step": 3}), "has other steps than the manifest states",
    ),
    "another run": (lambda s: s[0].update(run="f" * 16), "of earlier steps that cannot be so"),
    "a sum": (lambda s: s[0].update(kept=s[0]["kept"] + 1), "of earlier steps that cannot be so"),
    "an edition less": (lambda s: s.pop(0), "of earlier steps that cannot be so"),
}  # fmt: skip


def _steps_said(
    world: World, edit: Callable[[Lines], object], *, alone: bool = False
) -> set[tuple[str, str]]:
    assert world.before is not None
    statement, notes = read_statement(world.out), Notes()
    cells = read_audit(world.out, notes)
    assert cells is not None
    lines = _lines(cells["steps"])
    assert lines[0]["step"] == 1
    edit(lines)
    before = None if alone else read_before(world.before.out, statement, notes)
    check_steps(cells, statement, before, notes)
    return {(f.promise, f.what) for f in notes.findings}


@pytest.mark.parametrize("name", STEPS)
def test_steps_that_cannot_be_so_are_found_without_a_parent(
    worlds: dict[str, World], name: str
) -> None:
    edit, what = STEPS[name]
    (found,) = _steps_said(worlds["grown"], edit, alone=True)
    assert what in found[1]


def test_steps_are_those_of_the_parent(worlds: dict[str, World]) -> None:
    def less_in(number: int) -> Callable[[Lines], object]:
        def edit(lines: Lines) -> None:
            line = next(x for x in lines if x["step"] == number)
            line |= {"removed": line["removed"] + 1, "kept": line["kept"] - 1}

        return edit

    last, first = "something else of the run before", "does not repeat the steps of the parent's"
    for step, told in ((2, (last, first)), (1, (first,))):
        assert _steps_said(worlds["again"], less_in(step), alone=True) == set()
        found = _steps_said(worlds["again"], less_in(step))
        assert [any(x in what for _, what in found) for x in told] == [True] * len(told) == [
            True for _ in found
        ]  # fmt: skip


def test_an_audit_that_memory_ran_out_over_is_not_called_damaged(
    worlds: dict[str, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*_: object, **__: object) -> None:
        raise ShortError("ran out of memory")

    monkeypatch.setattr("relaion.verifier.audit_tables.connect", short)
    assert read_audit(worlds["grown"].out, notes := Notes()) is None
    assert [f.what for f in notes.findings] == ["was not read: memory ran out"]


def test_a_subset_may_be_gone_since_an_earlier_step(worlds: dict[str, World]) -> None:
    statement = read_statement(worlds["grown"].out)
    for number in (1, 2):
        notes = Notes()
        cells = read_audit(worlds["grown"].out, notes)
        assert cells is not None
        for line in cells["steps"]:
            if line["step"] == number and line["subset"] == "beta":
                line["subset"] = "gone"
        check_lines(cells, statement, notes)
        check_steps(cells, statement, None, notes)
        assert {f.promise for f in notes.findings} == ({"4", "6"} if number == 2 else set())


@pytest.mark.slow
def test_without_an_audit_of_the_parent_the_last_step_is_held(copied: Copied) -> None:
    world = copied("again")
    assert world.before is not None
    (world.before.out / "audit.duckdb").unlink()
    assert "the parent has no audit" in why(check(world, inputs=[], lists=None), "6")
    world.write_audit(_executed("update steps set kept = kept - 1, removed = removed + 1"))
    told = {what for _, what in said(check(world))}
    assert {"table steps tells something else of the run before than that kept"} <= told


def test_lists_of_earlier_steps_are_told_as_they_last_were(worlds: dict[str, World]) -> None:
    world = worlds["withdrawn"]
    statement = read_statement(world.out)
    edits: tuple[Callable[[Lines], object], ...] = (
        lambda lines: None,
        lambda lines: _of(lines, 2).update(step=2),
        lambda lines: lines.remove(_of(lines, 2)),
        lambda lines: _of(lines, 5).update(step=1),
    )
    for n, edit in enumerate(edits):
        notes = Notes()
        cells = read_audit(world.out, notes)
        assert cells is not None
        edit(_lines(cells["lists"]))
        check_stated(cells, statement, notes)
        said_of_lists = ["table lists is not what the manifest states"]
        assert [f.what for f in notes.findings] == (said_of_lists if n else [])


def _of(lines: Lines, list_id: int) -> dict[str, Any]:
    return next(x for x in lines if x["list_id"] == list_id)


def _executed(*statements: str) -> Callable[[Engine], None]:
    def change(engine: Engine) -> None:
        for one in statements:
            engine.execute(one)

    return change


# -- counts ----------------------------------------------------------------------------------------

# each of another table, so that all can be made at once
HELD = {
    "hits": "update hits set gross = gross + 1 where list_id = 4 and kind = 'row_hash'",
    "protocol": "update protocol set gross = gross + 1 where list_id = 4",
    "removals": "update removals set gross = gross + 1 where list_id = 4",
    "shared_rows": "update shared_rows set least = 99, most = 99 where list_id > 2",
    "scores": "update scores set rows = rows + 1 where above is null",
    "coverage": "update coverage set covered = covered - 1 where role = 'punsafe'",
}
LEFT = (
    "insert into hits values ('alpha', 2, 'image_md5', null, 9, 0)",
    "insert into shared_rows select distinct least(list_id, 2), greatest(list_id, 2), 0, null "
    "from hits where kind is not null and list_id <> 2",
    "insert into removals values "
    "('research', 'alpha', 'list', 2, 'privacy', 'image_md5', null, null, 9, 0)",
    "update hits set exclusive = 0",
    "update hit_groups set memberships = memberships + 1",
)


@pytest.mark.slow
def test_counts_that_do_not_rest_on_what_was_taken_back_are_held(copied: Copied) -> None:
    world = copied("withdrawn")
    world.write_audit(_executed(*LEFT))
    assert said(check(world)) == set()
    world.write_audit(_executed(*LEFT, *HELD.values()))
    told = " ".join(what for _, what in said(check(world)))
    assert all(f"of table {table} cannot be recomputed" in told for table in HELD)
    rule = "update removals set gross = gross + 1 where rule = 'unsafe'"
    unions = "update unions set removed = removed + 1, kept = kept - 1"
    world.write_audit(_executed(rule, unions))
    found = {what for _, what in said(check(world))}
    assert any("of table removals cannot be recomputed" in what for what in found)
    assert "table unions differs from the rows that lists and rules name" in found


ORDER: dict[str, Callable[[Lines], object]] = {
    "as it is": lambda s: None,
    "a place": lambda s: [x.update(place=x["place"] + 1) for x in s],
    "another place": lambda s: [x.update(place=3 - x["place"]) for x in s if x["place"] < 3],
    "so far": lambda s: s[1].update(rows_so_far=s[1]["rows_so_far"] + 1),
    "a line less": lambda s: s.pop(0),
}


def test_the_protocol_is_in_order_of_receipt(worlds: dict[str, World]) -> None:
    statement = read_statement(worlds["grown"].out)
    for name, edit in ORDER.items():
        notes = Notes()
        cells = read_audit(worlds["grown"].out, notes)
        assert cells is not None
        edit(_lines(cells["protocol"]))
        check_lines(cells, statement, notes)
        found = [f.what for f in notes.findings]
        assert any("table protocol is not in order" in x for x in found) is (name != "as it is")


def test_the_protocol_is_counted_again(copied: Copied) -> None:
    world = copied("grown")
    world.write_audit(
        _executed("update protocol set gross = gross + 1, new_rows = new_rows + 1 where place = 1")
    )
    what = "4 numbers of table protocol cannot be recomputed"
    assert what in {told for _, told in said(check(world))}


# a number each of these may be: not by its own sum, but by what else the audit tells
ONE_LINE = {
    "place": "place = place + 1", "list": "list_id = list_id + 10", "kind": "kind = 'sha9'",
    "gross": "gross = gross + 1", "new": "new_rows = new_rows + 1",
    "so far": "rows_so_far = rows_so_far + 1", "subset": "subset = 'x'", "gone": "",
    "moved": "new_rows = new_rows - 1, rows_so_far = rows_so_far - 1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("how", "some"),
    quickly(
        1,
        [  # quickly each at one line, and each at another
            *((how, slice(n % 6, n % 6 + 1)) for n, how in enumerate(ONE_LINE)),
            *(
                pytest.param(how, slice(None, None, step), marks=pytest.mark.slow)
                for how, step in (dict.fromkeys(ONE_LINE, 3) | {"gone": 1, "moved": 1}).items()
            ),
        ],
    ),
    ids=str,
)
def test_every_line_of_the_protocol_is_held(copied: Copied, how: str, some: slice) -> None:
    world = copied("grown")
    cells = read_audit(world.out, Notes())
    assert cells is not None
    lines = [x for x in cells["protocol"] if x["subset"] != "beta" or x["place"] < 3]
    assert len(lines) > 5
    for line in lines[some]:
        subset, place = line["subset"], line["place"]
        where = f"where subset = '{subset}' and place = {place}"
        change = f"update protocol set {ONE_LINE[how]} {where}"
        world.write_audit(_executed(change if how != "gone" else f"delete from protocol {where}"))
        found = {what for p, what in said(check(world)) if p == "6" and "table protocol" in what}
        assert found, line


def test_in_order_of_receipt_a_row_is_new_once() -> None:
    named = [
        {
            Reason("list", 1, "url", "raw"),
            Reason("list", 1, "url", "inner"),
            Reason("same_link", 3),
        },
        {Reason("list", 1, "host"), Reason("list", 2, "url"), Reason("list", 3, "url")},
        {Reason("list", 3, "url"), Reason("list", 4, "url"), Reason("rule", rule="unsafe")},
        {Reason("same_link", 2)},
    ]
    received = {1: "", 2: "2024-03-01", 3: "2024-02-01", 4: ""}
    assert model.protocol(named, received) == {
        (1, "url"): (1, 1), (1, "host"): (1, 0), (2, "url"): (1, 0), (3, "url"): (2, 2),
        (4, "url"): (1, 0),
    }  # fmt: skip


# -- what may be given -----------------------------------------------------------------------------


def test_what_is_no_out_is_refused(worlds: dict[str, World], tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(InputError, match="name the OUT before this one") as e:
            check(worlds["grown"], parent=path)
        assert "\n" not in str(e.value)


@pytest.mark.slow
def test_the_command_takes_a_parent(worlds: dict[str, World]) -> None:
    world = worlds["grown"]
    words = [
        "verify", world.out, "--inputs", world.data, "--lists", world.store,
        "--keywords", world.keywords, "--parent",
    ]  # fmt: skip
    for parent, code in ((worlds["first"].out, 0), (worlds["again"].out, 1)):
        with hands_here():
            done = CliRunner().invoke(app, [str(w) for w in [*words, parent]])
        assert done.exit_code == code
        assert ("the parent given is not" in " ".join(done.output.split())) is (code == 1)


def test_a_first_clean_has_no_parent(worlds: dict[str, World]) -> None:
    first = worlds["first"]
    found = verify(first.out, parent=first.out)
    assert ("6", "states no run that it goes on from, but a parent was given") in said(found)


def test_a_stranger_is_found_and_not_relied_on(worlds: dict[str, World]) -> None:
    verdict = check(worlds["withdrawn"], parent=worlds["grown"].out)
    assert {p for p, _ in said(verdict)} == {"6"} and "1b" in states(verdict)


def test_a_parent_of_a_strange_form_is_not_relied_on(copied: Copied) -> None:
    world = copied("withdrawn")
    assert world.before is not None
    path = world.before.out / "manifest.json"
    path.write_text(json.dumps(world.before.manifest | {"note": 1, "run": 7}))
    world.manifest["lineage"][0]["manifest"] = hashlib.sha256(path.read_bytes()).hexdigest()
    world.write_manifest()
    assert not check(world).ok and facts(world.output())["rows"]


def test_what_was_not_to_be_published_is_not_once_nothing_is_listed(
    worlds: dict[str, World], tmp_path: Path
) -> None:
    world = _step(tmp_path / "nothing", [], worlds["first"])
    what = ("4", "says that OUT may be published, but the run before may not")
    assert world.manifest["publishable"] and said(check(world)) == {what}
    world.manifest |= {"publishable": False, "why": WHY["none"]}
    world.write_manifest()
    assert states(check(world)) == {"6": "held in part"}


# -- the quick way to find what a run before lacks -------------------------------------------------

ROWS = st.lists(st.tuples(st.sampled_from([None, "", "a", "b"]), st.integers(0, 2)), max_size=12)


@given(rows=ROWS, data=st.data())
def test_rows_that_may_be_missing_are_found_like_all_that_may(
    rows: list[tuple[str | None, int]], data: st.DataObject
) -> None:
    kinds = pa.schema(
        [("list", pa.list_(pa.int8())), ("number", pa.int64()), ("text", pa.binary())]
    )
    # alike rows share their fate, as in an edition
    may = data.draw(st.sets(st.sampled_from(rows))) if rows else set()
    gone = {x for x in may if data.draw(st.booleans())}

    def batch(some: list[tuple[str | None, int]]) -> pa.RecordBatch:
        values = [{"list": [n], "number": n, "text": s and s.encode()} for s, n in some]
        return pa.RecordBatch.from_pylist(values, kinds)

    step = data.draw(st.integers(1, 4))
    kept = batch([x for x in rows if x not in gone])
    pieces = [kept.slice(i, step) for i in range(0, kept.num_rows, step)]
    among = pa.array([x in may for x in rows], pa.bool_())
    found = []
    for told in (None, among):
        track = Track(None, [(0, 0), (1, 1), (2, 2)], Cursor(iter(pieces)))  # type: ignore[arg-type]
        track.follow(batch(rows), None, told)
        track.end()
        assert track.matches
        found.append(track.removed)
    assert found[0] == found[1] == pa.array([x in gone for x in rows], pa.bool_())
