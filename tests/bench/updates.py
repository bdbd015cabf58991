"""`poe bench-updates`: time an update against a first clean of the same data, in one run.

    python -m tests.bench.updates [--rows N] [--shards N] [--entries N] [--runs N] [--folder DIR]

Ten entries are new, and hit rows of three shards. Links and captions are recombined from a real
sample. The run before was checked when it was made. Both sides run with their default flags, and
once more without `verify`; given are medians of wall time and of processor time, all processes
together, and the ratios of these.
"""

import argparse
import json
import resource
import shutil
import statistics
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from relaion.lists import store
from relaion.stages.clean import clean
from relaion.verifier.checked import VERIFIER
from tests.bench.__main__ import OURS, run
from tests.bench.data import BenchSet, bench_set
from tests.bench.peers import shards
from tests.bench.prepared import SAMPLE, WORDS

NEW = ((1, 4), (7, 3), (12, 3))  # a shard, and how many of its rows the new entries hit


def prepare(folder: Path, rows: int, n_shards: int, entries: int) -> tuple[BenchSet, Path, Path]:
    """Data and lists, the editions of a first clean, and the store that has grown since."""
    made = bench_set(
        folder, rows, entries=entries, shards=n_shards, hit_every=rows // 10, n_keywords=WORDS,
        real=SAMPLE,
    )  # fmt: skip
    first, grown = (made.data.with_name(f"{name}.duckdb") for name in ("first", "grown"))
    out = made.data.with_name("checked")
    if not _is_checked(out):
        shutil.rmtree(out, ignore_errors=True)
        for path in (first, grown):
            for left in path.parent.glob(f"{path.name}*"):
                left.unlink()
        store.add(first, [made.md5_list], source="bench")
        clean(made.data, first, out, keywords=made.keywords)
        new = made.data.with_name("new.txt")
        new.write_text("\n".join(md5 for no, n in NEW for md5 in _md5s(made, no, n)) + "\n")
        shutil.copy(first, grown)
        shutil.copy(f"{first}.key", f"{grown}.key")
        store.add(grown, [new], source="bench")
    return made, out, grown


def _is_checked(out: Path) -> bool:
    """Whether an update may rest on the check of this run: one by this very version of it."""
    path = out / "verified.json"
    return path.exists() and json.loads(path.read_text())["verifier"] == VERIFIER


def _md5s(made: BenchSet, no: int, n: int) -> list[str]:
    shard = shards(made.data)[no]
    found = [md5 for md5 in pq.read_table(shard, columns=["md5"])["md5"].to_pylist() if md5]
    return found[len(found) // 2 :][:n]


def _run(command: list[str], out: Path) -> tuple[float, float, float]:
    """Seconds of the clock, seconds of processors, and the peak memory in MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, peak = run(command, out)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return seconds, spent, peak


def compare(name: str, ours: list[str], theirs: list[str], runs: int, out: Path) -> str:
    """Both in turn; one line of Markdown."""
    found: tuple[list[tuple[float, float, float]], ...] = ([], [])
    for _ in range(runs):
        for side, command in zip(found, (ours, theirs), strict=True):
            side.append(_run(command, out))
    seconds, spent = ([statistics.median(x[i] for x in side) for side in found] for i in (0, 1))
    cells = [
        f"{seconds[n]:.1f} s, {spent[n]:.1f} s of processors, {max(x[2] for x in side):,.0f} MB"
        for n, side in enumerate(found)
    ]
    ratios = f"{seconds[0] / seconds[1]:.2f}", f"{spent[0] / spent[1]:.2f}"
    return "| " + " | ".join([name, *cells, *ratios]) + " |"


def main() -> None:
    """Compare, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--entries", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "relaion-bench"
    )
    given = parser.parse_args()
    made, before, lists = prepare(given.folder, given.rows, given.shards, given.entries)
    out = given.folder / "out"
    words = ["--lists", str(lists), "--keywords", str(made.keywords), "--out", str(out)]
    print("| work | update | first clean | time | processors |\n|---|---|---|---|---|")
    for name, more in (("default flags", []), ("without verify", ["--no-verify"])):
        ours = [*OURS, "update", str(before), "--inputs", str(made.data), *words, *more]
        theirs = [*OURS, "clean", str(made.data), *words, *more]
        print(compare(name, ours, theirs, given.runs, out), flush=True)


if __name__ == "__main__":
    main()
