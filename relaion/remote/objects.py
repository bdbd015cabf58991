"""Objects of a folder in a store: put whole, held against what the store says it took, copied.

What is put is known by its SHA-256 before. The store takes it as `put` or as parts that are made
one object last, so a name is there whole or not at all. Then its answer is held against the bytes
that were sent: their SHA-256 or their MD5, and where it tells neither, they are read back.
"""

import base64
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from relaion.errors import InputError
from relaion.paths import atomic_write, shown
from relaion.remote.failures import GoneError, other_bytes
from relaion.remote.store import Store
from relaion.remote.urls import RemoteURL

PART = 8 << 20  # bytes; what is larger goes in parts


class Noted(NamedTuple):
    """What a store says of an object: its size, and the mark that any writing changes."""

    size: int
    etag: str


def pieces(path: Path, size: int) -> Iterator[bytes]:
    """A file in pieces; at least one. Raises InputError where it cannot be read."""
    try:
        with path.open("rb") as f:
            yield f.read(size)
            while piece := f.read(size):
                yield piece
    except OSError as e:
        raise InputError(
            f"{shown(path)}: cannot be read ({e.strerror}); is it still there and whole?"
        ) from None


def as_base64(digest: bytes) -> str:
    """A digest as stores write it."""
    return base64.b64encode(digest).decode("ascii")


def md5_of(data: bytes) -> bytes:
    """The MD5 by which stores tell whether bytes came whole; it keeps nobody out."""
    return hashlib.md5(data, usedforsecurity=False).digest()


class Objects(ABC):
    """A folder of a store. Names are below it; all raise UnwrittenError where the store refuses."""

    def __init__(self, at: RemoteURL, store: Store) -> None:
        """`store` is that of the address."""
        self.at, self._store = at, store

    @property
    def fs(self) -> Any:
        """The file system of fsspec that speaks to the store; kept for the process."""
        found: Any = self._store
        return found.fs

    def url_of(self, name: str) -> RemoteURL:
        """The whole address of a name; that of the folder for none."""
        return self.at / name if name else self.at

    def named(self, name: str) -> str:
        """The same as it may be shown."""
        return str(self.url_of(name))

    @abstractmethod
    def there(self) -> dict[str, Noted]:
        """All objects, those in folders too."""

    @abstractmethod
    def read(self, name: str) -> tuple[bytes, str] | None:
        """A small object and its mark; None where there is none."""

    def get(self, name: str, to: Path) -> bool:
        """Fetch an object into a file, in folders that are made; False where there is none.

        Raises RemoteError where it cannot be read, or changes meanwhile.
        """
        try:
            file = self._store.info(self.at / name)
        except GoneError:
            return False
        to.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(to, mode=0o600, flush=False) as part:
            part.touch(mode=0o600)
            self._store.download(file, part)
        return True

    def read_back(self, name: str, sha256: str) -> None:
        """Raise OtherBytesError where an object has not these bytes."""
        digest = hashlib.sha256()
        file = self._store.info(self.at / name)
        for _, piece in self._store.read(file, [(0, file.size)]):
            digest.update(piece)
        if digest.hexdigest() != sha256:
            raise other_bytes(self.url_of(name))

    @abstractmethod
    def put(self, path: Path, name: str, sha256: str) -> Noted:
        """Put a file that has these bytes, in place of what is there."""

    @abstractmethod
    def put_new(self, name: str, data: bytes) -> Noted | None:
        """Put a small object where none is; None where another one is."""

    @abstractmethod
    def put_over(self, name: str, data: bytes, etag: str) -> Noted | None:
        """Put a small object over the one with this mark; None where it is another one."""

    @abstractmethod
    def copy(self, source: RemoteURL, noted: Noted, name: str, sha256: str) -> Noted | None:
        """Have the store copy an object, if it is as it was noted; None where it cannot.

        Raises InputError where it is another one.
        """

    @abstractmethod
    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; what is gone already is no error."""

    @abstractmethod
    def remove_parts(self) -> None:
        """Remove what uploads that were broken off left here."""
