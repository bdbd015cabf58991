"""A partner file as blocks of whole lines, whatever its compression, encoding and line ends."""

import codecs
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from relaion.errors import ListError
from relaion.lists.readers.container import BLOCK, opened, refuse_packed, unpacked
from relaion.paths import shown

TOO_LONG = "longer than any link"

_BOMS = (  # UTF-32 first: its mark begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v")) + b"\x7f"


def blocks(path: Path, skipped: Counter[str]) -> Iterator[str]:
    r"""The text of a file in blocks of whole lines, each ended by `\n` but the last of a file.

    gzip is known by its first bytes, UTF-16 and UTF-32 by their byte order mark; anything
    else is UTF-8, and bytes that are not become lone surrogates, so none is lost. Where values
    are divided by NUL, as `find -print0` writes them, each is a line. A line of many megabytes
    is left out and counted in `skipped`: memory stays bounded.
    Raises ListError for a damaged or foreign file.
    """
    with opened(path) as raw:
        for block in _whole_lines(_decoded(path, unpacked(path, raw)), skipped):
            yield block.decode("utf-8", "surrogateescape")


def _decoded(path: Path, source: Iterator[bytes]) -> Iterator[bytes]:
    """UTF-8 without byte order mark; raises ListError when the first block is no text."""
    first = next(source, b"")
    bom, encoding = next(((b, e) for b, e in _BOMS if first.startswith(b)), (b"", "utf-8"))
    first = first[len(bom) :]
    if encoding == "utf-8":
        refuse_packed(path, first)
        by_nul = _is_by_nul(first)
        if not by_nul:
            _refuse_no_text(path, first)
        for block in chain([first], source):
            yield block.replace(b"\0", b"\n") if by_nul else block
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


def _is_by_nul(first: bytes) -> bool:
    """Whether NUL stands between values: each is a line's length or more, and no line ends."""
    return b"\0" in first and b"\n" not in first and len(first) / (first.count(b"\0") + 1) > 8


def _refuse_no_text(path: Path, first: bytes) -> None:
    if not first:
        return
    controls = 1 - len(first.translate(None, _CONTROLS)) / len(first)
    # some NULs in a text are a fault of single lines, a tenth of controls is no text
    if controls > 0.3 or (controls > 0.05 and not _is_utf8(first)):
        raise ListError(
            f"{shown(path)}: is no text (if it is UTF-16, it lacks the byte order mark); export "
            "the list as txt or csv in UTF-8"
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
        yield held
