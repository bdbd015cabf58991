"""The flow of a run inside its work folder: search, rewrite, count, and the manifest last.

A shard that fails is set aside and named; the others are done. Then the run stops with what
it has, to be gone on with when the shard was replaced.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from relaion.errors import InputError, StopError
from relaion.run import manifest
from relaion.run import out as folder
from relaion.run.audit import Found, write_audit
from relaion.run.coverage import ROLES, coverage, not_looked_at
from relaion.run.editions import Edition
from relaion.run.find import Search
from relaion.run.hunt import Hunt, Searched
from relaion.run.inputs import Inputs, several
from relaion.run.job import Job, done
from relaion.run.keywords import Keywords, write_keywords
from relaion.run.known import Known
from relaion.run.limits import Limits
from relaion.run.numbering import Numbered
from relaion.run.plan import Parameters, Plan
from relaion.run.pool import Executor
from relaion.run.progress import Progress
from relaion.run.reach import reach
from relaion.run.search import hold, notices
from relaion.run.sidecars import roles_beside, sidecar_lines
from relaion.run.task import Report
from relaion.shards.sidecar import Sidecar, read_sidecars


@dataclass(frozen=True)
class Request:
    """The checked arguments of a run."""

    inputs: Inputs
    editions: tuple[Edition, ...]
    known: Known
    keywords: Keywords | None
    parameters: Parameters
    plan: Plan
    limits: Limits
    version: str
    sidecars: tuple[Path, ...]


@dataclass
class Run:
    """One run over an OUT that is locked and begun."""

    place: folder.Out
    request: Request
    lists: Path
    executor: Executor
    progress: Progress
    copy: bool
    yes: bool
    _failed: list[str] = field(default_factory=list)

    def whole(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Do it all; returns the manifest and what was to be said.

        Raises StopError when shards failed, once the others are done.
        """
        started = datetime.now(UTC)
        inputs, work = self.request.inputs, self.place.work
        for broken in inputs.broken:
            self._fail(broken.shard.subset, broken.shard.name, broken.why)
        if self.request.keywords:
            write_keywords(work, self.request.keywords)
        told: list[str] = []
        beside = self._sidecars(told)
        searched = self._search(beside)
        reports = self._rewrite(searched)
        if self._failed:
            raise StopError(
                f"{several(self._failed)}: {len(self._failed)} of {len(self.request.plan.inputs)} "
                "shards failed, the others are done; mend or replace what failed and repeat the "
                "command to go on"
            )
        covered = (
            *coverage(
                inputs, searched.values, ROLES, row_hashes="row_hash" in self.request.known.kinds
            ),
            *reach(inputs, beside, self.request.limits, work, self.request.version),
        )
        lines = sidecar_lines(beside, work)
        passed_over = not_looked_at(inputs, searched.values)
        is_hit = bool(searched.hits.counts)
        found = Found(
            self.request.plan, inputs.shards, reports, covered, passed_over, lines, is_hit
        )
        write_audit(self.place.path / "audit.duckdb", found, work)
        finished = datetime.now(UTC)
        made = manifest.build(found, started.isoformat(), finished.isoformat())
        manifest.write(self.place.path, made)
        folder.purge(self.place.path, work)
        told += self._told(searched, roles_beside(beside), reports)
        return made, tuple(dict.fromkeys(told))

    def _fail(self, subset: str, name: str, line: str) -> None:
        folder.note_failed(self.place.work, subset, name)
        self._failed.append(line)
        self.progress.say(line)

    def _fail_shard(self, numbered: Numbered, line: str) -> None:
        self._fail(numbered.shard.subset, numbered.shard.name, line)

    def _sidecars(self, told: list[str]) -> tuple[Sidecar, ...]:
        if not self.request.sidecars:
            return ()
        try:
            return tuple(
                read_sidecars(
                    self.request.sidecars, self.place.work, self.request.parameters.columns, told
                )
            )
        except InputError:
            folder.purge(self.place.path, self.place.work)
            raise

    def _search(self, beside: tuple[Sidecar, ...]) -> Searched:
        """Find the rows that the lists name; stops where that is too much to be true."""
        request = self.request
        parameters = request.parameters
        search = Search(
            request.version, parameters.same_link, parameters.inner, beside,
            request.limits.workers, ROLES,
        )  # fmt: skip
        hunt = Hunt(
            search, self.lists, self.place.work, request.limits.memory, self.executor,
            self.progress, self._fail_shard,
        )  # fmt: skip
        try:
            searched = hunt.run(request.inputs.shards)
            hold(searched.hits, request.inputs.rows, request.known.sources, yes=self.yes)
        except (StopError, InputError):
            folder.purge(self.place.path, self.place.work)
            raise
        return searched

    def _rewrite(self, searched: Searched) -> dict[int, Report]:
        """Do the tasks of all shards that could be searched and are not done yet."""
        request = self.request
        job = Job(
            self.place.path, self.place.work, request.editions, request.parameters,
            request.version, request.limits.memory, request.limits.workers, not self.copy,
        )  # fmt: skip
        tasks = job.tasks(searched.shards, searched.digests)
        numbered = {n.no: n for n in searched.shards}
        reports = {t.no: report for t in tasks if (report := done(t))}
        waiting = {t.no: t for t in tasks if t.no not in reports}
        self.progress.phase("clean", len(waiting), sum(t.rows for t in waiting.values()))
        for outcome in self.executor.run(list(waiting.values())):
            task = waiting[outcome.no]
            if outcome.error is None:
                reports[task.no] = Report.read(task.report_path)
            else:
                self._fail_shard(numbered[task.no], outcome.error)
            self.progress.done(1, task.rows)
        return dict(sorted(reports.items()))

    def _told(
        self, searched: Searched, reached: frozenset[str], reports: Mapping[int, Report]
    ) -> list[str]:
        request = self.request
        told = list(request.inputs.notices)
        told += notices(searched.hits, request.known.kinds, request.inputs.roles, reached)
        if any("unsafe_keyword" in e.rules for e in request.editions) and not request.keywords:
            told.append("no --keywords: the rule that needs them is off")
        for report in reports.values():
            told += report.notices
        return told
