"""What the fields of STIX 2 mean: those of an indicator, and what other objects say of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from relaion.lists.readers import why
from relaion.lists.readers.documents.field_names import spelled_of
from relaion.lists.readers.documents.fields import Meaning
from relaion.lists.readers.documents.json_pieces import each_of, text_of
from relaion.lists.readers.documents.own_fields import OwnFields, bare, own_name
from relaion.lists.readers.format import BETWEEN
from relaion.lists.readers.lines.known_good import word_of_bad
from relaion.lists.readers.tables.said import COUNTS, WordSays
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.misp_words import (
    FALSE_POSITIVE,
    SIGHTING_TYPES,
    category_says,
    info_says,
    sighting_says,
    tag_says,
)
from relaion.lists.readers.vocabulary.relations import is_of_source, relation_says
from relaion.lists.readers.vocabulary.trials import trial_in

Object = Mapping[str, Any]

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
    return COUNTS if names.squeezed(word) in ("", "stix", "stix2") else WordSays(why.OTHER_RULE)


def opinion_says(word: str) -> WordSays:
    """What others think of an indicator."""
    is_disputed = "disagree" in names.squeezed(word)
    return WordSays(why.DISPUTED) if is_disputed else COUNTS


PASSED = (
    "type id spec_version created modified created_by_ref valid_from pattern "
    "pattern_version lang external_references object_marking_refs "
    "granular_markings kill_chain_phases defanged object_refs objects "
    "x_opencti_score x_opencti_detection x_opencti_id x_opencti_main_observable_type "
    "x_opencti_created_by_ref x_opencti_labels x_mitre_version"
)
MEANINGS = {name: Meaning() for name in PASSED.split()} | {
    "confidence": Meaning(names.UNKNOWN, "confidence", out_of=100),
    "revoked": Meaning(names.GONE, "revoked"),
    "valid_until": Meaning(names.UNTIL, "validuntil"),
    "x_misp_category": Meaning(names.CATEGORY, knows=category_says),
    "x_misp_type": Meaning(),
    "indicator_types": Meaning(names.STANDING, knows=type_says),
    "labels": Meaning(names.STANDING, knows=tag_says),
    "pattern_type": Meaning(names.STANDING, knows=rule_says),
    "name": Meaning(names.FILE_NAME, "name"),
    "description": Meaning(names.NOTE, "description"),
    "opinion": Meaning(names.STANDING, knows=opinion_says),
    "note": Meaning(names.NOTE, "note"),
    "report": Meaning(names.STANDING, knows=info_says, is_quiet=True),
    "relationship": Meaning(names.STANDING, knows=relation_says),
    "sighting": Meaning(names.STANDING, knows=sighting_says),
}
DERIVED = ("opinion", "note", "report", "relationship", "sighting")


def meanings(seen: set[str]) -> dict[str, Meaning]:
    """The same for the fields of a file; those of a giver's own speak without their prefix."""
    found = dict(MEANINGS)
    for name in seen - found.keys():
        if name.endswith(f"{BETWEEN}labels"):
            found[name] = Meaning(names.STANDING, knows=tag_says)
            continue
        says = own_name(name) if BETWEEN in name else names.read_name(bare(spelled_of(name)))
        if says is not None and (says.what in names.DECIDING or BETWEEN in name):
            found[name] = Meaning(says.what, says.word)
    return found


# -- What objects say of others --------------------------------------------------------------------

_SAYING = {
    "opinion": (("opinion", "opinion"),),
    "note": (("abstract", "note"), ("content", "note")),
    "report": (("name", "report"),),
    "grouping": (("name", "report"), ("context", "report")),
}
"""Fields of objects that speak of others, and what they are called beside these."""


Said = tuple[str, str, str]  # the id of what is spoken of, a field, a word


def said_in(value: Object) -> list[Said]:
    """What an object says of indicators; nothing where it speaks of none, or was revoked."""
    kind = text_of(value.get("type")).strip().casefold()
    if text_of(value.get("revoked")).strip().casefold() in ("true", "1"):
        return []
    if kind == "relationship":
        return _in_relationship(value)
    if kind == "sighting":
        return _in_sighting(value) + _own_of(kind, value)
    if kind.startswith("x-"):
        return _in_own(kind, value)
    found = _own_of(kind, value) if kind in _SAYING else []
    if kind in _GATHERED and (word := _trial_in(value)):
        found += [(ref, "report", word) for ref in each_of(value.get("object_refs"))]
    for name, field_name in _SAYING.get(kind, ()):
        text = text_of(value.get(name))
        if text and (field_name != "report" or info_says(text) != COUNTS):
            refs = each_of(value.get("object_refs"))
            found += [(ref, field_name, text) for ref in refs if isinstance(ref, str)]
    return found


_GATHERED = ("report", "grouping")


def _trial_in(value: Object) -> str:
    """What a report says beside its name by which what it gathers is of a trial: a label."""
    told = [*each_of(value.get("labels")), *each_of(value.get("report_types"))]
    held = [*map(text_of, told), text_of(value.get("context")), text_of(value.get("description"))]
    return next((text for text in held if trial_in("description", text)), "")


def is_indicator(ref: str) -> bool:
    """Whether an id is that of an indicator."""
    return ref.strip().casefold().startswith("indicator--")


def _in_relationship(value: Object) -> list[Said]:
    word = text_of(value.get("relationship_type")).strip()
    found = _own_of("relationship", value)
    if relation_says(word) == COUNTS:
        return found
    source, target = (text_of(value.get(name)).strip() for name in ("source_ref", "target_ref"))
    first, second = (source, target) if is_of_source(word) else (target, source)
    of = first if is_indicator(first) else second
    return found + [(of, "relationship", word)] * is_indicator(of)


def _in_sighting(value: Object) -> list[Said]:
    word = text_of(value.get("x_misp_sighting_type")).strip()
    if text_of(value.get("x_opencti_negative")).strip().casefold() in ("true", "1"):
        word = FALSE_POSITIVE
    word = SIGHTING_TYPES.get(word, word)
    of = text_of(value.get("sighting_of_ref")).strip()
    is_said = is_indicator(of) and sighting_says(word) not in (None, COUNTS)
    return [(of, "sighting", word)] if is_said else []


def _own_of(kind: str, value: Object) -> list[Said]:
    """What a giver's own flags on an object say of the indicators of which it speaks."""
    own = {
        name: word for name, word in value.items()
        if name not in _DEFINED and not name.startswith(_OF_PROGRAMS)
    }  # fmt: skip
    told = [
        (name, word) for name, some in OwnFields().words({kind: own}).items() for word in some
        if (says := own_name(name)) and says.what in names.DECIDING
    ]  # fmt: skip
    labels = (word for each in each_of(value.get("labels")) if (word := text_of(each)))
    told += [(_called(kind, "labels"), word) for word in labels if tag_says(word).fate]
    refs = [x for name in _REFS for x in each_of(value.get(name)) if isinstance(x, str)]
    return [(ref, *said) for ref in refs if is_indicator(ref) for said in told]


_OF_PROGRAMS = ("x_misp_", "x_opencti_")
_REFS = ("object_refs", "sighting_of_ref", "source_ref", "target_ref")
_DEFINED = frozenset((
    *PASSED.split(), *_REFS, "revoked", "confidence", "labels", "name", "description", "summary",
    "abstract", "content", "authors", "opinion", "explanation", "report_types", "published",
    "context", "relationship_type", "start_time", "stop_time", "first_seen", "last_seen", "count",
    "observed_data_refs", "where_sighted_refs",
))  # fmt: skip
"""What STIX itself defines of objects that speak of others."""


def _called(kind: str, name: str) -> str:
    return f"{kind}{BETWEEN}{name}"


def _in_own(kind: str, value: Object) -> list[Said]:
    """What an object that STIX does not define says of the indicators to which it refers."""
    named = [x for name, x in value.items() if name.casefold().endswith(("_ref", "_refs"))]
    refs = [r for some in named for r in each_of(some) if isinstance(r, str) and is_indicator(r)]
    if not refs:
        return []
    words = [(_called(kind, name), text_of(x)) for name, x in value.items() if own_name(name)]
    words += [(name, w) for name, some in OwnFields().words({kind: value}).items() for w in some]
    if relation_says(kind) != COUNTS:
        words.append(("relationship", kind))
    told = {(name, word) for name, word in words if word and name != _called(kind, "type")}
    return [(ref, name, word) for ref in refs for name, word in sorted(told)]
