"""Objects of JSON as rows of a table: a field within others is named by its path, `file.md5`.

Several values are several pieces of a cell. Objects in an array of an object are rows of their
own where they hold entries: what stands beside the array holds for each, its entries do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from relaion.errors import ListError
from relaion.lists.readers.documents.json_alike import AlikeRecords, Place, RecordShape
from relaion.lists.readers.format import BETWEEN, Options
from relaion.lists.readers.tables.cells import RecordColumns
from relaion.lists.readers.tables.decisions import option_name
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.paths import read_path
from relaion.lists.values import shape
from relaion.lists.values import told as say

_EXACT = 15  # digits of a number that a float holds
_MOST = 1000  # fields of all records, of which a table may have 64
LOOKS = re.compile(
    r"[0-9A-Fa-f]{32}|://|\A(?:[A-Z2-7]{32}|[A-Z2-7]{26}={6}|[A-Z2-7]{52}={4}"
    r"|[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{27}=|[A-Za-z0-9+/]{43}=)\Z"
)
"""What an entry may be, by a glance."""
_STAYS = frozenset((names.ID, *names.DECIDING))
_CONTAINERS = frozenset((dict, list))
_TEXTS = {str}
_SHAPES = 1000  # of objects that are kept
_MOST_PLACES = 5000

Row = dict[str, str]  # by the path of each field, in lower case
Texts = dict[str, list[str]]


def text_of(value: Any) -> str:
    """A value as a giver would write it in a table; empty for none."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Decimal) and value.adjusted() < _EXACT and value == int(value):
        return str(int(value))  # `1.0`
    return str(value).lower() if isinstance(value, bool) else str(value)


def option_of(path: str) -> str:
    """How a curator names a field by its path."""
    found = option_name(path, -1)
    return "NAME" if found == "0" else found


def is_flat(record: Mapping[str, Any]) -> bool:
    """Whether an object holds no others, and no arrays."""
    return _CONTAINERS.isdisjoint(map(type, record.values()))


def row_places(shape: RecordShape) -> dict[tuple[str, ...], list[Place]] | None:
    """The places of records that are written alike, by their names; None where one may be several.

    Which fields such a record has hangs on no value: it is one row, of objects and texts, and no
    array in it has more than one text.
    """
    if "row" in shape.kept:
        return cast("dict[tuple[str, ...], list[Place]] | None", shape.kept["row"])
    found: dict[tuple[str, ...], list[Place]] = {}
    for place, leaves in shape.by_place.items():
        bare = place[:-1] if place[-1] == 0 else place
        if leaves[0].is_name or not all(type(name) is str for name in bare):
            return cast("None", shape.kept.setdefault("row"))
        found.setdefault(cast("tuple[str, ...]", bare), []).append(place)
    shape.kept["row"] = found
    return found


def refuse_value(name: str) -> None:
    """Raise ListError where the name of a field is a link or a digest."""
    if shape(name):
        raise ListError(
            "uses values as names of fields; ask the giver for an array of objects, or of values"
        )


@dataclass(slots=True)
class RowPlace:
    """Where values stand in objects: their path, as a field is called by it, and its key.

    A closed one holds nothing that is looked at.
    """

    full: str = ""
    key: str = ""
    is_closed: bool = False
    is_met: bool = False
    inner: dict[str, RowPlace] = field(default_factory=dict)


@dataclass
class JsonRows:
    """How objects become rows. `fields` are all that were met, by path, as first written.

    Nearly all objects of a file are alike, and hold texts: where a field stands is asked once.
    """

    options: Options
    fields: dict[str, str] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _closed: dict[str, bool] = field(default_factory=dict)
    _root: RowPlace = field(default_factory=RowPlace)
    _places: int = 0
    _flat: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ignored = {names.squeezed(name) for name in self.options.ignore}
        self._said = {names.squeezed(c) for said in self.options.columns.values() for c in said}

    def meet(self, record: Mapping[str, Any]) -> None:
        """Take in the fields of an object."""
        if self.knows(record):
            return
        own = Row()
        if self._fill(record, self._root, own):
            self._used.update(own)
            self._keep_flat(record, own)
            return
        for row in self.rows(record):
            self._used.update(row)
            if len(self.fields) > _MOST:
                raise ListError(
                    f"its objects have more than {_MOST:,} different fields, so names are values "
                    "there; ask the giver for an array of objects that all have the same fields"
                )

    def knows(self, record: Mapping[str, Any]) -> bool:
        """Whether it holds texts and numbers alone, under names that another such object had."""
        return tuple(record) in self._flat and is_flat(record)

    def _keep_flat(self, record: Mapping[str, Any], own: Row) -> None:
        """Keep the keys of the fields of an object where none holds others."""
        if len(self._flat) < _SHAPES and is_flat(record):
            self._flat[tuple(record)] = tuple(own)

    def declare(self, *paths: str) -> None:
        """Have columns for these fields, whether they are met or not."""
        for path in paths:
            self.fields.setdefault(path.casefold(), path)
            self._used.add(path.casefold())

    @property
    def columns(self) -> dict[str, str]:
        """The fields that have cells; an array of objects has none of its own."""
        return {key: name for key, name in self.fields.items() if key in self._used}

    def columns_of(self, records: Sequence[Any], keys: Sequence[str]) -> RecordColumns:
        """The rows of objects by column, in the order of `keys`."""
        found = isinstance(records, AlikeRecords) and self._alike_columns(records, keys)
        if found:
            return RecordColumns(len(records), found)
        rows = [*self.cells(records, keys)]
        return RecordColumns(len(rows), [*zip(*rows, strict=True)] if rows else [[] for _ in keys])

    def _alike_columns(
        self, records: AlikeRecords, keys: Sequence[str]
    ) -> list[Sequence[str]] | None:
        """The same of objects that are written alike; None where one may be several rows."""
        leaves = row_places(records.shape)
        if leaves is None:
            return None
        if (told := records.shape.kept.get("keys")) is None:
            told = records.shape.kept["keys"] = [self._key_of(place) for place in leaves]
        if len({*told} - {""}) < len(told) - told.count(""):
            return None  # names that differ in case alone: what counts is told record by record
        found = dict[str, Sequence[str | None]]()
        for key, places in zip(told, leaves.values(), strict=True):
            for place in places if key else ():
                texts = records.at(place, text_of)
                if key in found:
                    both = zip(texts, found[key], strict=True)
                    texts = [y if x is None else x for x, y in both]
                found[key] = texts
        empty = [""] * len(records)
        columns = [found.get(key, empty) for key in keys]
        return [cast("Sequence[str]", c) if all(c) else [x or "" for x in c] for c in columns]

    def _key_of(self, place: tuple[str, ...]) -> str:
        """The key of the field at a place; empty where it is within another that is closed."""
        path = [BETWEEN.join(place[: i + 1]).casefold() for i in range(len(place))]
        return "" if any(map(self._is_closed, path)) and len(path) > 1 else path[-1]

    def cells(self, records: Iterable[Any], keys: Sequence[str]) -> Iterator[list[str]]:
        """The rows of objects in the order of `keys`; of what is none, one without anything."""
        order: dict[tuple[str, ...], list[int] | None] = {}  # of those that are flat
        for record in records:
            if type(record) is not dict:
                yield [""] * len(keys)
                continue
            told = tuple(record)
            if told in order:
                kinds = {*map(type, record.values())}
                if kinds.isdisjoint(_CONTAINERS):
                    texts = [*record.values()]
                    if kinds != _TEXTS:
                        texts = [*map(text_of, texts)]
                    at = order[told]
                    yield texts if at is None else [texts[i] if i >= 0 else "" for i in at]
                    continue
            elif told in self._flat:
                order[told] = _order(self._flat[told], keys)
            for row in self.all_rows(record):
                yield [row.get(key, "") for key in keys]

    def all_rows(self, record: Mapping[str, Any]) -> Iterator[Row]:
        """The rows of an object."""
        own = Row()
        if self._fill(record, self._root, own):
            self._keep_flat(record, own)
            return iter((own,))
        return self.rows(record)

    def _fill(self, record: Mapping[str, Any], at: RowPlace, own: Row) -> bool:
        """Write the texts of an object that is one row of fields that were met; else false."""
        several: Texts = {}
        for name, each in record.items():
            place = at.inner[name] if name in at.inner else self._place(at, name)
            kind = type(each)
            text = ""
            if kind is str:
                text = each
            elif kind is dict and not place.is_closed:
                if self._fill(each, place, own):
                    continue
                return False
            elif kind is list and not place.is_closed:
                flat = [*_flat(each)]
                if any(isinstance(x, dict) for x in flat) or not self._is_met(place):
                    return False
                text = self._joined(place.key, [t for x in flat if (t := text_of(x))], several)
            elif kind is not dict and kind is not list:
                text = text_of(each)
            if several or place.key in own or not self._is_met(place):
                return False
            own[place.key] = text
        return True

    def _is_met(self, place: RowPlace) -> bool:
        place.is_met = place.is_met or place.key in self.fields
        return place.is_met

    def _place(self, at: RowPlace, name: str) -> RowPlace:
        full = f"{at.full}{BETWEEN}{name}" if at.full else name
        key = full.casefold()
        found = RowPlace(full, key, self._is_closed(key))
        if self._places < _MOST_PLACES:
            self._places += 1
            at.inner[name] = found
        return found

    def rows(self, record: Mapping[str, Any], path: str = "") -> Iterator[Row]:
        """The rows of an object that stands at a path."""
        own, several, below = Row(), Texts(), dict[str, list[Any]]()
        for key, each in self._leaves(record, path):
            if key in own:
                raise ListError(
                    f"an object in it has two fields called {say(self.fields[key])}, of which only "
                    "one can count; ask the giver for the file as it was exported"
                )
            own[key] = ""
            if not isinstance(each, list):
                own[key] = text_of(each)
            elif inner := [x for x in _flat(each) if isinstance(x, dict)]:
                self._take_array(key, inner, own, below)
            else:
                texts = [text for x in _flat(each) if (text := text_of(x))]
                own[key] = self._joined(key, texts, several)
        if len(below) > 1:
            told = ", ".join(say(self.fields[key]) for key in below)
            first = option_of(self.fields[next(iter(below))])
            raise ListError(
                f"objects in it hold several arrays of entries ({told}); leave out what is not "
                f"listed with --ignore {first}, or one of the others"
            )
        kept = {k: v for k, v in own.items() if v and (not LOOKS.search(v) or self._stays(k))}
        mine = {k: v for k, v in own.items() if k not in kept and v}
        if mine or several or not below:
            yield own
            for i in range(1, max(map(len, several.values()), default=0)):
                yield kept | {k: texts[i] for k, texts in several.items() if i < len(texts)}
        for key, inner in below.items():
            rows = [row for each in inner for row in self.rows(each, self.fields[key])]
            shared = self._without_id(kept) if any(map(self._decides, rows)) else kept
            yield from (shared | row for row in rows)

    def _decides(self, row: Row) -> bool:
        return any(read_path(self.fields[key]).what in names.DECIDING for key in row)

    def _without_id(self, row: Row) -> Row:
        """What holds for objects that are taken back one by one: not the id of all of them."""
        return {k: v for k, v in row.items() if read_path(self.fields[k]).what != names.ID}

    def _leaves(self, record: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
        for name, each in record.items():
            full = f"{path}{BETWEEN}{name}" if path else name
            key = full.casefold()
            if isinstance(each, (dict, list)) and self._is_closed(key):
                self._meet(key, full, name)
                yield key, None
            elif isinstance(each, dict):
                yield from self._leaves(each, full)
            else:
                self._meet(key, full, name)
                yield key, each

    def _meet(self, key: str, full: str, name: str) -> None:
        if key not in self.fields:
            refuse_value(name)
            self.fields[key] = full

    def _is_closed(self, key: str) -> bool:
        """Whether the curator ignores all that stands below a path."""
        if key not in self._closed:
            self._closed[key] = names.squeezed(key) in self._ignored
        return self._closed[key]

    def _take_array(
        self, key: str, inner: list[dict[str, Any]], own: Row, below: dict[str, list[Any]]
    ) -> None:
        """Objects that hold entries are rows below; of others all fields stand in this row."""
        del own[key]
        if any(self._holds_entry(each, self.fields[key]) for each in inner):
            below[key] = inner
            return
        texts: Texts = {}
        for each in inner:
            for at, value in self._leaves(each, self.fields[key]):
                flat = _flat(value) if isinstance(value, list) else [value]
                found = [text_of(x) for x in flat if not isinstance(x, dict)]
                texts.setdefault(at, []).extend(found)
        own |= {at: ", ".join(dict.fromkeys(filter(None, some))) for at, some in texts.items()}
        if not texts:
            own[key] = ""

    def _holds_entry(self, record: Mapping[str, Any], path: str) -> bool:
        for key, each in self._leaves(record, path):
            for x in _flat(each) if isinstance(each, list) else [each]:
                if isinstance(x, dict):
                    if self._holds_entry(x, self.fields[key]):
                        return True
                elif isinstance(x, str) and LOOKS.search(x) and self._may_be_entry(key, x):
                    return True
        return False

    def _may_be_entry(self, key: str, text: str) -> bool:
        if names.squeezed(key) in self._said:
            return True
        what = read_path(self.fields[key], self.options.kind).what
        return what == names.ENTRY or (what == names.UNKNOWN and "://" not in text)

    def joined(self, key: str, texts: Sequence[str]) -> str | None:
        """The texts of an array in a field, as one; None where they are several rows."""
        several: Texts = {}
        found = self._joined(key, texts, several)
        return None if several else found

    def _joined(self, key: str, texts: Sequence[str], several: Texts) -> str:
        if len(texts) < 2:
            return "".join(texts)
        if all(map(shape, texts)):
            return "\n".join(texts)  # pieces of one cell
        if any(map(shape, texts)) or self._is_entry(key):
            several[key] = [*texts]
            return texts[0]
        return ", ".join(texts)

    def _is_entry(self, key: str) -> bool:
        is_said = names.squeezed(key) in self._said
        says = read_path(self.fields[key], self.options.kind)
        return is_said or says.what == names.ENTRY

    def _stays(self, key: str) -> bool:
        """Whether what looks like an entry holds for all rows of an object, as its id does."""
        return read_path(self.fields[key]).what in _STAYS


def _order(told: Sequence[str], keys: Sequence[str]) -> list[int] | None:
    """Where in `told` each of `keys` stands, -1 for nowhere; None where they are the same."""
    if [*told] == [*keys]:
        return None
    at = {key: i for i, key in enumerate(told)}
    return [at.get(key, -1) for key in keys]


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    """The elements of an array, and of arrays in it."""
    for each in values:
        if isinstance(each, list):
            yield from _flat(each)
        else:
            yield each
