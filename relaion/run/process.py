"""One worker process as its parent sees it: a task in, an answer out, within limits.

A process is started first, and introduced to its work folder when there is one: until then it
loads its libraries, and reads what decides whether there will be any work.
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
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

from relaion.run.notes import pass_on

_LOOK_SECONDS = 0.2  # between two looks at the memory of all
_ANONYMOUS = re.compile(r"^RssAnon:\s+(\d+) kB", re.MULTILINE)
_CHUNK = 1 << 20
LOG = "errors.log"
HEARD = b"\n"  # to a worker that waits until what it said was heard
INTRODUCED = b"\n"  # in place of a task: look what came with the socket
LONGEST = 6 * 3600.0
SHORTEST = 120.0
A_FILE = 1.0  # to open it anew in each step of a search
_WORDS = ({"moved"}, {"told", "waits"}, {"error", "fatal"})  # what a line of a worker has
_OVER = 1.1  # DuckDB and allocators round up


@dataclass(frozen=True)
class Guard:
    """Bytes of memory for all processes together, and a time in place of the tasks' own."""

    memory: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class TaskOutcome:
    """What became of a task, told by its number, or of a call.

    `error` is one line, or None when it is done; `fatal` when no other task can do better.
    `said` is what its worker said besides, as JSON can hold it. `broken` when its process is of no
    use any more: `error` then begins where the name of the task is to stand.
    """

    no: int
    error: str | None
    fatal: bool = False
    said: Mapping[str, Any] = field(default_factory=dict)
    broken: bool = False


_BY = "its process was ended by "
_STOPPED = "was stopped; give "


def is_killed(line: str) -> bool:
    """Whether somebody else ended a process, such as the system for want of memory.

    `line` is what is said of its task: what the task was about may well be sound.
    """
    return f"{_BY}SIGKILL" in line


def is_stopped(line: str) -> bool:
    """Whether a task reached a limit; `line` is what is said of it, which names that limit."""
    return _STOPPED in line


def way_on(lines: Collection[str], repair: str = "") -> tuple[str, str]:
    """What became of files, by what is said of each, and what is to be done: `repair` them, or not.

    Without `repair` no file is the cause. Those whose process was killed may be sound, and what
    was stopped at a limit may need more.
    """
    if lines and all(map(is_stopped, lines)):
        more = f"if more does not help, {repair}; " if repair else ""
        return "failed", f"{more}repeat the command to go on"
    if not lines or not all(map(is_killed, lines)):
        return "failed", f"{repair or 'fix the cause'} and repeat the command to go on"
    less = "give a smaller --memory or fewer --workers, and repeat the command to go on"
    return f"{'was' if len(lines) == 1 else 'were'} not done", less


class _ClosedError(Exception):
    """Raised where another thread has closed the pipes of a worker."""


@contextmanager
def _piping() -> Iterator[None]:
    """Within it, nothing is done but with pipes: a closed one is no other ValueError."""
    try:
        yield
    except ValueError:
        raise _ClosedError from None


def _broken(why: str) -> TaskOutcome:
    return TaskOutcome(-1, why, broken=True)


def unheard(_: object) -> None:
    """Nobody listens."""


def seconds_for(rows: int, size: int, rows_a_second: int, files: int = 1) -> float:
    """How long a task may take that reads so many rows, bytes and files.

    An ordinary one takes a tenth of it.

    Rows are what a footer claims, so the longest time is bounded.
    """
    return min(LONGEST, SHORTEST + files * A_FILE + rows / rows_a_second + size / 2_000_000)


def packed(task: object) -> str:
    """A task, or what is said to one, as a line of text, between processes of our own."""
    return base64.b64encode(pickle.dumps(task)).decode("ascii")


def unpacked(line: str) -> object:
    """What `packed` made; to be read from our own processes only."""
    found: object = pickle.loads(base64.b64decode(line))  # noqa: S301
    return found


class _Started:
    """A process that waits for tasks; raises OSError where none starts."""

    def __init__(self) -> None:
        self.control, theirs = socket.socketpair()
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "relaion.run.worker_process", str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # until it knows where errors go
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C reaches the parent, which ends its workers
                env=os.environ | {"OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"},
            )
        except BaseException:
            self.control.close()
            raise
        finally:
            theirs.close()


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
        held = {pid: sum(map(private_bytes, descent(pid))) for pid in list(self._workers)}
        total = private_bytes(os.getpid()) + sum(held.values())
        most = max(held, key=held.__getitem__, default=None)
        return total if total > limit * _OVER and most == worker else None


def descent(pid: int) -> Iterator[int]:
    """A process and all below it, whichever of its threads began them.

    One that has not begun its own program yet is left out: it still is its parent, whose memory
    would count twice. On a busy machine that may last.
    """
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it ended just now
            for child in path.read_text().split():
                if not _is_copy(int(child)):
                    yield from descent(int(child))


_FORKED = 0x40  # the kernel's PF_FORKNOEXEC, in the seventh field behind a process's name


def _is_copy(pid: int) -> bool:
    text = Path(f"/proc/{pid}/stat").read_text()
    return bool(int(text.rpartition(")")[2].split()[6]) & _FORKED)


def private_bytes(pid: int) -> int:
    """Bytes of memory that a process shares with nobody; 0 where it ended, or this is no Linux."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = _ANONYMOUS.search(status)
    return int(found[1]) * 1024 if found else 0


_early: list[_Started] = []


def start_early() -> None:
    """Start a process for the first worker that is asked for, unless one was; for who asks for one.

    It ends with this process in any case.
    """
    if not _early:
        with suppress(OSError):  # whoever asks for a worker hears why
            _early.append(_Started())


def end_early() -> None:
    """End at once what was started early and had no work: else it would load its libraries yet."""
    while _early:
        _early.pop().process.kill()


class Worker:
    """A process that does one task after the other. Not to be shared between threads."""

    def __init__(self, guard: Guard, family: Family) -> None:
        """Start it; raises OSError where that cannot be done."""
        self.guard = guard
        self._family = family
        self._at: Path | None = None
        started = _early.pop() if _early else _Started()
        self._process = started.process
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or not isinstance(stdout, BufferedReader):
            raise OSError(errno.EPIPE, "a process was started without its pipes")
        self._stdin, self._stdout = stdin, stdout
        self._control = started.control
        self._read = bytearray()
        self._next_look = 0.0
        family.join(self._process.pid)

    def introduce(self, work: Path, held: tuple[int, ...]) -> None:
        """Name its work folder, and hand over what it is to hold open, where that is not done.

        Raises OSError where the process is gone.
        """
        if self._at != work:
            socket.send_fds(self._control, [os.fsencode(work)], held)
            self._stdin.write(INTRODUCED)
            self._stdin.flush()
            self._at = work

    def ask(
        self,
        task: str,
        seconds: float,
        hear: Callable[[Any], object] = unheard,
        moved: Callable[[float], object] = unheard,
    ) -> TaskOutcome | None:
        """Have a task done; None when this process was ended from another thread.

        `hear` is told what the worker says meanwhile; each such word may take as long again.
        `moved` is told how far it has come, which gives it no more time.
        """
        try:
            # one of very many shards is long
            pieces = (task[at : at + _CHUNK] for at in range(0, len(task), _CHUNK))
            if not (all(self._send(p.encode("ascii")) for p in pieces) and self._send(b"\n")):
                return self._ended()
            until = time.monotonic() + seconds
            while True:
                said = self._said(until, seconds)
                if isinstance(said, TaskOutcome):
                    return said
                if "moved" in said:
                    moved(said["moved"])
                elif "told" not in said:
                    return TaskOutcome(-1, said["error"], bool(said["fatal"]), said)
                else:
                    hear(unpacked(said["told"]))
                    if said["waits"] and not self._send(HEARD):
                        return self._ended()
                    until = time.monotonic() + seconds
                if (too_much := self._looked()) is not None:
                    return too_much
        except _ClosedError:
            return None

    def _send(self, line: bytes) -> bool:
        try:
            with _piping():
                self._stdin.write(line)
                self._stdin.flush()
        except BrokenPipeError:
            return False
        return True

    def _said(self, until: float, seconds: float) -> dict[str, Any] | TaskOutcome:
        """What the process says in its next line, or why it says nothing until then."""
        with selectors.DefaultSelector() as selector:
            with _piping():
                selector.register(self._stdout, selectors.EVENT_READ)
            end = self._read.find(b"\n")
            while end < 0:
                is_said = selector.select(_LOOK_SECONDS)
                if time.monotonic() > until:  # also of one that tells on and on how far it is
                    return _broken(_too_long(seconds))
                if not is_said:
                    if (too_much := self._looked()) is not None:
                        return too_much
                    continue
                with _piping():
                    more = self._stdout.read1(_CHUNK)  # all there is: `select` tells the rest
                if not more:
                    return self._ended()
                found = more.find(b"\n")
                end = -1 if found < 0 else len(self._read) + found
                self._read += more
        line = bytes(self._read[:end])
        del self._read[: end + 1]
        return _answer(line)

    def _looked(self) -> TaskOutcome | None:
        """Why this process is to be ended for the memory that all take, if it is time to look."""
        limit, now = self.guard.memory, time.monotonic()
        if limit is None or now < self._next_look:
            return None
        self._next_look = now + _LOOK_SECONDS
        taken = self._family.is_too_much(limit, self._process.pid)
        return _broken(_too_much(limit, taken)) if taken else None

    def _ended(self) -> TaskOutcome:
        code = self._process.wait()
        if code >= 0:
            return _broken(f"its process ended (exit status {code})")
        # those of real time have no names
        name = next((s.name for s in signal.Signals if s == -code), f"signal {-code}")
        why = ", probably because memory ran out" if -code == signal.SIGKILL else ""
        return _broken(f"{_BY}{name}{why}")

    def end(self) -> None:
        """End the process at once, and those that it started."""
        self._family.leave(self._process.pid)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._stdin, self._stdout, self._control):
            with suppress(OSError):  # what was not yet sent has no reader any more
                pipe.close()


def _answer(line: bytes) -> dict[str, Any] | TaskOutcome:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if isinstance(said, dict) and any(words <= set(said) for words in _WORDS):
        pass_on(said)
        return said
    return _broken("its process gave an answer that cannot be read; repeat the command")


def _too_long(limit: float) -> str:
    return f"took longer than {limit:g} s and {_STOPPED}more than this with --time-limit"


def _too_much(limit: int, taken: int) -> str:
    wanted = -(-taken * 3 // 2 // 100_000_000) / 10  # what it took so far, and half as much again
    return (
        f"with it, all processes took more than {limit / 1e9:.1f} GB of memory, so it {_STOPPED}"
        f"--memory {wanted:.1f}GB or fewer --workers"
    )
