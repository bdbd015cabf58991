"""The flow of an update: what the lists gained is searched, and only what it touches is written.

Where the data are what they were, nothing is covered and nothing was taken back, the new entries
alone are searched, in one scan; the shards that they touch are then searched with all lists, and
their counts replace those that the audit before had of them. Else everything is searched with all
lists and counted anew: an old hit spreads to the links of new shards, cover is chosen among all
sites, and what a row was named by is known of lists that are there.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from relaion.errors import InputError, ListError, StopError
from relaion.lists.snapshot import Snapshot
from relaion.parquet.looked_at import BY_BYTES, UNREAD, UNREAD_BESIDE, NotLookedAt
from relaion.paths import Seal, private_folder
from relaion.paths.stand_ins import within_tree
from relaion.roles import WIDTHS
from relaion.run.cover import Covered
from relaion.run.coverage import Coverage, roles_of_kinds
from relaion.run.find import kept_bytes
from relaion.run.gains import Gains
from relaion.run.hits import NO_HIT, Searched, hold
from relaion.run.journal import STORE, Entry, Journal
from relaion.run.manifest import BROUGHT_BACK, PUBLISHABLE, Carried, Earlier
from relaion.run.numbered import Numbered, rows_of
from relaion.run.outputs import AUDIT
from relaion.run.parent import (
    Key,
    ListsSince,
    Parent,
    ShardsSince,
    has_few,
    let_in,
    refuse_changed,
    refuse_other_audit,
    refused_sidecars,
)
from relaion.run.pipeline import BRINGS_BACK, Run
from relaion.run.pool import LocalPool
from relaion.run.process import TaskOutcome
from relaion.run.survey import sidecar_lines
from relaion.run.tasks import Report, Reports, Task, batches, task, tasks
from relaion.sidecars import Sidecar

GAINS = "gains"  # folder of the search for new entries, in the work folder
_LINKED_ROWS = 1_000_000
_BESIDE_ROWS = 5  # that are digested while one is decided and written
# what takes some two seconds, as much as the start of a process is worth: to decide and write, and
# to digest
_ROWS_A_PROCESS = 1_000_000
_BYTES_A_PROCESS = 4_000_000_000


@dataclass
class UpdateRun(Run):
    """A run that goes on from a finished one; `since` and `shards` say what has changed.

    `allow_changed`: shards that have changed are cleaned whole, as new ones are.
    """

    parent: Parent = field(kw_only=True)
    since: ListsSince = field(kw_only=True)
    shards: ShardsSince = field(kw_only=True)
    carried: Carried = field(kw_only=True)
    allow_changed: bool = field(kw_only=True)
    _touched: frozenset[int] | None = None  # None: all shards are decided anew
    _worth: int | None = None  # processes, where there is not work for all
    _walks: bool = True  # whether rows may have left for what nothing names now
    _moved: dict[int, Key] = field(default_factory=dict)  # by number, what a shard was called
    _forgets: bool = False  # whether lists or sidecars do not name all any more that they named

    # -- the search ----------------------------------------------------------------------------

    def _search(
        self, beside: tuple[Sidecar, ...], store: Snapshot
    ) -> tuple[Searched, Covered | None]:
        with self._purged_by(InputError):
            self._refuse_other_sidecars(beside)
        self._walks = self._is_less(beside)
        if why := self._whole_for(beside):
            self.progress.say(f"every shard is searched with all lists: {why}")
            return self._search_all(beside, store)
        with self._purged_by(StopError, InputError, ListError):
            search = self._gains(beside, store)
            gains = search.run(self.request.inputs.shards)
            if self._other_bytes(gains):  # refused, unless they may be
                return self._search_all(beside, store)
            hold(gains.hits, self.request.inputs.rows, self.request.known.sources, yes=self.yes)
            self._touched = frozenset(gains.digests) | search.linked_shards(gains)
            hunt = self._hunt(beside, store)
            hunt = replace(hunt, with_values=False, stays=True, seals=gains.seals)
            shards = search.without_failed(gains.shards)
            now = hunt.run([n for n in shards if n.no in self._touched])
            hunt.count_before(now.shards, self.since.gained)
        return replace(
            now, shards=hunt.without_failed(shards), seals={**gains.seals, **now.seals}, values=()
        ), None

    def _refuse_other_sidecars(self, beside: tuple[Sidecar, ...]) -> None:
        """Raise InputError where one of the name and size that it had holds other bytes now.

        Rows that it named stay out, which steps after this one have to know (`kept_out`).
        """
        now = {s["sha256"] for s in sidecar_lines(beside)}
        had = self.parent.made["sidecars"]
        if not self.allow_changed and (gone := [s for s in had if s["sha256"] not in now]):
            raise refused_sidecars(self.parent, sorted(s["name"] for s in gone))

    def _is_less(self, beside: tuple[Sidecar, ...]) -> bool:
        """Whether rows may have left for what nothing names now: then editions are walked."""
        now = [str(line) for line in sidecar_lines(beside)]
        fewer = any(str(line) not in now for line in self.parent.made["sidecars"])
        gone = self.shards.lost or self.shards.changed  # their rows may have named others
        self._forgets = self.since.was_less or fewer
        return bool(self._forgets or gone or self.parent.parameters["cover"])

    def _whole_for(self, beside: tuple[Sidecar, ...]) -> str:
        """Why every shard has to be searched with all lists; empty where that is not so."""
        lines = sorted(sidecar_lines(beside), key=str)
        reasons = {
            "shards are new, gone or others": not self.shards.is_same,
            "entries were taken back, or may be": self.since.is_less,
            "sidecars are new, gone or others": lines
            != sorted(self.parent.made["sidecars"], key=str),
            "cover is chosen among all sites": self.request.settings.cover
            or self.parent.parameters["cover"],
            "row hashes are counted that were not before": self._hashes_anew,
            "a subset has under 1,000 rows, whose counts are told with others'": has_few(
                self.request.inputs.rows_by_subset
            ),
        }
        return "; ".join(why for why, is_so in reasons.items() if is_so)

    @property
    def _hashes_anew(self) -> bool:
        """Whether row hashes are computed, and counted, that were not before."""
        before = [x for x in self.parent.made["lists"] if x["role"] == "bad"]
        had = any("row_hash" in x["entries"] for x in before)
        return not had and "row_hash" in self.request.known.kinds

    def _search_all(
        self, beside: tuple[Sidecar, ...], store: Snapshot
    ) -> tuple[Searched, Covered | None]:
        searched, cover = super()._search(beside, store)
        with self._purged_by(InputError):
            self._other_bytes(searched)
        return searched, cover

    def _other_bytes(self, searched: Searched) -> bool:
        """Whether shards have other bytes than they had; raises InputError where they may not."""
        before = self.parent.inputs
        keys = {n.no: (n.shard.subset, n.shard.name) for n in searched.shards}
        changed = {
            key
            for no, key in keys.items()
            if key in before and before[key]["sha256"] != searched.seals[no].sha256
        }
        if not self.allow_changed:
            refuse_changed(self.parent, changed, "changed")
        self.shards = replace(self.shards, changed=self.shards.changed | changed)
        self._walks = self._walks or bool(changed)
        lost = {before[key]["sha256"]: key for key in sorted(self.shards.lost)}
        self._moved = {
            no: lost[searched.seals[no].sha256]
            for no, key in keys.items()
            if key in self.shards.gained and searched.seals[no].sha256 in lost
        }
        return bool(changed)

    def _gains(self, beside: tuple[Sidecar, ...], store: Snapshot) -> Gains:
        """The search for the entries that the store gained, in a folder of its own."""
        private_folder(self.place.work / GAINS)
        journal = Journal(self.place.work / GAINS)
        if journal.get(STORE, "", str) != store.sha256:
            journal.forget_search()
            journal.add([Entry(STORE, "", store.sha256)])
        good = [x["list_id"] for x in self.request.known.lists if x["role"] == "good"]
        only = tuple(sorted({*self.since.gained, *good}))
        kinds = {
            kind for x in self.request.known.lists if x["list_id"] in only for kind in x["entries"]
        }
        kinds |= {"row_hash"} if beside else set()  # by which sidecars may name rows
        roles = roles_of_kinds(kinds)
        if kinds <= WIDTHS.keys():  # no link is compared with them: it need not be read
            roles = tuple(role for role in roles if role != "url")
        settings = replace(self.request.settings, work=journal.work)
        return Gains(
            settings, beside, roles, replace(store, only=only), journal,
            self.executor, self.progress, self._fail, with_values=False, stays=True,
            row_bytes=kept_bytes(kinds),
        )  # fmt: skip

    # -- the shards ----------------------------------------------------------------------------

    def _rewrite(self, searched: Searched) -> Reports:
        """Write, where few shards are touched in no more processes than are worth their start."""
        if self._touched is not None:
            self._worth = self._processes(searched.shards, self._touched)
            if isinstance(self.executor, LocalPool):
                self.executor.no_more_than(self._worth)
        return super()._rewrite(searched)

    def _processes(self, shards: Sequence[Numbered], touched: frozenset[int]) -> int:
        """How many processes there is work for: some shards are written, the others digested."""
        rows = rows_of(n for n in shards if n.no in touched)
        size = sum(n.shard.bytes for n in shards if n.no not in touched)
        n_bytes = size * len(self.request.settings.editions)
        return 1 + rows // _ROWS_A_PROCESS + n_bytes // _BYTES_A_PROCESS

    @property
    def _threads(self) -> int:
        """How many shards a process writes at a time: as many as there was room for processes.

        What comes from elsewhere, or goes there, is here one shard at a time.
        """
        settings, shards = self.request.settings, self.request.inputs.shards
        read = [self.parent.folder, *(n.shard.path for n in shards)]
        is_far = settings.store is not None or any(map(within_tree, read))
        if self._worth is None or is_far or not isinstance(self.executor, LocalPool):
            return 1
        return max(1, settings.limits.fitting(settings.limits.workers) // self._worth)

    def _tasks(
        self, waiting: Sequence[Numbered], searched: Searched, copies: Mapping[int, str]
    ) -> Iterator[Task]:
        settings, touched, threads = self.request.settings, self._touched, self._threads
        decided = [n for n in waiting if touched is None or n.no in touched]
        rest = deque(n for n in waiting if touched is not None and n.no not in touched)
        for batch in tasks(settings, decided, searched, copies, self._worth):
            beside = _first(rest, _BESIDE_ROWS * rows_of(batch.shards)) if threads > 1 else ()
            whole = task(settings, (*batch.shards, *beside), searched, copies)
            yield replace(
                whole, parents=self._parents(whole.shards), is_less=self._walks,
                gained=() if touched is None else self.since.gained, threads=threads,
                stay=frozenset(n.no for n in beside),
            )  # fmt: skip
        for some in batches(rest, _LINKED_ROWS):
            batch = task(settings, some, searched, copies)
            yield replace(
                batch, parents=self._parents(some), threads=threads,
                stay=frozenset(n.no for n in some),
            )  # fmt: skip

    def _take(self, batch: Task, outcome: TaskOutcome, reports: Reports) -> Sequence[Numbered]:
        again = super()._take(batch, outcome, reports)
        for n in batch.shards:
            if n.no in reports:
                self.digested |= dict(self._digests(n, reports[n.no]))
        return again

    def _digests(self, n: Numbered, report: Report) -> Iterator[tuple[Path, Seal]]:
        """The files of a shard of which this try has read all bytes, as they were when it was done.

        What was written, or copied, is to be read from the disk once more by whoever checks it.
        """
        yield n.shard.path, Seal(report.stamp, report.sha256)
        for name, made in report.outputs.items():
            if made.how == "linked" and made.stamp is not None:
                yield self.request.settings.target(name, n), Seal(made.stamp, made.sha256)

    def _parents(self, shards: Sequence[Numbered]) -> dict[int, Any]:
        """The editions of these shards as they were; of new and changed ones there are none.

        One with the bytes of a shard that is gone is that one, under another name.
        """
        found = {}
        for n in shards:
            key = self._moved.get(n.no, (n.shard.subset, n.shard.name))
            if key not in self.shards.gained | self.shards.changed:
                found[n.no] = self.parent.outputs(*key)
        return found

    # -- what is told --------------------------------------------------------------------------

    @property
    def _brings_back(self) -> bool:
        # what came back there is here, too
        return bool(self._let_in or self.parent.made["why"] == BROUGHT_BACK)

    @property
    def _let_in(self) -> frozenset[Key]:
        """Shards that may hold again what left for what nothing names now: cleaned as new ones.

        Of those with a new name nobody knows which of the shards that are gone they may be.
        """
        moved = {*self._moved.values()}
        lines = [self.request.plan.inputs[no] for no in self._moved]
        names = {(line["subset"], line["shard"]) for line in lines}
        renamed = self.shards.gained - names if self.shards.lost - moved else frozenset()
        return self.shards.changed | renamed if self._forgets else frozenset()

    def _earlier(self) -> Earlier:
        refuse_other_audit(self.parent.folder, self.parent.made)  # it is read from now on
        return Earlier(
            self.parent.folder / AUDIT, self.carried.steps, self._touched is None,
            tuple(x["list_id"] for x in self.request.plan.lists),
            self.parent.made["why"] not in (PUBLISHABLE, BROUGHT_BACK),
        )  # fmt: skip

    def _covered(
        self, beside: tuple[Sidecar, ...], searched: Searched, reports: Reports
    ) -> tuple[Coverage, ...]:
        if self._touched is None:
            return super()._covered(beside, searched, reports)
        self._check_still(beside, reports)
        return self.carried.told.coverage

    def _passed_over(
        self, beside: tuple[Sidecar, ...], searched: Searched
    ) -> tuple[NotLookedAt, ...]:
        found = super()._passed_over(beside, searched)
        if self._touched is None:
            return found
        counted = (BY_BYTES, UNREAD, UNREAD_BESIDE)  # by their values, which are what they were
        return (
            *found,
            *(x for x in self.carried.told.not_looked_at if x.reason.startswith(counted)),
        )

    def _told(self, searched: Searched, reached: frozenset[str], reports: Reports) -> list[str]:
        less = {NO_HIT, BRINGS_BACK} if self._let_in else {NO_HIT}
        told = [x for x in super()._told(searched, reached, reports) if x not in less]
        gained, kept = len(self.since.gained), sum(map(self._is_as_before, reports.values()))
        lists = f"{gained} list{'' if gained == 1 else 's'} gained"
        return [
            *told,
            *self.since.told,
            *let_in(self.parent, self._let_in),
            f"update of run {self.parent.made['run']}: {lists}; shards left as they were: "
            f"{kept:,}, written anew: {len(reports) - kept:,}",
        ]

    def _is_as_before(self, report: Report) -> bool:
        lines = self.request.plan.inputs[report.no]
        before = self.parent.outputs(lines["subset"], lines["shard"])
        return all(
            name in before and out.sha256 == before[name].sha256
            for name, out in report.outputs.items()
        )


def _first(shards: deque[Numbered], rows: int) -> list[Numbered]:
    """Take the first shards out, as many as have no more rows together."""
    found: list[Numbered] = []
    while shards and (rows := rows - shards[0].shard.rows) >= 0:
        found.append(shards.popleft())
    return found
