"""Files written whole or not at all, private folders, locks."""

import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from relaion.errors import BusyError, InputError, NoRoomError, OutputError
from relaion.paths.names import shown

# -- Digests of files --------------------------------------------------------------------------


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes as 64 hex digits; raises InputError when it cannot be read."""
    try:
        with path.open("rb") as f:
            return hashlib.file_digest(f, "sha256").hexdigest()
    except OSError as e:
        raise InputError(f"{shown(path)}: cannot be read ({e.strerror}); check the file") from None


# -- Who holds a lock: Linux tells in /proc, other systems keep it to themselves ---------------

# `1: FLOCK  ADVISORY  WRITE 4711 fd:01:5242883 0 EOF`: pid of the taker, device, inode
_FLOCK = re.compile(r"FLOCK\s+ADVISORY\s+\w+\s+(\d+)\s+([0-9a-f]+):([0-9a-f]+):(\d+)\s")
_PROC = Path("/proc")


def holder(handle: int) -> int | None:
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


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_PART = re.compile(r"\.relaion-[0-9a-f]{16}\.part")


@contextmanager
def atomic_write(
    path: Path, mode: int = 0o644, *, flush: bool = True, folder: bool = True
) -> Iterator[Path]:
    """Write a file whole or not at all.

    Yields a temporary name beside `path`; on success it is flushed to the disk and takes
    the name, on any error it is removed. The folder is flushed too, unless the caller says that
    it does so for many files (`sync_folder`). A hard link keeps the
    mode of the file that it is another name of. What a killed process leaves, `remove_parts`
    finds. Without `flush` a power cut may leave the name on a file that is cut or zeroed: for
    work files, which a digest vouches for.
    """
    part = path.with_name(f".relaion-{secrets.token_hex(8)}.part")
    try:
        yield part
        with part.open("rb") as f:
            if os.fstat(f.fileno()).st_nlink == 1:
                os.fchmod(f.fileno(), mode)
            if flush:
                os.fsync(f.fileno())
        part.replace(path)
        if flush and folder:
            sync_folder(path.parent)
    except OSError as e:
        raise unwritten(path, e, e.strerror or str(e)) from None
    finally:
        with suppress(OSError):  # it was renamed, or never there: its folder may be a file
            part.unlink()


def unwritten(path: Path, error: OSError, why: str) -> OutputError:
    """The error for a file that could not be written, of which nothing was left."""
    line = f"{shown(path)}: cannot be written ({why}); nothing was left"
    return NoRoomError(line) if error.errno in _NO_ROOM else OutputError(line)


def remove_parts(folder: Path) -> int:
    """Remove what killed writers left in a folder and all below it; returns how many files.

    To be called by the only process that writes there.
    """
    left = [Path(top) / n for top, _, names in os.walk(folder) for n in names if _PART.fullmatch(n)]
    for part in left:
        try:
            part.unlink(missing_ok=True)
        except OSError as e:
            raise OutputError(f"{shown(part)}: cannot be removed ({e.strerror})") from None
    return len(left)


def public_folder(path: Path) -> None:
    """Make a folder and those above it, as the caller's umask has them, for good.

    Raises OutputError where it cannot be made.
    """
    missing = [p for p in (path, *path.parents) if not p.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        for made in missing:
            sync_folder(made.parent)
    except FileExistsError:
        raise OutputError(f"{shown(path)}: is a file; name a folder") from None
    except OSError as e:
        raise OutputError(
            f"{shown(path)}: cannot be made ({e.strerror}); name another folder"
        ) from None


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that it holds; OutputError where that cannot be done."""
    try:
        shutil.rmtree(folder)
    except OSError as e:
        raise OutputError(
            f"{shown(e.filename or folder)}: cannot be removed ({e.strerror}); remove it by hand, "
            "for it is private"
        ) from None


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, so that a rename survives a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can enter (0700), whatever the umask.

    Raises OutputError where it cannot be made, is a link, or belongs to somebody else.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_foreign(path)
        path.chmod(0o700)
    except OSError as e:
        raise OutputError(
            f"{shown(path)}: cannot be made ({e.strerror}); choose another folder"
        ) from None
    return path


def refuse_foreign(path: Path) -> None:
    """Raise OutputError for a folder that is a link or somebody else's; none at all is ours."""
    try:
        info = path.lstat()
    except FileNotFoundError:
        return
    except OSError as e:
        raise OutputError(
            f"{shown(path)}: cannot be looked at ({e.strerror}); choose another folder"
        ) from None
    if stat.S_ISLNK(info.st_mode) or info.st_uid != os.geteuid():
        raise OutputError(
            f"{shown(path)}: is a link or somebody else's, so it may not hold what is "
            "private; remove it or choose another folder"
        )


@contextmanager
def private_umask() -> Iterator[None]:
    """Files made inside are readable by their owner only."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


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
        raise OutputError(f"{shown(path)}: cannot be written ({e.strerror})") from None
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


def _busy(path: Path, what: str, handle: int) -> str:
    pid = holder(handle)
    who = "another process" if pid is None else f"process {pid}"
    return f"{shown(path)}: {who} {what}; wait until it ends, or end it"
