"""One step of the choice of cover, in a worker: sites, cells, seats, and the rows that leave.

Every decision is a script of `sql/`; Python ranks places under the curator key and reads the
ledger. `cover.py` says in which order, and over which shards.
"""

from collections.abc import Sequence

import pyarrow as pa

from relaion.engine import Engine
from relaion.lists.cover import attach_ledger, ranks
from relaion.parquet.mended import raw_texts
from relaion.roles import WIDTHS
from relaion.run.find_task import (
    Steps,
    look_again,
    read_found,
    step_done,
)
from relaion.run.finder import Finder
from relaion.run.process import TaskOutcome
from relaion.run.python_answers import fill_inner, fill_keys, fill_row_hashes
from relaion.run.settings import words_at
from relaion.run.sidecar_keys import read_as_shards
from relaion.run.tasks import BY_SITE, FindTask
from relaion.sidecars.row_hash import row_hashes

IMAGE_ROWS = 1_000
"""An image that more rows carry is a placeholder: it takes no row along, listed site or cover."""
LEVELS = range(4)
STEPS = 60
"""A group of more knots, one hanging on the other, gets no team."""

_RANKED_AT_ONCE = 200_000
_FEATURES = ("url", "text", "punsafe", "language")


def _macros(finder: Finder) -> None:
    for macros in ("38_text_macros", "cover/42_site_macros"):
        finder.engine.macros(finder.script(macros))


def _pattern(finder: Finder, task: FindTask) -> str | None:
    """Make the macros that sites need; returns what finds a keyword, if the run has keywords."""
    engine = finder.engine
    _macros(finder)
    if (words := words_at(task.settings.work)) is None:
        return None
    engine.execute("drop table if exists keywords")
    engine.create("keywords", pa.table({"keyword": pa.array(words, pa.string())}))
    engine.run(finder.script("39_keyword_pattern"))
    ((pattern,),) = engine.rows("from keyword_pattern")
    return None if pattern is None else str(pattern)


def _hosts_told(finder: Finder, task: FindTask) -> None:
    """Fill `odd_keys` for the links whose host SQL cannot tell."""
    finder.told("cover/43_odd_hosts")
    fill_keys(finder.engine, task.settings.limits.threads)


def _sites(finder: Finder, task: FindTask) -> TaskOutcome:
    engine = finder.engine
    pattern = _pattern(finder, task)
    read_found(finder, task, "split_places")
    numbers = pa.array([n.no for n in task.shards], pa.int32())
    engine.execute("create or replace temp table batch (shard_no integer)")
    engine.insert("batch", pa.table({"shard_no": numbers}))
    for table in ("list_hits", "same_link"):  # of other shards no row stands anywhere here
        read_found(finder, task, table, in_table="batch")
    engine.execute("create or replace temp table lists as from store.lists")

    def search() -> None:
        _hosts_told(finder, task)
        finder.told(
            "cover/44_site_counts", depth=task.values["depth"],
            labels=task.values["labels"], keyword_pattern=pattern,
        )  # fmt: skip

    features = [role for role in _FEATURES if role != "text" or pattern is not None]
    return look_again(
        finder, task,
        lambda: finder.read(
            task.shards, search, wanted=("shard", "row_links"), shown_roles=features
        ),
        passes=2,
    )  # fmt: skip


def _split(finder: Finder, task: FindTask) -> TaskOutcome:
    engine = finder.engine
    _known(finder, task, ("site_counts", "listed_places"))
    depth = task.values["depth"]
    if engine.rows("select 1 from ledger_places limit 1"):
        _rank(engine, task, f"select distinct site from site_counts where depth = {depth:d}")  # noqa: S608
    engine.run(
        finder.script("cover/46_split_places"), depth=depth, site_rows=task.values["site_rows"],
        cover=task.settings.cover,
    )  # fmt: skip
    for table, path in task.writes.items():
        engine.write_parquet(f"from {table}", path)
    ((site_rows, rows),) = engine.rows("from site_limit")
    ((n,),) = engine.rows("select count(*) from split_places")
    return step_done(
        task, task.writes.values(), found={"site_rows": site_rows, "rows": rows, "n": n}
    )


def _known(finder: Finder, task: FindTask, tables: Sequence[str]) -> None:
    """Load what was found, and the ledger as this run took it."""
    engine = finder.engine
    for table in tables:
        read_found(finder, task, table)
    attach_ledger(engine, task.values["copied"], task.secret, task.values["ledger"])
    engine.execute(
        "create or replace temp table ledger_places as "
        "select site, host, directory, depth from ledger_sites "
        "union select site, host, directory, depth from ledger_cover"
    )
    engine.execute("create or replace temp table site_ranks (site varchar, rank varchar)")


def _rank(engine: Engine, task: FindTask, query: str) -> None:
    """`site_ranks` for the places that a query names."""
    engine.execute(f"create or replace temp table ranked_now as {query}")
    ((n,),) = engine.rows("select count(*) from ranked_now")
    some = "select site from ranked_now where rowid >= ? and rowid < ?"
    for start in range(0, n, _RANKED_AT_ONCE):
        sites = [site for (site,) in engine.rows(some, [start, start + _RANKED_AT_ONCE])]
        found = [pa.array(sites, pa.string()), pa.array(ranks(task.secret, sites), pa.string())]
        engine.insert("site_ranks", pa.table(found, names=["site", "rank"]))


def _choose(finder: Finder, task: FindTask) -> TaskOutcome:
    """Which sites leave; with `joined_things` in `reads`, teams for those that these join."""
    engine, cover = finder.engine, task.settings.cover
    _macros(finder)
    _known(finder, task, ("site_counts", "listed_places", "split_places"))
    engine.execute("create or replace temp table lists as from store.lists")
    has_ledger = bool(engine.rows("select 1 from ledger_places limit 1"))
    site_rows = task.values["site_rows"]
    engine.run(finder.script("cover/47_cells"), site_rows=site_rows, has_ledger=has_ledger)
    _rank(engine, task, "from sites_to_rank")
    engine.run(finder.script("cover/56_known_cover"))
    has_teams = "shown_things" in task.reads
    if "joined_things" in task.reads:
        read_found(finder, task, "joined_things")
    else:
        finder.none_of("cover/69_joined_sites", "table joined_things")
    engine.run(finder.script("cover/91_groups"))
    if has_teams:
        engine.read_parquet("shown_things", task.reads["shown_things"])
        _seat_teams(finder, cover)
    for level in LEVELS:
        engine.run(finder.script("cover/48_cover"), level=level, cover=cover)
    engine.execute("create or replace temp table releases as select since from ledger_sites "
                   "union all select since from ledger_cover "
                   "union all select since from ledger_bonds")  # fmt: skip
    ((last,),) = engine.rows("select coalesce(max(since), 0) from releases")
    engine.run(finder.script("cover/57_removed_sites"), cover=cover, release=last + 1)
    for table in ("list_hits", "same_link"):
        read_found(finder, task, table)
    engine.run(finder.script("cover/66_listed_rows"), labels=task.values["labels"])
    for table, path in task.writes.items():
        engine.write_parquet(f"from {table}", path)
    ((n_sites, n_weak, n_joined, n_rows, n_known),) = engine.rows("from cover_cost")
    ((gained,),) = engine.rows(
        "select (select count(*) from new_sites) + (select count(*) from new_cover) "
        "+ (select count(*) from new_bonds)"
    )
    ((n_bonds,),) = engine.rows("select count(*) from bonds")
    found = {
        "sites": n_sites, "weak": n_weak, "joined": n_joined, "rows": n_rows, "gained": gained,
        "release": last + 1 if gained else last, "bonds": n_bonds,
        "known": n_known,
    }  # fmt: skip
    return step_done(task, task.writes.values(), found=found)


def _seat_teams(finder: Finder, cover: int) -> None:
    """Add to `cover_picks` teams for the groups of 91_groups, as many as can be found.

    A neutral site that leaves alone hides no listed one that is gone together with others that show
    the same image. So sites that such an image joins get teams of neutral sites that share one,
    too, as far as there are any.
    """
    engine, script = finder.engine, finder.script
    engine.run(script("cover/92_knots"), image_rows=IMAGE_ROWS, cover=cover)
    steps = 0
    while steps < STEPS:
        engine.run(script("cover/93_next_knots"), step=steps + 1)
        if not engine.rows("select 1 from knot_steps where step = ? limit 1", [steps + 1]):
            break
        steps += 1
    for level in LEVELS if steps else ():
        engine.run(script("cover/94_first_teams"), level=level, cover=cover)
        for step in range(2, steps + 1):
            engine.run(script("cover/95_grow_teams"), level=level, step=step)
        while True:
            engine.run(script("cover/96_seat_teams"), level=level)
            if not engine.rows("select 1 from seated_teams limit 1"):
                break


def _things(finder: Finder, task: FindTask) -> TaskOutcome:
    """How many rows of each site show each image; with sidecars, how these may name the rows."""
    engine = finder.engine
    _macros(finder)
    read_found(finder, task, "able_sites")

    def search() -> None:
        _hosts_told(finder, task)
        finder.told("cover/90_shown_things")
        if not task.sidecars:
            finder.none_of("cover/97_sited_keys", "table sited_keys")
            return
        asked = task.shards if _is_hashed(task) else ()
        fill_row_hashes(engine, asked, None, task.settings.limits.threads)
        finder.told("cover/97_sited_keys")

    return look_again(
        finder, task, lambda: finder.read(task.shards, search, *_views(task)), passes=3
    )


def _beside_things(finder: Finder, task: FindTask) -> TaskOutcome:
    """How many rows of sidecars show each image of each site."""
    engine = finder.engine
    read_found(finder, task, "sited_keys")
    finder.passes((), 1)
    read_as_shards(
        engine, task.sidecars, task.settings, finder.copies,
        lambda: finder.told("cover/98_beside_things"),
    )  # fmt: skip
    for table, path in task.writes.items():
        engine.write_parquet(f"from {table}", path)
    return step_done(task, task.writes.values(), copies=finder.copies.made)


def _inside(finder: Finder, task: FindTask) -> TaskOutcome:
    engine = finder.engine
    _macros(finder)
    for table in ("removed_sites", "listed_rows"):
        read_found(finder, task, table)

    def search() -> None:
        _hosts_told(finder, task)
        finder.told("cover/49_site_rows")
        engine.run(finder.script("cover/67_rows_by_site"))
        finder.search_keys()
        _keys_by_site(finder, inner=task.settings.inner)
        finder.told("cover/59_cover_images")
        if not task.sidecars:
            finder.none_of("cover/62_cover_hashes", "table cover_hashes")
            return
        finder.told("cover/62_cover_hashes")
        if _is_hashed(task):
            _add_computed(engine)

    return look_again(
        finder, task, lambda: finder.read(task.shards, search, *_views(task)), passes=8
    )


def _keys_by_site(finder: Finder, *, inner: bool) -> None:
    """Table `site_keys`: the links of rows of listed sites, and with `inner` those inside them."""
    engine = finder.engine
    engine.execute("create or replace temp table own_keys as from hit_keys")
    if inner:
        engine.run(finder.script("cover/68_held_links"))
        fill_inner(engine)
        finder.none_of("18_inner_links", "table near_links")
        engine.run(finder.script("18_inner_links"))
        finder.search_keys(whole=True)
    engine.execute(
        "create or replace temp table site_keys as select k.list_id, k.digest "
        "from (from own_keys union from hit_keys) as k where k.list_id > 0"
    )
    engine.execute("create or replace temp table hit_keys as from own_keys")


def _views(task: FindTask) -> tuple[list[str], list[str], list[str]]:
    """What of the shards is looked at: links, images, and by what sidecars name their rows."""
    if not task.sidecars:
        return [*WIDTHS], ["row_links", "row_digests"], []
    roles = ["row_hash", "url", "text"] if _is_hashed(task) else ["row_hash"]
    return [*WIDTHS], ["row_links", "row_digests", "shard"], roles


def _is_hashed(task: FindTask) -> bool:
    return any("row_hash" in sidecar.keys for sidecar in task.sidecars)


def _add_computed(engine: Engine) -> None:
    """The row hashes of rows of sites that have none of their own, to `cover_hashes`."""
    found = engine.table(
        "select distinct h.list_id, s.url, s.text from shard as s "
        "inner join list_hits as h using (shard_no, file_row_number) "
        "where s.row_hash is null and (s.url is not null or s.text is not null)"
    )
    links, captions = (raw_texts(found[name].combine_chunks()) for name in ("url", "text"))
    hashes = row_hashes(links, captions)
    engine.insert(
        "cover_hashes", pa.table([found["list_id"], hashes], names=["list_id", "row_hash"])
    )


def _beside(finder: Finder, task: FindTask) -> TaskOutcome:
    """What sidecars add: images of the rows of sites, and other rows that show these."""
    engine = finder.engine
    for table in ("hit_keys", "cover_images", "cover_hashes"):
        read_found(finder, task, table)
        engine.execute(f"create or replace temp table known_{table} as from {table}")
    engine.execute("delete from row_hashes")

    def known(table: str) -> None:
        engine.execute(f"insert into {table} from known_{table}")

    def search() -> None:
        finder.none_of("30_list_hits", "table list_hits")
        finder.search_same_link(inner=False)
        finder.told("cover/58_hashed_rows")
        engine.execute("create or replace temp table list_hits as from same_link")
        finder.told("cover/59_cover_images")
        known("cover_images")
        finder.told("cover/53_same_images")
        engine.run(finder.script("cover/61_beside_rows"), image_rows=IMAGE_ROWS)
        finder.search_keys()
        finder.told("cover/62_cover_hashes")
        known("hit_keys")

    finder.passes((), 1)
    read_as_shards(engine, task.sidecars, task.settings, finder.copies, search)
    _write_parts(finder, task)
    return step_done(task, task.writes.values(), copies=finder.copies.made)


def _around(finder: Finder, task: FindTask) -> TaskOutcome:
    engine = finder.engine
    for table in ("list_hits", "hit_keys", "cover_images", "cover_hashes"):
        read_found(finder, task, table)

    def search() -> None:
        finder.search_same_link()
        if task.sidecars:
            found = engine.table("select distinct row_hash from cover_hashes")
            wanted = found["row_hash"].combine_chunks()
            fill_row_hashes(engine, task.shards, wanted, task.settings.limits.threads)
            finder.told("cover/58_hashed_rows")
        finder.told("cover/53_same_images")

    return look_again(
        finder, task, lambda: finder.read(task.shards, search, *_views(task)), passes=8
    )


def _collect(finder: Finder, task: FindTask) -> TaskOutcome:
    for table in task.reads:
        read_found(finder, task, table)
    _write_parts(finder, task)
    return step_done(task, task.writes.values())


def _write_parts(finder: Finder, task: FindTask) -> None:
    """Write tables: what was found for labels (below 0), and by `site-` what for listed sites."""
    for name, path in task.writes.items():
        table, sign = name.removeprefix(BY_SITE), ">" if name.startswith(BY_SITE) else "<"
        finder.engine.write_parquet(
            f"select distinct * from {table} where list_id {sign} 0 order by all",  # noqa: S608
            path,
        )


def _joined(finder: Finder, task: FindTask) -> TaskOutcome:
    """The listed images and links that stand on several listed sites."""
    engine = finder.engine
    for table in task.reads:
        engine.read_parquet(table, task.reads[table])
    engine.run(finder.script("cover/69_joined_sites"), image_rows=IMAGE_ROWS)
    for table, path in task.writes.items():
        engine.write_parquet(f"from {table} order by all", path)
    ((joined,),) = engine.rows("select count(distinct site) from joined_things")
    return step_done(task, task.writes.values(), found={"joined": joined})


def _cover(finder: Finder, task: FindTask) -> TaskOutcome:
    """The rows that leave as cover, beside the hits that the shard tasks read."""
    engine = finder.engine
    for table in task.reads:
        engine.read_parquet(table, task.reads[table])
    engine.run(finder.script("cover/54_cover_hits"), image_rows=IMAGE_ROWS)
    for table, path in task.writes.items():
        engine.write_parquet(f"from {table}", path)
    ((rows,),) = engine.rows(
        "select count(distinct row(shard_no, file_row_number)) from cover_rows"
    )
    found = {
        "rows": rows,
        "digests": engine.rows(
            "select r.shard_no, sha256(string_agg(concat_ws(' ', r.file_row_number, l.label), ',' "
            "order by r.file_row_number, l.label)) from cover_rows as r "
            "join cover_lists as l on r.list_id = l.list_id group by r.shard_no order by all"
        ),
    }
    return step_done(task, task.writes.values(), found=found)


COVER_STEPS: Steps = {
    "sites": _sites, "split": _split, "choose": _choose, "inside": _inside,
    "collect": _collect, "beside": _beside, "around": _around, "joined": _joined,
    "things": _things, "beside_things": _beside_things, "cover": _cover,
}  # fmt: skip
