"""Digests of well-known blank pixels are made here from their bytes, and refused like no file's."""

import hashlib
import struct
import zlib
from pathlib import Path

import pyarrow as pa
import pytest

from relaion.errors import ListError
from relaion.lists import store
from relaion.lists.digests import (
    EMPTY_FILE,
    OF_NO_PICTURE,
    OF_NO_ROW,
    ONE_DIGIT,
    ONE_PIXEL,
)
from relaion.sidecars.row_hash import row_hashes

ALGORITHMS = ("md5", "sha1", "sha256")


def pictures() -> dict[str, bytes]:
    """Name and bytes of each."""
    found: dict[str, str] = {}
    path = Path(__file__).parent / "cases" / "placeholders.txt"
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("= "):
            name = line[2:]
            found[name] = ""
        elif line and not line.startswith("#"):
            found[name] += line
    return {name: bytes.fromhex(text) for name, text in found.items()}


PICTURES = pictures()


def digests(data: bytes) -> set[str]:
    return {hashlib.new(name, data).hexdigest() for name in ALGORITHMS}


def test_the_module_holds_the_digests_of_these_bytes_and_of_nothing() -> None:
    of_pixels = set().union(*map(digests, PICTURES.values()))
    assert {d for d, why in OF_NO_PICTURE.items() if why == ONE_PIXEL} == of_pixels
    assert {d for d, why in OF_NO_PICTURE.items() if why == EMPTY_FILE} == digests(b"")
    repeated = {digit * n for digit in "0123456789abcdef" for n in (32, 40, 64)}
    assert {d for d, why in OF_NO_PICTURE.items() if why == ONE_DIGIT} == repeated
    assert len(OF_NO_PICTURE) == 3 * (len(PICTURES) + 1) + len(repeated)


@pytest.mark.parametrize("name", PICTURES)
def test_each_is_a_picture_of_one_pixel(name: str) -> None:
    data = PICTURES[name]
    assert f"{len(data)} bytes" in name
    if name.startswith("GIF"):
        assert data[:6] == b"GIF89a" and data[-1:] == b";"
        assert struct.unpack("<HH", data[6:10]) == (1, 1)
    elif name.startswith("PNG"):
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", data[16:24]) == (1, 1)
        at = 8
        while at < len(data):  # every part ends in its checksum: no byte is misremembered
            (length,) = struct.unpack(">I", data[at : at + 4])
            end = at + 8 + length
            assert struct.unpack(">I", data[end : end + 4])[0] == zlib.crc32(data[at + 4 : end])
            at = end + 4
    else:
        assert data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9"


def test_all_are_refused_in_any_writing_and_as_any_kind(tmp_path: Path) -> None:
    path, lists = tmp_path / "list.txt", tmp_path / "lists.duckdb"
    path.write_text("\n".join([*OF_NO_PICTURE, *map(str.upper, OF_NO_PICTURE), "0" * 31 + "1"]))
    added = store.add(lists, [path], source="A")
    pixels = 2 * 3 * len(PICTURES)
    assert added.skipped == {EMPTY_FILE: 6, ONE_PIXEL: pixels, ONE_DIGIT: 2 * 16 * 3}
    assert added.entries == {"image_md5": 1}
    path.write_text("\n".join(OF_NO_PICTURE))
    with pytest.raises(ListError, match="empty list"):
        store.add(lists, [path], source="A", kind="url_sha1", partial=True)


def test_a_row_without_link_and_caption_has_the_refused_row_hash() -> None:
    links, captions = pa.array(["", None, "", None]), pa.array(["", None, None, ""])
    assert {f"{n % 2**64:016x}" for n in row_hashes(links, captions).to_pylist()} == {OF_NO_ROW}
