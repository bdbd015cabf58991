"""A digest as partners write it: hex, base32 or base64."""

import base64
import re
from collections.abc import Sequence

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
