"""What verify sees in footers that pyarrow's own view of them hides."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.errors import InputError
from relaion.verifier.compare import compare_schemas
from relaion.verifier.rows import open_shard
from tests.parquet_encrypted import write_encrypted

COLUMN = pa.table({"url": ["https://a.example/1.jpg"]})


def shard(path: Path, pairs: list[tuple[str, str]]) -> Path:
    with pq.ParquetWriter(path, COLUMN.schema, store_schema=False) as writer:
        writer.write_table(COLUMN)
        writer.add_key_value_metadata(dict(pairs))
    return path


def test_key_value_pairs_in_another_order_are_seen(tmp_path: Path) -> None:
    a = shard(tmp_path / "a.parquet", [("first", "1"), ("second", "2")])
    same = shard(tmp_path / "b.parquet", [("first", "1"), ("second", "2")])
    turned = shard(tmp_path / "c.parquet", [("second", "2"), ("first", "1")])
    assert compare_schemas(a, same)[0] == []
    assert compare_schemas(a, turned)[0] == ["its key-value metadata is not the input's"]


def test_another_name_of_the_root_is_seen(tmp_path: Path) -> None:
    a = shard(tmp_path / "a.parquet", [])
    raw = a.read_bytes()
    assert raw.count(b"\x06schema") == 1
    b = tmp_path / "b.parquet"
    b.write_bytes(raw.replace(b"\x06schema", b"\x06spark_"))
    assert compare_schemas(a, b)[0] == ["the root of its schema is not the input's"]


def test_encrypted_columns_are_refused_before_pyarrow_is_asked_about_them(tmp_path: Path) -> None:
    path = write_encrypted(COLUMN, tmp_path / "e.parquet", plain_footer=True)
    with pytest.raises(InputError, match="encrypted"):
        open_shard(path)
