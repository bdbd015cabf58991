"""A run written as SQL ends, in a DuckDB that knows nothing of relaion, in what `clean` removes."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import mmh3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.faults.world import HONEST, OWN
from tests.pipeline import ALL_HASHES, Sent, add_lists, here, write_shard

SHELL = Path(__file__).with_name("by_hand_shell.py")
EDITIONS = ("research", "research-safe")
ROWS = 12


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def row(no: int, i: int) -> dict[str, Any]:
    return {
        "url": f"https://h{no}.example/{i}.jpg", "text": f"picture {no} {i}", "punsafe": 0.1,
        "row_hash": 100 * no + i, "image_md5": md5(f"image {no} {i}"),
    }  # fmt: skip


# what a list names, shard and row: each by a way of its own
PLANTED = {
    "image_md5": (0, 1), "sha1": (0, 2), "same_link": (1, 1), "plain link": (0, 3),
    "odd link": (0, 4), "inner link": (0, 5), "hashed link": (1, 2), "odd hashed link": (1, 3),
    "host": (1, 4), "prefix": (1, 5), "row hash": (0, 6), "computed row hash": (1, 6),
    "sidecar link": (0, 7), "sidecar row hash": (1, 7), "bytes": (2, 1),
}  # fmt: skip
COMPUTED = "https://computed.example/1.jpg", "computed 1"
BYTES = b"https://bytes.example/\xff\xfe.jpg"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("byhand")
    shards = [[row(no, i) for i in range(ROWS)] for no in range(3)]

    def plant(way: str, **values: Any) -> None:
        no, i = PLANTED[way]
        shards[no][i] |= values

    plant("image_md5", image_md5=md5("listed"), url="https://seen.example/s.jpg")
    plant("same_link", url="HTTP://www.seen.example:80/s.jpg", image_md5=None)
    plant("sha1", image_sha1=hashlib.sha1(b"listed").hexdigest().upper())
    plant("plain link", url="https://plain.example/a.jpg")
    plant("odd link", url="https://pl%61in.example/%7Eb%2fü.jpg?x=1&amp;y=2")
    plant("inner link", url="https://i0.wp.com/inner.example/a.jpg")
    plant("hashed link", url="https://hashed.example/a.jpg")
    plant("odd hashed link", url="https://häshed.example/ä.jpg")
    plant("host", url="https://sub.host.example/x.jpg")
    plant("prefix", url="https://prefix.example/dir/x.jpg")
    plant("row hash", row_hash=-77)
    plant("computed row hash", row_hash=None, url=COMPUTED[0], text=COMPUTED[1])
    plant("sidecar link", url="https://beside.example/1.jpg")
    plant("sidecar row hash", row_hash=4711)
    shards[0][8] |= {"punsafe": 0.99, "text": "a RED\u200bteapot"}
    shards[1][8] |= {"punsafe": 0.5}
    for no, rows in enumerate(shards):
        write_shard(folder / f"data/en/part-{no}.parquet", rows, ALL_HASHES)
    links = [r["url"].encode() for r in shards[2]]
    links[1] = BYTES
    table = pq.read_table(folder / "data/en/part-2.parquet")
    column = pa.array(links, pa.binary()).view(pa.string())
    path = folder / "data/en/part-2.parquet"
    pq.write_table(table.set_column(0, ALL_HASHES.field(0), column), path)
    add_lists(folder / "lists.duckdb", [
        Sent((("image_md5", md5("listed")), ("image_md5", md5("beside")),
              ("image_sha1", hashlib.sha1(b"listed").hexdigest()))),
        Sent((("url", "http://plain.example/a.jpg"),
              ("url", "http://plain.example/~b%2Fü.jpg?x=1&y=2"),
              ("url", "https://inner.example/a.jpg"),
              ("url", "https://bytes.example/%FF%FE.jpg"))),
        Sent((("url_md5", md5("https://hashed.example/a.jpg")),
              ("url_md5", md5("https://häshed.example/ä.jpg"))), "privacy"),
        Sent((("host", "*.host.example"), ("url_prefix", "prefix.example/dir")), "opt-out"),
        Sent((("row_hash", "-77"), ("row_hash", str(mmh3.hash64("".join(COMPUTED))[0])))),
    ])  # fmt: skip
    (folder / "words.txt").write_text("red\nteapots\n")
    beside = {"url": ["https://beside.example/1.jpg", None], "hash": [None, 4711]}
    pq.write_table(
        pa.table({**beside, "md5": [md5("beside")] * 2}, schema=pa.schema(
            [("url", pa.string()), ("hash", pa.int64()), ("md5", pa.string())])),
        folder / "beside.parquet",
    )  # fmt: skip
    (folder / "mine.sql").write_text(
        OWN.replace("odd", "odd, unsafe_keyword")
        + HONEST
        + 'create temp table x as select * from source where "WIDTH" = shard_no;\n'
        "create or replace temp table shards as select 1 as y;\n"
        "insert into removals select 'mine', shard_no, file_row_number, 'odd' from x;\n"
    )
    return folder


ARGS = (
    "--lists", "lists.duckdb", "--keywords", "words.txt", "--sidecar", "beside.parquet",
    "--edition", "research", "--edition", "mine.sql", "--edition", "research-safe",
)  # fmt: skip


def removed_by_clean(world: Path, out: str, *args: str) -> set[tuple[str, int, int]]:
    done = here("clean", "data", *args, "--out", out, "--no-verify", "--yes-i-checked", cwd=world)
    assert done.returncode == 0, done.stderr
    found = set()
    for path in (world / out).rglob("*.parquet"):
        kept = pq.ParquetFile(path).read(["WIDTH"]).column(0).to_pylist()
        edition, no = path.parts[-3], int(path.stem[-1])
        found |= {(edition, no, i) for i in set(range(ROWS)) - set(kept)}
    return found


def removed_by_hand(world: Path, into: str, *args: str) -> set[tuple[str, int, int]]:
    done = here("scripts", "--by-hand", "data", *args, "--into", into, cwd=world)
    assert done.returncode == 0, done.stderr
    assert f"duckdb -init {world / into}/by_hand.sql" in done.stdout
    assert done.stderr == "" and done.stdout.count("\n") == 4 and ".example" not in done.stdout
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    shell = subprocess.run(
        [sys.executable, "-I", SHELL, world / into / "by_hand.sql"],
        capture_output=True, text=True, cwd="/", env=env, check=True,
    )  # fmt: skip
    said = json.loads(shell.stdout)
    assert all(Path(path).is_relative_to(world / "data") for _, path, _, _ in said)
    return {(e, int(Path(p).stem[-1]), i) for e, p, i, _ in said}


def test_all_kinds_of_lists_sidecars_keywords_and_an_own_edition(world: Path) -> None:
    expected = removed_by_clean(world, "out", *ARGS)
    for way, (no, i) in PLANTED.items():
        assert {("research", no, i), ("mine", no, i)} <= expected, way
    assert {("research", 0, 8), ("research-safe", 1, 8), ("mine", 0, 0), ("mine", 2, 2)} <= expected
    into = world / "x=1" / "hand"  # a name that DuckDB would make a column of
    assert removed_by_hand(world, "x=1/hand", *ARGS) == expected
    told = re.findall("set variable hit_words = (.*)", (into / "by_hand.sql").read_text())
    assert set(told) == {"(select h.pattern from hit_words as h);"}  # no word of a link
    modes = {p.stat().st_mode & 0o777 for p in into.rglob("*") if p.is_file()}
    folders = {p.stat().st_mode & 0o777 for p in [into, *into.rglob("*/")]}
    assert (modes, folders) == ({0o600}, {0o700})


@pytest.mark.slow
@pytest.mark.parametrize("switch", ["--no-same-link", "--no-inner"])
def test_what_is_switched_off_is_off_by_hand(world: Path, switch: str) -> None:
    args = ("--lists", "lists.duckdb", switch)
    expected = removed_by_clean(world, f"out{switch}", *args)
    way = PLANTED["same_link" if "same" in switch else "inner link"]
    assert ("research", *way) not in expected
    assert removed_by_hand(world, f"hand{switch}", *args) == expected


def test_what_cannot_be_done_is_one_line_and_leaves_nothing(world: Path, tmp_path: Path) -> None:
    def refused(*args: str) -> str:
        done = here("scripts", "--by-hand", *args, cwd=world)
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        return done.stderr

    store = ("--lists", "lists.duckdb", "--into")
    assert "--into" in refused("data", "--lists", "lists.duckdb")
    assert "is not empty" in refused("data", *store, "data")
    assert "mine.sql" in refused("data", *store, str(tmp_path / "a"), "--edition", "mine.sqlx")
    (tmp_path / "cut.parquet").write_bytes((world / "data/en/part-0.parquet").read_bytes()[:900])
    assert "cut.parquet" in refused("data", str(tmp_path), *store, str(tmp_path / "b"))
    assert [p.name for p in tmp_path.iterdir()] == ["cut.parquet"]
