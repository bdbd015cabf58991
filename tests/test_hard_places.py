"""Few open files, somebody else's folders, too little time: done all the same, or one line."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from relaion import clean, match
from relaion.errors import RelaionError
from tests.faults.world import make
from tests.pipeline import InProcess

NOBODY = 65_534


@pytest.mark.slow
def test_many_shards_with_few_open_files(tmp_path: Path) -> None:
    world = make(tmp_path, shards=150)
    command = 'ulimit -n 64 && exec "$0" -m relaion clean data --lists lists.duckdb --out out'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable],
        cwd=world, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(list((world / "out/research").rglob("*.parquet"))) == 150


@pytest.mark.parametrize(
    "work", [pytest.param(match, marks=pytest.mark.slow), clean], ids=["match", "clean"]
)
def test_a_time_limit_stops_a_batch_and_says_how_to_give_more(
    tmp_path: Path, work: Callable[..., object]
) -> None:
    world = make(tmp_path, shards=1)
    places = {} if work is match else {"out": world / "out"}
    with pytest.raises(RelaionError, match=r"took longer than 0\.001 s .* --time-limit") as error:
        work(world / "data", world / "lists.duckdb", time_limit=0.001, **places)
    is_named = str(error.value).startswith(str(world / "data"))
    # no file is to be repaired where a step is stopped that reads none
    assert (is_named, "repair" in str(error.value)) == ((work is match),) * 2


def as_nobody(do: Callable[[], object]) -> str:
    """What an error says in a process of another user; `done` where there was none."""
    said, say = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            do()
            os.write(say, b"done")
        except RelaionError as e:
            os.write(say, str(e).encode())
        except BaseException as e:
            os.write(say, f"{type(e).__name__}\n{e}".encode())
        finally:
            os._exit(0)
    os.close(say)
    os.waitpid(child, 0)
    with os.fdopen(said) as f:
        return f.read()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize(
    ("closed", "line"),
    [
        ("data/en/part-0.parquet", "data/en/part-0.parquet: cannot be read"),
        ("data/en", "cannot be read"),
        ("lists.duckdb", "lists.duckdb: cannot be read"),
        ("lists.duckdb.key", "lists.duckdb.key: "),
        ("out", "out: cannot be written"),
        ("out/.work", "is a link or somebody else's"),
    ],
)
def test_what_belongs_to_another_user_is_one_line(tmp_path: Path, closed: str, line: str) -> None:
    world = make(tmp_path, shards=1)
    for folder in (world, *world.parents):
        if folder.stat().st_uid == 0 and folder.is_relative_to(tempfile.gettempdir()):
            folder.chmod(folder.stat().st_mode | 0o755)
    (world / "out/.work").mkdir(parents=True)
    for path in (world, *world.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.chown(world / closed, 0, 0)
    (world / closed).chmod(0o700)
    said = as_nobody(
        lambda: clean(
            world / "data", world / "lists.duckdb", world / "out",
            verify=False, workers=1, executor=InProcess(),
        )
    )  # fmt: skip
    assert line in said
    assert "\n" not in said and "listed.example" not in said


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("out", ["out", "deep/out"])
def test_a_umask_that_keeps_files_from_their_owner_is_named(tmp_path: Path, out: str) -> None:
    world = make(tmp_path, shards=1)
    for path in (world, *world.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    for folder in world.parents:
        if folder.stat().st_uid == 0 and folder.is_relative_to(tempfile.gettempdir()):
            folder.chmod(folder.stat().st_mode | 0o755)

    def work() -> None:
        os.umask(0o777)
        clean(
            world / "data", world / "lists.duckdb", world / out,
            verify=False, workers=1, executor=InProcess(),
        )  # fmt: skip

    assert "the umask 0777 keeps you from what you make: set another" in as_nobody(work)
