"""The bytes of a partner's file, whatever they are packed in; what cannot be unpacked is named."""

import gzip
import hashlib
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from relaion.errors import ListError
from relaion.paths import shown

BLOCK = 4 << 20  # bytes read at once; a line twice as long is no entry

_UNPACK = "unpack it first"
_EXPORT = "export the list as txt or csv"
_FOREIGN = (
    (b"PK\x03\x04", "a zip archive or an office document", f"{_UNPACK}, or save the sheet as csv"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", _UNPACK),
    (b"BZh", "compressed with bzip2", _UNPACK),
    (b"\xfd7zXZ", "compressed with xz", _UNPACK),
    (b"7z\xbc\xaf", "a 7z archive", _UNPACK),
    (b"Rar!", "a rar archive", _UNPACK),
    (b"\x1f\x9d", "compressed with compress (.Z)", _UNPACK),
    (b"\x1f\xa0", "compressed with compress (.Z)", _UNPACK),
    (b"\x04\x22\x4d\x18", "compressed with lz4", _UNPACK),
    (b"LZIP", "compressed with lzip", _UNPACK),
    (b"PAR1", "a parquet file", _EXPORT),
    (b"ARROW1", "an Arrow file", _EXPORT),
    (b"\xff\xff\xff\xff", "an Arrow stream", _EXPORT),
    (b"Obj\x01", "an Avro file", _EXPORT),
    (b"ORC", "an ORC file", _EXPORT),
    (b"%PDF", "a PDF document", _EXPORT),
    (b"SQLite format 3", "a SQLite database", f"{_EXPORT}; of known-good files, with --role good"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old office document", "save the sheet as csv"),
    (b"-----BEGIN PGP MESSAGE", "encrypted with PGP", "decrypt it first"),
    (b"\x85\x01", "encrypted with PGP", "decrypt it first"),
    (b"\x85\x02", "encrypted with PGP", "decrypt it first"),
    (b"\x84\x5e", "encrypted with PGP", "decrypt it first"),
    (b"EVF\x09", "an EnCase image", _EXPORT),
    (b"\x89PNG", "a picture", _EXPORT),
    (b"\xff\xd8\xff", "a picture", _EXPORT),
    (b"GIF8", "a picture", _EXPORT),
)


def file_sha256(path: Path) -> str:
    """Hex digest of a file's bytes; raises ListError when it is no file that can be read."""
    with opened(path) as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """A file for reading; raises ListError when it is none that can be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            what = "is a folder" if path.is_dir() else "is no regular file"
            raise ListError(f"{shown(path)}: {what}; name the partner's files")
        with path.open("rb") as raw:
            yield raw
    except (OSError, ValueError) as e:  # ValueError: a NUL byte in the path
        why = getattr(e, "strerror", None) or "no usable path"
        raise ListError(f"{shown(path)}: cannot be read ({why}); check the path") from None


def unpacked(path: Path, raw: BufferedReader) -> Iterator[bytes]:
    """The bytes of a file in blocks; of gzip, what is in it.

    Raises ListError for gzip that is damaged.
    """
    packed = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    if not packed:
        while block := raw.read(BLOCK):
            yield block
        return
    got_any = False
    source = gzip.GzipFile(fileobj=raw)
    try:
        while block := source.read(BLOCK):
            got_any = True
            yield block
    except (EOFError, gzip.BadGzipFile, zlib.error) as e:
        # what stands behind a whole member, such as the padding of a tape, is not gzip
        if got_any and isinstance(e, gzip.BadGzipFile) and "Not a gzipped file" in str(e):
            return
        raise ListError(
            f"{shown(path)}: the gzip data is damaged or ends too early; fetch the file again"
        ) from None


def refuse_packed(path: Path, first: bytes) -> None:
    """Raise ListError where a file begins as one that cannot be read begins."""
    start = first.lstrip(b" \t\r\n")
    found = next(((w, a) for magic, w, a in _FOREIGN if start.startswith(magic)), None)
    if found is None and first[257:262] == b"ustar":
        found = ("a tar archive", _UNPACK)
    if found:
        what, advice = found
        raise ListError(f"{shown(path)}: is {what}; {advice}")
