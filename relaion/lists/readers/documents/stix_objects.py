"""The objects of a file of STIX 2, and what a first look at all of them finds.

Of several versions of an object the last one counts, wherever it stands, and so does what objects
say of others.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument, OfDelivery
from relaion.lists.readers.documents.field_names import refuse_many
from relaion.lists.readers.documents.foreseen import ReadAnewError, is_enough
from relaion.lists.readers.documents.json_alike import AlikeRecords
from relaion.lists.readers.documents.json_pieces import (
    JsonPieces,
    each_of,
    in_object,
    pieces,
    text_of,
)
from relaion.lists.readers.documents.latest import moment_of
from relaion.lists.readers.documents.own_fields import OwnFields
from relaion.lists.readers.documents.stix_words import MEANINGS, Said, is_indicator, said_in
from relaion.lists.readers.documents.versions import Versions, several_of
from relaion.lists.readers.tables.said import COUNTS
from relaion.lists.readers.vocabulary.misp_words import info_says
from relaion.lists.readers.vocabulary.trials import trial_in

Object = Mapping[str, Any]
_SHAPES = 1000  # of indicators that are told apart
_MANY = 4096  # titles that are kept
_GATHERING = frozenset(("report", "grouping", "bundle"))
_RECORDS = frozenset(("objects",))
SEEN_TYPES = frozenset((
    "file", "artifact", "url", "domain-name", "ipv4-addr", "ipv6-addr", "email-message",
    "observed-data", "network-traffic", "process", "x509-certificate",
))  # fmt: skip
_PLAIN = frozenset(("indicator", *SEEN_TYPES))
"""Types as STIX writes them, of objects that are taken as they stand."""


def own_fields() -> OwnFields:
    """Those of indicators: none that STIX defines is an object."""
    return OwnFields(MEANINGS.keys(), never_objects=True)


@dataclass
class LookedObjects:
    """What a first look at all objects found.

    `latest` is the number of the version that counts, of objects that have several; `words` what
    other objects say of one, by its id and by field; `givers` the names of identities. `is_one`:
    no other file is in the delivery.
    """

    is_one: bool = True
    seen: set[str] = field(default_factory=set)
    ids: array[int] = field(default_factory=lambda: array("q"))
    latest: dict[str, tuple[str, int, bytes]] = field(default_factory=dict)
    words: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    givers: dict[str, str] = field(default_factory=dict)
    said: dict[str, tuple[str, list[Said]]] = field(default_factory=dict)
    versions: Versions = field(default_factory=Versions)
    replaced: set[int] = field(default_factory=set)  # places among indicators
    elsewhere: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    titles: set[tuple[str, str]] = field(default_factory=set)
    _own: OwnFields = field(default_factory=own_fields)
    _shapes: set[tuple[str, ...]] = field(default_factory=set)

    def take(self, some: JsonPieces) -> None:
        """Look at objects."""
        values = some.values
        if self.is_one and isinstance(values, AlikeRecords) and self._take_alike(values):
            return
        for value in objects_in(values):
            kind = type_of(value)
            if kind == "indicator":
                self._meet(value)
                continue
            if kind == "identity" and (name := text_of(value.get("name"))):
                self.givers[id_of(value)] = name
            self._hear(value)

    def _meet(self, value: Object) -> None:
        """Take in an indicator."""
        told = tuple(value)
        if told not in self._shapes:
            self.seen.update(told)
            if len(self._shapes) < _SHAPES:
                self._shapes.add(told)
        self.seen.update(self._own.words(value))
        refuse_many(self.seen, "STIX")
        self.ids.append(hash(id_of(value)))
        if not self.is_one:
            stamp = text_of(value.get("modified")) or text_of(value.get("created"))
            self.versions.meet(id_of(value), moment_of(stamp.replace("z", "Z")))

    def are_foreseen(self, first: LookedObjects) -> bool:
        """Whether these show no more so far than the `first` objects did."""
        return self.seen <= first.seen and self.givers.items() <= first.givers.items()

    def are_all_foreseen(self, first: LookedObjects) -> bool:
        """Whether all objects show what the `first` did, and none has several versions."""
        mine, others = (
            (each.seen, each.givers, each.words, each.elsewhere) for each in (self, first)
        )
        return mine == others and not several_of(self.ids)

    def _hear(self, value: Object) -> None:
        """Keep what an object says of others; of its versions the latest counts."""
        if type_of(value) in _GATHERING and len(self.titles) < _MANY:
            texts = ((name, text_of(value.get(name))) for name in ("name", "description"))
            self.titles.update((name, text) for name, text in texts if text and not _is_heard(text))
        some = said_in(value)
        name = id_of(value) or str(len(self.said))
        if not some and name not in self.said and not value.get("revoked"):
            return
        stamp = text_of(value.get("modified")) or text_of(value.get("created"))
        if name not in self.said or self.said[name][0] <= stamp:
            self.said[name] = (stamp, some)

    def _take_alike(self, values: AlikeRecords) -> bool:
        """Take in indicators that are written alike, where nothing in them is special."""
        shape = values.shape
        if not self.seen.issuperset(shape.names) or self._own.may_speak(shape):
            return False
        if {*values.at(("type",), text_of)} != {"indicator"}:
            return False
        self.ids.extend(map(hash, map(str.strip, values.texts_at(("id",), text_of))))
        return True

    def settle(self, shared: OfDelivery, *, is_delta: bool) -> None:
        """All objects were met: what is said of which, here and in files read before."""
        of_others: dict[str, dict[str, list[str]]] = shared.held.setdefault("stix words", {})
        for of, words in of_others.items():
            self.words[of] = {name: [*some] for name, some in words.items()}
        spoken_of = {hash(of) for _, some in self.said.values() for of, _, _ in some}
        here = spoken_of.intersection(self.ids) if spoken_of else spoken_of
        for of, name, word in (each for _, some in self.said.values() for each in some):
            self.words.setdefault(of, {}).setdefault(name, []).append(word)
            if is_indicator(of) and hash(of) not in here:
                self.elsewhere[of] = self.words[of]
        for words in self.words.values():
            self.seen.update(words)
        if shared.files > 1:
            of_others |= {of: words for of, words in self.words.items() if is_indicator(of)}
        if not is_delta:
            keys = array("q", map(hash, self.elsewhere))
            earlier: list[Versions] = shared.held.get("stix versions", [])
            met = {key for some in earlier for key, _ in some.held_of(keys)}
            self.elsewhere = {of: w for of, w in self.elsewhere.items() if hash(of) in met}
        if shared.files > 1:
            self.replaced = self.versions.replaced(shared, "stix")


def objects(document: ListDocument) -> Iterator[tuple[int, Object]]:
    """The objects of a file, each with its number, whatever they are packed in.

    Raises ListError for what is none.
    """
    found = chain.from_iterable(objects_in(some.values) for some in stix_pieces(document))
    yield from enumerate(found)


def stix_pieces(document: ListDocument) -> Iterator[JsonPieces]:
    """The objects of a file some at a time, whatever they are packed in."""
    return pieces(document, frozenset(), _RECORDS)


def is_plain(value: Any) -> bool:
    """Whether it is an object that is taken as it stands."""
    return type(value) is dict and type(kind := value.get("type")) is str and kind in _PLAIN


def objects_in(values: Sequence[Any]) -> Iterator[Object]:
    """The objects of STIX among values; raises ListError for what is none."""
    for value in values:
        if is_plain(value):
            yield value
        else:
            yield from _unpacked(value)


def _unpacked(value: Any) -> Iterator[Object]:
    if not isinstance(value, dict):
        raise ListError(
            "holds a value where an object of STIX should stand; ask the giver for the file as it "
            "was exported"
        )
    kind = text_of(value.get("type"))
    if kind.casefold() == "bundle":
        for inner in each_of(value.get("objects")):
            yield from _unpacked(inner)
    elif kind:
        yield value
    elif value and all(in_object(inner, "type") for inner in value.values()):
        for inner in value.values():  # such as what was seen, by numbers, in STIX 2.0
            yield from _unpacked(inner)
    elif "objects" not in value:
        raise ListError(
            "holds an object without a type, which is none of STIX; ask the giver for the file as "
            "it was exported"
        )


def type_of(value: Object) -> str:
    """The type of an object, without case."""
    kind = value.get("type")
    return kind if kind in _PLAIN else text_of(kind).strip().casefold()


def look(document: ListDocument) -> LookedObjects:
    """A first look at all objects of a file, or at the first of them where that is enough."""
    found = LookedObjects(document.shared.files == 1)
    for some in stix_pieces(document):
        found.take(some)
        if found.is_one and is_enough(document, len(found.ids)):
            break
    found.settle(document.shared, is_delta=document.is_delta)
    if several := several_of(found.ids):
        if document.is_foreseen:
            raise ReadAnewError
        _find_latest(document, several, found.latest)
    return found


def _is_heard(text: str) -> bool:
    return info_says(text) != COUNTS or trial_in("description", text) != ""


def id_of(value: Object) -> str:
    """The id of an object; empty for none."""
    return text_of(value.get("id")).strip()


def _find_latest(
    document: ListDocument, several: set[int], latest: dict[str, tuple[str, int, bytes]]
) -> None:
    for number, value in objects(document):
        name = id_of(value)
        if type_of(value) != "indicator" or not name or hash(name) not in several:
            continue
        stamp = _stamp(text_of(value.get("modified")) or text_of(value.get("created")))
        digest = hashlib.sha256(repr(sorted(value.items(), key=str)).encode(errors="replace"))
        version = (stamp, number, digest.digest())
        before = latest.get(name)
        if before and before[0] == stamp and before[2] != version[2]:
            raise ListError(
                "holds two versions of an indicator that were modified at the same time, of which "
                "only one can count; ask the giver which"
            )
        if before is None or stamp > before[0]:
            latest[name] = version


def _stamp(text: str) -> str:
    """A time that can be compared; raises ListError for what is none."""
    try:
        when = datetime.fromisoformat(text.strip().replace("z", "Z"))
    except ValueError:
        raise ListError(
            "holds several versions of an indicator, and a time of one that cannot be read; ask "
            "the giver for the latest versions"
        ) from None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return when.astimezone(UTC).isoformat(timespec="microseconds")
