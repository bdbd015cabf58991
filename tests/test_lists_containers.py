"""What a list is packed in changes nothing of what it says; what hides a part of it is refused."""

import bz2
import gzip
import io
import lzma
import random
import shlex
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from relaion.errors import ListError
from relaion.lists import store
from relaion.lists.readers.containers import packed
from relaion.lists.readers.format import Options
from relaion.lists.samples import SAMPLES, sample_of
from relaion.paths import shown
from tests.drawn import quickly
from tests.list_samples import Outcome, options_of, read_list

DIGESTS = [f"{i * 7919:08x}" * 4 for i in range(101, 121)]
TEXT = "".join(f"{digest}\n" for digest in DIGESTS).encode()
RIGHT = frozenset(("image_md5", digest) for digest in DIGESTS)
NSRL = (
    b'"SHA-1","MD5","CRC32","FileName","FileSize","ProductCode","OpSystemCode","SpecialCode"\n'
    + b"".join(
        f'"{d}{d[:8]}","{d}","0123ABCD","a{i}.dll",123,42,"362",""\n'.encode()
        for i, d in enumerate(DIGESTS)
    )
)


STREAMS_BY_NAME = ("gzip", "bzip2", "xz", "zstd", "zip")


def zst(data: bytes) -> bytes:
    return bytes(pa.compress(data, "zstd", asbytes=True))


STREAMS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, mtime=0), "bz2": bz2.compress, "xz": lzma.compress,
    "zst": zst,
}  # fmt: skip


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as out:
        for name, data in members:
            out.writestr(zipfile.ZipInfo(name), data, method)
    return held.getvalue()


def read(data: bytes, name: str = "list.zip", **said: object) -> Outcome:
    return read_list(data, name, Options(**said))  # type: ignore[arg-type]


# -- Streams -------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", STREAMS)
def test_a_packed_stream_says_what_is_in_it(how: str) -> None:
    pack = STREAMS[how]
    for data in (pack(TEXT), pack(TEXT[:99]) + pack(TEXT[99:]), pack(b"") + pack(TEXT)):
        assert read(data, f"list.txt.{how}").entries == RIGHT
        assert read(data, "list").entries == RIGHT


@pytest.mark.parametrize("how", STREAMS)
def test_a_packed_stream_that_is_cut_anywhere_is_refused(how: str) -> None:
    data = STREAMS[how](TEXT)
    for at in range(1, len(data)):
        outcome = read(data[:at], f"list.txt.{how}")
        assert outcome.refused is not None, at
        assert "\n" not in outcome.refused


@pytest.mark.parametrize("how", STREAMS)
def test_what_stands_behind_a_stream_is_never_passed_over(how: str) -> None:
    data = STREAMS[how](TEXT)
    assert "behind the end" in (read(data + b"more " * 9, "list.txt").refused or "")
    second = bytearray(data + data)
    second[len(data)] ^= 1  # the second half of the list would go unseen
    assert read(bytes(second), "list.txt").refused is not None


def test_padding_behind_a_stream_is_none() -> None:
    for how in ("gz", "bz2", "xz"):
        data = STREAMS[how](TEXT)
        assert read(data + bytes(512), "list.txt").entries == RIGHT
        assert read(data + bytes(512) + data, "list.txt").entries == RIGHT


def test_frames_that_are_skipped_stand_around_those_of_zstd() -> None:
    skipped = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
    data = skipped + zst(TEXT[:66]) + skipped + zst(TEXT[66:]) + skipped
    assert read(data, "list.txt.zst").entries == RIGHT


@pytest.mark.parametrize("how", STREAMS)
def test_a_stream_in_a_stream_is_refused_by_its_name(how: str) -> None:
    said = read(STREAMS[how](gzip.compress(TEXT)), "list.txt").refused
    assert said is not None and "compressed with gzip within a packed file" in said


@pytest.mark.parametrize("how", quickly(1, STREAMS))
def test_what_unpacks_without_an_end_is_refused_in_memory_that_does_not_grow(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "FREE", 20 << 20)
    data = STREAMS[how](b"a line\n" * (24 << 17))
    tracemalloc.start()
    with pytest.raises(ListError, match="as no list does"):
        for block in packed.unpacked(iter([data]), len(data), 1 << 20):
            assert len(block) <= 1 << 20
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 14 << 20


@pytest.mark.slow
def test_a_list_that_packs_well_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "FREE", 1 << 20)
    text = "".join(f"{i:032x}\n" for i in range(1 << 40, (1 << 40) + 60_000)).encode()
    for how, pack in STREAMS.items():
        assert len(read(pack(text), f"list.{how}").entries) == 60_000


# -- Zip archives --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_the_only_member_is_taken(method: int) -> None:
    assert read(zipped(("list.txt", TEXT), method=method)).entries == RIGHT
    assert read(zipped(("a/b/list.txt", TEXT), method=method), "x").entries == RIGHT


@pytest.mark.parametrize("how", STREAMS)
def test_a_packed_stream_in_an_archive_is_read(how: str) -> None:
    data = STREAMS[how](TEXT)
    assert read(zipped((f"list.txt.{how}", data))).entries == RIGHT
    assert read(zipped((f"list.txt.{how}", data[:-1]))).refused is not None


def test_of_several_members_one_is_chosen() -> None:
    data = zipped(("readme.txt", b"About the list\n"), ("2024/list.txt", TEXT), ("old.csv", b"a"))
    said = read(data).refused or ""
    assert "holds 3 members (1: readme.txt, 2: 2024/list.txt, 3: old.csv)" in said
    assert "--member" in said
    for member in ("2024/list.txt", "2", "*/list.*"):
        outcome = read(data, member=member)
        assert outcome.entries == RIGHT
        assert any("other members of the archive, not looked at: 2" in n for n in outcome.notices)
    for member, how in (("*.txt", "more than one"), ("list.txt", "none"), ("4", "none")):
        assert f"{how} is meant" in (read(data, member=member).refused or "")


def test_what_a_system_adds_to_an_archive_is_no_member() -> None:
    data = zipped(
        ("list.txt", TEXT), ("__MACOSX/._list.txt", b"x"), (".DS_Store", b"x"), ("folder/", b"")
    )
    outcome = read(data)
    assert outcome.entries == RIGHT
    assert any("a system added" in notice for notice in outcome.notices)


def test_names_of_members_are_escaped_and_cut() -> None:
    secret = DIGESTS[0]
    said = read(zipped((f"{secret}.jpg", b"x"), ("a\n\x1b[31m\u202eb", b"y"))).refused or ""
    assert secret not in said
    assert not any(sign in said for sign in "\n\x1b\u202e")


@pytest.mark.parametrize(
    ("name", "said"),
    [("removed/list.txt", "taken back"), ("2024/removed.csv", "taken back"),
     ("known_good.csv", "known good"), ("known_good/a.csv", "known good")],
)  # fmt: skip
def test_the_name_of_a_member_and_its_folder_speak_as_the_name_of_a_file(
    name: str, said: str
) -> None:
    assert said in (read(zipped((name, TEXT))).refused or "")
    assert read(zipped((name, TEXT)), ignore=frozenset(("file-name",))).entries == RIGHT


def test_the_name_of_the_archive_speaks_too() -> None:
    for name in ("removed.zip", "known_good.zip"):
        assert read(zipped(("list.txt", TEXT)), name).refused is not None
    assert read(gzip.compress(TEXT), "removed.txt.gz").refused is not None


@pytest.mark.parametrize("is_of_member", [False, True])
def test_the_comment_of_an_archive_or_a_member_speaks_as_a_name(is_of_member: bool) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as out:
        member, said = zipfile.ZipInfo("list.txt"), b"These hashes were removed"
        member.comment, out.comment = (said, b"") if is_of_member else (b"", said)
        out.writestr(member, TEXT)
    assert "taken back" in (read(held.getvalue()).refused or "")
    assert read(held.getvalue(), ignore=frozenset(("file-name",))).entries == RIGHT


def _gzip(name: str, extra: bytes = b"") -> bytes:
    """The text in gzip, with a name and a field of any program in its header."""
    plain = gzip.compress(TEXT, mtime=0)
    flags = bytes((8 | (4 if extra else 0),))
    more = len(extra).to_bytes(2, "little") + extra if extra else b""
    return plain[:3] + flags + plain[4:10] + more + name.encode("latin-1") + b"\0" + plain[10:]


@pytest.mark.parametrize("extra", [b"", b"\0RM\0"])
def test_the_name_in_the_header_of_gzip_speaks_too(extra: bytes) -> None:
    assert "take" in (read(_gzip("removed.txt", extra), "june.txt.gz").refused or "")
    assert read(_gzip("C:\\lists\\known_good.csv", extra), "june.gz").refused is not None
    expected = read(TEXT, "june.txt").entries
    for name in ("june.txt", "tmp8a9x", "/removed/june.txt"):
        assert read(_gzip(name, extra), "june.txt.gz").entries == expected
    assert read(gzip.compress(TEXT), "june.txt.gz").entries == expected


def test_folders_that_decide_nothing() -> None:
    data = zipped(("removed/list.txt", TEXT))
    assert read(data, ignore=frozenset(("folders",))).entries == RIGHT


def _encrypted() -> bytes:
    data = bytearray(zipped(("list.txt", TEXT)))
    data[6] |= 1  # in the header of the member, and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _wrong_digest() -> bytes:
    data = bytearray(zipped(("list.txt", TEXT), method=zipfile.ZIP_STORED))
    data[data.index(DIGESTS[3].encode())] ^= 1
    return bytes(data)


def _twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return zipped(("list.txt", TEXT), ("list.txt", b"other"))


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "encrypted": (_encrypted, "is encrypted"),
    "wrong digest": (_wrong_digest, "is damaged"),
    "two of one name": (_twice, "two members of the zip archive have one name"),
    "absolute": (lambda: zipped(("/etc/list.txt", TEXT)), "leads out of the folder"),
    "drive": (lambda: zipped(("C:\\list.txt", TEXT)), "leads out of the folder"),
    "upwards": (lambda: zipped(("a/../../list.txt", TEXT)), "leads out of the folder"),
    "upwards by backslash": (lambda: zipped(("..\\list.txt", TEXT)), "leads out of the folder"),
    "zip in zip": (lambda: zipped(("a.zip", zipped(("list.txt", TEXT)))), "within a zip archive"),
    "7z in zip": (lambda: zipped(("a.7z", b"7z\xbc\xaf\x27\x1c" + TEXT)), "a 7z archive within"),
    "twice packed": (
        lambda: zipped(("a.gz", gzip.compress(gzip.compress(TEXT)))), "compressed with gzip within",
    ),
    "data behind": (lambda: zipped(("list.txt", TEXT)) + b"more", "behind the end"),
    "another before": (
        lambda: zipped(("a.txt", b"a")) + zipped(("list.txt", TEXT)), "does not name",
    ),
    "empty": (zipped, "an empty zip archive"),
    "a document": (lambda: zipped(("word/document.xml", b"<a/>")), "a document of Word"),
    "lzma": (
        lambda: zipped(("list.txt", TEXT), method=zipfile.ZIP_LZMA), "method 14",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_archives_are_refused_in_one_line(what: str) -> None:
    make, said = HOSTILE[what]
    refused = read(make()).refused
    assert refused is not None and said in refused
    assert "\n" not in refused and DIGESTS[3] not in refused


def test_an_archive_that_is_cut_anywhere_is_refused() -> None:
    data = zipped(("list.txt", TEXT))
    for at in range(1, len(data)):
        outcome = read(data[:at])
        assert outcome.refused is not None, at


def _mutated(data: bytes, n: int) -> Iterator[bytes]:
    rng = random.Random(n)
    for _ in range(n):
        changed = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(changed))
            match rng.randrange(3):
                case 0:
                    changed[at] = rng.randrange(256)
                case 1:
                    del changed[at : at + rng.randint(1, 30)]
                case _:
                    changed[at:at] = rng.randbytes(rng.randint(1, 8))
        yield bytes(changed)


@pytest.mark.slow
@pytest.mark.parametrize("how", [*STREAMS, "zip"])
def test_damaged_containers_bring_no_other_entry(how: str) -> None:
    data = zipped(("list.txt", TEXT)) if how == "zip" else STREAMS[how](TEXT)
    for changed in _mutated(data, 1500):
        outcome = read(changed, f"list.txt.{how}")
        assert outcome.refused is not None or outcome.entries <= RIGHT or how == "zst"
        assert outcome.refused is None or "\n" not in outcome.refused


# -- Other containers ----------------------------------------------------------------------------

NAMED = {
    b"7z\xbc\xaf\x27\x1c": "7z x", b"Rar!\x1a\x07": "unrar x", b"\x1f\x9d\x90": "uncompress",
    b"\x04\x22\x4d\x18": "lz4 -d", b"LZIP\x01": "lzip -d", b"PK\x07\x08PK": "zip -s 0",
    b"list.txt" + bytes(249) + b"ustar\x0000": "tar xf",
}  # fmt: skip


@pytest.mark.parametrize("magic", NAMED)
def test_other_archives_are_refused_with_the_command_that_unpacks(magic: bytes) -> None:
    assert NAMED[magic] in (read(magic + bytes(2000), "list.x").refused or "")
    assert NAMED[magic] in (read(gzip.compress(magic + bytes(2000)), "list.x.gz").refused or "")


def test_software_stays_good_in_every_container() -> None:
    for data in (NSRL, zipped(("NSRLFile.txt", NSRL)), *(f(NSRL) for f in STREAMS.values())):
        assert "known-good software hashes" in (read(data, "RDS").refused or "")
        assert len(read(data, "RDS", role="good").entries) == 2 * len(DIGESTS)


@pytest.mark.parametrize("form", [n for n in SAMPLES if n not in STREAMS_BY_NAME])
def test_every_format_is_read_in_every_container(form: str) -> None:
    if form in ("xlsx", "ods"):
        pytest.importorskip("python_calamine", reason="the extra `sheets` is not installed")
    made = sample_of(form)
    name, options = f"list{made.suffix}", options_of(shlex.join(made.args))
    right = read_list(made.data, name, options)
    assert right.entries
    packed_so = {f"{name}.{how}": pack(made.data) for how, pack in STREAMS.items()}
    packed_so["list.zip"] = zipped((f"2024/{name}", made.data))
    packed_so["both.zip"] = zipped((f"{name}.gz", gzip.compress(made.data)))
    for name_of_it, data in packed_so.items():
        outcome = read_list(data, name_of_it, options)
        assert (outcome.entries, outcome.refused) == (right.entries, None), name_of_it


# -- In the store --------------------------------------------------------------------------------


def test_an_update_reads_the_member_that_the_list_was_read_from(tmp_path: Path) -> None:
    lists, file = tmp_path / "lists.duckdb", tmp_path / "list.zip"
    file.write_bytes(zipped(("a.txt", b"x"), ("list.txt", TEXT)))
    with pytest.raises(ListError, match="holds 2 members"):
        store.add(lists, file, source="IWF")
    assert not lists.exists()
    store.add(lists, file, source="IWF", member="list.txt")
    more = TEXT + b"0123456789abcdef0123456789abcdef\n"
    file.write_bytes(zipped(("a.txt", b"x"), ("list.txt", more)))
    added = store.add(lists, file, update=1, full=True)
    assert added.changes is not None
    assert (added.changes.added, added.changes.unchanged) == (1, len(DIGESTS))


def test_a_member_of_a_file_without_any_is_told(tmp_path: Path) -> None:
    outcome = read(TEXT, "list.txt", member="1")
    assert outcome.entries == RIGHT
    assert any("the file holds no members" in notice for notice in outcome.notices)


def test_an_error_names_the_file_once(tmp_path: Path) -> None:
    path = tmp_path / "list\n.zip"
    path.write_bytes(zipped(("list.txt", TEXT))[:-9])
    with pytest.raises(ListError) as caught:
        store.add(tmp_path / "lists.duckdb", path, source="IWF")
    assert str(caught.value).count(shown(path)) == 1


def test_digests_of_deflate_are_checked() -> None:
    data = bytearray(gzip.compress(TEXT, mtime=0))
    data[-8:-4] = (zlib.crc32(TEXT) ^ 1).to_bytes(4, "little")
    assert read(bytes(data), "list.txt.gz").refused is not None


def test_a_text_beside_a_list_in_an_archive_speaks_of_it() -> None:
    """What a README says is heard; an ordinary one is not asked about."""
    digest = "00112233445566778899aabbccddee01"

    def outcome(text: str, more: str = "") -> Outcome:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("README.txt", text)
            archive.writestr("list.txt", f"{digest}\n")
        return read_list(held.getvalue(), "a.zip", options_of(f"--member list.txt {more}"))

    trial = "These values are for the connection trial only. They are not real.\n"
    assert "--ignore title" in str(outcome(trial).refused)
    assert outcome(trial, "--ignore title").refused is None
    assert outcome("Hash list of November, MD5. Contact: desk@example.org\n").refused is None
