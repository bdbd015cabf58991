"""How values are stored: dictionaries, encodings, statistics; no trace of a removed row."""

import decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import connect
from relaion.parquet import row_group_copy
from relaion.parquet.footer import read_footer
from relaion.parquet.storage import BLOOM_FILTER, read_storage
from relaion.parquet.writer import GROUP_ROWS
from tests.faithful import write
from tests.parquet_layouts import joined


@pytest.mark.parametrize(
    "encoding",
    ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"],
)
def test_encodings_worth_keeping(tmp_path: Path, encoding: str) -> None:
    source, target = tmp_path / "s.parquet", tmp_path / "t.parquet"
    table = pa.table(
        {"n": pa.array(range(5000), pa.int64()), "s": [f"{i:09}" for i in range(5000)]}
    )
    text = {"DELTA_BINARY_PACKED": "DELTA_BYTE_ARRAY"}.get(encoding, "DELTA_LENGTH_BYTE_ARRAY")
    pq.write_table(table, source, use_dictionary=False, column_encoding={"n": encoding, "s": text})
    write(source, target, [0, 7])
    group = pq.read_metadata(target).row_group(0)
    assert encoding in group.column(0).encodings
    assert text in group.column(1).encodings
    assert target.stat().st_size < 1.1 * source.stat().st_size
    assert pq.read_table(target).equals(pq.read_table(source).filter(_kept(5000, [0, 7])))


def _kept(rows: int, removed: list[int]) -> pa.Array:
    return pa.array([i not in set(removed) for i in range(rows)])


def test_a_dictionary_only_where_it_pays(tmp_path: Path) -> None:
    source, target = tmp_path / "s.parquet", tmp_path / "t.parquet"
    n = 3000
    columns = {
        "few": pa.array([f"value {i % 5}" for i in range(n)]),
        "unique": pa.array([f"https://host.example/{i}" for i in range(n)]),
        "plain": pa.array([f"value {i % 5}" for i in range(n)]),
        "few_numbers": pa.array([i % 7 for i in range(n)], pa.int32()),
        "null": pa.array([None] * n, pa.string()),
    }
    pq.write_table(
        pa.table(columns), source, use_dictionary=["few", "unique", "few_numbers", "null"]
    )
    write(source, target, [4])
    group = pq.read_metadata(target).row_group(0)
    found = {group.column(i).path_in_schema: group.column(i).has_dictionary_page for i in range(5)}
    assert found == {
        "few": True,
        "unique": False,
        "plain": False,
        "few_numbers": True,
        "null": True,
    }


def test_a_page_index_and_bloom_filters_stay(tmp_path: Path) -> None:
    source, target = tmp_path / "s.parquet", tmp_path / "t.parquet"
    table = joined(2000)
    pq.write_table(
        table, source, write_page_index=True, bloom_filter_options={"URL": {"ndv": 2000}}
    )
    assert write(source, target, [3]).notices == ()
    group = pq.read_metadata(target).row_group(0)
    assert all(group.column(i).has_column_index for i in range(group.num_columns))
    assert all(group.column(i).has_offset_index for i in range(group.num_columns))
    chunks = read_footer(target).chunks(0)
    assert [BLOOM_FILTER in chunk[3][1] for chunk in chunks] == [True] + [False] * 7
    assert pq.read_table(target).num_rows == 1999
    with connect(threads=1) as engine:
        (url,) = (u for u in table["URL"].to_pylist()[4:5])
        sql = "select count(*) from read_parquet($p) where URL = $u"
        assert engine.rows(sql, {"p": str(target), "u": url}) == [(1,)]


def test_sorting_is_no_longer_declared_and_that_is_said(tmp_path: Path) -> None:
    source, target = tmp_path / "s.parquet", tmp_path / "t.parquet"
    order = [pq.SortingColumn(0)]
    pq.write_table(pa.table({"n": range(9)}), source, sorting_columns=order)
    (notice,) = write(source, target, [3]).notices
    assert "sorted" in notice
    assert pq.read_metadata(target).row_group(0).sorting_columns == ()


def test_statistics_of_a_rewritten_shard_are_true(tmp_path: Path) -> None:
    """Of unsigned numbers too: 2**32 - 1 is the largest, not -1; removed rows leave no trace."""
    source, target = tmp_path / "s.parquet", tmp_path / "t.parquet"
    table = pa.table(
        {
            "u": pa.array([5, 2**32 - 1, 7, 1], pa.uint32()),
            "s": ["m", "zz", "b", "a"],
            "f": pa.array([1.0, 9.0, float("nan"), -3.0]),
        }
    )
    pq.write_table(table, source)
    write(source, target, [3])
    group = pq.read_metadata(target).row_group(0)
    bounds = [(c.statistics.min, c.statistics.max) for c in map(group.column, range(3))]
    assert bounds == [(5, 2**32 - 1), ("b", "zz"), (1.0, 9.0)]


def test_no_bounds_where_bytes_have_another_order(tmp_path: Path) -> None:
    """A negative decimal's bytes come after a positive one's: a reader would skip its rows."""
    source, target = tmp_path / "s.parquet", tmp_path / "t.parquet"
    values = [decimal.Decimal("-1.50"), decimal.Decimal("0.25"), decimal.Decimal("1.00")]
    columns = {
        "money": pa.array(values, pa.decimal128(9, 2)),
        "half": pa.array([-1.5, 0.25, 1.0], pa.float16()),
        "n": pa.array([-1, 0, 1], pa.int64()),
    }
    pq.write_table(pa.table(columns), source)
    (notice,) = write(source, target, [2]).notices
    assert "(columns money, half)" in notice
    group = pq.read_metadata(target).row_group(0)
    assert [group.column(i).is_stats_set for i in range(3)] == [False, False, True]
    with connect(threads=1) as engine:
        sql = "select count(*) from read_parquet($p) where money < 0 and n < 0"
        assert engine.rows(sql, {"p": str(target)}) == [(1,)]


def test_the_size_of_a_row_group_does_not_tell_what_left_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_group_copy, "MIN_ROWS", 10**9)
    source = tmp_path / "s.parquet"
    pq.write_table(pa.table({"n": pa.array(range(300_000), pa.int32())}), source)
    removed = [[], range(1000), range(0, 300_000, 7), [5, 140_000, 299_999]]
    for numbers in removed:
        target = tmp_path / "t.parquet"
        rows = write(source, target, numbers).rows
        sizes = [group.rows for group in read_footer(target).groups]
        whole = rows // GROUP_ROWS
        assert sizes == [GROUP_ROWS] * whole + [rows - whole * GROUP_ROWS]
        target.unlink()


def test_a_removed_value_is_nowhere_in_the_file(tmp_path: Path) -> None:
    """Neither in a dictionary, nor in statistics or an index, nor in what padding holds."""
    source, target = tmp_path / "s.parquet", tmp_path / "t.parquet"
    marker = "zzz-marker"
    values = ["common", "usual"] * 500
    for place in (0, 400, 999):
        values[place] = f"{marker}-{place}"
    table = pa.table(
        {
            "plain": values,
            "coded": pa.array(values).dictionary_encode(),
            "list": pa.array([[v] for v in values]),
        }
    )
    pq.write_table(
        table,
        source,
        compression="none",
        row_group_size=300,
        write_page_index=True,
        bloom_filter_options={"coded": True},
    )
    assert source.read_bytes().count(marker.encode()) > 9
    write(source, target, [0, 400, 999])
    assert marker.encode() not in target.read_bytes()
    assert pq.read_metadata(target).row_group(0).column(1).has_dictionary_page


@pytest.mark.parametrize("checksums", [True, False])
@pytest.mark.parametrize("pages", [1, 2])
def test_pages_keep_their_version_and_checksums(
    tmp_path: Path, pages: int, checksums: bool
) -> None:
    source, target = tmp_path / "s.parquet", tmp_path / "t.parquet"
    pq.write_table(
        joined(50), source, data_page_version=f"{pages}.0", write_page_checksum=checksums
    )
    write(source, target, [3])
    for path in (source, target):
        storage = read_storage(read_footer(path))
        assert (storage.page_version, storage.checksums) == (pages, checksums)
