"""Damaged sources, full disks, folders that are not there: one line, and nothing left behind."""

import errno
import hashlib
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.errors import InputError, OutputError, RelaionError
from relaion.parquet import writer
from relaion.parquet.footer import read_footer
from relaion.parquet.thrift import I32, I64, STRUCT, Struct
from relaion.parquet.writer import Target, write_editions
from tests.drawn import quickly
from tests.faithful import write
from tests.parquet_layouts import joined
from tests.parquet_writers import edit_footer

MARKER = "marker-of-a-row"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "source.parquet"
    path.parent.mkdir()
    table = joined(3000).set_column(1, "TEXT", pa.array([f"{MARKER} {i}" for i in range(3000)]))
    pq.write_table(table, path, row_group_size=1000, compression="snappy")
    return path


def assert_refused(
    source: Path, error: type[RelaionError] = InputError, removed: list[int] | None = None
) -> str:
    """The source is refused in one line of ours, and the target's folder stays as it was."""
    out = source.parent / "out"
    out.mkdir(exist_ok=True)
    kept = out / "kept.parquet"
    kept.write_bytes(b"an older file")
    targets = [Target(kept, removed or [1]), Target(out / "new.parquet", [2])]
    with pytest.raises(error) as caught:
        write_editions(source, targets)
    assert [p.name for p in out.iterdir()] == ["kept.parquet"]
    assert kept.read_bytes() == b"an older file"
    said = str(caught.value)
    assert "\n" not in said and MARKER not in said
    return said


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a parquet file"),
        (b"PAR1", "cut off"),
        (b"PAR1PAR1", "cut off"),
        (b"PAR1\x00\x00\x00\x00PAR1", "footer ends too early"),
        (b"PAR1\xff\xff\xff\x7fPAR1", "cut off"),
        (b"PAR1" + b"\x15\x02\x19" * 9 + b"\x1b\x00\x00\x00PAR1", "damaged"),
        (b"url,caption\nhttps://a.example/1,x\n", "not a parquet file"),
        (b"PARE" + b"\x00" * 40 + b"PARE", "encrypted"),
        (b"PAR1" + b"\x00" * 40 + b"PARE", "encrypted"),
    ],
)
def test_what_is_no_parquet_file(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(data)
    said = assert_refused(path)
    assert words in said and str(path) in said


def test_a_file_that_is_not_there_or_a_folder(tmp_path: Path) -> None:
    assert "cannot be read" in assert_refused(tmp_path / "none.parquet")
    (tmp_path / "folder.parquet").mkdir()
    assert "cannot be read" in assert_refused(tmp_path / "folder.parquet")


def test_truncated_at_any_place(source: Path) -> None:
    whole = source.read_bytes()
    for size in [3, 7, 11, *random.Random(1).sample(range(12, len(whole)), 30), len(whole) - 1]:
        source.write_bytes(whole[:size])
        assert_refused(source)


def test_random_bytes_in_the_footer_never_surprise(source: Path) -> None:
    """Whatever stands there: a result that keeps the rows, or a line of ours."""
    whole = source.read_bytes()
    start = read_footer(source).start
    draw = random.Random(4)
    refused = 0
    for _ in range(120):
        data = bytearray(whole)
        for _ in range(draw.randrange(1, 4)):
            data[draw.randrange(start, len(data))] = draw.randrange(256)
        source.write_bytes(data)
        target = source.parent / "t.parquet"
        try:
            written = write(source, target, [1])
        except RelaionError as e:
            refused += 1
            assert "\n" not in str(e) and MARKER not in str(e)
            assert not target.exists()
        else:
            assert written.rows == 2999
            target.unlink()
        assert [p.name for p in source.parent.iterdir()] == ["source.parquet"]
    assert refused > 40


def test_flipped_bits_in_pages(source: Path) -> None:
    """Without page checksums a flip may pass as another value; it never becomes an odd error."""
    whole = source.read_bytes()
    start = read_footer(source).start
    draw = random.Random(5)
    refused = 0
    for _ in range(60):
        data = bytearray(whole)
        data[draw.randrange(4, start)] ^= 1 << draw.randrange(8)
        source.write_bytes(data)
        target = source.parent / "t.parquet"
        try:
            assert write(source, target, [1]).rows == 2999
            target.unlink()
        except RelaionError as e:
            refused += 1
            assert "damaged" in str(e) and "\n" not in str(e) and MARKER not in str(e)
        assert [p.name for p in source.parent.iterdir()] == ["source.parquet"]
    assert refused > 5


def test_flipped_bits_under_checksums_are_always_found(source: Path) -> None:
    table = pq.read_table(source)
    pq.write_table(table, source, write_page_checksum=True, compression="none")
    data = bytearray(source.read_bytes())
    data[data.index(MARKER.encode()) + 3] ^= 1
    source.write_bytes(data)
    assert "damaged" in assert_refused(source)


def more_rows(fields: Struct) -> None:
    fields[3] = (I64, 3001)


def more_rows_everywhere(fields: Struct) -> None:
    fields[3] = (I64, 3005)
    group = fields[4][1][1][2]
    group[3] = (I64, 1005)


def fewer_rows_everywhere(fields: Struct) -> None:
    fields[3] = (I64, 2995)
    group = fields[4][1][1][2]
    group[3] = (I64, 995)


def a_group_said_to_be_empty(fields: Struct) -> None:
    fields[3] = (I64, 2000)
    fields[4][1][1][0][3] = (I64, 0)


def negative_rows(fields: Struct) -> None:
    fields[3] = (I64, 1000)
    fields[4][1][1][0][3] = (I64, -1000)


def outside(fields: Struct) -> None:
    meta = fields[4][1][1][1][1][1][1][0][3][1]
    meta[9] = (I64, 10**9)
    meta.pop(11, None)  # behind a dictionary nobody looks where the values are said to be


def longer_than_the_file(fields: Struct) -> None:
    fields[4][1][1][1][1][1][1][0][3][1][7] = (I64, 10**9)


def another_file(fields: Struct) -> None:
    fields[4][1][1][1][1][1][1][0][1] = (8, b"other.parquet")


def fewer_columns(fields: Struct) -> None:
    fields[4][1][1][1][1][1][1].pop()


def more_children(fields: Struct) -> None:
    fields[2][1][1][0][5] = (I32, 100)


def unknown_codec(fields: Struct) -> None:
    fields[4][1][1][0][1][1][1][0][3][1][4] = (I32, 99)


def encrypted_column(fields: Struct) -> None:
    fields[4][1][1][0][1][1][1][0][8] = (STRUCT, {1: (STRUCT, {})})


def plain_footer_encrypted(fields: Struct) -> None:
    fields[8] = (STRUCT, {1: (STRUCT, {})})


LIES: list[Callable[[Struct], None]] = [
    more_rows,
    more_rows_everywhere,
    fewer_rows_everywhere,
    a_group_said_to_be_empty,
    negative_rows,
    outside,
    longer_than_the_file,
    another_file,
    fewer_columns,
    more_children,
    unknown_codec,
    encrypted_column,
    plain_footer_encrypted,
]


@pytest.mark.parametrize("lie", LIES)
def test_footers_that_lie(source: Path, lie: Callable[[Struct], None]) -> None:
    edit_footer(source, lie)
    said = assert_refused(source)
    assert "damaged" in said or "encrypted" in said


@pytest.mark.parametrize("rows", [90, 110])
def test_a_lie_that_only_decoding_shows(source: Path, rows: int) -> None:
    """A chunk of lists does not say how many rows it has."""
    pq.write_table(pa.table({"l": [[1, 2]] * 100}), source)

    def lie(fields: Struct) -> None:
        fields[3] = fields[4][1][1][0][3] = (I64, rows)

    edit_footer(source, lie)
    if rows > 100:
        assert "another number of rows" in assert_refused(source)
    else:  # every reader sees the first 90 rows and no more
        assert write(source, source.parent / "t.parquet", [1]).rows == 89


def test_rows_that_the_source_does_not_have(source: Path) -> None:
    for numbers in ([3000], [-1]):
        said = assert_refused(source, removed=numbers)
        assert "has 3000 rows, but rows beyond them" in said


def test_a_target_must_not_be_the_source_or_another_target(source: Path) -> None:
    before = source.read_bytes()
    target = source.parent / "t.parquet"
    link = source.parent / "link.parquet"
    link.symlink_to(source)
    for paths in ([source], [link], [target, target]):
        with pytest.raises(OutputError, match="another"):
            write_editions(source, [Target(p, [1]) for p in paths])
    assert source.read_bytes() == before and not target.exists()


def test_a_folder_that_is_missing_or_read_only(source: Path) -> None:
    with pytest.raises(OutputError, match="No such file") as caught:
        write(source, source.parent / "none" / "t.parquet", [1])
    assert "\n" not in str(caught.value)
    (source.parent / "file").write_text("x")
    with pytest.raises(OutputError):
        write(source, source.parent / "file" / "t.parquet", [1])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(source: Path) -> None:
    out = source.parent / "out"
    out.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="Permission denied"):
        write(source, out / "t.parquet", [1])


FULL_DISK = """
import resource, sys
from pathlib import Path
from relaion.errors import RelaionError
from relaion.parquet.writer import Target, write_editions
source, out, limit = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    write_editions(source, [Target(out / "a.parquet", [1]), Target(out / "b.parquet", [2])])
except RelaionError as e:
    print(type(e).__name__, e)
"""


@pytest.mark.parametrize("limit", quickly(1, [0, 100, 5_000, 100_000]))
def test_a_disk_that_fills_up(source: Path, tmp_path: Path, limit: int) -> None:
    assert source.stat().st_size > 110_000
    out = tmp_path / "out"
    out.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, source, out, str(limit)],
        capture_output=True,
        text=True,
        check=True,
    )
    reason = "cannot be written (File too large); nothing was left"
    assert done.stdout in {f"OutputError {out}/{name}.parquet: {reason}\n" for name in "ab"}
    assert done.stderr == ""
    assert list(out.iterdir()) == []


def test_an_error_of_the_disk_is_heard(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system tells it once: the next flush may well succeed."""
    told: list[int] = []

    def sync(_: int) -> None:
        if not told:
            told.append(1)
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", sync)
    assert "Input/output error" in assert_refused(source, OutputError)
    assert told


def test_an_edition_is_on_the_disk_before_it_has_its_name(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: dict[int, tuple[int, int]] = {}
    real = os.fsync

    def sync(handle: int) -> None:
        real(handle)
        found = os.fstat(handle)
        flushed[found.st_ino] = found.st_size, found.st_mode & 0o777

    monkeypatch.setattr(os, "fsync", sync)
    replace = Path.replace

    def renamed(part: Path, to: Path) -> Path:
        found = part.stat()
        assert flushed.pop(found.st_ino) == (found.st_size, 0o644)
        return replace(part, to)

    monkeypatch.setattr(Path, "replace", renamed)
    targets = [Target(source.parent / f"{i}.parquet", [min(i, 2)]) for i in range(4)]
    write_editions(source, targets)
    assert not flushed


def test_editions_that_lose_the_same_rows_are_encoded_once(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = [[5, 7], [1], [7, 5, 5], [5, 7]]
    targets = [Target(source.parent / f"{i}.parquet", rows) for i, rows in enumerate(removed)]
    alone = []
    for target in targets:
        alone += write_editions(source, [target])
        target.path.unlink()
    flush = writer.EditionFile.flush
    encoded: set[Path] = set()

    def flushed(edition: writer.EditionFile) -> None:
        encoded.add(edition.part)
        flush(edition)

    monkeypatch.setattr(writer.EditionFile, "flush", flushed)
    assert write_editions(source, targets) == alone
    assert len(encoded) == 2
    for target, written in zip(targets, alone, strict=True):
        assert hashlib.sha256(target.path.read_bytes()).hexdigest() == written.sha256
        assert target.path.stat().st_mode & 0o777 == 0o644


def test_a_copy_that_came_out_with_other_bytes_is_refused(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copyfile

    def spoilt(twin: Path, part: Path) -> None:
        copy(twin, part)
        with part.open("r+b") as f:
            f.seek(part.stat().st_size // 2)
            f.write(b"\xff\x00\xff")

    monkeypatch.setattr(shutil, "copyfile", spoilt)
    out = source.parent / "out"
    out.mkdir()
    with pytest.raises(OutputError, match=r"two\.parquet: came out with other bytes than .*one"):
        write_editions(source, [Target(out / f"{name}.parquet", [1]) for name in ("one", "two")])
    assert list(out.iterdir()) == []
