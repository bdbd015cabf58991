"""The check at the end of an update: what was checked before is held against what is new alone.

Where the parent was checked whole when it was made, that check says of each of its shards that it
holds no row that the lists of then name, and lacks none that nothing names. A shard whose files
have the very digests that it saw rests on it; there the new entries alone are looked for, with all
links of the rows that they name, in every input. Shards in which these name a row, or which have
other files than the parent, are checked whole, with all lists. Their counts, less those without the
new lists, are what the audit has gained on the parent's.

Where anything is otherwise than an update makes it, or anything is found, every shard is checked
whole (sql/decisions/0011-what-an-update-rests-on.md).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from relaion.errors import InputError
from relaion.paths import Seal
from relaion.verifier import counts, file_checks
from relaion.verifier.audit_tables import (
    Cells,
    check_publishable,
    check_stated,
    is_stated,
    read_audit,
)
from relaion.verifier.candidates import Carriers
from relaion.verifier.checked import EarlierCheck, read_check
from relaion.verifier.counts import check_lines, check_told
from relaion.verifier.job import Job, Outputs, left_out_of, tasks_of
from relaion.verifier.lineage import RunBefore, check_steps, is_as_it_was
from relaion.verifier.listable import Apply, all_digests
from relaion.verifier.lookup import gathered_links, in_full, look_up, meet, read_entries
from relaion.verifier.manifest import MANIFEST, Statement
from relaion.verifier.model import StatedLists, all_keys
from relaion.verifier.rows import Source
from relaion.verifier.shard import check_shard
from relaion.verifier.stated_files import check_files
from relaion.verifier.task import OutputTask, ShardReport, ShardTask, judge
from relaion.verifier.verdict import Notes, count

Key = tuple[str, str]
_Outputs = Mapping[Key, Sequence[OutputTask]]


@dataclass(frozen=True)
class Ground:
    """What may be rested on: the check of the parent, its audit, and the lists that are new."""

    before: RunBefore
    check: EarlierCheck
    cells: Cells
    gained: frozenset[int]


ROWS_A_PROCESS = 10_000_000
"""To look at so many for new entries takes longer than to start a process."""


def worth_resting(statement: Statement) -> int:
    """How many processes are worth their start."""
    return 1 + sum(statement.sums()[0].values()) // ROWS_A_PROCESS


def check_resting(job: Job, apply: Apply, notes: Notes, digested: Mapping[Path, Seal]) -> bool:
    """Check all that needs rows as far as it cannot rest; False where nothing can.

    Then why is a notice, and all has to be checked whole. `digested` are files that the run has
    digested a moment ago, as they were then.
    """
    ground = "something was found before any row was looked at"
    if not notes.findings:
        ground = ground_of(job)  # type: ignore[assignment]
    if isinstance(ground, str):
        notes.notice(f"every shard was checked whole: {ground}")
        return False
    found = Notes()
    try:
        _Resting(job, ground, apply, digested).check(found)
    except InputError:  # the whole check says which file it is
        notes.notice("every shard was checked whole: a file cannot be read as it was")
        return False
    if found.findings:
        notes.notice("every shard was checked whole: something is not as the parent's check saw it")
        notes.findings += found.findings
        return False
    notes.take(found)
    return True


# -- whether a check may rest at all -----------------------------------------------------------


def ground_of(job: Job) -> Ground | str:
    """What the check of an update may rest on; or why on nothing."""
    before, given = job.before, job.given
    if before is None:
        return "it goes on from no run, or from another one than the parent given"
    earlier = read_check(before.out, before.statement, given.secret)
    if isinstance(earlier, str):
        return f"of the parent, {earlier}"
    if why := next(_reasons(job, before), None):
        return why
    cells = before.audit(Notes())
    if cells is None:
        return "the parent has no audit as its manifest states"
    ours, theirs = job.statement.lists, before.statement.lists
    gained = {list_id for list_id in ours.keys() - theirs.keys() if ours[list_id].role == "bad"}
    return Ground(before, earlier, cells, frozenset(gained))


def _reasons(job: Job, before: RunBefore) -> Iterator[str]:
    """Why what was checked before says too little of what is here."""
    ours, theirs, given = job.statement, before.statement, job.given
    yield from given.unlike
    less = ours.taken_back or theirs.taken_back or job.keeps_out
    rows = ours.sums()[0].values()
    reasons = {
        "not all inputs of the run were given": given.lists is None
        or given.sources.keys() != ours.inputs.keys(),
        "shards are new, gone or others": ours.inputs != theirs.inputs,
        "what decides is not as it was": not is_as_it_was(ours, theirs),
        "an edition has a script of its own": not all(e.modelled for e in ours.editions),
        "cover is chosen among all sites": bool(ours.parameters.cover),
        "sidecars name rows": bool(ours.sidecars or theirs.sidecars),
        "rows may have left for what nothing names now": less,
        "lists are not what they were": any(
            ours.lists.get(list_id) != line for list_id, line in theirs.lists.items()
        ),
        "row hashes are counted that were not before": _hashed(ours) and not _hashed(theirs),
        "a subset has few rows, whose counts are told with others'": any(
            0 < n < counts.FEW_ROWS for n in rows
        ),
    }
    yield from (why for why, is_so in reasons.items() if is_so)


def _hashed(statement: Statement) -> bool:
    bad = [x for x in statement.lists.values() if x.role == "bad"]
    return any(kind == "row_hash" for x in bad for kind, _ in x.entries)


# -- the rows that new entries name --------------------------------------------------------------


@dataclass(frozen=True)
class Named:
    """Whether anything of what is looked for names a row of a file; and all links of such rows."""

    path: Path
    is_named: bool = False
    keys: frozenset[str] = frozenset()


def named_in(what: tuple[StatedLists, Source]) -> Named:
    """The rows of a file that these entries name, and all links of these rows."""
    known, source = what
    keys: set[str] = set()
    is_named = False
    for piece in source.holding(known.rows[source.path]):
        for first, rows in piece.rows(known.roles):
            named = judge(rows, known, None, known.rows_of(source.path, first, rows.n))
            is_named = is_named or bool(named)
            for row in rows.take(sorted(named)).plain():
                keys |= all_keys(row, inner=known.inner)
    return Named(source.path, is_named, frozenset(keys))


def carries(what: tuple[Carriers, Source]) -> bool:
    """Whether a row of a file carries one of some links."""
    carriers, source = what
    return any(carriers.find(urls) for _, rows in source.rows({"url"}) for urls in rows.all("url"))


def carrying(carriers: Carriers, files: Sequence[Source], apply: Apply) -> frozenset[Path]:
    """The files of which a row carries one of some links."""
    if not carriers.own and not carriers.inside:
        return frozenset()
    one = carriers.prepared()
    found = apply(carries, [(one, source) for source in files])
    return frozenset(source.path for source, is_one in zip(files, found, strict=True) if is_one)


def _named(
    known: StatedLists, sources: Sequence[Source], apply: Apply, *, same_link: bool
) -> tuple[frozenset[Path], frozenset[str]]:
    """The files with a row that is named, or that has a further link of a row with an entry.

    And the keys of the links that were looked for. Files that hold an entry tell nearly all links,
    so one look at the links of the others is for listed and further ones. What else rows with a
    listed link carry is told by whoever looks at all of their files.
    """
    entries = replace(known, carriers=Carriers())
    holding = [s for s in sources if len(known.rows.get(s.path, ()))]
    found = [*apply(named_in, [(entries.only(s.path), s) for s in holding])]
    touched = frozenset(named.path for named in found if named.is_named)
    if not same_link:
        return touched, frozenset()
    further = frozenset().union(*(named.keys for named in found)) - known.links.keys()
    both = Carriers(known.carriers.own | further, known.carriers.inside)
    others = [s for s in sources if s.path not in touched]
    return touched | carrying(both, others, apply), further | known.links.keys()


@dataclass(frozen=True)
class _Resting:
    """A check that rests on the one of the parent, for the shards that are what they were."""

    job: Job
    ground: Ground
    apply: Apply
    digested: Mapping[Path, Seal]

    def check(self, notes: Notes) -> None:
        job = self.job
        cells = read_audit(job.out, notes)
        if cells is None or not is_stated(job.out, job.statement):
            notes.find("6", file_checks.AUDIT, "is not the one that the manifest states")
            return
        said = {
            MANIFEST: file_checks.SaidDigests(job.statement.texts),
            file_checks.AUDIT: file_checks.SaidDigests(lambda: cells),
        }
        outputs = Outputs(job)
        touched, looked_for = self._touched(outputs)
        while True:  # once, as nearly always
            reports, seen = self._check_touched(outputs, touched, said)
            further = frozenset().union(*(report.links for report in reports)) - looked_for
            more = frozenset() if seen.findings else self._carrying(further, outputs, touched)
            if not more:
                break
            touched, looked_for = touched | more, looked_for | further
        notes.take(seen)
        self._check_files(outputs, touched, notes)
        left_out = job.given.left_out
        left_out_of(cells, left_out, notes)
        if check_lines(cells, job.statement, notes):
            check_stated(cells, job.statement, notes)
            check_steps(cells, job.statement, job.before, notes)
            check_told(cells, job.statement, notes)
            check_publishable(cells, job.statement, reports, notes)
            counts.check_left_out(cells, left_out, notes)
            counts.check_labels(cells, job.statement, notes)
            counts.check_gained(cells, self.ground.cells, reports, notes)
        self._say(len(outputs) - len(touched), len(outputs), notes)

    def _sources(self, keys: Iterable[Key]) -> list[Source]:
        """The inputs of some shards, to be looked at for what makes them touched.

        Nothing else looks at the rows of a shard that rests: one that cannot be read may not pass.
        """
        return [replace(self.job.given.sources[key], is_checked=False) for key in keys]

    def _touched(
        self, outputs: Mapping[Key, Sequence[OutputTask]]
    ) -> tuple[frozenset[Key], frozenset[str]]:
        """The shards that have to be checked whole, and the keys of links that were looked for.

        A new entry names one of their rows, or such a row's link; they have a row with a further
        link of one, so that what else names it may stand there; or their files are others.
        """
        job, apply, held = self.job, self.apply, self.job.given.lists
        sources = self._sources(outputs)
        assert held is not None  # noqa: S101 - `ground_of` has seen to it
        parameters = job.statement.parameters
        wanted, entries = read_entries(held, inner=parameters.inner, lists=self.ground.gained)
        groups = sum(source.size[1] for source in sources)
        job.begins("lists", len(sources), groups)
        pieces = (piece for source in sources for piece in source.pieces())
        met = meet(entries.together(), all_digests(wanted, pieces, apply))
        known = in_full(held, met.shorts, good_wins=parameters.good_wins, lists=self.ground.gained)
        known = replace(known, rows=met.rows, inner=parameters.inner)
        if parameters.same_link:
            known = _with_links(known, sources, apply)
        job.begins("links", len(sources), groups)
        touched, looked_for = _named(known, sources, apply, same_link=parameters.same_link)
        whole = (
            key
            for key, editions in outputs.items()
            if job.given.sources[key].path in touched or not self._is_as_before(key, editions)
        )
        return frozenset(whole), looked_for

    def _carrying(
        self, keys: frozenset[str], outputs: Iterable[Key], touched: frozenset[Key]
    ) -> frozenset[Key]:
        """Further shards with a row that carries one of these links as its own."""
        if not keys or not self.job.statement.parameters.same_link:
            return frozenset()
        others = [key for key in outputs if key not in touched]
        found = carrying(Carriers(keys), self._sources(others), self.apply)
        return frozenset(key for key in others if self.job.given.sources[key].path in found)

    def _is_as_before(self, key: Key, editions: Sequence[OutputTask]) -> bool:
        """Whether the manifests state the same file of a shard for each edition."""
        theirs = self.ground.before.statement.outputs
        names = {o.edition.name for o in editions}
        return names == {e.name for e in self.job.statement.editions} and all(
            theirs.get((o.edition.name, *key)) == o.stated for o in editions
        )

    def _check_touched(
        self,
        outputs: _Outputs,
        touched: frozenset[Key],
        said: Mapping[str, file_checks.SaidDigests],
    ) -> tuple[list[ShardReport], Notes]:
        """Check the touched shards whole; what was counted in them, and what was found.

        Of the sample that a whole check draws, those rows are asked about that stand in them.
        """
        job, notes = self.job, Notes()
        earlier = frozenset(self.ground.before.statement.lists)
        sources = [job.given.sources[key] for key in outputs if key in touched]
        assert job.given.lists is not None  # noqa: S101 - `ground_of` has seen to it
        known = look_up(
            job.given.lists, sources, (), job.statement.parameters,
            pa.concat_arrays([x.shorts for x in said.values()]), self.apply, job.begins,
        )  # fmt: skip
        file_checks.check_tokens(said, known, notes)
        tasks = [
            replace(self._with_digests(task), earlier=earlier)
            for task in tasks_of(job, known, outputs, {})
            if (task.subset, task.name) in touched
        ]
        job.begins("rows", len(tasks), sum(task.groups for task in tasks))
        reports = [*self.apply(check_touched, tasks)]
        for report in reports:
            notes.add(report.notes)
        return reports, notes

    def _check_files(self, outputs: _Outputs, touched: frozenset[Key], notes: Notes) -> None:
        """Check that the files of the others are what is stated."""
        resting = {key: some for key, some in outputs.items() if key not in touched}
        tasks = [  # their files alone, so they travel light
            replace(self._with_digests(task), sample={}, before={})
            for task in tasks_of(self.job, StatedLists(), resting, {})
        ]
        for report in self.apply(check_files, tasks):
            notes.add(report.notes)

    def _with_digests(self, task: ShardTask) -> ShardTask:
        """The same with what the run has digested of its files."""
        files = [o.path for o in task.outputs]
        files += [] if task.source is None else [task.source.path]
        return replace(
            task, digested={path: self.digested[path] for path in files if path in self.digested}
        )

    def _say(self, resting: int, of: int, notes: Notes) -> None:
        lists = self.job.statement.lists
        n = sum(k for list_id in self.ground.gained for _, k in lists[list_id].entries)
        check = self.ground.check
        if not resting:
            return
        notes.rests_on = check.chain
        notes.rests = (
            f"{resting:,} of {count(of, 'shard')} rest on the check of run {check.run} of "
            f"{check.checked[:10]}: their files were digested again, and their rows held against "
            f"{count(n, 'new entry') if n == 1 else f'{n:,} new entries'} alone"
        )


def _with_links(known: StatedLists, sources: Sequence[Source], apply: Apply) -> StatedLists:
    """The same with the links of the rows that are named."""
    some = [s for s in sources if len(known.rows.get(s.path, ()))]
    found = known.carrying(known.beside, gathered_links(known, some, apply))
    return replace(found, carriers=found.carriers.prepared())


def check_touched(task: ShardTask) -> ShardReport:
    """Check a shard whole, with all lists.

    As many rows as the lists of then name here had left the parent: then they are the same ones,
    for its check says that all of these did. Else some left by the link of a row elsewhere, and
    what the parent made of the shard is walked, too.
    """
    report = check_shard(replace(task, before={}, keeps_out=False))
    stated = {name: before.stated.rows for name, before in task.before.items()}
    if all(report.kept_before[o.edition.name] == stated.get(o.edition.name) for o in task.outputs):
        return report
    return check_shard(replace(task, keeps_out=True))
