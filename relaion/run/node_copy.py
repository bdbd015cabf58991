"""One private copy of the list store on each machine of a cluster, for all workers there.

The first worker that needs it makes it, while the others wait; they open it by its path. So the
shared folder sends the lists once to each machine. A worker holds a lock on the folder as long as
it lives. Whoever ends the run removes the folder; what a kill leaves, `sweep` finds.
"""

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from relaion.lists.snapshot import Snapshot, changed
from relaion.paths.locks import is_same, removed_if_free
from relaion.run.notes import NOTES

FOLDER = "RELAION_NODE_FOLDER"
"""The variable by which a worker is told where the copies of its machine lie, if anywhere."""

_NONE = "none"  # stands in place of a copy, where the first worker could make none
_ROOM = 2  # times the store's size that has to be free: the disk is not ours alone
_CHUNK = 1 << 20
_TRIES = 10
_held: dict[Path, int] = {}  # folders, and the descriptors that keep them from being swept


def folder_of(token: str) -> Path:
    """Where the copies of this machine lie for a run; `token` is eight letters that nobody knows.

    Its name is one that `sweep` knows.
    """
    return Path(tempfile.gettempdir()) / f"relaion-lists-{token}"


def clear(token: str) -> bool:
    """Remove the folder of a run on this machine, unless a worker still lives; whether it did."""
    return removed_if_free(folder_of(token))


def on_this_node(store: Snapshot) -> Path:
    """The file to open in place of a snapshot: this machine's copy, made if there is none yet.

    It is the snapshot itself where nobody named a folder, or where no copy can be made, as on a
    file system without locks. Raises ListError where the snapshot has other bytes than it had.
    """
    place = os.environ.get(FOLDER)
    if not place:
        return store.path
    try:
        return _copied(store, _joined(Path(place)))
    except OSError as e:
        NOTES.info("lists are read where they lie, not copied: %s", e.strerror or type(e).__name__)
        return store.path


def _joined(place: Path) -> Path:
    """Make the folder where it lacks, and hold it.

    Raises OSError where it is not ours alone, or cannot be locked.
    """
    if place in _held and is_same(_held[place], place):
        return place
    for _ in range(_TRIES):
        with suppress(FileExistsError):
            place.mkdir(mode=0o700)
        try:
            handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:  # swept before it was held
            continue
        info = os.fstat(handle)
        if info.st_uid != os.geteuid() or stat.S_IMODE(info.st_mode) & 0o077:
            os.close(handle)
            raise PermissionError(0, "its folder is somebody else's")
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
        except OSError:  # without locks two could write one copy, and nobody could sweep it
            os.close(handle)
            with suppress(OSError):
                place.rmdir()
            raise
        if is_same(handle, place):
            if place in _held:
                os.close(_held[place])
            _held[place] = handle
            return place
        os.close(handle)
    raise FileNotFoundError(0, "others remove its folder at once")


def _copied(store: Snapshot, folder: Path) -> Path:
    target = folder / f"{store.sha256[:16]}.duckdb"
    with _alone(folder / "lock"):
        if (folder / _NONE).exists():
            return store.path
        if not target.exists():
            try:
                _copy(store, target)
            except OSError:
                (folder / _NONE).touch(mode=0o600)  # so that the others do not try it, too
                raise
    return target


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait until no other worker of this machine is within."""
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _copy(store: Snapshot, target: Path) -> None:
    """Read the snapshot once, into a file that appears whole, and only if it is what it was."""
    part = target.with_suffix(".part")
    try:
        digest = hashlib.sha256()
        with store.path.open("rb") as read:
            size = os.fstat(read.fileno()).st_size
            if shutil.disk_usage(target.parent).free < _ROOM * size:
                raise OSError(0, "too little room for temporary files")
            part.unlink(missing_ok=True)  # of a worker that was killed
            made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(made, "wb") as written:
                while piece := read.read(_CHUNK):
                    digest.update(piece)
                    written.write(piece)
        if digest.hexdigest() != store.sha256:
            raise changed(store.origin)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    NOTES.info("lists: %d bytes copied to this machine, once for all of its workers", size)
