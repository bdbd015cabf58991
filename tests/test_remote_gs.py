"""A whole run from gs to gs, against the server that stands for it on loopback.

It needs the program `fake-gcs-server` in the PATH, or where FAKE_GCS_SERVER says. No extra brings
it: packages of Python that do hold a binary that somebody else built. `go install
github.com/fsouza/fake-gcs-server@latest` builds it; then `pytest tests/test_remote_gs.py` runs
this, which is skipped without it. The server of the package gcp-storage-emulator does not do: it
heeds no condition, so `clean` refuses to write there.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline import relaion
from tests.test_remote_out import LISTS, make

PROGRAM = os.environ.get("FAKE_GCS_SERVER") or shutil.which("fake-gcs-server")
pytestmark = [
    pytest.mark.slow,
    # found and not loaded: what is slow is collected with all that is quick
    pytest.mark.skipif(not find_spec("gcsfs"), reason="without the extra [gcs]"),
    pytest.mark.skipif(PROGRAM is None, reason="without the program fake-gcs-server"),
]
BUCKET = "shards"
URL = f"gs://{BUCKET}/clean"


class GS:
    """The server: what it holds, by its own requests, apart from what is tested."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, data: bytes | None = None, method: str | None = None) -> bytes:
        headers = {"Content-Type": "application/octet-stream"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            found: bytes = answer.read()
            return found

    def begin(self) -> None:
        """Wait until it answers."""
        for _ in range(200):
            with suppress(OSError):
                self.ask("/_internal/healthcheck")
                return
            time.sleep(0.05)
        raise AssertionError("the server did not begin")

    def put(self, name: str, data: bytes) -> None:
        name = urllib.parse.quote(name, safe="")
        self.ask(f"/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={name}", data)

    def remove(self, name: str) -> None:
        quoted = urllib.parse.quote(name, safe="")
        self.ask(f"/storage/v1/b/{BUCKET}/o/{quoted}", method="DELETE")

    def names(self, below: str) -> list[str]:
        said = json.loads(self.ask(f"/storage/v1/b/{BUCKET}/o?prefix={below}/&maxResults=1000"))
        return [each["name"].removeprefix(f"{below}/") for each in said.get("items", ())]

    def get(self, name: str) -> bytes:
        quoted = urllib.parse.quote(name, safe="")
        return self.ask(f"/download/storage/v1/b/{BUCKET}/o/{quoted}?alt=media")


@pytest.fixture
def gs(monkeypatch: pytest.MonkeyPatch) -> Iterator[GS]:
    """A server with an empty bucket, and the environment by which the library finds it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [str(PROGRAM), "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1",
         "-port", str(port), "-external-url", url, "-log-level", "error"]
    )  # fmt: skip
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:1")  # no machine of that cloud
    try:
        found = GS(url)
        found.begin()
        found.ask("/storage/v1/b?project=test", b'{"name": "shards"}')
        yield found
    finally:
        server.kill()
        server.wait()


def clean(folder: Path, *more: Any, work: str = "work", out: str = URL) -> Any:
    return relaion(
        "clean", f"gs://{BUCKET}/data", *LISTS, "--out", out, "--work", work, *more, cwd=folder
    )


def test_a_clean_from_gs_to_gs_has_the_bytes_of_one_here(gs: GS, tmp_path: Path) -> None:
    """Killed in the middle it goes on; nobody else may write there; then it is checked."""
    make(tmp_path)
    for path in sorted(tmp_path.glob("data/*/*.parquet")):
        gs.put(path.relative_to(tmp_path).as_posix(), path.read_bytes())
    local = relaion("clean", "data", *LISTS, "--out", "local", cwd=tmp_path)
    assert local.returncode == 0, local.stderr

    command = ["clean", f"gs://{BUCKET}/data", *LISTS, "--out", URL, "--work", "work"]
    running = subprocess.Popen(
        [sys.executable, "-m", "relaion", *command], cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while not [n for n in gs.names("clean") if n.endswith(".parquet")]:
        assert running.poll() is None
        time.sleep(0.02)
    running.kill()
    running.wait()
    if "manifest.json" not in gs.names("clean"):  # it may have been too quick
        other = clean(tmp_path, work="elsewhere")
        assert other.returncode == 2
        assert "another run" in other.stderr

    done = clean(tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) < 10, "the library talks"
    names = {p.relative_to(tmp_path / "local").as_posix() for p in files(tmp_path / "local")}
    assert {*gs.names("clean")} == names
    for name in names:
        if name.endswith(".parquet"):
            assert gs.get(f"clean/{name}") == (tmp_path / "local" / name).read_bytes()
    again = clean(tmp_path)
    assert again.returncode == 0, again.stderr
    assert "finished before" in again.stdout + again.stderr
    said = relaion(
        "verify", URL, "--inputs", f"gs://{BUCKET}/data", *LISTS, cwd=tmp_path
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    gone = next(n for n in sorted(names) if n.endswith(".parquet"))
    gs.remove(f"clean/{gone}")
    said = relaion("verify", URL, "--inputs", f"gs://{BUCKET}/data", *LISTS, cwd=tmp_path)
    assert said.returncode == 1
    nowhere = clean(tmp_path, out="gs://nowhere/clean")
    assert "no such bucket as nowhere; check the name" in nowhere.stderr


def files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()]
