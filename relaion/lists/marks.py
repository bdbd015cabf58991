"""Signs before values, and words beside them: what they say, and why such a value is none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from relaion.lists.readers import why
from relaion.lists.readers.lines.line import LinkBeside
from relaion.lists.values import NOTHING, Entry, read_value, shape

HASH_BESIDE = "a hash beside other text"
HOST_BESIDE = "a host beside other text"
ADVICE = {
    HASH_BESIDE: "write # before notes that stand behind a hash, and leave out what stands before "
    "it",
    HOST_BESIDE: "write # before notes that stand behind a host, and leave out what stands before "
    "it",
}
"""What to do with values that are none for these reasons."""

IN_BRACKETS = re.compile(r"\([^()]+\)|\[[^\[\]]+\]|\{[^{}]+\}")  # a frame around a note
PLAIN_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,6}(?!xn--)[a-z]{2,24}")
"""A host of which nobody has to look twice whether it is one."""
STRUCK = re.compile(
    r"(?i)\s*(?:[-*+•]\s+)?(?:~~|<(?:del|s|strike)>)(.*?\w.*?)(?:~~|</(?:del|s|strike)>)\s*"
)
"""A value that is struck out."""

_SIGNED = re.compile(r"\s*([-–—−+]\s*)(\S.*)")
_HOST = r"[\w-]+(?:\.[\w-]+)+"
_HOST_BESIDE = re.compile(rf"\s{_HOST}(?:\s|\Z)|\A\s*{_HOST}\s+\S")
_HELD = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{32})(?![0-9A-Za-z])"
)
_SIGNS = "".join(map(chr, range(33))) + "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"  # no words


def without_sign(value: str, kinds: Sequence[str], beside: LinkBeside) -> str:
    """A digest without the sign or the dash before it; one that is taken back is struck out.

    A plus adds. A dash takes back beside plus signs, and is a bullet where most lines have one.
    """
    found = _SIGNED.fullmatch(value)
    is_host = tuple(kinds) == ("host",) and beside.minus_removes
    if found is None or (shape(found[2]) in (None, "link") and not is_host):
        return value
    if found[1].strip() == "+":
        return found[2]
    if beside.minus_removes:
        return f"~~{found[2]}~~"
    is_bullet = beside.dashes_are_bullets and found[1] != found[1].rstrip()
    return found[2] if is_bullet else value


def in_cp1252(value: str) -> str | None:
    """A text whose bytes are no UTF-8, as it reads in Windows-1252; None for any other."""
    if value.isascii() or not re.search("[\udc80-\udcff]", value):
        return None
    try:
        return value.encode("utf-8", "surrogateescape").decode("cp1252")
    except UnicodeError:  # five bytes stand for nothing there
        return None


_JOINERS = re.compile(  # nothing is spelled by them, nor by what gives a text its direction
    "[\\u00ad\\u061c\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufeff]"
)

_ESCAPED_JOINERS = re.compile(  # the same, as browsers write them in a link
    "(?i)%(?:C2%AD|D8%9C|E2%80%(?:8[BEF]|A[A-E])|E2%81%A[0-9A-F]|EF%BB%BF)"
)
_ESCAPED_TAG = re.compile(  # behind a link, not behind its `?q=`
    r"(?i)(?<!=)(?:%3C/?[a-z][a-z0-9]*(?:%20|\+)?/?%3E)+\Z"
)


def spelled(
    value: str, entry: Entry | str, kinds: Sequence[str], beside: LinkBeside
) -> Sequence[Entry | str]:
    """A link as it stands, and as Windows-1252 reads its bytes, or without signs nobody sees.

    Such signs come in where a text is copied, and may be a link's own as well. So do escaped ones,
    and an escaped tag at the end.
    """
    if isinstance(entry, str) or entry[0] not in ("url", "url_prefix"):
        return [entry]
    told = in_cp1252(value)
    bare = _ESCAPED_TAG.sub("", _ESCAPED_JOINERS.sub("", value)) if "%" in value else value
    bare = bare if value.isascii() else _JOINERS.sub("", bare)
    is_joined = told is None and bare != value
    other = read_value(bare if is_joined else told or value, kinds)
    if isinstance(other, str) or other == entry:
        return [entry]
    beside.joined += is_joined
    beside.in_cp1252 += not is_joined
    return [entry, other]


def with_tag(
    value: str, found: Sequence[Entry | str], kinds: Sequence[str], beside: LinkBeside
) -> Sequence[Entry | str]:
    """A link that ends in a tag, as it stands: some rows have it so, where a page was cut badly."""
    if len(found) != 1 or found[0][0] != "url" or not _TAGGED.fullmatch(value):
        return []
    entry = read_value(value, kinds)
    is_other = not isinstance(entry, str) and entry != found[0]
    beside.joined += is_other
    return [entry] * is_other


_TAGGED = re.compile(r"https?://[^\s<>]+(?:</?\w+/?>)+")


def reason_of(value: str, reason: str, kinds: Sequence[str]) -> str:
    """Why a value is none, where a digest or a host stands in it beside other text."""
    if reason == why.ONLY_HOST and _HELD.search(value):  # of what a browser would take for a host
        return HASH_BESIDE
    if reason == NOTHING and tuple(kinds) == ("host",) and _HOST_BESIDE.search(value):
        return HOST_BESIDE
    is_beside = reason == NOTHING and _HELD.search(value) and _HELD.sub("", value).strip(_SIGNS)
    return HASH_BESIDE if is_beside else reason
