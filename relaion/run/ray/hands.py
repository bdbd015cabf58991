"""A check whose pieces are done by the workers of a Ray cluster.

It is made where a check is asked for, and travels to the process that checks. Functions, pieces and
answers lie in a private folder; Ray is told their names.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from typing import Any

from relaion.errors import RelaionError, StopError
from relaion.odometer import ODOMETER
from relaion.paths import atomic_write, owned_folder
from relaion.run.pool import Call, CallTask, returned
from relaion.run.process import LONGEST, packed, unpacked
from relaion.run.progress import Quiet
from relaion.run.ray.cluster import Cluster, folders_of
from relaion.run.ray.pool import RayPool
from relaion.run.settings import MEMORY, limits_of
from relaion.run.tasks import SHARES

_MOST = 16  # pieces that travel together
_NUMBERS = count(1)


class _Moves(Quiet):
    """Adds up how far all pieces have come."""

    def __init__(self) -> None:
        self._at: dict[int, float] = {}

    def moved(self, task: int, groups: float) -> None:
        """As far as it is further than was told before: a piece may be begun again."""
        more = groups - self._at.get(task, 0.0)
        if more > 0:
            self._at[task] = groups
            ODOMETER.move(more)


@dataclass(frozen=True)
class RayHands:
    """The workers of a cluster for one check.

    `work` is where a private folder is made that all machines share, None for the folder of
    temporary files; `reads` are files that are read.
    """

    cluster: Cluster
    workers: int | None
    work: Path | None
    reads: tuple[Path, ...]

    @contextmanager
    def processes(self) -> Iterator[Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]]:
        """A map over pieces, in order; raises StopError where a piece broke its worker."""
        limits = limits_of(self.workers, MEMORY, apart=True)
        with (
            owned_folder("verify", self.work) as owned,
            RayPool(self.cluster, limits, self.workers, None, _Moves()) as ray,
        ):
            ray.begin(owned.path, (), folders_of(path.absolute() for path in self.reads))
            yield partial(_spread, ray, owned.path)


def _spread(
    ray: RayPool, folder: Path, function: Callable[[Any], Any], items: Iterable[Any]
) -> Iterator[Any]:
    many = len(items) // (SHARES * ray.size) if isinstance(items, Sequence) else 1
    size = max(1, min(_MOST, many))
    pieces = list(items)
    shared = folder / f"function-{next(_NUMBERS)}"  # what all need is written, and read, once
    with atomic_write(shared, mode=0o600, flush=False) as part:
        part.write_text(packed(function), encoding="ascii")
    tasks = [
        CallTask(
            no, "a part of the check", LONGEST,
            Call("relaion.run.ray.hands:done", (shared, pieces[no : no + size])),
        )
        for no in range(0, len(pieces), size)
    ]  # fmt: skip
    found: dict[int, list[Any]] = {}
    wanted = 0
    for outcome in ray.run(tasks):
        if outcome.error is not None:
            raise StopError(outcome.error)
        value = returned({"error": None, **outcome.said})
        if isinstance(value, RelaionError):
            raise value
        found[outcome.no] = value
        while wanted in found:
            yield from found.pop(wanted)
            wanted += size


def done(shared: Path, pieces: Sequence[Any]) -> list[Any] | RelaionError:
    """What a function makes of some pieces, in a worker; an error of the user's is a value."""
    function = _function(shared)
    try:
        return [function(piece) for piece in pieces]
    except RelaionError as e:
        return e


@lru_cache(1)
def _function(shared: Path) -> Callable[[Any], Any]:
    found = unpacked(shared.read_text(encoding="ascii"))
    if not callable(found):
        raise TypeError(f"a function, not {type(found).__name__}")
    return found
