"""Row hashes in any column that holds them whole: SQL, Python and `verify` read them alike."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.engine import ShardSource, connect
from relaion.parquet.columns import plain_type
from relaion.parquet.counted import count_rows
from relaion.parquet.own_hashes import own_hashes
from relaion.parquet.read_shard import read_shard
from relaion.paths import ShardPath
from relaion.sqlset import VERSION
from relaion.verifier.rows import At, batches, rows_of
from tests.layout_cases import write

HALF, WHOLE = 1 << 63, 1 << 64
EDGES = [0, 1, -1, HALF - 1, -HALF, HALF, WHOLE - 1, 1 << 31, -(1 << 31)]
WRITTEN: dict[str, tuple[pa.DataType, Callable[[int], Any]]] = {
    "signed": (pa.int64(), lambda n: n),
    "unsigned": (pa.uint64(), lambda n: n % WHOLE),
    "decimal": (pa.decimal128(20, 0), Decimal),
    "wide decimal": (pa.decimal128(38, 0), Decimal),
    "text": (pa.string(), str),
    "text without sign": (pa.string(), lambda n: str(n % WHOLE)),
    "text with blanks": (pa.large_string(), lambda n: f" {n:+d}\n"),
    "coded text": (pa.dictionary(pa.int32(), pa.string()), str),
}


def in_sql(path: Path) -> list[int | None]:
    with connect() as engine:
        source = ShardSource("s", (0,), (path,), {"row_hash": ((0, "hash"),)})
        engine.view_shards([source], VERSION)
        found = engine.rows("select row_hash from shard order by file_row_number")
    return [value for (value,) in found]


def in_python(path: Path) -> list[int | None]:
    column = pq.read_table(path).column("hash")
    return [v for chunk in column.chunks for v in own_hashes(chunk).to_pylist()]


def in_verify(path: Path) -> list[int | None]:
    schema = pq.read_schema(path)
    roles = {"row_hash": (At(0, plain_type(schema.field(0).type)),)}
    return [
        value
        for batch in batches(path, ["hash"], None)
        for value in rows_of(batch, schema, roles).columns["row_hash"][0].to_pylist()
    ]


@pytest.mark.parametrize("how", WRITTEN)
def test_every_way_to_keep_a_row_hash_is_read_alike(tmp_path: Path, how: str) -> None:
    kind, written = WRITTEN[how]
    numbers = [n for n in EDGES if how != "signed" or n < HALF]
    values = [None, *(written(n) for n in numbers)]
    path = write(tmp_path / "p.parquet", pa.table({"hash": pa.array(values, kind)}))
    expected = [None, *((n + HALF) % WHOLE - HALF for n in numbers)]
    assert in_sql(path) == expected
    assert in_python(path) == expected
    assert in_verify(path) == expected


def test_a_text_that_is_no_row_hash_is_no_value_when_it_is_counted(tmp_path: Path) -> None:
    """A footer counts it; a run does not, and says so in its report."""
    texts = ["12", "x", None, "-7", "1.5e3", "", str(WHOLE), "abc"]
    path = tmp_path / "p.parquet"
    links = [f"https://{i}.example/" for i in range(len(texts))]
    write(path, pa.table({"hash": pa.array(texts, pa.string()), "url": links}))
    shard = read_shard(ShardPath(path, "s"), {"row_hash": ["hash"]})
    found = count_rows([shard], "row_hash")
    assert (found.rows, found.present, found.counted) == (8, 2, "reading")
    assert sum(value is not None for value in in_sql(path)) == 2


SIGNS = "0123456789+-.eEx ,'\t\n\u00a0\u0663_"


@given(
    st.lists(st.text(SIGNS, max_size=24) | st.integers(-2 * HALF, 2 * WHOLE).map(str), min_size=1)
)
def test_texts_that_are_no_whole_number_are_missing_for_all(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "texts.parquet"
    write(path, pa.table({"hash": pa.array(texts, pa.string())}))
    found = in_sql(path)
    assert in_python(path) == found
    assert in_verify(path) == found
    assert all(v is None for v, text in zip(found, texts, strict=True) if set(text) & set(".eEx,_"))
