"""Work for Python spread over processes: keys, spellings and row hashes hold the GIL."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TypeVar

from relaion.processes import serve_parent

T = TypeVar("T")
R = TypeVar("R")


def spread(do: Callable[[T], R], items: Iterable[T], hands: int) -> Iterator[R]:
    """Map over items in their order: in this process where `hands` is 1, else in so many others.

    A few items are taken ahead, never all: what is asked for and answered stays small.
    """
    if hands < 2:
        yield from map(do, items)
        return
    context = multiprocessing.get_context("spawn")
    waiting: deque[Future[R]] = deque()
    with ProcessPoolExecutor(hands, mp_context=context, initializer=serve_parent) as pool:
        for item in items:
            waiting.append(pool.submit(do, item))
            if len(waiting) > 2 * hands:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
