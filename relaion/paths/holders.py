"""Who holds a lock: Linux tells in /proc, other systems keep it to themselves."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

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
