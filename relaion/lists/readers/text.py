"""A partner file as blocks of whole lines, whatever its compression, encoding and line ends."""

import codecs
import gzip
import hashlib
import stat
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from relaion.errors import ListError
from relaion.paths import shown

BLOCK = 4 << 20  # bytes read at once; a line twice as long is no entry
TOO_LONG = "longer than any link"

_BOMS = (  # UTF-32 first: its mark begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_FOREIGN = (
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ", "compressed with xz"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"PAR1", "a parquet file"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "a SQLite database"),
    (b"%%%% HASHDEEP", "a hashdeep file"),
    (b"{", "JSON"),
    (b"<?xml", "XML"),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v")) + b"\x7f"


def file_sha256(path: Path) -> str:
    """Hex digest of a file's bytes; raises ListError when it is no file that can be read."""
    with _opened(path) as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


def blocks(path: Path, skipped: Counter[str]) -> Iterator[str]:
    r"""The text of a file in blocks of whole lines, each ended by `\n`.

    gzip is known by its first bytes, UTF-16 and UTF-32 by their byte order mark; anything
    else is UTF-8, and bytes that are not become lone surrogates, so none is lost. A line
    of many megabytes is left out and counted in `skipped`: memory stays bounded.
    Raises ListError for a damaged or foreign file.
    """
    with _opened(path) as raw:
        for block in _whole_lines(_decoded(path, _unpacked(path, raw)), skipped):
            yield block.decode("utf-8", "surrogateescape")


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            what = "is a folder" if path.is_dir() else "is no regular file"
            raise ListError(f"{shown(path)}: {what}; name the partner's files")
        with path.open("rb") as raw:
            yield raw
    except (OSError, ValueError) as e:  # ValueError: a NUL byte in the path
        why = getattr(e, "strerror", None) or "no usable path"
        raise ListError(f"{shown(path)}: cannot be read ({why}); check the path") from None


def _unpacked(path: Path, raw: BufferedReader) -> Iterator[bytes]:
    packed = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    source = gzip.GzipFile(fileobj=raw) if packed else raw
    try:
        while block := source.read(BLOCK):
            yield block
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise ListError(
            f"{shown(path)}: the gzip data is damaged or ends too early; fetch the file again"
        ) from None


def _decoded(path: Path, source: Iterator[bytes]) -> Iterator[bytes]:
    """UTF-8 without byte order mark; raises ListError when the first block is no text."""
    first = next(source, b"")
    bom, encoding = next(((b, e) for b, e in _BOMS if first.startswith(b)), (b"", "utf-8"))
    first = first[len(bom) :]
    if encoding == "utf-8":
        _refuse_foreign(path, first)
        yield first
        yield from source
        return
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    try:
        yield decoder.decode(first).encode("utf-8", "surrogatepass")
        for block in source:
            yield decoder.decode(block).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise ListError(
            f"{shown(path)}: is damaged or ends within a character ({encoding}); fetch it again"
        ) from None


def _refuse_foreign(path: Path, first: bytes) -> None:
    start = first.lstrip()
    found = next((what for magic, what in _FOREIGN if start.startswith(magic)), None)
    if found is None and start[:1] == b"[" and start[1:].lstrip()[:1] in (b"{", b'"', b"["):
        found = "JSON"
    if found is None and first:
        controls = 1 - len(first.translate(None, _CONTROLS)) / len(first)
        # some NULs in a text are a fault of single lines, a tenth of controls is no text
        if controls > 0.3 or (controls > 0.05 and not _is_utf8(first)):
            found = "no text (if it is UTF-16, it lacks the byte order mark)"
    if found:
        raise ListError(
            f"{shown(path)}: is {found}; txt, csv and tsv can be read, plain or as gzip"
        )


def _is_utf8(first: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(first)
    except UnicodeDecodeError:
        return False
    return True


def _whole_lines(source: Iterator[bytes], skipped: Counter[str]) -> Iterator[bytes]:
    held = b""  # the start of a line that goes on in the next block
    dropping = False
    for block in source:
        # a CRLF that is cut in two becomes a blank line, which counts for nothing
        text = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in block else block
        if dropping:
            _, found, text = text.partition(b"\n")
            dropping = not found
        text = held + text
        cut = text.rfind(b"\n") + 1
        if cut:
            yield text[:cut]
        held = text[cut:]
        if len(held) > 2 * BLOCK:
            skipped[TOO_LONG] += 1
            dropping, held = True, b""
    if held:
        yield held + b"\n"
