"""Files: finding shards, escaping globs, writing whole or not at all, private folders.

Standard library only.
"""

import fcntl
import glob as globbing
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from relaion.errors import BusyError, InputError, OutputError

_HIVE = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class ShardPath:
    """One parquet file, the subset (folder) it is audited with, and its name there."""

    path: Path
    subset: str

    @property
    def name(self) -> str:
        """File name, as it will stand in every edition."""
        return self.path.name


@dataclass(frozen=True)
class Found:
    """What a list of PATH arguments holds: shards in order, and what was passed over."""

    shards: tuple[ShardPath, ...]
    skipped: tuple[Path, ...]


def find_shards(paths: Sequence[Path | str]) -> Found:
    """Expand files, folders and globs to shards, sorted by subset and name.

    A folder is searched to the bottom; its shards' subset is their folder's path below it,
    or its own name where they lie directly in it. A file or a glob's match belongs to the
    subset named after its folder. Hidden files, `.crc`, `_metadata` and what does not end
    in `.parquet` are passed over and reported in `skipped`. Symlinks are followed, a file
    reached twice counts once. Raises InputError for a path that does not exist, for no
    shard at all, and for two shards that would have the same name in one subset.
    """
    shards: dict[Path, ShardPath] = {}
    skipped: list[Path] = []
    for given in paths:
        for shard in _expand(Path(given), skipped):
            shards.setdefault(shard.path.resolve(), shard)
    if not shards:
        named = ", ".join(str(p) for p in paths)
        raise InputError(f"{named}: no parquet shard found; name files that end in .parquet")
    ordered = sorted(shards.values(), key=lambda s: (s.subset, os.fsencode(s.name)))
    _refuse_twins(ordered)
    return Found(tuple(ordered), tuple(sorted(skipped)))


def _expand(path: Path, skipped: list[Path]) -> Iterator[ShardPath]:
    if path.is_dir():
        yield from _walk(path, skipped)
    elif path.exists():
        yield ShardPath(path, _folder_name(path.parent))
    elif _HIVE.search(str(path)):
        matches = sorted(globbing.glob(str(path), recursive=True))
        if not matches:
            raise InputError(f"{path}: the pattern matches no file; check the path")
        for match in map(Path, matches):
            if match.is_dir():
                yield from _walk(match, skipped)
            elif is_shard_name(match):
                yield ShardPath(match, _folder_name(match.parent))
            else:
                skipped.append(match)
    else:
        raise InputError(f"{path}: no such file or folder; check the path")


def _folder_name(folder: Path) -> str:
    return folder.resolve().name or "root"


def is_shard_name(path: Path) -> bool:
    """Whether a file found in a folder counts as a shard by its name."""
    return path.suffix.lower() == ".parquet" and not path.name.startswith((".", "_"))


def _walk(top: Path, skipped: list[Path]) -> Iterator[ShardPath]:
    seen: set[tuple[int, int]] = set()
    for folder, folders, files in os.walk(top, followlinks=True):
        here = Path(folder)
        info = here.stat()
        if (info.st_dev, info.st_ino) in seen:  # a symlink back up: each folder once
            folders.clear()
            continue
        seen.add((info.st_dev, info.st_ino))
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        subset = _folder_name(top) if here == top else here.relative_to(top).as_posix()
        for name in sorted(files, key=os.fsencode):
            path = here / name
            if is_shard_name(path):
                yield ShardPath(path, subset)
            else:
                skipped.append(path)


def _refuse_twins(shards: list[ShardPath]) -> None:
    for a, b in zip(shards, shards[1:], strict=False):
        if (a.subset, a.name) == (b.subset, b.name):
            raise InputError(
                f"{b.path}: subset {a.subset} has a shard {a.name} already ({a.path}); "
                "name the folder above both, so that their subsets differ"
            )


def sql_path(path: Path) -> str:
    """A path as `read_parquet` takes it: glob characters stand for themselves."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


@contextmanager
def whole_file(path: Path, mode: int = 0o644) -> Iterator[Path]:
    """Write a file whole or not at all.

    Yields a temporary name beside `path`; on success it is flushed to the disk and takes
    the name, on any error it is removed. The folder is flushed too.
    """
    part = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        yield part
        with part.open("rb") as f:
            os.fchmod(f.fileno(), mode)
            os.fsync(f.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as e:
        raise OutputError(f"{path}: cannot be written ({e.strerror or e}); nothing was left") from None
    finally:
        part.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, so that a rename survives a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can enter (0700), whatever the umask."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as e:
        raise OutputError(f"{path}: cannot be made ({e.strerror}); choose another folder") from None
    return path


@contextmanager
def private_umask() -> Iterator[None]:
    """Files made inside are readable by their owner only."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def locked(path: Path, what: str) -> Iterator[IO[str]]:
    """Hold an exclusive lock on a file or folder, or raise BusyError at once."""
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT
    handle = os.open(path, flags, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(handle, "r") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError(f"{path}: another process {what}; wait until it ends") from None
        yield f
