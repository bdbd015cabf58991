"""Who is a row? Row hashes and links of one set of shards, looked for in another.

Every decision is a script of `sql/v1/apply`; this module sets them going batch by batch, and keeps
what they find in the private work folder, so that a run that was interrupted goes on.
"""

import secrets
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.copies.form import INDEX
from relaion.engine import Engine
from relaion.labs.piecework import SPREAD, BatchPiece, PieceFound, SeekStep
from relaion.parquet.glossary import says_caption
from relaion.parquet.roles import Column, Layout
from relaion.paths import Seal, atomic_write, file_sha256, private_folder, read_sealed, read_still
from relaion.run.finder import MACROS
from relaion.run.journal import is_whole
from relaion.run.numbered import Numbered, rows_of
from relaion.run.process import packed, unpacked
from relaion.run.progress import Extent
from relaion.run.python_answers import (
    fill_keys,
    fill_other_hashes,
    fill_row_hashes,
    make_tables,
)
from relaion.run.settings import Limits
from relaion.run.sources import Copies, original, sources
from relaion.sidecars.hash_tables import OTHERS
from relaion.sqlset import load

BATCH_ROWS = 4_000_000
FOLDER = "seek"
MANY = 0.3  # of the rows of a batch: if more links are looked for in it, their ends tell few apart
HASHES = "row_hash bigint, doubt tinyint, link_bytes integer"
"""Columns of tables of row hashes that stand in a set, one row for each row that has one.

A hash is as sure as the surest of its rows whose links are as long: whoever reads such a table asks
for that."""
SOUGHT = (
    "wanted_links", "sought_tails", "sought_hosts", "sought_ends", "sought_keys",
    "listed_hosts", "listed_domains", "listed_tails", "listed_keys",
)  # fmt: skip
"""Tables of the links that are looked for, as `links` reads them."""
Batches: TypeAlias = Sequence[tuple[Numbered, ...]]
Item: TypeAlias = tuple[Any, ...]  # a batch, and what else is to be known of it


class Seeker:
    """Runs the scripts on one connection; `known` are work files that the journal vouches for.

    `tell` hears of each file that is made, with its SHA-256; of each shard that is about to be
    read; and of rows that are through. `spread` are the limits of each worker of a cluster, where
    what reads shards is done by those, as `piecework` says.
    """

    def __init__(
        self,
        engine: Engine,
        work: Path,
        version: str,
        workers: int,
        known: dict[str, str],
        tell: Callable[..., object],
        spread: Limits | None = None,
    ) -> None:
        self.engine, self.work, self._workers = engine, work, workers
        self.spread, self._n_steps = spread, 0
        self._version, self._known, self.tell = version, known, tell
        self._scripts = load(version)
        self._copies = Copies(work, {})
        self._seals: dict[int, Seal] = {}
        for macros in MACROS:
            engine.macros(self._scripts[macros])
        make_tables(engine)
        private_folder(work / FOLDER)

    def run(self, name: str, **values: Any) -> None:
        """Run a script."""
        self.engine.run(self._scripts[name], **values)

    def site_macros(self) -> None:
        """Make the macros that tell in which places a link stands."""
        for macros in ("38_text_macros", "cover/42_site_macros"):
            self.engine.macros(self._scripts[macros])

    def odd_hosts(self) -> None:
        """Table `odd_keys` of those of `row_links` whose host SQL cannot tell."""
        self.run("cover/43_odd_hosts")
        fill_keys(self.engine, self._workers)

    # -- work files ------------------------------------------------------------------------

    def made(self, name: str, make: Callable[[], str]) -> Path:
        """A work file of the rows of the query that `make` gives; kept where it is there, whole."""
        path, relative, is_made = self._work_file(name)
        if not is_made:
            self.engine.write_parquet(make(), path)
            self.tell(("file", relative, file_sha256(path)))
        return path

    def _work_file(self, name: str) -> tuple[Path, str, bool]:
        """A work file, its name in the journal, and whether it is there, whole."""
        path = self.work / FOLDER / f"{name}.parquet"
        relative = str(path.relative_to(self.work))
        known = self._known.get(relative)
        return path, relative, known is not None and is_whole(path, known)

    # -- steps over batches: done here, or by workers of a cluster ---------------------------

    def files(
        self,
        name: str,
        do: Callable[..., str],
        items: Sequence[Item],
        tables: Sequence[str] = (),
    ) -> list[Path]:
        """A work file for each item: of the rows of the query that `do` gives of it.

        `do` is a function of a module, or a `partial` of one: it takes a `Seeker` and the item,
        which is a batch of shards and what else is to be known of it. `tables` are the temp tables
        that it reads.
        """
        names = [f"{name}-{i}" for i, _ in enumerate(items)]
        if self.spread is None:
            return [
                self.made(n, partial(do, self, *item)) for n, item in zip(names, items, strict=True)
            ]
        files = [self._work_file(n) for n in names]
        lacking = [(item, f) for item, f in zip(items, files, strict=True) if not f[2]]
        self._spread(do, [(item, path, relative) for item, (path, relative, _) in lacking], tables)
        return [path for path, *_ in files]

    def numbers(
        self, do: Callable[..., int], items: Sequence[Item], tables: Sequence[str] = ()
    ) -> list[int]:
        """A number for each item, as `files` has a file."""
        if self.spread is None:
            return [do(self, *item) for item in items]
        found = self._spread(do, [(item, None, "") for item in items], tables)
        return [one.value for one in found]

    def _spread(
        self,
        do: Callable[..., Any],
        items: Sequence[tuple[Item, Path | None, str]],
        tables: Sequence[str],
    ) -> list[PieceFound]:
        """Have workers do a step over some items, each to leave a file where one is named."""
        if not items or self.spread is None:
            return []
        self._n_steps += 1
        for left in (self.work / FOLDER).glob("step-*"):  # of a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        # no name comes twice: workers know a step by its path, and one given up may write on
        word = secrets.token_hex(4)
        folder = self.work / FOLDER / f"step-{self._n_steps:02}-{word}"
        private_folder(folder)
        shared = {}
        for table in tables:
            columns = tuple(name for name, *_ in self.engine.rows(f"describe {table}"))
            shared[table] = (columns, folder / f"{table}.parquet")
            self.engine.write_parquet(f"from {table}", folder / f"{table}.parquet")
        leaves = items[0][1] is not None
        step = SeekStep(do, leaves, shared, self.work, self._version, self.spread)
        _leave(folder / "step", step)
        pieces = []
        for i, (item, path, relative) in enumerate(items):
            pieces.append(BatchPiece(folder / f"{i:06}", tuple(item[0]), path, relative))
            _leave(pieces[-1].file, item)
        self.tell((SPREAD, folder / "step", pieces), waits=True)
        found = []
        for piece in pieces:
            one = unpacked(piece.answer.read_text(encoding="ascii"))
            if not isinstance(one, PieceFound):
                raise TypeError(f"what a piece found, not {type(one).__name__}")
            found.append(one)
            self._seals |= one.seals
        shutil.rmtree(folder, ignore_errors=True)
        return found

    def table(self, name: str, columns: str, files: Sequence[Path]) -> None:
        """Load work files into a temp table, which is empty where there are none."""
        self.engine.execute(f"create or replace temp table {name} ({columns})")
        if files:
            self.engine.read_parquet(name, files)

    # -- shards ----------------------------------------------------------------------------

    def read(
        self,
        shards: Sequence[Numbered],
        look: Callable[[], None],
        view: str,
        roles: Sequence[str] = ("row_hash", "url"),
    ) -> None:
        """Look at some shards through a view; each is sealed once, and must stay as it was.

        `roles` are those that `shard` tells.
        """
        self.tell(("at", [n.shard.path for n in shards]))

        def seen() -> None:
            self._view(shards, view, roles)
            look()

        def through() -> None:
            self._copies.reading([original(n) for n in shards], seen)

        paths = [n.shard.path for n in shards]
        if all(n.no in self._seals for n in shards):
            known = [self._seals[n.no] for n in shards]
            read_still(dict(zip(paths, known, strict=True)), through)
        else:
            seals = read_sealed(paths, through, self._workers)
            self._seals |= {n.no: s for n, s in zip(shards, seals, strict=True)}
        self.tell(("done", Extent.of(shards)))

    @property
    def sealed(self) -> dict[int, Seal]:
        """The shards that were read, as they were."""
        return dict(self._seals)

    def seals(self, shards: Sequence[Numbered]) -> dict[int, Seal]:
        """Each shard as it was read; those that were not read now are read for it."""
        missing = [n for n in shards if n.no not in self._seals]
        found = read_sealed([n.shard.path for n in missing], lambda: None, self._workers)
        self._seals |= {n.no: s for n, s in zip(missing, found, strict=True)}
        return {n.no: self._seals[n.no] for n in shards}

    def _view(self, shards: Sequence[Numbered], view: str, roles: Sequence[str]) -> None:
        read = sources(self._copies.as_read(shards))
        self.engine.view_shards(read, self._version, (), wanted=(view,), shown_roles=roles)

    # -- identities ------------------------------------------------------------------------

    def identities(self, shards: Sequence[Numbered], named: Sequence[str] | None = None) -> None:
        """View `identities`, within a `read` of `shard`.

        Where `named` is given, roles whose column the user named, also by what links and captions
        give: a row of a copy may be known by more than one row hash, and any may be in doubt.
        """
        for table in ("other_hashes", "captionless"):
            self.engine.execute(f"delete from {table}")  # noqa: S608
        able = [n for n in shards if is_computable(n) or is_index(n)]
        if any("row_hash" in n.shard.layout.roles for n in able):
            self.engine.execute("delete from row_hashes")
            self.run("apply/70_identities")
            lacking = "select distinct shard_no from identities where row_hash is null"
            numbers = {no for (no,) in self.engine.rows(lacking)}
            able = [n for n in able if n.no in numbers]
        fill_row_hashes(
            self.engine, [n for n in able if not is_index(n)], None, self._workers,
            takes_fillers=False,
        )  # fmt: skip
        for n in able:
            if is_index(n):
                self.engine.insert("row_hashes", _of_captions(n))
        if named is not None:
            self._others(shards, is_one="text" in named)
            for n in filter(_is_unprovable, shards):
                self.engine.execute("insert into captionless values ($no)", {"no": n.no})
        self.run("apply/70_identities")

    def _others(self, shards: Sequence[Numbered], *, is_one: bool) -> None:
        """Table `other_hashes`; where `is_one` only the named captions count."""
        asked = []
        for n in shards:
            if is_index(n):
                self.engine.insert("other_hashes", _others_of(n))
            elif captions := captions_of(n.shard.layout, is_one=is_one):
                asked.append((n, captions))
        fill_other_hashes(self.engine, asked, self._workers)

    def row_files(
        self, name: str, shards: Batches, named: Sequence[str], *, by_row: bool
    ) -> list[Path]:
        """Work files `rows`: every row of these shards, with its row hashes where these count."""
        do = partial(Seeker.rows, named=named, by_row=by_row)
        return self.files(f"{name}-rows", do, _items(shards))

    def rows(self, batch: Sequence[Numbered], named: Sequence[str], *, by_row: bool) -> str:
        """Every row of a batch, with its row hashes where these count."""

        def look() -> None:
            if by_row:
                self.identities(batch, named)
            else:
                self.run("apply/88_hashless_rows")
            self.engine.execute("create or replace temp table rows as from identities")

        self.read(batch, look, "shard")
        return "from rows"

    def hash_files(self, name: str, shards: Batches, *, proves: bool) -> list[Path]:
        """Work files `known_hashes`: those of `wanted_hashes` that stand in these shards.

        With `proves` each is held against what its link and caption give, else it is believed.
        """
        if self.engine.rows("select count(*) from wanted_hashes") == [(0,)]:
            return []
        do = partial(Seeker.hashes, proves=proves)
        return self.files(f"{name}-hashes", do, _items(shards), ["wanted_hashes"])

    def hashes(self, batch: Sequence[Numbered], *, proves: bool) -> str:
        """Those of `wanted_hashes` that stand in a batch."""

        def look() -> None:
            self.identities(batch, ("text",) if proves else None)
            if proves:  # nearly all will stand there
                self.engine.execute("create or replace temp view met_hashes as from wanted_hashes")
            else:
                self.run("apply/91_met_hashes")
            self.run("apply/71_known_hashes")

        self.read(batch, look, "shard")
        return "from known_hashes"

    def link_ids(
        self, batch: Sequence[Numbered], *, by_row: bool, salt: bytes | None = None
    ) -> None:
        """Table `link_ids` of those rows that no row hash settles; with a salt `salted_links`."""
        self.read(batch, lambda: self.ids_of_links(by_row=by_row, salt=salt), "row_links")

    def ids_of_links(self, *, by_row: bool, salt: bytes | None) -> None:
        """`link_ids` by what `row_links` is."""
        self.run("apply/72_unsettled_links", by_row=by_row)
        self._keyed()
        self.run("apply/73_link_ids")
        if salt is not None:
            self.run("apply/74_salted_links", salt=salt)

    def salted(self, batch: Sequence[Numbered], salt: bytes) -> None:
        """Table `salted_links` of all rows: a diff tells of no row that it stayed."""

        def look() -> None:
            self.run("apply/72_unsettled_links", by_row=False)
            self._keyed()
            self.run("apply/74_salted_links", salt=salt)

        self.read(batch, look, "row_links")

    def link_files(self, name: str, shards: Batches) -> list[Path]:
        """Work files `known_links`: those of `wanted_links` that stand in these shards.

        `hit_keys` says on which hosts and with which tails these are.
        """
        ((wanted,),) = self.engine.rows("select count(*) from hit_keys")
        if not wanted or not shards:
            return []
        has_ends = not all(_has_most(batch, wanted) for batch in shards)
        self.run("fast/16_sought_ends", has_ends=has_ends)
        do = partial(Seeker.links, wanted=wanted)
        return self.files(f"{name}-links", do, _items(shards), SOUGHT)

    def links(self, batch: Sequence[Numbered], *, wanted: int) -> str:
        """Those of `wanted_links`, which are so many, that stand in a batch."""

        def look() -> None:
            if _has_most(batch, wanted):
                self.run("apply/89_all_links")
            else:
                self.run("fast/17_sought_links")
            self.run("apply/79_proved_links")
            self.run("fast/15_near_links", has_hosts=False, has_hashed=False)
            self._keyed()
            self.run("apply/73_link_ids")
            self.run("apply/75_known_links")

        self.read(batch, look, "row_links")
        return "from known_links order by all"

    def _keyed(self) -> None:
        """Table `link_keys` of `near_links`."""
        self.run("fast/19_odd_links", has_links=True)
        fill_keys(self.engine, self._workers)
        self.run("20_link_keys", has_links=True)


def _has_most(batch: Sequence[Numbered], wanted: int) -> bool:
    """Whether so many links are looked for in a batch that their ends tell few apart."""
    return wanted > MANY * rows_of(batch)


def _items(shards: Batches) -> list[Item]:
    return [(batch,) for batch in shards]


def _leave(path: Path, said: object) -> None:
    with atomic_write(path, mode=0o600, flush=False) as part:
        part.write_text(packed(said), encoding="ascii")


def is_index(n: Numbered) -> bool:
    """Whether it is the index of a file of another form (`copies.form.INDEX`)."""
    return list(INDEX.names) == n.shard.names


def _of_captions(n: Numbered) -> pa.Table:
    """Row hashes of records that have a caption alone, for `row_hashes`."""
    hashes = pq.read_table(n.shard.path, columns=["caption_hash"])["caption_hash"].combine_chunks()
    places = pc.indices_nonzero(pc.is_valid(hashes))
    numbers = pa.repeat(pa.scalar(n.no, pa.int32()), len(places))
    return pa.table([numbers, places.cast(pa.int64()), hashes.drop_null()], names=["n", "r", "h"])


def _others_of(n: Numbered) -> pa.Table:
    """Further row hashes of the records of an index, for `other_hashes`."""
    lists = pq.read_table(n.shard.path, columns=["others"])["others"].combine_chunks()
    places = pc.indices_nonzero(pc.is_valid(lists))
    numbers = pa.repeat(pa.scalar(n.no, pa.int32()), len(places))
    columns = [numbers, places.cast(pa.int64()), lists.take(places)]
    return pa.table(columns, schema=OTHERS)


_MOST_CAPTIONS = 8  # columns of them: each costs a hash for every row


def captions_of(layout: Layout, *, is_one: bool) -> list[Column]:
    """The columns of captions by which rows may be known: that of the role, and others by name.

    Where `is_one` the user named it, and no other counts.
    """
    first = layout.roles.get("text")
    if first is None or is_one:
        return [] if first is None else [first]
    able = [c for c in layout.columns if c.role is None and c.type in ("string", "binary")]
    return [first, *(c for c in able if says_caption(c.name))][:_MOST_CAPTIONS]


def _is_unprovable(n: Numbered) -> bool:
    """Whether row hashes stand beside links, and beside no captions that would prove them."""
    roles = n.shard.layout.roles
    return {"row_hash", "url"} <= set(roles) and "text" not in roles and not is_index(n)


def is_computable(n: Numbered) -> bool:
    """Whether row hashes can be computed: of a link alone they would meet none."""
    return {"url", "text"} <= set(n.shard.layout.roles)
