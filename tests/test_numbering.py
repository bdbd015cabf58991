"""Shards keep their numbers when only some of them are looked at."""

from pathlib import Path

from relaion.engine import connect
from relaion.run.inputs import read_inputs
from relaion.run.numbering import sources
from tests.pipeline import write_shard


def test_a_gap_in_the_numbers_is_kept(tmp_path: Path) -> None:
    for i in range(5):
        write_shard(tmp_path / f"en/part-{i}.parquet", [{"url": f"https://h.example/{i}"}])
    shards = read_inputs([tmp_path / "en"], {}).shards
    chosen = [shards[0], shards[2], shards[3]]
    with connect() as engine:
        engine.view_shards(sources(chosen))
        rows = engine.rows("select shard_no, url from shard order by shard_no")
    assert rows == [(i, f"https://h.example/{i}") for i in (0, 2, 3)]
