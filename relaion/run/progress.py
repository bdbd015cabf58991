"""How a run tells what it is doing, without knowing who listens; and what a listener makes of it.

A command goes through steps in order. Of the one that runs it is told how many shards and row
groups there are, how many were through before, and how many are through by now, those included
that a worker is in the midst of.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from relaion.run.numbered import Numbered


@dataclass(frozen=True)
class Extent:
    """So many shards (or other files) with so many row groups; neither where it is not known."""

    shards: int = 0
    groups: float = 0

    @classmethod
    def of(cls, shards: Iterable[Numbered]) -> Extent:
        """Of these shards; an empty one counts as one row group, for it is opened, too."""
        found = [max(1, n.shard.row_groups) for n in shards]
        return cls(len(found), sum(found))

    def __add__(self, more: Extent) -> Extent:
        return Extent(self.shards + more.shards, self.groups + more.groups)

    def __mul__(self, times: int) -> Extent:
        return Extent(self.shards * times, self.groups * times)


NOTHING = Extent()
ONE_FILE = Extent(1)

MAKE, SURVEY, SEARCH, COUNT, COVER, WRITE, AUDIT, VERIFY, MEASURE = (
    "make data", "survey", "search", "count", "cover", "write", "audit", "verify", "measure",
)  # fmt: skip


def steps_of(*, cover: bool = False, verify: bool = True) -> tuple[str, ...]:
    """The steps of a run that writes editions."""
    chosen = {COVER: cover, VERIFY: verify}
    return tuple(s for s in (SURVEY, SEARCH, COVER, WRITE, AUDIT, VERIFY) if chosen.get(s, True))


class Progress(Protocol):
    """Hears of steps and of what each has done; the command line draws bars from it."""

    def steps(self, names: Sequence[str]) -> None:
        """The steps that the command will go through, in order."""

    def phase(
        self, step: str, whole: Extent = NOTHING, before: Extent = NOTHING, detail: str = ""
    ) -> None:
        """A step, or the next part of one, begins: `before` of `whole` were through before."""

    def done(self, part: Extent, task: int | None = None) -> None:
        """So much more is through, which was the task of this number."""

    def moved(self, task: int, groups: float) -> None:
        """A task that is not done yet has come through so many row groups."""

    def say(self, text: str) -> None:
        """Something worth a line on stderr."""


class Quiet:
    """A listener that keeps silent."""

    def steps(self, names: Sequence[str]) -> None:
        """Nothing."""

    def phase(
        self, step: str, whole: Extent = NOTHING, before: Extent = NOTHING, detail: str = ""
    ) -> None:
        """Nothing."""

    def done(self, part: Extent, task: int | None = None) -> None:
        """Nothing."""

    def moved(self, task: int, groups: float) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""


QUIET = Quiet()

# -- What of it can be shown -------------------------------------------------------------------

WINDOW = 30.0  # seconds at least that the time left is told from; of a long step a fifth of it
_PART = 5
_SAMPLES = 60  # of a window
_SOONEST = 2.0  # seconds of a step before it is told
_LEAST, _SURELY = 0.002, 10.0  # of a step, or seconds: from less, no end can be told


@dataclass(frozen=True)
class Position:
    """Where a command stands. `share` is from 0 to 1, None where the whole is not known.

    `elapsed` and `left` are seconds of this step; `left` is None where nothing moved lately.
    """

    number: int
    of: int
    step: str
    detail: str
    through: int
    whole: int
    unit: str
    share: float | None
    elapsed: float
    left: float | None

    @property
    def name(self) -> str:
        """`2/5 search: same links`."""
        number = f"{self.number}/{self.of} " if self.number else ""
        return number + self.step + (f": {self.detail}" if self.detail else "")

    @property
    def count(self) -> str:
        """`120/1,200 row groups`; nothing where the whole is not known."""
        return f"{self.through:,}/{self.whole:,} {self.unit}" if self.whole else ""

    @property
    def time_left(self) -> str:
        """`about 3 min left`; nothing where it is not known."""
        return "" if self.left is None else f"about {_rounded(self.left)} left"

    @property
    def sentence(self) -> str:
        """All of it in one plain line."""
        parts = [self.count, f"{clock(self.elapsed)} so far", self.time_left]
        return f"{self.name}: {', '.join(part for part in parts if part)}"


def clock(seconds: float) -> str:
    """`0:07`, `12:30`, `3:05:00`."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, last = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{last:02}" if hours else f"{minutes}:{last:02}"


def _rounded(seconds: float) -> str:
    if seconds < 55:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes < 600 else f"{minutes // 60} h"


class Course:
    """Follows what is told. May be looked at from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: tuple[str, ...] = ()
        self._step = self._detail = ""
        self._whole = self._through = NOTHING
        self._running: dict[int, float] = {}
        self._began = self._from = 0.0  # the step, and the part of it
        self._seen: deque[tuple[float, float]] = deque(maxlen=2 * _SAMPLES)

    def steps(self, names: Sequence[str]) -> None:
        """The steps to come; a part of a command may tell its own, which are among them."""
        if not set(names) <= set(self._steps):
            self._steps = tuple(names)

    def phase(
        self, step: str, whole: Extent = NOTHING, before: Extent = NOTHING, detail: str = ""
    ) -> None:
        """Begin anew."""
        now = time.monotonic()
        with self._lock:
            if step != self._step:
                self._began = now
            self._step, self._detail, self._whole, self._through = step, detail, whole, before
            self._from = now
            self._running.clear()
            self._seen.clear()
            self._seen.append((now, self._at))

    def done(self, part: Extent, task: int | None = None) -> None:
        """Go on."""
        with self._lock:
            if task is not None:
                self._running.pop(task, None)
            self._through += part
            self._note()

    def moved(self, task: int, groups: float) -> None:
        """Go on with a task that is not done."""
        with self._lock:
            self._running[task] = groups
            self._note()

    @property
    def _at(self) -> float:
        """In row groups; in files where no row groups are known."""
        if not self._whole.groups:
            return float(min(self._through.shards, self._whole.shards))
        return min(self._through.groups + sum(self._running.values()), self._whole.groups)

    def _note(self) -> None:
        now = time.monotonic()
        if not self._seen or now - self._seen[-1][0] >= self._window(now) / _SAMPLES:
            self._seen.append((now, self._at))

    def _window(self, now: float) -> float:
        return max(WINDOW, (now - self._from) / _PART)

    def position(self) -> Position | None:
        """Where it stands now; None before the first step."""
        now = time.monotonic()
        with self._lock:
            if not self._step:
                return None
            at, whole = self._at, self._whole
            all_of_it = whole.groups or whole.shards
            number = self._steps.index(self._step) + 1 if self._step in self._steps else 0
            return Position(
                number, len(self._steps), self._step, self._detail, int(at), int(all_of_it),
                "row groups" if whole.groups else "files", at / all_of_it if all_of_it else None,
                now - self._began, self._left(now, at, all_of_it),
            )  # fmt: skip

    def _left(self, now: float, at: float, whole: float) -> float | None:
        """Seconds, by what was done within the window: what stands still has no end in sight."""
        if at >= whole:
            return None
        start, since = self._seen[0], now - self._window(now)
        for sample in self._seen:
            if sample[0] > since:
                break
            start = sample
        seconds, gone = now - start[0], at - start[1]
        if gone <= 0 or seconds < (_SOONEST if gone >= whole * _LEAST else _SURELY):
            return None
        return (whole - at) * seconds / gone


class Rarely:
    """Where nobody looks, as in a log: a line now and then, ever more seldom; none of a short run.

    Asked at each word; says whether it is time for a line.
    """

    first, longest = 60.0, 900.0

    def __init__(self) -> None:
        self._wait = self.first
        self._next = time.monotonic() + self._wait

    def is_time(self) -> bool:
        """Whether a line is due, which it is not again for some time."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._wait = min(2 * self._wait, self.longest)
        self._next = now + self._wait
        return True
