"""JSON of Project VIC (VICS 1 and 2) and of CAID: media with a category, and their hashes.

`--format vics`. The categories decide, and their numbers mean another thing in every country: 1 is
the gravest in most, 0 is not yet judged, 8 of CAID is known good. So they are asked for. Media
stand in `value`, in `Media` of the cases in it, in a bare array, or one a line; names in any case.
Fields that VICS defines and that say nothing of whether a medium is listed are passed over; all
others are read as columns are, and so is each that the curator names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.json_places import RecordPlace, RecordPlaces, fate_of_all
from relaion.lists.readers.documents.json_rows import JsonRows, option_of, text_of
from relaion.lists.readers.documents.json_text import JsonReader
from relaion.lists.readers.format import BETWEEN, EMPTY, OF_NO_COLUMN, Batch, Options, Sure
from relaion.lists.readers.tables.decisions import (
    KNOWN_GOOD_CATEGORY,
    is_ignored,
    is_named,
    type_of,
)
from relaion.lists.readers.tables.records import read_records
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.choices import is_among
from relaion.lists.readers.vocabulary.media import media_of_file
from relaion.lists.values import told as say
from relaion.lists.values import told_words

CATEGORY = "Category"
_ENVELOPE = re.compile(r'(?i)"@?odata\.(?:metadata|context)"\s*:\s*"[^"]*(?:VIC|#Media|#Cases)')
_MEDIA = re.compile(r'(?i)"MediaID"\s*:')
_HOLDS = re.compile(r'(?i)"(value|media)"\s*:\s*\[')
_AT_ONCE = 4000
_CASES = frozenset(("Media", "media", "MEDIA"))
_SHAPES = 1000  # of media that are told apart; others are read with care
_PAIR = 2
_PICTURES = frozenset((".jpg", "jpeg", ".png", ".gif", ".bmp", "webp"))
# what VICS says of a medium and of the work on it, and not of whether it is listed
_PASSED = frozenset((
    "mediasize", "victimidentified", "offenderidentified", "isdistributed", "isprecategorized",
    "issuspected", "isselfgenerated", "exifs", "unixfiletime", "filepath", "relativefilepath",
    "physicallocation", "created", "written", "accessed", "lastaccessed", "createddate",
    "dateupdated", "updated", "odata.id", "odata.type", "odata.etag", "odata.editlink",
    "odata.context", "@odata.id", "@odata.type", "@odata.etag", "@odata.editlink",
    "@odata.context",
))  # fmt: skip
_FILES, _HASHES = "mediafiles", "alternativehashes"
_OF_FILE = f"MediaFiles{BETWEEN}FileName"
_ASKED = (
    "holds media of categories {told}: what a number means differs from country to country, and 8 "
    "is known good to CAID; choose what is listed with --where category=1,2"
)
_ALL_GOOD = (
    "all of its media are of category 8, which is known good to CAID: add it with --role good, so "
    "that it removes nothing, or say --ignore category if it means something else here"
)
_GOOD_CHOSEN = (
    "--where category=8: that is known good to CAID, and nothing known good may be listed; choose "
    "other categories, or add it with --role good"
)
_NONE = (
    "none of its media has a category, so nobody has judged them; if all are listed, say "
    "--ignore category"
)


@dataclass(frozen=True)
class Vics:
    """Media of Project VIC and CAID."""

    name: str = "vics"

    def sniff(self, head: str, file_name: str) -> Sure | None:
        """Sure by the name of the model, or by that of the id of a medium."""
        is_json = head.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")
        return Sure() if is_json and (_ENVELOPE.search(head) or _MEDIA.search(head)) else None

    def read(self, document: ListDocument, options: Options) -> Iterator[Batch]:
        """Each medium as a record."""
        reading = _MediaReading(document, options)
        reading.look()
        yield from reading.batches()


@dataclass
class _Plan:
    """Where the fields of media that have the same names go: those of a row, files and hashes."""

    category: str
    fields: list[tuple[str, int]] = field(default_factory=list)
    files: str = ""
    hashes: str = ""

    def shape(self, medium: Mapping[str, Any]) -> Hashable:
        """What two media share whose fields are the same columns; None for one with more in it."""
        if any(isinstance(medium[name], (list, dict)) for name, _ in self.fields):
            return None
        hashes = _listed(medium[self.hashes]) if self.hashes else ()
        told = [_hash_in(each)[0] for each in hashes]
        return None if "" in told else (tuple(medium), *told)


@dataclass
class _MediaReading:
    """A file on its way. `rows` knows its fields, `categories` counts the words of all media."""

    document: ListDocument
    options: Options
    categories: Counter[str] = field(default_factory=Counter)
    places: RecordPlaces = field(init=False)
    others: dict[str, None] = field(default_factory=dict)  # arrays beside the media

    def __post_init__(self) -> None:
        self.places = RecordPlaces(self.options)
        self.rows = JsonRows(self.options, {CATEGORY.casefold(): CATEGORY})
        self._said = {names.squeezed(name) for _, name in self.options.columns_named()}
        self._kinds: dict[str, str] = {}
        self._known: set[Hashable] = set()
        self._plans: dict[tuple[str, ...], _Plan | None] = {}
        self._of_hash: dict[str, int] = {}
        self.keys: list[str] = []

    def look(self) -> None:
        """Look at all media; raises ListError where something must be chosen first."""
        for medium in self.media():
            plan = self._plan(medium)
            shape = plan and plan.shape(medium)
            if shape is None or shape not in self._known:
                for plain in self._plain(medium):
                    self.rows.meet(plain)
            if shape is not None and len(self._known) < _SHAPES:
                self._known.add(shape)
            told = medium.get(plan.category) if plan else _value(medium, "category")
            self.categories[text_of(told).strip()] += 1
        if not self.categories:
            raise ListError("holds no media")
        if self.others:
            told = ", ".join(map(say, self.others))
            raise ListError(
                f"holds other arrays beside its media ({told}), which may take them back; leave "
                f"them out with --ignore {option_of(next(iter(self.others)))} if they do not"
            )
        self._refuse_categories()

    def batches(self) -> Iterator[Batch]:
        """The media as rows of a table."""
        place = RecordPlace((), self.rows)
        fate = fate_of_all(self.places, place, self.options, is_delta=self.document.is_delta)
        fields = {CATEGORY.casefold(): CATEGORY} | self.rows.columns
        self.keys, told = [*fields], [*fields.values()]
        self._plans.clear()
        cells = (row for medium in self.media() for row in self._cells(medium))
        parts = iter(lambda: [*islice(cells, _AT_ONCE)], [])
        held = {*map(names.squeezed, told), *OF_NO_COLUMN}
        ignore = {name for name in self.options.ignore if names.squeezed(name) in held}
        options = replace(self.options, ignore=frozenset(ignore))
        for batch in read_records(told, parts, self.document, options):
            if fate:
                batch.fates = dict.fromkeys(range(batch.n), fate) | batch.fates
            yield batch

    # -- Where media stand ---------------------------------------------------------------------

    def media(self) -> Iterator[dict[str, Any]]:
        """Each medium, wherever it stands."""
        reader = JsonReader(self.document.open())
        holds = {found[1].casefold() for found in _HOLDS.finditer(self.document.head)}
        while start := reader.peek():
            if start == "{" and holds:
                yield from self._within(reader, (), of_cases="media" in holds)
            elif start == "[":
                yield from self._elements(reader, (), of_cases="media" in holds)
            else:
                yield from _media_of(reader.value())

    def _within(
        self, reader: JsonReader, path: tuple[str, ...], *, of_cases: bool
    ) -> Iterator[dict[str, Any]]:
        """The media of an envelope, or of a case."""
        found, seen = False, set[str]()
        for name in reader.members_once():
            key, start = name.casefold(), reader.peek()
            if start == "[" and key in ("value", "media"):
                found = True
                is_of_cases = of_cases and key == "value"
                yield from self._elements(reader, (*path, name), of_cases=is_of_cases)
            elif start == "[" and not path:
                self._array_beside(reader, name)
            elif start in ("[", "{"):
                reader.skip()
            else:
                seen.add(key)
                self._beside((*path, name), reader.value())
        if not found and seen & {"mediaid", "md5", "sha1"}:
            raise ListError("holds media beside objects that hold media; give each as its own file")

    def _array_beside(self, reader: JsonReader, name: str) -> None:
        """An array of the envelope that holds no media; what is in it may take some back."""
        is_any = False
        for _ in reader.elements():
            reader.skip()
            is_any = True
        if is_any and names.squeezed(name) not in self._said:
            self.others[name] = None

    def _beside(self, path: tuple[str, ...], value: Any) -> None:
        if not path[-1].casefold().startswith(("odata", "@odata")):
            self.places.beside(path, value)

    def _elements(
        self, reader: JsonReader, path: tuple[str, ...], *, of_cases: bool
    ) -> Iterator[dict[str, Any]]:
        for _ in reader.elements():
            if of_cases and reader.peek() == "{":
                yield from self._within(reader, (*path, "item"), of_cases=False)
            else:
                yield from _media_of(reader.value())

    # -- Media as they nearly all are: texts, of one file that is a picture --------------------

    def _plan(self, medium: Mapping[str, Any]) -> _Plan | None:
        """How media with these names are read in haste; None where two mean the same."""
        told = tuple(medium)
        if told not in self._plans:
            if len(self._plans) >= _SHAPES:
                return None
            self._plans[told] = self._planned(told)
        return self._plans[told]

    def _planned(self, told: tuple[str, ...]) -> _Plan | None:
        keys = {name.casefold(): name for name in told}
        if len(keys) < len(told):
            return None
        plan = _Plan(keys.get("category", CATEGORY))
        for key, name in keys.items():
            what = self._what(name)
            if what == _FILES:
                plan.files = name
                self.rows.declare("MD5", _OF_FILE)
            elif what == _HASHES:
                plan.hashes = name
            elif what:
                plan.fields.append((name, self.keys.index(key) if key in self.keys else -1))
        return plan

    def _cells(self, medium: Mapping[str, Any]) -> Iterator[list[str]]:
        """The rows of a medium in the order of `keys`."""
        plan = self._plan(medium)
        if plan and (row := self._in_haste(medium, plan)):
            yield row
            return
        for plain in self._plain(medium):
            for cells in self.rows.rows(plain):
                yield [cells.get(key, "") for key in self.keys]

    def _in_haste(self, medium: Mapping[str, Any], plan: _Plan) -> list[str] | None:
        """The only row of a medium of which nothing is special; None where something is."""
        row = [""] * len(self.keys)
        for name, at in plan.fields:
            value = medium[name]
            if at < 0 or isinstance(value, (list, dict)):
                return None
            if type(value) is not str:
                value = text_of(value)
            row[at] = value
        if plan.files:
            md5 = row[self.keys.index("md5")]
            if not all(_is_picture(each, md5) for each in _listed(medium[plan.files])):
                return None
        if plan.hashes:
            for each in _listed(medium[plan.hashes]):
                name, value = _hash_in(each)
                if name not in self._of_hash:
                    self._of_hash[name] = self._place_of(name)
                at = self._of_hash[name]
                if at < 0 or not value or row[at]:
                    return None
                row[at] = value
        return row

    def _place_of(self, name: str) -> int:
        """The place of the hashes of an algorithm; -1 for one that is not met so."""
        plain: dict[str, Any] = {}
        self._take_hash({"HashName": name, "HashValue": "0"}, plain)
        key = next(iter(plain), "").casefold()
        return self.keys.index(key) if name and key in self.keys else -1

    # -- Media as plain objects ----------------------------------------------------------------

    def _plain(self, medium: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """A medium without what is passed over, its hashes and files as fields of their own."""
        plain: dict[str, Any] = {}
        files: list[dict[str, Any]] = []
        for name, value in medium.items():
            what = self._what(name)
            if what == _FILES:
                files += _objects(value)
            elif what == _HASHES:
                for each in _objects(value):
                    self._take_hash(each, plain)
            elif what:
                plain[name] = [*_listed(plain[name]), *_listed(value)] if name in plain else value
        if not files:
            yield plain
            return
        told = [(_of(each, "md5"), _of(each, "filename")) for each in files]
        at = next((name for name in plain if name.casefold() == "md5"), "MD5")
        held = {text_of(v).casefold() for v in _listed(plain.get(at))} - {""}
        if not held and (first := next((md5 for md5, _ in told if md5), "")):
            plain[at], held = first, {first.casefold()}
        others = [(md5, name) for md5, name in told if md5 and md5.casefold() not in held]
        mine = _film(name for md5, name in told if not md5 or md5.casefold() in held)
        yield plain | {_OF_FILE: mine} if mine else plain
        shared = {name: v for name, v in plain.items() if not _is_hash(name)} if others else {}
        for md5, name in others:
            yield shared | {at: md5, _OF_FILE: _film([name])}

    def _what(self, name: str) -> str:
        """What a field is: one of files, one of hashes, one like any other, or passed over."""
        if name not in self._kinds:
            key = name.casefold()
            is_said = names.squeezed(name) in self._said
            is_passed = is_said if key in (_FILES, _HASHES) else key in _PASSED and not is_said
            self._kinds[name] = "" if is_passed else key
        return self._kinds[name]

    def _take_hash(self, each: Mapping[str, Any], plain: dict[str, Any]) -> None:
        """A hash by another algorithm, under the name of that; of none, under one that tells."""
        name, value = _of(each, "hashname"), _of(each, "hashvalue")
        if not name or names.read_name(name).what in names.DECIDING:
            name = f"AlternativeHashes {name}".strip()
        says = type_of(name)
        if says and len(says.kinds) == 1:
            name = says.kinds[0].rpartition("_")[2].upper()
        at = next((n for n in plain if n.casefold() == name.casefold()), name)
        held = _listed(plain.get(at))
        if value and value.casefold() not in {str(x).casefold() for x in held}:
            plain[at] = [*held, value] if held else value

    # -- What must be chosen -------------------------------------------------------------------

    def _refuse_categories(self) -> None:
        """Raise ListError where nobody said which categories are listed."""
        options, told = self.options, self.categories
        chosen = [w for name, words in options.where.items() if is_named(name, CATEGORY, 0)
                  for w in words]  # fmt: skip
        if is_among(KNOWN_GOOD_CATEGORY, chosen) and not options.is_good:
            raise ListError(_GOOD_CHOSEN)
        if chosen or is_ignored(options, CATEGORY, 0) or options.is_good:
            return
        if set(told) == {KNOWN_GOOD_CATEGORY}:
            raise ListError(_ALL_GOOD)
        if set(told) == {""}:
            raise ListError(_NONE)
        if "" in told or any(map(str.isdecimal, told)):
            words = {word or EMPTY: n for word, n in sorted(told.items())}
            raise ListError(_ASKED.format(told=told_words(words)))


def _media_of(value: Any) -> Iterator[dict[str, Any]]:
    """A medium, or those of a case; nothing as a medium without anything."""
    if not isinstance(value, dict):
        if value is not None:
            raise ListError("holds something that is no medium among its media")
        value = {}
    inner = None if _CASES.isdisjoint(value) else _value(value, "media")
    if not isinstance(inner, list):
        yield value
        return
    for each in inner:
        yield from _media_of(each)


def _hash_in(each: Any) -> tuple[str, str]:
    """The name and the value of a hash as VICS writes it; nothing for any other."""
    if type(each) is not dict or len(each) != _PAIR:
        return "", ""
    name, value = each.get("HashName"), each.get("HashValue")
    return (name, value) if type(name) is str and type(value) is str else ("", "")


def _is_picture(each: Any, md5: str) -> bool:
    """Whether a file is the medium itself, under the name of a picture."""
    name = each.get("FileName") if type(each) is dict else None
    return type(name) is str and each.get("MD5") == md5 and name[-4:].lower() in _PICTURES


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in _listed(value) if isinstance(each, dict)]


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _value(each: Mapping[str, Any], name: str) -> Any:
    """The value of a field by its name in any case; None for none."""
    return next((v for n, v in each.items() if n.casefold() == name), None)


def _of(each: Mapping[str, Any], name: str) -> str:
    return text_of(_value(each, name)).strip()


def _is_hash(name: str) -> bool:
    return names.read_name(name).what in (names.ENTRY, names.OTHER)


def _film(file_names: Iterable[str]) -> str:
    """A name by which a medium is no image, where all of its files have such a name."""
    told = [name for name in file_names if name]
    return told[0] if told and all(map(media_of_file, told)) else ""
