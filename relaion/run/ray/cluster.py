"""A cluster by its address, and what its workers leave in a work folder. Needs no Ray."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from relaion.errors import BusyError, OutputError
from relaion.paths import remove_tree, shown
from relaion.paths.locks import wait_unlocked

FOLDER = "ray"  # of a work folder: tasks, answers and locks of the workers of a cluster
_LEFT_SECONDS = 30.0


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster: `address` of one that runs, `auto` for that of this machine; None: start one.

    One that is started here is of this machine alone, and ends with the command; `token` is the key
    of one that was, for whoever joins it after.
    """

    address: str | None
    token: str = field(default="", repr=False)

    @property
    def is_own(self) -> bool:
        """Whether this command starts it, or has started it."""
        return self.address is None or bool(self.token)


def folders_of(paths: Iterable[Path]) -> set[Path]:
    """The folders in which files are named, and those in which they lie.

    A link may lead to another file system, and it is that one's number that a stamp has.
    """
    return {folder for path in paths for folder in (path.parent, path.resolve().parent)}


def refuse_left(work: Path) -> None:
    """Raise BusyError while workers of a run that was stopped still write, on other machines."""
    locks = sorted((work / FOLDER).glob("*.lock"))
    if wait_unlocked(locks, _LEFT_SECONDS):
        raise BusyError(
            f"{shown(work)}: a worker of a run that was stopped has not ended yet, perhaps on "
            "another machine; wait until it ends, or end it"
        )


def remove_work(work: Path) -> None:
    """Remove a work folder, but for the locks that late workers hold.

    A machine that was cut off may come back and write on. Whoever uses this folder next is to see
    that and wait, so a lock that is held stays, alone. Raises OutputError for what cannot be
    removed.
    """
    locks = sorted((work / FOLDER).glob("*.lock"))
    held = set(wait_unlocked(locks, 0.0))
    if not held:
        remove_tree(work)
        return
    for path in work.iterdir():
        if path != work / FOLDER:
            _remove(path)
    for path in (work / FOLDER).iterdir():
        if path not in held:
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as e:
        raise OutputError(f"{shown(path)}: cannot be removed ({e.strerror})") from None
