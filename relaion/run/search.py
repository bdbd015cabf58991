"""Open a connection on the list store, find the hits, leave them and their counts in `work`."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.engine import connect
from relaion.errors import StopError
from relaion.paths import shown
from relaion.run.find import Finder, Search, write_find
from relaion.run.inputs import Inputs
from relaion.run.progress import Progress
from relaion.run.sizes import parse_size
from relaion.sqlset import load

HOLD_SHARE = 0.01
HOLD_ROWS = 1_000_000


@dataclass(frozen=True)
class Limits:
    """How much of the machine a run may take: processes or threads, and memory ('2GB')."""

    workers: int
    memory: str


def limits_of(workers: int | None, memory: str) -> Limits:
    """Limits as the user gave them: one worker a core by default, memory checked."""
    return Limits(workers or os.cpu_count() or 1, f"{parse_size(memory)}B")


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


def search_lists(
    inputs: Inputs,
    store: Path,
    work: Path,
    limits: Limits,
    progress: Progress,
    *,
    version: str,
    same_link: bool,
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
            Finder(engine, Search(inputs.shards, version, same_link), work, progress).find()
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


def hold(hits: Hits, rows: int, *, yes: bool) -> None:
    """Stop when `csam` lists hit more than 1 % of at least a million rows.

    So much is never true: a placeholder image or a CDN's address is on the list, or a column
    is not what it seems. Raises StopError unless the user has checked.
    """
    found = hits.rows("label", "csam")
    if not yes and rows >= HOLD_ROWS and found > HOLD_SHARE * rows:
        raise StopError(
            f"csam lists hit {found:,} of {rows:,} rows ({found / rows:.1%}), more than "
            f"{HOLD_SHARE:.0%}; check the lists with `relaion match`, then repeat with "
            "--yes-i-checked"
        )


def notices(hits: Hits, kinds: dict[str, int], roles: Any) -> list[str]:
    """What a user should hear about a search: no hit at all, kinds that could not be matched."""
    found = []
    for kind, n in sorted(kinds.items()):
        role = kind if kind.startswith("image_") else "url"
        if role not in roles:
            found.append(f"{n:,} {kind} entries could not be matched: no shard has such a column")
    if not hits.rows("all"):
        found.append("no row is on any list; check with `relaion inspect` what could be matched")
    return found
