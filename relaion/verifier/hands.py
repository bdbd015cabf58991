"""The hands that a check uses: this process, threads of it, or several processes of its own."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Protocol

from relaion.errors import StopError
from relaion.odometer import ODOMETER
from relaion.parquet.columns import side_by_side
from relaion.verifier.begun import begin
from relaion.verifier.listable import Apply
from relaion.verifier.verdict import ProcessEndedError

_PARTS = 16  # of a sequence, for each process


def _spread(
    pool: Executor, n: int, function: Callable[[Any], Any], items: Iterable[Any]
) -> Iterator[Any]:
    """Items of a sequence go in parts, so that what those of a part share travels once.

    That may be much, and more with each item: the links of all rows that a list hit. Items of any
    other kind go one by one. Only some are begun before they are asked for: each may bring back
    millions of digests, and to hold all of them would take memory for nothing.
    """
    if isinstance(items, Sequence):
        size = max(1, len(items) // (_PARTS * n))
        parts = (items[i : i + size] for i in range(0, len(items), size))
        for found in _spread(pool, n, partial(_each, function), parts):
            yield from found
        return
    begun: deque[Future[Any]] = deque()
    for item in items:
        begun.append(pool.submit(function, item))
        if len(begun) > 2 * n:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


def _each(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    return [function(item) for item in items]


class Elsewhere(Protocol):
    """Processes of other machines; raises StopError where one is ended."""

    def processes(self) -> AbstractContextManager[Apply]:
        """A map over pieces, as long as the context is open."""


@contextmanager
def threads(n: int) -> Iterator[Apply]:
    """Map in this process where n is 1, else in n threads of it.

    They cost no start, and nearly all of a check is done by Arrow and SHA-256, side by side.
    """
    if n <= 1:
        yield map
        return
    with side_by_side(), ThreadPoolExecutor(n) as pool:
        try:
            yield partial(_spread, pool, n)
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def processes(n: int, elsewhere: Elsewhere | None = None) -> Iterator[Apply]:
    """Map in this process where n is 1, else in n fresh ones, or in those of other machines.

    Raises ProcessEndedError when one of them is killed.
    """
    if n <= 1:
        yield map
        return
    if elsewhere is not None:
        try:
            with elsewhere.processes() as apply:
                yield apply
        except StopError as e:
            raise ProcessEndedError(f"verify: {e}") from None
        return
    context = multiprocessing.get_context("spawn")
    try:
        with (
            ODOMETER.shared(context.Value("d", 0.0)) as total,
            ProcessPoolExecutor(
                n, mp_context=context, initializer=begin, initargs=(total,)
            ) as pool,
        ):
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
