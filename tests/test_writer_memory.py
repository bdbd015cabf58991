"""Memory is bounded by a setting: a row group of any size is read and written in pieces."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.parquet.footer import read_footer

ROWS = 300_000
MEASURE = """
import resource, sys
from pathlib import Path
from relaion.parquet.writer import Target, write_editions
source, memory = Path(sys.argv[1]), int(sys.argv[2]) << 20
small = Path(sys.argv[3])
write_editions(small, [Target(source.with_name("warm.parquet"), [0])])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
targets = [Target(source.with_name(f"{i}.parquet"), [5, 7]) for i in range(2)]
write_editions(source, targets, memory_bytes=memory)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One row group of 300 MB of captions, and a small file to warm up with."""
    folder = tmp_path_factory.mktemp("memory")
    whole, small = folder / "whole.parquet", folder / "small.parquet"
    captions = pa.array([f"{i:04} " + "a caption of many words " * 40 for i in range(1000)])
    table = pa.table({"url": range(1000), "caption": captions})
    pq.write_table(table, small)
    pq.write_table(
        pa.concat_tables([table] * (ROWS // 1000)),
        whole,
        row_group_size=ROWS,
        use_dictionary=False,
        compression="zstd",
    )
    assert read_footer(whole).groups[0].bytes > 270 << 20
    return whole, small


@pytest.mark.slow
@pytest.mark.parametrize(
    ("memory", "most"), [(64, 80), pytest.param(1024, 220, marks=pytest.mark.slow)]
)
def test_a_large_row_group_in_little_memory(
    sources: tuple[Path, Path], memory: int, most: int
) -> None:
    whole, small = sources
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, whole, str(memory), small],
        capture_output=True,
        text=True,
        check=True,
    )
    assert 0 <= int(done.stdout) < most
    assert pq.read_metadata(whole.with_name("0.parquet")).num_rows == ROWS - 2
    assert max(group.rows for group in read_footer(whole.with_name("1.parquet")).groups) < ROWS / 2


def test_of_large_footers_few_are_kept(tmp_path: Path) -> None:
    """A whole run looks at thousands of shards, some of which say much of themselves."""
    table = pa.table({"url": ["https://a.example/1", "https://a.example/2"]})
    size = 4 << 20
    for i in range(8):
        noted = table.replace_schema_metadata({"note": "x" * size})
        pq.write_table(noted, tmp_path / f"{i}.parquet", row_group_size=1)
    tracemalloc.start()
    try:
        for path in tmp_path.iterdir():
            read_footer(path).chunks(1)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    one = 5 * size  # the note stands in ARROW:schema too, and all pairs are kept parsed as well
    assert kept < 5 * one
