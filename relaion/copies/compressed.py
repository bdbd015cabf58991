"""What a text file is packed in: plain, gzip or zstd by the ending of its name, read and written.

pyarrow reads both (several members or frames are one text, a cut one is an error); zlib writes
gzip, for pyarrow packs it at level 9, which takes twice the time for less than 1 % of the size.
Neither writes a time or a name: the same records give the same bytes.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa

from relaion.errors import InputError
from relaion.paths import shown

BLOCK = 1 << 20  # bytes of text in hand at once, but for a line that is longer

_PACKED = {".gz": "gzip", ".zst": "zstd"}
# zstd may begin with a frame to be skipped, as pzstd does
_SKIPPED = tuple(bytes((0x50 + i, 0x2A, 0x4D, 0x18)) for i in range(16))
_STARTS = {"gzip": (b"\x1f\x8b",), "zstd": (b"\x28\xb5\x2f\xfd", *_SKIPPED)}
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")  # byte order marks of UTF-16 and UTF-32
_HEAD = 512


def bare_ending(path: Path) -> str:
    """The ending of a file's name in small letters, without that of its packing: `.tsv`."""
    name = Path(path.name.lower())
    return (name.with_suffix("") if name.suffix in _PACKED else name).suffix


def blocks(path: Path) -> Iterator[bytes]:
    """The text of a file in blocks, unpacked.

    Raises InputError for a file that cannot be read, is damaged or cut off, is packed otherwise
    than its name says, or is no text of single bytes.
    """
    packing = _PACKED.get(path.suffix.lower())
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            file.seek(0)
            if packing and not head.startswith(_STARTS[packing]):
                what = f"by its name {packing}, but it does not begin like that"
                raise InputError(f"{shown(path)}: {what}; get it again, or name it as what it is")
            source = pa.CompressedInputStream(file, packing) if packing else file
            first = source.read(BLOCK)  # of a packed file, it may be as short as its first part
            while len(first) < _HEAD and (more := source.read(BLOCK)):
                first += more
            _refuse_binary(path, first[:_HEAD], packing)
            yield first
            while block := source.read(BLOCK):
                yield block
    except (OSError, pa.ArrowException) as e:  # of pyarrow, which says no errno, for bad data
        if packing and not getattr(e, "errno", None):
            raise InputError(
                f"{shown(path)}: is damaged, cut off or holds something behind its {packing} data "
                "(or is zstd with --long); get it again, or pack it anew"
            ) from None
        why = getattr(e, "strerror", None) or type(e).__name__
        raise InputError(f"{shown(path)}: cannot be read ({why}); check the file") from None


def _refuse_binary(path: Path, head: bytes, packing: str | None) -> None:
    for inner, starts in _STARTS.items():
        if head.startswith(starts):
            ending = next(e for e, name in _PACKED.items() if name == inner)
            what = f"is packed twice, the second time with {inner}; unpack it once"
            if not packing:
                what = f"is packed with {inner}, which its name does not say; add {ending} to it"
            raise InputError(f"{shown(path)}: {what}")
    if head.startswith(_WIDE):
        raise InputError(f"{shown(path)}: is UTF-16 or UTF-32; write it as UTF-8 (iconv -t utf-8)")
    if b"\0" in head:
        raise InputError(f"{shown(path)}: is no text, it holds NUL bytes; get it again")


class PackedFile:
    """A file that is written, packed as its source is, and digested meanwhile."""

    def __init__(self, file: IO[bytes]) -> None:
        """Begin with nothing written."""
        self._file = file
        self._digest = hashlib.sha256()
        self.bytes = 0
        self.closed = False

    def write(self, data: bytes) -> None:
        """Write bytes as they are in the file."""
        self._file.write(data)
        self._digest.update(data)
        self.bytes += len(data)

    def flush(self) -> None:
        """Do nothing: the file is flushed where it is closed."""

    def close(self) -> None:
        """Take nothing any more."""
        self.closed = True

    @property
    def sha256(self) -> str:
        """The digest of what is written, as 64 hex digits."""
        return self._digest.hexdigest()


@contextmanager
def packed(source: Path, part: Path) -> Iterator[tuple[PackedFile, Callable[[bytes], object]]]:
    """Write `part` packed as `source` is: the file, and what takes its text."""
    packing = _PACKED.get(source.suffix.lower())
    with part.open("wb") as raw:
        file = PackedFile(raw)
        if packing == "gzip":
            gzip = zlib.compressobj(6, wbits=31)
            yield file, lambda text: file.write(gzip.compress(text))
            file.write(gzip.flush())
        elif packing == "zstd":
            with pa.CompressedOutputStream(pa.PythonFile(file, "w"), "zstd") as zstd:
                yield file, zstd.write
        else:
            yield file, file.write
