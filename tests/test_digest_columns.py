"""Digests and row hashes in columns of odd types and dresses leave; what is refused is said."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.layout_cases import write
from tests.pipeline import here

N = 12
LISTED = (3, 7)


def digest(i: int, kind: str = "md5") -> str:
    return hashlib.new(kind, str(i).encode()).hexdigest()


def table(**columns: Any) -> pa.Table:
    links = [f"https://pictures.example/{i}.jpg" for i in range(N)]
    return pa.table({"n": range(N), "url": links, **columns})


def clean(folder: Path, data: pa.Table, entries: list[str], *kind: str) -> dict[str, Any]:
    write(folder / "data/a.parquet", data, row_group_size=5)
    (folder / "list.txt").write_text("\n".join([*entries, ""]))
    added = here(
        "lists", "add", "list.txt", "--lists", "l.duckdb", "--source", "P", *kind, cwd=folder
    )
    assert added.returncode == 0, added.stderr
    done = here(
        "clean", "data", "--lists", "l.duckdb", "--out", "out", "--edition", "research",
        "--yes-i-checked", "--json", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert {o["state"] for o in result["verdict"]["outcomes"]} == {"held"}, result["verdict"]
    return result


def kept(folder: Path) -> list[int]:
    paths = (folder / "out/research").rglob("*.parquet")
    return sorted(n for p in paths for n in pq.read_table(p).column("n").to_pylist())


REST = [i for i in range(N) if i not in LISTED]
DRESSES = ["md5-{}", "X'{}'", 'b"{}"', "ab/{}.jpg", "md5_{}", "{}"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("md5", pa.array([DRESSES[i % 6].format(digest(i)) for i in range(N)])),
        ("md5", pa.array([digest(i).encode() for i in range(N)], pa.binary(32))),
        ("MD5", pa.array([digest(i).encode() + bytes(8) for i in range(N)], pa.binary(40))),
        ("md5", pa.array([str(bytes.fromhex(digest(i))) for i in range(N)])),
        ("hash", pa.array([digest(i).upper().encode() for i in range(N)], pa.binary(32))),
    ],
)
def test_rows_with_listed_digests_leave(tmp_path: Path, name: str, values: pa.Array) -> None:
    result = clean(tmp_path, table(**{name: values}), [digest(i) for i in LISTED])
    assert kept(tmp_path) == REST
    assert not [o for o in result["verdict"]["outcomes"] if o["why"]]


def test_rows_with_listed_row_hashes_leave_where_they_have_no_sign(tmp_path: Path) -> None:
    hashes = [(1 << 63) + i for i in range(N)]
    data = table(hash=pa.array(hashes, pa.uint64()))
    clean(tmp_path, data, [str(hashes[i] - (1 << 64)) for i in LISTED], "--kind", "row_hash")
    assert kept(tmp_path) == REST


def test_a_refused_column_is_never_called_missing(tmp_path: Path) -> None:
    data = table(md5=pa.array([[digest(i)] for i in range(N)]))
    result = clean(tmp_path, data, [digest(i) for i in LISTED])
    (said,) = [n for n in result["notices"] if "could not be matched" in n]
    assert "column md5 was refused: list<string>, but image MD5s are text or bytes" in said
    assert "no shard has such a column" not in " ".join(result["notices"])


FRAMES = ['"{}"', "'{}'", "<{}>", '"{}",', "\u201c{}\u201d", "{}"]


@pytest.mark.parametrize("kind", ["url", "url_md5", "host"])
def test_rows_whose_links_kept_their_quotes_leave(tmp_path: Path, kind: str) -> None:
    plain = [f"https://host{i}.example/{i}.jpg" for i in range(N)]
    links = [FRAMES[i % 6].format(link) for i, link in enumerate(plain)]
    data = pa.table({"n": range(N), "url": links})
    entries = {
        "url": [plain[i] for i in LISTED],
        "url_md5": [hashlib.md5(plain[i].encode()).hexdigest() for i in LISTED],
        "host": [f"host{i}.example" for i in LISTED],
    }
    clean(tmp_path, data, entries[kind], *([] if kind == "url" else ["--kind", kind]))
    assert kept(tmp_path) == REST
