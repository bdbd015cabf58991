"""Digests and row hashes in columns of odd types and dresses leave; what is refused is said."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.roles import IMAGE_KINDS
from relaion.verifier.rows import At, rows_of
from tests.layout_cases import write
from tests.pipeline import here

N = 12
LISTED = (3, 7)


def digest(i: int, kind: str = "md5") -> str:
    return hashlib.new(kind, str(i).encode()).hexdigest()


def table(**columns: Any) -> pa.Table:
    links = [f"https://pictures.example/{i}.jpg" for i in range(N)]
    return pa.table({"n": range(N), "url": links, **columns})


def add(folder: Path, entries: list[str], *kind: str) -> None:
    (folder / "list.txt").write_text("\n".join([*entries, ""]))
    added = here(
        "lists", "add", "list.txt", "--lists", "l.duckdb", "--source", "P", *kind, cwd=folder
    )
    assert added.returncode == 0, added.stderr


def clean(folder: Path, *shards: pa.Table) -> dict[str, Any]:
    for i, data in enumerate(shards):
        write(folder / f"data/{i}.parquet", data, row_group_size=5)
    done = here(
        "clean", "data", "--lists", "l.duckdb", "--out", "out", "--edition", "research",
        "--yes-i-checked", "--json", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert {o["state"] for o in result["verdict"]["outcomes"]} == {"held"}, result["verdict"]
    return result


def kept(folder: Path) -> list[list[int]]:
    """The rows that stay, shard by shard."""
    paths = sorted((folder / "out/research").rglob("*.parquet"))
    return [pq.read_table(p).column("n").to_pylist() for p in paths]


REST = [i for i in range(N) if i not in LISTED]
DRESSES = ["md5-{}", "X'{}'", 'b"{}"', "ab/{}.jpg", "md5_{}", "{}"]


WRITTEN = [
    ("md5", pa.array([DRESSES[i % 6].format(digest(i)) for i in range(N)])),
    ("md5", pa.array([digest(i).encode() for i in range(N)], pa.binary(32))),
    ("MD5", pa.array([digest(i).encode() + bytes(8) for i in range(N)], pa.binary(40))),
    ("md5", pa.array([str(bytes.fromhex(digest(i))) for i in range(N)])),
    ("hash", pa.array([digest(i).upper().encode() for i in range(N)], pa.binary(32))),
]


def test_rows_with_listed_digests_leave(tmp_path: Path) -> None:
    add(tmp_path, [digest(i) for i in LISTED])
    # without the links, by which rows of one shard would leave for a digest in another
    shards = [table(**{name: values}).drop_columns(["url"]) for name, values in WRITTEN]
    links = (
        pa.array([f"https://s{no}.example/{i}" for i in range(N)]) for no in range(len(shards))
    )
    result = clean(
        tmp_path, *(t.append_column("url", x) for t, x in zip(shards, links, strict=True))
    )
    assert kept(tmp_path) == [REST] * len(WRITTEN)
    assert not [o for o in result["verdict"]["outcomes"] if o["why"]]


@pytest.mark.slow
def test_rows_with_listed_row_hashes_leave_where_they_have_no_sign(tmp_path: Path) -> None:
    hashes = [(1 << 63) + i for i in range(N)]
    data = table(hash=pa.array(hashes, pa.uint64()))
    add(tmp_path, [str(hashes[i] - (1 << 64)) for i in LISTED], "--kind", "row_hash")
    clean(tmp_path, data)
    assert kept(tmp_path) == [REST]


@pytest.mark.slow
def test_a_refused_column_is_never_called_missing(tmp_path: Path) -> None:
    data = table(md5=pa.array([[digest(i)] for i in range(N)]))
    add(tmp_path, [digest(i) for i in LISTED])
    result = clean(tmp_path, data)
    (said,) = [n for n in result["notices"] if "could not be matched" in n]
    assert said.startswith(f"{len(LISTED)} image MD5 entries could not be matched: ")
    assert "column md5 was refused: holds what is as long as MD5 (md5[]) inside" in said
    assert "no shard has such a column" not in " ".join(result["notices"])


FRAMES = ['"{}"', "'{}'", "<{}>", '"{}",', "\u201c{}\u201d", "{}"]


@pytest.mark.slow
def test_rows_whose_links_kept_their_quotes_leave(tmp_path: Path) -> None:
    """A shard and a list for each kind of list."""
    shards = []
    for kind in ("url", "url_md5", "host"):
        hosts = [f"{kind.replace('_', '-')}-{i}.example" for i in range(N)]
        plain = [f"https://{host}/{i}.jpg" for i, host in enumerate(hosts)]
        links = [FRAMES[i % 6].format(link) for i, link in enumerate(plain)]
        shards.append(pa.table({"n": range(N), "url": links}))
        entries = {
            "url": plain,
            "url_md5": [hashlib.md5(link.encode()).hexdigest() for link in plain],
            "host": hosts,
        }[kind]
        add(tmp_path, [entries[i] for i in LISTED], *([] if kind == "url" else ["--kind", kind]))
    clean(tmp_path, *shards)
    assert kept(tmp_path) == [REST] * 3


def test_the_check_counts_bytes_that_are_no_utf_8_as_values() -> None:
    """Of a digest column of text: blanks are none, all else that is no digest is."""
    raw = [b"\xe9" * 5, b"", b"  ", None, b"0" * 32, b" \xff "]
    column = pa.array(raw, pa.large_binary())
    for role in IMAGE_KINDS:
        batch = pa.record_batch([column], ["digest"])
        rows = rows_of(batch, pa.schema([("digest", pa.string())]), {role: (At(0, "string"),)})
        assert rows.unread[role, 0] == (2 if role == "image_md5" else 3)
