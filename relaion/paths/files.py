"""Files written whole or not at all, private folders, locks."""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from relaion.errors import BusyError, OutputError
from relaion.paths.names import shown


@contextmanager
def whole_file(path: Path, mode: int = 0o644) -> Iterator[Path]:
    """Write a file whole or not at all.

    Yields a temporary name beside `path`; on success it is flushed to the disk and takes
    the name, on any error it is removed. The folder is flushed too.
    """
    part = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        yield part
        with part.open("rb") as f:
            os.fchmod(f.fileno(), mode)
            os.fsync(f.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as e:
        raise OutputError(
            f"{shown(path)}: cannot be written ({e.strerror or e}); nothing was left"
        ) from None
    finally:
        with suppress(OSError):  # it was renamed, or never there: its folder may be a file
            part.unlink()


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, so that a rename survives a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can enter (0700), whatever the umask."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as e:
        raise OutputError(
            f"{shown(path)}: cannot be made ({e.strerror}); choose another folder"
        ) from None
    return path


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
    """Hold an exclusive lock on a file or folder, or raise BusyError at once.

    Yields the file descriptor: whoever inherits it holds the lock too.
    """
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT
    handle = os.open(path, flags, stat.S_IRUSR | stat.S_IWUSR)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError(f"{shown(path)}: another process {what}; wait until it ends") from None
        yield handle
    finally:
        os.close(handle)
