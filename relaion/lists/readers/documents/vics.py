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
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.foreseen import ReadAnewError, as_foreseen, is_enough
from relaion.lists.readers.documents.json_alike import AlikeRecords
from relaion.lists.readers.documents.json_places import RecordPlace, RecordPlaces, fate_of_all
from relaion.lists.readers.documents.json_rows import JsonRows, option_of, text_of
from relaion.lists.readers.documents.vics_columns import AlikeMedia, MediaPlan, MediaRows
from relaion.lists.readers.documents.vics_media import (
    PATHS,
    as_removal,
    film_of,
    hash_in,
    is_hash,
    is_picture,
    is_removal,
    listed,
    may_be_film,
    may_be_removal,
    name_of_file,
    objects,
    put_hash,
    text_in,
    value_of,
)
from relaion.lists.readers.documents.vics_places import MediaPlaces
from relaion.lists.readers.format import BETWEEN, EMPTY, OF_NO_COLUMN, Batch, Options, Sure
from relaion.lists.readers.tables.cells import RecordColumns
from relaion.lists.readers.tables.decisions import (
    KNOWN_GOOD_CATEGORY,
    is_ignored,
    is_named,
    type_of,
)
from relaion.lists.readers.tables.records import read_records
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.answers import is_among
from relaion.lists.values import told as say
from relaion.lists.values import told_words

CATEGORY = "Category"
_ENVELOPE = re.compile(r'(?i)"@?odata\.(?:metadata|context)"\s*:\s*"[^"]*(?:VIC|#Media|#Cases)')
_MEDIA = re.compile(r'(?i)"MediaID"\s*:')
_SHAPES = 1000  # of media that are told apart; others are read with care
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
_REMOVAL = "of a removal"  # instead of a category
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
class _MediaReading:
    """A file on its way. `rows` knows its fields, `categories` counts the words of all media."""

    document: ListDocument
    options: Options
    categories: Counter[str] = field(default_factory=Counter)
    found: MediaPlaces = field(init=False)
    has_removals: bool = False

    def __post_init__(self) -> None:
        self.rows = JsonRows(self.options, {CATEGORY.casefold(): CATEGORY})
        self._said = {names.squeezed(name) for _, name in self.options.columns_named()}
        self.found = MediaPlaces(self.document, self._said, RecordPlaces(self.options))
        self._kinds: dict[str, str] = {}
        self._known: set[Hashable] = set()
        self._plans: dict[tuple[str, ...], MediaPlan | None] = {}
        self._of_hash: dict[str, int] = {}
        self._alike: dict[int, AlikeMedia] = {}
        self.keys: list[str] = []

    def look(self) -> None:
        """Look at all media; raises ListError where something must be chosen first."""
        for media in self.found.media():
            self._look_at_all(media)
            if is_enough(self.document, self.categories.total()):
                break
        self._refuse()

    def _look_at_all(self, media: Sequence[Any]) -> None:
        alike = self._alike_of(media) if isinstance(media, AlikeRecords) else None
        if alike and isinstance(media, AlikeRecords) and alike.are_met(media):
            self.categories.update(alike.categories(media))
            return
        for medium in media:
            self._look_at(medium)
        if alike and isinstance(media, AlikeRecords):
            alike.meet(media)

    def _shown(self) -> tuple[int, int]:
        """What all media must be known to show before one is read: fields never get fewer."""
        return len(self.rows.fields), len(self.rows.columns)

    def _refuse(self) -> None:
        """Raise ListError where something must be chosen, by the media that were looked at."""
        if not self.categories and not self.has_removals:
            raise ListError(
                "holds no media where lists of VICS have them; if it is other JSON, say "
                "--format json"
            )
        if self.found.others:
            told = ", ".join(map(say, self.found.others))
            first = option_of(next(iter(self.found.others)))
            raise ListError(
                f"holds other arrays beside its media ({told}), which may be media or take them "
                f"back; leave them out with --ignore {first} if they are neither"
            )
        self._refuse_categories()

    def _look_at(self, medium: Mapping[str, Any]) -> None:
        plan = self._plan(medium)
        shape = plan and plan.shape(medium)
        if shape is None or shape not in self._known:
            for plain in self._plain(medium):
                self.rows.meet(plain)
        if shape is not None and len(self._known) < _SHAPES:
            self._known.add(shape)
        if plan is None and is_removal(medium):
            self.has_removals = True
            self.rows.declare("MD5")  # there may be nothing but removals
            return
        told = medium.get(plan.category) if plan else value_of(medium, "category")
        self.categories[text_of(told).strip()] += 1

    def batches(self) -> Iterator[Batch]:
        """The media as rows of a table."""
        place = RecordPlace((), self.rows)
        fate = fate_of_all(self.found.places, place, self.options, is_delta=self.document.is_delta)
        fields = {CATEGORY.casefold(): CATEGORY} | self.rows.columns
        self.keys, told = [*fields], [*fields.values()]
        self._plans.clear()
        self._alike.clear()
        self._md5 = self.keys.index("md5") if "md5" in self.keys else -1
        self.categories.clear()
        media = as_foreseen(self.document, self.found.media(), self._look_at_all, self._shown)
        parts = map(self._columns, media)
        held = {*map(names.squeezed, told), *OF_NO_COLUMN}
        held |= {str(i) for i in range(1, len(told) + 1)}
        ignore = {
            name for name in self.options.ignore if name in held or names.squeezed(name) in held
        }
        where = {
            name: words | {_REMOVAL} if is_named(name, CATEGORY, 0) else words
            for name, words in self.options.where.items()
        }
        options = replace(self.options, ignore=frozenset(ignore), where=where)
        for batch in read_records(told, parts, self.document, options):
            if fate:
                batch.fates = dict.fromkeys(range(batch.n), fate) | batch.fates
            yield batch
        if self.document.is_foreseen:  # what is said around media may stand behind them
            self._refuse()
            is_delta = self.document.is_delta
            if fate_of_all(self.found.places, place, self.options, is_delta=is_delta) != fate:
                raise ReadAnewError

    # -- Media as they nearly all are: texts, of one file that is a picture --------------------

    def _plan(self, medium: Mapping[str, Any]) -> MediaPlan | None:
        """How media with these names are read in haste; None where two mean the same."""
        told = tuple(medium)
        if told not in self._plans:
            if len(self._plans) >= _SHAPES:
                return None
            self._plans[told] = self._planned(told)
        return self._plans[told]

    def _planned(self, told: tuple[str, ...]) -> MediaPlan | None:
        keys = {name.casefold(): name for name in told}
        if len(keys) < len(told) or may_be_removal(keys):
            return None
        plan = MediaPlan(keys.get("category", CATEGORY))
        for key, name in keys.items():
            what = self._what(name)
            if what == _FILES:
                plan.files = name
                self.rows.declare("MD5", _OF_FILE)
            elif what == _HASHES:
                plan.hashes = name
            elif what:
                plan.fields.append(name)
                plan.columns.append(self.keys.index(key) if key in self.keys else -1)
        plan.paths = tuple(
            held for key in PATHS if (held := keys.get(key)) and not self._what(held)
        )
        return plan

    def _alike_of(self, media: AlikeRecords) -> AlikeMedia:
        """What is kept of media that are written alike."""
        shape = media.shape
        if id(shape) not in self._alike:
            plan = self._planned(shape.names)
            self._alike[id(shape)] = AlikeMedia(shape, plan if plan and plan.fits(shape) else None)
        return self._alike[id(shape)]

    def _columns(self, media: Sequence[Any]) -> RecordColumns:
        """The rows of media by column, in the order of `keys`."""
        found = self._alike_columns(media) if isinstance(media, AlikeRecords) else None
        if found is not None:
            return found
        rows = [*chain.from_iterable(map(self._cells, media))]
        return RecordColumns(
            len(rows), [*zip(*rows, strict=True)] if rows else [[]] * len(self.keys)
        )

    def _alike_columns(self, media: AlikeRecords) -> RecordColumns | None:
        """The same of media that are written alike; None where they are to be read one by one."""
        plan = self._alike_of(media).plan
        reads = MediaRows(len(self.keys), self._md5, self._place_of, self._joined)
        found = plan and reads.read(media, plan)
        if not found:
            return None
        columns, special = found
        if not special:
            return RecordColumns(len(media), columns)
        kept: list[list[str]] = [[] for _ in columns]
        start = 0
        for i in [*sorted(special), len(media)]:
            for column, some in zip(kept, columns, strict=True):
                column.extend(some[start:i])
            rows = [*self._cells(media[i])] if i < len(media) else []
            for column, cells in zip(kept, zip(*rows, strict=True), strict=False):
                column.extend(cells)
            start = i + 1
        return RecordColumns(len(kept[0]), kept)

    def _cells(self, medium: Mapping[str, Any]) -> Iterable[list[str]]:
        """The rows of a medium in the order of `keys`."""
        plan = self._plan(medium)
        if plan and (row := self._in_haste(medium, plan)):
            return (row,)
        rows = chain.from_iterable(map(self.rows.rows, self._plain(medium)))
        return ([cells.get(key, "") for key in self.keys] for cells in rows)

    def _in_haste(self, medium: Mapping[str, Any], plan: MediaPlan) -> list[str] | None:
        """The only row of a medium of which nothing is special; None where something is."""
        if plan.paths and may_be_film(medium, plan.paths):
            return None
        values = plan.values(medium)
        if values is None or -1 in plan.columns:
            return None
        row = [""] * len(self.keys)
        for at, value in zip(plan.columns, values, strict=True):
            row[at] = value if type(value) is str else text_of(value)
        if plan.files:
            md5 = row[self._md5]
            if not all(is_picture(each, md5) for each in listed(medium[plan.files])):
                return None
        is_whole = not plan.hashes or self._put_hashes(listed(medium[plan.hashes]), row)
        return row if is_whole else None

    def _put_hashes(self, hashes: list[Any], row: list[str]) -> bool:
        """Write hashes into a row; whether each has a place of its own there."""
        for each in hashes:
            name, value = hash_in(each)
            at = self._place_of(name)
            if at < 0 or not value or row[at]:
                return False
            row[at] = value
        return True

    def _joined(self, at: int, texts: Sequence[str]) -> str | None:
        return self.rows.joined(self.keys[at], texts)

    def _place_of(self, name: str) -> int:
        """The place of the hashes of an algorithm; -1 for one that is not met so."""
        if name not in self._of_hash:
            plain: dict[str, Any] = {}
            self._take_hash({"HashName": name, "HashValue": "0"}, plain)
            key = next(iter(plain), "").casefold()
            self._of_hash[name] = self.keys.index(key) if name and key in self.keys else -1
        return self._of_hash[name]

    # -- Media as plain objects ----------------------------------------------------------------

    def _plain(self, medium: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """A medium without what is passed over, its hashes and files as fields of their own."""
        plain: dict[str, Any] = {}
        files: list[dict[str, Any]] = []
        if is_removal(medium):
            medium = self._chosen() | as_removal(medium)
        for name, value in medium.items():
            what = self._what(name)
            if what == _FILES:
                files += objects(value)
            elif what == _HASHES:
                for each in objects(value):
                    self._take_hash(each, plain)
            elif what:
                plain[name] = [*listed(plain[name]), *listed(value)] if name in plain else value
        if not files:
            lay = "" if text_in(medium, "mimetype") else self._path_of(medium)
            yield plain | {_OF_FILE: lay} if lay else plain
            return
        told = [(text_in(each, "md5"), name_of_file(each)) for each in files]
        at = next((name for name in plain if name.casefold() == "md5"), "MD5")
        held = {text_of(v).casefold() for v in listed(plain.get(at))} - {""}
        if not held and (first := next((md5 for md5, _ in told if md5), "")):
            plain[at], held = first, {first.casefold()}
        others = [(md5, name) for md5, name in told if md5 and md5.casefold() not in held]
        mine = film_of(name for md5, name in told if not md5 or md5.casefold() in held)
        yield plain | {_OF_FILE: mine} if mine else plain
        shared = {name: v for name, v in plain.items() if not is_hash(name)} if others else {}
        for md5, name in others:
            yield shared | {at: md5, _OF_FILE: film_of([name])}

    def _chosen(self) -> dict[str, str]:
        """The category of what has none and takes a medium back, whatever categories are chosen."""
        is_chosen = any(is_named(name, CATEGORY, 0) for name in self.options.where)
        return {CATEGORY: _REMOVAL} if is_chosen else {}

    def _path_of(self, medium: Mapping[str, Any]) -> str:
        """Where a medium lay, if that says that it is a film, and nobody named the field."""
        told = [name for name in medium if name.casefold() in PATHS and not self._what(name)]
        return film_of([text_of(medium[name]) for name in told])

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
        name, value = text_in(each, "hashname"), text_in(each, "hashvalue")
        if not name or names.read_name(name).what in names.DECIDING:
            name = f"AlternativeHashes {name}".strip()
        says = type_of(name)
        if says and len(says.kinds) == 1:
            name = says.kinds[0].rpartition("_")[2].upper()
        if value:
            put_hash(plain, name, value)

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
