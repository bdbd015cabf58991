"""Columns of Arrow's view types, with NULLs: read as any other, wherever values are looked at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.parquet.columns import computable
from relaion.sidecars.row_hash import row_hashes
from tests.pipeline import Sent, add_lists, here, rows_of

ROWS = 12
LINKS = [f"https://host.example/{i}.jpg" if i % 3 else None for i in range(ROWS)]
CAPTIONS = [f"a caption that no view keeps inline {i}" if i % 4 else None for i in range(ROWS)]
IMAGES = [f"{i:032x}" if i % 2 else None for i in range(ROWS)]
Make = Callable[[list[Any]], pa.Array]


def text(values: list[Any]) -> pa.Array:
    return pa.array(values, pa.string_view())


def raw(values: list[Any]) -> pa.Array:
    return pa.array([None if v is None else v.encode() for v in values], pa.binary_view())


def coded(values: list[Any]) -> pa.Array:
    plain = pa.array(values).dictionary_encode()
    return pa.DictionaryArray.from_arrays(plain.indices, plain.dictionary.cast(pa.string_view()))


@pytest.mark.parametrize("make", [text, raw, coded])
def test_values_of_views_can_be_filtered_and_taken(make: Make) -> None:
    plain = computable(make(IMAGES))
    kept = plain.drop_null().take(pa.array([1]))
    assert str(kept[0]) in (IMAGES[3], str(b"%s" % (IMAGES[3] or "").encode()))
    assert computable(plain) is plain


def test_bytes_that_are_no_text_stay() -> None:
    raw = pa.array([b"\xff\xfe", None], pa.binary_view())
    view = pa.Array.from_buffers(pa.string_view(), 2, raw.buffers())
    assert computable(view).cast(pa.large_binary()).to_pylist() == [b"\xff\xfe", None]


@pytest.mark.parametrize("as_md5", [pytest.param(text, marks=pytest.mark.slow), raw])
def test_rows_leave_by_link_image_row_hash_and_sidecar(tmp_path: Path, as_md5: Make) -> None:
    """Two columns of links, a row hash that has to be computed, and a sidecar of views."""
    table = pa.table(
        {
            "url": text([None] * ROWS),
            "image_url": text(LINKS),
            "caption": text(CAPTIONS),
            "md5": as_md5(IMAGES),
            "WIDTH": pa.array(range(ROWS), pa.int32()),
        }
    )
    (tmp_path / "in/a").mkdir(parents=True)
    pq.write_table(table, tmp_path / "in/a/0.parquet", row_group_size=5)
    beside = pa.table({"url": text([LINKS[10], None]), "sha256": text(["ab" * 32, None])})
    pq.write_table(beside, tmp_path / "beside.parquet")
    computed = row_hashes(pa.array([LINKS[8]]), pa.array([CAPTIONS[8]]))[0].as_py()
    entries = (
        ("url", str(LINKS[1])),
        ("image_md5", str(IMAGES[5])),
        ("row_hash", str(computed)),
        ("image_sha256", "ab" * 32),
    )
    add_lists(tmp_path / "l.duckdb", [Sent(entries)])
    options = ("--lists", "l.duckdb", "--sidecar", "beside.parquet", "--yes-i-checked")
    done = here("clean", "in", *options, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    kept = [row["WIDTH"] for row in rows_of(tmp_path / "out", "research")]
    assert kept == [i for i in range(ROWS) if i not in (1, 5, 8, 10)]
