"""Names of columns written as one word, such as `imagemd5`: the kinds of entry that they hold."""

import re
from collections.abc import Iterable

from relaion.lists.readers.format import ANY, LINK_KINDS
from relaion.lists.readers.vocabulary.spelling import folded
from relaion.roles import HASHED_LINK_KINDS, IMAGE_KINDS

_LINKED = (*LINK_KINDS, *HASHED_LINK_KINDS)


def kinds_by(algorithm: str, kinds: Iterable[str]) -> tuple[str, ...]:
    """Of kinds, those whose digests are by an algorithm; `sha` may be of two."""
    ends = ("_sha1", "_sha256") if algorithm == "sha" else (f"_{algorithm}",)
    return tuple(kind for kind in kinds if kind.endswith(ends))


_LINK_WORDS = "url|uri|link|href"
_IMAGE_WORDS = "image|img|file|media|picture|content"
_ONE_WORD = re.compile(
    rf"(?:(?P<link>{_LINK_WORDS})|(?P<image>{_IMAGE_WORDS})|hash|hex|hashvalue|original)?s?"
    r"(?P<name>md5|sha1|sha256|sha)(?:hash|hex|sum|digest|value|base32|base64|s)*"
    rf"(?:of)?(?:(?P<link2>{_LINK_WORDS})|(?P<image2>{_IMAGE_WORDS}))?s?"
)
_NAMES = (
    (
        rf"(?:{_IMAGE_WORDS}|source|src|full|web|page|original)?(?:{_LINK_WORDS})s?|webaddress",
        _LINKED,
    ),
    (
        rf"(?:{_LINK_WORDS})(?:hash|digest)(?:es|s)?|hashed(?:{_LINK_WORDS})s?",
        tuple(HASHED_LINK_KINDS),
    ),
    (rf"(?:{_IMAGE_WORDS})(?:hash|digest)(?:es|s|value)?", IMAGE_KINDS),
    ("(?:hash|digest)(?:es|s|value|values|hex)?|values?|indicators?|ioc|entry|entries", ANY),
)
# names that say nothing by themselves: a column `domain` beside links is no list of hosts
_WHERE_SAID = {
    "host": "hosts?|hostnames?|domains?|domainnames?|fqdns?|sites?|patterns?|domae?nen?|domaines?"
    "|dominios?|domini?o?|domein(?:en)?",
    "url_prefix": "(?:url)?prefix(?:es)?|folders?|directory|directories|patterns?",
    "row_hash": "(?:row)?hash(?:es)?|rowkeys?|values?|entry|entries",
}


def kinds_named(name: str, said: str | None = None) -> tuple[str, ...]:
    """The kinds that a column of this name can hold, the likeliest first; empty for none.

    Case and separators count for nothing: `SHA-1`, `sha_1` and `Sha1` are one name. `md5`
    is an image's unless `--kind` says otherwise; `url` may also hold hashed links. `said` is
    the kind that the user named: a column may be its although its name tells nothing.
    """
    plain = re.sub(r"[^a-z0-9]", "", folded(name))
    kinds = _kinds_named(plain)
    if said and said not in kinds and re.fullmatch(_WHERE_SAID.get(said, ""), plain or "-"):
        return (*kinds, said)
    return kinds


def _kinds_named(plain: str) -> tuple[str, ...]:
    found = _ONE_WORD.fullmatch(plain)
    if found is None:
        return next((kinds for names, kinds in _NAMES if re.fullmatch(names, plain)), ())
    of_images = () if found["link"] or found["link2"] else kinds_by(found["name"], IMAGE_KINDS)
    of_links = (
        () if found["image"] or found["image2"] else kinds_by(found["name"], HASHED_LINK_KINDS)
    )
    return (*of_images, *of_links)
