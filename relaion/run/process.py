"""One worker process as its parent sees it: a task in, an answer out, within limits.

A process is started first, and introduced to its work when there is some: in between it loads
its libraries, and so does its parent.
"""

import base64
import errno
import json
import os
import pickle
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LOOK_SECONDS = 0.2  # between two looks at the memory of all
_ANONYMOUS = re.compile(r"^RssAnon:\s+(\d+) kB", re.MULTILINE)
LOG = "errors.log"
LONGEST = 6 * 3600.0
SHORTEST = 120.0
A_FILE = 1.0  # to open it anew in each step of a search
_OVER = 1.1  # DuckDB and allocators round up


@dataclass(frozen=True)
class Guard:
    """Bytes of memory for all processes together, and a time in place of the tasks' own."""

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


class Family:
    """This process and its workers, with all that they started: what memory they hold."""

    def __init__(self) -> None:
        self._workers: set[int] = set()

    def join(self, pid: int) -> None:
        """Count a worker in."""
        self._workers.add(pid)

    def leave(self, pid: int) -> None:
        """Count a worker out."""
        self._workers.discard(pid)

    def is_too_much(self, limit: int, worker: int) -> int | None:
        """Bytes of all, where these are too many and this worker holds the most; else None."""
        held = {pid: sum(map(_private, _descent(pid))) for pid in list(self._workers)}
        total = _private(os.getpid()) + sum(held.values())
        most = max(held, key=held.__getitem__, default=None)
        return total if total > limit * _OVER and most == worker else None


def _descent(pid: int) -> Iterator[int]:
    """A process and all below it, whichever of its threads began them."""
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it ended just now
            for child in path.read_text().split():
                yield from _descent(int(child))


def _private(pid: int) -> int:
    """Bytes of memory that a process shares with nobody; 0 where it ended, or this is no Linux."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = _ANONYMOUS.search(status)
    return int(found[1]) * 1024 if found else 0


_early: list[_Started] = []


def start_early() -> None:
    """Start a process for the first worker that is asked for; for whoever surely asks for one.

    It ends with this process in any case.
    """
    with suppress(OSError):  # whoever asks for a worker hears why
        _early.append(_Started())


class Worker:
    """A process that does one task after the other. Not to be shared between threads."""

    def __init__(self, work: Path, guard: Guard, held: tuple[int, ...], family: Family) -> None:
        """Start it; raises OSError where that cannot be done."""
        self._guard = guard
        self._family = family
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
        family.join(self._process.pid)

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
                limit = self._guard.memory
                if limit and (taken := self._family.is_too_much(limit, self._process.pid)):
                    return WorkerAnswer(_too_much(limit, taken), broken=True)
        found = stdout.readline()
        if not found.endswith(b"\n"):
            return self._ended()
        said = json.loads(found)
        return WorkerAnswer(said["error"], bool(said["fatal"]), said=said)

    def _ended(self) -> WorkerAnswer:
        code = self._process.wait()
        if code >= 0:
            return WorkerAnswer(f"its worker ended (exit status {code})", broken=True)
        name = signal.Signals(-code).name
        why = ", perhaps for want of memory" if -code == signal.SIGKILL else ""
        return WorkerAnswer(f"its worker was ended by {name}{why}", broken=True)

    def end(self) -> None:
        """End the process at once, and those that it started."""
        self._family.leave(self._process.pid)
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


def _too_much(limit: int, taken: int) -> str:
    wanted = -(-taken * 3 // 2 // 100_000_000) / 10  # what it took so far, and half as much again
    return (
        f"with it, all processes took more than {limit / 1e9:.1f} GB of memory, so it was stopped; "
        f"give --memory {wanted:.1f}GB or fewer --workers, or get the file again if it should not"
    )
