"""From a plan to tasks: one small description a shard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from relaion.paths import Seal
from relaion.run.editions import Edition
from relaion.run.numbering import Numbered
from relaion.run.plan import Parameters
from relaion.run.sizes import parse_size
from relaion.run.task import EditionTask, Report, Task


@dataclass(frozen=True)
class Job:
    """What all tasks of a run share."""

    out: Path
    work: Path
    editions: tuple[Edition, ...]
    parameters: Parameters
    version: str
    memory: str
    workers: int
    link: bool

    def tasks(
        self, shards: Sequence[Numbered], hits: Mapping[int, str], seals: Mapping[int, Seal]
    ) -> list[Task]:
        """A task for each shard, the largest first so that none is left over at the end.

        `hits` are digests of what was found, by shard number; none where nothing was. `seals`
        are the shards as they were searched.
        """
        ordered = sorted(shards, key=lambda n: -n.shard.bytes)
        return [self._task(n, hits.get(n.no, ""), seals[n.no].sha256) for n in ordered]

    def _task(self, numbered: Numbered, hits: str, sha256: str) -> Task:
        shard = numbered.shard
        each = parse_size(self.memory) // (2 * self.workers)  # the other half is the writer's
        return Task(
            no=numbered.no,
            path=str(shard.path.absolute()),
            subset=shard.subset,
            rows=shard.rows,
            columns=[[c.role, c.order, c.position, c.name, c.type] for c in shard.layout.used],
            editions=[self._edition(e, numbered) for e in self.editions],
            unsafe_above=self.parameters.unsafe_above,
            keyword_above=self.parameters.keyword_above,
            unscored=self.parameters.unscored,
            work=str(self.work.absolute()),
            version=self.version,
            memory=f"{each}B",
            # not by worker: how many there are must not move the borders of row groups
            writer_bytes=parse_size(self.memory) // 2,
            link=self.link,
            bytes=shard.bytes,
            hits=hits,
            sha256=sha256,
        )

    def _edition(self, edition: Edition, numbered: Numbered) -> EditionTask:
        shard = numbered.shard
        return EditionTask(
            name=edition.name,
            parent=edition.parent,
            labels=list(edition.labels),
            script=str(edition.script.path.absolute()),
            sha256=edition.script.sha256,
            rules=list(edition.rules),
            built_in=edition.built_in,
            target=str((self.out / edition.name / shard.subset / shard.name).absolute()),
        )


def done(task: Task) -> Report | None:
    """The report of a task that is done and whose outputs are there, else None."""
    report = Report.read(task.report_path)
    if report is None or set(report.outputs) != {e.name for e in task.editions}:
        return None
    # a shard that was mended named further links, or one is another file than was written
    if (report.hits, report.sha256) != (task.hits, task.sha256):
        return None
    if not report.is_of(Path(task.path)):
        return None
    whole = all(report.outputs[e.name].is_at(Path(e.target)) for e in task.editions)
    return report if whole else None
