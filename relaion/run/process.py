"""One worker process as its parent sees it: a task in, an answer out, within limits.

A process is started first, and introduced to its work when there is some: in between it loads
its libraries, and so does its parent.
"""

import base64
import errno
import json
import os
import pickle
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LOOK_SECONDS = 0.2  # between two looks at a worker's memory
_PAGE = os.sysconf("SC_PAGE_SIZE")
LOG = "errors.log"
LONGEST = 6 * 3600.0
SHORTEST = 120.0
A_FILE = 1.0  # to open it anew in each step of a search
SLACK = 1 << 30  # memory beyond the setting: what is loaded, and single large pages


@dataclass(frozen=True)
class Guard:
    """Limits of every worker: bytes of memory, and a time in place of the tasks' own."""

    memory: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class WorkerAnswer:
    """What a worker said of its task.

    `fatal` when no other task can do better, `broken` when the process is of no use any more:
    `error` then begins where the name of the task is to stand. `said` is all that it said.
    """

    error: str | None
    fatal: bool = False
    broken: bool = False
    said: Mapping[str, Any] = field(default_factory=dict)


def seconds_for(rows: int, size: int, rows_a_second: int, files: int = 1) -> float:
    """How long a task may take that reads so many rows, bytes and files.

    An ordinary one takes a tenth of it.

    Rows are what a footer claims, so the longest time is bounded.
    """
    return min(LONGEST, SHORTEST + files * A_FILE + rows / rows_a_second + size / 2_000_000)


def packed(task: object) -> str:
    """A task as one line of text, for a worker of our own."""
    return base64.b64encode(pickle.dumps(task)).decode("ascii")


def unpacked(line: str) -> object:
    """What `packed` made; to be read from our own parent only."""
    found: object = pickle.loads(base64.b64decode(line))  # noqa: S301
    return found


class _Started:
    """A process that waits to be introduced to its work; raises OSError where none starts."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "relaion.run.worker", str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # until it knows where errors go
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C reaches the parent, which ends its workers
                env=os.environ | {"OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"},
            )
        except BaseException:
            self._ours.close()
            raise
        finally:
            theirs.close()

    def introduce(self, work: Path, held: tuple[int, ...]) -> None:
        """Name its work folder, and hand over what it is to hold open."""
        with self._ours:
            socket.send_fds(self._ours, [os.fsencode(work)], held)


_early: list[_Started] = []


def start_early() -> None:
    """Start a process for the first worker that is asked for; for whoever surely asks for one.

    It ends with this process in any case.
    """
    with suppress(OSError):  # whoever asks for a worker hears why
        _early.append(_Started())


class Worker:
    """A process that does one task after the other. Not to be shared between threads."""

    def __init__(self, work: Path, guard: Guard, held: tuple[int, ...]) -> None:
        """Start it; raises OSError where that cannot be done."""
        self._guard = guard
        started = _early.pop() if _early else _Started()
        self._process = started.process
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError(errno.EPIPE, "a process was started without its pipes")
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        try:
            started.introduce(work, held)
        except BaseException:
            self.end()
            raise

    def ask(self, task: str, seconds: float) -> WorkerAnswer | None:
        """Have a task done; None when this process was ended from another thread."""
        try:
            return self._ask(task.encode("ascii") + b"\n", self._guard.seconds or seconds)
        except ValueError:  # its pipes were closed
            return None

    def _ask(self, line: bytes, seconds: float) -> WorkerAnswer:
        stdin, stdout = self._stdin, self._stdout
        try:
            stdin.write(line)
            stdin.flush()
        except BrokenPipeError:
            return self._ended()
        until = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while not selector.select(_LOOK_SECONDS):
                if time.monotonic() > until:
                    return WorkerAnswer(_too_long(seconds), broken=True)
                if self._guard.memory and self._resident() > self._guard.memory:
                    return WorkerAnswer(_too_much(self._guard.memory), broken=True)
        found = stdout.readline()
        if not found.endswith(b"\n"):
            return self._ended()
        said = json.loads(found)
        return WorkerAnswer(said["error"], bool(said["fatal"]), said=said)

    def _resident(self) -> int:
        try:
            return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * _PAGE
        except (OSError, ValueError, IndexError):  # it has ended, or this is no Linux
            return 0

    def _ended(self) -> WorkerAnswer:
        code = self._process.wait()
        if code >= 0:
            return WorkerAnswer(f"its worker ended (exit status {code})", broken=True)
        name = signal.Signals(-code).name
        why = ", perhaps for want of memory" if -code == signal.SIGKILL else ""
        return WorkerAnswer(f"its worker was ended by {name}{why}", broken=True)

    def end(self) -> None:
        """End the process at once, and those that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not yet sent has no reader any more
                    pipe.close()


def _too_long(limit: float) -> str:
    return (
        f"took longer than {limit:g} s and was stopped; give more with --time-limit, or get the "
        "file again if it should not"
    )


def _too_much(limit: int) -> str:
    return (
        f"took more than {limit / 1e9:.1f} GB of memory and was stopped; give more with "
        "--memory, or get the file again if it should not"
    )
