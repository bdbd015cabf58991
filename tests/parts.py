"""A clean in parts for tests: every part by itself, and the merges that they ask for."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from relaion.run.plan_note import left
from tests.pipeline import here

Ran = Callable[..., "CompletedProcess[str]"]
MOST_ROUNDS = 10  # as sites, then as their teams: what is in them and beside them comes twice


def folders(n: int, named: str = "parts") -> list[str]:
    """Where the parts go."""
    return [f"{named}/{i}" for i in range(1, n + 1)]


def noted(work: Path) -> dict[str, Any]:
    """What a run noted of itself."""
    note = left(work, dict)
    assert note is not None
    return note


def did(done: "CompletedProcess[str]", *codes: int) -> "CompletedProcess[str]":
    """What a command said, where it ended as it should."""
    assert done.returncode in (codes or (0,)), done.stdout + done.stderr
    return done


def part(
    folder: Path,
    no: int,
    of: int,
    phase: str,
    args: Sequence[str],
    named: str = "parts",
    run: Ran = here,
) -> "CompletedProcess[str]":
    """Do a phase of a part; the store lies in the folder."""
    place = ("--out", f"{named}/{no}", "--shards", f"{no}/{of}", "--phase", phase)
    return run("clean", *args, *place, cwd=folder)


def merge(
    folder: Path, of: int, *args: str, named: str = "parts", run: Ran = here
) -> "CompletedProcess[str]":
    """Merge all parts."""
    return run("merge", *folders(of, named), *args, cwd=folder)


def search(folder: Path, of: int, args: Sequence[str], *more: str, named: str = "parts") -> int:
    """Search and merge until all is found; returns how often."""
    for rounds in range(1, MOST_ROUNDS + 1):
        for no in range(1, of + 1):
            did(part(folder, no, of, "find", args, named))
        if did(merge(folder, of, "--phase", "find", *more, named=named), 0, 1).returncode == 0:
            return rounds
    raise AssertionError("the search comes to no end")


def write(folder: Path, of: int, args: Sequence[str], named: str = "parts") -> None:
    """Write all parts."""
    for no in range(1, of + 1):
        did(part(folder, no, of, "write", args, named))


def in_parts(folder: Path, of: int, args: Sequence[str], out: str, *more: str) -> int:
    """All of it; returns how often was searched."""
    rounds = search(folder, of, args, *more)
    write(folder, of, args)
    did(merge(folder, of, "--out", out))
    shutil.rmtree(folder / "parts")
    return rounds
