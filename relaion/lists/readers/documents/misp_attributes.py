"""Attributes of MISP as records, however they are written.

The type of an attribute says what its value is, `to_ids` whether it is meant to be looked for,
`deleted` that it was taken back. Its event and its object speak of it, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from math import nan
from typing import Any

from relaion.lists.readers.documents.field_columns import Row
from relaion.lists.readers.documents.fields import Meaning
from relaion.lists.readers.documents.json_pieces import each_of, in_object, text_of
from relaion.lists.readers.documents.latest import moment_of
from relaion.lists.readers.documents.misp_traits import day_said
from relaion.lists.readers.documents.own_fields import OwnFields, own_name
from relaion.lists.readers.format import BETWEEN
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
)
from relaion.lists.readers.vocabulary.relations import doubted_says, is_of_source

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """What an event says of its attributes: the words of its fields, and who made it."""

    words: Row = field(default_factory=dict)
    by: str = ""
    at: float = nan  # when it was changed


@dataclass(frozen=True)
class OfFile:
    """What the attributes of an object say of its file: its names, and its media types.

    `words` are those of attributes that decide by what they are to it, such as its `state`.
    """

    files: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @cached_property
    def telling(self) -> tuple[str, ...]:
        """Of its names the one that tells most."""
        return telling_name(self.files)

    @cached_property
    def has_picture(self) -> bool:
        """Whether one of its names is that of a picture."""
        return any(map(is_picture, self.files))


NO_FILE = OfFile()


@dataclass(eq=False)
class Attribute:
    """What attributes that are alike say, with what stands around them: their event, their object.

    `own` is one of them, of which only the fields count that tell something, and no remark and no
    name of a file. `said` is what else of its object decides. `types` are media types;
    `is_of_picture`: a file is called as a picture is. `may_be_entry`: of a type that nobody knows
    its value may be one all the same. `row` is kept by `AttributeRows`.
    """

    own: Object
    event: Event = field(default_factory=Event)
    around: Object = field(default_factory=dict)
    types: Sequence[str] = ()
    is_of_picture: bool = False
    may_be_entry: bool = False
    said: Sequence[tuple[str, Sequence[str]]] = ()
    row: Row | None = None

    @property
    def type(self) -> str:
        """Its type as it stands."""
        return text_of(self.own.get("type"))

    @property
    def is_of_image(self) -> bool:
        """Whether a name of its file, or a media type, is that of a picture."""
        return self.is_of_picture or any("image" in kind.casefold() for kind in self.types)


KNOWN: Set[str] = MEANINGS.keys() | {
    "warnings",
    "shadowattribute",
    "sighting",
    "tag",
    "attributetag",
}


def meanings(seen: Set[str]) -> dict[str, Meaning]:
    """What fields mean, those of a giver's own too that stand within others."""
    told = {name: own_name(name) for name in seen if BETWEEN in name}
    own = {name: Meaning(says.what, says.word) for name, says in told.items() if says}
    return MEANINGS | own


def undone_by(value: Object) -> dict[str, str]:
    """The relation by which an object undoes others, or is undone by them, by their UUID."""
    found: dict[str, str] = {}
    for each in each_of(value.get("objectreference")):
        word = text_of(in_object(each, "relationship_type")).strip()
        says = doubted_says(word) if word and isinstance(each, dict) else COUNTS
        if says == COUNTS or _deleted(each):
            continue
        ends = (value.get("uuid"), each.get("referenced_uuid"))
        chosen = ends if not says.is_sure else ends[:1] if is_of_source(word) else ends[1:]
        found |= {text_of(uuid).strip().casefold(): word for uuid in chosen}
    return found


def of_file(attributes: Sequence[Object], undone: str = "") -> OfFile:
    """What the attributes of one object say of its file; of very many names a few are enough.

    `undone` is the relation by which another object takes it back.
    """
    held: dict[str, set[str]] = {"filename": set(), "mime-type": set()}
    for attribute in attributes:
        told = held.get(text_of(attribute.get("type")).strip().casefold())
        if told is not None and len(told) < _FEW and (text := text_of(attribute.get("value"))):
            told.add(text)
    words = words_in_object(attributes) | ({"reference": (undone,)} if undone else {})
    files, types = (tuple(sorted(some)) for some in held.values())
    return OfFile(files, types, tuple(sorted(words.items())))


def words_in_object(attributes: Sequence[Object]) -> dict[str, tuple[str, ...]]:
    """What attributes of one object say of all of it, by the names that they have as fields."""
    found: dict[str, tuple[str, ...]] = {}
    for attribute in attributes:
        name = _field_of(text_of(attribute.get("object_relation")))
        if not name or _deleted(attribute):
            continue
        says, text = type_says(text_of(attribute.get("type"))), text_of(attribute.get("value"))
        if text and says is not None and not says.kinds and text not in found.get(name, ()):
            found[name] = (*found.get(name, ()), text)
    return found


@lru_cache(4096)
def _field_of(relation: str) -> str:
    """The name as of a field of what an attribute is to its object; empty where none decides."""
    bare = relation.strip().casefold()
    name = f"object{BETWEEN}{'comment' if bare == _FREE_TEXT else bare}"
    return name if bare not in _PASSED and own_name(name) is not None else ""


_FREE_TEXT = "text"  # by the templates of MISP what somebody writes of it
# a day on which a host took it down; what is read by its type
_PASSED = ("removal-date", "mimetype")
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


NO = frozenset(("", "0", "false"))


def _deleted(value: Object) -> tuple[str, ...]:
    """The word by which what stands around attributes was deleted; nothing where it was not."""
    word = text_of(value.get("deleted")).strip()
    return () if word.casefold() in NO else (word,)


def reports(shell: Object) -> list[tuple[str, str]]:
    """The reports of an event that were not deleted, each with its name and its text."""
    held = (x for x in each_of(shell.get("eventreport")) if isinstance(x, dict))
    return [(text_of(x.get("name")), text_of(x.get("content"))) for x in held if not _deleted(x)]


def _decayed(value: Object) -> tuple[str, ...]:
    """Whether all models of decay, or some, say that an attribute is too old to count."""
    told = [text_of(in_object(x, "decayed")).casefold() for x in each_of(value.get("decay_score"))]
    found = [word not in NO for word in told]
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
    return ("to delete",) if any(word.casefold() not in NO for word in told) else ()


@dataclass
class AttributeRows:
    """Attributes as rows of the fields that may decide, but for remarks and names of files.

    `read` are those that stand in them.
    """

    read: Set[str]
    own: OwnFields = field(default_factory=lambda: OwnFields(KNOWN))

    def row(self, attribute: Attribute) -> Row:
        """The fields of an attribute, each with its words."""
        if attribute.row is None:
            attribute.row = self._row(attribute)
        return attribute.row

    def _row(self, attribute: Attribute) -> Row:
        own, around, event = attribute.own, attribute.around, attribute.event
        row: dict[str, Sequence[str]] = {
            name: (text_of(each),)
            for name, each in own.items()
            if name in self.read and name not in ASIDE
            and each is not None and type(each) not in CONTAINERS
        }  # fmt: skip
        row |= self.own.words(own) | dict(attribute.said)
        if isinstance(own.get("event"), dict):
            event = event_of(own["event"])
        for name, words in event.words.items():
            row.setdefault(name, words)
        if gone := event.words.get("deleted"):
            row["deleted"] = (*_deleted(own), *gone)
        row["decayed"] = _decayed(own)
        row["sighting"] = _sightings(own)
        row["proposal"] = _proposals(own)
        row["relation"] = _relation(attribute)
        row["tag"] = (*_tags(own), *_tags(around), *event.words.get("tag", ()))
        row["warnings"] = (*_warnings(own), *event.words.get("warnings", ()))
        row["mimetype"] = attribute.types
        if around:
            row["object_name"] = (text_of(around.get("name")),)
            row["meta-category"] = tuple(filter(None, (text_of(around.get("meta-category")),)))
            if (word := text_of(around.get("deleted"))) and word.casefold() not in NO:
                row["deleted"] = (*row.get("deleted", ()), word)
        return {name: words for name, words in row.items() if words}


CONTAINERS = frozenset((dict, list))
ASIDE = frozenset(("comment", "filename"))
"""Fields of which each attribute has words of its own beside the row that it shares."""


def telling_name(files: Sequence[str]) -> tuple[str, ...]:
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
    "relation", "report", "reference",
)  # fmt: skip
"""Fields of which records may have none, and that may be named all the same."""
