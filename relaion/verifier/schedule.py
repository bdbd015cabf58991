"""The part of a check that reads rows: shard by shard, in this process or in several."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from relaion.errors import InputError
from relaion.parquet.layout import Shard, group_shards, read_shard
from relaion.parquet.not_looked_at import NotLookedAt, is_of_sidecars, unread
from relaion.paths import ShardPath, shown
from relaion.verifier import audit, disclosure, tree
from relaion.verifier.beside import not_looked_at_beside
from relaion.verifier.given import Given
from relaion.verifier.kept import check_kept
from relaion.verifier.known import StatedLists
from relaion.verifier.lines import check_lines
from relaion.verifier.listed import Files, look_up
from relaion.verifier.model import Rules
from relaion.verifier.pool import Apply, processes
from relaion.verifier.recount import check_counts
from relaion.verifier.rows import Roles, roles_of
from relaion.verifier.shard import check_shard
from relaion.verifier.shorts import Source
from relaion.verifier.stated import check_publishable, check_stated
from relaion.verifier.statement import MANIFEST, Statement
from relaion.verifier.task import OutputTask, ShardReport, ShardTask
from relaion.verifier.told import check_told
from relaion.verifier.verdict import Notes

Done = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    """One check: what is stated, what was given, and how many processes may work."""

    out: Path
    statement: Statement
    given: Given
    workers: int = 1
    done: Done | None = None


def check_rows(job: Job, notes: Notes) -> None:
    """Everything that needs rows: what is listed, each shard, and the audit's counts."""
    with processes(min(job.workers, len(job.statement.inputs))) as apply:
        _check_rows(job, apply, notes)


def _check_rows(job: Job, apply: Apply, notes: Notes) -> None:
    cells = audit.read_audit(job.out, notes)
    said = {
        MANIFEST: disclosure.tokens(disclosure.texts_of(job.statement.raw)),
        tree.AUDIT: disclosure.tokens(disclosure.texts_of(cells or {})),
    }
    outputs = _outputs(job)
    known = _known(job, apply, _sources(job, outputs), set().union(*said.values()))
    disclosure.check_tokens(said, known, notes)
    tasks = _tasks(job, known, outputs)
    reports = []
    for report in apply(check_shard, tasks):
        reports.append(report)
        notes.add(report.notes)
        if job.done is not None:
            job.done(1, report.rows or 0)
    suspects = [(t, o) for t, r in zip(tasks, reports, strict=True) for o in r.suspects]
    if suspects:
        # they may hold listed rows which no input holds
        more = [Source(o.path, o.roles) for _, o in suspects if o.roles is not None]
        known |= _known(job, apply, more, set())
        for task, output in suspects:
            check_kept(replace(task, known=known), output, notes)
    left_out = (*job.given.left_out, *not_looked_at_beside(known, job.given.sidecars))
    _leave_out(job, cells, reports, left_out, notes)
    if cells is not None and check_lines(cells, job.statement, notes):
        audit.check_files(cells, job.statement, notes)
        check_stated(cells, job.statement, notes)
        check_told(cells, job.statement, notes)
        whole = job.given.exact and len(job.given.sources) == len(job.statement.inputs)
        check_publishable(cells, job.statement, reports if whole else (), notes)
        if whole:
            check_counts(cells, job.statement, reports, left_out, notes)


def _leave_out(
    job: Job,
    cells: audit.Cells | None,
    reports: Sequence[ShardReport],
    left_out: Sequence[NotLookedAt],
    notes: Notes,
) -> None:
    """Say what was not looked at: by the inputs, or where they are missing as the audit has it."""
    stated = [
        NotLookedAt(r["subset"], r["role"], r["column_name"], r["reason"], r["n_values"])
        for r in (cells or {}).get("not_looked_at", ())
    ]
    if job.given.sources:
        counts: Counter[tuple[str, str, str]] = Counter()
        for report in reports:
            for (table, *key), n in report.counts.items():
                if table == "not_looked_at":
                    counts[shown(report.subset), key[0], key[1]] += n
        beside = job.given.sidecars and job.given.lists is not None
        told = [x for x in stated if is_of_sidecars(x) and not beside]
        stated = [*left_out, *unread(counts), *told]
    for found in stated:
        notes.leave_out(found.sentence)


def _outputs(job: Job) -> dict[tuple[str, str], list[OutputTask]]:
    """The outputs of every shard, in the order of the editions, with their roles."""
    found: dict[tuple[str, str], list[OutputTask]] = {}
    for edition in job.statement.editions:
        stated = {k[1:]: f for k, f in job.statement.outputs.items() if k[0] == edition.name}
        paths = {key: job.out / edition.name / key[0] / key[1] for key in stated}
        roles = _roles(paths, job.statement)
        for key, file in stated.items():
            where = shown("/".join((edition.name, *key)))
            task = OutputTask(edition, paths[key], where, file, roles.get(key))
            found.setdefault(key, []).append(task)
    return found


def _roles(
    paths: dict[tuple[str, str], Path], statement: Statement
) -> dict[tuple[str, str], Roles]:
    """Roles of the outputs that can be read; the others are found when they are checked."""
    shards: list[Shard] = []
    for (subset, _), path in paths.items():
        if not path.is_file():  # a pipe would be waited for
            continue
        try:
            overrides = statement.parameters.columns
            shards.append(read_shard(ShardPath(path, subset), overrides, needs_link=False))
        except InputError:
            continue
    try:
        groups = group_shards(shards)
    except InputError:
        return {(s.subset, s.name): roles_of(s.layout) for s in shards}
    return {(s.subset, s.name): roles_of(g.layout) for g in groups for s in g.shards}


def _sources(job: Job, outputs: dict[tuple[str, str], list[OutputTask]]) -> list[Source]:
    """The shards to hold against the lists: inputs, or outputs where those are missing."""
    found = []
    for key, tasks in outputs.items():
        if key in job.given.sources:
            found.append(Source(*job.given.sources[key]))
        else:
            found += [Source(t.path, t.roles) for t in tasks if t.roles is not None]
    return found


def _known(job: Job, apply: Apply, sources: Sequence[Source], said: set[str]) -> StatedLists:
    if job.given.lists is None:
        return StatedLists()
    parameters = job.statement.parameters
    files = Files(sources, job.given.sidecars, parameters.same_link, parameters.inner)
    return look_up(job.given.lists, files, said, apply)


def _tasks(
    job: Job, known: StatedLists, outputs: dict[tuple[str, str], list[OutputTask]]
) -> list[ShardTask]:
    parameters = job.statement.parameters
    rules = Rules(
        parameters.unsafe_above,
        parameters.keyword_above,
        job.given.keywords,
        parameters.unscored == "drop",
    )
    tasks = []
    for (subset, name), editions in outputs.items():
        path, roles = job.given.sources.get((subset, name), (None, None))
        stated = job.statement.inputs.get((subset, name))
        tasks.append(
            ShardTask(
                subset, name, path, roles, stated, tuple(editions),
                job.given.labels, job.given.partners, known, rules, job.given.exact,
                job.given.stamps.get((subset, name)),
            )
        )  # fmt: skip
    return tasks
