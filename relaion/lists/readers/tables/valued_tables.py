"""Tech Against Terrorism and ThreatExchange as lines: csv with names or none, .te, local files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from relaion.errors import ListError
from relaion.lists.readers.documents.document import OfDelivery
from relaion.lists.readers.documents.exchange_words import TAT, TE_FILE, THREATEXCHANGE_CSV
from relaion.lists.readers.documents.field_columns import Row
from relaion.lists.readers.documents.field_rows import (
    MOST_ABOVE,
    WIDTH,
    FieldLayout,
    cut_rows,
    rows_of,
)
from relaion.lists.readers.documents.latest import day_of
from relaion.lists.readers.documents.valued_records import Exchange, ValuedRecords
from relaion.lists.readers.format import Batch, Maybe, Options, Stream, Sure
from relaion.lists.readers.lines.content import first_lines
from relaion.lists.readers.tables.said_of_table import refuse_rows
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import shape

_CLASS = re.compile(r"POSITIVE_CLASS|NEGATIVE_CLASS|INVESTIGATION_SEED|DISPUTED")
_TX_TYPES = frozenset(
    names.squeezed(word)
    for word in (
        "pdq", "video_md5", "photo_md5", "url", "url_md5", "raw_text", "trend_query", "text_tlsh",
        "vpdq", "photodna", "pdq_ocr", "video_tmk", "tmk", "hash_md5", "photo_sha1",
        "photo_sha256", "url_sha1", "url_sha256",
    )
)  # fmt: skip
_LAYOUTS = (  # of the data set of its command line, in which names are left out
    ("signal_type", "signal_str", "collab", "category", "tags"),
    ("collab", "signal_type", "signal_str", "category", "tags"),
)
_TE_COLUMNS = ("indicator", "first_descriptor_id", "added_on", "labels")
_TE_NAME = re.compile(r"(?i).*\.te(?:\.(?:gz|zst|xz|bz2))?")
_TE_TYPE = re.compile(r"(?i)(?:.*\.)?([a-z][a-z0-9_]{1,30})\.te(?:\.\w+)?")
_TE_UNNAMED = (
    "is a ThreatExchange file (.te), whose name says what it holds, and this name does not: call "
    "it as it was called, such as simple.HASH_MD5.te"
)
_TE_OTHER = (
    "is a ThreatExchange file (.te) whose lines are not laid out as its lines are: an indicator, "
    "the number of a descriptor, a time, labels"
)
_LOCAL = re.compile(r"\s*([A-Za-z]\w{1,20}) +(\S.*?)\s*")


@dataclass(frozen=True)
class ValuedTable:
    """The records of an exchange as a table, which `laid_out` knows by its head and its name.

    What is of the exchange and cannot be read is a text that says why.
    """

    name: str
    exchange: Exchange
    laid_out: Callable[[str, str], FieldLayout | str | None]

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure where its columns, or what stands in them, are those of the exchange."""
        return Sure() if self.laid_out(head, file_name) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """A record a row."""
        layout = self.laid_out(stream.head, stream.file_name)
        if layout is None:
            raise ListError(
                f"is not laid out as {self.exchange.called} is; leave --format out, or say "
                "--format csv"
            )
        if isinstance(layout, str):
            raise ListError(layout)
        refuse_rows(layout.above, "a line above the names of columns", options)
        seen = {*filter(None, layout.columns), *(name for name, _ in layout.added)}
        read = ValuedRecords(self.exchange, options, seen, OfDelivery(), is_delta=stream.is_delta)
        meaning = self.exchange.meanings.get(layout.columns[-1])
        is_deciding = meaning is None or bool(meaning.what)
        for rows, skipped in rows_of(stream, layout, ends_open=is_deciding):
            batch = read.batch([_in_words(row) for row in rows])
            batch.skipped += skipped
            yield batch
        yield read.rest()
        read.judge(stream)


def _in_words(row: Row) -> Row:
    """A row whose tags are words of their own."""
    return {name: text[0].split() if name in ("tags", "labels") else text
            for name, text in row.items()}  # fmt: skip


# -- How tables are known --------------------------------------------------------------------------


def _by_names(exchange: Exchange, needed: Sequence[str], head: str) -> FieldLayout | None:
    for delimiter, rows in cut_rows(head):
        for at, row in enumerate(rows[:MOST_ABOVE]):
            told = [exchange.named(cell.strip()) if cell.strip() else "" for cell in row]
            if {*needed} <= {*told}:
                above = tuple(map(tuple, rows[:at]))
                return FieldLayout(delimiter, tuple(told), tuple(row), above=above)
            if any(map(shape, row)):
                break
    return None


def _of_tat(head: str, _: str) -> FieldLayout | None:
    return _by_names(TAT, ("hash_digest", "algorithm"), head)


def _of_threatexchange(head: str, _: str) -> FieldLayout | None:
    if found := _by_names(THREATEXCHANGE_CSV, ("signal_type", "signal_str"), head):
        return found
    for delimiter, rows in cut_rows(head):
        if rows and (
            columns := _columns_without_names([_trimmed(row, len(_LAYOUTS[0])) for row in rows])
        ):
            return FieldLayout(delimiter, columns)
    return None


def _trimmed(row: Sequence[str], n: int) -> Sequence[str]:
    """A row of `n` cells without the empty ones behind them."""
    return row if any(cell.strip() for cell in row[n:]) else row[:n]


def _columns_without_names(rows: Sequence[Sequence[str]]) -> tuple[str, ...] | None:
    """The fields of the columns, by what stands in them: types, classes, values.

    In another order than its command line writes, whatever stands beside them may be tags.
    """
    if any(len(row) != len(_LAYOUTS[0]) for row in rows):
        return None
    columns = [*zip(*rows, strict=True)]
    types = [i for i, cells in enumerate(columns) if all(map(_is_type, cells))]
    classes = [i for i, cells in enumerate(columns) if all(map(_is_class, cells))]
    if len(types) != 1 or len(classes) != 1:
        return None
    known = [c for c in _LAYOUTS if types[0] == c.index("signal_type")]
    if known and classes[0] == known[0].index("category"):
        return known[0]
    at = max(range(len(columns)), key=lambda i: sum(shape(cell) is not None for cell in columns[i]))
    if at in (types[0], classes[0]) or not any(map(shape, columns[at])):
        return None
    named = {types[0]: "signal_type", classes[0]: "category", at: "signal_str"}
    others = iter(("tags", "labels"))
    return tuple(named.get(i) or next(others) for i in range(len(columns)))


def _is_type(cell: str) -> bool:
    return names.squeezed(cell) in _TX_TYPES


def _is_class(cell: str) -> bool:
    return _CLASS.fullmatch(cell.strip().upper()) is not None


def _of_te(head: str, file_name: str) -> FieldLayout | str | None:
    if not _TE_NAME.fullmatch(file_name):
        return None
    found = _TE_TYPE.fullmatch(file_name)
    if found is None or not TE_FILE.is_known_type(found[1]):
        return _TE_UNNAMED
    added = (("type", found[1]),)
    if named := _by_names(TE_FILE, ("indicator",), head):
        return replace(named, added=added)
    for delimiter, rows in cut_rows(head):
        told = [_trimmed(row, len(_TE_COLUMNS)) for row in rows]
        for columns in (_TE_COLUMNS, _TE_COLUMNS[::-1]):
            if all(_is_of_te(row, columns) for row in told):
                return FieldLayout(delimiter, columns, added=added)
    return _TE_OTHER


def _is_of_te(row: Sequence[str], columns: Sequence[str]) -> bool:
    if len(row) != len(columns):
        return False
    held = dict(zip(columns, row, strict=True))
    is_numbered = held["first_descriptor_id"].strip().isdecimal()
    return is_numbered and (held["added_on"].strip() == "mine" or bool(day_of(held["added_on"])))


@dataclass(frozen=True)
class LocalFile:
    """Lines of a type and a value, as ThreatExchange reads them from a file of its own."""

    name: str = "local-file"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure where each line begins with a type of ThreatExchange."""
        lines = first_lines(head, 50)
        told = [_LOCAL.fullmatch(line) for line in lines]
        is_one = lines and all(found and names.squeezed(found[1]) in _TX_TYPES for found in told)
        return Sure() if is_one else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """A record a line."""
        seen = {"signal_type", "signal_str"}
        read = ValuedRecords(
            THREATEXCHANGE_CSV, options, seen, OfDelivery(), is_delta=stream.is_delta
        )
        for block in stream.blocks:
            lines = first_lines(block, block.count("\n") + 1)
            told = [_LOCAL.fullmatch(line) for line in lines]
            batch = read.batch([
                {"signal_type": (found[1],), "signal_str": (found[2],)} for found in told if found
            ])  # fmt: skip
            if n := sum(found is None for found in told):
                batch.skipped[WIDTH] += n
            yield batch
        yield read.rest()
        read.judge(stream)


VALUED_TABLES = (
    ValuedTable("tat-csv", TAT, _of_tat),
    ValuedTable("threatexchange-csv", THREATEXCHANGE_CSV, _of_threatexchange),
    ValuedTable("te", TE_FILE, _of_te),
    LocalFile(),
)
