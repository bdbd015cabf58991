"""What is said of a table beside its rows: parquet and Arrow keep pairs for it and for its columns.

So do people, who write them above the names of columns.

Short texts are read as titles are, and so are those within JSON and the lines of long ones. What
programs keep there of the shape of a table says nothing; all else that is too long is counted.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, takewhile
from typing import Any

import pyarrow as pa

from relaion.errors import ListError
from relaion.lists.readers.documents.json_envelope import of_what
from relaion.lists.readers.documents.json_places import says_of_all
from relaion.lists.readers.format import BETWEEN, OF_FILE, Options
from relaion.lists.readers.lines.candidates import HOLDS_VALUE
from relaion.lists.readers.lines.prose import HOST_IN, is_strange
from relaion.lists.readers.lines.titles import LONGEST_TITLE
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.paths import read_path
from relaion.lists.values import told

_OF_PROGRAMS = re.compile(
    r"pandas|huggingface|geo|(?:ARROW|PARQUET):.*|.*schema|org\.apache\..*|(?:parquet|iceberg|delta)[.-].*"
    r"|writer\.model\.name"
)
_LONG = 30  # characters: a word has fewer, and no digest in hex
_WORDS = re.compile(r"(?:[^\W\d_]|[ ,:;!()'’-]|\.(?!\S))+")  # and no host
_MOST = 1000  # texts of a pair
_MOST_TOLD = 10
_DEEPEST = 8

Pairs = Mapping[bytes, bytes] | None


def refuse_said(schema: pa.Schema, options: Options) -> list[str]:
    """Raise ListError where it says that what is in the table is not listed, or of something else.

    Gives notices of what was not looked at.
    """
    if OF_FILE in options.ignore:
        return []
    unread: Counter[str] = Counter()
    for name, text in _pairs(schema.metadata, unread):
        _refuse(name, text, "its metadata", options)
    for path, pairs in _of_entries(schema, options):
        for name, text in _pairs(pairs, unread):
            _refuse(name, text, f"the metadata of its column {told(path)}", options)
    if not unread:
        return []
    some = ", ".join(f"{told(name)}: {n:,}" for name, n in unread.most_common(_MOST_TOLD))
    more = f" and {len(unread) - _MOST_TOLD:,} more" if len(unread) > _MOST_TOLD else ""
    return [f"metadata that was not looked at, by its characters: {some}{more}"]


def refuse_rows(rows: Iterable[Sequence[str]], where: str, options: Options) -> None:
    """Raise ListError where rows without an entry say so, `Title,known good`.

    A title in one field is read with the other lines of the text.
    """
    for row in () if OF_FILE in options.ignore else rows:
        filled = [text for cell in row if (text := cell.strip(" \t\"':"))]
        for name, text in pairwise(filled):
            if not text.isdecimal():  # a count
                _refuse(name, text, where, options)
                _refuse("title", name, where, options)
                if names.read_name(name).what == names.CAPTION and is_strange(text):
                    raise ListError(_UNKNOWN.format(told(name), where))


_UNKNOWN = (
    "{} in {} may say that what is in it is not listed, in words that nobody here knows; if it "
    "does not, say --ignore title"
)


def rows_above(head: str) -> Iterator[list[str]]:
    """The rows of several cells above the first entry of lines that are read as they stand.

    A blank stands behind a comma of prose.
    """
    for whole in takewhile(_holds_no_value, head.split("\n", _MOST_ABOVE)[:_MOST_ABOVE]):
        line = whole[:_LONGEST]
        sign = max("\t;|,", key=line.count)
        if not line.lstrip().startswith("#") and re.search(rf"\S{re.escape(sign)}\S", line):
            yield line.split(sign)


_MOST_ABOVE, _LONGEST = 100, 2000  # lines, and characters of one
_VALUE = re.compile(HOLDS_VALUE)


def _holds_no_value(line: str) -> bool:
    return not (_VALUE.search(line) or HOST_IN.match(line))


def rows_of_words(
    cells: Mapping[int, Sequence[str]], at: int, deciding: Collection[int]
) -> Iterator[list[str]]:
    """Rows that have words in the column of entries, and begin with what is called a name.

    What stands first in a column that decides, `filename,a.exe`, is no such name.
    """
    column = cells[at]
    if min(map(len, column), default=_LONG) < _LONG or " " in "".join(column):
        for i in (i for i, cell in enumerate(column) if cell and _WORDS.fullmatch(cell)):
            k = next(k for k in sorted(cells) if cells[k][i])
            first = cells[k][i].rstrip()
            is_named = first.endswith(":") or names.read_name(first).what != names.UNKNOWN
            if is_named and k not in deciding:
                yield [cells[j][i] for j in sorted(cells)]


def _refuse(name: str, text: str, where: str, options: Options) -> None:
    if says_of_all(name, text, options):
        raise ListError(
            f"{told(name)} in {where} says that what is in it may not be listed; if it is, say "
            "--ignore title"
        )
    if of := of_what(name, text, options):
        raise ListError(
            f"{told(name)} in {where} says that its digests are {of}; if they are not, say "
            "--ignore title"
        )


def _pairs(pairs: Pairs, unread: Counter[str]) -> Iterator[tuple[str, str]]:
    """Names and short texts of pairs; what is longer is counted by name."""
    for key, value in (pairs or {}).items():
        name = key.decode("utf-8", "replace")
        if _OF_PROGRAMS.fullmatch(name):
            continue
        text = value.decode("utf-8", "replace")
        for n, (inner, leaf) in enumerate(_leaves(name, text)):
            if n >= _MOST:
                unread[name] += len(text)
                break
            for line in leaf.splitlines() if len(leaf) > LONGEST_TITLE else [leaf]:
                if len(line) > LONGEST_TITLE:
                    unread[name] += len(line)
                elif line.strip():
                    yield inner, line


def _leaves(name: str, text: str) -> Iterator[tuple[str, str]]:
    """The texts within a text that is JSON; any other as it stands."""
    try:
        held = json.loads(text) if text.lstrip()[:1] in ("{", "[") else text
    except (ValueError, RecursionError):
        held = text
    yield from _texts(name, held, 0)


def _texts(name: str, held: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(held, dict) and depth < _DEEPEST:
        for inner, each in held.items():
            yield from _texts(inner, each, depth + 1)
    elif isinstance(held, list) and depth < _DEEPEST:
        for each in held:
            yield from _texts(name, each, depth + 1)
    elif isinstance(held, bool):
        yield name, str(held).lower()
    elif held is not None:
        yield name, str(held)


def _of_entries(schema: pa.Schema, options: Options) -> Iterator[tuple[str, Pairs]]:
    """The pairs of columns that hold entries, by their dotted paths, and of fields within them."""
    said = {names.squeezed(name) for some in options.columns.values() for name in some}
    for path, pairs in _fields(schema, ""):
        is_entry = read_path(path.replace(".", BETWEEN), options.kind).what == names.ENTRY
        if pairs and (is_entry or names.squeezed(path) in said):
            yield path, pairs


def _fields(held: Any, above: str) -> Iterator[tuple[str, Pairs]]:
    for i in range(len(held) if isinstance(held, pa.Schema) else held.num_fields):
        inner = held.field(i)
        path = f"{above}.{inner.name}" if above else inner.name
        yield path, inner.metadata
        if pa.types.is_struct(inner.type) and path.count(".") < _DEEPEST:
            yield from _fields(inner.type, path)
