"""StopNCII, Tech Against Terrorism, ThreatExchange as JSON: pages, arrays, or records by line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.exchange import AT_ONCE, Exchange, Exchanged
from relaion.lists.readers.documents.exchanges import STOPNCII, TAT, THREATEXCHANGE
from relaion.lists.readers.documents.field_names import joined, refuse_many, words_within
from relaion.lists.readers.documents.fields import Row
from relaion.lists.readers.documents.json_pieces import pieces, text_of
from relaion.lists.readers.format import Batch, Options, Sure
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import told


@dataclass(frozen=True)
class ExchangeJson:
    """The records of an exchange as JSON.

    `records` is the array that holds them, `more` what of a page says that others follow. `passed`
    are names on the way to a field that tell nothing, `keyed` fields whose objects speak by their
    names, `left` a field of the states of single cases. Where some records have what is `needed`,
    the others are deleted.
    """

    exchange: Exchange
    knows: re.Pattern[str]
    records: str
    more: tuple[str, ...]
    passed: frozenset[str] = frozenset()
    keyed: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    needed: str = ""

    @property
    def name(self) -> str:
        """That of the exchange."""
        return self.exchange.name

    def sniff(self, head: str, file_name: str) -> Sure | None:
        """Sure by the names of its fields."""
        is_json = head.lstrip("\ufeff \t\r\n").startswith(("{", "["))
        return Sure() if is_json and self.knows.search(head) else None

    def read(self, document: ListDocument, options: Options) -> Iterator[Batch]:
        """Its records; the names of all their fields are looked for before."""
        looked = _FirstLook(self)
        for piece in pieces(document, frozenset(), frozenset((self.records,))):
            for value in self.by_id(piece.value):
                looked.take(piece.names, value)
        read = Exchanged(
            self.exchange, options, looked.seen, document.shared, is_delta=document.is_delta
        )
        rows = self._rows(document, lacking=looked.has_needed)
        while some := [*islice(rows, AT_ONCE)]:
            yield read.batch(some)
        yield read.rest()
        read.judge(document)
        _tell_pages(document, self.name, has_more=looked.has_more)

    def _rows(self, document: ListDocument, *, lacking: bool) -> Iterator[Row]:
        for piece in pieces(document, frozenset(), frozenset((self.records,))):
            for value in self.by_id(piece.value):
                if self.is_record(value) or self.is_update(value):
                    row = self.row(value)
                    if lacking and not value.get(self.needed) and "status" not in row:
                        row = {**row, "should_delete": ("true",)}  # nobody lists it any more
                    yield row

    def by_id(self, value: Any) -> list[Any]:
        """The records of an object that names each by its number, as asked for by these."""
        is_one = isinstance(value, dict) and bool(value)
        if is_one and all(x.isdigit() and self.is_record(each) for x, each in value.items()):
            return [*value.values()]
        return [value]

    def is_record(self, value: Any) -> bool:
        """Whether an object is a record: it has a value."""
        named = self.exchange.named
        return isinstance(value, dict) and any(named(x) == self.exchange.value for x in value)

    def is_update(self, value: Any) -> bool:
        """Whether an object names a record by its id and says that it is gone, or is not."""
        return isinstance(value, dict) and self.exchange.undoes(value)

    def row(self, value: Mapping[str, Any]) -> Row:
        """A record by its fields, those of objects in it too."""
        row: dict[str, list[str]] = {}
        words = words_within(
            value, (), called=self.exchange.called, text_of=text_of, passed=self.passed,
            keyed=self.keyed, left=self.left,
        )  # fmt: skip
        for path, word in words:
            name = self.exchange.named(joined(path))
            row.setdefault(name, []).append(word)
        is_active = [*map(str.casefold, row.get("hashStatus", ()))] == ["active"]
        cases = (x for name, x in value.items() if names.squeezed(name) in self.left)
        if is_active and any(map(_are_withdrawn, cases)):
            row["cases"] = ["all withdrawn"]
        return row


@dataclass
class _FirstLook:
    """What a first look at a document finds: the fields of records, and whether others follow."""

    form: ExchangeJson
    seen: set[str] = field(default_factory=set)
    has_more: bool = False
    has_needed: bool = False

    def take(self, within: Collection[str], value: Any) -> None:
        """Look at a part of the document, which stands within fields of these names."""
        form = self.form
        if form.is_record(value) or form.is_update(value):
            self.has_needed = self.has_needed or bool(value.get(form.needed))
            self.seen.update(form.row(value))
            refuse_many(self.seen, form.exchange.called)
            return
        if within or not isinstance(value, dict):
            raise ListError(
                f"holds something that is no record of {form.exchange.called}, where records "
                "stand; ask the giver for it as it was exported"
            )
        self.has_more = self.has_more or any(map(_is_said, self._more(value)))
        for name, each in value.items():
            if self._holds(each):
                raise ListError(
                    f"holds records in {told(name)}, where {form.exchange.called} has none, and "
                    "nobody here knows what that says of them; ask the giver for it as it was "
                    "exported"
                )

    def _more(self, value: Mapping[str, Any]) -> Iterator[Any]:
        for name in self.form.more:
            found: Any = value
            for part in name.split("."):
                found = found.get(part) if isinstance(found, dict) else None
            yield found

    def _holds(self, value: Any) -> bool:
        if isinstance(value, dict):
            return self.form.is_record(value) or any(map(self._holds, value.values()))
        return isinstance(value, list) and any(map(self._holds, value))


def _are_withdrawn(cases: Any) -> bool:
    """Whether a record has cases, and each of them was taken back."""
    told = cases.values() if isinstance(cases, dict) else ()
    return bool(told) and all(
        text_of(each).strip().casefold() in ("withdrawn", "deleted") for each in told
    )


def _is_said(value: Any) -> bool:
    return value not in (None, False, 0, "", "0") and text_of(value).casefold() != "false"


def _tell_pages(document: ListDocument, name: str, *, has_more: bool) -> None:
    """Say that pages follow which the delivery does not hold, once for all of its files."""
    shared = document.shared
    pages: list[bool] = shared.held.setdefault(f"{name} pages", [])
    pages.append(has_more)

    def told_at_end() -> list[str]:
        return ["other pages follow that the delivery does not hold: add all of them together"] * (
            all(pages)
        )

    if shared.files == 1:
        document.notices += told_at_end()
    else:
        shared.ends[name] = told_at_end


StopNcii = ExchangeJson(
    STOPNCII, re.compile(r'(?i)"hash_?records"\s*:|"hash_?status"\s*:'), "hashrecords",
    ("hasmorerecords",), left=frozenset(("casenumbers",)),
)  # fmt: skip
TechAgainstTerrorism = ExchangeJson(
    TAT, re.compile(r'(?i)"hash_?digest"\s*:'), "results", ("next",)
)
ThreatExchange = ExchangeJson(
    THREATEXCHANGE,
    re.compile(
        r'(?i)"raw_indicator"\s*:|"should_delete"\s*:(?=[\s\S]*"indicator"\s*:)'
        r'|"indicator"\s*:(?=[\s\S]*"(?:should_delete|descriptors|review_status|my_reactions)"\s*:)'
        r'|\A(?![\s\S]*(?:[0-9a-fA-F]{32}|:\\?/))[\s\S]*"should_delete"\s*:'  # updates by id alone
        r'|"type"\s*:\s*"(?:HASH_|RAW_URI|UNCLICKABLE_)(?=[\s\S]*"indicator"\s*:)'
    ),
    "data", ("paging.next",), frozenset(("data", "descriptors")),
    frozenset(("reactions", "my_reactions")), needed="descriptors",
)  # fmt: skip
