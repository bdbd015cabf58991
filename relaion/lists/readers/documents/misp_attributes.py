"""Attributes of MISP as records, however they are written.

The type of an attribute says what its value is, `to_ids` whether it is meant to be looked for,
`deleted` that it was taken back. Its event and its object speak of it, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import nan
from typing import Any, NamedTuple

from relaion.lists.readers.documents.field_columns import Row, SharedThings
from relaion.lists.readers.documents.fields import Meaning
from relaion.lists.readers.documents.json_alike import AlikeRecords
from relaion.lists.readers.documents.json_pieces import each_of, in_object, text_of
from relaion.lists.readers.documents.latest import moment_of
from relaion.lists.readers.documents.misp_traits import day_said
from relaion.lists.readers.documents.own_fields import OwnFields, own_name
from relaion.lists.readers.format import (
    BETWEEN,
)
from relaion.lists.readers.tables.said import COUNTS
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.media import is_name_of_media, media_of_file
from relaion.lists.readers.vocabulary.misp_words import (
    DECAYED,
    EXPIRED,
    MEANINGS,
    PARTLY_DECAYED,
    SIGHTING_TYPES,
    info_says,
    type_says,
    value_of,
)

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """What an event says of its attributes: the words of its fields, and who made it."""

    words: Row = field(default_factory=dict)
    by: str = ""
    at: float = nan  # when it was changed


@dataclass(frozen=True)
class OfFile:
    """What the attributes of an object say of its file: its names, and its media types."""

    files: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


NO_FILE = OfFile()


@dataclass
class Attribute:
    """An attribute with what stands around it: its event, its object, the file that that is of.

    `type` is its type as it stands; its value is `text`, of which `value` is what may be an entry.
    """

    own: Object
    event: Event = field(default_factory=Event)
    around: Object = field(default_factory=dict)
    of_file: OfFile = NO_FILE
    type: str = field(init=False)
    text: str = field(init=False)
    value: str = field(init=False)
    files: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        self.type, self.text = text_of(self.own.get("type")), text_of(self.own.get("value"))
        name, self.value = value_of(self.type, self.text)
        self.files = self.of_file.files
        own = text_of(self.own.get("filename"))  # as no attribute has by MISP itself
        if name or own:
            self.files = [each for each in (name, own, *self.of_file.files) if each]

    @property
    def types(self) -> tuple[str, ...]:
        """The media types of the file that it is of."""
        own = text_of(self.own.get("mimetype"))
        return (*self.of_file.types, own) if own else self.of_file.types

    @property
    def is_of_any_value(self) -> bool:
        """Whether it says the same of any value that stands in it."""
        return "|" not in self.type and type_says(self.type) is not None


class HeldAttributes(NamedTuple):
    """Attributes by columns: each with one that says the same, and what is its own.

    That is its text, what of it may be an entry, its id, and when it was first seen, changed and
    last seen: texts, empty for nothing.
    """

    attributes: Sequence[Attribute]
    texts: Sequence[str]
    values: Sequence[str]
    ids: Sequence[str]
    first: Sequence[str]
    changed: Sequence[str]
    last: Sequence[str]


_OWN = ("uuid", "first_seen", "timestamp", "last_seen")
FREE = frozenset(("value", "id", "event_id", "object_id", *_OWN))
"""Names under which nothing decides, but what `HeldAttributes` hold beside an attribute."""


def held_of(attributes: Sequence[Attribute]) -> HeldAttributes:
    """Attributes that share nothing."""
    told = ([text_of(a.own.get(name)) for a in attributes] for name in _OWN)
    texts, values = [a.text for a in attributes], [a.value for a in attributes]
    return HeldAttributes(attributes, texts, values, *told)


def held_in(records: AlikeRecords, event: Event, free: frozenset[str]) -> HeldAttributes | None:
    """Attributes that are written alike; None where few of them say the same."""
    kinds = records.kinds(free) if free >= FREE else None
    if kinds is None:
        return None
    known: dict[int, Attribute] = records.shape.kept.setdefault("attributes", {})
    if len(known) > _MOST_KEPT:
        known.clear()

    def attribute_of(own: Object) -> Attribute:
        found = known.get(id(own))
        if found is None or found.own is not own or found.event is not event:
            found = known[id(own)] = Attribute(own, event)
        return found

    shared = SharedThings.of(kinds).map(attribute_of)
    attributes = shared.all()
    texts = values = records.texts_at(("value",), text_of)
    if lone := [*shared.where(lambda attribute: not attribute.is_of_any_value)]:
        values = [*texts]
        for i in lone:
            attributes[i] = Attribute(records[i], event)
            values[i] = attributes[i].value
    told = (records.texts_at((name,), text_of) for name in _OWN)
    return HeldAttributes(attributes, texts, values, *told)


KNOWN = MEANINGS.keys() | {"warnings", "shadowattribute", "sighting", "tag", "attributetag"}


def meanings(seen: Set[str]) -> dict[str, Meaning]:
    """What fields mean, those of a giver's own too that stand within others."""
    told = {name: own_name(name) for name in seen if BETWEEN in name}
    own = {name: Meaning(says.what, says.word) for name, says in told.items() if says}
    return MEANINGS | own


def of_file(attributes: Sequence[Object]) -> OfFile:
    """What the attributes of one object say of its file; of very many names a few are enough."""
    held: dict[str, set[str]] = {"filename": set(), "mime-type": set()}
    for attribute in attributes:
        told = held.get(text_of(attribute.get("type")).strip().casefold())
        if told is not None and len(told) < _FEW and (text := text_of(attribute.get("value"))):
            told.add(text)
    return OfFile(tuple(sorted(held["filename"])), tuple(sorted(held["mime-type"])))


_FEW = 50


def event_of(shell: Object) -> Event:
    """What an event, which has its attributes elsewhere, says of them."""
    words: dict[str, Sequence[str]] = {
        name: (text_of(value),)
        for name, value in shell.items()
        if name not in MEANINGS and not isinstance(value, (dict, list)) and value is not None
    }
    for name in ("published", "analysis", "info"):
        if name in shell:
            words[name] = (text_of(shell[name]),)
    words["tag"] = _tags(shell)
    words["warnings"] = _warnings(shell)
    words["deleted"] = _deleted(shell)
    words["report"] = tuple(name for name, _ in reports(shell) if info_says(name) != COUNTS)
    by = text_of(in_object(shell.get("orgc"), "name") or in_object(shell.get("org"), "name"))
    return Event({name: said for name, said in words.items() if said}, by, changed_at(shell))


def changed_at(value: object) -> float:
    """When an attribute, an object or an event was changed; NaN where it does not say."""
    return moment_of(text_of(in_object(value, "timestamp")))


_WRAPPED = frozenset(("eventtag", "attributetag"))
_NOTHING: tuple[object, ...] = (None, [])


def _tags(value: Object) -> tuple[str, ...]:
    if value.get("tag") in _NOTHING and _WRAPPED.isdisjoint(value):
        return ()
    wrapped = (*each_of(value.get("eventtag")), *each_of(value.get("attributetag")))
    told = [*each_of(value.get("tag")), *(in_object(x, "tag") for x in wrapped)]
    named = (in_object(tag, "name") if isinstance(tag, dict) else tag for tag in told)
    return tuple(text for name in named if (text := text_of(name)))


def _warnings(value: Object) -> tuple[str, ...]:
    return ("warninglist",) if each_of(value.get("warnings")) else ()


def _sightings(value: Object) -> tuple[str, ...]:
    found = []
    for sighting in each_of(value.get("sighting")):
        kind = text_of(in_object(sighting, "type"))
        word = SIGHTING_TYPES.get(kind, kind)
        day = day_said(text_of(in_object(sighting, "date_sighting")))
        is_to_come = day is not None and day > datetime.now(UTC).date().isoformat()
        if not (word == EXPIRED and is_to_come):
            found.append(word)
    return tuple(found)


_NO = frozenset(("", "0", "false"))


def _deleted(value: Object) -> tuple[str, ...]:
    """The word by which what stands around attributes was deleted; nothing where it was not."""
    word = text_of(value.get("deleted")).strip()
    return () if word.casefold() in _NO else (word,)


def reports(shell: Object) -> list[tuple[str, str]]:
    """The reports of an event that were not deleted, each with its name and its text."""
    held = (x for x in each_of(shell.get("eventreport")) if isinstance(x, dict))
    return [(text_of(x.get("name")), text_of(x.get("content"))) for x in held if not _deleted(x)]


def _decayed(value: Object) -> tuple[str, ...]:
    """Whether all models of decay, or some, say that an attribute is too old to count."""
    told = [text_of(in_object(x, "decayed")).casefold() for x in each_of(value.get("decay_score"))]
    found = [word not in _NO for word in told]
    return () if not any(found) else (DECAYED,) if all(found) else (PARTLY_DECAYED,)


def _relation(attribute: Attribute) -> tuple[str, ...]:
    """What a digest is to its object, where that is not the file itself: `thumbnail-md5`."""
    word = text_of(attribute.own.get("object_relation")).strip()
    says = type_says(attribute.type) if word else None
    if says is None or not says.kinds or not says.kinds[0].startswith("image_"):
        return ()
    return (word,) if names.read_name(word).what in (names.OTHER, names.REFERENCE) else ()


def _proposals(value: Object) -> tuple[str, ...]:
    told = (
        text_of(in_object(x, "proposal_to_delete")) for x in each_of(value.get("shadowattribute"))
    )
    return ("to delete",) if any(word.casefold() not in _NO for word in told) else ()


_DERIVED = dict.fromkeys(
    ("decayed", "relation", "tag", "warnings", "sighting", "proposal", "filename", "mimetype"), ()
)


@dataclass(frozen=True)
class AttributeShape:
    """What attributes with the same names share: the fields to read, and which are seldom filled.

    `telling` are those that decide of a row of which nothing is special.
    """

    number: int
    fields: list[str]
    seldom: list[str]
    telling: list[str]
    is_special: bool


@dataclass
class AttributeRows:
    """Attributes as rows of the fields that may decide. `read` are those that stand in them.

    Rows of which nothing is special are few, and are kept.
    """

    read: Set[str]
    own: OwnFields = field(default_factory=lambda: OwnFields(KNOWN))
    shapes: dict[tuple[str, ...], AttributeShape] = field(default_factory=dict)
    kept: dict[tuple[object, ...], tuple[Event, Row]] = field(default_factory=dict)

    def row(self, attribute: Attribute) -> Row:
        """The fields of an attribute, each with its words."""
        own, shape = attribute.own, self._shape(attribute.own)
        is_plain = all(own[name] in _NOTHING for name in shape.seldom)
        if attribute.around or attribute.files or shape.is_special or not is_plain:
            return self._row(attribute, shape, is_plain=is_plain)
        held = tuple([own[name] for name in shape.telling])
        kinds = tuple(map(type, held))
        if not _CONTAINERS.isdisjoint(kinds):
            return self._row(attribute, shape, is_plain=is_plain)
        # with their kinds, as 1 and true are the same here
        key = (shape.number, id(attribute.event), _tags(own), held, kinds)
        if key not in self.kept:
            if len(self.kept) >= _MOST_KEPT:
                self.kept.clear()
            # with its event, so that no other one can have the same id
            self.kept[key] = attribute.event, self._row(attribute, shape, is_plain=True)
        return self.kept[key][1]

    def _row(self, attribute: Attribute, shape: AttributeShape, *, is_plain: bool) -> Row:
        own, around, event = attribute.own, attribute.around, attribute.event
        row: dict[str, Sequence[str]] = {
            name: (each if type(each) is str else text_of(each),)
            for name in shape.fields
            if (each := own[name]) is not None and type(each) not in _CONTAINERS
        }
        row |= self.own.words(own)
        if isinstance(own.get("event"), dict):
            event = event_of(own["event"])
        for name, words in event.words.items():
            row.setdefault(name, words)
        if gone := event.words.get("deleted"):
            row["deleted"] = (*_deleted(own), *gone)
        row |= _DERIVED
        if not is_plain:
            row["decayed"] = _decayed(own)
            row["warnings"] = _warnings(own)
            row["sighting"] = _sightings(own)
            row["proposal"] = _proposals(own)
        row["relation"] = _relation(attribute)
        row["tag"] = (*_tags(own), *_tags(around), *event.words.get("tag", ()))
        row["warnings"] = (*row["warnings"], *event.words.get("warnings", ()))
        row["filename"] = _telling(attribute.files)
        row["mimetype"] = attribute.types
        if around:
            row["object_name"] = (text_of(around.get("name")),)
            row["meta-category"] = tuple(filter(None, (text_of(around.get("meta-category")),)))
            for name in ("deleted", "comment"):
                if (word := text_of(around.get(name))) and word.casefold() not in _NO:
                    row[name] = (*row.get(name, ()), word)
        return {name: words for name, words in row.items() if words}

    def _shape(self, own: Object) -> AttributeShape:
        told = tuple(own)
        found = self.shapes.get(told)
        if found is None:
            if len(self.shapes) >= _SHAPES:
                self.shapes.clear()
                self.kept.clear()
            fields = [name for name in told if name in self.read and name not in _DERIVED]
            others = [name for name in told if name in _SPOKEN or name not in KNOWN]
            found = AttributeShape(
                len(self.shapes), fields, [name for name in told if name in _SELDOM],
                [*dict.fromkeys([*fields, *others])], not _SPECIAL.isdisjoint(told),
            )  # fmt: skip
            self.shapes[told] = found
        return found


_CONTAINERS = frozenset((dict, list))
_SELDOM = frozenset(("decay_score", "warnings", "sighting", "shadowattribute"))
_SPOKEN = frozenset(("object_relation", "deleted"))
_SPECIAL = frozenset(("event", "mimetype", "filename"))
_SHAPES = 1000  # of attributes that are kept
_MOST_KEPT = 2000


def _telling(files: Sequence[str]) -> tuple[str, ...]:
    """Of several names of a file the one that tells most: that of a picture, or of what is none."""
    if not files:
        return ()
    pictures = [f for f in files if is_picture(f)]
    return tuple((pictures or [f for f in files if media_of_file(f)] or [*files])[:1])


def is_picture(file_name: str) -> bool:
    """Whether a name is that of a picture."""
    return is_name_of_media(file_name) and media_of_file(file_name) is None


DERIVED = (
    "tag", "warnings", "sighting", "proposal", "filename", "mimetype", "object_name", "decayed",
    "relation", "report",
)  # fmt: skip
"""Fields of which records may have none, and that may be named all the same."""
