"""Reading a tar: where each member lies, byte for byte, and nothing of what it holds.

The walk is strict. Programs read odd tars in different ways (a size that two headers tell, bytes
after the end, a name with a NUL), and what one of them passes over another one shows: so a tar
that can be read in two ways is refused. So is what would do harm where people unpack
what we wrote: links, devices, names that lead out of the folder. Each is told by the number of
its member and its place, for a name may hold a link.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tarfile import BLOCKSIZE
from typing import NamedTuple
from zlib import adler32

from relaion.errors import InputError
from relaion.paths import shown

_ZEROS = bytes(1 << 20)
_SMALL, _NEAR = 1 << 12, 1 << 13  # bytes of a piece, and of what is read with it
_MOST = 16 << 20  # bytes of a large member that are held at once
_LONGEST_EXTENSION = 1 << 20  # bytes of a pax header, or of a long name
_USTAR = b"ustar\0"
_NAME, _PREFIX = 100, slice(345, 500)
_OCTAL = re.compile(rb" *([0-7]+)[ \0]*")
_CONTROL = re.compile(rb"[\0-\x1f\x7f]")
_OUTSIDE = re.compile(rb"(?:[a-zA-Z]:)?[/\\].*|(?:.*[/\\])?\.\.(?:[/\\].*)?")
_RECORD = re.compile(rb"([1-9][0-9]{0,6}) ([^=]+)=")  # of a pax header
_ORDINARY = re.compile(  # a header of a file as nearly all writers make it: name, size, checksum
    rb"(?s)(?=([A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*)\0)"
    rb".{124}([0-7]{11})[ \0].{12}([0-7]{6}(?:[0-7]\0|\0 | \0))[0\0].{188}\0"  # and no prefix
)
_FILES = (b"0", b"\0", b"7")
_FOLDER, _GLOBAL, _PAX, _LONG_NAME = b"5", b"g", b"x", b"L"
_HARMFUL = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a FIFO",
    b"S": "a sparse file",
}
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\0": "xz",
    b"BZh": "bzip2",
    b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "zip",
}


class Member(NamedTuple):
    """What stands from byte `start` to before byte `end`: headers, data and padding.

    The headers that tell its long name or its size belong to it. A global header is a member
    without a name.
    """

    start: int
    data: int
    size: int
    end: int
    name: bytes
    is_file: bool


class _Header(NamedTuple):
    kind: bytes
    name: bytes
    size: int


@dataclass
class Tar:
    """An open tar. `is_ended` says, after the walk, whether it has an end block."""

    path: Path
    handle: int
    size: int
    is_ended: bool = False
    _near: bytes = b""
    _near_at: int = 0

    def members(self) -> Iterator[Member]:
        """All that the tar holds, in order; raises InputError, which quotes nothing of it.

        A tar may end right after a member: some writers put no blocks of zeros at the end.
        """
        self._refuse_other()
        at, number = 0, 0
        while at < self.size:
            block = self.read(at, min(BLOCKSIZE, self.size - at))
            if not block[0] and _is_zero(block):
                self._refuse_more(at)
                self.is_ended = True
                return
            number += 1
            member = _ordinary(block, at, self.size) or _Walk(self, number, at).member(block)
            yield member
            at = member.end

    def read(self, start: int, size: int) -> bytes:
        """Some bytes of the file, all of them; raises InputError where they cannot be read.

        Small pieces stand close together (a header, its json, the next header): what stands behind
        one is read with it.
        """
        at = start - self._near_at
        if 0 <= at <= len(self._near) - size:
            return self._near[at : at + size]
        if size <= _SMALL:
            self._near, self._near_at = self._ahead(start), start
            if size <= len(self._near):
                return self._near[:size]
        data = bytearray(size)
        at = 0
        while at < size:  # the system may give less at once
            at += len(self.read_into(memoryview(data)[at:], start + at))
        return bytes(data)

    def pieces(self, start: int, size: int) -> Iterator[bytes]:
        """Some bytes of the file, so many at once as memory takes."""
        for at in range(start, start + size, _MOST):
            yield self.read(at, min(_MOST, start + size - at))

    def _ahead(self, start: int) -> bytes:
        try:
            return os.pread(self.handle, _NEAR, start)
        except OSError as e:
            raise self.wrong(f"cannot be read ({e.strerror})") from None

    def read_into(self, piece: memoryview, start: int) -> memoryview:
        """Fill a piece of memory, or the start of it, which is given back."""
        try:
            size = os.preadv(self.handle, [piece], start)
        except OSError as e:
            raise self.wrong(f"cannot be read ({e.strerror})") from None
        if not size:
            raise self.wrong("was cut off while it was read")
        return piece[:size]

    def wrong(self, what: str, todo: str = "get the file again") -> InputError:
        """The error for this file."""
        return InputError(f"{shown(self.path)}: {what}; {todo}")

    def _refuse_other(self) -> None:
        if not self.size:
            raise self.wrong("is empty, and no tar")
        start = self.read(0, min(BLOCKSIZE, self.size))
        for magic, name in _PACKED.items():
            if start.startswith(magic):
                raise self.wrong(f"is packed ({name})", "unpack it to a plain .tar first")
        if any(start) and not (len(start) == BLOCKSIZE and _is_sound(start)):
            raise self.wrong("is no tar: it does not begin with the header of a member")

    def _refuse_more(self, start: int) -> None:
        """After the first block of zeros nothing may follow: most readers would not see it."""
        for at in range(start, self.size, len(_ZEROS)):
            if not _is_zero(self.read(at, min(len(_ZEROS), self.size - at))):
                raise self.wrong(
                    f"goes on after its end (at byte {start}), where most programs stop reading",
                    "if tars were joined by cat, join them by tar --concatenate",
                )


@contextmanager
def open_tar(path: Path) -> Iterator[Tar]:
    """Open a tar for reading; raises InputError where it cannot be."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as e:
        raise InputError(f"{shown(path)}: cannot be read ({e.strerror}); check the file") from None
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            raise InputError(f"{shown(path)}: is no file; name a tar")
        yield Tar(path, handle, info.st_size)
    finally:
        os.close(handle)


def _is_zero(data: bytes) -> bool:
    return data == _ZEROS[: len(data)]


def _is_sound(block: bytes) -> bool:
    """Whether the checksum of a header is right, of its bytes with or without a sign."""
    told = _OCTAL.fullmatch(block[148:156])
    if not told:
        return False
    blank = sum(block[148:156]) - 8 * ord(" ")
    checksum = int(told[1], 8) + blank
    if block.isascii():  # then the sum is below the modulus of Adler-32, which is that sum and one
        return checksum == (adler32(block) & 0xFFFF) - 1
    return checksum == sum(block) or checksum == sum(memoryview(block).cast("b"))


def _ordinary(block: bytes, start: int, size: int) -> Member | None:
    """The member of a header as nearly all are: a file, by a plain name that one header tells.

    None for any other, and for what is wrong: whoever walks on says what it is.
    """
    found = _ORDINARY.match(block)
    if not found or not block.isascii():
        return None
    name, told, checksum = found.groups()
    # all but the checksum, for which eight blanks count; Adler-32 begins at 1
    summed = (adler32(block[156:], adler32(block[:148])) & 0xFFFF) + 8 * ord(" ") - 1
    if len(name) >= _NAME or int(checksum.rstrip(b" \0"), 8) != summed:
        return None
    data, length = start + BLOCKSIZE, int(told, 8)
    end = data + -(-length // BLOCKSIZE) * BLOCKSIZE
    return Member(start, data, length, end, name, True) if end <= size else None


@dataclass
class _Walk:
    """The headers of one member, from byte `start`."""

    tar: Tar
    number: int
    start: int

    def member(self, block: bytes) -> Member:
        at, told = self.start, dict[bytes, bytes]()
        seen = b""
        while True:
            header = self._header(block)
            data = at + BLOCKSIZE
            if header.kind not in (_GLOBAL, _PAX, _LONG_NAME):
                break
            if header.kind in seen or (seen and header.kind == _GLOBAL):
                raise self._wrong("has two headers of one kind", "write the tar anew")
            at = self._end(data, header.size)
            told = self._extended(header, data, told)
            if header.kind == _GLOBAL:
                return Member(self.start, data, header.size, at, b"", False)
            seen += header.kind
            block = self.tar.read(at, min(BLOCKSIZE, self.tar.size - at))
        name, size = told.get(b"path", header.name), self._size(header, told)
        is_folder = header.kind == _FOLDER or self._is_old_folder(header)
        self._refuse_harm(header.kind, name)
        if (is_folder and size) or (not is_folder and name.endswith(b"/")):
            raise self._wrong("is a folder and a file at once", "write the tar anew")
        return Member(self.start, data, size, self._end(data, size), name, not is_folder)

    def _header(self, block: bytes) -> _Header:
        if len(block) < BLOCKSIZE or _is_zero(block):
            raise self._cut()
        if not _is_sound(block):
            raise self._wrong("has a damaged header: its checksum is wrong")
        name, kind = block[:100].partition(b"\0")[0], block[156:157]
        prefix = block[_PREFIX].partition(b"\0")[0]
        if block[257:263] == _USTAR:
            name = prefix + b"/" + name if prefix else name
        elif prefix and kind != b"S":  # programs differ: some take it for a folder, some for times
            raise self._wrong("has a name that programs read in two ways", "write the tar anew")
        return _Header(kind, name, self._number(block[124:136]))

    def _number(self, field: bytes) -> int:
        if found := _OCTAL.fullmatch(field):
            return int(found[1], 8)
        if field[0] == 0x80:  # the number itself, where it has too many digits
            return int.from_bytes(field[1:], "big")
        raise self._wrong("has no size, or one below zero")

    def _extended(self, header: _Header, data: int, told: dict[bytes, bytes]) -> dict[bytes, bytes]:
        """What is told of the member so far, and by one more header before its own."""
        if header.size > _LONGEST_EXTENSION:
            raise self._wrong("has a header of more than a megabyte", "write the tar anew")
        body = self.tar.read(data, header.size)
        if header.kind == _LONG_NAME:
            found = {b"path": body.partition(b"\0")[0]}
        else:
            found = self._records(body)
        if any(key.startswith(b"GNU.sparse.") for key in found):
            raise self._wrong(f"is {_HARMFUL[b'S']}", "write the tar anew without --sparse")
        if found.keys() & told.keys() or (header.kind == _GLOBAL and found):
            raise self._wrong("has two names or sizes", "write the tar anew")
        return told | found

    def _records(self, body: bytes) -> dict[bytes, bytes]:
        """The records of a pax header by which a member is found: its path, size and holes."""
        found: dict[bytes, bytes] = {}
        at = 0
        while at < len(body):
            record = _RECORD.match(body, at)
            end = at + int(record[1]) if record else 0
            if not record or not record.end() < end <= len(body) or body[end - 1] != 0x0A:
                raise self._wrong("has a damaged pax header")
            key = record[2]
            if key in (b"path", b"size") or key.startswith(b"GNU.sparse."):
                if key in found and key in (b"path", b"size"):
                    raise self._wrong("has two names or sizes", "write the tar anew")
                found[key] = body[record.end() : end - 1]
            at = end
        return found

    def _size(self, header: _Header, told: dict[bytes, bytes]) -> int:
        size = told.get(b"size")
        if size is None:
            return header.size
        if not re.fullmatch(rb"[0-9]{1,20}", size):
            raise self._wrong("has no size, or one below zero")
        return int(size)

    def _is_old_folder(self, header: _Header) -> bool:
        return header.kind == b"\0" and header.name.endswith(b"/")

    def _refuse_harm(self, kind: bytes, name: bytes) -> None:
        if kind in _HARMFUL:
            raise self._wrong(f"is {_HARMFUL[kind]}", "write the tar anew, of files alone")
        if kind not in (*_FILES, _FOLDER):
            raise self._wrong(
                "is neither a file nor a folder", "write the tar anew, of files alone"
            )
        if not name or _CONTROL.search(name):
            raise self._wrong("has a name with control characters, or none", "write the tar anew")
        if _OUTSIDE.fullmatch(name):
            raise self._wrong(
                "has a name that leads out of the folder where it is unpacked", "write the tar anew"
            )

    def _end(self, data: int, size: int) -> int:
        end = data + -(-size // BLOCKSIZE) * BLOCKSIZE
        if end > self.tar.size:
            raise self._cut()
        return end

    def _cut(self) -> InputError:
        return self._wrong("is cut off")

    def _wrong(self, what: str, todo: str = "get the file again") -> InputError:
        return self.tar.wrong(f"member {self.number} (at byte {self.start}) {what}", todo)


# -- Pieces of a tar, written anew -----------------------------------------------------------------

_PIECE, _AHEAD = 1 << 18, 32 << 20
_EMPTY_TAR = bytes(2 * BLOCKSIZE)


def copy_pieces(tar: Tar, kept: Iterator[tuple[int, int]], part: Path) -> tuple[int, str]:
    """Write some pieces of a tar; returns their size, and the SHA-256 of what was written.

    A second thread hashes what was read while it is written, and while more is read.
    """
    digest = hashlib.sha256()
    pieces = [memoryview(bytearray(_PIECE)) for _ in range(2)]
    hashed: list[Future[None] | None] = [None, None]
    size = begun = turn = 0
    with part.open("wb", buffering=0) as out, ThreadPoolExecutor(1) as hasher:
        for start, end in kept:
            at = start
            while at < end:
                if waits := hashed[turn]:
                    waits.result()
                data = tar.read_into(pieces[turn][: end - at], at)
                hashed[turn] = hasher.submit(digest.update, data)
                turn = 1 - turn
                at, size = at + len(data), size + len(data)
                while data:
                    data = data[out.write(data) :]
                if size - begun >= _AHEAD:  # the disk writes while the rest is read and hashed
                    os.posix_fadvise(out.fileno(), begun, size - begun, os.POSIX_FADV_DONTNEED)
                    begun = size
        for waits in filter(None, hashed):
            waits.result()
        if not size:  # all samples of a tar without end blocks: a file of no bytes is no tar
            size = out.write(_EMPTY_TAR)
            digest.update(_EMPTY_TAR)
    return size, digest.hexdigest()
