"""The tar forms of a copy: samples by key, what identifies them, and a tar without some of them."""

import gzip
import hashlib
import io
import json
import os
import pickle
import re
import stat
import subprocess
import tarfile
from collections.abc import Callable, Mapping, Sequence
from itertools import islice, product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.copies import samples, stats, tars
from relaion.copies.form import INDEX
from relaion.copies.indexed import Indexed
from relaion.copies.tars import open_tar
from relaion.errors import InputError
from relaion.sidecars.row_hash import row_hashes
from relaion.verifier.copies import tars as verified_tars

LINK = "https://example.org/made/1.jpg"
SECRET = "very-secret-value"
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
Members = Sequence[tuple[str, bytes]]


def tar_bytes(
    members: Members, form: int = tarfile.PAX_FORMAT, for_all: Mapping[str, str] | None = None
) -> bytes:
    """A tar as Python writes it; a name that ends in `/` is a folder."""
    sink = io.BytesIO()
    with tarfile.open(
        fileobj=sink, mode="w", format=form, pax_headers=for_all, errors="surrogateescape"
    ) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name.rstrip("/"))
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return sink.getvalue()


def json_bytes(**fields: Any) -> bytes:
    return json.dumps(fields, indent=4).encode()


def row_hash(link: str | None, caption: str | bytes | None) -> int:
    caption = caption.encode() if isinstance(caption, str) else caption
    links, captions = pa.array([link], pa.string()), pa.array([caption], pa.binary())
    return int(row_hashes(links, captions)[0].as_py())


def indexed(
    folder: Path, data: bytes, columns: Mapping[str, str] | None = None
) -> tuple[Indexed, list[dict[str, Any]]]:
    path, into = folder / "00000.tar", folder / "index"
    path.write_bytes(data)
    found = samples.index(path, into, columns or {})
    table = pq.read_table(into)
    assert table.schema.equals(INDEX)
    assert stat.S_IMODE(into.stat().st_mode) == 0o600
    assert table.num_rows == found.records
    for row in table.to_pylist():  # the row hash of a caption alone
        assert row["caption_hash"] is None or row["url"] is row["row_hash"] is None
    hidden = ["caption_hash", "others", "part", "start", "stop"]
    return found, table.drop_columns(hidden).to_pylist()


def one(folder: Path, members: Members, columns: Mapping[str, str] | None = None) -> dict[str, Any]:
    (row,) = indexed(folder, tar_bytes(members), columns)[1]
    return row


def rewritten(folder: Path, data: bytes, leaving: Sequence[int]) -> bytes:
    path, target = folder / "00000.tar", folder / "out.tar"
    path.write_bytes(data)
    found = samples.rewrite(path, target, leaving)
    written = target.read_bytes()
    assert (found.bytes, found.sha256) == (len(written), hashlib.sha256(written).hexdigest())
    assert samples.index(target, folder / "again", {}).records == found.records
    index = folder / "places"  # by which headers need not be read again
    samples.index(path, index, {})
    assert samples.rewrite(path, folder / "by_index.tar", leaving, index) == found
    assert (folder / "by_index.tar").read_bytes() == written
    return written


def refusal(folder: Path, data: bytes) -> str:
    """The one line with which both passes refuse a tar, leaving nothing."""
    path = folder / f"{hashlib.sha256(data).hexdigest()[:8]}.tar"
    path.write_bytes(data)
    lines = []
    for go in (
        lambda: samples.index(path, folder / "refused", {}),
        lambda: samples.rewrite(path, folder / "refused", []),
    ):
        with pytest.raises(InputError) as found:
            go()
        lines.append(str(found.value))
    assert lines[0] == lines[1]
    assert sorted(folder.iterdir()) == [path]
    path.unlink()
    assert lines[0].startswith(f"{path}: ")
    assert "\n" not in lines[0]
    assert SECRET not in lines[0]
    return lines[0].removeprefix(f"{path}: ")


# -- What identifies a sample ------------------------------------------------------------------


def test_the_json_of_img2dataset_identifies_a_sample(tmp_path: Path) -> None:
    link = "https://img1.etsystatic.com/186/0/5531524/il_340x270.1310915051_5kax.jpg"
    caption = "Vintage Green Glass Swag Hanging Lamp Mid Century"
    told = json_bytes(url=link, caption=caption, key="000000007", status="success", sha256="0" * 64)
    members = [("000000007.jpg", b"jpg"), ("000000007.json", told), ("000000007.txt", b"other")]
    found, rows = indexed(tmp_path, tar_bytes(members))
    assert rows == [{"url": link, "row_hash": 6170073934346815248, "key": "000000007"}]
    assert found == Indexed(1, {"url": "url", "text": "caption"})


NULLS = {"url": None, "row_hash": None, "key": "a"}
IDENTITIES: dict[str, tuple[Members, str | None, int | None]] = {
    "json alone": ([("a.json", json_bytes(url=LINK))], LINK, None),
    "any case": ([("a.JSON", json_bytes(URL=LINK, TEXT="b"))], LINK, row_hash(LINK, "b")),
    "text first": (
        [("a.json", json_bytes(url=LINK, caption="c", text="t"))],
        LINK,
        row_hash(LINK, "t"),
    ),
    "own hash": ([("a.json", json_bytes(url=LINK, hash=-5))], LINK, -5),
    "own hash, no sign": ([("a.json", json_bytes(url=LINK, hash=2**64 - 5))], LINK, -5),
    "own hash as text": ([("a.json", json_bytes(url=LINK, hash="-5"))], LINK, -5),
    "hash of an image": (
        [("a.json", json_bytes(url=LINK, hash="0" * 32))],
        LINK,
        None,
    ),
    "hash as float": ([("a.json", json_bytes(url=LINK, hash=1e18))], LINK, None),
    "hash alone": ([("a.json", json_bytes(hash=7))], None, 7),
    "caption in txt": (
        [("a.json", json_bytes(url=LINK, caption=None)), ("a.txt", b"caf\xe9")],
        LINK,
        row_hash(LINK, b"caf\xe9"),
    ),
    "txt first": ([("a.txt", b"b"), ("a.json", json_bytes(url=LINK))], LINK, row_hash(LINK, "b")),
    "url member": ([("a.url", LINK.encode() + b"\n"), ("a.txt", b"b")], LINK, row_hash(LINK, "b")),
    "shortcut": (
        [("a.url", f"[InternetShortcut]\r\nURL={LINK}\r\n".encode())],
        LINK,
        None,
    ),
    "txt is a link": ([("a.txt", LINK.encode() + b"\r\n")], LINK, None),
    "a caption alone is no identity": ([("a.txt", b"http://a b")], None, None),
    "json of no link": (
        [("a.json", json_bytes(caption="c")), ("a.url", LINK.encode())],
        LINK,
        row_hash(LINK, "c"),
    ),
    "other json": ([("a.meta.json", json_bytes(url=LINK)), ("a.jpg", b"")], None, None),
    "nothing": ([("a.jpg", b""), ("a.json", b"{}")], None, None),
    "empty": ([("a.json", json_bytes(url="", caption="")), ("a.txt", b"")], None, None),
    "not a number": (
        [
            (
                "a.json",
                b'{"url": "' + LINK.encode() + b'", "punsafe": Infinity, "hash": NaN, "text": NaN}',
            )
        ],
        LINK,
        row_hash(LINK, None),
    ),
}


@pytest.mark.parametrize("case", IDENTITIES)
def test_identity(tmp_path: Path, case: str) -> None:
    members, link, number = IDENTITIES[case]
    assert one(tmp_path, members) == {"url": link, "row_hash": number, "key": "a"}


def test_nan_is_what_writers_put_for_nothing(tmp_path: Path) -> None:
    """No value of a wrong type, that people would be told of."""
    data = tar_bytes([("a.json", b'{"url": "u:/", "hash": NaN, "text": "b", "caption": NaN}')])
    found, rows = indexed(tmp_path, data)
    assert (rows[0]["row_hash"], found.notices) == (row_hash("u:/", "b"), ())


@pytest.mark.parametrize("blank", [" ", "\n", "\t\r\n"])
def test_blanks_around_a_json_are_none_of_it(tmp_path: Path, blank: str) -> None:
    text = blank + json.dumps({"url": LINK}) + blank
    for data in (text.encode(), text.encode("utf-8-sig"), text.encode("utf-16")):
        assert one(tmp_path, [("0.json", data)])["url"] == LINK


def test_named_fields_play_their_roles_in_place_of_known_ones(tmp_path: Path) -> None:
    told = json_bytes(url="https://example.org/no", text="no", hash=1, src=LINK, alt="yes", h=2)
    columns = {"url": "src", "text": "alt"}
    assert one(tmp_path, [("a.json", told)], columns)["url"] == LINK
    own = one(tmp_path, [("a.json", told)], {**columns, "row_hash": "h"})
    assert own["row_hash"] == 2
    with pytest.raises(
        InputError, match=r"no .json in it has a field Src; name the field of the l"
    ):
        samples.index(tmp_path / "00000.tar", tmp_path / "other", {"url": "Src"})
    assert not (tmp_path / "other").exists()


def test_a_link_that_is_no_utf8_is_marked(tmp_path: Path) -> None:
    link = b"https://example.org/\xe9"
    row = one(tmp_path, [("a.url", link)])
    assert row["url"] == "\U0010ffff" + link.decode("latin-1")
    assert row["row_hash"] is None  # no link is hashed alone


def test_notices_tell_in_numbers_what_is_not_judged(tmp_path: Path) -> None:
    members = [
        ("a/", b""),
        ("README", b""),
        (".hidden.json", json_bytes(url=LINK)),
        ("a.json", json_bytes(url=["https://example.org/" + SECRET])),
        ("b.json", json_bytes(url=LINK, image_url="https://example.org/" + SECRET)),
    ]
    found, rows = indexed(tmp_path, tar_bytes(members).rstrip(b"\0").ljust(8 * 512, b"\0"))
    told = "\n".join(found.notices)
    assert [row["key"] for row in rows] == ["a", "b"]
    for words in (
        "for they are of no sample (and how many): .hidden.json (1), README (1)",
        "with a link, caption or hash that is no text or whole number, and counts as none: 1",
        "with a second, different link, which is not looked at: 1",
        "no end blocks",
    ):
        assert words in told
    assert SECRET not in told


PACKED: dict[str, bytes] = {
    "tar": tar_bytes([("b.json", json_bytes(url=LINK))], tarfile.USTAR_FORMAT),
    "more.json.gz": gzip.compress(json_bytes(url=LINK)),
    "more.json.zst": pa.Codec("zstd").compress(json_bytes(url=LINK), asbytes=True),
    "bin": b"PK\x03\x04" + bytes(30),
    "parquet": b"PAR1" + bytes(30) + b"PAR1",
}


@pytest.mark.parametrize("ending", PACKED)
def test_a_packed_member_is_told_not_to_be_looked_at(tmp_path: Path, ending: str) -> None:
    members = [("a.json", json_bytes(url=LINK)), (f"a.{ending}", PACKED[ending])]
    (told,) = indexed(tmp_path, tar_bytes(members))[0].notices
    assert told.endswith(f"not looked at, for they are packed (and how many): .{ending} (1)")


def test_a_tar_of_tars_is_told_whatever_their_headers_say(tmp_path: Path) -> None:
    (told,) = indexed(tmp_path, tar_bytes([("a.TAR", bytes(1024))]))[0].notices
    assert told.endswith("packed (and how many): .tar (1)")


def test_a_pickled_link_is_told(tmp_path: Path) -> None:
    members = [("a.json", json_bytes(url=LINK)), ("a.pyd", pickle.dumps({"url": LINK + "?2"}))]
    (told,) = indexed(tmp_path, tar_bytes(members))[0].notices
    assert told.endswith("holds links (and in how many records): .pyd (1)")


# -- Which members are one sample --------------------------------------------------------------


def test_keys_are_those_of_webdataset(tmp_path: Path) -> None:
    names = ["a/b/0001.jpg", "a/b/0001.json", "./a/b/0001.cls.txt", "a.b/c.tar.gz", "0001.jpg"]
    _, rows = indexed(tmp_path, tar_bytes([(name, b"{}") for name in names]))
    assert [row["key"] for row in rows] == ["a/b/0001", "a.b/c", "0001"]


def test_members_apart_from_each_other_are_one_sample(tmp_path: Path) -> None:
    """As `tar` writes a folder: in no order."""
    data = tar_bytes(
        [
            *((f"{k}.jpg", k.encode()) for k in "abc"),
            *((f"{k}.json", json_bytes(url=LINK + k)) for k in "cab"),
        ]
    )
    found, rows = indexed(tmp_path, data)
    assert [(row["key"], row["url"]) for row in rows] == [(k, LINK + k) for k in "abc"]
    assert found.notices == ()  # each is judged
    left = rewritten(tmp_path, data, [1])
    with tarfile.open(fileobj=io.BytesIO(left)) as tar:
        assert tar.getnames() == ["a.jpg", "c.jpg", "c.json", "a.json"]


@pytest.mark.parametrize("is_apart", [False, True])
@pytest.mark.parametrize("leaving", [0, 1])
def test_a_key_that_comes_twice_with_the_same_endings_is_two_samples(
    tmp_path: Path, is_apart: bool, leaving: int
) -> None:
    first = [("a.json", json_bytes(url=LINK)), ("a.jpg", b"1")]
    second = [("a.json", json_bytes(url=LINK + "2")), ("a.jpg", b"2")]
    other = [("b.json", json_bytes(url=LINK + "b"))]
    members = [*first, *other, *second] if is_apart else [*first, *second, *other]
    found, rows = indexed(tmp_path, tar_bytes(members))
    judged = {row["url"]: n for n, row in enumerate(rows)}
    assert set(judged) == {LINK, LINK + "2", LINK + "b"}
    assert found.notices == ()  # each is judged
    number = judged[(LINK, LINK + "2")[leaving]]
    stays = [second, first][leaving]
    with tarfile.open(fileobj=io.BytesIO(rewritten(tmp_path, tar_bytes(members), [number]))) as tar:
        left = [(m.name, tar.extractfile(m).read()) for m in tar]  # type: ignore[union-attr]
    assert left == [m for m in members if m in stays or m in other]


@pytest.mark.parametrize("leaving", [0, 1])
def test_a_key_whose_members_are_of_nobody_knows_which_sample_leaves_whole(
    tmp_path: Path, leaving: int
) -> None:
    members = [
        ("a.jpg", b"1"), ("a.jpg", b"2"), ("a.json", json_bytes(url=LINK)),
        ("a.json", json_bytes(url=LINK + "2")), ("b.json", json_bytes(url=LINK + "b")),
    ]  # fmt: skip
    _, rows = indexed(tmp_path, tar_bytes(members))
    judged = {row["url"]: n for n, row in enumerate(rows)}
    number = judged[(LINK, LINK + "2")[leaving]]
    with tarfile.open(fileobj=io.BytesIO(rewritten(tmp_path, tar_bytes(members), [number]))) as tar:
        assert tar.getnames() == ["b.json"]


# -- The tar without some samples, byte for byte -----------------------------------------------


def oracle(data: bytes, gone: Callable[[int, bytes], bool]) -> bytes:
    """The bytes that stay, by the offsets of Python's own reader; `gone` asks which."""
    kept = bytearray()
    end = 0
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for number, info in enumerate(tar):
            kept += data[end : info.offset]  # global headers
            end = info.offset_data + -(-info.size // 512) * 512
            if not (info.isreg() and gone(number, os.fsencode(info.name))):
                kept += data[info.offset : end]
    return bytes(kept + data[end:])


def leaving_members(data: bytes, leaving: Sequence[int]) -> set[int]:
    """The members of some records: all of their key, or where its samples are alike their own."""
    records: list[tuple[bytes, list[int], list[bytes]]] = []
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for number, info in enumerate(tar):
            found = re.match(rb"^((?:.*/|)[^.]+)[.]([^/]*)$", os.fsencode(info.name), re.DOTALL)
            if not (info.isreg() and found):
                continue
            of_key = [r for r in records if r[0] == found[1]]
            if not of_key or found[2] in of_key[-1][2]:
                records.append((found[1], [], []))
                of_key = [records[-1]]
            of_key[-1][1].append(number)
            of_key[-1][2].append(found[2])
    gone: set[int] = set()
    for key, members, _ in (records[n] for n in leaving):
        of_key = [r for r in records if r[0] == key]
        alike = all(r[2] == of_key[0][2] for r in of_key)
        gone |= {n for n in members} if alike else {n for r in of_key for n in r[1]}
    return gone


KEYS = ["0", "1", "d/0", "é", "x" * 101, "y" * 60 + "/" + "z" * 90, "w" * 300, "\udce9"]
NAMES = st.builds(
    lambda key, ending: key + ending,
    st.sampled_from(KEYS),
    st.sampled_from([".jpg", ".json", ".txt", ".url", ".cls.txt", "", "/", ".png"]),
)


@given(
    names=st.lists(NAMES, max_size=12),
    form=st.sampled_from(["gnu", "pax"]),
    has_global=st.booleans(),
    has_end=st.booleans(),
    draw=st.data(),
)
def test_what_stays_stays_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory,
    names: list[str],
    form: str,
    has_global: bool,
    has_end: bool,
    draw: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("any")
    sizes = [draw.draw(st.sampled_from([2, 512, 513, 3000])) for _ in names]
    members = [
        (name, b"" if name.endswith("/") else b"{}".ljust(size))
        for name, size in zip(names, sizes, strict=True)
    ]
    data = tar_bytes(members, FORMATS[form], {"comment": "made"} if has_global and names else None)
    if not has_end and members:
        data = oracle(data, lambda *_: False)
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            last = tar.getmembers()[-1]
            data = data[: last.offset_data + -(-last.size // 512) * 512]
    _, rows = indexed(folder, data)
    assert rewritten(folder, data, []) == data
    leaving = sorted(draw.draw(st.sets(st.integers(0, len(rows) - 1)))) if rows else []
    gone = leaving_members(data, leaving)
    left = rewritten(folder, data, leaving)
    assert left == (oracle(data, lambda number, _: number in gone) or bytes(1024))
    assert rewritten(folder, data, pa.array(leaving, pa.int64())) == left


@pytest.mark.parametrize("form", ["v7", "oldgnu", "gnu", "ustar", "posix"])
def test_tars_of_gnu_tar(tmp_path: Path, form: str) -> None:
    root = tmp_path / "data"
    names = ["0.jpg", "0.json", "1.jpg", "1.json", "sub/2.json", "README"]
    if form != "v7":
        names.append("sub/" + "n" * 80 + "/3.json")
    if form not in ("v7", "ustar"):
        names.append("m" * 120 + "/4.json")
    for n, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(json_bytes(url=LINK + str(n)) if ".json" in name else b"x" * 700)
    made = tmp_path / "made.tar"
    subprocess.run(["tar", f"--format={form}", "-cf", made, "-C", root, "."], check=True)
    data = made.read_bytes()
    _, rows = indexed(tmp_path, data)
    assert {row["key"] for row in rows} == {n.partition(".")[0] for n in names if n != "README"}
    assert rewritten(tmp_path, data, []) == data
    gone = [n for n, row in enumerate(rows) if row["key"] in ("1", "sub/2")]
    left = rewritten(tmp_path, data, gone)
    assert left == oracle(data, lambda _, name: bool(re.search(rb"/(1|2)\.", name)))
    listed = subprocess.run(["tar", "-tf", tmp_path / "out.tar"], check=True, capture_output=True)
    assert not re.search(rb"\./1\.|sub/2", listed.stdout)
    assert listed.stderr == b""


def test_sizes_in_all_spellings_lie_where_python_sees_them(tmp_path: Path) -> None:
    """Base-256 and pax sizes of members with and without data."""
    big = tarfile.TarInfo("a.json")
    big.size = 2
    binary = bytearray(big.tobuf(tarfile.GNU_FORMAT))
    binary[124:136] = b"\x80" + (2).to_bytes(11, "big")
    said = pax(b"size=2") + header("b.json", size=0)
    data = checked(binary) + b"{}".ljust(512, b"\0") + said + b"{}".ljust(512, b"\0") + bytes(1024)
    assert [row["key"] for row in indexed(tmp_path, data)[1]] == ["a", "b"]
    assert rewritten(tmp_path, data, [0]) == data[1024:]
    assert rewritten(tmp_path, data, [1]) == data[:1024] + bytes(1024)
    comment = b"13 comment=a\n"  # for all members, of a size so written
    for_all = header("pax", b"\x80" + len(comment).to_bytes(11, "big"), b"g")
    data = for_all + comment.ljust(512, b"\0") + data
    assert rewritten(tmp_path, data, [0]) == data[:1024] + data[2048:]
    (path := tmp_path / "b.tar").write_bytes(data)
    assert [(m.start, m.key) for m in verified_tars.members(path)] == [
        (0, None), (1024, "a"), (2048, "b"), (len(data) - 1024, None),
    ]  # fmt: skip


def test_a_member_that_leads_back_to_itself_is_refused_by_the_check(tmp_path: Path) -> None:
    info = tarfile.TarInfo("a.txt")
    block = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    block[124:136] = (-512).to_bytes(12, "big", signed=True)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    (path := tmp_path / "a.tar").write_bytes(bytes(block) + bytes(1024))
    with pytest.raises(InputError, match="cannot be read as a tar"):
        next(islice(verified_tars.members(path), 9, None), None)


USUAL = (b"%06o\0 ", b"%06o \0", b"%07o\0")  # checksums of nearly all writers


@pytest.mark.parametrize("checksum", [*USUAL, b"%6o\0 ", b"%07o ", b"%o\0", b"%08o"])
def test_the_short_way_through_a_header_passes_over_nothing(
    tmp_path: Path, checksum: bytes
) -> None:
    """It leads to what the long one leads to, or to none; and it is gone where all is usual."""
    path = tmp_path / "a.tar"
    names = (b"n", b"a/b.c", b"n" * 99, b"n" * 100, b"./a", b"a/", b"\xff")
    sizes = (b"%011o\0" % 700, b"%011o " % 700, b"%012o" % 700, b"%o" % 700, b"x")
    many = b"\xff" * 188 + b"\0" + b"\xff" * 166  # so that their sum has no room in 16 bits
    changes = ((0, b""), (0, b"/"), (100, b"n"), (157, many), (345, b"n"), (511, b"n"))
    for name, size, kind, (at, change) in product(names, sizes, (b"0", b"\0", b"5"), changes):
        block = bytearray(header(name, size, kind))
        block[at : at + len(change)] = change
        block[148:156] = b" " * 8
        total = sum(block)
        is_usual = name in names[:3] and size in sizes[:2] and kind < b"1" and not change
        for told in (total, total + 1, total + 256, total % 65521):
            block[148:156] = (checksum % told).ljust(8, b"\0")[:8]
            short = tars._ordinary(bytes(block), 0, 1536)
            if short is None:
                assert not (is_usual and checksum in USUAL and told == total)
                continue
            path.write_bytes(block + bytes(1024))
            with open_tar(path) as tar, pytest.MonkeyPatch.context() as patch:
                patch.setattr(tars, "_ordinary", lambda *_: None)
                assert list(tar.members()) == [short]


def test_the_walk_holds_no_data_and_seeks_over_it(tmp_path: Path) -> None:
    """A member of 40 GB, which is a hole."""
    path = tmp_path / "large.tar"
    size = 40 << 30
    info = tarfile.TarInfo("a.mp4")
    info.size = size
    with path.open("wb") as f:
        f.write(info.tobuf(tarfile.GNU_FORMAT))
        f.seek(512 + size)
        f.write(tar_bytes([("a.json", json_bytes(url=LINK))]))
    assert samples.index(path, tmp_path / "index", {}).records == 1
    with open_tar(path) as tar:
        assert next(tar.members()).size == size


def test_a_tar_without_end_blocks_of_which_all_leaves_is_an_empty_tar(tmp_path: Path) -> None:
    """A file of no bytes would be refused by every reader."""
    data = rewritten(tmp_path, header("a.jpg"), [0])
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert tar.getnames() == []


def test_a_checksum_of_signed_bytes_is_right_too(tmp_path: Path) -> None:
    """As old systems wrote it, and every reader takes it."""
    block = bytearray(header("é.jpg"))
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(memoryview(block).cast("b"))
    assert [row["key"] for row in indexed(tmp_path, bytes(block) + END)[1]] == ["é"]


def test_samples_in_one_piece_are_left_out_by_their_places(tmp_path: Path) -> None:
    """So are those of which members of other samples stand between only by the headers."""
    members = [("a.jpg", b"1"), ("README", b"x"), ("b.jpg", b"2"), ("b.txt", b"3"), ("c.jpg", b"4")]
    members += [("a.txt", b"5"), ("d.jpg", b"6"), ("d.txt", b"7"), ("d.jpg", b"8")]
    path, index = tmp_path / "a.tar", tmp_path / "index"
    path.write_bytes(tar_bytes(members))
    samples.index(path, index, {})
    table = pq.read_table(index, columns=["key", "start", "stop"]).to_pylist()
    told = [(x["key"], x["start"], x["stop"]) for x in table]
    alone = [("b", 2048, 4096), ("c", 4096, 5120)]
    assert told == [("a", None, None), *alone, ("d", None, None), ("d", None, None)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "read_samples", None)
        assert samples.rewrite(path, tmp_path / "out.tar", [1, 2], index).records == 3
    with tarfile.open(tmp_path / "out.tar") as tar:
        assert tar.getnames() == [name for name, _ in members if name[0] not in "bc"]


def test_numbers_that_the_tar_has_no_sample_of(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(tar_bytes([("a.jpg", b"")]))
    with pytest.raises(InputError, match="belong to another file"):
        samples.rewrite(path, tmp_path / "out", [1])
    assert not (tmp_path / "out").exists()


def test_a_real_tar_of_two_shapes(tmp_path: Path, shared_data: Path) -> None:
    data = (shared_data / "real/webdataset_mixed.tar").read_bytes()
    found, rows = indexed(tmp_path, data)
    inner = (
        f"yt_meta_dict.info.{name} (3)"
        for name in (
            "channel_url",
            "description",
            "requested_subtitles.en.url",
            "thumbnail",
            "uploader_url",
        )
    )
    told = "not looked at, though it holds links (and in how many records): " + ", ".join(inner)
    assert found == Indexed(6, {"url": "url", "text": "caption, .txt"}, (told,))
    assert all(row["url"].startswith("http") and row["row_hash"] for row in rows)
    assert rewritten(tmp_path, data, []) == data
    gone = {rows[n]["key"].encode() for n in (0, 4)}

    def is_gone(_: int, name: bytes) -> bool:
        return name.partition(b".")[0] in gone

    assert rewritten(tmp_path, data, [0, 4]) == oracle(data, is_gone)


# -- What is refused ---------------------------------------------------------------------------


def checked(block: bytes | bytearray) -> bytes:
    """A header with its right checksum."""
    changed = bytearray(block)
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed)
    return bytes(changed)


def header(
    name: str | bytes = SECRET + ".json", size: int | bytes = 0, kind: bytes = b"0", **more: bytes
) -> bytes:
    block = bytearray(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT))
    name = name.encode() if isinstance(name, str) else name
    block[:100] = name.ljust(100, b"\0")
    block[124:136] = size.ljust(12, b"\0") if isinstance(size, bytes) else b"%011o\0" % size
    block[156:157] = kind
    block[257:265] = more.get("magic", b"ustar\x0000")
    block[345:500] = more.get("prefix", b"").ljust(155, b"\0")
    return checked(block)


def pax(*records: bytes, kind: bytes = b"x") -> bytes:
    body = b""
    for record in records:
        length = len(record) + 2
        length += len(str(length + len(str(length))))
        body += b"%d %s\n" % (length, record)
    return header("pax", len(body), kind) + body.ljust(-(-len(body) // 512) * 512, b"\0")


def long_name(name: bytes, kind: bytes = b"L") -> bytes:
    body = name + b"\0"
    padded = body.ljust(-(-len(body) // 512) * 512, b"\0")
    return header("././@LongLink", len(body), kind, magic=b"ustar  \0") + padded


END = bytes(1024)
GOOD = tar_bytes([("a.json", json_bytes(url=LINK))])
DAMAGED = bytearray(header())
DAMAGED[0] ^= 1
REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "is empty, and no tar"),
    "not a tar": (b"x" * 2048, "is no tar"),
    "short": (b"x", "is no tar"),
    "gzip": (b"\x1f\x8b" + bytes(600), r"is packed \(gzip\); unpack it to a plain .tar first"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(600), r"packed \(zstd\)"),
    "checksum": (header("a.jpg") + bytes(DAMAGED) + END, r"member 2 \(at byte 512\).*checksum"),
    "cut in a header": (header("a.jpg") + header()[:300], "member 2 .* is cut off"),
    "cut in data": (header(size=600) + b"x" * 600, "member 1 .* is cut off"),
    "cut after pax": (pax(b"path=a.jpg"), "is cut off"),
    "end after pax": (pax(b"path=a.jpg") + END, "is cut off"),
    "negative size": (header(size=b"\xff" * 12), "no size, or one below zero"),
    "minus size": (header(size=b"-0000000001"), "no size, or one below zero"),
    "no size": (header(size=b" "), "no size, or one below zero"),
    "huge size": (header(size=b"\x80" + b"\x7f" * 11), "is cut off"),
    "negative pax size": (pax(b"size=-1") + header() + END, "no size, or one below zero"),
    "huge pax size": (pax(b"size=" + b"9" * 20) + header() + END, "is cut off"),
    "parent": (header(f"../{SECRET}.json") + END, "leads out of the folder"),
    "parent inside": (header(f"a/../../{SECRET}.json") + END, "leads out of the folder"),
    "parent as prefix": (header(f"{SECRET}.json", prefix=b"..") + END, "leads out of the folder"),
    "parent on Windows": (header(f"a\\..\\..\\{SECRET}.json") + END, "leads out of the folder"),
    "absolute on Windows": (header(f"c:\\{SECRET}.json") + END, "leads out of the folder"),
    "parent alone": (header("..", kind=b"5") + END, "leads out of the folder"),
    "absolute": (header(f"/{SECRET}.json") + END, "leads out of the folder"),
    "absolute in pax": (pax(f"path=/{SECRET}".encode()) + header() + END, "leads out"),
    "parent in long name": (long_name(b"../" + b"x" * 200) + header() + END, "leads out"),
    "newline": (header(f"{SECRET}\n.json") + END, "control characters"),
    "escape": (header(f"{SECRET}\x1b[1m.json") + END, "control characters"),
    "NUL in pax": (pax(f"path={SECRET}\0.json".encode()) + header() + END, "control characters"),
    "no name": (header("") + END, "control characters, or none"),
    "hard link": (header(kind=b"1") + END, "is a hard link"),
    "symbolic link": (header(kind=b"2") + END, "is a symbolic link"),
    "device": (header(kind=b"3") + END, "is a device"),
    "FIFO": (header(kind=b"6") + END, "is a FIFO"),
    "sparse": (header(kind=b"S", magic=b"ustar  \0") + END, "is a sparse file"),
    "sparse in pax": (pax(b"GNU.sparse.major=1") + header() + END, "is a sparse file"),
    "other kind": (header(kind=b"M") + END, "neither a file nor a folder"),
    "long link": (long_name(b"x", b"K") + header() + END, "neither a file nor a folder"),
    "two long names": (long_name(b"x") * 2 + header() + END, "two headers of one kind"),
    "two pax headers": (pax(b"a=b") * 2 + header() + END, "two headers of one kind"),
    "two names": (pax(b"path=a") + long_name(b"b") + header() + END, "two names or sizes"),
    "two sizes": (pax(b"size=0", b"size=1") + header() + END, "two names or sizes"),
    "size for all": (pax(b"size=0", kind=b"g") + header() + END, "two names or sizes"),
    "name for all": (pax(b"path=a", kind=b"g") + header() + END, "two names or sizes"),
    "damaged pax": (header("p", 4, b"x") + b"99 a".ljust(512) + header() + END, "damaged pax"),
    "large pax": (header("p", 2 << 20, b"x") + bytes(2 << 20), "more than a megabyte"),
    "folder with data": (header("a", 5, b"5") + bytes(512) + END, "a folder and a file at once"),
    "file as folder": (header("a.json/") + END, "a folder and a file at once"),
    "prefix of no ustar": (header(prefix=b"x", magic=b"ustar  \0") + END, "read in two ways"),
    "two tars": (GOOD + GOOD, "goes on after its end .*tar --concatenate"),
    "one zero block": (header() + bytes(512) + header() + END, "goes on after its end"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_could_do_harm_or_be_read_in_two_ways_is_refused(tmp_path: Path, case: str) -> None:
    data, why = REFUSED[case]
    line = refusal(tmp_path, data)
    assert re.search(why, line)
    assert "; " in line, "says what to do"


BAD_JSON: dict[str, tuple[bytes, str]] = {
    "broken": (b'{"url": "' + SECRET.encode(), "is no JSON"),
    "no object": (json.dumps([SECRET]).encode(), "is no object"),
    "twice": (b'{"url": "https://a.example/", "url": "b"}', "has a field twice"),
    "half a character": (rb'{"url": "https://a.example/\ud800"}', "half a character"),
    "nested": (b"[" * 100_000, "is no JSON"),
    "no utf-8": (b'{"url": "\xff"}', "is no JSON"),
    "more behind it": (b"{}\n{}", "is no JSON"),
    "a blank that JSON has not": (b"{}\xc2\xa0", "is no JSON"),
    "large": (b" " * ((16 << 20) + 1), r"has more than 16 MB"),
}


@pytest.mark.parametrize("case", BAD_JSON)
def test_jsons_that_cannot_be_read_are_refused(tmp_path: Path, case: str) -> None:
    data, why = BAD_JSON[case]
    path = tmp_path / "a.tar"
    path.write_bytes(tar_bytes([("0.jpg", b""), (f"{SECRET}.json", data)]))
    with pytest.raises(InputError, match=why) as found:
        samples.index(path, tmp_path / "index", {})
    assert SECRET not in str(found.value)
    assert list(tmp_path.iterdir()) == [path]


def test_a_tar_that_is_cut_anywhere_is_refused_or_told(tmp_path: Path) -> None:
    members = [("a.json", json_bytes(url=LINK)), ("n" * 200 + ".jpg", b"x" * 513)]
    data = tar_bytes(members, tarfile.PAX_FORMAT)
    whole = {1024: 1, 3584: 2}  # right after a member
    for size in range(256, 5121, 256):
        try:
            found, _ = indexed(tmp_path, data[:size])
        except InputError as error:
            assert "is cut off" in str(error) or "is no tar" in str(error)
            continue
        assert found.records == whole.get(size, 2)
        assert any("no end blocks" in told for told in found.notices) == (size in whole)


def test_a_folder_a_pipe_and_nothing_are_no_tar(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, why in ((tmp_path, "is no file"), (tmp_path / "pipe", "is no file")):
        with pytest.raises(InputError, match=why):
            samples.index(path, tmp_path / "index", {})
    with pytest.raises(InputError, match="cannot be read"):
        samples.index(tmp_path / "none.tar", tmp_path / "index", {})


def test_a_tar_that_is_written_to_meanwhile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(GOOD)
    copy = tars.copy_pieces

    def slow(*given: Any) -> tuple[int, str]:
        done = copy(*given)
        path.write_bytes(GOOD)
        os.utime(path, (1, 1))
        return done

    monkeypatch.setattr(samples, "copy_pieces", slow)
    with pytest.raises(InputError, match="was changed or replaced"):
        samples.rewrite(path, tmp_path / "out", [])
    assert list(tmp_path.iterdir()) == [path]


# -- img2dataset's stats -----------------------------------------------------------------------

STATS = {
    "count": 10,
    "successes": 6,
    "failed_to_download": 3,
    "failed_to_resize": 1,
    "duration": 12.345678,
    "start_time": 1681800000.1,
    "status_dict": {"success": 6, "HTTP Error 404: Not Found": 3, "image decoding error é": 1},
}
LEFT = stats.Left(
    {"success": 2, "failed_to_download": 3}, messages={"HTTP Error 404: Not Found": 3}
)
NONE_LEFT = stats.Left({})
LESS = {
    **STATS,
    "count": 5,
    "successes": 4,
    "failed_to_download": 0,
    "status_dict": {"success": 4, "image decoding error é": 1},
}


@pytest.mark.parametrize("is_ascii", [True, False])
@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("indent", [4, 2, None])
def test_stats_are_lowered_and_stay_as_they_are_written(
    tmp_path: Path, indent: int | None, end: str, is_ascii: bool
) -> None:
    def written(fields: Any) -> bytes:
        return (json.dumps(fields, indent=indent, ensure_ascii=is_ascii) + end).encode()

    path, target = tmp_path / "00000_stats.json", tmp_path / "out.json"
    path.write_bytes(written(STATS))
    found = stats.without(path, target, LEFT)
    data = target.read_bytes()
    assert data == written(LESS)
    assert (found.records, found.bytes) == (5, len(data))
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    stats.without(path, target, NONE_LEFT)
    assert target.read_bytes() == path.read_bytes()


def test_a_message_that_img2dataset_forgot_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "00000_stats.json"
    path.write_text(json.dumps(STATS, indent=4))
    messages = {"rare": 1, "image decoding error é": 2}
    stats.without(path, path, stats.Left({"failed_to_resize": 1}, messages=messages))
    less = json.loads(path.read_bytes())
    assert (less["count"], less["failed_to_resize"]) == (9, 0)
    assert less["status_dict"] == {"success": 6, "HTTP Error 404: Not Found": 3}


@pytest.mark.parametrize(
    "other",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps({**STATS, "count": "10"}),
        json.dumps({**STATS, "count": True}),
        json.dumps({**STATS, "successes": -1}),
        json.dumps({**STATS, "status_dict": [SECRET]}),
        json.dumps({**STATS, "status_dict": {SECRET: None}}),
        json.dumps(STATS, indent=3),
        json.dumps(STATS)[:-1] + ', "count": 10}',
        json.dumps(STATS) + "\n\n",
        b"\xff",
    ],
)
def test_stats_of_another_shape_are_refused(tmp_path: Path, other: str | bytes) -> None:
    path, target = tmp_path / "00000_stats.json", tmp_path / "out.json"
    path.write_bytes(other.encode() if isinstance(other, str) else other)
    with pytest.raises(InputError, match="is not the stats file of a shard") as found:
        stats.without(path, target, NONE_LEFT)
    assert SECRET not in str(found.value)
    assert not target.exists()


def test_stats_that_count_fewer_rows_than_leave(tmp_path: Path) -> None:
    path = tmp_path / "00000_stats.json"
    path.write_text(json.dumps(STATS))
    with pytest.raises(InputError, match="successes is 6, but 7 rows leave"):
        stats.without(path, tmp_path / "out.json", stats.Left({"success": 7}))


def test_attempts_that_failed_somehow_are_counted_where_there_are_some(tmp_path: Path) -> None:
    path = tmp_path / "00000_stats.json"
    path.write_text(json.dumps(STATS))
    stats.without(path, path, stats.Left({}, failed=4))
    less = json.loads(path.read_bytes())
    assert [less[n] for n in ("count", "failed_to_download", "failed_to_resize")] == [6, 0, 0]


QUOTING = (
    "URL can't contain control characters. '/a b.jpg?x=1' (found at least ' ')",
    "unknown url type: 'htp://host/a.jpg'",
    "<urlopen error unknown url type: host>",
    "[SSL] Hostname mismatch, certificate is not valid for 'host.example'. (_ssl.c:1129)",
    "HTTP Error 302: see www.host.example",
)


@pytest.mark.parametrize("message", QUOTING)
def test_a_message_that_may_quote_a_link_stands_only_where_a_row_has_it(
    tmp_path: Path, message: str
) -> None:
    """Of which row it is nobody knows: where none that stays has it, it may be one that left."""
    path = tmp_path / "00000_stats.json"
    plain = {"success": 6, "HTTP Error 404: Not Found": 2, "[SSL] no issuer (_ssl.c:1129)": 1}
    path.write_text(json.dumps({**STATS, "status_dict": {**plain, message: 3}}))
    stands = stats.Left({}, messages={message: 2}, standing=frozenset({message}))
    assert stats.tells_more(path, NONE_LEFT) and not stats.tells_more(path, stands)
    for left, rest in ((NONE_LEFT, {}), (stands, {message: 1})):
        stats.without(path, tmp_path / "out", left)
        assert json.loads((tmp_path / "out").read_bytes())["status_dict"] == plain | rest


@pytest.mark.parametrize("with_tar", [True, False])
def test_a_row_without_a_status_was_downloaded_if_its_sample_is_there(
    tmp_path: Path, with_tar: bool
) -> None:
    rows = [
        {"key": "0007", "status": None, "error_message": None},
        {"key": "0008", "status": None, "error_message": "x"},
        {"key": "0009", "status": "odd", "error_message": None},
        {"key": "0010", "status": "failed_to_resize", "error_message": "y"},
        {"key": None, "status": None, "error_message": "z"},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    pq.write_table(pa.table({"key": ["7", "0008"]}), tmp_path / "tar.parquet")
    gone = pa.chunked_array([pa.array([0, 1, 2, 3], pa.int64())])
    left = stats.left_of(
        tmp_path / "a.parquet", tmp_path / "tar.parquet" if with_tar else None, gone
    )
    assert left.statuses == {"success": 2, "failed_to_resize": 1}
    assert left.failed == 1
    assert left.messages == {"x": 1, "y": 1}
    assert left.standing == {"z"}
