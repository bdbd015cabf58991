"""StopNCII, Tech Against Terrorism and ThreatExchange: what their fields and words mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from relaion.lists.readers import why
from relaion.lists.readers.documents.fields import Meaning
from relaion.lists.readers.documents.valued_records import Exchange, counting, knows
from relaion.lists.readers.tables.decisions import read_word, word_of_any
from relaion.lists.readers.tables.notes import SPEAKS
from relaion.lists.readers.tables.said import COUNTS, UNSURE, WordSays
from relaion.lists.readers.vocabulary import names


def _knows(said: Mapping[str, WordSays]) -> Callable[[str], WordSays | None]:
    """What words say, in any case and however they are divided."""
    told = knows(said)
    return lambda word: told.get(names.squeezed(word))


_OF_TEXT = WordSays(why.NO_ENTRY)

STOPNCII = Exchange(
    "stopncii", "a list of StopNCII", value="hashValue", type="signalType",
    moment="lastModtimestamp", asked=("hashStatus",),
    meanings={
        "signalType": Meaning(
            names.TYPE, "signaltype",
            # its own digests are of videos, and none of them is called so
            _knows({"text": _OF_TEXT, "unknown": _OF_TEXT, "md5": UNSURE}),
        ),
        "hashStatus": Meaning(
            names.STANDING, "status",
            _knows(counting("active") | dict.fromkeys(("received", "unknown", ""), UNSURE)),
        ),
        # the state of a record is that of all its cases together, which can hardly be active then
        "cases": Meaning(
            names.STANDING, "status", _knows({"all withdrawn": UNSURE}), is_quiet=True
        ),
        "feedback": Meaning(
            names.STANDING, "feedback",
            _knows(
                counting("none", "blocked", "pending review", "quality unknown", "unknown")
                | dict.fromkeys(("not blocked", "withdrawn", "deleted"), UNSURE)
            ),
        ),
        "tags": Meaning(names.NOTE),
        "hashValue": Meaning(), "lastModtimestamp": Meaning(), "feedback.source": Meaning(),
    },
    traits={"lastModtimestamp": names.LAST},
    spelled={
        "cspfeedbacksfeedbackvalue": "feedback", "cspfeedbackstags": "tags",
        "cspfeedbackssource": "feedback.source",
    },
)  # fmt: skip

TAT = Exchange(
    "tat", "a list of Tech Against Terrorism", value="hash_digest", type="algorithm",
    record_id="id", moment="updated_on",
    meanings={
        "algorithm": Meaning(names.TYPE, "algorithm"),
        "deleted": Meaning(names.GONE, "deleted"),
        "file_type": Meaning(names.MEDIA, "filetype"),
        "hash_digest": Meaning(), "ideology": Meaning(), "id": Meaning(), "updated_on": Meaning(),
        "created_on": Meaning(),
    },
    traits={"created_on": names.FIRST, "updated_on": names.LAST},
)  # fmt: skip


# -- ThreatExchange ----------------------------------------------------------------------------

_TYPES = (
    dict.fromkeys(
        (
            "raw_text", "trend_query", "debug_string", "text_string", "cmd_line", "signature",
            "email_address", "api_key", "html_id", "http_request",
        ),
        _OF_TEXT,
    )
    | {word: WordSays(why.OTHER_HASH, unusable="tlsh") for word in ("text_tlsh", "hash_text_tlsh")}
    | {word: WordSays(why.OTHER_HASH, unusable="pdq") for word in ("pdq_ocr", "hash_pdq_ocr")}
    | {word: WordSays(why.OTHER_HASH, unusable="photodna") for word in ("hash_photodna",)}
    | {word: WordSays(why.VIDEO, unusable="tmk") for word in ("hash_tmk", "tmk", "video_tmk")}
)  # fmt: skip
_CLASSES = counting("POSITIVE_CLASS", "INVESTIGATION_SEED", "TRUE_POSITIVE") | {
    "NEGATIVE_CLASS": WordSays(why.GOOD), "FALSE_POSITIVE": WordSays(why.GOOD),
    "DISPUTED": WordSays(why.DISPUTED),
}  # fmt: skip
_MEDIA = {"photo": COUNTS, "image": COUNTS, "video": WordSays(why.VIDEO)}
_reviewed = _knows(counting("REVIEWED_MANUALLY", "REVIEWED_AUTOMATICALLY"))


def says_of_tag(tag: str) -> WordSays:
    """A tag is a word of anybody's; some say of what the value is, or that it does not count."""
    plain = tag.strip().casefold()
    if plain.startswith("media_type_"):
        return next(
            (says for word, says in _MEDIA.items() if word in plain), WordSays(why.NO_IMAGE)
        )
    speaks = any(word in SPEAKS for word in names.words_of(tag))
    if word_of_any(tag) == names.STANDING:
        return read_word(names.STANDING, tag)
    return UNSURE if speaks else COUNTS


def says_of_reaction(reaction: str) -> WordSays:
    """What other members said of a record; they disagree in two ways."""
    return WordSays(why.DISPUTED) if "DISAGREE" in reaction.upper() else COUNTS


_TAGS = Meaning(names.STANDING, "tags", says_of_tag, is_quiet=True)

THREATEXCHANGE = Exchange(
    "threatexchange", "a list of ThreatExchange", value="indicator", type="type", record_id="id",
    moment="last_updated", holds_others=True,
    meanings={
        "type": Meaning(names.TYPE, "type", _knows(_TYPES)),
        "status": Meaning(
            names.STANDING, "status",
            _knows({
                "MALICIOUS": COUNTS, "NON_MALICIOUS": WordSays(why.GOOD), "SUSPICIOUS": UNSURE,
                "UNKNOWN": UNSURE,
            }),
        ),
        "should_delete": Meaning(names.GONE, "delete"),
        "expired_on": Meaning(names.UNTIL, "expiredon", _knows(counting("0"))),
        "reactions": Meaning(names.STANDING, "reactions", says_of_reaction, is_quiet=True),
        "tags": _TAGS,
        "review_status": Meaning(names.STANDING, "status", _reviewed),
        "share_level": Meaning(), "privacy_type": Meaning(), "owner": Meaning(),
        "indicator": Meaning(), "id": Meaning(), "added_on": Meaning(), "last_updated": Meaning(),
        "threat_type": Meaning(), "precision": Meaning(), "first_active": Meaning(),
        "last_active": Meaning(),
    },
    traits={
        "added_on": names.FIRST, "last_updated": names.LAST, "owner": names.BY,
        "severity": names.SEVERITY, "confidence": names.CONFIDENCE,
    },
    spelled={
        "rawindicator": "indicator", "indicatorindicator": "indicator", "indicatortype": "type",
        "ownerid": "owner", "tagstext": "tags", "myreactions": "reactions",
    },
)  # fmt: skip

THREATEXCHANGE_CSV = Exchange(
    "threatexchange-csv", "a data set of ThreatExchange", value="signal_str", type="signal_type",
    meanings={
        "signal_type": Meaning(names.TYPE, "type", _knows(_TYPES)),
        "category": Meaning(names.CATEGORY, "category", _knows(_CLASSES)),
        "tags": _TAGS, "labels": _TAGS,
        "signal_str": Meaning(), "collab": Meaning(),
    },
    traits={"collab": names.BY},
)  # fmt: skip

TE_FILE = Exchange(
    "te", "a ThreatExchange file (.te)", value="indicator", type="type",
    record_id="first_descriptor_id",
    meanings={
        "type": Meaning(names.TYPE, "type", _knows(_TYPES)),
        "labels": _TAGS,
        "indicator": Meaning(), "first_descriptor_id": Meaning(), "added_on": Meaning(),
    },
    traits={"added_on": names.FIRST},
)  # fmt: skip
