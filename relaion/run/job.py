"""From shards to tasks: batches that are worth a run of the scripts, and small enough to share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from relaion.paths import Seal
from relaion.run.numbering import Numbered, batches
from relaion.run.task import Report, Settings, Task

BATCH_ROWS = 1_000_000
FEWEST_ROWS = 20_000  # fewer cost more to set going than to do
SHARES = 4  # batches a worker, so that none waits long for the last


def tasks(
    settings: Settings,
    shards: Sequence[Numbered],
    hits: Mapping[int, str],
    seals: Mapping[int, Seal],
    workers: int,
) -> Iterator[Task]:
    """Tasks for some shards, in order of number."""
    rows = sum(n.shard.rows for n in shards)
    each = max(FEWEST_ROWS, min(BATCH_ROWS, rows // (SHARES * workers)))
    for batch in batches(shards, each):
        yield task(settings, batch, hits, seals)


def task(
    settings: Settings,
    batch: Iterable[Numbered],
    hits: Mapping[int, str],
    seals: Mapping[int, Seal],
) -> Task:
    """The task for one batch.

    `hits` are digests of what was found, by shard number; none where nothing was. `seals` are
    the shards as they were searched.
    """
    batch = tuple(batch)
    found = {n.no: hits[n.no] for n in batch if n.no in hits}
    return Task(settings, batch, found, {n.no: seals[n.no] for n in batch})


def is_done(report: Report, settings: Settings, n: Numbered, hits: str, sha256: str) -> bool:
    """Whether a report is of this very shard and these hits, and its outputs are there, whole."""
    if set(report.outputs) != {e.name for e in settings.editions}:
        return False
    # a shard that was mended named further links, or one is another file than was written
    if (report.hits, report.sha256) != (hits, sha256) or not report.is_of(n.shard.path):
        return False
    return all(out.is_at(settings.target(name, n)) for name, out in report.outputs.items())
