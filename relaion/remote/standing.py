"""Bytes of objects, fetched into what stands for them here: each range once, at its own place.

A hole reads as zeros, so nobody may read one: whoever reads a stand-in says before which bytes
(`need`, `whole`), or reads through `OnDemand`, which fetches what it is asked for.
"""

import fcntl
import hashlib
import io
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from relaion.errors import InputError, NoRoomError
from relaion.paths import atomic_write, shown
from relaion.paths.stand_ins import ObjectRecord, read_record, record_of, state_of
from relaion.remote.failures import CutError, RemoteError, changed
from relaion.remote.store import PIECE, Range, RemoteFile
from relaion.remote.stores import open_store
from relaion.remote.urls import RemoteURL

NEAR = 256 << 10  # bytes between two ranges that are fetched as one: a request costs more
FILES_AT_ONCE = 4
ENDS_AT_ONCE = 16
_FIRST, _MOST = 128 << 10, 8 << 20  # bytes read ahead, more where reading goes on
_CHUNK = 1 << 20


def stand_in(path: Path, file: RemoteFile) -> None:
    """Make what stands for an object: a file of its size that is all hole."""
    state = state_of(path)
    state.parent.mkdir(parents=True, exist_ok=True)
    url = file.url
    about = {
        "url": [url.scheme, url.bucket, url.key, url.query], "size": file.size, "tag": file.tag,
        "modified": file.modified, "version": file.version, "in_parts": file.in_parts,
        "sha256": file.sha256,
    }  # fmt: skip
    _hole(path, file.size)
    with atomic_write(state, 0o600, flush=False) as part:
        part.write_text(json.dumps(about) + "\n", encoding="ascii")


def _hole(path: Path, size: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.truncate(handle, size)
    finally:
        os.close(handle)


def object_of(record: ObjectRecord) -> RemoteFile:
    """The object that a stand-in stands for."""
    about = record.about
    return RemoteFile(
        RemoteURL(*about["url"]), record.size, about["tag"], about["modified"], about["sha256"],
        about["in_parts"],
    )  # fmt: skip


def need_ends_of_many(paths: Sequence[Path]) -> None:
    """See that both ends of many files are there, many at once; raises as `need` does."""
    some = [path for path in paths if record_of(path) is not None]
    if some:
        with ThreadPoolExecutor(ENDS_AT_ONCE) as pool:
            for _ in pool.map(need_ends, some):
                pass


# -- Ranges ------------------------------------------------------------------------------------


def joined(ranges: Iterable[Range], near: int = 0) -> list[Range]:
    """Ranges in order; those that overlap, touch, or have no more than `near` between, as one."""
    found: list[Range] = []
    for start, end in sorted(r for r in ranges if r[0] < r[1]):
        if found and start <= found[-1][1] + near:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def lacking(wanted: Iterable[Range], held: Iterable[Range]) -> list[Range]:
    """What of some ranges is in none of those that are held."""
    found: list[Range] = []
    there = joined(held)
    for start, end in joined(wanted):
        at = start
        for first, last in there:
            if last <= at or first >= end:
                continue
            if first > at:
                found.append((at, first))
            at = last
        if at < end:
            found.append((at, end))
    return found


# -- Fetching ----------------------------------------------------------------------------------


def need(path: Path, ranges: Sequence[Range]) -> None:
    """See that these bytes of a file are there; nothing is to be done for one that is no stand-in.

    Raises RemoteError where they cannot be had, or the object is another one than at first, and
    NoRoomError where the disk is full.
    """
    record = record_of(path)
    if record is None or not (missing := lacking(_within(ranges, record), record.held)):
        return
    if not object_of(record).in_parts:
        whole(path)
        return
    with _locked(path, record) as record:
        _fetch(path, record, joined(lacking(missing, record.held), NEAR))


class Traffic(NamedTuple):
    """Bytes that came from a store, by so many requests, in so many seconds."""

    bytes: int = 0
    requests: int = 0
    seconds: float = 0.0

    def plus(self, more: "Traffic") -> "Traffic":
        """Both together, one after the other."""
        return Traffic(
            self.bytes + more.bytes, self.requests + more.requests, self.seconds + more.seconds
        )


ASKED_AFTER = ("gs",)  # whether it is still the same object is asked after each read of these


def timed_need(path: Path, ranges: Sequence[Range]) -> Traffic:
    """See that these bytes are there, as `need` does; what that took."""
    record = record_of(path)
    if record is None:
        return Traffic()
    began = time.monotonic()
    missing = joined(lacking(_within(ranges, record), record.held), NEAR)
    file = object_of(record)
    if missing and not file.in_parts:
        missing = [(0, file.size)]
    need(path, missing)
    pieces = sum(-(-(end - start) // PIECE) for start, end in missing)
    return Traffic(
        sum(end - start for start, end in missing),
        pieces * (1 + (file.url.scheme in ASKED_AFTER)),
        time.monotonic() - began,
    )


TAIL = 64 << 10  # most footers are shorter
HEAD = 512  # by which files of other kinds are told


def need_ends(path: Path) -> None:
    """See that both ends of a file are there; raises as `need` does."""
    record = record_of(path)
    if record is not None:
        need(path, [(0, HEAD), (record.size - TAIL, record.size)])


def timed_need_ends(path: Path) -> Traffic:
    """As `need_ends`; what that took."""
    record = record_of(path)
    if record is None:
        return Traffic()
    return timed_need(path, [(0, HEAD), (record.size - TAIL, record.size)])


def need_of_many(wanted: Sequence[tuple[Path, Callable[[], Sequence[Range]]]]) -> None:
    """See that bytes of many files are there, some files at once; raises as `need` does.

    Which bytes these are is asked when the turn is theirs.
    """
    some = [(path, ranges) for path, ranges in wanted if record_of(path) is not None]
    if not some:
        return
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        for _ in pool.map(lambda one: need(one[0], one[1]()), some):
            pass


def whole(path: Path) -> str | None:
    """See that a file is there as a whole; its SHA-256, or None where it is no stand-in.

    Raises as `need` does, and where other bytes come than came before.
    """
    record = record_of(path)
    if record is None:
        return None
    if record.sha256:
        return record.sha256
    with _locked(path, record) as record:
        if record.sha256:
            return record.sha256
        file = object_of(record)
        if file.in_parts:
            _fetch(path, record, lacking([(0, record.size)], record.held))
        else:
            with _writing(path):
                open_store(file.url).download(file, path)
        with path.open("rb") as f:
            sha256 = hashlib.file_digest(f, "sha256").hexdigest()
        if file.sha256 and sha256 != file.sha256:
            raise RemoteError(
                f"{shown(path)}: came with other bytes than its store says it has; repeat the "
                "command"
            )
        if record.digest and sha256 != record.digest:  # a web server may give no mark of versions
            raise changed(file.url)
        _add(path, record.state, f"0 {record.size}\nwhole {sha256}\n")
        return sha256


def digested(path: Path) -> str | None:
    """The SHA-256 of an object's bytes, none of which is kept; None for what is no stand-in.

    Raises as `need` does.
    """
    record = record_of(path)
    if record is None or record.digest:
        return None if record is None else record.digest
    file = object_of(record)
    if not file.in_parts:
        return whole(path)
    found = hashlib.sha256()
    for _, piece in open_store(file.url).read(file, [(0, file.size)]):
        found.update(piece)
    with _locked(path, record) as record:
        _add(path, record.state, f"digest {found.hexdigest()}\n")
    return found.hexdigest()


def drop(path: Path) -> None:
    """Let go of what was fetched of a file; what else has its name keeps its bytes."""
    record = record_of(path)
    if record is None or not record.held:
        return
    with _locked(path, record) as record:
        first = record.state.read_text(encoding="ascii").partition("\n")[0]
        known = f"digest {record.digest}\n" if record.digest else ""
        with atomic_write(record.state, 0o600, flush=False) as part:
            part.write_text(f"{first}\n{known}", encoding="ascii")
        with _writing(path):
            path.unlink()  # not cut: a hard link in an output has these bytes
            _hole(path, record.size)


def _within(ranges: Iterable[Range], record: ObjectRecord) -> list[Range]:
    return [(max(0, start), min(end, record.size)) for start, end in ranges]


def _fetch(path: Path, record: ObjectRecord, ranges: Sequence[Range]) -> None:
    file = object_of(record)
    if not ranges:
        return
    with _writing(path), path.open("r+b") as f:
        for start, piece in open_store(file.url).read(file, ranges):
            os.pwrite(f.fileno(), piece, start)
    # after the bytes: what was not told is fetched again
    _add(path, record.state, "".join(f"{start} {end}\n" for start, end in ranges))


def _add(path: Path, state: Path, lines: str) -> None:
    with _writing(path), state.open("a", encoding="ascii") as f:
        f.write(f"-\n{lines}")  # ends a line that was cut off, so that nobody believes it


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as e:
        raise NoRoomError(
            f"{shown(path)}: what was fetched of it cannot be kept ({e.strerror}); name a folder "
            "with more room as --work"
        ) from None
    except CutError:
        raise RemoteError(f"{shown(path)}: was not sent whole; repeat the command") from None


@contextmanager
def _locked(path: Path, record: ObjectRecord) -> Iterator[ObjectRecord]:
    """Hold a stand-in for oneself, threads and processes alike; yields what is known of it then."""
    lock = record.state.with_suffix(".lock")
    with _writing(path):
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield read_record(record.state) or record
    finally:
        os.close(handle)


# -- A file that fetches what is read of it ----------------------------------------------------


class OnDemand(io.RawIOBase):
    """A stand-in to be read like any file: what is not there yet is fetched first.

    `chunks` are borders within which it is worth to read ahead, such as those of column chunks.
    """

    def __init__(self, path: Path, chunks: Sequence[Range] = ()) -> None:
        record = record_of(path)
        if record is None:
            raise InputError(f"{shown(path)}: stands for nothing")
        self._path, self._size = path, record.size
        self._chunks = joined(chunks)
        self._at, self._ahead, self._last = 0, _FIRST, -1
        self._file = path.open("rb", buffering=0)  # what was a hole may be filled by now

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As files do."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """As files do."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """As files do; raises as `need` does."""
        end = self._size if size is None or size < 0 else min(self._size, self._at + size)
        if end <= self._at:
            return b""
        record = record_of(self._path)
        if record is None or lacking([(self._at, end)], record.held):
            need(self._path, [(self._at, self._until(end))])
        self._reopen()
        self._file.seek(self._at)
        found = self._file.read(end - self._at)
        self._at += len(found)
        return found

    def _reopen(self) -> None:
        """Whoever let go of it meanwhile made another file in its place."""
        if os.fstat(self._file.fileno()).st_ino != self._path.stat().st_ino:
            self._file.close()
            self._file = self._path.open("rb", buffering=0)

    def readall(self) -> bytes:
        """As files do."""
        return self.read(-1)

    def readinto(self, buffer: object) -> int:
        """As files do."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        found = self.read(len(view))
        view[: len(found)] = found
        return len(found)

    def _until(self, end: int) -> int:
        """How far to fetch: further each time that reading goes on where the last fetch ended."""
        self._ahead = min(2 * self._ahead, _MOST) if self._at == self._last else _FIRST
        border = next((last for first, last in self._chunks if first <= self._at < last), end)
        self._last = max(end, min(border, self._at + self._ahead))
        return self._last

    def close(self) -> None:
        """As files do."""
        if not self.closed:
            self._file.close()
        super().close()
