"""MISP: attributes as a table, as its server and PyMISP write them. `--format misp-csv`.

What its columns mean is what the fields of MISP's JSON mean, so the records are the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.containers.text import RowReader, first_lines
from relaion.lists.readers.documents.document import OfDelivery
from relaion.lists.readers.documents.field_rows import (
    DELIMITERS,
    refuse_twice,
    rows_of_blocks,
    without_separator_line,
)
from relaion.lists.readers.documents.fields import Fields
from relaion.lists.readers.documents.latest import moment_of
from relaion.lists.readers.documents.misp_attributes import (
    DERIVED,
    NO_FILE,
    Event,
    Object,
    event_of,
    of_file,
)
from relaion.lists.readers.documents.misp_batches import Attributes
from relaion.lists.readers.documents.misp_kinds import (
    GivenAttribute,
)
from relaion.lists.readers.documents.versions import Versions
from relaion.lists.readers.format import Batch, Maybe, Options, Stream, Sure
from relaion.lists.readers.lines.ending import HALF
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.misp_words import CATEGORIES, MEANINGS

_NEEDED = frozenset(("value", "type", "category"))
_ONE_MORE = frozenset(("toids", "uuid", "eventid"))
_TAG = re.compile(r"(?:attribute|event)?tags?\d*")
_OF_EVENT = {"eventinfo": "info", "eventanalysis": "analysis", "eventpublished": "published"}
_FIELDS = {names.squeezed(name): name for name in MEANINGS} | {
    "attributetag": "tag", "attributetags": "tag", "objectname": "object_name",
}  # fmt: skip
_MANY = 1000  # events that are kept


def columns_of(head: str) -> tuple[str, list[str]] | None:
    """The delimiter of a table of MISP, and the squeezed names of its columns; None for others."""
    lines = first_lines(without_separator_line(head), 50)
    for delimiter in DELIMITERS if lines else ():
        rows = RowReader(delimiter).rows("\n".join(lines) + "\n", last=True)
        told = [names.squeezed(cell) for cell in rows[0]] if rows else []
        if not _NEEDED.issubset(told):
            continue
        at = told.index("category")
        held = {names.squeezed(row[at]) for row in rows[1:] if at < len(row)}
        if not (_ONE_MORE.isdisjoint(told) and CATEGORIES.isdisjoint(held)):
            return delimiter, told
    return None


@dataclass(frozen=True)
class MispCsv:
    """Attributes of MISP as a table."""

    name: str = "misp-csv"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure by the names of the columns."""
        return Sure() if columns_of(head) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """A record an attribute; those of one object are read together."""
        found = columns_of(stream.head)
        if found is None:
            raise ListError(
                "is no table of MISP, which has columns `value`, `type`, `category` and `to_ids`; "
                "leave --format out, or say --format csv"
            )
        yield from _MispRows(found[0], found[1], stream, options).batches()


@dataclass
class _MispRows:
    delimiter: str
    header: list[str]
    stream: Stream
    options: Options
    held: list[list[str]] = field(default_factory=list)  # rows of an object that may go on
    versions: Versions = field(default_factory=Versions)
    events: dict[tuple[tuple[str, str], ...], Event] = field(default_factory=dict)  # the last ones

    def batches(self) -> Iterator[Batch]:
        refuse_twice(self.header)
        seen = {self._name(column) for column in filter(None, self.header)}
        fields = Fields(self.options, MEANINGS, seen | {*DERIVED}, is_delta=self.stream.is_delta)
        read = Attributes(self.options, fields)
        for rows in rows_of_blocks(
            self.stream, self.delimiter, self.header, self._is_whole, self._may_be_cut
        ):
            self.stream.notices += [HALF] * rows.is_cut
            batch = read.batch(read.kinds.held_of(self._attributes(rows.whole, last=rows.is_last)))
            batch.skipped.update(rows.skipped)
            yield batch
            if rows.is_cut:
                yield Batch(0, skipped=Counter({why.CUT_OFF: 1}))
        read.judge(self.stream)
        self._refuse_disorder()

    def _refuse_disorder(self) -> None:
        """Raise ListError where an older version of an attribute stands behind the latest."""
        keys = self.versions.keys
        replaced = self.versions.replaced(OfDelivery(), "misp-csv")
        several = {keys[place] for place in replaced}
        last = {key: place for place, key in enumerate(keys) if key in several}
        if not replaced.isdisjoint(last.values()):
            raise ListError(
                "holds several versions of an attribute, and the latest does not stand last; sort "
                "its rows by their timestamp or date, the oldest first"
            )

    def _name(self, column: str) -> str:
        if _TAG.fullmatch(column):
            return "tag"
        return _OF_EVENT.get(column) or _FIELDS.get(column) or column

    def _is_whole(self, row: Sequence[str]) -> bool:
        """Whether a row has a cell for each column, but for tags that it has not."""
        n = len(self.header)
        if len(row) > n:
            return not any(cell.strip() for cell in row[n:])
        return all(_TAG.fullmatch(column) for column in self.header[len(row) :])

    def _may_be_cut(self, row: Sequence[str]) -> bool:
        """Whether a last row without an end may lack words that decide."""
        if len(row) < len(self.header):
            return True
        meaning = MEANINGS.get(self._name(self.header[-1]))
        return meaning is None or bool(meaning.what)

    def _attributes(self, rows: list[list[str]], *, last: bool) -> list[GivenAttribute]:
        """Rows as attributes; those of an object that may go on wait for the next block."""
        rows, self.held = self.held + rows, []
        if not last and "objectuuid" in self.header and rows:
            at = self.header.index("objectuuid")
            end = len(rows)
            while end and rows[end - 1][at] and rows[end - 1][at] == rows[-1][at]:
                end -= 1
            rows, self.held = rows[:end], rows[end:]
        told = [self._fields(row) for row in rows]
        groups: dict[str, list[Object]] = {}
        for own, _ in told:
            if uuid := own.get("object_uuid"):
                groups.setdefault(uuid, []).append(own)
        of_objects = {uuid: of_file(group) for uuid, group in groups.items()}
        return [
            GivenAttribute(
                own,
                event,
                {"name": own["object_name"]} if own.get("object_name") else {},
                of_objects.get(own.get("object_uuid") or "", NO_FILE),
            )
            for own, event in told
        ]

    def _fields(self, row: Sequence[str]) -> tuple[dict[str, Any], Event]:
        """The fields of a row as JSON would have them; of those of its event an event."""
        own: dict[str, Any] = {}
        around: dict[str, Any] = {}
        tags: list[str] = []
        for column, cell in zip(self.header, row, strict=False):
            name, text = self._name(column), cell.strip()
            if name == "tag":
                tags += [tag.strip() for tag in text.split(",") if tag.strip()]
            elif column in _OF_EVENT:
                around[name] = text
            elif column:
                own[name] = text
        own["tag"] = tags
        moments = (moment_of(own.get("timestamp", "")), moment_of(own.get("date", "")))
        self.versions.meet(own.get("uuid", ""), *moments)
        told = (*around.items(),)
        if told not in self.events:
            if len(self.events) >= _MANY:
                self.events.clear()
            self.events[told] = event_of(around)
        return own, self.events[told]
