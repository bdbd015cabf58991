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
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.lists import store

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


def measure(command: list[str]) -> tuple[float, int, int]:
    """Seconds of a command, bytes of its largest process and of all of them at one time."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    largest = together = 0
    while process.poll() is None:
        held = [_resident(pid) for pid in _family(process.pid)]
        largest, together = max([largest, *held]), max(together, sum(held))
        time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - start, largest, together


def _family(pid: int) -> list[int]:
    """A process and all below it, whichever of its threads began them."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            text = children.read_text()
        except OSError:  # it ended just now
            continue
        found += [one for child in text.split() for one in _family(int(child))]
    return found


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    # memory of its own: pages of mapped files are the system's to take back
    held = {key: value for key, _, value in (line.partition(":") for line in lines)}
    return int(held.get("RssAnon", "0 kB").split()[0]) * 1024


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
        seconds, largest, together = measure([*command, "--workers", "1", "--no-verify"])
        print(f"{group.num_rows:,} rows in one row group, {group.total_byte_size:,} bytes")
        print(f"--memory {given.memory}: {seconds:.1f} s, largest process {largest >> 20:,} MiB,")
        print(f"all processes {together >> 20:,} MiB")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
