"""Writer x layout x codec x removal pattern: a rewritten shard is its source but for rows."""

import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import Engine, connect
from relaion.shards.writer import Target, write_editions
from tests.faithful import Seen, assert_faithful, assert_same_footer, assert_same_rows, write
from tests.parquet_layouts import LAYOUTS
from tests.parquet_writers import WRITERS

ROWS = 310  # in groups of 103, one row over
CODECS = ["snappy", "zstd", "gzip", "none", "lz4", "brotli"]

PATTERNS = {
    "none": [],
    "first": [0],
    "last": [ROWS - 1],
    "all": list(range(ROWS)),
    "alternating": list(range(0, ROWS, 2)),
    "a row group": list(range(103, 206)),
    "random": random.Random(7).sample(range(ROWS), 40),
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connect(threads=1) as engine:
        yield engine


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("writer", WRITERS)
def test_every_writer_and_layout(tmp_path: Path, engine: Engine, writer: str, layout: str) -> None:
    if writer in ("duckdb", "polars") and layout == "joined":
        layout_rows = LAYOUTS[layout](ROWS).drop_columns(["width"])  # DuckDB renames it
    else:
        layout_rows = LAYOUTS[layout](ROWS)
    source = Seen(tmp_path / "source.parquet", engine)
    WRITERS[writer](layout_rows, source.path, "snappy")
    for name, removed in PATTERNS.items():
        target = tmp_path / f"{name}.parquet"
        written = write(source.path, target, removed)
        assert (written.rows, written.bytes) == (ROWS - len(removed), target.stat().st_size)
        assert written.notices == ()
        assert_faithful(source, target, removed)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("writer", WRITERS)
def test_every_writer_and_codec(tmp_path: Path, engine: Engine, writer: str, codec: str) -> None:
    source = Seen(tmp_path / "source.parquet", engine)
    WRITERS[writer](LAYOUTS["relaion"](ROWS), source.path, codec)
    targets = [Target(tmp_path / f"{k}.parquet", v) for k, v in PATTERNS.items() if len(v) < ROWS]
    write_editions(source.path, targets)
    for target in targets:
        assert_faithful(source, target.path, target.removed)


def test_every_column_with_a_codec_of_its_own(tmp_path: Path, engine: Engine) -> None:
    source = Seen(tmp_path / "source.parquet", engine)
    table = LAYOUTS["coco"](ROWS)
    codecs = dict(zip(_leaves(table), CODECS, strict=True))
    pq.write_table(table, source.path, compression=codecs, row_group_size=100)
    target = tmp_path / "out.parquet"
    write(source.path, target, PATTERNS["random"])
    assert_faithful(source, target, PATTERNS["random"])
    group = pq.read_metadata(target).row_group(0)
    found = [group.column(i).compression.lower() for i in range(len(codecs))]
    assert found == ["uncompressed" if c == "none" else c for c in codecs.values()]


def _leaves(table: pa.Table) -> list[str]:
    sink = pa.BufferOutputStream()
    pq.write_table(table.slice(0, 1), sink)
    schema = pq.read_metadata(pa.BufferReader(sink.getvalue())).schema
    return [schema.column(i).path for i in range(len(schema))]


@pytest.mark.parametrize(
    "name",
    [
        "laion400m_10000",
        "laion2B_multi_9461",
        "img2dataset_sample_image",
        "img2dataset_bbox",
    ],
)
def test_real_files(tmp_path: Path, shared_data: Path, engine: Engine, name: str) -> None:
    source = Seen(shared_data / "real" / f"{name}.parquet", engine)
    rows = source.file.metadata.num_rows
    for removed in ([], random.Random(3).sample(range(rows), rows // 3), range(rows)):
        target = Seen(tmp_path / f"{len(removed)}.parquet", engine)
        assert write(source.path, target.path, removed).notices == ()
        assert_same_footer(source, target)
        assert_same_rows(source, target, removed)
