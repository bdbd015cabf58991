"""Open a connection on the list store, find the hits, leave them and their counts in `work`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from relaion.engine import connect
from relaion.errors import StopError
from relaion.paths import shown
from relaion.run.find import Finder, Search, write_find
from relaion.run.inputs import Inputs
from relaion.run.limits import Limits
from relaion.run.progress import Progress
from relaion.shards.sidecar import Sidecar
from relaion.sqlset import load

HOLD_SHARE = 0.01
HOLD_ROWS = 1_000_000
SCOPE_SHARE = 0.001
SCOPE_ROWS = 10_000
_CHECK = "check the lists with `relaion match`, then repeat with --yes-i-checked"


@dataclass(frozen=True)
class Count:
    """Rows that one list found by one kind and form in one subset.

    `kind` is None for rows that carry a listed link without being found by themselves.
    `gross - exclusive` rows were found by something else too.
    """

    subset: str
    list_id: int
    kind: str | None
    form: str | None
    gross: int
    exclusive: int


@dataclass(frozen=True)
class Union:
    """Rows of one subset that any list of a group found: overlaps counted once.

    `grouping` is all, source, label (`name` says which), or same_link.
    """

    subset: str
    grouping: str
    name: str | None
    memberships: int
    rows: int


@dataclass(frozen=True)
class Hits:
    """What the lists found, counted."""

    counts: tuple[Count, ...]
    unions: tuple[Union, ...]

    def rows(self, grouping: str, name: str | None = None) -> int:
        """Rows of a union over all subsets."""
        return sum(u.rows for u in self.unions if (u.grouping, u.name) == (grouping, name))

    def scoped(self, list_id: int) -> int:
        """Rows that a list names by host or prefix, over all subsets; by several, several times."""
        return sum(
            c.gross
            for c in self.counts
            if c.list_id == list_id and c.kind in ("host", "url_prefix")
        )


def search_lists(
    inputs: Inputs,
    store: Path,
    work: Path,
    limits: Limits,
    progress: Progress,
    *,
    version: str,
    same_link: bool,
    inner: bool = True,
    sidecars: Sequence[Sidecar] = (),
) -> Hits:
    """Match all lists of a store against all shards.

    Leaves list_hits, same_link, lists, hit_counts and hit_unions as parquet files in `work`;
    where the last of them lies there already, the search is not repeated.
    """
    with connect(threads=limits.workers, memory=limits.memory, temp=work) as engine:
        last = work / "hit_unions.parquet"
        if last.exists():
            for table in ("hit_counts", "hit_unions"):
                engine.read_parquet(table, [work / f"{table}.parquet"])
        else:
            engine.attach(store, "store")
            search = Search(
                inputs.shards, version, same_link, inner, tuple(sidecars), limits.workers
            )
            Finder(engine, search, work, progress).find()
            engine.execute(
                "create temp table shards (shard_no integer, subset varchar, n_rows bigint)"
            )
            for n in inputs.shards:
                engine.execute(
                    "insert into shards values (?, ?, ?)",
                    [n.no, shown(n.shard.subset), n.shard.rows],
                )
            engine.execute("create temp table lists as from store.lists")
            engine.run(load(version)["36_hit_counts"])
            write_find(engine, work)
            engine.write_parquet("from hit_counts", work / "hit_counts.parquet")
            engine.write_parquet("from hit_unions", last)
        return Hits(
            tuple(Count(*row) for row in engine.rows("from hit_counts")),
            tuple(Union(*row) for row in engine.rows("from hit_unions")),
        )


def hold(hits: Hits, rows: int, sources: Mapping[int, str], *, yes: bool) -> None:
    """Stop when lists hit more rows than can be true, until the user has checked.

    More than 1 % of at least a million rows hit by `csam` lists: a placeholder image or a
    CDN's address is on the list, or a column is not what it seems. More than 10,000 rows, or
    0.1 % of all, hit by one list's hosts and prefixes: a host of many is listed as a whole.
    `sources` says who sent a list. Raises StopError.
    """
    if yes:
        return
    found = hits.rows("label", "csam")
    if rows >= HOLD_ROWS and found > HOLD_SHARE * rows:
        raise StopError(
            f"csam lists hit {found:,} of {rows:,} rows ({found / rows:.1%}), more than "
            f"{HOLD_SHARE:.0%}; {_CHECK}"
        )
    wide = {
        list_id: n
        for list_id in sources
        if (n := hits.scoped(list_id)) > min(SCOPE_ROWS, SCOPE_SHARE * rows)
    }
    if wide:
        told = ", ".join(f"list {i} ({sources[i]}) {n:,}" for i, n in sorted(wide.items()))
        raise StopError(
            f"hosts and prefixes would remove very many of {rows:,} rows: {told}; more than "
            f"{SCOPE_ROWS:,} or {SCOPE_SHARE:.1%} by one list; {_CHECK}"
        )


def notices(
    hits: Hits, kinds: Mapping[str, int], roles: Collection[str], reached: Collection[str] = ()
) -> list[str]:
    """What a user should hear about a search: no hit at all, kinds that could not be matched.

    `roles` are those of the shards, `reached` those of sidecars.
    """
    found = []
    for kind, n in sorted(kinds.items()):
        role = kind if kind.startswith("image_") else "url"
        if role not in roles and role not in reached:
            found.append(f"{n:,} {kind} entries could not be matched: no shard has such a column")
    if not hits.rows("all"):
        found.append("no row is on any list; check with `relaion inspect` what could be matched")
    return found
