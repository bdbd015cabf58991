"""`python -m tests.bench.links [--runs N] [FILE ...]`: what a link costs, per row on one thread.

Real links (`../shared/data/real`, or parquet files with a column URL) are repeated to at least
200,000 rows. Times are CPU time of this process, medians of warm runs, in microseconds a row;
the ratio to `md5(url)` in the same run tells more than they do on a busy machine.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from hashlib import md5
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from relaion import sqlset
from relaion.engine import Engine, connect
from relaion.links import host_digest, link_key, spellings

ROWS = 200_000
LISTED = 200_000
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"
FILES = [REAL / "laion400m_10000.parquet"]

KEYED = """
    select coalesce(o.url_key, link_stripped(l.url)) as url_key
    from {0} as l left join odd_keys as o on l.url = o.url
"""
NEAR = """
    create or replace temp table near_links as
    select url from (select url, link_host(url) as host from link)
    where host = '' or md5(host) in (from listed_hosts)
"""
INNER = """
    create or replace temp table inner_near as
    select distinct url from (
        select url, unnest(inner_hosts(url)) as host from held
    ) where md5(host) in (from listed_hosts)
    union all
    select url from held where inner_is_odd(url)
"""
HASHED = """
    select count(*) from (
        select form, md5(spelling) as digest
        from link_spellings('ordinary')
        union all
        select form, digest from link as l inner join odd_spellings as o on l.url = o.url
    ) as s
    semi join (select hash(digest) as short from listed) as d on hash(s.digest) = d.short
"""


def fill(engine: Engine, table: str, query: str, make: Callable[[list[str]], pa.Table]) -> None:
    """What Python does for odd links: read them, compute, write a table."""
    engine.execute(f"delete from {table}")
    engine.insert(table, make([url for (url,) in engine.rows(query)]))


def keys(urls: list[str]) -> pa.Table:
    made = [link_key(url) for url in urls]
    return pa.table({"url": urls, "url_key": made}, schema=pa.schema(dict.fromkeys(
        ("url", "url_key"), pa.string())))  # fmt: skip


def digests(urls: list[str]) -> pa.Table:
    rows = [
        (url, form, md5(s, usedforsecurity=False).hexdigest())
        for url in urls
        for form, s in spellings(url)
    ]
    names = ("url", "form", "digest")
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table([pa.array(c, pa.string()) for c in columns], names=names)


def with_prefilter(engine: Engine) -> None:
    """Rows on listed hosts get a key; no list names a host of the real links, as in most runs."""
    engine.execute(NEAR)
    odd = "select distinct url from near_links where not link_is_canonical(url)"
    fill(engine, "odd_keys", odd, keys)
    engine.rows(
        f"select count(*) from ({KEYED.format('near_links')}) semi join listed using (url_key)"
    )


def with_inner(engine: Engine) -> None:
    """The same, and the links inside links."""
    with_prefilter(engine)
    engine.execute("create or replace temp table held as from link where may_hold_link(url)")
    engine.execute(INNER)


def without_prefilter(engine: Engine) -> None:
    """Every row gets a key."""
    odd = "select url from link where not link_is_canonical(url)"
    fill(engine, "odd_keys", f"select distinct url from ({odd})", keys)
    engine.rows(f"select count(*) from ({KEYED.format('link')}) semi join listed using (url_key)")


def hashed(engine: Engine) -> None:
    """Every row is hashed in all its spellings."""
    engine.execute("create or replace temp table odd_links as from link where spelling_is_odd(url)")
    fill(engine, "odd_spellings", "from odd_links", digests)
    engine.execute(
        "create or replace temp view ordinary as "
        "from link as l anti join odd_links as o on l.url = o.url"
    )
    engine.rows(HASHED)


def digest_only(engine: Engine) -> None:
    """One MD5 of every link: the unit."""
    engine.rows("select count(*) from link where md5(url) < '8'")


WORK: tuple[tuple[str, Callable[[Engine], None]], ...] = (
    ("md5(url)", digest_only),
    ("plain list, host prefilter", with_prefilter),
    ("plain list, host prefilter, inner links", with_inner),
    ("plain list, no prefilter", without_prefilter),
    ("hashed list, all spellings", hashed),
)


def prepare(engine: Engine, urls: list[str]) -> int:
    """Tables of links and listed digests; the number of rows.

    Repeated links are told apart by their last letters, as the links of a data set are: else
    Python would work for each but once.
    """
    for name in ("link_macros", "spelling_macros", "inner_macros"):
        engine.run(sqlset.named(name))
    times = -(-ROWS // len(urls))
    engine.execute("create table once (url varchar)")
    engine.insert("once", pa.table({"url": urls}))
    engine.execute(
        "create table link as select case when n = 0 then url else url || n end as url "
        f"from once, range({times}) as r (n)"
    )
    engine.execute("create table odd_keys (url varchar, url_key varchar)")
    engine.execute("create table odd_spellings (url varchar, form varchar, digest varchar)")
    engine.execute(
        "create table listed as select md5('listed' || n) as digest, "
        f"'listed' || n || '.example/a.jpg' as url_key from range({LISTED}) as r (n)"
    )
    engine.execute("create table listed_hosts (host_digest varchar)")
    hosts = [host_digest(f"listed{n}.example/a") for n in range(LISTED // 10)]
    engine.insert("listed_hosts", pa.table({"host_digest": hosts}))
    return int(engine.rows("select count(*) from link")[0][0])


def measure(engine: Engine, work: Callable[[Engine], None], runs: int) -> list[float]:
    """CPU seconds of each of some warm runs."""
    work(engine)
    times = []
    for _ in range(runs):
        start = time.process_time()
        work(engine)
        times.append(time.process_time() - start)
    return times


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=FILES)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    tables = [pq.read_table(path, columns=["URL"]) for path in given.files]
    urls = [url for t in tables for url in t.column(0).to_pylist() if url]
    with connect(threads=1) as engine:
        rows = prepare(engine, urls)
        names = ", ".join(path.name for path in given.files)
        print(f"{rows:,} rows made of {len(urls):,} links of {names}, {LISTED:,} listed,")
        print(f"1 thread, Python {platform.python_version()}, median of {given.runs}\n")
        print("| work | us a row | spread | x md5(url) |\n|---|---|---|---|")
        unit = 0.0
        for name, work in WORK:
            times = [t / rows * 1e6 for t in measure(engine, work, given.runs)]
            median = statistics.median(times)
            unit = unit or median
            spread = f"{min(times):.2f}-{max(times):.2f}"
            print(f"| {name} | {median:.2f} | {spread} | {median / unit:.1f} |", flush=True)


if __name__ == "__main__":
    main()
