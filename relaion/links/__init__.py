"""Links: the canonical form in which two spellings of a link are equal."""

from relaion.links.entries import clean_entry, entry_fault
from relaion.links.key import KEY_VERSION, host_digest, key_digest, link_key, link_steps
from relaion.links.scoped import SCOPES, Scoped, is_public_suffix, read_scoped, scope_shown
from relaion.links.scopes import host_patterns, key_prefixes
from relaion.links.spellings import FORMS

__all__ = [
    "FORMS",
    "KEY_VERSION",
    "SCOPES",
    "Scoped",
    "clean_entry",
    "entry_fault",
    "host_digest",
    "host_patterns",
    "is_public_suffix",
    "key_digest",
    "key_prefixes",
    "link_key",
    "link_steps",
    "read_scoped",
    "scope_shown",
]
