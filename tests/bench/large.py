"""Very many shards, and a very long list: time, and the memory of all processes at one time.

    python -m tests.bench.large many [--shards N] [--folder DIR]
    python -m tests.bench.large long [--rows N] [--entries N] [--folder DIR]

`many`: N names of one shard of 1,000 rows, cleaned to both editions without `verify`, at
`--memory 3GB`. `long`: `lists add` of N digests that no row has, then `match`. The data are
those of `python -m tests.bench`; links to them, and what is made, are deleted.
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
from tests.bench.data import BenchSet
from tests.bench.memory import measure
from tests.bench.peers import shards
from tests.bench.prepared import prepare

OURS = [sys.executable, "-m", "relaion"]


def many(one: BenchSet, folder: Path, n: int) -> Iterator[tuple[str, list[str]]]:
    """Clean n shards that are one."""
    data = folder / "data" / "en"
    data.mkdir(parents=True)
    for i in range(n):
        os.link(shards(one.data)[0], data / f"part-{i:06}.parquet")
    lists, words = one.md5_list.with_suffix(".duckdb"), one.keywords
    yield f"clean of {n:,} shards of {one.rows:,} rows", [
        "clean", str(data.parent), "--lists", str(lists), "--keywords", str(words), "--no-verify",
        "--out", str(folder / "out"), "--memory", "3GB", "--yes-i-checked",
    ]  # fmt: skip


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


def main() -> None:
    """Prepare, measure, tell, delete."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["many", "long"])
    parser.add_argument("--shards", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--entries", type=int, default=16_200_000)
    parser.add_argument("--set-rows", type=int, default=4_000_000, help="of the bench's large set")
    parser.add_argument("--set-entries", type=int, default=2_000_000, help="of its list")
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "relaion-bench"
    )
    given = parser.parse_args()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
        sets = other.submit(prepare, given.folder, given.set_rows, given.set_entries).result()
    folder = Path(tempfile.mkdtemp(prefix="large-", dir=given.folder))  # beside what it links to
    try:
        works = (
            many(sets["one"], folder, given.shards)
            if given.what == "many"
            else long(sets["real"], folder, given.rows, given.entries)
        )
        for name, command in works:
            seconds, largest, together = measure([*OURS, *command])
            print(
                f"{name}: {seconds:.0f} s, largest process {largest / 1e6:,.0f} MB, all processes "
                f"{together / 1e6:,.0f} MB",
                flush=True,
            )
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
