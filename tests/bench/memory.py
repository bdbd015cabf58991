"""What memory `clean` takes on the shard that is worst for it: one huge row group.

    python -m tests.bench.memory [--rows N] [--caption BYTES] [--memory SIZE] [--folder DIR]

Makes a shard of one row group (2,000,000 rows with captions of 1 KB: 2 GB), a list of 1,000
of its MD5s and a keyword file, cleans it to both editions without `verify`, and prints the
largest process and the largest sum of all processes at one time. All files are deleted.
"""

import argparse
import hashlib
import random
import shutil
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.lists import store
from tests.bench.measured import measure

_TEXT = "red boat at sea with two white sails under a grey sky near the old harbour wall"


def make(folder: Path, rows: int, caption_bytes: int) -> None:
    """The shard, the list and the keywords, below `folder`."""
    draw = random.Random(1)
    texts = [" ".join(draw.choices(_TEXT.split(), k=caption_bytes // 5)) for _ in range(1000)]
    md5s = [hashlib.md5(b"%d" % i).hexdigest() for i in range(rows)]
    captions = [f"{i} {texts[i % 1000]}"[:caption_bytes] for i in range(rows)]
    table = pa.table(
        {
            "url": [f"https://host{i % 5000}.example/images/{i}.jpg" for i in range(rows)],
            "caption": captions,
            "punsafe": pa.array([i % 997 / 997 for i in range(rows)], pa.float32()),
            "md5": md5s,
        }
    )
    del captions
    (folder / "data" / "en").mkdir(parents=True)
    shard = folder / "data" / "en" / "part-00000.parquet"
    pq.write_table(table, shard, row_group_size=rows, use_dictionary=False)
    (folder / "words.txt").write_text("harbour\n")
    (folder / "md5.txt").write_text("\n".join(md5s[:: max(1, rows // 1000)]) + "\n")
    store.add(folder / "lists.duckdb", [folder / "md5.txt"], source="bench")


def main() -> None:
    """Make, clean, tell, delete."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--caption", type=int, default=1000)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="relaion-memory-", dir=given.folder))
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
            other.submit(make, folder, given.rows, given.caption).result()
        (shard,) = (folder / "data").rglob("*.parquet")
        group = pq.read_metadata(shard).row_group(0)
        command = [sys.executable, "-m", "relaion", "clean", str(folder / "data")]
        command += ["--lists", str(folder / "lists.duckdb"), "--out", str(folder / "out")]
        command += ["--keywords", str(folder / "words.txt"), "--memory", given.memory]
        found = measure([*command, "--workers", "1", "--no-verify"])
        print(f"{group.num_rows:,} rows in one row group, {group.total_byte_size:,} bytes")
        print(
            f"--memory {given.memory}: {found.seconds:.1f} s, largest process "
            f"{found.largest >> 20:,} MiB,"
        )
        print(f"all processes {found.together >> 20:,} MiB")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
