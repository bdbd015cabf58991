"""What a prompt may ask of shards that lie elsewhere: each view by a name of its own."""

from pathlib import Path

import pytest

from relaion.engine import VIEWS, connect
from relaion.stages import sql_tables
from tests.pipeline import write_shard


def test_a_subset_that_is_called_like_a_view_of_ours_keeps_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_tables, "within_tree", lambda _: True)  # as if each lay in a store
    write_shard(tmp_path / "data/Row_Links/a.parquet", [{"url": "http://a.example/1"}])
    (tmp_path / "work").mkdir()
    with connect() as engine:
        asked = sql_tables.open_shards(engine, [tmp_path / "data"], tmp_path / "work", {})
        assert asked.tables == ("shard", "Row_Links 1")
        assert set(asked.later) == {*VIEWS, "Row_Links 1"}
        asked.see('from "Row_Links 1"')
        assert engine.rows('select count(*) from "Row_Links 1"') == [(1,)]
