"""Is a file still the one that was read?

A stamp (device, inode, size, times) is cheap, and the kernel changes its last part with every
write, whatever a program does to the time of change. It changes with a further hard link, too:
so an equal stamp says that nothing was written, and another one that the digest must be asked.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from relaion.errors import InputError, RelaionError
from relaion.paths.names import shown

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


def _of(info: os.stat_result) -> Stamp:
    return Stamp(info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)


def stamp_of(path: Path) -> Stamp:
    """The stamp of the file that a path leads to; raises InputError where there is none."""
    try:
        return _of(path.stat())
    except OSError as e:
        raise InputError(
            f"{shown(path)}: cannot be read ({e.strerror}); is it still there?"
        ) from None


@dataclass(frozen=True)
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
    """Seal a file; raises InputError where it cannot be read, or changes meanwhile."""
    for _ in range(_TRIES):
        try:
            with path.open("rb") as f:
                before = _of(os.fstat(f.fileno()))
                sha256 = hashlib.file_digest(f, "sha256").hexdigest()
                after = _of(os.fstat(f.fileno()))
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


def read_sealed(paths: Sequence[Path], read: Callable[[], None], hands: int = 1) -> list[Seal]:
    """Read some files, and seal them as they were while they were read.

    Raises InputError for one that was written to or replaced meanwhile. Where a file was given
    another name, which looks like a write, `read` is called again, with its digest known.
    """
    before = [stamp_of(path) for path in paths]
    _reading(paths, before, read)
    with ThreadPoolExecutor(hands) as pool:  # hashing leaves other threads their turn
        found = list(pool.map(seal, paths))
    _refuse_written(paths, before)
    if [each.stamp for each in found] == before:
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
