"""OUT in a store of objects: the same bytes as on this machine, whole or not at all, resumed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from relaion.remote import remote_url
from relaion.remote.claim import CLAIM, owner_of, take_claim
from relaion.remote.stores import objects_at
from relaion.run.out import open_where
from relaion.run.remote_out import RemoteOut
from relaion.run.where import where_of
from tests.pipeline import Sent, add_lists, write_shard
from tests.pipeline import here as relaion

boto3 = pytest.importorskip("boto3", reason="without the extra [s3]")
pytest.importorskip("moto", reason="without the extra [test]")
from tests.drawn import quickly  # noqa: E402
from tests.remote_world import KEY_ID, SECRET  # noqa: E402

slow = pytest.mark.slow
URL = "s3://shards/clean/v1"


def make(folder: Path) -> None:
    """Four shards in two subsets, of which two lose rows in both editions and one in one."""
    for i in range(4):
        rows: list[dict[str, Any]] = [
            {"url": f"https://h.example/{i}-{j}.jpg", "punsafe": 0.1, "text": "x"}
            for j in range(20)
        ]
        if i == 1:
            rows[7] |= {"image_md5": "ab" * 16, "url": "https://seen.example/a.jpg"}
        if i == 2:
            rows[9] |= {"url": "http://www.seen.example/a.jpg/"}
        if i == 3:
            rows[3] |= {"punsafe": 0.6}
        write_shard(folder / "data" / ("en" if i < 3 else "multi") / f"part-{i}.parquet", rows)
    add_lists(folder / "lists.duckdb", [Sent((("image_md5", "AB" * 16),))])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards, lists, and an OUT of this machine: to be looked at, never to be changed."""
    folder = tmp_path_factory.mktemp("remote-out")
    make(folder)
    done = relaion("clean", "data", *LISTS, "--out", "local", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


LISTS = ("--lists", "lists.duckdb")


def clean(folder: Path, work: Path, *more: str | Path, out: str = URL) -> Any:
    """Clean to the store; what is asked for last counts."""
    return relaion("clean", "data", *LISTS, "--out", out, "--work", work, *more, cwd=folder)


def objects(s3: Any, prefix: str = "clean/v1/", bucket: str = "shards") -> dict[str, bytes]:
    found = s3.client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", ())
    return {
        each["Key"].removeprefix(prefix): s3.client.get_object(Bucket=bucket, Key=each["Key"])[
            "Body"
        ].read()
        for each in found
    }


def puts(s3: Any) -> list[str]:
    """The names that were put, in order, without what was put beside the shards."""
    asked = [a.removeprefix("PUT /shards/clean/v1/") for a in s3.asked if a.startswith("PUT")]
    return [name for name in asked if name.startswith("research")]


def failing(status: int, code: str, after: int, method: str = "PUT") -> Any:
    """A fault: shards are taken as long as there are not so many; then the store says no."""
    seen = 0

    def fault(environ: dict[str, Any]) -> tuple[int, str] | None:
        nonlocal seen
        if environ["REQUEST_METHOD"] != method or "/research" not in environ["PATH_INFO"]:
            return None
        seen += 1
        return (status, code) if seen > after else None

    return fault


@pytest.fixture(autouse=True)
def quick_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relaion.remote.asking.FIRST_WAIT", 0.001)


@pytest.fixture
def store(s3: Any) -> Any:
    """The S3 of a test, empty."""
    bucket = boto3.resource(
        "s3", endpoint_url=s3.address, region_name="us-east-1", aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    ).Bucket("shards")  # fmt: skip
    bucket.objects.all().delete()
    s3.forget()
    return s3


def same_as_local(world: Path, store: Any, name: str = "local") -> None:
    """OUT in the store is that of this machine, but for times."""
    found, local = objects(store), world / name
    names = {p.relative_to(local).as_posix() for p in local.rglob("*") if p.is_file()}
    assert set(found) | {"verified.json"} == names
    for name in names:
        if name.endswith(".parquet"):
            assert found[name] == (local / name).read_bytes()
    ours, theirs = (
        json.loads(data)
        for data in (found["manifest.json"], (local / "manifest.json").read_bytes())
    )
    for each in (ours, theirs):
        for name in ("started", "finished", "audit"):
            del each[name]
    assert ours == theirs


def told(done: Any) -> str:
    """The last line of a command that failed, without a secret in it."""
    assert done.returncode == 2, done.stderr
    assert SECRET not in done.stderr + done.stdout
    assert KEY_ID not in done.stderr + done.stdout
    return str(done.stderr).splitlines()[-1].removeprefix("relaion: ")


# -- a whole run ---------------------------------------------------------------------------------


def test_an_out_in_a_store_has_the_bytes_of_one_here(
    world: Path, store: Any, tmp_path: Path
) -> None:
    kept: list[int] = []

    def count(environ: dict[str, Any]) -> None:
        if environ["REQUEST_METHOD"] == "PUT":
            kept.append(sum(1 for _ in tmp_path.rglob("out/*/*/*.parquet")))

    store.fault = count
    done = clean(world, tmp_path / "work", "--json")
    assert done.returncode == 0, done.stderr
    store.fault = None
    assert max(kept) == 2  # the editions of one shard, until they are put
    same_as_local(world, store)
    assert list(tmp_path.glob("work/*")) == []
    said = json.loads(done.stdout)
    assert said["out"] == URL
    assert said["verdict"]["out"] == URL
    assert {o["state"] for o in said["verdict"]["outcomes"]} == {"held"}
    for notices in (said["notices"], said["verdict"]["notices"]):
        assert any("8 shards of all editions" in notice for notice in notices)
    store.forget()
    again = clean(world, tmp_path / "work", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["done_before"]
    assert not [a for a in store.asked if not a.startswith(("GET", "HEAD"))]
    other = clean(world, tmp_path / "work", "--unscored", "drop")
    assert "holds a finished run with other arguments (--unscored differs)" in told(other)
    assert list(tmp_path.glob("work/*")) == []


@slow
def test_audits_are_the_same(world: Path, store: Any, tmp_path: Path) -> None:
    assert clean(world, tmp_path, "--no-verify").returncode == 0
    (tmp_path / "audit.duckdb").write_bytes(objects(store)["audit.duckdb"])
    ours, theirs = (contents(p) for p in (tmp_path, world / "local"))
    assert ours == theirs


def contents(folder: Path) -> dict[str, list[Any]]:
    with duckdb.connect(str(folder / "audit.duckdb"), read_only=True) as db:
        names = [name for (name,) in db.sql("select table_name from duckdb_tables()").fetchall()]
        return {name: sorted(map(repr, db.sql(f"from {name}").fetchall())) for name in names}


def from_store(world: Path, store: Any, work: Path, *more: str, bucket: str = "shards") -> Any:
    """Clean shards of a store to a folder of a store."""
    for path in sorted((world / "data").rglob("*.parquet")):
        store.put(f"in/{path.relative_to(world / 'data').as_posix()}", path, bucket)
    asked = f"s3://{bucket}/in/en", f"s3://{bucket}/in/multi", *LISTS, "--out", URL, "--work", work
    return relaion("clean", *asked, *more, cwd=world)


@pytest.fixture
def copied(store: Any) -> dict[str, str]:
    """What the store is asked to copy by itself: by name below OUT, where from."""
    found: dict[str, str] = {}

    def noted(environ: dict[str, Any]) -> None:
        if source := environ.get("HTTP_X_AMZ_COPY_SOURCE"):
            assert environ["HTTP_X_AMZ_COPY_SOURCE_IF_MATCH"]
            found[environ["PATH_INFO"].removeprefix("/shards/clean/v1/")] = source

    store.fault = noted
    return found


@pytest.mark.slow
def test_what_loses_no_row_is_copied_by_the_store_itself(
    world: Path, store: Any, tmp_path: Path, copied: dict[str, str]
) -> None:
    done = from_store(world, store, tmp_path)
    assert done.returncode == 0, done.stderr
    store.fault = None
    same_as_local(world, store)
    whole = {f"{e}/en/part-0.parquet" for e in ("research", "research-safe")}
    assert {*copied} == {
        *whole, "research/multi/part-3.parquet",  # which loses a row in the other edition alone
        "research-safe/en/part-1.parquet", "research-safe/en/part-2.parquet",  # as in `research`
    }  # fmt: skip
    assert copied["research/en/part-0.parquet"] == "shards/in/en/part-0.parquet"
    assert copied["research-safe/en/part-1.parquet"] == "shards/clean/v1/research/en/part-1.parquet"
    assert len(puts(store)) == 8
    assert [*tmp_path.iterdir()] == []


@slow
def test_what_a_store_does_not_copy_is_put(world: Path, store: Any, tmp_path: Path) -> None:
    store.fault = lambda asked: (403, "AccessDenied") if "HTTP_X_AMZ_COPY_SOURCE" in asked else None
    done = from_store(world, store, tmp_path)
    store.fault = None
    assert done.returncode == 0, done.stderr
    same_as_local(world, store)


@slow
def test_a_shard_that_changed_in_the_store_is_not_copied(
    world: Path, store: Any, tmp_path: Path
) -> None:
    store.fault = lambda asked: (
        (412, "PreconditionFailed") if "HTTP_X_AMZ_COPY_SOURCE" in asked else None
    )
    line = told(from_store(world, store, tmp_path, "--no-verify"))
    store.fault = None
    assert "changed or replaced while it was worked on" in line or "as told above" in line
    assert "manifest.json" not in objects(store)


@pytest.mark.parametrize("given", ["s3://shards/clean", "s3://shards/clean/v1/data", "s3://shards"])
def test_an_out_may_not_meet_an_input(world: Path, store: Any, tmp_path: Path, given: str) -> None:
    done = relaion("clean", given, *LISTS, "--out", URL, "--work", tmp_path, cwd=world)
    assert "equals, holds or lies inside the input" in told(done)
    assert store.asked == []


# -- what stops it, and what goes on -------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (400, "ExpiredToken", "the credentials have expired; renew them, and repeat the command"),
        pytest.param(403, "AccessDenied", "these credentials do not permit it", marks=slow),
        pytest.param(503, "SlowDown", "the store is too busy", marks=slow),
        pytest.param(404, "NoSuchBucket", "no such bucket as shards", marks=slow),
    ],
)
def test_what_was_put_before_a_store_refused_is_not_put_again(
    world: Path, store: Any, tmp_path: Path, status: int, code: str, says: str
) -> None:
    store.fault = failing(status, code, after=4)
    line = told(clean(world, tmp_path))
    store.fault = None
    assert line.startswith(f"{URL}/research/en/part-2.parquet: cannot be written: ")
    assert says in line
    assert "manifest.json" not in objects(store)
    left = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert left and SECRET.encode() not in left and KEY_ID.encode() not in left
    store.forget()
    done = clean(world, tmp_path, "--no-verify")
    assert done.returncode == 0, done.stderr
    assert "going on with the interrupted run" in done.stderr
    assert len(puts(store)) == 4
    same_as_local(world, store)


@slow
def test_a_store_that_is_busy_for_a_moment_is_asked_again(
    world: Path, store: Any, tmp_path: Path
) -> None:
    counted = Counter[str]()

    def fault(environ: dict[str, Any]) -> tuple[int, str] | None:
        asked = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        counted[asked] += 1
        return (503, "SlowDown") if counted[asked] == 1 else None

    store.fault = fault
    done = clean(world, tmp_path)
    store.fault = None
    assert done.returncode == 0, done.stderr
    same_as_local(world, store)


@slow
def test_an_object_that_was_lost_or_changed_meanwhile_is_put_again(
    world: Path, store: Any, tmp_path: Path
) -> None:
    store.fault = failing(403, "AccessDenied", after=5)
    told(clean(world, tmp_path))
    store.fault = None
    store.client.delete_object(Bucket="shards", Key="clean/v1/research/en/part-0.parquet")
    store.put("clean/v1/research-safe/en/part-1.parquet", b"other")
    store.forget()
    assert clean(world, tmp_path, "--no-verify").returncode == 0
    assert {"research/en/part-0.parquet", "research-safe/en/part-1.parquet"} <= {*puts(store)}
    same_as_local(world, store)


@contextmanager
def at_the_end(happens: Callable[[], object]) -> Iterator[None]:
    """Something happens as soon as all shards are put."""
    put = RemoteOut.put_public

    def after(out: RemoteOut, name: str) -> None:
        happens()
        put(out, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RemoteOut, "put_public", after)
        yield


def removed_at_the_end(store: Any, name: str) -> AbstractContextManager[None]:
    """Somebody removes an object then."""
    key = f"clean/v1/{name}"
    return at_the_end(lambda: store.client.delete_object(Bucket="shards", Key=key))


@slow
def test_what_was_put_is_looked_at_once_more_before_the_manifest(
    world: Path, store: Any, tmp_path: Path
) -> None:
    with removed_at_the_end(store, "research/en/part-0.parquet"):
        line = told(clean(world, tmp_path))
    assert line.startswith(f"{URL}/research/en/part-0.parquet: is gone, or another one than was")
    assert "manifest.json" not in objects(store)
    assert clean(world, tmp_path, "--no-verify").returncode == 0
    same_as_local(world, store)


@slow
def test_what_others_put_meanwhile_is_told_before_the_manifest(
    world: Path, store: Any, tmp_path: Path
) -> None:
    with at_the_end(lambda: store.put("clean/v1/notes.txt", b"mine")):
        line = told(clean(world, tmp_path))
    assert line.startswith(f"{URL}/notes.txt: this run did not put it; remove it, and")
    assert "manifest.json" not in objects(store)
    store.client.delete_object(Bucket="shards", Key="clean/v1/notes.txt")
    assert clean(world, tmp_path, "--no-verify").returncode == 0
    same_as_local(world, store)


@slow
def test_a_claim_that_was_removed_ends_the_run(world: Path, store: Any, tmp_path: Path) -> None:
    with removed_at_the_end(store, CLAIM):
        line = told(clean(world, tmp_path))
    assert "the claim of this run on it was removed or replaced" in line
    assert "manifest.json" not in objects(store)


@slow
def test_purge_removes_what_a_broken_run_put_and_nothing_else(
    world: Path, store: Any, tmp_path: Path
) -> None:
    store.put("clean/v10/other.parquet", b"of others")
    store.fault = failing(403, "AccessDenied", after=5)
    told(clean(world, tmp_path))
    store.fault = None
    assert len(objects(store)) == 6
    assert relaion("clean", "data", *LISTS, "--out", URL, "--work", tmp_path, "--purge",
                   cwd=world).returncode == 0  # fmt: skip
    assert objects(store) == {}
    assert [*objects(store, "clean/v10/")] == ["other.parquet"]
    assert list(tmp_path.iterdir()) == []


# -- an OUT that is not this run's ---------------------------------------------------------------


def test_what_others_put_is_left_alone(world: Path, store: Any, tmp_path: Path) -> None:
    store.put("clean/v1/notes.txt", b"mine")
    line = told(clean(world, tmp_path))
    assert line == (
        f"{URL}: is not empty and no run of relaion that is known here (it holds notes.txt), or "
        "one that was given another --work; name another folder"
    )
    assert objects(store) == {"notes.txt": b"mine"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_run_that_goes_on_elsewhere_is_not_disturbed(
    world: Path, store: Any, tmp_path: Path
) -> None:
    claim = take_claim(objects_at(remote_url(URL)), "0123456789abcdef")
    line = told(clean(world, tmp_path))
    assert re.fullmatch(
        rf"{URL}: another run \(claim 0123456789abcdef\) writes there since [-0-9: ]+ UTC "
        r"\(\d+ seconds? ago\); wait until it ends, or if it was killed, repeat its command "
        "where it ran",
        line,
    )
    claim.check()
    claim.drop()
    assert clean(world, tmp_path, "--no-verify").returncode == 0


@pytest.mark.slow
def test_half_an_out_of_another_run_is_refused(world: Path, store: Any, tmp_path: Path) -> None:
    store.fault = failing(403, "AccessDenied", after=5)
    told(clean(world, tmp_path / "one"))
    store.fault = None
    before = objects(store)
    line = told(clean(world, tmp_path / "two"))
    assert line.startswith(f"{URL}: holds an unfinished run (claim ")
    assert line.endswith(
        "made elsewhere or with another --work; repeat its command there to finish it or, with "
        "--purge, to remove it, or name another OUT"
    )
    assert objects(store) == before
    assert "its run is not finished" in told(relaion("verify", URL, cwd=world))


@slow
def test_what_a_kill_left_is_taken_over(world: Path, store: Any, tmp_path: Path) -> None:
    where = where_of(URL, tmp_path)
    where.staging.mkdir(mode=0o700)
    take_claim(objects_at(remote_url(URL)), owner_of(where.staging))
    assert clean(world, tmp_path, "--no-verify").returncode == 0


@pytest.mark.parametrize("at", quickly(1, [2, 3, 4]))
def test_a_claim_whose_answer_was_lost_is_not_lost(
    world: Path, store: Any, tmp_path: Path, at: int
) -> None:
    """Only the private folder knows whose it is: that stays until the claim is gone."""
    store.fault = lambda _: (403, "ExpiredToken") if len(store.asked) > at else None
    assert "the credentials have expired" in told(clean(world, tmp_path))
    store.fault = lambda _: (403, "AccessDenied")
    told(clean(world, tmp_path))
    store.fault = None
    with open_where(where_of(URL, tmp_path)):
        pass
    assert objects(store) == {}
    assert [*tmp_path.iterdir()] == []


def test_two_runs_with_one_work_folder_refuse_each_other(
    world: Path, store: Any, tmp_path: Path
) -> None:
    with open_where(where_of(URL, tmp_path)):
        assert f"is writing to {URL}; wait until it ends" in told(clean(world, tmp_path))
    assert objects(store) == {}


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("s3://nosuchbucket/x", "s3://nosuchbucket/x: cannot be listed: no such bucket as"),
        ("hf://datasets/a/b", "hf://datasets/a/b: nothing is written there"),
        ("https://example.org/x", "https://example.org/x: nothing is written there"),
        ("s3://shards/a*", "s3://shards/a*: nothing is written there"),
        ("s3://shards", "s3://shards: is a whole bucket, in which others may write; name a folder"),
        ("s3://shards/", "is a whole bucket, in which others may write; name a folder in it"),
        ("s3://me:word@shards/a", "a name or password in an address is not read"),
    ],
)
def test_an_out_that_cannot_be_is_refused_in_one_line(
    world: Path, store: Any, tmp_path: Path, out: str, says: str
) -> None:
    line = told(clean(world, tmp_path, out=out))
    assert says in line
    assert "word" not in line.replace("password", "")


def test_no_permission_to_look_is_one_line(world: Path, store: Any, tmp_path: Path) -> None:
    store.fault = lambda _: (403, "AccessDenied")
    assert told(clean(world, tmp_path)).startswith(f"{URL}: cannot be listed: these credentials do")


# -- the check of an OUT in a store --------------------------------------------------------------


@pytest.fixture
def cleaned(world: Path, store: Any, tmp_path: Path) -> Any:
    assert clean(world, tmp_path, "--no-verify").returncode == 0
    return store


def verify(world: Path, *more: str) -> Any:
    done = relaion("verify", URL, "--lists", "lists.duckdb", "--json", *more, cwd=world)
    return json.loads(done.stdout)


@slow
@pytest.mark.parametrize("inputs", [(), ("--inputs", "data")])
def test_verify_reads_it_back(world: Path, cleaned: Any, inputs: tuple[str, ...]) -> None:
    said = verify(world, *inputs)
    assert not [f for o in said["outcomes"] for f in o["findings"]]
    assert [f for f in cleaned.asked if f.startswith("GET") and "part-1" in f]


@pytest.mark.parametrize("inputs", [pytest.param((), marks=slow), ("--inputs", "data")])
def test_verify_finds_what_is_wrong_there(
    world: Path, cleaned: Any, inputs: tuple[str, ...]
) -> None:
    top = "clean/v1/research"
    cleaned.client.delete_object(Bucket="shards", Key=f"{top}/en/part-0.parquet")
    cleaned.put(f"{top}/en/part-1.parquet", world / "data/en/part-1.parquet")
    cleaned.put(f"{top}/en/part-9.parquet", b"more")
    said = verify(world, *inputs)
    found = {(f["where"], f["what"]) for o in said["outcomes"] for f in o["findings"]}
    assert ("research/en/part-0.parquet", "is missing") in found
    assert ("research/en/part-9.parquet", "a file that is not stated") in found
    where = "research/en/part-1.parquet"
    assert (where, "its SHA-256 is not the one that the manifest states") in found
    assert (where, "1 kept row is listed (image_md5)") in found


# -- kills ---------------------------------------------------------------------------------------


def started(folder: Path, work: Path) -> subprocess.Popen[str]:
    command = ["clean", "data", *LISTS, "--out", URL, "--work", str(work), "--no-verify"]
    return subprocess.Popen(
        [sys.executable, "-m", "relaion", *command], cwd=folder, text=True, stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip


@slow
@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("PUT", "research/en/part-0.parquet"),
        ("PUT", "research-safe/multi/part-3.parquet"),
        ("PUT", "audit.duckdb"),
        ("PUT", "manifest.json"),
        ("POST", "?delete"),  # the claim, when the manifest is there
    ],
)
def test_a_killed_run_goes_on(
    world: Path, store: Any, tmp_path: Path, method: str, name: str
) -> None:
    running: list[subprocess.Popen[str]] = []

    def kill(environ: dict[str, Any]) -> tuple[int, str] | None:
        path = environ["PATH_INFO"] + ("?delete" if "delete" in environ["QUERY_STRING"] else "")
        if environ["REQUEST_METHOD"] == method and path.endswith(name):
            running[0].kill()
            return (503, "SlowDown")
        return None

    store.fault = kill
    running.append(started(world, tmp_path))
    _, said = running[0].communicate(timeout=120)
    assert running[0].returncode == -signal.SIGKILL, said
    store.fault = None
    assert (CLAIM in objects(store)) and (("manifest.json" in objects(store)) == (method == "POST"))
    again = started(world, tmp_path)
    _, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    same_as_local(world, store)
    assert list(tmp_path.iterdir()) == []


@slow
def test_two_runs_at_once_refuse_each_other(world: Path, store: Any, tmp_path: Path) -> None:
    begun = threading.Event()

    def hold(environ: dict[str, Any]) -> None:
        if "part-0" in environ["PATH_INFO"] and not begun.is_set():
            begun.set()

    store.fault = hold
    first = started(world, tmp_path / "one")
    assert begun.wait(timeout=120)
    first.send_signal(signal.SIGSTOP)
    try:
        line = told(clean(world, tmp_path / "two"))
    finally:
        first.send_signal(signal.SIGCONT)
    assert "another run (claim " in line
    _, said = first.communicate(timeout=120)
    assert first.returncode == 0, said
    same_as_local(world, store)


# -- updates -------------------------------------------------------------------------------------


@pytest.fixture
def grown(world: Path, tmp_path: Path) -> Path:
    """The world with another list, and what an update of its OUT here makes of it."""
    folder = tmp_path / "world"
    shutil.copytree(world, folder, copy_function=os.link)
    lists = folder / "lists.duckdb"
    lists.unlink()
    shutil.copyfile(world / "lists.duckdb", lists)
    lists.chmod(0o600)
    add_lists(lists, [Sent((("url", "https://h.example/0-3.jpg"),), source="another")])
    here = relaion("update", "local", *GIVEN, "--out", "local2", cwd=folder)
    assert here.returncode == 0, here.stderr
    return folder


GIVEN = ("--inputs", "data", *LISTS)


@slow
def test_an_update_of_an_out_here_goes_to_a_store(grown: Path, store: Any) -> None:
    done = relaion("update", "local", *GIVEN, "--out", URL, "--work", "work", cwd=grown)
    assert done.returncode == 0, done.stderr
    same_as_local(grown, store, "local2")
    assert not list(grown.glob("work/*"))


@slow
def test_an_update_goes_on_from_an_out_in_a_store(
    grown: Path, store: Any, copied: dict[str, str]
) -> None:
    parent = "s3://shards/clean/v0"
    store.put_folder(grown / "local", "clean/v0")
    done = relaion("update", parent, *GIVEN, "--out", URL, "--work", "work", "--json", cwd=grown)
    assert done.returncode == 0, done.stderr
    store.fault = None
    same_as_local(grown, store, "local2")
    assert not list(grown.glob("work/*"))
    assert copied["research/en/part-1.parquet"].startswith("shards/clean/v0/research")
    # the check at the end rests on that of the parent where one here does
    ours = json.loads(objects(store)["verified.json"])
    theirs = json.loads((grown / "local2/verified.json").read_bytes())
    assert bool(ours["rests_on"]) == bool(theirs["rests_on"])
    said = verify(grown, "--parent", parent, "--inputs", "data")
    assert not [f for o in said["outcomes"] for f in o["findings"]]
    assert {o["state"] for o in said["outcomes"]} == {"held"}
    here = relaion("update", parent, *GIVEN, "--out", "local3", cwd=grown)
    assert here.returncode == 0, here.stderr
    same_as_local(grown, store, "local3")


@pytest.mark.parametrize(
    "command",
    [
        ("demo", "--out", URL),
        ("merge", "data", "--out", URL),
        ("report", "local", "--markdown", f"{URL}/a.md"),
        ("clean", "data", *LISTS, "--out", "elsewhere", "--work", URL),
        ("clean", "data", "--lists", f"{URL}/lists.duckdb", "--out", "elsewhere"),
        ("clean", "data", *LISTS, "--out", URL, "--shards", "1/2", "--phase", "find"),
        ("match", "data", *LISTS, "--report-to-giver", URL),
    ],
    ids=lambda command: " ".join(command[:1] + command[-1:]),
)
def test_what_is_written_here_alone_is_no_address(
    world: Path, store: Any, command: tuple[str, ...]
) -> None:
    line = told(relaion(*command, cwd=world))
    assert line.startswith(URL)
    assert "of this machine" in line
    assert not (world / "s3:").exists()
    assert not (world / "elsewhere").exists()
    assert store.asked == []
