"""The flow of a run inside its work folder: search, rewrite, count, and the manifest last.

A shard that fails is set aside and named; the others are done. Then the run stops with what
it has, to be gone on with when the shard was replaced.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from relaion.errors import InputError, ListError, RelaionError, StopError
from relaion.lists.key import ledger_path
from relaion.lists.snapshot import Snapshot
from relaion.parquet.looked_at import Asked, NotLookedAt
from relaion.paths import Seal, replaced
from relaion.remote.objects import Noted
from relaion.roles import COUNTED
from relaion.run import manifest
from relaion.run import out as folder
from relaion.run.cover import Choice, Covered
from relaion.run.coverage import Coverage, coverage, left_out
from relaion.run.find import Hunt, kept_bytes
from relaion.run.hits import KnownLists, Searched, hold, hold_good, notices, snapshot
from relaion.run.journal import SHARD, Entry, Journal
from relaion.run.manifest import Earlier, FinishedRun, Told, write_audit
from relaion.run.numbered import Numbered
from relaion.run.outputs import AUDIT as AUDIT_FILE
from relaion.run.pool import Caller, Executor
from relaion.run.process import TaskOutcome, way_on
from relaion.run.progress import AUDIT, SEARCH, WRITE, Extent, Progress, Quiet
from relaion.run.settings import Keywords, Plan, Settings, write_keywords
from relaion.run.survey import (
    ALIKE,
    Broken,
    ChangedSidecarError,
    Inputs,
    check_sidecars,
    first_of,
    read_sealed_sidecars,
    roles_beside,
    sidecar_lines,
)
from relaion.run.tasks import Report, Reports, Task, is_done, tasks
from relaion.sidecars import Sidecar

BRINGS_BACK = (
    "since these lists came, entries of them were taken back, or a list was withdrawn. That "
    "matters only if you have published an edition that was made with those entries: whoever "
    "compares it with this new one finds the rows that came back. In that case make the new one "
    "with `relaion update` from the published one, which keeps those rows out"
)
"""What a run says that holds other entries than the runs before it may have had."""
_REPAIR = "repair or replace what failed"


@dataclass(frozen=True)
class Request:
    """The checked arguments of a run; `key` is where the curator key lies."""

    settings: Settings
    inputs: Inputs
    known: KnownLists
    keywords: Keywords | None
    plan: Plan
    sidecars: tuple[Path, ...]
    key: Path


@dataclass
class Run:
    """One run over an OUT that is locked and begun; `goes_on` where a try before broke off."""

    place: folder.Out
    journal: Journal
    request: Request
    lists: Path
    goes_on: bool
    executor: Executor
    caller: Caller
    progress: Progress
    yes: bool
    digested: dict[Path, Seal] = field(default_factory=dict)  # files as this try has read them
    audit: Told | None = None  # what is told of it, once it is written
    _failed: list[str] = field(default_factory=list)
    _written: int = 0  # shards, by this process
    _unwritten: int = 0

    def whole(self) -> tuple[dict[str, Any], tuple[str, ...], tuple[NotLookedAt, ...], Snapshot]:
        """Do it all: the manifest, what was to be said, what was not looked at, the store as read.

        The manifest that is returned has sums in place of lines of shards.

        Raises StopError when shards failed, once the others are done. The work folder is
        left, with the store in it.
        """
        store = self._taken()
        started = datetime.now(UTC)
        inputs, work = self.request.inputs, self.place.work
        for broken in inputs.broken:
            self._fail(broken, broken.why)
        beside, told = self._read_beside()
        searched, cover = self._search(beside, store)
        reports = self._rewrite(searched)
        self._stop_where_failed()
        self.progress.phase(AUDIT)
        covered = self._covered(beside, searched, reports)
        passed_over = self._passed_over(beside, searched)
        found = FinishedRun(
            self.request.plan, reports, covered, passed_over,
            sidecar_lines(beside), bool(searched.hits.counts), cover, self._earlier(),
            self._brings_back,
        )  # fmt: skip
        audit, self.audit = write_audit(self.caller, self.place.path / AUDIT_FILE, found, work)
        finished = datetime.now(UTC)
        made = manifest.build(found, started.isoformat(), finished.isoformat(), audit)
        made = manifest.write(self.place.path, made)
        if self.place.remote is not None:
            self.place.remote.finish(self._put(reports))
        told += self._told(searched, roles_beside(beside), reports)
        told += [] if cover is None else [cover.told]
        return made, tuple(dict.fromkeys(told)), passed_over, store

    def _put(self, reports: Reports) -> dict[str, Noted]:
        """All outputs as they were put in a store."""
        settings = self.request.settings
        return {
            settings.name(name, n): output.noted
            for n in self.request.inputs.shards
            for name, output in reports[n.no].outputs.items()
        }

    def _taken(self) -> Snapshot:
        """The store as it is read from here on."""
        # it has begun with lists that nobody has any more
        with self._purged_by(*(() if self.goes_on else (ListError, InputError))):
            self.progress.phase(SEARCH)
            return snapshot(self.lists, self.request.known, self.journal, self.caller)

    def _read_beside(self) -> tuple[tuple[Sidecar, ...], list[str]]:
        """The sidecars, and what is to be said of them; leaves the keywords for shard tasks."""
        told: list[str] = []
        with self._purged_by(InputError):
            beside = read_sealed_sidecars(
                self.request.sidecars, self.journal, self.request.settings.columns, told,
                self.caller,
            )  # fmt: skip
        if self.request.keywords:
            write_keywords(self.place.work, self.request.keywords)
        return beside, told

    @property
    def _mine(self) -> tuple[Numbered, ...]:
        """The shards that this run writes."""
        return self.request.inputs.shards

    @property
    def _of(self) -> int:
        """How many shards it has, those that are broken too."""
        return len(self.request.plan.inputs)

    @property
    def _brings_back(self) -> bool:
        """Whether rows may be here that an edition made before lacks."""
        return self.request.known.taken_back

    def _earlier(self) -> Earlier | None:
        """What is carried on of a run before; nothing, by a first clean."""
        return None

    def _passed_over(
        self, beside: tuple[Sidecar, ...], searched: Searched
    ) -> tuple[NotLookedAt, ...]:
        """What was not looked at."""
        request = self.request
        asked = Asked(
            request.known.kinds,
            {rule for e in request.settings.editions for rule in e.rules},
            roles_beside(beside),
            request.keywords is not None,
            {x["label"] for x in request.known.lists if x["role"] == "bad"}.difference(
                *(e.labels for e in request.settings.editions)
            ),
            request.known.unusable,
        )
        return left_out(request.inputs, beside, asked, searched.values)

    def _stop_where_failed(self) -> None:
        n, of = len(self._failed), self._of
        if n:
            did, todo = way_on(self._failed, _REPAIR)
            said = f"{n} of {of} shards {did}" + (", the others are done" if n < of else "")
            raise StopError(f"{self._told_why()}{': ' + said if of > 1 else ''}; {todo}")

    def _told_why(self) -> str:
        """Why shards failed; whoever heard each line is not told it again."""
        if isinstance(self.progress, Quiet) or self._of == 1:
            return first_of(self._failed)
        return f"{self.place.named}: as told above"

    def _stop_uncovered(self) -> None:
        if self._failed:
            raise StopError(
                f"{self._told_why()}: cover is chosen among the rows of all shards, so none "
                f"is written before these can be read; {way_on(self._failed, _REPAIR)[1]}"
            )

    def _covered(
        self, beside: tuple[Sidecar, ...], searched: Searched, reports: Reports
    ) -> tuple[Coverage, ...]:
        """Count what could be matched; whoever changed a file by then is told so by its name."""
        inputs, request = self.request.inputs, self.request
        try:
            return coverage(
                self.caller, inputs, searched.values, COUNTED, beside, request.settings,
                self.journal, row_hashes="row_hash" in request.known.kinds,
            )  # fmt: skip
        finally:
            self._check_still(beside, reports)

    def _check_still(self, beside: tuple[Sidecar, ...], reports: Reports) -> None:
        """Raise where a file has other bytes than those that were read."""
        self._refuse_changed(reports)
        check_sidecars(beside)

    def _refuse_changed(self, reports: Reports) -> None:
        """Set aside the shards that have other bytes than were written; stops where there are."""
        for n in self._mine:
            report = reports[n.no]
            if not report.is_of(n.shard.path):
                self.journal.mark_changed([n.no])
                for edition in self.request.settings.editions:  # a hard link to it changed with it
                    self.request.settings.target(edition.name, n).unlink(missing_ok=True)
                self._fail(n, str(replaced(n.shard.path)))
        self._stop_where_failed()

    def _fail(self, shard: Numbered | Broken, line: str) -> None:
        self.journal.mark_failed(shard.shard.subset, shard.shard.name)
        self._failed.append(line)
        if self._of > 1:  # what is said of the only one is the last line
            self.progress.say(line)

    @contextmanager
    def _purged_by(self, *kinds: type[RelaionError]) -> Iterator[None]:
        """Leave nothing of a run that is stopped by such an error, and cannot be gone on with."""
        try:
            yield
        except ChangedSidecarError:
            raise
        except kinds:
            folder.purge(self.place)
            raise

    def _search(
        self, beside: tuple[Sidecar, ...], store: Snapshot
    ) -> tuple[Searched, Covered | None]:
        """Find the rows that the lists name, and choose what hides them.

        Stops where it is too much to be true; cover does not count for that.
        """
        request = self.request
        hunt = self._hunt(beside, store)
        with self._purged_by(StopError, InputError, ListError):
            searched = hunt.run(request.inputs.shards)
            hold(searched.hits, request.inputs.rows, request.known.sources, yes=self.yes)
        if not request.settings.cover:
            return searched, None
        ledger = ledger_path(request.key)
        choice = Choice(hunt, request.known.key, ledger, self.caller, self._stop_uncovered)
        return choice.run(searched)

    def _hunt(self, beside: tuple[Sidecar, ...], store: Snapshot) -> Hunt:
        return Hunt(
            self.request.settings, beside, COUNTED, store, self.journal, self.executor,
            self.progress, self._fail,
            row_bytes=kept_bytes(self.request.known.kinds, beside=bool(beside)),
        )  # fmt: skip

    def _rewrite(self, searched: Searched) -> Reports:
        """Write all shards that could be searched and are not written yet.

        A batch that failed as a whole is done again shard by shard, so that only the shard
        that failed is set aside.
        """
        settings = self.request.settings
        reports = Reports()
        there = None if self.place.remote is None else self.place.remote.there()
        for n in searched.shards:
            report = self.journal.get(SHARD, str(n.no), Report.read)
            known = searched.digests.get(n.no, ""), searched.seals[n.no].sha256
            if report and is_done(report, settings, n, *known, there):
                reports.add([n.no], self.journal)
        waiting = [n for n in searched.shards if n.no not in reports]
        before = Extent.of(n for n in searched.shards if n.no in reports)
        self.progress.phase(WRITE, Extent.of(searched.shards), before)
        copies = self.journal.copies(n.no for n in waiting)
        batches = list(self._tasks(waiting, searched, copies))
        while batches:
            again: list[Numbered] = []
            by_no = {t.no: t for t in batches}
            for outcome in self.executor.run(batches):
                again += self._take(by_no[outcome.no], outcome, reports)
            batches = [t for n in again for t in self._tasks([n], searched, copies)]
        return reports

    def _tasks(
        self, waiting: Sequence[Numbered], searched: Searched, copies: Mapping[int, str]
    ) -> Iterator[Task]:
        """What workers are to do with shards that are not written yet."""
        return tasks(self.request.settings, waiting, searched, copies)

    def _take(self, batch: Task, outcome: TaskOutcome, reports: Reports) -> Sequence[Numbered]:
        """Note what became of a batch; returns the shards that are to be done again, alone.

        Raises StopError where no other batch can do better.
        """
        done = [Report.read(found) for found in outcome.said.get("reports", ())]
        self.journal.add(Entry(SHARD, str(report.no), report.plain()) for report in done)
        self.journal.mark_changed(outcome.said.get("changed", ()))
        reports.add((report.no for report in done), self.journal)
        self._written += len(done)
        if outcome.fatal:
            raise StopError(
                f"{outcome.error} (every other shard would fail too, so the run stopped; fix the "
                "cause and repeat the command)"
            )
        if outcome.error is not None and len(batch.shards) > 1:
            return batch.shards
        lines = {int(no): line for no, line in outcome.said.get("failed", {}).items()}
        for n in batch.shards:
            if n.no not in reports:
                self._fail(n, lines.get(n.no) or n.told(outcome.error))
                self._stop_where_all_fail()
        self.progress.done(Extent.of(batch.shards), batch.no)
        return ()

    def _stop_where_all_fail(self) -> None:
        self._unwritten += 1
        if self._written == 0 and self._unwritten >= ALIKE:
            raise StopError(
                f"{self._told_why()} ({self._unwritten} shards failed and none could be written, "
                f"so the shards are not the cause; {way_on(self._failed)[1]})"
            )

    def _told(self, searched: Searched, reached: frozenset[str], reports: Reports) -> list[str]:
        request = self.request
        told = list(request.inputs.notices)
        told += hold_good(request.known, settled=True)
        told += notices(searched.hits, request.known, request.inputs, reached)
        if (
            any("unsafe_keyword" in e.rules for e in request.settings.editions)
            and not request.keywords
        ):
            told.append("no --keywords: the rule that needs them is off")
        if self._brings_back:
            told.append(BRINGS_BACK)
        ledger = ledger_path(request.key)
        if (
            not request.settings.cover
            and ledger.exists()
            and self.caller.call("relaion.lists.cover:knows_cover", ledger, request.known.key)
        ):
            told.append(
                "there is a cover ledger beside the curator key, but this run has no --cover: "
                "whoever compares its editions with one that has cover sees which rows were cover"
            )
        for report in reports.values():
            told += report.notices
        return told
