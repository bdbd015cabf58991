"""`python -m tests.bench.links [--runs N] [--scripts] [FILE ...]`: what a link costs.

Real links (`../shared/data/real`, or parquet files with a column URL) are repeated to at least
1,000,000 rows. One thread; times are CPU time of this process, medians of warm runs, in
microseconds a row; the ratio to `md5(url)` in the same run tells more than they do on a busy
machine. `--scripts` tells the dearest scripts of each line, too.
"""

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.engine import Engine, connect
from relaion.links import host_digest, link_key
from relaion.run.finder import Finder
from relaion.run.settings import MEMORY, Settings, limits_of
from relaion.run.store_entries import NeededKinds
from relaion.sidecars.row_hash import row_hashes
from relaion.sqlset import VERSION, Script

ROWS = 1_000_000
LISTED = 200_000
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"
FILES = [REAL / "laion400m_10000.parquet"]

SHARD = """
    create table shard as
    select
        0 as shard_no, row_number() over () - 1 as file_row_number,
        -- told apart by their last letters, as the links of a data set are: else Python
        -- would work for each but once
        case when n = 0 then url else url || n end as url,
        null::bigint as row_hash, null::varchar as image_md5, null::varchar as image_sha1,
        null::varchar as image_sha256
    from once, range({0}) as r (n)
"""
VIEWS = """
    create temp view row_links as
    select shard_no, file_row_number, url, 'url' as column_name from shard;
    create temp view row_digests as
    select shard_no, file_row_number, 'image_md5' as kind, image_md5 as digest from shard
    where false;
    create temp view row_no_digests as
    select shard_no, 'image_md5' as kind, 'md5' as column_name, false as is_odd from shard
    where false;
    create temp view row_values as
    select
        shard_no, url is not null as url, url is not null as first_url, false as text,
        false as punsafe, false as row_hash, false as image_md5, false as image_sha1,
        false as image_sha256, false as has_no_digest, false as has_giant
    from shard
"""
HIT = """
    create or replace temp table list_hits as
    select
        shard_no, file_row_number, 1 as list_id, 'image_md5' as kind, 'own' as level,
        null::varchar as spelling
    from shard where hash(file_row_number) % {0} = 0
"""
ENTRIES = """
    create or replace table store.entries as
    select
        1 as list_id, '{kind}' as kind,
        {algorithm}('https://listed' || n || '.example/a.jpg') as digest,
        {host} as host_digest, null::integer as trait_id, {tail}::usmallint as tail
    from range({listed}) as r (n)
"""
Work = Callable[[], None]


class Bench:
    """A connection with a shard of links; each work lists something, then searches."""

    def __init__(self, engine: Engine, urls: list[str], folder: Path, rows: int = ROWS) -> None:
        self.engine = engine
        self._folder = folder
        engine.execute("create schema store")
        engine.execute(
            "create table store.lists as "
            "select 1 as list_id, null::varchar[] as forms, 'bad' as role"
        )
        traits = ("severity", "media", "first_seen", "last_seen", "confidence", "given_by")
        columns = ", ".join(f"{name} varchar" for name in traits)
        engine.execute(f"create table store.traits (trait_id integer, {columns})")
        engine.execute("create table store.store as select 2 as store_version")
        engine.execute("create table once (url varchar)")
        engine.insert("once", pa.table({"url": urls}))
        engine.execute(SHARD.format(-(-rows // len(urls))))
        for view in VIEWS.split(";"):
            engine.execute(view)
        self._links = engine.table("select url from shard").column(0).combine_chunks()
        hosts = sorted({host_digest(link_key(url)) or "" for url in urls})
        engine.execute("create table hosts (no integer, host_digest varchar)")
        engine.insert(
            "hosts", pa.table([pa.array(range(len(hosts)), pa.int32()), hosts], ["no", "h"])
        )
        ((self.rows, self.n_hosts),) = engine.rows(
            "select (select count(*) from shard), (select count(*) from hosts)"
        )

    def md5(self) -> None:
        """One MD5 of every link: the unit."""
        self.engine.rows("select count(*) from shard where md5(url) < '8'")

    def row_hash(self) -> None:
        """The row hash of every link with a caption of its length."""
        row_hashes(self._links, self._links)

    def far(self) -> None:
        """List links on hosts that no row has, as most hosts of most runs are."""
        self._list("url", "sha256", "md5('listed' || n || '.example')")

    def near(self, tail: str) -> Work:
        """List links on every host; where their tails are not known, every row gets a key."""
        host = f"(select h.host_digest from hosts as h where h.no = n % {self.n_hosts})"
        return lambda: self._list("url", "sha256", host, tail)

    def hashed(self) -> None:
        """List hashed links."""
        self._list("url_md5", "md5", "null::varchar")

    def _list(self, kind: str, algorithm: str, host: str, tail: str = "null") -> None:
        self.engine.execute(
            ENTRIES.format(kind=kind, algorithm=algorithm, host=host, tail=tail, listed=LISTED)
        )

    def search(self, *, inner: bool) -> Work:
        """The search of `clean`, script by script."""

        def work() -> None:
            # as in a run of many rows, which are held against all entries
            with mock.patch("relaion.run.finder.NARROWED_ROWS", -1):
                self._finder(inner)._search_lists((), NeededKinds(self.engine), counts=True)

        return work

    def hits(self, one_in: int) -> Callable[[], None]:
        """Rows that an image hash named, whose links others may carry."""

        def listing() -> None:
            self.engine.execute(HIT.format(one_in))
            self._finder(inner=False).search_keys()

        return listing

    def same_link(self, *, inner: bool) -> Work:
        """The search for other rows with the links of those in `list_hits`."""
        return lambda: self._finder(inner).search_same_link()

    def _finder(self, inner: bool) -> Finder:
        settings = Settings(VERSION, limits_of(1, MEMORY), self._folder, inner=inner)
        return Finder(self.engine, settings)


def works(bench: Bench) -> list[tuple[str, Callable[[], None], Work]]:
    """What is measured: its name, what is listed for it, the work."""
    return [
        ("md5(url)", lambda: None, bench.md5),
        ("row hash, as long a caption", lambda: None, bench.row_hash),
        ("plain list, host prefilter", bench.far, bench.search(inner=False)),
        ("plain list, host prefilter, inner links", bench.far, bench.search(inner=True)),
        ("plain list, every host", bench.near("n % 65521"), bench.search(inner=False)),
        ("plain list, every host, tails unknown", bench.near("null"), bench.search(inner=False)),
        ("same link as 1 row in 500", bench.hits(500), bench.same_link(inner=False)),
        ("same link as 1 row in 500, inner links", bench.hits(500), bench.same_link(inner=True)),
        ("same link as 1 row in 100,000, inner", bench.hits(100_000), bench.same_link(inner=True)),
        ("hashed list, all spellings", bench.hashed, bench.search(inner=False)),
        ("hashed list, all spellings, inner links", bench.hashed, bench.search(inner=True)),
    ]


def measure(work: Work, runs: int) -> list[float]:
    """CPU seconds of each of some warm runs."""
    work()
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return times


def by_script(engine: Engine, work: Work) -> list[tuple[float, str]]:
    """CPU seconds of the scripts of one run, the dearest first; what is left is Python."""
    spent: dict[str, float] = {}
    run, began = engine.run, time.process_time()

    def timed(script: Script, **values: object) -> None:
        start = time.process_time()
        run(script, **values)
        name = script.path.stem
        spent[name] = spent.get(name, 0.0) + time.process_time() - start

    with mock.patch.object(engine, "run", timed):
        work()
    spent["Python"] = time.process_time() - began - sum(spent.values())
    return sorted(((seconds, name) for name, seconds in spent.items()), reverse=True)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=FILES)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--scripts", action="store_true")
    given = parser.parse_args()
    tables = [pq.read_table(path, columns=["URL"]) for path in given.files]
    urls = [url for t in tables for url in t.column(0).to_pylist() if url]
    with connect(threads=1) as engine, tempfile.TemporaryDirectory() as folder:
        bench = Bench(engine, urls, Path(folder))
        names = ", ".join(path.name for path in given.files)
        print(f"{bench.rows:,} rows made of {len(urls):,} links of {names}, {LISTED:,} listed,")
        print(f"1 thread, Python {platform.python_version()}, median of {given.runs}\n")
        print("| work | us a row | spread | x md5(url) |\n|---|---|---|---|")
        unit = 0.0
        for name, listing, work in works(bench):
            listing()
            times = [t / bench.rows * 1e6 for t in measure(work, given.runs)]
            median = statistics.median(times)
            unit = unit or median
            spread = f"{min(times):.2f}-{max(times):.2f}"
            print(f"| {name} | {median:.2f} | {spread} | {median / unit:.1f} |", flush=True)
            for seconds, script in by_script(engine, work)[:8] if given.scripts else ():
                print(f"| - {script} | {seconds / bench.rows * 1e6:.2f} | | |", flush=True)


if __name__ == "__main__":
    main()
