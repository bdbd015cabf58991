"""The journal: what is done, and which files of the work folder are vouched for."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from relaion.errors import InputError, OutputError
from relaion.paths import Seal, atomic_write, file_sha256, shown

# -- What is done, one line a finished shard: the state that a run broken off goes on from -----
# Lines are appended by the one process that drives the run, flushed to the disk once a batch,
# after the files that they vouch for. Each carries the digest of its own text: one that a kill or
# a power cut left torn, zeroed or mixed up is none, and its shard is done again.

T = TypeVar("T")
NAME = "journal.jsonl"


class Journal:
    """The journal of one work folder, to be appended to by one process."""

    def __init__(self, work: Path) -> None:
        self._path = work / NAME

    def read(self, make: Callable[[Any], T]) -> Iterator[T]:
        """What `make` makes of each whole line, in order; lines that it cannot take are none."""
        try:
            lines = self._path.read_bytes().split(b"\n")
        except OSError:
            return
        for line in lines:
            digest, _, text = line.partition(b" ")
            if digest != _digest(text):
                continue
            try:
                yield make(json.loads(text))
            except (ValueError, TypeError, LookupError, AttributeError):
                continue

    def add(self, values: Iterable[Any]) -> None:
        """Append a line for each value, and flush them to the disk together."""
        texts = [json.dumps(value).encode("ascii") for value in values]
        lines = b"".join(b"\n" + _digest(text) + b" " + text for text in texts)
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "ab") as f:
                f.write(lines + b"\n")  # a torn line before these ends with the first of them
                f.flush()
                os.fsync(f.fileno())
        except OSError as e:
            raise OutputError(f"{shown(self._path)}: cannot be written ({e.strerror})") from None


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:16].encode("ascii")


# -- What the search left in the work folder: files of found rows, and which shards they cover --
# A note vouches for each file by its digest: what a power cut left cut or zeroed, or a note that
# is none any more, counts as not there, and is made again.

NoteT = TypeVar("NoteT")
FIND = "find"
MENDED = "mended"
CHANGED = "changed"


class Ledger:
    """The files of one step of the search.

    Each has a name that begins with that of the step, and beside it a note of the shards that
    it covers, each sealed as it was when it was searched; the note is written last.
    """

    def __init__(self, work: Path, step: str) -> None:
        self._folder = work / FIND
        self._step = step
        self._shards: dict[str, dict[int, Seal]] = {}
        for path in sorted(self._folder.glob(f"{step}-*.json")):
            self._take(path)

    def _take(self, path: Path) -> bool:
        note = _Found.read(path)
        if note is None or not are_whole(self._folder, note.files):
            path.unlink(missing_ok=True)
            return False
        self._shards[path.stem] = note.seals
        return True

    @property
    def covered(self) -> set[int]:
        """Numbers of all shards that were searched."""
        return set(self.seals)

    @property
    def seals(self) -> dict[int, Seal]:
        """All shards that were searched, as they were then."""
        return {no: seal for seals in self._shards.values() for no, seal in seals.items()}

    @property
    def names(self) -> list[str]:
        """The names of all files, sorted, without their ends."""
        return sorted(self._shards)

    def name(self, numbers: Iterable[int]) -> str:
        """The name of the file that covers these shards."""
        digest = hashlib.sha256(json.dumps(sorted(numbers)).encode()).hexdigest()
        return f"{self._step}-{digest[:16]}"

    def add(self, numbers: Collection[int]) -> bool:
        """Take in the note for these shards; False where it is not there, or its files not."""
        return self._take(self._folder / f"{self.name(numbers)}.json")

    def keep(self, seals: Mapping[int, Seal]) -> None:
        """Drop what was found in shards that had other bytes then."""
        for name, found in list(self._shards.items()):
            if any(no not in seals or seals[no].sha256 != s.sha256 for no, s in found.items()):
                (self._folder / f"{name}.json").unlink(missing_ok=True)
                del self._shards[name]


@dataclass(frozen=True)
class _Found:
    """A note: the shards that were searched, and the digests of the files with what was found."""

    seals: dict[int, Seal]
    files: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "_Found | None":
        return read_note(path, lambda found: cls(
            {int(no): Seal.read(seal) for no, seal in found["shards"].items()},
            {str(name): str(sha256) for name, sha256 in found["files"].items()},
        ))  # fmt: skip


def note_found(path: Path, seals: Mapping[int, Seal], files: Sequence[Path]) -> None:
    """Note that these shards were searched, and vouch for the files that hold what was found."""
    shards = {str(no): seal.plain() for no, seal in seals.items()}
    write_note(path, {"shards": shards, "files": {f.name: file_sha256(f) for f in files}})


def are_whole(folder: Path, files: Mapping[str, str]) -> bool:
    """Whether all files are there with these digests."""
    return all(_digest_of_file(folder / name) == sha256 for name, sha256 in files.items())


def _digest_of_file(path: Path) -> str | None:
    try:
        return file_sha256(path)
    except InputError:
        return None


def write_note(path: Path, value: Any) -> None:
    """Write a small private JSON file, whole or not at all, but for power cuts."""
    with atomic_write(path, mode=0o600, flush=False) as part:
        part.write_text(json.dumps(value), encoding="ascii")


def read_note(path: Path, make: Callable[[Any], NoteT]) -> NoteT | None:
    """What `make` makes of a note; None where there is none, or it is garbage."""
    try:
        return make(json.loads(path.read_text(encoding="ascii")))
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def vouch(path: Path, value: Any, files: Sequence[Path]) -> None:
    """Note what some files of one folder were made of, and vouch for them."""
    write_note(path, {"of": value, "files": {f.name: file_sha256(f) for f in files}})


def is_vouched(path: Path, value: Any, files: Sequence[Path]) -> bool:
    """Whether these files of one folder were made of this, and are whole."""

    def look(found: Any) -> bool:
        names = {f.name for f in files}
        is_same = found["of"] == json.loads(json.dumps(value)) and set(found["files"]) == names
        return bool(is_same) and are_whole(files[0].parent, found["files"])

    return bool(read_note(path, look))


def forget(work: Path, numbers: Collection[int]) -> None:
    """Forget what was found in some shards, and in others that were searched along with them."""
    for no in numbers:
        for left in (f"{MENDED}/{no:06}.parquet", f"{CHANGED}/{no:06}"):
            (work / left).unlink(missing_ok=True)
    for path in (work / FIND).glob("*-*.json"):
        note = _Found.read(path)
        if note is None or set(note.seals) & set(numbers):
            path.unlink(missing_ok=True)


def forget_all(work: Path) -> None:
    """Forget all that the search found; outputs that come out the same are kept."""
    for folder in (FIND, MENDED):
        shutil.rmtree(work / folder, ignore_errors=True)
    for path in work.glob("*.parquet"):
        path.unlink(missing_ok=True)


def mark_changed(work: Path, no: int) -> None:
    """Remember that a shard has other bytes than when it was searched: its name says so."""
    folder = work / CHANGED
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / f"{no:06}").touch(mode=0o600)


def changed_since(work: Path) -> set[int]:
    """The shards that were so marked."""
    return {int(path.name) for path in (work / CHANGED).glob("[0-9]*") if path.name.isdigit()}
