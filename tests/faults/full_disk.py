"""A disk that is full at some byte: one line, nothing half-written, and the run goes on later.

By a limit on the size of a file (`RLIMIT_FSIZE`), and by a small file system in memory where
mounting is allowed.
"""

import resource
import shutil
import signal
import subprocess
from collections import Counter
from functools import partial
from pathlib import Path

from relaion.lists import store
from tests.faults.children import Ended, child
from tests.faults.kills import Row, _ends_the_same, _expected, _must, _only_whole
from tests.faults.world import run


def _limit(size: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _is_one_line(ended: Ended) -> None:
    _must(ended.error is not None, "it went well without room")
    assert ended.error is not None
    name, line = ended.error
    _must(name in ("OutputError", "EngineError", "StopError", "ListError"), f"{name}: {line}")
    _must("\n" not in line and "Error in" not in line, f"not one plain line: {line}")


def limit_clean(folder: Path, points: int) -> list[Row]:
    """No file may grow beyond n bytes, for many n."""
    expected, _, _ = _expected(folder)
    said: Counter[str] = Counter()
    largest = 16_000_000  # audit.duckdb has some megabytes
    for point in range(points):
        size = int(largest ** (point / (points - 1)))
        ended = child(lambda: run(folder, copy=True) and None, folder, before=partial(_limit, size))
        if ended.error is None:
            said["enough room"] += 1
        else:
            _is_one_line(ended)
            said["one line"] += 1
            _only_whole(folder / "out", expected)
        _ends_the_same(folder, expected)
    return [("clean, no file beyond n bytes", points, _told(said))]


def limit_lists(folder: Path, points: int) -> list[Row]:
    """The same for `lists add`."""
    lists, first, second = (folder / n for n in ("lists.duckdb", "a.txt", "b.txt"))
    first.write_text("ab" * 16)
    second.write_text("\n".join(f"{i:032x}" for i in range(20_000)))
    child(lambda: store.add(lists, [first], source="A") and None, folder)
    before = lists.read_bytes()
    said: Counter[str] = Counter()
    for point in range(points):
        size = int((4 * len(before)) ** ((point + 1) / points))
        ended = child(
            lambda: store.add(lists, [second], source="B") and None, folder,
            before=partial(_limit, size),
        )  # fmt: skip
        if ended.error is None:
            said["enough room"] += 1
            lists.write_bytes(before)
        else:
            _is_one_line(ended)
            said["one line"] += 1
            _must(lists.read_bytes() == before, "the store was changed")
    return [("lists add, no file beyond n bytes", points, _told(said))]


def small_disk(folder: Path, points: int) -> list[Row]:
    """OUT on a file system of n KB, then on one with room."""
    disk = folder / "disk"
    disk.mkdir()
    if _mount(disk, 64) is False:
        return [("clean on a small file system", 0, "mounting is not allowed here")]
    subprocess.run(["umount", str(disk)], check=True)
    expected, _, _ = _expected(folder)
    said: Counter[str] = Counter()
    for point in range(points):
        kilobytes = 16 + point * 1600 // points
        _mount(disk, kilobytes)
        try:
            ended = child(lambda: run(folder, out="disk/out", copy=True) and None, folder)
            if ended.error is None:
                said["enough room"] += 1
            else:
                _is_one_line(ended)
                said["one line"] += 1
                if (disk / "out").exists():
                    _only_whole(disk / "out", expected)
            subprocess.run(
                ["mount", "-o", "remount,size=64m", str(disk)], check=True, capture_output=True
            )
            shutil.rmtree(folder / "out", ignore_errors=True)
            again = child(lambda: run(folder, out="disk/out", copy=True) and None, folder)
            _must(again.error is None, f"it could not be gone on with: {again.error}")
            _only_whole(disk / "out", expected)
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)
    return [("clean on a small file system", points, _told(said))]


def _mount(where: Path, kilobytes: int) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(where)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _told(said: Counter[str]) -> str:
    return ", ".join(f"{n} {what}" for what, n in sorted(said.items())) + "; all went on well"
