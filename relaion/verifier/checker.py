"""`verify`: the promises of a finished run, checked by other code than the run's own.

What needs rows is checked shard by shard, in this process or in several.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from relaion.errors import InputError, OutputError
from relaion.lists.snapshot import Snapshot, hold
from relaion.odometer import ODOMETER
from relaion.parquet.columns import watched
from relaion.parquet.roles import Columns
from relaion.paths import Seal, no_folder, shown
from relaion.paths.stand_ins import within_tree
from relaion.remote.mirror import Mirror, brought
from relaion.remote.stores import objects_at
from relaion.verifier import file_checks
from relaion.verifier.arguments import Given, check_given, check_installation, same_columns
from relaion.verifier.audit_tables import (
    check_publishable,
    check_stated,
    is_stated,
    read_audit,
)
from relaion.verifier.checked import check_said
from relaion.verifier.counts import check_counts, check_lines, check_told
from relaion.verifier.hands import Elsewhere, processes, threads
from relaion.verifier.job import (
    Job,
    Outputs,
    cover_of,
    known_of,
    leave_out,
    roles_of_outputs,
    sources_of,
    tasks_of,
    tell_cover,
)
from relaion.verifier.lineage import (
    TAKEN_BACK,
    check_lineage,
    check_steps,
    read_before,
)
from relaion.verifier.listable import Apply
from relaion.verifier.lookup import NOTHING_SAID, Begins
from relaion.verifier.manifest import MANIFEST, Statement, read_statement
from relaion.verifier.model import StatedLists
from relaion.verifier.resting import check_resting, worth_resting
from relaion.verifier.rows import Source
from relaion.verifier.shape import check_shape
from relaion.verifier.shard import check_kept
from relaion.verifier.sidecars import not_looked_at_beside
from relaion.verifier.task import OutputTask, ShardReport, ShardTask
from relaion.verifier.together import check_together, folded, parts_of
from relaion.verifier.verdict import PROMISES, Notes, Verdict, count


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
    begins: Begins = lambda detail, files, groups: None,
    held: Callable[[], object] = lambda: None,
    work: Path | None = None,
    ledger: Path | None = None,
    parent: Path | None = None,
    rests: bool = False,
    digested: Mapping[Path, Seal] | None = None,
    mirror: Mirror | None = None,
    elsewhere: Elsewhere | None = None,
) -> Verdict:
    """Re-check the promises of a finished OUT; what could not be checked is said, with why.

    `inputs`, `lists`, `keywords`, `sidecars` and `key` (default: the one beside the lists) are
    those of the run; keywords and key may be read already. `ledger` is that of its cover
    (default: the one beside the key), `parent` the OUT before it. `rests`: what the parent's own
    check saw is not looked at again, as far as nothing of it changed; files that this very run has
    `digested` need not be digested once more for that. `elsewhere` are processes of other
    machines in place of `workers` of this one. `mirror`: OUT lies in a store, `out` holds
    its public files alone, and its shards are fetched again, each when it is looked at. `held()`
    is called as soon as the store is open, `begins(detail, files, groups)` where a part of the
    check begins. Writes nothing but private copies of sidecars of text lines, in the private
    folder `work` or one that is gone
    afterwards. A list of hashed links makes it slow: each link is written in every way
    that may have been hashed (some 4 µs a row).
    Raises InputError or ListError for an argument that cannot be read; whatever is wrong
    with OUT itself is a finding of the verdict.
    """
    named = shown(out if mirror is None else mirror.url)
    if not out.is_dir():
        raise InputError(f"{no_folder(out)}; name the OUT of a finished run")
    notes = Notes()
    try:
        statement = read_statement(out)
    except OutputError as e:
        notes.find("5", MANIFEST, str(e).removeprefix(f"{MANIFEST}: "))
        return _none_checked(named, "OUT has no manifest that can be read", notes)
    if not check_shape(statement, notes):
        return _none_checked(named, "OUT has no manifest as clean writes one", notes)
    notes.manifest = statement.sha256
    before = read_before(parent, statement, notes)
    check_lineage(statement, before, notes)
    same_columns(statement, columns, notes)
    check_installation(statement, notes)
    with ExitStack() as stack:
        opened = None if lists is None else stack.enter_context(hold(lists, held))
        if lists is None:
            held()
        given = check_given(
            statement, notes, stack, inputs=inputs, lists=opened, keywords=keywords, key=key,
            sidecars=sidecars, work=work, ledger=ledger,
        )  # fmt: skip
        if statement.taken_back and before is None:
            given.unlike.append(TAKEN_BACK)
        _say_unchecked(statement, given, notes)
        if mirror is None:
            file_checks.check_tree(out, statement, notes)
        else:
            _bring(mirror, statement, given, stack, notes)
        file_checks.check_stated(statement, notes)
        file_checks.check_private(opened, notes)
        check_said(out, statement, given.secret, notes)
        job = Job(out, statement, given, begins, before, mirror)
        n = min(workers, len(statement.inputs))
        if rests:
            with _few_hands(job, n, elsewhere) as apply:
                if check_resting(job, apply, notes, digested or {}):
                    return notes.verdict(named)
        with processes(n, elsewhere) as apply:
            _check_rows(job, apply, notes)
    return notes.verdict(named)


def _few_hands(job: Job, n: int, elsewhere: Elsewhere | None) -> AbstractContextManager[Apply]:
    """Who looks at few rows: processes, as far as they are worth their start, else threads.

    What is fetched from elsewhere is looked at file by file.
    """
    worth = min(n, worth_resting(job.statement))
    read = [source.path for source in job.given.sources.values()]
    read += [] if job.before is None else [job.before.out]
    if worth > 1 or job.mirror is not None or any(map(within_tree, read)):
        return processes(worth, elsewhere)
    return threads(n)


def _bring(
    mirror: Mirror, statement: Statement, given: Given, stack: ExitStack, notes: Notes
) -> None:
    """Ask the store what it holds; what has no input here is held against the lists itself."""
    store = objects_at(mirror.url)
    file_checks.check_objects(store.there(), statement, notes)
    alone = {k: f for k, f in statement.outputs.items() if k[1:] not in given.sources}
    mirror.refuse_no_room(sum(file.bytes for file in alone.values()))
    stack.enter_context(mirror.brought([mirror.folder.joinpath(*key) for key in alone]))
    shards = count(len(statement.outputs), "shard")
    notes.notice(
        f"for this check {shards} of all editions had to be read back whole from the store"
    )


def _none_checked(named: str, why: str, notes: Notes) -> Verdict:
    for promise in PROMISES:
        notes.skip(promise, why)
    return notes.verdict(named)


def verify_telling(
    out: Path, *, tell: Callable[..., object], ended: Mapping[Path, str], **given: Any
) -> Verdict:
    """`verify` for another process, which hears of what may end this one.

    Told are None when the store is open, the file that is read next (`()` where several are read
    side by side), and what is done. `ended`
    are files that ended such a process before, and how: they count as unreadable.
    """

    def begins(detail: str, files: int, groups: float) -> None:
        ODOMETER.restart()
        tell((detail, files, groups))

    with watched(tell, ended):
        return verify(
            out, **given, held=lambda: tell(None, waits=True), begins=begins,
        )  # fmt: skip


def _say_unchecked(statement: Statement, given: Given, notes: Notes) -> None:
    lists, inputs = given.lists is not None, bool(given.sources)
    if not lists:
        notes.skip("1a", "no --lists given")
        notes.limit("4", "not compared with the lists: no --lists given")
    if not inputs:
        for promise in ("1b", "2", "6"):
            notes.skip(promise, "no --inputs given")
        notes.limit("1a", "other rows with a listed link are looked for among kept rows only")
        notes.limit("3", "not compared with the original: no --inputs given")
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


def _check_rows(job: Job, apply: Apply, notes: Notes) -> None:
    """Everything that needs rows: what is listed, each shard, and the audit's counts."""
    cells = read_audit(job.out, notes)
    if cells is not None and not is_stated(job.out, job.statement):
        notes.find("6", file_checks.AUDIT, "its SHA-256 is not the one that the manifest states")
    said = {
        MANIFEST: file_checks.SaidDigests(job.statement.texts),
        file_checks.AUDIT: file_checks.SaidDigests(lambda: cells or {}),
    }
    outputs = Outputs(job)
    sources = sources_of(job, outputs)
    shorts = pa.concat_arrays([x.shorts for x in said.values()])
    known = known_of(job, apply, sources, shorts)
    file_checks.check_tokens(said, known, notes)
    tasks = tasks_of(job, known, outputs, cover_of(job, apply, sources, known, notes))
    job.begins("rows", len(tasks), sum(task.groups for task in tasks))
    suspects: list[tuple[ShardTask, OutputTask]] = []

    def told() -> Iterator[ShardReport]:
        found = chain.from_iterable(apply(check_together, parts_of(tasks)))
        for at, report in enumerate(found):
            notes.add(report.notes)
            suspects.extend((tasks[at], output) for output in report.suspects)
            yield report

    reports = folded(told())
    with brought(job.mirror, [o.path for _, o in suspects]):
        known = _check_suspects(job, suspects, known, sources, apply, notes)
    left_out = (*job.given.left_out, *not_looked_at_beside(known, job.given.sidecars))
    leave_out(job, cells, reports, left_out, notes)
    if cells is not None and check_lines(cells, job.statement, notes):
        check_stated(cells, job.statement, notes)
        check_steps(cells, job.statement, job.before, notes)
        check_told(cells, job.statement, notes)
        tell_cover(cells, job.statement, notes)
        whole = job.given.exact and len(job.given.sources) == len(job.statement.inputs)
        by_model = reports if whole and not job.keeps_out else ()
        check_publishable(cells, job.statement, by_model, notes)
        if whole:
            check_counts(cells, job.statement, reports, left_out, notes, is_whole=not job.keeps_out)


def _check_suspects(
    job: Job,
    suspects: Sequence[tuple[ShardTask, OutputTask]],
    known: StatedLists,
    sources: Sequence[Source],
    apply: Apply,
    notes: Notes,
) -> StatedLists:
    """Hold outputs that are not as they should be against the lists; what is listed then."""
    if not suspects:
        return known
    # they may hold listed rows which no input holds
    roles = roles_of_outputs([(t.subset, o) for t, o in suspects], job)
    others = [Source(*file) for file in roles.items()]
    known |= known_of(job, apply, others, NOTHING_SAID)
    cover = cover_of(job, apply, sources, known, notes, others)
    for task, output in suspects:
        alone = replace(output, roles=roles.get(output.path))
        some = {output.path: cover.get(output.path, {})}
        check_kept(replace(task, known=known.only(output.path), cover=some), alone, notes)
    return known
