"""Drive the search: step by step, batch by batch, in processes of their own.

What breaks a process (a crash, a hang, want of memory) breaks one batch. It is cut in halves
until the shard that does it is alone; that one is set aside, and the others go on. Whatever
was found stays in the work folder, so that a run that goes on searches only what is lacking.
"""

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from relaion.errors import InputError, OutputError
from relaion.lists.snapshot import Snapshot
from relaion.parquet.footer import read_footer
from relaion.paths import Seal, file_sha256, private_folder, shown
from relaion.run.find_task import FOUND, FindTask, Search
from relaion.run.hits import Count, Hits, Union
from relaion.run.journal import FIND, Ledger, is_vouched, vouch
from relaion.run.pool import Executor, Progress, TaskOutcome
from relaion.run.sidecars import UNREAD
from relaion.run.survey import Numbered, batches

BATCH_ROWS = 100_000_000
ALIKE = 20  # shards that fail before one succeeds: it is not the shards
Reads = Mapping[str, tuple[Path, ...]]
Fail = Callable[[Numbered, str], None]
ValueLine = tuple[int, str, str | None, int]


@dataclass(frozen=True)
class Searched:
    """What was found, counted; the shards that were searched, and a digest of the hits of each.

    A shard without hits has no digest. `seals` are the shards as they were searched, `values`
    the lines of `31_found_values`, and those of `10_sidecar_hits` under negative numbers.
    """

    hits: Hits
    digests: dict[int, str]
    shards: tuple[Numbered, ...]
    seals: dict[int, Seal]
    values: tuple[ValueLine, ...] = ()


@dataclass
class Hunt:
    """A search over shards in order of number. `fail` hears of each shard that broke it."""

    search: Search
    store: Snapshot
    work: Path
    memory: str
    executor: Executor
    progress: Progress
    fail: Fail
    _failed: set[int] = field(default_factory=set)

    def run(self, shards: Sequence[Numbered]) -> Searched:
        """Search all shards; leaves list_hits, same_link and lists in the work folder.

        Raises InputError for a sidecar, ListError for a store that another program wrote into,
        OutputError where nothing can be searched.
        """
        private_folder(self.work / FIND)
        if self.search.sidecars:
            self._sidecars()
        hits = Ledger(self.work, "hits")
        self._sweep("match", "hits", shards, hits, {})
        seals = hits.seals
        all_hits, all_keys = self._gathered(hits)
        found: list[Ledger] = []
        if self.search.same_link and read_footer(all_keys).rows:
            same = Ledger(self.work, f"same-{file_sha256(all_keys)[:16]}")
            same.keep(seals)
            reads: Reads = {"list_hits": (all_hits,), "hit_keys": (all_keys,)}
            self._sweep("same link", "same", shards, same, reads, seals)
            found.append(same)
        searched = self._without_failed(shards)
        self._count(searched, hits, all_hits, [self._path(n) for x in found for n in x.names])
        self.store.check()
        counted, digests, values = self._read()
        return Searched(counted, digests, searched, seals, values)

    def _path(self, name: str) -> Path:
        return self.work / FIND / f"{name}.parquet"

    @property
    def _found(self) -> Path:
        return self.work / "found.json"

    def _without_failed(self, shards: Sequence[Numbered]) -> tuple[Numbered, ...]:
        return tuple(n for n in shards if n.no not in self._failed)

    def _sidecars(self) -> None:
        outcome = self._do(self._task("sidecars"))
        if outcome.error is not None:
            raise InputError(f"the sidecars cannot be searched: {outcome.error}")

    def _sweep(
        self,
        phase: str,
        step: str,
        shards: Sequence[Numbered],
        ledger: Ledger,
        reads: Reads,
        seals: Mapping[int, Seal] | None = None,
    ) -> None:
        """Do a step over all shards that its ledger does not cover yet."""
        shards = self._without_failed(shards)
        self.progress.phase(phase, len(shards), sum(n.shard.rows for n in shards))
        covered = ledger.covered
        self._through([n for n in shards if n.no in covered])
        waiting = deque(batches([n for n in shards if n.no not in covered], BATCH_ROWS))
        alone = 0
        while waiting:
            batch = waiting.popleft()
            numbers = [n.no for n in batch]
            task = self._task(step, batch, reads, ledger.name(numbers))
            outcome = self._do(replace(task, seals={n: (seals or {})[n] for n in numbers if seals}))
            if outcome.error is None and not ledger.add(numbers):
                outcome = replace(outcome, error=f"{task.named}: what was found in it is gone")
            if outcome.error is None:
                self._through(batch)
            elif len(batch) > 1:
                half = len(batch) // 2
                waiting.extendleft((batch[half:], batch[:half]))
            else:
                alone += 1
                self._set_aside(batch[0], outcome.error)
                if alone >= ALIKE and not ledger.names:
                    raise OutputError(
                        f"{outcome.error} ({alone} shards failed and none could be searched, so "
                        "it is not the shards; mend the cause and repeat the command to go on)"
                    )

    def _through(self, shards: Sequence[Numbered]) -> None:
        self.progress.done(len(shards), sum(n.shard.rows for n in shards))

    def _set_aside(self, numbered: Numbered, error: str) -> None:
        path = shown(numbered.shard.path)
        self._failed.add(numbered.no)
        self.fail(numbered, error if path in error else f"{path}: {error}")
        self._through([numbered])

    def _task(
        self,
        step: str,
        shards: Sequence[Numbered] = (),
        reads: Reads | None = None,
        name: str = "",
    ) -> FindTask:
        writes = {
            "hits": {
                "list_hits": self._path(name),
                "hit_keys": self._path(name.replace("hits", "keys", 1)),
                "found_values": self._path(name.replace("hits", "values", 1)),
            },
            "same": {"same_link": self._path(name)},
            "gather": {"list_hits": self._path("list_hits"), "hit_keys": self._path("hit_keys")},
            "count": {t: self.work / f"{t}.parquet" for t in ("hit_counts", "hit_unions")}
            | {"found": self._found},
            "sidecars": {},
        }
        return FindTask(
            step, self.search, self.store.path, self.work, self.memory, tuple(shards),
            dict(reads or {}), writes[step], self.work / FIND / f"{name}.json" if name else None,
            origin=self.store.origin,
        )  # fmt: skip

    def _do(self, task: FindTask) -> TaskOutcome:
        (outcome,) = self.executor.run([task])
        if outcome.error is not None:
            self.store.check()  # what was wrong with the store is no fault of a shard
        if outcome.fatal:
            raise OutputError(f"{outcome.error}; mend the cause and repeat the command to go on")
        return outcome

    def _must(self, task: FindTask, note: str, value: object) -> None:
        """Do a step that reads no shard, unless it was done over the same files already."""
        path = self.work / FIND / note
        made = list(task.writes.values())
        if task.step == "count":
            made += [self.work / f"{table}.parquet" for table in FOUND]
        if is_vouched(path, value, made):
            return
        path.unlink(missing_ok=True)
        outcome = self._do(task)
        if outcome.error is not None:
            raise OutputError(f"{outcome.error}; mend the cause and repeat the command to go on")
        vouch(path, value, made)

    def _gathered(self, hits: Ledger) -> tuple[Path, Path]:
        """All hits in one file, and the keys of all."""
        reads = {
            "list_hits": tuple(self._path(n) for n in hits.names),
            "hit_keys": tuple(self._path(n.replace("hits", "keys", 1)) for n in hits.names),
        }
        # by their digests: a shard that was replaced has the same names again
        value = [[p.name, file_sha256(p)] for paths in reads.values() for p in paths]
        self._must(self._task("gather", (), reads), "gathered.json", value)
        return self._path("list_hits"), self._path("hit_keys")

    def _count(
        self, shards: Sequence[Numbered], ledger: Ledger, hits: Path, same: list[Path]
    ) -> None:
        values = tuple(self._path(n.replace("hits", "values", 1)) for n in ledger.names)
        values += (self.work / UNREAD,) if self.search.sidecars else ()
        reads = {"list_hits": (hits,), "same_link": tuple(same), "found_values": values}
        files = [[p.name, file_sha256(p)] for p in (hits, *same, *values)]
        value = [files, [[n.no, n.shard.subset, n.shard.rows] for n in shards]]
        self._must(self._task("count", shards, reads), "counted.json", value)

    def _read(self) -> tuple[Hits, dict[int, str], tuple[ValueLine, ...]]:
        """The counts, a digest of what was found in each shard, and the values looked at."""
        found = json.loads(self._found.read_text(encoding="ascii"))
        hits = Hits(
            tuple(Count(*row) for row in found["counts"]),
            tuple(Union(*row) for row in found["unions"]),
        )
        values = tuple((no, role, name, n) for no, role, name, n in found["values"])
        return hits, {int(no): digest for no, digest in found["digests"]}, values
