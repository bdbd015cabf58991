"""What the check at the end of an update rests on, and when it does not."""

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import strategies as st

from relaion.engine import connect
from relaion.errors import InputError, StopError
from relaion.lists.key import hmac_of_check, key_path, load
from relaion.paths import Seal, seal
from relaion.run import shard_task
from relaion.run.decide import Decider
from relaion.run.find import Hunt
from relaion.run.pool import LocalPool
from relaion.run.process import TaskOutcome
from relaion.run.update import UpdateRun
from relaion.stages.cleaned import Cleaned
from relaion.stages.verify import check as checking
from relaion.stages.verify import verify
from relaion.verifier import checker, rows
from relaion.verifier.task import ShardTask
from relaion.verifier.verdict import Verdict
from tests.drawn import drawn, quickly
from tests.faults.world import HONEST, OWN
from tests.mutations import restate_audit
from tests.oracle import md5
from tests.pipeline import InProcess, Sent
from tests.test_properties import ROWS
from tests.test_update import DELIVERY, Rows, World, audit, files

pytestmark = pytest.mark.usefixtures("all_counts", "no_sample")
ANEW = "every shard was checked whole: something is not as the parent's check saw it"
MD5, NEW = (("image_md5", f"{n:032x}") for n in (11, 12))


def _row(shard: int, i: int, **more: Any) -> dict[str, Any]:
    n = 100 * shard + i
    return {
        "url": f"https://h{n}.example/{n}.jpg", "image_md5": f"{1000 + n:032x}",
        "punsafe": i / 10, "text": f"no {n}",
    } | more  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Four shards that were cleaned and checked, and the list that has come since."""
    world = World(tmp_path_factory.mktemp("rests") / "world")
    shared = {"url": "https://shared.example/a.jpg"}
    world.grow([
        [*(_row(0, i) for i in range(8)), _row(0, 8, image_md5=MD5[1])],
        [*(_row(1, i) for i in range(8)), _row(1, 8, image_md5=NEW[1], **shared)],
        [_row(2, i) for i in range(8)],
        [*(_row(3, i) for i in range(8)), _row(3, 8, **shared)],
    ])  # fmt: skip
    world.send(Sent((MD5,)))
    assert world.clean("out", verify=True)
    assert (world.folder / "out/verified.json").exists()
    world.send(Sent((NEW,)))
    return world


@pytest.fixture(scope="module")
def made_twice(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same, and the update with the list that has come: `out2`, which was checked."""
    world = made.copied(tmp_path_factory.mktemp("twice"))
    assert updated(world).summary
    return world


@pytest.fixture
def world(made: World, tmp_path: Path) -> World:
    """A copy of it, a test's own."""
    return made.copied(tmp_path)


@pytest.fixture
def twice(made_twice: World, tmp_path: Path) -> World:
    """A copy of what was updated, a test's own."""
    return made_twice.copied(tmp_path)


def updated(world: World, name: str = "out2", before: str = "out", **how: Any) -> Cleaned:
    return world.update(world.folder / before, name, **({"verify": True} | how))


def why(verdict: Verdict | None) -> str:
    """Why every shard was checked whole; empty where some rest, or all are touched."""
    assert verdict is not None
    said = [x for x in verdict.notices if x.startswith("every shard was checked whole: ")]
    return said[0].partition(": ")[2] if said else ""


# -- what rests ----------------------------------------------------------------------------------


def test_shards_that_nothing_new_names_rest_on_the_check_of_the_parent(world: World) -> None:
    done = updated(world)
    verdict = done.verdict
    assert verdict is not None and verdict.ok and verdict.clean, verdict
    run = json.loads((world.folder / "out/verified.json").read_text())["run"]
    assert verdict.rests.startswith(f"2 of 4 shards rest on the check of run {run} of 20")
    assert "held against 1 new entry alone" in verdict.rests
    assert verdict.rests in done.summary
    assert files(done.out) == files(world.clean("whole"))
    said = json.loads((done.out / "verified.json").read_text())
    assert [line["run"] for line in said["rests_on"]] == [run]
    by_hand = verify(
        done.out, inputs=world.folder / "data", lists=world.lists, keywords=world.words,
        parent=world.folder / "out", workers=1,
    )  # fmt: skip
    assert by_hand.ok and not by_hand.rests


@pytest.mark.slow
def test_a_chain_of_updates_names_every_check_that_it_rests_on(twice: World) -> None:
    world = twice
    world.send(Sent((("url", "https://h205.example/205.jpg"),)))
    done = updated(world, "out3", "out2")
    assert done.verdict is not None and done.verdict.ok
    assert done.verdict.rests.startswith("3 of 4 shards rest")
    runs = [json.loads((world.folder / f"{o}/manifest.json").read_text())["run"]
            for o in ("out", "out2")]  # fmt: skip
    assert [run for run, _ in done.verdict.rests_on] == runs
    assert files(done.out) == files(world.clean("whole"))


@pytest.mark.slow
def test_where_nothing_came_all_shards_rest(twice: World) -> None:
    done = updated(twice, "out3", "out2")
    assert done.verdict is not None and done.verdict.ok
    assert done.verdict.rests.startswith("4 of 4 shards rest")
    assert "held against 0 new entries alone" in done.verdict.rests


@pytest.mark.slow
def test_what_left_by_the_link_of_a_row_elsewhere_stays_out(tmp_path: Path) -> None:
    """An old entry names a row of a shard that rests, and its link one of a shard that does not."""
    world = World(tmp_path)
    link = {"url": "https://far.example/b.jpg"}
    world.grow([
        [_row(0, 0, image_md5=MD5[1], **link), _row(0, 1)],
        [_row(1, 0, **link), _row(1, 1, image_md5=NEW[1]), _row(1, 2)],
        [_row(2, 0)],
    ])  # fmt: skip
    world.send(Sent((MD5,)))
    world.clean("out", verify=True)
    world.send(Sent((NEW,)))
    done = updated(world)
    assert done.verdict is not None
    assert done.verdict.ok, done.verdict.findings
    assert done.verdict.rests.startswith("2 of 3 shards rest")
    assert files(done.out) == files(world.clean("whole"))


@drawn(
    0,
    5,
    shards=st.lists(st.lists(ROWS, min_size=1, max_size=9), min_size=2, max_size=4),
    sent=st.lists(DELIVERY, min_size=2, max_size=3),
    same_link=st.booleans(),
)
def test_whatever_data_and_lists_hold_a_check_that_rests_finds_nothing_in_a_true_update(
    shards: list[Rows], sent: list[Sent], same_link: bool
) -> None:
    with tempfile.TemporaryDirectory() as name:
        world = World(Path(name))
        world.grow(shards)
        world.send(sent[0])
        out = world.clean("step-1", same_link=same_link, verify=True)
        is_whole = (out / "verified.json").exists()
        for step, delivery in enumerate(sent[1:], 2):
            world.send(delivery)
            done = world.update(out, f"step-{step}", verify=True)
            assert done.verdict is not None
            assert done.verdict.ok, [str(f) for f in done.verdict.findings]
            assert ANEW not in done.verdict.notices
            if is_whole and not done.verdict.rests:
                assert "row hashes" in why(done.verdict) or _are_touched(done)
            out, is_whole = done.out, (done.out / "verified.json").exists()
        assert files(out) == files(world.clean("whole", same_link=same_link))


def _are_touched(done: Cleaned) -> bool:
    """Whether every shard was written anew, or has a row that something new names."""
    return done.verdict is not None and not any(
        notice.startswith("every shard was checked whole") for notice in done.verdict.notices
    )


def test_of_the_sample_it_asks_about_the_rows_in_the_shards_that_it_looks_at(
    twice: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The very rows that a whole check draws there, so as many of a thousand as that."""
    asked: list[dict[str, list[int]]] = []
    judge = ShardTask.judge

    def spy(task: ShardTask, path: Path, first: int, rows: Any) -> Any:
        asked[-1][path.name] = [*task.sample.get(path, ())]
        return judge(task, path, first, rows)

    monkeypatch.setattr(ShardTask, "judge", spy)
    monkeypatch.setattr("relaion.verifier.job.SAMPLED", 9)
    for rests in (True, False):
        asked.append({})
        assert again(twice, rests=rests).ok
    resting, whole = asked
    assert sum(map(len, whole.values())) == 18  # of two subsets
    assert len(resting) == 2
    assert resting == {name: whole[name] for name in resting}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows_a_process", "hands"),
    quickly(1, [(10_000_000, ("threads", 4)), (20, ("processes", 2)), (1, ("processes", 4))]),
)
def test_processes_are_started_for_what_takes_longer_than_their_start(
    twice: World,
    monkeypatch: pytest.MonkeyPatch,
    rows_a_process: int,
    hands: tuple[str, int],
) -> None:
    """Of a check that rests, by its rows, else threads; shards are four here, with 35 rows."""
    asked = []

    def noting(kind: str) -> Any:
        @contextmanager
        def begun(wanted: int, *_: object) -> Iterator[Any]:
            asked.append((kind, wanted))
            yield map

        return begun

    for kind in ("processes", "threads"):
        monkeypatch.setattr(checker, kind, noting(kind))
    monkeypatch.setattr("relaion.verifier.resting.ROWS_A_PROCESS", rows_a_process)
    assert again(twice, workers=4).rests
    assert asked == [hands]


class Hands(LocalPool):
    """A pool that starts no process, and says how many it was to have."""

    def run(self, tasks: Sequence[Any]) -> Iterator[TaskOutcome]:
        self.wanted = self._workers
        yield from InProcess().run(tasks)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "n"),
    [
        pytest.param({}, 1, marks=pytest.mark.slow),
        ({"_ROWS_A_PROCESS": 9}, 3),
        pytest.param({"_BYTES_A_PROCESS": 1}, 4, marks=pytest.mark.slow),
    ],
)
def test_an_update_writes_in_no_more_processes_than_there_is_work_for(
    world: World, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int], n: int
) -> None:
    for name, value in limits.items():
        monkeypatch.setattr(f"relaion.run.update.{name}", value)
    hands = Hands(4)
    updated(world, executor=hands, verify=False)
    assert hands.wanted == n


@pytest.mark.slow
def test_shards_are_written_side_by_side_as_they_are_one_by_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In threads of one process: where there is room for more processes than there is work for."""
    seen: list[str] = []
    writing = shard_task._write_shard

    def spy(*given: Any) -> Any:
        seen.append(threading.current_thread().name)
        return writing(*given)

    monkeypatch.setattr(shard_task, "_write_shard", spy)
    one = updated(world, verify=False)
    assert {*seen} == {"MainThread"}
    seen.clear()
    four = updated(world, "four", executor=Hands(4), workers=4, verify=False)
    assert len(seen) == 4 and "MainThread" not in seen
    assert files(one.out) == files(four.out)
    assert audit(one.out) == audit(four.out)


@pytest.mark.slow
@pytest.mark.parametrize("fails", [False, True])
def test_shards_that_stay_are_given_their_bytes_while_others_are_decided(
    world: World, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    """And where nothing can be decided for all together, each is done alone."""
    given = threading.Event()
    writing, deciding = shard_task._write_shard, Decider.decide

    def spy(task: Any, n: Any, decision: Any) -> Any:
        found = writing(task, n, decision)
        given.set()
        return found

    def waiting(decider: Decider, task: Any) -> Any:
        assert given.wait(60)
        assert [n.shard.name for n in task.shards] in (
            ["part-001.parquet", "part-003.parquet"],
            *([[f"part-00{no}.parquet"] for no in (1, 3)] if fails else []),
        )
        if fails and len(task.shards) > 1:
            raise InputError("cannot be decided together")
        return deciding(decider, task)

    with monkeypatch.context() as patch:
        patch.setattr(shard_task, "_write_shard", spy)
        patch.setattr(Decider, "decide", waiting)
        found = updated(world, executor=Hands(4), workers=4, verify=False)
    assert files(found.out) == files(world.clean("whole"))


@pytest.mark.slow
def test_a_shard_that_cannot_be_written_fails_alone_beside_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = shard_task._write_shard

    def failing(task: Any, n: Any, decision: Any) -> Any:
        if n.shard.name == "part-001.parquet":
            raise InputError(f"{n.shard.name}: cannot be read")
        return writing(task, n, decision)

    monkeypatch.setattr(shard_task, "_write_shard", failing)
    with pytest.raises(StopError, match="1 of 4 shards failed, the others are done"):
        updated(world, executor=Hands(4), workers=4)
    monkeypatch.setattr(shard_task, "_write_shard", writing)
    assert files(updated(world, executor=Hands(4), workers=4).out) == files(world.clean("whole"))


# -- what nothing may rest on --------------------------------------------------------------------


def _edited(**change: Any) -> Callable[[World, Path], None]:
    """Edit what the check left, and keep its seal."""

    def edit(_: World, path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | change, indent=1) + "\n")

    return edit


def _sealed(key: Callable[[World], bytes], **change: Any) -> Callable[[World, Path], None]:
    """Edit it, and seal it anew."""

    def edit(world: World, path: Path) -> None:
        said = json.loads(path.read_text()) | change
        del said["seal"]
        said["seal"] = hmac_of_check(key(world), json.dumps(said).encode())
        path.write_text(json.dumps(said, indent=1) + "\n")

    return edit


def _of_another(world: World, path: Path) -> None:
    """One that is true, of another OUT."""
    world.clean("other", verify=True)
    shutil.copy(world.folder / "other/verified.json", path)


def _gone(_: World, path: Path) -> None:
    path.unlink()


def _folder(_: World, path: Path) -> None:
    path.unlink()
    path.mkdir()


def _key(world: World) -> bytes:
    return load(key_path(world.lists))


DOUBTS: dict[str, tuple[Callable[[World, Path], object], str]] = {
    "gone": (_gone, "it was not checked when it was made"),
    "a folder": (_folder, "it was not checked when"),
    "another day": (_edited(checked="2030-01-01T00:00:00+00:00"), "is not sealed"),
    "edited in part": (_edited(held=["1a"]), "is not sealed"),
    "another key": (_sealed(lambda _: b"x" * 32), "is not sealed"),
    "of another": (_of_another, "tells of another manifest"),
    "of no run": (_edited(run="0" * 16), "tells of another manifest"),
    "blanks": (lambda _, path: path.write_text(path.read_text() + " "), "none that a run writes"),
    "no JSON": (lambda _, path: path.write_bytes(b"\xff{"), "none that a run writes"),
    "a key more": (_edited(more=1), "none that a run writes"),
    "held in part": (_sealed(_key, held=["1a", "1b", "2", "3", "4", "5"]), "not every promise"),
    "another relaion": (_sealed(_key, relaion="0.0.1"), "another version of relaion"),
    "another DuckDB": (_sealed(_key, duckdb="1.0.0"), "another version of duckdb"),
    "another way": (_sealed(_key, verifier=0), "another version of verifier"),
}


@pytest.mark.parametrize("name", quickly(3, DOUBTS))
def test_a_word_of_a_check_that_is_in_doubt_is_no_ground(twice: World, name: str) -> None:
    change, reason = DOUBTS[name]
    change(twice, twice.folder / "out/verified.json")
    verdict = again(twice)
    assert reason in why(verdict)
    assert verdict.ok


@pytest.mark.slow
def test_an_update_of_what_was_not_checked_rests_on_nothing(world: World) -> None:
    _gone(world, world.folder / "out/verified.json")
    done = updated(world)
    assert DOUBTS["gone"][1] in why(done.verdict)
    assert done.verdict is not None and done.verdict.ok


@pytest.mark.slow
def test_no_word_is_left_of_a_run_that_was_not_checked_or_not_all_held(world: World) -> None:
    assert not (world.clean("unchecked") / "verified.json").exists()
    own = world.folder / "mine.sql"
    own.write_text(OWN + HONEST)
    made = world.clean("own", verify=True, editions=["research", str(own)])
    assert not (made / "verified.json").exists()


@pytest.mark.slow
def test_data_or_lists_that_are_not_what_they_were_let_nothing_rest(world: World) -> None:
    world.grow([[_row(9, i) for i in range(3)]])
    assert why(updated(world).verdict) == "shards are new, gone or others"


@pytest.mark.slow
def test_a_subset_of_few_rows_lets_nothing_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relaion.verifier.counts.FEW_ROWS", 1_000)
    assert "has few rows" in why(updated(world, yes_i_checked=True).verdict)


def test_what_a_kill_leaves_of_the_word_of_a_check_goes_when_the_command_is_repeated(
    twice: World,
) -> None:
    out = twice.folder / "out2"
    (out / "verified.json").rename(out / f".relaion-{5:016x}.part")
    again = updated(twice)  # and is left anew: as there was no word, it is checked
    assert again.done_before
    assert again.verdict is not None
    assert {p.name for p in out.iterdir()} == {
        "audit.duckdb", "manifest.json", "research", "research-safe", "verified.json",
    }  # fmt: skip


# -- what an update misses -----------------------------------------------------------------------


def _blind(monkeypatch: pytest.MonkeyPatch, **change: Any) -> None:
    """An update whose search for new entries looks away."""
    looking = UpdateRun._gains

    def gains(self: UpdateRun, *given: Any) -> Hunt:
        hunt = looking(self, *given)
        if "only" in change:
            return replace(hunt, store=replace(hunt.store, only=()))
        return replace(hunt, settings=replace(hunt.settings, **change))

    monkeypatch.setattr(UpdateRun, "_gains", gains)


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(NEW),
        *(
            pytest.param(entry, marks=pytest.mark.slow)
            for entry in (
                ("url", "http://www.h203.example:80/203.jpg#top"),
                ("url_md5", md5("https://h203.example/203.jpg")),
                ("host", "h203.example"),
            )
        ),
    ],
)
def test_a_row_that_an_update_misses_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch, entry: tuple[str, str]
) -> None:
    world.send(Sent((entry,)))
    _blind(monkeypatch, only=())
    verdict = updated(world).verdict
    assert verdict is not None and not verdict.ok and ANEW in verdict.notices
    assert any("kept row" in f.what for f in verdict.findings if f.promise == "1a")
    assert not (world.folder / "out2/verified.json").exists()


@pytest.mark.slow
def test_a_row_with_the_link_of_a_new_hit_that_an_update_misses_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _blind(monkeypatch, same_link=False)
    verdict = updated(world).verdict
    assert verdict is not None and ANEW in verdict.notices
    found = {f.where: f.what for f in verdict.findings if f.promise == "1a"}
    assert any("part-003" in where and "same_link" in what for where, what in found.items())


# -- what changes after a check ------------------------------------------------------------------


def again(
    world: World,
    digested: Mapping[Path, Seal] | None = None,
    workers: int = 1,
    *,
    rests: bool = True,
) -> Verdict:
    """The check at the end of an update, made again by itself."""
    out = world.folder / "out2"
    (out / "verified.json").unlink(missing_ok=True)
    return checker.verify(
        out, inputs=[world.folder / "data"], lists=world.lists, keywords=world.words,
        parent=world.folder / "out", rests=rests, digested=digested, workers=workers,
    )  # fmt: skip


def _changed(path: Path) -> None:
    """Another byte where a value stands, in a file of its own."""
    data = bytearray(path.read_bytes())
    at = data.index(b"https://h") + 9
    data[at] ^= 1
    path.unlink()
    path.write_bytes(data)


@pytest.fixture
def threads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that starts no process, whatever its workers."""
    monkeypatch.setattr(checker, "processes", lambda *_: nullcontext(map))


@pytest.mark.parametrize("workers", quickly(1, [3, 1]))
@pytest.mark.parametrize(
    "place",
    quickly(
        2,
        [
            "out2/research/multi/part-002",  # nothing new names a row of it
            "out2/research-safe/en/part-001",  # written anew
            "out2/research-safe/multi/part-002",
            "out2/research/en/part-001",
            "data/multi/part-002",
            "data/en/part-001",
        ],
    ),
)
@pytest.mark.usefixtures("threads_alone")
def test_a_file_that_is_other_than_the_parents_check_saw_is_found(
    twice: World, place: str, workers: int
) -> None:
    _changed(twice.folder / f"{place}.parquet")
    verdict = again(twice, workers=workers)
    assert not verdict.ok and any("SHA-256" in f.what for f in verdict.findings)
    assert ANEW in verdict.notices


@pytest.mark.slow
@pytest.mark.parametrize("which", ["one too many", "another one"])
@pytest.mark.usefixtures("threads_alone")
def test_a_shard_that_an_update_writes_wrongly_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """The manifest states its bytes, so that rows alone tell."""
    deciding = shard_task._since

    def since(task: Any, n: Any, *given: Any) -> Any:
        removed, as_before = deciding(task, n, *given)
        if as_before:
            return removed, as_before
        rows = removed.to_pylist()
        others = sorted({*range(n.shard.rows)} - {*rows})
        rows = [others[0], *(rows if which == "one too many" else rows[1:])]
        return pa.array(sorted(rows), pa.int64()), False

    monkeypatch.setattr(shard_task, "_since", since)
    done = updated(world, executor=Hands(4), workers=4)
    monkeypatch.setattr(shard_task, "_since", deciding)
    for verdict in (done.verdict, again(world), again(world, workers=3)):
        assert verdict is not None and not verdict.ok and ANEW in verdict.notices
        promises = {f.promise for f in verdict.findings}
        assert ("1a" in promises) is (which == "another one")
        assert "1b" in promises


def _checked(
    monkeypatch: pytest.MonkeyPatch, first: Callable[[], object] = lambda: None
) -> list[Mapping[Path, Seal]]:
    """What the check is told of digests that the run has taken; `first` is done just before it."""
    told: list[Mapping[Path, Seal]] = []

    def check(*given: Any, digested: Mapping[Path, Seal], **named: Any) -> Verdict:
        told.append(digested)
        first()
        return checking(*given, digested=digested, **named)

    monkeypatch.setattr("relaion.stages.clean.check", check)
    return told


@pytest.mark.slow
def test_only_what_an_update_has_read_and_not_written_need_not_be_digested_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _checked(monkeypatch)
    out = updated(world).out
    inputs = (world.folder / "data").rglob("*.parquet")
    before = {p: world.folder / "out" / p.relative_to(out) for p in out.rglob("*.parquet")}
    linked = [p for p, other in before.items() if p.samefile(other)]
    assert 0 < len(linked) < len(before)
    assert {p.resolve() for p in told[0]} == {p.resolve() for p in (*linked, *inputs)}
    assert all(seal(path) == found for path, found in told[0].items())


@pytest.mark.slow
@pytest.mark.parametrize(
    "place",
    [
        "out2/research/multi/part-002",
        "out2/research-safe/multi/part-002",
        "data/multi/part-002",
        "data/en/part-001",  # whose editions were written anew
    ],
)
def test_a_digest_that_an_update_took_is_not_believed_of_a_file_that_was_touched_since(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    path = world.folder / f"{place}.parquet"

    def change() -> None:
        before, data = path.stat(), bytearray(path.read_bytes())
        data[data.index(b"https://h") + 9] ^= 1
        with path.open("r+b") as f:  # in place, and as old as it was
            f.write(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    _checked(monkeypatch, change)
    verdict = updated(world).verdict
    assert verdict is not None and not verdict.ok and ANEW in verdict.notices
    assert any("SHA-256" in f.what for f in verdict.findings)


@pytest.mark.slow
def test_a_digest_that_an_update_took_is_believed_of_a_file_that_nothing_touched(
    twice: World,
) -> None:
    path = twice.folder / "out2/research/multi/part-002.parquet"
    verdict = again(twice, {path: replace(seal(path), sha256="0" * 64)})
    assert [(f.where, f.what) for f in verdict.findings] == [
        ("research/multi/part-002.parquet", "its SHA-256 is not the one that the manifest states")
    ]


def test_rows_that_cannot_be_read_are_no_rows_that_nothing_names(
    twice: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Want of memory, say, in the midst of a shard: what was not looked at may not rest."""
    reading = rows.batches

    def failing(path: Path, names: Any = None, groups: Any = None) -> Any:
        if path.name == "part-002.parquet" and names is not None:
            raise InputError("its rows do not fit in memory")
        return reading(path, names, groups)

    monkeypatch.setattr("relaion.verifier.rows.batches", failing)
    verdict = again(twice)
    assert not verdict.rests
    assert "every shard was checked whole: a file cannot be read as it was" in verdict.notices


@pytest.mark.slow
def test_a_shard_of_the_parent_that_changed_since_its_check_is_refused(world: World) -> None:
    _changed(world.folder / "out/research/multi/part-002.parquet")
    with pytest.raises(StopError, match="is not what the manifest above it states"):
        updated(world)


@pytest.mark.parametrize(
    "edit",
    quickly(
        1,
        [
            "update hits set gross = gross + 1 where list_id = 1",
            "update hits set exclusive = 0 where list_id = 2",
            "update protocol set gross = gross + 1",
            "update removal_groups set exclusive = exclusive - 1 where exclusive > 0",
            "update coverage set covered = covered - 1 where role = 'url'",
            "update scores set rows = rows + 1",
        ],
    ),
)
def test_a_count_that_does_not_go_on_from_the_parents_is_found(twice: World, edit: str) -> None:
    with connect(twice.folder / "out2/audit.duckdb") as engine:
        engine.execute(edit)
        engine.execute("checkpoint")
    restate_audit(twice.folder / "out2")
    verdict = again(twice)
    assert ANEW in verdict.notices
    assert any("cannot be recomputed" in f.what for f in verdict.findings), verdict.findings
