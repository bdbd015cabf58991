"""From addresses to stand-ins: what lies behind each, as a tree of files that PATH can be.

The rules for folders, patterns, hidden names and twins are those for files of this machine, since
it is files of this machine that are searched then.
"""

import fnmatch
import glob as globbing
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from relaion.errors import InputError, NoRoomError, OutputError
from relaion.paths import shown
from relaion.paths.stand_ins import record_of, tree_of
from relaion.remote.claim import CLAIM
from relaion.remote.failures import GoneError
from relaion.remote.standing import FILES_AT_ONCE, digested, need, object_of, stand_in, whole
from relaion.remote.store import RemoteFile, Store
from relaion.remote.stores import open_store
from relaion.remote.urls import WEB, RemoteURL, is_remote, place_in_tree, remote_url

_MAGIC = 4  # bytes that tell a parquet file
_LARGEST_NOTE = 256 << 20
_AT_ONCE = 16


def bring(
    paths: Sequence[Path],
    root: Path,
    endings: tuple[str, ...],
    notes: Sequence[str] = (),
    *,
    wholes: bool = False,
    digests: bool = False,
    tell: Callable[[object], object] = lambda _: None,
) -> tuple[Path, ...]:
    """The paths, each address among them as the stand-in, folder or pattern of such, below `root`.

    Objects that end in `endings`, and those that are named, can be read from then on; of others the
    names alone are there, and the bytes of those that are called as one of `notes`; those in
    folders above that have the first of these come, too. `wholes`: all that can be read is fetched
    at once. `digests`: it is read through for its digests. How many files these are is told before,
    and None for each that is done.

    Raises InputError for an address that is none, and RemoteError for one that leads nowhere or
    cannot be read.
    """
    made = _Tree(tree_of(root), endings, notes)
    found = tuple(made.of(path) if is_remote(path) else path for path in paths)
    if wholes and made.readable:
        _refuse_no_room(list(made.readable))
    for do in [whole] * wholes + [digested] * digests:
        tell(len(made.readable))
        for _ in _at_once(do, made.readable, FILES_AT_ONCE):
            tell(None)
    return found


def _refuse_no_room(files: Sequence[Path]) -> None:
    """Raise NoRoomError before hours are spent on what has no room at the end."""
    size = sum(path.stat().st_size for path in files)
    free = shutil.disk_usage(files[0].parent).free
    if size > free:
        raise NoRoomError(
            f"{shown(files[0])}: {len(files):,} files of {size:,} bytes together have to be here, "
            f"and there is room for {free:,}; name a folder with more room as --work"
        )


class _Tree:
    """The stand-ins below one folder."""

    def __init__(self, top: Path, endings: tuple[str, ...], notes: Sequence[str]) -> None:
        self._top, self._endings, self._notes = top, endings, notes
        self.readable: dict[Path, None] = {}
        self._looked_at: set[RemoteURL] = set()

    def of(self, given: Path) -> Path:
        """What stands for an address."""
        url = remote_url(given)
        store = open_store(url)
        url = store.pinned(url)
        self._look_above(store, url)
        here = self._place(url, url)
        if url.is_pattern:
            fixed = url.fixed
            listed = store.files(fixed, url.begins)
            some = (file for file in listed if _may_match(file.url.key, url.key))
            self._take(fixed, some, url)
            if here.exists():  # as with files, a name may hold such signs
                return here
            return Path(globbing.escape(str(self._place(fixed, url)))) / url.below(fixed)
        if url.key and (file := _looked_at(store, url)) is not None:
            self._make(file, url, is_named=True)
            return here
        if not self._take(url, store.files(url), url):
            raise GoneError(f"{url}: no such object or folder; check the address")
        return here

    def _look_above(self, store: Store, url: RemoteURL) -> None:
        """Fetch what says of a folder above that a run made it, as whoever looks up from here asks.

        What may not be looked at counts as not there.
        """
        if url.scheme in WEB or not url.key or not self._notes:
            return
        sign, *others = self._notes
        for folder in (url.fixed if url.is_pattern else url.folder).upwards():
            if folder in self._looked_at:
                continue
            self._looked_at.add(folder)
            for name in (sign, CLAIM):
                if (file := store.there(folder / name)) is None:
                    continue
                more = (store.there(folder / each) for each in others if name == sign)
                for found in (file, *filter(None, more)):
                    if (path := self._make(found, url)) is not None:
                        _look_into(path)

    def _place(self, url: RemoteURL, top: RemoteURL) -> Path:
        return self._top / place_in_tree(url, top)

    def _take(self, folder: RemoteURL, files: Iterable[RemoteFile], top: RemoteURL) -> int:
        """Make what stands for all objects of a folder; returns how many they are."""
        self._place(folder, top).mkdir(parents=True, exist_ok=True)
        n = 0
        looked_into = []
        for file in files:
            n += 1
            if (path := self._make(file, top)) is not None:
                looked_into.append(path)
        for _ in _at_once(_look_into, looked_into):
            pass
        return n

    def _make(self, file: RemoteFile, top: RemoteURL, *, is_named: bool = False) -> Path | None:
        """Make what stands for an object; returns it where something in it decides already."""
        name = file.url.name
        is_wanted = is_named or name.lower().endswith(self._endings)
        if any(part in ("", ".", "..") or "\0" in part for part in file.url.key.split("/")):
            if is_wanted:
                raise InputError(
                    f"{shown(file.url)}: has an empty name, `.` or `..` in it, which no folder "
                    "here can have; rename it"
                )
            return None
        path = self._place(file.url, top)
        try:
            return self._made(path, file, is_wanted=is_wanted, is_named=is_named)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            if not is_wanted:
                return None  # the name of a folder, as some programs leave it
            raise InputError(
                f"{shown(file.url)}: has the name of a folder beside it, or one that differs from "
                "another in the case of letters only; rename it"
            ) from None
        except OSError as e:
            raise OutputError(
                f"{shown(file.url)}: nothing can be made here that stands for it ({e.strerror}); "
                "name another folder as --work, or rename it"
            ) from None

    def _made(
        self, path: Path, file: RemoteFile, *, is_wanted: bool, is_named: bool
    ) -> Path | None:
        path.parent.mkdir(parents=True, exist_ok=True)
        known = record_of(path)
        if known is not None:  # two arguments lead to it
            if object_of(known).url != file.url:
                raise FileExistsError
            return None
        name = file.url.name
        is_hidden = name.startswith((".", "_")) and not is_named
        is_note = name in self._notes and file.size <= _LARGEST_NOTE
        if is_wanted and not is_hidden:
            self.readable[path] = None
        if is_wanted or is_note:
            stand_in(path, file)
            return path if is_note or is_hidden else None
        path.touch()
        return None


def _may_match(key: str, pattern: str) -> bool:
    """Whether an object may be what a pattern matches, or lie below it, or have it as its name."""
    names, signs = key.split("/"), pattern.split("/")
    for name, sign in zip(names, signs, strict=False):
        if sign == "**":
            return True
        if name != sign and not fnmatch.fnmatchcase(name, sign):
            return False
    return len(names) >= len(signs)


def _look_into(path: Path) -> None:
    """Fetch what tells of a file beside the shards what it is: all of it, or how it begins."""
    record = record_of(path)
    if record is None:
        return
    if path.name.startswith((".", "_")):
        need(path, [(0, _MAGIC)])
    else:
        whole(path)


def _looked_at(store: Store, url: RemoteURL) -> RemoteFile | None:
    """The object of this very name; None where there is none, but its bucket is there."""
    try:
        return store.info(url)
    except GoneError:
        if url.scheme in WEB:
            raise
        return None


def _at_once(
    do: Callable[[Path], object], paths: Iterable[Path], hands: int = _AT_ONCE
) -> Iterator[object]:
    with ThreadPoolExecutor(hands) as pool:
        yield from pool.map(do, list(paths))
