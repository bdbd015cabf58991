"""The search of one connection: which rows of some shards do the lists name, or their links?

Every decision is a script of `sql/`; Python answers of odd links (`python_answers.py`), and makes
views of the shards (`sources.py`) and of the lists (`store_entries.py`).
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from relaion.engine import VIEWS, Engine
from relaion.engine.passes import run_told
from relaion.odometer import ODOMETER
from relaion.run.numbered import Numbered, rows_of
from relaion.run.progress import Extent
from relaion.run.python_answers import (
    fill_inner,
    fill_keys,
    fill_row_hashes,
    fill_spelled,
    make_tables,
)
from relaion.run.settings import Settings
from relaion.run.sidecar_keys import find_sidecar_keys
from relaion.run.sources import Copies, original, sources
from relaion.run.store_entries import NeededKinds, view_entries
from relaion.run.survey import SIDECAR_KEYS
from relaion.sidecars import Sidecar
from relaion.sqlset import Script, load

LOOKED_AT_ROWS = 50_000  # to see of each digest whether it is plain; else DuckDB has more to plan
NARROWED_ROWS = 50_000  # whose digests are put into a table sooner than so many entries
NARROWED_ENTRIES = 200_000
MACROS = ("05_link_macros", "08_inner_macros", "09_scope_macros")  # 07 where links are hashed


class Finder:
    """Runs the find scripts on one connection that has the list store attached as `store`."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        sidecars: tuple[Sidecar, ...] = (),
        roles: tuple[str, ...] = (),
    ) -> None:
        """`sidecars` name further rows by image hash; `roles` are looked at, as `Hunt` has it."""
        self.engine = engine
        self.copies = Copies(settings.work, {})
        self._settings = settings
        self._sidecars = sidecars
        self._roles = roles
        self._workers = settings.limits.threads
        self._scripts = load(settings.sql_version)
        self._is_narrowed = False  # near_entries
        self._worth = 0.0  # row groups that each pass of a search counts for
        for macros in MACROS:
            engine.macros(self.script(macros))
        make_tables(engine)
        view_entries(engine)

    def script(self, name: str) -> Script:
        """A script of the run's version."""
        return self._scripts[name]

    def passes(self, shards: Sequence[Numbered], n: int) -> None:
        """From here on these shards are searched in so many passes, each run by `told`."""
        self._worth = Extent.of(shards).groups / n

    def told(self, name: str, *, worth: int = 1, **values: Any) -> None:
        """Run a script worth one pass or more, and tell how far it has come."""
        run_told(self.engine, self.script(name), worth * self._worth, **values)

    def sidecar_keys(self) -> None:
        """Table `sidecar_keys`, left in the work folder for `list_hits`."""
        find_sidecar_keys(self.engine, self._sidecars, self._settings, self.copies)

    def list_hits(self, shards: Sequence[Numbered], *, counts: bool = True) -> None:
        """Table `list_hits`: the rows of these shards that a list or a sidecar names.

        Reads `sidecar_keys`. `counts`: how many rows have a value is counted, too.
        """
        if self._sidecars:
            self.engine.read_parquet("sidecar_keys", [self._settings.work / SIDECAR_KEYS])
        wanted = NeededKinds(self.engine)
        self.read(shards, lambda: self._search_lists(shards, wanted, counts=counts), self._roles)

    def hit_keys(self, shards: Sequence[Numbered]) -> None:
        """Table `hit_keys`: the links of the rows of these shards that are in `list_hits`."""
        self.read(shards, self.search_keys, wanted=("row_links",))

    def same_link(self, shards: Sequence[Numbered]) -> None:
        """Table `same_link`: further rows of these shards whose link is in `hit_keys`."""
        self.passes(shards, 6)
        self.read(shards, self.search_same_link, wanted=("row_links",))

    def read(
        self,
        shards: Sequence[Numbered],
        search: Callable[[], None],
        looked_at: Collection[str] = (),
        wanted: Collection[str] = VIEWS,
        shown_roles: Collection[str] = ("row_hash",),
    ) -> None:
        """View some shards and search them; those that DuckDB cannot read by a private copy."""

        def look() -> None:
            self.engine.view_shards(
                sources(self.copies.as_read(shards)), self._settings.sql_version, looked_at, wanted,
                shown_roles, looks_for_plain=rows_of(shards) <= LOOKED_AT_ROWS,
            )  # fmt: skip
            search()

        self.copies.reading([original(n) for n in shards], look)

    def _search_lists(
        self, batch: Sequence[Numbered], wanted: NeededKinds, *, counts: bool
    ) -> None:
        has_keys = wanted.has_links or wanted.has_hashed
        run, told = self.engine.run, self.told
        asks_hashes = wanted.row_hashes is None or len(wanted.row_hashes) > 0
        # three more: the hits, and the links and keys of what was hit
        n = 2 * has_keys + 3 * wanted.has_hashed + asks_hashes + counts + 3
        self.passes(batch, n)
        if has_keys:
            inner = self._settings.inner
            run(self.script("fast/14_listed_hosts"), has_links=wanted.has_links, has_inner=inner)
            self._link_keys(
                has_links=wanted.has_links, has_hosts="host" in wanted.kinds,
                has_hashed=wanted.has_hashed,
            )  # fmt: skip
        else:
            self.none_of("20_link_keys", "table link_keys")
        if wanted.has_hashed:
            self.engine.macros(self.script("07_spelling_macros"))
            told("fast/22_hashed_links", has_hashed=True, kinds=sorted(wanted.kinds))
            with ODOMETER.stretch(2 * self._worth):
                fill_spelled(self.engine, self._workers)
            run(self.script("23_hashed_keys"), kinds=sorted(wanted.kinds), forms=wanted.forms)
        else:
            self.none_of("23_hashed_keys", "view hashed_keys")
        with ODOMETER.stretch(self._worth if asks_hashes else 0):
            fill_row_hashes(self.engine, batch, wanted.row_hashes, self._workers)
        run(self.script("24_row_keys"), kinds=sorted(wanted.kinds))
        self._choose_entries(batch)
        told("30_list_hits", good_wins=self._settings.good_wins)
        if counts:
            told("31_found_values", roles=list(self._roles))
        else:
            self.none_of("31_found_values", "table found_values")

    def _choose_entries(self, batch: Sequence[Numbered]) -> None:
        """View `near_entries`: of many those that digests of few rows may equal, else all."""
        count = "select count(*) from store.entries"
        n = self.engine.rows(count)[0][0] if rows_of(batch) <= NARROWED_ROWS else 0
        if n >= NARROWED_ENTRIES:
            self._is_narrowed = True  # before it is: what fails half-way must not stay for the next
            self.engine.run(self.script("fast/28_row_shorts"))
            self.engine.run_bounded(self.script("fast/29_few_entries"))
        elif self._is_narrowed:
            view_entries(self.engine)
            self._is_narrowed = False

    def none_of(self, script: str, *relations: str) -> None:
        """What a script writes, empty, where nothing is listed that it could be for."""
        written = self.script(script).relations("writes")
        for relation in relations:
            columns = [column.split() for column in written[relation.split()[1]].split(", ")]
            nulls = ", ".join(f"null::{kind} as {name}" for name, kind in columns)
            self.engine.execute(f"create or replace temp {relation} as select {nulls} where false")

    def search_same_link(self, *, inner: bool = True) -> None:
        """Table `same_link`, of the views that are open; `inner` by links inside links too."""
        inner = inner and self._settings.inner
        self.engine.run(self.script("fast/13_hit_words"))
        ((words,),) = self.engine.rows("from hit_words")
        self.told("fast/34_hit_tails", worth=3, has_inner=inner, hit_words=words)
        self._link_keys(has_links=True, has_hosts=False, has_hashed=False, inner=inner)
        self.told("35_same_link")

    def _link_keys(
        self, *, has_links: bool, has_hosts: bool, has_hashed: bool, inner: bool = True
    ) -> None:
        """Table `link_keys`: the keys of near links, and of near links inside links."""
        self.told("fast/15_near_links", has_hosts=has_hosts, has_hashed=has_hashed)
        if inner and self._settings.inner and (has_links or has_hashed):
            fill_inner(self.engine, self._workers)
            self.engine.run(self.script("18_inner_links"))
        self._keyed(wanted=has_links)

    def _keyed(self, *, wanted: bool = True) -> None:
        """Table `link_keys` for `near_links`; not `wanted` where only hashed links are listed."""
        self.engine.run(self.script("fast/19_odd_links"), has_links=wanted)
        with ODOMETER.stretch(self._worth):
            fill_keys(self.engine, self._workers)
        self.engine.run(self.script("20_link_keys"), has_links=wanted)

    def search_keys(self, *, whole: bool = False) -> None:
        """Table `hit_keys`, of the views that are open; `whole`: near_links is made already."""
        if not whole:
            self.told("32_hit_links")
        self._keyed()
        self.engine.run(self.script("33_hit_keys"))
