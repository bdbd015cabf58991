"""What a run takes, measured while it runs in this process and those below it.

Without Linux's /proc memory, processors by step, and what was read and written are not known.
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from relaion.run.process import descent, private_bytes
from relaion.run.progress import NOTHING, Extent

_LOOK_SECONDS = 0.05
_SIZE_SECONDS = 0.5
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Taken:
    """What a run took: seconds of the clock and of processors, bytes.

    `memory` is the most that all processes held at a time and shared with nobody; `work` the most
    that its work folder held; `read` and `written` are bytes that went through the system's calls,
    None where it does not count them. `steps` are seconds of processors by step, of the clock where
    these are not known.
    """

    seconds: float = 0.0
    processors: float = 0.0
    memory: int | None = None
    work: int = 0
    read: int | None = None
    written: int | None = None
    steps: dict[str, float] = field(default_factory=dict)


class Meter:
    """A listener to a run, silent itself, that measures what each step takes.

    `said` are the lines that the run had for people.
    """

    def __init__(self, work: Path) -> None:
        self.taken = Taken()
        self.said: list[str] = []
        self._work = work
        self._step = ""
        self._since = 0.0
        self._ended = threading.Event()

    @contextmanager
    def measuring(self) -> Iterator[Taken]:
        """What is done within is measured; what it took stands in what is yielded, afterwards."""
        began, before, moved = time.monotonic(), _own_processors(), _moved()
        looking = threading.Thread(target=self._look, daemon=True)
        self._since = _processors()
        looking.start()
        try:
            yield self.taken
        finally:
            self._ended.set()
            looking.join()
            self._end_step()
            taken = self.taken
            taken.seconds = time.monotonic() - began
            taken.processors = _own_processors() - before
            if moved is not None and (now := _moved()) is not None:
                taken.read, taken.written = now[0] - moved[0], now[1] - moved[1]

    def _look(self) -> None:
        own, next_size = os.getpid(), 0.0
        while not self._ended.wait(_LOOK_SECONDS):
            if held := sum(map(private_bytes, descent(own))):
                self.taken.memory = max(self.taken.memory or 0, held)
            if time.monotonic() >= next_size:
                self.taken.work = max(self.taken.work, size_of(self._work))
                next_size = time.monotonic() + _SIZE_SECONDS

    def _end_step(self) -> None:
        now = _processors()
        if self._step:
            steps = self.taken.steps
            steps[self._step] = steps.get(self._step, 0.0) + now - self._since
        self._since = now

    # -- as a listener -------------------------------------------------------------------------

    def steps(self, names: Sequence[str]) -> None:
        """Nothing."""

    def phase(
        self, step: str, whole: Extent = NOTHING, before: Extent = NOTHING, detail: str = ""
    ) -> None:
        """A step begins, so the one before has ended."""
        self._end_step()
        self._step = step

    def done(self, part: Extent, task: int | None = None) -> None:
        """Nothing."""

    def moved(self, task: int, groups: float) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Keep a line."""
        self.said.append(text)


def size_of(folder: Path) -> int:
    """Bytes that the files of a folder have; of one that is gone meanwhile, none."""
    found = 0
    for top, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                found += (Path(top) / name).lstat().st_size
    return found


def _own_processors() -> float:
    """Seconds of this process, and of those below it that have ended."""
    return sum(os.times()[:4])


def _processors() -> float:
    """Seconds of this process and all below it; of the clock where these are not known."""
    found, own = _own_processors(), os.getpid()
    if not Path("/proc/self/stat").exists():
        return time.monotonic()
    for pid in descent(own):
        if pid != own:
            with suppress(OSError):  # it ended just now
                text = Path(f"/proc/{pid}/stat").read_text()
                found += sum(map(int, text.rpartition(")")[2].split()[11:15])) / _TICKS
    return found


def _moved() -> tuple[int, int] | None:
    """Bytes read and written so far, by this process and those below it that have ended."""
    try:
        lines = Path("/proc/self/io").read_text().splitlines()
    except OSError:
        return None
    found = {key: int(value) for key, _, value in (line.partition(":") for line in lines)}
    return found["rchar"], found["wchar"]
