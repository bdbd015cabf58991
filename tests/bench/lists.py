"""`poe bench-lists`: what it costs to add a long list of MD5s, and an update of it.

    python -m tests.bench.lists [--lines N] [--update N] [--folder DIR]

Makes a file of 14,000,000 MD5s, a line each, adds it to a new store, and brings it up to date with
1,000 more. Each is a process of its own. Prints seconds by the clock and of all processors, and the
most anonymous memory that the process held at one time (`RssAnon`: files that are mapped are not
counted). All files are deleted.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_EVERY = 0.02  # seconds between two looks at the memory


def make(path: Path, first: int, n: int) -> None:
    """A file of `n` MD5s, those of the numbers from `first` on."""
    with path.open("w") as out:
        out.writelines(hashlib.md5(b"%d" % i).hexdigest() + "\n" for i in range(first, first + n))


def measure(command: list[str]) -> tuple[float, float, int]:
    """Seconds by the clock and of processors, and the most bytes of anonymous memory.

    Raises CalledProcessError where the command fails.
    """
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, _anonymous(process.pid))
        time.sleep(_EVERY)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return seconds, used.ru_utime + used.ru_stime, peak


def _anonymous(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")), 0)


def main() -> None:
    """Make, add, update, and print a line of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=14_000_000)
    parser.add_argument("--update", type=int, default=1_000)
    parser.add_argument("--folder", type=Path, default=None, help="where the files are made")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as made:
        folder = Path(made)
        make(folder / "list.txt", 0, given.lines)
        make(folder / "more.txt", given.lines, given.update)
        add = [sys.executable, "-m", "relaion", "lists", "add", "--lists", str(folder / "l.duckdb")]
        for what, n, command in (
            ("add", given.lines, [*add, str(folder / "list.txt"), "--source", "bench"]),
            ("update", given.update, [*add, str(folder / "more.txt"), "--update", "1"]),
        ):
            seconds, cpu, peak = measure(command)
            print(
                f"{what} {n:,} MD5s: {seconds:.1f} s, {cpu:.1f} s of processors, "
                f"{peak / 1e6:,.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
