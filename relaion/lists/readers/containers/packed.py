"""Bytes that were packed as a stream: gzip, bzip2, xz, zstd; several members one after another.

Memory is that of one block and of what the packer asks for, which is bounded, whatever a stream
unpacks to. What stands behind the end of a stream is another one, or zeros, or a damage: half of a
list must not be taken for all of it.
"""

from __future__ import annotations

import bz2
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from relaion.errors import ListError
from relaion.lists.readers.containers.magic import BZIP2, GZIP, XZ, ZSTD

SKIPPED_FRAME = tuple(bytes((byte,)) + b"\x2a\x4d\x18" for byte in range(0x50, 0x60))
"""How a zstd file begins that holds more than frames of data."""
FREE = 4 << 30  # bytes that any file may unpack to
TIMES = 250  # and beyond: no list that anybody needs packs so well
_GZIP_HEAD, _GZIP_FIXED = 4096, 10  # bytes that are looked at; those before all names
_EXTRA, _NAMED = 4, 8  # flags of what follows them
_XZ_MEMORY = 256 << 20  # bytes; xz -9 asks for 65 MiB


class _Unpacker(Protocol):
    """What unpacks one member, a bounded piece at a time."""

    @property
    def eof(self) -> bool:
        """Whether the member is at its end."""

    @property
    def needs_input(self) -> bool:
        """Whether more bytes are needed to go on."""

    @property
    def unused_data(self) -> bytes:
        """What came behind its end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most so many bytes."""


class _Gunzip:
    """zlib's way as that of bz2 and lzma."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)
        self._tail = b""

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        return not self._tail

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        found = self._inflate.decompress(self._tail + data, max_length)
        self._tail = self._inflate.unconsumed_tail
        return found


def _unxz() -> _Unpacker:
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


_MEMBERS: dict[bytes, tuple[str, Callable[[], _Unpacker]]] = {
    GZIP: ("gzip", _Gunzip), BZIP2: ("bzip2", bz2.BZ2Decompressor), XZ: ("xz", _unxz),
}  # fmt: skip


class Bytes(io.RawIOBase):
    """Blocks of bytes as a file to read from, whose place is its only state."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._block, self._at = b"", 0
        self.error: Exception | None = None

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, into: Any) -> int:
        """Fill as much as is at hand; 0 at the end."""
        view = memoryview(into)
        some = self._some(len(view)) if self._has_more() else b""
        view[: len(some)] = some
        return len(some)

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes, fewer at the end alone; a block that is asked for is not copied."""
        left = -1 if size is None else size
        parts: list[bytes] = []
        while left and self._has_more():
            parts.append(self._some(left))
            left -= len(parts[-1]) if left > 0 else 0
        return b"".join(parts)

    def _some(self, most: int) -> bytes:
        """What is at hand, or so many bytes of it."""
        end = len(self._block) if most < 0 else self._at + most
        some = self._block[self._at : end]
        self._at += len(some)
        return some

    def _has_more(self) -> bool:
        while self._at == len(self._block):
            try:
                block = next(self._source, None)
            except Exception as e:
                self.error = e  # a library that reads from here may say it in other words
                raise
            if block is None:
                return False
            self._block, self._at = block, 0
        return True


def unpacked(source: Iterator[bytes], size: int, block: int) -> Iterator[bytes]:
    """The bytes in a stream, in blocks; those of `source` itself where it is not packed.

    `size` is that of the file on the disk, of which the bound is a multiple. Raises ListError,
    without the file's name, for what is damaged, ends too early or unpacks without an end.
    """
    first = next(source, b"")
    whole = chain([first], source) if first else iter(())
    found = next((x for magic, x in _MEMBERS.items() if first.startswith(magic)), None)
    if found:
        yield from bounded(_members(whole, *found, block), size)
    elif first.startswith((ZSTD, *SKIPPED_FRAME)):
        yield from bounded(_frames(whole, block), size)
    else:
        yield from whole


def is_packed(first: bytes) -> bool:
    """Whether bytes begin as those of a stream that is packed."""
    return first.startswith((*_MEMBERS, ZSTD, *SKIPPED_FRAME))


def name_in_gzip(raw: BinaryIO) -> str:
    """The name that a gzip file gives of what is in it, without folders; empty for none."""
    raw.seek(0)
    head = raw.read(_GZIP_HEAD)
    raw.seek(0)
    if not head.startswith(GZIP) or len(head) < _GZIP_FIXED or not head[3] & _NAMED:
        return ""
    at = _GZIP_FIXED
    if head[3] & _EXTRA:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    name, end, _ = head[at:].partition(b"\0")
    return re.split(r"[/\\]", name.decode("latin-1"))[-1] if end else ""


def bounded(source: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The same blocks; raises ListError where they are far more than the file can honestly hold."""
    n = 0
    for block in source:
        n += len(block)
        if n > max(FREE, TIMES * size):
            raise ListError(
                f"unpacks to more than {n >> 20:,} MB, {TIMES} times its size, as no list does; "
                "if it is one, unpack it and add what is in it"
            )
        yield block


def _members(
    source: Iterator[bytes], name: str, begin: Callable[[], _Unpacker], block: int
) -> Iterator[bytes]:
    unpacker: _Unpacker | None = None
    done = 0
    for data in source:
        rest = data
        while rest:
            if unpacker is None:
                rest = rest.lstrip(b"\0") if done else rest  # the padding of a tape, or of xz
                if not rest:
                    break
                unpacker = begin()
            try:
                yield from _some(unpacker, rest, block)
            except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as e:
                raise _damaged(name, str(e), behind=bool(done)) from None
            if unpacker.eof:
                rest, unpacker, done = unpacker.unused_data, None, done + 1
            else:
                rest = b""
    if unpacker is not None:
        raise _damaged(name, "", behind=False)


def _some(unpacker: _Unpacker, data: bytes, block: int) -> Iterator[bytes]:
    while True:
        found = unpacker.decompress(data, block)
        data = b""
        if found:
            yield found
        if unpacker.eof or (len(found) < block and unpacker.needs_input):
            return


def _frames(source: Iterator[bytes], block: int) -> Iterator[bytes]:
    packed = Bytes(source)
    try:
        stream = pa.CompressedInputStream(pa.PythonFile(packed, mode="r"), "zstd")
        while found := stream.read(block):
            yield found
    except (pa.ArrowException, OSError) as e:
        if packed.error is not None:
            raise packed.error from None
        raise _damaged("zstd", str(e), behind="Unknown frame" in str(e)) from None


def _damaged(name: str, said: str, *, behind: bool) -> ListError:
    if "emory" in said:  # `Memory usage limit exceeded`, `requires too much memory`
        return ListError(
            f"the {name} data asks for more memory than is given to it; unpack it first"
        )
    if behind:
        return ListError(
            f"holds other data behind the end of the {name} data, or is damaged there; fetch the "
            "file again, or unpack it and add what is in it"
        )
    return ListError(f"the {name} data is damaged or ends too early; fetch the file again")
