"""Local processes that do tasks: one executor behind a small interface.

A worker that dies or hangs fails its task and is replaced; the others go on.
"""

import json
import os
import queue
import selectors
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from relaion.run.task import Task


@dataclass(frozen=True)
class Outcome:
    """What became of a task; `error` is one line, or None when it is done."""

    task: Task
    error: str | None


class Executor(Protocol):
    """Anything that can do tasks, in any order, and say what became of each."""

    def run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Do every task; yields an outcome for each as it comes."""


@dataclass(frozen=True)
class LocalPool:
    """`workers` processes on this machine, each with a time limit of `seconds` a task.

    `held` are file descriptors that workers keep open: a lock stays held until the last
    worker is gone.
    """

    workers: int
    work: Path
    seconds: float = 3600.0
    held: tuple[int, ...] = ()

    def run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Do the tasks; ends all workers when the caller stops listening."""
        waiting: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        for task in tasks:
            waiting.put(task)
        hands = [_Hand(self, waiting, outcomes) for _ in range(min(self.workers, len(tasks)))]
        for hand in hands:
            waiting.put(None)
            hand.start()
        try:
            for _ in tasks:
                yield outcomes.get()
        finally:
            for hand in hands:
                hand.stop()


class _Hand(threading.Thread):
    """Feeds one worker process, and replaces it when it breaks."""

    def __init__(
        self,
        pool: LocalPool,
        waiting: "queue.SimpleQueue[Task | None]",
        outcomes: "queue.SimpleQueue[Outcome]",
    ) -> None:
        super().__init__(daemon=True)
        self._pool = pool
        self._waiting = waiting
        self._outcomes = outcomes
        self._worker: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self) -> None:
        while not self._stopped and (task := self._waiting.get()) is not None:
            self._outcomes.put(Outcome(task, self._do(task)))
        self._end_worker()

    def stop(self) -> None:
        """End the worker at once; its task is lost, its files are whole or absent."""
        self._stopped = True
        self._end_worker()

    def _do(self, task: Task) -> str | None:
        worker = self._worker or self._start()
        try:
            assert worker.stdin is not None  # noqa: S101 - opened with a pipe
            worker.stdin.write(task.to_json().encode("ascii") + b"\n")
            worker.stdin.flush()
            line = self._read_line(worker)
        except BrokenPipeError:
            line = b""
        if line:
            error = json.loads(line)["error"]
            return None if error is None else str(error)
        timed_out = worker.poll() is None
        self._end_worker()
        if timed_out and line is None:
            return f"{task.path}: took longer than {self._pool.seconds:.0f} s and was stopped"
        code = worker.returncode
        return f"{task.path}: its worker ended (exit status {code}), perhaps for want of memory"

    def _read_line(self, worker: "subprocess.Popen[bytes]") -> bytes | None:
        """One line of the worker; empty when it ended, None when the time was up."""
        assert worker.stdout is not None  # noqa: S101 - opened with a pipe
        with selectors.DefaultSelector() as selector:
            selector.register(worker.stdout, selectors.EVENT_READ)
            if not selector.select(self._pool.seconds):
                return None
        return worker.stdout.readline()

    def _start(self) -> "subprocess.Popen[bytes]":
        self._worker = subprocess.Popen(
            [sys.executable, "-P", "-m", "relaion.run.worker", str(self._pool.work)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=self._pool.held,
            start_new_session=True,  # Ctrl-C reaches the parent, which ends its workers
            env=os.environ | {"OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"},
        )
        return self._worker

    def _end_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    pipe.close()
