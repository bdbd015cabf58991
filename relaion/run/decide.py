"""Which rows of one shard leave: rules meet the hits, and an edition's script decides."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from relaion.engine import Engine, ShardSource, connect
from relaion.errors import InputError, ScriptError
from relaion.paths import shown
from relaion.run.numbering import players
from relaion.run.readable import mending
from relaion.run.task import EditionTask, Task
from relaion.sqlset import load, parse

_ORDERED = "order by edition, file_row_number, reason"
Decision: TypeAlias = tuple[dict[str, pa.Array], list[list[Any]], list[list[Any]]]


def decided(task: Task) -> Decision:
    """Removed rows per edition in order, and the counts."""
    found: list[Decision] = []
    mending([task.original], Path(task.work), lambda: found.append(_decide(task)))
    return found[-1]


@contextmanager
def _prepared(task: Task) -> Iterator[Engine]:
    """A connection that holds what an edition's script reads, and can reach nothing else."""
    work = Path(task.work)
    path, layout = task.original.readable(work)
    with connect(threads=1, memory=task.memory, temp=work) as engine:
        scripts = load(task.version)
        engine.view_shards(
            [ShardSource(task.subset, task.no, (path,), players(layout))], task.version
        )
        for table in ("list_hits", "same_link"):
            engine.read_parquet(table, [work / f"{table}.parquet"], shard_no=task.no)
        engine.read_parquet("lists", [work / "lists.parquet"])
        engine.run(
            scripts["40_rule_hits"],
            unsafe_above=task.unsafe_above,
            keyword_above=task.keyword_above,
            unscored=task.unscored,
        )
        _keyword_hits(engine, task)
        engine.run(scripts["45_removals"])
        _load_editions(engine, task)
        engine.lock(files=[path])
        yield engine


def _decide(task: Task) -> Decision:
    """Run the scripts over one shard."""
    scripts = load(task.version)
    with _prepared(task) as engine:
        for edition in task.editions:
            if edition.built_in:
                _run_script(engine, edition)
            else:
                engine.insert("removals", _own_removals(task, edition, engine))
        engine.run(scripts["50_kept"])
        engine.run(scripts["55_tally"])
        for name in [n for n in scripts if n.startswith("9")]:
            engine.run(scripts[name])
            relation = next(iter(scripts[name].relations("writes")))
            refused = engine.rows(f"select edition from {relation}")  # noqa: S608 - our header
            if refused:
                raise InputError(
                    f"{task.path}: edition {refused[0][0]} was not written, {name} found it among "
                    f"the {scripts[name].purpose[0].lower()}{scripts[name].purpose[1:]}"
                )
        removed = {
            e.name: engine.table(
                "select distinct file_row_number from removals where edition = ? order by all",
                [e.name],
            )
            .column(0)
            .combine_chunks()
            for e in task.editions
        }
        tally = [list(row) for row in engine.rows("from tally order by all")]
        groups = [list(row) for row in engine.rows("from tally_groups order by all")]
    return removed, tally, groups


def _keyword_hits(engine: Engine, task: Task) -> None:
    """Rows that the rule on keywords names; nothing where the run has none."""
    keywords = Path(task.work) / "keywords.parquet"
    scripts = load(task.version)
    has_own = not all(edition.built_in for edition in task.editions)
    if keywords.exists() or has_own:  # an own script may fold captions, too
        engine.run(scripts["38_text_macros"])
    if keywords.exists():
        engine.read_parquet("keywords", [keywords])
        engine.run(scripts["39_keyword_pattern"])
        ((pattern,),) = engine.rows("from keyword_pattern")
        engine.run(
            scripts["41_keyword_hits"],
            keyword_above=task.keyword_above,
            keyword_pattern=pattern,
        )


def _load_editions(engine: Engine, task: Task) -> None:
    engine.execute("create temp table editions (edition varchar, parent varchar, labels varchar[])")
    for e in task.editions:
        engine.execute("insert into editions values (?, ?, ?)", [e.name, e.parent, e.labels])


def _own_removals(task: Task, edition: EditionTask, engine: Engine) -> pa.Table:
    """The rows of `removals` that a user's own script makes for its edition.

    It runs on a connection of its own, which holds the removals of the editions before it:
    whatever else it makes, replaces or deletes there is gone with it, and cannot change what
    is checked and counted. Raises ScriptError for a reason that its header does not name: a
    reason is published, and might be anything that a row holds.
    """
    before = engine.table(f"from removals {_ORDERED}")
    with _prepared(task) as own:
        own.insert("removals", before)
        _run_script(own, edition)
        others = own.table(f"from removals where edition != $e {_ORDERED}", {"e": edition.name})
        if not others.equals(before):
            raise ScriptError(
                f"{shown(edition.script)}: changes what other editions remove; its rows must say "
                f"'{edition.name}'"
            )
        found = own.table("from removals where edition = $e", {"e": edition.name})
    reasons = set(found.column("reason").to_pylist())
    if not reasons <= {"list", "same_link", *edition.rules}:
        raise ScriptError(
            f"{shown(edition.script)}: gives a reason that is neither list, same_link nor named in "
            "its header; name each in a line `-- rules: ...`, for reasons are published"
        )
    return found


def _run_script(engine: Engine, edition: EditionTask) -> None:
    script = parse(Path(edition.script))
    if script.sha256 != edition.sha256:
        raise ScriptError(f"{edition.script}: changed since the run began; restore it")
    engine.run(script, **({"labels": edition.labels} if "labels" in script.params else {}))
