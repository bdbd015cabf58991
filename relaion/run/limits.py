"""How much of the machine a run may take."""

import math
import os
from dataclasses import dataclass

from relaion.errors import InputError
from relaion.paths import typed
from relaion.run.process import SLACK, Guard
from relaion.run.sizes import parse_size

LEAST = 100_000_000  # bytes; DuckDB cannot open even a small store in much less


MEMORY = "2GB"  # where nothing else is said


@dataclass(frozen=True)
class Limits:
    """How much of the machine a run may take: processes or threads, and memory ('2GB').

    `seconds` that a task of a worker may take; None for as many as its rows and bytes ask for.
    """

    workers: int
    memory: str
    seconds: float | None = None

    @property
    def guard(self) -> Guard:
        """What no worker may exceed."""
        return Guard(parse_size(self.memory) + SLACK, self.seconds)


def limits_of(workers: int | None, memory: str, seconds: float | None = None) -> Limits:
    """Limits as the user gave them: one worker a core by default, memory and time checked."""
    if seconds is not None and not 0 < seconds < math.inf:
        raise InputError(f"a time limit of {seconds:g} s; give a number of seconds above 0")
    if parse_size(memory) < LEAST:
        raise InputError(f"--memory {typed(memory)}: too little to work in; give 100MB at least")
    return Limits(workers or os.cpu_count() or 1, f"{parse_size(memory)}B", seconds)
