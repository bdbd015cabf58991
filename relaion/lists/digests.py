"""A digest as partners write it: hex, base32 or base64, in the dress of many programs.

Some name no picture: those of the empty file, of one pixel as pages inline it, of one digit.
A download that failed is an empty file, and millions of links lead to the same pixel.
On a list they would name the innocent. One digit throughout stands where a giver had no digest.
Their bytes are told in `tests/cases/placeholders.txt`, and a test holds these to them.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

LENGTHS = {32: "md5", 40: "sha1", 64: "sha256"}  # hex digits of each algorithm's digest

_HEX = re.compile(r"[0-9A-Fa-f]{8,}")  # shorter ones are words and numbers
# characters of a digest without its padding
_BASE32 = {26: "md5", 32: "sha1", 52: "sha256"}
_BASE64 = {22: "md5", 27: "sha1", 43: "sha256"}

_NAMED = re.compile(
    r"(?i)(?:urn:)?(?:hash:+)?\{?(md5|sha-?1|sha-?256|sha)(?:sum|hash)?\}?(?:\s*[:=]\s*|\s+|-(?=\S{20})|"
    r"(?<=\}))(?=\S)"
)
_DRESS = re.compile(
    r"""(?ix) = \s* "+ (?P<formula> [^"]+ ) "*      # ="..." keeps a spreadsheet from counting
    | 0x (?P<number> [0-9a-f]+ ) | \\+x (?P<bytea> [0-9a-f]+ )
    | [xb] ' (?P<literal> [^']+ ) '
    | ' (?P<text> [^']+ )                            # a spreadsheet's sign for text
    """
)
# what people and programs put around a digest, and which says nothing of it. A sign that may say
# something is none of these: `#`, `~`, `!`, `-`, `+`, `?`, a star that only ends it
_FRAMES = frozenset((
    "{}", "[]", "()", "<>", "«»", "“”", "„“", "‘’", "‹›", '""', "''", "``", "**", "__", "||",
    "『』", "「」", "【】", "（）",
))  # fmt: skip
_BEHIND = re.compile(r"(?i)(\S{20,})\s*[\s(\[{]\s*(md5|sha-?1|sha-?256)\s*[)\]}]?")
_BULLET = re.compile(r"(?:[*•‣◦▪●·>→]|[(\[]?[0-9]{1,7}[.)\]:])\s+")
_LONGEST = 200  # characters of a digest in its dress
_GROUPS = re.compile(r"[0-9A-Fa-f]{2,16}([-: .])[0-9A-Fa-f]{2,16}(?:\1[0-9A-Fa-f]{2,16})*")
_NO_DIGESTS = ([8, 4, 4, 4, 12], [4] * 8)  # a UUID, an IPv6 address


def is_hex(text: str) -> bool:
    """Whether a text is hex digits throughout, eight or more."""
    return _HEX.fullmatch(text) is not None


def all_hex(column: pa.Array) -> str | None:
    """The algorithm whose digests in plain hex all values are: a look at their bytes at once."""
    if not len(column) or column.null_count or column.type != pa.string():
        return None
    bounds = pc.min_max(pc.binary_length(column)).as_py()
    width = bounds["min"]
    if width != bounds["max"] or width not in LENGTHS:
        return None
    first = int.from_bytes(column.buffers()[1][column.offset * 4 : column.offset * 4 + 4], "little")
    held = column.buffers()[2][first : first + width * len(column)].to_pybytes()
    return None if held.translate(None, b"0123456789abcdefABCDEF") else LENGTHS[width]


def undressed(text: str) -> tuple[str, str | None]:
    """A digest without what programs put around it, and the algorithm that they name there.

    `0x…`, `md5:…`, `urn:sha1:…`, `="…"`, `'…`, `X'…'`, `{…}`, `…, (md5)`, `1. …`, a full stop or a
    comma at its end, groups with dashes, colons or blanks.
    """
    algorithm = None
    for _ in range(5 if len(text) <= _LONGEST else 0):
        bare = text.strip().rstrip(",;.、。")
        if found := _NAMED.match(bare):
            algorithm = found[1].lower().replace("-", "")
            bare = bare[found.end() :]
        elif found := _DRESS.fullmatch(bare):
            bare = next(group for group in found.groups() if group is not None)
        elif bare[:1] + bare[-1:] in _FRAMES and len(bare) > 2:
            bare = bare[1:-1]
        elif found := _BULLET.match(bare):
            bare = bare[found.end() :]
        elif found := _BEHIND.fullmatch(bare):
            algorithm, bare = found[2].lower().replace("-", ""), found[1]
        if bare == text:
            break
        text = bare
    if (found := _GROUPS.fullmatch(text)) and len(text) <= 200:
        parts = text.split(found[1])
        if [*map(len, parts)] not in _NO_DIGESTS and len("".join(parts)) in LENGTHS:
            text = "".join(parts)
    return text, algorithm if algorithm != "sha" else None


def read_digest(text: str, algorithms: Sequence[str] = ()) -> tuple[str, str] | None:
    """(algorithm, lower-case hex) of a digest, or None.

    Where `algorithms` names one alone, length and alphabet are enough. Otherwise base32 must
    be upper-case, and base64 must have its padding, so that no word and no number is taken for a
    digest. Base64 has letters in both cases, always: those in one are the half of a base32.
    """
    sure = algorithms[0] if len(algorithms) == 1 else None
    if is_hex(text):  # never base32 or base64: half of a digest would be another's
        found = LENGTHS.get(len(text))
        return (found, text.lower()) if found and sure in (None, found) else None
    bare = text.rstrip("=")
    by_32, by_64 = _BASE32.get(len(bare)), _BASE64.get(len(bare))
    if by_32 and (by_32 == sure or not (sure or len(text) % 8)):
        return _base32(bare.upper() if sure else bare, by_32)
    if by_64 and (by_64 == sure or not (sure or len(text) % 4)):
        return None if bare.isupper() or bare.islower() else _base64(bare, by_64)
    return None


def read_weak_digest(text: str) -> tuple[str, str] | None:
    """The same of a text that may as well be a word: only where many such stand together.

    Base64 without its padding, whose last bits must be zero; base32 in lower case.
    """
    text = text.rstrip("=")
    by_32, by_64 = _BASE32.get(len(text)), _BASE64.get(len(text))
    if by_32 and (text.islower() or text.isupper()):
        return _base32(text.upper(), by_32)
    is_mixed = re.search("[a-z]", text) and re.search("[A-Z]", text)
    if by_64 and is_mixed and (found := _base64(text, by_64)):
        whole = base64.b64encode(bytes.fromhex(found[1])).decode().rstrip("=")
        return found if whole == text.replace("-", "+").replace("_", "/") else None
    return None


def _base32(letters: str, algorithm: str) -> tuple[str, str] | None:
    try:
        return algorithm, base64.b32decode(letters + "=" * (-len(letters) % 8)).hex()
    except ValueError:  # a letter that is not of that alphabet
        return None


def _base64(letters: str, algorithm: str) -> tuple[str, str] | None:
    letters = letters.replace("-", "+").replace("_", "/")
    try:
        padded = letters + "=" * (-len(letters) % 4)
        return algorithm, base64.b64decode(padded, validate=True).hex()
    except ValueError:
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


def is_float(text: str) -> bool:
    """Whether a text is a number in floating point, such as a spreadsheet makes of a digest."""
    return _FLOAT.fullmatch(text) is not None


# -- Digests that name no picture ------------------------------------------------------------------

EMPTY_FILE = "hash of the empty file"
ONE_PIXEL = "hash of a blank pixel"
ONE_DIGIT = "hash of one digit only"
NO_ROW = "row hash of no link and no caption"
PLACEHOLDERS = frozenset((EMPTY_FILE, ONE_PIXEL, ONE_DIGIT, NO_ROW))
"""Reasons why what is written well is no entry."""

_ONE_PIXEL = (  # base64-coded, as pages inline them
    # GIF that nginx sends for empty_gif, 43 bytes
    "R0lGODlhAQABAIABAAAAAP///yH5BAEAAAEALAAAAAABAAEAAAICTAEAOw==",
    # GIF blank.gif and clear.gif, white and black, 43 bytes
    "R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==",
    # GIF blank.gif, black and black, 43 bytes
    "R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==",
    # GIF s.gif and spacer.gif, grey and black, 43 bytes
    "R0lGODlhAQABAID/AMDAwAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==",
    # GIF of web beacons, red and black, 43 bytes
    "R0lGODlhAQABAJAAAP8AAAAAACH5BAUQAAAALAAAAAABAAEAAAICBAEAOw==",
    # GIF inlined by many scripts, black and white, 42 bytes
    "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
    # GIF inlined by scripts that load pictures late, no colours, 37 bytes
    "R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==",
    # PNG inlined by many pages, RGBA 0 0 0 0, 68 bytes
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR42mNgAAIAAAUAAen63NgAAAAASUVORK5CYII=",
    # PNG inlined by many pages, grey 1 alpha 0, 68 bytes
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=",
    # PNG inlined in examples, RGBA, 70 bytes, first
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg"
    "gg==",
    # PNG inlined in examples, RGBA, 70 bytes, second
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg==",
    # PNG inlined in examples, RGBA, 70 bytes, third
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJg"
    "gg==",
    # JPEG called the smallest, 107 bytes
    "/9j/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8Q"
    "EBD/yQALCAABAAEBAREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k=",
)


def _digests(data: bytes) -> list[str]:
    hashes = (hashlib.new(name, data, usedforsecurity=False) for name in LENGTHS.values())
    return [h.hexdigest() for h in hashes]


_REPEATED = (digit * length for digit in "0123456789abcdef" for length in (32, 40, 64))

OF_NO_PICTURE = (
    dict.fromkeys(_digests(b""), EMPTY_FILE)
    | dict.fromkeys(chain(*map(_digests, map(base64.b64decode, _ONE_PIXEL))), ONE_PIXEL)
    | dict.fromkeys(_REPEATED, ONE_DIGIT)
)
"""Digests that are no entry, in lower-case hex, each with the reason."""

OF_NO_ROW = "0000000000000000"
"""LAION's row hash of an empty text: every row whose link and caption are empty has it."""


def pairs_of(values: pa.Array, records: pa.Array) -> list[tuple[str, int | None]]:
    """Texts, each with the number of its record."""
    return [*zip(values.to_pylist(), records.to_pylist(), strict=True)]


def numbers_of(records: Sequence[int | None]) -> pa.Array:
    """Numbers of records, or nothing for none; of a range they are made at once."""
    if isinstance(records, range):
        return pa.arange(records.start, records.stop, records.step)
    return pa.array(records, pa.int64())
