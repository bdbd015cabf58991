"""Links: their canonical form, the spellings that givers hash, and the links inside links."""

from relaion.links.entries import clean_entry, entry_fault
from relaion.links.inner import inner_links
from relaion.links.key import KEY_VERSION, host_digest, key_digest, link_key, link_steps
from relaion.links.spellings import FORMS, spellings

__all__ = [
    "FORMS",
    "KEY_VERSION",
    "clean_entry",
    "entry_fault",
    "host_digest",
    "inner_links",
    "key_digest",
    "link_key",
    "link_steps",
    "spellings",
]
