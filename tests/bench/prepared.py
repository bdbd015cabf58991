"""Data, lists and stores for the bench: made once, found again."""

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from relaion.lists import store
from tests.bench.data import BenchSet, bench_set
from tests.bench.peers import shards

SAMPLE = Path(__file__).resolve().parents[3] / "shared/data/real/laion400m_10000.parquet"
WORDS = 300
SHARDS = 4  # of a large set
SMALL = 10_000  # rows of a shard of the set of many


def prepare(folder: Path, rows: int, entries: int) -> dict[str, BenchSet]:
    """Make data, lists and stores, or find them again.

    `real`: links and captions recombined from a real sample, ten rows hit. `few`: the same data,
    five rows hit, all in its first shard. `hits`: made up, one row in 500 hit. `many`: as
    `real`, in shards of 10,000 rows. `one`: a single shard of 1,000.
    """
    if not SAMPLE.exists():
        raise SystemExit(f"{SAMPLE.name}: not beside this checkout; the bench recombines its links")
    a_quarter = max(rows // 4, SMALL)

    def real(n: int, n_shards: int, hit_every: int) -> BenchSet:
        return bench_set(
            folder, n, entries=entries, shards=n_shards, hit_every=hit_every, n_keywords=WORDS,
            real=SAMPLE,
        )  # fmt: skip

    sets = {
        "real": real(rows, SHARDS, rows // 10),
        "many": real(a_quarter, a_quarter // SMALL, a_quarter // 10),
        "one": real(1_000, 1, 100),
        "hits": bench_set(folder, rows, entries=entries, shards=SHARDS, n_keywords=WORDS),
    }
    sets["few"] = _few(sets["real"])
    for made in sets.values():
        if not made.md5_list.with_suffix(".duckdb").exists():
            store.add(made.md5_list.with_suffix(".duckdb"), [made.md5_list], source="bench")
    return sets


def _few(made: BenchSet) -> BenchSet:
    """The same data, with a list as long that hits five rows of the first shard."""
    path = made.md5_list.with_name("few.txt")
    if not path.exists():
        held = {md5 for file in shards(made.data) for md5 in _md5s(file)}
        others = [md5 for md5 in made.md5_list.read_text().split() if md5 not in held]
        first = sorted(_md5s(shards(made.data)[0]))[:5]
        path.write_text("\n".join([*first, *others]) + "\n")
    return replace(made, md5_list=path, hits=5)


def _md5s(shard: Path) -> list[str]:
    return [md5 for md5 in pq.read_table(shard, columns=["md5"])["md5"].to_pylist() if md5]
