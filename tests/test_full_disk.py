"""A disk that is full while a database is written: our one line says so, whatever DuckDB's class.

In processes of their own, in which no file may grow beyond some size.
"""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from relaion.engine.words import cause_of, words
from tests.faults.world import make

LIMITED = """
import resource, signal, sys
from pathlib import Path
from relaion.engine import connect
from relaion.errors import RelaionError
from relaion.lists.snapshot import take
from tests.faults.world import run

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[1])
try:
    {work}
except RelaionError as e:
    print(type(e).__name__, e)
"""
COMMIT = """with connect(folder / "a.duckdb") as engine:
        engine.execute("create table t (a varchar)")
        engine.execute("checkpoint")
        limit(100)
        engine.execute("insert into t values ('No space left on device, planted')")"""
CHECKPOINT = """with connect(folder / "a.duckdb") as engine:
        engine.execute("create table t (a varchar)")
        engine.execute("checkpoint")
        limit(4096)
        engine.execute("insert into t values ('No space left on device, planted')")
        engine.execute("checkpoint")"""
CLEAN = """limit(600_000)  # audit.duckdb alone is larger
    run(folder)"""


SNAPSHOT = """store = folder / "lists.db"
    store.write_bytes(bytes(8) + b"DUCK" + bytes(9000))
    store.chmod(0o604)  # no hard link of what others may read
    (folder / "work").mkdir()
    limit(100)
    take(store, folder / "work")"""


def said(work: str, folder: Path) -> str:
    code = LIMITED.format(work=work)
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "planted" not in done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "work", [pytest.param(COMMIT, marks=pytest.mark.slow), CHECKPOINT], ids=["commit", "checkpoint"]
)
def test_a_database_that_cannot_grow(work: str, tmp_path: Path) -> None:
    line = said(work, tmp_path)
    assert "found no room for a file" in line
    assert line.count("\n") == 1 and line.startswith("EngineError")


@pytest.mark.slow
def test_a_full_disk_is_blamed_where_the_copy_of_the_store_goes(tmp_path: Path) -> None:
    line = said(SNAPSHOT, tmp_path)
    assert line.startswith(f"NoRoomError {tmp_path}/work: has no room for a private copy of")
    assert "name another disk with --work" in line and line.count("\n") == 1
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.slow
def test_a_run_whose_audit_has_no_room_goes_on_when_there_is(tmp_path: Path) -> None:
    world = make(tmp_path)
    line = said(CLEAN, world)
    assert "found no room for a file" in line, line
    assert line.count("\n") == 1
    assert not (world / "out/manifest.json").exists()
    assert said("run(folder)", world) == ""
    assert (world / "out/manifest.json").exists()


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (duckdb.FatalException("FATAL Error: Failed to create checkpoint because of error: Could "
         'not write file "x": No space left on device'), "found no room on the disk"),
        (duckdb.TransactionException("TransactionContext Error: Failed to commit: Could not write "
         'file "x.wal": No space left on device'), "found no room on the disk"),
        (duckdb.TransactionException("TransactionContext Error: Failed to commit: PRIMARY KEY or "
         'UNIQUE constraint violation: duplicate key "No space left on device"'), None),
        (duckdb.ConversionException('Could not convert string "File too large" to INT32'), None),
    ],
)  # fmt: skip
def test_what_a_value_says_is_no_cause(error: duckdb.Error, cause: str | None) -> None:
    assert cause_of(error) == cause
    assert (cause or "found no room") in words(error) or cause is None
