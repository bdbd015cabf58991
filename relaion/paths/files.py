"""Files written whole or not at all, private folders, and whether a file is what was read."""

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

from relaion.errors import InputError, NoRoomError, OutputError, RelaionError
from relaion.paths.names import shown
from relaion.paths.stand_ins import address, record_of, within_tree


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes as 64 hex digits; raises InputError when it cannot be read."""
    try:
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
            f"{shown(each)}: cannot be made ({e.strerror}); name another folder"
        ) from None


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


# -- Is a file still the one that was read? ----------------------------------------------------
# A stamp (device, inode, size, times) is cheap, and the kernel changes its last part with every
# write, whatever a program does to the time of change. It changes with a further hard link, too:
# so an equal stamp says that nothing was written, and another one that the digest must be asked.

_TRIES = 3  # a hard link that another run makes meanwhile looks like a write


class Stamp(NamedTuple):
    """What the system says of a file: which one it is, its size, when it was written."""

    device: int
    inode: int
    size: int
    written_ns: int
    changed_ns: int

    @property
    def written(self) -> tuple[int, ...]:
        """The parts that a further hard link, a new mode or a new owner leave as they are."""
        return self[:4]


_ELSEWHERE = -1  # in place of a device
DEVICES = "RELAION_DEVICES"
"""The variable by which a worker on another machine is told how devices are numbered where the
run is driven, as `here:there,here:there`: a shared file system has another number on each."""


def _numbered(text: str) -> dict[int, int]:
    pairs = (pair.split(":") for pair in text.split(",") if pair)
    return {int(here): int(there) for here, there in pairs}


_DEVICES = _numbered(os.environ.get(DEVICES, ""))


def _of(info: os.stat_result) -> Stamp:
    device = _DEVICES.get(info.st_dev, info.st_dev)
    return Stamp(device, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)


def stamp_of_open(file: BufferedReader) -> Stamp:
    """The stamp of a file that is open, whatever its name leads to by now."""
    return _of(os.fstat(file.fileno()))


def stamp_of(path: Path) -> Stamp:
    """The stamp of the file that a path leads to; raises InputError where there is none.

    That of a stand-in is its object's, the same in every run that sees the same version.
    """
    if (known := record_of(path)) is not None:
        which = int(hashlib.sha256(address(path).encode(errors="replace")).hexdigest()[:12], 16)
        version = int(known.version[:15], 16)
        return Stamp(_ELSEWHERE, which, known.size, version, version)
    try:
        return _of(path.stat())
    except OSError as e:
        raise InputError(
            f"{shown(path)}: cannot be read ({e.strerror}); is it still there?"
        ) from None


@dataclass(frozen=True, slots=True)
class Seal:
    """The stamp and the SHA-256 of a file at one moment."""

    stamp: Stamp
    sha256: str

    def plain(self) -> list[Any]:
        """As JSON can hold it."""
        return [list(self.stamp), self.sha256]

    @classmethod
    def read(cls, found: Any) -> "Seal":
        """Read what `plain` made; raises TypeError or ValueError for anything else."""
        stamp, sha256 = found
        return cls(Stamp(*map(int, stamp)), str(sha256))


def replaced(path: Path) -> InputError:
    """The error for a file that is not any more what it was."""
    return InputError(
        f"{shown(path)}: was changed or replaced while it was worked on; see that nothing writes "
        "to it, and repeat the command"
    )


def seal(path: Path) -> Seal:
    """Seal a file; raises InputError where it cannot be read, or changes meanwhile.

    Where nobody knows the digest of what a stand-in stands for, its version is in its place.
    """
    if (known := record_of(path)) is not None:
        return Seal(stamp_of(path), known.digest or known.version)
    for _ in range(_TRIES):
        try:
            with path.open("rb") as f:
                before = stamp_of_open(f)
                sha256 = hashlib.file_digest(f, "sha256").hexdigest()
                after = stamp_of_open(f)
        except OSError as e:
            raise InputError(
                f"{shown(path)}: cannot be read ({e.strerror}); check the file"
            ) from None
        if before == after == stamp_of(path):
            return Seal(after, sha256)
    raise replaced(path)


def is_still(path: Path, known: Seal) -> bool:
    """Whether a file has the sealed bytes; reads it only where its stamp is another one."""
    try:
        return stamp_of(path) == known.stamp or seal(path).sha256 == known.sha256
    except InputError:
        return False


def read_sealed(
    paths: Sequence[Path], read: Callable[[], None], hands: int = 1, *, beside: bool = False
) -> list[Seal]:
    """Read some files, and seal them as they were while they were read.

    With `beside` they are hashed meanwhile, by another thread, else afterwards.
    Raises InputError for one that was written to or replaced meanwhile. Where a file was given
    another name, which looks like a write, `read` is called again, with its digest known.
    """
    before = [stamp_of(path) for path in paths]
    with ThreadPoolExecutor(hands) as pool:  # hashing leaves other threads their turn
        seals = pool.map(seal, paths) if beside else None
        _reading(paths, before, read)
        found = list(seals or pool.map(seal, paths))
    _refuse_written(paths, before)
    if [each.stamp for each in found] == before == [stamp_of(path) for path in paths]:
        return found
    read_still(dict(zip(paths, found, strict=True)), read)
    return found


def read_still(known: Mapping[Path, Seal | str], read: Callable[[], None]) -> list[Stamp]:
    """Read files that must have the sealed bytes before, and still when they were read.

    A digest alone in place of a seal is always compared. Returns their stamps afterwards.
    Raises InputError for one that has other bytes.
    """
    paths = list(known)
    before = [stamp_of(path) for path in paths]
    for path, stamp in zip(paths, before, strict=True):
        expected = known[path]
        if isinstance(expected, str) or stamp != expected.stamp:
            _compare(path, expected)
    _reading(paths, before, read)
    after = [stamp_of(path) for path in paths]
    for i, path in enumerate(paths):
        if after[i] != before[i]:
            after[i] = _compare(path, known[path])
    return after


def _compare(path: Path, expected: Seal | str) -> Stamp:
    sha256 = expected.sha256 if isinstance(expected, Seal) else expected
    found = seal(path)
    if found.sha256 != sha256:
        raise replaced(path)
    return found.stamp


def _reading(paths: Sequence[Path], before: Sequence[Stamp], read: Callable[[], None]) -> None:
    """Read; what goes wrong because a file was replaced is said of that."""
    try:
        read()
    except RelaionError:
        _refuse_written(paths, before)
        raise


def _refuse_written(paths: Sequence[Path], before: Sequence[Stamp]) -> None:
    for path, stamp in zip(paths, before, strict=True):
        if stamp_of(path).written != stamp.written:
            raise replaced(path)


def place_of(path: Path) -> str:
    """What tells a file's place from others, in this run and the next: its path, or its address."""
    return address(path) if within_tree(path) else str(path.absolute())
