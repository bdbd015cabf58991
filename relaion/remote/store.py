"""A store of objects: list, look, read ranges, fetch whole; whichever library is below.

Every read is bound to the object as it was first seen: bytes of another one are never returned.
Credentials, region and endpoint are found by the library of each store, by its own rules.
Nothing is kept from one call to the next, neither listings nor what was read.
"""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from relaion.remote.asking import retrying
from relaion.remote.failures import CutError, GoneError, RemoteError, changed, gone
from relaion.remote.urls import RemoteURL

PIECE = 8 << 20  # bytes of one request; more of them are under way at a time
AT_ONCE = 4
Range = tuple[int, int]  # from a byte on, up to another, which does not belong to it


@dataclass(frozen=True)
class RemoteFile:
    """An object as it was seen first: its size in bytes, and what tells it from any other version.

    `tag` is what the store calls it (ETag, generation, commit); empty where it has none: then its
    size and the time when it was `modified`, as the store writes it, must do. `sha256` is that of
    its bytes, where the store knows it. Without `in_parts` it is of use only as a whole: its server
    gives no ranges, or says nothing that would tell two versions apart.
    """

    url: RemoteURL
    size: int
    tag: str = ""
    modified: str = ""
    sha256: str = ""
    in_parts: bool = True

    @property
    def version(self) -> str:
        """All that tells it from another version, as one word."""
        # a listing may write the time otherwise than a look at the object does
        told = f"{self.size} {self.tag or self.modified}"
        return hashlib.sha256(told.encode("utf-8", "backslashreplace")).hexdigest()


class Store(ABC):
    """A store of one kind. Not to be shared between processes; threads may."""

    @abstractmethod
    def info(self, url: RemoteURL) -> RemoteFile:
        """An object as it is now; raises GoneError for none, RemoteError for what else."""

    def there(self, url: RemoteURL) -> RemoteFile | None:
        """An object, None where it is not there or may not be looked at; raises for what else."""
        try:
            return self._info(url)
        except RemoteError as e:
            if e.kind in ("gone", "refused"):
                return None
            raise

    def _info(self, url: RemoteURL) -> RemoteFile:
        """As `info`; may leave open why there is none."""
        return self.info(url)

    @abstractmethod
    def files(self, url: RemoteURL, begins: str = "") -> Iterator[RemoteFile]:
        """All objects below a folder, to the bottom; raises as `info` does. May be none.

        `begins`: others than those whose names there begin so are of no use, and may be left out.
        """

    @abstractmethod
    def _fetch(self, file: RemoteFile, start: int, end: int) -> bytes:
        """Some bytes of this very version; raises whatever the library raises for another one."""

    def pinned(self, url: RemoteURL) -> RemoteURL:
        """The address of what this one leads to now, for good, where a store has such."""
        return url

    def read(self, file: RemoteFile, ranges: Sequence[Range]) -> Iterator[tuple[int, bytes]]:
        """Read ranges of bytes, in their order and in pieces: where each begins, and its bytes.

        Raises ChangedObjectError where it is not the object any more that was seen, GoneError where
        it is none; each piece is tried again where that may help.
        """
        pieces = (
            (start, min(start + PIECE, end))
            for first, end in ranges
            for start in range(first, end, PIECE)
        )
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                waiting = [pool.submit(self._piece, file, *p) for p in islice(pieces, AT_ONCE)]
                while waiting:
                    yield waiting.pop(0).result()
                    waiting += [pool.submit(self._piece, file, *p) for p in islice(pieces, 1)]
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _piece(self, file: RemoteFile, start: int, end: int) -> tuple[int, bytes]:
        def fetched() -> bytes:
            found = self._fetch(file, start, end)
            if len(found) != end - start:
                raise CutError
            return found

        return start, retrying(fetched, file.url, seen=True)

    def check(self, file: RemoteFile) -> None:
        """Raise ChangedObjectError or GoneError where an object is not what it was."""
        try:
            now = self.info(file.url)
        except GoneError:
            raise gone(file.url) from None
        if now.version != file.version:
            raise changed(file.url)

    def download(self, file: RemoteFile, into: Path) -> str:
        """Write an object whole to a file that is there, from its first byte; returns its SHA-256.

        Raises as `read` does, and OSError for what cannot be written.
        """
        digest = hashlib.sha256()
        with into.open("r+b") as f:
            for start, piece in self.read(file, [(0, file.size)]):
                os.pwrite(f.fileno(), piece, start)
                digest.update(piece)
        return digest.hexdigest()
