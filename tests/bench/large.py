"""A very long list, and ever more rows: time, and the memory of all processes at one time.

    python -m tests.bench.large long [--rows N] [--entries N] [--folder DIR]
    python -m tests.bench.large [steps] [--rows N ...] [--plan] [--folder DIR]

`long`: `lists add` of N digests that no row has, then `match`. The data are
those of `python -m tests.bench`; links to them, and what is made, are deleted.

`steps`: ever more rows (a tenth of N, then N), cleaned with default flags but `--memory 4GB`, and
what LAION-5B would take; shards that differ have `--distinct` rows, the others are further names
of them. What a run leaves is deleted, the data are found again.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from relaion.engine import connect, literal
from tests.bench import steps
from tests.bench.data import SHARD_ROWS, BenchSet
from tests.bench.measured import measure
from tests.bench.peers import shards
from tests.bench.prepared import prepare

OURS = [sys.executable, "-m", "relaion"]


def long(real: BenchSet, folder: Path, rows: int, entries: int) -> Iterator[tuple[str, list[str]]]:
    """Match rows with a list of so many entries."""
    data = folder / "data" / "en"
    data.mkdir(parents=True)
    paths = shards(real.data)
    for i in range(len(paths) * -(-rows // real.rows)):
        os.link(paths[i % len(paths)], data / f"part-{i:06}.parquet")
    listed, lists = folder / "list.txt", str(folder / "lists.duckdb")
    _write_list(listed, entries)
    add = ["lists", "add", str(listed), "--lists", lists, "--source", "bench"]
    yield f"lists add of {entries:,} MD5", add
    yield f"match of {rows:,} rows with these", ["match", str(data.parent), "--lists", lists]


def _write_list(path: Path, entries: int) -> None:
    with connect() as engine:
        digests = f"select md5(concat('no row ', i)) from range({entries:d}) as r (i)"
        engine.execute(f"copy ({digests}) to {literal(str(path))} (format csv, header false)")


def _steps(given: argparse.Namespace) -> None:
    given.folder.mkdir(parents=True, exist_ok=True)
    rows = given.rows or [100_000_000]
    rows = rows if len(rows) > 1 or given.shard_rows else [rows[0] // 10, rows[0]]
    shard_rows = given.shard_rows or max(1_000, min(SHARD_ROWS, rows[-1] // 10))
    wanted = steps.Wanted(
        rows, shard_rows, given.distinct or min(rows[-1], 25_000_000), given.entries, given.memory,
        plans=given.plan or given.only_plan, cleans=not given.only_plan,
    )  # fmt: skip
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
        other.submit(steps.prepare, given.folder, wanted).result()
    for line in steps.told(given.folder, wanted):
        print(line, flush=True)


def main() -> None:
    """Prepare, measure, tell, delete."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["long", "steps"], nargs="?", default="steps")
    parser.add_argument(
        "--rows", type=int, nargs="+", help="20 million; of steps a tenth of 100 million, and these"
    )
    parser.add_argument("--distinct", type=int, help="rows that are made: 25 million at most")
    parser.add_argument("--shard-rows", type=int, help="a million, a tenth of all at most")
    parser.add_argument("--plan", action="store_true", help="have `relaion plan` tell it, too")
    parser.add_argument("--only-plan", action="store_true", help="and clean nothing")
    parser.add_argument("--memory", default="4GB", help="of steps")
    parser.add_argument("--entries", type=int, default=16_200_000)
    parser.add_argument("--set-rows", type=int, default=4_000_000, help="of the bench's large set")
    parser.add_argument("--set-entries", type=int, default=2_000_000, help="of its list")
    parser.add_argument(
        "--folder", "--dir", type=Path, default=Path(tempfile.gettempdir()) / "relaion-bench"
    )
    given = parser.parse_args()
    if given.what == "steps":
        _steps(given)
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="large-", dir=given.folder))  # beside what it links to
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
            sets = other.submit(prepare, given.folder, given.set_rows, given.set_entries).result()
        works = long(sets["real"], folder, (given.rows or [20_000_000])[0], given.entries)
        for name, command in works:
            found = measure([*OURS, *command])
            print(
                f"{name}: {found.seconds:.0f} s, {found.cpu:.0f} s of processors, largest process "
                f"{found.largest / 1e6:,.0f} MB, supervisor {found.supervisor / 1e6:,.0f} MB, all "
                f"processes {found.together / 1e6:,.0f} MB",
                flush=True,
            )
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
