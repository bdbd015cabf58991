"""Runs from az to az, and what Azure says no to, against Azurite on loopback.

`npm install azurite` brings the program `azurite-blob`; with it in the PATH, or named by
AZURITE_BLOB, `pytest tests/test_remote_az.py` runs this, which is skipped without it.
"""

import gzip
import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("adlfs", reason="without the extra [azure]")

from relaion.errors import InputError
from relaion.remote import remote_url
from relaion.remote.failures import ChangedObjectError, GoneError, RemoteError, UnwrittenError
from relaion.remote.objects import Objects
from relaion.remote.stores import objects_at, open_store
from tests.azure_world import CONTAINER, KEY, PROGRAM, Azure, point_at, serving
from tests.pipeline import relaion
from tests.test_remote_out import LISTS, make

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="without the program azurite-blob"),
]
URL = f"az://{CONTAINER}/clean"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    with serving(tmp_path_factory.mktemp("azurite")) as found:
        yield found


@pytest.fixture
def az(server: Azure, monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """The server with an empty container, and the environment by which the library finds it."""
    point_at(monkeypatch, server.connection())
    monkeypatch.setattr("relaion.remote.asking.FIRST_WAIT", 0.001)
    yield server
    server.fault = server.seen = None
    for each in server.container().list_blobs():
        server.container().delete_blob(each.name)
    server.asked.clear()


@pytest.fixture
def store(az: Azure) -> Objects:
    return objects_at(remote_url(URL))


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# -- Whole runs ----------------------------------------------------------------------------------


def put_data(az: Azure, folder: Path) -> None:
    make(folder)
    for path in sorted(folder.glob("data/*/*.parquet")):
        az.put(path.relative_to(folder).as_posix(), path.read_bytes())


def clean(folder: Path, *more: Any, work: str = "work", out: str = URL) -> Any:
    given = f"az://{CONTAINER}/data", *LISTS, "--out", out, "--work", work
    return relaion("clean", *given, *more, cwd=folder)


def line(done: Any) -> str:
    """The one line of a command that failed, without a secret in it."""
    assert done.returncode == 2, done.stderr
    assert KEY not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return str(done.stderr).splitlines()[-1]


def test_a_clean_from_az_to_az_has_the_bytes_of_one_here(az: Azure, tmp_path: Path) -> None:
    """Killed in the middle it goes on; nobody else may write there; then it is checked."""
    put_data(az, tmp_path)
    local = relaion("clean", "data", *LISTS, "--out", "local", cwd=tmp_path)
    assert local.returncode == 0, local.stderr

    command = ["clean", f"az://{CONTAINER}/data", *LISTS, "--out", URL, "--work", "work"]
    running = subprocess.Popen(
        [sys.executable, "-m", "relaion", *command], cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while not [name for name in az.objects("clean") if name.endswith(".parquet")]:
        assert running.poll() is None
        time.sleep(0.02)
    running.kill()
    running.wait()
    if "manifest.json" not in az.objects("clean"):  # it may have been too quick
        assert "another run" in line(clean(tmp_path, work="elsewhere"))

    copied: list[str] = []
    az.seen = lambda _, path, told: copied.append(path) if "x-ms-copy-id" in told else None
    done = clean(tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) < 10, "the library talks"
    assert copied, "the store copied nothing by itself"
    found = az.objects("clean")
    names = {p.relative_to(tmp_path / "local").as_posix() for p in files(tmp_path / "local")}
    assert {*found} == names
    for name in names:
        if name.endswith(".parquet"):
            assert found[name] == (tmp_path / "local" / name).read_bytes()
        assert KEY.encode() not in found[name]
    again = clean(tmp_path)
    assert again.returncode == 0, again.stderr
    assert "finished before" in again.stdout + again.stderr
    inputs = "--inputs", f"az://{CONTAINER}/data", *LISTS
    said = relaion("verify", URL, *inputs, cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    az.container().delete_blob(f"clean/{min(n for n in names if n.endswith('.parquet'))}")
    assert relaion("verify", URL, *inputs, cwd=tmp_path).returncode == 1
    nowhere = line(clean(tmp_path, out="az://nowhere/clean"))
    assert "no such container as nowhere; check the name" in nowhere


def test_a_busy_store_costs_only_time(az: Azure, tmp_path: Path) -> None:
    put_data(az, tmp_path)
    answers = {0: (503, "ServerBusy"), 7: (429, "TooManyRequests"), 14: (500, "OperationTimedOut")}
    az.fault = lambda *_: answers.get(len(az.asked) % 21)
    done = clean(tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(az.asked) > 63, "each answer was given some times"


def test_a_store_that_says_no_in_the_middle_is_told_in_one_line(az: Azure, tmp_path: Path) -> None:
    put_data(az, tmp_path)
    put: list[str] = []

    def fault(method: str, path: str) -> tuple[int, str] | None:
        if method == "PUT" and "/research" in path:
            put.append(path)
        return (403, "AuthenticationFailed") if len(put) > 2 else None

    az.fault = fault
    assert "cannot be written: the store does not know these credentials" in line(clean(tmp_path))
    az.fault = None
    assert "manifest.json" not in az.objects("clean")
    done = clean(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "going on" in done.stderr


def files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()]


# -- Reading -------------------------------------------------------------------------------------


def test_what_stands_for_a_folder_is_no_object(az: Azure) -> None:
    az.put("data/en/a.bin", b"abc")
    for name, marks in (("data/", {}), ("data/en/", {}), ("data/en", {"hdi_isfolder": "true"})):
        az.put(name, b"", metadata=marks)
    url = remote_url(f"az://{CONTAINER}/data")
    found = list(open_store(url).files(url))
    assert [str(file.url) for file in found] == [f"{url}/en/a.bin"]
    assert open_store(url).info(found[0].url) == found[0]
    for name in ("en", "none"):
        with pytest.raises(GoneError, match="no such object"):
            open_store(url).info(url / name)
    listed = objects_at(url).there()
    assert [name for name in listed if not name.endswith("/")] == ["en/a.bin"]


def test_bytes_are_read_as_they_lie_there(az: Azure) -> None:
    """The library would unpack what is called packed."""
    from azure.storage.blob import ContentSettings

    data = gzip.compress(b"hello" * 1000)
    az.put("x.tsv.gz", data, content_settings=ContentSettings(content_encoding="gzip"))
    store = open_store(url := remote_url(f"az://{CONTAINER}/x.tsv.gz"))
    assert list(store.read(store.info(url), [(0, len(data))])) == [(0, data)]


def test_all_pages_are_listed(az: Azure) -> None:
    for i in range(5):
        az.put(f"data/{i}", b"x")
    url = remote_url(f"az://{CONTAINER}/data")
    store: Any = open_store(url)
    pages = store._pages
    store._pages = lambda url, begins: store.fs.service_client.get_container_client(
        url.bucket
    ).list_blobs(name_starts_with="data/", results_per_page=2, retry_total=0).by_page()  # fmt: skip
    az.fault = lambda *_: (503, "ServerBusy") if len(az.asked) % 2 else None
    try:
        assert [file.url.name for file in store.files(url)] == ["0", "1", "2", "3", "4"]
    finally:
        store._pages = pages


def test_what_changed_since_is_not_read_and_nothing_is_asked_twice(az: Azure) -> None:
    az.put("x.bin", b"abcdef")
    store = open_store(url := remote_url(f"az://{CONTAINER}/x.bin"))
    seen = store.info(url)
    az.asked.clear()
    assert list(store.read(seen, [(2, 4)])) == [(2, b"cd")]
    assert len(az.asked) == 1
    az.put("x.bin", b"ghijkl")
    for do in (lambda: list(store.read(seen, [(2, 4)])), lambda: store.check(seen)):
        with pytest.raises(ChangedObjectError, match="was changed or replaced"):
            do()
    az.container().delete_blob("x.bin")
    for do in (lambda: list(store.read(seen, [(2, 4)])), lambda: store.check(seen)):
        with pytest.raises(GoneError, match="not there any more"):
            do()


@pytest.mark.parametrize(
    ("connection", "why"),
    [
        ("", "no credentials were found; set AZURE_STORAGE_ACCOUNT_NAME"),
        ("nothing", "they may be misspelt, or of another store: AZURE_STORAGE_CONNECTION_STR"),
        ("signed -5", "these credentials do not permit it"),
        ("signed 60", "these credentials do not permit it"),
    ],
)  # fmt: skip
def test_credentials_that_do_not_do(
    az: Azure, monkeypatch: pytest.MonkeyPatch, connection: str, why: str
) -> None:
    if connection.startswith("signed"):  # one that has ended, and one that may not list
        connection = az.signed("r", int(connection.partition(" ")[2]))
    point_at(monkeypatch, connection)
    url = remote_url(URL)
    for do in (lambda: list(open_store(url).files(url)), lambda: objects_at(url).there()):
        with pytest.raises((RemoteError, UnwrittenError)) as caught:
            do()
        assert why in str(caught.value)
        assert "sig=" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_an_archived_blob_is_called_that(az: Azure) -> None:
    az.put("archived/a.parquet", b"PAR1")
    az.container().get_blob_client("archived/a.parquet").set_standard_blob_tier("Archive")
    url = remote_url(f"az://{CONTAINER}/archived/a.parquet")
    store = open_store(url)
    with pytest.raises(RemoteError, match="lies in an archive"):
        list(store.read(store.info(url), [(0, 4)]))


def test_no_such_container(az: Azure) -> None:
    url = remote_url("az://nowhere/data")
    for do in (lambda: list(open_store(url).files(url)), lambda: open_store(url).info(url)):
        with pytest.raises(GoneError, match="no such container as nowhere"):
            do()


# -- Writing -------------------------------------------------------------------------------------


def test_a_file_is_put_with_its_bytes_or_not_at_all(
    az: Azure, store: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relaion.remote.az.PART", 1000)
    path = tmp_path / "f"
    for data in (b"", b"small", bytes(range(256)) * 10):
        path.write_bytes(data)
        noted = store.put(path, "a/f", digest(data))
        assert store.there() == {"a/f": noted}
        assert az.objects("clean") == {"a/f": data}
        about = az.container().get_blob_client("clean/a/f").get_blob_properties()
        assert bytes(about.content_settings.content_md5) == hashlib.md5(data).digest()
        with pytest.raises(InputError, match="was changed or replaced"):
            store.put(path, "b", digest(b"others"))
    az.fault = lambda _, path: (403, "AuthenticationFailed") if "blocklist" in path else None
    with pytest.raises(UnwrittenError, match="clean/b: cannot be written"):
        store.put(path, "b", digest(data))
    assert [*store.there()] == ["a/f"]


def test_a_name_is_taken_once(az: Azure, store: Objects) -> None:
    first = store.put_new("claim", b"one")
    assert first is not None
    assert store.put_new("claim", b"two") is None
    assert store.put_new("claim", b"one") == first  # its answer may have been lost
    over = store.put_over("claim", b"three", first.etag)
    assert over is not None
    assert store.put_over("claim", b"four", first.etag) is None
    assert store.put_over("none", b"four", first.etag) is None
    assert store.there() == {"claim": over}
    assert store.read("claim") == (b"three", over.etag)
    store.remove(["claim", "none"])
    assert store.read("claim") is None


@pytest.mark.parametrize("status", ["success", "pending", "failed"])
def test_a_store_copies_what_is_as_it_was(
    az: Azure, store: Objects, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    monkeypatch.setattr("relaion.remote.az.time.sleep", lambda _: None)
    az.put("in/a", b"bytes")
    source = remote_url(f"az://{CONTAINER}/in")
    noted = objects_at(source).there()["a"]

    def seen(method: str, _: str, told: dict[str, str]) -> None:
        if "x-ms-copy-status" in told and method == "PUT":
            told["x-ms-copy-status"] = status

    az.seen = seen
    made = store.copy(source / "a", noted, "a", digest(b"bytes"))
    assert made == (None if status == "failed" else store.there()["a"])
    az.put("in/a", b"other")
    with pytest.raises(ChangedObjectError):
        store.copy(source / "a", noted, "b", digest(b"bytes"))
    az.container().delete_blob("in/a")
    with pytest.raises(GoneError):
        store.copy(source / "a", noted, "b", digest(b"bytes"))
    assert store.copy(remote_url("s3://x/y"), noted, "b", digest(b"bytes")) is None
    assert [*store.there()] == ["a"]
