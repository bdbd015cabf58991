"""How far a process has come with its task, told now and then to whoever gave it the task.

Distances are row groups: a task over four of them, two passes over each, has gone half a row group
with each eighth. Nobody asks in vain: without a listener nothing is measured, and with one a
number is told a few times a second, whatever is done. Threads of a process go side by side: each
has its own stretch, and what all have gone together is told.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

EVERY = 0.2  # seconds between two words

Tell = Callable[[float], object]
Shared: TypeAlias = "Synchronized[float]"


@dataclass
class _Way:
    """How far a thread has come, and the stretch that it is doing: from where, and how long."""

    at: float = 0.0
    start: float = 0.0
    length: float = 0.0


class Odometer:
    """One of a process; whoever reads or writes rows moves it, and need not know who listens."""

    def __init__(self) -> None:
        self._tell: Tell | None = None
        self._lock = threading.Lock()
        self._ways = threading.local()
        self._gone = 0.0  # by all threads together
        self._next = 0.0

    @property
    def _way(self) -> _Way:
        """That of this thread."""
        if not hasattr(self._ways, "way"):
            self._ways.way = _Way()
        found: _Way = self._ways.way
        return found

    @contextmanager
    def telling(self, tell: Tell | None) -> Iterator[None]:
        """Begin at nought and tell of every move within; nothing is told after the end."""
        with self._lock:
            self._tell, self._next = tell, time.monotonic() + EVERY
        self.restart()
        try:
            yield
        finally:
            with self._lock:
                self._tell = None

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return self._tell is not None

    def restart(self) -> None:
        """Begin at nought again, for the next part of a task."""
        self._ways.way = _Way()
        with self._lock:
            self._gone = 0.0

    def move(self, groups: float) -> None:
        """So many more are through."""
        way = self._way
        self._stand(way, way.at + groups)

    @contextmanager
    def stretch(self, groups: float) -> Iterator[None]:
        """A stretch of so many row groups, all of which are through at its end; see `reach`."""
        way = self._way
        before = way.start, way.length
        way.start, way.length = way.at, groups
        try:
            yield
        finally:
            self._stand(way, way.start + groups)
            way.start, way.length = before

    def reach(self, share: float) -> None:
        """So much of the stretch, from 0 to 1, is through; may be told every few thousand rows."""
        self._reach(self._way, share)

    def _reach(self, way: _Way, share: float) -> None:
        if way.length:
            self._stand(way, way.start + way.length * min(share, 1.0))

    def _stand(self, way: _Way, at: float) -> None:
        now = time.monotonic()
        with self._lock:  # a word after the end would pass for one of the next task
            self._gone += at - way.at
            way.at = at
            if self._tell is not None and now >= self._next:
                self._next = now + EVERY
                self._tell(self._gone)

    @contextmanager
    def passing(self, groups: float, share: Callable[[], float | None]) -> Iterator[None]:
        """A stretch of which `share()` says how much is through; asked from another thread.

        None where it cannot say: what it asks may have ended just now.
        """
        done = threading.Event()
        way = self._way

        def look() -> None:
            seen = 0.0
            while not done.wait(EVERY):
                if (now := share()) is None:
                    continue
                seen = max(seen, now)
                with suppress(OSError):  # whoever was told is gone, and this process ends with it
                    self._reach(way, seen)

        with self.stretch(groups):
            watch = threading.Thread(target=look, daemon=True) if self._tell and groups else None
            if watch is not None:
                watch.start()
            try:
                yield
            finally:
                done.set()
                if watch is not None:
                    watch.join()

    # -- A task that several processes do together -----------------------------------------

    @contextmanager
    def shared(self, total: Shared) -> Iterator[Shared | None]:
        """Move as far as other processes do, which are given what this yields: `add_to` it."""
        if self._tell is None:
            yield None
            return
        done = threading.Event()

        def look() -> None:
            seen = 0.0
            while not done.wait(EVERY):
                now = total.value
                self.move(now - seen)
                seen = now

        watch = threading.Thread(target=look, daemon=True)
        watch.start()
        try:
            yield total
        finally:
            done.set()
            watch.join()

    def add_to(self, total: Shared | None) -> None:
        """In one of these processes: add all moves to what they share, from here on."""
        if total is None:
            return
        told = 0.0

        def tell(at: float) -> None:
            nonlocal told
            with total.get_lock():
                total.value += at - told
            told = at

        self._tell = tell


ODOMETER = Odometer()
