"""One value of a partner file: which kind of entry it is, or why it is none."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from relaion.links import (
    clean_entry,
    entry_fault,
    host_digest,
    key_can_spread,
    key_digest,
    link_key,
    link_place,
    read_scoped,
    scope_shown,
)
from relaion.links.text import trim
from relaion.lists.digests import (
    LENGTHS,
    NO_ROW,
    OF_NO_PICTURE,
    OF_NO_ROW,
    ONE_DIGIT,
    is_float,
    is_hex,
    read_digest,
    read_row_hash,
    read_weak_digest,
    undressed,
)
from relaion.lists.readers import why
from relaion.lists.readers.format import LINK_KINDS, Trait, is_of_machine, words_written
from relaion.lists.readers.lines.line import LINK_START
from relaion.lists.readers.tables.notes import read_text
from relaion.paths import shown
from relaion.roles import IMAGE_KINDS

NOTHING = "no link or hash"
NO_NUMBER = "no whole 64-bit number"
WRONG_LENGTH = "wrong length"
LINK = "a link, not a hash"
SPREADSHEET = "a number that a spreadsheet made of a hash"

_FRAMED = 80  # characters of a digest within brackets
LONGEST = 1 << 16  # characters of a value in which a link is still looked for
_PLAIN_LINK = re.compile(
    r"https?://(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*(?:/[A-Za-z0-9_.-]+)+/?"
    r"(?:\?[A-Za-z0-9_.=-]+(?:&[A-Za-z0-9_.=-]+)*)?(?<=[A-Za-z0-9_/=-])"
)
_LONGEST_PLAIN = 1000
_PLAINLY_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
# before a host or a pattern: what lists of hosts put before those that are none of them
_EXCEPTED = re.compile(r"(?:[!~-]|@@)[^\s-]")
_EXACT_HOST = re.compile(r"=([\w-]+(?:\.[\w-]+)+\.?)")  # as dnscrypt-proxy names a host alone
_ESCAPED_HOST = re.compile(r"[\w-]+(?:\\\.[\w-]+)+")
_HOST_PATTERN = re.compile(r"(?=.*[*?\[])=?[\w.*?\[\]!{}-]+(?<!\])|[\^(][^\s/]+|[^\s/]+\$")
_NO_HOST = re.compile(
    r"[,;'()+!$&=~]"
)  # signs that no name of a host holds, though browsers take them
_PIECES = re.compile(r"[\s,;|\[\](){}\"'`]+")

# (kind, digest, digest of the host and of a link the end of its key, as `link_place` has them)
Entry = tuple[str, str, str | None]


def shape(value: str) -> str | None:
    """`md5`, `sha1`, `sha256` or `link` for what is an entry by its looks alone, else None."""
    text = clean_entry(value[:LONGEST])
    if found := read_digest(text):
        return found[0]
    if 32 < len(text) < _FRAMED and not (text[0].isalnum() or text[-1].isalnum()):
        bare, _ = undressed(text)  # `{…}`
        if found := read_digest(bare):
            return found[0]
    return "link" if LINK_START.match(text) and not entry_fault(text) else None


def is_entry_of(value: str, kind: str) -> bool:
    """Whether a value can be an entry of this kind."""
    return isinstance(read_value(value, (kind,)), tuple)


def kind_for(algorithm: str, kinds: Sequence[str]) -> str | None:
    """The first of the kinds that is of this algorithm."""
    return next((kind for kind in kinds if kind.endswith("_" + algorithm)), None)


def many_digests(value: str, kinds: Sequence[str]) -> list[Entry | str]:
    """The digests of a cell that holds several and nothing else; empty for any other cell.

    Each may have the name of its algorithm before it, `MD5:…;SHA256:…`.
    """
    pieces = [piece for piece in _PIECES.split(_LABELLED.sub(r"\1:", value)) if piece]
    if len(pieces) < 2:
        return []
    told = {length: kind_for(algorithm, kinds) for length, algorithm in LENGTHS.items()}
    other = WRONG_LENGTH if len(_algorithms(kinds)) == 1 else why.OTHER_HASH
    found: list[Entry | str] = []
    for piece in pieces:
        label, sign, digest = piece.rpartition(":")
        if not (is_hex(digest) and (sign or len(digest) in LENGTHS)):
            return []
        if not sign or LENGTHS.get(len(digest)) == _LABELS.get(label.casefold()):
            found.append(_plain(digest.lower(), told[len(digest)], other))
        else:
            found.append(why.OTHER_HASH)
    return found


def first_shape(value: str) -> str | None:
    """The shape of a value, or of the first of several digests in one cell."""
    if found := shape(value):
        return found
    several = many_digests(value, tuple(IMAGE_KINDS)) if len(value) < LONGEST else []
    told = (entry for entry in several if isinstance(entry, tuple))
    return next((kind.rpartition("_")[2] for kind, _, _ in told), None)


_LABELS = {"md5": "md5", "sha1": "sha1", "sha-1": "sha1", "sha256": "sha256", "sha-256": "sha256"}
_LABELLED = re.compile(r"(?i)(?<![\w-])([a-z][a-z0-9/-]{1,11})\s*[:=]\s*(?=[0-9a-f]{8,}(?![\w-]))")


def _plain(digest: str, kind: str | None, other: str) -> Entry | str:
    """What a digest in plain hex is, as `read_value` tells; there may be very many."""
    return other if kind is None else OF_NO_PICTURE.get(digest) or (kind, digest, None)


def _algorithms(kinds: Sequence[str]) -> list[str]:
    return sorted({kind.partition("_")[2] for kind in kinds} & set(LENGTHS.values()))


def read_weak(value: str, kinds: Sequence[str]) -> Entry | None:
    """The entry of a digest without its padding, which may as well be a word."""
    found = read_weak_digest(clean_entry(value)) if len(value) < 80 else None
    kind = kind_for(found[0], kinds) if found else None
    if found is None or kind is None or found[1] in OF_NO_PICTURE:
        return None
    return kind, found[1], None


def read_plain_link(value: str) -> Entry | None:
    """The entry of a link of which nobody has to look twice what it is; None for all else.

    `read_value` and all that looks for notes and signs beside a link say the same of it.
    """
    if len(value) > _LONGEST_PLAIN or not _PLAIN_LINK.fullmatch(value):
        return None
    key = link_key(value)
    return ("url", key_digest(key), link_place(key)) if key_can_spread(key) else None


def read_value(value: str, kinds: Sequence[str]) -> Entry | str:
    """(kind, digest, host digest) of an entry, or the reason why it is none."""
    if len(value) > LONGEST:
        return read_giant(value, kinds)
    text = clean_entry(value)
    if tuple(kinds) == ("row_hash",):
        return _read_number(text)
    algorithms = _algorithms(kinds)
    found = _read_bare(text, kinds, algorithms)
    if found is None and algorithms:
        found = _read_dressed(text, kinds, algorithms)
    if found is not None:
        return found
    if kind := _kind_of_link(text, kinds):
        return why.OF_CONTAINER if is_of_container(text) else _read_link(text, kind)
    if algorithms and is_float(text) and not text.isdigit():
        return SPREADSHEET
    return LINK if LINK_START.match(text) else NOTHING


def _read_bare(text: str, kinds: Sequence[str], algorithms: list[str]) -> Entry | str | None:
    if len(text) in LENGTHS and text == text[0] * len(text):
        return ONE_DIGIT
    if found := read_digest(text, algorithms):
        return _read_hash(*found, kinds)
    return WRONG_LENGTH if is_hex(text) else None


def _read_dressed(text: str, kinds: Sequence[str], algorithms: list[str]) -> Entry | str | None:
    bare, named = undressed(text)
    if bare == text:
        return None
    if named and named not in algorithms:
        return why.OTHER_HASH
    found = read_digest(bare, [named] if named else algorithms)
    if found:
        return _read_hash(*found, kinds)
    return WRONG_LENGTH if is_hex(bare) else None


def _read_number(text: str) -> Entry | str:
    number = read_row_hash(text)
    if number == OF_NO_ROW:
        return NO_ROW
    return ("row_hash", number, None) if number else NO_NUMBER


def _read_hash(algorithm: str, digest: str, kinds: Sequence[str]) -> Entry | str:
    kind = kind_for(algorithm, kinds)
    if kind is None:
        return why.OTHER_HASH
    return OF_NO_PICTURE.get(digest) or (kind, digest, None)


def read_giant(value: str, kinds: Sequence[str]) -> Entry | str:
    """An entry of many kilobytes: a link where it is one as it stands, compared by its bytes."""
    value = trim(value)
    if "url" not in kinds or not _PLAINLY_LINK.fullmatch(value):
        return why.TOO_LONG
    return _read_link(value, "url")


def _kind_of_link(text: str, kinds: Sequence[str]) -> str | None:
    """The kind as which a link, a host or a pattern is to be read; None where none may be."""
    shown = scope_shown(text) if "url" in kinds else None
    if shown in kinds:
        return shown
    return next((kind for kind in kinds if kind in LINK_KINDS), None)


def _host_fault(text: str, kind: str) -> str | None:
    """Why a host is none that anybody lists: the machine's own, or a number with dots."""
    if kind != "host":
        return None
    if is_of_machine(text):
        return why.OF_MACHINE
    if "/" not in text and _NO_HOST.search(text):
        return NOTHING
    # `2.0` would be read as an address, as programs do
    is_number = re.fullmatch(r"[\d.]+", text) is not None
    return NOTHING if is_number and text.rstrip(".").count(".") != 3 else None


def _host_as_written(text: str) -> str:
    """A host as it is meant: `+.host` of Clash, and the one that a regular expression names."""
    if _ESCAPED_HOST.fullmatch(text):
        return text.replace("\\.", ".")
    return f"*{text[1:]}" if text.startswith("+.") else text


def _read_link(text: str, kind: str) -> Entry | str:
    if kind != "url" and _EXCEPTED.match(text):
        return why.TAKEN_BACK
    if kind == "url":
        key = link_key(text)
        fault = entry_fault(text, key)
    else:
        if kind == "host" and (exact := _EXACT_HOST.fullmatch(text)):
            text = exact[1]
        text = _host_as_written(text) if kind == "host" else text
        scoped = read_scoped(text, kind)
        key, fault = scoped.text, _host_fault(text, kind) or scoped.fault
        if fault and kind == "host" and _HOST_PATTERN.fullmatch(text.removeprefix("*.")):
            fault = why.PATTERN
    if fault:
        return NOTHING if fault in ("empty", "no link") else fault
    place = link_place(key) if kind == "url" else host_digest(key.removeprefix("*."))
    return kind, key_digest(key), place


# -- What messages may hold of a list --------------------------------------------------------------


_CONTAINER = re.compile(
    r"(?i)(?:(?:docker|oci|containerd|podman)[\w-]*:/{0,2})?(?:[\w.-]+(?::\d+)?/)?[\w.-]+(?:/[\w.-]+)*"
    r"(?::[\w.-]+)?@sha(?:256|384|512):[0-9a-f]{32,128}"
)


def is_of_container(text: str) -> bool:
    """Whether a text names an image of a container by its digest: `registry/app@sha256:…`."""
    return "@sha" in text and _CONTAINER.fullmatch(text) is not None


NOT_SHOWN = "(not shown)"
_SEVERAL_WORDS = re.compile(r"[a-z]{1,15}(?:[_-][a-z]{1,15})+")


def could_be_value(text: str) -> bool:
    """Whether a text may be an entry, or half of one: nothing may tell it."""
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")  # what nobody sees
    bare, _ = undressed(text)
    return (
        shape(bare) is not None
        or re.search(r"[0-9A-Fa-f]{12,}|//|www\.|\w\[?\.\]?\w\w|@", text) is not None
        or re.search(r"(?:[0-9A-Fa-f]{2,7}[-: .]){5}|[0-9A-Fa-f]{8}[-: .][0-9A-Fa-f]{8}", text)
        is not None
        or any(len(w) >= 20 and not _SEVERAL_WORDS.fullmatch(w) for w in text.split())
    )


def told(text: str, length: int = 40) -> str:
    """A name or word of a file as messages may hold it: never what may be an entry."""
    return NOT_SHOWN if could_be_value(text) else shown(text)[:length]


def quoted(name: str) -> str:
    """A name as it is written behind an option: between quotes where it is more than a word."""
    return name if re.fullmatch(r"[\w.-]+", name) else f'"{name}"'


def _may_be_told(word: str, most: int) -> bool:
    """Whether a text is a word or a few, and no caption, path or value."""
    is_path = re.search(r"[/\\]|\w\.\w", word) and not _NO_PATH.fullmatch(word)
    is_short = len(word.split()) <= most or read_text(word, alone=True) is not None
    return is_short and not is_path and not could_be_value(word)


_MOST_WORDS = 3
_NO_PATH = re.compile(r"[a-z]+/[\w.+-]+|[\d\W]+")
TOLD = 10  # words that are told


def told_words(counted: Mapping[str, int], most: int | None = None) -> str:
    """Words and how often, ten at most, as `--where` reads them; what could be a value is counted.

    So is a text of more words than three; or than `most`, where several rows hold it.
    """
    told = Counter[str]()
    for word, n in counted.items():
        told[
            word if _may_be_told(word, (most if n > 1 else None) or _MOST_WORDS) else NOT_SHOWN
        ] += n
    said = [f"{words_written((word,))}: {n:,}" for word, n in told.most_common(TOLD)]
    more = len(told) - len(said)
    return ", ".join(said) + (f" and {more:,} more" if more > 0 else "")


# -- Entries on their way from the readers into the store, by kind ------------------------------


@dataclass
class SortedEntries:
    """Entries of one kind: lower-case hex digests, and for links their `link_place` or null.

    `records` are the numbers of their records; where each value is one, all of a block have one.
    """

    digests: list[pa.Array] = field(default_factory=list)
    places: list[pa.Array] = field(default_factory=list)
    records: list[pa.Array] = field(default_factory=list)

    def add(self, digests: pa.Array, places: pa.Array | None, records: pa.Array) -> None:
        """Append digests, for links as many places, and as many numbers of records."""
        self.digests.append(digests)
        self.places.append(pa.nulls(len(digests), pa.string()) if places is None else places)
        self.records.append(records)


@dataclass
class SortedBatch:
    """Entries of a batch by kind; ids and traits of its records, whose numbers begin at `first`.

    `undone` are (kind, digest, place, record) of values that were taken back, `unchosen` of
    those that `--where` does not choose, where the delivery brings a list up to date, `good` of
    those that are called known good, or bad in a list of what is; `kept_ids`
    and `gone_ids` the givers' ids of records that bring an entry, and that take one back.
    """

    entries: dict[str, SortedEntries] = field(default_factory=dict)
    traits: Sequence[Trait] | None = None
    first: int = 0
    undone: list[tuple[str, str, str | None, int]] = field(default_factory=list)
    unchosen: list[tuple[str, str, str | None, int]] = field(default_factory=list)
    good: list[tuple[str, str, str | None, int]] = field(default_factory=list)
    kept_ids: list[tuple[int, str]] = field(default_factory=list)
    gone_ids: list[tuple[int, str]] = field(default_factory=list)
    unchosen_ids: list[tuple[int, str]] = field(default_factory=list)

    def undo(self, value: str, kinds: Sequence[str], record: int) -> None:
        """Take back what a value names, written in any way; a digest also as that of a link."""
        entry = read_value(value, kinds)
        if isinstance(entry, str):
            return
        of_link = f"url_{entry[0].rpartition('_')[2]}"
        also = {entry[0], of_link} if entry[0] in IMAGE_KINDS and of_link in kinds else {entry[0]}
        self.undone += [(kind, *entry[1:], record) for kind in sorted(also)]
