"""A web link taken apart: what belongs to its scheme, host, port, path and query."""

import re
from dataclasses import dataclass

from relaion.links.host import is_ordinary
from relaion.links.text import unframed, unquote_whole

_WEB = re.compile(r"(?:(?:https?|ftp):[/\\]*|[/\\]{2,})", re.IGNORECASE)
_BARE = re.compile(r"(?:([^/\\?#:@\s]+)|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?(?:[/\\?#]|\Z)")
_REST = re.compile(r"([^/\\?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)


@dataclass(slots=True)
class Parts:
    """The parts of a link, each with its own delimiter: joined they are the link again."""

    scheme: str
    user: str
    host: str
    port: str
    path: str
    query: str
    fragment: str

    def __str__(self) -> str:
        return (
            f"{self.scheme}{self.user}{self.host}{self.port}{self.path}{self.query}{self.fragment}"
        )


def take_apart(text: str) -> Parts | None:
    """The parts of a web link; None for any other text.

    A web link opens with `http:`, `https:` or `ftp:` and any number of slashes, with two
    slashes, or with a dotted host.
    """
    web = _WEB.match(text)
    if not web and not is_bare(text):
        return None
    start = web.end() if web else 0
    rest = _REST.match(text, start)
    if rest is None:  # cannot be: every group may be empty
        return None
    user, at, place = rest[1].rpartition("@")
    host, colon, digits = place.rpartition(":")
    if not colon or (digits and not (digits.isascii() and digits.isdigit())):
        host, colon, digits = place, "", ""
    return Parts(
        text[:start], user + at, host, colon + digits, rest[2], rest[3] or "", rest[4] or ""
    )


def is_bare(text: str) -> bool:
    """Whether a text without a scheme is a link: a dotted host stands in front."""
    found = _BARE.match(text)
    if found is None:
        return False
    return not found[1] or found[1] == "localhost" or "." in found[1][1:-1]


def mark(p: Parts) -> None:
    """Put `//` before a link without a scheme that would not be read back as a link."""
    if not p.scheme and not is_ordinary(p.host):
        text = str(p)
        is_itself = unquote_whole(text) == text == unframed(text)
        p.scheme = "" if is_bare(text) and is_itself else "//"
