"""Mutated list files; the cases themselves are made by `lists_fuzz.py`."""

import importlib
import importlib.util
from pathlib import Path

from tests.faults.kills import Row


def fuzz(folder: Path, n: int, seed: int) -> list[Row]:
    """Read n mutated list files."""
    del folder
    if importlib.util.find_spec("tests.faults.lists_fuzz") is None:
        return [("mutated list files", 0, "not part of this checkout")]
    made = importlib.import_module("tests.faults.lists_fuzz")
    outcomes: dict[str, int] = made.fuzz_lists(n, seed)
    told = ", ".join(f"{count:,} {name}" for name, count in outcomes.items())
    return [("mutated list files", n, told)]
