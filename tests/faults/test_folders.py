"""Locks, private folders and what a run may not touch: in-process, so it is fast."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from relaion.errors import BusyError, InputError, OutputError
from relaion.paths import atomic_write, locked, private_folder, remove_parts
from relaion.run.outputs import work_of
from relaion.stages.clean import clean
from relaion.stages.purge import purge
from tests.pipeline import InProcess, Sent, add_lists, write_shard

LISTED = "https://listed.example/a.jpg"


@pytest.fixture
def world(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        rows: list[dict[str, Any]] = [{"url": f"https://h.example/{name}{i}"} for i in range(5)]
        write_shard(tmp_path / f"data/en/{name}.parquet", rows)
    write_shard(tmp_path / "data/en/c.parquet", [{"url": LISTED}, {"url": None}])
    add_lists(tmp_path / "lists.duckdb", [Sent((("url", LISTED),))])
    return tmp_path


def run(world: Path, **options: Any) -> Any:
    options = {"workers": 1, "executor": InProcess(), "verify": False, **options}
    return clean([world / "data"], world / "lists.duckdb", world / "out", **options)


@pytest.mark.parametrize("is_folder", [True, False])
def test_who_holds_a_lock_is_said(tmp_path: Path, is_folder: bool) -> None:
    path = tmp_path if is_folder else tmp_path / "store.lock"
    said = f"process {os.getpid()} is writing"
    with (
        locked(path, "is writing"),
        pytest.raises(BusyError, match=said),
        locked(path, "is writing"),
    ):
        pass
    with locked(path, "is writing"):  # it is free again
        pass


def test_a_lock_that_its_taker_left_to_a_child_names_the_child(tmp_path: Path) -> None:
    taker = (
        "import fcntl, os, subprocess, sys\n"
        "h = os.open(sys.argv[1], os.O_RDONLY)\n"
        "fcntl.flock(h, fcntl.LOCK_EX)\n"
        "print(subprocess.Popen(['sleep', '60'], pass_fds=[h], stdout=2).pid)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", taker, str(tmp_path)], text=True,
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    heir = int(done.stdout)
    try:
        with pytest.raises(BusyError, match=f"process {heir} "), locked(tmp_path, "is writing"):
            pass
    finally:
        os.kill(heir, 9)


def test_a_folder_given_for_work_keeps_what_it_holds(world: Path) -> None:
    place = world / "scratch"
    place.mkdir(mode=0o755)
    (place / "thesis.txt").write_text("mine")
    run(world, work=place)
    assert [p.name for p in place.iterdir()] == ["thesis.txt"]
    assert place.stat().st_mode & 0o777 == 0o755
    purge(world / "out", work=place)
    assert (place / "thesis.txt").read_text() == "mine"


def test_work_inside_the_inputs_is_refused(world: Path) -> None:
    with pytest.raises(InputError, match="lies inside the input folder"):
        run(world, work=world / "data/en/scratch")


def test_inputs_keep_mode_and_time_when_they_are_linked(world: Path) -> None:
    paths = sorted((world / "data/en").iterdir())
    for path in paths:
        path.chmod(0o440)
    before = [(p.stat().st_mode, p.stat().st_mtime_ns, p.read_bytes()) for p in paths]
    run(world)
    assert (world / "out/research/en/a.parquet").stat().st_ino == paths[0].stat().st_ino
    assert [(p.stat().st_mode, p.stat().st_mtime_ns, p.read_bytes()) for p in paths] == before


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_what_is_public_is_so_by_the_umask_and_what_is_private_is_not(
    world: Path, umask: int
) -> None:
    seen: dict[str, int] = {}

    class Look(InProcess):
        def run(self, tasks: Any) -> Any:
            work = world / "out/.work"
            seen.update({str(p): p.stat().st_mode & 0o777 for p in (work, *work.rglob("*"))})
            yield from super().run(tasks)

    before = os.umask(umask)
    try:
        run(world, executor=Look())
    finally:
        os.umask(before)
    assert seen
    assert {path for path, mode in seen.items() if mode & 0o077} == set()
    assert (world / "out/research/en").stat().st_mode & 0o777 == 0o777 & ~umask
    assert (world / "out/research/en/c.parquet").stat().st_mode & 0o777 == 0o644


def test_a_private_folder_is_no_link_and_nobody_elses(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(OutputError, match="is a link or somebody else's"):
        private_folder(tmp_path / "link")
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o755


def test_what_a_killed_run_left_is_removed_and_not_believed(world: Path) -> None:
    """A kill while the work folder is removed may leave all of it but the plan."""
    run(world)
    expected = (world / "out/research/en/c.parquet").read_bytes()
    for name in ("out/manifest.json", "out/audit.duckdb"):
        (world / name).unlink()
    for edition in ("research", "research-safe"):
        for path in (world / "out" / edition / "en").iterdir():
            path.unlink()
        (world / "out" / edition / "en").rmdir()
        (world / "out" / edition).rmdir()
    work = work_of(world / "out", None)
    (work / "find").mkdir(parents=True)
    for name in ("hits-00000.parquet", "hit_unions.parquet", "journal.jsonl"):
        (work / name).write_bytes(b"of another run")
    run(world)
    assert (world / "out/research/en/c.parquet").read_bytes() == expected


def test_parts_are_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ZeroDivisionError), atomic_write(tmp_path / "a/x") as part:
        part.write_text("half")
        left = part.with_name(part.name)
        kept = part.read_text()
        1 / 0  # noqa: B018
    assert not left.exists()
    left.write_text(kept)
    (tmp_path / "a/.mine.part").write_text("mine")
    assert remove_parts(tmp_path) == 1
    assert [p.name for p in (tmp_path / "a").iterdir()] == [".mine.part"]


def test_long_names_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 127)
    with atomic_write(path) as part:
        part.write_text("x")
    assert path.read_text() == "x"
