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
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.field_names import names_undefined, spelled_of, take_undefined
from relaion.lists.readers.documents.fields import Fields, Meaning, meaning_of
from relaion.lists.readers.documents.json_pieces import each_of, in_object, pieces, text_of
from relaion.lists.readers.documents.stix_entries import Patterns
from relaion.lists.readers.format import (
    DISPUTED,
    OTHER_RULE,
    REPLACED,
    SEEN,
    Batch,
    Columns,
    Options,
    Sure,
    Trait,
)
from relaion.lists.readers.lines.bad import word_of_bad
from relaion.lists.readers.tables import traits
from relaion.lists.readers.tables.decisions import COUNTS, WordSays
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.misp_words import category_says, info_says, tag_says
from relaion.lists.values import told

Object = Mapping[str, Any]
AT_ONCE = 2000
_RECORDS = frozenset(("objects",))
_ID = re.compile(r'(?i)"id"\s*:\s*"[a-z0-9-]+--[0-9a-z-]+"')
_INDICATOR = re.compile(r'(?i)"type"\s*:\s*"(?:bundle|indicator)"')
_OF_ONE = re.compile(r'(?i)"(?:pattern|objects|spec_version)"\s*:')
_SEEN = frozenset((
    "file", "artifact", "url", "domain-name", "ipv4-addr", "ipv6-addr", "email-message",
    "observed-data", "network-traffic", "process", "x509-certificate",
))  # fmt: skip


# -- What the fields of an indicator mean ----------------------------------------------------------

_TYPES = frozenset(map(names.squeezed, (
    "anomalous-activity", "anonymization", "attribution", "compromised", "malicious-activity",
    "unknown", "malware", "phishing", "c2", "botnet", "url-watchlist", "file-hash-watchlist", "",
)))  # fmt: skip


def type_says(word: str) -> WordSays | None:
    """What the type of an indicator says; None for a word that STIX does not define."""
    is_listed = names.squeezed(word) in _TYPES or word_of_bad(re.sub(r"[\W_]+", " ", word))
    return COUNTS if is_listed else None


def rule_says(word: str) -> WordSays:
    """Patterns of other languages are rules for the programs that read them."""
    return COUNTS if names.squeezed(word) in ("", "stix", "stix2") else WordSays(OTHER_RULE)


def opinion_says(word: str) -> WordSays:
    """What others think of an indicator."""
    is_disputed = "disagree" in names.squeezed(word)
    return WordSays(DISPUTED) if is_disputed else COUNTS


PASSED = (
    "type id spec_version created modified created_by_ref valid_from pattern "
    "pattern_version lang confidence external_references object_marking_refs "
    "granular_markings kill_chain_phases extensions defanged object_refs objects "
    "x_opencti_score x_opencti_detection x_opencti_id x_opencti_main_observable_type "
    "x_opencti_created_by_ref x_opencti_labels x_mitre_version x_misp_type"
)
MEANINGS = {name: Meaning() for name in PASSED.split()} | {
    "revoked": Meaning(names.GONE, "revoked"),
    "valid_until": Meaning(names.UNTIL, "validuntil"),
    "x_misp_category": Meaning(names.CATEGORY, knows=category_says),
    "indicator_types": Meaning(names.STANDING, knows=type_says),
    "labels": Meaning(names.STANDING, knows=tag_says),
    "pattern_type": Meaning(names.STANDING, knows=rule_says),
    "name": Meaning(names.FILE_NAME, "name"),
    "description": Meaning(names.CAPTION, "description"),
    "opinion": Meaning(names.STANDING, knows=opinion_says),
    "note": Meaning(names.NOTE, "note"),
    "report": Meaning(names.STANDING, knows=info_says, is_quiet=True),
}
_SAYING = {
    "opinion": (("opinion", "opinion"),),
    "note": (("abstract", "note"), ("content", "note")),
    "report": (("name", "report"),),
    "grouping": (("name", "report"),),
}
"""Fields of objects that speak of others, and what they are called beside these."""
DERIVED = ("opinion", "note", "report")
_LEFT = frozenset((
    "extension_type", "type", "main_observable_type", "observable_values", "detection",
    "is_inferred", "external_references", "kill_chain_phases", "granular_markings",
))  # fmt: skip
"""Within extensions: what STIX and OpenCTI define, and what decides nothing."""
_PREFIXES = (r"(?i)^x_(?=[a-z0-9]+_)", r"(?i)^x_[a-z0-9]+_", r"(?i)^x_")


def _meanings(seen: set[str]) -> dict[str, Meaning]:
    """The same for the fields of a file; those of a giver's own speak without their prefix."""
    found = dict(MEANINGS)
    for name in seen - found.keys():
        spelled = spelled_of(name)
        # `x_under_review` has no giver before it, `x_giver_status` has one
        bare = dict.fromkeys(re.sub(form, "", spelled) for form in _PREFIXES)
        meanings = [meaning_of(each) for each in bare if each != spelled]
        told_by = (m for m in meanings if m.what in names.DECIDING)
        if meaning := next(told_by, None):
            found[name] = meaning
    return found


# -- Objects ---------------------------------------------------------------------------------------


@dataclass
class _Looked:
    """What a first look at all objects found.

    `latest` is the number of the version that counts, of objects that have several; `words` what
    other objects say of one, by its id and by field; `givers` the names of identities.
    """

    seen: set[str] = field(default_factory=set)
    ids: array[int] = field(default_factory=lambda: array("q"))
    latest: dict[str, tuple[str, int, bytes]] = field(default_factory=dict)
    words: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    givers: dict[str, str] = field(default_factory=dict)

    def say(self, value: Object, name: str, word: str) -> None:
        """Keep what an object says of others."""
        for ref in each_of(value.get("object_refs")):
            if isinstance(ref, str):
                self.words.setdefault(ref, {}).setdefault(name, []).append(word)


def _objects(document: ListDocument) -> Iterator[tuple[int, Object]]:
    """The objects of a file, each with its number, whatever they are packed in.

    Raises ListError for what is none.
    """
    number = 0
    for piece in pieces(document, frozenset(), _RECORDS):
        for value in _unpacked(piece.value):
            yield number, value
            number += 1


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


def _defined(value: Object) -> set[str]:
    """The fields of an indicator that STIX defines; what holds a giver's own fields is none."""
    return {name for name in MEANINGS if not isinstance(value.get(name), dict)}


def _type(value: Object) -> str:
    return text_of(value.get("type")).strip().casefold()


def _look(document: ListDocument) -> _Looked:
    found = _Looked()
    for _, value in _objects(document):
        kind = _type(value)
        if kind == "indicator":
            names_undefined(
                found.seen,
                value,
                defined=_defined(value),
                called="STIX",
                text_of=text_of,
                left=_LEFT,
            )
            found.ids.append(hash(_id(value)))
        elif kind == "identity" and (name := text_of(value.get("name"))):
            found.givers[_id(value)] = name
        for name, field_name in _SAYING.get(kind, ()):
            text = text_of(value.get(name))
            if text and (field_name != "report" or info_says(text) != COUNTS):
                found.say(value, field_name, text)
    if several := _several(found.ids):
        _find_latest(document, several, found.latest)
    return found


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
        seen = looked.seen | {*DERIVED}
        fields = Fields(options, _meanings(seen), seen, is_delta=document.is_delta)
        reading = _Indicators(options, looked, fields, Patterns(options))
        objects = _objects(document)
        while some := [*islice(objects, AT_ONCE)]:
            yield reading.batch(some)
        fields.judge(document)
        document.notices.extend(reading.notices())


@dataclass
class _Indicators:
    options: Options
    looked: _Looked
    fields: Fields
    patterns: Patterns
    others: Counter[str] = field(default_factory=Counter)
    is_first: bool = True

    def batch(self, some: list[tuple[int, Object]]) -> Batch:
        """The indicators among objects as records; what was only seen is counted."""
        held = [(number, value) for number, value in some if _type(value) == "indicator"]
        batch, values = Batch(len(held)), Columns()
        for _, value in some:
            kind = _type(value)
            if kind in _SEEN:
                batch.skipped[SEEN] += 1
            elif kind != "indicator":
                self.others[told(kind, 30)] += 1
        rows = [self._row(value) for _, value in held]
        fates, _ = self.fields.read(rows, [0] * len(rows))
        batch.fates = fates | {
            i: REPLACED for i, (no, value) in enumerate(held) if self._is_replaced(no, value)
        }
        for i, (_, value) in enumerate(held):
            if batch.fates.get(i) not in (OTHER_RULE, REPLACED):
                pattern = text_of(value.get("pattern"))
                self.patterns.take(i, pattern, batch, values, rows[i].get("name", ()))
        batch.values = values.all()
        batch.ids = [_id(value) or None for _, value in held]
        batch.traits = [self._trait(value) for _, value in held]
        if self.is_first:
            self.fields.refuse(so_far=True)
        self.is_first = False
        return batch

    def _row(self, value: Object) -> dict[str, Sequence[str]]:
        row: dict[str, Sequence[str]] = {
            name: tuple(text_of(each) for each in each_of(words))
            for name, words in value.items()
            if not isinstance(words, dict) and words is not None
        }
        row = {name: words for name, words in row.items() if name in MEANINGS}
        take_undefined(
            row, value, defined=_defined(value), called="STIX", text_of=text_of, left=_LEFT
        )
        for name, said in self.looked.words.get(_id(value), {}).items():
            row[name] = tuple(said)
        is_of_file = "hashes" in text_of(value.get("pattern"))
        if not is_of_file or any("://" in word for word in row.get("name", ())):
            row.pop("name", None)  # of a host, which may end as files of programs do
        return row

    def _is_replaced(self, number: int, value: Object) -> bool:
        latest = self.looked.latest.get(_id(value))
        return latest is not None and latest[1] != number

    def _trait(self, value: Object) -> Trait:
        by = self.looked.givers.get(text_of(value.get("created_by_ref")), "")
        first = text_of(value.get("valid_from")) or text_of(value.get("created"))
        told_as = {
            names.CONFIDENCE: text_of(value.get("confidence")),
            names.FIRST: first[:10],
            names.LAST: text_of(value.get("modified"))[:10],
            names.BY: by,
        }
        said = {what: traits.trait_text(what, text) for what, text in told_as.items() if text}
        return Trait(**said)

    def notices(self) -> list[str]:
        """What the curator should know of what was read."""
        found = self.patterns.notices()
        if self.others:
            said = ", ".join(f"{kind}: {n:,}" for kind, n in self.others.most_common(10))
            found.append(f"objects that list nothing: {said}")
        return found
