"""Digests that are those of the links beside them, in one of the ways that givers hash links.

Beside a link a digest may be of the picture or of the link's own text. Only the latter can be
proved, and it is no digest of an image: it becomes an entry of hashed links.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from relaion.links.spellings import spellings
from relaion.links.text import trim
from relaion.lists.digests import read_digest

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


def is_like_link(text: str) -> bool:
    """Whether a text begins as a link does, defanged or without its scheme too."""
    return _IS_LINK.match(text) is not None


def digest_of_link(digest: str, link: str, *, is_quick: bool = False) -> str | None:
    """The kind of a digest that is that of the link beside it; None for any other.

    `is_quick` looks at the link as it stands only, in a few ways.
    """
    found = read_digest(digest.strip()) if is_like_link(link) else None
    if found is None:
        return None
    algorithm, wanted = found
    for data in _as_given(link) if is_quick else _texts(link):
        if hashlib.new(algorithm, data, usedforsecurity=False).hexdigest() == wanted:
            return f"url_{algorithm}"
    return None


def _as_given(link: str) -> set[bytes]:
    raw = link.encode("utf-8", "surrogateescape")
    bare = re.sub(rb"^[a-zA-Z][a-zA-Z0-9+.-]*://", b"", raw)
    return {raw, raw.lower(), bare, bare.lower(), raw.rstrip(b"/"), bare.rstrip(b"/"), raw + b"\n"}


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


def links_of(cells: Mapping[int, list[str]]) -> dict[int, list[str]]:
    """Columns that hold links, whatever they are for; a host and its path beside it are one."""
    found = {i: column for i, column in cells.items() if _may_be_links(column[:_LOOK])}
    for (i, hosts), (_, paths) in pairwise(cells.items()):
        if any(p[:1] == "/" for p in paths[:_LOOK]) and any(map(_HOST.fullmatch, hosts[:_LOOK])):
            found[-1 - i] = [
                h + p if p[:1] == "/" else "" for h, p in zip(hosts, paths, strict=True)
            ]
    return found


def _may_be_links(cells: Sequence[str]) -> bool:
    whole = "".join(cells)
    return ("/" in whole or "?" in whole) and any(map(is_like_link, cells))


_LOOK = 200  # cells by which a column is known
_HOST = re.compile(r"(?i)(?:https?://)?[\w-]+(?:\.[\w-]+)+(?::\d+)?")
