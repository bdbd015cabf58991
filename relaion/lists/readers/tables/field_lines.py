"""Records whose fields stand a line each, with their names: `MD5: …`, `Date: …`, a blank line.

They are read as rows of a table: whatever decides in a column decides here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from relaion.errors import ListError
from relaion.lists.readers.tables.columns import MOST_COLUMNS
from relaion.lists.readers.tables.rows import Row
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import shape

_PAIR = re.compile(
    r"\s*(?P<name>[^\W\d][\w .()/-]{0,30}?)\s*(?:[:=](?!//)|(?<=\s)\|(?=\s|\Z))\s*(?P<value>.*?)\s*"
)
_DIVIDER = re.compile(
    r"\s*(?:[-=_*]{3,}\s*|-\[ RECORD \d+ \][-+]*|\*{3,} \d+\. row \*{3,}"
    r"|\(?\d+ rows?\b[^:=|]*)?"
)  # as psql and mysql write records that they do not show as a table, and count them
_MOST = 1_000_000  # lines that are held, since the last record may have a field of its own
_TOO_MANY = (
    "holds more records, whose fields stand a line each, than are read so: export them as csv"
)
Field = tuple[str, str]


def are_field_lines(head: str) -> bool:
    """Whether a text is made of such records alone: several, of entries and of something beside."""
    lines = [line for line in head.split("\n") if not _DIVIDER.fullmatch(line)]
    pairs = [*map(_PAIR.fullmatch, lines)]
    if len(lines) < _LEAST or not all(pairs):
        return False
    records = [*_records(head.split("\n"))]
    told = dict.fromkeys(names.squeezed(name) for some in records for name, _ in some)
    held = {
        names.squeezed(name)
        for some in records for name, value in some
        if shape(value) and names.read_name(name).what == names.ENTRY
    }  # fmt: skip
    n = sum(any(names.squeezed(name) in held for name, _ in some) for some in records)
    return bool(held) and len(told) > len(held) and n > 1 and n * 2 > len(records)


_LEAST = 4  # lines: two records of two fields


def _records(lines: Iterable[str]) -> Iterator[list[Field]]:
    """The records of lines: blank lines divide them, or the name with which the first begins."""
    held: list[Field] = []
    first = ""
    is_divided = False
    for line in lines:
        if _DIVIDER.fullmatch(line):
            is_divided = is_divided or bool(held)
            if held:
                yield held
            held = []
            continue
        found = _PAIR.fullmatch(line)
        if found is None:
            raise ListError(
                "holds a line without a name among records whose fields stand a line each; export "
                "them as csv, a record a row"
            )
        first = first or names.squeezed(found["name"])
        if held and not is_divided and names.squeezed(found["name"]) == first:
            yield held
            held = []
        held.append((found["name"], found["value"]))
    if held:
        yield held


def rows_of(blocks: Iterable[str]) -> Iterator[Row]:
    """The records of a text as rows, the first of names; raises ListError where it is none."""
    lines = "".join(blocks).split("\n")
    if len(lines) > _MOST:
        raise ListError(_TOO_MANY)
    records = [*_records(lines)]
    told: dict[str, str] = {}
    for some in records:
        for name, _ in some:
            told.setdefault(names.squeezed(name), name)
    if len(told) > MOST_COLUMNS:
        raise ListError(f"has {len(told)} fields, of which {MOST_COLUMNS} can be read")
    yield [*told.values()]
    for some in records:
        yield _row(some, [*told])


def _row(record: Sequence[Field], told: Sequence[str]) -> Row:
    held: dict[str, list[str]] = {}
    for name, value in record:
        held.setdefault(names.squeezed(name), []).append(value)
    return [_joined(held.get(name, [])) for name in told]


def _joined(values: Sequence[str]) -> str:
    some = [value for value in values if value]
    return ("\n" if all(map(shape, some)) else ", ").join(some)
