"""How a run tells what it is doing, without knowing who listens."""

from typing import Protocol


class Progress(Protocol):
    """Hears of phases and of what each has done; the command line draws bars from it."""

    def phase(self, name: str, shards: int, rows: int) -> None:
        """A phase begins that will go through so many shards and rows."""

    def done(self, shards: int, rows: int) -> None:
        """So many more shards and rows are through."""

    def say(self, text: str) -> None:
        """Something worth a line on stderr."""


class Quiet:
    """A listener that keeps silent."""

    def phase(self, name: str, shards: int, rows: int) -> None:
        """Nothing."""

    def done(self, shards: int, rows: int) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""
