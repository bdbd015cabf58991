"""Data, lists and stores for the bench: made once, found again."""

from pathlib import Path

import pyarrow.parquet as pq

from relaion.lists import store
from tests.bench.data import BenchSet, bench_set
from tests.bench.peers import shards


def prepare(folder: Path, rows: int, entries: int) -> BenchSet:
    """Make data, lists and stores, or find them again."""
    bench = bench_set(folder, rows, entries=entries, shards=10)
    few = few_list(bench)
    if not few.exists():
        first = pq.ParquetFile(shards(bench.data)[0]).read_row_group(0, columns=["md5"])
        few.write_text("\n".join(first.column(0).drop_null().to_pylist()[:100]) + "\n")
    for path in (bench.md5_list, few):
        if not path.with_suffix(".duckdb").exists():
            store.add(path.with_suffix(".duckdb"), [path], source="bench")
    return bench


def few_list(bench: BenchSet) -> Path:
    """A list of 100 rows that all stand in the first shard."""
    return bench.data.parent / "few.txt"
