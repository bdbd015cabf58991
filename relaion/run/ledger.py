"""What the search left in the work folder: files of found rows, and which shards they cover."""

import hashlib
import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from relaion.paths import whole_file

FIND = "find"
MENDED = "mended"


class Ledger:
    """The files of one step of the search.

    Each has a name that begins with that of the step, and beside it a list of the shards that
    it covers, which is written last.
    """

    def __init__(self, work: Path, step: str) -> None:
        self._folder = work / FIND
        self._step = step
        self._shards = {path.stem: _numbers(path) for path in self._folder.glob(f"{step}-*.json")}

    @property
    def covered(self) -> set[int]:
        """Numbers of all shards that were searched."""
        return {no for numbers in self._shards.values() for no in numbers}

    @property
    def names(self) -> list[str]:
        """The names of all files, sorted, without their ends."""
        return sorted(self._shards)

    def name(self, numbers: Iterable[int]) -> str:
        """The name of the file that covers these shards."""
        digest = hashlib.sha256(json.dumps(sorted(numbers)).encode()).hexdigest()
        return f"{self._step}-{digest[:16]}"

    def add(self, numbers: Collection[int]) -> None:
        """Note that the file for these shards is there."""
        name = self.name(numbers)
        write_note(self._folder / f"{name}.json", sorted(numbers))
        self._shards[name] = set(numbers)


def _numbers(path: Path) -> set[int]:
    return set(json.loads(path.read_text(encoding="ascii")))


def write_note(path: Path, value: Any) -> None:
    """Write a small private JSON file, whole or not at all."""
    with whole_file(path, mode=0o600) as part:
        part.write_text(json.dumps(value), encoding="ascii")


def is_noted(path: Path, value: Any) -> bool:
    """Whether a note is there and says this."""
    return path.exists() and bool(json.loads(path.read_text(encoding="ascii")) == value)


def forget(work: Path, numbers: Collection[int]) -> None:
    """Forget what was found in some shards, and in others that were searched along with them."""
    for no in numbers:
        (work / "done" / f"{no:06}.json").unlink(missing_ok=True)
        (work / MENDED / f"{no:06}.parquet").unlink(missing_ok=True)
    for note in (work / FIND).glob("*-*.json"):
        if _numbers(note) & set(numbers):
            note.unlink()
