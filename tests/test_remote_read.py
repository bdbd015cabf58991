"""Shards that lie elsewhere: the same as of files here for less traffic, or a line says why not."""

import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.errors import InputError, RelaionError
from relaion.parquet.thrift import I64, Struct
from relaion.paths.stand_ins import record_of
from relaion.remote.standing import drop
from relaion.run.elsewhere import brought_here
from relaion.run.pool import HERE
from relaion.run.progress import Extent
from relaion.stages.sql import open_sql, sql
from tests.parquet_writers import edit_footer
from tests.pipeline import Sent, add_lists, here, rows_of
from tests.remote_world import BUCKET, KEY_ID, SECRET, S3World
from tests.test_clean import contents
from tests.test_progress import Heard

pytestmark = pytest.mark.usefixtures("no_sample")
_NOISE = 4  # columns that nothing asks for, far larger than the others
_ROWS = 1_500


def noise(chance: random.Random) -> pa.Array:
    """Numbers, of which nobody thinks that they may be links."""
    drawn = pa.py_buffer(chance.randbytes(300 * _ROWS))
    numbers = pa.Array.from_buffers(pa.uint32(), 75 * _ROWS, [None, drawn])
    return pa.FixedSizeListArray.from_arrays(numbers, 75)


def wide_shard(path: Path, no: int) -> None:
    """A shard most of whose bytes nobody needs to search it."""
    chance = random.Random(no)
    n = range(_ROWS)
    columns: dict[str, Any] = {
        "url": [f"https://h{no}.example/{i}.jpg" for i in n],
        "noise0": noise(chance),
        "noise1": noise(chance),
        "TEXT": [f"a picture of a {'teapot' if i % 50 == 0 else 'cup'}" for i in n],
        "noise2": noise(chance),
        "punsafe": [chance.random() for _ in n],
        "md5": [f"{no * _ROWS + i:032x}" for i in n],
        "noise3": noise(chance),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, row_group_size=_ROWS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, s3_server: S3World) -> Path:
    """A data set here and on s3, with files beside the shards, and lists that name some rows."""
    folder = tmp_path_factory.mktemp("remote")
    for no, place in enumerate(("en/a", "en/b", "multi/a", "multi/deep/c")):
        wide_shard(folder / f"data/{place}.parquet", no)
    (folder / "data/en/_SUCCESS").touch()
    (folder / "data/en/notes.txt").write_text("beside")
    (folder / "data/en/_hidden.parquet").write_bytes(b"PAR1 and more")
    s3_server.put_folder(folder / "data", "read/data")
    entries = [("image_md5", f"{i:032x}") for i in (5, 77, _ROWS + 3)]
    add_lists(folder / "lists.duckdb", [Sent((*entries, ("url", "https://h0.example/9.jpg")))])
    (folder / "words.txt").write_text("teapot\n")
    return folder


def size_of(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*.parquet"))


def did(done: subprocess.CompletedProcess[str], code: int = 0) -> subprocess.CompletedProcess[str]:
    assert done.returncode == code, done.stderr
    assert SECRET not in done.stderr + done.stdout
    assert KEY_ID not in done.stderr + done.stdout
    assert ".relaion-elsewhere" not in done.stderr + done.stdout
    return done


DATA = f"s3://{BUCKET}/read/data"
ARGS = ("--lists", "lists.duckdb", "--keywords", "words.txt")


def holds_secret(path: Path) -> bool:
    data = path.read_bytes()
    return SECRET.encode() in data or KEY_ID.encode() in data


def test_inspect_is_the_same_for_few_bytes(s3: S3World, world: Path) -> None:
    there = did(here("inspect", DATA, "--json", cwd=world))
    assert s3.sent < size_of(world / "data") / 4
    local = did(here("inspect", "data", "--json", cwd=world))
    assert json.loads(there.stdout) == json.loads(local.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    "paths",
    [
        ("",),
        pytest.param(
            ("/*/a.parquet", "/en/a.parquet", "/en", "/**/b.parquet"), marks=pytest.mark.slow
        ),
    ],
)
def test_match_is_the_same_for_few_bytes(s3: S3World, world: Path, paths: tuple[str, ...]) -> None:
    args = ("--lists", "lists.duckdb", "--json")
    there = did(here("match", *(DATA + p for p in paths), *args, cwd=world))
    assert s3.sent < size_of(world / "data") / 4
    assert len(s3.asked) < 5 * len(paths) + 4 * 6  # what is near is fetched together
    local = did(here("match", *(f"data{p}" for p in paths), *args, cwd=world))
    assert json.loads(there.stdout) == json.loads(local.stdout)


@pytest.mark.slow
def test_match_finds_the_same_where_a_footer_states_too_small_sizes(
    s3: S3World, world: Path, tmp_path: Path
) -> None:
    """A listed link whose page lies behind the stated end of its chunk is found there as here."""

    def edit(footer: Struct) -> None:
        for group in footer[4][1][1]:
            for chunk in group[1][1][1][:1]:  # the links
                chunk[3][1][7] = (I64, chunk[3][1][7][1] // 50)

    links = [f"https://h0.example/{i}.jpg" for i in range(9_000)]
    columns = {"url": links[::-1], "TEXT": ["a cup"] * 9_000, "noise": [b"x" * 300] * 9_000}
    (tmp_path / "lies").mkdir()  # the same subset
    local = tmp_path / "lies/lies.parquet"
    pq.write_table(
        pa.table(columns), local, use_dictionary=False, data_page_size=9_000, write_batch_size=100
    )
    edit_footer(local, edit)
    s3.put("lies/lies.parquet", local)
    address = f"s3://{BUCKET}/lies/lies.parquet"
    args = ("--lists", "lists.duckdb", "--json")
    found = [json.loads(did(here("match", p, *args, cwd=world)).stdout) for p in (local, address)]
    assert found[0]["hits"] == found[1]["hits"]
    assert found[0]["rows"] == found[1]["rows"]
    assert [union["rows"] for union in found[0]["hits"]["unions"][:1]] == [1]


@pytest.mark.slow
def test_a_search_in_batches_keeps_nothing_and_finds_the_same(
    s3: S3World, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ("--lists", "lists.duckdb", "--json")
    local = did(here("match", "data", *args, cwd=world))
    monkeypatch.setattr("relaion.run.find.BATCH_ROWS", 1)
    monkeypatch.setattr("relaion.run.find.FEWEST_ROWS", 1)
    let_go: list[str] = []
    from relaion.run import find_task

    def dropped(path: Path) -> None:
        let_go.append(path.name)
        drop(path)

    monkeypatch.setattr(find_task, "drop", dropped)
    there = did(here("match", DATA, *args, cwd=world))
    assert json.loads(there.stdout) == json.loads(local.stdout)
    assert sorted(let_go)[:4] == ["a.parquet"] * 4


@pytest.fixture(scope="module")
def cleaned(world: Path) -> Path:
    """What the clean of the files here makes."""
    did(here("clean", "data", *ARGS, "--out", "local", cwd=world))
    return world / "local"


def test_clean_is_the_same(s3: S3World, world: Path, cleaned: Path, tmp_path: Path) -> None:
    out = tmp_path / "there"
    done = did(here("clean", DATA, *ARGS, "--out", out, "--no-verify", cwd=world))
    assert f"--inputs {DATA} " in done.stderr + done.stdout  # the command that checks it
    # each byte once, and what footers are asked for
    assert s3.sent < 1.1 * size_of(world / "data")
    assert contents(out) == contents(cleaned)
    assert all(p.stat().st_mode & 0o777 == 0o644 for p in out.rglob("*.parquet"))
    assert [p.name for p in tmp_path.iterdir()] == ["there"]
    assert {p.name for p in out.iterdir()} == {p.name for p in cleaned.iterdir()} - {
        "verified.json"
    }
    said = (out / "manifest.json").read_text()
    assert not any(word in said for word in (BUCKET, "127.0.0.1", "relaion-elsewhere", KEY_ID))
    verified = did(here("verify", out, "--inputs", DATA, *ARGS, "--json", cwd=world))
    assert all(o["state"] == "held" for o in json.loads(verified.stdout)["outcomes"])
    assert [p.name for p in tmp_path.iterdir()] == ["there"]


@pytest.mark.slow
def test_clean_checks_what_it_made(s3: S3World, world: Path, tmp_path: Path) -> None:
    done = did(here("clean", DATA, *ARGS, "--out", tmp_path / "out", cwd=world))
    assert "clean as far as it was looked at" in done.stdout + done.stderr
    assert (tmp_path / "out/verified.json").exists()


@pytest.mark.slow
def test_a_run_that_the_store_stopped_goes_on(
    s3: S3World, world: Path, cleaned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relaion.remote.asking.FIRST_WAIT", 0.001)
    out = tmp_path / "out"
    written: list[str] = []

    def fails(environ: dict[str, Any]) -> tuple[int, str] | None:
        if (out / "research/en/a.parquet").exists():  # it writes: the next one cannot be had
            written.append(environ["PATH_INFO"])
            return 400, "ExpiredToken"
        return None

    monkeypatch.setattr("relaion.run.tasks.FEWEST_ROWS", 1)
    s3.fault = fails
    stopped = did(here("clean", DATA, *ARGS, "--out", out, "--no-verify", cwd=world), 2)
    assert "the credentials have expired; renew them" in stopped.stderr.splitlines()[-1]
    assert "every other shard would fail too" in stopped.stderr.splitlines()[-1]
    assert written
    s3.fault = None
    try:  # what changed since is refused, as a file would be
        other = bytearray((world / "data/multi/a.parquet").read_bytes())
        other[len(other) // 2] ^= 1
        s3.put("read/data/multi/a.parquet", bytes(other))
        refused = did(here("clean", DATA, *ARGS, "--out", out, "--no-verify", cwd=world), 2)
        assert f"{DATA}/multi/a.parquet: changed since the run began" in refused.stderr
    finally:
        s3.put("read/data/multi/a.parquet", world / "data/multi/a.parquet")
    s3.forget()
    did(here("clean", DATA, *ARGS, "--out", out, "--no-verify", cwd=world))
    assert contents(out) == contents(cleaned)
    assert s3.sent < size_of(world / "data")  # one shard was done, and none was searched again
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.slow
def test_a_shard_that_changes_after_it_was_searched_is_refused(
    s3: S3World, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put_folder(world / "data", "read/changing")
    wide_shard(tmp_path / "other.parquet", 9)
    given = (f"s3://{BUCKET}/read/changing", *ARGS, "--out", tmp_path / "out", "--no-verify")
    changed: list[str] = []

    def changes(environ: dict[str, Any]) -> None:
        found = tmp_path / "out/.work/list_hits.parquet"  # the search is done
        if found.exists() and not changed:
            changed.append(environ["PATH_INFO"])
            s3.put("read/changing/en/b.parquet", tmp_path / "other.parquet")

    s3.fault = changes
    stopped = did(here("clean", *given, cwd=world), 2)
    told = f"s3://{BUCKET}/read/changing/en/b.parquet: was changed or replaced"
    assert any(line.startswith(told) for line in stopped.stderr.splitlines())
    assert changed
    assert not (tmp_path / "out/research/en/b.parquet").exists()
    assert not (tmp_path / "out/manifest.json").exists()
    # as for a file here: repeated, it is searched anew; the other shards are done
    s3.fault = None
    s3.forget()
    did(here("clean", *given, cwd=world))
    assert s3.sent < 3 * (tmp_path / "other.parquet").stat().st_size
    shutil.copytree(world / "data", tmp_path / "here/changing")
    shutil.copy(tmp_path / "other.parquet", tmp_path / "here/changing/en/b.parquet")
    args = ("--out", tmp_path / "out2", "--no-verify")
    did(here("clean", tmp_path / "here/changing", *ARGS, *args, cwd=world))
    assert contents(tmp_path / "out") == contents(tmp_path / "out2")


def test_a_shard_that_vanishes(s3: S3World, world: Path, tmp_path: Path) -> None:
    s3.put_folder(world / "data/en", "read/vanishing")
    gone: list[str] = []

    def vanishes(environ: dict[str, Any]) -> None:
        if environ["PATH_INFO"].endswith("b.parquet") and not gone:
            gone.append("b")
            s3.client.delete_object(Bucket=BUCKET, Key="read/vanishing/b.parquet")

    s3.fault = vanishes
    given = (f"s3://{BUCKET}/read/vanishing", "--lists", "lists.duckdb")
    stopped = did(here("match", *given, cwd=world), 2)
    told = f"s3://{BUCKET}/read/vanishing/b.parquet: is not there any more"
    assert told in stopped.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_store_that_cannot_be_read_any_more_ends_the_search(s3: S3World, world: Path) -> None:
    # requests: what is there and above, both ends of each shard, digests of one in each subset,
    # the search
    for surveyed in (8 + 2 * 4, 8 + 2 * 4 + 3):
        s3.forget()
        s3.fault = lambda _, n=surveyed: (400, "ExpiredToken") if len(s3.asked) > n else None
        stopped = did(here("match", DATA, "--lists", "lists.duckdb", cwd=world), 2)
        assert re.fullmatch(
            rf"relaion: {DATA}/\S+: cannot be read: the credentials have expired; .*\n",
            stopped.stderr,
        )
        assert len(s3.asked) <= surveyed + 8  # no shard is tried alone
    assert "fix the cause and repeat the command" in stopped.stderr


@pytest.mark.slow
def test_sidecars_there_are_those_here(s3: S3World, world: Path, tmp_path: Path) -> None:
    table = pq.read_table(world / "data/en/b.parquet", columns=["url"])
    digests = [f"{i:032x}" for i in range(len(table))]
    (tmp_path / "beside").mkdir()
    pq.write_table(
        table.append_column("md5", pa.array(digests)), tmp_path / "beside/hashes.parquet"
    )
    lines = [f"{u}\t{d}" for u, d in zip(table["url"].to_pylist(), digests, strict=True)]
    (tmp_path / "beside/more.tsv").write_text("\n".join(["url\tmd5", *lines[:99], ""]))
    s3.put_folder(tmp_path / "beside", "read/beside")
    args = (DATA, *ARGS, "--no-verify", "--out", tmp_path / "there")
    did(here("clean", *args, "--sidecar", f"s3://{BUCKET}/read/beside", cwd=world))
    args = ("data", *ARGS, "--no-verify", "--out", tmp_path / "local")
    did(here("clean", *args, "--sidecar", tmp_path / "beside", cwd=world))
    assert contents(tmp_path / "there") == contents(tmp_path / "local")
    assert contents(tmp_path / "there")["manifest"]["sidecars"]


@pytest.mark.slow
def test_shards_that_duckdb_cannot_read(s3: S3World, world: Path, tmp_path: Path) -> None:
    rows = 300
    table = pa.table(
        {
            "url": pa.array([b"https://h.example/%d\xff" % i for i in range(rows)]).cast(
                pa.binary()
            ),
            "noise": pa.array([random.Random(i).randbytes(2000) for i in range(rows)]),
            "md5": [f"{i:032x}" for i in range(rows)],
        }
    )
    schema = table.schema.set(0, pa.field("url", pa.string()))
    columns = [pa.Array.from_buffers(pa.string(), rows, table.column(0).chunk(0).buffers())]
    columns += [c.chunk(0) for c in table.columns[1:]]
    (tmp_path / "odd/x").mkdir(parents=True)
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), tmp_path / "odd/x/a.parquet")
    s3.put_folder(tmp_path / "odd", "read/odd")
    there, local = tmp_path / "there", tmp_path / "local"
    args = ("--lists", "lists.duckdb", "--no-verify")
    did(here("clean", f"s3://{BUCKET}/read/odd", *args, "--out", there, cwd=world))
    did(here("clean", tmp_path / "odd", *args, "--out", local, cwd=world))
    assert contents(there) == contents(local)


@pytest.mark.slow
def test_an_edition_of_ones_own_sees_all_columns(s3: S3World, world: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.sql").write_text(
        """-- name: mine
-- purpose: What research removes, and rows whose noise begins with a zero byte.
-- parent: research
-- labels: csam, privacy, opt-out
-- rules: noisy
insert into removals
select 'mine', shard_no, file_row_number, reason from removals where edition = 'research'
union all
select 'mine', shard_no, file_row_number, 'noisy' from source
where noise2[1] % 256 = 0;
"""
    )
    for no, path in enumerate((DATA, "data")):
        args = (*ARGS, "--edition", "research", "--edition", tmp_path / "mine.sql", "--no-verify")
        did(here("clean", path, *args, "--out", tmp_path / f"{no}", cwd=world))
    assert contents(tmp_path / "0") == contents(tmp_path / "1")


@pytest.mark.slow
def test_an_update_reads_inputs_there(s3: S3World, world: Path, tmp_path: Path) -> None:
    shutil.copy(world / "lists.duckdb", tmp_path)
    shutil.copy(world / "lists.duckdb.key", tmp_path)
    shutil.copy(world / "words.txt", tmp_path)
    did(here("clean", world / "data", *ARGS, "--out", "out", cwd=tmp_path))
    (tmp_path / "more.txt").write_text(f"{3 * _ROWS + 7:032x}\n")
    did(here("lists", "add", "more.txt", "--lists", "lists.duckdb", "--source", "x", cwd=tmp_path))
    for out, inputs in (("there", DATA), ("local", world / "data")):
        did(here("update", "out", "--inputs", inputs, *ARGS, "--out", out, cwd=tmp_path))
    assert contents(tmp_path / "there") == contents(tmp_path / "local")
    s3.put("read/data/multi/deep/c.parquet", world / "data/en/a.parquet")
    try:
        args = ("update", "out", "--inputs", DATA, *ARGS, "--out", "third")
        assert "changed" in did(here(*args, cwd=tmp_path), 2).stderr
    finally:
        s3.put("read/data/multi/deep/c.parquet", world / "data/multi/deep/c.parquet")


@pytest.mark.slow
def test_sql_fetches_what_is_named_and_never_both(s3: S3World, world: Path, cleaned: Path) -> None:
    """Of `shard` the columns with a role, of a subset that is named all; no two sets together."""
    by_role = "select url, text, punsafe, image_md5 from shard where punsafe > 0.9 order by url"
    with open_sql(DATA) as there, open_sql(world / "data") as local:
        assert there.tables == local.tables == ("shard", "en", "multi", "multi/deep")
        assert any("lie elsewhere" in notice for notice in there.notices)
        assert there.names().tables == local.names().tables
        assert there.answer(by_role).rows == local.answer(by_role).rows
        assert s3.sent < size_of(world / "data") / 4
        for hidden in ("from query('from mul' || 'ti')", "from query_table('e' || 'n')"):
            with pytest.raises(RelaionError, match="does not exist"):
                there.answer(hidden)  # else holes would be read
        own = "select noise0 from Multi order by all"
        assert there.answer(own).rows == local.answer(own).rows
        assert s3.sent < size_of(world / "data") * 3 / 4
    s3.put_folder(cleaned, "read/edition")
    out = f"s3://{BUCKET}/read/edition"
    count = "select count(*) from research; select sum(kept) from unions where edition = 'research'"
    with open_sql(out) as there:
        (before,) = there.answer(count).earlier
        assert before.rows == there.answer(count).rows
    for some in (out, f"{out}/research", f"{out}/research/en/*.parquet"):
        with pytest.raises(InputError, match="is an output; it has to be asked alone"):
            sql([some, DATA], "select 1")
    s3.client.delete_object(Bucket=BUCKET, Key="read/edition/manifest.json")
    s3.put("read/edition/.relaion-run.json", b"{}")
    with pytest.raises(InputError, match="holds a run that was interrupted"):
        sql([f"{out}/research"], "select 1")


@pytest.mark.slow
def test_a_plan_tells_what_is_fetched_and_asked(s3: S3World, world: Path, tmp_path: Path) -> None:
    args = ("--lists", "lists.duckdb", "--workers", "1", "--json", "--work", tmp_path)
    local = json.loads(did(here("plan", "data", *args, cwd=world)).stdout)
    assert local["here"]["fetched"] is local["here"]["requests"] is None
    out = ("--out", f"s3://{BUCKET}/planned")
    some = json.loads(did(here("plan", DATA, *args, "--sample-rows", "1500", cwd=world)).stdout)
    assert some["sampled_rows"] == 1_500
    assert s3.sent < 1.1 * size_of(world / "data")  # each byte once, however many pieces
    found = json.loads(did(here("plan", DATA, *args, *out, cwd=world)).stdout)
    assert not [asked for asked in s3.asked if "planned" in asked]
    assert list(tmp_path.iterdir()) == []
    for name in ("rows", "shards", "bytes", "sampled_rows"):
        assert found[name] == local[name]
    assert some["here"]["fetched"]["likely"] == pytest.approx(2 * local["bytes"], rel=0.01)
    assert any("one worker fetched" in line for line in found["assumptions"])

    s3.forget()
    did(here("clean", DATA, *args[:4], "--out", f"s3://{BUCKET}/planned/x", cwd=world))
    cost = found["here"]
    assert cost["fetched"]["low"] / 1.3 < s3.sent < cost["fetched"]["high"] * 1.3
    assert cost["requests"]["low"] / 1.5 < len(s3.asked) < cost["requests"]["high"] * 1.5


def test_what_is_read_through_for_digests_is_told(s3: S3World, world: Path, tmp_path: Path) -> None:
    """An update reads all shards once before it begins: people see how far it is."""
    heard = Heard()
    beside = (Path(DATA) / "multi",)
    with brought_here(HERE, [Path(DATA)], beside, work=tmp_path, digests=True, progress=heard) as (
        here,
        _,
    ):
        shards = list(here[0].rglob("[a-z].parquet"))
        assert len(shards) == 4
        assert all(record.digest for p in shards if (record := record_of(p)))
    assert [(step, whole.shards) for step, whole, *_ in heard.phases] == [
        ("survey", 4),
        ("survey", 2),
    ]
    assert heard.through == [Extent(4), Extent(2)]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (f"s3://{BUCKET}/read/nothing", "no such object or folder"),
        (f"s3://{BUCKET}/read/nothing/*.parquet", "matches no file"),
        ("s3://nowhere/x", "no such bucket as nowhere"),
        (f"s3://{BUCKET}/read/data/en/notes.txt", "is not a parquet file"),
        (f"s3://{BUCKET}/read/data/en/_SUCCESS", "is not a parquet file"),
        ("s3a://x/y", "is written s3://"),
        ("ftp://x/y", "no ftp:// address is read"),
    ],
)
def test_addresses_that_lead_nowhere(s3: S3World, world: Path, path: str, why: str) -> None:
    done = did(here("inspect", path, cwd=world), 2)
    assert why in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_out_in_no_bucket_is_no_out_that_lacks_its_manifest(s3: S3World, world: Path) -> None:
    done = did(here("verify", "s3://nowhere/x", cwd=world), 2)
    assert done.stderr == "relaion: s3://nowhere/x: no such bucket as nowhere; check the name\n"
    done = did(here("verify", f"s3://{BUCKET}/read", cwd=world), 2)
    assert "holds neither manifest.json nor audit.duckdb" in done.stderr


def test_commands_that_read_no_addresses_say_so(s3: S3World, world: Path) -> None:
    for command in (["report", DATA], ["lists", "add", DATA, *ARGS[:2], "--source", "A"]):
        done = did(here(*command, cwd=world), 2)
        assert "is an address; name a file or folder of this machine in its place" in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("status", "code", "why"),
    [
        (403, "AccessDenied", "these credentials do not permit it"),
        (400, "ExpiredToken", "the credentials have expired"),
        (503, "SlowDown", "too busy"),
    ],
)
def test_a_store_that_refuses(
    s3: S3World, world: Path, monkeypatch: pytest.MonkeyPatch, status: int, code: str, why: str
) -> None:
    monkeypatch.setattr("relaion.remote.asking.FIRST_WAIT", 0.001)
    s3.fault = lambda e: (status, code) if e["REQUEST_METHOD"] == "GET" else None
    done = did(here("match", DATA, "--lists", "lists.duckdb", cwd=world), 2)
    assert why in done.stderr
    assert done.stderr.count("\n") == 1


def test_two_objects_that_no_folder_can_hold(s3: S3World, world: Path) -> None:
    s3.put("read/clash/x.parquet", world / "data/en/a.parquet")
    s3.put("read/clash/x.parquet/y.parquet", world / "data/en/a.parquet")
    done = did(here("inspect", f"s3://{BUCKET}/read/clash", cwd=world), 2)
    assert "has the name of a folder beside it" in done.stderr
    s3.put("read/odd-names/a//b.parquet", world / "data/en/a.parquet")
    done = did(here("inspect", f"s3://{BUCKET}/read/odd-names", cwd=world), 2)
    assert "has an empty name" in done.stderr


def test_links_inside_columns_are_seen_in_the_first_shard_and_by_bounds_in_others(
    s3: S3World, tmp_path: Path
) -> None:
    n = 900
    urls = [f"https://h.example/{i}.jpg" for i in range(n)]
    kind = pa.list_(pa.struct({"link": pa.string(), "bytes": pa.binary()}))
    image = {"link": urls[0], "bytes": b"\xff" * 2_000}
    late = [*["x"] * (n - 1), urls[0]]
    for no, (images, later) in enumerate([([[image]] * n, ["x"] * n), ([None] * n, late)]):
        rows = {"url": urls, "images": pa.array(images, kind), "later": later}
        pq.write_table(pa.table(rows), tmp_path / f"{no}.parquet")
    s3.put_folder(tmp_path, "read/inside")
    seen = did(here("inspect", f"s3://{BUCKET}/read/inside", "--json", cwd=tmp_path))
    (layout,) = json.loads(seen.stdout)["layouts"]
    assert [c["claimed"] for c in layout["columns"]] == [None, "url", "url"]
    assert "(images[].link)" in layout["columns"][1]["why"]


def test_names_with_signs_of_patterns_and_blanks(s3: S3World, world: Path, tmp_path: Path) -> None:
    key = "read/signs [1]/x?y=z 50% ü.parquet"
    s3.put(key, world / "data/en/a.parquet")
    (tmp_path / key).parent.mkdir(parents=True)
    shutil.copy(world / "data/en/a.parquet", tmp_path / key)
    for path in ("read/signs [1]", key):
        there = did(here("inspect", f"s3://{BUCKET}/{path}", "--json", cwd=tmp_path))
        local = did(here("inspect", path, "--json", cwd=tmp_path))
        assert json.loads(there.stdout) == json.loads(local.stdout)


def test_an_output_as_a_whole_is_no_input(s3: S3World, world: Path) -> None:
    s3.put("read/out/manifest.json", json.dumps({"relaion": 1, "run": "x", "outputs": []}).encode())
    s3.put("read/out/audit.duckdb", b"x")
    s3.put("read/out/research/a.parquet", world / "data/en/a.parquet")
    done = did(here("inspect", f"s3://{BUCKET}/read/out", cwd=world), 2)
    assert f"s3://{BUCKET}/read/out: is a finished output" in done.stderr
    did(here("inspect", f"s3://{BUCKET}/read/out/research", cwd=world))


@pytest.mark.slow
def test_what_the_page_says_to_type_runs(
    s3: S3World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests import test_pages as pages

    pages.stored(tmp_path)
    (tmp_path / "hashes").mkdir()
    shutil.move(tmp_path / "hashes.tsv", tmp_path / "hashes")
    s3.client.create_bucket(Bucket="bucket")
    for path in (*tmp_path.glob("data/*"), *tmp_path.glob("hashes/*")):
        s3.put(path.relative_to(tmp_path).as_posix(), path, "bucket")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    lines = list(pages.typed("relaion/remote/README.md"))
    assert len(lines) >= 5
    for line in lines:
        pages.run(line, tmp_path)
    kept = {row["URL"] for row in rows_of(tmp_path / "clean", "research")}
    assert pages.LISTED not in kept
    assert len(kept) == pages.HOSTS * pages.EACH - 1


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on(
    s3: S3World, world: Path, cleaned: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "relaion", "clean", DATA, *ARGS, "--out", str(out)]
    done: subprocess.Popen[bytes] | None = None

    def kills(_: dict[str, Any]) -> None:
        if done is not None and (out / "research/en/a.parquet").exists():
            done.kill()

    s3.fault = kills
    done = subprocess.Popen(command, cwd=world, stderr=subprocess.DEVNULL)
    assert done.wait() == -9
    assert not (out / "manifest.json").exists()
    # what a kill leaves is for its owner alone, and holds no credentials
    (left,) = (p for p in tmp_path.iterdir() if p != out)
    assert left.stat().st_mode & 0o777 == 0o700
    assert not any(holds_secret(p) for p in tmp_path.rglob("*") if p.is_file())
    s3.fault = None
    s3.forget()
    log = tmp_path.with_suffix(".log")
    again = subprocess.run(
        [*command, "-v", "--log", str(log)], cwd=world, capture_output=True, text=True, check=False
    )
    did(again)
    assert not holds_secret(log)
    assert "going on with the interrupted run" in again.stderr
    assert contents(out) == contents(cleaned)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]  # what the killed one left is gone
