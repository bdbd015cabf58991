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
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.bench.data import BenchSet
from tests.bench.prepared import prepare

MARKS = ("<!-- table -->", "<!-- /table -->")
PEER = [sys.executable, "-m", "tests.bench.peers"]
OURS = [sys.executable, "-m", "relaion"]


@dataclass(frozen=True)
class Contest:
    """Our command against a peer's, on the same files."""

    name: str
    rows: int
    ours: list[str]
    theirs: list[str] | None


def contests(sets: dict[str, BenchSet], out: Path) -> list[Contest]:
    """What is compared."""
    both = ["research", "research-safe"]
    return [
        _cleaned("one shard of 1,000 rows, both editions", sets["one"], out, both),
        _cleaned("many shards of 10,000 rows, both editions", sets["many"], out, both),
        _cleaned("4 shards, both editions", sets["real"], out, both),
        _cleaned("4 shards, one edition, no keywords, 5 hits", sets["few"], out, both[:1], "-"),
        _cleaned("4 shards, both editions, many hits", sets["hits"], out, both),
        _cleaned("4 shards, both editions, with verify", sets["real"], out, both, verify=True),
        _matched("match, polars 64-bit", sets["real"], "match-hashed", "--no-same-link"),
        _matched("match, polars plain", sets["real"], "match-plain", "--no-same-link"),
        _matched("match with same_link", sets["real"], None),
    ]


def _store(bench: BenchSet) -> str:
    return str(bench.md5_list.with_suffix(".duckdb"))


def _cleaned(
    name: str,
    bench: BenchSet,
    out: Path,
    editions: list[str],
    words: str | None = None,
    *,
    verify: bool = False,
) -> Contest:
    """`clean` against the peer; `-` for no keywords, no peer where `verify` is part of it."""
    words = words or str(bench.keywords)
    ours = [*OURS, "clean", str(bench.data), "--lists", _store(bench), "--out", str(out)]
    ours += [] if words == "-" else ["--keywords", words]
    ours += [arg for edition in editions for arg in ("--edition", edition)]
    ours += [] if verify else ["--no-verify"]
    theirs = [*PEER, "clean", str(bench.data), str(bench.md5_list), words, str(out), *editions]
    return Contest(name, bench.rows, ours, None if verify else theirs)


def _matched(name: str, bench: BenchSet, peer: str | None, *args: str) -> Contest:
    ours = [*OURS, "match", str(bench.data), "--lists", _store(bench), *args]
    theirs = [*PEER, peer, str(bench.data), str(bench.md5_list)] if peer else None
    return Contest(name, bench.rows, ours, theirs)


def run(command: list[str], out: Path) -> tuple[float, float]:
    """Wall seconds of a command, and the peak memory in MB of its largest process."""
    shutil.rmtree(out, ignore_errors=True)
    # as where it is installed, which leaves nothing to compile
    env = os.environ | {"PYTHONPYCACHEPREFIX": str(out.with_name("compiled"))}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} failed: {said.decode()[-500:]}")
    return time.perf_counter() - start, usage.ru_maxrss / 1000


def compare(contest: Contest, runs: int, out: Path) -> str:
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
            speed = f"{contest.rows / medians[i]:,.0f} rows/s"
            cells.append(f"{medians[i]:.1f} s ({spread}), {speed}, {peaks[i]:,.0f} MB")
        else:
            cells.append("")
    cells.append(f"{medians[1] / medians[0]:.2f}x" if len(sides) > 1 else "")
    return "| " + " | ".join(cells) + " |"


def table(given: argparse.Namespace) -> Iterator[str]:
    """The lines of the table, as they come."""
    # made in another process: a child's peak memory starts at its parent's
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
        sets = other.submit(prepare, given.folder, given.rows, given.entries).result()
    yield f"{given.rows:,} rows in 4 shards, a quarter of them in many; {given.entries:,} MD5,"
    yield f"300 keywords; {os.cpu_count()} cores, median of {given.runs} (fastest-slowest)."
    yield ""
    yield "| work | relaion | polars | polars / relaion |"
    yield "|---|---|---|---|"
    for contest in contests(sets, given.folder / "out"):
        if not given.what or any(contest.name.startswith(w) for w in given.what):
            yield compare(contest, given.runs, given.folder / "out")


def main() -> None:
    """Parse, generate or reuse the data, compare, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", help="only contests whose name begins so")
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--entries", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the table in README.md here")
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "relaion-bench"
    )
    given = parser.parse_args()
    lines = []
    for line in table(given):
        print(line, flush=True)
        lines.append(line)
    if given.write:
        readme = Path(__file__).with_name("README.md")
        head, mark, rest = readme.read_text().partition(MARKS[0])
        _, end, tail = rest.partition(MARKS[1])
        readme.write_text("\n".join([head + mark, "", *lines, "", end + tail]))


if __name__ == "__main__":
    main()
