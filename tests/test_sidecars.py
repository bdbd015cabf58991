"""Sidecars: what is found, how TSVs are read, which roles and keys, one-line refusals."""

import csv
import gzip
import io
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.engine import ShardSource, connect
from relaion.errors import InputError
from relaion.parquet.mended import marked, unmarked
from relaion.sidecars import Sidecar
from relaion.sidecars.read import read_sidecars
from relaion.sqlset import VERSION
from relaion.verifier.rows import At, Source
from tests.layout_cases import digest, write
from tests.pipeline import Sent, add_lists, here, rows_of, write_shard
from tests.test_paths_find import ODD_NAMES

LINKS = [f"https://host{n}.example/{n}.jpg" for n in range(4)]


def md5(number: int, how: str = "hex") -> str:
    return str(digest("md5", how, number))


def sha256(number: int) -> str:
    return str(digest("sha256", "hex", number))


def cc12m(rows: int = 4) -> bytes:
    """As Carlini's list has it: link, SHA-256, MD5, no header."""
    lines = (f"https://host{n}.example/{n}.jpg\t{sha256(n)}\t{md5(n)}\n" for n in range(rows))
    return "".join(lines).encode()


def one(path: Path, content: bytes | None = None, **options: Any) -> tuple[Sidecar, list[str]]:
    """The sidecar at a path, and what was told about it."""
    if content is not None:
        path.write_bytes(content)
    told: list[str] = []
    (found,) = read_sidecars([path], path.parent / "work", notices=told, **options)
    assert not any("example/" in line or md5(0) in line for line in told)
    return found, told


def held(sidecar: Sidecar) -> dict[str, list[Any]]:
    """Role to values, read at the positions that the layout gives."""
    table = pq.read_table(sidecar.readable)
    return {
        role: table.column(column.position).to_pylist()
        for role, column in sidecar.layout.roles.items()
    }


def refused(path: Path, content: bytes | None = None, **options: Any) -> str:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_sidecars([path], path.parent / "work", **options)
    text = str(caught.value)
    assert text.startswith(str(path)), text
    assert "\n" not in text
    assert "https://" not in text
    assert md5(0) not in text
    return text.removeprefix(f"{path}: ")


def test_cc12m_needs_no_header(tmp_path: Path) -> None:
    found, told = one(tmp_path / "cc12m.tsv", cc12m())
    assert (found.keys, found.rows, found.name, told) == (("url",), 4, "cc12m.tsv", [])
    assert found.bytes == len(cc12m())
    assert held(found) == {
        "url": LINKS,
        "image_sha256": [sha256(n) for n in range(4)],
        "image_md5": [md5(n) for n in range(4)],
    }
    assert [c.encoding for c in found.layout.columns] == [None, "hex", "hex"]


def test_a_private_copy_is_private_and_lies_below_work(tmp_path: Path) -> None:
    found, _ = one(tmp_path / "cc12m.tsv", cc12m())
    assert found.readable.parent == tmp_path / "work"
    assert stat.S_IMODE(found.readable.stat().st_mode) == 0o600
    assert stat.S_IMODE(found.readable.parent.stat().st_mode) == 0o700
    assert list(found.readable.parent.iterdir()) == [found.readable]


@pytest.mark.parametrize("order", ["url md5", "md5 url", "caption md5 url sha1"])
def test_any_order_is_told_from_values(tmp_path: Path, order: str) -> None:
    cells = {
        "url": LINKS,
        "md5": [md5(n, "base64") for n in range(4)],
        "sha1": [str(digest("sha1", "hex", n)) for n in range(4)],
        "caption": ["a cat", "32", '"quoted', "ca fé"],
    }
    lines = ["\t".join(cells[name][n] for name in order.split()) for n in range(4)]
    found, _ = one(tmp_path / "s.tsv", "\n".join(lines).encode())
    values = held(found)
    assert values["url"] == LINKS
    assert values["image_md5"] == cells["md5"]
    assert found.layout.roles["image_md5"].encoding == "base64"
    assert values.get("image_sha1", cells["sha1"]) == cells["sha1"]
    assert set(values) <= {"url", "image_md5", "image_sha1"}


@pytest.mark.parametrize("gap", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_header_names_the_columns(tmp_path: Path, gap: bytes, mark: bytes, packed: bool) -> None:
    text = f"caption\tHash\tMD5\nx\t-5\t{md5(0)}\ny\t+7\t{md5(1)}\n\n".encode()
    text = mark + text.replace(b"\n", gap)
    name = "s.tsv.gz" if packed else "s.tsv"
    found, told = one(tmp_path / name, gzip.compress(text) if packed else text)
    assert (found.keys, found.rows, told) == (("row_hash",), 2, [])
    assert held(found) == {"row_hash": [-5, 7], "image_md5": [md5(0), md5(1)]}
    assert [c.name for c in found.layout.columns] == ["Hash", "MD5"]


def quoted(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter="\t", quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("key", ["url", "hash"])
def test_fields_in_quotes_are_what_is_between_them(tmp_path: Path, key: str, header: bool) -> None:
    hashes = [6170073934346815248, -3604776403351267688, 4109891751969920278, -1 << 50]
    keys = LINKS if key == "url" else [str(h) for h in hashes]
    notes = ['a "cat"', "two\tfields", "two\nlines", ""]
    rows = [[keys[n], notes[n], md5(n)] for n in range(4)]
    found, told = one(tmp_path / "s.tsv", quoted([[key, "note", "md5"]] * header + rows))
    role = "url" if key == "url" else "row_hash"
    assert held(found)["image_md5"] == [md5(n) for n in range(4)]
    assert held(found)[role] == (LINKS if key == "url" else hashes)
    assert not any("left out" in line for line in told)


def test_stray_quotes_stand_for_themselves(tmp_path: Path) -> None:
    captions = ['"a', 'b"', '"', '"a" b', '""', 'c"\t"d', '"', "x"]
    rows = [f"{LINKS[n % 4]}\t{c}\t{md5(n)}" for n, c in enumerate(captions)]
    found, told = one(tmp_path / "s.tsv", "\n".join(["url\tnote\tmd5", *rows]).encode())
    assert held(found)["image_md5"] == [md5(n) for n in range(8)]
    assert not any("left out" in line for line in told)


def test_names_of_files_are_no_digests_without_a_header(tmp_path: Path) -> None:
    rows = [f"{LINKS[n]}\tab/{md5(n)}.jpg\t{md5(n)}" for n in range(4)]
    found, _ = one(tmp_path / "s.tsv", "\n".join(rows).encode())
    assert held(found) == {"url": LINKS, "image_md5": [md5(n) for n in range(4)]}


def test_row_hashes_need_no_header(tmp_path: Path) -> None:
    hashes = [6170073934346815248, -3604776403351267688, 4109891751969920278]
    lines = "".join(f"{h}\t{md5(n)}\n" for n, h in enumerate(hashes))
    found, _ = one(tmp_path / "s.tsv", lines.encode())
    assert (found.keys, held(found)["row_hash"]) == (("row_hash",), hashes)


def test_small_numbers_are_no_row_hashes(tmp_path: Path) -> None:
    lines = "".join(f"{n}\t{md5(n)}\n" for n in range(4))
    assert "no link and no row hash" in refused(tmp_path / "s.tsv", lines.encode())


def test_the_user_names_columns(tmp_path: Path) -> None:
    text = f"where\tdigest\n{LINKS[0]}\t{md5(0)}\n".encode()
    assert "no image hash column" in refused(tmp_path / "s.tsv", text)
    said = {"url": "where", "image_md5": "digest", "text": "in the shards only"}
    found, _ = one(tmp_path / "s.tsv", columns=said)
    assert held(found) == {"url": LINKS[:1], "image_md5": [md5(0)]}
    table = pa.table({"where": LINKS, "digest": [md5(n) for n in range(4)]})
    found, _ = one(write(tmp_path / "s.parquet", table), columns=said)
    assert set(held(found)) == {"url", "image_md5"}


def test_a_first_line_that_is_no_header_is_never_shown(tmp_path: Path) -> None:
    text = f"secret.example/1.jpg\t{md5(0)[:30]}\nsecret.example/2.jpg\t{md5(1)[:30]}\n"
    said = refused(tmp_path / "s.tsv", text.encode())
    assert said.startswith("no image hash column; it has column 1, column 2; ")
    text = f"url\tsecret.example/\t{'x' * 29}\n"
    said = refused(tmp_path / "s.tsv", text.encode())
    assert said.startswith("no image hash column; it has url, column 2, column 3; ")


def test_empty_fields_and_backslash_n_are_null(tmp_path: Path) -> None:
    text = f"url\tmd5\n\t{md5(0)}\n\\N\t\\N\n{LINKS[1]}\t\n\\n\t{md5(1)}\n".encode()
    found, _ = one(tmp_path / "s.tsv", text)
    assert held(found) == {
        "url": [None, None, LINKS[1], "\\n"],
        "image_md5": [md5(0), None, None, md5(1)],
    }


def test_quotes_and_returns_are_ordinary_characters(tmp_path: Path) -> None:
    links = ['"https://one.example/"a', "https://two.example/'\r'", 'x"']
    text = "url\tmd5\n" + "".join(f"{link}\t{md5(n)}\n" for n, link in enumerate(links))
    found, told = one(tmp_path / "s.tsv", text.encode())
    assert (held(found)["url"], told) == (links, [])


def test_bytes_that_are_no_utf8_survive(tmp_path: Path) -> None:
    links = [
        b"http://one.example/\xe9",
        b"http://two.example/",
        "\U0010ffffa".encode(),
        b"\xff\xfe",
    ]
    lines = [link + b"\t" + md5(n).encode() for n, link in enumerate(links)]
    lines.append(b"http://three.example/\t\xff" + md5(0).encode())
    found, _ = one(tmp_path / "s.tsv", b"url\tmd5\n" + b"\n".join(lines))
    values = held(found)
    exact = [unmarked(link) for link in values["url"]]
    assert [x if isinstance(x, bytes) else x.encode() for x in exact[:4]] == links
    assert values["url"][0] == "\U0010ffffhttp://one.example/é"
    assert values["image_md5"] == [md5(0), md5(1), md5(2), md5(3), "\ufffd" + md5(0)]


def test_rows_of_another_length_are_told_where_they_can_be(tmp_path: Path) -> None:
    whole = [sha256(0), md5(0)]
    lines = [
        ["cap", LINKS[0], *whole],
        ["cap", LINKS[1], *whole, ""],  # a tab at the end
        ["cap", LINKS[2], sha256(1)],  # none, where the MD5 is empty
        ["a tab", "in it", LINKS[3], *whole],
        ["cap", "https://tab.example/", "in it", *whole],
        ["cap", LINKS[0], *whole, "a note"],
        ["cap", *whole],  # no link: lost
        [LINKS[0]],  # no digest: lost
        ["cap", LINKS[1], "no digest"],
    ]
    text = "\n".join("\t".join(line) for line in [["TEXT", "URL", "SHA256", "MD5"], *lines])
    found, told = one(tmp_path / "s.tsv", text.encode())
    values = held(found)
    assert values["url"] == [*LINKS, "https://tab.example/\tin it", LINKS[0]]
    assert values["image_sha256"] == [sha256(0), sha256(0), sha256(1), *[sha256(0)] * 3]
    assert values["image_md5"] == [md5(0), md5(0), None, *[md5(0)] * 3]
    (line,) = told
    assert line == (
        "s.tsv: 8 rows have another number of fields; 3 of them could not be told and are left out"
    )


def test_numbers_that_are_no_row_hash_are_counted(tmp_path: Path) -> None:
    rows = [f"{n + 2**50}\t{md5(n)}" for n in range(30_000)]  # more than the sample
    rows += [f"1e18\t{md5(0)}", f"{2**63}\t{md5(0)}", f"\t{md5(0)}"]
    found, told = one(tmp_path / "s.tsv", "\n".join(["hash\tmd5", *rows]).encode())
    assert held(found)["row_hash"][-4:] == [2**50 + 29_999, None, None, None]
    assert told == ["s.tsv: 2 values in the column of row hashes are none"]


@pytest.mark.slow
def test_a_file_of_many_blocks_keeps_every_row_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relaion.sidecars.tsv._BLOCK", 1 << 18)
    found, _ = one(tmp_path / "s.tsv", cc12m(20_000).removesuffix(b"\n"))  # no last LF
    values = held(found)
    assert found.rows == len(values["url"]) == 20_000
    same = values == {
        "url": [f"https://host{n}.example/{n}.jpg" for n in range(20_000)],
        "image_sha256": [sha256(n) for n in range(20_000)],
        "image_md5": [md5(n) for n in range(20_000)],
    }
    assert same  # not compared here: the difference of two long texts takes minutes


def test_img2dataset_folders_are_read_with_what_lies_beside(tmp_path: Path) -> None:
    folder = tmp_path / "download"
    for number in ("00001", "00000"):
        table = pa.table(
            {
                "url": LINKS,
                "status": ["success", "failed_to_download"] * 2,
                "md5": [md5(0), None, md5(2), None],
            }
        )
        write(folder / f"{number}.parquet", table, row_group_size=2)
        (folder / f"{number}.tar").write_bytes(b"images")
        (folder / f"{number}_stats.json").write_text("{}")
    told: list[str] = []
    found = read_sidecars([folder], tmp_path / "work", notices=told)
    assert [s.name for s in found] == ["00000.parquet", "00001.parquet"]
    assert [s.readable for s in found] == [s.path for s in found]
    assert {s.keys for s in found} == {("url",)}
    assert held(found[0])["image_md5"] == [md5(0), None, md5(2), None]
    assert len(told) == 1
    assert told[0].startswith("4 paths (00000.tar, 00000_stats.json, 00001.tar, …): not read")
    assert not (tmp_path / "work").exists()  # nothing had to be made


def test_globs_and_twins_in_folders_of_one_name(tmp_path: Path) -> None:
    for folder in ("a/md5", "b/md5"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "p.tsv").write_bytes(cc12m())
    found = read_sidecars([tmp_path / "*" / "md5" / "*.tsv"], tmp_path / "work")
    assert [s.path for s in found] == [tmp_path / f / "md5" / "p.tsv" for f in "ab"]
    assert len({s.readable for s in found}) == 2


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_file_name_is_read(tmp_path: Path, name: str) -> None:
    table = pa.table({"url": LINKS, "md5": [md5(n) for n in range(4)]})
    path = write(tmp_path / name, table)
    (found,) = read_sidecars([path], tmp_path / "work")
    assert (found.path, found.name) == (path, name)
    tsv = path.with_suffix(".tsv")
    path.rename(tsv)
    tsv.write_bytes(cc12m() + b"lost\n")
    told: list[str] = []
    (found,) = read_sidecars([tmp_path], tmp_path / "work", notices=told)
    assert (found.path, found.rows) == (tsv, 4)
    assert "\n" not in "".join(told)
    assert "".join(told).encode()


def test_laion_md5_tables_join_by_row_hash(tmp_path: Path) -> None:
    table = pa.table({"hash": pa.array([5, -6], pa.int64()), "md5": [md5(0, "base32"), None]})
    found, _ = one(write(tmp_path / "p.parquet", table))
    assert (found.keys, found.layout.roles["image_md5"].encoding) == (("row_hash",), "base32")


def test_a_link_and_a_row_hash_both_join(tmp_path: Path) -> None:
    table = pa.table({"hash": pa.array([5], pa.int64()), "md5": [md5(0)], "url": LINKS[:1]})
    found, _ = one(write(tmp_path / "p.parquet", table))
    assert found.keys == ("url", "row_hash")


@pytest.mark.slow
@pytest.mark.parametrize("how", [pytest.param("parquet", marks=pytest.mark.slow), "tsv"])
def test_a_sidecar_row_without_its_link_still_names_by_row_hash(tmp_path: Path, how: str) -> None:
    """Its link may be missing, no link at all, or that of a mirror; each row has a row hash."""
    beside = [None, "", "None", "s3://mirror/3.jpg", LINKS[0], None]
    hashes = [2**50 + n for n in range(6)]
    rows = [{"url": f"https://shard.example/{n}.jpg", "row_hash": h} for n, h in enumerate(hashes)]
    write_shard(tmp_path / "data" / "a.parquet", rows)
    add_lists(tmp_path / "lists.duckdb", [Sent(tuple(("image_md5", md5(n)) for n in range(5)))])
    name = tmp_path / f"s.{how}"
    digests = [md5(n) for n in range(6)]
    if how == "parquet":
        write(name, pa.table({"url": beside, "hash": hashes, "md5": digests}))
    else:
        lines = zip(beside, hashes, digests, strict=True)
        text = "".join(f"{u or ''}\t{h}\t{d}\n" for u, h, d in lines)
        name.write_text("url\thash\tmd5\n" + text)
    done = here("clean", "data", "--lists", "lists.duckdb", "--sidecar", name.name,
                "--out", "out", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [row["WIDTH"] for row in rows_of(tmp_path / "out", "research")] == [5]


def test_a_named_file_is_read_by_what_it_is(tmp_path: Path) -> None:
    table = pa.table({"url": LINKS, "md5": [md5(n) for n in range(4)]})
    found, _ = one(write(tmp_path / "hashes", table))
    assert found.readable == tmp_path / "hashes"
    found, _ = one(tmp_path / "hashes.txt", gzip.compress(cc12m()))
    assert found.rows == 4


def test_a_header_alone_holds_no_row(tmp_path: Path) -> None:
    found, _ = one(tmp_path / "s.tsv", b"url\tmd5\n")
    assert (found.rows, held(found)) == (0, {"url": [], "image_md5": []})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no tab in its first line"),
        (b"url,md5\n", "has no tab in its first line"),
        (b"\xff\xfeu\0r\0l\0", "is UTF-16 text; save it as UTF-8"),
        (b"a\0b\tc\n", "is neither a parquet file nor a TSV"),
        (b"url\tmd5\rx\ty\r", "ends its lines in an old way"),
        (gzip.compress(cc12m(), mtime=0)[:-30], "is cut off; get the file again"),
        (gzip.compress(cc12m(), mtime=0)[:20] + b"\xff" * 60, "is damaged (gzip)"),
        (b"url\tcaption\nx\ty\n", "no image hash column; it has url, caption; name one with"),
        (b"hash\tpunsafe\n5\t0.5\n", "no image hash column"),
        (f"{LINKS[0]}\t{LINKS[1]}\t{md5(0)}\n".encode(), "has no header, and two of its columns"),
    ],
)
def test_refusals(tmp_path: Path, content: bytes, said: str) -> None:
    assert refused(tmp_path / "s.tsv", content).startswith(said)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"hash": pa.int64(), "prediction": pa.float32()}, "a table of scores only (hash, pred"),
        ({"hash": pa.int64(), "pwatermark": pa.float32()}, "a table of scores only (hash, pwat"),
        ({"url": pa.string(), "md5": pa.int32()}, "no image hash column (md5: int32, but"),
        ({"hash": pa.float64(), "md5": pa.string()}, "no link and no row hash to join it by (h"),
        ({"md5": pa.string()}, "no link and no row hash to join it by; it has md5"),
    ],
)
def test_tables_that_are_no_sidecar(
    tmp_path: Path, columns: dict[str, pa.DataType], said: str
) -> None:
    table = pa.table({name: pa.array([None], kind) for name, kind in columns.items()})
    assert refused(write(tmp_path / "p.parquet", table)).startswith(said)


def test_row_hashes_that_are_text_are_to_be_whole_numbers(tmp_path: Path) -> None:
    table = pa.table({"row_hash": ["1"], "md5": [md5(0)]})
    assert refused(write(tmp_path / "p.parquet", table)).endswith("with its row hashes as int64")


FIELD = (
    st.binary(max_size=12)
    .map(lambda b: b.translate(None, b"\t\n\r"))
    .filter(lambda b: not (len(b) > 1 and b[:1] == b[-1:] == b'"'))  # what is between is the field
)


@given(st.lists(st.tuples(FIELD, FIELD), max_size=8))
def test_every_field_of_a_table_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[bytes, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("fields")
    lines = [b"url\tcaption\tmd5", *(b"\t".join([u, c, md5(0).encode()]) for u, c in rows)]
    found, told = one(folder / "s.tsv", b"\n".join(lines).replace(b"\0", b"0"))
    links = [None if u in (b"", b"\\N") else u.replace(b"\0", b"0") for u, _ in rows]
    assert held(found) == {
        "url": [None if u is None else marked(u) for u in links],
        "image_md5": [md5(0)] * len(rows),
    }
    assert told == []


PIECES = st.sampled_from(
    [b"\t", b"\t", b"\n", b"\r\n", b"url", b"md5", b"hash", b"https://a.example/", b"\xff", b"7",
     md5(0).encode(), sha256(0).encode(), b"6170073934346815248", b"\\N", b'"', b"\xef\xbb\xbf"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map(b"".join), st.booleans())
def test_anything_at_all_is_a_sidecar_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, packed: bool
) -> None:
    path = tmp_path_factory.mktemp("any") / "s.tsv"
    path.write_bytes(gzip.compress(content) if packed else content)
    try:
        found, told = one(path)
    except InputError as e:
        told = [str(e)]
    else:
        values = held(found)
        assert {len(column) for column in values.values()} == {found.rows}
        assert set(found.keys) <= set(values)
    for line in told:
        assert "\n" not in line
        assert line.encode()
        assert not any(secret in line for secret in ("a.example", md5(0), sha256(0)))


def test_verify_does_not_pass_over_a_sidecar_that_cannot_be_read(tmp_path: Path) -> None:
    """Rows that only it names would count as not listed, and a listed one as rightly kept."""
    source = Source(tmp_path / "gone.parquet", {"url": (At(0, "string"),)}, is_checked=False)
    for look in (lambda: list(source.pieces()), lambda: list(source.rows({"url"}))):
        with pytest.raises(InputError, match=r"gone\.parquet"):
            look()


def test_row_groups_that_hold_none_of_some_rows_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    pq.write_table(pa.table({"url": [f"https://h{i}.example/" for i in range(10)]}), path,
                   row_group_size=3)  # fmt: skip
    source = Source(path, {"url": (At(0, "string"),)}, is_checked=False)
    for rows, groups in (([0, 2], [(0, 0)]), ([3, 9], [(3, 1), (9, 3)]), ([], []), ([11], [])):
        pieces = list(source.holding(pa.array(rows, pa.int64())))
        assert [(p.first, *(p.groups or ())) for p in pieces] == groups
        for piece in pieces:
            ((first, found),) = piece.rows({"url"})
            assert found.all("url")[0][0].as_py() == f"https://h{first}.example/".encode()
    gone = replace(source, path=tmp_path / "gone.parquet")
    with pytest.raises(InputError, match=r"gone\.parquet"):
        list(gone.holding(pa.array([1], pa.int64())))


def test_sidecars_are_no_matter_where_no_image_hash_is_listed(tmp_path: Path) -> None:
    pq.write_table(pa.table({"url": ["https://a.example/1.jpg"]}), tmp_path / "s.parquet")
    with connect() as engine:
        engine.view_sidecars([ShardSource("s", (-1,), (tmp_path / "s.parquet",), {})], VERSION)
        assert engine.rows("select url, row_hash, kind, digest from sidecar_digests") == []
