"""An Azure on loopback: Azurite, behind a server that counts what is asked and fails when told to.

It needs the program `azurite-blob`, in the PATH or where AZURITE_BLOB says; `npm install azurite`
brings it. No extra does: it is no package of Python.
"""

import http.client
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

PROGRAM = os.environ.get("AZURITE_BLOB") or shutil.which("azurite-blob")
ACCOUNT = "testaccount"
KEY = "c2VjcmV0LW9mLW5vYm9keS1zZWNyZXQtb2Ytbm9ib2R5LXNlY3JldC1vZi1ub2JvZHk="
CONTAINER = "shards"
Fault = Callable[[str, str], tuple[int, str] | None]
Seen = Callable[[str, str, dict[str, str]], None]
_ERROR = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>of {key}</Message></Error>"
_OF_A_CONNECTION = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass
class Azure:
    """The server's address, and its requests so far, as method and path.

    `fault` is asked first about each request: a status and a code of Azure to answer with, or None.
    `seen` gets the headers of each answer of Azurite, and may change them.
    """

    address: str = ""
    asked: list[str] = field(default_factory=list)
    fault: Fault | None = None
    seen: Seen | None = None

    def connection(self, more: str = f"AccountName={ACCOUNT};AccountKey={KEY}") -> str:
        """A connection string, with this key or another right."""
        return f"BlobEndpoint={self.address}/{ACCOUNT};{more}"

    def signed(self, may: str, minutes: int) -> str:
        """One with a signature in place of a key, which ends in so many minutes."""
        from azure.storage.blob import generate_container_sas

        end = datetime.now(UTC) + timedelta(minutes=minutes)
        sas = generate_container_sas(
            ACCOUNT, CONTAINER, account_key=KEY, permission=may, expiry=end,
            start=end - timedelta(days=1),
        )  # fmt: skip
        return self.connection(f"SharedAccessSignature={sas}")

    def container(self, name: str = CONTAINER) -> Any:
        """A client of its own, apart from what is tested."""
        from azure.storage.blob import BlobServiceClient

        client = BlobServiceClient.from_connection_string(self.connection(), retry_total=0)
        return client.get_container_client(name)

    def put(self, name: str, data: bytes, **how: Any) -> None:
        """Put a blob."""
        self.container().upload_blob(name, data, overwrite=True, **how)

    def objects(self, below: str) -> dict[str, bytes]:
        """What blobs hold, by their names below a folder."""
        container = self.container()
        found = container.list_blobs(name_starts_with=f"{below}/")
        return {
            each.name.removeprefix(f"{below}/"): container.download_blob(each.name).readall()
            for each in found
        }


def _handler(world: Azure, port: int) -> type[BaseHTTPRequestHandler]:
    class Between(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            world.asked.append(f"{self.command} {self.path.partition(f'/{ACCOUNT}')[2]}")
            said = world.fault(self.command, self.path) if world.fault else None
            if said is not None:
                status, code = said
                body = b"" if self.command == "HEAD" else _ERROR.format(code=code, key=KEY).encode()
                self.answer(status, {"x-ms-error-code": code, "Content-Type": "application/xml"},
                            body)  # fmt: skip
                return
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            asked.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                asked.putheader(name, value)
            asked.endheaders(data)
            got = asked.getresponse()
            headers = {k: v for k, v in got.getheaders() if k.lower() not in _OF_A_CONNECTION}
            if self.command == "HEAD":
                headers["Content-Length"] = got.getheader("Content-Length") or "0"
            if world.seen:
                world.seen(self.command, self.path, headers)
            self.answer(got.status, headers, got.read())
            asked.close()

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # whoever asked may have been killed
                self.wfile.write(body)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = do

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    return Between


def _await(port: int) -> None:
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("the server did not begin")


@contextmanager
def serving(folder: Path) -> Iterator[Azure]:
    """A server with an empty container."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    world = Azure()
    server = subprocess.Popen(
        [str(PROGRAM), "--blobPort", str(port), "--silent", "--inMemoryPersistence",
         "--skipApiVersionCheck", "--disableTelemetry"],
        env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}, stdout=subprocess.DEVNULL,
        cwd=folder,
    )  # fmt: skip
    between = ThreadingHTTPServer(("127.0.0.1", 0), _handler(world, port))
    threading.Thread(target=between.serve_forever, daemon=True).start()
    world.address = f"http://127.0.0.1:{between.server_port}"
    try:
        _await(port)
        world.container().create_container()
        yield world
    finally:
        between.shutdown()
        server.kill()
        server.wait()


def point_at(patch: pytest.MonkeyPatch, connection: str) -> None:
    """Let the library find a server, and credentials, as it does for a user."""
    from relaion.remote.by_fsspec import _made

    for name in os.environ:
        if name.startswith(("AZURE_", "HTTP_PROXY", "http_proxy")):
            patch.delenv(name)
    patch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1")  # no such machine
    patch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
    _made.cache_clear()
