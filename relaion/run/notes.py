"""What is noted on the way (`logging`, under `relaion`), also by workers, whose notes travel along.

Notes hold counts, times, and names of shards, columns and roles; never a value of a list or a row,
nor how many rows left one shard. Nobody hears them unless he asks: `-v` and `--log` do.
"""

import logging
from collections.abc import Mapping
from typing import Any

NOTES = logging.getLogger("relaion")
_KEY = "notes"
_MOST = 100  # in one answer


class Gathered(logging.Handler):
    """Keeps the notes of a worker until its next answer."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._notes: list[tuple[int, str]] = []
        self._left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a note."""
        if len(self._notes) < _MOST:
            self._notes.append((record.levelno, record.getMessage()))
        else:
            self._left_out += 1

    def taken(self) -> dict[str, Any]:
        """What of an answer the notes are; empty where there are none."""
        notes, self._notes = self._notes, []
        if self._left_out:
            said = f"{self._left_out:,} more notes of one task were left out"
            notes, self._left_out = [*notes, (logging.INFO, said)], 0
        return {_KEY: notes} if notes else {}


def gather() -> Gathered:
    """Be a worker: keep all notes for its answers."""
    handler = Gathered()
    NOTES.propagate = False
    NOTES.setLevel(logging.DEBUG)
    NOTES.addHandler(handler)
    return handler


def pass_on(answer: Mapping[str, Any]) -> None:
    """Note what a worker noted."""
    notes = answer.get(_KEY, ())
    for note in notes if isinstance(notes, list) else ():
        if isinstance(note, list) and len(note) == 2 and isinstance(note[0], int):
            NOTES.log(note[0], "%s", note[1])
