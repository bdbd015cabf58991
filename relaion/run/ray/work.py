"""The tasks of one run on a cluster, each tried once or more often, and how far they are."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from relaion.paths.locks import wait_unlocked
from relaion.run.tasks import FindTask, Task

if TYPE_CHECKING:
    from relaion.run.any_task import AnyTask
    from relaion.run.pool import CallTask

HELD_SECONDS = 180.0  # a file server lets go of a machine's locks some 90 s after it is gone
_GONE_SECONDS = 10.0


@dataclass
class Try:
    """One try of a task, by a courier."""

    at: int  # of the task, in the order given
    no: int  # of all tries of this pool
    task: "AnyTask | CallTask"
    moved_to: dict[Path, Path] = field(default_factory=dict)  # files of its own, and their names
    began: float = 0.0


@dataclass(frozen=True)
class HeldTry:
    """A try whose worker was given up, but may still write: it holds its lock."""

    one: Try
    lock: Path
    until: float  # of the monotonic clock: then nobody waits any more
    why: str
    where: str


class TriedTasks:
    """The tasks of one `run`, by their place in the order given, and how far they are."""

    def __init__(self, tasks: "Sequence[AnyTask | CallTask]") -> None:
        self.tasks = tasks
        self.open = set(range(len(tasks)))
        self.waiting = deque(range(len(tasks)))
        self.trying: list[Try] = []
        self.lost: dict[int, int] = {}
        self.ratios: list[float] = []  # seconds that tasks took, by those that they may take
        self.left: list[Path] = []
        self.held: list[HeldTry] = []

    def hold(self, one: Try, lock: Path, why: str, where: str) -> None:
        """Do a task no more until the worker that was given up lets go of its lock."""
        self.held.append(HeldTry(one, lock, time.monotonic() + HELD_SECONDS, why, where))

    def let_go(self) -> tuple[HeldTry | None, str | None]:
        """A try that nobody waits for any more; and the task's error, where its lock is still held.

        That task is then done with; the other one can be tried again.
        """
        for held in self.held:
            is_held = bool(wait_unlocked([held.lock], 0))
            if is_held and time.monotonic() < held.until:
                continue
            self.held.remove(held)
            if not is_held:
                return held, None
            self.trying.remove(held.one)
            self.open.discard(held.one.at)
            return held, (
                f"{held.one.task.named}: {held.why} on {held.where}, and may still write there; "
                "end it, and repeat the command to go on"
            )
        return None, None

    def next(self) -> int | None:
        """A task that nobody does yet."""
        while self.waiting:
            at = self.waiting.popleft()
            if at in self.open:
                return at
        return None


def own_files(task: "AnyTask | CallTask", no: int) -> "tuple[AnyTask | CallTask, dict[Path, Path]]":
    """A task that writes to files of this try's own; and by these, the names that they stand for.

    What is no search writes files that are the same in each try, whole or not at all.
    """
    if not isinstance(task, FindTask):
        return task, {}
    own = {table: path.with_name(f"try{no:06}-{path.name}") for table, path in task.writes.items()}
    return replace(task, writes=own), {own[table]: path for table, path in task.writes.items()}


def puts(task: "AnyTask | CallTask") -> bool:
    """Whether a task puts what it writes into a store, and drops it here: no two at a time may."""
    if isinstance(task, Task):
        return task.settings.store is not None
    return bool(getattr(task, "puts", False))  # of a call


def remove_free(locks: Sequence[Path]) -> None:
    """Remove the lock files that nobody holds any more, once they had time to be let go.

    What is still held stays: a worker that cannot be reached may write for long, and whoever goes
    on with the work folder, or removes it, is to see that.
    """
    held = set(wait_unlocked(locks, _GONE_SECONDS))
    for lock in locks:
        if lock not in held:
            lock.unlink(missing_ok=True)
