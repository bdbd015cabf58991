"""What a shard says of its values beside the rows: nothing that none of its rows has."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relaion.parquet.footer import GROUPS, MAGIC, read_footer
from relaion.parquet.thrift import BINARY, I64, LIST, STRUCT, write_struct
from relaion.verifier.footers import Said
from relaion.verifier.rows import batches

GONE = "https://gone.example/a.jpg"
CODECS = ("none", "snappy", "gzip", "brotli", "lz4", "zstd")


def hides(path: Path, source: Path | None = None) -> bool:
    """Whether a file says more than its rows."""
    said = Said(path, source or path.with_name("none.parquet"))
    for batch in batches(path):
        said.see(batch)
    return said.hidden


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pq.write_table(pa.table({"x": pa.array([], pa.int64())}), tmp_path / "none.parquet")
    return tmp_path


def write(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


def kept(n: int = 50) -> dict[str, Any]:
    texts = [f"https://h.example/{i}.jpg" for i in range(n)]
    return {
        "url": texts,
        "few": [texts[i % 3] for i in range(n)],
        "score": [None, float("nan"), 0.0, -0.0, *(i / 7 for i in range(n - 4))],
        "half": pa.array([i / 4 for i in range(n)], pa.float16()),
        "small": pa.array([i % 5 - 2 for i in range(n)], pa.int8()),
        "unsigned": pa.array([(1 << 64) - 1 - i for i in range(n)], pa.uint64()),
        "flag": [i % 2 == 0 for i in range(n)],
        "day": pa.array(range(n), pa.date32()),
        "digest": pa.array([bytes([i]) * 16 for i in range(n)], pa.binary(16)),
        "price": pa.array([None, *range(n - 1)], pa.decimal128(12, 0)),
        "tags": [None, [], *([t, None] for t in texts[2:])],
        "pair": [None, *({"a": t, "b": [i]} for i, t in enumerate(texts[1:]))],
        "map": pa.array([[(t, 1)] for t in texts], pa.map_(pa.string(), pa.int32())),
        "nothing": pa.array([None] * n, pa.string()),
    }


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("index", [False, True])
def test_what_is_written_of_rows_is_said_of_them(
    codec: str, version: str, index: bool, folder: Path
) -> None:
    path = write(
        folder / "a.parquet", kept(), compression=codec, data_page_version=version,
        write_page_index=index, row_group_size=20, data_page_size=100,
    )  # fmt: skip
    assert not hides(path)


@settings(max_examples=30)
@given(values=st.lists(st.one_of(st.none(), st.floats(width=32), st.just(-0.0)), max_size=40))
def test_floats_say_no_more_than_they_are(
    values: list[float | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("said")
    column = pa.array(values, pa.float32())
    write(folder / "none.parquet", {"x": column[:0]})
    assert not hides(write(folder / "a.parquet", {"x": column}, row_group_size=7))


@pytest.mark.parametrize("codec", CODECS)
def test_a_dictionary_with_the_value_of_no_row(codec: str, folder: Path) -> None:
    column = pa.DictionaryArray.from_arrays(pa.array(range(50)), pa.array([*kept()["url"], GONE]))
    assert hides(write(folder / "a.parquet", {"x": column}, compression=codec))


@pytest.mark.parametrize("field", [1, 2, 5, 6])
def test_a_bound_that_no_row_has(field: int, folder: Path) -> None:
    path = write(folder / "a.parquet", kept())
    assert hides(with_bound(path, field, GONE.encode()))


def test_a_row_group_that_was_carried_over_says_what_it_said(folder: Path) -> None:
    source = write(folder / "source.parquet", kept())
    lying = with_bound(source, 5, b"https://i")
    carried = folder / "carried.parquet"
    carried.write_bytes(lying.read_bytes())
    assert hides(carried)
    assert not hides(carried, lying)
    fewer = write(folder / "fewer.parquet", {k: v[:-1] for k, v in kept().items()})
    assert hides(with_bound(fewer, 5, b"https://i"), lying)


def miscounts(path: Path, source: Path | None = None) -> bool:
    """Whether a file states a number of NULLs or distinct values that is none of its rows."""
    said = Said(path, source or path.with_name("none.parquet"))
    for batch in batches(path):
        said.see(batch)
    assert not said.hidden
    return said.miscounted


NULLS, DISTINCT = 3, 4  # of Statistics


@pytest.mark.parametrize("size", [50, 20, 7])
def test_counts_of_nulls_and_distinct_values_are_those_of_the_rows(size: int, folder: Path) -> None:
    columns = {**kept(), "url": [None, *kept()["url"][:48], kept()["url"][0]]}
    path = write(folder / "a.parquet", columns, row_group_size=size, write_page_index=True)
    assert not miscounts(path)
    first = columns["url"][:size]
    nulls, distinct = first.count(None), len(set(first) - {None})
    assert not miscounts(with_field(path, DISTINCT, I64, distinct))
    for n in (-1, 0, distinct - 1, distinct + 1):
        assert miscounts(with_field(path, DISTINCT, I64, n))
    assert not miscounts(with_field(path, DISTINCT, I64, distinct))
    for n in (-1, 0, size, nulls + 1):
        assert miscounts(with_field(path, NULLS, I64, n))
    assert not miscounts(with_field(path, NULLS, I64, nulls))


def test_an_index_with_another_number_of_nulls_than_its_pages(folder: Path) -> None:
    path = write(folder / "a.parquet", kept(), write_page_index=True)
    footer = read_footer(path)
    chunk = footer.group(0)[1][1][1][2]  # of scores, one of which is NULL
    at, size = chunk[6][1], chunk[7][1]
    data = path.read_bytes()
    one, two = b"\x19\x16\x02", b"\x19\x16\x04"  # a list of one number
    assert data[at : at + size].count(one) == 1
    changed = data[at : at + size].replace(one, two)
    path.write_bytes(data[:at] + changed + data[at + size :])
    assert miscounts(path, write(folder / "truth.parquet", kept(), write_page_index=True))


@settings(max_examples=30)
@given(
    values=st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", ""])), max_size=30),
    lie=st.integers(-2, 40),
)
def test_any_false_count_of_nulls_is_found(
    values: list[str | None], lie: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("counted")
    column = pa.array([*values, None], pa.string())
    write(folder / "none.parquet", {"x": column[:0]})
    path = with_field(write(folder / "a.parquet", {"x": column}), NULLS, I64, lie)
    assert miscounts(path) is (lie != column.null_count)


def test_a_chunk_that_was_carried_over_counts_as_it_did(folder: Path) -> None:
    source = write(folder / "source.parquet", kept())
    lying = with_field(source, NULLS, I64, 50)
    carried = folder / "carried.parquet"
    carried.write_bytes(lying.read_bytes())
    assert miscounts(carried)
    assert not miscounts(carried, lying)
    truth = write(folder / "truth.parquet", kept())
    assert miscounts(carried, truth)


def with_bound(path: Path, field: int, bound: bytes) -> Path:
    """The file with another bound of its first column."""
    return with_field(path, field, BINARY, bound)


def with_field(path: Path, field: int, kind: int, value: Any) -> Path:
    """The file with another field of the Statistics of its first column."""
    footer, data = read_footer(path), path.read_bytes()
    groups = [footer.group(i) for i in range(len(footer.groups))]
    groups[0][1][1][1][0][3][1][12][1][field] = (kind, value)
    made = write_struct(footer.fields | {GROUPS: (LIST, (STRUCT, groups))})
    path.write_bytes(data[: footer.start] + made + len(made).to_bytes(4, "little") + MAGIC)
    return path
