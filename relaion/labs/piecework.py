"""Batches of a search that workers of a cluster do: what whoever drives the run knows of them.

The process that searches writes each batch to a file and says so (`Seeker`); the run that started
it has them done by its executor, and the other waits. Files lie in the private work folder.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.errors import RelaionError, StopError
from relaion.paths import Seal, atomic_write, shown, unwritten
from relaion.run.numbered import Numbered, rows_of
from relaion.run.pool import Call, CallTask, Executor, returned
from relaion.run.process import TaskOutcome, packed, seconds_for
from relaion.run.progress import Extent, Progress
from relaion.run.settings import Limits

SPREAD = "spread"
"""The first part of what the process that searches says: then come a step and its pieces."""


def _unkept(_name: str, _sha256: str) -> None:
    """Nobody goes on with it."""


_ROWS_A_SECOND = 5_000  # links and hashes in one thread; an ordinary batch takes a tenth


@dataclass(frozen=True)
class SeekStep:
    """What is done to each batch: `do` takes a `Seeker` and what the piece holds.

    It returns the query of what is to be left, where `leaves`, else a number. `tables` are the
    temp tables that it reads, by name: their columns, and the file that holds them.
    """

    do: Callable[..., Any]
    leaves: bool
    tables: dict[str, tuple[tuple[str, ...], Path]]
    work: Path
    version: str
    limits: Limits


@dataclass(frozen=True)
class BatchPiece:
    """One batch of a step: the file that says of what, and the shards that it reads.

    What it leaves, if anything, is to be at `made`; `name` is that below the work folder.
    """

    file: Path
    shards: tuple[Numbered, ...]
    made: Path | None = None
    name: str = ""

    @property
    def seconds(self) -> float:
        """How long it may take."""
        size = sum(n.shard.bytes for n in self.shards)
        return seconds_for(rows_of(self.shards), size, _ROWS_A_SECOND, len(self.shards))

    @property
    def named(self) -> str:
        """What an error calls it."""
        first = shown(self.shards[0].shard.path)
        more = len(self.shards) - 1
        return f"{first} (or one of {more} more)" if more else first

    @property
    def answer(self) -> Path:
        """The file that says what became of it."""
        return self.file.with_suffix(".answer")


@dataclass(frozen=True)
class PieceFound:
    """What a worker found: `own` is a file of this try alone, with its SHA-256; or `value`.

    `extent` is how much was read for it, `seals` are the shards as they were read.
    """

    own: Path | None
    sha256: str
    value: int
    extent: Extent
    seals: dict[int, Seal]


class Hearing:
    """Hears a process that searches, and has done by an executor what it wants spread.

    `at` are the shards that were read last: those of an error, if there is one. `keep` is told of
    each work file that is made: its name below the work folder, and its SHA-256.
    """

    def __init__(
        self, executor: Executor, progress: Progress, keep: Callable[[str, str], object] = _unkept
    ) -> None:
        self._executor, self._progress, self._keep = executor, progress, keep
        self.at: list[Path] = []

    def __call__(self, word: tuple[Any, ...]) -> None:
        """What a `Seeker` tells. Raises what a piece raised, or StopError of a broken worker."""
        what, *said = word
        if what == "at":
            self.at = list(said[0])
        elif what == "file":
            self._keep(*said)
        elif what == SPREAD:
            self._have_done(*said)
        else:
            self._progress.done(*said)

    def _have_done(self, step: Path, pieces: Sequence[BatchPiece]) -> None:
        """Have the pieces of a step done; what each leaves takes its name as soon as it is there.

        Each is told of as of a batch that is done by one process.
        """
        tasks = [
            CallTask(
                no, piece.named, piece.seconds, Call("relaion.labs.pieces:done", (step, piece.file))
            )
            for no, piece in enumerate(pieces)
        ]
        for outcome in self._executor.run(tasks):
            piece = pieces[outcome.no]
            try:
                found = self._found(outcome, piece)
            except RelaionError:
                self.at = [n.shard.path for n in piece.shards]
                raise
            if found.own is not None:
                self._keep(piece.name, found.sha256)
            with atomic_write(piece.answer, mode=0o600, flush=False) as part:
                part.write_text(packed(found), encoding="ascii")
            self._progress.done(found.extent, outcome.no)

    def _found(self, outcome: TaskOutcome, piece: BatchPiece) -> PieceFound:
        if outcome.error is not None:
            raise StopError(outcome.error)
        found = returned({"error": None, **outcome.said})
        if isinstance(found, RelaionError):
            raise found
        if not isinstance(found, PieceFound):
            raise TypeError(f"what a piece found, not {type(found).__name__}")
        if found.own is not None and piece.made is not None:
            try:
                found.own.replace(piece.made)
            except OSError as e:
                raise unwritten(piece.made, e, e.strerror or type(e).__name__) from None
        return found
