"""Files whose reading ends the process: told to another one before they are given to pyarrow.

pyarrow checks much of a file, and not all: a file that is wrong in a new way may end the process.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from relaion.errors import DamagedError
from relaion.paths import shown


class _Watch:
    """Who is told, of which file last, and the files that ended a process before, with how."""

    tell: Callable[[Path], object] | None = None
    last: Path | None = None
    ended: Mapping[Path, str] = {}


def note(path: Path) -> None:
    """Say that a file is read from now on; raises DamagedError for one that ended a process."""
    if (how := _Watch.ended.get(path)) is not None:
        raise DamagedError(f"{shown(path)}: {how}")
    if _Watch.tell is not None and path != _Watch.last:
        _Watch.last = path
        _Watch.tell(path)


@contextmanager
def watched(tell: Callable[[Path], object], ended: Mapping[Path, str]) -> Iterator[None]:
    """Tell of every file that is read meanwhile, but for those that `ended` a process."""
    _Watch.tell, _Watch.last, _Watch.ended = tell, None, ended
    try:
        yield
    finally:
        _Watch.tell, _Watch.ended = None, {}
