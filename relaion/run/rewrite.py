"""What a worker does with one shard: decide, mask the rows out, write every edition, report."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa

from relaion.errors import InputError, OutputError
from relaion.paths import file_sha256, shown, whole_file
from relaion.run.decide import decided
from relaion.run.task import Output, Report, Task
from relaion.shards.believed import hidden_roles
from relaion.shards.writer import Target, write_editions


def run_task(task: Task) -> Report:
    """Decide, write, count; leaves the report in the work folder and returns it."""
    source = Path(task.path)
    removed, tally, groups = decided(task)
    outputs, notices, sha256 = _write(task, source, removed)
    if denied := hidden_roles(source, task.original.layout):
        notices.append(_denied(denied))
    report = Report(
        task.no,
        task.rows,
        source.stat().st_size,
        sha256,
        task.hits,
        outputs,
        tally,
        groups,
        notices,
    )
    with whole_file(task.report_path, mode=0o600) as part:
        part.write_text(json.dumps(asdict(report)), encoding="ascii")
    return report


def _denied(columns: Sequence[str]) -> str:
    named = ", ".join(map(shown, columns))
    return (
        "footers say that row groups are NULL throughout where they hold values "
        f"(columns {named}); the values were read. A shard that loses no row keeps its footer: "
        "other programs may believe it, so write such shards again"
    )


def _write(
    task: Task, source: Path, removed: dict[str, pa.Array]
) -> tuple[dict[str, Output], list[str], str]:
    """Write every edition's shard; those that lose nothing are linked or copied."""
    sha256 = file_sha256(source)
    outputs: dict[str, Output] = {}
    targets: list[tuple[str, Target]] = []
    for edition in task.editions:
        target = Path(edition.target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise OutputError(f"{target.parent}: cannot be made ({e.strerror})") from None
        if len(removed[edition.name]):
            targets.append((edition.name, Target(target, removed[edition.name])))
        else:
            how = _same_bytes(source, target, link=task.link)
            outputs[edition.name] = Output(task.rows, source.stat().st_size, sha256, how)
    notices: list[str] = []
    if targets:
        written = write_editions(source, [t for _, t in targets], memory_bytes=task.writer_bytes)
        for (name, _), w in zip(targets, written, strict=True):
            outputs[name] = Output(w.rows, w.bytes, w.sha256, "written")
            notices += [n for n in w.notices if n not in notices]
    for edition in task.editions:
        expected = task.rows - len(removed[edition.name])
        if outputs[edition.name].rows != expected:
            raise OutputError(f"{edition.target}: holds another number of rows than it should")
    return outputs, notices, sha256


def _same_bytes(source: Path, target: Path, *, link: bool) -> str:
    """Give the target the source's bytes: by a hard link, else by a copy."""
    with whole_file(target) as part:
        if link:
            try:
                os.link(source.resolve(), part)
            except OSError:  # another file system, or one without hard links
                _copy(source, part)
                return "copied"
            return "linked"
        _copy(source, part)
        return "copied"


def _copy(source: Path, part: Path) -> None:
    """Copy bytes; what fails on the source's side is said of the source."""
    with part.open("wb") as to:
        for block in _blocks(source):
            to.write(block)


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as f:
            while block := f.read(1 << 20):
                yield block
    except OSError as e:
        raise InputError(
            f"{shown(path)}: cannot be read ({e.strerror}); is it still there and whole?"
        ) from None
