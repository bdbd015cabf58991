"""What workers tell whoever drives a run of a copy or a diff.

Apart from what they do, so that this process loads neither DuckDB nor pyarrow.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.paths import Seal


@dataclass(frozen=True)
class Fates:
    """Rows of each file by fate, which work file says what leaves it, and all shards as read.

    `counts` are (number of the shard, fate, whether they leave, rows); `twins` those of them that
    are samples whose row is counted, too. `doubted` are rows whose own hash is not that of their
    link and caption, `several` others that more than one caption gives a row hash, `alone` rows
    of whose hash no link says of which of two rows it is; `disowned` are row hashes of the copy
    that stand in NEW, though no row of it gives them.
    """

    counts: tuple[tuple[int, str, bool, int], ...]
    leaving: dict[int, Path]
    seals: dict[int, Seal]
    twins: tuple[tuple[int, str, bool, int], ...] = ()
    doubted: int = 0
    several: int = 0
    disowned: int = 0
    alone: int = 0


@dataclass(frozen=True)
class Compared:
    """What was counted of a diff, and every shard as it was read.

    `lines` of the diff; `rows` of the old set that are not in the new one, `links` that are gone,
    `linkless` those of the rows told by their row hash alone, `colliding` hashes of several links.
    `nameless` are rows of the old set without an identity, of which no line can tell; `without` is
    how many fewer of them the new one has. `doubted` are rows whose own hash is not that of their
    link and caption.
    """

    lines: int
    rows: int
    links: int
    without: int
    linkless: int
    colliding: int
    nameless: int
    doubted: int
    seals: dict[int, Seal]


@dataclass(frozen=True)
class DiffFile:
    """A diff that can be applied: its path, bytes' SHA-256, rows, salt, and what else it says.

    `by` are the identities that it holds: `row`, `link`.
    """

    path: Path
    sha256: str
    rows: int
    salt: bytes
    by: tuple[str, ...]
    said: dict[str, Any]
