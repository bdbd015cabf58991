"""Data sets on the Hugging Face Hub: of each, the commit that its revision is at first is read."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from relaion.remote.asking import retrying
from relaion.remote.failures import GoneError
from relaion.remote.store import RemoteFile, Store
from relaion.remote.urls import RemoteURL

_COMMIT = 40  # hex digits


class HubStore(Store):
    """The Hub, by its own library; HF_ENDPOINT and HF_TOKEN are heeded as there."""

    def __init__(self, library: Any) -> None:
        self._library = library

    @property
    def _fs(self) -> Any:
        return _file_system(self._library)

    def pinned(self, url: RemoteURL) -> RemoteURL:
        """The same place at the commit that its revision is at now."""
        owner, _, rest = url.key.partition("/")
        name, _, below = rest.partition("/")
        name, at, revision = name.partition("@")
        if at and len(revision) == _COMMIT:
            return url
        about = retrying(
            lambda: self._fs._api.dataset_info(f"{owner}/{name}", revision=revision or None), url
        )
        return replace(url, key="/".join(filter(None, [owner, f"{name}@{about.sha}", below])))

    def info(self, url: RemoteURL) -> RemoteFile:
        """As `Store` has it."""
        found = retrying(lambda: self._fs.info(_path(url), expand_info=False), url)
        if found.get("type") != "file":
            raise GoneError(f"{url}: no such file; check the address")
        return _file(url, found)

    def files(self, url: RemoteURL, begins: str = "") -> Iterator[RemoteFile]:
        """As `Store` has it."""
        top = _path(url)
        found = retrying(lambda: self._fs.find(top, detail=True, expand_info=False), url)
        for path, about in found.items():
            below = path[len(top) :].strip("/") if path.startswith(top) else ""
            if about.get("type") == "file" and below:
                yield _file(url / below, about)

    def _fetch(self, file: RemoteFile, start: int, end: int) -> bytes:
        # of one commit, so of one version
        with self._fs.open(_path(file.url), "rb", cache_type="none") as f:
            f.seek(start)
            found: bytes = f.read(end - start)
        return found


def _path(url: RemoteURL) -> str:
    return f"{url.bucket}/{url.key}"


def _file(url: RemoteURL, about: dict[str, Any]) -> RemoteFile:
    lfs = about.get("lfs") or {}
    sha256 = str(lfs.get("sha256", "") if isinstance(lfs, dict) else getattr(lfs, "sha256", ""))
    return RemoteFile(url, int(about["size"]), str(about.get("blob_id", "")), "", sha256)


@lru_cache
def _file_system(library: Any) -> Any:
    return library.HfFileSystem(skip_instance_cache=True, use_listings_cache=False)
