"""Links: the canonical form in which two spellings of a link are equal."""

from relaion.links.entries import clean_entry, entry_fault
from relaion.links.key import KEY_VERSION, host_digest, key_digest, link_key, link_steps

__all__ = [
    "KEY_VERSION",
    "clean_entry",
    "entry_fault",
    "host_digest",
    "key_digest",
    "link_key",
    "link_steps",
]
