"""Names as people can read them."""

import os
import re

# marks that turn the line around, or cannot be seen, are told too: two names must not look alike
_UNSHOWN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)


def shown(name: object) -> str:
    r"""A name on one line: control characters, marks, bytes that are no UTF-8 as `\x0a`."""

    def escaped(found: re.Match[str]) -> str:
        return "".join(f"\\x{byte:02x}" for byte in os.fsencode(found[0]))

    return _UNSHOWN.sub(escaped, str(name))


def is_utf8(text: str) -> bool:
    """Whether a text can be written in UTF-8: bytes that were none come as lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
