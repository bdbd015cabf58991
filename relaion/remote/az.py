"""Azure's blobs: how they are read, and how a folder of a container is written.

The account and the credentials are found by adlfs; what is asked is asked of its client. Azure
heeds conditions on reading, writing and copying, which the file system of adlfs has no way to tell.
"""

import base64
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from relaion.paths import replaced
from relaion.remote.asking import CONNECT, asked, retrying
from relaion.remote.by_fsspec import FsspecStore
from relaion.remote.failures import (
    ConnectionStringError,
    GoneError,
    NoAccountError,
    UnwrittenError,
    changed,
    gone,
    is_taken,
    kind_of,
    other_bytes,
    unwritten,
)
from relaion.remote.objects import PART, Noted, Objects, md5_of, pieces
from relaion.remote.store import RemoteFile
from relaion.remote.urls import RemoteURL

T = TypeVar("T")
_ONCE = {"retry_total": 0, "connection_timeout": CONNECT}  # it is we who ask again
# tries to find out who asks: where no machine of that cloud is, the library waits 24 s for one
_TRIES = {"retry_total": 2}
_FOLDER = {"hdi_isfolder", "is_directory"}  # marks of blobs that stand for a folder
_MOST_BLOCKS = 49_000  # a store takes 50,000
_COPYING = 600.0  # seconds for which the store may take to copy


def _opened(make: Any, **how: Any) -> Any:
    """A file system of az; what is wrong with what it was given is told apart from its texts."""
    try:
        return make(**how, **_TRIES)
    except ValueError:
        is_given = os.environ.get("AZURE_STORAGE_CONNECTION_STRING")
        raise (ConnectionStringError if is_given else NoAccountError) from None


class AzStore(FsspecStore):
    """az: reads are conditional, and never of another version than was seen."""

    def __init__(self, library: Any) -> None:
        super().__init__(partial(_opened, library.AzureBlobFileSystem))

    def wait(self, do: Callable[[], Any]) -> Any:
        """What comes of something that the client does in its own time."""
        fs, sync = self.fs, import_module("fsspec.asyn").sync  # only who has the extra comes here
        return sync(fs.loop, do)

    def ask(self, url: RemoteURL, method: str, *given: Any, **more: Any) -> Any:
        """What a method of the client of a blob returns."""
        blob = self.blob(url)
        return self.wait(lambda: getattr(blob, method)(*given, **more, **_ONCE))

    def blob(self, url: RemoteURL) -> Any:
        """The client of a blob."""
        return self.fs.service_client.get_blob_client(url.bucket, url.key)

    def listed(self, url: RemoteURL, begins: str = "", ask: Any = asked) -> Iterator[Any]:
        """All blobs below a folder, page by page, without those that stand for a folder."""
        pages = ask(lambda: self._pages(url, begins), url)
        while (page := ask(lambda: self.wait(lambda: _next(pages)), url)) is not None:
            yield from (each for each in page if not _is_folder(each))

    def _pages(self, url: RemoteURL, begins: str) -> Any:
        below = f"{url.key}/" if url.key else ""
        container = self.fs.service_client.get_container_client(url.bucket)
        asked_for = {"name_starts_with": below + begins, "include": ["metadata"]}
        return container.list_blobs(**asked_for, **_ONCE).by_page()

    def files(self, url: RemoteURL, begins: str = "") -> Iterator[RemoteFile]:
        """As `Store` has it."""
        for each in self.listed(url, begins, retrying):
            if not each.name.endswith("/"):
                yield self._file(RemoteURL(url.scheme, url.bucket, each.name), each)

    def info(self, url: RemoteURL) -> RemoteFile:
        """As `Store` has it."""
        found = retrying(lambda: self.ask(url, "get_blob_properties"), url)
        if _is_folder(found):
            raise GoneError(f"{url}: no such object; check the address")
        return self._file(url, found)

    def _file(self, url: RemoteURL, about: Any) -> RemoteFile:
        return RemoteFile(url, int(about.size), f'"{_mark(about)}"', str(about.last_modified))

    def _fetch(self, file: RemoteFile, start: int, end: int) -> bytes:
        try:
            return self.read_some(file.url, offset=start, length=end - start, **_only(file.tag))[0]
        except Exception as e:
            if kind_of(e) != "changed":
                raise
        self.check(file)  # what is gone has not that mark, either
        raise changed(file.url)

    def read_some(self, url: RemoteURL, **what: Any) -> tuple[bytes, str]:
        """Bytes of a blob, and its mark."""
        blob = self.blob(url)

        async def read() -> tuple[bytes, str]:
            stream = await blob.download_blob(**what, max_concurrency=1, decompress=False, **_ONCE)
            return await stream.readall(), _mark(stream.properties)

        found: tuple[bytes, str] = self.wait(read)
        return found


async def _next(pages: AsyncIterator[Any]) -> list[Any] | None:
    async for page in pages:
        return [each async for each in page]
    return None


def _is_folder(about: Any) -> bool:
    """Whether a blob stands for a folder, as accounts with a hierarchy of names have them."""
    marks = {str(name).lower(): value for name, value in (about.metadata or {}).items()}
    return not about.size and any(marks.get(name) == "true" for name in _FOLDER)


def _mark(about: Any) -> str:
    """The ETag; a listing writes it without quotes."""
    return str(about["etag"]).strip('"')


def _only(etag: str, of: str = "") -> dict[str, Any]:
    """That something is done only where a blob, the `source_` one perhaps, has this mark."""
    conditions = import_module("azure.core").MatchConditions
    quoted = '"{}"'.format(etag.strip('"'))
    return {f"{of}etag": quoted, f"{of}match_condition": conditions.IfNotModified}


class AzObjects(Objects):
    """A folder of a container of Azure."""

    _store: AzStore

    def _do(self, what: str, name: str, ask: Callable[[], T]) -> T:
        try:
            return asked(ask, self.at)
        except Exception as e:
            raise unwritten(self.url_of(name), what, e) from None

    def _ask(self, what: str, name: str, method: str, *given: Any, **more: Any) -> Any:
        url = self.url_of(name)
        return self._do(what, name, lambda: self._store.ask(url, method, *given, **more))

    def there(self) -> dict[str, Noted]:
        """All objects, those in folders too."""
        below = f"{self.at.key}/" if self.at.key else ""
        try:
            listed = list(self._store.listed(self.at))
        except Exception as e:
            raise unwritten(self.at, "be listed", e) from None
        named = ((each.name.removeprefix(below), each) for each in listed)
        return {name: Noted(int(each.size), _mark(each)) for name, each in named if name}

    def read(self, name: str) -> tuple[bytes, str] | None:
        """A small object and its mark; None where there is none."""
        try:
            return asked(lambda: self._store.read_some(self.url_of(name)), self.at)
        except Exception as e:
            if kind_of(e) == "gone":
                return None
            raise unwritten(self.url_of(name), "be read", e) from None

    def put(self, path: Path, name: str, sha256: str) -> Noted:
        """Put a file that has these bytes, in place of what is there.

        The store takes what is large in blocks, which it makes one blob at the end; it holds each
        request against an MD5 that is sent with it.
        """
        size = path.stat().st_size
        if size > PART:
            return self._put_blocks(path, name, sha256, size)
        data = b"".join(pieces(path, PART))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise replaced(path)
        said = self._ask("be written", name, "upload_blob", data, overwrite=True,
                         validate_content=True)  # fmt: skip
        if said.get("content_md5") != md5_of(data):
            self.read_back(name, sha256)
        return Noted(len(data), _mark(said))

    def _put_blocks(self, path: Path, name: str, sha256: str, size: int) -> Noted:
        whole, md5, blocks = hashlib.sha256(), hashlib.md5(usedforsecurity=False), []
        for number, data in enumerate(pieces(path, max(PART, -(-size // _MOST_BLOCKS)))):
            whole.update(data)
            md5.update(data)
            blocks.append(base64.b64encode(b"%08d" % number).decode("ascii"))
            self._ask("be written", name, "stage_block", blocks[-1], data, validate_content=True)
        if whole.hexdigest() != sha256:
            raise replaced(path)
        azure = import_module("azure.storage.blob")
        told = azure.ContentSettings(content_md5=bytearray(md5.digest()))
        said = self._ask("be written", name, "commit_block_list",
                         [azure.BlobBlock(block) for block in blocks],
                         content_settings=told)  # fmt: skip
        return Noted(size, _mark(said))

    def put_new(self, name: str, data: bytes) -> Noted | None:
        """Put a small object where none is; None where one is."""
        return self._put_if(name, data, overwrite=False)

    def put_over(self, name: str, data: bytes, etag: str) -> Noted | None:
        """Put a small object over the one with this mark; None where it is another one."""
        return self._put_if(name, data, overwrite=True, **_only(etag))

    def _put_if(self, name: str, data: bytes, **condition: Any) -> Noted | None:
        try:
            said = self._ask("be written", name, "upload_blob", data, **condition)
        except UnwrittenError as e:
            if not is_taken(e):
                raise
            found = self.read(name)  # answer may have been lost, and the same asked again
            return Noted(len(data), found[1]) if found and found[0] == data else None
        return Noted(len(data), _mark(said))

    def copy(self, source: RemoteURL, noted: Noted, name: str, sha256: str) -> Noted | None:
        """Have the store copy an object that still has this mark; None where it cannot."""
        if source.scheme != self.at.scheme:
            return None
        only, began = _only(noted.etag, "source_"), time.monotonic()
        try:
            address = self._do("be copied", name, lambda: self._store.blob(source).url)
            said = self._ask("be copied", name, "start_copy_from_url", address, **only)
            while said["copy_status"] == "pending" and time.monotonic() - began < _COPYING:
                time.sleep(1)
                now = self._ask("be looked at", name, "get_blob_properties")
                said = {"copy_status": now.copy.status, "copy_id": now.copy.id}
            if said["copy_status"] == "pending":
                self._ask("be stopped", name, "abort_copy", said["copy_id"])
        except UnwrittenError as e:
            if e.kind == "gone":
                raise gone(source) from None
            if is_taken(e):
                raise changed(source) from None
            return None  # it may be fetched, and put as any other
        if said["copy_status"] != "success":
            return None
        made = self._ask("be looked at", name, "get_blob_properties")
        if made.size != noted.size:
            raise other_bytes(self.url_of(name))
        return Noted(noted.size, _mark(made))

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; what is gone already is no error."""
        for name in names:
            try:
                self._ask("be removed", name, "delete_blob")
            except UnwrittenError as e:
                if e.kind != "gone":
                    raise

    def remove_parts(self) -> None:
        """Nothing: blocks that were made no blob the store forgets by itself."""
