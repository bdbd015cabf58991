"""Links: their canonical form, the spellings that givers hash, and the links inside links."""

from typing import TYPE_CHECKING

from relaion.lazily import lazily

KEY_VERSION = 4
"""Raised whenever the key of any link changes; a list store of another version is refused."""

if TYPE_CHECKING:
    from relaion.links.entries import (
        SCOPES,
        Scoped,
        can_spread,
        clean_entry,
        entry_fault,
        is_public_suffix,
        names_part,
        read_scoped,
        scope_shown,
    )
    from relaion.links.inner import inner_links
    from relaion.links.key import host_digest, key_digest, link_key, link_steps
    from relaion.links.scopes import host_patterns, key_can_spread, key_prefixes
    from relaion.links.spellings import FORMS

__all__ = [
    "FORMS",
    "KEY_VERSION",
    "SCOPES",
    "Scoped",
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
    "link_steps",
    "names_part",
    "read_scoped",
    "scope_shown",
]

_HOMES = {
    "FORMS": "relaion.links.spellings",
    "SCOPES": "relaion.links.entries",
    "Scoped": "relaion.links.entries",
    "can_spread": "relaion.links.entries",
    "clean_entry": "relaion.links.entries",
    "entry_fault": "relaion.links.entries",
    "host_digest": "relaion.links.key",
    "host_patterns": "relaion.links.scopes",
    "inner_links": "relaion.links.inner",
    "is_public_suffix": "relaion.links.entries",
    "key_can_spread": "relaion.links.scopes",
    "key_digest": "relaion.links.key",
    "key_prefixes": "relaion.links.scopes",
    "link_key": "relaion.links.key",
    "link_steps": "relaion.links.key",
    "names_part": "relaion.links.entries",
    "read_scoped": "relaion.links.entries",
    "scope_shown": "relaion.links.entries",
}

__getattr__ = lazily(__name__, _HOMES)
