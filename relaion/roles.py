"""The roles that columns play, and the kinds of entries that lists hold: named here alone."""

from typing import NamedTuple


class Role(NamedTuple):
    """What a column can be.

    `noun` is what people call it, `sql_type` what the views give it as. `names` mean it, in any
    case, the first one present before the others. `is_many`: several columns may play it at
    once. `width` is the bytes of a digest, by `algorithm`. `is_counted`: a list or a built-in rule
    looks at it.
    """

    noun: str
    sql_type: str
    names: tuple[str, ...]
    is_many: bool = False
    width: int | None = None
    algorithm: str = ""
    is_counted: bool = True


_MD5 = ("md5", "image_md5", "md5hash", "md5_hash", "md5sum", "originalmd5", "hash")
_SHA1 = ("sha1", "image_sha1", "sha1hash", "sha1_hash", "sha1sum")
_SHA256 = ("sha256", "image_sha256", "sha256hash", "sha256_hash", "sha256sum")
ROLES = {
    "url": Role("link", "varchar", ("url", "image_url"), is_many=True),
    "text": Role("caption", "varchar", ("text", "caption", "txt")),
    "punsafe": Role("safety score", "double", ("punsafe", "prediction")),
    "row_hash": Role("row hash", "bigint", ("hash", "row_hash")),
    "image_md5": Role("image MD5", "varchar", _MD5, True, 16, "MD5"),
    "image_sha1": Role("image SHA-1", "varchar", _SHA1, True, 20, "SHA-1"),
    "image_sha256": Role("image SHA-256", "varchar", _SHA256, True, 32, "SHA-256"),
    "language": Role("language", "varchar", ("language", "lang"), is_counted=False),
}
WIDTHS = {name: role.width for name, role in ROLES.items() if role.width}
"""Bytes of the digest of each role that is one."""

COUNTED = tuple(name for name, role in ROLES.items() if role.is_counted)
"""Roles that a list or a rule looks at: how many rows have a value is part of every audit."""

IMAGE_KINDS = tuple(WIDTHS)
SCOPED_KINDS = ("host", "url_prefix")
LINK_KINDS = ("url", *SCOPED_KINDS)
HASHED_LINK_KINDS = {"url_md5": "md5", "url_sha1": "sha1", "url_sha256": "sha256"}
"""Digests of links, each by its algorithm as `hashlib` calls it."""

KINDS = ("url", *HASHED_LINK_KINDS, *IMAGE_KINDS, "row_hash", *SCOPED_KINDS)

_WORDS: dict[str | None, str] = {
    **{name: role.noun for name, role in ROLES.items()},
    "url_md5": "link MD5",
    "url_sha1": "link SHA-1",
    "url_sha256": "link SHA-256",
    "url_prefix": "link prefix",
    None: "same link",
}


def kind_words(kind: str | None) -> str:
    """A kind as people call it."""
    return _WORDS.get(kind, str(kind))


def so_many(n: int, kind: str) -> str:
    """`1 link`, `2 links`, `2 link prefixes`; of digests `2 image MD5`."""
    words = kind_words(kind)
    ending = "" if n == 1 or not words[-1].islower() else "es" if words[-1] in "hx" else "s"
    return f"{n:,} {words}{ending}"


def compared(kind: str | None, form: str | None) -> str:
    """What was compared: the kind, and the spelling where there are several."""
    plain = form in (None, "canonical") or (form == "raw" and kind not in HASHED_LINK_KINDS)
    return kind_words(kind) if plain else f"{kind_words(kind)}, {form}"
