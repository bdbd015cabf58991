"""StopNCII, Tech Against Terrorism, ThreatExchange as JSON: pages, arrays, or records by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.exchange_words import STOPNCII, TAT, THREATEXCHANGE
from relaion.lists.readers.documents.field_columns import FieldColumns, Row, in_batches
from relaion.lists.readers.documents.field_names import joined, refuse_many
from relaion.lists.readers.documents.field_tree import DEEPEST, FieldTree
from relaion.lists.readers.documents.foreseen import as_foreseen, is_enough
from relaion.lists.readers.documents.json_alike import AlikeRecords, Place
from relaion.lists.readers.documents.json_pieces import JsonPieces, pieces, text_of
from relaion.lists.readers.documents.json_places import says_of_all
from relaion.lists.readers.documents.title_prose import judge_titles
from relaion.lists.readers.documents.valued_records import AT_ONCE, Exchange, ValuedRecords
from relaion.lists.readers.format import OF_FILE, Batch, Options, Sure
from relaion.lists.readers.lines.titles import LONGEST_TITLE
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import told

_WITHDRAWN = frozenset(("withdrawn", "deleted"))
_TITLE = LONGEST_TITLE + 1  # characters of a text that are looked at
_SHAPES = 1000  # tuples of names of records that are kept


@dataclass(frozen=True)
class JsonPages:
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
        reading = _PageRecords(self)
        looked = _FirstLook(reading, options)
        n, before = 0, len(document.notices)
        for some in self._pieces(document):
            looked.take(some)
            n += len(some.values)
            if is_enough(document, n):
                break
        else:
            document.notices += judge_titles(looked.titles, options)
        read = ValuedRecords(
            self.exchange, options, looked.seen, document.shared, is_delta=document.is_delta
        )
        found = (
            reading.columns(some.values, lacking=looked.has_needed)
            for some in as_foreseen(document, self._pieces(document), looked.take, looked.shown)
        )
        yield from map(read.batch, in_batches(found, AT_ONCE))
        yield read.rest()
        if document.is_foreseen:  # titles may stand behind all records
            document.notices[before:before] = judge_titles(looked.titles, options)
        read.judge(document)
        _tell_pages(document, self.name, has_more=looked.has_more)

    def _pieces(self, document: ListDocument) -> Iterator[JsonPieces]:
        return pieces(document, frozenset(), frozenset((self.records,)))


@dataclass
class _PageRecords:
    """The records on pages of an exchange, which are nearly all alike."""

    form: JsonPages
    tree: FieldTree = field(init=False)
    known: dict[tuple[str, ...], bool] = field(default_factory=dict)

    def columns(self, values: Sequence[Any], *, lacking: bool) -> FieldColumns:
        """The records among values by their fields, those of objects in them too."""
        places = self.places(values) if isinstance(values, AlikeRecords) and not lacking else None
        if places is None or not isinstance(values, AlikeRecords):
            return FieldColumns.of_rows(self.rows(values, lacking=lacking))
        one: dict[str, Sequence[str]] = {}
        several: dict[str, Sequence[Sequence[str]]] = {}
        for name, held in places.items():
            texts = [values.words_at(place, text_of) for place in held]
            if len(texts) == 1 and (all(texts[0]) or None not in texts[0]):  # the first is quick
                one[name] = cast("Sequence[str]", texts[0])
            else:
                several[name] = [
                    tuple([text for text in some if text is not None])
                    for some in zip(*texts, strict=True)
                ]
        return FieldColumns(len(values), one, several)

    def places(self, values: AlikeRecords) -> dict[str, list[Place]] | None:
        """Where the words of records that are written alike stand, by field.

        None for what may be no record, or may speak by more than its words.
        """
        kept = values.shape.kept
        if "places" not in kept:
            kept["places"] = self._places(values)
        if kept["places"] is not None and self._may_be_withdrawn(values):
            return None
        return cast("dict[str, list[Place]] | None", kept["places"])

    def _places(self, values: AlikeRecords) -> dict[str, list[Place]] | None:
        exchange, shape = self.form.exchange, values.shape
        if not any(exchange.named(name) == exchange.value for name in shape.required):
            return None
        found: dict[str, list[Place]] = {}
        for place, leaves in shape.by_place.items():
            if len(place) > DEEPEST:
                return None
            at = self.tree.at(place)
            if at is None:
                return None
            if at.name and any(leaf.group >= 0 for leaf in leaves):
                found.setdefault(at.name, []).append(place)
        return found

    def _may_be_withdrawn(self, values: AlikeRecords) -> bool:
        """Whether a single case of a record was taken back."""
        left = self.form.left
        held = (
            values.texts(leaf, text_of) for leaf in values.shape.leaves
            if left and leaf.place[1:] and names.squeezed(str(leaf.place[0])) in left
            and not leaf.is_name
        )  # fmt: skip
        told = {text for texts in held for text in {*texts} if text}
        return any(text.strip().casefold() in _WITHDRAWN for text in told)

    def __post_init__(self) -> None:
        form = self.form
        self.tree = FieldTree(
            lambda path: form.exchange.named(joined(path)), form.exchange.called, form.passed,
            form.keyed, form.left,
        )  # fmt: skip

    def are_records(self, value: Any) -> bool:
        """Whether a value is a record: it has a value, or names a record that is gone by its id."""
        if not isinstance(value, dict):
            return False
        names = tuple(value)
        found = self.known.get(names)
        if found is None:
            exchange = self.form.exchange
            is_one = any(exchange.named(name) == exchange.value for name in names)
            found = is_one or exchange.undoes(names)
            if len(self.known) < _SHAPES:
                self.known[names] = found
        return found

    def by_id(self, value: Any) -> list[Any]:
        """The records of an object that names each by its number, as asked for by these."""
        is_one = isinstance(value, dict) and bool(value)
        if is_one and all(x.isdigit() and self.are_records(each) for x, each in value.items()):
            return [*value.values()]
        return [value]

    def row(self, value: Mapping[str, Any]) -> Row:
        """A record by its fields, those of objects in it too."""
        row: Row = self.tree.words(value)
        if self.form.left and [*map(str.casefold, row.get("hashStatus", ()))] == ["active"]:
            cases = (x for name, x in value.items() if names.squeezed(name) in self.form.left)
            if any(map(_are_withdrawn, cases)):
                return {**row, "cases": ("all withdrawn",)}
        return row

    def rows(self, values: Sequence[Any], *, lacking: bool) -> list[Row]:
        """The records among values by their fields, those of objects in them too."""
        found: list[Row] = []
        for given in values:
            for value in [given] if self.are_records(given) else self.by_id(given):
                if not self.are_records(value):
                    continue
                row = self.row(value)
                if lacking and not value.get(self.form.needed) and "status" not in row:
                    row = {**row, "should_delete": ("true",)}  # nobody lists it any more
                found.append(row)
        return found


@dataclass
class _FirstLook:
    """What a first look at a document finds: the fields of records, and whether others follow."""

    reading: _PageRecords
    options: Options
    seen: set[str] = field(default_factory=set)
    has_more: bool = False
    has_needed: bool = False
    titles: set[tuple[str, str]] = field(default_factory=set)

    def shown(self) -> tuple[int, bool]:
        """What all records must be known to show before one is read; fields never get fewer."""
        return len(self.seen), self.has_needed

    def take(self, some: JsonPieces) -> None:
        """Look at parts of the document."""
        reading = self.reading
        if isinstance(some.values, AlikeRecords) and self._take_alike(some.values):
            return
        for given in some.values:
            for value in [given] if reading.are_records(given) else reading.by_id(given):
                if reading.are_records(value):
                    self._take_record(value)
                else:
                    self._take_other(some.names, value)

    def _take_alike(self, values: AlikeRecords) -> bool:
        """Look at records that are written alike, where they are such that this is enough."""
        form, places = self.reading.form, self.reading.places(values)
        is_asked = form.needed and not self.has_needed and form.needed in values.shape.names
        if places is None or is_asked:
            return False
        for name, held in places.items():
            if name not in self.seen and any(
                text is not None for place in held for text in values.words_at(place, text_of)
            ):
                self.seen.add(name)
                refuse_many(self.seen, form.exchange.called)
        return True

    def _take_record(self, value: Mapping[str, Any]) -> None:
        form, seen = self.reading.form, self.seen
        if form.needed and not self.has_needed:
            self.has_needed = bool(value.get(form.needed))
        row = self.reading.row(value)
        if not row.keys() <= seen:
            seen.update(row)
            refuse_many(seen, form.exchange.called)

    def _take_other(self, names: tuple[str, ...], value: Any) -> None:
        form = self.reading.form
        if names or not isinstance(value, dict):
            raise ListError(
                f"holds something that is no record of {form.exchange.called}, where records "
                "stand; ask the giver for it as it was exported"
            )
        self.has_more = self.has_more or any(map(_is_said, self._more(value)))
        for name, each in value.items():
            if isinstance(each, (str, bool)) and OF_FILE not in self.options.ignore:
                text = each if isinstance(each, str) else text_of(each).casefold()
                if len(text) <= LONGEST_TITLE and says_of_all(name, text, self.options):
                    raise ListError(
                        f"{told(name)} in it says that what is in it may not be listed; if it is, "
                        "say --ignore title"
                    )
                self.titles.add((name, text[:_TITLE]))
            if self._holds(each):
                raise ListError(
                    f"holds records in {told(name)}, where {form.exchange.called} has none, and "
                    "nobody here knows what that says of them; ask the giver for it as it was "
                    "exported"
                )

    def _is_record(self, value: Any) -> bool:
        named, of = self.reading.form.exchange.named, self.reading.form.exchange.value
        return isinstance(value, dict) and any(named(name) == of for name in value)

    def _more(self, value: Mapping[str, Any]) -> Iterator[Any]:
        for name in self.reading.form.more:
            found: Any = value
            for part in name.split("."):
                found = found.get(part) if isinstance(found, dict) else None
            yield found

    def _holds(self, value: Any) -> bool:
        if isinstance(value, dict):
            return self._is_record(value) or any(map(self._holds, value.values()))
        return isinstance(value, list) and any(map(self._holds, value))


def _are_withdrawn(cases: Any) -> bool:
    """Whether a record has cases, and each of them was taken back."""
    told = cases.values() if isinstance(cases, dict) else ()
    return bool(told) and all(text_of(each).strip().casefold() in _WITHDRAWN for each in told)


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


StopNcii = JsonPages(
    STOPNCII, re.compile(r'(?i)"hash_?records"\s*:|"hash_?status"\s*:'), "hashrecords",
    ("hasmorerecords",), left=frozenset(("casenumbers",)),
)  # fmt: skip
TechAgainstTerrorism = JsonPages(TAT, re.compile(r'(?i)"hash_?digest"\s*:'), "results", ("next",))
ThreatExchange = JsonPages(
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
