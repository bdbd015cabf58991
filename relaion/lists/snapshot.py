"""A snapshot of the list store for a whole run: whoever replaces it meanwhile changes nothing.

This program replaces a store by renaming, so a hard link is a snapshot; where none can be
made, a copy is. Another program may write into the very file: then its stamp tells, and its digest
is asked. Where neither changes it is digested once.
"""

import errno
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING

from relaion.errors import InputError, ListError, NoRoomError
from relaion.lists.store_file import refuse_other_files
from relaion.paths import Seal, Stamp, private_umask, replaced, seal, shown, stamp_of, stamp_of_open

if TYPE_CHECKING:
    from relaion.engine import Engine


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


NAME = "lists.duckdb"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_TRIES = 3
_TICK = 10_000_000  # nanoseconds: two writes within one turn of the kernel's clock have one time


@dataclass(frozen=True)
class Snapshot:
    """A store as it was at one moment: `path` is read, `origin` is what the user named.

    `mode` is that of the original. `only`: the lists whose entries are looked for, None for all.
    `stamp` is what the system said of the file when it had these bytes; None where nobody knows.
    """

    path: Path
    origin: Path
    sha256: str
    mode: int
    only: tuple[int, ...] | None = None
    stamp: Stamp | None = None

    def sealed(self) -> "Snapshot | None":
        """The same with the stamp that the file has now; None where it has other bytes.

        It is read where its stamp is not the one that is known.
        """
        try:
            if self.stamp is not None and stamp_of(self.path) == self.stamp:
                return self
            found, stamp = seal_settled(self.path)
        except InputError:
            return None
        return replace(self, stamp=stamp) if found.sha256 == self.sha256 else None

    def check(self) -> None:
        """Raise ListError where another program wrote into the file."""
        if self.sealed() is None:
            raise changed(self.origin)


def seal_settled(path: Path) -> tuple[Seal, Stamp | None]:
    """The seal of a file, and its stamp where each write since it was begun would change that.

    A write that follows another one within a turn of the clock leaves it as it is: then None.
    """
    begun = time.time_ns()
    found = seal(path)
    return found, found.stamp if _is_settled(found.stamp, begun) else None


def _is_settled(stamp: Stamp, at: int) -> bool:
    """Whether every write after a moment, in nanoseconds, gives a file another stamp."""
    return at - stamp.written_ns > _TICK


def changed(origin: Path) -> ListError:
    """The error for a store that was written to in place."""
    return ListError(
        f"{shown(origin)}: was changed while it was read; repeat the command when nothing writes "
        "to it any more"
    )


def take(store: Path, folder: Path, known: Seal | None = None) -> Snapshot:
    """Make the snapshot of a store in a private folder.

    `known` is its seal, where somebody has made one whose stamp tells of every write since (see
    `seal_settled`); it is digested where that is not its any more.
    Raises ListError for what is no store, or is written to meanwhile; NoRoomError where the disk
    of that folder is full.
    """
    refuse_other_files(store)
    target = folder / NAME
    for left in (target, target.with_name(NAME + ".wal")):
        left.unlink(missing_ok=True)
    try:
        origin = store.resolve(strict=True)
        mode = origin.stat().st_mode
        is_known = known is not None and stamp_of(origin) == known.stamp
        if mode & _OTHERS or not _linked(origin, target):
            _copied(origin, target)
            is_known = False
        refuse_other_files(store)  # a log that another program began in between
        now = stamp_of(target)  # to link it changed its stamp, and a write changes the rest
        if known is not None and is_known and now.written == known.stamp.written:
            return Snapshot(target, store, known.sha256, mode, stamp=now)
        known, stamp = seal_settled(target)
        return Snapshot(target, store, known.sha256, mode, stamp=stamp)
    except OSError as e:
        if e.errno in _NO_ROOM:  # of where the copy goes: the store itself is only read
            target.unlink(missing_ok=True)
            raise NoRoomError(
                f"{shown(folder)}: has no room for a private copy of {shown(store)} "
                f"({e.strerror}); free some there, or name another disk with --work"
            ) from None
        raise ListError(
            f"{shown(store)}: no private copy of it can be made ({e.strerror}); "
            "check the file, and the room on the disk"
        ) from None
    except InputError:
        raise changed(store) from None


def _linked(origin: Path, target: Path) -> bool:
    try:
        os.link(origin, target)
    except OSError:  # another file system, one without hard links, or somebody else's file
        return False
    return True


def _copied(origin: Path, target: Path) -> None:
    for _ in range(_TRIES):
        before = seal(origin)
        with private_umask():
            shutil.copyfile(origin, target)
        target.chmod(0o600)
        if seal(target).sha256 == before.sha256:
            return
    raise replaced(origin)


@dataclass(frozen=True)
class Held:
    """A store held open: `engine` reads it, `named` is what the user named, with its mode."""

    engine: "Engine"
    named: Path
    mode: int


@contextmanager
def hold(store: Path | Snapshot, held: Callable[[], object] = lambda: None) -> Iterator[Held]:
    """Hold a store open by one connection, so that no rename of it is seen.

    `held` is called as soon as it is held, and may remove a name of the file. Raises ListError, at
    the latest at the end, where another program wrote into the file.
    """
    from relaion.lists.database import reading  # noqa: PLC0415 - heavy, and few hold a store

    path, named = (store.path, store.origin) if isinstance(store, Snapshot) else (store, store)
    refuse_other_files(path, named)
    with _opened(path, named) as f, reading(path, named) as engine:
        if not _is_at(path, f):  # it took the name between the two openings
            raise changed(named)
        before = stamp_of_open(f)
        is_settled = _is_settled(before, time.time_ns())
        if not isinstance(store, Snapshot):
            sha256 = _digest(f, named)
        elif before != store.stamp and _digest(f, named) != store.sha256:
            raise changed(named)
        else:
            sha256 = store.sha256
        mode = store.mode if isinstance(store, Snapshot) else os.fstat(f.fileno()).st_mode
        held()
        now = stamp_of_open(f)
        # a name less changed the stamp, and a write the rest of it
        stays = now if is_settled and now.written == before.written else None
        yield Held(engine, named, mode)
        if stamp_of_open(f) != stays and _digest(f, named) != sha256:
            raise changed(named)


@contextmanager
def _opened(path: Path, named: Path) -> Iterator[BufferedReader]:
    """Open the file once, and not close it earlier than DuckDB: that would end its lock."""
    try:
        f = path.open("rb")
    except OSError as e:
        raise ListError(f"{shown(named)}: cannot be read ({e.strerror}); check the path") from None
    with f:
        yield f


def _is_at(path: Path, f: BufferedReader) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(f.fileno()))
    except OSError:
        return False


def _digest(f: BufferedReader, named: Path) -> str:
    try:
        f.seek(0)
        return hashlib.file_digest(f, "sha256").hexdigest()
    except OSError as e:
        raise ListError(f"{shown(named)}: cannot be read ({e.strerror}); check the file") from None
