"""Ever more rows: what each costs, what `plan` told of it, and what LAION-5B would take.

Shards of links and captions recombined from a real sample, both editions, default flags but
`--memory 4GB`, lists of 100,000 links and of 16.2 million MD5s that hit one row in a million each.
Where the disk is too small for all, shards stand there under several names.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from relaion.lists import store
from tests.bench.data import BenchSet, bench_set, write_links
from tests.bench.measured import Measured, measure
from tests.bench.peers import shards
from tests.bench.prepared import SAMPLE, WORDS

LAION_ROWS = 5_860_000_000
LINKS = 100_000
BYTES_A_ROW = 180  # of such a shard
_CHECKS = "verify"
OURS = [sys.executable, "-m", "relaion"]


@dataclass(frozen=True)
class Step:
    """A clean of so many rows, and what `relaion plan` told of its processors' time beforehand."""

    rows: int
    found: Measured | None
    planned: dict[str, float] | None

    @property
    def cleaning(self) -> float:
        """Seconds of processors of all but the check at the end."""
        if self.found is None:
            return 0.0
        steps = self.found.steps.items()
        return self.found.cpu - sum(cpu for step, cpu in steps if step.startswith(_CHECKS))

    def line(self) -> str:
        """A line of Markdown."""
        told = "" if self.planned is None else "{low:,.0f}-{high:,.0f} s".format(**self.planned)
        if self.found is None:
            return f"| {self.rows:,} | | | | | | | | | {told} |"
        found, micro = self.found, 1e6 / self.rows
        return (
            f"| {self.rows:,} | {found.seconds:,.0f} s | {self.rows / found.seconds:,.0f} | "
            f"{found.cpu:,.0f} s | {found.cpu * micro:.2f} | {self.cleaning * micro:.2f} | "
            f"{found.together / 1e6:,.0f} MB | {found.supervisor / 1e6:,.0f} MB | "
            f"{found.disk / 1e9:,.1f} GB | {told} |"
        )


@dataclass(frozen=True)
class Wanted:
    """Rows of each step and of a shard, rows that differ, entries of the list of digests, memory.

    And what is done.
    """

    rows: list[int]
    shard_rows: int
    distinct: int
    entries: int
    memory: str
    plans: bool
    cleans: bool


def prepare(folder: Path, wanted: Wanted) -> tuple[BenchSet, Path, int]:
    """The shards that differ, a store of both lists, and how many rows a shard has."""
    if not SAMPLE.exists():
        raise SystemExit(f"{SAMPLE.name}: not beside this checkout; the bench recombines its links")
    each = wanted.shard_rows
    distinct = max(each, wanted.distinct // each * each)
    made = bench_set(
        folder, distinct, entries=wanted.entries, shards=distinct // each, hit_every=each,
        n_keywords=WORDS, real=SAMPLE,
    )  # fmt: skip
    links, lists = made.md5_list.with_name("links.txt"), made.md5_list.with_suffix(".duckdb")
    if not lists.exists():
        write_links(links, LINKS, range(each // 2, distinct, each), SAMPLE)
        store.add(lists, [links], source="bench")
        store.add(lists, [made.md5_list], source="bench", kind="image_md5")
    return made, lists, each


def steps(folder: Path, wanted: Wanted) -> Iterator[Step]:
    """Clean ever more rows; what a run leaves is removed."""
    made, lists, each = prepare(folder, wanted)
    differing = shards(made.data)
    for n in (max(1, rows // each) for rows in wanted.rows):
        scratch = Path(tempfile.mkdtemp(prefix="steps-", dir=folder))
        data, out, log = scratch / "data" / "en", scratch / "out", scratch / "log"
        data.mkdir(parents=True)
        try:
            for i in range(n):
                os.link(differing[i % len(differing)], data / f"part-{i:06}.parquet")
            given = [
                str(data.parent), "--lists", str(lists), "--keywords", str(made.keywords),
                "--memory", wanted.memory,
            ]  # fmt: skip
            clean = [*OURS, "clean", *given, "--out", str(out), "--log", str(log)]
            yield Step(
                n * each,
                measure(clean, log, out) if wanted.cleans else None,
                _planned([*OURS, "plan", *given, "--json"]) if wanted.plans else None,
            )
        finally:
            shutil.rmtree(scratch)


def _planned(command: list[str]) -> dict[str, float]:
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)["here"]["processors"]
    return found


def told(folder: Path, wanted: Wanted) -> Iterator[str]:
    """The lines of a table, as they come, and what follows from them."""
    needed = BYTES_A_ROW * (wanted.distinct + 2 * max(wanted.rows)) + 100 * wanted.entries
    if shutil.disk_usage(folder).free < needed:
        raise SystemExit(f"{folder}: needs {needed / 1e9:.0f} GB; give fewer --rows")
    yield "| rows | time | rows a second | processors | µs a row | without verify | memory | " + (
        "supervisor | disk of OUT | plan told |"
    )
    yield "|" + "---|" * 10
    done = []
    for step in steps(folder, wanted):
        done.append(step)
        yield step.line()
        for name, cpu in step.found.steps.items() if step.found else ():
            yield f"<!-- {name}: {cpu:.1f} s of processors -->"
    if wanted.cleans and len(done) > 1:
        yield from _growth(done[-2], done[-1])


def _growth(small: Step, large: Step) -> Iterator[str]:
    assert small.found is not None and large.found is not None
    times, more = large.rows / small.rows, large.rows - small.rows
    yield (
        f"\nGrowth: {large.found.cpu / small.found.cpu / times:.2f} × linear by processors' time, "
        f"{large.found.seconds / small.found.seconds / times:.2f} by the clock."
    )
    both = (
        ("without", large.cleaning - small.cleaning),
        ("with", large.found.cpu - small.found.cpu),
    )
    for name, took in both:
        hours = LAION_ROWS * took / more / 3600
        yield (
            f"{LAION_ROWS / 1e9:.2f} billion rows {name} verify: {hours:.1f} hours of processors, "
            f"{hours / 2:.1f} h on two cores that do nothing else and never wait for a disk."
        )
