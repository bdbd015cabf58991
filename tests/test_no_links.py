"""Shards without any link, links in bytes that nothing marks as text, and files that are none."""

import bz2
import gzip
import hashlib
import io
import itertools
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import mmh3
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest

from relaion.errors import DamagedError, InputError
from relaion.parquet.read_shard import read_shard
from relaion.paths import ShardPath, find_shards
from tests.pipeline import Sent, add_lists, here, rows_of

LINKS = [f"https://a.example/{i}.jpg" for i in range(4)]
CAPTIONS = [f"caption {i}" for i in range(4)]
MD5S = [hashlib.md5(b"%d" % i).hexdigest() for i in range(4)]
NONE = pa.nulls(4)


def put(folder: Path, name: str, **columns: Any) -> None:
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def cleaned(folder: Path, *more: str) -> None:
    """`clean`, and `verify`, which has to find nothing."""
    lists = ("--lists", folder / "lists.duckdb")
    done = here("clean", folder / "in", *lists, "--out", folder / "out", "--no-verify", *more)
    assert done.returncode == 0, done.stderr + done.stdout
    done = here("verify", folder / "out", *lists, "--inputs", folder / "in", *more)
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.parametrize("name", ["url", pytest.param("picture", marks=pytest.mark.slow)])
def test_a_shard_without_any_link_is_matched_by_what_else_it_has(name: str, tmp_path: Path) -> None:
    data = tmp_path / "in"
    put(data, "a", **{name: LINKS}, text=CAPTIONS, md5=MD5S)
    put(data, "empty", **{name: NONE[:0]}, text=NONE[:0], md5=NONE[:0])
    put(data, "links null", **{name: NONE}, text=CAPTIONS, md5=MD5S)
    put(data, "captions null", **{name: NONE}, text=NONE, md5=MD5S)
    put(data, "no captions", **{name: NONE}, md5=MD5S)
    if name == "url":
        put(data, "nan", url=pa.array([float("nan"), None, None, None]), text=CAPTIONS, md5=MD5S)
        put(data, "numbers", url=pa.array([], pa.int32()), md5=NONE[:0])
    with pq.ParquetWriter(data / "no groups.parquet", pa.schema([(name, pa.null())])):
        pass
    of_caption = mmh3.hash64(CAPTIONS[3].encode())[0]
    sent = Sent((("url", LINKS[1]), ("image_md5", MD5S[2]), ("row_hash", str(of_caption))))
    add_lists(tmp_path / "lists.duckdb", [sent])
    cleaned(tmp_path, *([] if name == "url" else ["--column", "url=picture"]))
    counts = {
        p.stem: pq.read_metadata(p).num_rows for p in (tmp_path / "out/research/in").iterdir()
    }
    assert counts == {
        "a": 2, "empty": 0, "links null": 2, "captions null": 3, "no captions": 3, "no groups": 0,
    } | ({"nan": 2, "numbers": 0} if name == "url" else {})  # fmt: skip


def test_a_link_column_of_another_type_that_has_values_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "p", url=pa.array([None, 7]), text=["a", "b"])
    with pytest.raises(InputError, match="url is int64, but links are text"):
        read_shard(ShardPath(tmp_path / "p.parquet", "s"))


def test_no_other_column_stands_in_for_the_named_one(tmp_path: Path) -> None:
    put(tmp_path, "p", page=NONE, url=LINKS)
    shard = read_shard(ShardPath(tmp_path / "p.parquet", "s"), {"url": "page"})
    assert "url" not in shard.layout.roles


BYTES = [b"https://a.example/1.jpg", "https://a.example/é.jpg".encode(),
         b"https://a.example/\xe9.jpg", None, b"HTTPS://A.example/1.jpg", b"\xff"]  # fmt: skip


@pytest.mark.slow
def test_links_and_captions_in_plain_bytes(tmp_path: Path) -> None:
    """A shard for each type, some of text and some of any bytes."""
    expected = {}
    for kind, last in itertools.product((pa.binary(), pa.large_binary(), pa.binary_view()), (4, 6)):
        links = [x for x in BYTES if last == 6 or x is None or (b"\xe9" not in x and x != b"\xff")]
        captions = [b"caf\xe9" if last == 6 else b"a harbour"] * len(links)
        put(tmp_path / "in", f"{kind} {last}", address=pa.array(links, kind),
            words=pa.array(captions, kind), punsafe=[0.99] * len(links))  # fmt: skip
        expected[f"{kind} {last}"] = [x for x in links if x not in (BYTES[0], BYTES[1], BYTES[4])]
    listed = hashlib.md5(BYTES[1] or b"").hexdigest()
    add_lists(tmp_path / "lists.duckdb", [Sent((("url", LINKS[1]), ("url_md5", listed)))])
    (tmp_path / "keywords.txt").write_text("café\nharbour\n")
    cleaned(tmp_path, "--column", "url=address", "--column", "text=words")
    out = (tmp_path / "out/research/in").iterdir()
    assert {p.stem: pq.read_table(p)["address"].to_pylist() for p in out} == expected


def test_plain_bytes_are_no_links_unless_the_user_says_so(tmp_path: Path) -> None:
    put(tmp_path, "p", url=pa.array([b"x"]))
    with pytest.raises(InputError, match=r"url is binary, but links are text .*--column url=NAME"):
        read_shard(ShardPath(tmp_path / "p.parquet", "s"))


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("p.parquet", data)
    return out.getvalue()


def in_tar(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("p.parquet")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def as_arrow(how: str) -> bytes:
    table, out = pa.table({"url": LINKS}), pa.BufferOutputStream()
    if how == "file":
        feather.write_feather(table, out)
    elif how == "orc":
        orc.write_table(table, out)
    else:
        with pa.ipc.new_stream(out, table.schema) as writer:
            writer.write_table(table)
    return bytes(out.getvalue())


def whole() -> bytes:
    out = pa.BufferOutputStream()
    pq.write_table(pa.table({"url": LINKS}), out)
    return bytes(out.getvalue())


PARQUET = whole()
IMPOSTERS = {
    "empty": (b"", "an empty file (0 bytes): get it again"),
    "git lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
                "a Git LFS pointer, not the file: run git lfs pull"),
    "git-annex": (b"/annex/objects/SHA256E-s1--0.parquet\n",
                  "a git-annex pointer, not the file: run git annex get"),
    "html": (b"\n<!DOCTYPE html><html>secret", "a web page"),
    "xml": (b"<?xml version='1.0'?><Error>secret", "XML"),
    "json": (b'{"error": "secret"}', "JSON"),
    "csv": ("url,caption\nsecret.example,кот\n".encode(), "text (CSV or TSV?)"),
    "cut letter": (b"x" * 511 + "é".encode(), "text (CSV or TSV?)"),
    "gzip": (gzip.compress(PARQUET), "a gzip file: unpack it first"),
    "zip": (zipped(PARQUET), "a zip archive: unpack it first"),
    "bzip2": (bz2.compress(PARQUET), "a bzip2 file: unpack it first"),
    "zstd": (pa.Codec("zstd").compress(PARQUET).to_pybytes(), "a zstd file: unpack it first"),
    "tar": (in_tar(PARQUET), "a tar archive: unpack it first"),
    "feather": (as_arrow("file"), "an Arrow (Feather) file: write it as parquet"),
    "arrow stream": (as_arrow("stream"), "an Arrow stream: write it as parquet"),
    "orc": (as_arrow("orc"), "an ORC file: write it as parquet"),
    "avro": (b"Obj\x01\x04\x14avro.codec", "an Avro file: write it as parquet"),
    "zeros": (b"\0" * 5000, "filled with zeros"),
    "noise": (b"\x80\x81\x82" * 400, "something unknown (it does not begin with PAR1)"),
    "cut off": (PARQUET[:-20], "is a parquet file that was cut off"),
    "begins late": (PARQUET[9:], "has lost its beginning; get it again"),
    "encrypted": (b"PARE" + PARQUET[4:-4] + b"PARE", "is an encrypted parquet file"),
}  # fmt: skip


@pytest.mark.parametrize("name", IMPOSTERS)
def test_a_file_that_is_no_parquet_says_what_it_is(name: str, tmp_path: Path) -> None:
    content, words = IMPOSTERS[name]
    path = tmp_path / "p.parquet"
    path.write_bytes(content)
    with pytest.raises(DamagedError) as caught:
        read_shard(ShardPath(path, "s"))
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert words in said
    assert "\n" not in said and "secret" not in said


def test_a_link_of_git_annex_without_content(tmp_path: Path) -> None:
    (tmp_path / "p.parquet").symlink_to(".git/annex/objects/x/y/SHA256E-s1--0")
    with pytest.raises(InputError, match="a file that is not there; run git annex get"):
        find_shards([tmp_path])


def test_a_shard_that_duckdb_cannot_open_for_another_column(tmp_path: Path) -> None:
    """A decimal without its scale: DuckDB refuses the whole file, pyarrow takes it for 0."""
    from tests.parquet_writers import edit_footer

    put(tmp_path / "in", "p", url=LINKS, n=pa.array([1, 2, 3, 4], pa.decimal128(9, 0)))

    def no_scale(fields: Any) -> None:
        element = fields[2][1][1][2]
        element.pop(7, None)
        element.pop(10, None)

    edit_footer(tmp_path / "in/p.parquet", no_scale)
    add_lists(tmp_path / "lists.duckdb", [Sent((("url", LINKS[1]),))])
    cleaned(tmp_path)
    assert [r["url"] for r in rows_of(tmp_path / "out", "research")] == [
        LINKS[i] for i in (0, 2, 3)
    ]
