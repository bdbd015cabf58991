"""Writer x layout x codec x removal pattern: a rewritten shard is its source but for rows."""

import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import Engine, connect
from relaion.parquet.writer import Target, write_editions
from tests.drawn import quickly
from tests.faithful import Seen, assert_faithful, assert_same_footer, assert_same_rows, write
from tests.layout_cases import Case, all_cases
from tests.layout_cases import table as layout_table
from tests.parquet_layouts import LAYOUTS
from tests.parquet_writers import WRITERS

ROWS = 62  # in groups of 20, two rows over
CODECS = ["snappy", "zstd", "gzip", "none", "lz4", "brotli"]

PATTERNS = {
    "none": [],
    "first": [0],
    "last": [ROWS - 1],
    "all": list(range(ROWS)),
    "alternating": list(range(0, ROWS, 2)),
    "a row group": list(range(20, 40)),
    "random": random.Random(7).sample(range(ROWS), 9),
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connect(threads=1) as engine:
        yield engine


@pytest.mark.parametrize("layout", quickly(2, LAYOUTS))
@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_every_writer_layout_codec_and_pattern(
    tmp_path: Path, engine: Engine, writer: str, layout: str, every: bool
) -> None:
    """Every codec with every writer, and with every layout; or with every pair of these."""
    table = LAYOUTS[layout](ROWS)
    if writer == "duckdb" and layout == "joined":
        table = table.drop_columns(["width"])  # DuckDB renames it
    first = list(WRITERS).index(writer) * 2 + list(LAYOUTS).index(layout)
    for codec in CODECS if every else {CODECS[first % 6], CODECS[(first + 3) % 6]}:
        source = Seen(tmp_path / f"{codec}.parquet", engine)
        WRITERS[writer](table, source.path, codec)
        paths = {name: tmp_path / f"{codec} {name}.parquet" for name in PATTERNS}
        written = write_editions(
            source.path, [Target(paths[name], removed) for name, removed in PATTERNS.items()]
        )
        for done, (name, removed) in zip(written, PATTERNS.items(), strict=True):
            assert (done.path, done.rows, done.notices) == (paths[name], ROWS - len(removed), ())
            assert_faithful(source, done.path, removed)


@pytest.mark.parametrize("case", [c for c in all_cases() if not c.error], ids=lambda c: c.name)
def test_every_published_layout(tmp_path: Path, engine: Engine, case: Case) -> None:
    source = Seen(tmp_path / "source.parquet", engine)
    pq.write_table(layout_table(case.lines, 30), source.path, row_group_size=11)
    unordered = [line.name for line in case.lines if line.type == "float16"]
    for removed in ([3, 4, 29], range(30)):
        target = tmp_path / f"{len(removed)}.parquet"
        notices = write(source.path, target, removed).notices
        assert all(f"not written (columns {', '.join(unordered)})" in n for n in notices)
        assert bool(notices) is bool(unordered)
        assert_faithful(source, target, removed)


def test_every_column_with_a_codec_of_its_own(tmp_path: Path, engine: Engine) -> None:
    source = Seen(tmp_path / "source.parquet", engine)
    table = LAYOUTS["coco"](ROWS)
    codecs = dict(zip(_leaves(table), CODECS, strict=True))
    pq.write_table(table, source.path, compression=codecs, row_group_size=20)
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
    quickly(
        1,
        [
            "laion400m_10000",
            "laion2B_multi_9461",
            "img2dataset_sample_image",
            "img2dataset_bbox",
        ],
    ),
)
def test_real_files(tmp_path: Path, shared_data: Path, engine: Engine, name: str) -> None:
    source = Seen(shared_data / "real" / f"{name}.parquet", engine)
    rows = source.file.metadata.num_rows
    for removed in ([], random.Random(3).sample(range(rows), rows // 3), range(rows)):
        target = Seen(tmp_path / f"{len(removed)}.parquet", engine)
        assert write(source.path, target.path, removed).notices == ()
        assert_same_footer(source, target)
        assert_same_rows(source, target, removed)
