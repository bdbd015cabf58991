"""What passes between this process and its workers: answers only, and what breaks is told."""

import json
import signal
import socket
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from relaion.__main__ import HAVE_A_WORKER
from relaion.cli import app
from relaion.run import process
from relaion.run.pool import LocalPool
from relaion.run.process import LOG, Family, Guard, TaskOutcome, Worker, packed, way_on

TOLD = json.dumps({"told": packed("half"), "waits": False})


def worker(monkeypatch: pytest.MonkeyPatch, script: str) -> Worker:
    """One whose process does a script of the shell in place of tasks."""

    def started() -> Any:
        control, theirs = socket.socketpair()
        theirs.close()
        pipes = subprocess.Popen(
            ["sh", "-c", f"read _; {script}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        return SimpleNamespace(control=control, process=pipes)

    monkeypatch.setattr(process, "_early", [])
    monkeypatch.setattr(process, "_Started", started)
    return Worker(Guard(), Family())


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo 'a library says so'", "gave an answer that cannot be read"),
        ("echo '[1]'", "gave an answer that cannot be read"),
        ("echo '{\"error\": null}'", "gave an answer that cannot be read"),
        ("printf '\\377\\n'", "gave an answer that cannot be read"),
        ("kill -40 $$", "was ended by signal 40"),
        ("kill -9 $$", "was ended by SIGKILL, probably because memory ran out"),
        ("exit 3", "ended (exit status 3)"),
    ],
)
def test_a_broken_worker_is_told_as_one(
    monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    made = worker(monkeypatch, script)
    try:
        found = made.ask("task", 20)
    finally:
        made.end()
    assert found is not None and found.broken and found.error
    assert found.error.startswith(f"its process {why}") and "\n" not in found.error


def test_what_was_killed_is_not_to_be_repaired() -> None:
    killed = "a.parquet: its process was ended by SIGKILL, probably because memory ran out"
    less = "give a smaller --memory or fewer --workers, and repeat the command to go on"
    assert way_on([killed], "repair it") == ("was not done", less)
    assert way_on([killed, killed], "repair it") == ("were not done", less)
    for lines in ([killed, "b.parquet: is cut off"], ["SIGKILL.parquet: is cut off"], []):
        assert way_on(lines, "repair it") == (
            "failed", "repair it and repeat the command to go on"
        )  # fmt: skip


def test_who_tells_how_far_it_is_gets_no_more_time_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = worker(monkeypatch, "while :; do echo '{\"moved\": 0.5}'; sleep 0.05; done")
    heard: list[float] = []
    try:
        found = made.ask("task", 1, moved=heard.append)
    finally:
        made.end()
    assert found is not None and found.broken and found.error
    assert found.error.startswith("took longer than 1 s")
    assert set(heard) == {0.5}


def test_what_a_listener_raises_is_not_taken_for_a_closed_pipe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = worker(monkeypatch, f"echo '{TOLD}'; sleep 20")
    try:
        with pytest.raises(ValueError, match="invalid literal"):
            made.ask("task", 20, hear=int)
    finally:
        made.end()
    assert made.ask("task", 20) is None, "this is a closed pipe"


def test_a_bug_of_the_thread_that_feeds_a_worker_is_raised_where_its_outcome_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ask(*_: object, **__: object) -> TaskOutcome:
        raise KeyError("a bug")

    monkeypatch.setattr(Worker, "ask", ask)
    task: Any = SimpleNamespace(no=1, named="a.parquet", seconds=5.0)
    raised: list[Exception] = []

    def run() -> None:
        try:
            list(LocalPool(1, tmp_path).run([task, task]))
        except KeyError as e:
            raised.append(e)

    waiting = threading.Thread(target=run, daemon=True)
    waiting.start()
    waiting.join(20)
    assert raised, "nobody is to wait for ever"


@pytest.mark.usefixtures("calls_in_workers")
def test_what_is_printed_below_python_passes_for_no_answer(tmp_path: Path) -> None:
    with LocalPool() as pool:
        assert pool.call("os:write", 1, b"before\n") == 7
        pool.begin(1, tmp_path, ())
        assert pool.call("os:system", "echo after") == 0
        assert (tmp_path / LOG).read_bytes() == b"after\n"


def test_a_process_that_was_started_early_is_the_first_worker_or_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "_early", [])
    process.start_early()
    (early,) = process._early
    process.start_early()  # as a command does that was not known to need one
    first = Worker(Guard(), Family())
    assert first._process is early.process and not process._early
    first.end()
    process.start_early()
    (early,) = process._early
    process.end_early()
    assert early.process.wait(10) == -signal.SIGKILL and not process._early


def test_each_command_that_has_a_worker_starts_it_before_all_else() -> None:
    found = {
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback is not None
        and {"working", "start_early"} & {*command.callback.__code__.co_names}
    }
    assert found == HAVE_A_WORKER
