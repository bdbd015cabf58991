"""Find first: which rows do the lists name, over all shards, before one is rewritten.

Every decision is a script of `sql/`; this module sets them going batch by batch, has the
links that SQL cannot judge answered (`fill.py`), and keeps the hits in the private work folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from relaion.engine import Engine
from relaion.run.fill import fill_inner, fill_keys, fill_spelled, make_tables
from relaion.run.numbering import Numbered, batches, sources
from relaion.run.progress import Progress
from relaion.run.readable import as_read, mending, original
from relaion.run.rowhash import fill_row_hashes
from relaion.run.sidecars import find_sidecar_keys
from relaion.run.wanted import Wanted
from relaion.shards.sidecar import Sidecar
from relaion.sqlset import Script, load

BATCH_ROWS = 100_000_000
MACROS = ("05_link_macros", "07_spelling_macros", "08_inner_macros", "09_scope_macros")


@dataclass(frozen=True)
class Search:
    """What to search: shards in order of number, and how.

    `sidecars` name further rows by image hash; `inner` looks at links inside links too,
    `same_link` at other rows with a listed link. `workers` may compute row hashes.
    """

    shards: tuple[Numbered, ...]
    version: str
    same_link: bool = True
    inner: bool = True
    sidecars: tuple[Sidecar, ...] = ()
    workers: int = 1
    batch_rows: int = BATCH_ROWS


class Finder:
    """Runs the find scripts on one connection that has the list store attached as `store`."""

    def __init__(self, engine: Engine, search: Search, work: Path, progress: Progress) -> None:
        self._engine = engine
        self._search = search
        self._work = work
        self._progress = progress
        self._scripts = load(search.version)
        for macros in MACROS:
            engine.run(self._script(macros))
        make_tables(engine)

    def _script(self, name: str) -> Script:
        return self._scripts[name]

    def find(self) -> None:
        """Leave tables `list_hits` and `same_link` on the connection, files in the work folder.

        A batch whose hits lie in the work folder already is not searched again.
        """
        find_sidecar_keys(self._engine, self._search.sidecars, self._search.version, self._work)
        wanted = Wanted(self._engine)
        parts = list(batches(self._search.shards, self._search.batch_rows))
        self._begin("match", parts)
        for i, batch in enumerate(parts):
            self._once(self._work / f"hits-{i:05}.parquet", "list_hits", batch, wanted)
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
        self, path: Path, table: str, batch: Sequence[Numbered], wanted: Wanted | None
    ) -> None:
        if not path.exists():
            mending([original(n) for n in batch], self._work, lambda: self._look(batch, wanted))
            self._engine.write_parquet(f"from {table}", path)  # table is one of two names
        self._progress.done(len(batch), sum(n.shard.rows for n in batch))

    def _look(self, batch: Sequence[Numbered], wanted: Wanted | None) -> None:
        self._engine.view_shards(sources(as_read(batch, self._work)))
        if wanted is None:
            self._search_same_link()
        else:
            self._search_lists(batch, wanted)

    def _search_lists(self, batch: Sequence[Numbered], wanted: Wanted) -> None:
        run = self._engine.run
        run(self._script("14_listed_hosts"))
        run(self._script("15_near_hosts"), has_hosts="host" in wanted.kinds)
        self._link_keys(has_links=wanted.has_links, has_hashed=wanted.has_hashed)
        run(self._script("22_odd_spellings"), has_hashed=wanted.has_hashed)
        fill_spelled(self._engine)
        fill_row_hashes(self._engine, batch, wanted.row_hashes, self._search.workers)
        run(
            self._script("24_row_keys"),
            kinds=sorted(wanted.kinds),
            has_hashed=wanted.has_hashed,
            forms=wanted.forms,
        )
        run(self._script("30_list_hits"))

    def _search_same_link(self) -> None:
        self._engine.run(self._script("34_hit_hosts"))
        self._engine.run(self._script("15_near_hosts"), has_hosts=False)
        self._link_keys(has_links=True, has_hashed=False)
        self._engine.run(self._script("35_same_link"))

    def _link_keys(self, *, has_links: bool, has_hashed: bool) -> None:
        """Table `link_keys`: the keys of near links, and of near links inside links."""
        inner = self._search.inner and (has_links or has_hashed)
        self._engine.run(self._script("16_near_links"), has_links=has_links, has_inner=inner)
        if inner:
            self._engine.run(self._script("17_nested_links"), has_hashed=has_hashed)
            fill_inner(self._engine)
            self._engine.run(self._script("18_inner_links"))
        self._keyed()

    def _keyed(self) -> None:
        self._engine.run(self._script("19_odd_links"))
        fill_keys(self._engine)
        self._engine.run(self._script("20_link_keys"))

    def _hit_keys(self, parts: Sequence[Sequence[Numbered]]) -> None:
        """Table `hit_keys`: the links of all hits, gathered batch by batch."""
        for i, batch in enumerate(parts):
            path = self._work / f"keys-{i:05}.parquet"
            if not path.exists():
                shards = as_read(self._with_hits(batch), self._work)
                self._engine.view_shards(sources(shards))
                self._engine.run(self._script("32_hit_links"))
                self._keyed()
                self._engine.run(self._script("33_hit_keys"))
                self._engine.write_parquet("from hit_keys", path)
        self._gather("keys", len(parts), "hit_keys")

    def _with_hits(self, batch: Sequence[Numbered]) -> Sequence[Numbered]:
        hit = {no for (no,) in self._engine.rows("select distinct shard_no from list_hits")}
        return [n for n in batch if n.no in hit] or batch[:1]

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
