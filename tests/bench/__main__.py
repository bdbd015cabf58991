"""`poe bench`: time match and clean against polars on the same files, in one run.

    python -m tests.bench [--rows N] [--entries N] [--runs N] [--folder DIR] [WHAT ...]

Each command runs in a process of its own, in turn (ours, theirs, ours, ...), and is given
with its median wall time, rows per second, peak memory of its largest process, and the ratio
of medians. Machines are noisy: believe ratios, not seconds.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.bench.data import BenchSet
from tests.bench.peers import shards
from tests.bench.prepared import few_list, prepare

PEER = [sys.executable, "-m", "tests.bench.peers"]
OURS = [sys.executable, "-m", "relaion"]


@dataclass(frozen=True)
class Contest:
    """Our command against a peer's, on the same files."""

    name: str
    ours: list[str]
    theirs: list[str] | None


def contests(bench: BenchSet, out: Path) -> list[Contest]:
    """What is compared."""
    data, words = str(bench.data), str(bench.keywords)
    lists, few = bench.md5_list.with_suffix(".duckdb"), few_list(bench)
    clean = [*OURS, "clean", data, "--lists", str(lists), "--out", str(out), "--keywords", words]
    quick = [*clean, "--no-verify"]
    peer = [*PEER, "clean", data, str(bench.md5_list), words, str(out)]
    match = [*OURS, "match", data, "--lists", str(lists), "--no-same-link"]
    plain = [*PEER, "match-plain", data, str(bench.md5_list)]
    return [
        Contest("match, polars plain", match, plain),
        Contest("match, polars hashed", match, [*PEER, "match-hashed", *plain[-2:]]),
        Contest(
            "one edition", [*clean, "--no-verify", "--edition", "research"], [*peer, "research"]
        ),
        Contest("both editions", quick, [*peer, "research", "research-safe"]),
        Contest("both, with verify", clean, None),
        Contest(
            "list only, one shard of ten touched",
            [
                *OURS,
                "clean",
                data,
                "--lists",
                str(few.with_suffix(".duckdb")),
                "--out",
                str(out),
                "--no-verify",
                "--no-same-link",
                "--edition",
                "research",
            ],
            [*PEER, "clean", data, str(few), "-", str(out), "research"],
        ),
    ]


def run(command: list[str], out: Path) -> tuple[float, float]:
    """Wall seconds of a command, and the peak memory in MB of its largest process."""
    shutil.rmtree(out, ignore_errors=True)
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} failed: {said.decode()[-500:]}")
    return time.perf_counter() - start, usage.ru_maxrss / 1000


def compare(contest: Contest, rows: int, runs: int, out: Path) -> str:
    """Run both sides in turn; one line of Markdown."""
    sides = [contest.ours] + ([contest.theirs] if contest.theirs else [])
    times: list[list[float]] = [[] for _ in sides]
    peaks = [0.0 for _ in sides]
    for _ in range(runs):
        for i, command in enumerate(sides):
            seconds, peak = run(command, out)
            times[i].append(seconds)
            peaks[i] = max(peaks[i], peak)
    medians = [statistics.median(t) for t in times]
    cells = [contest.name]
    for i in range(2):
        if i < len(sides):
            spread = f"{min(times[i]):.1f}-{max(times[i]):.1f}"
            speed = f"{rows / medians[i]:,.0f} rows/s"
            cells.append(f"{medians[i]:.1f} s ({spread}), {speed}, {peaks[i]:,.0f} MB")
        else:
            cells.append("")
    cells.append(f"{medians[1] / medians[0]:.2f}x" if len(sides) > 1 else "")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Parse, generate or reuse the data, compare, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", help="only contests whose name begins so")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--entries", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "relaion-bench"
    )
    given = parser.parse_args()
    # made in another process: a child's peak memory starts at its parent's
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
        bench = other.submit(prepare, given.folder, given.rows, given.entries).result()
    print(f"{given.rows:,} rows in {len(shards(bench.data))} shards, {given.entries:,} listed MD5,")
    print(f"{os.cpu_count()} cores, median of {given.runs}\n")
    print("| work | relaion | polars | polars / relaion |\n|---|---|---|---|")
    for contest in contests(bench, given.folder / "out"):
        if not given.what or any(contest.name.startswith(w) for w in given.what):
            print(compare(contest, given.rows, given.runs, given.folder / "out"), flush=True)


if __name__ == "__main__":
    main()
