"""Shards that lie elsewhere: the same as of files here for less traffic, or a line says why not."""

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.pipeline import Sent, add_lists, here
from tests.remote_world import BUCKET, KEY_ID, SECRET, S3World
from tests.test_clean import contents

pytestmark = pytest.mark.usefixtures("no_sample")
_NOISE = 4  # columns that nothing asks for, far larger than the others
_ROWS = 1_500


def wide_shard(path: Path, no: int) -> None:
    """A shard most of whose bytes nobody needs to search it."""
    chance = random.Random(no)
    n = range(_ROWS)
    columns: dict[str, Any] = {
        "url": [f"https://h{no}.example/{i}.jpg" for i in n],
        "noise0": [chance.randbytes(300) for _ in n],
        "noise1": [chance.randbytes(300) for _ in n],
        "TEXT": [f"a picture of a {'teapot' if i % 50 == 0 else 'cup'}" for i in n],
        "noise2": [chance.randbytes(300) for _ in n],
        "punsafe": [chance.random() for _ in n],
        "md5": [f"{no * _ROWS + i:032x}" for i in n],
        "noise3": [chance.randbytes(300) for _ in n],
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


def test_inspect_is_the_same_for_few_bytes(s3: S3World, world: Path) -> None:
    there = did(here("inspect", f"s3://{BUCKET}/read/data", "--json", cwd=world))
    assert s3.sent < size_of(world / "data") / 4
    local = did(here("inspect", "data", "--json", cwd=world))
    assert json.loads(there.stdout) == json.loads(local.stdout)


def test_match_is_the_same_for_few_bytes(s3: S3World, world: Path) -> None:
    args = ("--lists", "lists.duckdb", "--json")
    there = did(here("match", f"s3://{BUCKET}/read/data", *args, cwd=world))
    print(s3.sent, size_of(world / "data"), len(s3.asked), *s3.asked, sep="\n")
    assert s3.sent < size_of(world / "data") / 4
    local = did(here("match", "data", *args, cwd=world))
    assert json.loads(there.stdout) == json.loads(local.stdout)


def test_clean_is_the_same(s3: S3World, world: Path, tmp_path: Path) -> None:
    args = ("--lists", "lists.duckdb", "--keywords", "words.txt")
    there = did(
        here("clean", f"s3://{BUCKET}/read/data", *args, "--out", tmp_path / "there", cwd=world)
    )
    print(s3.sent, size_of(world / "data"), len(s3.asked), *s3.asked, sep="\n")
    local = did(here("clean", "data", *args, "--out", tmp_path / "local", cwd=world))
    print(there.stderr, local.stderr)
    assert contents(tmp_path / "there") == contents(tmp_path / "local")
