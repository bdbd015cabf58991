"""Very many shards: the time of processors for each, and what the supervisor holds of them.

    python -m tests.bench.many [--shards N ...] [--verify] [--folder DIR]

Makes the largest N of files of their own, of 1,000 small rows each (29 KB; the smaller numbers are
the first of them), a list of 1,000 MD5s that hits ten rows of each, and 30 keywords. Cleans each
number to both editions without the check at the end, with default flags but `--memory 3GB`, and
prints a line of Markdown for each; with `--verify` the check by itself, too. Every shard is
written anew for either edition: 100,000 take 9 GB of disk. All is deleted.
"""

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.lists import store
from tests.bench.measured import Measured, measure

ROWS = 1_000
LISTED = 1_000
_HIT_EVERY = 100
_A_FOLDER = 10_000
_HOSTS = 30_000
_WORDS = [
    "boat", "sea", "white", "sail", "grey", "sky", "old", "harbour", "wall", "red", "house", "hill",
    "green", "field", "summer", "morning", "small", "stone", "bridge", "river",
]  # fmt: skip


def write_shard(path: Path, no: int) -> None:
    """A shard of small rows; no two shards share a link or a digest that is not listed."""
    first = no * ROWS
    rows = range(first, first + ROWS)
    table = pa.table(
        {
            "url": [f"https://site{i % _HOSTS}.example/{i}.jpg" for i in rows],
            "caption": [
                f"{_WORDS[i % 20]} {_WORDS[i // 7 % 20]} {_WORDS[i // 49 % 20]}" for i in rows
            ],
            "punsafe": pa.array([i % 997 / 997 for i in rows], pa.float32()),
            "md5": [_digest(i) for i in rows],
        }
    )
    pq.write_table(table, path, compression="zstd")


def _digest(row: int) -> str:
    listed = row % _HIT_EVERY == 0
    return _listed(row // _HIT_EVERY % LISTED) if listed else hashlib.md5(b"%d" % row).hexdigest()


def _listed(no: int) -> str:
    return hashlib.md5(b"listed %d" % no).hexdigest()


def _place(no: int) -> str:
    return f"part{no // _A_FOLDER:03}/{no:06}.parquet"


def write_shards(folder: Path, numbers: range) -> None:
    """Some of the shards."""
    for no in numbers:
        path = folder / "all" / _place(no)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_shard(path, no)


def make_lists(folder: Path) -> None:
    """The store of the list, and the keywords."""
    (folder / "md5.txt").write_text("".join(f"{_listed(no)}\n" for no in range(LISTED)))
    (folder / "words.txt").write_text("".join(f"{a} {b}\n" for a in _WORDS[:5] for b in _WORDS[:6]))
    store.add(folder / "lists.duckdb", [folder / "md5.txt"], source="bench", kind="image_md5")


def first(folder: Path, shards: int) -> Path:
    """A folder with the first so many of the shards, as further names of them."""
    data = folder / f"data-{shards}"
    for no in range(shards):
        path = data / _place(no)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(folder / "all" / _place(no), path)
    return data


def line(work: str, shards: int, found: Measured) -> str:
    """A line of Markdown."""
    return (
        f"| {work} | {shards:,} | {found.cpu:,.0f} s | {found.cpu / shards * 1e3:.1f} ms | "
        f"{found.supervisor / 1e6:,.0f} MB | {found.together / 1e6:,.0f} MB | "
        f"{found.seconds:,.0f} s |"
    )


def run(folder: Path, shards: int, *, memory: str, verify: bool) -> None:
    """Clean so many, and check them where that is wanted; prints what it took."""
    data, out = first(folder, shards), folder / "out"
    given = [
        "--lists", str(folder / "lists.duckdb"), "--keywords", str(folder / "words.txt"),
    ]  # fmt: skip
    ours = [sys.executable, "-m", "relaion"]
    clean = [*ours, "clean", str(data), "--out", str(out), "--no-verify", "--yes-i-checked"]
    print(line("clean", shards, measure([*clean, *given, "--memory", memory])), flush=True)
    if verify:
        check = [*ours, "verify", str(out), "--inputs", str(data)]
        print(line("verify", shards, measure([*check, *given])), flush=True)
    for done in (data, out):
        shutil.rmtree(done)


def main(argv: Sequence[str] | None = None) -> None:
    """Make, clean, tell, delete."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=int, nargs="+", default=[10_000, 20_000, 100_000])
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--memory", default="3GB")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    given = parser.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="relaion-many-", dir=given.folder))
    try:
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as others:
            some = [
                range(max(given.shards))[i : i + 1_000] for i in range(0, max(given.shards), 1_000)
            ]
            made = [others.submit(write_shards, folder, numbers) for numbers in some]
            for each in [*made, others.submit(make_lists, folder)]:
                each.result()
        print("| work | shards | processors | a shard | supervisor | all processes | time |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for shards in given.shards:
            run(folder, shards, memory=given.memory, verify=given.verify)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
