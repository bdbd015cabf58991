"""One worker of a Ray cluster, and two: how much of the second is of use.

    python -m tests.bench.ray [--rows N] [--workers N…] [--folder DIR]

Cleans the same rows to both editions with each number of workers in turn, on a cluster that is
started for it on this machine, and tells the seconds of search and write: the start of Ray, and
what is done where the command runs, is left out of the ratio, and told. An efficiency of 1 is twice
the speed with twice the workers. The load of the machine is told too: with others on it, the
second worker has no core of its own, and the ratio says little.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.data import bench_set

_TOOK = re.compile(r"(search|write) took ([0-9.,]+) s")


def cleaned(folder: Path, command: list[str], workers: int) -> tuple[float, float]:
    """Seconds of the whole command, and of its search and its writing."""
    began = time.monotonic()
    done = subprocess.run(
        [*command, "--out", str(folder / f"out-{workers}"), "--engine", "ray",
         "--workers", str(workers), "-v"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    whole = time.monotonic() - began
    if done.returncode:
        sys.exit(done.stderr)
    steps = sum(float(seconds.replace(",", "")) for _, seconds in _TOOK.findall(done.stderr))
    opened = re.search(r"([0-9.]+) s  Ray: ", done.stderr)
    began_search = re.search(r"([0-9.]+) s  search begins", done.stderr)
    start = float(opened[1]) - float(began_search[1]) if opened and began_search else 0.0
    return whole, steps - start


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=20_000_000)
    asked.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    asked.add_argument("--folder", type=Path)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as temp:
        made = bench_set(given.folder or Path(temp) / "data", given.rows)
        lists = Path(temp) / "lists.duckdb"
        ours = [sys.executable, "-m", "relaion"]
        subprocess.run(
            [*ours, "lists", "add", str(made.md5_list), "--lists", str(lists), "--source", "bench",
             "--kind", "image_md5"],
            check=True, capture_output=True,
        )  # fmt: skip
        command = [
            *ours, "clean", str(made.data), "--lists", str(lists), "--keywords",
            str(made.keywords), "--no-verify", "--yes-i-checked",
        ]  # fmt: skip
        print(f"{made.rows:,} rows, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
        first: tuple[int, float] | None = None
        for workers in given.workers:
            whole, steps = cleaned(Path(temp), command, workers)
            first = first or (workers, steps)
            gain = first[1] / steps / (workers / first[0])
            print(
                f"{workers} workers: {steps:.1f} s of search and write, {whole:.1f} s in all; "
                f"efficiency {gain:.2f}; load {os.getloadavg()[0]:.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
