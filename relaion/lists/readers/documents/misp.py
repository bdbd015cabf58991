"""MISP: events and what a search answers, as JSON. `--format misp`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.field_names import names_undefined
from relaion.lists.readers.documents.fields import Fields
from relaion.lists.readers.documents.json_pieces import (
    JsonPiece,
    each_of,
    in_object,
    pieces,
    text_of,
)
from relaion.lists.readers.documents.misp_attributes import (
    CALLED,
    DEFINED,
    DERIVED,
    Attribute,
    Attributes,
    Event,
    Object,
    event_of,
    of_file,
)
from relaion.lists.readers.format import Batch, Options, Sure
from relaion.lists.readers.vocabulary.misp_words import MEANINGS

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
        events, seen, proposals = _look(document)
        fields = Fields(options, MEANINGS, seen | {*DERIVED}, is_delta=document.is_delta)
        read = Attributes(options, fields, proposals=proposals)
        attributes = _attributes(document, events)
        while some := [*islice(attributes, AT_ONCE)]:
            yield read.batch(some)
        read.judge(document)


def _look(document: ListDocument) -> tuple[dict[int, Event], set[str], int]:
    """The events of a file by their number, the names of all fields, proposals to events.

    Raises ListError for JSON that is of MISP and holds no attributes.
    """
    events: dict[int, Event] = {}
    seen: set[str] = set()
    proposals = 0
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
            _see(seen, value)
            for attribute in _of_object(value) if _name_of(piece) == "object" else [value]:
                _see(seen, attribute)
                _see(seen, in_object(attribute, "event"))
            continue
        _refuse_manifest(value)
        if not _NO_EVENT & value.keys():
            _refuse_envelope(value)
        _see(seen, value)
        proposals += len(each_of(value.get("shadowattribute")))
        event = event_of(value)
        if event != Event():
            events[piece.number] = event
    return events, seen, proposals


def _see(seen: set[str], value: object) -> None:
    if isinstance(value, dict):
        names_undefined(seen, value, defined=DEFINED, called=CALLED, text_of=text_of)


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
