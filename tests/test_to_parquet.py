"""CSV, TSV and JSON lines: the refusal shows a command that makes parquet, which works as given."""

import gzip
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.drawn import quickly
from tests.pipeline import here

MD5 = "00000000000000000000000000000012"
CSV = (
    "url,caption,punsafe,hash,md5\n"
    f'https://a.example/1.jpg,"one, and ""two""",0.5,12345678901234567,{MD5}\n'
    f"https://a.example/2.jpg,,0.25,-5,{MD5[:-2]}ab\n"
)
TSV = 'https://a.example/1.jpg\t5" screen\nhttps://a.example/2.jpg\t"so" he said\n'
JSON = (
    f'{{"url": "https://a.example/1.jpg", "caption": "one", "md5": "{MD5}", "hash": 7}}\n'
    '{"url": "https://a.example/2.jpg", "caption": null, "hash": -7}\n'
)
LINKS = ["https://a.example/1.jpg", "https://a.example/2.jpg"]


def plain(text: str) -> bytes:
    return text.encode()


def gzipped(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def zstd(text: str) -> bytes:
    return bytes(pa.Codec("zstd").compress(text.encode(), asbytes=True))


FILES = [
    ("a.csv", CSV, plain, ["url", "caption", "punsafe", "hash", "md5"]),
    ("a.csv.gz", CSV, gzipped, ["url", "caption", "punsafe", "hash", "md5"]),
    ("a.csv.zst", CSV, zstd, ["url", "caption", "punsafe", "hash", "md5"]),
    ("a.tsv", TSV, plain, ["url", "text"]),
    ("a.tsv.gz", TSV, gzipped, ["url", "text"]),
    ("a.tab", "url\ttext\n" + TSV, plain, ["url", "text"]),
    ("a.jsonl", JSON, plain, ["url", "caption", "md5", "hash"]),
    ("a.jsonl.gz", JSON, gzipped, ["url", "caption", "md5", "hash"]),
    ("a.jsonl.zst", JSON, zstd, ["url", "caption", "md5", "hash"]),
    ("a.json", f"[{JSON.replace(chr(10), ',', 1).strip()}]", plain, None),
    ("it's [1] of $5.csv", CSV, plain, ["url", "caption", "punsafe", "hash", "md5"]),
    ("part-0.parquet", CSV, plain, ["url", "caption", "punsafe", "hash", "md5"]),
    ("no ending", TSV, plain, ["url", "text"]),
]


@pytest.mark.parametrize(
    ("command", "name", "text", "pack", "columns"),
    # the words are the same for each command
    quickly(2, [(c, *f) for c in ("inspect", "match", "clean") for f in FILES
     if c == "inspect" or f[0] in ("a.csv", "a.jsonl.zst")]),
)  # fmt: skip
def test_the_command_in_the_refusal_works_as_given(
    tmp_path: Path, command: str, name: str, text: str, pack: Callable[[str], bytes],
    columns: list[str] | None,
) -> None:  # fmt: skip
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_bytes(pack(text))
    (tmp_path / "l.txt").write_text("https://a.example/9.jpg\n")
    here("lists", "add", "l.txt", "--lists", "l.duckdb", "--source", "X", cwd=tmp_path)
    more = {"match": ["--lists", "l.duckdb"], "clean": ["--lists", "l.duckdb", "--out", "o"]}
    done = here(command, f"data/{name}", *more.get(command, []), cwd=tmp_path)
    assert done.returncode == 2
    found = re.search(r"to make one of it: (.*)\n", done.stderr)
    assert found, done.stderr
    subprocess.run(found[1], shell=True, check=True, cwd=tmp_path)
    assert (tmp_path / "data" / name).read_bytes() == pack(text)  # nothing takes its place
    (made,) = {*(tmp_path / "data").glob("*.parquet")} - {tmp_path / "data" / name}
    table = pq.read_table(made)
    assert table["url"].to_pylist() == LINKS
    if columns is not None:
        assert table.column_names == columns
    if "md5" in table.column_names:
        assert table["md5"][0].as_py() == MD5  # no digit is lost
    if name.startswith("a.tsv"):
        assert table["text"].to_pylist() == ['5" screen', '"so" he said']
    assert "can be matched by" in here("inspect", made, cwd=tmp_path).stdout


def test_a_folder_of_them_shows_one_for_an_example(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name in ("a.csv", "b.csv", "c.tar", ".hidden.csv"):
        (tmp_path / "data" / name).write_text(CSV)
    done = here("inspect", "data", cwd=tmp_path)
    assert done.returncode == 2
    assert "relaion apply" in done.stderr
    found = re.search(r"such as: (.*)\)\. To clean", done.stderr)
    assert found, done.stderr
    subprocess.run(found[1], shell=True, check=True, cwd=tmp_path)
    assert pq.read_table(tmp_path / "data/a.parquet").num_rows == 2


def test_it_is_the_first_thing_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    for args in (
        ("clean", "a.csv", "--lists", "nowhere.duckdb", "--out", "out"),
        ("clean", "a.csv", "--lists", "a.csv", "--out", "."),
        ("sql", "a.csv", "-c", "from shard"),
    ):
        done = here(*args, cwd=tmp_path)
        assert (done.returncode, "to make one of it: " in done.stderr) == (2, True), done.stderr


def test_no_file_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    for name in ("a.parquet", "a.csv.parquet"):
        assert name in here("inspect", "a.csv", cwd=tmp_path).stderr
        (tmp_path / name).write_text("")
    assert "write it as parquet first" in here("inspect", "a.csv", cwd=tmp_path).stderr


def test_what_cannot_be_typed_gets_words_alone(tmp_path: Path) -> None:
    (tmp_path / "a  b.csv").write_text(CSV)
    (tmp_path / "c\td.csv").write_text(CSV)
    for name in ("a  b.csv", "c\td.csv"):
        said = here("inspect", name, cwd=tmp_path).stderr
        assert "write it as parquet first" in said
        assert "duckdb" not in said
