"""The journal of a work folder: what is done, and which of its files can be relied on.

One file of lines, appended to by the one process that drives the run. Each line carries the digest
of its own text, and the digests of the work files that it vouches for: what a kill or a power cut
left torn, zeroed or mixed up counts as not there, and is done again.

So lines are flushed to the disk for thrift alone, once a second at most: one that comes sooner
waits for the next, and a power cut until then costs the work that it tells of. What nobody would
find out again, that a shard failed or changed, is flushed at once.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from relaion.errors import InputError, OutputError
from relaion.paths import Seal, Stamp, atomic_write, file_sha256, shown

T = TypeVar("T")
NAME = "journal.jsonl"
FIND = "find"
# what an entry is about
SHARD = "shard"  # by number: a shard that is written, and its report
FOUND = "found"  # by file: shards that were searched, each sealed as it was then
MADE = "made"  # by step: what it was made of, and what it said
COVERED = "covered"  # the sites that leave, and by what they were chosen
COPY = "copy"  # by number: a private copy of a shard that DuckDB cannot read
STORE = "store"  # the list store's snapshot
SIDECARS = "sidecars"  # their seals
FAILED = "failed"  # by subset and name: a shard that may be another file when the run goes on
CHANGED = "changed"  # by number: a shard that has other bytes than when it was searched
JOINED = "joined"  # of a part: what all parts found by then, and what is to be searched next
WRITTEN = "written"  # of a part: that it is written, and what it knows for the manifest
_FLUSH_SECONDS = 1.0
_DONE_AGAIN = frozenset({SHARD, FOUND, MADE, COPY, STORE, SIDECARS})  # where they are lost
_OF_A_SEARCH = frozenset({FOUND, MADE, COVERED, COPY, JOINED})


class Entry(NamedTuple):
    """A line of the journal: `files` of the work folder, by their SHA-256, are part of it."""

    what: str
    name: str
    value: Any = None
    files: Mapping[str, str] = {}


class Journal:
    """The entries of a work folder; of two of one name the later counts.

    Only where the line of each begins is held: there may be one for each of very many shards.
    """

    def __init__(self, work: Path) -> None:
        self.work = work
        self._path = work / NAME
        self._starts: dict[str, dict[str, int]] = {}  # of lines, by what and name
        self._flushed = time.monotonic()
        try:
            with self._path.open("rb") as f:
                at = 0
                for line in f:
                    if entry := _entry_of(line):
                        self._starts.setdefault(entry.what, {})[entry.name] = at
                    at += len(line)
        except FileNotFoundError:
            pass
        except OSError as e:
            raise _unusable(self._path, "read", e) from None

    def __reduce__(self) -> tuple[type["Journal"], tuple[Path]]:
        return Journal, (self.work,)  # another process reads the file

    def add(self, entries: Iterable[Entry]) -> None:
        """Append entries, and flush them to the disk: at once, or a second after the last flush."""
        texts = {(e.what, e.name): json.dumps(e).encode("ascii") for e in entries}
        if not texts:
            return
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "ab") as f:
                at = f.seek(0, os.SEEK_END)
                f.write(_lines(texts.values()))
                f.flush()
                if self._is_due(texts):
                    os.fsync(f.fileno())
                    self._flushed = time.monotonic()
        except OSError as e:
            raise _unusable(self._path, "written", e) from None
        for (what, name), text in texts.items():
            at += _BEFORE
            self._starts.setdefault(what, {})[name] = at
            at += len(text) + _DIGEST + 1

    def _is_due(self, added: Iterable[tuple[str, str]]) -> bool:
        late = time.monotonic() - self._flushed >= _FLUSH_SECONDS
        return late or any(what not in _DONE_AGAIN for what, _ in added)

    def entries(self, what: str) -> Iterator[Entry]:
        """All entries about something, in order; their files may have changed since."""
        yield from self._at(list(self._starts.get(what, {}).values()))

    def _at(self, starts: Iterable[int]) -> Iterator[Entry]:
        """The entries that stand there; one whose line was damaged since is none."""
        with suppress(OSError), self._path.open("rb") as f:
            for start in starts:
                f.seek(start)
                if entry := _entry_of(f.readline()):
                    yield entry

    def get(self, what: str, name: str, make: Callable[[Any], T]) -> T | None:
        """What `make` makes of an entry's value; None where it is none, or its files not whole."""
        start = self._starts.get(what, {}).get(name)
        found = None if start is None else next(self._at([start]), None)
        return None if found is None else self.read(found, make)

    def read(self, entry: Entry, make: Callable[[Any], T]) -> T | None:
        """What `make` makes of the value of this entry, as `get` does."""
        try:
            made = make(entry.value)
        except (ValueError, TypeError, LookupError, AttributeError):
            return None
        whole = all(is_whole(self.work / name, sha256) for name, sha256 in entry.files.items())
        return made if whole else None

    def drop(self, is_dropped: Callable[[Entry], bool]) -> None:
        """Write the journal anew, whole or not at all, without some entries."""
        before = [start for starts in self._starts.values() for start in starts.values()]
        kept: dict[str, dict[str, int]] = {}
        if sum(not is_dropped(entry) for entry in self._at(before)) == len(before):
            return
        with atomic_write(self._path, mode=0o600) as part, part.open("wb") as f:
            for entry in self._at(sorted(before)):
                if not is_dropped(entry):
                    kept.setdefault(entry.what, {})[entry.name] = f.tell() + _BEFORE
                    f.write(_lines([json.dumps(entry).encode("ascii")]))
        self._starts = kept

    # -- what a run that goes on must forget -----------------------------------------------

    def forget(self, numbers: Collection[int]) -> None:
        """Forget what was found in some shards, and in others that were searched with them."""
        names = {str(no) for no in numbers}

        def is_of(entry: Entry) -> bool:
            if entry.what == FOUND:
                return bool(names & set(entry.value))
            return entry.what in (COPY, CHANGED) and entry.name in names

        if numbers:
            self.drop(is_of)

    def forget_search(self) -> None:
        """Forget all that the search found; outputs that come out the same are kept."""
        self.drop(lambda entry: entry.what in _OF_A_SEARCH)
        shutil.rmtree(self.work / FIND, ignore_errors=True)
        for path in self.work.glob("*.parquet"):
            path.unlink(missing_ok=True)

    # -- shards that were no good -----------------------------------------------------------

    def mark_failed(self, subset: str, name: str) -> None:
        """Remember a shard that failed."""
        self.add([Entry(FAILED, json.dumps([subset, name]))])

    @property
    def failed(self) -> set[tuple[str, str]]:
        """The shards (subset, name) that failed in the run so far."""
        return {(s, n) for s, n in (json.loads(e.name) for e in self.entries(FAILED))}

    def mark_changed(self, numbers: Iterable[int]) -> None:
        """Remember shards that have other bytes than when they were searched."""
        self.add(Entry(CHANGED, str(no)) for no in numbers)

    @property
    def changed(self) -> set[int]:
        """The shards that were so marked."""
        return {int(e.name) for e in self.entries(CHANGED)}

    # -- private copies ------------------------------------------------------------------------

    def add_copies(self, copies: Mapping[Any, str]) -> None:
        """Note private copies: their SHA-256 by the number of their shard."""
        self.add(Entry(COPY, str(no), sha256) for no, sha256 in copies.items())

    def copies(self, numbers: Iterable[int]) -> dict[int, str]:
        """The SHA-256 of those private copies that were made of these shards."""
        known = {int(e.name): str(e.value) for e in self.entries(COPY)}
        return {no: known[no] for no in numbers if no in known} if known else {}


def _entry(text: bytes) -> Entry | None:
    """The entry of a line; None for a text that is whole and no entry of ours."""
    try:
        what, name, value, files = json.loads(text)
        return Entry(str(what), str(name), value, dict(files))
    except (ValueError, TypeError, RecursionError):
        return None


def _unusable(path: Path, what: str, error: OSError) -> OutputError:
    why = error.strerror or type(error).__name__
    text = f"{shown(path)}: cannot be {what} ({why})"
    if isinstance(error, PermissionError):
        text += "; give it back to who runs the command (chown), and repeat it"
    return OutputError(text)


_DIGEST = 16  # hex digits before each text
_BEFORE = 1  # byte before a line


def _entry_of(line: bytes) -> Entry | None:
    """The entry of a line of the file; None for one that is torn, or none of ours."""
    digest, _, text = line.rstrip(b"\n").partition(b" ")
    return _entry(text) if digest == _digest(text) else None


def _lines(texts: Iterable[bytes]) -> bytes:
    # a torn line before these ends with the first of them
    return b"".join(b"\n" + _digest(text) + b" " + text for text in texts) + b"\n"


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:_DIGEST].encode("ascii")


def is_whole(path: Path, sha256: str) -> bool:
    """Whether a work file is there, with these bytes."""
    try:
        return file_sha256(path) == sha256
    except InputError:
        return False


def digests_of(work: Path, files: Iterable[Path]) -> dict[str, str]:
    """The SHA-256 of files of the work folder, by name, as an entry takes them."""
    return {str(f.relative_to(work)): file_sha256(f) for f in files}


class Ledger:
    """The files of one step of the search, and which shards each covers."""

    def __init__(self, journal: Journal, step: str) -> None:
        self._journal = journal
        self.step = step
        self._shards: dict[str, dict[int, Seal]] = {}
        for entry in journal.entries(FOUND):
            if entry.name.startswith(f"{step}-"):
                self._take(entry)

    def _take(self, entry: Entry) -> None:
        seals = self._journal.read(
            entry, lambda found: {int(no): Seal.read(seal) for no, seal in found.items()}
        )
        if seals is not None:
            self._shards[entry.name] = seals

    @property
    def covered(self) -> set[int]:
        """Numbers of all shards that were searched."""
        return set(self.seals)

    @property
    def seals(self) -> dict[int, Seal]:
        """All shards that were searched, as they were then."""
        return {no: seal for seals in self._shards.values() for no, seal in seals.items()}

    def share_stamps(self, stamps: Mapping[int, Stamp | None]) -> dict[int, Seal]:
        """The seals, with these stamps where they are equal: of very many shards each takes room.

        A stamp is the same where nothing happened to a file since the survey.
        """
        for seals in self._shards.values():
            for no, seal in seals.items():
                stamp = stamps.get(no)
                if stamp is not None and stamp == seal.stamp:
                    seals[no] = Seal(stamp, seal.sha256)
        return self.seals

    @property
    def names(self) -> list[str]:
        """The names of all files, sorted, without their ends."""
        return sorted(self._shards)

    def name(self, numbers: Sequence[int]) -> str:
        """The name of the file that covers these shards."""
        digest = hashlib.sha256(json.dumps(sorted(numbers)).encode()).hexdigest()
        return f"{self.step}-{digest[:16]}"

    def add(self, name: str, seals: Mapping[str, Any], files: Mapping[str, str]) -> bool:
        """Note what was found in some shards; False where its files are gone already."""
        entry = Entry(FOUND, name, dict(seals), dict(files))
        self._take(entry)
        if name in self._shards:
            self._journal.add([entry])
        return name in self._shards

    def keep(self, seals: Mapping[int, Seal]) -> None:
        """Drop what was found in shards that had other bytes then."""
        stale = {
            name
            for name, found in self._shards.items()
            if any(no not in seals or seals[no].sha256 != s.sha256 for no, s in found.items())
        }
        if stale:
            self._journal.drop(lambda entry: entry.what == FOUND and entry.name in stale)
            self._shards = {k: v for k, v in self._shards.items() if k not in stale}
