"""Files written whole or not at all, and folders that are private or public."""

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from relaion.errors import InputError, NoRoomError, OutputError
from relaion.paths.names import shown

_OPEN_FILES = (Path("/dev/fd"), Path("/proc/self/fd"))


def followed(path: Path) -> Path:
    """Where links lead; told from the working folder where a path was given so."""
    whole = path.resolve()
    return whole if path.is_absolute() else Path(os.path.relpath(whole))


def is_shells(path: Path) -> bool:
    """Whether a name is one of the shell's (`<(…)`), which only the first to read it can open."""
    return path.parent in _OPEN_FILES


def open_given(path: Path) -> BinaryIO:
    """Open a small file that a user named, to be read: a file, or a pipe of the shell's (`<(…)`).

    Raises OSError, also for what may never end: a pipe that has a name, a device.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(handle).st_mode
        may_wait = is_shells(path) or not path.resolve().exists()
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode) and not (stat.S_ISFIFO(mode) and may_wait):
            raise OSError(errno.EINVAL, "it is no regular file")
        os.set_blocking(handle, True)
    except OSError:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes as 64 hex digits; raises InputError when it cannot be read."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):  # which may never end
            raise InputError(f"{shown(path)}: is a device; name a file")
        if stat.S_ISFIFO(mode):  # which one waits for until somebody writes to it
            raise InputError(
                f"{shown(path)}: is a pipe, which cannot be read more than once; write what comes "
                "of it to a file, and name that"
            )
        with path.open("rb") as f:
            return hashlib.file_digest(f, "sha256").hexdigest()
    except OSError as e:
        raise InputError(f"{shown(path)}: cannot be read ({e.strerror}); check the file") from None


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_HANDS = 8
_PART = re.compile(r"\.relaion-[0-9a-f]{16}\.part")


@contextmanager
def atomic_write(
    path: Path, mode: int = 0o644, *, flush: bool = True, folder: bool = True, alone: bool = False
) -> Iterator[Path]:
    """Write a file whole or not at all.

    Yields a temporary name beside `path`; on success it is flushed to the disk and takes
    the name, on any error it is removed. The folder is flushed too, unless the caller says that
    it does so for many files (`sync_folder`). A hard link keeps the
    mode of the file that it is another name of. What a killed process leaves, `remove_parts`
    finds. Without `flush` a power cut may leave the name on a file that is cut or zeroed: for
    work files, which a digest vouches for. `alone` is said where nobody else writes this file: what
    a kill leaves of it, among files of others, is then written over the next time.
    """
    part = _own_part(path) if alone else path.with_name(f".relaion-{secrets.token_hex(8)}.part")
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


def _own_part(path: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()
    return path.with_name(f".relaion-{digest[:16]}.part")


def remove_own_part(path: Path) -> None:
    """Remove what a killed `atomic_write(path, alone=True)` left."""
    _own_part(path).unlink(missing_ok=True)


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


def public_folder(path: Path, *below: Path) -> None:
    """Make a folder, those above it and some below it, as the caller's umask has them, for good.

    Raises OutputError where one cannot be made.
    """
    changed = set()
    try:
        for each in (path, *(path / name for name in below)):
            changed |= {p.parent for p in (each, *each.parents) if not p.exists()}
            each.mkdir(parents=True, exist_ok=True)
        for folder in sorted(changed):
            sync_folder(folder)
    except FileExistsError:
        raise OutputError(f"{shown(each)}: is a file; name a folder") from None
    except OSError as e:
        raise OutputError(
            f"{shown(each)}: cannot be made ({e.strerror}); {or_umask('name another folder')}"
        ) from None


def or_umask(way_out: str) -> str:
    """The way out of a folder that cannot be used: another umask, where that is the cause."""
    mask = os.umask(0o077)
    os.umask(mask)
    if mask & stat.S_IRWXU:
        return f"the umask {mask:04o} keeps you from what you make: set another, such as umask 022"
    return way_out


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that it holds; OutputError where that cannot be done."""
    remove_files(folder)
    try:
        shutil.rmtree(folder)
    except OSError as e:
        raise OutputError(
            f"{shown(e.filename or folder)}: cannot be removed ({e.strerror or e}); remove it by "
            "hand, for it is private"
        ) from None


def remove_files(folder: Path) -> None:
    """Remove the files in a folder and below it, as far as that can be done; not behind a link.

    Side by side: a disk may take some milliseconds for each that it holds, and those of a short
    run took a tenth of it.
    """
    files = [Path(top, name) for top, _, names in os.walk(folder) for name in names]
    if files and not folder.is_symlink():
        with ThreadPoolExecutor(min(len(files), _HANDS)) as pool:
            list(pool.map(_removed, files))


def _removed(file: Path) -> None:
    with suppress(OSError):  # whoever removes the folder says so
        file.unlink()


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, so that a rename survives a power cut."""
    _sync(folder, os.O_DIRECTORY)


def sync_file(path: Path) -> None:
    """Flush what stands in a file to the disk, whoever wrote it."""
    _sync(path)


def _sync(path: Path, how: int = 0) -> None:
    handle = os.open(path, os.O_RDONLY | how)
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


def refuse_unwritable(folder: Path, way_out: str) -> None:
    """Raise OutputError for a folder in which no file can be made; none is left there."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as e:
        why = e.strerror or type(e).__name__
        raise OutputError(f"{shown(folder)}: cannot be written ({why}), {way_out}") from None


def refuse_foreign(path: Path) -> None:
    """Raise OutputError for a folder that is a link or somebody else's; none at all is ours."""
    try:
        info = path.lstat()
    except FileNotFoundError:
        return
    except NotADirectoryError:
        file = next((p for p in path.parents if p.exists() and not p.is_dir()), path)
        raise OutputError(f"{shown(file)}: is no folder; choose another one") from None
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
