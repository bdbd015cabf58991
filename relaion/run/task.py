"""One shard's work as plain values: what is to be done, and what was done.

A task is a small JSON object, so that it can travel to any executor; `rewrite.py` does it.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from relaion.paths import Seal, Stamp, is_still, shown
from relaion.run.ledger import read_note
from relaion.run.process import seconds_for
from relaion.run.readable import Original
from relaion.shards.roles import Column, Layout

ROWS_A_SECOND = 5_000  # an edition script and two editions of long captions take a tenth


@dataclass(frozen=True)
class EditionTask:
    """One edition of one shard: the script that decides, and where the rows go."""

    name: str
    parent: str
    labels: list[str]
    script: str
    sha256: str
    target: str
    rules: list[str]
    built_in: bool


@dataclass(frozen=True)
class Task:
    """Everything that a worker must know of one shard; plain values only.

    `columns` play a role: role, order, position, name and type of each. `hits`: a digest of
    what the search found in this shard, `sha256` that of the file as it was searched.
    """

    no: int
    path: str
    subset: str
    rows: int
    columns: list[list[Any]]
    editions: list[EditionTask]
    unsafe_above: float
    keyword_above: float
    unscored: str
    work: str
    version: str
    memory: str
    writer_bytes: int
    link: bool
    bytes: int
    hits: str
    sha256: str

    def to_json(self) -> str:
        """One line of JSON; odd file names survive as surrogate escapes."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> "Task":
        """Read what `to_json` wrote."""
        found = json.loads(line)
        found["editions"] = [EditionTask(**e) for e in found["editions"]]
        return cls(**found)

    @property
    def named(self) -> str:
        """What an error calls this task."""
        return shown(self.path)

    @property
    def seconds(self) -> float:
        """How long it may take."""
        return seconds_for(self.rows, self.bytes, ROWS_A_SECOND)

    @property
    def original(self) -> Original:
        """The shard as it came, with the columns that play a role."""
        columns = tuple(
            Column(name, position, kind, role, "", "", None, order)
            for role, order, position, name, kind in self.columns
        )
        return Original(self.no, Path(self.path), Layout(columns))

    @property
    def report_path(self) -> Path:
        """Where the report of this task lies once it is done."""
        return Path(self.work) / "done" / f"{self.no:06}.json"


@dataclass(frozen=True)
class Output:
    """A shard of an edition as it was written; `how` is written, linked or copied.

    `stamp` is that of the file when the task was done.
    """

    rows: int
    bytes: int
    sha256: str
    how: str
    stamp: Stamp | None = None

    def is_at(self, path: Path) -> bool:
        """Whether this very output is there, whole."""
        return self.stamp is not None and is_still(path, Seal(self.stamp, self.sha256))


@dataclass
class Report:
    """What a task did: private, since it counts per shard. `hits` is that of the task.

    `stamp` is that of the shard when the task was done.
    """

    no: int
    rows: int
    bytes: int
    sha256: str
    hits: str
    outputs: dict[str, Output]
    tally: list[list[Any]]
    groups: list[list[Any]]
    notices: list[str] = field(default_factory=list)
    stamp: Stamp | None = None

    @classmethod
    def read(cls, path: Path) -> "Report | None":
        """Read the report of a finished task; None where there is none, or it is garbage."""
        return read_note(path, cls._of)

    @classmethod
    def _of(cls, found: dict[str, Any]) -> "Report":
        for each in (found, *found["outputs"].values()):
            each["stamp"] = Stamp(*map(int, each["stamp"]))
        found["outputs"] = {k: Output(**v) for k, v in found["outputs"].items()}
        return cls(**found)

    def is_of(self, path: Path) -> bool:
        """Whether a shard still has the bytes that this task read."""
        return self.stamp is not None and is_still(path, Seal(self.stamp, self.sha256))
