"""Links: their canonical form, the spellings that givers hash, and the links inside links."""

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
from relaion.links.key import KEY_VERSION, host_digest, key_digest, link_key, link_steps
from relaion.links.scopes import host_patterns, key_can_spread, key_prefixes
from relaion.links.spellings import FORMS, spellings

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
    "spellings",
]
