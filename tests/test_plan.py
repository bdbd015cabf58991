"""`plan`: what a clean would take, from cleaning a sample; the model, and what it leaves alone."""

import io
import json
import random
import shutil
import tracemalloc
from dataclasses import replace
from math import ceil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

import relaion
from relaion.cli import app
from relaion.cli.render_plan import show_planned
from relaion.errors import InputError, ListError, OutputError, StopError
from relaion.lists import store
from relaion.parquet.excerpt import cut
from relaion.parquet.read_shard import read_shard
from relaion.paths import ShardPath
from relaion.remote.standing import Traffic
from relaion.run.cost import Fetching, Model, Range, Sample, Whole, with_stores
from relaion.run.find import Hunt, kept_bytes
from relaion.run.meter import Taken
from relaion.run.numbered import Numbered
from relaion.run.pool import HERE
from relaion.run.settings import Limits, Settings
from relaion.stages import plan
from relaion.stages.plan import CleanPlan, _make, _picked, _Piece
from tests.pipeline import hands_here


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve shards of 300 rows, and a list that names one of them."""
    top = tmp_path_factory.mktemp("plan")
    for no in range(12):
        shard = top / f"data/{'en' if no < 8 else 'multi'}/part-{no:02}.parquet"
        shard.parent.mkdir(parents=True, exist_ok=True)
        rows = range(no * 300, no * 300 + 300)
        columns = {
            "url": [f"https://host{i % 7}.example/{i}.jpg" for i in rows],
            "caption": [f"a boat {i}" for i in rows],
            "punsafe": [0.5 if i % 40 == 0 else 0.1 for i in rows],
        }
        pq.write_table(pa.table(columns), shard, row_group_size=128)
    (top / "list.txt").write_text("https://host3.example/3.jpg\n")
    store.add(top / "lists.duckdb", [top / "list.txt"], source="a giver")
    return top


@pytest.fixture(scope="module")
def one(world: Path) -> Numbered:
    """A shard of 300 rows."""
    shard = read_shard(ShardPath(world / "data/en/part-00.parquet", "en"))
    return Numbered(4, 0, shard)


def below(folder: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in folder.rglob("*")}


@pytest.fixture(scope="module")
def found(world: Path, tmp_path_factory: pytest.TempPathFactory) -> CleanPlan:
    """A plan of all that it can tell, which left everything as it was."""
    before, work = below(world), tmp_path_factory.mktemp("work")
    with hands_here():
        made = relaion.plan(
            world / "data", world / "lists.duckdb", out=world / "not/there", on=20, cover=1,
            workers=1, sample_rows=1_200, work=work,
        )  # fmt: skip
    assert below(world) == before, "no ledger, no OUT, no lock"
    assert not list(work.iterdir()), "the private folder is gone"
    return made


def test_it_tells_what_a_clean_takes(found: CleanPlan) -> None:
    assert (found.rows, found.shards) == (3_600, 12)
    assert found.sampled_rows == 1_200 and 4 <= found.sampled_shards <= 8
    assert found.on is not None and found.on.machines == 20
    for cost in (found.here, found.on):
        for each in (cost.seconds, cost.processors, cost.out, cost.work):
            assert 0 < each.low <= each.likely <= each.high
    assert found.here.requests is None
    assert found.free and found.assumptions
    assert sum(step.share for step in found.steps) == pytest.approx(1)
    assert {"search", "cover", "write", "verify"} <= {step.step for step in found.steps}


def test_people_see_a_table_that_fits(found: CleanPlan) -> None:
    console = Console(width=80, file=io.StringIO(), color_system=None)
    with console.capture() as captured:
        console.print(show_planned(found))
    lines = captured.get().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 80
    assert lines[0].startswith("3,600 rows in 12 shards, ")
    assert lines[1].startswith("measured on 1,200 rows of ") and " of 12 shards" in lines[1]
    assert any(line.split() == ["here,", "1", "worker", "on", "20", "machines"] for line in lines)
    between = next(line for line in lines if line.startswith("time ")).split()[1:6]
    assert f"it takes {' '.join(between)} and" in lines[-1]  # one answer, not another beside it
    assert lines[-1].endswith(" in OUT; nothing was written")


@pytest.mark.slow
def test_programs_get_all_and_small_data_are_cleaned_whole(world: Path, tmp_path: Path) -> None:
    """By processes, as whoever asks has it."""
    command = ["plan", str(world / "data"), "--lists", str(world / "lists.duckdb"), "--json"]
    command += ["--sample-rows", str(10**9), "--work", str(tmp_path), "--no-verify"]
    told = CliRunner().invoke(app, [*command, "--workers", "1"])
    assert told.exit_code == 0, told.stderr
    made = json.loads(told.stdout)
    assert made["sampled_rows"] == made["rows"] == 3_600 and made["on"] is None
    assert set(made["here"]["seconds"]) == {"low", "likely", "high"}
    assert any("all rows were cleaned" in line for line in made["assumptions"])
    assert "verify" not in {step["step"] for step in made["steps"]}


def test_what_clean_refuses_is_refused_in_one_line(world: Path, tmp_path: Path) -> None:
    data, lists = world / "data", world / "lists.duckdb"
    with pytest.raises(InputError, match="no such file or folder"):
        relaion.plan(world / "gone", lists)
    with pytest.raises(InputError, match="nothing is written there"):
        relaion.plan(data, lists, out="hf://datasets/a/b")
    with pytest.raises(InputError, match="--on and --sample-rows"):
        relaion.plan(data, lists, on=0)
    with pytest.raises(ListError, match=r"^\S*gone\.duckdb: "):
        relaion.plan(data, world / "gone.duckdb", work=tmp_path)
    with pytest.raises(InputError, match=r"^a sample of the data cannot be cleaned: --unscored"):
        relaion.plan(data, lists, unscored="perhaps", sample_rows=300, work=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_shard_that_no_sample_can_be_cleaned_of_is_named(world: Path, tmp_path: Path) -> None:
    """By its own name: it was `as told above`, of a folder that was gone, and nothing was told."""
    shard = tmp_path / "data/spoilt.parquet"
    shard.parent.mkdir()
    spoilt = bytearray((world / "data/en/part-00.parquet").read_bytes())
    spoilt[4:-2000] = b"\xff" * len(spoilt[4:-2000])
    shard.write_bytes(spoilt)
    said = rf"cannot be cleaned: {shard}: (?!.*as told above)"
    with pytest.raises(StopError, match=said):
        relaion.plan(shard, world / "lists.duckdb", workers=1, verify=False, work=tmp_path)


@pytest.mark.slow
def test_data_without_a_row(world: Path, tmp_path: Path) -> None:
    shard = tmp_path / "data/none.parquet"
    shard.parent.mkdir()
    pq.write_table(pq.read_table(world / "data/en/part-00.parquet").slice(0, 0), shard)
    made = relaion.plan(shard, world / "lists.duckdb", workers=1, verify=False, work=tmp_path)
    assert (made.rows, made.sampled_rows, made.sampled_shards) == (0, 0, 1)
    assert made.here.out.likely == 0


def test_windows_of_very_many_rows_are_picked_without_a_list_of_them(one: Numbered) -> None:
    """A window for each thousandth part of what is picked would be millions of them."""
    many = replace(one, shard=replace(one.shard, rows=5_860_000_000))
    inputs = SimpleNamespace(shards=(replace(one, no=3), many, replace(one, no=5)))
    tracemalloc.start()
    try:
        pieces = _picked(inputs, 1_000, random.Random(1))  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert len(pieces) == len({p.start for p in pieces}) == 8
    assert all(0 <= p.start <= many.shard.rows - p.rows and p.rows == 125 for p in pieces)


@given(rows=st.lists(st.integers(0, 900), min_size=1, max_size=9), wanted=st.integers(1, 5_000))
def test_what_is_picked_are_rows_of_shards_none_twice(
    one: Numbered, rows: list[int], wanted: int
) -> None:
    shards = [
        replace(one, no=no, shard=replace(one.shard, rows=each)) for no, each in enumerate(rows)
    ]
    inputs = SimpleNamespace(shards=tuple(shards))
    pieces = _picked(inputs, wanted, random.Random(1))  # type: ignore[arg-type]
    seen = [(p.n.no, row) for p in pieces for row in range(p.start, p.start + p.rows)]
    assert len(seen) == len(set(seen))
    assert all(row < rows[no] for no, row in seen)
    assert pieces and (len(seen) >= min(wanted, sum(rows) // 2))


def test_a_sample_that_cannot_be_written_is_told_in_one_line(one: Numbered, tmp_path: Path) -> None:
    piece = _Piece(one, 0, one.shard.rows, "en/a.parquet")
    (tmp_path / "sample/en/a.parquet").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"a\.parquet: cannot be written"):
        _make(HERE, [piece], tmp_path / "sample")
    gone = replace(one, shard=replace(one.shard, path=tmp_path / "gone.parquet"))
    with pytest.raises(InputError, match=r"gone\.parquet: cannot be read"):
        _make(HERE, [replace(piece, n=gone)], tmp_path / "other")


# -- Rows of a shard as a shard ----------------------------------------------------------------


@pytest.mark.parametrize(("start", "rows"), [(0, 300), (0, 5), (127, 2), (128, 128), (250, 50)])
def test_an_excerpt_is_a_shard_like_its_source(
    world: Path, tmp_path: Path, start: int, rows: int
) -> None:
    source, target = world / "data/en/part-03.parquet", tmp_path / "excerpt.parquet"
    assert cut(source, start, rows, target) == target.stat().st_size
    assert pq.read_table(target) == pq.read_table(source).slice(start, rows)
    assert pq.read_schema(target) == pq.read_schema(source)


# -- The model ---------------------------------------------------------------------------------


def sample(rows: int, once: float, each: float, removed: int = 1, step: str = "write") -> Sample:
    seconds = once + each * rows
    taken = Taken(seconds, 2 * seconds, 100_000_000, rows, 3 * rows, 2 * rows, {step: 2 * seconds})
    return Sample(rows, 100 * rows, taken, {"research": 0.5}, {"research": removed})


def model(once: float, each: float, removed: int = 1, step: str = "write", n: int = 1) -> Model:
    small, large = (sample(rows, once, each, removed, step) for rows in (1_000, 8_000))
    return Model(small, large, Limits(n, 2_000_000_000))


@given(once=st.floats(0, 100), each=st.floats(1e-6, 1e-2))
def test_what_comes_once_is_told_from_what_comes_with_each_row(once: float, each: float) -> None:
    found, whole = model(once, each), Whole(((500, 50_000),) * 20)
    processors = found.cost(whole).processors
    assert processors.likely == pytest.approx(2 * (once + each * 10_000), rel=1e-3, abs=1e-3)
    assert processors.low < processors.likely < processors.high


def test_lists_are_made_ready_for_each_batch_and_each_worker_is_started() -> None:
    whole = Whole(((1_000_000, 100_000_000),) * 20)
    written, searched = (model(10, 1e-6, step=step).cost(whole) for step in ("write", "search"))
    assert searched.processors.likely > written.processors.likely + 3 * 2 * 10
    two = model(10, 1e-6, n=2).cost(whole)
    assert two.processors.likely > written.processors.likely
    assert two.seconds.likely < written.seconds.likely


@pytest.mark.parametrize(
    "kinds", [{"image_md5"}, {"url", "image_md5"}, {"url", "host"}, {"url_sha1"}]
)
def test_rows_are_searched_in_as_many_batches_as_a_run_takes(kinds: set[str]) -> None:
    """Each makes the lists ready anew, which is told of as many."""
    limits, whole = Limits(2, 4_000_000_000), Whole(((1_000_000, 100_000_000),) * 200)
    hunt = Hunt(  # of which nothing is asked but how many rows go together
        Settings("v1", limits), (), (), None, None, None, None,  # type: ignore[arg-type]
        row_bytes=kept_bytes(kinds),
    )  # fmt: skip
    found = replace(model(10, 1e-6, step="search"), limits=limits, row_bytes=kept_bytes(kinds))
    assert found.batches(whole) == ceil(whole.rows / hunt.batch_rows)
    once = replace(found, row_bytes=0)
    more = found.cost(whole).processors.likely - once.cost(whole).processors.likely
    assert more == pytest.approx(20 * (found.batches(whole) - once.batches(whole)), rel=0.01)


@pytest.mark.slow
def test_what_the_lists_hold_decides_how_much_is_kept_of_a_row(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hosts.txt").write_text("*.nowhere.example\n")
    shutil.copy(world / "lists.duckdb", tmp_path)
    shutil.copy(world / "lists.duckdb.key", tmp_path)
    store.add(tmp_path / "lists.duckdb", [tmp_path / "hosts.txt"], source="a giver")
    kept = []

    def heard(*given: Any) -> Model:
        kept.append(given[-1])
        return Model(*given)

    monkeypatch.setattr(plan, "Model", heard)
    for lists in (world / "lists.duckdb", tmp_path / "lists.duckdb"):
        relaion.plan(world / "data", lists, workers=1, sample_rows=100)
    assert kept == [kept_bytes({"url"}), kept_bytes({"url", "host"})]


def test_longer_rows_than_those_of_the_sample_widen_the_range() -> None:
    found = model(1, 1e-4)
    alike = found.cost(Whole(((1_000_000, 100_000_000),))).processors
    longer = found.cost(Whole(((1_000_000, 300_000_000),))).processors
    assert longer.low == pytest.approx(alike.low) and longer.high > 2.5 * alike.high


def test_a_shard_that_loses_nothing_takes_no_room_unless_it_is_copied() -> None:
    sizes = ((1, 1_000_000_000), (10**9, 2_000_000_000))
    linked = model(1, 1e-4).cost(Whole(sizes)).out
    assert linked.likely == pytest.approx(0.5 * 2_000_000_000, rel=0.01), "the small one is linked"
    copied = model(1, 1e-4).cost(Whole(sizes, links=False)).out
    assert copied.low == copied.likely == pytest.approx(0.5 * 3_000_000_000)
    none = model(1, 1e-4, removed=0).cost(Whole(sizes)).out
    assert none.low == none.likely == 0 < none.high


def test_what_is_fetched_is_each_byte_once_and_what_is_not_kept_again() -> None:
    fetching = Fetching(
        Traffic(0, 1), Traffic(2_000, 2, 1), Traffic(6_000, 3, 3), (80_000,) * 10, is_checked=False
    )  # fmt: skip
    found, whole = model(1, 1e-5), Whole(((1_000, 80_000),) * 10)
    cost = with_stores(found.cost(whole), fetching, None, batches=1)
    assert cost.fetched is not None and cost.fetched.likely == 800_000
    assert cost.requests is not None and cost.requests.likely == 1 + 10 + 100 * 5
    assert cost.seconds.likely == pytest.approx(found.cost(whole).seconds.likely + 400)
    two = with_stores(found.cost(whole, 2), replace(fetching, is_checked=True), None, batches=1)
    assert two.fetched is not None and two.fetched.likely == 800_000 * 2.25
    nothing = Fetching(Traffic(80_000, 1, 1), Traffic(), Traffic(0, 0, 1e-5), (80_000,) * 10, True)
    small = with_stores(found.cost(whole), nothing, None, batches=1)  # all came with the ends
    assert small.seconds.likely < found.cost(whole).seconds.likely + 11


def test_more_machines_take_less_time_and_more_in_all() -> None:
    found, whole = model(10, 1e-5), Whole(((1_000_000, 100_000_000),) * 100)
    one, many = found.cost(whole), found.cost(whole, 10)
    assert many.seconds.likely < one.seconds.likely / 5
    assert many.processors.likely > one.processors.likely
    assert many.out == one.out


def test_what_grew_by_nothing_is_laid_on_rows() -> None:
    """Two runs may take the same time where a machine is noisy; nothing is told to be free."""
    small, large = sample(1_000, 5, 0), sample(8_000, 5, 0)
    found = Model(small, large, Limits(1, 2_000_000_000))
    assert found.cost(Whole(((80_000, 8_000_000),))).processors.likely == pytest.approx(100)
    alone = Model(large, large, Limits(1, 2_000_000_000))
    assert alone.cost(Whole(((8_000, 800_000),))).processors.likely == pytest.approx(10)


def test_ranges() -> None:
    assert Range.of([10, 30], room=0.1) == Range(9, 20, 33)
    assert Range(1, 2, 3) * 2 + 1 == Range(3, 5, 7)
