"""The real pipeline for tests: shards written, lists added, `clean` run, results read back."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.cli.app import run
from relaion.lists import store
from relaion.run.pool import CallTask, Here
from relaion.run.process import TaskOutcome, packed
from relaion.run.worker import Serving

JOINED = pa.schema(
    [
        ("URL", pa.string()), ("TEXT", pa.string()), ("WIDTH", pa.int32()),
        ("hash", pa.int64()), ("punsafe", pa.float32()), ("md5", pa.string()),
    ]
)  # fmt: skip
# for tests that need them: DuckDB takes a fifth of a small run to bind what is asked of these two
ALL_HASHES = pa.schema([*JOINED, ("sha1", pa.string()), ("sha256", pa.string())])
ROLES = {
    "URL": "url", "TEXT": "text", "punsafe": "punsafe", "hash": "row_hash",
    "md5": "image_md5", "sha1": "image_sha1", "sha256": "image_sha256",
}  # fmt: skip


class InProcess(Here):
    """Does tasks and calls here and now: the worker's own code without the processes."""

    def __init__(self) -> None:
        self._serving: dict[Path, Serving] = {}

    def begin(self, *_: object, **__: object) -> None:
        """There are no processes to be told of a folder."""

    def rest(self) -> None:
        """There are none to end."""

    def run(self, tasks: Sequence[Any]) -> Iterator[TaskOutcome]:
        for task in tasks:
            work = Path() if isinstance(task, CallTask) else task.settings.work
            serving = self._serving.setdefault(work, Serving(work / "errors.log"))
            said = json.loads(json.dumps(serving.answer(packed(task))))
            yield TaskOutcome(task.no, said["error"], said["fatal"], said)


def write_shard(path: Path, rows: Sequence[Mapping[str, Any]], schema: pa.Schema = JOINED) -> None:
    """Write rows given by role; WIDTH is the row's place, so that order can be seen."""
    held = {name for row in rows for name in row}
    lost = held - {ROLES.get(name, name) for name in schema.names}
    assert not lost, f"the schema has no column for {lost}"
    columns = []
    for field in schema:
        if field.name == "WIDTH":
            values = [r.get("WIDTH", i) for i, r in enumerate(rows)]
        else:
            values = [r.get(ROLES.get(field.name, field.name)) for r in rows]
        columns.append(pa.array(values, field.type))
    path.parent.mkdir(parents=True, exist_ok=True)
    sink = pa.BufferOutputStream()  # pyarrow takes no path that is not UTF-8
    pq.write_table(pa.table(columns, schema=schema), sink, row_group_size=7)
    path.write_bytes(sink.getvalue())


@dataclass(frozen=True)
class Sent:
    """A delivery: (kind, entry as the partner writes it), and its label."""

    entries: tuple[tuple[str, str], ...]
    label: str = "csam"
    source: str = "partner"


def add_lists(path: Path, sent: Sequence[Sent]) -> None:
    """Add deliveries through the real store: a file and a list for each kind of entry."""
    for i, delivery in enumerate(sent):
        for kind in sorted({k for k, _ in delivery.entries}):
            file = path.with_name(f"list{i}-{kind}.txt")
            values = [v for k, v in delivery.entries if k == kind]
            # the comment makes every delivery another: the same one twice is not taken in
            file.write_text("\n".join([f"# delivery {i}", *values, ""]), encoding="utf-8")
            fixed = None if kind.startswith("image_") or kind == "url" else kind
            store.add(path, [file], source=delivery.source, label=delivery.label, kind=fixed)


def rows_of(out: Path, edition: str) -> list[dict[str, Any]]:
    """All rows of an edition, shard by shard in order of name."""
    paths = sorted((out / edition).rglob("*.parquet"), key=str)
    return [row for path in paths for row in pq.read_table(path, partitioning=None).to_pylist()]


_STAGES = (
    "apply", "clean", "diff", "diff_check", "inspect", "match", "merge", "update", "verify",
)  # fmt: skip


@contextmanager
def hands_here() -> Iterator[None]:
    """Do tasks in this process wherever a stage would start others for them."""

    @contextmanager
    def hands(*_: object, **__: object) -> Iterator[InProcess]:
        yield InProcess()

    with pytest.MonkeyPatch.context() as patch:
        for stage in _STAGES:
            # the package has functions of these names, which hide the modules
            patch.setattr(import_module(f"relaion.stages.{stage}"), "LocalPool", hands)
        yield


@contextmanager
def _at_home(cwd: Path | None, command: Sequence[str]) -> Iterator[None]:
    """Be a command in a folder, and do tasks in this process."""
    with hands_here(), pytest.MonkeyPatch.context() as patch:
        if cwd is not None:
            patch.chdir(cwd)
        patch.setattr(sys, "argv", command)
        patch.setattr("relaion.cli.commands.start_early", lambda: None)
        yield


def here(*args: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in this process, its workers too: no wait for any to start."""
    said, told = io.StringIO(), io.StringIO()
    command = ["relaion", *map(str, args)]
    with _at_home(cwd, command), redirect_stdout(said), redirect_stderr(told):
        code = run()
    return subprocess.CompletedProcess(command, code, said.getvalue(), told.getvalue())


@contextmanager
def piped(text: str) -> Iterator[str]:
    """A pipe that holds a text, by the name that a shell gives it for `<(…)`."""
    reads, writes = os.pipe()
    try:
        with os.fdopen(writes, "w") as pipe:
            pipe.write(text)
        yield f"/dev/fd/{reads}"
    finally:
        os.close(reads)


def relaion(
    *args: str | Path, cwd: Path | None = None, stdin: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    """Run the real command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "relaion", *map(str, args)],
        capture_output=True, text=True, input=stdin, cwd=cwd, env=os.environ | env, check=False,
    )  # fmt: skip
