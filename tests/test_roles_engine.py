"""Digests reach SQL as hex, and reach `verify` the same, however a shard writes them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import ShardSource, connect
from relaion.paths import ShardPath
from relaion.proof import rows
from relaion.shards.digests import WIDTHS, as_hex
from relaion.shards.layout import group_shards, read_shard
from tests.layout_cases import digest, write

KINDS = {"image_md5": "md5", "image_sha1": "sha1", "image_sha256": "sha256"}
WAYS = ["hex", "upper hex", "base64", "base64 bare", "base32", "base32 bare"]
GARBAGE: list[Any] = [None, "", "=", "no digest", "é" * 12, "A" * 23, "-_" * 10, "7" * 200]


def in_sql(path: Path, role: str, position: int, encoding: str | None) -> list[str | None]:
    with connect() as engine:
        engine.view_shards([ShardSource("s", 0, (path,), {role: (position, encoding)})])
        found = engine.rows(f"select lower({role}) from shard order by file_row_number")
    return [value for (value,) in found]


def in_verify(path: Path, encoding: str | None) -> list[str | None]:
    column = pq.read_table(path).column("digest").combine_chunks()
    return [None if v is None else str(v) for v in rows.as_hex(column, encoding).to_pylist()]


@pytest.mark.parametrize("stored", ["text", "bytes"])
@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("role", sorted(WIDTHS))
def test_every_writing_of_a_digest_is_read_alike(
    tmp_path: Path, role: str, how: str, stored: str
) -> None:
    values = [digest(KINDS[role], how, n) for n in range(30)] + GARBAGE
    if stored == "bytes":
        values = [v.encode() if isinstance(v, str) else v for v in values]
    path = write(tmp_path / "p.parquet", pa.table({"digest": values}))
    shard = read_shard(ShardPath(path, "s"), {role: "digest"}, needs_link=False)
    (group,) = group_shards([shard])
    encoding = group.layout.roles[role].encoding
    expected = [digest(KINDS[role], "hex", n) for n in range(30)]
    width = WIDTHS[role]
    assert [as_hex(v, width, str(encoding)) for v in values[:30]] == expected
    for found in (in_sql(path, role, 0, encoding), in_verify(path, encoding)):
        assert found[:30] == expected
        assert not [v for v in found[30:] if v is not None and len(v) == 2 * width]


@pytest.mark.parametrize("role", sorted(WIDTHS))
@pytest.mark.parametrize("fixed", [True, False])
def test_raw_bytes_are_read_alike(tmp_path: Path, role: str, fixed: bool) -> None:
    raw = [digest(KINDS[role], "raw", n) for n in range(5)]
    kind = pa.binary(WIDTHS[role]) if fixed else pa.binary()
    path = write(tmp_path / "p.parquet", pa.table({"digest": pa.array([*raw, None], kind)}))
    shard = read_shard(ShardPath(path, "s"), {role: "digest"}, needs_link=False)
    (group,) = group_shards([shard])
    assert group.layout.roles[role].encoding == "binary"
    expected = [*(digest(KINDS[role], "hex", n) for n in range(5)), None]
    assert in_sql(path, role, 0, "binary") == expected
    assert in_verify(path, "binary") == expected


def test_an_md5_kept_as_uuid_is_raw_bytes(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    with connect() as engine:
        engine.execute(f"copy (select md5('0')::uuid as digest) to '{path}' (format parquet)")
    shard = read_shard(ShardPath(path, "s"), {"image_md5": "digest"}, needs_link=False)
    (group,) = group_shards([shard])
    assert group.layout.roles["image_md5"].encoding == "binary"
    assert in_sql(path, "image_md5", 0, "binary") == [digest("md5", "hex", 0)]
    assert in_verify(path, "binary") == [digest("md5", "hex", 0)]
