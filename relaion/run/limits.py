"""How much of the machine a run may take."""

import os
from dataclasses import dataclass

from relaion.run.sizes import parse_size


@dataclass(frozen=True)
class Limits:
    """How much of the machine a run may take: processes or threads, and memory ('2GB')."""

    workers: int
    memory: str


def limits_of(workers: int | None, memory: str) -> Limits:
    """Limits as the user gave them: one worker a core by default, memory checked."""
    return Limits(workers or os.cpu_count() or 1, f"{parse_size(memory)}B")
