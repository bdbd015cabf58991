"""LAION's row hash: the published vectors, odd bytes, and only the rows that lack it."""

from pathlib import Path

import mmh3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.parquet.layout import Shard
from relaion.parquet.read_shard import read_shard
from relaion.paths import ShardPath
from relaion.sidecars.row_hash import computed, row_hashes

# rows that LAION published with their hash, and corners computed with mmh3
VECTORS = [
    (
        "https://img1.etsystatic.com/186/0/5531524/il_340x270.1310915051_5kax.jpg",
        "Vintage Green Glass Swag Hanging Lamp Mid Century",
        6170073934346815248,
    ),
    (
        "https://www.advocate-art.com/system/ART/Modules/Application/Images/Image/images/000/011/"
        "121/artistique_half/VML175107.jpg?6f71107bead7921d03fa7dc3e4ac4b9a8f24dfd3d823d512d7618c"
        "06e4059513",
        "Christmas Shopping Copy",
        -3604776403351267688,
    ),
    (None, None, 0),
    ("", "", 0),
    ("http://a", "bc", 6914112474592262566),
    ("http://ab", "c", 6914112474592262566),  # no separator: link and caption run together
    ("https://example.org/é.jpg", "日本語 caption", 4109891751969920278),
]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary()])
def test_published_vectors(kind: pa.DataType) -> None:
    def column(values: list[str | None]) -> pa.Array:
        return pa.array([None if v is None else v.encode() for v in values], pa.binary()).cast(kind)

    links, captions, hashes = map(list, zip(*VECTORS, strict=True))
    assert row_hashes(column(links), column(captions)).to_pylist() == hashes


@given(st.lists(st.tuples(st.none() | st.binary(), st.none() | st.binary())), st.integers(0, 3))
def test_any_bytes_hash_as_mmh3_says(
    pairs: list[tuple[bytes | None, bytes | None]], cut: int
) -> None:
    links = pa.array([u for u, _ in pairs], pa.binary())[cut:]
    captions = pa.array([t for _, t in pairs], pa.binary())[cut:]
    expected = [mmh3.hash64((u or b"") + (t or b""))[0] for u, t in pairs][cut:]
    assert row_hashes(links, captions).to_pylist() == expected


def shard(path: Path, hashes: list[int | None] | None) -> Shard:
    columns = {
        "URL": pa.array(["http://a", None, "http://ab", None]),
        "TEXT": pa.array(["bc", "x", "c", None]),
    }
    if hashes is not None:
        columns["hash"] = pa.array(hashes, pa.int64())
    pq.write_table(pa.table(columns), path)
    return read_shard(ShardPath(path, "s"))


def found(one: Shard) -> dict[int, int]:
    return {
        row: value
        for rows, values in computed(one)
        for row, value in zip(rows.to_pylist(), values.to_pylist(), strict=True)
    }


def test_only_rows_without_a_hash_of_their_own_are_computed(tmp_path: Path) -> None:
    bare = shard(tmp_path / "a.parquet", None)
    assert found(bare) == {
        0: 6914112474592262566, 1: mmh3.hash64("x")[0], 2: 6914112474592262566,
    }  # fmt: skip
    some = shard(tmp_path / "b.parquet", [7, None, None, None])
    assert found(some) == {1: mmh3.hash64("x")[0], 2: 6914112474592262566}
    full = shard(tmp_path / "c.parquet", [1, 2, 3, 4])
    assert found(full) == {}


def test_a_shard_without_captions_hashes_its_links(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"url": ["http://abc"]}), path)
    assert found(read_shard(ShardPath(path, "s"))) == {0: 6914112474592262566}
