"""From a plan to tasks: one small description a shard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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

    def tasks(self, shards: Sequence[Numbered], hits: Mapping[int, str]) -> list[Task]:
        """A task for each shard, the largest first so that none is left over at the end.

        `hits` are digests of what was found, by shard number; none where nothing was.
        """
        ordered = sorted(shards, key=lambda n: -n.shard.bytes)
        return [self._task(n, hits.get(n.no, "")) for n in ordered]

    def _task(self, numbered: Numbered, hits: str) -> Task:
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
    if not task.report_path.exists():
        return None
    report = Report.read(task.report_path)
    if report.hits != task.hits:  # a shard that was mended named further links
        return None
    for edition in task.editions:
        target = Path(edition.target)
        if not target.exists() or target.stat().st_size != report.outputs[edition.name].bytes:
            return None
    return report
