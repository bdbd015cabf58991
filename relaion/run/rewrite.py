"""What a worker does with one shard: decide, mask the rows out, write every edition, report."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeAlias

from relaion.errors import InputError, OutputError, RelaionError
from relaion.paths import (
    Seal,
    Stamp,
    is_still,
    read_still,
    replaced,
    seal,
    shown,
    stamp_of,
    whole_file,
)
from relaion.run.decide import Decision, decided
from relaion.run.ledger import mark_changed
from relaion.run.task import Output, Report, Task
from relaion.shards.believed import hidden_roles
from relaion.shards.writer import Target, write_editions

Outputs: TypeAlias = "tuple[dict[str, Output], list[str]]"


def run_task(task: Task) -> Report:
    """Decide, write, count; leaves the report in the work folder and returns it.

    Raises InputError, and leaves no output, where the shard is another file than was searched.
    """
    source = Path(task.path)
    done: list[tuple[Outputs, Decision]] = []

    def write() -> None:
        decision = decided(task)
        done.append((_write(task, source, decision), decision))

    try:
        (read,) = read_still({source: task.sha256}, write)
        (outputs, notices), (_, tally, groups) = done[-1]
        if denied := hidden_roles(source, task.original.layout):
            notices.append(_denied(denied))
        _same_bytes(task, source, read, outputs)
        stamps = {e.name: stamp_of(Path(e.target)) for e in task.editions}
        stamp = stamp_of(source)
        is_linked = any(output.how == "linked" for output in outputs.values())
        if stamp.written != read.written or not (
            is_linked or is_still(source, Seal(read, task.sha256))
        ):
            raise replaced(source)
    except RelaionError as e:
        if isinstance(e, OutputError) or _is_searched(task, source):
            raise
        _leave_nothing(task)
        raise (e if isinstance(e, InputError) else replaced(source)) from None
    report = Report(
        task.no, task.rows, stamp.size, task.sha256, task.hits,
        {name: replace(output, stamp=stamps[name]) for name, output in outputs.items()},
        tally, groups, notices, stamp,
    )  # fmt: skip
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


def _is_searched(task: Task, source: Path) -> bool:
    try:
        return seal(source).sha256 == task.sha256
    except InputError:
        return False


def _leave_nothing(task: Task) -> None:
    """Remove what was written of another file, and note that the shard is to be searched again."""
    mark_changed(Path(task.work), task.no)
    for edition in task.editions:
        Path(edition.target).unlink(missing_ok=True)


def _write(task: Task, source: Path, decision: Decision) -> Outputs:
    """Write the shard of every edition that loses rows; the others have no output yet."""
    removed, _, _ = decision
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
    notices: list[str] = []
    if targets:
        written = write_editions(source, [t for _, t in targets], memory_bytes=task.writer_bytes)
        for (name, to), w in zip(targets, written, strict=True):
            if w.rows != task.rows - len(removed[name]):
                raise OutputError(f"{shown(to.path)}: holds another number of rows than it should")
            outputs[name] = Output(w.rows, w.bytes, w.sha256, "written")
            notices += [n for n in w.notices if n not in notices]
    return outputs, notices


def _same_bytes(task: Task, source: Path, read: Stamp, outputs: dict[str, Output]) -> None:
    """Give the editions that lose nothing the source's bytes: by a hard link, else by a copy."""
    for edition in task.editions:
        if edition.name not in outputs:
            target = Path(edition.target)
            with whole_file(target) as part:
                how = "linked" if task.link and _linked(source, part, read) else "copied"
                if how == "copied" and _copied(source, part) != task.sha256:
                    raise replaced(source)
            outputs[edition.name] = Output(task.rows, task.bytes, task.sha256, how)


def _linked(source: Path, part: Path, read: Stamp) -> bool:
    try:
        os.link(source.resolve(), part)
    except OSError:  # another file system, or one without hard links
        return False
    if stamp_of(part).written != read.written:
        raise replaced(source)
    return True


def _copied(source: Path, part: Path) -> str:
    """Copy bytes, and tell their SHA-256; what fails on the source's side is said of it."""
    digest = hashlib.sha256()
    with part.open("wb") as to:
        for block in _blocks(source):
            digest.update(block)
            to.write(block)
    return digest.hexdigest()


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as f:
            while block := f.read(1 << 20):
                yield block
    except OSError as e:
        raise InputError(
            f"{shown(path)}: cannot be read ({e.strerror}); is it still there and whole?"
        ) from None
