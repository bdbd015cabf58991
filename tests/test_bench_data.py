"""The bench's generator: what it promises about hits, scores and reuse."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import connect
from tests.bench.data import KEYWORDS, BenchSet, bench_set
from tests.bench.links import Bench, by_script, works
from tests.bench.ray import run_of, told


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> BenchSet:
    return bench_set(tmp_path_factory.mktemp("bench"), 50_000, 3, entries=4_000)


def test_an_efficiency_is_that_of_the_medians_of_search_and_write() -> None:
    runs = []
    for workers, seconds in ((1, 40.0), (2, 24.0), (1, 44.0), (2, 20.0), (1, 60.0), (2, 22.0)):
        lines = [
            (0.0, "survey begins, 4 shards"), (5.0, "search begins"), (6.0, "search begins"),
            (8.0, "a.parquet: 2.00 s (1.50 s of processors) in process 7"),
            (9.0, "write begins, 4 shards"),
            (30.0, "b.parquet: 20.00 s (10.00 s of processors) in process 7"),
            (5 + seconds, "audit begins"), (80.0, "write took 1 s"),
        ]  # fmt: skip
        runs.append(run_of(workers, lines))
    assert (runs[0].steps, runs[0].whole, runs[0].check) == (40.0, 80.0, 0.0)
    assert (runs[0].tasks, runs[0].busy, runs[0].cpu) == ((20.0,), 22.0, 11.5)
    assert "busy 55%" in str(runs[0])
    assert told(runs)[1].endswith("median of 3: 22.0 s of search and write, efficiency 1.00")


def test_memory_is_not_counted_again_before_the_program_of_a_child_begins() -> None:
    code = (
        "import os, time; from tests.bench.lists import _anonymous\n"
        "held = bytearray(os.urandom(50 << 20)); before = _anonymous(os.getpid())\n"
        "if not (child := os.fork()): time.sleep(60)\n"
        "print(_anonymous(os.getpid()) - before < 25 << 20); os.kill(child, 9)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "True\n"


def table(made: BenchSet) -> pa.Table:
    return pq.read_table(made.data)


def test_hits(made: BenchSet) -> None:
    listed = made.md5_list.read_text().split()
    assert len(listed) == len(set(listed)) == made.entries
    md5s = [md5 for md5 in table(made)["md5"].to_pylist() if md5]
    assert len(set(md5s)) == len(md5s)
    assert len(set(listed) & set(md5s)) == made.hits == 100


def test_scores_and_keywords(made: BenchSet) -> None:
    rows = table(made).select(["punsafe", "TEXT"]).to_pylist()
    n = len(rows)
    assert n == made.rows
    high = [row["TEXT"] for row in rows if row["punsafe"] and row["punsafe"] > 0.95]
    unsafe = [row for row in rows if row["punsafe"] and row["punsafe"] > 0.45]
    assert len(unsafe) / n == pytest.approx(0.012, abs=0.002)
    assert len(high) / n == pytest.approx(0.003, abs=0.001)
    assert 0.2 < sum(any(word in text for word in KEYWORDS) for text in high) / len(high) < 0.6


def test_shape(made: BenchSet) -> None:
    rows = table(made)
    assert " ".join(rows.column_names) == (
        "URL TEXT WIDTH HEIGHT similarity hash pwatermark punsafe md5"
    )
    links = rows["URL"].to_pylist()
    assert sum(map(len, links)) / len(links) == pytest.approx(98, abs=4)
    assert len(set(links)) == len(links)
    assert all(".example/" in link for link in links)
    assert len([*(made.data / "laion2B-en").iterdir()]) == 4


def test_a_set_is_made_once(made: BenchSet) -> None:
    before = {f: f.stat().st_mtime_ns for f in made.data.rglob("*")}
    again = bench_set(made.data.parents[1], 50_000, 3, entries=4_000)
    assert again == made
    assert {f: f.stat().st_mtime_ns for f in made.data.rglob("*")} == before
    other = bench_set(made.data.parents[1], 50_000, 4, entries=4_000)
    assert not set(table(other)["md5"].to_pylist()) & set(table(made)["md5"].to_pylist()) - {None}


def test_a_list_too_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fewer than"):
        bench_set(tmp_path, 50_000, entries=99)


@pytest.mark.slow
def test_the_price_of_a_link_can_be_measured(tmp_path: Path) -> None:
    """Its bench runs the search without files, so that a change of a view may break it unseen."""
    urls = [f"https://www.host{i % 7}.example/x{i}/{i}%20.jpg" for i in range(50)]
    with connect(threads=1) as engine:
        bench = Bench(engine, urls, tmp_path, rows=100)
        for name, listing, work in works(bench):
            listing()
            assert by_script(engine, work), name
