"""Ways in which a file becomes another one while a run reads it."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from relaion.run.any_task import AnyTask
from relaion.run.process import TaskOutcome
from relaion.run.tasks import FindTask
from tests.pipeline import InProcess

Way = Callable[[Path, bytes], None]


def rename(path: Path, other: bytes) -> None:
    """As a careful program replaces a file."""
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(other)
    new.replace(path)


def overwrite(path: Path, other: bytes) -> None:
    """In place, and nothing but the kernel's own time tells of it where the size is the same."""
    info = path.stat()
    with path.open("r+b") as f:
        f.write(other)
        f.truncate(len(other))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def truncate(path: Path, _: bytes) -> None:
    os.truncate(path, path.stat().st_size // 2)


def append(path: Path, other: bytes) -> None:
    with path.open("ab") as f:
        f.write(other)


def point_elsewhere(path: Path, other: bytes) -> None:
    """The name becomes a symlink to another file."""
    new = path.with_name(f".{path.name}.elsewhere")
    new.write_bytes(other)
    path.unlink()
    path.symlink_to(new)


def vanish(path: Path, _: bytes) -> None:
    path.unlink()


WAYS: tuple[Way, ...] = (rename, overwrite, truncate, append, point_elsewhere, vanish)


def step_of(task: AnyTask) -> str:
    """What a task does: a step of the search, or `write`."""
    return task.step if isinstance(task, FindTask) else "write"


class Between(InProcess):
    """Does tasks like the others, and something once before the first of a step, or after."""

    def __init__(self, step: str, act: Callable[[], None], *, after: bool = False) -> None:
        super().__init__()
        self.step = step
        self.act = act
        self.after = after
        self.acted = False

    def run(self, tasks: Sequence[AnyTask]) -> Iterator[TaskOutcome]:
        for task in tasks:
            is_now = step_of(task) == self.step and not self.acted
            if is_now and not self.after:
                self.acted = True
                self.act()
            yield from super().run([task])
            if is_now and self.after:
                self.acted = True
                self.act()
