"""Entries that stand for more than one link: a host, or all below a folder."""

import re
from dataclasses import dataclass
from functools import cache

from publicsuffixlist import PublicSuffixList

from relaion.links.entries import clean_entry
from relaion.links.host import canonical_host
from relaion.links.key import link_key
from relaion.links.parts import take_apart
from relaion.links.scopes import DEEPEST, is_address, take_place

SCOPES = {"host": "host", "prefix": "url_prefix"}
"""What a curator calls a scope, and the kind of its entries."""

_STARRED = re.compile(r"((?:(?:https?|ftp):[/\\]*|[/\\]{2,})?)(\*\.)?([^?#]*)(.*)", re.I | re.S)
_ENDS = re.compile(r"/\*\Z")
_LONE_STAR = re.compile(r"/\*(?:/|\Z)|\*\Z")


@dataclass(frozen=True)
class Scoped:
    """An entry with a scope: the text whose digest is kept, or why it is none."""

    text: str
    fault: str | None = None


def scope_shown(text: str) -> str | None:
    """`host` or `url_prefix` for an entry that shows by its stars that it is one, else None.

    `*.example.com` is a host and those below it, `example.com/dir/*` all below a folder. A star
    within a segment may be part of a link; one that is a whole segment, or ends the path,
    is a pattern, if perhaps one that cannot be used. `text` may be defanged.
    """
    if "*" not in text:
        return None
    found = _STARRED.fullmatch(clean_entry(text))
    if found is None:  # cannot be: every part may be empty
        return None
    if found[2]:
        return "host"
    return "url_prefix" if not found[4] and _LONE_STAR.search(found[3]) else None


def read_scoped(text: str, kind: str) -> Scoped:
    """An entry read as `host` or `url_prefix`, whether it is a link, a host or a pattern.

    Public suffixes are refused: `*.github.io` would name the pages of thousands. The fault's
    words hold nothing of the entry. `text` may be defanged.
    """
    found = _STARRED.fullmatch(clean_entry(text))
    if found is None:  # cannot be: every part may be empty
        return Scoped("", "no link")
    scheme, below, place, rest = found[1], found[2] or "", found[3], found[4]
    link = scheme + _ENDS.sub("/", place) + rest
    key, parts = link_key(link), take_apart(link)
    if not take_place(key):
        return Scoped("", _no_place(link, key, below))
    if parts and parts.fragment.startswith("#!"):
        return Scoped("", "a hash-bang fragment")
    fault = _host_fault(key, below, link) if kind == "host" else _prefix_fault(key, below)
    return Scoped("", fault) if fault else Scoped(below + key)


def _no_place(link: str, key: str, below: str) -> str:
    parts = take_apart(f"//{key}") if below else take_apart(key)
    if parts is None or not parts.host:
        return "no link" if link else "empty"
    if "*" in parts.host:
        return "a wildcard in the host"
    return "a host that leads nowhere" if "." in parts.host else "no dot in the host"


def _host_fault(key: str, below: str, link: str) -> str | None:
    place = take_place(key)
    if place is None or key != place[1]:  # a port, a path, a query, ftp
        return "a wildcard in the host" if below else "more than a host"
    if below and is_address(key):
        return "a wildcard before an address"
    parts = take_apart(link)
    # the key has no `www.`: `*.www.example.com` would become all of `*.example.com`
    if below and parts and canonical_host(parts.host) != key:
        return "a wildcard before www."
    return "a public suffix" if is_public_suffix(key) else None


def _prefix_fault(key: str, below: str) -> str | None:
    place = take_place(key)
    path = place[2] if place else ""
    alone = place is not None and not path and is_public_suffix(place[1])
    faults = {
        "a wildcard in the host": below,
        "a query in a prefix": "?" in key,
        "a pattern that ends within a segment": path.endswith("*"),
        "a wildcard in the path": "*" in path,
        f"more than {DEEPEST} folders deep": path.count("/") > DEEPEST,
        "a public suffix": alone,
    }
    return next((fault for fault, found in faults.items() if found), None)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # the list that the library ships; it asks no network


def is_public_suffix(host: str) -> bool:
    """Whether anyone can have a name below a host: `co.uk`, `github.io`, `blogspot.com`."""
    return not is_address(host) and bool(_suffixes().is_public(host))
