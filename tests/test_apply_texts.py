"""Links in texts of a tar's samples by which no sample is known: `apply` says so, `verify` too."""

import base64
import json
import shutil
import tarfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.copies.held_links import holds_link
from relaion.verifier.copies.held import holds
from tests import labs
from tests.pipeline import here, relaion

CASES = Path(__file__).parent / "cases" / "links_in_texts.txt"
OWN = b"https://own.example/1.jpg"
OTHER = "https://other.example/secret.jpg"
EXIF = json.dumps({
    "Image Make": "NIKON", "EXIF FNumber": "28/5", "Image Software": "Ver.1.00 & more, 100%",
    "EXIF DateTimeOriginal": "2010:01:01 00:00:00", "EXIF ExposureTime": "1/60",
})  # fmt: skip


def cases() -> Iterator[tuple[bool, str]]:
    is_told = False
    for line in CASES.read_text().splitlines():
        if line.startswith("= "):
            is_told = line.startswith("= told")
        elif line and not line.startswith("#"):
            yield is_told, line


@pytest.mark.parametrize(("is_told", "text"), [*cases()])
def test_which_texts_hold_a_link_beside_their_own(is_told: bool, text: str) -> None:
    assert holds_link(text.encode(), OWN) is holds(text.encode(), OWN) is is_told


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b" \n", b"\t", b"\xef\xbb\xbf\n"])
def test_many_blank_lines_are_gone_through_once(blank: bytes) -> None:
    text = b"100%25\n" + blank * 100_000
    begun = time.process_time()
    for end, is_told in ((b"100%25", False), (b" //other.example/1.jpg", True)):
        assert holds_link(text + end, OWN) is holds(text + end, OWN) is is_told
    assert time.process_time() - begun < 5  # each of them to the end of all took minutes


# -- By the command line ---------------------------------------------------------------------------


def sample(i: int, row: Mapping[str, Any], **more: Any) -> list[tuple[str, bytes]]:
    """A sample as img2dataset writes it."""
    told = {
        "url": row["url"], "caption": row["text"], "key": f"{i:09}", "status": "success",
        "error_message": None, "width": 256, "height": 256, "original_width": 1200,
        "original_height": 800, "exif": EXIF, "sha256": f"{i:064x}", "similarity": 0.3,
        "LICENSE": "?", "NSFW": "UNLIKELY", **more,
    }  # fmt: skip
    image = b"\xff\xd8\xff\xe1" + b"http://ns.adobe.com/xap/1.0/\0" + bytes([i]) * 300
    return [
        (f"{i:09}.jpg", image),
        (f"{i:09}.txt", str(told["caption"]).encode()),
        (f"{i:09}.json", json.dumps(told, indent=4).encode()),
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An edition, and a place for a copy of which two rows leave."""
    rows = [r for i, r in enumerate(labs.rows()) if i not in (3, 7)]
    table = pa.table({"url": [r["url"] for r in rows], "caption": [r["text"] for r in rows]})
    (tmp_path / "new").mkdir()
    pq.write_table(table, tmp_path / "new/part.parquet")
    return tmp_path


def told(folder: Path, members: list[tuple[str, bytes]], run: Any = here) -> tuple[int, list[str]]:
    """The exit code of a strict `apply` of a tar, and what was not looked at; `verify` agrees."""
    code, lines = told_of_each(folder, {"00000": members}, run)
    return code, [x.removeprefix("00000.tar: ") for x in lines]


def told_of_each(
    folder: Path, tars: Mapping[str, list[tuple[str, bytes]]], run: Any = here
) -> tuple[int, list[str]]:
    """The same of several tars, each line with the tar's name."""
    for name, members in tars.items():
        labs.tar(folder / f"copy/{name}.tar", members)
    done = run("apply", "--keep", "new", "copy", "--out", "out", "--strict", "--json", cwd=folder)
    assert done.returncode in (0, 1), done.stderr
    said = json.loads(done.stdout)
    command = ("verify", "out", "--keep", "new", "--inputs", "copy", "--strict", "--json")
    checked = run(*command, cwd=folder)
    assert all(x["state"] == "held" for x in json.loads(checked.stdout)["outcomes"]), checked.stdout
    lines = said["not_looked_at"]
    assert lines == json.loads(checked.stdout)["not_looked_at"]
    assert done.returncode == checked.returncode == bool(lines)
    for text in (done.stdout, done.stderr, checked.stdout, checked.stderr):
        assert "other.example" not in text and OTHER not in text
    return done.returncode, lines


@pytest.mark.usefixtures("in_process")
def test_an_ordinary_tar_of_img2dataset_is_clean(folder: Path) -> None:
    members = [m for i, row in enumerate(labs.rows()) for m in sample(i, row)]
    assert told(folder, members) == (0, [])
    with tarfile.open(folder / "out/00000.tar") as tar:
        assert len(tar.getnames()) == 3 * (labs.N - 2)


@pytest.mark.slow
def test_by_processes_of_their_own(folder: Path) -> None:
    rows = labs.rows()
    members = [m for i, row in enumerate(rows) for m in sample(i, row)]
    members += sample(90, rows[0], exif=json.dumps({"from": OTHER}))
    holds = "not looked at, though it holds links (and in how many records): exif (1)"
    assert told(folder, members, relaion) == (1, [holds])


IN_JSON = {
    "exif": json.dumps({"Image Artist": "NN", "Image Copyright": OTHER}),
    "nested": json.dumps({"a": json.dumps({"url": OTHER})}),
    "escaped": json.dumps({"url": OTHER}).replace("/", "\\/"),
    "words": f"as on {OTHER}, in 2010",
    "page": f'<p><img src="{OTHER.removeprefix("https:")}"></p>',
    "deep": {"a": [{"b": [f"see {OTHER}"]}]},
    "named": {f"the page {OTHER}": 1},
    "hash": OTHER,
    "coded": base64.b64encode(OTHER.encode()).decode(),
    "strokes": OTHER.replace("/", "\\"),
}


@pytest.mark.usefixtures("in_process")
def test_a_field_that_holds_a_link_in_its_text(folder: Path) -> None:
    """Each in a tar of its own."""
    rows = labs.rows()
    ordinary = [m for i in (0, 3) for m in sample(i, rows[i])]
    tars = {name: ordinary + sample(1, rows[1], **{name: IN_JSON[name]}) for name in IN_JSON}
    shown = {"deep": "deep.a.b", "named": "names of fields"}
    holds = "not looked at, though it holds links (and in how many records)"
    lines = [f"{name}.tar: {holds}: {shown.get(name, name)} (1)" for name in sorted(IN_JSON)]
    code, found = told_of_each(folder, tars)
    assert (code, sorted(found)) == (1, lines)


MEMBERS: dict[str, tuple[list[tuple[str, bytes]], list[str]]] = {
    "a caption with a link among its words": (
        [("x.url", b""), ("x.txt", f"a boat, see {OTHER}".encode())],
        ["though it holds links (and in how many records): .txt (1)"],
    ),
    "a list of links under a key of its own": (
        [("links.txt", f"{OTHER}\n{OTHER}?2\n".encode())],
        ["though it holds links (and in how many records): .txt (1)"],
    ),
    "a text that is not read": (
        [("x.meta", b"a" * 100_000 + OTHER.encode())],
        ["though it holds links (and in how many records): .meta (1)"],
    ),
    "a text without NUL that is wide": (
        [("x.meta", OTHER.encode("utf-16"))],
        ["though it holds links (and in how many records): .meta (1)"],
    ),
    "a text of four bytes a character": (
        [("x.meta", OTHER.encode("utf-32"))],
        ["though it holds links (and in how many records): .meta (1)"],
    ),
    "a class that is a link": (
        [("x.cls", OTHER.encode()), ("y.cls", b"7")],
        ["though it holds links (and in how many records): .cls (1)"],
    ),
    "records as bytes": (
        [("x.msgpack", b"\x81\xa3url\xd9\x20\0" + OTHER.encode())],
        ["though it holds links (and in how many records): .msgpack (1)"],
    ),
    "a second link behind the first": (
        [("x.url", f"https://www.site0.example/a/0.jpg?w=0\n{OTHER}".encode())],
        ["though it holds links (and in how many records): text behind the link (1)"],
    ),
    "a shortcut that names its icon": (
        [("x.url", f"[InternetShortcut]\nURL=https://a.b/c\nIconFile={OTHER}\n".encode())],
        ["though it holds links (and in how many records): .url (1)"],
    ),
    "files of no sample": (
        [("README", OTHER.encode()), ("a/.index", b"x"), ("b/README", b"x")],
        ["for they are of no sample (and how many): .index (1), README (2)"],
    ),
    "an image of another name": (
        [("x.thumb", b"\xff\xd8\xff\xe0 http://www.iec.ch https://maker.test/icc")],
        [],
    ),
    "weights": ([("x.pt", bytes(range(256)) * 300)], []),
}


@pytest.mark.usefixtures("in_process")
def test_a_member_that_holds_a_link(folder: Path) -> None:
    """Each in a tar of its own."""
    ordinary = [m for i in (0, 3) for m in sample(i, labs.rows()[i])]
    code, found = told_of_each(folder, {x: ordinary + more for x, (more, _) in MEMBERS.items()})
    lines = [f"{x}.tar: not looked at, {line}" for x, (_, of) in MEMBERS.items() for line in of]
    assert (code, sorted(found)) == (1, sorted(lines))


@pytest.mark.usefixtures("in_process")
def test_a_caption_in_both_places(folder: Path) -> None:
    """Its words were compared as a whole; the link among them was not looked up."""
    members = sample(1, {"url": labs.rows()[1]["url"], "text": f"a boat ({OTHER})"})
    line = "not looked at, though it holds links (and in how many records): .txt (1), caption (1)"
    assert told(folder, [*sample(0, labs.rows()[0]), *members]) == (1, [line])


@pytest.mark.usefixtures("in_process")
def test_json_in_a_column_of_the_rows_beside_a_tar(folder: Path) -> None:
    rows = labs.rows()
    exif = [json.dumps({"Image Artist": OTHER}) if i == 30 else EXIF for i, _ in enumerate(rows)]
    (folder / "copy").mkdir()
    columns = {"url": [r["url"] for r in rows], "caption": [r["text"] for r in rows]}
    plain = pa.table(
        {**columns, "key": [f"{i:09}" for i in range(labs.N)], "exif": [EXIF] * labs.N}
    )
    pq.write_table(plain, folder / "copy/00000.parquet")
    members = [m for i, row in enumerate(rows) for m in sample(i, row)]
    assert told(folder, members) == (0, [])
    shutil.rmtree(folder / "out")
    pq.write_table(plain.set_column(3, "exif", pa.array(exif)), folder / "copy/00000.parquet")
    line = (
        "00000.parquet: not looked at, though it holds links: column exif, within JSON or another "
        "text; if the rows' link stands there, write it as a column of its own"
    )
    assert told(folder, members) == (1, [line])


@pytest.mark.usefixtures("in_process")
def test_a_real_tar_whose_jsons_hold_pages_of_words(folder: Path, shared_data: Path) -> None:
    members, rows = [], []
    with tarfile.open(shared_data / "real/webdataset_mixed.tar") as tar:
        for info in tar:
            file = tar.extractfile(info)
            assert file is not None
            members.append((info.name, data := file.read()))
            rows += [json.loads(data)] if info.name.endswith(".json") else []
    table = pa.table({name: [r.get(name) for r in rows[1:]] for name in ("url", "caption")})
    pq.write_table(table, folder / "new/part.parquet")
    of = "channel_url", "description", "requested_subtitles.en.url", "thumbnail", "uploader_url"
    line = ", ".join(f"yt_meta_dict.info.{name} (3)" for name in of)
    line = f"not looked at, though it holds links (and in how many records): {line}"
    assert told(folder, members) == (1, [line])
    with tarfile.open(folder / "out/00000.tar") as tar:
        assert len(tar.getnames()) == len(members) - 3
