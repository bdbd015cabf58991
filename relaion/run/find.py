"""Find first: which rows do the lists name, over many shards, before one is rewritten.

Every decision is a script of `sql/`; this module sets them going over some shards and has the
links that SQL cannot judge answered (`fill.py`). `hunt.py` says over which shards, and when.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from relaion.engine import VIEWS, Engine
from relaion.run.fill import fill_inner, fill_keys, fill_spelled, make_tables
from relaion.run.numbering import Numbered, sources
from relaion.run.readable import as_read, mending, original
from relaion.run.rowhash import fill_row_hashes
from relaion.run.sidecars import find_sidecar_keys
from relaion.run.wanted import Wanted
from relaion.shards.sidecar import Sidecar
from relaion.sqlset import Script, load

FOUND = ("list_hits", "same_link", "lists")  # the files that shard tasks read
MACROS = ("05_link_macros", "07_spelling_macros", "08_inner_macros", "09_scope_macros")


@dataclass(frozen=True)
class Search:
    """How to search.

    `sidecars` name further rows by image hash; `inner` looks at links inside links too,
    `same_link` at other rows with a listed link. `workers` may compute row hashes. `roles`
    are those whose values are counted.
    """

    version: str
    same_link: bool = True
    inner: bool = True
    sidecars: tuple[Sidecar, ...] = ()
    workers: int = 1
    roles: tuple[str, ...] = ()


class Finder:
    """Runs the find scripts on one connection that has the list store attached as `store`."""

    def __init__(self, engine: Engine, search: Search, work: Path) -> None:
        self.engine = engine
        self._search = search
        self._work = work
        self._scripts = load(search.version)
        for macros in MACROS:
            engine.macros(self._script(macros))
        make_tables(engine)

    def _script(self, name: str) -> Script:
        return self._scripts[name]

    def sidecar_keys(self) -> None:
        """Table `sidecar_keys`, kept in the work folder for whoever asks next."""
        find_sidecar_keys(self.engine, self._search.sidecars, self._search.version, self._work)

    def list_hits(self, shards: Sequence[Numbered]) -> None:
        """Table `list_hits`: the rows of these shards that a list or a sidecar names.

        Reads `sidecar_keys`.
        """
        wanted = Wanted(self.engine)
        self._read(shards, lambda: self._search_lists(shards, wanted), self._search.roles)

    def hit_keys(self, shards: Sequence[Numbered]) -> None:
        """Table `hit_keys`: the links of the rows of these shards that are in `list_hits`."""
        self._read(shards, self._search_keys, wanted=("row_links",))

    def same_link(self, shards: Sequence[Numbered]) -> None:
        """Table `same_link`: further rows of these shards whose link is in `hit_keys`."""
        self._read(shards, self._search_same_link, wanted=("row_links",))

    def _read(
        self,
        shards: Sequence[Numbered],
        search: Callable[[], None],
        looked_at: Collection[str] = (),
        wanted: Collection[str] = VIEWS,
    ) -> None:
        def look() -> None:
            read = sources(as_read(shards, self._work))
            self.engine.view_shards(
                read, self._search.version, looked_at, wanted, shown_roles=("row_hash",)
            )
            search()

        mending([original(n) for n in shards], self._work, look)

    def _search_lists(self, batch: Sequence[Numbered], wanted: Wanted) -> None:
        run = self.engine.run
        run(self._script("14_listed_hosts"))
        run(
            self._script("15_near_places"),
            has_links=wanted.has_links,
            has_hosts="host" in wanted.kinds,
        )
        self._link_keys(has_links=wanted.has_links, has_hashed=wanted.has_hashed)
        run(self._script("22_odd_spellings"), has_hashed=wanted.has_hashed)
        fill_spelled(self.engine, self._search.workers)
        fill_row_hashes(self.engine, batch, wanted.row_hashes, self._search.workers)
        run(
            self._script("24_row_keys"),
            kinds=sorted(wanted.kinds),
            has_hashed=wanted.has_hashed,
            forms=wanted.forms,
        )
        run(self._script("30_list_hits"))
        run(self._script("26_found_values"), roles=list(self._search.roles))

    def _search_same_link(self) -> None:
        self.engine.run(self._script("34_hit_hosts"))
        self.engine.run(self._script("15_near_places"), has_links=True, has_hosts=False)
        self._link_keys(has_links=True, has_hashed=False)
        self.engine.run(self._script("35_same_link"))

    def _link_keys(self, *, has_links: bool, has_hashed: bool) -> None:
        """Table `link_keys`: the keys of near links, and of near links inside links."""
        inner = self._search.inner and (has_links or has_hashed)
        self.engine.run(self._script("16_near_links"), has_links=has_links, has_inner=inner)
        if inner:
            self.engine.run(self._script("17_nested_links"), has_hashed=has_hashed)
            fill_inner(self.engine, self._search.workers)
            self.engine.run(self._script("18_inner_links"))
        self._keyed(wanted=has_links)

    def _keyed(self, *, wanted: bool = True) -> None:
        """Table `link_keys` for `near_links`; not `wanted` where only hashed links are listed."""
        self.engine.run(self._script("19_odd_links"), has_links=wanted)
        fill_keys(self.engine, self._search.workers)
        self.engine.run(self._script("20_link_keys"), has_links=wanted)

    def _search_keys(self) -> None:
        self.engine.run(self._script("32_hit_links"))
        self._keyed()
        self.engine.run(self._script("33_hit_keys"))


def write_find(engine: Engine, work: Path) -> None:
    """Write what the shard tasks read: hits, same links and lists, in the work folder."""
    engine.write_parquet("from list_hits order by all", work / "list_hits.parquet")
    engine.write_parquet("from same_link order by all", work / "same_link.parquet")
    engine.write_parquet(
        "select list_id, source, label from store.lists order by list_id", work / "lists.parquet"
    )
