"""Lines: a value a line, perhaps several, with or without a note."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import ListError
from relaion.links.text import is_bare
from relaion.lists.readers.containers.text import WHOLE, RowReader
from relaion.lists.readers.format import (
    ANY,
    Batch,
    Maybe,
    Options,
    Stream,
    Sure,
    Values,
)
from relaion.lists.readers.lines.content import content
from relaion.lists.readers.tables.columns import (
    ListColumn,
    ListLayout,
    cleaned_name,
    kinds_said,
)
from relaion.lists.readers.tables.decisions import is_named
from relaion.lists.readers.tables.header_rows import SECOND_NAMES, TWO_NAMES
from relaion.lists.readers.tables.layout import find_layout
from relaion.lists.readers.tables.said_of_table import refuse_rows, rows_above
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import told
from relaion.paths import shown

_SHORTEST = 32  # characters of a digest; names of columns are shorter
_ALGORITHMS = ("md5", "sha1", "sha256")
_NO_VALUE = ("#", "\n\n", "\n ", "\n\t")  # a block with none of these holds values only


@dataclass(frozen=True)
class Lines:
    """A value a line."""

    name: str = "txt"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Whatever is nothing else."""
        return Maybe()

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """Each line as a record."""
        sample = "\n".join(stream.lines_of_head())
        bare = Options(kind=options.kind, file_format="txt", role=options.role)
        layout = find_layout(sample, named_csv=False, options=bare)
        yield from read_plain(stream, options, layout)


_NO_NAME = re.compile(
    r"(?i)\b(?:version|revision|build)\W{1,3}(?:n[or]\.?\s)?\d"
    r"|^\W*(?:please|kindly|bitte|veuillez|merci|por favor|si prega|gelieve|graag)\s"
)
"""A title, `List version 2024-05-01`, or a sentence of a letter, and no name of ids of versions."""
_DENIED = re.compile(
    r"(?i)\b(?:no|not|without|excluding|keine?|ohne|sans|sin|senza|geen|zonder|duplicates?|dupes"
    r"|dubletten|doppelte|doublons|duplicados|duplicati) (?P<what>\w+)"
)
"""What is not listed: `SHA-1 / JPG only / no videos`."""


def _if_title(column: ListColumn) -> ListColumn:
    """The column as one of entries where its name is a title, or names what is left out."""
    is_title = column.what in (names.OTHER, names.ID) and _NO_NAME.search(column.name)
    denied = {found["what"].casefold() for found in _DENIED.finditer(column.name)}
    is_denied = column.word.casefold() in denied and " " in _DENIED.sub("", column.name).strip()
    return replace(column, what=names.ENTRY, name="") if is_title or is_denied else column


def read_plain(stream: Stream, options: Options, layout: ListLayout) -> Iterator[Batch]:
    """Lines as records of one value each; raises ListError where their name says otherwise."""
    column = _if_title(layout.columns[0])
    refuse_rows(rows_above(stream.head), "a line above the entries", options)
    said = next(
        (k for k, cs in options.columns.items() for c in cs if is_named(c, column.name, 0)), ""
    )
    if said and column.what == names.UNKNOWN:
        column = replace(column, what=names.ENTRY, kinds=kinds_said(said))
    if column.what == names.UNKNOWN:
        raise ListError(
            f"its values are called {told(column.name)}, which does not say that they are of "
            "images; if they are the entries, say --column md5=1 (or sha1, sha256, url_md5)"
        )
    if column.what != names.ENTRY and "1" not in {c for cs in options.columns.values() for c in cs}:
        raise ListError(
            f"its values are called {told(column.name)}, which says that they are no entries "
            f"({told(column.word)}); rename that line in a copy if it is wrong"
        )
    _refuse_columns(options, column, any(d in stream.head for d in ",;|\t"))
    kinds = column.kinds or ANY
    reader = RowReader(WHOLE)
    header = layout.header is not None
    stream.is_named = header and bool(column.name)
    is_number = kinds == ("row_hash",)
    read = 0
    for block in stream.blocks:
        if not block:
            continue
        if '"' not in block and not reader.waiting:
            lines = None if header or is_number else _lines(block)
            if lines is not None and not _names_anew(block, lines, column):
                read += len(lines)
                yield Batch(len(lines), (Values(kinds, lines),))
                continue
            some = content(block.split("\n"))
        else:
            some = [row[0] for row in reader.rows(block)]
        kept, kinds = _below_title(some[header:], column, kinds, is_first=not read)
        header = header and not some
        for anew, part in _parts(kept, column, read):
            if anew is not column:
                column, kinds = anew, anew.kinds
            read += len(part)
            yield Batch(len(part), (Values(kinds, part),))
    rest = [row[0] for row in reader.rows("", last=True)]
    yield Batch(len(rest), (Values(kinds, rest),))


def _below_title(
    lines: list[str], column: ListColumn, kinds: tuple[str, ...], *, is_first: bool
) -> tuple[list[str], tuple[str, ...]]:
    """The lines below a title that reads like a name, where the name itself stands below it."""
    if not (is_first and lines and column.name and _is_new_name(lines[0], column)):
        return lines, kinds
    says = names.read_name(cleaned_name(lines[0]))
    both = tuple(kind for kind in kinds if kind in says.kinds)
    if says.what != names.ENTRY or not both:
        raise ListError(TWO_NAMES)
    return lines[1:], both


def _names_anew(block: str, lines: pa.Array, column: ListColumn) -> bool:
    """Whether a line names what follows anew."""
    if _even(block):
        return False
    short = lines.filter(pc.less(pc.binary_length(lines), _SHORTEST))
    return any(_is_new_name(line, column) for line in short.to_pylist())


def _parts(
    lines: list[str], column: ListColumn, read: int
) -> Iterator[tuple[ListColumn, list[str]]]:
    """Lines with the name that stands above them: `SHA-1` may follow on those below `MD5`.

    Raises ListError for a name that may be of something else.
    """
    first = 0
    for i, line in enumerate(lines):
        if not _is_new_name(line, column):
            continue
        says = names.read_name(cleaned_name(line))
        is_plain = says.what == names.ENTRY and says.word in _ALGORITHMS
        if not is_plain or column.what != names.ENTRY or not column.kinds:
            raise ListError(SECOND_NAMES.format(read + i))
        yield column, lines[first:i]
        column = replace(column, name=cleaned_name(line), kinds=says.kinds, word=says.word)
        first = i + 1
    yield column, lines[first:]


def _is_new_name(line: str, column: ListColumn) -> bool:
    name = cleaned_name(line) if len(line) < _SHORTEST and "://" not in line else ""
    is_count = name[:1].isdigit()  # `6 hashes`
    if not name or is_count or names.squeezed(name) == names.squeezed(column.name) or is_bare(name):
        return False
    # where the file does not say what it holds, `sha256` above the next digests changes nothing
    is_other = column.name or names.read_name(name).what == names.OTHER
    return bool(is_other) and names.is_of_values(name)


def _refuse_columns(options: Options, column: ListColumn, may_be_table: bool) -> None:
    """Raise ListError for options that speak of columns, where a file has none."""
    for option, name in options.columns_named():
        if option == "column" and is_named(name, column.name, 0):
            continue
        raise ListError(
            f"--{option} {shown(name)}: there is no such column; the file was read as a value a "
            f"line{' (--format csv reads it as a table)' * may_be_table}"
        )


def _lines(block: str) -> pa.Array | None:
    """The lines of a block without comments; None where it holds bytes that are no UTF-8."""
    try:
        whole = pa.array([block], pa.string())
    except UnicodeEncodeError:
        return None
    lines = pc.split_pattern(whole, "\n").flatten()
    if n := _even(block):
        lines = lines.slice(0, len(lines) - 1)
        return lines if len(lines) == n else pa.array(content(block.split("\n")), pa.string())
    if (
        not block.isascii()
        or block.startswith((" ", "\t", "\n"))
        or any(sign in block for sign in _NO_VALUE)
    ):
        return pa.array(content(block.split("\n")), pa.string())
    return lines.slice(0, len(lines) - 1) if block.endswith("\n") else lines


def _even(block: str) -> int:
    """How many lines of one length a block has, if all are: a quick look for digests only."""
    step = block.find("\n") + 1
    n, rest = divmod(len(block), step) if step > 1 else (0, 1)
    is_even = not rest and block[step - 1 :: step] == "\n" * n
    return n if is_even and block.isascii() and not any(c in block for c in "# \t") else 0
