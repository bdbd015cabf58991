"""Named files behind links, and data sets of the Hub: read in parts, of one version, or refused."""

import errno
import json
import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from relaion.remote import asking, hub
from relaion.remote.failures import HereError, kind_of
from relaion.remote.stores import open_store
from relaion.remote.urls import remote_url
from relaion.remote.web import SECONDS
from tests.pipeline import Sent, add_lists, here
from tests.remote_world import KEY_ID
from tests.test_clean import contents
from tests.test_remote_read import did
from tests.web_files import REPO, WebWorld, serving

_ROWS = 300
ONE, TWO = "1" * 40, "2" * 40


@pytest.fixture
def web() -> Iterator[WebWorld]:
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web")
    for no in range(2):
        chance = random.Random(no)
        columns: dict[str, Any] = {
            "url": [f"https://h{no}.example/{i}" for i in range(_ROWS)],
            "md5": [f"{_ROWS * no + i:032x}" for i in range(_ROWS)],
            "noise": [chance.randbytes(4000) for _ in range(_ROWS)],
        }
        (folder / f"data/part{no}").mkdir(parents=True)
        path = folder / f"data/part{no}/x{no}.parquet"
        pq.write_table(pa.table(columns), path, row_group_size=_ROWS)
    add_lists(folder / "lists.duckdb", [Sent((("image_md5", f"{3:032x}"),))])
    return folder


def held(world: Path) -> dict[str, bytes]:
    top = world / "data"
    return {p.relative_to(top).as_posix(): p.read_bytes() for p in top.rglob("*.parquet")}


def counted(said: str) -> dict[str, Any]:
    """What was found; of bytes without a role fewer are looked at elsewhere, and that is said."""
    found: dict[str, Any] = json.loads(said)
    assert [notice.rpartition(" ")[2] for notice in found.pop("notices")] == ["noise"]
    return found


@pytest.mark.slow
def test_a_link_is_read_like_the_file(web: WebWorld, world: Path, tmp_path: Path) -> None:
    web.files = {f"some/{name}": data for name, data in held(world).items()}
    links = [f"{web.address}/some/part{i}/x{i}.parquet?sig=0SECRET{i}" for i in range(2)]
    args = ("--lists", "lists.duckdb", "--json")
    there = did(here("match", *links, *args, cwd=world))
    assert "SECRET" not in there.stdout + there.stderr
    assert web.sent < sum(map(len, web.files.values())) / 3
    paths = [f"data/part{i}/x{i}.parquet" for i in range(2)]
    local = did(here("match", *paths, *args, cwd=world))
    assert counted(there.stdout) == counted(local.stdout)
    ways = ("--lists", "lists.duckdb", "--no-verify", "--out")
    done = did(here("clean", *links, *ways, tmp_path / "there", cwd=world))
    did(here("clean", *paths, *ways, tmp_path / "local", cwd=world))
    assert contents(tmp_path / "there") == contents(tmp_path / "local")
    said = done.stdout + done.stderr + (tmp_path / "there/manifest.json").read_text()
    assert "SECRET" not in said


_FULL = pytest.mark.slow


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parts", "tags"),
    [
        (False, False),
        pytest.param(False, True, marks=_FULL),
        pytest.param(True, False, marks=_FULL),
    ],
)
def test_a_server_without_ranges_or_tags_gives_it_whole(
    web: WebWorld, world: Path, *, parts: bool, tags: bool
) -> None:
    web.files, web.parts, web.tags = held(world), parts, tags
    args = ("--lists", "lists.duckdb", "--json")
    there = did(here("match", f"{web.address}/part0/x0.parquet", *args, cwd=world))
    local = did(here("match", "data/part0/x0.parquet", *args, cwd=world))
    assert counted(there.stdout) == counted(local.stdout)


def test_links_that_are_refused(web: WebWorld, world: Path) -> None:
    web.files = held(world)
    done = did(here("inspect", f"{web.address}/part0/y.parquet", cwd=world), 2)
    assert "no such object" in done.stderr
    done = did(here("inspect", f"{web.address}/part0", cwd=world), 2)
    assert "no such object" in done.stderr
    web.kind = "text/html; charset=utf-8"
    done = did(here("inspect", f"{web.address}/part0/x0.parquet", cwd=world), 2)
    assert "answers with a web page" in done.stderr


def test_a_file_that_changes_behind_its_link(web: WebWorld, world: Path, tmp_path: Path) -> None:
    from relaion.remote.brought import bring
    from relaion.remote.failures import ChangedObjectError
    from relaion.remote.standing import need

    web.files = held(world)
    link = Path(f"{web.address}/part0/x0.parquet")
    (found,) = bring([link], tmp_path, (".parquet",))
    need(found, [(0, 100)])
    web.files["part0/x0.parquet"] = b"x" * found.stat().st_size
    with pytest.raises(ChangedObjectError, match="was changed or replaced"):
        need(found, [(5000, 6000)])


def test_bytes_tell_versions_apart_where_a_server_gives_no_mark(
    web: WebWorld, world: Path, tmp_path: Path
) -> None:
    """Of a file that is known by its size alone, other bytes of that size are another file."""
    from relaion.paths import seal
    from relaion.remote.brought import bring
    from relaion.remote.failures import ChangedObjectError
    from relaion.remote.standing import digested, drop, whole
    from relaion.run.shard_task import _digest

    web.files, web.parts, web.tags = held(world), False, False
    link = Path(f"{web.address}/part0/x0.parquet")
    (found,) = bring([link], tmp_path / "one", (".parquet",))
    unread = seal(found)
    sha256 = whole(found)
    known = seal(found)
    assert known.sha256 == sha256 == _digest(found, known, whole) == _digest(found, unread, whole)
    drop(found)
    assert whole(found) == sha256
    drop(found)
    web.files["part0/x0.parquet"] = web.files["part0/x0.parquet"][::-1]
    with pytest.raises(ChangedObjectError, match="was changed or replaced"):
        whole(found)
    # a run that goes on knows the digest by what it had sealed
    (again,) = bring([link], tmp_path / "two", (".parquet",))
    for digest_of in (whole, digested):
        with pytest.raises(ChangedObjectError, match="was changed or replaced"):
            _digest(again, known, digest_of)


def test_a_full_disk_is_none_of_the_server(web: WebWorld, world: Path) -> None:
    web.files, web.parts, full = held(world), False, Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no disk that is always full")
    url = remote_url(f"{web.address}/part0/x0.parquet")
    assert url is not None
    file = open_store(url).info(url)
    asked = len(web.asked)
    with pytest.raises(OSError, match="No space left on device"):
        open_store(url).download(file, full)
    assert len(web.asked) == asked + 1


def test_what_failed_is_told_by_where_it_failed() -> None:
    assert kind_of(PermissionError(errno.EACCES, "")) == "refused"  # as libraries say of objects
    assert kind_of(HereError(PermissionError(errno.EACCES, ""))) == "disk"
    assert kind_of(OSError(errno.ENOSPC, "")) == "disk"
    assert kind_of(URLError(TimeoutError())) == "unreached"
    assert kind_of(TimeoutError()) == "silent"
    frozen = PermissionError(errno.EACCES, "")  # as s3fs tells it, by what botocore raised
    frozen.__cause__ = ClientError({"Error": {"Code": "InvalidObjectState"}}, "GetObject")
    assert kind_of(frozen) == "archived"


def test_a_server_that_stalls_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    moments, tries = iter([0.0, float(SECONDS)]), []
    clock = SimpleNamespace(monotonic=lambda: next(moments), sleep=lambda _: None)
    monkeypatch.setattr(asking, "time", clock)
    url = remote_url("https://files.test/a.parquet")
    assert url is not None

    def stalls_once() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise TimeoutError
        return "read"

    assert asking.retrying(stalls_once, url) == "read"


@pytest.fixture
def of_hub(web: WebWorld, world: Path, monkeypatch: pytest.MonkeyPatch) -> WebWorld:
    """The Hub's library, asking this server."""
    pytest.importorskip("huggingface_hub")
    files = {f"data/{name}": data for name, data in held(world).items()}
    web.commits = {ONE: {"README.md": b"a", **files}}

    class Hub:
        @staticmethod
        def HfFileSystem(**how: Any) -> Any:
            from huggingface_hub import HfFileSystem

            return HfFileSystem(endpoint=web.address, token=False, **how)

    hub._file_system.cache_clear()
    monkeypatch.setattr(
        "relaion.remote.stores._opened",
        lambda scheme: hub.HubStore(Hub) if scheme == "hf" else None,
    )
    return web


@pytest.mark.slow
@pytest.mark.parametrize("path", ["", "/data", "/data/*/*.parquet", "/data/part0/x0.parquet"])
def test_a_set_of_the_hub(of_hub: WebWorld, world: Path, path: str) -> None:
    args = ("--lists", "lists.duckdb", "--json")
    there = json.loads(did(here("match", f"hf://{REPO}{path}", *args, cwd=world)).stdout)
    local = json.loads(did(here("match", f".{path or '/data'}", *args, cwd=world)).stdout)
    assert sum(there["rows"].values()) == sum(local["rows"].values())
    assert there["hits"]["unions"] != []
    assert KEY_ID not in str(there)
    assert all(ONE in asked for asked in of_hub.asked if "resolve" in asked)


def test_of_a_set_of_the_hub_one_commit_is_read(
    of_hub: WebWorld, world: Path, tmp_path: Path
) -> None:
    from relaion.remote.brought import bring
    from relaion.remote.standing import whole

    (found,) = bring([Path(f"hf://{REPO}/data")], tmp_path, (".parquet",))
    of_hub.commits[TWO] = {"data/part0/x0.parquet": b"other"}  # `main` goes on
    assert whole(found / "part0/x0.parquet")
    assert (found / "part0/x0.parquet").read_bytes() == held(world)["part0/x0.parquet"]
    assert found.name == "data"


def test_a_set_of_the_hub_that_is_not_there(of_hub: WebWorld, world: Path) -> None:
    done = did(here("inspect", "hf://datasets/example/other", cwd=world), 2)
    assert "no such data set, or one that needs a token; set HF_TOKEN" in done.stderr
    done = did(here("inspect", f"hf://{REPO}/nothing", cwd=world), 2)
    assert "no such object or folder" in done.stderr or "no such file" in done.stderr
