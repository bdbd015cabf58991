"""A command measured from outside: time, processors' time by step, memory, and room on the disk.

All processes below it are counted together. Memory is what they share with nobody (RssAnon): pages
of mapped files are the system's to take back.
"""

import os
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from relaion.run.process import descent

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_BEGINS = re.compile(r"^(\S+) info (\w[\w: ]*?) begins\b", re.MULTILINE)
_SIZE_SECONDS = 5.0  # between two looks at a folder


@dataclass
class Measured:
    """What a command took: seconds of the clock and of processors, bytes of memory and of disk.

    `largest` is the largest process, `together` all of them at one time, `supervisor` the one that
    was started. `steps` are seconds of processors by step, in order, as the log names them.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    largest: int = 0
    together: int = 0
    supervisor: int = 0
    disk: int = 0
    steps: dict[str, float] = field(default_factory=dict)


def measure(command: Sequence[str], log: Path | None = None, out: Path | None = None) -> Measured:
    """Run a command to its end; SystemExit where it fails.

    `log` is the file that the command was told to log to, for its steps; `out` a folder whose
    largest size is told.
    """
    found, samples = Measured(), list[tuple[float, float]]()
    start, next_size = time.perf_counter(), 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        family = list(descent(process.pid))
        held = [_private(pid) for pid in family]
        found.largest = max([found.largest, *held])
        found.together = max(found.together, sum(held))
        found.supervisor = max(found.supervisor, held[0])
        samples.append((time.time(), sum(map(_processor_seconds, family))))
        elapsed = time.perf_counter() - start
        if out is not None and elapsed > next_size:
            found.disk, next_size = max(found.disk, _size(out)), elapsed + _SIZE_SECONDS
        time.sleep(min(0.2, max(0.02, elapsed / 1000)))
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    found.seconds = time.perf_counter() - start
    found.cpu = usage.ru_utime + usage.ru_stime  # with those below it, which it waited for
    if out is not None:
        found.disk = max(found.disk, _size(out))
    if log is not None:
        found.steps = _by_step(log.read_text(encoding="utf-8"), samples, found.cpu)
    return found


def _by_step(log: str, samples: Sequence[tuple[float, float]], total: float) -> dict[str, float]:
    begun = [(datetime.fromisoformat(at).timestamp(), name) for at, name in _BEGINS.findall(log)]
    marks = [("start", 0.0)]
    for at, name in begun:
        before = [cpu for when, cpu in samples if when <= at]
        marks.append((name, max(marks[-1][1], before[-1] if before else 0.0)))
    found: dict[str, float] = {}
    for (name, since), (_, until) in pairwise([*marks, ("end", total)]):
        found[name] = found.get(name, 0.0) + until - since
    return found


def _private(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    held = {key: value for key, _, value in (line.partition(":") for line in lines)}
    return int(held.get("RssAnon", "0 kB").split()[0]) * 1024


def _processor_seconds(pid: int) -> float:
    """Of a process, and of those that it waited for."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    return sum(map(int, text.rpartition(")")[2].split()[11:15])) / _TICKS


def _size(folder: Path) -> int:
    """Bytes that a folder takes on the disk; a file of several names counts once."""
    blocks: dict[int, int] = {}
    for top, _, names in os.walk(folder):
        for name in names:
            try:
                info = os.lstat(os.path.join(top, name))  # noqa: PTH118  of very many
            except OSError:  # renamed, or removed
                continue
            blocks[info.st_ino] = info.st_blocks * 512
    return sum(blocks.values())
