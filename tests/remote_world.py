"""An S3 on loopback that counts what is asked of it, and fails when a test wants it to."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

BUCKET = "shards"
KEY_ID, SECRET = "AKIAEXAMPLEEXAMPLE00", "example-secret-of-nobody"
Fault = Callable[[dict[str, Any]], tuple[int, str] | None]
_ERROR = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>of {secret}</Message></Error>"


@dataclass
class S3World:
    """The server's address; requests so far, as method and path, and bytes that it sent.

    `fault` is asked first about each request: a status and a code of S3 to answer with, or None.
    """

    address: str = ""
    asked: list[str] = field(default_factory=list)
    sent: int = 0
    fault: Fault | None = None

    @property
    def client(self) -> Any:
        """A client of its own, apart from what is tested."""
        return boto3.client(
            "s3", endpoint_url=self.address, region_name="us-east-1", aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
        )  # fmt: skip

    def put(self, key: str, data: bytes | Path, bucket: str = BUCKET) -> None:
        """Put an object."""
        body = data.read_bytes() if isinstance(data, Path) else data
        self.client.put_object(Bucket=bucket, Key=key, Body=body)

    def put_folder(self, folder: Path, prefix: str) -> None:
        """Put all files of a folder below a prefix."""
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            self.put(f"{prefix}/{path.relative_to(folder).as_posix()}", path)

    def forget(self) -> None:
        """Count anew."""
        self.asked.clear()
        self.sent = 0


class _Counted:
    def __init__(self, app: Any, world: S3World) -> None:
        self._app, self._world, self._lock = app, world, threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        where = environ["PATH_INFO"] + (f"?{q}" if (q := environ.get("QUERY_STRING")) else "")
        with self._lock:
            self._world.asked.append(f"{environ['REQUEST_METHOD']} {where}")
        found = self._world.fault(environ) if self._world.fault else None  # which may ask itself
        if found is not None:
            status, code = found
            body = _ERROR.format(code=code, secret=SECRET).encode() if code else b""
            start(f"{status} Of A Test", [("Content-Type", "application/xml"),
                                          ("Content-Length", str(len(body)))])  # fmt: skip
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
        return self._passed(self._app(environ, start))

    def _passed(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            with self._lock:
                self._world.sent += len(piece)
            yield piece


@contextmanager
def serving() -> Iterator[S3World]:
    """A server with an empty bucket, in threads of this process."""
    world = S3World()
    app = _Counted(DomainDispatcherApplication(create_backend_app), world)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    world.address = f"http://127.0.0.1:{server.server_port}"
    world.client.create_bucket(Bucket=BUCKET)
    try:
        yield world
    finally:
        server.shutdown()


def point_at(patch: pytest.MonkeyPatch, address: str) -> None:
    """Let the libraries find a server, and credentials, as they do for a user."""
    from relaion.remote.by_fsspec import _made

    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "FSSPEC_S3_ANON", "HTTP_PROXY", "http_proxy"):
        patch.delenv(name, raising=False)
    patch.setenv("AWS_ENDPOINT_URL", address)
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    patch.setenv("AWS_MAX_ATTEMPTS", "1")
    patch.setenv("AWS_CONFIG_FILE", "/dev/null")
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    _made.cache_clear()
