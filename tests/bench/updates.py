"""`poe bench-updates`: time an update against a first clean of the same data, in one run.

    python -m tests.bench.updates [--rows N] [--shards N] [--entries N] [--runs N] [--folder DIR]

Ten entries are new, and hit rows of three shards. Links and captions are recombined from a real
sample. Both sides run with their default flags, and once more without `verify`.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from relaion.lists import store
from relaion.stages.clean import clean
from tests.bench.__main__ import OURS, Contest, compare
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
    out = made.data.with_name("cleaned")
    if not grown.exists():
        shutil.rmtree(out, ignore_errors=True)
        store.add(first, [made.md5_list], source="bench")
        clean(made.data, first, out, keywords=made.keywords, verify=False)
        new = made.data.with_name("new.txt")
        new.write_text("\n".join(md5 for no, n in NEW for md5 in _md5s(made, no, n)) + "\n")
        shutil.copy(first, grown)
        shutil.copy(f"{first}.key", f"{grown}.key")
        store.add(grown, [new], source="bench")
    return made, out, grown


def _md5s(made: BenchSet, no: int, n: int) -> list[str]:
    shard = shards(made.data)[no]
    found = [md5 for md5 in pq.read_table(shard, columns=["md5"])["md5"].to_pylist() if md5]
    return found[len(found) // 2 :][:n]


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
    print("| work | update | first clean | clean / update |\n|---|---|---|---|")
    for name, more in (("default flags", []), ("without verify", ["--no-verify"])):
        ours = [*OURS, "update", str(before), "--inputs", str(made.data), *words, *more]
        theirs = [*OURS, "clean", str(made.data), *words, *more]
        print(compare(Contest(name, given.rows, ours, theirs), given.runs, out), flush=True)


if __name__ == "__main__":
    main()
