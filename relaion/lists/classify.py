"""What a value of a partner file is: a digest, a row hash, a link, or nothing usable."""

import base64
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from relaion.links import (
    clean_entry,
    entry_fault,
    host_digest,
    key_digest,
    link_key,
    read_scoped,
    scope_shown,
)
from relaion.links.text import trim
from relaion.lists.placeholders import NO_ROW, OF_NO_PICTURE, OF_NO_ROW
from relaion.lists.readers.lines import (
    LINK_START,
    SIGN,
    TAKEN_BACK,
    LinkBeside,
    read_line,
    takes_back,
)
from relaion.lists.readers.text import TOO_LONG
from relaion.roles import SCOPED_KINDS

# -- A digest as partners write it: hex, base32 or base64 --------------------------------------

LENGTHS = {32: "md5", 40: "sha1", 64: "sha256"}  # hex digits of each algorithm's digest

_HEX = re.compile(r"[0-9A-Fa-f]{8,}")  # shorter ones are words and numbers
# characters of a digest without its padding
_BASE32 = {26: "md5", 32: "sha1", 52: "sha256"}
_BASE64 = {22: "md5", 27: "sha1", 43: "sha256"}


def is_hex(text: str) -> bool:
    """Whether a text is hex digits throughout, eight or more."""
    return _HEX.fullmatch(text) is not None


def read_digest(text: str, algorithms: Sequence[str] = ()) -> tuple[str, str] | None:
    """(algorithm, lower-case hex) of a digest, or None.

    Where `algorithms` names one alone, length and alphabet are enough. Otherwise base32 must
    be upper-case and more than hex, and base64 must have its padding, so that no word and no
    number is taken for a digest.
    """
    sure = algorithms[0] if len(algorithms) == 1 else None
    hexadecimal = is_hex(text)
    if hexadecimal and LENGTHS.get(len(text)) in ((sure,) if sure else LENGTHS.values()):
        return LENGTHS[len(text)], text.lower()
    bare = text.rstrip("=")
    by_32, by_64 = _BASE32.get(len(bare)), _BASE64.get(len(bare))
    try:
        if by_32 and (by_32 == sure or not (sure or hexadecimal or len(text) % 8)):
            letters = bare.upper() if sure else bare
            return by_32, base64.b32decode(letters + "=" * (-len(bare) % 8)).hex()
        if by_64 and (by_64 == sure or not (sure or len(text) % 4)):
            letters = bare.replace("-", "+").replace("_", "/")
            padded = letters + "=" * (-len(bare) % 4)
            return by_64, base64.b64decode(padded, validate=True).hex()
    except ValueError:  # a letter that is not of that alphabet
        return None
    return None


# -- Row hashes as partners write them: whole 64-bit numbers, with a sign ----------------------

_WHOLE = re.compile(r"([+-]?)0*([0-9]{1,19})")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|[0-9]*\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?")
_END = 1 << 63


def read_row_hash(text: str) -> str | None:
    """A row hash as 16 lower-case hex digits, in two's complement; None for any other text.

    `1.2e18` is none: a number that went through floating point has lost its last digits.
    """
    found = _WHOLE.fullmatch(text)
    if found is None:
        return None
    number = int(found[1] + found[2])
    return f"{number % (1 << 64):016x}" if -_END <= number < _END else None


def is_spoilt(values: Sequence[str]) -> bool:
    """Whether most of the values are floating-point numbers."""
    return sum(_FLOAT.fullmatch(trim(value).strip('"')) is not None for value in values) * 2 > len(
        values
    )


# -- One value of a partner file: which kind of entry it is, or why it is none -----------------

NOTHING = "no link or hash"
NO_NUMBER = "no whole 64-bit number"
WRONG_LENGTH = "wrong length"
OTHER_HASH = "a hash of another kind"
LINK = "a link, not a hash"

_LONGEST = 1 << 16  # characters of a value in which a link is still looked for
_PLAINLY_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_SELDOM = 100  # a sign that one link in so many ends in is its own
_PLAIN_HEX = "^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$"


@dataclass
class SortedEntries:
    """Entries of one kind: lower-case hex digests, and for links their host's digest or null."""

    digests: list[pa.Array] = field(default_factory=list)
    hosts: list[pa.Array] = field(default_factory=list)

    def add(self, digests: pa.Array, hosts: pa.Array | None = None) -> None:
        """Append digests and, for links, as many host digests."""
        self.digests.append(digests)
        self.hosts.append(pa.nulls(len(digests), pa.string()) if hosts is None else hosts)


def shape(value: str) -> str | None:
    """`md5`, `sha1`, `sha256` or `link` for what is an entry by its looks alone, else None."""
    text = clean_entry(value[:_LONGEST])
    if found := read_digest(text):
        return found[0]
    return "link" if LINK_START.match(text) and not entry_fault(text) else None


def sort_values(
    values: Sequence[str],
    kinds: Sequence[str],
    entries: dict[str, SortedEntries],
    skipped: Counter[str],
    beside: LinkBeside,
) -> None:
    """Add values of one column to `entries` by kind; count in `skipped` those that are none.

    `kinds` are those that the column can hold: of those that fit a value the first is taken.
    Plain hex, as nearly all values are, goes by whole columns; the rest one by one.
    """
    try:
        rest: Sequence[str] = sort_hex(pa.array(values, pa.string()), kinds, entries, skipped)
    except UnicodeEncodeError:  # bytes that are no UTF-8: all of them one by one
        rest = values
    found: dict[str, list[tuple[str, str | None]]] = {}
    for entry in (entry for value in rest for entry in _read_all(value, kinds, beside)):
        if isinstance(entry, str):
            skipped[entry] += 1
        else:
            found.setdefault(entry[0], []).append(entry[1:])
    _settle_doubt(kinds, found, skipped, beside)
    for kind, pairs in found.items():
        digests, hosts = zip(*pairs, strict=True)
        entries.setdefault(kind, SortedEntries()).add(
            pa.array(digests, pa.string()), pa.array(hosts, pa.string())
        )


def _settle_doubt(
    kinds: Sequence[str],
    found: dict[str, list[tuple[str, str | None]]],
    skipped: Counter[str],
    beside: LinkBeside,
) -> None:
    """Links that end in a sign, as they stand where that is no habit of the list; else skipped."""
    doubtful, beside.doubtful = beside.doubtful, []
    n_links = sum(len(some) for kind, some in found.items() if _is_of_link(kind))
    if not doubtful:
        return
    if len(doubtful) * _SELDOM > n_links:
        skipped[SIGN] += len(doubtful)
        return
    for text in doubtful:
        entry = _read(text, kinds)
        if isinstance(entry, str):
            skipped[entry] += 1
        else:
            found.setdefault(entry[0], []).append(entry[1:])
            beside.as_they_stand += 1


def sort_hex(
    column: pa.Array, kinds: Sequence[str], entries: dict[str, SortedEntries], skipped: Counter[str]
) -> list[str]:
    """Take in the plain hex digests of a column; returns the other values as they stood."""
    lower = pc.ascii_lower(pc.ascii_trim_whitespace(column))
    plain = pc.match_substring_regex(lower, _PLAIN_HEX)
    digests = lower.filter(plain)
    left: list[str] = []
    if len(digests) < len(column):
        left = column.filter(pc.invert(plain)).to_pylist()
    lengths = pc.binary_length(digests)
    for length in pc.unique(lengths).to_pylist():
        some = digests.filter(pc.equal(lengths, length))
        kind = _kind_for(LENGTHS[length], kinds)
        if kind is None:  # such as a base32 SHA-1 that looks like hex
            left += pc.ascii_upper(some).to_pylist()
            continue
        harmless = pc.is_in(some, pa.array(OF_NO_PICTURE))
        for digest in some.filter(harmless).to_pylist():
            skipped[OF_NO_PICTURE[digest]] += 1
        entries.setdefault(kind, SortedEntries()).add(some.filter(pc.invert(harmless)))
    return left


def _kind_for(algorithm: str, kinds: Sequence[str]) -> str | None:
    return next((kind for kind in kinds if kind.endswith("_" + algorithm)), None)


def _read_all(
    value: str, kinds: Sequence[str], beside: LinkBeside
) -> list[tuple[str, str, str | None] | str]:
    """What a value holds: several links may stand on a line, and a note beside one."""
    if len(value) > _LONGEST:
        return [_read_giant(value, kinds)]
    entry = _read(value, kinds)
    if isinstance(entry, tuple) and not _is_of_link(entry[0]):
        # digests and numbers have no blanks: only a remark may follow
        _, sign, note = value.partition("#")
        is_back = takes_back(note)
        beside.noted += bool(sign) and not is_back
        return [TAKEN_BACK] if is_back else [entry]
    line = None
    if any(map(_is_of_link, kinds)):
        line = read_line(value, minus_removes=beside.minus_removes)
    if line is None or line.links == (value,):
        return [entry]
    if line.doubtful:
        beside.doubtful.append(line.doubtful)
        return []
    if line.fault:
        return [line.fault]
    found = [_read(link, kinds) for link in line.links]
    beside.noted += line.noted and any(isinstance(entry, tuple) for entry in found)
    return found


def _is_of_link(kind: str) -> bool:
    return kind in ("url", *SCOPED_KINDS)


def _read(value: str, kinds: Sequence[str]) -> tuple[str, str, str | None] | str:
    """(kind, digest, host digest) of an entry, or the reason why it is none."""
    if len(value) > _LONGEST:
        return _read_giant(value, kinds)
    text = clean_entry(value)
    if kinds == ("row_hash",):
        return _read_number(text)
    algorithms = sorted({kind.partition("_")[2] for kind in kinds} & set(LENGTHS.values()))
    if found := read_digest(text, algorithms):
        return _read_hash(*found, kinds)
    if is_hex(text):
        return WRONG_LENGTH
    if kind := _kind_of_link(text, kinds):
        return _read_link(text, kind)
    return LINK if LINK_START.match(text) else NOTHING


def _read_number(text: str) -> tuple[str, str, str | None] | str:
    number = read_row_hash(text)
    if number == OF_NO_ROW:
        return NO_ROW
    return ("row_hash", number, None) if number else NO_NUMBER


def _read_hash(
    algorithm: str, digest: str, kinds: Sequence[str]
) -> tuple[str, str, str | None] | str:
    kind = _kind_for(algorithm, kinds)
    if kind is None:
        return OTHER_HASH
    return OF_NO_PICTURE.get(digest) or (kind, digest, None)


def _read_giant(value: str, kinds: Sequence[str]) -> tuple[str, str, str | None] | str:
    """An entry of many kilobytes: a link where it is one as it stands, compared by its bytes."""
    value = trim(value)
    if "url" not in kinds or not _PLAINLY_LINK.fullmatch(value):
        return TOO_LONG
    return _read_link(value, "url")


def _kind_of_link(text: str, kinds: Sequence[str]) -> str | None:
    """The kind as which a link, a host or a pattern is to be read; None where none may be."""
    shown = scope_shown(text) if "url" in kinds else None
    if shown in kinds:
        return shown
    return next((kind for kind in kinds if kind in ("url", *SCOPED_KINDS)), None)


def _read_link(text: str, kind: str) -> tuple[str, str, str | None] | str:
    if kind == "url":
        key, fault = link_key(text), entry_fault(text)
    else:
        scoped = read_scoped(text, kind)
        key, fault = scoped.text, scoped.fault
    if fault:
        return NOTHING if fault in ("empty", "no link") else fault
    return kind, key_digest(key), host_digest(key.removeprefix("*."))
