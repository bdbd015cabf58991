"""Mutated list files; the cases themselves are made by `lists_fuzz.py`."""

from pathlib import Path

from tests.faults.kills import Row
from tests.faults.lists_fuzz import fuzz_lists


def fuzz(folder: Path, n: int, seed: int) -> list[Row]:
    """Read n mutated list files; a `failed` outcome becomes a finding."""
    del folder  # it makes its own
    outcomes = fuzz_lists(n, seed)
    told = [f"{n:,} {name.replace('failed', 'FAILED', 1)}" for name, n in outcomes.items()]
    return [("mutated list files", n, ", ".join(told))]
