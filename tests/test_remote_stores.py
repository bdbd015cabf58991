"""Stores behind addresses: what is read is what was seen first, or one line says why not."""

import hashlib
import os
import socket
import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from relaion.errors import InputError
from relaion.paths import shown
from relaion.remote import RemoteURL, asking, display, is_remote, remote_url
from relaion.remote.by_fsspec import FsspecStore, opened_gs
from relaion.remote.failures import ChangedObjectError, GoneError, RemoteError
from relaion.remote.stores import open_store
from tests.drawn import quickly
from tests.remote_world import KEY_ID, SECRET, S3World, point_at

PIECE = 1 << 16  # bytes


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("s3://b/data/x.parquet", "s3://b/data/x.parquet"),
        (Path("s3://b/data"), "s3://b/data"),
        ("s3://b/", "s3://b"),
        ("gs://b/*/p-*.parquet", "gs://b/*/p-*.parquet"),
        ("hf://datasets/o/n@main/data", "hf://datasets/o/n@main/data"),
        ("https://example.org/a.parquet?sig=abc#x", "https://example.org/a.parquet"),
        ("http://127.0.0.1:8000/a.parquet", "http://127.0.0.1:8000/a.parquet"),
    ],
)
def test_addresses(given: Any, shown: str) -> None:
    assert is_remote(given)
    assert str(remote_url(given)) == shown == display(given).rstrip("/")
    assert "sig" not in repr(remote_url(given))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("s3a://b/x", "written s3://"),
        ("abfs://b/x", "written az://"),
        ("abfss://b@of.dfs.core.windows.net/x/y", "az://b/x/y, with AZURE_STORAGE_ACCOUNT_NAME=of"),
        ("az://b@of.blob.core.windows.net/x", "is written az://b/x, with AZURE_STORAGE_ACCOUNT_"),
        ("az://b:secret@of/x", "leave it out"),
        ("az://b/x?sv=1&sig=secret", "az://b/x: a query or a signature"),
        ("abfs://b@of/x?sv=1&sig=secret", "here: az://b/x, with"),
        ("http://example.org/x.parquet", "name the https:// address"),
        ("ftp://example.org/x.parquet", "no ftp:// address"),
        ("https://name:secret@example.org/x", "leave it out"),
        ("s3://b/a/../x", "`..`"),
        ("hf://o/n", "hf://datasets/OWNER/NAME"),
        ("hf://datasets/n", "hf://datasets/OWNER/NAME"),
    ],
)
def test_addresses_that_are_refused(given: str, why: str) -> None:
    with pytest.raises(InputError, match=None) as caught:
        remote_url(given)
    assert why in str(caught.value)
    assert "secret" not in str(caught.value) + display(given)


def test_a_signature_is_not_shown_as_part_of_a_path() -> None:
    signed = "az://b/x?sv=1&sig=secret"
    assert shown(Path(signed)) == "az://b/x"
    assert shown(Path("az://b/x?y=z")) == "az://b/x?y=z" == str(remote_url("az://b/x?y=z"))


@pytest.mark.parametrize("given", ["data/x", "/data", "C:", "s3", "a:b/c", "./x", "data/s3:/x"])
def test_paths_are_no_addresses(given: str) -> None:
    assert not is_remote(given)


def test_patterns_begin_with_a_folder() -> None:
    found = remote_url("s3://b/data/2*/x/*.parquet")
    assert found.is_pattern
    assert str(found.fixed) == "s3://b/data"
    assert found.begins == "2"
    assert RemoteURL("s3", "b", "data/20/x").below(found.fixed) == "20/x"


def test_listing_looking_and_reading(s3: S3World, tmp_path: Path) -> None:
    data = bytes(range(256)) * 100
    for i in range(3):
        s3.put(f"stores/data/{i}.bin", data[i:])
    s3.put("stores/data/", b"")
    store = open_store(remote_url("s3://shards/stores"))
    found = list(store.files(remote_url("s3://shards/stores/data")))
    assert [str(f.url) for f in found] == [f"s3://shards/stores/data/{i}.bin" for i in range(3)]
    assert [f.size for f in found] == [25600, 25599, 25598]
    some = store.files(remote_url("s3://shards/stores"), "data/1")
    assert [f.url.name for f in some] == ["1.bin"]
    assert [store.info(f.url).version for f in found] == [f.version for f in found]
    assert list(store.read(found[1], [(5, 9), (100, 101)])) == [
        (5, data[6:10]),
        (100, data[101:102]),
    ]
    (into := tmp_path / "x").touch()
    assert store.download(found[2], into) == hashlib.sha256(data[2:]).hexdigest()
    assert into.read_bytes() == data[2:]


@pytest.mark.slow
def test_pieces_of_what_is_large_come_in_order(
    s3: S3World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relaion.remote.store.PIECE", PIECE)
    data = hashlib.sha256(b"x").digest() * (PIECE // 32 * 5 // 2)
    s3.put("stores/large.bin", data)
    store = open_store(url := remote_url("s3://shards/stores/large.bin"))
    found = list(store.read(store.info(url), [(0, len(data))]))
    assert [at for at, _ in found] == [0, PIECE, 2 * PIECE]
    assert b"".join(piece for _, piece in found) == data


def test_what_changed_since_is_not_read(s3: S3World) -> None:
    url = remote_url("s3://shards/stores/changes.bin")
    s3.put("stores/changes.bin", b"a" * 100)
    store = open_store(url)
    first = store.info(url)
    store.check(first)
    s3.put("stores/changes.bin", b"b" * 100)
    for do in (lambda: list(store.read(first, [(0, 10)])), lambda: store.check(first)):
        with pytest.raises(ChangedObjectError, match="was changed or replaced"):
            do()
    s3.client.delete_object(Bucket="shards", Key="stores/changes.bin")
    for do in (lambda: list(store.read(first, [(0, 10)])), lambda: store.check(first)):
        with pytest.raises(GoneError, match="not there any more"):
            do()


def test_what_is_not_there(s3: S3World) -> None:
    store = open_store(url := remote_url("s3://shards/stores/nothing.bin"))
    with pytest.raises(GoneError, match="no such object"):
        store.info(url)
    for do in (store.info, lambda url: list(store.files(url))):
        with pytest.raises(GoneError, match="no such bucket as nowhere"):
            do(remote_url("s3://nowhere/x"))


@pytest.mark.parametrize(
    ("status", "code", "why"),
    quickly(
        4,
        [
            (
                403,
                "AccessDenied",
                "these credentials do not permit it; have that changed, or set AWS_",
            ),
            (403, "", "these credentials do not permit it"),
            (
                403,
                "InvalidAccessKeyId",
                "does not know these credentials; they may be misspelt, or of",
            ),
            (
                403,
                "SignatureDoesNotMatch",
                "AWS_SECRET_ACCESS_KEY go before the profile (AWS_PROFILE)",
            ),
            (400, "ExpiredToken", "the credentials have expired"),
            (503, "SlowDown", "too busy"),
            (500, "InternalError", "too busy"),
            (418, "Teapot", "cannot be read"),
        ],
    ),
)
def test_errors_of_a_store(
    s3: S3World, monkeypatch: pytest.MonkeyPatch, status: int, code: str, why: str
) -> None:
    monkeypatch.setattr(asking, "FIRST_WAIT", 0.001)
    s3.put("stores/x.bin", b"x")
    store = open_store(url := remote_url("s3://shards/stores/x.bin"))
    seen = store.info(url)
    s3.fault = lambda _: (status, code)
    dos: list[Callable[[], Any]] = [
        lambda: list(store.files(url.folder)),
        lambda: list(store.read(seen, [(0, 1)])),
    ]
    dos += [lambda: store.info(url)] if status == 403 else []  # a HEAD has no body
    for do in dos:
        with pytest.raises(RemoteError) as caught:
            do()
        line = str(caught.value)
        assert why in line
        assert line.startswith("s3://shards/stores")
        assert "\n" not in line
        assert SECRET not in line
        assert KEY_ID not in line
        assert caught.value.__cause__ is None


def test_a_busy_store_is_asked_again(s3: S3World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "FIRST_WAIT", 0.001)
    s3.put("stores/x.bin", b"xyz")
    store = open_store(url := remote_url("s3://shards/stores/x.bin"))
    seen, left = store.info(url), [2]

    def busy(environ: dict[str, Any]) -> tuple[int, str] | None:
        left[0] -= environ["REQUEST_METHOD"] == "GET"
        return (503, "SlowDown") if left[0] >= 0 else None

    s3.fault = busy
    assert list(store.read(seen, [(0, 3)])) == [(0, b"xyz")]


@pytest.mark.slow
def test_no_server_and_no_credentials(s3: S3World, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    point_at(monkeypatch, f"http://127.0.0.1:{port}")
    url = remote_url("s3://shards/stores/x.bin")
    monkeypatch.setattr(asking, "_unreached", {})
    waits: list[float] = []
    monkeypatch.setattr("relaion.remote.asking.time.sleep", waits.append)
    for _ in range(2):  # whoever ends a run asks again
        with pytest.raises(
            RemoteError, match="server cannot be reached, after several tries; chec"
        ):
            open_store(url).info(url)
    assert len(waits) == 3
    assert sum(waits) < 8
    point_at(monkeypatch, s3.address)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(RemoteError, match="no credentials were found; set AWS_PROFILE"):
        open_store(url).info(url)


def test_a_profile_that_is_not_there(s3: S3World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    url = remote_url("s3://shards/stores/x.bin")
    with pytest.raises(RemoteError, match="no credentials were found"):
        open_store(url).info(url)


def test_a_library_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from relaion.remote import stores

    monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
    stores._opened.cache_clear()
    with pytest.raises(InputError, match=r"pip install 'relaion\[gcs\]'"):
        open_store(remote_url("gs://b/x"))


def test_a_store_whose_library_knows_no_conditions() -> None:
    """As gs and az are read: fsspec's own file system in memory, with marks for versions."""
    from fsspec.implementations.memory import MemoryFileSystem

    from relaion.remote.by_fsspec import FsspecStore, _made

    class Marked(MemoryFileSystem):  # type: ignore[misc]
        def info(self, path: str, **how: Any) -> Any:
            found = super().info(path, **how)
            is_file = found["type"] == "file"
            return found | ({"etag": hash(self.store[found["name"]].getvalue())} if is_file else {})

        def find(self, path: str, **how: Any) -> Any:
            return {name: self.info(name) for name in super().find(path, **how)}

    _made.cache_clear()
    store, url = FsspecStore(Marked), remote_url("gs://bucket/data/a.bin")
    store.fs.pipe({"bucket/data/a.bin": b"0123456789", "bucket/data/deep/b.bin": b"b",
                   "bucket/data2/c.bin": b"c"})  # fmt: skip
    listed = list(store.files(url.folder))
    assert [str(f.url) for f in listed] == [str(url), "gs://bucket/data/deep/b.bin"]
    assert [store.info(f.url).version for f in listed] == [f.version for f in listed]
    assert list(store.read(listed[0], [(2, 5)])) == [(2, b"234")]
    for nothing in (url.folder, url / "x"):
        with pytest.raises(GoneError, match="no such object"):
            store.info(nothing)
    store.fs.pipe("bucket/data/a.bin", b"other data")
    with pytest.raises(ChangedObjectError):
        list(store.read(listed[0], [(2, 5)]))
    store.fs.rm("bucket/data/a.bin")
    with pytest.raises(GoneError, match="not there any more"):
        list(store.read(listed[0], [(2, 5)]))


@pytest.mark.parametrize(
    ("held", "named"),
    [
        (None, True),
        *product(("{", "[]", '{"type": "strange"}', '{"type": "service_account"}'), (True, False)),
    ],
)
def test_a_file_of_credentials_that_holds_none_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: str | None, *, named: bool
) -> None:
    core = pytest.importorskip("gcsfs.core", reason="without the extra [gcs]")
    left = tmp_path / "application_default_credentials.json"
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    if named:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(left))
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:1")  # no machine of that cloud
    monkeypatch.setattr("relaion.remote.asking.FIRST_WAIT", 0.001)
    if held is not None:
        left.write_text(held)
    store = FsspecStore(partial(opened_gs, core.GCSFileSystem))
    url = remote_url("gs://nowhere/x")
    who = "GOOGLE_APPLICATION_CREDENTIALS names is not" if named else "login` left cannot be read"
    with pytest.raises(RemoteError, match=who):
        store.info(url)


def test_an_account_of_azure_without_credentials_is_told_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that always asks to wait is asked a few times, not for half a minute."""
    pytest.importorskip("adlfs", reason="without the extra [azure]")
    asked = []

    class Busy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(503)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in [name for name in os.environ if name.startswith("AZURE_")]:
            monkeypatch.delenv(name)
        at = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", at)
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "of")
        url = remote_url("az://nowhere/x")
        with pytest.raises(RemoteError, match="no credentials were found"):
            open_store(url).info(url)
        server.shutdown()
    assert 1 <= len(asked) <= 4
