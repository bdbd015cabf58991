"""What every task of a worker has: settings, shards, and how long it may take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from relaion.paths import Seal, shown
from relaion.run.numbered import Numbered
from relaion.run.process import seconds_for
from relaion.run.settings import Settings

if TYPE_CHECKING:
    from relaion.parquet.layout import Shard
    from relaion.sidecars import Sidecar


@dataclass(frozen=True)
class AnyTask:
    """What a worker is to do: mostly with some shards, in order of number.

    `seals` are the shards as they were searched, `copies` the private ones of `sources.Copies`.
    """

    settings: Settings
    shards: tuple[Numbered, ...] = ()
    seals: dict[int, Seal] = field(default_factory=dict)
    copies: dict[int, str] = field(default_factory=dict)

    rows_a_second: ClassVar[int]  # an ordinary task takes a tenth
    together: ClassVar[str]

    @property
    def no(self) -> int:
        """The number of its first shard."""
        return self.shards[0].no if self.shards else -1

    @property
    def files(self) -> Sequence[Shard | Sidecar]:
        """What it reads, but for work files."""
        return [n.shard for n in self.shards]

    @property
    def rows(self) -> int:
        """Rows of all that it reads."""
        return sum(file.rows for file in self.files)

    @property
    def named(self) -> str:
        """What an error calls this task: its shard, or all of it."""
        return shown(self.shards[0].shard.path) if len(self.shards) == 1 else self.together

    @property
    def seconds(self) -> float:
        """How long it may take."""
        size = sum(file.bytes for file in self.files)
        return seconds_for(self.rows, size + self.sent, self.rows_a_second, len(self.files))

    @property
    def sent(self) -> int:
        """Bytes that take as long as what is to be sent elsewhere."""
        return 0
