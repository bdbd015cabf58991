"""Which rows leave: rules meet the hits, and the editions' scripts decide.

A worker process has one connection for this. What is the same for every batch (macros, the
keywords' pattern, the lists) is made once; a batch of shards is then one run of each script,
whether it is one large shard or a thousand small ones.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from relaion.engine import Connect, Engine, connect
from relaion.engine.passes import run_told
from relaion.errors import InputError, ScriptError
from relaion.paths import shown
from relaion.run.editions import Edition
from relaion.run.numbered import Numbered
from relaion.run.own_edition import (
    EDITIONS,
    FOUND,
    ConnectOwn,
    connect_own,
    own_removals,
    run_edition,
)
from relaion.run.progress import Extent
from relaion.run.settings import Settings, words_at
from relaion.run.sources import Copies, original, sources
from relaion.run.tasks import Task
from relaion.sqlset import load

_DECIDING = ("text", "punsafe")  # what the rules look at
Counts: TypeAlias = list[list[Any]]


class Decision(NamedTuple):
    """The rows that leave one shard, by edition, in order; counts by reason and by score.

    `without`: how many rows leave each edition without the lists that an update gained.
    """

    removed: dict[str, pa.Array]
    tally: Counts
    groups: Counts
    scores: Counts
    without: Mapping[str, int] = {}


class Decider:
    """Decides batches of shards of one run. A context, which holds its connection."""

    def __init__(
        self, settings: Settings, opened: Connect = connect, opened_own: ConnectOwn = connect_own
    ) -> None:
        self.settings = settings
        self._opened, self._opened_own = opened, opened_own
        self._scripts = load(settings.sql_version)
        self._left = ExitStack()
        self._engine: Engine | None = None
        self._pattern: str | None = None

    def close(self) -> None:
        """Close the connection; the next batch opens another."""
        self._left.close()
        self._engine = None

    def decide(self, task: Task) -> dict[int, Decision]:
        """What leaves each shard of a batch, by number.

        Raises InputError, ScriptError or EngineError; the connection is then closed.
        """
        found: list[dict[int, Decision]] = []
        copies = Copies(self.settings.work, task.copies)
        originals = [original(n) for n in task.shards]
        try:
            copies.reading(originals, lambda: found.append(self._decide(task, copies)))
        except BaseException:
            self.close()
            raise
        return found[-1]

    def _decide(self, task: Task, copies: Copies) -> dict[int, Decision]:
        engine, settings = self._ready(), self.settings
        shards = copies.as_read(task.shards)
        self._load(engine, task, shards)
        self._remove(engine, task, shards)
        self._check(engine, task)
        engine.run(self._scripts["55_tally"])
        self._told(task, "64_score_bands")
        decided = _by_shard(engine, task.shards, settings.editions)
        return self._since(engine, task, shards, decided) if task.gained else decided

    def _remove(self, engine: Engine, task: Task, shards: Sequence[Numbered]) -> None:
        """Fill `removals` by the scripts of the editions."""
        engine.run(self._scripts["45_removals"])
        for edition in self.settings.editions:
            if edition.built_in:
                run_edition(engine, edition)
                continue
            for n, whole in zip(shards, task.shards, strict=True):
                found = own_removals(
                    self.settings, edition, engine, n, whole.shard, self._opened_own
                )
                engine.insert("removals", found)

    def _since(
        self,
        engine: Engine,
        task: Task,
        shards: Sequence[Numbered],
        decided: Mapping[int, Decision],
    ) -> dict[int, Decision]:
        """The same, its counts less what leaves without the lists that were gained."""
        for table in FOUND:
            delete = f"delete from {table} where list_id in (from unnest(?))"  # noqa: S608 - ours
            engine.execute(delete, [list(task.gained)])
        self._remove(engine, task, shards)
        engine.run(self._scripts["55_tally"])
        before = _by_shard(engine, task.shards, self.settings.editions)
        return {
            no: Decision(
                now.removed,
                [*now.tally, *_taken_off(before[no].tally)],
                [*now.groups, *_taken_off(before[no].groups)],
                now.scores,
                {name: len(rows) for name, rows in before[no].removed.items()},
            )
            for no, now in decided.items()
        }

    def _ready(self) -> Engine:
        """The connection of this process, with all that is the same for every batch."""
        if self._engine is not None:
            return self._engine
        settings = self.settings
        engine = self._left.enter_context(
            self._opened(threads=1, memory=settings.limits.decide_memory, temp=settings.work)
        )
        lists = "covered_lists" if settings.cover else "lists"
        engine.read_parquet("lists", [settings.work / f"{lists}.parquet"])
        engine.execute(f"create temp table editions ({EDITIONS})")
        for e in settings.editions:
            values = [e.name, e.parent, list(e.labels)]
            engine.execute("insert into editions values (?, ?, ?)", values)
        if (words := words_at(settings.work)) is not None:
            engine.run(self._scripts["38_text_macros"])
            engine.create("keywords", pa.table({"keyword": pa.array(words, pa.string())}))
            engine.run(self._scripts["39_keyword_pattern"])
            ((self._pattern,),) = engine.rows("from keyword_pattern")
        self._engine = engine
        return engine

    def _load(self, engine: Engine, task: Task, shards: Sequence[Numbered]) -> None:
        """What the scripts of editions read: the rows of some shards, the hits, the rules."""
        settings = self.settings
        engine.view_shards(
            sources(shards), settings.sql_version, wanted=("shard",), shown_roles=_DECIDING
        )
        engine.execute("create or replace temp table shards (shard_no integer, n_rows bigint)")
        numbers = pa.array([n.no for n in shards], pa.int32())
        rows = pa.array([n.shard.rows for n in shards], pa.int64())
        engine.insert("shards", pa.table({"shard_no": numbers, "n_rows": rows}))
        for table in FOUND:
            file = "covered_hits" if settings.cover and table == "list_hits" else table
            engine.read_parquet(table, [settings.work / f"{file}.parquet"], in_table="shards")
        self._told(
            task, "40_rule_hits", unsafe_above=settings.unsafe_above,
            keyword_above=settings.keyword_above, unscored=settings.unscored,
        )  # fmt: skip
        if self._pattern is not None:
            self._told(
                task, "41_keyword_hits", keyword_above=settings.keyword_above,
                keyword_pattern=self._pattern,
            )  # fmt: skip

    def _told(self, task: Task, name: str, **values: Any) -> None:
        """Run a script that looks at each row, and tell how far it has come.

        All of them together are half of what is done with a batch.
        """
        passes = 2 if self._pattern is None else 3
        groups = Extent.of(task.shards).groups / 2 / passes
        run_told(self._ready(), self._scripts[name], groups, **values)

    def _check(self, engine: Engine, task: Task) -> None:
        """Refuse what no edition may do; raises ScriptError for a script of the user's own."""
        own = {e.name: e.script.path for e in self.settings.editions if not e.built_in}
        for name in [n for n in self._scripts if n.partition("_")[2].startswith("check_")]:
            script = self._scripts[name]
            engine.run(script)
            relation = next(iter(script.relations("writes")))
            refused = engine.rows(f"select edition from {relation}")  # noqa: S608 - our header
            for (edition,) in refused:
                among = f"{script.purpose[0].lower()}{script.purpose[1:]}".rstrip(".")
                why = f"edition {edition} was not written, {name} found it among the {among}"
                if edition in own:
                    raise ScriptError(f"{shown(own[edition])}: {why}; fix the script")
                raise InputError(f"{task.named}: {why}")


def _taken_off(counts: Counts) -> Counts:
    return [[*line, -gross, -exclusive] for *line, gross, exclusive in counts]


def _by_shard(
    engine: Engine, shards: Sequence[Numbered], editions: Sequence[Edition]
) -> dict[int, Decision]:
    """What the scripts made for a batch, parted by shard."""
    numbers = [n.no for n in shards]
    removed = {e.name: _parted(engine, e.name, numbers) for e in editions}
    tally = _rows_of(engine, "tally", numbers)
    groups = _rows_of(engine, "tally_groups", numbers)
    scores = _rows_of(engine, "score_bands", numbers)
    return {
        no: Decision(
            {name: rows[no] for name, rows in removed.items()}, tally[no], groups[no], scores[no]
        )
        for no in numbers
    }


def _parted(engine: Engine, edition: str, numbers: Sequence[int]) -> dict[int, pa.Array]:
    found = engine.table(
        "select distinct shard_no, file_row_number from removals where edition = ? "
        "order by shard_no, file_row_number",
        [edition],
    ).combine_chunks()
    counts = {v["values"].as_py(): v["counts"].as_py() for v in pc.value_counts(found["shard_no"])}
    parted = {}
    start = 0
    for no in sorted(numbers):
        n = counts.get(no, 0)
        parted[no] = found["file_row_number"].slice(start, n).combine_chunks()
        start += n
    return parted


def _rows_of(engine: Engine, table: str, numbers: Sequence[int]) -> dict[int, Counts]:
    found: dict[int, Counts] = {no: [] for no in numbers}
    for no, *row in engine.rows(f"from {table} order by all"):
        found[no].append(row)
    return found
