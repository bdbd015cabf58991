"""A worker process: takes tasks and calls line by line, answers each with one line of JSON.

Started by `worker_process.py` with a socket, from which it takes its work folder and the
locks that it shares, once there are any. Nothing of a task stands in its arguments or
environment. It ends when its parent does, so that no orphan goes on writing.
"""

import json
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from relaion.errors import (
    ListError,
    NoRoomError,
    OutputError,
    RelaionError,
    ScriptError,
    is_short,
)
from relaion.odometer import ODOMETER
from relaion.paths import shown
from relaion.processes import serve_parent
from relaion.remote.failures import StoreDownError
from relaion.run.cover_task import COVER_STEPS
from relaion.run.decide import Decider
from relaion.run.find_task import SEARCH, Finders, run_find
from relaion.run.notes import NOTES, gather
from relaion.run.pool import Call, CallTask, WorkerBugError, done
from relaion.run.process import INTRODUCED, LOG, TaskOutcome, packed, unpacked
from relaion.run.settings import Settings
from relaion.run.shard_task import run_task
from relaion.run.tasks import FindTask, Task
from relaion.run.update_task import UPDATE_STEPS

_STEPS = {**SEARCH, **COVER_STEPS, **UPDATE_STEPS}
_LONGEST_PATH = 1 << 16
_MOST_LOCKS = 16
MORE = "give more with --memory, or take fewer --workers"


class Serving:
    """What a worker keeps from task to task; `log` is where unknown errors go."""

    def __init__(self, log: Path | None = None) -> None:
        self.log = log
        self._decider: Decider | None = None
        self._finders = Finders()

    def answer(
        self, line: str, tell: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
        """Do one task; an unknown error is named by class and place, its text stays private.

        `fatal` says that the fault is not this shard's: the next task cannot go well. `tell`
        takes what a call says before it is done, and how far any other task has come.
        """
        task = unpacked(line)
        moved = None if tell is None else lambda at: tell({"moved": round(at, 3)})
        if isinstance(task, Call):
            self._finders.close()
            self._decides_no_more()
            with ODOMETER.telling(moved):
                return _called(
                    task,
                    _unheard
                    if tell is None
                    else lambda word, waits=False: tell({"told": packed(word), "waits": waits}),
                )
        if not isinstance(
            task, FindTask | Task | CallTask
        ):  # though nobody else writes to this pipe
            raise TypeError(f"a task, not {type(task).__name__}")
        with ODOMETER.telling(moved):
            became = self._do(task)
        return {"error": became.error, "fatal": became.fatal, **became.said}

    def _do(self, task: FindTask | Task | CallTask) -> TaskOutcome:
        began, worked = time.monotonic(), time.process_time()
        try:
            became = self._done(task)
            NOTES.debug(
                "%s: %.2f s (%.2f s of processors) in process %d", task.named,
                time.monotonic() - began, time.process_time() - worked, os.getpid(),
            )  # fmt: skip
            return became
        except RelaionError as e:
            # what cannot be written of one shard may well be of another
            output = OutputError if isinstance(task, FindTask) else NoRoomError
            fatal = isinstance(e, (ListError, ScriptError, output, StoreDownError))
            return TaskOutcome(task.no, str(e), fatal)
        except Exception as e:  # the one place where a bug in a task must not end the run
            if is_short(e):
                return TaskOutcome(task.no, f"{task.named}: ran out of memory; {MORE}")
            if isinstance(e, OSError):
                where = task.named if e.filename is None else shown(e.filename)
                return TaskOutcome(task.no, f"{where}: {e.strerror or type(e).__name__}")
            return TaskOutcome(task.no, self._unexpected(task.named, e))

    def _done(self, task: FindTask | Task | CallTask) -> TaskOutcome:
        if isinstance(task, CallTask):
            return TaskOutcome(task.no, None, said={"value": packed(done(task.call, _unheard))})
        if isinstance(task, Task):
            self._finders.close()  # a search whose last steps were done before
            return run_task(task, self._decider_of(task.settings), self._unexpected)
        return run_find(task, self._finders, _STEPS)

    def _decider_of(self, settings: Settings) -> Decider:
        """The one for these settings, kept from batch to batch."""
        if self._decider is None or self._decider.settings != settings:
            self._decides_no_more()
            self._decider = Decider(settings)
        return self._decider

    def _decides_no_more(self) -> None:
        if self._decider is not None:
            self._decider.close()
        self._decider = None

    def _unexpected(self, named: str, error: BaseException) -> str:
        if self.log is not None:
            _keep(self.log)
        return f"{named}: {type(error).__name__} in {_place(error)}; details in {self.log}"


def _unheard(*_: object, **__: object) -> None:
    """Nobody listens to one of many tasks."""


def _called(call: Call, tell: Callable[..., object]) -> dict[str, Any]:
    """Do a call: what it returned or raised, for `pool.returned`."""
    try:
        return {"error": None, "fatal": False, "value": packed(done(call, tell))}
    except Exception as e:
        if isinstance(e, RelaionError | OSError) or is_short(e):
            return {"error": type(e).__name__, "fatal": False, "value": packed(e)}
        what = f"{type(e).__name__} at {_place(e)}"
        bug = WorkerBugError(what, "".join(traceback.format_exception(e)))
        return {"error": what, "fatal": False, "value": packed(bug)}


def _place(error: BaseException) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(place.filename).name}:{place.lineno}"


def _keep(log: Path) -> None:
    """Add the current exception to a file that only its owner can read."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace") as f:
        f.write(traceback.format_exc() + "\n")


def _introduced(control: socket.socket) -> Path:
    """The work folder; what is handed over with it stays open as long as this process lives."""
    said, _, _, _ = socket.recv_fds(control, _LONGEST_PATH, _MOST_LOCKS)
    if not said:  # the parent is gone
        raise SystemExit
    work = Path(os.fsdecode(said))
    # what a library says while it breaks may quote a row
    log = os.open(work / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    return work


def main() -> None:
    """Serve tasks until stdin ends."""
    os.umask(0o077)
    serve_parent()
    serving, notes = Serving(), gather()
    # what else is printed, by Python or a library below it, may not pass for an answer
    answers, sys.stdout = os.fdopen(os.dup(1), "w", encoding="ascii"), sys.stderr
    os.dup2(2, 1)

    one_at_a_time = threading.Lock()  # threads of a task say how far they are

    def tell(said: dict[str, Any]) -> None:
        with one_at_a_time:
            print(json.dumps(said), file=answers, flush=True)
        if said.get("waits"):
            sys.stdin.readline()

    with socket.socket(fileno=int(sys.argv[1])) as control:
        for line in sys.stdin:
            if line.encode() == INTRODUCED:
                serving.log = _introduced(control) / LOG
            else:
                tell(serving.answer(line, tell) | notes.taken())
