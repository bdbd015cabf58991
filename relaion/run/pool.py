"""Local processes that do tasks: one executor behind a small interface.

A worker that dies, hangs or takes too much memory fails its task and is replaced; the others
go on.
"""

import contextlib
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from relaion.run.process import Family, Guard, Worker, WorkerAnswer, packed

if TYPE_CHECKING:
    from relaion.run.find_task import FindTask
    from relaion.run.tasks import Task

# -- How a run tells what it is doing, without knowing who listens -----------------------------


class Progress(Protocol):
    """Hears of phases and of what each has done; the command line draws bars from it."""

    def phase(self, name: str, shards: int, rows: int) -> None:
        """A phase begins that will go through so many shards and rows."""

    def done(self, shards: int, rows: int) -> None:
        """So many more shards and rows are through."""

    def say(self, text: str) -> None:
        """Something worth a line on stderr."""


class Quiet:
    """A listener that keeps silent."""

    def phase(self, name: str, shards: int, rows: int) -> None:
        """Nothing."""

    def done(self, shards: int, rows: int) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""


AnyTask: TypeAlias = "Task | FindTask"


@dataclass(frozen=True)
class TaskOutcome:
    """What became of a task, told by its number.

    `error` is one line, or None when it is done; `fatal` when no other task can do better.
    `said` is what its worker said besides: the reports of shards that were done, and of those
    that failed a line by number.
    """

    no: int
    error: str | None
    fatal: bool = False
    said: Mapping[str, Any] = field(default_factory=dict)


class Executor(Protocol):
    """Anything that can do tasks, in any order, and say what became of each."""

    def run(self, tasks: Sequence[AnyTask]) -> Iterator[TaskOutcome]:
        """Do every task; yields an outcome for each as it comes."""


class LocalPool:
    """At most `workers` processes on this machine; a context, which ends them.

    Processes are kept from one `run` to the next. `held` are file descriptors that they keep
    open: a lock stays held until the last of them is gone.
    """

    def __init__(
        self, workers: int, work: Path, guard: Guard | None = None, held: tuple[int, ...] = ()
    ) -> None:
        self._workers = workers
        self._work = work
        self._guard = guard or Guard()
        self._held = held
        self._family = Family()
        self._idle: list[Worker] = []

    def __enter__(self) -> "LocalPool":
        return self

    def __exit__(self, *_: object) -> None:
        while self._idle:
            self._idle.pop().end()

    def run(self, tasks: Sequence[AnyTask]) -> Iterator[TaskOutcome]:
        """Do the tasks; ends the workers at once when the caller stops listening."""
        waiting: queue.SimpleQueue[AnyTask | None] = queue.SimpleQueue()
        outcomes: queue.SimpleQueue[TaskOutcome] = queue.SimpleQueue()
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
                yield outcomes.get()
            for hand in hands:
                hand.join()
        finally:
            for hand in hands:
                hand.stop()

    def take(self) -> Worker:
        """A worker that waits for work, or a new one."""
        with contextlib.suppress(IndexError):  # another hand may take the last one
            return self._idle.pop()
        return Worker(self._work, self._guard, self._held, self._family)

    def give_back(self, worker: Worker) -> None:
        """Keep a worker for later."""
        self._idle.append(worker)


class _WorkerThread(threading.Thread):
    """Feeds one worker process, and replaces it when it breaks."""

    def __init__(
        self,
        pool: LocalPool,
        waiting: "queue.SimpleQueue[AnyTask | None]",
        outcomes: "queue.SimpleQueue[TaskOutcome]",
    ) -> None:
        super().__init__(daemon=True)
        self._pool = pool
        self._waiting = waiting
        self._outcomes = outcomes
        self._worker: Worker | None = None
        self._stopped = False

    def run(self) -> None:
        while not self._stopped and (task := self._waiting.get()) is not None:
            said = self._do(task)
            self._outcomes.put(TaskOutcome(task.no, said.error, said.fatal, said.said))
        worker, self._worker = self._worker, None
        if worker is not None:
            self._pool.give_back(worker)

    def stop(self) -> None:
        """End the worker at once; its task is lost, its files are whole or absent."""
        self._stopped = True
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()

    def _do(self, task: AnyTask) -> WorkerAnswer:
        try:
            worker = self._worker = self._worker or self._pool.take()
        except OSError as e:
            return WorkerAnswer(
                f"{task.named}: no process could be started for it ({e.strerror})", True
            )
        said = worker.ask(packed(task), task.seconds)
        if said is None or said.broken:
            self._worker = None
            worker.end()
        if said is None:
            return WorkerAnswer(f"{task.named}: was stopped")
        return WorkerAnswer(f"{task.named}: {said.error}") if said.broken else said
