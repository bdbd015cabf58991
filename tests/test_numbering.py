"""Shards keep their numbers when only some of them are looked at."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from relaion.engine import connect
from relaion.run.sources import sources
from relaion.run.survey import read_inputs
from relaion.sqlset import VERSION
from tests.pipeline import JOINED, write_shard


def test_a_gap_in_the_numbers_is_kept(tmp_path: Path) -> None:
    for i in range(5):
        write_shard(tmp_path / f"en/part-{i}.parquet", [{"url": f"https://h.example/{i}"}])
    shards = read_inputs([tmp_path / "en"], {}).shards
    chosen = [shards[0], shards[2], shards[3]]
    with connect() as engine:
        engine.view_shards(sources(chosen), VERSION)
        rows = engine.rows("select shard_no, url from shard order by shard_no")
    assert rows == [(i, f"https://h.example/{i}") for i in (0, 2, 3)]


@pytest.mark.parametrize("left", [(), (1,), (0, 3), (0, 1, 2, 4)])
def test_layouts_in_turn_are_as_many_parts_as_there_are_layouts(
    tmp_path: Path, left: Sequence[int]
) -> None:
    """Each part of a view is bound by itself: thousands of them would take minutes."""
    few = JOINED.remove(JOINED.get_field_index("md5"))
    for i in range(6):
        links = [{"url": f"https://h.example/{i}"}, {"url": f"https://h.example/{i}b"}]
        write_shard(tmp_path / f"en/part-{i}.parquet", links, few if i % 2 else JOINED)
    shards = [n for n in read_inputs([tmp_path / "en"], {}).shards if n.no not in left]
    found = sources(shards)
    assert len(found) == len({n.no % 2 for n in shards})
    with connect() as engine:
        engine.view_shards(found, VERSION)
        rows = engine.rows("select shard_no, file_row_number, url from shard order by all")
        apart = engine.rows("select shard_no, file_row_number, url from row_links order by all")
    expected = [
        (n.no, row, f"https://h.example/{n.no}{end}")
        for n in shards
        for row, end in enumerate(("", "b"))
    ]
    assert rows == apart == expected


def test_a_broken_shard_keeps_its_number_for_when_it_is_whole(tmp_path: Path) -> None:
    for i in range(3):
        write_shard(tmp_path / f"en/part-{i}.parquet", [{"url": f"https://h.example/{i}"}])
    path = tmp_path / "en/part-1.parquet"
    good = path.read_bytes()
    path.write_bytes(good[:-9])
    inputs = read_inputs([tmp_path / "en"], {})
    assert [n.no for n in inputs.shards] == [0, 2]
    assert [(b.no, b.shard.name) for b in inputs.broken] == [(1, "part-1.parquet")]
    assert [line["rows"] for line in inputs.lines()] == [1, None, 1]
    path.write_bytes(good)
    assert [n.no for n in read_inputs([tmp_path / "en"], {}).shards] == [0, 1, 2]


def test_numbers_follow_names_whatever_the_layouts(tmp_path: Path) -> None:
    """A shard of another layout between two alike does not move them."""
    for i in range(3):
        row = [{"url": f"https://h.example/{i}"}]
        schema = JOINED if i != 1 else JOINED.remove(JOINED.get_field_index("md5"))
        write_shard(tmp_path / f"en/part-{i}.parquet", row, schema)
    shards = read_inputs([tmp_path / "en"], {}).shards
    assert [n.shard.name for n in shards] == [f"part-{i}.parquet" for i in range(3)]
    assert len(sources(shards)) == 2  # one more of a layout is no more to bind
    with connect() as engine:
        engine.view_shards(sources(shards), VERSION)
        rows = engine.rows("select shard_no, url from shard order by shard_no")
    assert rows == [(i, f"https://h.example/{i}") for i in range(3)]
