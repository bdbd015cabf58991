"""Objects that are put: whole or not at all, with these bytes, and only where they may be."""

import hashlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from relaion.errors import InputError
from relaion.remote import remote_url
from relaion.remote.by_fsspec import AnyObjects, FsspecStore
from relaion.remote.claim import CLAIM, take_claim
from relaion.remote.failures import GoneError, UnwrittenError
from relaion.remote.objects import Noted, Objects
from relaion.remote.stores import objects_at

pytest.importorskip("s3fs", reason="without the extra [s3]")
pytest.importorskip("moto", reason="without the extra [test]")
from fsspec.implementations.memory import MemoryFileSystem

from tests.remote_world import SECRET

AT = remote_url("s3://shards/objects")
WHOLE = random.Random(1).randbytes(12_800_000)
PART = 6 << 20  # a store takes none under 5 MiB but the last


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Marked(MemoryFileSystem):  # type: ignore[misc]
    """Files in memory that have a mark, as objects of a store have."""

    def find(self, path: str, **_: Any) -> Any:
        return {k: self._marked(v) for k, v in super().find(path, detail=True).items()}

    def info(self, path: str, **_: Any) -> Any:
        return self._marked(super().info(path))

    def _marked(self, about: dict[str, Any]) -> dict[str, Any]:
        if about["type"] != "file":
            return about
        return {**about, "ETag": digest(self.cat_file(about["name"]))[:8]}


@pytest.fixture(params=["s3", "any"])
def store(request: pytest.FixtureRequest, s3: Any) -> Iterator[Objects]:
    """A store by each of the two ways in which one is written to; empty."""
    found: Objects = (
        objects_at(AT) if request.param == "s3" else AnyObjects(AT, FsspecStore(Marked))
    )
    yield found
    found.remove(found.there())


@pytest.fixture(autouse=True)
def quick_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relaion.remote.asking.FIRST_WAIT", 0.001)


def test_a_file_is_put_with_its_bytes_or_not_at_all(store: Objects, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"bytes")
    noted = store.put(path, "a/b.parquet", digest(b"bytes"))
    assert store.there() == {"a/b.parquet": noted}
    assert noted.size == 5
    with pytest.raises(InputError, match="was changed or replaced"):
        store.put(path, "a/c.parquet", digest(b"others"))
    assert [*store.there()] == ["a/b.parquet"]
    path.write_bytes(b"again")
    assert store.put(path, "a/b.parquet", digest(b"again")) != noted
    found = store.read("a/b.parquet")
    assert found is not None
    assert found[0] == b"again"
    assert store.read("a/none") is None


def test_a_name_is_taken_once(store: Objects) -> None:
    first = store.put_new("claim", b"one")
    assert first is not None
    assert store.put_new("claim", b"two") is None
    over = store.put_over("claim", b"three", first.etag)
    assert over is not None
    assert store.put_over("claim", b"four", first.etag) is None
    assert store.there() == {"claim": over}
    found = store.read("claim")
    assert found is not None
    assert found[0] == b"three"


def test_a_store_copies_what_is_as_it_was(store: Objects, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"bytes")
    source, noted = AT / "in.parquet", store.put(path, "in.parquet", digest(b"bytes"))
    made = store.copy(source, noted, "out.parquet", digest(b"bytes"))
    assert made == store.there()["out.parquet"]
    path.write_bytes(b"other")
    store.put(path, "in.parquet", digest(b"other"))
    with pytest.raises((InputError, UnwrittenError)):  # the one before has another mark, and digest
        store.copy(source, noted, "again.parquet", digest(b"bytes"))
    if type(store) is not AnyObjects:  # which leaves it to whoever fetches the source
        store.remove(["in.parquet"])
        with pytest.raises(GoneError, match=r"in\.parquet: is not there any more"):
            store.copy(source, noted, "again.parquet", digest(b"bytes"))
    assert store.copy(remote_url("hf://datasets/a/b"), noted, "x.parquet", digest(b"bytes")) is None


def test_only_what_is_named_is_removed(store: Objects) -> None:
    for name in ("k", "b/c", "b/d"):
        store.put_new(name, b"x")
    store.remove(["b/c", "none"])
    assert {*store.there()} == {"k", "b/d"}


# -- parts ---------------------------------------------------------------------------------------


@pytest.fixture
def in_parts(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that goes in three parts."""
    monkeypatch.setattr("relaion.remote.s3.PART", PART)
    path = tmp_path / "large"
    path.write_bytes(WHOLE)
    yield path
    objects_at(AT).remove(objects_at(AT).there())


def uploads(s3: Any) -> list[Any]:
    return [*s3.client.list_multipart_uploads(Bucket="shards").get("Uploads", ())]


def test_a_large_file_goes_in_parts_and_is_one_object(s3: Any, in_parts: Path) -> None:
    noted = objects_at(AT).put(in_parts, "large", digest(WHOLE))
    assert noted.size == len(WHOLE)
    assert noted.etag.endswith("-3")
    assert s3.client.get_object(Bucket="shards", Key="objects/large")["Body"].read() == WHOLE
    assert uploads(s3) == []


def on(method: str, has: str, answer: tuple[int, str], times: int = 99) -> Any:
    """A fault: what is asked so is answered so, some times."""
    left = times

    def fault(environ: dict[str, Any]) -> tuple[int, str] | None:
        nonlocal left
        if environ["REQUEST_METHOD"] != method or has not in environ.get("QUERY_STRING", ""):
            return None
        left -= 1
        return answer if left >= 0 else None

    return fault


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(on("PUT", "partNumber=2", (403, "ExpiredToken")), id="a part"),
        pytest.param(on("POST", "uploadId", (500, "")), id="the end", marks=pytest.mark.slow),
    ],
)
def test_an_upload_that_breaks_leaves_nothing(s3: Any, in_parts: Path, fault: Any) -> None:
    s3.fault = fault
    with pytest.raises(UnwrittenError, match="s3://shards/objects/large: cannot be written") as e:
        objects_at(AT).put(in_parts, "large", digest(WHOLE))
    assert SECRET not in str(e.value)
    s3.fault = None
    assert objects_at(AT).there() == {}
    assert uploads(s3) == []


@pytest.mark.slow
def test_a_file_that_changes_while_it_goes_in_parts_is_no_object(s3: Any, in_parts: Path) -> None:
    with pytest.raises(InputError, match="was changed or replaced"):
        objects_at(AT).put(in_parts, "large", digest(b"others"))
    assert objects_at(AT).there() == {}
    assert uploads(s3) == []


def test_what_a_kill_left_of_an_upload_is_removed_and_others_are_not(s3: Any) -> None:
    for key in ("objects/left", "objectsx/others"):
        s3.client.create_multipart_upload(Bucket="shards", Key=key)
    objects_at(AT).remove_parts()
    left = uploads(s3)
    assert [each["Key"] for each in left] == ["objectsx/others"]
    s3.client.abort_multipart_upload(Bucket="shards", Key=left[0]["Key"],
                                     UploadId=left[0]["UploadId"])  # fmt: skip


def test_all_pages_of_broken_uploads_are_read_and_none_of_a_whole_bucket(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store lists 1,000 at once; here two, so that there are three pages."""
    for i in range(5):
        s3.client.create_multipart_upload(Bucket="shards", Key=f"objects/left{i}")
    objects_at(remote_url("s3://shards")).remove_parts()
    assert len(uploads(s3)) == 5
    store: Any = objects_at(AT)
    call = store._call
    asked = []

    def of_two(method: str, *args: Any, **given: Any) -> Any:
        """Pages as the store of the tests does not make them, by the markers of S3."""
        asked.append(method)
        after = given.pop("KeyMarker", ""), given.pop("UploadIdMarker", "")
        found = call(method, *args, **given)
        if method == "list_multipart_uploads":
            marks = [(each["Key"], each["UploadId"]) for each in found["Uploads"]]
            rest = sorted(mark for mark in marks if mark > after)
            found["Uploads"] = [{"Key": key, "UploadId": no} for key, no in rest[:2]]
            found["IsTruncated"] = len(rest) > 2
            found["NextKeyMarker"], found["NextUploadIdMarker"] = rest[:2][-1]
        return found

    monkeypatch.setattr(store, "_call", of_two)
    store.remove_parts()
    assert uploads(s3) == []
    assert asked.count("list_multipart_uploads") == 3


def test_a_claim_of_another_run_is_not_removed(s3: Any) -> None:
    ours = take_claim(objects_at(AT), "0123456789abcdef")
    objects_at(AT).remove([CLAIM])
    ours.drop()  # gone already: no error
    theirs = take_claim(objects_at(AT), "fedcba9876543210")
    ours.drop()
    theirs.check()
    theirs.rest()
    theirs.drop()
    assert objects_at(AT).there() == {}


# -- what a store says it took -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "held"),
    [
        ({"ETag": '"of-its-own"'}, True),  # encrypted: its bytes are read back
        ({"ETag": '"of-its-own"', "ChecksumSHA256": "b3RoZXI="}, False),
    ],
)
def test_bytes_are_held_against_what_the_store_took(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: dict[str, str], held: bool
) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"bytes")
    store: Any = objects_at(AT)
    call: Callable[..., Any] = store._call
    monkeypatch.setattr(store, "_call", lambda *a, **k: {**call(*a, **k), **answer})
    s3.forget()
    if held:
        assert store.put(path, "f", digest(b"bytes")) == Noted(5, "of-its-own")
        assert "GET /shards/objects/f" in s3.asked
    else:
        with pytest.raises(UnwrittenError, match="the store holds other bytes than were sent"):
            store.put(path, "f", digest(b"bytes"))
    objects_at(AT).remove(["f"])


def test_other_bytes_in_the_store_are_found_when_they_are_read_back(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"bytes")
    store: Any = objects_at(AT)
    call: Callable[..., Any] = store._call

    def put_other(*a: Any, **k: Any) -> dict[str, Any]:
        return {**call(*a, **{**k, "Body": b"other"}), "ETag": '"of-its-own"'}

    monkeypatch.setattr(store, "_call", put_other)
    with pytest.raises(UnwrittenError, match="the store holds other bytes than were sent"):
        store.put(path, "f", digest(b"bytes"))
    objects_at(AT).remove(["f"])


def test_a_store_that_knows_no_condition_is_refused(s3: Any) -> None:
    s3.fault = on("PUT", "", (501, "NotImplemented"))
    with pytest.raises(UnwrittenError, match="the store cannot put an object only where none is"):
        objects_at(AT).put_new("claim", b"x")
    s3.fault = None


def test_a_store_that_heeds_no_condition_is_refused(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Any = objects_at(AT)
    put = store._put_if
    monkeypatch.setattr(store, "_put_if", lambda name, data, **_: put(name, data))
    with pytest.raises(UnwrittenError, match="the store cannot put an object only where none is"):
        take_claim(store, "0123456789abcdef")
    assert store.there() == {}


def test_an_answer_that_was_lost_is_no_other_run(s3: Any) -> None:
    """The store took it, its answer was lost, and the same was asked again."""
    taken = objects_at(AT).put_new("claim", b"x")
    s3.fault = on("PUT", "", (503, "SlowDown"), times=1)
    assert objects_at(AT).put_new("claim", b"x") == taken
    objects_at(AT).remove(["claim"])
