"""Things of which each is made when it is asked for: those of all shards would take much memory."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Made(Sequence[V], Generic[K, V]):
    """What is made of each of some keys, anew each time."""

    def __init__(self, keys: Sequence[K], make: Callable[[K], V]) -> None:
        self._keys, self._make = keys, make

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[V]:
        return map(self._make, self._keys)

    def __getitem__(self, at: Any) -> Any:
        some = self._keys[at]
        return [*map(self._make, some)] if isinstance(at, slice) else self._make(some)
