"""Batches of shards: what is decided together comes out as if each had been alone."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from relaion.engine import connect
from relaion.errors import StopError
from relaion.lists.database import attach_store
from relaion.run import finder, pipeline, shard_task
from relaion.run import tasks as job
from relaion.run.any_task import AnyTask
from relaion.run.decide import Decision
from relaion.run.find import Hunt, kept_bytes
from relaion.run.journal import NAME, SHARD, Entry, Journal
from relaion.run.numbered import Numbered
from relaion.run.pool import LocalPool
from relaion.run.process import Guard, TaskOutcome
from relaion.run.settings import Limits, Settings
from relaion.run.store_entries import view_entries
from relaion.run.tasks import FindTask, Report, Task
from relaion.sqlset import load
from tests.drawn import quickly
from tests.faults.world import HONEST, OWN, contents, copied, make, names, run, searched
from tests.pipeline import InProcess, Sent, add_lists, here
from tests.replacing import WAYS, Way, rename

SHARDS = 12
slow = pytest.mark.slow


@pytest.mark.parametrize(
    ("entries", "rows", "batches"),
    [(1_000, 80_000_000, 4), (2_000_000, 80_000_000, 3), (16_000_000, 80_000_000, 1),
     (16_000_000, 10_000, 1), (16_000_000, 4_000_000_000, 4), (16_000_000, 500_000_000, 3)],
)  # fmt: skip
def test_the_longer_the_lists_the_fewer_batches_a_worker_has(
    entries: int, rows: int, batches: int
) -> None:
    """Each makes them ready anew; but nobody is without any."""
    share = job.share_of([rows // 1_000] * 1_000, 2, 30 * entries)
    assert -(-rows // share) in (2 * batches, 2 * batches - 1)


@pytest.mark.parametrize(("shards", "batches"), [(1, 1), (2, 2), (3, 2), (4, 2), (5, 2), (101, 2)])
def test_what_is_left_over_of_long_lists_is_no_batch_of_its_own(shards: int, batches: int) -> None:
    rows = [1_000_000] * shards
    share = job.share_of(rows, 2, 500_000_000)
    held, found = 0, 1
    for n in rows:
        held, found = (held + n, found) if held + n <= share else (n, found + 1)
    assert found == batches


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make(tmp_path_factory.mktemp("whole"), shards=SHARDS, rows=10)
    run(folder)
    return folder


@pytest.fixture
def world(whole: Path, tmp_path: Path) -> Path:
    return copied(whole, tmp_path)


class Watch(InProcess):
    """Tells which shards were in which batch."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[int]] = []

    def run(self, tasks: Sequence[AnyTask]) -> Iterator[TaskOutcome]:
        for task in tasks:
            if isinstance(task, Task):
                self.batches.append([n.no for n in task.shards])
            yield from super().run([task])


def said(world: Path, body: str, *args: str) -> str:
    """What a run with an edition of one's own says."""
    (world / "mine.sql").write_text(OWN + body)
    done = here(
        "clean", "data", "--lists", "lists.duckdb", "--out", "out", "--no-verify",
        "--edition", "research", "--edition", "mine.sql", *args, cwd=world,
    )  # fmt: skip
    assert done.returncode == 2
    return done.stderr


WRONG = {
    "a name that is none": "select nothing_of_this_name from shard;",
    "no such table": "select * from tables_of_others;",
    "a name that is taken": "create temp table lists as select 1 as x;",
    "out of reach": "create temp table x as from read_text('/etc/hostname');",
    "a reason that is not declared": HONEST
    + "insert into removals select 'mine', shard_no, 0, 'unheard of' from shard limit 1;",
    "keeps listed rows": "select 1;",
    "removes what is not there": HONEST
    + "insert into removals select 'mine', shard_no, 1000, 'odd' from shard limit 1;",
    "another shard": HONEST
    + "insert into removals select 'mine', shard_no + 1, 0, 'odd' from shard limit 1;",
}


OTHERS = ("a name that is none", "no such table", "another shard")  # of the kind of others


@pytest.mark.parametrize(
    "what", quickly(1, [pytest.param(w, marks=slow if w in OTHERS else ()) for w in WRONG])
)
def test_a_mistake_of_an_own_script_is_said_once(world: Path, what: str) -> None:
    told = said(world, WRONG[what])
    assert told.count("\n") == 1, told
    assert "mine.sql:" in told
    assert "the others are done" not in told
    assert "fix" in told
    if what == "keeps listed rows":
        assert "edition mine was not written" in told
        assert "editions that keep a row which a list" in told
    if what == "a name that is taken":
        assert 'mine.sql:7: Catalog Error: Table with name "lists" already exists' in told


@pytest.mark.slow
def test_what_an_own_script_makes_of_one_shard_sets_that_one_aside(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "BATCH_ROWS", 35)  # those of its batch are done again, one by one
    monkeypatch.setattr(job, "FEWEST_ROWS", 35)
    body = HONEST + (
        "create temp table x as select ('number ' || shard_no)::integer as y from shard "
        "where shard_no = 7;\n"
    )
    told = said(world, body)
    assert "part-5.parquet: mine.sql: DuckDB met a value that does not fit" in told  # number 7
    assert "1 of 12 shards failed, the others are done" in told
    assert sum(n.startswith("mine/") for n in names(world / "out")) == SHARDS - 1


def test_what_fails_for_all_shards_alike_stops_the_run(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "ALIKE", 3)
    told = said(world, HONEST + "create temp table x as select ('x' || url)::integer from shard;\n")
    assert "(3 shards failed and none could be written, so the shards are not the cause" in told
    assert told.count("does not fit its column's type") == 3  # each is said once


@pytest.mark.slow
def test_a_full_disk_is_said_once_and_what_was_done_stays(
    world: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def full(*args: Any) -> Any:
        if len(written) == 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(1)
        return copied(*args)

    copied = shard_task.hard_linked
    monkeypatch.setattr(shard_task, "hard_linked", full)
    heard: list[str] = []

    class Listen:
        def steps(self, *_: Any) -> None: ...
        def phase(self, *_: Any, **__: Any) -> None: ...
        def done(self, *_: Any) -> None: ...
        def moved(self, *_: Any) -> None: ...
        def say(self, line: str) -> None:
            heard.append(line)

    with pytest.raises(StopError, match=r"No space left on device\).*so the run stopped"):
        run(world, progress=Listen())
    assert heard == []
    monkeypatch.undo()
    watch = Watch()
    run(world, executor=watch)
    (again,) = watch.batches
    assert 1 < len(again) < SHARDS
    assert contents(world / "out") == contents(whole / "out")


@slow
def test_a_shard_that_breaks_the_worker_costs_its_batch_and_nothing_else(
    world: Path, whole: Path, tmp_path: Path
) -> None:
    """Those of the batch that were written before are written again, the same."""
    (world / "mine.sql").write_text(
        OWN + HONEST + "create temp table x as with recursive r as (select 1 as i union all "
        "select i + 1 from r where i > 0 and (select max(shard_no) from shards) = 3) "
        "select count(*) from r;"
    )
    searched(world, editions=["research", world / "mine.sql"])
    (tmp_path / "w").mkdir()
    with (
        LocalPool(1, tmp_path / "w", Guard(seconds=6)) as pool,
        pytest.raises(StopError, match=r"took longer than 6 s.* 1 of 12 shards failed"),
    ):
        run(world, editions=["research", world / "mine.sql"], executor=pool)
    assert sum(n.startswith("research/") for n in names(world / "out")) == SHARDS - 1


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1, *(pytest.param(n, marks=slow) for n in (35, 1000))])
def test_batches_of_any_size_come_out_alike(
    world: Path, whole: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(job, "BATCH_ROWS", rows)
    monkeypatch.setattr(job, "FEWEST_ROWS", rows)
    watch = Watch()
    run(world, executor=watch)
    assert [n for batch in watch.batches for n in batch] == list(range(SHARDS))
    assert len(watch.batches) == {1: 12, 35: 4, 1000: 1}[rows]
    assert contents(world / "out") == contents(whole / "out")
    assert pq.read_metadata(world / "out/research/en/part-1.parquet").num_rows == 9


@pytest.mark.slow
def test_a_search_in_batches_of_few_shards_or_rows_comes_out_alike(
    world: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With links listed, as many rows as fit into memory; of digests alone, all together."""
    searched: list[int] = []

    class Finds(InProcess):
        def run(self, tasks: Sequence[AnyTask]) -> Iterator[TaskOutcome]:
            searched.extend(
                len(t.shards) for t in tasks if isinstance(t, FindTask) and t.step == "hits"
            )
            yield from super().run(tasks)

    monkeypatch.setattr(job, "BATCH_SHARDS", 5)
    # what the first batch is compared with is chosen by its rows, and no matter to the next one
    monkeypatch.setattr(finder, "NARROWED_ENTRIES", 1)
    few = {True: 1, False: finder.NARROWED_ROWS + 1}
    monkeypatch.setattr(finder, "rows_of", lambda shards: few[shards[0].no == 0])
    run(world, executor=Finds())
    assert searched == [5, 5, 2]
    assert contents(world / "out") == contents(whole / "out")
    limits = Limits(2, 2_000_000_000)
    of_links = Hunt(Settings("v1", limits), (), (), None, None, None, None)  # type: ignore[arg-type]
    assert 1_000_000 < of_links.batch_rows < limits.find_bytes / 300
    rows = [
        replace(of_links, row_bytes=kept_bytes(kinds)).batch_rows
        for kinds in (
            {"url", "host"},
            {"url_md5"},
            {"url", "image_md5"},
            {"row_hash"},
            {"image_md5"},
        )
    ]
    single = limits.find_bytes // 150
    assert rows == [of_links.batch_rows, of_links.batch_rows, single, single, 100_000_000]
    beside = replace(of_links, row_bytes=kept_bytes({"image_md5"}, beside=True))
    assert beside.batch_rows == single


@pytest.mark.parametrize("only", [None, [1, 2], [2]])
def test_few_digests_choose_entries_of_a_whole_store_and_of_some_of_its_lists(
    tmp_path: Path, only: list[int] | None
) -> None:
    listed = [f"{i:032x}" for i in range(40)]
    lists = tmp_path / "lists.duckdb"
    add_lists(lists, [Sent(tuple(("image_md5", x) for x in listed[at::2])) for at in (0, 1)])
    with connect() as engine:
        attach_store(engine, lists, only)
        view_entries(engine)
        engine.execute("create table row_keys as select unnest($x) as digest", {"x": listed[20:23]})
        engine.believe_no_footer()
        engine.run(load()["fast/28_row_shorts"])
        engine.run_bounded(load()["fast/29_few_entries"])
        found = engine.rows("select list_id, digest from near_entries order by digest")
        ((distrusted,),) = engine.rows("select current_setting('disabled_optimizers')")
    both = [(1, listed[20]), (2, listed[21]), (1, listed[22])]
    assert found == [entry for entry in both if only is None or entry[0] in only]
    assert "join_filter_pushdown" in distrusted, "bounds of shards are believed from here on"


class BrokenOff(Exception):
    """What breaks a run off."""


class Until(InProcess):
    """Does so many batches, and ends then without a word of what the last one did."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.left = batches

    def run(self, tasks: Sequence[AnyTask]) -> Iterator[TaskOutcome]:
        for task in tasks:
            for outcome in super().run([task]):
                self.left -= isinstance(task, Task)
                if self.left < 0:
                    raise BrokenOff
                yield outcome


def twice(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes() * 2)


def torn(journal: Path) -> None:
    lines = journal.read_bytes().strip().split(b"\n")
    journal.write_bytes(b"\n".join([*lines[:-1], lines[-1][:50]]))


def swapped(journal: Path) -> None:
    """Digests stand before the texts of other lines, and numbers of others in the texts."""
    lines = [line.partition(b" ") for line in journal.read_bytes().split(b"\n") if line]
    texts = [text for _, _, text in lines]
    mixed = [d + b" " + t for (d, _, _), t in zip(lines, texts[1:] + texts[:1], strict=True)]
    journal.write_bytes(b"\n".join(mixed))


def of_others(journal: Path) -> None:
    """Whole lines of another run: each says of a shard what was so of the next one."""
    before = Journal(journal.parent)
    written = list(before.entries(SHARD))
    before.drop(lambda entry: entry.what == SHARD)
    names = [entry.name for entry in written]
    moved = zip(written, names[1:] + names[:1], strict=True)
    before.add(Entry(SHARD, no, entry.value | {"no": int(no)}) for entry, no in moved)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "kept"),
    [
        (of_others, 0),
        *(pytest.param(*x, marks=slow) for x in ((twice, 6), (torn, 5), (swapped, 0))),
    ],
)
def test_a_run_goes_on_with_other_batches_and_a_journal_that_was_spoilt(
    world: Path, whole: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None],
    kept: int,
) -> None:  # fmt: skip
    """The third batch has written its shards, but nobody heard of it."""
    monkeypatch.setattr(job, "FEWEST_ROWS", 35)
    monkeypatch.setattr(job, "BATCH_ROWS", 35)
    with pytest.raises(BrokenOff):
        run(world, executor=Until(2))
    assert sum(n.startswith("research/") for n in names(world / "out")) == 9
    damage(world / "out/.work" / NAME)
    monkeypatch.undo()
    watch = Watch()
    run(world, executor=watch, workers=3)
    assert sum(map(len, watch.batches)) == SHARDS - kept
    assert contents(world / "out") == contents(whole / "out")


@pytest.mark.slow
@pytest.mark.parametrize("way", [rename, *(pytest.param(w, marks=slow) for w in WAYS[1:])])
def test_a_shard_that_changes_once_its_batch_is_decided_fails_alone(
    world: Path, whole: Path, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    path = world / "data/en/part-2.parquet"
    good = path.read_bytes()
    write = shard_task._write_shard

    def writing(task: Task, n: Numbered, decision: Decision) -> Report:
        if n.no == 0:
            way(path, (world / "data/en/part-1.parquet").read_bytes())
        return write(task, n, decision)

    monkeypatch.setattr(shard_task, "_write_shard", writing)
    with pytest.raises(StopError, match=r"part-2\.parquet: .* 1 of 12 shards failed"):
        run(world)
    monkeypatch.undo()
    assert sum(n.startswith("research/") for n in names(world / "out")) == SHARDS - 1
    path.unlink(missing_ok=True)
    path.write_bytes(good)
    run(world)
    assert contents(world / "out") == contents(whole / "out")


def test_no_worker_goes_on_for_a_run_that_stopped(world: Path) -> None:
    """Whoever keeps the error, as a notebook does, keeps no workers, which would hold the lock."""
    ended: list[bool] = []

    class Fatal(InProcess):
        def run(self, tasks: Sequence[AnyTask]) -> Iterator[TaskOutcome]:
            if not isinstance(tasks[0], Task):
                yield from super().run(tasks)
                return
            try:
                yield TaskOutcome(tasks[0].no, "it is out of reach", fatal=True)
            finally:
                ended.append(True)

    with pytest.raises(StopError, match="it is out of reach") as kept:
        run(world, executor=Fatal())
    assert ended == [True]
    assert kept.value.__traceback__ is not None


@pytest.mark.parametrize("copy", [False, True])
def test_what_is_given_is_on_the_disk_before_anybody_hears_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copy: bool
) -> None:
    """Of a batch together: by itself each would wait for all that others write meanwhile."""
    make(tmp_path, shards=3)
    source = tmp_path / "data/en/part-0.parquet"
    given = [tmp_path / f"out/research/en/part-{no}.parquet" for no in (0, 2)]
    flushed: dict[int, int] = {}
    real = os.fsync

    def sync(handle: int) -> None:
        real(handle)
        flushed[os.fstat(handle).st_ino] = len([*tmp_path.glob("out/*/en/*.parquet")])

    class Watch(InProcess):
        def run(self, tasks):  # type: ignore[no-untyped-def]
            for outcome in super().run(tasks):
                assert all(flushed[p.stat().st_ino] == 6 for p in given if p.exists())
                yield outcome

    monkeypatch.setattr(os, "fsync", sync)
    run(tmp_path, executor=Watch(), copy=copy, same_link=False)
    assert given[0].samefile(source) is not copy
    assert given[1].exists()
