"""Files of a folder in a store, here for as long as they are looked at."""

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from relaion.errors import InputError, NoRoomError
from relaion.paths import shown
from relaion.remote.standing import FILES_AT_ONCE
from relaion.remote.stores import objects_at
from relaion.remote.urls import RemoteURL


@dataclass(frozen=True)
class Mirror:
    """A folder in a store, and a private one of this machine that holds some of its files."""

    url: RemoteURL
    folder: Path

    def fetch(self, names: Iterable[str]) -> list[str]:
        """Fetch files for good; returns the names of those that there are."""
        store = objects_at(self.url)
        return [name for name in names if store.get(name, self.folder / name)]

    @contextmanager
    def brought(self, paths: Sequence[Path]) -> Iterator[None]:
        """Within it these files are here, as the store has them now; those that it lacks are not.

        What is here already stays as it is, and stays. Raises RemoteError where one cannot be read.
        """
        store = objects_at(self.url)
        fetched: list[Path] = []
        try:
            for path in paths:
                if not path.exists():
                    fetched.append(path)
                    store.get(path.relative_to(self.folder).as_posix(), path)
            yield
        finally:
            for path in fetched:
                with suppress(OSError):
                    path.unlink()

    def refuse_no_room(self, size: int) -> None:
        """Raise InputError where so many bytes have no room here."""
        free = shutil.disk_usage(self.folder).free
        if size > free:
            raise InputError(
                f"{shown(self.url)}: without all inputs its shards have to be fetched together, "
                f"{size:,} bytes, but there is room for {free:,} in {shown(self.folder.parent)}; "
                "give all --inputs, or set TMPDIR to a larger disk"
            )


def fetch_stated(
    url: RemoteURL,
    folder: Path,
    stated: Collection[str],
    tell: Callable[[object], object] = lambda _: None,
) -> tuple[str, ...]:
    """Fetch what a folder in a store is stated to hold; of all else the names alone are made.

    Returns those of objects that no folder of this machine can hold. How many files are fetched is
    told before, and None for each that is done. Raises RemoteError or UnwrittenError where one
    cannot be read, NoRoomError where they have no room.
    """
    store = objects_at(url)
    there = store.there()
    wanted = [name for name in stated if name in there]
    size, free = sum(there[name].size for name in wanted), shutil.disk_usage(folder.parent).free
    if size > free:
        raise NoRoomError(
            f"{shown(url)}: {len(wanted):,} files of {size:,} bytes together have to be here, and "
            f"there is room for {free:,}; name a folder with more room as --work"
        )
    folder.mkdir(parents=True, exist_ok=True)
    strange = [name for name in there if not (name in wanted or _is_made(folder, name))]
    tell(len(wanted))
    with ThreadPoolExecutor(FILES_AT_ONCE) as hands:
        for _ in hands.map(lambda name: store.get(name, folder / name), wanted):
            tell(None)
    return tuple(strange)


def _is_made(folder: Path, name: str) -> bool:
    """Whether an empty file of this name could be made."""
    if any(part in ("", ".", "..") for part in name.split("/")):
        return False
    try:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch(exist_ok=False)
    except (OSError, ValueError):
        return False
    return True


@contextmanager
def brought(mirror: Mirror | None, paths: Sequence[Path]) -> Iterator[None]:
    """As `Mirror.brought`; nothing where the files are of this machine."""
    if mirror is None:
        yield
        return
    with mirror.brought(paths):
        yield
