"""One shard's check as plain values, so that it can run in any process."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.paths import Stamp
from relaion.verifier.fates import FateLine, Fates, mask_of
from relaion.verifier.known import StatedLists
from relaion.verifier.model import Rules
from relaion.verifier.rows import Roles
from relaion.verifier.statement import EditionLine, FileLine
from relaion.verifier.verdict import Notes


@dataclass(frozen=True)
class OutputTask:
    """A shard of an edition: where it lies, and what the manifest states of it.

    `roles` is None where its footer cannot be read.
    """

    edition: EditionLine
    path: Path
    where: str
    stated: FileLine
    roles: Roles | None


@dataclass(frozen=True)
class ShardTask:
    """A shard with all its editions.

    `source`, its roles and what is stated of it are None where the inputs were not given;
    `stamp` is that of the file whose roles these are.
    `exact`: lists and keywords are those of the run, so the model says what must remain.
    `labels` and `partners` (who sent them) are those of the lists in `known`.
    """

    subset: str
    name: str
    source: Path | None
    roles: Roles | None
    stated: FileLine | None
    outputs: tuple[OutputTask, ...]
    labels: Mapping[int, str]
    partners: Mapping[int, str]
    known: StatedLists
    rules: Rules
    exact: bool
    stamp: Stamp | None = None

    def removes(self, edition: EditionLine, line: FateLine) -> bool:
        """Whether rows leave this edition for this reason."""
        if line.list_id is not None:
            return self.labels.get(line.list_id) in edition.labels
        return edition.modelled and line.rule in edition.rules

    def is_exact(self, edition: EditionLine) -> bool:
        """Whether the model knows which rows of this edition must remain."""
        return self.exact and edition.modelled


@dataclass
class ShardReport:
    """What the check of one shard found, and what it counted for the audit.

    `counts` holds the audit's numbers (`counts.py`), `kept` the rows by edition; editions
    that the model does not know are missing.
    `rows` is None where the input was not read. `suspects` are outputs whose rows are not
    those expected: they may hold what no input holds.
    """

    subset: str
    name: str
    notes: Notes = field(default_factory=Notes)
    rows: int | None = None
    counts: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    suspects: list[OutputTask] = field(default_factory=list)


def gone(task: ShardTask, edition: EditionLine, fates: Fates) -> pa.Array:
    """Mask of the rows that leave an edition."""
    mask = mask_of(fates.n, ())
    for line, named in fates.masks.items():
        if task.removes(edition, line):
            mask = pc.or_(mask, named)
    return mask


def reason_words(line: FateLine) -> str:
    """A reason as a finding says it after `1 kept row`: without list, row or value."""
    if line.reason_kind == "list":
        return f"listed ({line.kind})"
    if line.reason_kind == "same_link":
        return "found under the link of a listed row (same_link)"
    return f"one that the rule {line.rule} names"


def survivors(
    task: ShardTask, edition: EditionLine, fates: Fates, kept: pa.Array | None = None
) -> Counter[str]:
    """How many of these rows (or of the kept ones) should not be in an edition, and why."""
    masks: dict[str, pa.Array] = {}
    for line, named in fates.masks.items():
        if task.removes(edition, line):
            words = reason_words(line)
            masks[words] = pc.or_(masks[words], named) if words in masks else named
    found: Counter[str] = Counter()
    for words, mask in masks.items():
        found[words] += (mask if kept is None else pc.and_(mask, kept)).true_count
    return +found
