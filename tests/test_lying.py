"""Footers that lie: whatever they say of values, the same rows leave as by the values."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import ShardSource, connect
from relaion.paths import ShardPath
from relaion.shards.believed import hidden_roles, hides_any, without_claims
from relaion.shards.layout import read_shard
from relaion.shards.rowhash import needs_hashes, row_hashes
from relaion.stages import open_sql
from tests.lying import LIES, all_null, narrow_bounds, no_null
from tests.parquet_writers import edit_footer
from tests.pipeline import Sent, add_lists, rows_of
from tests.pipeline import here as relaion

NAMES = ("url", "text", "punsafe", "hash", "md5", "place")
ROWS = 60
BY_LINK, BY_IMAGE, BY_HASH, BY_COMPUTED, UNSAFE = 7, 18, 29, 41, 53
Case = tuple[str, str, str, Sequence[int] | None]


def table(shard: str) -> pa.Table:
    """Rows of one shard; every third lacks a link, a caption, a score, a hash and an image."""

    def some(values: list[Any], off: int, kept: Sequence[int]) -> list[Any]:
        return [v if i in kept or (i + off) % 3 else None for i, v in enumerate(values)]

    rows = range(ROWS)
    hashes: list[Any] = some([hash_no(shard, i) for i in rows], 3, [BY_HASH])
    hashes[BY_COMPUTED] = None
    return pa.table(
        {
            "url": some([link(shard, i) for i in rows], 0, [BY_LINK, BY_COMPUTED]),
            "text": some([f"caption {i}" for i in rows], 1, [BY_COMPUTED]),
            "punsafe": pa.array(
                [0.9 if i == UNSAFE else [0.1, None, float("nan")][i % 3] for i in rows],
                pa.float32(),
            ),
            "hash": pa.array(hashes, pa.int64()),
            "md5": some([image(shard, i) for i in rows], 4, [BY_IMAGE]),
            "place": pa.array(rows, pa.int32()),
        }
    )


def link(shard: str, row: int) -> str:
    return f"https://{shard}.example/{row}.jpg"


def image(shard: str, row: int) -> str:
    return f"{int.from_bytes(f'{shard}{row}'.encode().rjust(16, b'.')[-16:], 'big'):032x}"


def hash_no(shard: str, row: int) -> int:
    return int.from_bytes(f"{shard}{row}".encode().rjust(7, b".")[-7:], "big")


def entries(shard: str) -> list[tuple[str, str]]:
    computed = row_hashes(
        pa.array([link(shard, BY_COMPUTED)]), pa.array([f"caption {BY_COMPUTED}"])
    )[0].as_py()
    return [
        ("url", link(shard, BY_LINK)),
        ("image_md5", image(shard, BY_IMAGE)),
        ("row_hash", str(hash_no(shard, BY_HASH))),
        ("row_hash", str(computed)),
    ]


def write(path: Path, case: Case, shard: str) -> None:
    lie, column, version, groups = case
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        table(shard), path, row_group_size=25, data_page_version=version, write_page_index=True,
        data_page_size=64, write_batch_size=8, use_dictionary=["text"],
        bloom_filter_options={name: True for name in NAMES if name != "place"},
    )  # fmt: skip
    before = str(values(path))
    LIES[lie](path, NAMES.index(column), groups)
    assert str(values(path)) == before


def values(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.ParquetFile(path).read().to_pylist()
    return rows


def cases(columns: Sequence[str], lies: Sequence[str]) -> list[Case]:
    return [
        (lie, column, version, groups)
        for lie in lies
        for column in columns
        for version, groups in (("1.0", None), ("2.0", (0, 2)))
    ]


FEW: list[Case] = [
    ("all_null", "url", "1.0", None), ("all_null", "md5", "2.0", (0, 2)),
    ("all_null", "hash", "1.0", (1,)), ("no_null", "hash", "2.0", None),
    ("narrow_bounds", "punsafe", "1.0", None), ("narrow_bounds", "url", "2.0", None),
]  # fmt: skip
ALL = cases(NAMES[:-1], list(LIES))


def run(folder: Path, some: Sequence[Case]) -> None:
    """Clean shards of every case; each loses exactly the rows that its values say."""
    names = [f"s{i:03}" for i in range(len(some))]
    for name, case in zip(names, some, strict=True):
        write(folder / "in/a" / f"{name}.parquet", case, name)
    listed = [entry for name in names for entry in entries(name)]
    add_lists(folder / "l.duckdb", [Sent(tuple(listed))])
    matched = relaion("match", "in", "--lists", "l.duckdb", "--json", cwd=folder)
    assert matched.returncode == 0, matched.stderr
    found: Counter[str] = Counter()
    for count in json.loads(matched.stdout)["hits"]["counts"]:
        found[count["kind"]] += count["gross"]
    n = len(names)
    assert found == {"url": n, "image_md5": n, "row_hash": 2 * n}
    done = relaion("clean", "in", "--lists", "l.duckdb", "--out", "out", "--json", cwd=folder)
    held = {o["promise"]: o["state"] for o in json.loads(done.stdout)["verdict"]["outcomes"]}
    assert {k: v for k, v in held.items() if k != "6"} == dict.fromkeys(held.keys() - {"6"}, "held")
    for edition, gone in (
        ("research", {BY_LINK, BY_IMAGE, BY_HASH, BY_COMPUTED}),
        ("research-safe", {BY_LINK, BY_IMAGE, BY_HASH, BY_COMPUTED, UNSAFE}),
    ):
        expected = [i for i in range(ROWS) if i not in gone]
        by_shard: dict[str, list[int]] = {}
        for path in sorted((folder / "out" / edition).rglob("*.parquet")):
            by_shard[path.stem] = pq.ParquetFile(path).read().column("place").to_pylist()
        assert {
            case: by_shard[name] for name, case in zip(names, some, strict=True)
        } == dict.fromkeys(some, expected)
    hidden = any(lie == "all_null" for lie, *_ in some)
    assert ("NULL throughout" in done.stderr + done.stdout) is hidden


def test_the_same_rows_leave_whatever_the_footer_says(tmp_path: Path) -> None:
    run(tmp_path, FEW)


@pytest.mark.slow
def test_the_same_rows_leave_by_every_lie_in_every_column(tmp_path: Path) -> None:
    run(tmp_path, ALL)
