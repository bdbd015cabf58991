"""What the name of a column says: what its values are, or what they decide.

Names on the list of other things are never entries, whatever their values look like: an MD4 has
the length of an MD5, a PDQ that of a SHA-256, and a number of a row may be 32 hex digits long.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from relaion.lists.readers.format import ANY, LINK_KINDS
from relaion.lists.readers.vocabulary.one_word import kinds_by, kinds_named
from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import folded, read_anew, words_in
from relaion.roles import HASHED_LINK_KINDS, IMAGE_KINDS

ENTRY, OTHER, REFERENCE, ID, UNKNOWN = "entry", "other", "reference", "id", "unknown"
FILE_NAME, CAPTION, NOTE = "file name", "caption", "note"
# what a column decides: of what kind its words are
STANDING, CATEGORY, MEDIA, TYPE, GONE, STILL, UNTIL = (
    "standing", "category", "media", "type", "gone", "still", "until",
)  # fmt: skip
DECIDING = frozenset((STANDING, CATEGORY, MEDIA, TYPE, GONE, STILL, UNTIL))
SEVERITY, FIRST, LAST, CONFIDENCE, BY = (
    "severity", "first_seen", "last_seen", "confidence", "by",
)  # fmt: skip
TRAITS = (SEVERITY, FIRST, LAST, CONFIDENCE, BY)
_LINKED = (*LINK_KINDS, *HASHED_LINK_KINDS)


@dataclass(frozen=True)
class NameSays:
    """What a name says. `kinds` are those of an entry, `word` what of the name told.

    `is_weak`: the links of such a column are listed only where no better column is.
    """

    what: str
    kinds: tuple[str, ...] = ()
    word: str = ""
    is_weak: bool = False


_ALGORITHM = re.compile(r"md5|sha1|sha256|sha")
_OTHER_ALGORITHM = pattern("algorithms.in_columns")
_IDENTITY = words_in("{identity_names}")
_STRING = words_in("{string_names}")
_OTHER_MEDIA = words_in("{other_media_names}")
_SALTED = words_in("{salted_names}")
"""Before a digest: it is of more, or of less, than the bytes of a file."""
_HASH = words_in("{hash_words}")
_SETS = words_in("set sets list database")
_PLAIN = _HASH | words_in("{beside_plain_hashes}")
_OF_CHECK, _REPORTED = map(words_in, ("{of_check_names}", "{reported_names}"))
_OF_LINK = words_in("{link_names}")
_OF_IMAGE = words_in("{of_image_names}")
_REFERENCE = words_in("{reference_names}")
_TELLS = _REFERENCE | words_in("{complaint_names}")

_WEAK = words_in("source src original origin")
_LISTED = words_in("{listed_link_names} {reported_names}")
LISTED = "listed"
_DECIDES = {
    STANDING: "{standing_names}", CATEGORY: "{category_names}",
    MEDIA: "{media_names}", TYPE: "{type_names}",
}  # fmt: skip
_DECIDING = {word: what for what, words in _DECIDES.items() for word in words_in(words)}
_DECIDES_LAST = {  # these only where nothing stands behind them: `qa notes` decide nothing
    word: what
    for what, said in (
        (STANDING, "{standing_names_at_end}"), (CATEGORY, "{category_names_at_end}"),
    )
    for word in words_in(said) - _DECIDING.keys()
}  # fmt: skip
_CUT, _LACKS = 3, 2  # letters that a name cut off has, and lacks
_GONE = words_in("{gone_names}") - words_in("{no_gone_names}")
_STILL = (words_in("{listed}") - {"cp"}) | words_in("{still_names}")
_UNTIL = words_in("{until_names} validthru validthrough ends endson endsat")
_TILL = words_in("until till bis hasta até jusquau tot")
_SEEN_LAST = words_in(
    "embargo confidential seen active online available up reachable checked covered covers period"
)
_BEFORE = words_in("{before_names}")
_BARE_BEFORE = words_in("{bare_before_names}")
TAKEN_OUT = _GONE - {"known", "bekannt"} | _BEFORE | _BARE_BEFORE | {"retired"}
"""Of these a column of values is called that are listed no longer."""
TAKEN_DOWN = "taken down"
TO = "to"  # of days until which entries are listed, or between which they were seen
OF_HOSTS = "what hosts did"
_DOWN = ("takedown", "takendown", "tookdown")
_HOSTS = words_in("{taken_down_by_hosts}")
_ASKED = words_in("{asked_of_hosts}")
_NO_FLAG = words_in("{beside_no_flag}")
_PEOPLE = words_in("{names_of_people}")
OF_PEOPLE = "of people"
_BY_OTHERS = words_in("{taken_down_by_others}")
_WHEN = words_in("{when_and_why_names}")
_OF_WHOM = words_in("{subject_names}")
_BY = words_in("by par von por da door av af przez")
_DROPPED = words_in("{dropped_names}")
_DAY = words_in("date time day timestamp datum zeit tag jour fecha giorno")
_BETWEEN = words_in("is was has be from our this list")
_IN_WHICH = words_in("{in_which_names}")
"""The version of a list with which a record left it: `deleted_in_version`."""
_LAST = words_in("last latest letzte zuletzt dernier dernière última último ultima ultimo")
_SHORT = 3  # words of a name that is no sentence
_EDITIONS = words_in("version versions release edition list liste batch issue ausgabe versione")
_OP_SYSTEM = words_in("op system")  # `OpSystemCode`: no operation on a record
_NO_DECISION = words_in("{no_decision_names}")
_SEEN = {
    FIRST: "firstseen created createdon createdat dateadded added adddate firstadded",
    LAST: "lastseen updated updatedon updatedat modified lastmodified lastupdated lastonline",
    CONFIDENCE: "confidence score trust certainty",
    SEVERITY: "severity priority",
    BY: "by reporter reportedby agency giver submitter provider source organization organisation "
    "collab",
}
_RECORD_ID = words_in("{record_id_names}")
_BESIDE = {
    word: what
    for what, words in {CAPTION: "{caption_names}", FILE_NAME: "{file_names}", **_SEEN}.items()
    for word in words_in(words)
}  # a trait before a name of a file
_NOTES = words_in("{note_names}")
_IDENTIFIED = words_in("identified identifiziert identifi@ identificad* identificat* located")


def squeezed(name: str) -> str:
    """A name without case, accents, separators and what nobody sees: `SHA-1`, `sha_1` are one."""
    return "".join(filter(str.isalnum, folded(name)))


def is_cut_off(word: str) -> bool:
    """Whether a word is the beginning of one that decides: `res`, `eval`."""
    some = _DECIDING | _DECIDES_LAST
    whole = (w for w in some if w.startswith(word) and some[w] in (STANDING, CATEGORY))
    return len(word) >= _CUT and any(len(w) >= len(word) + _LACKS for w in whole)


# a number belongs to the name of the algorithm before it: `sha-512/256` is one word
_JOINED = (
    (re.compile(r"\b(md|sha|ripemd|rmd|blake|crc|sha3|sha512|ja|ipv|base|b) (?=\d)"), r"\1"),
    (re.compile(r"\b(blake2|blake3) (?=[a-z]\b)"), r"\1"),
    (re.compile(r"\b(ed2) (?=k\b)"), r"\1"),
    (re.compile(r"\b(ja[34]) (?=s\b)"), r"\1"),
    (re.compile(r"\b(photo) (?=dna\b)|\b(known) (?=good\b)|\b(to) (?=ids\b)"), r"\1\2\3"),
    (re.compile(r"\b(false) (positive)s?\b"), r"\1\2"),
    (re.compile(r"\b(image) (data)(?= (?:md5|sha1|sha256|hash))"), r"\1\2"),
    (re.compile(r"\b(c3) (p)\b|\b(e) (d2) (k)\b"), r"\1\2\3\4\5"),
    (re.compile(r"\b([padw]) (hash)\b|\b(imp|pe|v) (hash)\b"), r"\1\2\3\4"),
)
_BORDER = re.compile(r"(?<=[\u2e80-\uffff])(?=[a-z0-9])|(?<=[a-z0-9])(?=[\u2e80-\uffff])")


@lru_cache(4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in lower case; `sha` and `256` beside each other are one word."""
    name = unicodedata.normalize("NFKC", read_anew(name))
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])", " ", name)
    name = re.sub(r"(?<=\d)(?=[a-z])", " ", folded(name))
    if not name.isascii():  # no blank stands between a Latin word and a Chinese one
        name = _BORDER.sub(" ", name)
    text = " ".join(re.findall(r"[^\W_]+", name))
    for apart, joined in _JOINED:
        text = apart.sub(joined, text)
    return tuple(part for word in text.split() for part in _unglued(word))


_GLUED = re.compile(r"([a-z]{3,})(md5|sha1|sha256|hash|hashes)")


def _unglued(word: str) -> tuple[str, ...]:
    """`videosha256` as two words: of what a digest is, and its algorithm."""
    found = _GLUED.fullmatch(word)
    known = _OTHER_MEDIA | _STRING | _IDENTITY | _OF_IMAGE | _OF_LINK
    return (found[1], found[2]) if found and found[1] in known else (word,)


@lru_cache(4096)
def read_name(name: str, said: str | None = None) -> NameSays:
    """What the name of a column says; `said` is the kind that the curator named."""
    name = re.sub(r"(?i)^hashlookup[:_-](?=\w)", "", name)
    words, plain = words_of(name), squeezed(name)
    if not words or plain == "address":  # of whatever
        return NameSays(UNKNOWN)
    if says := _decides(words, plain) or _other(words, plain):
        return says
    kinds = kinds_named(name, said)
    bare = _link_or_hash(words)
    if bare and not (said and said in kinds):
        return bare
    return NameSays(ENTRY, kinds, words[0]) if kinds else _beside(words, plain)


def is_of_values(name: str, said: str | None = None) -> bool:
    """Whether a text reads as the name of a column of links or digests, of any kind."""
    if len(name) > 60:
        return False
    says = read_name(name, said)
    return says.what == ENTRY or (says.what in (OTHER, REFERENCE) and not _VALUE_WORDS.isdisjoint(
        re.sub(r"\d+$", "", word) for word in words_of(name)
    ))  # fmt: skip


_VALUE_WORDS = _HASH | _OF_LINK | words_in("{other_hash_names}")


def is_of_what(name: str) -> bool:
    """Whether a name says that it is of digests, and of which kind in a word that nobody knows."""
    words = {word for word in words_of(name) if not word.isdigit()}
    return bool(words - _PLAIN - _OF_LINK - {"md5", "sha1", "sha256"}) and not words.isdisjoint(
        {"md5", "sha1", "sha256", "hash", "hashes"}
    )


def _beside(words: tuple[str, ...], plain: str) -> NameSays:
    """A name of what stands beside entries."""
    if plain in _BESIDE:
        return NameSays(_BESIDE[plain], word=plain)
    if set(words) & _NOTES:
        return NameSays(NOTE, word=plain)
    if set(words) <= _REFERENCE:
        return NameSays(REFERENCE, word=words[0])
    is_of_people = set(words) & _PEOPLE and set(words) & _IDENTIFIED  # `victim_identified`
    return NameSays(OF_PEOPLE, word=plain) if is_of_people else NameSays(UNKNOWN)


_OF_RECORD = re.compile(
    r"(?:datum|zeitpunkt|vermerk|kennzeichen|grund|version|nummer|protokoll|monat)\Z"
)


def _root(word: str) -> str:
    """`loeschung` of `loeschdatum`: the word of what is gone that a compound begins with."""
    root = _OF_RECORD.sub("", word).rstrip("s")
    is_compound = root != word.rstrip("s") and len(root) > 4
    return next((w for w in sorted(_GONE) if w.startswith(root)), word) if is_compound else word


def _decides(words: tuple[str, ...], plain: str) -> NameSays | None:
    """A name that ends, or begins, in the word of a decision."""
    rest = [_root(word) for word in words if word not in _WHEN and word not in _BETWEEN]
    told = set(rest)
    values = told & (_OF_LINK | _HASH) or any(map(_ALGORITHM.fullmatch, rest))
    if (told & _NO_DECISION and plain not in _DECIDES_LAST) or "nsfw" in told or told >= _OP_SYSTEM:
        return None
    if (
        plain in _UNTIL
        or plain.startswith("endof")
        or plain in ("end", "until", "till", "bis", "hasta", "jusquau")
        or (told & _UNTIL and len(told) == 1)
        or (words[-1] in _TILL and told and not values and told.isdisjoint(_SEEN_LAST))
    ):
        return NameSays(UNTIL, word=plain)
    is_last = told & _LAST and (
        {*words} & _EDITIONS or words[-1] == "in"
    )  # after which it was listed no longer
    if is_last and not values and len(words) <= _SHORT:
        return NameSays(STANDING, word=plain)
    if not told & _NO_FLAG and (says := _flag(words, rest, is_of_values=bool(values))):
        return says
    is_day = words[-1] in _DAY  # `status_date`
    return None if is_day else _by_word(rest, plain, is_of_values=bool(values))


def _flag(words: tuple[str, ...], rest: list[str], *, is_of_values: bool) -> NameSays | None:
    """A name that says that a record is gone, or is still listed."""
    told, joined = {*rest}, "".join(rest)
    first = "".join(word for word in rest if word not in _IN_WHICH)
    is_in = words[-1] in _IN_WHICH
    is_dropped = first in _DROPPED and (is_in or words[-1] in _DAY | {"on", "at", "since", "list"})
    if is_dropped or (is_in and first in _GONE and not is_of_values and len(rest) > 1):
        return (None if is_dropped else _done_by_others(words)) or NameSays(GONE, word=first)
    if len(words) > 1 and words[-1] in _BY and told <= _STILL:  # `verified by`
        return NameSays(BY, word=words[0])
    for words_of_flag, what in ((_GONE, GONE), (_STILL, STILL)):
        flags = told & words_of_flag
        is_flag = joined in words_of_flag  # `faux_positif`
        is_gone = what == GONE and (flags or is_flag) and not is_of_values
        if is_gone and (says := _done_by_others(words)):
            return says
        if is_flag:
            return NameSays(what, word=joined)
        is_alone = len(told) == len(flags) or len(rest) <= 2
        if flags and not is_of_values and len(told) <= 3 and is_alone:
            return NameSays(what, word=min(flags))
    return None


def _by_word(rest: list[str], plain: str, *, is_of_values: bool) -> NameSays | None:
    """A name that ends, or begins, in the word of a decision."""
    told = {*rest}
    last, two = rest[-1] if rest else "", "".join(rest[-2:])  # `source hash of`
    for word in (plain, two, last, *rest[:1]):
        at_end = word in (plain, two, last)
        decided = _DECIDING.get(word) or (_DECIDES_LAST.get(word) if at_end else None)
        # `media md5` is no decision, nor is `media size`
        if (
            decided is None
            or (is_of_values and not at_end)
            or (word == "media" and plain != "media")
        ):
            continue
        if decided == STANDING and word != plain and told & _LAST:  # `last checked`
            return NameSays(LAST, word=word)
        if decided == STANDING and told & (_PEOPLE | _HOSTS):  # `victim status`
            return NameSays(OF_PEOPLE if told & _PEOPLE else OF_HOSTS, word=word)
        if (decided == TYPE or word == "resolution") and not _OF_WHOM.isdisjoint(told):
            return None  # `site type`, `scan resolution`
        if decided == TYPE and told & {"media", "mime", "file", "content", "image"}:
            decided = MEDIA
        return NameSays(decided, word=word)
    return None


def _done_by_others(words: tuple[str, ...]) -> NameSays | None:
    """What a name says of which a host took something down, or someone else may have."""
    told, joined = {*words}, "".join(words)
    if told & (_HOSTS | _ASKED):
        return NameSays(OF_HOSTS, word=min(told & (_HOSTS | _ASKED)))
    is_down = any(word in joined for word in _DOWN)
    return NameSays(GONE, word=TAKEN_DOWN) if is_down or told & _BY_OTHERS else None


def _other(words: tuple[str, ...], plain: str) -> NameSays | None:
    """A name of what is never an entry, although its values may look like one."""
    told = set(words)
    if plain in _RECORD_ID or plain in _BARE_BEFORE:
        return NameSays(ID if plain in _RECORD_ID else OTHER, word=plain)
    bare = (w.rstrip("0123456789") for w in words)  # `phash128`
    every = (*words, plain, *bare)
    if other := next((w for w in every if _OTHER_ALGORITHM.fullmatch(w)), None):
        return NameSays(OTHER, word=other)
    is_of_link = bool(told & _OF_LINK)
    is_hash = bool(told & _HASH) or any(map(_ALGORITHM.fullmatch, words))
    if is_hash:
        return _hash_of_other(words, is_of_link=is_of_link)
    if is_of_link:
        media = next((w for w in words if w in _OTHER_MEDIA), None)
        before = told & _BEFORE if told <= _BEFORE | _OF_LINK | _PLAIN else ()
        return (
            NameSays(OTHER, word=min(before)) if before
            else NameSays(REFERENCE, word=media) if media else None
        )  # fmt: skip
    if told & _IDENTITY:
        word = next(w for w in words if w in _IDENTITY)
        return NameSays(ID if words[-1] in ("id", "ids") or plain == "id" else OTHER, word=word)
    return None


def _hash_of_other(words: tuple[str, ...], *, is_of_link: bool) -> NameSays | None:
    """A digest of a video, a text, a person's name, or one that was taken back."""
    others = _OTHER_MEDIA | TAKEN_OUT | _SALTED
    if not is_of_link and _SETS.isdisjoint(words):  # `hash set name`
        others |= _STRING | _IDENTITY
    found = next((w for w in words if w in others and w != "binary"), None)
    return NameSays(OTHER, word=found) if found else None


def _link_or_hash(words: tuple[str, ...]) -> NameSays | None:
    """What a name of digests or links says word by word; None where that tells nothing."""
    told = set(words)
    told -= _OF_CHECK if told & _HASH else set()
    if {"no", "non"} & told and told & _REPORTED:  # `no` is not a number there
        return None
    algorithm = next((w for w in words if _ALGORITHM.fullmatch(w)), None)
    rest = told - _OF_LINK - {algorithm or ""}
    is_of_link = bool(told & _OF_LINK)
    if algorithm:
        return _by_algorithm(algorithm, rest, is_of_link=is_of_link)
    if is_of_link and told & _HASH:
        return NameSays(ENTRY, tuple(HASHED_LINK_KINDS), "hash") if rest <= _PLAIN else None
    if is_of_link:
        return _of_links(rest)
    is_hash = bool(told & (_HASH - _VAGUE)) or (len(words) == 1 and words[0] in _VAGUE)
    unsaid = {w for w in rest if not w.isdigit() and not re.fullmatch(r"[a-z]+\d", w)} - _PLAIN
    if is_hash and not unsaid:
        return NameSays(ENTRY, IMAGE_KINDS if rest & (_OF_IMAGE - {"full"}) else ANY, "hash")
    is_numbered = len(words) == 1 and re.fullmatch(r"(?:hash|digest|checksum)\d", words[0])
    return NameSays(ENTRY, ANY, "hash") if is_numbered else None


_VAGUE = words_in("value values sum")


def _by_algorithm(algorithm: str, rest: set[str], *, is_of_link: bool) -> NameSays:
    if is_of_link:
        is_plain = rest <= _PLAIN | {"hashed"}
        kinds = kinds_by(algorithm, HASHED_LINK_KINDS)
        return NameSays(ENTRY if is_plain else UNKNOWN, kinds, algorithm)
    if not rest <= _PLAIN:
        return NameSays(UNKNOWN)
    kinds = kinds_by(algorithm, IMAGE_KINDS)
    if not rest & _OF_IMAGE:
        kinds += kinds_by(algorithm, HASHED_LINK_KINDS)
    return NameSays(ENTRY, kinds, algorithm)


def _of_links(rest: set[str]) -> NameSays:
    if rest & _LISTED and rest <= _LISTED | _OF_IMAGE | _PLAIN:
        return NameSays(ENTRY, _LINKED, LISTED)
    if not rest or rest <= _OF_IMAGE | _PLAIN:
        return NameSays(ENTRY, _LINKED, "image" if rest & _OF_IMAGE else "url")
    if rest & _TELLS:
        return NameSays(REFERENCE, word=min(rest & _TELLS))
    if rest <= _WEAK | _OF_IMAGE:
        return NameSays(ENTRY, _LINKED, "url", is_weak=not rest & _OF_IMAGE)
    return NameSays(UNKNOWN)
