"""MISP: events and what a search answers, as JSON. `--format misp`."""

from __future__ import annotations

import io
import json
import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, islice
from math import isnan, nan

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.field_columns import columns_in_batches
from relaion.lists.readers.documents.field_names import refuse_many
from relaion.lists.readers.documents.fields import Fields
from relaion.lists.readers.documents.foreseen import ReadAnewError, is_enough
from relaion.lists.readers.documents.json_alike import AlikeRecords
from relaion.lists.readers.documents.json_pieces import JsonPieces, each_of, pieces, text_of
from relaion.lists.readers.documents.latest import moments_of
from relaion.lists.readers.documents.misp_attributes import (
    DERIVED,
    KNOWN,
    NO_FILE,
    Event,
    Object,
    changed_at,
    event_of,
    meanings,
    of_file,
    reports,
    undone_by,
    words_in_object,
)
from relaion.lists.readers.documents.misp_batches import Attributes
from relaion.lists.readers.documents.misp_kinds import (
    AttributeKinds,
    GivenAttribute,
    HeldAttributes,
)
from relaion.lists.readers.documents.own_fields import OwnFields
from relaion.lists.readers.documents.title_prose import judge_titles
from relaion.lists.readers.documents.versions import Versions, latest_of
from relaion.lists.readers.format import Batch, Options, Sure
from relaion.lists.readers.tables.notes import read_text

AT_ONCE = 2000  # attributes of a batch
_TITLE = 400  # characters of a title of an event that are kept
_SHAPES = 1000  # of attributes that are told apart
_NOTHING: Object = {}

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
        """A record an attribute; what its event says of it was looked for before, or foreseen."""
        looked, before = _LookedEvents(), len(document.notices)
        told, parts = _first_look(document, looked)
        seen = told.seen | {*DERIVED}
        fields = Fields(options, meanings(seen), seen, is_delta=document.is_delta)
        read = Attributes(options, fields)
        if told is looked:
            looked.judge(document, before, options)
            read.replaced = looked.versions.replaced(document.shared, self.name)
        found = _attributes(parts, told, read.kinds)
        yield from (
            read.batch(HeldAttributes(*some)) for some in columns_in_batches(found, AT_ONCE)
        )
        if told is not looked:
            looked.settle()
            is_as_told = (looked.seen, looked.events) == (told.seen, told.events)
            if not is_as_told or looked.versions.replaced(document.shared, self.name):
                raise ReadAnewError
            looked.judge(document, before, options)
        read.proposals += looked.proposals
        read.reports = looked.reports
        read.tells_ids = "to_ids" in told.seen
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
    owners: list[tuple[int, int]] = field(default_factory=list)  # of how many, behind each other
    own: OwnFields = field(default_factory=lambda: OwnFields(KNOWN))
    shapes: set[tuple[str, ...]] = field(default_factory=set)  # of attributes that hold no others
    titles: set[str] = field(default_factory=set)
    undone: dict[str, str] = field(default_factory=dict)  # by which relation, by UUID

    def take(self, some: JsonPieces) -> None:
        """Take in parts of a document."""
        is_object = some.name == "object"
        are_plain = some.name in _RECORDS and not is_object
        values = some.values
        if are_plain and isinstance(values, AlikeRecords) and self.meet_all(values, some.owner):
            return
        attributes: list[Object] = []
        around: list[float] = []
        for number, value in enumerate(values, some.number):
            if value is None:  # an event without attributes
                continue
            if not isinstance(value, dict):
                raise ListError(
                    "holds a value where an event or an attribute of MISP should stand; ask the "
                    "giver for the events as MISP exports them"
                )
            if some.name in _RECORDS or _is_attribute(value):
                if is_object:
                    self.see(value)
                at = changed_at(value) if is_object else nan
                within = _of_object(value) if is_object else [value]
                if is_object:
                    self.see(words_in_object(within))
                    self.undone |= undone_by(value)
                attributes += within
                around += [at] * len(within)
            else:
                self.take_event(number, value)
        if attributes:
            self.meet(attributes, around, some.owner)

    def judge(self, document: ListDocument, at: int, options: Options) -> None:
        """Tell of the titles of events, before the other notices from `at` on."""
        told = judge_titles((("info", text) for text in self.titles), options)
        document.notices[at:at] = told

    def see(self, names: Collection[str]) -> None:
        """Take in the names of fields."""
        if not self.seen.issuperset(names):
            self.seen.update(names)

    def take_event(self, number: int, value: Object) -> None:
        """Take in what stands around attributes, or beside them."""
        _refuse_manifest(value)
        if not _NO_EVENT & value.keys():
            _refuse_envelope(value)
        self.see(value)
        refuse_many(self.seen, "MISP")
        self.proposals += len(each_of(value.get("shadowattribute")))
        self.reports += sum(read_text(text, alone=False) is not None for _, text in reports(value))
        self.titles.add(text_of(value.get("info"))[:_TITLE])
        event = event_of(value)
        if event != Event():
            self.events[number] = event

    def meet(self, attributes: Sequence[Object], around: Sequence[float], owner: int) -> None:
        """Take in the fields of attributes, when each was changed, and what is around it.

        That of their event is settled when all events were met.
        """
        around = [
            at if (told := tuple(attribute)) in self.shapes else self._meet(attribute, told, at)
            for attribute, at in zip(attributes, around, strict=True)
        ]
        uuids = [text_of(each.get("uuid")).strip().casefold() for each in attributes]
        moments = moments_of([text_of(each.get("timestamp")) for each in attributes])
        self.versions.meet_all(uuids, moments, around)
        self._own(owner, len(attributes))

    def _meet(self, attribute: Object, told: tuple[str, ...], around: float) -> float:
        """Take in the fields of one that may hold others; when what is around it was changed."""
        self.see(told)
        self.see(self.own.words(attribute))
        refuse_many(self.seen, "MISP")
        if "event" not in told:
            if {*told} <= KNOWN and len(self.shapes) < _SHAPES:
                self.shapes.add(told)
            return around
        own = attribute["event"]
        if isinstance(own, dict) and own:
            around = latest_of(around, changed_at(own))
            self.see(own)
        return around

    def meet_all(self, attributes: AlikeRecords, owner: int) -> bool:
        """Take in attributes that are written alike, where nothing in them is special."""
        names = attributes.shape.names
        if "event" in names or not self.seen.issuperset(names):
            return False
        if self.own.may_speak(attributes.shape):
            return False
        uuids = map(str.strip, attributes.texts_at(("uuid",), text_of))
        moments = moments_of(attributes.texts_at(("timestamp",), text_of))
        none = array("d", [nan]) * len(moments)
        self.versions.meet_all([*map(str.casefold, uuids)], moments, none)
        self._own(owner, len(attributes))
        return True

    def _own(self, owner: int, n: int) -> None:
        before = self.owners.pop()[1] if self.owners and self.owners[-1][0] == owner else 0
        self.owners.append((owner, before + n))

    def undone_in(self, values: Sequence[Object]) -> str:
        """The relation by which one of some values is undone; empty for none."""
        if not self.undone:
            return ""
        uuids = (text_of(value.get("uuid")).strip().casefold() for value in values)
        return next((self.undone[uuid] for uuid in uuids if uuid in self.undone), "")

    def settle(self) -> None:
        """All events were met: attributes were changed when they were, too."""
        around, end = self.versions.around, 0
        for owner, n in self.owners:
            end += n
            at = self.events[owner].at if owner in self.events else nan
            if not isnan(at):  # than which NaN is not greater
                around[end - n : end] = array(
                    "d", [x if x > at else at for x in around[end - n : end]]
                )


def _pieces(document: ListDocument) -> Iterator[JsonPieces]:
    return pieces(document, _WITHIN, _RECORDS)


def _first_look(
    document: ListDocument, looked: _LookedEvents
) -> tuple[_LookedEvents, Iterable[JsonPieces]]:
    """What to take for what all of a document shows, and its parts.

    That is what was found, or what was foreseen of an event that begins with many attributes: then
    `looked` takes in the parts as they are read. Raises ListError for JSON that is of MISP and
    holds no attributes.
    """
    ends = _ends(document) if document.shared.may_begin_anew else None  # before it is read
    parts, kept, n = _pieces(document), list[JsonPieces](), 0
    for some in parts:
        looked.take(some)
        if ends is None or some.name != "attribute":
            ends = None
            continue
        kept.append(some)
        n += len(some.values)
        if is_enough(document, n):
            if told := _foreseen(document, *ends, looked):
                held = (kept.pop(0) for _ in range(len(kept)))  # each is let go when it was read
                return told, chain(held, _watched(parts, looked, told, some.owner))
            ends = None
            document.is_foreseen = False
            kept.clear()
    looked.settle()
    return looked, _pieces(document)


_MOST_AROUND = 1 << 16  # bytes before and behind the attributes of an event
_TRIES = 1000
_ATTRIBUTES = re.compile(rb'(?i)"attribute"\s*:\s*\[')
_ENDS = re.compile(rb"\}\s*\]")


def _ends(document: ListDocument) -> tuple[bytes, bytes] | None:
    """What stands before the attributes of a document, and its last bytes."""
    source = document.open()
    head = tail = source.read(_MOST_AROUND)
    begins = _ATTRIBUTES.search(head)
    if not begins:
        return None
    while block := source.read(_BLOCK):
        tail = (tail + block if len(block) < _MOST_AROUND else block)[-_MOST_AROUND:]
    return head[: begins.end()], tail


_BLOCK = 1 << 20


def _foreseen(
    document: ListDocument, head: bytes, tail: bytes, looked: _LookedEvents
) -> _LookedEvents | None:
    """What all of a document shows by its first attributes, and by what stands around these.

    Its beginning and its end are read as a document that has no attributes; None where they are
    none. Where some bracket of its end is not that of the attributes, what is found is wrong.
    """
    for end in islice(_ENDS.finditer(tail), _TRIES):
        text = head + tail[end.end() - 1 :]
        with suppress(ValueError, RecursionError, ListError):
            json.loads(text)
            told = _LookedEvents(seen={*looked.seen})
            for some in _pieces(replace(document, open=partial(io.BytesIO, text))):
                if some.name in _RECORDS and some.values:
                    return None
                told.take(some)
            return told
    return None


def _watched(
    parts: Iterable[JsonPieces], looked: _LookedEvents, told: _LookedEvents, owner: int
) -> Iterator[JsonPieces]:
    """Parts that are looked at as they are read.

    Raises ReadAnewError where one shows what was not foreseen, or is of another event.
    """
    for some in parts:
        looked.take(some)
        is_other = some.name in _RECORDS and (some.name == "object" or some.owner != owner)
        if is_other or not looked.seen <= told.seen:
            raise ReadAnewError
        yield some


def _is_attribute(value: Object) -> bool:
    """Whether an object that stands where events do is an attribute, as a line of them may be."""
    return "type" in value and "value" in value and "attribute" not in value


def _of_object(value: Object) -> list[Object]:
    return [a for a in each_of(value.get("attribute")) if isinstance(a, dict)]


def _attributes(
    parts: Iterable[JsonPieces], looked: _LookedEvents, kinds: AttributeKinds
) -> Iterator[HeldAttributes]:
    """The attributes of a file in their order, some at a time."""
    none = Event()
    for some in parts:
        event, values = looked.events.get(some.owner, none), some.values
        is_object = some.name == "object"
        are_plain = some.name in _RECORDS and not is_object
        if (
            are_plain
            and not looked.undone
            and isinstance(values, AlikeRecords)
            and (alike := kinds.held_in(values, event))
        ):
            yield alike
            continue
        given: list[GivenAttribute] = []
        for value in values:
            if not isinstance(value, dict):
                continue
            if is_object:
                within, around = _of_object(value), value if len(value) > 1 else _NOTHING
                told = of_file(within, looked.undone_in([value, *within]))
                given += [GivenAttribute(own, event, around, told) for own in within]
            elif are_plain or _is_attribute(value):
                word = looked.undone_in([value])
                told = of_file((), word) if word else NO_FILE
                given.append(GivenAttribute(value, event, _NOTHING, told))
        if given:
            yield kinds.held_of(given)


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
