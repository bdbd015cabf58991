"""Is a file still the one that was read? Stamps, which are cheap, and seals, which say its digest.

A stamp (device, inode, size, times) is what the system says, which changes its last part with
every write, whatever a program does to the time of change. It changes with a further hard link,
too: so an equal stamp says that nothing was written, and another one that the digest must be asked.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

from relaion.errors import InputError, RelaionError
from relaion.paths.names import shown
from relaion.paths.stand_ins import address, record_of, within_tree

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
    """The stamp and the SHA-256 of a file at one moment; an empty one where nobody digested it."""

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
    """Whether a file has the sealed bytes; reads it only where its stamp is another one.

    Without a digest any other stamp says no, a further hard link's too.
    """
    try:
        if stamp_of(path) == known.stamp:
            return True
        return known.sha256 != "" and seal(path).sha256 == known.sha256
    except InputError:
        return False


def read_sealed(
    paths: Sequence[Path],
    read: Callable[[], None],
    hands: int = 1,
    *,
    beside: bool = False,
    digests: bool = True,
) -> list[Seal]:
    """Read some files, and seal them as they were while they were read.

    With `beside` they are hashed meanwhile, by another thread, else afterwards; without `digests`
    not at all, where nobody is to be told them and their stamps stay what they are.
    Raises InputError for one that was written to or replaced meanwhile. Where a file was given
    another name, which looks like a write, `read` is called again, with its digest known.
    """
    if not digests:
        return _stamped(paths, read, hands)
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


def _stamped(paths: Sequence[Path], read: Callable[[], None], hands: int) -> list[Seal]:
    """`read_sealed` without digests, unless anything happened to a file meanwhile."""
    before = [stamp_of(path) for path in paths]
    _reading(paths, before, read)
    _refuse_written(paths, before)
    if before == [stamp_of(path) for path in paths]:
        return [Seal(stamp, "") for stamp in before]
    return read_sealed(paths, read, hands)


def _compare(path: Path, expected: Seal | str) -> Stamp:
    sha256 = expected.sha256 if isinstance(expected, Seal) else expected
    found = seal(path) if sha256 else None  # what was not digested cannot be told by its digest
    if found is None or found.sha256 != sha256:
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
