"""Links of more than 16 KiB: compared by their bytes, so that each costs little.

Browsers and servers refuse links long before that: what is longer is a picture written into its
link (`data:`), or broken. Its host is read as any other, so that a listed host covers it; behind
the host nothing is folded, it has no other spellings, and no link is looked for inside it.
`link_is_giant` in `sql/v1/05_link_macros.sql` says the same of a row's link.
"""

import re

from relaion.links.text import as_bytes, as_text

LONGEST = 1 << 14
"""Bytes up to which the host of a link, with its scheme, and what follows it are taken apart."""

# scheme, slashes and host, however they are written
_PLACE = re.compile(r"(?:[^:/\\?#]*:)?[/\\]*[^/\\?#]*")


def cut_place(text: str) -> tuple[str, str]:
    """What stands before a link's path, query or fragment, and the rest."""
    found = _PLACE.match(text)
    end = found.end() if found else 0
    return text[:end], text[end:]


def is_giant(url: str | bytes) -> bool:
    """Whether a link is compared by its bytes: one of its two parts is longer than LONGEST.

    Not the whole is measured: a key has another scheme than its link, yet is its own key.
    """
    text = as_text(url)
    if 4 * len(text) <= LONGEST:
        return False
    return any(len(as_bytes(part)) > LONGEST for part in cut_place(text))
