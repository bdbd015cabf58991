"""Python's search for objects that hold each other, put off while a delivery is read.

Records make very many objects and no such circles: each is gone when its batch is. To look through
all of them every few hundred objects took a quarter of the time of reading JSON.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_AFTER = 50_000  # new objects
_lock = threading.Lock()
_before: list[tuple[int, int, int]] = []  # the thresholds of the outermost, once for each that runs


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for such circles seldom; as before when the last of all who asked so is done."""
    with _lock:
        _before.append(_before[0] if _before else gc.get_threshold())
        first, second, third = _before[0]
        if first:  # where it is switched off, it stays so
            gc.set_threshold(max(first, _AFTER), second, third)
    try:
        yield
    finally:
        with _lock:
            before = _before.pop()
            if not _before:
                gc.set_threshold(*before)
