"""The tasks of one run on a cluster, each tried once or more often, and how far they are."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from relaion.run.tasks import FindTask, Task

if TYPE_CHECKING:
    from relaion.run.pool import CallTask
    from relaion.run.tasks import AnyTask


@dataclass
class Try:
    """One try of a task, by a courier."""

    at: int  # of the task, in the order given
    no: int  # of all tries of this pool
    task: "AnyTask | CallTask"
    moved_to: dict[Path, Path] = field(default_factory=dict)  # files of its own, and their names
    began: float = 0.0


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
    return isinstance(task, Task) and task.settings.store is not None
