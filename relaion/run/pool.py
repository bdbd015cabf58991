"""Local processes that do tasks: one executor behind a small interface.

A worker that dies, hangs or takes too much memory fails its task and is replaced; the others
go on.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from relaion.errors import RelaionError, StopError
from relaion.paths import shown
from relaion.run.process import (
    LONGEST,
    Family,
    Guard,
    TaskOutcome,
    Worker,
    is_killed,
    packed,
    unheard,
    unpacked,
)
from relaion.run.progress import QUIET, Progress

if TYPE_CHECKING:
    from relaion.run.any_task import AnyTask


class Executor(Protocol):
    """Anything that can do tasks, in any order, and say what became of each."""

    def run(self, tasks: "Sequence[AnyTask | CallTask]") -> Iterator[TaskOutcome]:
        """Do every task; yields an outcome for each as it comes."""


@runtime_checkable
class Wide(Executor, Protocol):
    """An executor that does several searches side by side, on other machines."""

    @property
    def searches(self) -> int:
        """How many searches go on side by side."""

    def run_here(self, task: "AnyTask") -> TaskOutcome:
        """Do a task that reads no shard with all of this machine: there is one of it alone."""


# -- Functions that need heavy libraries, done in a worker -------------------------------------


@dataclass(frozen=True)
class Call:
    """A function of this package by its name, `module:function`, and what it takes.

    `tells`: it takes `tell`, too, by which it says things before it is done; `tell(…, waits=True)`
    returns when that was heard.
    """

    function: str
    given: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)
    tells: bool = False


@dataclass(frozen=True)
class CallTask:
    """A call as one of many tasks; `said["value"]` of its outcome is what `unpacked` reads.

    `named` is what an error calls it, `seconds` how long it may take; `puts`: it puts what it
    writes into a store.
    """

    no: int
    named: str
    seconds: float
    call: Call
    puts: bool = False


class WorkerEndedError(StopError):
    """Raised when a process ended before it had done a call; `str()` lacks the file's name."""

    @property
    def is_killed(self) -> bool:
        """Whether somebody else ended it, such as the system for want of memory."""
        return is_killed(str(self))


class WorkerBugError(Exception):
    """Raised for a bug that a worker met: `str()` tells its class and place, not its text.

    `details` are for a private log: they may quote a row.
    """

    def __init__(self, what: str, details: str) -> None:
        super().__init__(what)
        self.details = details

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (str(self), self.details)


class Caller(Protocol):
    """Does functions by their name, so that their libraries are not loaded here."""

    def call(
        self, function: str, *given: Any, hear: Callable[[Any], object] | None = None, **named: Any
    ) -> Any:
        """What the function returns; raises what it raises, or WorkerEndedError."""


class Here:
    """Does functions in this process, for whoever has loaded their libraries anyway."""

    def call(
        self, function: str, *given: Any, hear: Callable[[Any], object] | None = None, **named: Any
    ) -> Any:
        """Do a function."""
        call = Call(function, given, named, tells=hear is not None)
        return done(call, lambda word, **_: hear(word) if hear is not None else None)


def done(call: Call, tell: Callable[..., object]) -> Any:
    """Do a call in this process."""
    module, _, name = call.function.partition(":")
    more = {"tell": tell} if call.tells else {}
    return getattr(import_module(module), name)(*call.given, **call.named, **more)


HERE = Here()


@contextlib.contextmanager
def blaming(path: Path, kind: type[RelaionError] = StopError) -> Iterator[None]:
    """Name the file that was read when a worker ended, in an error of this kind."""
    try:
        yield
    except WorkerEndedError as e:
        raise kind(f"{shown(path)}: {e}") from None


class LocalPool:
    """At most `workers` processes on this machine; a context, which ends them.

    Processes are kept from one `run` or `call` to the next. Tasks need the work folder. `held`
    are file descriptors that the processes keep open: a lock stays held until the last of them
    is gone. `listener` is told how far tasks have come that are not done yet.
    """

    def __init__(
        self,
        workers: int = 1,
        work: Path | None = None,
        guard: Guard | None = None,
        held: tuple[int, ...] = (),
        listener: Progress = QUIET,
    ) -> None:
        self._workers, self._work, self._held = workers, work, held
        self.guard = guard or Guard()
        self._family = Family()
        self._idle: list[Worker] = []
        self._listener = listener

    def __enter__(self) -> "LocalPool":
        return self

    def __exit__(self, *_: object) -> None:
        while self._idle:
            self._idle.pop().end()

    def begin(self, workers: int, work: Path, held: tuple[int, ...]) -> None:
        """Take tasks from here on: what was not known when the first call was."""
        self._workers, self._work, self._held = workers, work, held

    def no_more_than(self, workers: int) -> None:
        """Take tasks in so many processes at most: there is not work for more."""
        self._workers = min(self._workers, workers)

    def call(
        self, function: str, *given: Any, hear: Callable[[Any], object] | None = None, **named: Any
    ) -> Any:
        """Have a function done; `hear` is told what it says meanwhile."""
        try:
            worker = self.take()
        except OSError as e:
            raise StopError(f"no process could be started ({e.strerror})") from None
        try:
            said = worker.ask(
                packed(Call(function, given, named, tells=hear is not None)), LONGEST,
                hear or unheard, moved=lambda groups: self._moved(0, groups),
            )  # fmt: skip
        except BaseException:
            worker.end()
            raise
        if said is None or said.broken:
            worker.end()
            raise WorkerEndedError("was stopped" if said is None else said.error)
        self._idle.append(worker)
        return returned(said.said)

    def _moved(self, task: int, groups: float) -> None:
        self._listener.moved(task, groups)

    def run(self, tasks: "Sequence[AnyTask | CallTask]") -> Iterator[TaskOutcome]:
        """Do the tasks; ends the workers at once when the caller stops listening."""
        waiting: queue.SimpleQueue[AnyTask | CallTask | None] = queue.SimpleQueue()
        outcomes: _Outcomes = queue.SimpleQueue()
        for task in tasks:
            waiting.put(task)
        hands = [
            _WorkerThread(self, waiting, outcomes) for _ in range(min(self._workers, len(tasks)))
        ]
        for hand in hands:
            waiting.put(None)
            hand.start()
        try:
            for _ in tasks:
                while isinstance(outcome := outcomes.get(), _Moved):
                    self._moved(outcome.task, outcome.groups)
                if isinstance(outcome, Exception):
                    raise outcome
                yield outcome
            for hand in hands:
                hand.join()
        finally:
            for hand in hands:
                hand.stop()

    def rest(self) -> None:
        """End all processes but one, for a check: that has processes of its own, and no guard."""
        while len(self._idle) > 1:
            self._idle.pop().end()
        self.guard = Guard()
        for worker in self._idle:
            worker.guard = self.guard

    def take(self) -> Worker:
        """A worker that waits for work, or a new one."""
        while True:
            try:
                worker = self._idle.pop()  # another hand may take the last one
            except IndexError:
                worker = Worker(self.guard, self._family)
                self._introduce(worker)
                return worker
            with contextlib.suppress(OSError):  # it ended while it waited
                self._introduce(worker)
                return worker

    def _introduce(self, worker: Worker) -> None:
        if self._work is None:
            return
        try:
            worker.introduce(self._work, self._held)
        except BaseException:
            worker.end()
            raise

    def give_back(self, worker: Worker) -> None:
        """Keep a worker for later."""
        self._idle.append(worker)


@dataclass(frozen=True)
class _Moved:
    """How many row groups a task has come through that is not done yet."""

    task: int
    groups: float


_Outcomes: TypeAlias = "queue.SimpleQueue[TaskOutcome | _Moved | Exception]"


class _WorkerThread(threading.Thread):
    """Feeds one worker process, and replaces it when it breaks."""

    def __init__(
        self,
        pool: LocalPool,
        waiting: "queue.SimpleQueue[AnyTask | CallTask | None]",
        outcomes: _Outcomes,
    ) -> None:
        super().__init__(daemon=True)
        self._pool = pool
        self._waiting = waiting
        self._outcomes = outcomes
        self._worker: Worker | None = None
        self._stopped = False

    def run(self) -> None:
        try:
            while not self._stopped and (task := self._waiting.get()) is not None:
                self._outcomes.put(replace(self._do(task), no=task.no))
        except Exception as e:  # a bug: whoever waits for this task would wait for ever
            self._outcomes.put(e)
            return
        worker, self._worker = self._worker, None
        if worker is not None:
            self._pool.give_back(worker)

    def stop(self) -> None:
        """End the worker at once; its task is lost, its files are whole or absent."""
        self._stopped = True
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()

    def _do(self, task: "AnyTask | CallTask") -> TaskOutcome:
        try:
            worker = self._worker = self._worker or self._pool.take()
        except OSError as e:
            why = f"{task.named}: no process could be started for it ({e.strerror})"
            return TaskOutcome(task.no, why, fatal=True)
        said = worker.ask(
            packed(task), self._pool.guard.seconds or task.seconds,
            moved=lambda groups: self._outcomes.put(_Moved(task.no, groups)),
        )  # fmt: skip
        if said is not None and not said.broken:
            return said
        self._worker = None
        worker.end()
        return TaskOutcome(
            task.no, f"{task.named}: {'was stopped' if said is None else said.error}"
        )


def returned(said: Mapping[str, Any]) -> Any:
    """What the function of a call returned; raises what it raised."""
    found = unpacked(said["value"])
    if said["error"] is not None and isinstance(found, Exception):
        raise found
    return found
