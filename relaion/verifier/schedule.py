"""The part of a check that reads rows: shard by shard, in this process or in several."""

import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from relaion.errors import InputError
from relaion.parquet.layout import Shard
from relaion.parquet.looked_at import NotLookedAt, is_of_sidecars, unread
from relaion.parquet.read_shard import group_shards, read_shard
from relaion.paths import ShardPath, shown
from relaion.verifier import audit_tables, file_checks
from relaion.verifier.arguments import Given
from relaion.verifier.audit_tables import check_publishable, check_stated
from relaion.verifier.counts import check_counts, check_lines, check_told
from relaion.verifier.lookup import Files, look_up
from relaion.verifier.manifest import MANIFEST, Statement
from relaion.verifier.matched_entries import StatedLists
from relaion.verifier.model import Rules
from relaion.verifier.pool import Apply, processes
from relaion.verifier.rows import Roles, Source, roles_of
from relaion.verifier.shard import check_kept, check_shard
from relaion.verifier.sidecars import not_looked_at_beside
from relaion.verifier.task import OutputTask, ShardReport, ShardTask
from relaion.verifier.verdict import Notes

Done = Callable[[int, int], object]
SAMPLED = 10_000
"""Rows of a subset that the model is asked about whatever they hold; all where it has fewer."""


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
    cells = audit_tables.read_audit(job.out, notes)
    said = {
        MANIFEST: file_checks.tokens(file_checks.texts_of(job.statement.raw)),
        file_checks.AUDIT: file_checks.tokens(file_checks.texts_of(cells or {})),
    }
    outputs = _outputs(job)
    known = _known(job, apply, _sources(job, outputs), set().union(*said.values()))
    file_checks.check_tokens(said, known, notes)
    tasks = _tasks(job, known, outputs)
    reports = []
    for report in apply(check_shard, tasks):
        reports.append(report)
        notes.add(report.notes)
        if job.done is not None:
            job.done(1, report.rows or 0)
    suspects = [(t, o) for t, r in zip(tasks, reports, strict=True) for o in r.suspects]
    suspects = _with_roles(suspects, job.statement)
    if suspects:
        # they may hold listed rows which no input holds
        more = [Source(o.path, o.roles) for _, o in suspects if o.roles is not None]
        known |= _known(job, apply, more, set())
        for task, output in suspects:
            check_kept(replace(task, known=known.only(output.path)), output, notes)
    left_out = (*job.given.left_out, *not_looked_at_beside(known, job.given.sidecars))
    _leave_out(job, cells, reports, left_out, notes)
    if cells is not None and check_lines(cells, job.statement, notes):
        audit_tables.check_files(cells, job.statement, notes)
        check_stated(cells, job.statement, notes)
        check_told(cells, job.statement, notes)
        whole = job.given.exact and len(job.given.sources) == len(job.statement.inputs)
        check_publishable(cells, job.statement, reports if whole else (), notes)
        if whole:
            check_counts(cells, job.statement, reports, left_out, notes)


def _leave_out(
    job: Job,
    cells: audit_tables.Cells | None,
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
    """The outputs of every shard, in the order of the editions; with roles where no input is."""
    found: dict[tuple[str, str], list[OutputTask]] = {}
    for edition in job.statement.editions:
        stated = {k[1:]: f for k, f in job.statement.outputs.items() if k[0] == edition.name}
        paths = {key: job.out / edition.name / key[0] / key[1] for key in stated}
        alone = {key: path for key, path in paths.items() if key not in job.given.sources}
        roles = _roles(alone, job.statement)
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


def _with_roles(
    suspects: Sequence[tuple[ShardTask, OutputTask]], statement: Statement
) -> list[tuple[ShardTask, OutputTask]]:
    """Outputs that are looked at by themselves, with their roles."""
    paths: dict[str, dict[tuple[str, str], Path]] = {}
    for task, output in suspects:
        paths.setdefault(output.edition.name, {})[task.subset, task.name] = output.path
    roles = {edition: _roles(some, statement) for edition, some in paths.items()}
    return [
        (task, replace(output, roles=roles[output.edition.name].get((task.subset, task.name))))
        for task, output in suspects
    ]


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
    files = Files(
        sources, job.given.sidecars, parameters.same_link, parameters.inner, parameters.good_wins
    )
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
    sample = _sample(job, outputs)
    for (subset, name), editions in outputs.items():
        path, roles = job.given.sources.get((subset, name), (None, None))
        stated = job.statement.inputs.get((subset, name))
        files = [o.path for o in editions] + ([] if path is None else [path])
        tasks.append(
            ShardTask(
                subset, name, path, roles, stated, tuple(editions),
                job.given.labels, job.given.partners, known.only(*files), rules,
                job.given.exact, job.given.stamps.get((subset, name)),
                {file: sample[file] for file in files if file in sample},
            )
        )  # fmt: skip
    return tasks


def _sample(
    job: Job, outputs: Mapping[tuple[str, str], Sequence[OutputTask]]
) -> dict[Path, list[int]]:
    """Rows of every subset that the model is asked about although nothing asks for it.

    They hold the quick tests against the model: drawn from the run's name, so that a check is
    the same each time, of the inputs and of each edition. Rows of an edition are asked about
    where these are not just the input's.
    """
    groups: dict[tuple[str, str], list[tuple[Path, int]]] = {}
    for (subset, name), editions in outputs.items():
        if (subset, name) in job.given.sources:
            path, stated = job.given.sources[subset, name][0], job.statement.inputs[subset, name]
            groups.setdefault(("", subset), []).append((path, stated.rows))
        for output in editions:
            files = groups.setdefault((output.edition.name, subset), [])
            files.append((output.path, output.stated.rows))
    found: dict[Path, list[int]] = {}
    for group, files in groups.items():
        ends = list(accumulate(rows for _, rows in files))
        draw = random.Random(f"{job.statement.raw['run']} {group}")  # noqa: S311 - no secret
        for number in sorted(draw.sample(range(ends[-1]), min(SAMPLED, ends[-1]))):
            at = bisect_right(ends, number)
            path, rows = files[at]
            found.setdefault(path, []).append(number - (ends[at] - rows))
    return found
