"""Stores that fsspec speaks to, by what all of its file systems can do: gs."""

import base64
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from relaion.errors import InputError
from relaion.paths import replaced
from relaion.remote.asking import asked, retrying
from relaion.remote.failures import (
    CredentialsFileError,
    GoneError,
    LoginFileError,
    changed,
    is_taken,
    kind_of,
    no_condition,
    other_bytes,
    unwritten,
)
from relaion.remote.objects import PART, Noted, Objects, pieces
from relaion.remote.store import RemoteFile, Store
from relaion.remote.urls import RemoteURL

T = TypeVar("T")


class FsspecStore(Store):
    """A store by its file system of fsspec."""

    def __init__(self, make: Any) -> None:
        self._make = make

    @property
    def fs(self) -> Any:
        """The file system, which finds its credentials when it is first asked for."""
        return _made(self._make)

    def info(self, url: RemoteURL) -> RemoteFile:
        """As `Store` has it."""
        found = retrying(lambda: self.fs.info(self._path(url), refresh=True), url)
        if found.get("type") != "file":
            raise GoneError(f"{url}: no such object; check the address")
        return self._file(url, found)

    def files(self, url: RemoteURL, begins: str = "") -> Iterator[RemoteFile]:
        """As `Store` has it."""
        top = self._path(url)
        found = retrying(lambda: self.fs.find(top, detail=True, refresh=True), url)
        for path, about in found.items():
            key = path.lstrip("/").partition("/")[2]
            if about.get("type") == "file" and key.startswith(f"{url.key}/" if url.key else ""):
                yield self._file(RemoteURL(url.scheme, url.bucket, key), about)

    def _path(self, url: RemoteURL) -> str:
        return f"{url.bucket}/{url.key}".rstrip("/")

    def _file(self, url: RemoteURL, about: dict[str, Any]) -> RemoteFile:
        tag = about.get("ETag") or about.get("etag") or about.get("generation") or ""
        times = (about.get(k) for k in ("LastModified", "last_modified", "updated", "mtime"))
        modified = next((str(t) for t in times if t), "")
        return RemoteFile(url, int(about["size"]), str(tag), modified)

    def _fetch(self, file: RemoteFile, start: int, end: int) -> bytes:
        found: bytes = self.fs.cat_file(self._path(file.url), start=start, end=end)
        self.check(file)  # the library cannot bind a read to a version
        return found


def opened_gs(make: Any, **how: Any) -> Any:
    """A file system of gs, by the file of credentials that is named, or that `gcloud` left.

    Left to itself the library passes over a bad one, looks for others, and asks as nobody.
    """
    is_named = bool(os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"))
    set_up = import_module("fsspec.config").apply_config(make, {})
    if "token" in set_up or not (is_named or _login_file().is_file()):
        return make(**how)
    try:
        return make(**{"token": "google_default"} | how)
    except Exception as e:
        if kind_of(e) == "none" or isinstance(e, _NO_CREDENTIALS_IN_IT):
            raise (CredentialsFileError if is_named else LoginFileError) from None
        raise


# what the library raises for a file that cannot be read, or holds a list where an object is due
_NO_CREDENTIALS_IN_IT = (
    AttributeError, IsADirectoryError, KeyError, PermissionError, TypeError,
)  # fmt: skip


def _login_file() -> Path:
    """Where `gcloud auth application-default login` leaves credentials."""
    folder = os.environ.get("CLOUDSDK_CONFIG") or os.path.expanduser("~/.config/gcloud")  # noqa: PTH111 - Path raises without a home
    return Path(folder) / "application_default_credentials.json"


@lru_cache
def _made(make: Any) -> Any:
    return make(use_listings_cache=False, skip_instance_cache=True)


def _place(at: RemoteURL) -> str:
    return f"{at.bucket}/{at.key}" if at.key else at.bucket


class AnyObjects(Objects):
    """A folder of a store that fsspec speaks to, by what all of its file systems can do."""

    def _of(self, name: str) -> str:
        return f"{_place(self.at)}/{name}"

    def _do(self, what: str, name: str, ask: Callable[[], T]) -> T:
        try:
            return asked(ask, self.at)
        except Exception as e:
            raise unwritten(self.url_of(name), what, e) from None

    def there(self) -> dict[str, Noted]:
        """All objects, those in folders too."""
        self.fs.invalidate_cache()
        found = self._do("be listed", "", lambda: self.fs.find(_place(self.at), detail=True))
        below = f"{_place(self.at)}/"
        return {
            path.lstrip("/").removeprefix(below): _noted(info)
            for path, info in found.items()
            if path.lstrip("/").startswith(below)
        }

    def _info(self, name: str) -> dict[str, Any]:
        self.fs.invalidate_cache()
        return self._do("be looked at", name, lambda: dict(self.fs.info(self._of(name))))

    def read(self, name: str) -> tuple[bytes, str] | None:
        """A small object and its mark; None where there is none."""
        try:
            noted = _noted(self._info(name))
            data: bytes = asked(lambda: self.fs.cat_file(self._of(name)), self.at)
        except Exception as e:
            if kind_of(e) == "gone":
                return None
            raise unwritten(self.url_of(name), "be read", e) from None
        return data, noted.etag

    def put(self, path: Path, name: str, sha256: str) -> Noted:
        """Put a file that has these bytes, in place of what is there."""
        digest, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
        for piece in pieces(path, PART):
            digest.update(piece)
            md5.update(piece)
            size += len(piece)
        if digest.hexdigest() != sha256:
            raise replaced(path)
        self._do("be written", name, lambda: self.fs.put_file(str(path), self._of(name)))
        return self._took(name, sha256, size, md5.digest())

    def _took(self, name: str, sha256: str, size: int, md5: bytes | None) -> Noted:
        info = self._info(name)
        if info.get("size") != size:
            raise other_bytes(self.url_of(name))
        if md5 is None or _md5_of(info) != md5:
            self.read_back(name, sha256)
        return _noted(info)

    def put_new(self, name: str, data: bytes) -> Noted | None:
        """Put a small object where none is; None where one is."""
        try:
            asked(lambda: self.fs.pipe_file(self._of(name), data, mode="create"), self.at)
        except NotImplementedError:
            raise no_condition(self.at) from None
        except Exception as e:
            if not is_taken(e):
                raise unwritten(self.url_of(name), "be written", e) from None
        found = self.read(name)
        return Noted(len(data), found[1]) if found and found[0] == data else None

    def put_over(self, name: str, data: bytes, etag: str) -> Noted | None:
        """Put a small object over the one with this mark; None where it is another one."""
        before = self.read(name)
        if before is None or before[1] != etag:
            return None
        self._do("be written", name, lambda: self.fs.pipe_file(self._of(name), data))
        found = self.read(name)
        return Noted(len(data), found[1]) if found and found[0] == data else None

    def copy(self, source: RemoteURL, noted: Noted, name: str, sha256: str) -> Noted | None:
        """Have the store copy an object that still has this mark; None where it cannot."""
        if source.scheme != self.at.scheme:
            return None
        try:
            before = dict(self.fs.info(_place(source)))
            if _noted(before) != noted:
                raise changed(source)
            asked(lambda: self.fs.cp_file(_place(source), self._of(name)), self.at)
        except InputError:
            raise
        except Exception:
            return None
        return self._took(name, sha256, noted.size, _md5_of(before))

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; what is gone already is no error."""
        for name in names:
            try:
                asked(partial(self.fs.rm_file, self._of(name)), self.at)
            except Exception as e:
                if not kind_of(e) == "gone":
                    raise unwritten(self.url_of(name), "be removed", e) from None

    def remove_parts(self) -> None:
        """Nothing: what such a store has of a broken upload goes by itself."""


def _noted(info: Mapping[str, Any]) -> Noted:
    marks = ("ETag", "etag", "generation", "md5Hash", "last_modified", "created", "mtime")
    mark = next((info[name] for name in marks if info.get(name)), "")
    return Noted(int(info.get("size") or 0), str(mark).strip('"'))


def _md5_of(info: Mapping[str, Any]) -> bytes | None:
    """The MD5 that a store tells of an object, if any."""
    settings = info.get("content_settings") or {}
    told = info.get("md5Hash") or (settings.get("content_md5") if settings else None)
    if isinstance(told, bytes | bytearray):
        return bytes(told)
    if isinstance(told, str):
        with suppress(ValueError):
            return base64.b64decode(told)
    return None
