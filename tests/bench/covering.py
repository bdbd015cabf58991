"""Cover for drawn lists, chosen by the project's own scripts, ledger and order of steps.

`relaion.run.cover` drives them; only the shards are tables here. A step is shown the rows alone
that it can have a use for, told by columns that the same macros made beforehand.
"""

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import numpy as np
import pyarrow as pa

from relaion.engine import Engine, connect
from relaion.lists import store
from relaion.lists.cover import ranks
from relaion.lists.database import attach_store
from relaion.lists.snapshot import Snapshot
from relaion.run import cover_task
from relaion.run.cover import Choice, Covered
from relaion.run.cover_task import COVER_STEPS
from relaion.run.editions import Edition
from relaion.run.find import Hunt
from relaion.run.find_task import SEARCH, read_found
from relaion.run.finder import Finder
from relaion.run.hits import Searched
from relaion.run.journal import Ledger
from relaion.run.numbered import Numbered
from relaion.run.pool import Here
from relaion.run.process import TaskOutcome
from relaion.run.settings import Keywords, Limits, Settings, write_keywords
from relaion.run.tasks import FindTask
from relaion.sqlset import Script, load
from tests.bench.population import KEYWORDS, Draw, Whole

LABEL = "csam"
MUTANTS = ("closure-off", "uniform", "within-hosts")
_COUNTS = "site_counts.parquet"
_ROWS = "rows.parquet"
_STORE = "lists.duckdb"
_DIGEST = "md5('image ' || image)"

# what is there instead of the views of shards; {rows} are those that a step is shown
_SHOWN = {
    "shard": "select shard_no, file_row_number, subset, url, text, punsafe, language from {rows}",
    "row_links": "select shard_no, file_row_number, url from {rows}",
    "row_digests": "select shard_no, file_row_number, 'md5' as kind, digest from {rows}",
}
_NO_ROWS = "(from population limit 0)"
_HIT_ROWS = "(from population semi join list_hits using (shard_no, file_row_number))"
_NEAR = {
    "inside": "(from population where host in (select host from removed_sites))",
    "split": "(from population where host in (select place from split_places where depth = 0))",
    "links": "(from population where host in (select host_digest from hit_keys))",
    "images": "(from population where digest in (select digest from cover_images))",
}

_UNIFORM = """
create or replace temp table cells as
select s.site, s.host, s.tier, l.level, hash(s.tier) as cell
from sites as s cross join (select unnest([0, 1, 2, 3])::integer as level) as l
where s.n_rows <= $site_rows or s.site in (select k.site from listed_sites as k);
insert into sites_to_rank
select s.site from sites as s where s.site not in (select r.site from sites_to_rank as r);
"""
# of a host that is out only the listed links, of its peers as many, of the nearest scores
_MIRRORED = """
create or replace temp table mirrored as
with named as (
    select p.*, coalesce(p.punsafe, 0) as score
    from population as p semi join read_parquet('{hits}') using (shard_no, file_row_number)
),
like_it as (
    select c.site, count(n.id) as n, avg(n.score) as score
    from picked as c join named as n on n.host = c.peer_of group by all
),
ranked as (
    select p.id, l.n, row_number() over (
        partition by p.host order by abs(coalesce(p.punsafe, 0) - l.score), p.id
    ) as no
    from population as p join like_it as l on p.host = l.site
)
select id from ranked where no <= n
union
select id from named
"""


class Tables(Finder):
    """A finder to which the shards are the table `population`."""

    step = ""
    depth = 0
    mutant = ""
    hits = Path()

    def script(self, name: str) -> Script:
        """As the project has it, but for a mutant."""
        script = super().script(name)
        if name == "cover/47_cells" and self.mutant == "uniform":
            return replace(script, sql=script.sql + _UNIFORM, sha256=f"{script.sha256} uniform")
        return script

    def read(
        self,
        shards: Sequence[Numbered],
        search: Callable[[], None],
        looked_at: Collection[str] = (),
        wanted: Collection[str] = (),
        shown_roles: Collection[str] = (),
    ) -> None:
        """Show the rows that this step is about, and search them."""
        rows = dict.fromkeys(_SHOWN, _NO_ROWS)
        if self.step == "sites":
            rows["row_links"] = _HIT_ROWS
            rows["shard"] = _NEAR["split"] if self.depth else _NO_ROWS
        elif self.step == "things":
            rows["row_links"] = rows["row_digests"] = "population"
        elif self.step == "inside":
            near = _NEAR["inside"]
            if self.mutant == "within-hosts":
                self.engine.execute(_MIRRORED.format(hits=self.hits))
                near = "(from population semi join mirrored using (id))"
            rows["row_links"] = rows["row_digests"] = near
        else:
            rows["row_links"], rows["row_digests"] = _NEAR["links"], _NEAR["images"]
            if self.mutant == "closure-off":  # the images of listed rows are gone all the same
                listed = f"select digest from population semi join read_parquet('{self.hits}') "
                listed += "using (shard_no, file_row_number)"
                near = f"(from population where digest in ({listed}))"
                rows["row_links"], rows["row_digests"] = _NO_ROWS, near
        for view, query in _SHOWN.items():
            shown = query.format(rows=rows[view])
            self.engine.execute(f"create or replace temp table {view} as {shown}")
        search()


@dataclass
class Tabled:
    """Stands where `Choice` expects a hunt, its journal and its progress: nothing is resumed."""

    settings: Settings
    finder: Tables
    counts: Path
    store: Snapshot
    sidecars: tuple[Path, ...] = ()
    said: list[str] = field(default_factory=list)

    @property
    def work(self) -> Path:
        return self.settings.work

    @property
    def journal(self) -> "Tabled":
        return self

    @property
    def progress(self) -> "Tabled":
        return self

    def say(self, text: str) -> None:
        self.said.append(text)

    def entries(self, *_: object) -> list[Any]:
        return []

    def get(self, *_: object) -> None:
        return None

    def add(self, *_: object) -> None:
        """Nothing is noted."""

    def drop(self, *_: object) -> None:
        """Nothing is there."""

    def read(self, entry: Any, read: Callable[[Any], Any]) -> Any:
        return read(entry.value)

    def task(self, step: str, shards: Sequence[Numbered] = ()) -> FindTask:
        return FindTask(self.settings, tuple(shards), step=step, store=self.store)

    def sweep(
        self,
        _phase: str,
        shards: Sequence[Numbered],
        ledger: Ledger,
        _seals: Mapping[int, Any],
        make: Callable[..., FindTask],
        _step: str = "",
    ) -> None:
        name = ledger.name([0])
        task = make(shards=(), name=name)
        said = self._do(task).said
        if task.step == "sites" and not task.values["depth"]:
            # how many rows stand where hangs on no list
            task.writes["site_counts"].write_bytes(self.counts.read_bytes())
        ledger.add(name, {}, said["files"])

    def made(self, task: FindTask, _of: list[Any], _name: str = "") -> dict[str, Any]:
        found = dict(self._do(task).said["found"])
        if task.step == "choose" and self.finder.mutant == "within-hosts":
            self.finder.engine.execute(
                "create or replace temp table picked as select site, peer_of from cover_picks"
            )
        return found

    def _do(self, task: FindTask) -> TaskOutcome:
        self.finder.step, self.finder.depth = task.step, task.values.get("depth", 0)
        return {**SEARCH, **COVER_STEPS}[task.step](self.finder, task)


def prepare(folder: Path, rows: pa.Table) -> None:
    """Leave in a folder what all draws share: the rows with their hosts, and counts of these."""
    listed = folder / "list.txt"
    listed.write_text("0123456789abcdef" * 2 + "\n")
    store.add(folder / _STORE, [listed], source="bench", label=LABEL)
    with _opened(folder, folder / "prepared", "") as finder:
        engine = finder.engine
        for macros in ("38_text_macros", "cover/42_site_macros"):
            engine.macros(finder.script(macros))
        engine.create("incoming", rows)
        engine.write_parquet(
            "select * exclude (image), site_host(link_host(url), null) as host, "
            f"{_DIGEST} as digest from incoming order by id",
            folder / _ROWS,
        )
        ((odd,),) = engine.rows("select count(*) from incoming where site_is_odd(link_host(url))")
        assert not odd, "links whose host Python tells"
        engine.execute("drop table incoming")
        engine.read_parquet("population", [folder / _ROWS])
        engine.execute("create temp table keywords (keyword varchar)")
        for word in KEYWORDS:
            engine.execute("insert into keywords values (?)", [word])
        engine.run(finder.script("39_keyword_pattern"))
        ((pattern,),) = engine.rows("from keyword_pattern")
        for table in ("list_hits", "same_link", "split_places"):
            makers = {"list_hits": "30_list_hits", "same_link": "35_same_link"}
            finder.none_of(makers.get(table, "cover/46_split_places"), f"table {table}")
        engine.execute("create temp table lists as from store.lists")
        engine.execute("create temp view row_links as select shard_no, file_row_number, url "
                       "from population limit 0")  # fmt: skip
        engine.execute("create temp view shard as from population")
        engine.run(
            finder.script("cover/44_site_counts"), depth=0, labels=[LABEL], keyword_pattern=pattern
        )
        engine.write_parquet("from site_counts order by all", folder / _COUNTS)


def _settings(work: Path, cover: int, site_rows: int | None) -> Settings:
    script = load("v1")["editions/research"]
    edition = Edition("research", "original", (LABEL,), (), script, built_in=True)
    limits = Limits(1, 2_000_000_000)
    return Settings(
        "v1", limits, work=work, editions=(edition,), cover=cover, cover_site_rows=site_rows
    )


@contextmanager
def _opened(folder: Path, work: Path, mutant: str) -> Iterator[Tables]:
    with connect(threads=1, memory="1200MB", temp=folder) as engine:
        attach_store(engine, folder / _STORE)
        finder = Tables(engine, _settings(work, 0, None))
        finder.mutant = mutant
        yield finder


@dataclass(frozen=True)
class Removed:
    """The rows that left, the release each left in, and what the last choice said of itself."""

    rows: Whole
    release: Whole
    covered: Covered


def cover(
    folder: Path, draw: Draw, covers: Sequence[int], site_rows: int | None, key: bytes, mutant: str
) -> dict[int, Removed]:
    """Cover all releases of a draw, for each of some numbers of peers."""
    with (
        tempfile.TemporaryDirectory(dir=folder) as named,
        patch.object(cover_task, "ranks", _remembered(ranks)),  # for the same sites
        patch.object(cover_task, "read_found", _whole),
        _opened(folder, Path(named), mutant) as finder,
    ):
        finder.engine.read_parquet("population", [folder / _ROWS])
        return {
            k: _covered(folder, Path(named) / str(k), finder, draw, k, site_rows, key)
            for k in covers
        }


def _whole(finder: Finder, task: FindTask, table: str, **_of: object) -> None:
    """All that was found: a step is of no shards here, and so of the rows of all."""
    read_found(finder, task, table)


def _remembered(ranks: Callable[[bytes, list[str]], list[str]]) -> Callable[..., list[str]]:
    """The same answers, each found out once."""
    known: dict[tuple[bytes, str], str] = {}

    def found(key: bytes, sites: list[str]) -> list[str]:
        new = [site for site in sites if (key, site) not in known]
        known.update(zip([(key, site) for site in new], ranks(key, new), strict=True))
        return [known[key, site] for site in sites]

    return found


def _covered(
    folder: Path,
    work: Path,
    finder: Tables,
    draw: Draw,
    k: int,
    site_rows: int | None,
    key: bytes,
) -> Removed:
    work.mkdir()
    engine = finder.engine
    settings = _settings(work, k, site_rows)
    write_keywords(work, Keywords(KEYWORDS))
    engine.write_parquet(
        "select list_id, source, label from store.lists order by list_id", work / "lists.parquet"
    )
    finder.none_of("35_same_link", "table same_link")
    engine.write_parquet("from same_link", work / "same_link.parquet")
    finder.hits = work / "list_hits.parquet"
    snapshot = Snapshot(folder / _STORE, folder / _STORE, "", 0o600)
    hunt = Tabled(settings, finder, folder / _COUNTS, snapshot)
    first: dict[int, int] = {}
    covered = None
    for no, listed in enumerate(draw.releases):
        _hit(engine, listed, work)
        choice = Choice(cast(Hunt, hunt), key, work / "ledger.duckdb", Here(), lambda: None)
        _, covered = choice.run(Searched(cast(Any, None), {}, (), {}))
        engine.read_parquet("covered_hits", [work / "covered_hits.parquet"])
        out = engine.rows(
            "select p.id from population as p "
            "semi join covered_hits using (shard_no, file_row_number)"
        )
        for (row,) in out:
            first.setdefault(row, no)
    assert covered is not None
    rows = np.array(sorted(first), dtype=np.int64)
    release = np.array([first[row] for row in rows.tolist()], dtype=np.int64)
    return Removed(rows, release, covered)


def _hit(engine: Engine, listed: Whole, work: Path) -> None:
    """What the search would have found."""
    engine.execute("drop table if exists named")
    engine.create("named", pa.table({"id": pa.array(listed)}))
    engine.write_parquet(
        "select p.shard_no, p.file_row_number, l.list_id, 'url' as kind, 'own' as level, "
        "null::varchar as spelling from population as p semi join named using (id) "
        "cross join store.lists as l order by all",
        work / "list_hits.parquet",
    )
