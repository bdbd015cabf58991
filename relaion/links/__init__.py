"""Links: their canonical form, the spellings that givers hash, and the links inside links."""

from typing import TYPE_CHECKING

from relaion.lazily import lazily

KEY_VERSION = 5
"""Raised whenever the key of any link changes; a list store of another version is refused."""

if TYPE_CHECKING:
    from relaion.links.entries import (
        SCOPES,
        can_spread,
        clean_entry,
        entry_fault,
        host_patterns,
        is_public_suffix,
        key_can_spread,
        key_prefixes,
        names_part,
        read_scoped,
        scope_shown,
    )
    from relaion.links.inner import inner_links
    from relaion.links.key import key_digest, link_key, link_steps
    from relaion.links.place import host_digest, link_place
    from relaion.links.spellings import FORMS

__all__ = [
    "FORMS",
    "KEY_VERSION",
    "SCOPES",
    "can_spread",
    "clean_entry",
    "entry_fault",
    "host_digest",
    "host_patterns",
    "inner_links",
    "is_public_suffix",
    "key_can_spread",
    "key_digest",
    "key_prefixes",
    "link_key",
    "link_place",
    "link_steps",
    "names_part",
    "read_scoped",
    "scope_shown",
]

_KEY = ("key_digest", "link_key", "link_steps")
_PLACE = ("host_digest", "link_place")
__getattr__ = lazily(
    __name__,
    dict.fromkeys(__all__, "relaion.links.entries")
    | dict.fromkeys(_KEY, "relaion.links.key")
    | dict.fromkeys(_PLACE, "relaion.links.place")
    | {"FORMS": "relaion.links.spellings", "inner_links": "relaion.links.inner"},
)
