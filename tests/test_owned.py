"""Private folders for a while: gone with their process, or swept by the next one; no others."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from relaion.errors import OutputError
from relaion.lists.database import writing
from relaion.lists.store_file import sweep_beside
from relaion.paths import owned_folder, remove_tree, sweep
from relaion.stages.purge import purge
from relaion.stages.sql import open_sql
from tests.pipeline import Sent, add_lists, write_shard

HOLD = (
    "import pathlib, sys, time\n"
    "from relaion.paths import owned_folder\n"
    "with owned_folder('match', pathlib.Path(sys.argv[1])) as owned:\n"
    "    (owned.path / 'hits').write_text('private')\n"
    "    print(owned.path, flush=True)\n"
    "    time.sleep(60)\n"
)


def holder(place: Path) -> tuple["subprocess.Popen[str]", Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place)], text=True, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_living_process_keeps_its_folder_and_a_killed_one_leaves_it_to_be_swept(
    tmp_path: Path,
) -> None:
    process, folder = holder(tmp_path)
    try:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert sweep(tmp_path) == 0
        assert (folder / "hits").exists()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert (folder / "hits").exists()
    assert sweep(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_has_the_lock_keeps_the_folder_of_its_killed_parent(tmp_path: Path) -> None:
    with owned_folder("match", tmp_path) as owned:
        worker = subprocess.Popen(["sleep", "60"], pass_fds=[owned.lock])
        handle = os.dup(owned.lock)
        os.close(handle)
        os.close(owned.lock)  # as the end of this process would
        try:
            assert sweep(tmp_path) == 0
        finally:
            worker.kill()
            worker.wait()
        assert sweep(tmp_path) == 1
        os.dup2(os.open(tmp_path, os.O_RDONLY), owned.lock)  # for the context to close


def test_only_what_is_ours_and_abandoned_is_swept(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_text("mine")
    place = tmp_path / "place"
    place.mkdir()
    (place / "relaion-match-abcd1234").symlink_to(elsewhere)
    (place / "relaion-match-abcd1235").write_text("a file")
    for name in ("relaion-0123456789abcdef", "relaion-demo", "relaion-match-abc", "other"):
        (place / name).mkdir()
    (place / "relaion-links-abcd1234").mkdir()
    before = {p.name for p in place.iterdir()}
    assert sweep(place) == 1
    assert {p.name for p in place.iterdir()} == before - {"relaion-links-abcd1234"}
    assert (elsewhere / "mine.txt").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_what_belongs_to_another_user_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "relaion-verify-abcd1234"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    assert sweep(tmp_path) == 0
    assert folder.is_dir()


def test_logs_of_errors_stay_for_a_day_or_until_they_are_purged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    old, new = (tmp_path / f"relaion-error-abcdefg{i}.log" for i in "12")
    for path in (old, new):
        path.write_text("Traceback")
    os.utime(old, (time.time() - 100_000,) * 2)
    assert sweep() == 1
    assert [p.name for p in tmp_path.iterdir()] == [new.name]
    (tmp_path / "out").mkdir()
    purge(tmp_path / "out")
    assert not new.exists()


def test_a_folder_that_a_sweeper_takes_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from relaion.paths import locks as module

    real = module._is_locked
    tried: list[Path] = []

    def late(handle: int, path: Path) -> bool:
        tried.append(path)
        if len(tried) == 1:
            path.rmdir()
        return real(handle, path)

    monkeypatch.setattr(module, "_is_locked", late)
    with owned_folder("verify", tmp_path) as owned:
        assert owned.path == tried[1] and owned.path.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_lists_add_left_is_removed_while_nobody_writes(tmp_path: Path) -> None:
    store = tmp_path / "lists.duckdb"
    add_lists(store, [Sent((("url", "https://listed.example/a.jpg"),))])
    left = tmp_path / ".lists.duckdb.work"
    with writing(store) as work:
        assert work == left
        sweep_beside(store)
        assert left.is_dir()
    left.mkdir()
    (left / "store.duckdb").write_bytes(b"private")
    sweep_beside(store)
    assert not left.exists()


KILLED = (
    "import os, signal, sys\n"
    "from relaion.lists import store\n"
    "store.take_in = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
    "store.add(sys.argv[1], sys.argv[2], source='A', dry_run=True)\n"
)


@pytest.mark.slow
def test_a_killed_lists_add_leaves_no_list_for_good(tmp_path: Path) -> None:
    """Neither what came by the standard input, nor the store of a dry run."""
    place, given = tmp_path / "tmp", tmp_path / "list.txt"
    place.mkdir()
    given.write_text("https://listed.example/a.jpg\n")
    env = os.environ | {"TMPDIR": str(place)}
    add = [sys.executable, "-m", "relaion", "lists", "add", "--source", "A", "--lists", "l.duckdb"]
    spooling = subprocess.Popen([*add, "-"], cwd=tmp_path, env=env, stdin=subprocess.PIPE)
    while spooling.poll() is None and not list(place.glob("relaion-stdin-*/standard input")):
        time.sleep(0.01)
    spooling.kill()
    spooling.communicate()
    trying = [sys.executable, "-c", KILLED, "l.duckdb", str(given)]
    assert subprocess.run(trying, cwd=tmp_path, env=env, check=False).returncode < 0
    assert [p.name.split("-")[1] for p in place.iterdir()] == ["lists"], "it swept the other"
    assert subprocess.run([*add, str(given)], cwd=tmp_path, env=env, check=False).returncode == 0
    assert list(place.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("then", ["match", "clean", "purge"])
def test_a_killed_match_leaves_nothing_for_good(tmp_path: Path, then: str) -> None:
    write_shard(tmp_path / "data/a.parquet", [{"url": "https://listed.example/a.jpg"}] * 9)
    add_lists(tmp_path / "lists.duckdb", [Sent((("url", "https://listed.example/a.jpg"),))])
    place = tmp_path / "tmp"
    place.mkdir()
    env = os.environ | {"TMPDIR": str(place)}

    def command(*args: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "relaion", *args], cwd=tmp_path, env=env,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    process = command("match", "data", "--lists", "lists.duckdb")
    while process.poll() is None and not list(place.glob("relaion-match-*/find/*.parquet")):
        time.sleep(0.01)
    process.kill()
    process.wait()
    (left,) = place.glob("relaion-match-*")
    (tmp_path / "out").mkdir()
    options = ["--out", "out", "--no-verify"]
    again = {
        "match": ["match", "data", "--lists", "lists.duckdb"],
        "clean": ["clean", "data", "--lists", "lists.duckdb", *options],
        "purge": ["clean", "data", "--lists", "lists.duckdb", "--out", "out", "--purge"],
    }[then]
    for _ in range(5):  # its worker ends soon after it, and holds the lock until then
        assert command(*again).wait() == 0
        if not left.exists():
            break
        time.sleep(0.5)
    assert list(place.iterdir()) == []


def test_a_prompt_keeps_its_folder_and_a_killed_one_s_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shard(tmp_path / "data/a.parquet", [{"url": "https://listed.example/a.jpg"}] * 9)
    place = tmp_path / "tmp"
    left = place / "relaion-sql-abcd_123"
    left.mkdir(parents=True)
    (left / "copy.parquet").write_bytes(b"private")
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with open_sql(tmp_path / "data") as prompt:
        (own,) = place.iterdir()
        assert own != left
        assert sweep() == 0
        assert prompt.answer("select count(*) from shard").rows == ((9,),)
    assert list(place.iterdir()) == []


def test_what_a_link_to_a_folder_leads_to_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/file").touch()
    (tmp_path / "work").symlink_to(tmp_path / "other")
    with pytest.raises(OutputError, match="work: cannot be removed"):
        remove_tree(tmp_path / "work")
    assert (tmp_path / "other/file").exists()


def test_no_folder_for_temporary_files_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in")

    monkeypatch.setattr("tempfile.gettempdir", none)
    assert sweep() == 0
    with pytest.raises(OutputError, match="set TMPDIR to another"), owned_folder("match"):
        pass
