"""Where a key is kept: under the digest of its host, and the end of it.

Nothing else of links is loaded for this, so a process that does no more begins quickly.
"""

import re
from hashlib import md5

# a host that is its own canonical form: nothing to ask the library for
ORDINARY = re.compile(r"(?:(?!xn--)[a-z0-9_-]+\.)+(?!xn--)[a-z][a-z0-9_-]*")
_KEY_HOST = re.compile(rf"({ORDINARY.pattern})(?:[/?]|\Z)")


def host_digest(key: str) -> str | None:
    """MD5 of a key's host without any `www.` in it, as 32 lower-case hex digits.

    It tells which rows are worth a key, and guards nothing: `link_host_digest` in
    `sql/v1/05_link_macros.sql` makes the same of a row's link. None when the host is odd (a port,
    a number or one label only, punycode, other characters): a row with such a host always goes on.
    """
    found = _KEY_HOST.match(key)
    if not found:
        return None
    host = found[1].replace("www.", "")
    return md5(host.encode("ascii"), usedforsecurity=False).hexdigest()


TAIL = 8
"""Characters at the end of a key by which most rows are told from a listed link: `link_tail`."""


def link_place(key: str) -> str | None:
    """The digest of a key's host, and behind it the last characters of the key; None as that is."""
    host = host_digest(key)
    return None if host is None else host + key[-TAIL:]
