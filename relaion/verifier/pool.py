"""The processes that a check uses: this one, or several of its own."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import Protocol, TypeVar

from relaion.errors import StopError
from relaion.processes import serve_parent

T = TypeVar("T")
R = TypeVar("R")


class ProcessEndedError(StopError):
    """Raised when one of several processes was ended; one alone may tell why."""


class Apply(Protocol):
    """Maps a function over items, in their order."""

    def __call__(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        """Map like `map`."""


def _spread(
    pool: ProcessPoolExecutor, n: int, function: Callable[[T], R], items: Iterable[T]
) -> Iterator[R]:
    """Items of a list go several at a time where there are many: what they share travels once.

    Those of any other kind go one by one: each may bring back millions of digests.
    """
    many = len(items) // (4 * n) if isinstance(items, list) else 1
    return pool.map(function, items, chunksize=max(1, min(16, many)))


@contextmanager
def processes(n: int) -> Iterator[Apply]:
    """Map in this process where n is 1, else in n fresh ones.

    Raises ProcessEndedError when one of them is killed.
    """
    if n <= 1:
        yield map
        return
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(n, mp_context=context, initializer=serve_parent) as pool:
            try:
                yield partial(_spread, pool, n)
            except BaseException:  # Ctrl-C, too: what they do is of no use any more
                for child in multiprocessing.active_children():
                    child.terminate()
                raise
    except BrokenProcessPool:
        raise ProcessEndedError(
            "verify: one of its processes was ended from outside (out of memory?); "
            "check again with fewer workers"
        ) from None
