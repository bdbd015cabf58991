"""Attributes of MISP told apart by what they say: those that say the same share one.

What each has of its own, its value, its days, its remark, is a column beside them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from relaion.lists.readers.documents.field_columns import FieldColumns
from relaion.lists.readers.documents.json_alike import AlikeRecords
from relaion.lists.readers.documents.json_pieces import text_of
from relaion.lists.readers.documents.misp_attributes import (
    ASIDE,
    CONTAINERS,
    KNOWN,
    NO,
    NO_FILE,
    Attribute,
    Event,
    Object,
    OfFile,
    is_picture,
    telling_name,
)
from relaion.lists.readers.vocabulary.misp_words import type_says, value_of
from relaion.lists.values import shape


class GivenAttribute(NamedTuple):
    """An attribute as it stands, its event, what else its object holds, and what that says."""

    own: Object
    event: Event
    around: Object
    of_file: OfFile


class HeldAttributes(NamedTuple):
    """Attributes by columns: each with one that says the same, and what is its own.

    That is its text, what of it may be an entry, its id, when it was first seen, changed and last
    seen, and its remark: texts, empty for nothing. `remarks` are these where its object has one,
    too, else none; `files` is of the names of its file the one that tells most, or none.
    """

    attributes: Sequence[Attribute]
    texts: Sequence[str]
    values: Sequence[str]
    ids: Sequence[str]
    first: Sequence[str]
    changed: Sequence[str]
    last: Sequence[str]
    comment: Sequence[str]
    remarks: Sequence[Sequence[str]]
    files: Sequence[Sequence[str]]

    @property
    def own(self) -> FieldColumns:
        """The fields of which each has words of its own beside the row that it shares."""
        n = len(self.ids)
        if not any(self.remarks) and not any(self.files):
            return FieldColumns(n, {"comment": self.comment})
        remarks = [some or (one,) for some, one in zip(self.remarks, self.comment, strict=True)]
        return FieldColumns(n, several={"comment": remarks, "filename": self.files})


_OWN = ("uuid", "first_seen", "timestamp", "last_seen")
_COMMENT = frozenset(("comment",))
_MANY = 4  # records with one remark
FREE = frozenset(("value", "id", "event_id", "object_id", *_OWN))
"""Names under which nothing decides, but what `HeldAttributes` hold beside an attribute."""


@dataclass
class AttributeKinds:
    """Attributes told apart by what they say. `read` are the fields that decide.

    Those that say the same share one `Attribute`, wherever they stand: few are kept.
    """

    read: Set[str]
    _shapes: dict[tuple[str, ...], tuple[int, Callable[[Object], Any]]] = field(
        default_factory=dict
    )
    _kept: dict[tuple[object, ...], Attribute] = field(default_factory=dict)
    _around: dict[str, Object] = field(default_factory=dict)
    _last: tuple[Object, tuple[Object, str]] | None = None

    @property
    def free(self) -> frozenset[str]:
        """Names under which nothing decides of an attribute."""
        return FREE - self.read

    def held_of(self, given: Sequence[GivenAttribute]) -> HeldAttributes:
        """Attributes one by one."""
        told = [self._told_of(*each) for each in given]
        ids, first, changed, last, comment = (
            [text_of(each.own.get(name)) for each in given] for name in (*_OWN, "comment")
        )
        texts = [text_of(each.own.get("value")) for each in given]
        return HeldAttributes(
            [one for one, *_ in told], texts, [value for _, value, *_ in told], ids, first,
            changed, last, comment, [some for *_, some, _ in told], [files for *_, files in told],
        )  # fmt: skip

    def held_in(self, records: AlikeRecords, event: Event) -> HeldAttributes | None:
        """Attributes that are written alike; None where few of them say the same."""
        kept = records.shape.kept
        if "free" not in kept:
            said = {text_of(each.get("comment")) for each in records}
            kept["free"] = self.free | (_COMMENT if _MANY * len(said) > len(records) else set())
        free = kept["free"]
        shared = records.kinds(free) if free >= FREE else None
        if shared is None:
            return None
        each = self.held_of([GivenAttribute(own, event, {}, NO_FILE) for own in shared.each])
        attributes = [*map(each.attributes.__getitem__, shared.at)]
        files = [*map(each.files.__getitem__, shared.at)]
        values = texts = records.texts_at(("value",), text_of)
        if lone := [*shared.where(_is_of_its_value)]:
            values = [*texts]
            one = self.held_of([GivenAttribute(records[i], event, {}, NO_FILE) for i in lone])
            for i, attribute, value, some in zip(
                lone, one.attributes, one.values, one.files, strict=True
            ):
                attributes[i], values[i], files[i] = attribute, value, some
        ids, first, changed, last = (records.texts_at((name,), text_of) for name in _OWN)
        comment = (
            records.texts_at(("comment",), text_of) if "comment" in free
            else [*map(each.comment.__getitem__, shared.at)]
        )  # fmt: skip
        return HeldAttributes(
            attributes, texts, values, ids, first, changed, last, comment, [()] * len(ids), files
        )

    def _told_of(
        self, own: Object, event: Event, around: Object, of_file: OfFile
    ) -> tuple[Attribute, str, Sequence[str], Sequence[str]]:
        """What is alike in it, what may be an entry, several remarks, the name of its file."""
        kind, value = text_of(own.get("type")), text_of(own.get("value"))
        may_be_entry = type_says(kind) is None and any(map(shape, _PARTS.split(value)))
        file, is_of_picture = of_file.telling, of_file.has_picture
        name = ""
        if "|" in kind:
            name, value = value_of(kind, value)
        named = text_of(own.get("filename"))  # as no attribute has by MISP itself
        if name or named:
            files = [each for each in (name, named, *of_file.files) if each]
            file, is_of_picture = telling_name(files), any(map(is_picture, files))
        types = of_file.types
        if mime := text_of(own.get("mimetype")):
            types = (*types, mime)
        remarks: Sequence[str] = ()
        if around and (word := text_of(around.get("comment"))) and word.casefold() not in NO:
            remark = own.get("comment")
            is_remark = remark is not None and type(remark) not in CONTAINERS
            remarks = (text_of(remark), word) if is_remark else (word,)
        around, written = self._shared(around)
        number, telling = self._shape(own)
        key = (
            number, repr(telling(own)), id(event), written, types, is_of_picture, may_be_entry,
            of_file.words,
        )  # fmt: skip
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            # with its event, so that no other one can have the same id
            found = Attribute(own, event, around, types, is_of_picture, may_be_entry, of_file.words)
            self._kept[key] = found
        return found, value, remarks, file

    def _shared(self, around: Object) -> tuple[Object, str]:
        """What tells something in an object around attributes, and how that is written."""
        if not around:
            return _NO_OBJECT, ""
        if self._last is None or self._last[0] is not around:
            told = {name: around.get(name) for name in _AROUND}
            self._last = around, (told, repr(told))
        return self._last[1]

    def _shape(self, own: Object) -> tuple[int, Callable[[Object], Any]]:
        """A number for the names of an attribute, and what takes out of it what tells something."""
        told = tuple(own)
        found = self._shapes.get(told)
        if found is None:
            if len(self._shapes) >= _SHAPES:
                self._shapes.clear()
                self._kept.clear()
            free = self.free | ASIDE
            telling = [
                name for name in told
                if name not in free
                and (name in self.read or name in _SPOKEN or name not in KNOWN)
            ]  # fmt: skip
            found = len(self._shapes), itemgetter(*telling) if telling else dict
            self._shapes[told] = found
        return found


_NO_OBJECT: Object = {}
_PARTS = re.compile(r"[|\s]")
_AROUND = ("tag", "eventtag", "attributetag", "name", "meta-category", "deleted")
_SPOKEN = frozenset((
    "type", "category", "object_relation", "deleted", "event", "tag", "eventtag", "attributetag",
    "decay_score", "warnings", "sighting", "shadowattribute",
))  # fmt: skip
"""Fields that are read whether they decide or not."""
_SHAPES = 1000  # of attributes that are kept
_MOST_KEPT = 4000


def _is_of_its_value(own: Object) -> bool:
    """Whether what it says hangs on its value, too."""
    return "|" in text_of(own.get("type")) or _is_unknown(own)


def _is_unknown(own: Object) -> bool:
    """Whether nobody here knows its type."""
    return type_says(text_of(own.get("type"))) is None
