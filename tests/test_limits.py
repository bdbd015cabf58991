"""`--memory` is shared out among all processes of a run, and all of them are counted."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.engine import connect
from relaion.errors import InputError
from relaion.run.process import Family, descent
from relaion.run.settings import A_PROCESS, LEAST, Limits, limits_of

MB = 1_000_000


@given(memory=st.integers(LEAST, 10**12), workers=st.integers(1, 256))
def test_what_all_processes_may_take_is_within_the_memory(memory: int, workers: int) -> None:
    limits = Limits(workers, memory)
    n = limits.fitting(workers)
    assert 1 <= n <= workers
    assert 2 * A_PROCESS + int(limits.find_memory.rstrip("B")) <= memory
    deciding = int(limits.decide_memory.rstrip("B"))
    assert (n + 1) * A_PROCESS + n * deciding <= max(memory, 2 * A_PROCESS + 64 * MB)


@pytest.mark.parametrize(
    ("memory", "wanted", "n"),
    [("500MB", 8, 1), ("700MB", 2, 1), ("1GB", 2, 2), ("2GB", 8, 3), ("64GB", 64, 64)],
)
def test_workers_are_lowered_to_fit(memory: str, wanted: int, n: int) -> None:
    assert limits_of(wanted, memory).fitting(wanted) == n


@pytest.mark.parametrize("memory", ["0", "64MB", "499MB"])
def test_too_little_is_refused_with_what_is_enough(memory: str) -> None:
    with pytest.raises(InputError, match=rf"--memory {memory}: too little .* give 500MB at least"):
        limits_of(1, memory)


@pytest.mark.parametrize("memory", ["9" * 400, "9" * 30 + "GB", "2000000000TB"])
def test_more_than_any_machine_has_is_refused(memory: str) -> None:
    with pytest.raises(InputError, match="is more than any machine has; write it like 2GB"):
        limits_of(1, memory)


class _Notebook:
    """A connection as in a notebook without widgets, which has no bar to switch off."""

    def __init__(self, con: Any) -> None:
        self._con = con

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)

    def execute(self, sql: str, *given: Any) -> Any:
        if "progress_bar" in sql:
            raise duckdb.InvalidInputException("no progress bar here")
        return self._con.execute(sql, *given)


def test_a_notebook_holds_no_row_group_as_a_whole_either(monkeypatch: pytest.MonkeyPatch) -> None:
    start, seen = duckdb.connect, "relaion.engine.connection.duckdb.connect"
    monkeypatch.setattr(seen, lambda *given, **named: _Notebook(start(*given, **named)))
    with connect() as engine:
        assert engine.rows("select current_setting('disable_parquet_prefetching')") == [(True,)]


GREEDY = """
import subprocess, sys, time
held = bytearray(b"x") * 80_000_000
if len(sys.argv) < 2:
    subprocess.Popen([sys.executable, __file__, "child"])
print("ready", flush=True)
time.sleep(60)
"""


def test_what_children_of_a_worker_hold_counts_too(tmp_path: Path) -> None:
    """The one that holds the most is the one that is stopped."""
    (tmp_path / "greedy.py").write_text(GREEDY)
    modest = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    greedy = subprocess.Popen(
        [sys.executable, str(tmp_path / "greedy.py")], stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert greedy.stdout
    try:
        for _ in range(2):  # it, and its child
            assert greedy.stdout.readline() == "ready\n"
        family = Family()
        family.join(modest.pid)
        family.join(greedy.pid)
        taken = family.is_too_much(1 * MB, greedy.pid)
        assert taken is not None and taken > 160 * MB
        assert family.is_too_much(1 * MB, modest.pid) is None
        assert family.is_too_much(taken, greedy.pid) is None
        family.leave(greedy.pid)
        left = family.is_too_much(1 * MB, modest.pid)
        assert left is not None and left < taken - 150 * MB
    finally:
        os.killpg(greedy.pid, signal.SIGKILL)
        modest.kill()
        greedy.wait()
        modest.wait()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux")
def test_a_process_that_is_only_a_copy_of_its_parent_counts_once() -> None:
    """One that is about to begin a program has its parent's memory until then."""
    program = (
        "import os, time\n"
        "copy = os.fork()\n"
        "if not copy: time.sleep(600)\n"
        "other = os.spawnlp(os.P_NOWAIT, 'sleep', 'sleep', '600')\n"
        "print(copy, other, flush=True)\n"
        "time.sleep(600)"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        copy, other = map(int, process.stdout.readline().split())
        try:
            until = time.monotonic() + 300
            while (found := list(descent(process.pid))) != [process.pid, other]:
                assert time.monotonic() < until, (found, copy, other)
                time.sleep(0.05)
        finally:
            for pid in (copy, other, process.pid):
                os.kill(pid, signal.SIGKILL)
