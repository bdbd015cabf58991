"""What workers are to do and have done, as plain values, and how shards are cut into batches."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relaion.paths import Seal, Stamp, is_still
from relaion.remote.objects import Noted
from relaion.run.any_task import AnyTask
from relaion.run.journal import SHARD, Journal
from relaion.run.numbered import Numbered, rows_of
from relaion.run.settings import Settings

if TYPE_CHECKING:
    from relaion.lists.snapshot import Snapshot
    from relaion.parquet.layout import Shard
    from relaion.run.hits import Searched
    from relaion.sidecars import Sidecar

SLOWER = 10  # than to read a file: to send it over a slow line, some times perhaps
BY_SITE = "site-"
"""Before the name of a table of cover: what it holds of listed sites, by number, not of labels."""

# -- Tasks: searching, or deciding and writing ------------------------------------------------
# A task is pickled on its way to a worker; `shard_task.py` and `find_task.py` do it.


@dataclass(frozen=True)
class FindTask(AnyTask):
    """A step of the search.

    `sidecars` searches the lists in the sidecars; `hits` searches lists and sidecars in the
    shards, and leaves their hits and the keys of these; `gather` makes one file of all hits
    and one of all keys; `same` searches the gathered keys in the shards; `count` counts what
    was found. `cover_task.py` says what further steps are for cover: `secret` is the curator key,
    `values` are what else these need. `reads` and `writes` name files by the table that they hold.
    `store` is the run's own snapshot of the lists; `roles` are those whose values are counted.
    `lets_go`: what was fetched of shards elsewhere is not kept for the next step. `digests`: of
    shards that are searched these are taken.
    """

    step: str = field(kw_only=True)
    store: Snapshot = field(kw_only=True)
    sidecars: tuple[Sidecar, ...] = ()
    roles: tuple[str, ...] = ()
    reads: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    writes: dict[str, Path] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    secret: bytes = field(default=b"", repr=False)
    lets_go: bool = False
    digests: bool = True

    rows_a_second = 10_000  # by spellings in one thread
    together = "the search"

    @property
    def files(self) -> Sequence[Shard | Sidecar]:
        """What it reads, but for work files."""
        return (
            self.sidecars if self.step in ("sidecars", "beside", "beside_things") else super().files
        )


@dataclass(frozen=True)
class ParentShard:
    """A shard of an edition that an update goes on from, as the manifest of that run states it."""

    path: Path
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Task(AnyTask):
    """A batch of shards, to be decided together and written one by one.

    `hits`: a digest of what the search found in a shard, by its number; none where it found
    nothing. Of an update, `parents` are the editions of each shard as they were, by its number;
    those of the shards that `stay` are so still. `gained` are the lists that these editions had
    not: what leaves without them is counted too, and taken off. Then not all is known that names a
    row here: only touched shards were searched with all lists. `is_less`: rows left for what no
    list names now. `threads`: how many shards are written at a time.
    """

    hits: dict[int, str] = field(default_factory=dict)
    parents: dict[int, dict[str, ParentShard]] = field(default_factory=dict)
    stay: frozenset[int] = frozenset()
    gained: tuple[int, ...] = ()
    is_less: bool = False
    threads: int = 1

    rows_a_second = 5_000  # an edition script and two editions of long captions
    together = "a batch of shards"

    @property
    def decided(self) -> tuple[Numbered, ...]:
        """The shards of which is to be decided what leaves."""
        return tuple(n for n in self.shards if n.no not in self.stay)

    @property
    def sent(self) -> int:
        """Bytes that take as long as what is to be sent elsewhere."""
        if self.settings.store is None:
            return 0
        return SLOWER * len(self.settings.editions) * sum(file.bytes for file in self.files)


# -- What was done to a shard -----------------------------------------------------------------


@lru_cache(1 << 14)
def _same(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The first row that was equal: shards by the thousands have the same counts, and words."""
    return tuple(sys.intern(value) if isinstance(value, str) else value for value in row)


@dataclass(frozen=True, slots=True)
class WrittenShard:
    """A shard of an edition as it was written; `how` is written, linked or copied.

    `stamp` is that of the file when the task was done; of one that was put in a store instead,
    `etag` is what that said of it.
    """

    rows: int
    bytes: int
    sha256: str
    how: str
    stamp: Stamp | None = None
    etag: str = ""

    @property
    def noted(self) -> Noted:
        """What a store says of it, where it was put in one."""
        return Noted(self.bytes, self.etag)

    def is_at(self, path: Path) -> bool:
        """Whether this very output is there, whole."""
        return self.stamp is not None and is_still(path, Seal(self.stamp, self.sha256))


@dataclass(frozen=True, slots=True)
class Report:
    """What was done to one shard: private, since it counts per shard. `hits` is that of the task.

    `stamp` is that of the shard when it was written; `searched` the digest of its seal, which is
    `sha256` but of a shard that lies elsewhere.
    """

    no: int
    rows: int
    bytes: int
    sha256: str
    hits: str
    outputs: dict[str, WrittenShard]
    tally: Sequence[Sequence[Any]]
    groups: Sequence[Sequence[Any]]
    scores: Sequence[Sequence[Any]]
    stamp: Stamp
    searched: str
    notices: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, found: dict[str, Any]) -> Report:
        """Read what `plain` made; raises TypeError or LookupError for anything else."""
        for each in (found, *found["outputs"].values()):
            each["stamp"] = each["stamp"] and Stamp(*map(int, each["stamp"]))
        found["outputs"] = {k: WrittenShard(**v) for k, v in found["outputs"].items()}
        for counts in ("tally", "groups", "scores"):
            found[counts] = [_same(tuple(row)) for row in found[counts]]
        return cls(**found)

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it; nothing is copied, of which `asdict` makes more work than JSON."""
        found = {name: getattr(self, name) for name in _OF_REPORT}
        outputs = self.outputs.items()
        return found | {"outputs": {k: {n: getattr(v, n) for n in _OF_OUTPUT} for k, v in outputs}}

    def is_of(self, path: Path) -> bool:
        """Whether a shard still has the bytes that were read."""
        return is_still(path, Seal(self.stamp, self.searched))


_OF_REPORT, _OF_OUTPUT = (tuple(f.name for f in fields(x)) for x in (Report, WrittenShard))


class Reports(Mapping[int, Report]):
    """The reports of shards by number, in that order; each is read from its journal when asked for.

    So very many take no room: a number and a journal each, which other shards have too.
    """

    def __init__(self, journals: Mapping[int, Journal] | None = None) -> None:
        self._journals = dict(journals or {})
        self._is_sorted = False

    def add(self, numbers: Iterable[int], journal: Journal) -> None:
        """Take in what a journal has of these shards."""
        self._journals |= dict.fromkeys(numbers, journal)
        self._is_sorted = False

    def __getitem__(self, no: int) -> Report:
        report = self._journals[no].get(SHARD, str(no), Report.read)
        if report is None:
            raise KeyError(no)
        return report

    def __contains__(self, no: object) -> bool:
        return no in self._journals

    def __iter__(self) -> Iterator[int]:
        if not self._is_sorted:
            self._journals = dict(sorted(self._journals.items()))
            self._is_sorted = True
        return iter(self._journals)

    def __len__(self) -> int:
        return len(self._journals)


# -- From shards to tasks: batches that are worth a run of the scripts, and small enough to share --

BATCH_ROWS = 1_000_000
FEWEST_ROWS = 20_000  # fewer cost more to set going than to do
SHARES = 4  # batches a worker, so that none waits long for the last


BATCH_SHARDS = 5_000  # each takes room on both sides: in a search some 20 KB
WRITTEN_AT_ONCE = 1_000  # of which much is said: some 5 KB of each


def batches(
    shards: Sequence[Numbered], rows: int, most: int | None = None
) -> Iterator[tuple[Numbered, ...]]:
    """Cut the shards into runs of about `rows` rows, each of at least one, and not too many."""
    batch: list[Numbered] = []
    held = 0
    for shard in shards:
        if batch and (held + shard.shard.rows > rows or len(batch) == (most or BATCH_SHARDS)):
            yield tuple(batch)
            batch, held = [], 0
        batch.append(shard)
        held += shard.shard.rows
    if batch:
        yield tuple(batch)


_BYTES_A_ROW = 4  # of a list store: so many rows take twenty times as long as to make it ready


def share_of(rows: Sequence[int], searches: int, lists: int) -> int:
    """Rows of a batch where several searches go on side by side, of shards of these `rows`.

    Each batch makes the lists ready anew, `lists` bytes of them: so where they are long a worker
    has few batches, at least one, and where they are short as many as even out.
    """
    whole = -(-sum(rows) // searches)
    whole += max(rows, default=0) // 2  # else what is left over would be one batch more
    return max(sum(rows) // (SHARES * searches), min(whole, lists // _BYTES_A_ROW))


def tasks(
    settings: Settings,
    shards: Sequence[Numbered],
    searched: Searched,
    copies: Mapping[int, str],
    workers: int | None = None,
) -> Iterator[Task]:
    """Tasks for some shards, in order of number.

    `workers` is how many there is work for, where that is known; a single one shares with nobody.
    """
    rows = rows_of(shards)
    most = settings.limits.fitting(settings.limits.workers)
    each = BATCH_ROWS if workers == 1 else rows // (SHARES * min(workers or most, most))
    each = max(FEWEST_ROWS, min(BATCH_ROWS, each))
    for batch in batches(shards, each, WRITTEN_AT_ONCE):
        yield task(settings, batch, searched, copies)


def task(
    settings: Settings, batch: Sequence[Numbered], searched: Searched, copies: Mapping[int, str]
) -> Task:
    """The task for one batch; `copies` are those that were made of some of its shards."""
    numbers = [n.no for n in batch]
    return Task(
        settings,
        tuple(batch),
        {no: searched.seals[no] for no in numbers},
        {no: copies[no] for no in numbers if no in copies},
        {no: searched.digests[no] for no in numbers if no in searched.digests},
    )


def is_done(
    report: Report,
    settings: Settings,
    n: Numbered,
    hits: str,
    sha256: str,
    there: Mapping[str, Noted] | None = None,
) -> bool:
    """Whether a report is of this very shard and these hits, and its outputs are there, whole.

    `there` is what OUT holds where that lies in a store.
    """
    if set(report.outputs) != {e.name for e in settings.editions}:
        return False
    # a shard that was mended named further links, or one is another file than was written
    if (report.hits, report.searched) != (hits, sha256) or not report.is_of(n.shard.path):
        return False
    if there is not None:
        put = report.outputs.items()
        return all(there.get(settings.name(e, n)) == out.noted and out.etag for e, out in put)
    return all(out.is_at(settings.target(name, n)) for name, out in report.outputs.items())
