"""Locks, who holds them, and temporary folders that a living process owns.

A process holds a lock on its folder, and its workers inherit it. A lock ends with the last
process that holds it, however that ends: what is not locked was left by a kill.
"""

import fcntl
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from relaion.errors import BusyError, OutputError
from relaion.paths.files import or_umask, remove_files
from relaion.paths.names import shown


@contextmanager
def locked(path: Path, what: str) -> Iterator[int]:
    """Hold an exclusive lock on a file (made where there is none) or a folder.

    Yields the file descriptor: whoever inherits it holds the lock too. Raises BusyError at
    once when another process holds it, naming that process; `what` is what it does, such as
    `writes to this store`. Raises OutputError where nothing can be locked.
    """
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    try:
        handle = os.open(path, flags | os.O_CLOEXEC, stat.S_IRUSR | stat.S_IWUSR)
    except OSError as e:
        raise OutputError(
            f"{shown(path)}: cannot be written ({e.strerror}); see who may write it"
        ) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(_busy(path, what, handle)) from None
        except OSError as e:
            raise OutputError(
                f"{shown(path)}: cannot be locked ({e.strerror}); choose another file system"
            ) from None
        yield handle
    finally:
        os.close(handle)


def wait_unlocked(paths: Iterable[Path], seconds: float) -> list[Path]:
    """Wait until nobody holds a lock on any of these files; all that are still held then."""
    until = time.monotonic() + seconds
    held: list[Path] = []
    for path in paths:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:  # gone with its owner
            continue
        try:
            while not _is_free(handle):
                if time.monotonic() > until:
                    held.append(path)
                    break
                time.sleep(_LOOK_SECONDS)
        finally:
            os.close(handle)
    return held


def _is_free(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # this file system has no locks
        return True
    return True


def _busy(path: Path, what: str, handle: int) -> str:
    pid = _holder(handle)
    who = "another process" if pid is None else f"process {pid}"
    return f"{shown(path)}: {who} {what}; wait until it ends, or end it"


# -- Who holds a lock: Linux tells in /proc, other systems keep it to themselves ---------------

# `1: FLOCK  ADVISORY  WRITE 4711 fd:01:5242883 0 EOF`: pid of the taker, device, inode
_FLOCK = re.compile(r"FLOCK\s+ADVISORY\s+\w+\s+(\d+)\s+([0-9a-f]+):([0-9a-f]+):(\d+)\s")
_PROC = Path("/proc")


def _holder(handle: int) -> int | None:
    """The process that holds the flock on an open file or folder; None where nobody tells.

    A lock belongs to all who inherited its descriptor: where the one that took it has ended,
    this is one of those that still live.
    """
    info = os.fstat(handle)
    place = (os.major(info.st_dev), os.minor(info.st_dev), info.st_ino)
    takers = [pid for pid, where in _locks(_text(_PROC / "locks")) if where == place]
    living = [pid for pid in takers if pid and (_PROC / str(pid)).exists()]
    return next(iter(living), None) or next(_heirs(place), None)


def _locks(text: str) -> Iterator[tuple[int, tuple[int, int, int]]]:
    for pid, major, minor, inode in _FLOCK.findall(text):
        yield int(pid), (int(major, 16), int(minor, 16), int(inode))


def _heirs(place: tuple[int, int, int]) -> Iterator[int]:
    """Processes of ours that have the lock by an open descriptor."""
    for process in _PROC.glob("[0-9]*"):
        for described in _listing(process / "fdinfo"):
            if any(where == place for _, where in _locks(_text(described))):
                yield int(process.name)


def _listing(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # it ended meanwhile, or is somebody else's
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


# -- Temporary folders that a living process owns, and the sweeping of those that none does ----

_OWNED = re.compile(
    r"relaion-(?:match|verify|links|sql|lists|stdin|ray|remote|plan|diff|check)-[A-Za-z0-9_]{8}"
)
_LOG = re.compile(r"relaion-error-[A-Za-z0-9_]{8}\.log")
_TRIES = 10
_LOOK_SECONDS = 0.05
DAY = 86_400.0


@dataclass(frozen=True)
class Owned:
    """A private folder, and the descriptor that holds its lock: to be handed to workers."""

    path: Path
    lock: int


@contextmanager
def owned_folder(purpose: str, parent: Path | None = None) -> Iterator[Owned]:
    """Make a private folder (0700), gone afterwards, for a purpose that `sweep` knows the name of.

    What a killed process leaves, `sweep` removes. Raises OutputError where none can be made.
    """
    place = parent or _temporary()
    try:
        folder = _make(f"relaion-{purpose}-", place)
    except OSError as e:
        raise OutputError(
            f"{shown(place)}: no private folder can be made there ({e.strerror}); "
            + or_umask("name another")
        ) from None
    try:
        yield folder
    finally:
        remove_files(folder.path)
        shutil.rmtree(folder.path, ignore_errors=True)
        os.close(folder.lock)


def _temporary() -> Path:
    """The system's folder for temporary files; OutputError where none can be written."""
    try:
        return Path(tempfile.gettempdir())
    except OSError:
        raise OutputError(
            "no folder for temporary files can be written (TMPDIR, /tmp, /var/tmp): free some "
            "room there, or set TMPDIR to another folder"
        ) from None


def _make(prefix: str, place: Path) -> Owned:
    for _ in range(_TRIES):
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        with suppress(FileNotFoundError):  # swept before it was locked: make another
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            if _is_locked(handle, path):
                return Owned(path, handle)
            os.close(handle)
    raise FileExistsError(0, "others remove it at once")


def _is_locked(handle: int, path: Path) -> bool:
    """Lock a new folder; False where a sweeper was there first."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # this file system locks no folder, so nobody can sweep it either
        return True
    return is_same(handle, path)


def is_same(handle: int, path: Path) -> bool:
    """Whether a path still leads to the very file or folder that is open."""
    try:
        named = path.lstat()
    except OSError:
        return False
    held = os.fstat(handle)
    return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)


def sweep(parent: Path | None = None, *, logs_older: float = DAY) -> int:
    """Remove our own folders that no living process owns, and old logs of errors.

    Looks into the system's folder for temporary files, or `parent`. Another user's folders,
    symlinks, and what another program made are left alone. Returns how many were removed.
    """
    removed = 0
    with suppress(OSError, OutputError):  # a folder that cannot be listed
        place = parent or _temporary()
        for name in os.listdir(place):  # noqa: PTH208 - a path for each of thousands takes long
            if _OWNED.fullmatch(name):
                removed += removed_if_free(place / name)
            elif _LOG.fullmatch(name):
                removed += _log_removed(place / name, logs_older)
    return removed


def removed_if_free(path: Path) -> bool:
    """Remove a folder of ours that no living process holds a lock on; whether that was done."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # a link, a file, somebody else's, or gone
        return False
    try:
        if os.fstat(handle).st_uid != os.geteuid():
            return False
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not is_same(handle, path):
            return False
        shutil.rmtree(path, ignore_errors=True)
        return not path.exists()
    except OSError:  # its owner lives, or nobody can tell
        return False
    finally:
        os.close(handle)


def _log_removed(path: Path, older: float) -> bool:
    try:
        info = path.lstat()
        is_ours = stat.S_ISREG(info.st_mode) and info.st_uid == os.geteuid()
        if not is_ours or time.time() - info.st_mtime < older:
            return False
        path.unlink()
    except OSError:
        return False
    return True
