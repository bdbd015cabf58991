"""Drive the search: step by step, batch by batch, in processes of their own.

What breaks a process (a crash, a hang, want of memory) breaks one batch. It is cut in halves
until the shard that does it is alone; that one is set aside, and the others go on. Whatever
was found stays in the work folder, so that a run that goes on searches only what is lacking.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from relaion.errors import DamagedError, InputError, OutputError, StopError
from relaion.lists.snapshot import Snapshot
from relaion.parquet.footer import read_footer
from relaion.parquet.layout import Shard
from relaion.parquet.roles import Layout
from relaion.paths import Seal, file_sha256, private_folder
from relaion.roles import HASHED_LINK_KINDS, SCOPED_KINDS, WIDTHS
from relaion.run.hits import Hits, Searched
from relaion.run.journal import FIND, MADE, Entry, Journal, Ledger
from relaion.run.numbered import Numbered, rows_of
from relaion.run.pool import Executor, Wide
from relaion.run.process import TaskOutcome, is_killed, is_stopped, way_on
from relaion.run.progress import SEARCH, Extent, Progress
from relaion.run.settings import Settings
from relaion.run.survey import ALIKE, SIDECAR_KEYS, UNREAD_BESIDE, first_of, sealed
from relaion.run.tasks import FindTask, batches, share_of
from relaion.sidecars import Sidecar

BATCH_ROWS = 100_000_000
FEWEST_ROWS = 1_000_000  # to make the lists ready takes longer than to search fewer
ONE_THREAD_ROWS = 50_000  # which one thread searches as soon as several do, in lists of such a size
ONE_THREAD_BYTES = 200_000_000
LINK_BYTES = 400  # that DuckDB keeps of a row whose host is listed, link and key, while it searches
FEW_LINK_BYTES = 150  # of a row where links alone are listed: nearly all are proved to be others
# what a batch of shards leaves, by table: the word in the names of its files
_PARTS = {
    "list_hits": "hits", "hit_keys": "keys", "found_values": "values", "hit_traits": "traits",
    "hit_entries": "entries",
}  # fmt: skip
LISTS = "hits"  # the step of the search that reads the lists
COUNTS = ("hit_counts", "hit_unions", "hit_order", "hit_pairs")
Reads = Mapping[str, tuple[Path, ...]]
Fail = Callable[[Numbered, str], None]


def kept_bytes(kinds: Collection[str], *, beside: bool = False) -> int:
    """Bytes that DuckDB keeps of a row while it searches for entries of these kinds.

    Whatever lies below a host or a prefix stays until it is compared, and so does every hashed
    link; digests of images do not. `beside`: sidecars name rows by link or row hash.
    """
    if not beside and WIDTHS.keys() >= {*kinds}:
        return 0
    stays = {*SCOPED_KINDS, *HASHED_LINK_KINDS} & {*kinds}
    return LINK_BYTES if stays else FEW_LINK_BYTES


def rows_at_once(find_bytes: int, row_bytes: int) -> int:
    """How many rows are searched together, in so much memory, where so much is kept of a row."""
    return max(FEWEST_ROWS, min(BATCH_ROWS, find_bytes // max(1, row_bytes)))


@dataclass
class Hunt:
    """A search over shards in order of number, as far as the journal lacks it.

    `sidecars` name further rows by image hash. `roles` are those whose columns are looked at: of
    image digests none else is compared with any list, and how many rows have a value is counted
    of these. `fail` hears of each shard that broke it; without it they all end the search.
    `with_entries`: which entries hit is kept too, for their givers. `with_values`: how many rows
    have a value is counted at all, which costs a third of a search for few digests. `stays`: more
    is asked when all is counted, so the connection is not closed then. `row_bytes`: what is kept
    of a row, as `kept_bytes` has it: a batch has no more rows than fit into memory, for else they
    go to the disk and back. `seals` are the shards as an earlier search saw them, if there was one:
    they need not be digested again. `digests`: shards are digested, so that what is written can be
    said to be of these bytes; where nothing is, their stamps tell whether somebody wrote to them.
    """

    settings: Settings
    sidecars: tuple[Sidecar, ...]
    roles: tuple[str, ...]
    store: Snapshot
    journal: Journal
    executor: Executor
    progress: Progress
    fail: Fail | None = None
    with_entries: bool = False
    with_values: bool = True
    stays: bool = False
    row_bytes: int = LINK_BYTES
    seals: Mapping[int, Seal] = field(default_factory=dict)
    digests: bool = True
    _failed: dict[int, str] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        """The work folder of the run."""
        return self.settings.work

    def run(self, shards: Sequence[Numbered]) -> Searched:
        """Search all shards; leaves list_hits, same_link and lists in the work folder.

        Raises InputError for a sidecar, ListError for a store that another program wrote into,
        OutputError where nothing can be searched, DamagedError for shards that nobody hears of.
        """
        private_folder(self.work / FIND)
        is_small = self.store.path.stat().st_size <= ONE_THREAD_BYTES and not self.sidecars
        if is_small and rows_of(shards) <= ONE_THREAD_ROWS:
            limits = replace(self.settings.limits, alone=True)
            self.settings = replace(self.settings, limits=limits)
        self.meet_sidecars()
        hits = Ledger(self.journal, LISTS)
        self.sweep("", shards, hits, self.seals, partial(self.task, "hits"))
        self._refuse_failed()
        seals = hits.share_stamps({n.no: n.shard.stamp for n in shards})
        all_hits, all_keys = self._gathered(hits)
        same_link: tuple[Path, ...] = ()
        if self.settings.same_link and read_footer(self._spreading(all_hits, all_keys)).rows:
            reads: Reads = {"list_hits": (all_hits,), "hit_keys": (all_keys,)}
            same_link = self._spread(shards, seals, reads)
        searched = self.without_failed(shards)
        counted = self._count(searched, hits, all_hits, same_link)
        self.store.check()
        self._refuse_failed()
        entries = self._path("hit_entries") if self.with_entries else None
        all_found = Hits.of(counted["counts"], counted["unions"])
        digests = {int(no): digest for no, digest in counted["digests"]}
        values = tuple((no, role, name, n) for no, role, name, n in counted["values"])
        return Searched(all_found, digests, searched, seals, values, entries)

    def _refuse_failed(self) -> None:
        """Raise for shards that failed, and that nobody hears of."""
        if not self._failed or self.fail is not None:
            return
        lines = list(self._failed.values())
        if all(map(is_killed, lines)) or all(map(is_stopped, lines)):
            raise StopError(f"{first_of(lines)}; {way_on(lines, 'repair or replace it')[1]}")
        raise DamagedError(first_of(lines))

    def _spreading(self, hits: Path, keys: Path) -> Path:
        """The file that has rows if links are looked for."""
        return keys

    def _spread(
        self, shards: Sequence[Numbered], seals: Mapping[int, Seal], reads: Reads
    ) -> tuple[Path, ...]:
        """Files of the rows that carry a link of a row that was found (`same_link`)."""
        (keys,) = reads["hit_keys"]
        same = Ledger(self.journal, f"same-{file_sha256(keys)[:16]}")
        same.keep(seals)
        self.sweep("same links", shards, same, seals, partial(self.task, "same", reads=reads))
        return tuple(map(self._path, same.names))

    def meet_sidecars(self) -> None:
        """Search the lists in the sidecars, if there are any."""
        if self.sidecars:
            self.made(self.task("sidecars"), [sealed(s).sha256 for s in self.sidecars])

    @property
    def batch_rows(self) -> int:
        """How many rows are searched together."""
        return rows_at_once(self.settings.limits.find_bytes, self.row_bytes)

    @property
    def _all_hits(self) -> Path:
        return self.work / "list_hits.parquet"  # where shard tasks read it

    def _path(self, name: str, part: str = "hits") -> Path:
        return self.work / FIND / f"{name.replace('hits', part, 1)}.parquet"

    def _paths(self, ledger: Ledger, table: str) -> tuple[Path, ...]:
        """The files of a table, of all shards that were searched."""
        return tuple(self._path(name, _PARTS[table]) for name in ledger.names)

    def without_failed(self, shards: Sequence[Numbered]) -> tuple[Numbered, ...]:
        """Those of some shards that broke no step of this search so far."""
        return tuple(n for n in shards if n.no not in self._failed)

    def sweep(
        self,
        detail: str,
        shards: Sequence[Numbered],
        ledger: Ledger,
        seals: Mapping[int, Seal],
        make: Callable[..., FindTask],
        step: str = SEARCH,
    ) -> None:
        """Do a step over all shards that its ledger does not cover yet; `detail` is what is told.

        `make` makes the task of some shards (`shards`), which leaves files of that `name`; `seals`
        are the shards as they were searched, if they were.
        """
        shards = self.without_failed(shards)
        covered = ledger.covered
        before = Extent.of(n for n in shards if n.no in covered)
        self.progress.phase(step, Extent.of(shards), before, detail)
        lacking = [n for n in shards if n.no not in covered]
        waiting = deque(self._batches(lacking, reads_lists=ledger.step == LISTS))
        # what a batch needs of shards elsewhere is kept where it is all
        lets_go = len(waiting) > 1
        alone = 0

        def tasks() -> Iterator[tuple[str, FindTask]]:
            """What goes on side by side, with the names of what it finds."""
            for _ in range(len(waiting) if self._searches > 1 else 1):
                batch = waiting.popleft()
                numbers = [n.no for n in batch]
                name = ledger.name(numbers)
                known = {n: seals[n] for n in numbers if seals}
                yield name, replace(make(shards=batch, name=name), lets_go=lets_go, seals=known)

        while waiting:
            for name, task, done in self._done(dict(tasks())):
                outcome, batch, said = done, task.shards, done.said
                if outcome.error is None and not ledger.add(name, said["seals"], said["files"]):
                    outcome = replace(outcome, error=f"{task.named}: what was found in it is gone")
                if outcome.error is None:
                    self._through(batch)
                    continue
                if len(batch) > 1:
                    half = len(batch) // 2
                    waiting.extendleft((batch[half:], batch[:half]))
                    continue
                alone += 1
                line = self._set_aside(batch[0], outcome.error)
                if alone >= ALIKE and not ledger.names:
                    raise OutputError(
                        f"{outcome.error} ({alone} shards failed and none could be searched, so "
                        f"the shards are not the cause; {way_on([line])[1]})"
                    )

    @property
    def _searches(self) -> int:
        """How many searches go on side by side: on one machine one, with all of its threads."""
        return self.executor.searches if isinstance(self.executor, Wide) else 1

    def _batches(
        self, shards: Sequence[Numbered], *, reads_lists: bool
    ) -> Iterator[tuple[Numbered, ...]]:
        """What is searched at once: as much as there is, or shares for all who search."""
        each = self.batch_rows
        if self._searches > 1:
            rows = [n.shard.rows for n in shards]
            lists = self.store.path.stat().st_size if reads_lists else 0
            each = max(FEWEST_ROWS, min(each, share_of(rows, self._searches, lists)))
        return batches(shards, each)

    def _through(self, shards: Sequence[Numbered]) -> None:
        self.progress.done(Extent.of(shards), shards[0].no)

    def _set_aside(self, numbered: Numbered, error: str) -> str:
        line = self._failed[numbered.no] = numbered.told(error)
        if self.fail is not None:
            self.fail(numbered, line)
        self._through([numbered])
        return line

    def task(
        self,
        step: str,
        shards: Sequence[Numbered] = (),
        reads: Reads | None = None,
        name: str = "",
    ) -> FindTask:
        """A task of a step; what one of the search leaves has its place."""
        writes = {
            "hits": {table: self._path(name, part) for table, part in _PARTS.items()},
            "same": {"same_link": self._path(name)},
            "spread": {
                "same_link": self._path(name),
                "further_rows": self._path(f"further-{name}"),
            },
            "linked": {"hit_keys": self._path(name)},
            "further": {"further_keys": self._path(name)},
            "gather": {"list_hits": self._all_hits, "hit_keys": self._path("hit_keys")},
            "count": {t: self.work / f"{t}.parquet" for t in COUNTS},
            "before": {t: self.work / f"{t}_before.parquet" for t in COUNTS},
            "sidecars": {t: self.work / t for t in (SIDECAR_KEYS, UNREAD_BESIDE)},
        }
        if self.with_entries:
            writes["gather"]["hit_entries"] = self._path("hit_entries")
        else:
            del writes["hits"]["hit_entries"]
        values = {"hits": {"counts": self.with_values}, "count": {"stays": self.stays}}
        copies = {} if step == "hits" else self.journal.copies(n.no for n in shards)
        return FindTask(
            self.settings, tuple(shards), copies=copies, sidecars=self.sidecars, roles=self.roles,
            reads=dict(reads or {}), writes=writes.get(step, {}), step=step, store=self.store,
            values=values.get(step, {}), digests=self.digests,
        )  # fmt: skip

    def _do(self, task: FindTask) -> TaskOutcome:
        """Do a step that reads no shard."""
        if isinstance(self.executor, Wide):
            return self._heard(self.executor.run_here(task))
        ((_, _, outcome),) = self._done({"": task})
        return outcome

    def _done(self, tasks: Mapping[str, FindTask]) -> Iterator[tuple[str, FindTask, TaskOutcome]]:
        """Do tasks that have names; yields what became of each as it comes."""
        by_no = {task.no: (name, task) for name, task in tasks.items()}
        for outcome in self.executor.run(list(tasks.values())):
            yield *by_no[outcome.no], self._heard(outcome)

    def _heard(self, outcome: TaskOutcome) -> TaskOutcome:
        if outcome.error is not None:
            self.store.check()  # what was wrong with the store is no fault of a shard
        if outcome.fatal:
            raise OutputError(f"{outcome.error}; fix the cause and repeat the command to go on")
        self.journal.add_copies(outcome.said.get("copies", {}))
        return outcome

    def made(self, task: FindTask, of: list[Any], name: str = "") -> dict[str, Any]:
        """Do a step that reads no shard, unless it was done over the same files already.

        Returns what it found. `name` is that of the step, where it is done more than once.
        """
        name = name or task.step

        def found(value: dict[str, Any]) -> dict[str, Any]:
            if value["of"] != of:
                raise LookupError
            return dict(value["found"])

        before = self.journal.get(MADE, name, found)
        if before is not None:
            return before
        outcome = self._do(task)
        if outcome.error is not None:
            if task.step == "sidecars":
                raise InputError(f"the sidecars cannot be searched: {outcome.error}")
            raise OutputError(f"{outcome.error}; {way_on([outcome.error])[1]}")
        value = {"of": of, "found": outcome.said["found"]}
        self.journal.add([Entry(MADE, name, value, outcome.said["files"])])
        return found(value)

    def count_before(self, shards: Sequence[Numbered], gained: Sequence[int]) -> None:
        """Count what was found once more, without these lists, for the audit of an update."""
        reads: Reads = {t: (self.work / f"{t}.parquet",) for t in ("list_hits", "same_link")}
        task = replace(self.task("before", shards, reads), values={"gained": list(gained)})
        files = [file_sha256(path) for paths in reads.values() for path in paths]
        self.made(task, [files, [n.no for n in shards], list(gained)])

    def _gathered(self, hits: Ledger) -> tuple[Path, Path]:
        """All hits in one file, and the keys of all."""
        tables = ["list_hits", "hit_keys", *(["hit_entries"] if self.with_entries else [])]
        reads = {table: self._paths(hits, table) for table in tables}
        # by their digests: a shard that was replaced has the same names again
        value = [[p.name, file_sha256(p)] for paths in reads.values() for p in paths]
        self.made(self.task("gather", (), reads), value)
        return self._all_hits, self._path("hit_keys")

    def _count(
        self, shards: Sequence[Numbered], ledger: Ledger, hits: Path, same: tuple[Path, ...]
    ) -> dict[str, Any]:
        values = self._paths(ledger, "found_values")
        values += (self.work / UNREAD_BESIDE,) if self.sidecars else ()
        traits = self._paths(ledger, "hit_traits")
        reads: Reads = {
            "list_hits": (hits,), "same_link": same, "found_values": values, "hit_traits": traits,
        }  # fmt: skip
        files = [[p.name, file_sha256(p)] for p in (hits, *same, *values, *traits)]
        lines = hashlib.sha256()  # of very many shards
        for n in shards:
            lines.update(json.dumps([n.no, n.shard.subset, n.shard.rows]).encode("ascii"))
        counted = [_counted(n) for n in shards] if len(shards) > 1 else shards
        return self.made(self.task("count", counted, reads), [files, lines.hexdigest()])


def _counted(n: Numbered) -> Numbered:
    """What of a shard is needed where none is read: of very many the rest takes room."""
    shard = n.shard
    few = Shard(_NOWHERE, shard.subset, "", shard.rows, shard.bytes, 1, _NOTHING)
    return Numbered(n.no, n.group, few)


_NOWHERE, _NOTHING = Path(), Layout(())
