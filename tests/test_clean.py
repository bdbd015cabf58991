"""`clean` end to end through the real command line: real files, resume, links, locks."""

import fcntl
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from relaion.parquet.footer import read_footer
from tests.pipeline import Sent, add_lists, rows_of, write_shard
from tests.pipeline import here as relaion

pytestmark = pytest.mark.usefixtures("all_counts")


def clean_json(folder: Path, *args: str) -> Any:
    done = relaion("clean", *args, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_listed_links_of_a_real_file_leave_and_the_rest_is_untouched(
    tmp_path: Path, shared_data: Path
) -> None:
    source = shared_data / "real" / "laion400m_10000.parquet"
    table = pq.ParquetFile(source).read()
    links = table.column("URL").to_pylist()
    listed = [links[i] for i in (0, 17, 4999, 9999)]
    add_lists(tmp_path / "lists.duckdb", [Sent(tuple(("url", u) for u in listed))])
    result = clean_json(tmp_path, str(source), "--lists", "lists.duckdb", "--out", "out")
    assert all(o["state"] == "held" for o in result["verdict"]["outcomes"])
    expected = table.filter(pc.invert(pc.is_in(table.column("URL"), pa.array(listed))))
    assert expected.num_rows == 9996
    for edition in ("research", "research-safe"):
        out = next((tmp_path / "out" / edition).rglob("*.parquet"))
        kept = pq.ParquetFile(out).read()
        assert kept.schema.equals(table.schema, check_metadata=True)
        assert kept.equals(expected)
        assert read_footer(out).key_values == read_footer(source).key_values


def make(folder: Path) -> None:
    """Six shards of which one holds a listed row, and one a same link."""
    for i in range(6):
        rows: list[dict[str, Any]] = [
            {"url": f"https://h.example/{i}-{j}.jpg", "punsafe": 0.1, "text": "x"}
            for j in range(50)
        ]
        if i == 2:
            rows[7] |= {"image_md5": "ab" * 16, "url": "https://seen.example/a.jpg"}
        if i == 4:
            rows[9] |= {"url": "http://www.seen.example/a.jpg/"}
        write_shard(folder / "data/en" / f"part-{i}.parquet", rows)
    add_lists(folder / "lists.duckdb", [Sent((("image_md5", "AB" * 16),))])


@pytest.fixture
def world(tmp_path: Path) -> Path:
    make(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, all_counts: None) -> Path:
    """A world that was cleaned: to be looked at, never to be changed."""
    folder = tmp_path_factory.mktemp("whole")
    make(folder)
    clean_json(folder, *ARGS)
    return folder


@pytest.fixture
def cleaned(whole: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    return tmp_path


ARGS = ("data", "--lists", "lists.duckdb", "--out", "out")


def contents(out: Path) -> dict[str, Any]:
    """Shards by bytes, the manifest without its times, the audit by contents."""
    found: dict[str, Any] = {
        str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*.parquet")
    }
    manifest = json.loads((out / "manifest.json").read_text())
    found["manifest"] = {k: v for k, v in manifest.items() if k not in ("started", "finished")}
    from relaion.engine import connect

    with connect(out / "audit.duckdb", read_only=True) as engine:
        for (table,) in engine.rows("select table_name from duckdb_tables() order by all"):
            found[table] = engine.rows(f"from {table}")
    return found


def test_same_link_leaves_too_and_is_counted_apart(whole: Path) -> None:
    urls = {r["URL"] for r in rows_of(whole / "out", "research")}
    assert len(urls) == 298
    assert not any("seen.example" in u for u in urls)
    assert {t[1:4] for t in contents(whole / "out")["removals"] if t[0] == "research"} == {
        ("en", "list", 1), ("en", "same_link", 1),
    }  # fmt: skip


def test_no_same_link_keeps_the_other_row(world: Path) -> None:
    clean_json(world, *ARGS, "--no-same-link", "--no-verify")
    assert len(rows_of(world / "out", "research")) == 299


def test_untouched_shards_are_links_and_touched_ones_are_not(whole: Path) -> None:
    for i in range(6):
        source = whole / "data/en" / f"part-{i}.parquet"
        out = whole / "out/research/en" / f"part-{i}.parquet"
        assert (source.stat().st_ino == out.stat().st_ino) == (i not in (2, 4))


@pytest.mark.slow
def test_copy_makes_no_links(world: Path) -> None:
    clean_json(world, *ARGS, "--copy", "--no-verify")
    assert all(p.stat().st_nlink == 1 for p in (world / "out").rglob("*.parquet"))


def test_finished_is_a_no_op_and_other_arguments_are_refused_by_name(cleaned: Path) -> None:
    before = contents(cleaned / "out")
    stamp = (cleaned / "out/manifest.json").stat().st_mtime_ns
    assert clean_json(cleaned, *ARGS)["done_before"] is True
    assert (cleaned / "out/manifest.json").stat().st_mtime_ns == stamp
    for change, named in (
        (("--unscored", "drop"), "--unscored differs"),
        (("--edition", "research"), "the editions differ"),
        (("--no-same-link",), "same_link differs"),
    ):
        done = relaion("clean", *ARGS, *change, cwd=cleaned)
        assert done.returncode == 2
        assert named in done.stderr
    add_lists(cleaned / "lists.duckdb", [Sent((("image_md5", "cd" * 16),), source="later")])
    said = relaion("clean", *ARGS, cwd=cleaned).stderr
    assert "the lists differ" in said and "or go on from this run with `relaion update`" in said
    write_shard(cleaned / "data/en/part-9.parquet", [{"url": "https://new.example/"}])
    assert "the inputs differ" in relaion("clean", *ARGS, cwd=cleaned).stderr
    assert contents(cleaned / "out") == before


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_the_same(cleaned: Path) -> None:
    world = cleaned
    shutil.rmtree(world / "out")
    # whole runs are processes too: what is changed in this one alone is another way to count
    args = [sys.executable, "-m", "relaion", "clean", *ARGS]
    subprocess.run(args, cwd=world, stdout=subprocess.DEVNULL, check=True)
    whole = contents(world / "out")
    shutil.rmtree(world / "out")
    for delay in (0.6, 0.9, 1.2):
        run = subprocess.Popen(
            args, cwd=world, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        time.sleep(delay)
        run.send_signal(signal.SIGKILL)
        run.wait()
        wait_for_orphans(world / "out")
    subprocess.run(args, cwd=world, stdout=subprocess.DEVNULL, check=True)
    assert contents(world / "out") == whole
    assert not (world / "out/.work").exists()


def test_purge_removes_what_a_broken_run_left_and_nothing_else(world: Path) -> None:
    (world / "mine.sql").write_text(
        "-- name: mine\n-- purpose: Fails on one shard.\n-- parent: original\n-- labels: csam\n"
        "-- reads: shard (shard_no integer)\n"
        "insert into removals\n"
        "select 'mine', shard_no, file_row_number, 'list' from list_hits\n"
        "union all select 'mine', shard_no, file_row_number, 'same_link' from same_link;\n"
        "select case when shard_no = 3 then error('marker') end from shard;\n"
    )
    done = relaion("clean", *ARGS, "--edition", "mine.sql", cwd=world)
    assert done.returncode == 2
    assert "1 of 6 shards failed, the others are done" in done.stderr
    assert "marker" not in done.stderr
    assert len(list((world / "out/mine").rglob("*.parquet"))) == 5
    assert (world / "out/.work").stat().st_mode & 0o777 == 0o700
    other = relaion("clean", *ARGS, cwd=world)
    assert other.returncode == 2
    assert "the editions differ" in other.stderr
    assert "--purge" in other.stderr
    assert relaion("clean", *ARGS, "--purge", cwd=world).returncode == 0
    assert list((world / "out").iterdir()) == []
    assert len(list((world / "data").rglob("*.parquet"))) == 6
    clean_json(world, *ARGS, "--no-verify")


def test_a_run_in_a_pipe_says_nothing_on_stderr(world: Path) -> None:
    (world / "words.txt").write_text("teapot\n")
    done = relaion("clean", *ARGS, "--keywords", "words.txt", cwd=world)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "research-safe" in done.stdout


def wait_for_orphans(out: Path) -> None:
    """Workers end with their parent; until then they hold the lock."""
    if not out.exists():
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        for _ in range(600):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("a worker outlived its parent")
    finally:
        os.close(handle)


def test_a_second_run_is_refused_while_one_holds_the_lock(world: Path) -> None:
    (world / "out").mkdir()
    handle = os.open(world / "out", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    done = relaion("clean", *ARGS, cwd=world)
    os.close(handle)
    assert done.returncode == 2
    assert f"process {os.getpid()} is writing to this folder" in done.stderr


@pytest.mark.slow
def test_an_own_edition_takes_away_from_its_parent(world: Path) -> None:
    (world / "mine.sql").write_text(
        "-- name: mine\n-- purpose: Only part-0 stays.\n-- parent: research\n-- labels: csam\n"
        "-- rules: not first\n"
        "-- reads: shard (shard_no integer, file_row_number bigint)\n"
        "insert into removals select 'mine', shard_no, file_row_number, 'not first' from shard\n"
        "where shard_no > 0;\n"
    )
    result = clean_json(world, *ARGS, "--edition", "research", "--edition", "mine.sql")
    counts = {e["edition"]: e["kept"] for e in result["editions"]}
    assert counts == {"research": 298, "mine": 50}


@pytest.mark.parametrize(
    ("spoil", "promise"),
    [
        (lambda t: t.slice(1), "1b"),  # `test_verify.py` does the others to a larger one
        (lambda t: t.set_column(2, "WIDTH", t.column("WIDTH").cast(pa.int64())), "2"),
    ],
)
def test_verify_finds_what_was_done_to_a_shard(cleaned: Path, spoil: Any, promise: str) -> None:
    path = cleaned / "out/research/en/part-2.parquet"
    pq.write_table(spoil(pq.ParquetFile(path).read()), path)
    done = relaion(
        "verify", "out", "--inputs", "data", "--lists", "lists.duckdb", "--json", cwd=cleaned
    )
    assert done.returncode == 1
    broken = {o["promise"] for o in json.loads(done.stdout)["outcomes"] if o["state"] == "broken"}
    assert promise in broken


def test_verify_finds_a_listed_row_that_was_kept(cleaned: Path) -> None:
    shutil.copy(cleaned / "data/en/part-2.parquet", cleaned / "out/research/en/part-2.parquet")
    done = relaion("verify", "out", "--lists", "lists.duckdb", "--json", cwd=cleaned)
    assert done.returncode == 1
    broken = {o["promise"] for o in json.loads(done.stdout)["outcomes"] if o["state"] == "broken"}
    assert "1a" in broken


def test_without_lists_verify_never_says_clean(cleaned: Path) -> None:
    done = relaion("verify", "out", cwd=cleaned)
    assert done.returncode == 0
    assert "clean;" not in done.stdout
    assert "not checked" in done.stdout


@pytest.mark.slow
def test_nan_beside_numbers_is_no_score(tmp_path: Path) -> None:
    """The footer's statistics skip NaN, so that DuckDB believes there is none."""
    scores = [float("nan"), 0.5, 0.0, 0.99, None]
    rows = [
        {"url": f"https://h.example/{i}", "punsafe": s, "text": "teapot"}
        for i, s in enumerate(scores)
    ]
    write_shard(tmp_path / "data/en/part-0.parquet", rows)
    add_lists(tmp_path / "lists.duckdb", [Sent((("image_md5", "ab" * 16),))])
    (tmp_path / "words.txt").write_text("teapot")
    kept = {}
    for unscored in ("keep", "drop"):
        args = (*ARGS[:3], "--out", unscored, "--unscored", unscored, "--keywords", "words.txt")
        clean_json(tmp_path, *args)
        for edition in ("research", "research-safe"):
            kept[unscored, edition] = [r["WIDTH"] for r in rows_of(tmp_path / unscored, edition)]
    assert kept == {
        ("keep", "research"): [0, 1, 2, 4], ("keep", "research-safe"): [0, 2, 4],
        ("drop", "research"): [1, 2], ("drop", "research-safe"): [2],
    }  # fmt: skip


def test_integers_of_128_bits_are_kept_as_they_are(tmp_path: Path) -> None:
    """polars writes them, and says so in words of Arrow's that pyarrow does not know."""
    import polars as pl

    links = [f"https://h.example/{i}.jpg" for i in range(9)]
    big = pl.Series([2**100 + i for i in range(9)], dtype=pl.Int128)
    shard = tmp_path / "data/part-0.parquet"
    shard.parent.mkdir()
    pl.DataFrame({"url": links, "big": big}).write_parquet(shard)
    add_lists(tmp_path / "lists.duckdb", [Sent((("url", links[4]),))])
    result = clean_json(tmp_path, *ARGS)
    assert all(o["state"] == "held" for o in result["verdict"]["outcomes"])
    (kept,) = (tmp_path / "out/research").rglob("*.parquet")
    assert pl.read_parquet(kept).equals(pl.read_parquet(shard).filter(pl.col("url") != links[4]))


@pytest.mark.slow
def test_names_that_are_no_text_are_cleaned_like_others(tmp_path: Path) -> None:
    odd = os.fsdecode(b"part[1] 'x' \xff\n.parquet")
    rows = [{"url": f"https://h.example/{i}", "image_md5": f"{i:032x}"} for i in range(9)]
    write_shard(tmp_path / "data/k=v" / odd, rows)
    write_shard(tmp_path / "data" / os.fsdecode(b"s\xfe") / "part-0.parquet", rows)
    add_lists(tmp_path / "lists.duckdb", [Sent((("image_md5", f"{3:032x}"),))])
    result = clean_json(tmp_path, *ARGS)
    assert sorted(e["kept"] for e in result["editions"]) == [8, 8, 8, 8]
    assert all(o["state"] == "held" for o in result["verdict"]["outcomes"])
    assert (tmp_path / "out/research/k=v" / odd).exists()


def test_an_audit_is_in_the_file_format_of_duckdb_1_0(whole: Path) -> None:
    """So shells and tools with an older DuckDB read it: 64 is the format of 1.0, 999 of 2.0."""
    magic, version = struct.unpack("<4sQ", (whole / "out/audit.duckdb").read_bytes()[8:20])
    assert (magic, version) == (b"DUCK", 64)
