"""How a column writes a digest: found from its values, never from its name.

No value ever leaves this module in a text: reasons hold counts and lengths only.
"""

import base64
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from relaion.roles import ROLES, WIDTHS

Value = str | bytes

ENCODINGS = {
    "hex": "hexadecimal",
    "base64": "base64",
    "base32": "base32",
    "binary": "raw bytes",
}
# what is no sign of a digest, before it and after it, and names of algorithms before it
_BEFORE = re.compile(rb"[^0-9A-Za-z+/_\\-]+")
_NAMED = re.compile(rb"(?i:urn:)?(?i:md5|sha-?1|sha-?256|sha)(?i:sum)?[^0-9A-Za-z+/_\\-]+")
_AFTER = re.compile(rb"[^0-9A-Za-z+/=_-]+\Z")
_HEX = re.compile(rb"(?:0[xX]|\\[xX])?[0-9A-Fa-f]{2}(?:[-: ]?[0-9A-Fa-f]{2})*")
_NO_DIGIT = re.compile(rb"\A(?:0[xX]|\\[xX])|[-: ]")
_BASE64 = re.compile(rb"[0-9A-Za-z+/_-]+=*")
_BASE32 = re.compile(rb"[A-Za-z2-7]+=*")
# the same of values that are no digest so far: dashes and strokes after names, quotes of languages
_WRAPPED = re.compile(
    rb"[^0-9A-Za-z+/_\\-]*"
    rb"(?:(?i:urn|image|hash|digest|checksum|md5|sha-?1|sha-?256|sha)(?i:sum)?"
    rb"(?:[-_]|[^0-9A-Za-z+/_\\-]+[-_][^0-9A-Za-z+/_\\-]+|[^0-9A-Za-z+/_\\-]+)){0,3}"
    rb"(?:(?i:br?|rb|[uxe])['\"])?[^0-9A-Za-z+/_\\-]*"
)
_GROUPS = re.compile(
    rb"[^0-9A-Za-z]*(?:0?[xX])?"
    rb"((?:[0-9A-Fa-f]{2}(?:[-: \t-\r]|[^\x00-\x7F])*)+"
    rb"|[0-9A-Fa-f]{2}(?:(?:[^0-9A-Za-z]+(?:0?[xX])?|0[xX])[0-9A-Fa-f]{2})*)"
)
_WHOLE = re.compile(r"[+-]?[0-9]{10,20}", re.ASCII)
_NO_DIGITS = re.compile(rb"0[xX]|[^0-9A-Fa-f]")
_BREAK = re.compile(rb" *[\t-\r][ \t-\r]*")
_FILE = re.compile(rb"(?:(?:[A-Za-z]:)?[^:?#]*[/\\])?([0-9A-Fa-f]+)(?:\.[0-9A-Za-z]{2,5}){0,2}")
_PYTHON = re.compile(
    rb"[^0-9A-Za-z+/_\\-]*[bB]['\"]((?:[ -\[\]-~]|\\x[0-9A-Fa-f]{2}|\\[nrt'\"\\])*)['\"]"
    rb"[^0-9A-Za-z+/=_-]*"
)


def read_digest(value: Value, width: int) -> tuple[str, str] | None:
    """A digest of `width` bytes as (how it is written, lower-case hex); None if it is none.

    Told from the value alone: hexadecimal, base64 in both alphabets, base32, raw bytes, in any
    case, padding or not, with what people put around digests (`sql/v1/04_digest_macros.sql`
    says what). The lengths differ for every width, so no value is read in two ways.
    """
    if isinstance(value, bytes) and len(value) == width:
        return "binary", value.hex()
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    return _undressed(_bare(raw), width) or _unwrapped(raw, width)


def _undressed(bare: bytes, width: int) -> tuple[str, str] | None:
    if _HEX.fullmatch(bare):
        digits = _NO_DIGIT.sub(b"", bare)
        if len(digits) == 2 * width:
            return "hex", digits.decode("ascii").lower()
    if found := _base64(bare, width):
        return found
    signs = len(bare.rstrip(b"="))
    if _BASE32.fullmatch(bare) and signs == (8 * width + 4) // 5:
        padded = (width + 4) // 5 * 8
        if len(bare) in (signs, padded):
            text = bare.rstrip(b"=").ljust(padded, b"=")
            return "base32", base64.b32decode(text, casefold=True).hex()
    return None


def _base64(bare: bytes, width: int) -> tuple[str, str] | None:
    signs, padded = (8 * width + 5) // 6, (width + 2) // 3 * 4
    text = bare.rstrip(b"=")
    if not _BASE64.fullmatch(bare) or len(text) != signs or len(bare) not in (signs, padded):
        return None
    standard = text.translate(bytes.maketrans(b"-_", b"+/"))
    return "base64", base64.b64decode(standard.ljust(padded, b"=")).hex()


def _unwrapped(raw: bytes, width: int) -> tuple[str, str] | None:
    """A digest in a dress that needs a closer look; only what is none so far is asked."""
    if len(raw) < (8 * width + 5) // 6:
        return None
    head = _WRAPPED.match(raw)
    bare = _AFTER.sub(b"", raw[head.end() :] if head else raw)
    if found := _GROUPS.fullmatch(bare):
        digits = _NO_DIGITS.sub(b"", found[1])
        if len(digits) == 2 * width:
            return "hex", digits.decode("ascii").lower()
    if based := _base64(_BREAK.sub(b"", bare), width):
        return based
    if len(re.findall(rb"[0-9A-Fa-f]{%d}" % (2 * width), raw)) == 1:
        named = _FILE.fullmatch(bare)
        if named and len(named[1]) == 2 * width:
            return "hex", named[1].decode("ascii").lower()
    # one escape at least, so that no digits are taken for bytes
    shown = _PYTHON.fullmatch(raw) if b"\\x" in raw else None
    if shown and len(plain := _escaped(shown[1])) == width:
        return "binary", plain.hex()
    return None


def _escaped(text: bytes) -> bytes:
    """The bytes that Python shows with these escapes."""
    return text.decode("ascii").encode("ascii").decode("unicode_escape").encode("latin-1")


def _bare(raw: bytes) -> bytes:
    """A value without what stands around its digest."""
    for pattern in (_BEFORE, _NAMED):
        if found := pattern.match(raw):
            raw = raw[found.end() :]
    return _AFTER.sub(b"", raw)


def form_of(value: Value, width: int) -> str | None:
    """How `value` writes a digest of `width` bytes (a key of ENCODINGS); None if it does not."""
    found = read_digest(value, width)
    return found[0] if found else None


@dataclass(frozen=True)
class DigestReading:
    """What some values say about a digest column, for people: every value is read by itself.

    `encoding` is how most are written (a key of ENCODINGS), NONE where none of them is a
    digest of that width, "hex" where there was none to look at.
    """

    encoding: str
    why: str


NONE = "none"


def judge(values: Sequence[Value], role: str) -> DigestReading:
    """Say how a column that was offered as `role` writes its digests; empty values are missing."""
    width, word = WIDTHS[role], ROLES[role].algorithm
    seen = [value for value in values if value.strip()]
    if not seen:
        return DigestReading("hex", "no value to look at")
    forms = Counter(form for value in seen if (form := form_of(value, width)))
    if not forms:
        return DigestReading(NONE, _no_digest(seen, role))
    count = forms.total()
    ways = " or ".join(ENCODINGS[form] for form, _ in forms.most_common())
    why = f"{count:,} of {len(seen):,} sampled are {word} in {ways}"
    if count < len(seen):
        why += ", the others match nothing"
    return DigestReading(forms.most_common(1)[0][0], why)


def is_number(value: Value) -> bool:
    """Whether a text is a whole number that may be a row hash, which is never a short one."""
    return isinstance(value, str) and _WHOLE.fullmatch(value.strip()) is not None


def _no_digest(values: Sequence[Value], role: str) -> str:
    """Why values are no digest of that kind, in words that tell none of them."""
    for other, width in WIDTHS.items():
        if 2 * sum(form_of(value, width) is not None for value in values) >= len(values):
            return (
                f"none of {len(values):,} sampled is {_a(role)}: they are as long as {_a(other)}; "
                f"if they are the image's, say --column {other}=NAME"
            )
    if all(map(is_number, values)):
        return (
            f"none of {len(values):,} sampled is {_a(role)}: they are whole numbers; if they are "
            "LAION's row hashes, say --column row_hash=NAME"
        )
    return (
        f"none of {len(values):,} sampled is {_a(role)} in hexadecimal, base64, base32 or raw bytes"
    )


def _a(role: str) -> str:
    return f"an {ROLES[role].algorithm}" if role == "image_md5" else f"a {ROLES[role].algorithm}"
