"""How far a process has come with its task, told now and then to whoever gave it the task.

Distances are row groups: a task over four of them, two passes over each, has gone half a row group
with each eighth. Nobody asks in vain: without a listener nothing is measured, and with one a
number is told a few times a second, whatever is done.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

EVERY = 0.2  # seconds between two words

Tell = Callable[[float], object]
Shared: TypeAlias = "Synchronized[float]"


class Odometer:
    """One of a process; whoever reads or writes rows moves it, and need not know who listens."""

    def __init__(self) -> None:
        self._tell: Tell | None = None
        self._lock = threading.Lock()
        self._at = 0.0
        self._from = self._long = 0.0  # the stretch that is being done
        self._next = 0.0

    @contextmanager
    def telling(self, tell: Tell | None) -> Iterator[None]:
        """Begin at nought and tell of every move within; nothing is told after the end."""
        with self._lock:
            self._tell, self._next = tell, time.monotonic() + EVERY
            self._at = self._from = self._long = 0.0
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
        self._at = self._from = self._long = 0.0

    def move(self, groups: float) -> None:
        """So many more are through."""
        self._stand(self._at + groups)

    @contextmanager
    def stretch(self, groups: float) -> Iterator[None]:
        """A stretch of so many row groups, all of which are through at its end; see `reach`."""
        before = self._from, self._long
        self._from, self._long = self._at, groups
        try:
            yield
        finally:
            self._stand(self._from + groups)
            self._from, self._long = before

    def reach(self, share: float) -> None:
        """So much of the stretch, from 0 to 1, is through; may be told every few thousand rows."""
        if self._long:
            self._stand(self._from + self._long * min(share, 1.0))

    def _stand(self, at: float) -> None:
        self._at = at
        now = time.monotonic()
        if self._tell is None or now < self._next:
            return
        with self._lock:  # a word after the end would pass for one of the next task
            if self._tell is not None:
                self._next = now + EVERY
                self._tell(at)

    @contextmanager
    def passing(self, groups: float, share: Callable[[], float | None]) -> Iterator[None]:
        """A stretch of which `share()` says how much is through; asked from another thread.

        None where it cannot say: what it asks may have ended just now.
        """
        done = threading.Event()

        def look() -> None:
            seen = 0.0
            while not done.wait(EVERY):
                if (now := share()) is None:
                    continue
                seen = max(seen, now)
                with suppress(OSError):  # whoever was told is gone, and this process ends with it
                    self.reach(seen)

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
