"""Find first: which rows do the lists name, over all shards, before one is rewritten.

Every decision is a script of `sql/`; this module sets them going batch by batch, computes
the keys of the links that SQL cannot prove, and keeps the hits in the private work folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from relaion.engine import Engine
from relaion.links import host_digest, link_key
from relaion.run.numbering import Numbered, batches, sources
from relaion.run.progress import Progress
from relaion.sqlset import Script, load

BATCH_ROWS = 100_000_000
KEYS_AT_ONCE = 200_000
_ODD_KEYS = pa.schema(
    [("url", pa.string()), ("url_key", pa.string()), ("host_digest", pa.string())]
)


@dataclass(frozen=True)
class Search:
    """What to search: shards in order of number, and the SQL version to search with."""

    shards: tuple[Numbered, ...]
    version: str
    same_link: bool = True
    batch_rows: int = BATCH_ROWS


class Finder:
    """Runs the find scripts on one connection that has the list store attached as `store`."""

    def __init__(self, engine: Engine, search: Search, work: Path, progress: Progress) -> None:
        self._engine = engine
        self._search = search
        self._work = work
        self._progress = progress
        self._scripts = load(search.version)
        engine.run(self._script("05_link_macros"))
        engine.execute(
            "create or replace temp table odd_keys "
            "(url varchar, url_key varchar, host_digest varchar)"
        )

    def _script(self, name: str) -> Script:
        return self._scripts[name]

    def find(self) -> None:
        """Leave tables `list_hits` and `same_link` on the connection, files in the work folder.

        A batch whose hits lie in the work folder already is not searched again.
        """
        kinds = [k for (k,) in self._engine.rows("select distinct kind from store.entries")]
        parts = list(batches(self._search.shards, self._search.batch_rows))
        self._begin("match", parts)
        for i, batch in enumerate(parts):
            self._once(self._work / f"hits-{i:05}.parquet", "list_hits", batch, kinds)
        self._gather("hits", len(parts), "list_hits")
        if self._search.same_link and self._engine.rows("select 1 from list_hits limit 1"):
            self._hit_keys(parts)
            self._begin("same link", parts)
            for i, batch in enumerate(parts):
                self._once(self._work / f"same-{i:05}.parquet", "same_link", batch, None)
            self._gather("same", len(parts), "same_link")
        else:
            self._engine.execute(
                "create or replace temp table same_link "
                "(shard_no integer, file_row_number bigint, list_id integer)"
            )

    def _begin(self, phase: str, parts: Sequence[Sequence[Numbered]]) -> None:
        shards = [n for part in parts for n in part]
        self._progress.phase(phase, len(shards), sum(n.shard.rows for n in shards))

    def _once(
        self, path: Path, table: str, batch: Sequence[Numbered], kinds: list[str] | None
    ) -> None:
        if not path.exists():
            self._engine.view_shards(sources(batch))
            if kinds is None:
                self._search_links()
            else:
                self._search_lists(kinds)
            self._engine.write_parquet(f"from {table}", path)  # table is one of two names
        self._progress.done(len(batch), sum(n.shard.rows for n in batch))

    def _search_lists(self, kinds: list[str]) -> None:
        self._engine.run(self._script("06_listed_hosts"))
        self._near_links(has_links="url" in kinds)
        self._engine.run(self._script("20_row_keys"), kinds=kinds)
        self._engine.run(self._script("30_list_hits"))

    def _search_links(self) -> None:
        self._engine.run(self._script("34_hit_hosts"))
        self._near_links(has_links=True)
        self._engine.run(self._script("35_same_link"))

    def _hit_keys(self, parts: Sequence[Sequence[Numbered]]) -> None:
        """Table `hit_keys`: the links of all hits, gathered batch by batch."""
        for i, batch in enumerate(parts):
            path = self._work / f"keys-{i:05}.parquet"
            if not path.exists():
                self._engine.view_shards(sources(self._with_hits(batch)))
                self._engine.run(self._script("32_hit_links"))
                self._odd_keys()
                self._engine.run(self._script("33_hit_keys"))
                self._engine.write_parquet("from hit_keys", path)
        self._gather("keys", len(parts), "hit_keys")

    def _with_hits(self, batch: Sequence[Numbered]) -> Sequence[Numbered]:
        hit = {no for (no,) in self._engine.rows("select distinct shard_no from list_hits")}
        return [n for n in batch if n.no in hit] or batch[:1]

    def _near_links(self, *, has_links: bool) -> None:
        self._engine.run(self._script("10_near_links"), has_links=has_links)
        self._odd_keys()

    def _odd_keys(self) -> None:
        """Fill `odd_keys` for `odd_links`: link keys come from Python, through a table."""
        self._engine.run(self._script("15_odd_links"))
        self._engine.execute("delete from odd_keys")
        ((n,),) = self._engine.rows("select count(*) from odd_links")
        for start in range(0, n, KEYS_AT_ONCE):
            links = self._engine.rows(
                "select url from odd_links where rowid >= ? and rowid < ?",
                [start, start + KEYS_AT_ONCE],
            )
            urls = [url for (url,) in links]
            keys = [link_key(url) for url in urls]
            hosts = [host_digest(key) for key in keys]
            self._engine.insert("odd_keys", pa.table([urls, keys, hosts], schema=_ODD_KEYS))

    def _gather(self, stem: str, n: int, table: str) -> None:
        paths = [self._work / f"{stem}-{i:05}.parquet" for i in range(n)]
        self._engine.read_parquet(table, paths)


def write_find(engine: Engine, work: Path) -> None:
    """Write what the shard tasks read: hits, same links and lists, in the work folder."""
    engine.write_parquet("from list_hits order by all", work / "list_hits.parquet")
    engine.write_parquet("from same_link order by all", work / "same_link.parquet")
    engine.write_parquet(
        "select list_id, source, label from store.lists order by list_id", work / "lists.parquet"
    )
