"""What is told while a run goes on: by row groups, within a task too, and never more than is so."""

import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.cells import cell_len

import relaion
from relaion import odometer
from relaion.cli.streams import line_of
from relaion.lists import store
from relaion.odometer import ODOMETER, Odometer
from relaion.parquet import writer
from relaion.parquet.writer import Target, write_editions
from relaion.run import notebook, progress
from relaion.run import tasks as batching
from relaion.run.progress import NOTHING, Course, Extent, Rarely
from relaion.run.worker import Serving
from tests.pipeline import InProcess
from tests.terminal import terminal

GROUPS, ROWS = 12, 50  # row groups of the large shard, rows of each


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A clock that goes on when it is told to."""
    now = SimpleNamespace(at=1000.0)
    monkeypatch.setattr("relaion.run.progress.time.monotonic", lambda: now.at)
    yield now


class Heard:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.planned: list[tuple[str, ...]] = []
        self.phases: list[tuple[str, Extent, Extent, str]] = []
        self.through: list[Extent] = []
        self.moves: list[list[float]] = []
        self.said: list[str] = []

    def steps(self, names: Sequence[str]) -> None:
        self.planned.append(tuple(names))

    def phase(
        self, step: str, whole: Extent = NOTHING, before: Extent = NOTHING, detail: str = ""
    ) -> None:
        self.phases.append((step, whole, before, detail))
        self.through.append(before)
        self.moves.append([])

    def done(self, part: Extent, task: int | None = None) -> None:
        self.through[-1] += part

    def moved(self, task: int, groups: float) -> None:
        self.moves[-1].append(groups)

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """One shard of many row groups, and many small ones; a list of images that hits both."""
    (tmp_path / "data" / "large").mkdir(parents=True)
    (tmp_path / "data" / "small").mkdir()
    n = GROUPS * ROWS
    large = table(0, n)
    pq.write_table(large, tmp_path / "data" / "large" / "a.parquet", row_group_size=ROWS)
    for i in range(8):
        rows = table(n + 10 * i, 10)
        pq.write_table(rows, tmp_path / "data" / "small" / f"s{i}.parquet")
    (tmp_path / "list.txt").write_text("".join(f"{i:032x}\n" for i in (1, 333, n + 5)))
    store.add(
        tmp_path / "lists.duckdb", [tmp_path / "list.txt"], source="X", label="csam",
        kind="image_md5",
    )  # fmt: skip
    return tmp_path


def table(first: int, n: int) -> pa.Table:
    numbers = range(first, first + n)
    return pa.table(
        {
            "url": [f"https://h{i % 7}.example/{i}.jpg" for i in numbers],
            "md5": [f"{i:032x}" for i in numbers],
            "punsafe": pa.array([0.1] * n, pa.float32()),
        }
    )


def clean(world: Path, heard: Heard, **given: Any) -> None:
    relaion.clean(
        [world / "data"], world / "lists.duckdb", world / "out", progress=heard,
        yes_i_checked=True, **given,
    )  # fmt: skip


@pytest.mark.slow
def test_a_run_tells_its_steps_in_row_groups_and_comes_to_the_end_of_each(world: Path) -> None:
    heard = Heard()
    clean(world, heard)
    assert heard.planned == [("survey", "search", "write", "audit", "verify")]
    steps = list(dict.fromkeys(step for step, *_ in heard.phases))
    assert steps == list(heard.planned[0])
    whole = Extent(9, GROUPS + 8)
    told = {
        (step, detail): (of, through)
        for (step, of, _, detail), through in zip(heard.phases, heard.through, strict=True)
        if of.shards
    }
    assert told["survey", ""] == (Extent(9), Extent(9))
    for step in (("search", ""), ("search", "same links"), ("write", "")):
        assert told[step] == (whole, whole), step
    assert {d for s, d in told if s == "verify"} == {"lists", "links", "rows"}
    assert all(told["verify", part][0] == whole for part in ("lists", "links", "rows"))


@pytest.mark.slow
def test_a_run_that_goes_on_starts_where_it_stands(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "FEWEST_ROWS", 1)
    monkeypatch.setattr(batching, "SHARES", 1000)

    class Ends(Heard):
        def done(self, part: Extent, task: int | None = None) -> None:
            super().done(part, task)
            if self.phases[-1][0] == "write" and self.through[-1].shards >= 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clean(world, Ends(), verify=False, workers=1)
    heard = Heard()
    clean(world, heard, verify=False, workers=1)
    found = {step: (of, before) for step, of, before, detail in heard.phases if not detail}
    assert found["search"][0] == found["search"][1]  # all of it was done before
    of, before = found["write"]
    assert of == Extent(9, GROUPS + 8)
    assert 3 <= before.shards < 9
    assert heard.through[[s for s, *_ in heard.phases].index("write")] == of


class Telling(InProcess):
    """Does tasks here, and keeps what workers would tell of each while they are at it."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, list[float]] = {}

    def run(self, tasks: Sequence[Any]) -> Iterator[Any]:
        for task in tasks:
            answer = Serving.answer
            told = self.told.setdefault(getattr(task, "step", "write"), [])

            def telling(
                serving: Serving, line: str, told: list[float] = told, answer: Any = answer
            ) -> Any:
                return answer(serving, line, lambda said: told.append(said["moved"]))

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Serving, "answer", telling)
                yield from super().run([task])


def test_one_shard_of_many_row_groups_moves_while_it_is_written(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(odometer, "EVERY", 0)
    executor = Telling()
    clean(world, Heard(), verify=False, executor=executor)
    for step in ("hits", "same", "write"):
        told = executor.told[step]
        assert told == sorted(told), step
        assert len(set(told)) > 3, step
        assert max(told) <= GROUPS + 8.01
    assert max(executor.told["write"]) == pytest.approx(GROUPS + 8)  # every bit is counted


def test_a_shard_tells_how_much_of_it_is_written(world: Path, tmp_path: Path) -> None:
    told: list[float] = []
    source = world / "data" / "large" / "a.parquet"
    with pytest.MonkeyPatch.context() as patch, ODOMETER.telling(told.append):
        patch.setattr(odometer, "EVERY", 0)
        patch.setattr(writer, "_BATCH_ROWS", ROWS)
        ODOMETER._next = 0
        with ODOMETER.stretch(GROUPS):
            write_editions(source, [Target(tmp_path / "a.parquet", [0, ROWS, 7 * ROWS])])
    assert told == sorted(told)
    assert told[-1] == GROUPS
    assert len(told) > 4


def test_nothing_is_told_without_a_listener_or_after_the_end() -> None:
    heard: list[float] = []
    meter = Odometer()
    meter.move(3)
    assert not meter.is_heard
    with meter.telling(heard.append):
        meter._next = 0
        meter.move(1)
    meter.move(5)
    assert heard == [1]  # at nought it begins


def test_threads_go_their_own_stretches_and_what_they_have_gone_together_is_told() -> None:
    heard: list[float] = []
    meter = Odometer()
    both = threading.Barrier(2, timeout=300)

    def go(_: int) -> None:
        for _ in range(50):
            with meter.stretch(2):
                for share in (0.25, 0.5, 1):
                    both.wait()
                    meter.reach(share)

    with pytest.MonkeyPatch.context() as patch, meter.telling(heard.append):
        patch.setattr(odometer, "EVERY", 0)
        meter._next = 0
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(go, range(2)))
    assert heard == sorted(heard)
    assert heard[-1] == 200


# -- What is made of it ------------------------------------------------------------------------


def test_the_time_left_is_told_of_what_moved_lately(clock: SimpleNamespace) -> None:
    course = Course()
    course.steps(("search", "write"))
    course.phase("write", Extent(10, 1000), Extent(2, 400))
    clock.at += 1
    at = course.position()
    assert at is not None
    assert (at.through, at.whole, at.share, at.left) == (400, 1000, 0.4, None)  # nothing moved
    for _ in range(40):
        clock.at += 1
        course.done(Extent(0, 10))
    at = course.position()
    assert at is not None
    assert at.left == pytest.approx(20, rel=0.1)  # what was done before it began is no speed
    assert at.name == "2/2 write"
    clock.at += progress.WINDOW + 1
    at = course.position()
    assert at is not None
    assert at.left is None  # it stands still: who knows how long
    course.done(Extent(8, 200))
    at = course.position()
    assert at is not None
    assert (at.share, at.left) == (1.0, None)


def test_what_a_task_has_done_counts_once(clock: SimpleNamespace) -> None:
    course = Course()
    course.phase("write", Extent(2, 20))
    course.moved(7, 4.5)
    course.moved(7, 5.5)
    course.moved(8, 3)
    assert stands(course) == 8
    course.done(Extent(1, 10), 7)
    assert stands(course) == 13
    course.moved(8, 99)  # a task done over again: never beyond the whole
    assert stands(course) == 20


def stands(course: Course) -> int:
    at = course.position()
    assert at is not None
    return at.through


def test_a_step_of_unknown_length_shows_no_bar_and_no_rate(clock: SimpleNamespace) -> None:
    course = Course()
    course.steps(("audit",))
    course.phase("audit")
    clock.at += 75
    at = course.position()
    assert at is not None
    assert line_of(at, 80).plain == "1/1 audit  1:15"
    assert at.sentence == "1/1 audit: 1:15 so far"


@pytest.mark.parametrize("width", [10, 25, 39, 59, 79, 139])
def test_a_line_fits_its_window(clock: SimpleNamespace, width: int) -> None:
    course = Course()
    course.steps(("survey", "search", "cover", "write", "audit", "verify"))
    course.phase("cover", Extent(20_000, 1_234_567), detail="rows beside them")
    for _ in range(100):
        clock.at += 60
        course.done(Extent(10, 999))
    at = course.position()
    assert at is not None
    line = line_of(at, width).plain
    assert cell_len(line) <= width
    if width >= 25:
        assert "3/6 cover" in line
        assert "8%" in line
    if width >= 39:
        assert "left" in line
    if width >= 79:
        assert "99,900/1,234,567" in line


def test_a_pipe_hears_of_a_long_run_ever_more_seldom(clock: SimpleNamespace) -> None:
    lines = Rarely()
    told = []
    for second in range(2 * 3600):
        clock.at += 1
        if lines.is_time():
            told.append(second + 1)
    assert told[0] == 60
    assert len(told) < 15


class Shell(SimpleNamespace):
    """What a notebook shows: one picture, drawn anew."""

    def __init__(self) -> None:
        self.drawn: list[str] = []
        handle = SimpleNamespace(update=self.drawn.append)

        def show(picture: str, *, display_id: bool) -> SimpleNamespace:
            self.drawn.append(picture)
            return handle

        super().__init__(display=SimpleNamespace(HTML=str, display=show))


def test_a_notebook_draws_the_same(clock: SimpleNamespace) -> None:
    shell = Shell()
    bar = notebook.NotebookBar(shell)
    bar.steps(("search", "write"))
    bar.phase("write", Extent(1, 12))
    clock.at += 1
    bar.moved(0, 5)
    bar.moved(0, 5.1)  # too soon to be drawn
    bar.done(Extent(1, 12), 0)
    assert [re.sub("<.*>", "-", x) for x in shell.drawn] == [
        "2/2 write - 0/12 row groups, 0:00",
        "2/2 write - 5/12 row groups, 0:01",
        "2/2 write - 12/12 row groups, 0:01",
    ]


# -- On a terminal, and in a pipe --------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, pytest.param(40, marks=pytest.mark.slow)])
def test_a_terminal_shows_every_step_in_one_line_that_goes_again(world: Path, columns: int) -> None:
    with terminal(
        world, "clean", "data", "--lists", "lists.duckdb", "--out", "out", "--yes-i-checked",
        columns=columns, lines=30,
    ) as t:  # fmt: skip
        assert t.ends() == 0
        heard = t.heard.decode()
        shown = t.shown()
    drawn = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", x) for x in re.split(r"[\r\n]+", heard)]
    steps = [x for x in drawn if re.match(r"[1-5]/5 [a-z]+  ", x) or re.match(r"[1-5]/5 \w+:", x)]
    names = dict.fromkeys(re.match(r"\d/\d \w+", x)[0] for x in steps)  # type: ignore[index]
    assert list(names) == ["1/5 survey", "2/5 search", "3/5 write", "4/5 audit", "5/5 verify"]
    assert all(cell_len(x) < columns for x in steps)
    assert not any(re.match(r"\d/5 ", x) for x in shown)  # it goes when all is done
    assert "rows/s" not in heard
