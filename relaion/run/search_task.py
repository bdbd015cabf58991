"""A step of the search as plain values: what is to be done (pickled on its way), what was done."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relaion.paths import Seal, shown
from relaion.run.process import seconds_for
from relaion.run.settings import Settings

if TYPE_CHECKING:
    from relaion.run.survey import Numbered
    from relaion.sidecars import Sidecar

ROWS_A_SECOND = 10_000  # a search by spellings in one thread takes a tenth


@dataclass(frozen=True)
class FindTask:
    """A step of the search.

    `sidecars` searches the lists in the sidecars; `hits` searches lists and sidecars in the
    shards, and leaves their hits and the keys of these; `gather` makes one file of all hits
    and one of all keys; `same` searches the gathered keys in the shards; `count` counts what
    was found. `reads` and `writes` name files by the table that they hold. `seals` are the
    shards as `hits` saw them, `copies` the private ones of `utf8_copy.Copies`. `store` is the
    run's own snapshot of the store that `origin` names; `roles` are those whose values are
    counted.
    """

    step: str
    settings: Settings
    store: Path
    sidecars: tuple[Sidecar, ...] = ()
    roles: tuple[str, ...] = ()
    shards: tuple[Numbered, ...] = ()
    reads: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    writes: dict[str, Path] = field(default_factory=dict)
    seals: dict[int, Seal] = field(default_factory=dict)
    copies: dict[int, str] = field(default_factory=dict)
    origin: Path | None = None
    no: int = -1

    @property
    def named(self) -> str:
        """What an error calls this task: its shard, or the search."""
        return shown(self.shards[0].shard.path) if len(self.shards) == 1 else "the search"

    @property
    def seconds(self) -> float:
        """How long it may take."""
        rows = [n.shard.rows for n in self.shards]
        size = [n.shard.bytes for n in self.shards]
        if self.step == "sidecars":
            rows += [s.rows for s in self.sidecars]
            size += [s.bytes for s in self.sidecars]
        return seconds_for(sum(rows), sum(size), ROWS_A_SECOND, len(rows))


@dataclass(frozen=True)
class StepDone:
    """What a step leaves for the journal.

    `files` of the work folder by their SHA-256, `seals` of the shards as they were searched,
    `copies` that were made of them; `found` is what the parent wants to know of it all.
    """

    files: dict[str, str]
    seals: dict[int, Seal] = field(default_factory=dict)
    copies: dict[int, str] = field(default_factory=dict)
    found: dict[str, object] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it."""
        seals = {str(no): seal.plain() for no, seal in self.seals.items()}
        return {
            "files": self.files, "seals": seals, "copies": self.copies, "found": self.found
        }  # fmt: skip
