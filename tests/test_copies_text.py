"""Text copies of a data set: what their index says, and that nothing but records leaves them."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mmh3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.copies import compressed, json_lines, lines, rows, tables
from relaion.copies.form import INDEX
from relaion.copies.indexed import Indexed
from relaion.errors import InputError
from relaion.parquet.mended import marked

A, B, C = (f"https://{x}.example/1.jpg" for x in "abc")


def zstd(data: bytes) -> bytes:
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(data)
    return bytes(out.getvalue())


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".zst": zstd,
}


def row_hash(link: bytes, caption: bytes) -> int | None:
    return mmh3.hash64(link + caption)[0] if link else None


def unpacked(path: Path) -> bytes:
    return b"".join(compressed.blocks(path)) if path.stat().st_size else b""


def form_of(name: str) -> Any:
    return json_lines if "json" in name else tables


class Text:
    """A text file of a test, and what the tool says of it."""

    def __init__(self, folder: Path, name: str, data: bytes) -> None:
        self.path = folder / name
        self.path.write_bytes(PACKED[Path(name).suffix if name.endswith(("z", "t")) else ""](data))
        self.into = folder / "index.parquet"
        self.target = folder / f"out-{name}"
        self.form = form_of(name)

    def index(self, **columns: str) -> Indexed:
        found: Indexed = self.form.index(self.path, self.into, columns)
        assert pq.read_schema(self.into).equals(INDEX)
        assert pq.read_metadata(self.into).num_rows == found.records
        assert self.into.stat().st_mode & 0o777 == 0o600
        return found

    def rows(self, **columns: str) -> list[tuple[str | None, int | None]]:
        self.index(**columns)
        table = pq.read_table(self.into)
        assert table["key"].null_count == len(table)
        return list(zip(table["url"].to_pylist(), table["row_hash"].to_pylist(), strict=True))

    def links(self, **columns: str) -> list[str | None]:
        return [link for link, _ in self.rows(**columns)]

    def without(self, *leaving: int) -> bytes:
        made = self.form.rewrite(self.path, self.target, leaving)
        data = self.target.read_bytes()
        assert (made.bytes, made.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        return unpacked(self.target)

    def refused(self, **columns: str) -> str:
        with pytest.raises(InputError) as caught:
            self.index(**columns)
        assert not self.into.exists()
        line = str(caught.value)
        assert "\n" not in line and ".example" not in line and str(self.path) in line
        return line.removeprefix(f"{self.path}: ")


@pytest.fixture
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compressed, "BLOCK", 11)
        patch.setattr(compressed, "_HEAD", 4)
        yield


# -- Every record is told, and leaves alone: tables and objects of any kind ------------------------

CELLS = st.one_of(
    st.sampled_from([b"", b"a cat", b'"', b'5" tall', b"None", b"\xff\xfe", "é".encode(), b"a\rb"]),
    st.binary(max_size=6),
)
LINKS = st.one_of(
    st.just(b""), st.binary(max_size=6).map(lambda b: b"https://x.example/" + b.hex().encode())
)
ENDS = st.sampled_from([b"\n", b"\r\n"])
BLANKS = st.sampled_from([b"", b"", b"", b"\n", b"\r\n", b"  \n"])
SUFFIX = st.sampled_from(["", ".gz", ".zst"])


def tsv_cell(cell: bytes) -> bytes:
    cell = cell.replace(b"\t", b" ").replace(b"\n", b" ").replace(b"\0", b" ")
    return cell.removesuffix(b"\r")


def quoted(cell: bytes) -> bytes:
    return b'"' + cell.replace(b'"', b'""') + b'"'


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes, list[tuple[bytes, bytes, bytes]], list[bytes]]:
    """A name, what stands first, records as (raw, link, caption), and a blank line or none each."""
    kind = draw(st.sampled_from(["tsv", "csv", "jsonl"]))
    pairs = draw(st.lists(st.tuples(LINKS, CELLS), min_size=1, max_size=8))
    pairs.append((b"https://x.example/last", b"caption"))  # so that there is a link
    first = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    records = []
    if kind == "tsv":
        first += draw(st.sampled_from([b"url\tcaption\n", b"URL\ttext\r\n"]))
        for link, caption in ((link, tsv_cell(text)) for link, text in pairs):
            records.append((link + b"\t" + caption + draw(ENDS), link, caption))
    elif kind == "csv":
        mark = draw(st.sampled_from([b",", b";", b"|"]))
        first += draw(st.sampled_from([b"url%stext\n", b'"Url"%s"Caption"\r\n'])) % mark
        for link, caption in ((link, text.replace(b"\0", b" ")) for link, text in pairs):
            raw = draw(st.sampled_from([b"", quoted(link)])) or link
            records.append((raw + mark + quoted(caption) + draw(ENDS), link, caption))
    else:
        for link, caption in pairs:
            text = caption.decode("latin-1")
            found = {"w": [1, {"url": 3}], "url": link.decode() or None, "caption": text}
            raw = json.dumps(found, ensure_ascii=draw(st.booleans())).encode()
            records.append((raw + draw(ENDS), link, text.encode()))
    blanks = [draw(BLANKS) for _ in records]
    if draw(st.booleans()):  # no line end at the end
        raw, link, caption = records[-1]
        records[-1], blanks[-1] = (raw.rstrip(b"\r\n"), link, caption), b""
    return f"x.{kind}{draw(SUFFIX)}", first, records, blanks


@given(files(), st.data())
def test_every_record_is_told_and_leaves_alone(
    tmp_path_factory: pytest.TempPathFactory, file: Any, data: st.DataObject
) -> None:
    name, first, records, blanks = file
    whole = first + b"".join(r[0] + b for r, b in zip(records, blanks, strict=True))
    text = Text(tmp_path_factory.mktemp("x"), name, whole)
    leaving = sorted(data.draw(st.sets(st.integers(0, len(records) - 1))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compressed, "_HEAD", 4)
        patch.setattr(compressed, "BLOCK", data.draw(st.sampled_from([1, 7, 64, 1 << 20])))
        found = text.rows()
        assert text.without() == whole
        left = text.without(*leaving)
    assert found == [
        (marked(link) if link else None, row_hash(link, caption)) for _, link, caption in records
    ]
    kept = [
        (b"" if i in leaving else r[0]) + b
        for i, (r, b) in enumerate(zip(records, blanks, strict=True))
    ]
    assert left == first + b"".join(kept)


def test_a_real_file(shared_data: Path, tmp_path: Path) -> None:
    data = (shared_data / "real" / "cc3m_1000.tsv").read_bytes()
    text = Text(tmp_path, "cc3m.tsv.gz", data)
    raws = data.splitlines(keepends=True)
    pairs = [raw.rstrip(b"\n").split(b"\t") for raw in raws[1:]]
    assert text.index().columns == {"url": "url", "text": "caption"}
    assert text.rows() == [(link.decode(), row_hash(link, text)) for text, link in pairs]
    assert text.without(0, 999) == raws[0] + b"".join(raws[2:-1])


# -- Which column holds the links, and whether the first line is a record ----------------------

CC3M = f"a cat\t{A}\na dog\t{B}\n"
CC12M = f"{A}\ta cat\n{B}\ta dog\n"


@pytest.mark.parametrize(
    ("name", "data", "columns", "links"),
    [
        ("cc3m.tsv", CC3M, {"url": "2", "text": "1"}, [A, B]),
        ("cc12m.tsv", CC12M, {"url": "1", "text": "2"}, [A, B]),
        ("first_has_no_link.tsv", f"{'a' * 65}\t\na dog\t{B}\n", {"url": "2"}, [None, B]),
        ("number.tsv", f"12\tbroken\na dog\t{B}\n", {"url": "2"}, ["broken", B]),
        ("links.tsv", f"{A}\n\n{B}\n", {"url": "1"}, [A, B]),
        ("named.tsv", f"caption\turl\na\t{A}\n", {"url": "url", "text": "caption"}, [A]),
        ("only_names.tsv", "caption\turl\n", {"url": "url", "text": "caption"}, []),
        ("empty.csv", "", {}, []),
        ("blank.tsv", "\n \n", {}, []),
        ("more.csv", f"id,TEXT,w,URL\n1,a,5,{A}\n", {"url": "URL", "text": "TEXT"}, [A]),
        ("ranks.csv", f"txt,text,url\nx,a,{A}\n", {"url": "url", "text": "text"}, [A]),
        ("pandas.csv", f",url,text\n0,{A},a\n", {"url": "url", "text": "text"}, [A]),
        ("semicolon.csv", f"url;text\n{A};a, b\n", {"url": "url"}, [A]),
        ("pipe.csv", f"{A}|a, b; c\n{B}|d\n", {"url": "1", "text": "2"}, [A, B]),
        ("tab.csv", f"{A}\ta, b\n{B}\td\n", {"url": "1", "text": "2"}, [A, B]),
        ("r.tsv", f'"text"\t"url"\n"a ""b"""\t"{A}"\n', {"url": "url"}, [A]),
        ("lines.csv", f'url,text\n"{A}","a\n\nb"\n{B},c\n', {"url": "url"}, [A, B]),
    ],
)
def test_which_column_holds_the_links(
    tmp_path: Path, name: str, data: str, columns: dict[str, str], links: list[str]
) -> None:
    text = Text(tmp_path, name, data.encode())
    found = text.index().columns
    assert {role: found[role] for role in columns} == columns
    assert text.links() == links
    assert text.without() == data.encode()


@pytest.mark.usefixtures("small_blocks")
def test_all_records_decide_which_column_holds_the_links(tmp_path: Path) -> None:
    captions = "".join(f"{B}\tsee page {i}\n" for i in range(40))
    data = captions + "".join(f"a cat {i}\t{A}\n" for i in range(200))
    text = Text(tmp_path, "x.tsv", data.encode())
    assert text.index().columns == {"url": "2", "text": "1"}
    assert text.rows()[-1] == (A, row_hash(A.encode(), b"a cat 199"))


@pytest.mark.parametrize(
    ("name", "data", "columns", "told"),
    [
        ("both.tsv", f"{A}\t{B}\n{B}\t{C}\n", {}, "more than one column holds links"),
        ("none.tsv", "a b\t5\nb c\t6\n", {}, "no column holds links in most of its 2 records"),
        ("few.tsv", f"{A}\tb\n" + "a\tb\n" * 9, {}, "no column holds links in most"),
        ("commas.tsv", f"{A}, a cat\n{B}, a dog\n", {}, "no column holds links in most"),
        ("three.tsv", f"1\ta\t{A}\n", {}, "3 columns and no line of names; say which"),
        ("unsure.tsv", f"kuva\tlinkki\na\t{A}\n", {}, "its first line holds no link"),
        ("unsure.tsv", f"kuva\tlinkki\na\t{A}\n", {"url": "2"}, "its first line holds no link"),
        ("two.csv", f"url,image_url\n{A},{B}\n", {}, "columns 1 and 2 are both a link by name"),
        ("twice.csv", f"url,text,Text\n{A},a,b\n", {}, "columns 2 and 3 are both a caption"),
        ("no.csv", "hash,text\nx,a\n", {}, "no link and no row hash in it"),
        ("no.csv", "url,text\n,a\n", {}, "no link and no row hash in it"),
        ("other.csv", f"url,text\n{A},a\n", {"url": "uri"}, "no column 'uri'; it has: url, text"),
        ("far.tsv", CC3M, {"url": "3"}, "no line of names, and 2 columns; give the position"),
        ("hash.csv", f"url,h\n{A},x\n", {"row_hash": "h"}, "the column named as row hash holds"),
        ("ragged.tsv", CC3M + f"a\tb\t{C}\n", {}, "line 3 has 3 fields, the first line 2"),
        ("ragged.tsv", f"{CC3M}\n\na\n", {}, "line 5 has 1 field, the first line 2"),
        ("ragged.csv", f'url,t\n{A},"a\nb"\n\n{B}\n', {}, "line 5 has 1 field"),
        ("open.csv", f'url,t\n{A},a\n{B},"a\n{C},b\n', {}, "line 3: a quote is opened in it"),
        ("lone.csv", f'url,t\n{A},"a" b\n', {}, "line 2: a quoted field in it goes on"),
        ("swallow.csv", f't,url\n"Hi,{A}\n"Yo" x,{B}\n', {}, "line 2: a quoted field in it goes"),
        ("cr.csv", f"url,t\n{A},a\rb\n", {}, "line 2: a CR within it stands outside of quotes"),
        ("mac.csv", f"url,t\r{A},a\r{B},b\r", {}, "its lines end with CR alone"),
        ("mac.tsv", f"url\tt\r{A}\ta\r", {}, "its lines end with CR alone"),
        ("sheet.csv", f"sep=;\nurl;t\n{A};a\n", {}, "begins with a spreadsheet's `sep=`"),
        ("a.jsonl", "[]\n", {}, "line 1 is JSON, but no object"),
        ("a.jsonl", '{"url": 1}\n{"url"\n', {}, "line 2 is no whole JSON object"),
        ("a.jsonl", '{"url": "' + A + '"} {}\n', {}, "line 1 goes on behind its object"),
        ("a.jsonl", "{\n", {}, "line 1 is no whole JSON object"),
        ("a.jsonl", '{"a": ' + "[" * 100_000 + "\n", {}, "line 1 is nested too deep"),
        ("a.jsonl", f'{{"url": "{A}", "url": "{B}"}}\n', {}, "line 1 has a field twice"),
        ("a.jsonl", f'{{"url": "{A}", "image_url": "{B}"}}\n', {}, "line 1 has 2 fields"),
        ("a.jsonl", f'{{"url": ["{A}"]}}\n', {}, "no link and no row hash in it"),
        ("a.jsonl", f'{{"link": "{A}"}}\n', {}, "no link and no row hash in it"),
        ("a.jsonl", f'{{"url": "{A}"}}\n', {"url": "uri"}, "no column 'uri'; it has: url"),
        ("a.jsonl", f'{{"url": "{A}", "h": 1.5}}\n', {"row_hash": "h"}, "the column named as row"),
    ],
)
def test_what_cannot_be_told_for_sure_is_refused(
    tmp_path: Path, name: str, data: str, columns: dict[str, str], told: str
) -> None:
    assert told in Text(tmp_path, name, data.encode()).refused(**columns)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("pair.csv", f'url,t\n{A},"a\n{B},b\n{C},c"\n', True),
        ("last.csv", f'url,t,n\n{A},"a,1\n{B},b",1\n', True),
        ("first.csv", f't,url\n"Hi,{A}\nYo",{B}\n', True),
        ("link.csv", f't,url\na,"{A}\nb,{B}"\n', True),
        ("pair.tsv", f'"{C}"\tc\n"{A}"\t"a\n{B}\tb"\n', True),
        ("captions.csv", f't,url\n"two\nlines",{A}\n"see\n{B}\nthere",{C}\n', False),
        ("behind.csv", f'url,t\n{A},"see\n{B}"\n"\n{C}\n",c\n', False),
    ],
)
def test_lines_in_quotes_that_would_be_records_are_told(
    tmp_path: Path, name: str, data: str, told: bool
) -> None:
    notices = Text(tmp_path, name, data.encode()).index().notices
    assert any("records within quotes (1)" in each for each in notices) is told


def test_names_and_positions_that_a_user_gives(tmp_path: Path) -> None:
    three = Text(tmp_path, "three.tsv", f"1\ta\t{A}\n2\tb\t{B}\n".encode())
    assert three.rows(url="3", text="2") == [
        (A, row_hash(A.encode(), b"a")),
        (B, row_hash(B.encode(), b"b")),
    ]
    assert three.rows(row_hash="1", url="3") == [(A, 1), (B, 2)]
    assert three.rows(row_hash="1") == [(None, 1), (None, 2)]
    # the first line is a header because its name was given, and stays
    other = Text(tmp_path, "other.tsv", f"kuva\tlinkki\na\t{A}\nb\t{B}\n".encode())
    assert other.links(url="LINKKI", text="kuva") == [A, B]
    assert other.without(0) == f"kuva\tlinkki\nb\t{B}\n".encode()
    two = Text(tmp_path, "two.csv", f"url,image_url\n{A},{B}\n".encode())
    assert two.links(url="image_url") == [B]
    fields = Text(tmp_path, "fields.jsonl", f'{{"Kuva": "{A}", "url": "{B}"}}\n'.encode())
    assert fields.links(url="kuva") == [A]


def test_a_headerless_file_loses_no_first_row(tmp_path: Path) -> None:
    text = Text(tmp_path, "x.tsv", b"\xef\xbb\xbf" + CC12M.encode())
    assert text.links() == [A, B]
    assert text.without(0) == b"\xef\xbb\xbf" + f"{B}\ta dog\n".encode()


# -- Row hashes, and values that are none ------------------------------------------------------


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.jsonl"])
def test_a_row_hash_of_its_own_goes_before_a_computed_one(tmp_path: Path, name: str) -> None:
    own = ["5", str(1 - (1 << 63)), str((1 << 64) - 2), "", "007", "0x10", "1.5"]
    own += ["0", "-1", str(-(1 << 63)), str((1 << 63) - 1)]  # what fills a gap is none
    expected = [5, 1 - (1 << 63), -2, None, 7, *[None] * 6]
    computed = row_hash(A.encode(), b"a")
    if name == "x.jsonl":
        data = "".join(
            json.dumps({"hash": int(h) if h.lstrip("-").isdigit() else h, "url": A, "text": "a"})
            + "\n"
            for h in own
        )
    else:
        mark = "," if name == "x.csv" else "\t"
        data = "".join(f"{h}{mark}{A}{mark}a\n" for h in ["hash", *own][1:])
        data = mark.join(["hash", "url", "text"]) + "\n" + data
    text = Text(tmp_path, name, data.encode())
    assert [h for _, h in text.rows()] == [computed if e is None else e for e in expected]
    assert [n for n in text.index().notices if "2 row hashes are no whole" in n]
    assert [n for n in text.index().notices if "4 row hashes are 0 or another" in n]


def test_hexadecimal_is_no_whole_number(tmp_path: Path) -> None:
    text = Text(tmp_path, "x.csv", f"hash,url\n1,{A}\n2,{B}\n0x10,{C}\n".encode())
    assert text.rows() == [(A, 1), (B, 2), (C, None)]  # no link is hashed alone


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.csv", f"hash,url,text\n{'a' * 32},{A},a\n{'1' * 19},{B},b\n{'c' * 32},{C},c\n"),
        ("x.jsonl", f'{{"hash": "{"a" * 32}", "url": "{A}", "text": "a"}}\n'),
        ("x.jsonl", f'{{"hash": 6.1e18, "url": "{A}", "text": "a"}}\n'),
    ],
)
def test_a_column_called_hash_that_holds_digests_is_no_row_hash(
    tmp_path: Path, name: str, data: str
) -> None:
    text = Text(tmp_path, name, data.encode())
    assert text.rows()[0] == (A, row_hash(A.encode(), b"a"))
    assert "row_hash" not in text.index().columns
    assert lines.NO_ROW_HASH in text.index().notices


def test_bytes_that_are_no_utf8_stay_as_they_are(tmp_path: Path) -> None:
    link, caption = b"https://a.example/\xff", b"caf\xe9"
    for name, data in (
        ("x.tsv", caption + b"\t" + link + b"\n"),
        ("x.csv", b"url,text\n" + link + b"," + caption + b"\n"),
        ("x.jsonl", b'{"url": "' + link + b'", "text": "' + caption + b'"}\n'),
    ):
        assert Text(tmp_path, name, data).rows() == [(marked(link), row_hash(link, caption))]


def test_odd_values_of_json(tmp_path: Path) -> None:
    def row(more: str) -> str:
        return f'{{"url": "{A}", {more}}}\n'

    data = [
        '{"url": ["x"], "text": "a"}\n',  # a link that is none, and no hash of such a pair
        '{"url": NaN, "text": null}\n',
        row('"text": 5'),
        row('"w": NaN, "x": 1e999, "text": "a"'),
        row('"w": ' + "9" * 5_000 + ', "text": "a"'),
        row('"w": {"url": "x", "url": "y"}, "text": "a"'),
        row('"text": "\\ud800"'),
        row('"w": 1, "w": 2, "caption": "a", "TEXT": null'),
        "  " + row('"text": "\u2028"').replace("\n", " \r\n"),
    ]
    text = Text(tmp_path, "x.ndjson", "".join(data).encode())
    a, link = row_hash(A.encode(), b"a"), A.encode()
    assert text.rows() == [
        (None, None),
        (None, None),
        (A, None),
        *[(A, a)] * 3,
        (A, row_hash(link, b"\xed\xa0\x80")),
        (A, a),
        (A, row_hash(link, "\u2028".encode())),
    ]
    assert text.index().notices == (
        "not looked at, though the name says links: w.url",
        "1 record has a link that is no text: it is not looked at",
        "1 record has a caption that is no text: no row hash of it",
    )


GZ = gzip.compress(b"a", mtime=0)  # a time would give the tests other names each time


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("x.csv", f"url,page_url,w\n{A},{B},1\n", "not looked at, though it holds links (and in"),
        ("x.jsonl", f'{{"url": "{A}", "page_url": ""}}\n', "not looked at, though the name says"),
        ("x.jsonl", f'{{"url": "{A}", "page": [{{"url": ""}}]}}\n', "says links: page.url"),
        ("x.csv", "url,text\na cat,b\n", "1 of 1 links does not look like one"),
        ("x.tsv", f"{A}\ta\n{A}\r{B}\tb\n", "text behind the link (1)"),
        ("x.jsonl", f'{{"url": "{A} {B}"}}\n{{"url": "{A} x"}}\n', "text behind the link (1)"),
    ],
)
def test_notices(tmp_path: Path, name: str, data: str, told: str) -> None:
    assert [n for n in Text(tmp_path, name, data.encode()).index().notices if told in n]


# -- Files as they are packed, cut off or named wrongly ----------------------------------------


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_packed_files_in_several_parts_are_read_whole(tmp_path: Path, suffix: str) -> None:
    text = Text(tmp_path, f"x.TSV{suffix}", b"")
    parts = [PACKED[suffix](part.encode()) for part in CC3M.splitlines(keepends=True)]
    text.path.write_bytes(PACKED[suffix](b"") + b"".join(parts) + PACKED[suffix](b""))
    assert text.links() == [A, B]
    assert text.without(0) == f"a dog\t{B}\n".encode()
    again = text.target.read_bytes()
    if suffix == ".gz":
        assert gzip.decompress(again) == f"a dog\t{B}\n".encode()
    text.without(0)
    assert text.target.read_bytes() == again


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("cut", [0, 1, 5, -1, -5, "junk"])
def test_a_packed_file_that_is_cut_off_is_refused(
    tmp_path: Path, suffix: str, cut: int | str
) -> None:
    text = Text(tmp_path, f"x.tsv{suffix}", CC3M.encode())
    data = text.path.read_bytes()
    text.path.write_bytes(data + b"\0junk" if isinstance(cut, str) else data[:cut])
    assert "get it again" in text.refused()
    with pytest.raises(InputError):
        text.form.rewrite(text.path, text.target, [])
    assert sorted(tmp_path.iterdir()) == [text.path]


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        (
            "x.tsv",
            GZ,
            "is packed with gzip, which its name does not say; add .gz",
        ),
        ("x.tsv.gz", b"a\tb\n", "by its name gzip, but it does not begin like that"),
        (
            "x.jsonl.zst",
            GZ,
            "by its name zstd, but it does not begin like that",
        ),
        ("x.tsv.gz", gzip.compress(GZ, mtime=0), "is packed twice"),
        ("x.csv", "url\n".encode("utf-16"), "is UTF-16 or UTF-32"),
        ("x.jsonl", b"PAR1\x15\0\0", "is no text, it holds NUL bytes"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    tmp_path: Path, name: str, data: bytes, told: str
) -> None:
    text = Text(tmp_path, "y", b"")
    text.path, text.form = tmp_path / name, form_of(name)
    text.path.write_bytes(data)
    assert told in text.refused()


def test_a_line_that_never_ends_is_not_held_in_memory(
    tmp_path: Path, small_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LONGEST", 300)
    monkeypatch.setattr(rows, "_LONGEST", 300)
    monkeypatch.setattr(rows, "BLOCK", 11)
    assert "is longer than" in Text(tmp_path, "x.tsv", b"a" * 400).refused()
    data = f'url,t\n{A},"a\n'.encode() + b"b\n" * 400
    assert "is longer than" in Text(tmp_path, "x.csv", data).refused()


def test_records_that_are_not_there_cannot_leave(tmp_path: Path) -> None:
    text = Text(tmp_path, "x.tsv", CC3M.encode())
    with pytest.raises(InputError, match="belong to another file"):
        text.without(2)
    assert not text.target.exists()
    numbers = pa.chunked_array([[0], [1]], pa.int64())
    assert text.form.rewrite(text.path, text.target, numbers).records == 0
    assert text.target.read_bytes() == b""


def test_csv_is_read_as_the_csv_module_reads_it(tmp_path: Path) -> None:
    rows = [[A, 'a "b", c'], [B, "line\r\nbreak\n"], [C, ""]]
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["url", "caption"], *rows])
    text = Text(tmp_path, "x.csv", out.getvalue().encode())
    assert text.rows() == [(u, row_hash(u.encode(), t.encode())) for u, t in rows]
    assert text.without(1) == f'url,caption\r\n{A},"a ""b"", c"\r\n{C},\r\n'.encode()
