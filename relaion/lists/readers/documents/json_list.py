"""JSON without a meaning of its own: objects or values, one after another or in an array.

`--format json`. Objects are read as rows of a table, by the rules of columns; values as a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.foreseen import as_foreseen
from relaion.lists.readers.documents.json_places import (
    ITEM,
    RecordPlace,
    elements,
    fate_of_all,
    find_records,
)
from relaion.lists.readers.documents.json_rows import JsonRows, option_of, text_of
from relaion.lists.readers.documents.json_text import object_parts, objects
from relaion.lists.readers.documents.title_prose import judge_titles
from relaion.lists.readers.format import ANY, BETWEEN, OF_NO_COLUMN, Batch, Options, Sure, Values
from relaion.lists.readers.tables.columns import MOST_COLUMNS
from relaion.lists.readers.tables.records import read_records
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import told as say

_AT_ONCE = 4000
JSON_START = re.compile(
    r"(?!\[\d+\][ \t]+[^\s\[])(?:"  # a line with its number before it
    r"\{\s*(?:[\"'}]|[A-Za-z_]\w*\s*:)|\[\s*(?:[{\"\[\]]|-?\d+(?:\.\d+)?\s*[,\]]))"
)
_COMMENT = re.compile(r"\s*(?:/\*.*?\*/|//[^\n]*\n|#[^\n]*\n)", re.S)
_BLANKS = "\ufeff \t\r\n\v\f\0"
_KINDS = (
    (r'"hashRecords"\s*:', "JSON of StopNCII"),
    (r'"hash_digest"\s*:', "JSON of Tech Against Terrorism"),
    (r'"type"\s*:\s*"(?:bundle|indicator)"|"spec_version"\s*:', "STIX 2 (JSON)"),
    (r'"Event"\s*:\s*\{|"Attribute"\s*:\s*\[', "JSON of MISP"),
    (r'"raw_indicator"\s*:', "JSON of ThreatExchange"),
)
_ADVICE = "export what is listed as txt or csv; what it marks as withdrawn or good must stay out"


@dataclass(frozen=True)
class JsonList:
    """Any JSON whose records are objects of fields, or values."""

    name: str = "json"

    def sniff(self, head: str, file_name: str) -> Sure | None:
        """Sure where it begins as JSON does, perhaps behind comments."""
        return Sure() if JSON_START.match(_after_comments(head)) else None

    def read(self, document: ListDocument, options: Options) -> Iterator[Batch]:
        """The objects as rows of a table, or the values."""
        _refuse_kinds(document.head)
        places, place = find_records(document, options)
        options = _within(place, places.ignored, options)
        fate = fate_of_all(places, place, options, is_delta=document.is_delta)
        texts = (*places.around.all(), *place.heads.texts)
        document.notices += judge_titles(((path[-1], text) for path, text in texts), options)
        batches = (
            _objects(document, place, options) if place.n["{"]
            else _values(document, place, options)
        )  # fmt: skip
        for batch in batches:
            if fate:
                batch.fates = dict.fromkeys(range(batch.n), fate) | batch.fates
            yield batch


def _after_comments(head: str) -> str:
    at, start = 0, head.lstrip(_BLANKS)
    while found := _COMMENT.match(start, at):
        at = found.end()
    return start[at : at + 65536].lstrip(_BLANKS)


def _refuse_kinds(head: str) -> None:
    if found := next((what for key, what in _KINDS if re.search(key, head)), None):
        raise ListError(f"is {found}, and not of a kind that is read; {_ADVICE}")
    if _COMMENT.match(head.lstrip(_BLANKS)):
        raise ListError("begins with a comment, which no JSON has; take it out in a copy")


def _within(place: RecordPlace, ignored: Iterable[str], options: Options) -> Options:
    """Options whose fields are named as those of the records are, without the array's name."""
    before = ".".join((*place.path[:-1], "")).casefold()
    outside = {names.squeezed(name) for name in ignored}

    def within(name: str) -> str:
        is_full = bool(before) and name.casefold().startswith(before)
        return name[len(before) :] if is_full else name

    return replace(
        options,
        columns={k: tuple(map(within, told)) for k, told in options.columns.items()},
        where={within(name): words for name, words in options.where.items()},
        ignore=frozenset(
            name if name in OF_NO_COLUMN else within(name)
            for name in options.ignore if names.squeezed(name) not in outside
        ),
    )  # fmt: skip


# -- Objects -------------------------------------------------------------------------------------


def _objects(document: ListDocument, place: RecordPlace, options: Options) -> Iterator[Batch]:
    held = place.rows.columns
    fields = _fields(held, options)
    keys, told = [*fields], [*fields.values()]
    left = {names.squeezed(name) for name in held.values()} - set(map(names.squeezed, told))
    options = replace(
        options, ignore=frozenset(x for x in options.ignore if names.squeezed(x) not in left)
    )
    rows = JsonRows(options, {**place.rows.fields})
    is_array = document.is_foreseen and place.path == (ITEM,)
    parts = elements(document) if is_array else object_parts(document, place.path)
    parts = as_foreseen(document, parts, place.take_all, place.shown)
    found = (rows.columns_of(some, keys) for some in parts)
    yield from read_records(told, found, document, options)


def _fields(held: dict[str, str], options: Options) -> dict[str, str]:
    """The fields that are columns: all but, where there are too many, those that are ignored."""
    if len(held) <= MOST_COLUMNS:
        if not held:
            raise ListError("holds no object that has fields")
        return held
    ignored = set(map(names.squeezed, options.ignore))
    kept = {k: name for k, name in held.items() if names.squeezed(name) not in ignored}
    if len(kept) > MOST_COLUMNS:
        above = [name.rpartition(BETWEEN)[0] for name in kept.values() if BETWEEN in name]
        most = max(above, key=above.count, default="")
        whole = f", as --ignore {option_of(most)} does with {above.count(most)} at once"
        raise ListError(
            f"has {len(kept)} fields, of which {MOST_COLUMNS} can be read; leave those out that "
            f"decide nothing with --ignore NAME{whole if above.count(most) > 1 else ''}"
        )
    return kept


# -- Values --------------------------------------------------------------------------------------


def _values(document: ListDocument, place: RecordPlace, options: Options) -> Iterator[Batch]:
    kinds = _kinds(place, options)
    document.is_named = bool(options.kind) or any(name != ITEM for name in place.path)
    texts = filter(None, map(text_of, objects(document, place.path)))
    while some := [*islice(texts, _AT_ONCE)]:
        yield Batch(len(some), [Values(kinds, some)])


def _kinds(place: RecordPlace, options: Options) -> tuple[str, ...]:
    """What the values may be, by the name of their array; raises ListError where that is none."""
    for option, name in options.columns_named():
        raise ListError(
            f"--{option} {say(name)}: its values have no fields; say what they are with --kind"
        )
    if options.kind:
        return (options.kind,)
    name = next((part for part in reversed(place.path) if part != ITEM), "")
    says = names.read_name(name)
    if says.what == names.ENTRY:
        return says.kinds
    if says.what in (names.OTHER, names.ID, names.REFERENCE):
        raise ListError(
            f"its values are by their name ({say(name)}) of something that is never an entry; if "
            "that is wrong, say what they are with --kind"
        )
    return ANY
