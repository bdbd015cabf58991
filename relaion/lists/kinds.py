"""What an entry can be, and what a partner's column name says about it."""

import re

KINDS = (
    "url",
    "url_md5",
    "url_sha1",
    "url_sha256",
    "image_md5",
    "image_sha1",
    "image_sha256",
    "row_hash",
    "host",
    "url_prefix",
)

# what a value may be when nothing but the value tells: the first that fits is taken
ANY = ("url", "image_md5", "image_sha1", "image_sha256", "url_md5", "url_sha1", "url_sha256")
_LINK = tuple(kind for kind in ANY if kind.startswith("url"))
_IMAGE = tuple(kind for kind in ANY if kind.startswith("image"))
_HASHED_LINK = _LINK[1:]

_OF_LINK = "url|uri|link|href"
_OF_IMAGE = "image|img|file|media|picture|content"
_ALGORITHM = re.compile(
    rf"(?:(?P<link>{_OF_LINK})|(?P<image>{_OF_IMAGE})|hash|hex|hashvalue|original)?s?"
    r"(?P<name>md5|sha1|sha256|sha)(?:hash|hex|sum|digest|value|base32|base64|s)*"
    rf"(?:of)?(?:(?P<link2>{_OF_LINK})|(?P<image2>{_OF_IMAGE}))?s?"
)
_NAMES = (
    (rf"(?:{_OF_IMAGE}|source|src|full|web|page|original)?(?:{_OF_LINK})s?|webaddress", _LINK),
    (rf"(?:{_OF_LINK})(?:hash|digest)(?:es|s)?|hashed(?:{_OF_LINK})s?", _HASHED_LINK),
    (rf"(?:{_OF_IMAGE})(?:hash|digest)(?:es|s|value)?", _IMAGE),
    ("(?:hash|digest)(?:es|s|value|values|hex)?|values?|indicators?|ioc|entry|entries", ANY),
)


def kinds_named(name: str) -> tuple[str, ...]:
    """The kinds that a column of this name can hold, the likeliest first; empty for none.

    Case and separators count for nothing: `SHA-1`, `sha_1` and `Sha1` are one name. `md5`
    is an image's unless `--kind` says otherwise; `url` may also hold hashed links.
    """
    plain = re.sub(r"[^a-z0-9]", "", name.casefold())
    if found := _ALGORITHM.fullmatch(plain):
        algorithms = ("sha1", "sha256") if found["name"] == "sha" else (found["name"],)
        return tuple(
            f"{what}_{algorithm}"
            for what in ("image", "url")
            for algorithm in algorithms
            if not (found["link"] or found["link2"]) or what == "url"
            if not (found["image"] or found["image2"]) or what == "image"
        )
    return next((kinds for names, kinds in _NAMES if re.fullmatch(names, plain)), ())
