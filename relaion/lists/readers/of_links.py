"""Digests that are those of the links beside them, in one of the ways that givers hash links.

Beside a link a digest may be of the picture or of the link's own text. Only the latter can be
proved, and it is no digest of an image: it becomes an entry of hashed links.
"""

import hashlib
import re

from relaion.links.spellings import spellings
from relaion.links.text import trim
from relaion.lists.digests import LENGTHS

_DEFANGED = (
    (re.compile(r"(?i)^h[x*]{2}p(s?)"), r"http\1"),
    (re.compile(r"(?i)^(https?)\[:\]"), r"\1:"),
    (re.compile(r"(?i)\[?\(?\[(?:\.|dot)\]\)?\]?|\((?:\.|dot)\)"), "."),
    (re.compile(r"(?i)\[:?//\]|\[://\]"), "://"),
)
_ENDS = ("", "\n", "\r\n", " ")
_IS_LINK = re.compile(
    r"(?i)\s*(?:[a-z*]{2,6}(?:\[?:\]?|\[?://\]?)//|[\w-]+(?:\[?\.\]?[\w-]+)+[/?])"
)


def digest_of_link(digest: str, link: str) -> str | None:
    """The kind of a hex digest that is that of the link beside it; None for any other."""
    algorithm = LENGTHS.get(len(digest.strip()))
    if algorithm is None or not link or not _IS_LINK.match(link):
        return None
    wanted = digest.strip().lower()
    return f"url_{algorithm}" if wanted in set(_digests(link, algorithm)) else None


def _digests(link: str, algorithm: str) -> list[str]:
    return [
        hashlib.new(algorithm, data, usedforsecurity=False).hexdigest() for data in _texts(link)
    ]


def _texts(link: str) -> set[bytes]:
    """What a giver may have hashed for a link: as it stands or mended, with a line end or not."""
    bare = trim(link)
    mended = bare
    for pattern, right in _DEFANGED:
        mended = pattern.sub(right, mended)
    found: set[bytes] = set()
    for text in {link, bare, mended}:
        told = {data for _, data in spellings(text)}
        raw = text.encode("utf-8", "surrogateescape")
        told |= {raw, raw.lower(), raw.upper(), raw.rstrip(b"/"), raw + b"/"}
        told |= {data.rstrip(b"/") for data in told}
        found |= told
    return {data + end.encode() for data in found for end in _ENDS}
