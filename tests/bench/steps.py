"""A data set ten times as large as another: what a row costs, and what LAION-5B would.

Shards of links and captions recombined from a real sample, both editions, default flags but
`--memory 4GB`, lists of 100,000 links and of 16.2 million MD5s that hit one row in a million each.
Where the disk is too small for all, shards stand there under several names.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from relaion.lists import store
from tests.bench.data import SHARD_ROWS, BenchSet, bench_set, write_links
from tests.bench.measured import Measured, measure
from tests.bench.peers import shards
from tests.bench.prepared import SAMPLE, WORDS

LAION_ROWS = 5_860_000_000
LINKS = 100_000
BYTES_A_ROW = 180  # of such a shard
_CHECKS = "verify"


@dataclass(frozen=True)
class Step:
    """A run over so many rows."""

    rows: int
    found: Measured

    @property
    def checking(self) -> float:
        """Seconds of processors that went into the check at the end."""
        return sum(cpu for step, cpu in self.found.steps.items() if step.startswith(_CHECKS))

    @property
    def cleaning(self) -> float:
        """Seconds of processors of all else."""
        return self.found.cpu - self.checking

    def line(self) -> str:
        """A line of Markdown."""
        found, micro = self.found, 1e6 / self.rows
        return (
            f"| {self.rows:,} | {found.seconds:,.0f} s | {self.rows / found.seconds:,.0f} | "
            f"{found.cpu:,.0f} s | {found.cpu * micro:.2f} | {self.cleaning * micro:.2f} | "
            f"{found.together / 1e6:,.0f} MB | {found.supervisor / 1e6:,.0f} MB | "
            f"{found.disk / 1e9:,.1f} GB |"
        )


def prepare(folder: Path, rows: int, distinct: int, entries: int) -> tuple[BenchSet, Path, int]:
    """The shards that differ, a store of both lists, and how many rows a shard has."""
    if not SAMPLE.exists():
        raise SystemExit(f"{SAMPLE.name}: not beside this checkout; the bench recombines its links")
    each = max(1000, min(SHARD_ROWS, rows // 10))
    distinct = max(each, min(rows, distinct) // each * each)
    made = bench_set(
        folder, distinct, entries=entries, shards=distinct // each, hit_every=each,
        n_keywords=WORDS, real=SAMPLE,
    )  # fmt: skip
    links, lists = made.md5_list.with_name("links.txt"), made.md5_list.with_suffix(".duckdb")
    if not lists.exists():
        write_links(links, LINKS, range(each // 2, distinct, each), SAMPLE)
        store.add(lists, [links], source="bench")
        store.add(lists, [made.md5_list], source="bench", kind="image_md5")
    return made, lists, each


def steps(folder: Path, rows: int, distinct: int, entries: int, memory: str) -> Iterator[Step]:
    """Clean a tenth of the rows, then all; what a run leaves is removed."""
    made, lists, each = prepare(folder, rows, distinct, entries)
    differing = shards(made.data)
    for n in (max(1, rows // each // 10), max(1, rows // each)):
        data, out, log = folder / "step" / "en", folder / "out", folder / "log"
        data.mkdir(parents=True)
        try:
            for i in range(n):
                os.link(differing[i % len(differing)], data / f"part-{i:06}.parquet")
            log.unlink(missing_ok=True)
            command = [
                sys.executable, "-m", "relaion", "clean", str(data.parent), "--lists", str(lists),
                "--keywords", str(made.keywords), "--out", str(out), "--memory", memory,
                "--log", str(log),
            ]  # fmt: skip
            yield Step(n * each, measure(command, log, out))
        finally:
            shutil.rmtree(data.parent)
            shutil.rmtree(out, ignore_errors=True)


def told(folder: Path, rows: int, distinct: int, entries: int, memory: str) -> Iterator[str]:
    """The lines of a table, as they come, and what follows from them."""
    needed = BYTES_A_ROW * (min(rows, distinct) + 2 * rows) + 100 * entries
    if shutil.disk_usage(folder).free < needed:
        raise SystemExit(f"{folder}: needs {needed / 1e9:.0f} GB; give fewer --rows")
    yield "| rows | time | rows a second | processors | µs a row | without verify | memory |" + (
        " supervisor | disk of OUT |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    done = []
    for step in steps(folder, rows, distinct, entries, memory):
        done.append(step)
        yield step.line()
        for name, cpu in step.found.steps.items():
            yield f"<!-- {name}: {cpu:.1f} s of processors -->"
    small, large = done
    ratio = large.found.cpu / small.found.cpu / (large.rows / small.rows)
    yield f"\nGrowth: {ratio:.2f} × linear by processors' time, " + (
        f"{large.found.seconds / small.found.seconds / (large.rows / small.rows):.2f} by the clock."
    )
    cleaning = [step.cleaning for step in done]
    for name, took in (("without", cleaning), ("with", [step.found.cpu for step in done])):
        hours = LAION_ROWS * (took[1] - took[0]) / (large.rows - small.rows) / 3600
        yield (
            f"{LAION_ROWS / 1e9:.2f} billion rows {name} verify: {hours:.1f} hours of processors, "
            f"{hours / 2:.1f} h on two cores that do nothing else and never wait for a disk."
        )
