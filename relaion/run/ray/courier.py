"""What stands on a node of a Ray cluster for one worker process, and carries tasks to it.

The worker is that of any other run: limits of memory and time, its private log and its end with
its parent are as on one machine. Ray is told names of files alone: a task lies in the private work
folder, and so does its answer. Ray is not imported here, and nothing heavy is.
"""

import fcntl
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.errors import OutputError
from relaion.paths import atomic_write, sweep
from relaion.paths.seals import DEVICES
from relaion.processes import leave_no_core
from relaion.run import node_copy
from relaion.run.notes import gather
from relaion.run.process import Family, Guard, TaskOutcome, Worker
from relaion.versions import installed

# -- What is compared between machines: an outcome may depend on it -----------------------------

VERSIONS = {"relaion": "relaion", "DuckDB": "duckdb", "pyarrow": "pyarrow"}


def versions() -> dict[str, str]:
    """The versions that all machines of a run have to share, by the names that people know."""
    python = ".".join(map(str, sys.version_info[:2]))
    return {"Python": python} | {name: installed(of) for name, of in VERSIONS.items()}


# -- Files by which a machine is seen to share the folders of the run ---------------------------


@dataclass(frozen=True)
class Post:
    """Where a courier works: the work folder, and what its worker may take.

    `lock` is a file that it holds a lock on as long as it lives, and its worker too. `marks` are
    files, with what they hold, that it must see; `devices` are paths, with the number that their
    file system has for whoever drives the run. `home` is the folder that paths are told from.
    `lists` is the token of `node_copy`, none where lists are read where they lie.
    """

    work: str
    home: str
    lock: str
    memory: int
    seconds: float | None
    marks: Sequence[tuple[str, str]]
    devices: Sequence[tuple[str, int]]
    lists: str = ""


def unseen(marks: Sequence[tuple[str, str]]) -> str | None:
    """The first folder that is another one here, or none at all."""
    for path, text in marks:
        try:
            if Path(path).read_text(encoding="ascii") == text:
                continue
        except (OSError, ValueError):
            pass
        return str(Path(path).parent)
    return None


def _pairs(devices: Sequence[tuple[str, int]]) -> Iterator[str]:
    """How the file systems of some paths are numbered here, and where the run is driven."""
    found: dict[int, int] = {}
    for path, there in devices:
        with suppress(OSError):  # a shard that is not there is told as one
            found.setdefault(Path(path).stat().st_dev, there)
    return (f"{here}:{there}" for here, there in found.items())


class Courier:
    """Has tasks done by a worker process on this node, one at a time."""

    def __init__(self, post: Mapping[str, Any]) -> None:
        """`post` is a `Post` as JSON has it."""
        os.umask(0o077)
        leave_no_core()
        self._notes = gather()
        self._post = Post(**post)
        self._guard = Guard(self._post.memory, self._post.seconds)
        self._family = Family()
        self._worker: Worker | None = None
        self._held: int | None = None
        self._groups = 0.0

    def begin(self) -> tuple[str, str] | None:
        """Take the lock; returns a path of the run that is of no use on this node, if any.

        And why: nothing is said of a folder that is another one here, or none.
        """
        if (folder := unseen(self._post.marks)) is not None:
            return folder, ""
        try:
            os.chdir(self._post.home)
        except OSError:
            return self._post.home, ""
        os.environ[DEVICES] = ",".join(_pairs(self._post.devices))  # its worker reads it
        try:
            self._held = os.open(self._post.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as e:  # a disk that is full, or that this machine may not write
            return self._post.lock, e.strerror or type(e).__name__
        with suppress(OSError):  # a file system without locks
            fcntl.flock(self._held, fcntl.LOCK_SH)
        if self._post.lists:
            sweep()  # what runs left here that were killed
            os.environ[node_copy.FOLDER] = str(node_copy.folder_of(self._post.lists))
        return None

    def end(self) -> None:
        """End the worker at once, even one that is stopped and would not see its parent go."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()

    def leave(self) -> None:
        """End for good: the last one on this node removes what all of them shared."""
        self.end()
        if self._post.lists:
            node_copy.clear(self._post.lists)

    def moved(self) -> float:
        """How many row groups the task has come through that is done now."""
        return self._groups

    def do(self, task: str, answer: str, seconds: float) -> str | None:
        """Have a task done that lies in a file; leaves the answer in another, whole.

        Returns why that could not be written, if so: whoever tries it again will fare no better.
        """
        self._groups = 0.0
        said = self._done(task, seconds)
        text: dict[str, Any] = {"error": said.error, "fatal": said.fatal, "broken": said.broken}
        text |= {"said": dict(said.said), **self._notes.taken()}
        try:
            with atomic_write(Path(answer), mode=0o600, flush=False) as part:
                part.write_text(json.dumps(text), encoding="ascii")
        except OutputError as e:  # a class of ours would reach the other side as a lost worker
            return str(e)
        return None

    def _done(self, task: str, seconds: float) -> TaskOutcome:
        try:
            line = Path(task).read_text(encoding="ascii")
            worker = self._worker or self._started()
        except OSError as e:
            return TaskOutcome(-1, f"no process could be started for it ({e.strerror})")
        said = worker.ask(line, self._guard.seconds or seconds, moved=self._note)
        if said is None or said.broken:
            self._worker = None
            worker.end()
        return said or TaskOutcome(-1, "was stopped", broken=True)

    def _started(self) -> Worker:
        worker = Worker(self._guard, self._family)
        held = () if self._held is None else (self._held,)
        worker.introduce(Path(self._post.work), held)
        self._worker = worker
        return worker

    def _note(self, groups: float) -> None:
        self._groups = groups
