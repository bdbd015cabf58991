"""MISP: events and what a search answers, as JSON. `--format misp`."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from math import nan

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.field_names import refuse_many
from relaion.lists.readers.documents.fields import Fields
from relaion.lists.readers.documents.json_pieces import (
    JsonPiece,
    each_of,
    in_object,
    pieces,
    text_of,
)
from relaion.lists.readers.documents.misp_attributes import (
    DERIVED,
    KNOWN,
    Attribute,
    Attributes,
    Event,
    Object,
    changed_at,
    event_of,
    meanings,
    of_file,
    reports,
)
from relaion.lists.readers.documents.own_fields import own_words
from relaion.lists.readers.documents.versions import Versions, latest_of
from relaion.lists.readers.format import Batch, Options, Sure
from relaion.lists.readers.tables.notes import read_text

AT_ONCE = 2000  # attributes of a batch

_WITHIN = frozenset(("response", "event"))
_RECORDS = frozenset(("attribute", "object"))
_PARTS = {
    name: re.compile(rf'(?i)"{name}"\s*:\s*{begins}')
    for name, begins in (
        ("event", r"[{\[]"), ("attribute", r"[{\[]"), ("object", r"\[\s*\{"), ("to_ids", ""),
        ("type", '"'), ("value", '"'), ("(?:category|event_id|distribution|uuid)", ""),
        ("(?:threat_level_id|orgc|disable_correlation|object_relation|sharing_group_id)", ""),
    )
}  # fmt: skip
_ATTRIBUTE = ("type", "value", "(?:category|event_id|distribution|uuid)")


def _is_misp(head: str) -> bool:
    """Whether JSON begins with an event, with attributes as a search answers them, or with one."""
    has = {name for name, part in _PARTS.items() if part.search(head)}
    of_event = has - {"type", "value", _ATTRIBUTE[2]}
    is_attribute = has.issuperset(_ATTRIBUTE[:2]) and ("to_ids" in has or _ATTRIBUTE[2] in has)
    return (
        ("event" in has and len(of_event) > 1)
        or ("attribute" in has and (is_attribute or len(of_event) > 1))
        or ("to_ids" in has and has.issuperset(_ATTRIBUTE))
    )


_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_MANIFEST = re.compile(
    rf'(?i)\s*\{{\s*"{_UUID}"\s*:\s*\{{(?=[^}}]*"(?:Orgc|threat_level_id|analysis|info)")'
)
_UUID_NAME = re.compile(f"(?i){_UUID}")
_NO_EVENT = frozenset(("attribute", "object", "info", "threat_level_id", "orgc"))


@dataclass(frozen=True)
class Misp:
    """Events of MISP as JSON, alone, in an array, a line each, or as a search answers them."""

    name: str = "misp"

    def sniff(self, head: str, file_name: str) -> Sure | None:
        """Sure by the names that MISP gives its parts."""
        if not head.lstrip().startswith(("{", "[")):
            return None
        return Sure() if _is_misp(head) or _MANIFEST.match(head) else None

    def read(self, document: ListDocument, options: Options) -> Iterator[Batch]:
        """A record an attribute; what its event says of it was looked for before."""
        looked = _look(document)
        seen = looked.seen | {*DERIVED}
        fields = Fields(options, meanings(seen), seen, is_delta=document.is_delta)
        read = Attributes(
            options, fields, proposals=looked.proposals, reports=looked.reports,
            replaced=looked.versions.replaced(document.shared, self.name),
        )  # fmt: skip
        attributes = _attributes(document, looked.events)
        while some := [*islice(attributes, AT_ONCE)]:
            yield read.batch(some)
        read.judge(document)


@dataclass
class _LookedEvents:
    """What a first look found: events by their number, the names of all fields.

    Beside attributes stand `proposals` to change events, and `reports` that may take back.
    """

    events: dict[int, Event] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    proposals: int = 0
    reports: int = 0
    versions: Versions = field(default_factory=Versions)
    owners: array[int] = field(default_factory=lambda: array("q"))

    def meet(self, attribute: Object, around: float, owner: int) -> None:
        """Take in when an attribute was changed, and what is around it but its event."""
        own = attribute.get("event")
        around = latest_of(around, changed_at(own)) if own else around
        uuid = text_of(attribute.get("uuid")).strip().casefold()
        self.versions.meet(uuid, changed_at(attribute), around)
        self.owners.append(owner)

    def settle(self) -> None:
        """All events were met: attributes were changed when they were, too."""
        around = self.versions.around
        for place, owner in enumerate(self.owners):
            if owner in self.events:
                around[place] = latest_of(around[place], self.events[owner].at)


def _look(document: ListDocument) -> _LookedEvents:
    """A first look at a file.

    Raises ListError for JSON that is of MISP and holds no attributes.
    """
    found = _LookedEvents()
    seen = found.seen
    for piece in pieces(document, _WITHIN, _RECORDS):
        value = piece.value
        if value is None:  # an event without attributes
            continue
        if not isinstance(value, dict):
            raise ListError(
                "holds a value where an event or an attribute of MISP should stand; ask the giver "
                "for the events as MISP exports them"
            )
        if _is_record(piece):
            seen.update(value)
            is_object = _name_of(piece) == "object"
            at = changed_at(value) if is_object else nan
            for attribute in _of_object(value) if is_object else [value]:
                found.meet(attribute, at, piece.owner)
                seen.update(attribute, own_words(attribute, KNOWN))
                refuse_many(seen, "MISP")
                seen.update(in_object(attribute, "event") or ())
            continue
        _refuse_manifest(value)
        if not _NO_EVENT & value.keys():
            _refuse_envelope(value)
        seen.update(value)
        refuse_many(seen, "MISP")
        found.proposals += len(each_of(value.get("shadowattribute")))
        found.reports += sum(read_text(text, alone=False) is not None for _, text in reports(value))
        event = event_of(value)
        if event != Event():
            found.events[piece.number] = event
    found.settle()
    return found


def _name_of(piece: JsonPiece) -> str:
    return piece.names[-1] if piece.names else ""


def _is_record(piece: JsonPiece) -> bool:
    """Whether a piece is an attribute or an object, and not an event or what stands around one."""
    if _name_of(piece) in _RECORDS:
        return True
    return "type" in piece.value and "value" in piece.value and "attribute" not in piece.value


def _of_object(value: Object) -> list[Object]:
    return [a for a in each_of(value.get("attribute")) if isinstance(a, dict)]


def _attributes(document: ListDocument, events: Mapping[int, Event]) -> Iterator[Attribute]:
    none = Event()
    for piece in pieces(document, _WITHIN, _RECORDS):
        if not isinstance(piece.value, dict) or not _is_record(piece):
            continue
        event = events.get(piece.owner, none)
        if _name_of(piece) != "object":
            yield Attribute(piece.value, event)
            continue
        within = _of_object(piece.value)
        around = {k: v for k, v in piece.value.items() if k != "attribute"}
        told = of_file(within)
        for own in within:
            yield Attribute(own, event, around, told)


def _refuse_manifest(value: Object) -> None:
    if value and all(_UUID_NAME.fullmatch(name) for name in value):
        raise ListError(
            "is the manifest of a MISP feed, which names its events and lists nothing; add the "
            "files of the events, which are called after their UUID"
        )


def _refuse_envelope(value: Object) -> None:
    """Raise ListError for an object around events that holds something else than these."""
    held = [name for name, each in value.items() if isinstance(each, (dict, list)) and each]
    if held and not {"response", "event"} & value.keys():
        raise ListError(
            "holds JSON of MISP within something else, where nothing is looked for; ask the giver "
            "for the events as MISP exports them"
        )
