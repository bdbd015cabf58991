"""`--engine`: what names one, and what is said where it cannot be had, before Ray is asked."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from relaion.cli.comfort import from_environment, from_file
from relaion.errors import BusyError, InputError, OutputError
from relaion.labs.place import begin
from relaion.paths import locked, stamp_of
from relaion.paths.locks import wait_unlocked
from relaion.paths.seals import DEVICES
from relaion.run.engines import cluster_of, named
from relaion.run.out import Out, purge
from relaion.run.pool import Call, CallTask
from relaion.run.progress import QUIET
from relaion.run.ray import cluster as ray_cluster
from relaion.run.ray import pool as ray_pool
from relaion.run.ray import work as ray_work
from relaion.run.ray.client import Node, why_not
from relaion.run.ray.cluster import FOLDER, Cluster, folders_of, refuse_left
from relaion.run.ray.courier import Post, unseen
from relaion.run.ray.work import TriedTasks, Try
from relaion.run.settings import limits_of
from tests.pipeline import here


@pytest.mark.parametrize(
    ("engine", "address"),
    [
        ("ray", None), ("ray=auto", "auto"), ("ray=10.0.0.7:6379", "10.0.0.7:6379"),
        ("ray=head.test:6379", "head.test:6379"), ("ray=[::1]:6379", "[::1]:6379"),
    ],
)  # fmt: skip
def test_an_engine_is_named_by_its_address(engine: str, address: str | None) -> None:
    assert named(engine) == Cluster(address)


def test_local_is_no_cluster() -> None:
    assert named("local") is None
    assert cluster_of("local") is None


@pytest.mark.parametrize(
    "engine",
    ["", "Ray", "rays", "ray=", "ray:6379", "ray=head", "ray=ray://head:10001", "local=auto",
     "ray=a b:1", "ray=head:123456", "ray=héad:1", "dask", "ray=auto\n"],
)  # fmt: skip
def test_what_names_no_engine_is_refused_in_one_line(engine: str) -> None:
    with pytest.raises(InputError, match="names no engine; write local, ray") as e:
        named(engine)
    assert "\n" not in str(e.value)


def test_without_ray_the_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    shard = tmp_path / "a.parquet"
    done = here("match", shard, "--lists", shard, "--engine", "ray")
    assert done.returncode == 2
    assert "pip install 'relaion[ray]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_address_where_nobody_listens_is_said_at_once() -> None:
    pytest.importorskip("ray")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))  # nobody listens on it
        address = f"127.0.0.1:{s.getsockname()[1]}"
        with pytest.raises(InputError, match="nobody can be reached there") as e:
            cluster_of(f"ray={address}")
    assert address in str(e.value)


def test_parts_and_ray_are_two_ways_to_one_end(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    done = here(
        "clean", tmp_path, "--lists", tmp_path / "l.duckdb", "--out", tmp_path / "o",
        "--shards", "1/2", "--phase", "find", "--engine", "ray",
    )  # fmt: skip
    assert done.returncode == 2
    assert "--shards and --engine ray" in done.stderr


def test_an_engine_can_be_set_for_comfort(tmp_path: Path) -> None:
    assert from_environment({"RELAION_ENGINE": "ray=auto"})["engine"].value == "ray=auto"
    file = tmp_path / "settings.toml"
    file.write_text('engine = "ray=head.test:6379"\n', encoding="utf-8")
    assert from_file(file)["engine"].value == "ray=head.test:6379"
    with pytest.raises(InputError, match=r"RELAION_ENGINE: .*names no engine"):
        from_environment({"RELAION_ENGINE": "spark"})


def test_a_worker_of_a_cluster_has_the_memory_for_itself() -> None:
    apart = limits_of(64, "2GB", apart=True)
    assert apart.fitting(64) == 64
    assert apart.threads == 1
    assert apart.decide_memory == limits_of(1, "2GB").decide_memory
    assert apart.writer_bytes == limits_of(2, "2GB").writer_bytes  # by which row groups are cut
    assert not apart.here.apart


def test_a_run_does_not_go_on_while_a_worker_of_the_one_before_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "_LEFT_SECONDS", 0.1)
    (tmp_path / FOLDER).mkdir()
    lock = tmp_path / FOLDER / "000001.lock"
    with locked(lock, "is held"), pytest.raises(BusyError, match="has not ended yet"):
        refuse_left(tmp_path)
    refuse_left(tmp_path)


def test_the_lock_of_a_worker_that_could_not_be_ended_stays_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a run would begin while a worker of a machine that was cut off may still write."""
    monkeypatch.setattr(ray_cluster, "_LEFT_SECONDS", 0.1)
    monkeypatch.setattr(ray_work, "_GONE_SECONDS", 0.1)
    (tmp_path / FOLDER).mkdir()
    locks = [tmp_path / FOLDER / f"{no:06}.lock" for no in range(1, 6)]
    for lock in locks[:4]:
        lock.touch()
    with locked(locks[0], "is held"), locked(locks[2], "is held"):
        assert wait_unlocked(locks, 0.1) == [locks[0], locks[2]]
        ray_work.remove_free(locks)
        assert sorted((tmp_path / FOLDER).iterdir()) == [locks[0], locks[2]]
        with pytest.raises(BusyError, match="has not ended yet"):
            refuse_left(tmp_path)
    ray_work.remove_free(locks)
    assert not list((tmp_path / FOLDER).iterdir())


def test_a_work_folder_whose_plan_is_lost_is_not_removed_under_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "_LEFT_SECONDS", 0.1)
    place = Out(tmp_path, tmp_path / "work", -1)
    (place.work / FOLDER).mkdir(parents=True)
    lock = place.work / FOLDER / "000001.lock"
    with locked(lock, "is held"), pytest.raises(BusyError, match="has not ended yet"):
        begin(place, {"inputs": []}, QUIET)
    assert lock.exists()


def test_of_a_work_folder_the_locks_of_late_workers_stay(tmp_path: Path) -> None:
    """Also where the run itself removes it: its output is whole, that of the next one shall be."""
    work = tmp_path / "work"
    (work / FOLDER).mkdir(parents=True)
    (work / "find").mkdir()
    for path in (work / "find/list_hits.parquet", work / "plan.json", work / FOLDER / "1.task"):
        path.write_text("private")
    locks = [work / FOLDER / f"{no:06}.lock" for no in (1, 2)]
    locks[1].touch()
    with locked(locks[0], "is held"):
        purge(Out(tmp_path, work, -1))
        assert [p for p in sorted(tmp_path.rglob("*")) if p.is_file()] == [locks[0]]
    purge(Out(tmp_path, work, -1))
    assert not work.exists()


def test_a_folder_that_cannot_be_marked_is_told_in_one_line(tmp_path: Path) -> None:
    pool = ray_pool.RayPool(Cluster(None), limits_of(1, "1GB", apart=True), 1, None, QUIET)
    with pytest.raises(OutputError, match=r"gone: cannot be written \(No such file"):
        pool._mark([tmp_path / "gone"])
    pool.__exit__()


def test_a_lock_that_cannot_be_made_is_told_with_its_reason(tmp_path: Path) -> None:
    post = Post(str(tmp_path), "/", str(tmp_path / "gone/1.lock"), 1, None, (), ())
    found = subprocess.run(  # it is of a process of its own: the folder and the environment change
        [sys.executable, "-c", "import json, sys; from relaion.run.ray.courier import Courier; "
         "print(json.dumps(Courier(json.loads(sys.argv[1])).begin()))", json.dumps(asdict(post))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(found.stdout) == [post.lock, "No such file or directory"]


def test_a_shared_file_system_is_one_though_each_machine_numbers_it(tmp_path: Path) -> None:
    """Else every shard would count as replaced on the machines of a cluster, and be read again."""
    path = tmp_path / "a"
    path.write_bytes(b"a")
    here = path.stat().st_dev
    code = (
        "from pathlib import Path; from relaion.paths import stamp_of; "
        f"print(stamp_of(Path({str(path)!r})))"
    )
    env = os.environ | {DEVICES: f"{here}:4711,17:18"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{stamp_of(path)._replace(device=4711)}\n"


def test_the_file_system_of_a_shard_is_that_which_its_link_leads_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("far/deep", "data"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "far/deep/a.parquet").touch()
    (tmp_path / "data/a.parquet").symlink_to(tmp_path / "far/a.parquet")
    (tmp_path / "far/a.parquet").symlink_to("deep/a.parquet")
    far = tmp_path.resolve() / "far/deep"
    assert folders_of([tmp_path / "data/a.parquet"]) == {tmp_path / "data", far}
    monkeypatch.chdir(tmp_path)
    assert folders_of([Path("data/a.parquet")]) == {Path("data"), far}, "also as it was named"


def test_a_machine_that_has_another_folder_of_that_name_is_told_by_its_mark(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    mark.write_text("this run", encoding="ascii")
    assert unseen([(str(mark), "this run")]) is None
    assert unseen([(str(mark), "this run"), (str(mark), "another")]) == str(tmp_path)
    assert unseen([(str(tmp_path / "gone/mark"), "this run")]) == str(tmp_path / "gone")


def test_a_work_folder_that_cannot_be_written_is_told_as_that(tmp_path: Path) -> None:
    """Not as a worker that was lost, as often as one may be."""
    post = Post(str(tmp_path), "/", str(tmp_path / "lock"), 10**9, None, [], [])
    answer = tmp_path / "gone/000001.answer"
    code = (
        "from relaion.run.ray.courier import Courier; "
        f"print(Courier({asdict(post)!r}).do({str(tmp_path / 'no.task')!r}, {str(answer)!r}, 1.0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "000001.answer: cannot be written (No such file" in done.stdout
    assert done.stdout.count("\n") == 1


_MISMATCH = """Version mismatch: The cluster was started with:
    Ray: {}
    Python: {}
This process on node 10.0.0.7 was started with:
    Ray: 2.60.0
    Python: 3.11.7
"""


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (("2.59.1", "3.11.7"), "the cluster has Ray 2.59.1, this machine Ray 2.60.0"),
        (("2.60.0", "3.12.4"), "the cluster has Python 3.12.4, this machine Python 3.11.7"),
    ],
)
def test_what_ray_says_of_versions_is_one_line(there: tuple[str, str], said: str) -> None:
    line = why_not(Cluster("head.test:6379"), "RuntimeError", _MISMATCH.format(*there))
    assert line.startswith(said) and "\n" not in line


def test_another_error_of_ray_is_told_by_its_class_alone() -> None:
    for address in (None, "auto", "head.test:6379"):
        line = why_not(Cluster(address), "RuntimeError", "https://listed.example/a.jpg")
        assert "RuntimeError" in line and "listed" not in line and "\n" not in line


def test_what_puts_is_not_given_again_while_its_lost_worker_holds_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = CallTask(7, "a shard", 1.0, Call("a:call"))
    monkeypatch.setattr(ray_pool, "puts", lambda _: True)
    monkeypatch.setattr(ray_pool, "_LOST_SECONDS", 0)
    pool = ray_pool.RayPool(Cluster(None), limits_of(1, "2GB"), 1, None, QUIET)
    node, lock = Node("1", "one.test", 1), tmp_path / "000001.lock"
    for seconds in (60.0, 0.0):
        monkeypatch.setattr(ray_work, "HELD_SECONDS", seconds)
        work = TriedTasks([task])
        one = Try(0, 1, work.tasks[work.next() or 0])
        work.trying.append(one)
        courier = ray_pool._Courier(1, node, lock, is_there=True, trying=one)
        pool._couriers[1] = courier
        with locked(lock, "puts"):
            assert pool._lost_courier(work, courier, "gone") is None
            failed = pool._let_go(work)
            assert work.next() is None
        if seconds:
            assert failed is None and pool._let_go(work) is None
            assert work.next() == 0 and not work.trying and not work.held
        else:
            assert failed is not None and failed.error is not None and not work.open
            assert "was lost on one.test, and may still write there; end it" in failed.error
