"""What MISP itself defines: its types, categories, tags, sightings and objects.

Only digests that are of a file as a whole, links, and under `--scope host` hosts can be entries.
What else MISP calls a hash is of a part of a program, of a certificate, of a connection.
"""

from __future__ import annotations

import re
from functools import lru_cache

from relaion.lists.readers import why
from relaion.lists.readers.documents.fields import Meaning
from relaion.lists.readers.format import LINK_KINDS
from relaion.lists.readers.lines import titles
from relaion.lists.readers.tables.decisions import media_word, read_word, type_of
from relaion.lists.readers.tables.notes import read_text
from relaion.lists.readers.tables.said import COUNTS, UNSURE, WordSays
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.answers import answer_of
from relaion.lists.readers.vocabulary.relations import doubted_says
from relaion.lists.readers.vocabulary.spelling import expanded
from relaion.lists.readers.vocabulary.trials import trial_in

# -- Types ---------------------------------------------------------------------------------------


def _squeezed(told: str) -> frozenset[str]:
    return frozenset(map(names.squeezed, expanded(told).split()))


_OTHER_HASH = re.compile(
    r"authentihash|cdhash|dom-?hash|impfuzzy|imphash|pehash|telfhash|vhash|ssdeep|tlsh|sdhash"
    r"|sha-?(?:224|384|512(?:[/-](?:224|256))?)|sha-?3(?:-\d+)?|favicon-mmh3|git-commit-id|pdq|phash"
    r"|(?:x509|ja3s?|ja4\w*|jarm|hassh|hasshserver)(?:-fingerprint)?(?:-(?:md5|sha1|sha256))?"
    r"|.*-fingerprint.*|.*-mmh3"
)
_NO_ENTRIES = _squeezed("{misp_types_of_no_entry}")
_WITH = {"domain": "ip", "hostname": "port", "ip-dst": "port", "ip-src": "port"}  # a host and more
_OF_REFERENCE = WordSays(why.REFERENCE)
_TYPES = {
    "malware-sample": WordSays(why.NO_IMAGE), "link": _OF_REFERENCE,
    **dict.fromkeys(("url", "uri"), WordSays(kinds=LINK_KINDS)),
}  # fmt: skip


@lru_cache(4096)
def type_says(word: str) -> WordSays | None:
    """What the type of an attribute says; None where MISP has no such type."""
    bare = word.strip().casefold()
    first, is_two, second = bare.partition("|")
    if is_two and first.strip() == "filename":
        return type_says(second)
    if is_two:
        is_host = _WITH.get(first.strip()) == second.strip()
        return type_of(first) if is_host else WordSays(why.NO_ENTRY)
    if _OTHER_HASH.fullmatch(bare):
        return WordSays(why.NO_ENTRY, unusable=bare)
    if names.squeezed(bare) in _NO_ENTRIES:
        return WordSays(why.NO_ENTRY)
    return _TYPES.get(bare) or type_of(bare)


def value_of(kind: str, value: str) -> tuple[str, str]:
    """The name of a file, or nothing, and the value itself: a composite holds both."""
    first, is_two, second = kind.strip().casefold().partition("|")
    if not is_two:
        return "", value
    if first == "filename" or second == "value":
        name, _, bare = value.rpartition("|")
        return name, bare
    return "", value.partition("|")[0]  # a host, before its address or port


# -- Categories ----------------------------------------------------------------------------------

_CATEGORIES = _squeezed("{misp_categories}")
_REFERENCES = _squeezed("{misp_categories_of_references}")
CATEGORIES = (_CATEGORIES | _REFERENCES) - {"other", "person", "attribution"}
"""Squeezed: words by which a column of categories is known for one of MISP."""
OF_ANALYSIS = "externalanalysis"
"""Squeezed: links in this category tell of what was found, digests are of it."""


def category_says(word: str) -> WordSays | None:
    """What the category of an attribute says; None where MISP has no such category."""
    plain = names.squeezed(word)
    if plain in _REFERENCES:
        return _OF_REFERENCE
    return COUNTS if not plain or plain in _CATEGORIES else None


# -- Tags, sightings and what else stands beside an attribute --------------------------------------

_MACHINE = re.compile(r"\s*([^:=\"]+):([^:=\"]+?)\s*(?:=\s*\"?(.*?)\"?\s*)?", re.S)
_OF_CLUSTERS = ("misp-galaxy", "tlp", "pap", "osint", "type")
_TOLD = {
    ("falsepositive", "confirmed", "true"): WordSays(why.GOOD),
    ("falsepositive", "confirmed", "false"): COUNTS,
    ("falsepositive", "risk", "low"): COUNTS,
    ("falsepositive", "risk", "high"): WordSays(why.DISPUTED),
    ("falsepositive", "risk", "medium"): UNSURE,
    ("falsepositive", "risk", "cannotbejudged"): UNSURE,
    ("ioc", "artifactstate", "malicious"): COUNTS,
    ("ioc", "artifactstate", "notmalicious"): WordSays(why.GOOD),
    ("workflow", "state", "draft"): WordSays(why.UNCONFIRMED),
    ("workflow", "state", "rejected"): WordSays(why.UNCONFIRMED),
    ("workflow", "todo", "reviewforfalsepositive"): UNSURE,
    ("workflow", "todo", "checkpassivednsforshareddomains"): COUNTS,
    ("retention", "expired", ""): WordSays(why.TAKEN_BACK),
}
"""Of tags that MISP's taxonomies define, by namespace, predicate and value."""


@lru_cache(65536)
def tag_says(tag: str) -> WordSays:
    """What a tag says: those of taxonomies by what they define, others by the words in them."""
    found = _MACHINE.fullmatch(tag)
    if found is None:
        return _free_tag(tag)
    space, predicate, value = (names.squeezed(part or "") for part in found.groups())
    if says := _TOLD.get((space, predicate, value)):
        return says
    if found[1].strip().casefold() in _OF_CLUSTERS:
        return COUNTS
    if not value:
        return _free_tag(found[2])
    of = names.read_name(found[2])
    if of.what not in names.DECIDING and answer_of(found[3]) is not None:
        of = names.read_name(found[1])
    if of.what in names.DECIDING and of.what != names.TYPE:
        said = read_word(of.what, found[3], of.word)
        return said if said.is_sure and said.fate in why.UNDOES else COUNTS
    remark = read_text(found[3], alone=True)  # malware may be called Clean
    is_trial = space == "exercise" or bool(trial_in(found[2], found[3]))
    return WordSays(remark.fate) if remark and remark.is_sure else UNSURE if is_trial else COUNTS


def _free_tag(text: str) -> WordSays:
    said = read_text(text, alone=False)
    if said is None:
        return UNSURE if trial_in("tag", text) else COUNTS
    return WordSays(said.fate) if said.is_sure and said.is_whole else UNSURE


SEEN, FALSE_POSITIVE, EXPIRED = "seen", "false-positive", "expiration"
_SIGHTINGS = {
    names.squeezed(SEEN): COUNTS, names.squeezed(FALSE_POSITIVE): WordSays(why.GOOD),
    names.squeezed(EXPIRED): WordSays(why.TAKEN_BACK), "": COUNTS,
}  # fmt: skip
SIGHTING_TYPES = {"0": SEEN, "1": FALSE_POSITIVE, "2": EXPIRED}


def sighting_says(word: str) -> WordSays | None:
    """What a sighting of an attribute says."""
    return _SIGHTINGS.get(names.squeezed(word))


_PARTS = re.compile(
    r".*section.*|x509|.*certificate.*|.*authenticode.*|pe|elf|macho|lnk|script|ja[34].*|hassh.*"
    r"|.*fingerprint.*|.*segment.*|yara|sigma|suricata|mutex|registry-key|process|exploit.*"
    r"|.*thumbnail.*|.*preview.*"
)


@lru_cache(4096)
def object_says(word: str) -> WordSays:
    """What the name of the object of an attribute says: digests of parts are of no image."""
    bare = word.strip().casefold()
    return WordSays(why.NO_IMAGE) if _PARTS.fullmatch(bare) else medium_says(bare)


def medium_says(word: str) -> WordSays:
    """What a name of an object, or of a kind of objects, says of their medium: `video-file`."""
    parts = [word, *re.split(r"[\W_]+", word)]
    said = [says for part in parts if (says := media_word(part)) is not None]
    if any(says.media == "image" for says in said) or "still" in parts:
        return COUNTS
    fates = [s.fate for s in said[:1] if said and media_word(word)]
    fates += [s.fate for s in said if s.fate == why.VIDEO]
    return WordSays(fates[0]) if fates and fates[0] else COUNTS


DECAYED, PARTLY_DECAYED = "decayed", "partly"


def decay_says(word: str) -> WordSays:
    """What models of decay say: where they differ, the curator is asked."""
    return {DECAYED: WordSays(why.TAKEN_BACK), PARTLY_DECAYED: UNSURE}.get(word, COUNTS)


_WORDS_OF_PROGRAMS = re.compile(
    r"(?i)\b(?:executable|pe32\+?|elf|mach-o|dll|ms-?dos|archive|document|text|script|shortcut)\b"
)


def mime_says(word: str) -> WordSays | None:
    """What a media type says, or the words in which `file` tells one."""
    if "/" in word or not word.strip():
        return None if word.strip() else COUNTS
    if re.search(r"(?i)\bimage\b", word):
        return WordSays(media="image")
    return WordSays(why.NO_IMAGE, media="other") if _WORDS_OF_PROGRAMS.search(word) else COUNTS


def published_says(word: str) -> WordSays | None:
    """An event that is not published is a draft: its giver has not confirmed it."""
    answer = answer_of(word) if word else True
    return None if answer is None else COUNTS if answer else WordSays(why.UNCONFIRMED)


def info_says(word: str) -> WordSays:
    """What the title of an event says: one that may take out all below it is asked about."""
    says = titles.title_of(word[: titles.LONGEST_TITLE])
    if says in (why.GOOD, why.TAKEN_BACK):
        return WordSays(says, is_sure=says == why.GOOD)
    is_out = isinstance(says, titles.Doubt) or says in titles.TAKES_OUT
    # `made up` by itself is what samples of a format call their events
    is_trial = trial_in("info", word) and names.squeezed(word) != "madeup"
    return UNSURE if is_out or is_trial else COUNTS


def _always(says: WordSays) -> Meaning:
    return Meaning(names.STANDING, knows=lambda word: says if word else COUNTS)


PASSED = expanded("{misp_fields_passed_over}")
MEANINGS = {name: Meaning() for name in PASSED.split()} | {
    "type": Meaning(names.TYPE, knows=type_says),
    "category": Meaning(names.CATEGORY, knows=category_says),
    "to_ids": Meaning(names.STILL, "toids"),
    "deleted": Meaning(names.GONE, "deleted"),
    "published": Meaning(names.STILL, "published", published_says),
    "analysis": Meaning(names.STANDING, knows=lambda _: COUNTS),
    "info": Meaning(names.STANDING, knows=info_says, is_quiet=True),
    "tag": Meaning(names.STANDING, knows=tag_says),
    "sighting": Meaning(names.STANDING, knows=sighting_says),
    "proposal": _always(WordSays(why.DISPUTED)),
    "warnings": _always(WordSays(why.GOOD)),
    "decayed": Meaning(names.STANDING, knows=decay_says),
    "relation": _always(WordSays(why.NO_IMAGE)),
    "reference": Meaning(names.STANDING, knows=doubted_says),
    "report": Meaning(names.STANDING, knows=info_says, is_quiet=True),
    "meta-category": Meaning(names.STANDING, knows=medium_says, is_quiet=True),
    "object_name": Meaning(names.STANDING, knows=object_says, is_quiet=True),
    "mimetype": Meaning(names.MEDIA, knows=mime_says),
    "comment": Meaning(names.NOTE, "comment"),
    "filename": Meaning(names.FILE_NAME, "filename"),
}
"""What the fields of attributes and of their events mean, by their names without case."""
