"""Files of a folder in a store, here for as long as they are looked at."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from relaion.errors import InputError
from relaion.paths import shown
from relaion.remote.objects_at import objects_at
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


@contextmanager
def brought(mirror: Mirror | None, paths: Sequence[Path]) -> Iterator[None]:
    """As `Mirror.brought`; nothing where the files are of this machine."""
    if mirror is None:
        yield
        return
    with mirror.brought(paths):
        yield
