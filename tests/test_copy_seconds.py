"""Links at a second place of records: `apply` tells them, and `verify` finds the same by itself."""

import csv
import io
import json
import re
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import relaion
from relaion.copies import held_links, json_lines, samples, tables, tars
from relaion.copies.held_links import SIGNS as WITH_LINKS
from relaion.copies.held_links import holds_link, json_may_hold_links
from relaion.copies.indexed import Indexed
from relaion.copies.second_links import IN_NAMES, SecondLinks, is_behind
from relaion.errors import InputError
from relaion.verifier.copies import seconds
from relaion.verifier.copies import tars as verified_tars
from relaion.verifier.copies.held import holds
from relaion.verifier.copies.seconds import HOLDS, seconds_of
from relaion.verifier.copies.statement import CopyLine
from tests.drawn import quickly

LINKS = (
    "https://a.example/1.jpg",
    "http://b.example/x",
    "//c.example/p",
    " https://a.example/1.jpg ",
    "HTTPS://D.example/",
    "\ufeffhttps://e.example/",
    "https://nodot/x",
    "see https://a.example/1",
    "https:// a.example",
    "a//b.example/c",
    "",
    " ",
    "None",
    '{"u": "https://f.example/1.jpg"}',
    '{"u":"https:\\/\\/f.example\\/1"}',
    '["//f.example/1.jpg"]',
    "x https%3A%2F%2fg.example/1 y",
    "see http://b.example/x, or",
    "https://a.example/1.jpg\nhttps://h.example/2",
    "&#x3a;https&#58;&#x2F;/g.example",
    '<a href="http:\\u002f\\u002Fg.example">',
    "aHR0cHM6Ly9hLmI=",
    "https://creativecommons.org/licenses/by/4.0/",
    "http://ns.adobe.com/xap/1.0/ //i.example",
    "https://creativecommons.org/licenses/?u=https://j.example",
    "ftp://k.example/1",
    "//l.example",
)
SIGNS = st.lists(st.sampled_from((
    "https", "http", "ftp", ":", "/", "//", "\\", "%2f", "%3A", "u003a", "\\u002f", "&#47;",
    "&#x003A;", "&sol;", "&colon;", '"', "'", "(", "=", ">", " ", "\n", "\ufeff", "a", ".",
    "b.example", "https://a.example/1.jpg", "creativecommons.org/licenses/", "aHR0cDov",
    "687474703a2F", "%", "?",
    "h\0t\0t\0p", "\0", ",", ")", "|", "[", "{",
)), max_size=9).map("".join)  # fmt: skip
NAMES = (
    "url", "URL", "image_url", "text", "caption", "alt_text", "hash", "page", "page_url", "meta",
    "x.y", "https://k.example/x", "lang",
)  # fmt: skip
texts = st.one_of(st.sampled_from(LINKS), st.text(max_size=5), SIGNS)
inner = st.recursive(
    st.one_of(texts, st.none(), st.integers(), st.booleans(), st.just(float("nan"))),
    lambda x: st.one_of(
        st.lists(x, max_size=2), st.dictionaries(st.sampled_from(NAMES), x, max_size=2)
    ),
    max_leaves=4,
)
objects = st.lists(
    st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=5), min_size=1, max_size=4
)


@given(st.one_of(texts, st.text(max_size=20)))
def test_a_header_that_is_passed_over_holds_no_link(text: str) -> None:
    raw = text.encode("utf-8", "surrogatepass").replace(b"\0", b"\n")
    if not IN_NAMES.search(raw):
        assert not holds_link(raw)
    if not any(sign in raw for sign in verified_tars._SIGNS):
        assert not holds(raw)


@given(texts, texts)
def test_both_say_the_same_of_a_text(text: str, own: str) -> None:
    raw, known = text.encode("utf-8", "replace"), own.encode("utf-8", "replace")
    assert holds_link(raw, known) == holds(raw, known)
    assert not holds_link(raw, known) or re.search(WITH_LINKS, text)
    for link in raw, known + raw:
        told, links = SecondLinks(), pa.array([link], pa.large_binary())
        told.behind(links)
        assert len(told.notices(())) == seconds.links_behind(links) == seconds.is_behind(link)
        assert is_behind(link) == seconds.is_behind(link)


@given(
    st.dictionaries(st.text(max_size=3), texts, max_size=3), texts, st.booleans(), st.integers(0, 3)
)
def test_a_json_that_is_passed_over_holds_no_link(
    fields: Mapping[str, str], own: str, is_ascii: bool, how: int
) -> None:
    """What is asked of a json as it is written lets too much through, never too little."""
    written = escaped(json.dumps({"own": own, **fields}, ensure_ascii=is_ascii), how)
    if any(holds_link(x.encode("utf-8", "replace"), own.encode("utf-8", "replace"))
           for x in (*fields, *fields.values())):  # fmt: skip
        assert json_may_hold_links(written, own)


def escaped(text: str, how: int) -> str:
    """The same JSON with slashes written as some writers do."""
    return (
        text,
        text.replace("//", "/\\/"),
        text.replace("/", "\\/"),
        text.replace("/", "\\u002F"),
    )[how]


def agree(path: Path, form: str, found: Indexed) -> None:
    line = CopyLine(path.name, found.records, "", form, dict(found.columns))
    said = [x.removeprefix(f"{path.name}: ") for x in found.notices]
    assert seconds_of(path, line, {}) == [x for x in said if x.startswith(HOLDS)]


@pytest.mark.slow
@given(objects, st.integers(0, 3))
@example([{"url": "http://b.example/x", "page": "https://a.example/1.jpg"}], 1)
def test_of_json_lines(some: Sequence[dict[str, Any]], how: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.jsonl")
        path.write_text("".join(escaped(json.dumps(x), how) + "\n" for x in some))
        try:
            found = json_lines.index(path, Path(folder, "i"), {})
        except InputError:
            return  # two links in one record, or none at all
        agree(path, "json_lines", found)


@given(st.lists(st.lists(texts, min_size=4, max_size=4), min_size=1, max_size=5))
@pytest.mark.parametrize("ending", ["tsv", "csv"])
def test_of_tables(ending: str, some: Sequence[Sequence[str]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, f"a.{ending}")
        gap = "\t" if ending == "tsv" else ","
        bare = [
            ["".join(c for c in cell if c.isalnum() or c in ":/. ") for cell in r] for r in some
        ]
        rows = [["url", "caption", "page", "x.y"], *([f"https://r.example/{i}.jpg", *r[1:]]
                for i, r in enumerate(bare))]  # fmt: skip
        path.write_text("".join(gap.join(row) + "\n" for row in rows))
        agree(path, "tables", tables.index(path, Path(folder, "i"), {}))


PARTS = ("a", "https://a.example/1", "//b.example/2", " ", "\n", ",", ",", "\x0b")
cells = st.lists(st.sampled_from(PARTS), max_size=7).map("".join)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=4), st.permutations(range(3)))
@example([("https://a.example/1", "a\nhttps://a.example/2,a,\na", "")], [0, 1, 2])
@example([("https://a.example/1 https://a.example/2", "a", "")], [0, 1, 2])
def test_of_tables_in_quotes(some: Sequence[Sequence[str]], order: Sequence[int]) -> None:
    """Lines in quotes that would be records, and links behind a record's own."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        with path.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([row[i] for i in order] for row in (("url", "caption", "x"), *some))
        try:
            found = tables.index(path, Path(folder, "i"), {})
        except InputError:
            return  # no link at all
        agree(path, "tables", found)


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
            st.dictionaries(st.sampled_from(("txt", "url", "jpg", "html", "caption")), texts),
        ),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_of_tars(some: Sequence[tuple[dict[str, Any], dict[str, str]]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.tar")
        with tarfile.open(path, "w") as tar:
            for i, (fields, others) in enumerate(some):
                parts = {"json": json.dumps(fields), **others}
                for ending, text in parts.items():
                    info = tarfile.TarInfo(f"{i:04}.{ending}")
                    info.size = len(data := text.encode("utf-8", "replace"))
                    tar.addfile(info, io.BytesIO(data))
        try:
            found = samples.index(path, Path(folder, "i"), {})
        except InputError:
            return
        agree(path, "samples", found)


WHENCE = "SCHILY.xattr.user.xdg.origin.url"
SAID = "headers of members"


@pytest.mark.parametrize(
    ("name", "headers", "says"),
    [
        ("0", {}, False),
        ("0", {"comment": "a"}, False),
        ("0", {"mtime": "1700000000.25"}, False),
        ("0", {WHENCE: "https://page.example/1"}, True),
        ("0", {"comment": "see %2f%2fpage.example/1, https%3A%2F%2Fpage.example/1"}, True),
        ("https%3A%2F%2Fa.example%2F1", {}, True),
        ("https%3A%2F%2Fa.example%2F" + "1" * 300, {}, True),
        ("x" * 300, {}, False),
        ("aHR0cHM6Ly9hLmV4YW1wbGUvMQ==", {}, True),
        ("b\xfccher", {}, False),
    ],
)
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_of_what_a_tar_says_of_its_members(
    tmp_path: Path, name: str, headers: dict[str, str], says: bool, form: int
) -> None:
    """In a header that tar keeps with a file, or in its name; a header may be for all members."""
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=form) as tar:
        for at in (name, "y"):
            info = tarfile.TarInfo(f"{at}.url")
            info.pax_headers = headers if at == name else {}
            info.size = len(data := b"https://a.example/1.jpg")
            tar.addfile(info, io.BytesIO(data))
    found = samples.index(path, tmp_path / "i", {})
    is_written = form == tarfile.PAX_FORMAT or not headers
    assert any(f"{SAID} (1)" in x for x in found.notices) is (says and is_written)
    agree(path, "samples", found)
    if form == tarfile.PAX_FORMAT and headers:
        parts = []
        for i in range(2):  # one behind the other is one more header
            with tarfile.open(tmp_path / "b.tar", "w", pax_headers=headers) as tar:
                for at in "01":
                    tar.addfile(tarfile.TarInfo(f"{i}{at}.jpg"))
            parts.append((tmp_path / "b.tar").read_bytes())
        first = tarfile.BLOCKSIZE * 2  # the header for all, and what it holds
        (tmp_path / "b.tar").write_bytes(parts[0][:first] + parts[1])
        found = samples.index(tmp_path / "b.tar", tmp_path / "i", {})
        assert any(f"{SAID} (2)" in x for x in found.notices) is says
        agree(tmp_path / "b.tar", "samples", found)


@pytest.mark.parametrize(
    "end", quickly(2, [b"\n//b.example/x", b"http://b.example/x", b" //b.example/x", b""])
)
def test_of_a_member_that_is_looked_at_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes
) -> None:
    """Bytes that are no text, of which only the first piece has a sign that they may hold links."""
    assert (seconds._PIECE, seconds._SHARED) == (tars._MOST, held_links._LONGEST)
    for module, name in ((seconds, "_PIECE"), (tars, "_MOST")):
        monkeypatch.setattr(module, name, 1 << 16)
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        for shift in (*range(0, 3 << 10, 400), *range(1004, 1028, 4)):  # across a piece's border
            data = b"\0http".ljust((1 << 17) - (1 << 10) + shift, b"\0") + end
            for ending, some in (("url", b"https://a.example/1.jpg"), ("bin", data)):
                info = tarfile.TarInfo(f"{shift}.{ending}")
                info.size = len(some)
                tar.addfile(info, io.BytesIO(some))
    found = samples.index(path, tmp_path / "i", {})
    assert any("links (and in how many records): .bin (14)" in x for x in found.notices) is (
        end.startswith(b"http")
    )
    agree(path, "samples", found)


def test_what_a_manifest_hides_or_makes_up_is_found(tmp_path: Path, in_process: None) -> None:
    rows = [{"url": f"https://h.example/{i}", "text": f"t {i}"} for i in range(9)]
    for name, more in (("new", {}), ("copy", {"from": "https://page.example/1"})):
        (tmp_path / name).mkdir()
        lines = "".join(json.dumps(r | more) + "\n" for r in rows)
        (tmp_path / name / "a.jsonl").write_text(lines)
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "new" / "a.parquet")
    (tmp_path / "new" / "a.jsonl").unlink()
    out = tmp_path / "out"
    relaion.apply(tmp_path / "copy", out, keep=tmp_path / "new")
    manifest = out / "manifest.json"
    made = json.loads(manifest.read_text())
    for said in ([], [made["not_looked_at"][0].replace("(9)", "(8)")]):
        manifest.write_text(json.dumps(made | {"not_looked_at": said}))
        verdict = relaion.verify(out, keep=tmp_path / "new", inputs=tmp_path / "copy")
        assert any("links at a second place" in str(f) for f in verdict.findings)
