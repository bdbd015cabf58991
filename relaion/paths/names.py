"""Names as people can read them."""

import os
import re

# marks that turn the line around, or cannot be seen, are told too: two names must not look alike
_UNSHOWN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
_LONGEST_WORD = 26  # longer than names are, and shorter than digests


def shown(name: object) -> str:
    r"""A name on one line: control characters, marks, bytes that are no UTF-8 as `\x0a`."""

    def escaped(found: re.Match[str]) -> str:
        return "".join(f"\\x{byte:02x}" for byte in os.fsencode(found[0]))

    return _UNSHOWN.sub(escaped, str(name))


def typed(word: str) -> str:
    """A word as a user typed it, for an error; a link or a digest in its place is not repeated."""
    return shown(word) if len(word) <= _LONGEST_WORD and "/" not in word else "(not shown)"


def is_utf8(text: str) -> bool:
    """Whether a text can be written in UTF-8: bytes that were none come as lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
