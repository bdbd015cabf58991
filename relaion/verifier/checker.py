"""`verify`: the promises of a finished run, checked by other code than the run's own.

What needs rows is checked shard by shard, in this process or in several.
"""

import multiprocessing
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from relaion.errors import InputError, OutputError
from relaion.lists.snapshot import Snapshot, hold
from relaion.parquet.columns import watched
from relaion.parquet.layout import Shard
from relaion.parquet.looked_at import NotLookedAt, is_of_sidecars, unread
from relaion.parquet.read_shard import group_shards, read_shard
from relaion.parquet.roles import Columns
from relaion.paths import ShardPath, shown
from relaion.processes import serve_parent
from relaion.verifier import file_checks
from relaion.verifier.arguments import (
    Given,
    check_given,
    check_installation,
    not_looked_at_beside,
    same_columns,
)
from relaion.verifier.audit_tables import (
    Cells,
    check_publishable,
    check_stated,
    read_audit,
)
from relaion.verifier.counts import check_counts, check_lines, check_told
from relaion.verifier.cover import CoverRows, covered_rows
from relaion.verifier.lineage import (
    TAKEN_BACK,
    RunBefore,
    check_lineage,
    check_steps,
    keeps_out,
    read_before,
)
from relaion.verifier.lookup import Apply, look_up
from relaion.verifier.manifest import MANIFEST, Statement, read_statement
from relaion.verifier.model import Rules, StatedLists
from relaion.verifier.rows import Roles, Source, roles_of
from relaion.verifier.shape import check_shape
from relaion.verifier.shard import check_kept, check_shard
from relaion.verifier.task import OutputTask, ShardReport, ShardTask
from relaion.verifier.verdict import PROMISES, Notes, ProcessEndedError, Verdict, count

Done = Callable[[int, int], object]
SAMPLED = 10_000
"""Rows of a subset that the model is asked about whatever they hold; all where it has fewer."""


def verify(
    out: Path,
    *,
    inputs: Sequence[Path] = (),
    lists: Path | Snapshot | None = None,
    keywords: Path | bytes | None = None,
    key: Path | bytes | None = None,
    columns: Columns | None = None,
    sidecars: Sequence[Path] = (),
    workers: int = 1,
    done: Done | None = None,
    held: Callable[[], object] = lambda: None,
    work: Path | None = None,
    ledger: Path | None = None,
    parent: Path | None = None,
) -> Verdict:
    """Re-check the promises of a finished OUT; what could not be checked is said, with why.

    `inputs`, `lists`, `keywords`, `sidecars` and `key` (default: the one beside the lists) are
    those of the run; keywords and key may be read already. `ledger` is that of its cover
    (default: the one beside the key), `parent` the OUT before it. `held()` is called as soon as
    the store is open, `done(shards, rows)` after each shard. Writes nothing but private copies of
    sidecars of text lines, in the private folder `work` or one that is gone afterwards. A list
    of hashed links makes it slow: each link is written in every way that may have been hashed
    (some 4 µs a row).
    Raises InputError or ListError for an argument that cannot be read; whatever is wrong
    with OUT itself is a finding of the verdict.
    """
    if not out.is_dir():
        raise InputError(f"{shown(out)}: no such folder; name the OUT of a finished run")
    notes = Notes()
    try:
        statement = read_statement(out)
    except OutputError as e:
        notes.find("5", MANIFEST, str(e).removeprefix(f"{MANIFEST}: "))
        return _none_checked(out, "OUT has no manifest that can be read", notes)
    if not check_shape(statement, notes):
        return _none_checked(out, "OUT has no manifest as clean writes one", notes)
    before = read_before(parent, statement, notes)
    check_lineage(statement, before, notes)
    same_columns(statement, columns, notes)
    check_installation(statement, notes)
    with ExitStack() as stack:
        opened = None if lists is None else stack.enter_context(hold(lists))
        held()
        given = check_given(
            statement, notes, stack, inputs=inputs, lists=opened, keywords=keywords, key=key,
            sidecars=sidecars, work=work, ledger=ledger,
        )  # fmt: skip
        if statement.taken_back and before is None:
            given.unlike.append(TAKEN_BACK)
        _say_unchecked(statement, given, notes)
        file_checks.check_tree(out, statement, notes)
        file_checks.check_stated(statement, notes)
        file_checks.check_private(opened, notes)
        with processes(min(workers, len(statement.inputs))) as apply:
            _check_rows(Job(out, statement, given, done, before), apply, notes)
    return notes.verdict(shown(out))


def _none_checked(out: Path, why: str, notes: Notes) -> Verdict:
    for promise in PROMISES:
        notes.skip(promise, why)
    return notes.verdict(shown(out))


def verify_telling(
    out: Path, *, tell: Callable[..., object], ended: Mapping[Path, str], **given: Any
) -> Verdict:
    """`verify` for another process, which hears of what may end this one.

    Told are None when the store is open, the file that is read next, and what is done. `ended`
    are files that ended such a process before, and how: they count as unreadable.
    """
    with watched(tell, ended):
        return verify(
            out, **given, held=lambda: tell(None, waits=True), done=lambda *told: tell(told)
        )


def _say_unchecked(statement: Statement, given: Given, notes: Notes) -> None:
    lists, inputs = given.lists is not None, bool(given.sources)
    if not lists:
        notes.skip("1a", "no lists given")
        notes.limit("4", "not compared with the lists: none given")
    if not inputs:
        for promise in ("1b", "2", "6"):
            notes.skip(promise, "no inputs of the run given")
        notes.limit("1a", "other rows with a listed link are looked for among kept rows only")
        notes.limit("3", "not compared with the original: no inputs of the run given")
    for why in given.unlike:
        notes.skip("1b", why)
        notes.skip("6", why)
    for edition in statement.editions:
        if not edition.modelled:
            why = f"edition {shown(edition.name)} has a script of its own"
            notes.limit("1b", f"{why}: whether it lost innocent rows cannot be judged")
            notes.limit("1a", f"{why}: only its lists were checked")
            notes.limit("6", f"{why}: its counts were not recomputed")


# -- everything that needs rows ----------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """One check: what is stated, what was given, and who hears of what is done."""

    out: Path
    statement: Statement
    given: Given
    done: Done | None
    before: RunBefore | None

    @property
    def keeps_out(self) -> bool:
        """Whether rows stay out that left before and that nothing may name any more."""
        return keeps_out(self.statement, self.before)


def _check_rows(job: Job, apply: Apply, notes: Notes) -> None:
    """Everything that needs rows: what is listed, each shard, and the audit's counts."""
    cells = read_audit(job.out, notes)
    said = {
        MANIFEST: file_checks.tokens(file_checks.texts_of(job.statement.raw)),
        file_checks.AUDIT: file_checks.tokens(file_checks.texts_of(cells or {})),
    }
    outputs = _outputs(job)
    sources = _sources(job, outputs)
    known = _known(job, apply, sources, set().union(*said.values()))
    file_checks.check_tokens(said, known, notes)
    tasks = _tasks(job, known, outputs, _cover(job, apply, sources, notes))
    reports = []
    for report in apply(check_shard, tasks):
        reports.append(report)
        notes.add(report.notes)
        if job.done is not None:
            job.done(1, report.rows or 0)
    suspects = [(t, o) for t, r in zip(tasks, reports, strict=True) for o in r.suspects]
    if suspects:
        # they may hold listed rows which no input holds
        roles = _roles([(t.subset, o) for t, o in suspects], job)
        others = [Source(*file) for file in roles.items()]
        known |= _known(job, apply, others, set())
        cover = _cover(job, apply, sources, notes, others)
        for task, output in suspects:
            alone = replace(output, roles=roles.get(output.path))
            some = {output.path: cover.get(output.path, {})}
            check_kept(replace(task, known=known.only(output.path), cover=some), alone, notes)
    left_out = (*job.given.left_out, *not_looked_at_beside(known, job.given.sidecars))
    _leave_out(job, cells, reports, left_out, notes)
    if cells is not None and check_lines(cells, job.statement, notes):
        check_stated(cells, job.statement, notes)
        check_steps(cells, job.statement, job.before, notes)
        check_told(cells, job.statement, notes)
        _tell_cover(cells, job.statement, notes)
        whole = job.given.exact and len(job.given.sources) == len(job.statement.inputs)
        by_model = reports if whole and not job.keeps_out else ()
        check_publishable(cells, job.statement, by_model, notes)
        if whole:
            check_counts(cells, job.statement, reports, left_out, notes, is_whole=not job.keeps_out)


def _leave_out(
    job: Job,
    cells: Cells | None,
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
        for (name, subset, shard), file in job.statement.outputs.items():
            if name == edition.name:
                where = f"{name}/{subset}/{shard}"
                task = OutputTask(edition, job.out / where, shown(where), file)
                found.setdefault((subset, shard), []).append(task)
    alone = {key: some for key, some in found.items() if key not in job.given.sources}
    roles = _roles([(subset, o) for (subset, _), some in alone.items() for o in some], job)
    for key, some in alone.items():
        found[key] = [replace(o, roles=roles.get(o.path)) for o in some]
    return found


def _roles(outputs: Iterable[tuple[str, OutputTask]], job: Job) -> dict[Path, Roles]:
    """Roles of the outputs that can be read; the others are found when they are checked."""
    overrides = job.statement.parameters.columns
    by_edition: dict[str, list[Shard]] = {}
    for subset, output in outputs:
        if not output.path.is_file():  # a pipe would be waited for
            continue
        with suppress(InputError):
            shard = read_shard(ShardPath(output.path, subset), overrides, needs_link=False)
            by_edition.setdefault(output.edition.name, []).append(shard)
    found: dict[Path, Roles] = {}
    for shards in by_edition.values():
        try:
            groups = group_shards(shards)
        except InputError:
            found |= {s.path: roles_of(s.layout) for s in shards}
        else:
            found |= {s.path: roles_of(g.layout) for g in groups for s in g.shards}
    return found


def _sources(job: Job, outputs: dict[tuple[str, str], list[OutputTask]]) -> list[Source]:
    """The shards to hold against the lists: inputs, or outputs where those are missing."""
    found = []
    for key, tasks in outputs.items():
        if key in job.given.sources:
            found.append(job.given.sources[key])
        else:
            found += [Source(t.path, t.roles) for t in tasks if t.roles is not None]
    return found


def _known(job: Job, apply: Apply, sources: Sequence[Source], said: set[str]) -> StatedLists:
    given = job.given
    if given.lists is None:
        return StatedLists()
    return look_up(given.lists, sources, given.sidecars, job.statement.parameters, said, apply)


def _cover(
    job: Job,
    apply: Apply,
    sources: Sequence[Source],
    notes: Notes,
    others: Sequence[Source] = (),
) -> Mapping[Path, CoverRows]:
    """The rows that leave as cover, and whether as many sites are weak as is stated."""
    places, parameters = job.given.places, job.statement.parameters
    if places is None:
        return {}
    rows, seen = covered_rows(
        places,
        sources,
        inner=parameters.inner,
        apply=apply,
        sidecars=job.given.sidecars,
        others=others,
    )
    weak = sum(places.listed[site] < parameters.cover for site in seen)
    if weak > job.statement.raw["cover"]["weak"]:
        notes.find("4", MANIFEST, "states fewer weak sites than its cover ledger tells")
    return {path: dict(sorted(some.items())) for path, some in rows.items() if some}


def _tell_cover(cells: Cells, statement: Statement, notes: Notes) -> None:
    """What cover costs each edition, as far as the audit tells it, and how many sites are weak."""
    if not (statement.parameters.cover and statement.raw["cover"]):
        return
    rows = sum(statement.sums()[0].values())
    weak = count(statement.raw["cover"]["weak"], "listed site", "is")
    for edition in statement.editions:
        lines = [r for r in cells["removals"] if r["edition"] == edition.name]
        n = sum(r["gross"] for r in lines if r["reason_kind"] == "cover")
        cost = f"{count(n, 'row')} ({n / max(rows, 1):.2%}) of {edition.name} left as cover"
        notes.notice(f"{cost}; {weak} weak")


def _tasks(
    job: Job,
    known: StatedLists,
    outputs: dict[tuple[str, str], list[OutputTask]],
    cover: Mapping[Path, CoverRows],
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
        source = job.given.sources.get((subset, name))
        stated = job.statement.inputs.get((subset, name))
        files = [o.path for o in editions] + ([] if source is None else [source.path])
        tasks.append(
            ShardTask(
                subset, name, source, stated, tuple(editions),
                job.given.labels, job.given.partners, job.given.received,
                known.only(*files), rules, job.given.exact,
                {file: sample[file] for file in files if file in sample},
                {file: cover[file] for file in files if file in cover},
                {} if job.before is None else job.before.outputs(subset, name, stated),
                job.keeps_out,
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
            path, stated = job.given.sources[subset, name].path, job.statement.inputs[subset, name]
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


# -- the processes that a check uses: this one, or several of its own --------------------------


def _spread(
    pool: ProcessPoolExecutor, n: int, function: Callable[[Any], Any], items: Iterable[Any]
) -> Iterator[Any]:
    """Items of a list go several at a time where there are many: what they share travels once.

    Those of any other kind go one by one: each may bring back millions of digests.
    """
    many = len(items) // (4 * n) if isinstance(items, list) else 1
    return pool.map(function, items, chunksize=max(1, min(16, many)))


@contextmanager
def processes(n: int) -> Iterator[Apply]:
    """Map in this process where n is 1, else in n fresh ones.

    Raises ProcessEndedError when one of them is killed.
    """
    if n <= 1:
        yield map
        return
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(n, mp_context=context, initializer=serve_parent) as pool:
            try:
                yield partial(_spread, pool, n)
            except BaseException:  # Ctrl-C, too: what they do is of no use any more
                for child in multiprocessing.active_children():
                    child.terminate()
                raise
    except BrokenProcessPool:
        raise ProcessEndedError(
            "verify: one of its processes was ended from outside (out of memory?); "
            "check again with fewer workers"
        ) from None
