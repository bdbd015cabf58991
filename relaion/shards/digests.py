"""How a column writes a digest: found from its values, never from its name.

No value ever leaves this module in a text: reasons hold counts and lengths only.
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Value = str | bytes

# role -> bytes of its digest, and its name in words
WIDTHS = {"image_md5": 16, "image_sha1": 20, "image_sha256": 32}
WORDS = {"image_md5": "MD5", "image_sha1": "SHA-1", "image_sha256": "SHA-256"}
ENCODINGS = {
    "hex": "hexadecimal",
    "base64": "base64",
    "base32": "base32",
    "binary": "raw bytes",
}
# bits a character, and the characters, of each way to write bytes as text
_ALPHABETS = {
    "hex": (4, re.compile(r"[0-9A-Fa-f]*", re.ASCII)),
    "base64": (6, re.compile(r"[A-Za-z0-9+/_-]*", re.ASCII)),
    "base32": (5, re.compile(r"[A-Za-z2-7]*", re.ASCII)),
}
_BLOCKS = {"hex": 1, "base64": 4, "base32": 8}


def form_of(value: Value, width: int) -> str | None:
    """How `value` writes a digest of `width` bytes (a key of ENCODINGS); None if it does not.

    Hex and base32 in any case; base64 in its plain and its URL alphabet; padding may be
    missing. The three lengths differ for every width, so no value has two forms.
    """
    if isinstance(value, bytes):
        if len(value) == width:
            return "binary"
        value = value.decode("ascii", "replace")
    text = value.rstrip("=")
    for form, (bits, alphabet) in _ALPHABETS.items():
        block = _BLOCKS[form]
        length = -(-8 * width // bits)
        padded = -(-length // block) * block
        if len(text) == length and len(value) in (length, padded) and alphabet.fullmatch(text):
            return form
    return None


def as_hex(value: Value | None, width: int, encoding: str) -> str | None:
    """A column's value as lower-case hex; None for a value that is not written that way."""
    if value is None or form_of(value, width) != encoding:
        return None
    if encoding == "binary":
        return value.hex() if isinstance(value, bytes) else None
    text = (value.decode("ascii") if isinstance(value, bytes) else value).rstrip("=")
    text += "=" * (-len(text) % _BLOCKS[encoding])
    try:
        if encoding == "hex":
            return text.lower()
        if encoding == "base32":
            return base64.b32decode(text, casefold=True).hex()
        return base64.b64decode(text.translate(str.maketrans("-_", "+/"))).hex()
    except binascii.Error:
        return None


@dataclass(frozen=True)
class Verdict:
    """What sampled values say about a digest column: its encoding, or None and why not."""

    encoding: str | None
    why: str


def judge(values: Sequence[Value], role: str) -> Verdict:
    """Decide how a column that was offered as `role` writes its digests.

    Empty values count as missing. At least half of the rest must be written one way; with
    none to look at, hex is assumed (a column that is always NULL matches nothing anyway).
    """
    width, word = WIDTHS[role], WORDS[role]
    seen = [value for value in values if value]
    if not seen:
        return Verdict("hex", "no value to look at, hexadecimal assumed")
    forms = Counter(form_of(value, width) for value in seen)
    form, count = max(
        ((f, n) for f, n in forms.items() if f), default=("", 0), key=lambda pair: pair[1]
    )
    if 2 * count < len(seen):
        return Verdict(None, _no_digest(seen, role))
    why = f"{count:,} of {len(seen):,} sampled are {word} in {ENCODINGS[form]}"
    if count < len(seen):
        why += ", the others match nothing"
    return Verdict(form, why)


def _no_digest(values: Sequence[Value], role: str) -> str:
    """Why most values are no digest of that kind, in words that tell none of them."""
    for other, width in {role: WIDTHS[role], **WIDTHS}.items():
        if 2 * sum(form_of(value, width) is not None for value in values) >= len(values):
            if other == role:
                return f"its values are {WORDS[role]}s written in several ways, none the rule"
            return (
                f"its values are as long as a {WORDS[other]}, not a {WORDS[role]}; "
                f"if they are the image's, say --column {other}=NAME"
            )
    return f"its values are no {WORDS[role]} in hexadecimal, base64, base32 or raw bytes"
