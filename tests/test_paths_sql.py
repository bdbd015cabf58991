"""Whatever a file is called, DuckDB opens that file and no other."""

import os
import stat
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import ShardSource, connect, sql_path
from relaion.engine.views import reachable
from relaion.errors import EngineError
from relaion.paths import shown
from relaion.sqlset import VERSION
from tests.test_paths_find import ODD_NAMES

MORE_NAMES = [
    "[\\].parquet",
    "back\\*.parquet",
    "a\\b[1]/k=v/p.parquet",
    "[!a].parquet",
    "x]y.parquet",
    "%41.parquet",
    "file:x.parquet",
    "s3:x.parquet",
    "cr\r.parquet",
    "hash#1.parquet",
    "x.parquet?versionid=1",
    os.fsdecode(b"folder-\xff/p.parquet"),
]


def make(path: Path, word: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as f:
        pq.write_table(pa.table({"word": [word]}), f)
    return path


def read(paths: list[Path]) -> list[str]:
    said = [sql_path(path) for path in paths]
    with connect() as engine:
        rows = engine.rows(
            "select word from read_parquet($p, hive_partitioning = false)", {"p": said}
        )
    return [word for (word,) in rows]


@pytest.mark.parametrize("name", ODD_NAMES + MORE_NAMES)
def test_duckdb_opens_that_very_file(tmp_path: Path, name: str) -> None:
    for other in ("part1.parquet", "a.parquet", "s.parquet", "back\\x.parquet", "b.parquet"):
        make(tmp_path / other, "another file")
    shard = make(tmp_path / name, "this file")
    assert read(reachable([shard], tmp_path / "links")) == ["this file"]


def test_order_is_kept_and_links_are_made_only_where_needed(tmp_path: Path) -> None:
    links = tmp_path / "links"
    plain = make(tmp_path / "z.parquet", "z")
    assert reachable([plain], links) == [plain]
    assert not links.exists()
    odd = make(tmp_path / os.fsdecode(b"\xff.parquet"), "odd")
    last = make(tmp_path / "a.parquet", "a")
    for _ in range(2):  # a second run finds its links made
        assert read(reachable([plain, odd, last], links)) == ["z", "odd", "a"]
    assert stat.S_IMODE(links.stat().st_mode) == 0o700
    assert len(list(links.iterdir())) == 1


def test_a_relative_path_is_made_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path("~x.parquet"), "tilde")  # a bare `~x` is a home folder to DuckDB
    assert read([Path("~x.parquet")]) == ["tilde"]


def test_names_are_shown_on_one_printable_line() -> None:
    assert shown("plain é 日本.parquet") == "plain é 日本.parquet"
    assert shown("a\nb\tc\x1b[31m") == "a\\x0ab\\x09c\\x1b[31m"
    assert shown(os.fsdecode(b"\xff")) == "\\xff"
    assert shown("\u2028\x85") == "\\xe2\\x80\\xa8\\xc2\\x85"


@pytest.mark.parametrize("name", ODD_NAMES + MORE_NAMES)
def test_views_open_any_name_and_nothing_else_once_locked(tmp_path: Path, name: str) -> None:
    shard = make(tmp_path / "in" / name, "https://this.example/")
    other = make(tmp_path / "other.parquet", "https://other.example/")
    spare = tmp_path / "work"
    spare.mkdir()
    with connect(temp=spare) as engine:
        engine.view_shards([ShardSource("s", (0,), (shard,), {"url": ((0, "word"),)})], VERSION)
        engine.view_files([shard], "whole", ["word"])
        engine.lock(files=[shard])
        assert engine.rows("select url from shard") == [("https://this.example/",)]
        assert engine.rows("select word from whole") == [("https://this.example/",)]
        with pytest.raises(EngineError, match="out of reach"):
            engine.rows(f"from read_parquet('{other}')")
    assert list(spare.glob("relaion-links-*")) == []
