"""Named files behind links: read in ranges where the server gives them, else whole."""

import hashlib
import http.client
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from relaion.errors import InputError
from relaion.paths import shown
from relaion.remote.asking import CONNECT, of_this_machine, retrying
from relaion.remote.failures import ChangedObjectError, CutError, RemoteError, changed
from relaion.remote.store import PIECE, RemoteFile, Store
from relaion.remote.urls import RemoteURL

SECONDS = 60  # without a byte
_SAFE = "/%:@!$&'()*+,;=~-._"


class _OnlySafe(urllib.request.HTTPRedirectHandler):
    """Follows no way that leads off https."""

    def redirect_request(
        self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str
    ) -> Any:
        if req.type == "https" and not newurl.lower().startswith("https:"):
            raise RemoteError(
                f"{_said(req.full_url)}: leads on to http://, which can be changed on its way; "
                "name an address that stays with https://"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _said(address: str) -> str:
    return shown(address.partition("?")[0])


class _Soon(http.client.HTTPConnection):
    """Gives up soon where nobody answers at all; what has answered may take its time."""

    def connect(self) -> None:
        self.timeout = CONNECT
        super().connect()
        self.sock.settimeout(SECONDS)


class _SafeSoon(http.client.HTTPSConnection, _Soon):
    pass


class _Plain(urllib.request.HTTPHandler):
    def http_open(self, req: Any) -> Any:
        return self.do_open(_Soon, req)


class _Safe(urllib.request.HTTPSHandler):
    def https_open(self, req: Any) -> Any:
        return self.do_open(_SafeSoon, req)


_OPENER = urllib.request.build_opener(_OnlySafe, _Plain, _Safe)


class WebStore(Store):
    """A web server that gives out single files."""

    def info(self, url: RemoteURL) -> RemoteFile:
        """As `Store` has it; a page in place of a file is refused."""
        try:
            answer = retrying(lambda: _open(url, {"Range": "bytes=0-0"}), url)
        except ChangedObjectError:  # there is no first byte
            raise RemoteError(f"{url}: is empty; check the address") from None
        with answer as said:
            kind = said.headers.get_content_type()
            if kind in ("text/html", "application/xhtml+xml"):
                raise RemoteError(
                    f"{url}: answers with a web page, not with a file; give the link of the file "
                    "itself"
                )
            size = _size(said)
            if size is None:
                raise RemoteError(
                    f"{url}: the server does not say how large the file is, so nobody can tell "
                    "whether it came whole; fetch it yourself, and name the file"
                )
            tag, modified = said.headers.get("ETag", ""), said.headers.get("Last-Modified", "")
            in_parts = said.status == http.client.PARTIAL_CONTENT and bool(tag or modified)
            return RemoteFile(url, size, tag, modified, in_parts=in_parts)

    def files(self, url: RemoteURL, begins: str = "") -> Iterator[RemoteFile]:
        """None: a web server has no folders that could be listed."""
        raise InputError(f"{url}: a link names one file; name each file by its own")

    def download(self, file: RemoteFile, into: Path) -> str:
        """As `Store` has it; in one go where the server gives no parts."""
        if file.in_parts:
            return super().download(file, into)
        with into.open("r+b") as f:
            return retrying(lambda: self._whole(file, f), file.url, seen=True)

    def _whole(self, file: RemoteFile, f: BinaryIO) -> str:
        digest = hashlib.sha256()
        with _open(file.url, {}) as said:
            self._refuse_other(file, said)
            with of_this_machine():
                f.seek(0)
            while piece := said.read(PIECE):
                with of_this_machine():
                    f.write(piece)
                    f.flush()
                digest.update(piece)
            if f.tell() != file.size:
                raise CutError
        return digest.hexdigest()

    def _fetch(self, file: RemoteFile, start: int, end: int) -> bytes:
        wanted = {"Range": f"bytes={start}-{end - 1}"}
        if file.tag and not file.tag.startswith("W/"):
            wanted["If-Match"] = file.tag
        with _open(file.url, wanted) as said:
            self._refuse_other(file, said)
            if said.status != http.client.PARTIAL_CONTENT:
                raise RemoteError(
                    f"{file.url}: the server gives no parts of the file any more; repeat the "
                    "command to fetch it whole"
                )
            found: bytes = said.read(end - start)
        return found

    def _refuse_other(self, file: RemoteFile, said: Any) -> None:
        tag, modified = said.headers.get("ETag", ""), said.headers.get("Last-Modified", "")
        now = RemoteFile(file.url, _size(said) or 0, tag, modified)
        if now.version != file.version:
            raise changed(file.url)


def _size(said: Any) -> int | None:
    """Bytes of the whole file, by the answer to a part of it or to all of it."""
    if said.status == http.client.PARTIAL_CONTENT:
        total = said.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        total = said.headers.get("Content-Length", "")
    return int(total) if total.isdigit() else None


def _open(url: RemoteURL, headers: dict[str, str]) -> Any:
    path = quote(url.key, safe=_SAFE)
    address = f"{url.scheme}://{url.bucket}/{path}" + (f"?{url.query}" if url.query else "")
    asked = urllib.request.Request(  # noqa: S310 - `remote_url` lets https alone through
        address, headers={"Accept-Encoding": "identity", **headers}
    )
    return _OPENER.open(asked, timeout=SECONDS)
