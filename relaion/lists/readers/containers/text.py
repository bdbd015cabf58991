"""The bytes of a partner's file as text, as blocks of whole lines, and as rows of fields.

Each whatever its encoding and line ends; what is no text is named.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from relaion.errors import ListError
from relaion.links.text import BLANK, trim
from relaion.lists.readers import why
from relaion.lists.readers.containers.magic import is_table, refuse_foreign_bytes
from relaion.lists.readers.containers.packed import Bytes
from relaion.lists.readers.lines.content import content
from relaion.lists.values import shape
from relaion.paths import is_pattern, shown

if TYPE_CHECKING:
    from relaion.lists.readers.containers.delivered import DeliveredFile

# -- The bytes of a file ---------------------------------------------------------------------------


BLOCK = 4 << 20  # bytes read at once; a line twice as long is no entry
_PART = 1 << 20  # bytes of what is no lines, of which several parts are held at a time
_BEGINNING = 256 << 10  # bytes by which XML and JSON are known


def file_sha256(path: Path) -> str:
    """Hex digest of a file's bytes; raises ListError when it is no file that can be read."""
    with opened(path) as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """A file for reading; raises ListError when it is none that can be read."""
    try:
        with _at(path) as raw:
            yield raw
    except OSError as e:
        raise _unreadable(path, e.strerror) from None


def _at(path: Path) -> BufferedReader:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            if not path.is_dir():
                raise ListError(f"{shown(path)}: is no regular file; name the partner's files")
            raise ListError(f"{shown(path)}: is a folder; name the files in it that are the list")
        return path.open("rb")
    except FileNotFoundError:
        if not is_pattern(path):
            raise
        raise ListError(f"{shown(path)}: the pattern matches no file; check the path") from None
    except ValueError:  # a NUL byte in the path
        raise _unreadable(path, None) from None


def _unreadable(path: Path, reason: str | None) -> ListError:
    return ListError(
        f"{shown(path)}: cannot be read ({reason or 'no usable path'}); check the path"
    )


# -- Bytes as blocks of whole lines ----------------------------------------------------------------


_BOMS = (  # UTF-32 first: its mark begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v")) + b"\x7f"


def blocks(file: DeliveredFile, skipped: Counter[str]) -> Iterator[str]:
    r"""The text of a file in blocks of whole lines, each ended by `\n` but the last of a file.

    UTF-16 and UTF-32 are known by their byte order mark; anything
    else is UTF-8, and bytes that are not become lone surrogates, so none is lost. Where values
    are divided by NUL, as `find -print0` writes them, each is a line. A line of many megabytes
    is left out and counted in `skipped`: memory stays bounded.
    Raises ListError for a damaged or foreign file.
    """
    for block in _whole_lines(_decoded(file.blocks(BLOCK)), skipped):
        yield block.decode("utf-8", "surrogateescape")


def text_of(file: DeliveredFile) -> BinaryIO:
    """A file from its start: UTF-8, unpacked, without byte order mark; reading raises ListError."""
    return cast(BinaryIO, Bytes(_decoded(file.blocks(_PART))))


def beginning(file: DeliveredFile) -> str:
    """How a file begins, as text, behind any blanks; of an office document the names of its parts.

    Raises ListError for a file that is damaged or foreign.
    """
    if file.office:
        return "\n".join(["PK\x03\x04", *file.parts])
    first = file.first()
    if is_table(first):
        return first.decode("latin-1")
    text = text_of(file)
    start = text.read(_BEGINNING)
    while start and not (bare := start.lstrip(b" \t\r\n")):
        start = text.read(_BEGINNING)
    if start and len(bare) < len(start):
        start = bare + text.read(_BEGINNING - len(bare))
    return start.decode("utf-8", "surrogateescape")


def _decoded(source: Iterator[bytes]) -> Iterator[bytes]:
    """UTF-8 without byte order mark; raises ListError when the first block is no text."""
    first = next(source, b"")
    bom, encoding = next(((b, e) for b, e in _BOMS if first.startswith(b)), (b"", "utf-8"))
    first = first[len(bom) :]
    if encoding == "utf-8":
        refuse_foreign_bytes(first)
        by_nul = _is_by_nul(first)
        if not by_nul:
            _refuse_no_text(first)
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
            f"is damaged or ends within a character ({encoding}); fetch it again"
        ) from None


def _is_by_nul(first: bytes) -> bool:
    """Whether NUL stands between values: each is a line's length or more, and no line ends."""
    return b"\0" in first and b"\n" not in first and len(first) / (first.count(b"\0") + 1) > 8


def _refuse_no_text(first: bytes) -> None:
    if not first:
        return
    controls = 1 - len(first.translate(None, _CONTROLS)) / len(first)
    # some NULs in a text are a fault of single lines, a tenth of controls is no text
    if controls > 0.3 or (controls > 0.05 and not _is_utf8(first)):
        raise ListError(
            "is no text (if it is UTF-16, it lacks the byte order mark); export the list as txt "
            "or csv in UTF-8"
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
            skipped[why.TOO_LONG] += 1
            dropping, held = True, b""
    if held:
        yield held


def with_end(blocks: Iterator[str]) -> Iterator[tuple[str, bool]]:
    """Each block, and whether it is the last; an empty one where there is none."""
    held: str | None = None
    for block in blocks:
        if held is not None:
            yield held, False
        held = block
    yield held or "", True


# -- Lines as rows of fields, quotes and comments understood ---------------------------------------


WHOLE = "\x1f"  # a delimiter that occurs in no partner's file: the line is the field
BLANKS = " "  # one or more of them, and no quotes

_QUOTED_LINES = 20  # lines that one quoted field may run over


class RowReader:
    """Cuts blocks of whole lines into rows.

    A quote that is never closed costs nothing but its own line's quoting: a reader that
    followed it to the end of the file would swallow entries. `text_first` is the number of
    fields of a table whose first column is text: there a full row may begin with `#`.
    """

    def __init__(self, delimiter: str, text_first: int | None = None) -> None:
        self._delimiter = delimiter
        self._text_first = text_first
        self._held = ""  # a quoted field that goes on in the next block

    @property
    def waiting(self) -> bool:
        """Whether the start of a row is held for the next block."""
        return bool(self._held)

    def rows(self, block: str, *, last: bool = False) -> list[list[str]]:
        """The rows of a block; blank lines and comments are none."""
        text, self._held = self._held + block, ""
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        if self._delimiter == BLANKS:
            return [line.split() for line in content(lines)]
        rows = self._by_line(self._content(lines))
        return self._careful(lines, last) if rows is None else rows

    def _content(self, lines: Sequence[str]) -> list[str]:
        if self._text_first is None:
            return content(lines)
        full = self._text_first - 1
        return [
            x
            for x in lines
            if content([x]) or (trim(x, BLANK) and x.count(self._delimiter) >= full)
        ]

    def _by_line(self, lines: list[str]) -> list[list[str]] | None:
        """Rows of one line each; None where quotes run over lines or do not pair up."""
        try:
            rows = self._parse(lines)
        except csv.Error:
            return None
        return rows if len(rows) == len(lines) else None

    def _parse(self, lines: Sequence[str]) -> list[list[str]]:
        return list(
            csv.reader(lines, delimiter=self._delimiter, skipinitialspace=True, strict=True)
        )

    def _careful(self, lines: list[str], last: bool) -> list[list[str]]:
        rows: list[list[str]] = []
        at = 0
        while at < len(lines):
            if not self._content(lines[at : at + 1]):
                at += 1
                continue
            end = self._end_of_row(lines, at)
            if end is None and not last and len(lines) - at < _QUOTED_LINES:
                self._held = "\n".join(lines[at:]) + "\n"
                break
            row = None if end is None else self._one_row(lines[at:end])
            if row is None or end is None:
                row, end = self._split(lines[at]), at + 1
                if self._delimiter != WHOLE:  # a line keeps its quotes, which may frame a part
                    row = [field.strip('"') for field in row]
            rows.append(row)
            at = end
        return rows

    def _split(self, line: str) -> list[str]:
        return line.split(self._delimiter)

    def _end_of_row(self, lines: Sequence[str], at: int) -> int | None:
        """The first line after the row that starts at `at`: all its quotes are closed."""
        quotes = 0
        for end in range(at, min(at + _QUOTED_LINES, len(lines))):
            quotes += lines[end].count('"')
            if quotes % 2 == 0:
                return end + 1
        return None

    def _one_row(self, lines: Sequence[str]) -> list[str] | None:
        try:
            rows = self._parse([line + "\n" for line in lines])
        except csv.Error:
            return None
        return rows[0] if len(rows) == 1 and not self._swallows(lines, rows[0]) else None

    def _swallows(self, lines: Sequence[str], row: Sequence[str]) -> bool:
        """Whether lines that quotes make one row look like rows of their own.

        Captions hold stray quotes. Taken for one row, the others' entries would vanish
        unseen; taken for several, the worst is a row that is counted as skipped.
        """
        if len(lines) == 1:
            return False
        inner = [line for field in row for line in field.split("\n")[:-1] if "\n" in field]
        return all(len(self._split(line)) == len(row) for line in lines) or any(
            shape(part) for line in inner if self._delimiter in line for part in self._split(line)
        )
