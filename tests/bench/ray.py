"""One worker of a Ray cluster, and two: how much of the second is of use.

    python -m tests.bench.ray --prepare --folder DIR      makes the data: some minutes, 4 GB
    python -m tests.bench.ray --folder DIR                some 7 minutes, 6 GB more

Cleans the same rows to both editions with each number of workers in turn, `--repeat` times, on one
cluster of this machine that is started before. What is measured goes from the begin of the search
to the end of the writing; what one process does before and after is told beside it. An efficiency
of 1 is twice the speed with twice the workers; that of the medians is told last.

A shard is one task of writing, so few large ones make long tasks; their number divides by that of
the workers, or the last ones would have nothing to do. `busy` is the share of that time in which
workers had a task, `CPU` what all tasks took of processors: where the second grows, work is done
more than once; where the first is small, workers wait. With others on the machine a second worker
has no core of its own, and the ratio says little: so the load is told, too.

Two workers write some 300 MB a second. So that no disk is measured, OUT is made in memory where
there is room, else in `--out`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

from tests.bench.data import BenchSet, bench_set
from tests.ray_cluster import running

ROWS, SHARDS, ENTRIES = 24_000_000, 4, 2_000_000
MEMORY = Path("/dev/shm")
_ROOM = 3  # times the data that has to be free there: two editions, and room for the rest
LOAD = 0.5  # above it, others are at work
_LINE = re.compile(r"^(\S+) (?:info|debug) (.*)$", re.MULTILINE)
_TASK = re.compile(r"(.*): ([0-9.]+) s \(([0-9.]+) s of processors\) in process \d+$")


@dataclass(frozen=True)
class RayRun:
    """Seconds of one clean: search and write, all of it, its check, and its longest tasks.

    `tasks` are the seconds of those that wrote; `busy` those of all tasks, `cpu` of processors.
    """

    workers: int
    steps: float
    whole: float
    check: float
    tasks: tuple[float, ...]
    busy: float
    cpu: float

    def __str__(self) -> str:
        shares = f"busy {self.busy / self.steps / self.workers:.0%}, CPU {self.cpu:.1f} s"
        check = f", check {self.check:.1f} s" if self.check else ""
        return (
            f"{self.workers} workers: {self.steps:.1f} s of search and write ({shares}; "
            f"{len(self.tasks)} tasks of writing, the shortest {min(self.tasks, default=0):.1f} s)"
            f"{check}, {self.whole:.1f} s in all"
        )


def prepare(folder: Path, rows: int, shards: int, entries: int) -> tuple[BenchSet, Path]:
    """The data and the list store, made or found again."""
    made = bench_set(folder, rows, entries=entries, shards=shards)
    lists = made.md5_list.with_suffix(".duckdb")
    if not lists.exists():
        subprocess.run(
            [sys.executable, "-m", "relaion", "lists", "add", made.md5_list, "--lists", lists,
             "--source", "bench", "--kind", "image_md5"],
            check=True, capture_output=True,
        )  # fmt: skip
    return made, lists


def place_for(data: Path) -> Path | None:
    """A folder in memory that has room for what is written of some data; None where none has."""
    size = sum(path.stat().st_size for path in data.rglob("*.parquet"))
    try:
        said = Path("/proc/meminfo").read_text(encoding="ascii")
        available = int(re.search(r"MemAvailable:\s+(\d+) kB", said)[1]) * 1024  # type: ignore[index]
        free = min(shutil.disk_usage(MEMORY).free, available)
    except (OSError, TypeError):
        return None
    return MEMORY if free > _ROOM * size else None


def cleaned(command: Sequence[str | Path], folder: Path, workers: int) -> RayRun:
    """Clean once; SystemExit where that fails."""
    out, log = folder / "out", folder / "log"
    for path in (out, log):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    done = subprocess.run(
        [*command, "--out", out, "--workers", str(workers), "--log", log, "-v", "-v"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    lines = [(datetime.fromisoformat(at), said) for at, said in _LINE.findall(log.read_text())]
    shutil.rmtree(out)
    return run_of(workers, [(at.timestamp(), said) for at, said in lines])


def run_of(workers: int, lines: Sequence[tuple[float, str]]) -> RayRun:
    """What the log of a clean tells: its lines, with the second of each."""

    def begin(what: str) -> float:
        return next((at for at, said in lines if said.startswith(f"{what} begins")), lines[-1][0])

    search, write, audit = begin("search"), begin("write"), begin("audit")
    tasks = [(at, *map(float, found.groups()[1:])) for at, said in lines
             if search <= at <= audit and (found := _TASK.fullmatch(said))]  # fmt: skip
    check = lines[-1][0] - begin("verify")
    return RayRun(
        workers, audit - search, lines[-1][0] - lines[0][0], check,
        tuple(seconds for at, seconds, _ in tasks if at > write),
        sum(seconds for _, seconds, _ in tasks), sum(cpu for *_, cpu in tasks),
    )  # fmt: skip


def told(runs: Sequence[RayRun]) -> list[str]:
    """The median of each number of workers, and the efficiency against the first."""
    by_number: dict[int, list[RayRun]] = {}
    for run in runs:
        by_number.setdefault(run.workers, []).append(run)
    first = min(by_number)
    found = []
    for number, some in by_number.items():
        steps, base = (median(r.steps for r in x) for x in (some, by_number[first]))
        line = f"{number} workers, median of {len(some)}: {steps:.1f} s of search and write"
        if number != first:
            line += f", efficiency {base / steps / (number / first):.2f}"
            if checks := [r.check for r in some if r.check]:
                base = median(r.check for r in by_number[first])
                line += f"; of the check {base / median(checks) / (number / first):.2f}"
        found.append(line)
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    asked.add_argument("--folder", type=Path, required=True, help="where the data lies")
    asked.add_argument("--prepare", action="store_true", help="make the data, and no more")
    asked.add_argument("--rows", type=int, default=ROWS)
    asked.add_argument("--shards", type=int, default=SHARDS)
    asked.add_argument("--entries", type=int, default=ENTRIES, help="MD5s that are listed")
    asked.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    asked.add_argument("--repeat", type=int, default=3)
    asked.add_argument("--out", type=Path, help="where OUT is made, if not in memory")
    asked.add_argument("--verify", action="store_true", help="measure the check, too")
    given = asked.parse_args()
    made, lists = prepare(given.folder, given.rows, given.shards, given.entries)
    if given.prepare:
        return
    load = os.getloadavg()[0]
    print(f"{made.rows:,} rows in {given.shards} shards, {made.entries:,} MD5s; "
          f"{os.cpu_count()} cores, load {load:.1f} before", flush=True)  # fmt: skip
    place_of_out = given.out or place_for(made.data) or given.folder
    print(f"OUT is made in {place_of_out}", flush=True)
    if load > LOAD:
        print("others are at work on this machine: the ratio will say little", flush=True)
    runs = []
    with (
        tempfile.TemporaryDirectory(prefix="rb-", dir="/tmp") as place,
        tempfile.TemporaryDirectory(dir=place_of_out) as folder,
        running(Path(place) / "r", max(given.workers)) as cluster,
    ):
        os.environ |= cluster.env
        command: list[str | Path] = [
            sys.executable, "-m", "relaion", "clean", made.data, "--lists", lists, "--keywords",
            made.keywords, "--yes-i-checked", "--engine", cluster.engine,
            *([] if given.verify else ["--no-verify"]),
        ]  # fmt: skip
        for _ in range(given.repeat):
            for workers in given.workers:
                runs.append(cleaned(command, Path(folder), workers))
                print(runs[-1], flush=True)
    print("\n".join(told(runs)))


if __name__ == "__main__":
    main()
