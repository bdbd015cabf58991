"""`--engine ray` against a real cluster of this machine: the same result, whatever is lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

from relaion.engine import connect
from relaion.errors import OutputError
from relaion.labs.diff_file import META, SCHEMA
from relaion.run import find, tasks
from relaion.run.ray import courier as ray_courier
from relaion.run.ray import pool as ray_pool
from relaion.stages.apply import apply
from relaion.stages.clean import clean
from relaion.stages.diff import diff
from relaion.stages.diff_check import diff_check
from relaion.stages.match import match
from relaion.stages.update import update
from relaion.stages.verify import verify
from tests import cover_world
from tests.pipeline import Sent, add_lists, relaion
from tests.ray_cluster import Killer, Running, couriers_and_workers, running

# found and not loaded: what is slow is collected with all that is quick
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_spec("ray"), reason="without the extra [ray]"),
]
HOW: dict[str, Any] = {"key": None, "memory": "1GB"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Running]:
    with (
        tempfile.TemporaryDirectory(prefix="rt-", dir="/tmp") as folder,
        running(Path(folder) / "r", 2) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    cover_world.make(folder)
    (folder / "words.txt").write_text("picture\n")
    cleaned(folder, "local", engine="local")
    return folder


@pytest.fixture
def joined(cluster: Running, monkeypatch: pytest.MonkeyPatch) -> str:
    """The cluster's name, joined by this process, with a task for every shard."""
    for name, value in cluster.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(find, "FEWEST_ROWS", 1)
    monkeypatch.setattr(tasks, "FEWEST_ROWS", 1)
    return cluster.engine


def cleaned(folder: Path, out: str, **more: Any) -> Path:
    keywords = folder / "words.txt"
    clean(folder / "data", folder / "lists.duckdb", folder / out, keywords=keywords, **(HOW | more))
    return folder / out


def told(out: Path) -> tuple[dict[str, bytes], dict[str, Any], dict[str, list[Any]]]:
    """All that a run leaves, but for its times: shards, the manifest, the audit."""
    shards = {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*.parquet"))}
    manifest = json.loads((out / "manifest.json").read_text())
    for name in ("started", "finished"):
        del manifest[name]
    audit = {}
    with connect(threads=1, memory="200MB") as con:
        con.execute("attach ? as audit (read_only)", [str(out / "audit.duckdb")])
        names = "select table_name from duckdb_tables() where database_name = 'audit'"
        for (name,) in con.rows(names):
            audit[name] = con.rows(f"from audit.{name} order by all")
    assert not list(out.rglob(".relaion-*")) and not (out / ".work").exists()
    return shards, manifest, audit


@pytest.mark.parametrize("workers", [1, 2])
def test_a_clean_is_that_of_one_machine(
    world: Path, joined: str, workers: int, cluster: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "relaion")
    out = cleaned(world, f"ray-{workers}", engine=joined, workers=workers, verify=workers == 2)
    assert told(out) == told(world / "local")
    assert caplog.text.count("copied to this machine, once") == 1
    assert not cluster.left


def test_a_match_is_that_of_one_machine(world: Path, joined: str) -> None:
    found = [
        match(world / "data", world / "lists.duckdb", engine=engine, **HOW)
        for engine in ("local", joined)
    ]
    assert found[0] == found[1]


def test_a_check_is_that_of_one_machine(
    world: Path, joined: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("relaion.stages.verify.SMALL", 0)
    caplog.set_level("INFO", "relaion")
    found = [
        verify(
            world / "local", inputs=world / "data", lists=world / "lists.duckdb",
            keywords=world / "words.txt", engine=engine,
        )
        for engine in ("local", joined)
    ]  # fmt: skip
    assert found[0] == found[1] and found[0].ok
    assert "Ray: 2 workers" in caplog.text


def test_an_update_is_that_of_one_machine(world: Path, joined: str, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    shutil.copytree(world, folder)
    more = Sent((("url", "https://site11.example/a/0.jpg"),), "privacy", "requests")
    add_lists(folder / "lists.duckdb", [more])
    for out, engine in (("one", "local"), ("two", joined)):
        update(
            folder / "local", folder / "data", folder / "lists.duckdb", folder / out,
            keywords=folder / "words.txt", memory="1GB", engine=engine, verify=False,
        )  # fmt: skip
    assert told(folder / "one") == told(folder / "two")
    assert told(folder / "one") != told(folder / "local")


def test_a_copy_is_cleaned_as_on_one_machine(world: Path, joined: str, tmp_path: Path) -> None:
    found = []
    for out, engine in (("one", "local"), ("two", joined)):
        apply(world / "data", tmp_path / out, keep=world / "local/research", engine=engine)
        manifest = json.loads((tmp_path / out / "manifest.json").read_text())
        shards = sorted((tmp_path / out).rglob("*.parquet"))
        for name in ("started", "finished"):
            del manifest[name]
        found.append((manifest, [(p.name, p.read_bytes()) for p in shards]))
    assert found[0] == found[1]


def test_a_diff_and_its_check_are_those_of_one_machine(
    world: Path, joined: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr("relaion.stages.diff.secrets", SimpleNamespace(token_bytes=bytes))
    caplog.set_level("DEBUG", "relaion")
    edition, found = world / "local/research", []
    for name, engine in (("one", "local"), ("two", joined)):
        path = tmp_path / f"{name}.parquet"
        made = diff(
            world / "data", edition, path, i_accept_disclosure=True, engine=engine, work=tmp_path
        )
        said = json.loads(pq.read_schema(path).metadata[META])
        del said["made"], said["content"]  # which is of the time, too
        checked = diff_check(
            world / "local", world / "data", world / "lists.duckdb", engine=engine, work=tmp_path
        )
        told = replace(made, out=tmp_path, sha256="")
        found.append((told, said, pq.read_table(path), checked))
        assert ("Ray: " in caplog.text) == (engine == joined)
    assert found[0][:2] == found[1][:2] and found[0][3] == found[1][3]
    assert found[0][2].cast(SCHEMA).equals(found[1][2].cast(SCHEMA)) and found[0][0].lines
    assert not list(tmp_path.glob("relaion-*"))


def test_a_clean_in_a_store_is_that_of_one_machine(
    world: Path, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers fetch and put by themselves: the credentials are in their environment alone."""
    monkeypatch.setattr(tasks, "FEWEST_ROWS", 1)
    s3.put_folder(world / "data", "ray/data")
    found = []
    for name in ("local", "ray"):
        out = f"s3://shards/ray/{name}"
        clean(
            "s3://shards/ray/data", world / "lists.duckdb", out, work=tmp_path / name,
            keywords=world / "words.txt", engine=name, workers=2, **HOW,
        )  # fmt: skip
        listed = s3.client.list_objects_v2(Bucket="shards", Prefix=f"ray/{name}/")["Contents"]
        names = [x["Key"].removeprefix(f"ray/{name}/") for x in listed]
        shards = {
            n: s3.client.get_object(Bucket="shards", Key=f"ray/{name}/{n}")["Body"].read()
            for n in names if n.endswith(".parquet")
        }  # fmt: skip
        found.append((names, shards))
    assert found[0] == found[1] and len(found[0][1]) > 4
    assert found[0][1] == {
        str(p.relative_to(world / "local")): p.read_bytes()
        for p in (world / "local").rglob("*.parquet")
    }


# -- what is lost on the way -----------------------------------------------------------------------


def test_workers_that_are_killed_change_nothing(demo: Path, joined: str, cluster: Running) -> None:
    killer = Killer(cluster, 1.0)
    killer.start()
    try:
        out = cleaned(demo, "killed", engine=joined, workers=2, verify=False)
    finally:
        killer.ended.set()
        killer.join()
    assert killer.killed >= 2
    assert told(out) == told(demo / "local")
    assert not cluster.left


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More rows, so that tasks take their time."""
    folder = tmp_path_factory.mktemp("demo")
    done = relaion("demo", "--out", folder / "d", "--rows", "20000")
    assert done.returncode == 0, done.stderr
    (folder / "d/words.txt").write_bytes((folder / "d/keywords.txt").read_bytes())
    cleaned(folder / "d", "local", engine="local", verify=False)
    return folder / "d"


def test_a_task_that_takes_long_is_tried_a_second_time(
    demo: Path, joined: str, cluster: Running, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """A worker that is stopped, as on a machine that hangs; its late result changes nothing."""
    monkeypatch.setattr(ray_pool, "SLOW_SECONDS", 2.0)
    caplog.set_level("INFO", "relaion")
    stopped: list[int] = []

    def stop_one() -> None:
        while not stopped:
            for pid in couriers_and_workers(cluster)[1][:1]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    stopped.append(pid)
            time.sleep(0.05)

    threading.Thread(target=stop_one, daemon=True).start()
    out = cleaned(demo, "slow", engine=joined, workers=2, verify=False)
    assert stopped and "takes long, so it is tried" in caplog.text
    assert told(out) == told(demo / "local")
    assert couriers_and_workers(cluster) == ([], [])
    assert not Path(f"/proc/{stopped[0]}").exists()


def test_an_answer_that_cannot_be_written_is_told_as_that(demo: Path, joined: str) -> None:
    """As of a full or read-only work folder: not as a worker that was lost many times."""
    folder, done = demo / "unwritable/.work/ray", threading.Event()

    def bar() -> None:
        while not done.is_set():
            for task in folder.glob("*.task"):
                (task.with_suffix(".answer") / "in the way").mkdir(parents=True, exist_ok=True)
            time.sleep(0.01)

    thread = threading.Thread(target=bar, daemon=True)
    thread.start()
    try:
        with pytest.raises(OutputError, match=r"\.answer: cannot be written") as e:
            cleaned(demo, "unwritable", engine=joined, workers=2, verify=False)
    finally:
        done.set()
        thread.join()
    assert "was lost" not in str(e.value) and "\n" not in str(e.value)


def test_a_run_whose_driver_was_killed_goes_on(demo: Path, cluster: Running) -> None:
    out = demo / "broken-off"
    command = [
        "clean", "data", "--lists", "lists.duckdb", "--out", out.name, "--keywords", "words.txt",
        "--memory", "1GB", "--engine", cluster.engine, "--no-verify",
    ]  # fmt: skip
    first = subprocess.Popen(
        [sys.executable, "-m", "relaion", *command],
        cwd=demo, env=os.environ | dict(cluster.env), stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    while not any(out.rglob("part-*.parquet")):
        assert first.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    first.kill()
    first.wait()
    again = relaion(*command, cwd=demo, **cluster.env)
    assert again.returncode == 0, again.stderr
    assert "going on with the interrupted run" in again.stderr
    assert told(out) == told(demo / "local")
    assert couriers_and_workers(cluster) == ([], [])
    assert not cluster.left


def test_what_a_lost_machine_did_is_done_by_another(
    demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="rt-", dir="/tmp") as place,
        running(Path(place) / "r", 1, 1) as cluster,
    ):
        for name, value in cluster.env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(tasks, "FEWEST_ROWS", 1)
        lost = threading.Event()

        def lose() -> None:
            while len(couriers_and_workers(cluster)[1]) < 2:
                time.sleep(0.05)
            lost.set()
            cluster.lose()

        threading.Thread(target=lose, daemon=True).start()
        out = cleaned(demo, "lost", engine=cluster.engine, verify=False)
        assert lost.is_set()
        assert told(out) == told(demo / "local")


# -- what is refused -------------------------------------------------------------------------------


def test_a_node_of_another_version_is_refused(
    world: Path, cluster: Running, tmp_path: Path
) -> None:
    stub = tmp_path / "stub" / "duckdb-9.8.7.dist-info"
    stub.mkdir(parents=True)
    (stub / "METADATA").write_text("Metadata-Version: 2.1\nName: duckdb\nVersion: 9.8.7\n")
    path = os.pathsep.join([str(stub.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    there = {"runtime_env": {"env_vars": {"PYTHONPATH": path}}}
    env = dict(cluster.env) | {"RAY_JOB_CONFIG_JSON_ENV_VAR": json.dumps(there)}
    done = relaion(
        "match", "data", "--lists", "lists.duckdb", "--engine", cluster.engine, cwd=world, **env
    )
    assert done.returncode == 2
    line = done.stderr.strip().splitlines()[-1]
    here = ray_courier.versions()["DuckDB"]
    assert f"has DuckDB 9.8.7, this machine DuckDB {here}" in line


def test_a_cluster_that_asks_for_a_key_is_told_so(world: Path, cluster: Running) -> None:
    env = dict(cluster.env) | {"RAY_AUTH_TOKEN": "0" * 64}
    done = relaion(
        "match", "data", "--lists", "lists.duckdb", "--engine", cluster.engine, cwd=world, **env
    )
    assert done.returncode == 2
    assert "key" in done.stderr.strip().splitlines()[-1]


# -- what is disclosed -----------------------------------------------------------------------------


def test_a_cluster_of_our_own_is_private_and_of_this_machine_alone(world: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="rt-", dir="/tmp") as temp:
        run = subprocess.Popen(
            [sys.executable, "-m", "relaion", "match", "data", "--lists", "lists.duckdb",
             "--engine", "ray", "--workers", "1", "--memory", "1GB"],
            cwd=world, env=os.environ | {"TMPDIR": temp}, stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        seen: set[str] = set()
        while run.poll() is None:
            for folder in Path(temp).glob("relaion-ray-*"):
                assert folder.stat().st_mode & 0o777 == 0o700
                seen |= listening(folder.name)
            time.sleep(0.3)
        assert run.returncode == 0, run.stderr and run.stderr.read()
        assert seen and all(place.startswith(("0100007F:", "0000000000000000FFFF00000100007F:"))
                            for place in seen), seen  # fmt: skip
        assert not list(Path(temp).glob("relaion-*"))


def test_a_run_and_its_check_have_one_cluster_of_their_own(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each that is started has a folder, and takes seconds."""
    monkeypatch.setattr(find, "FEWEST_ROWS", 1)
    monkeypatch.setattr(tasks, "FEWEST_ROWS", 1)
    monkeypatch.setattr("relaion.stages.verify.SMALL", 0)
    seen: set[str] = set()
    offices: set[str] = set()
    ended = threading.Event()

    def look(temp: str) -> None:
        while not ended.wait(0.1):
            seen.update(p.name for p in Path(temp).glob("relaion-ray-*"))
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    if b"relaion.run.ray.office" in (process / "cmdline").read_bytes():
                        offices.add(process.name)

    with tempfile.TemporaryDirectory(prefix="rt-", dir="/tmp") as temp:
        monkeypatch.setenv("TMPDIR", temp)
        monkeypatch.setattr(tempfile, "tempdir", None)
        looking = threading.Thread(target=look, args=[temp])
        looking.start()
        try:
            out = cleaned(world, "own", engine="ray", workers=2)
        finally:
            ended.set()
            looking.join()
        assert not list(Path(temp).glob("relaion-*"))
    assert told(out) == told(world / "local")
    assert len(seen) == 1
    assert len(offices) >= 2, "the check had no connection of its own"


def listening(name: str) -> set[str]:
    """Where processes listen that have this name in their command line, as the kernel has it."""
    inodes = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if name.encode() in (process / "cmdline").read_bytes():
                inodes |= {str(fd.readlink()) for fd in (process / "fd").iterdir()}
        except OSError:
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, place, _, state, *rest = line.split()
            if state == "0A" and f"socket:[{rest[5]}]" in inodes:
                found.add(place)
    return found


def test_ray_is_told_nothing_that_is_listed(world: Path, joined: str, cluster: Running) -> None:
    """Last in this file: the logs are those of all runs above, and of workers that were killed."""
    cleaned(world, "covered", engine=joined, cover=2, cover_site_rows=100)
    files = [p for p in cluster.folder.rglob("*") if p.is_file()]
    assert any("Courier" in p.read_text(errors="replace") for p in files)  # it is looked at
    links = [link.split("//")[1] for link in cover_world.LINKS]
    values = [*links, *(link.split("/")[0] for link in links), "site0.example", "picture"]
    values += ["lists.duckdb", "words.txt"]
    for file in files:
        raw = file.read_bytes()
        for value in values:
            assert value.encode() not in raw, f"{file.name} holds a value"
