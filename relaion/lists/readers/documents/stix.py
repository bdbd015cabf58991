"""STIX 2.0 and 2.1: bundles, arrays, TAXII envelopes and lines of objects. `--format stix`.

Only an indicator lists something, by its pattern. A file or a link that stands beside it says that
it was seen, and by whom: such objects are counted and never entries. Of several versions of an
object the last one counts, wherever it stands.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain, islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument, OfDelivery
from relaion.lists.readers.documents.field_names import refuse_many
from relaion.lists.readers.documents.fields import Fields
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
from relaion.lists.readers.documents.stix_entries import Patterns
from relaion.lists.readers.documents.stix_words import (
    DERIVED,
    MEANINGS,
    Said,
    is_indicator,
    meanings,
    said_in,
)
from relaion.lists.readers.documents.title_prose import judge_titles
from relaion.lists.readers.documents.versions import Versions
from relaion.lists.readers.format import (
    OTHER_RULE,
    REPLACED,
    SEEN,
    UNDOES,
    Batch,
    Columns,
    Options,
    Sure,
    Trait,
)
from relaion.lists.readers.tables import traits
from relaion.lists.readers.tables.said import COUNTS
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.misp_words import info_says
from relaion.lists.readers.vocabulary.trials import trial_in
from relaion.lists.values import told

Object = Mapping[str, Any]
AT_ONCE = 2000
_SHAPES = 1000  # of indicators that are told apart
_MANY = 4096  # traits that are kept
_GATHERING = frozenset(("report", "grouping", "bundle"))
_RECORDS = frozenset(("objects",))
_ID = re.compile(r'(?i)"id"\s*:\s*"[a-z0-9-]+--[0-9a-z-]+"')
_INDICATOR = re.compile(r'(?i)"type"\s*:\s*"(?:bundle|indicator)"')
_OF_ONE = re.compile(r'(?i)"(?:pattern|objects|spec_version)"\s*:')
_SEEN = frozenset((
    "file", "artifact", "url", "domain-name", "ipv4-addr", "ipv6-addr", "email-message",
    "observed-data", "network-traffic", "process", "x509-certificate",
))  # fmt: skip
_PLAIN = frozenset(("indicator", *_SEEN))
"""Types as STIX writes them, of objects that are taken as they stand."""


# -- Objects ---------------------------------------------------------------------------------------


@dataclass
class _LookedObjects:
    """What a first look at all objects found.

    `latest` is the number of the version that counts, of objects that have several; `words` what
    other objects say of one, by its id and by field; `givers` the names of identities.
    """

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

    def hear(self, value: Object) -> None:
        """Keep what an object says of others; of its versions the latest counts."""
        if _type(value) in _GATHERING and len(self.titles) < _MANY:
            texts = ((name, text_of(value.get(name))) for name in ("name", "description"))
            self.titles.update((name, text) for name, text in texts if text and not _is_heard(text))
        some = said_in(value)
        name = _id(value) or str(len(self.said))
        if not some and name not in self.said and not value.get("revoked"):
            return
        stamp = text_of(value.get("modified")) or text_of(value.get("created"))
        if name not in self.said or self.said[name][0] <= stamp:
            self.said[name] = (stamp, some)

    def meet_all(self, values: AlikeRecords, own: OwnFields) -> bool:
        """Take in indicators that are written alike, where nothing in them is special."""
        shape = values.shape
        if not self.seen.issuperset(shape.names) or own.may_speak(shape):
            return False
        if {*values.at(("type",), text_of)} != {"indicator"}:
            return False
        self.ids.extend(hash((text or "").strip()) for text in values.at(("id",), text_of))
        return True

    def settle(self, shared: OfDelivery, *, is_delta: bool) -> None:
        """All objects were met: what is said of which, here and in files read before."""
        of_others: dict[str, dict[str, list[str]]] = shared.held.setdefault("stix words", {})
        for of, words in of_others.items():
            self.words[of] = {name: [*some] for name, some in words.items()}
        here = {*self.ids}
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


def _objects(document: ListDocument) -> Iterator[tuple[int, Object]]:
    """The objects of a file, each with its number, whatever they are packed in.

    Raises ListError for what is none.
    """
    found = chain.from_iterable(_objects_in(some.values) for some in _pieces(document))
    yield from enumerate(found)


def _pieces(document: ListDocument) -> Iterator[JsonPieces]:
    return pieces(document, frozenset(), _RECORDS)


def _objects_in(values: Sequence[Any]) -> Iterator[Object]:
    for value in values:
        if type(value) is dict and type(kind := value.get("type")) is str and kind in _PLAIN:
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


def _own_fields() -> OwnFields:
    """Those of indicators: none that STIX defines is an object."""
    return OwnFields(MEANINGS.keys(), never_objects=True)


def _type(value: Object) -> str:
    kind = value.get("type")
    return kind if kind in _PLAIN else text_of(kind).strip().casefold()


def _look(document: ListDocument) -> _LookedObjects:
    found = _LookedObjects()
    is_one = document.shared.files == 1
    own, shapes = _own_fields(), set[tuple[str, ...]]()
    for value in _looked_at(document, found, own, is_one=is_one):
        kind = _type(value)
        if kind == "indicator":
            told = tuple(value)
            if told not in shapes:
                found.seen.update(told)
                if len(shapes) < _SHAPES:
                    shapes.add(told)
            found.seen.update(own.words(value))
            refuse_many(found.seen, "STIX")
            found.ids.append(hash(_id(value)))
            if not is_one:
                stamp = text_of(value.get("modified")) or text_of(value.get("created"))
                found.versions.meet(_id(value), moment_of(stamp.replace("z", "Z")))
        elif kind == "identity" and (name := text_of(value.get("name"))):
            found.givers[_id(value)] = name
        if kind != "indicator":
            found.hear(value)
    found.settle(document.shared, is_delta=document.is_delta)
    if several := _several(found.ids):
        _find_latest(document, several, found.latest)
    return found


def _looked_at(
    document: ListDocument, found: _LookedObjects, own: OwnFields, *, is_one: bool
) -> Iterator[Object]:
    """The objects of a file that are to be looked at one by one."""
    for some in _pieces(document):
        values = some.values
        if not (is_one and isinstance(values, AlikeRecords) and found.meet_all(values, own)):
            yield from _objects_in(values)


def _is_heard(text: str) -> bool:
    return info_says(text) != COUNTS or trial_in("description", text) != ""


def _id(value: Object) -> str:
    return text_of(value.get("id")).strip()


def _several(ids: array[int]) -> set[int]:
    """Those numbers that stand there more than once."""
    counts = pc.value_counts(pa.array(memoryview(ids), pa.int64())) if ids else []
    return {pair["values"].as_py() for pair in counts if pair["counts"].as_py() > 1}


def _find_latest(
    document: ListDocument, several: set[int], latest: dict[str, tuple[str, int, bytes]]
) -> None:
    for number, value in _objects(document):
        name = _id(value)
        if _type(value) != "indicator" or not name or hash(name) not in several:
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


# -- Indicators as records -------------------------------------------------------------------------


@dataclass(frozen=True)
class Stix:
    """Objects of STIX 2."""

    name: str = "stix"

    def sniff(self, head: str, file_name: str) -> Sure | None:
        """Sure by the ids and the types of its objects."""
        if not head.lstrip().startswith(("{", "[")):
            return None
        is_one = _INDICATOR.search(head) is not None and _OF_ONE.search(head) is not None
        return Sure() if is_one or _ID.search(head) else None

    def read(self, document: ListDocument, options: Options) -> Iterator[Batch]:
        """A record an indicator."""
        looked = _look(document)
        document.notices += judge_titles(looked.titles, options)
        seen = looked.seen | {*DERIVED}
        fields = Fields(options, meanings(seen), seen, is_delta=document.is_delta)
        reading = _Indicators(options, looked, fields, Patterns(options))
        objects = _objects(document)
        while some := [*islice(objects, AT_ONCE)]:
            yield reading.batch(some)
        if looked.elsewhere:
            yield reading.elsewhere()
        fields.judge(document)
        document.notices.extend(reading.notices())


@dataclass
class _Indicators:
    options: Options
    looked: _LookedObjects
    fields: Fields
    patterns: Patterns
    others: Counter[str] = field(default_factory=Counter)
    is_first: bool = True
    n: int = 0  # indicators so far
    own: OwnFields = field(default_factory=_own_fields)
    shapes: dict[tuple[str, ...], list[str]] = field(default_factory=dict)
    traits: dict[tuple[str, ...], Trait] = field(default_factory=dict)

    def batch(self, some: list[tuple[int, Object]]) -> Batch:
        """The indicators among objects as records; what was only seen is counted."""
        held = [(number, value) for number, value in some if _type(value) == "indicator"]
        batch, values = Batch(len(held)), Columns()
        for _, value in some if len(held) < len(some) else ():
            kind = _type(value)
            if kind in _SEEN:
                batch.skipped[SEEN] += 1
            elif kind != "indicator":
                self.others[told(kind, 30)] += 1
        ids = [_id(value) for _, value in held]
        rows = [self._row(value, of) for (_, value), of in zip(held, ids, strict=True)]
        fates, _ = self.fields.read(rows, [0] * len(rows))
        looked = self.looked
        if looked.replaced or looked.latest:
            fates |= {
                i: REPLACED
                for i, (no, _) in enumerate(held)
                if self.n + i in looked.replaced or self._is_replaced(no, ids[i])
            }
        batch.fates = fates
        self.n += len(held)
        for i, (_, value) in enumerate(held):
            if batch.fates.get(i) not in (OTHER_RULE, REPLACED):
                pattern = text_of(value.get("pattern"))
                self.patterns.take(i, pattern, batch, values, rows[i].get("name", ()))
        batch.values = values.all()
        batch.ids = [of or None for of in ids]
        batch.traits = [self._trait(value) for _, value in held]
        if self.is_first:
            self.fields.refuse(so_far=True)
        self.is_first = False
        return batch

    @cached_property
    def read_names(self) -> frozenset[str]:
        """The names of fields that are read."""
        return self.fields.read_names

    def elsewhere(self) -> Batch:
        """Indicators of other files, or of the list that is brought up to date, by their ids."""
        found = {of: self._undone(words) for of, words in self.looked.elsewhere.items()}
        gone = {of: fate for of, fate in found.items() if fate}
        return Batch(len(gone), fates=dict(enumerate(gone.values())), ids=[*gone])

    def _undone(self, words: Mapping[str, list[str]]) -> str | None:
        """Why what others say takes an indicator out, where the curator does not say otherwise."""
        chosen = {names.squeezed(x) for x in (*self.options.where, *self.options.ignore)}
        for name, some in words.items():
            knows = MEANINGS[name].knows if name in MEANINGS else None
            if knows is None or names.squeezed(name) in chosen:
                continue
            said = [says for word in some if (says := knows(word)) and says.is_sure]
            if fate := next((says.fate for says in said if says.fate in UNDOES), None):
                return fate
        return None

    def _row(self, value: Object, of: str) -> dict[str, Sequence[str]]:
        shape = tuple(value)
        fields = self.shapes.get(shape)
        if fields is None:
            fields = [name for name in shape if name in self.read_names]
            if len(self.shapes) < _SHAPES:
                self.shapes[shape] = fields
        row: dict[str, Sequence[str]] = {}
        for name in fields:
            words = value[name]
            if type(words) is str:
                row[name] = (words,)
            elif words is not None and type(words) is not dict:
                row[name] = tuple(map(text_of, each_of(words)))
        row |= self.own.words(value)
        for name, said in self.looked.words.get(of, {}).items():
            row[name] = tuple(said)
        if "name" in row:
            is_of_file = "hashes" in text_of(value.get("pattern"))
            if not is_of_file or any("://" in word for word in row["name"]):
                del row["name"]  # of a host, which may end as files of programs do
        return row

    def _is_replaced(self, number: int, of: str) -> bool:
        latest = self.looked.latest.get(of)
        return latest is not None and latest[1] != number

    def _trait(self, value: Object) -> Trait:
        by = self.looked.givers.get(text_of(value.get("created_by_ref")), "")
        first = text_of(value.get("valid_from")) or text_of(value.get("created"))
        told = (
            text_of(value.get("confidence")), first[:10], text_of(value.get("modified"))[:10], by,
        )  # fmt: skip
        if told not in self.traits:
            if len(self.traits) >= _MANY:
                self.traits.clear()
            told_as = zip((names.CONFIDENCE, names.FIRST, names.LAST, names.BY), told, strict=True)
            said = {what: traits.trait_text(what, text) for what, text in told_as if text}
            self.traits[told] = Trait(**said)
        return self.traits[told]

    def notices(self) -> list[str]:
        """What the curator should know of what was read."""
        found = self.patterns.notices()
        if self.others:
            said = ", ".join(f"{kind}: {n:,}" for kind, n in self.others.most_common(10))
            found.append(f"objects that list nothing: {said}")
        return found
