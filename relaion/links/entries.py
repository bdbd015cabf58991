"""Entries of partner lists: links that were made unclickable, and what is no usable link.

What no list may name does not spread either: a row with a listed image makes its link a listed
one only where `can_spread` says so.
"""

import re
from dataclasses import dataclass
from functools import cache

from publicsuffixlist import PublicSuffixList

from relaion.links.key import Parts, canonical_host, link_key, take_apart, whole_text
from relaion.links.text import as_text, cut_place, drop_breaks, is_giant, trim

_QUOTES = '"\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a'
# a scheme whose letters were replaced or put in brackets: hxxp, [h]ttp, hxxps[:]//, http[://]
_B = r"[\[\](){}]{0,8}"
_SCHEME = re.compile(
    rf"{_B}(h{_B}(?:[tx]{{2}}|\*\*|__){_B}p|f{_B}[tx*_]{_B}p){_B}(s?){_B}:{_B}[/\\]{_B}[/\\]"
    r"[\])}]*\s*",
    re.I,
)
# blanks count from the first of them on, or a thousand would be looked at a million times
_SIGN = re.compile(r"(?<!\s)\s*[\[({<]\s*(\.|dot|:|/)\s*[\])}>]\s*", re.I)
_HALF_SIGN = re.compile(r"[\[({]\.|\.[\])}]")  # one bracket is enough to break a link
_FRAMES = (("'", "'"), ("`", "`"), ("<", ">"))
_BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"))
_NAMED = re.compile(r"url:\s*", re.I)  # `<URL:http://example.com/>`, as RFC 3986 proposes
_NOTE = re.compile(r"(?<!\s)\s+#\s.*", re.S)  # a fragment has no blanks around its sign
_BARE = re.compile(r"[A-Za-z0-9._/-]+")  # nothing of which is a frame, a sign or a scheme
_ROUNDS = 8  # quotes in brackets in quotes: more than people write, and an end for what is no link
_END_OF_HOST = re.compile(r"(?<![\[({])[/\\?#]")


def clean_entry(text: str) -> str:
    """A list's entry as a link that opens: quotes, brackets and defanging undone.

    Undone are blanks, quotes and brackets around it, a comma after its quotes, a note after
    ` # `, `hxxp`, `[h]ttp`, `[:]//`, and `[.]`, `(.)`, `[.`, `[dot]`, `[:]`, `[/]` where the
    scheme or the host shows such signs: a `[.]` in the path of an ordinary link is part of it.
    """
    if _BARE.fullmatch(text):
        return text
    for _ in range(_ROUNDS):
        done = _refang(_unframe(drop_breaks(_NOTE.sub("", text))))
        if done == text:
            break
        text = done
    return text


def _unframe(text: str) -> str:
    for _ in range(_ROUNDS):
        inner = trim(text)
        if inner[:1] in _QUOTES + "'":
            inner = inner.rstrip(",;")
        inner = inner.strip(_QUOTES)
        for opening, closing in _FRAMES:
            if inner.startswith(opening) and inner.endswith(closing):
                inner = inner[1:-1]
        for opening, closing in _BRACKETS:
            if inner.startswith(opening) and inner.endswith(closing) and _SCHEME.match(inner, 1):
                inner = _unbracketed(inner, opening, closing)
        named = _NAMED.match(inner)
        if named and _SCHEME.match(inner, named.end()):
            inner = inner[named.end() :]
        if inner == text:
            break
        text = inner
    return text


def _unbracketed(text: str, opening: str, closing: str) -> str:
    """Without a pair of brackets around it, if the last closes the first: `[h]ttp://…[1]` stays."""
    depth = 0
    for i, c in enumerate(text):
        depth += (c == opening) - (c == closing)
        if not depth:
            return text[1:-1] if i == len(text) - 1 else text
    return text


def _refang(text: str) -> str:
    scheme = _SCHEME.match(text)
    rest, plain = text, ""
    if scheme:
        rest = text[scheme.end() :]
        plain = ("ftp" if scheme[1][0] in "fF" else "http") + scheme[2].lower() + "://"
    host = _END_OF_HOST.split(rest, maxsplit=1)[0]
    if (scheme and scheme[0].lower() != plain) or _SIGN.search(host) or _HALF_SIGN.search(host):
        whole = _SIGN.sub(lambda m: "." if m[1].lower() == "dot" else m[1], rest)
        host = _END_OF_HOST.split(whole, maxsplit=1)[0]
        return plain + _HALF_SIGN.sub(".", host) + whole[len(host) :]
    return text


def can_spread(url: str | bytes) -> bool:
    """Whether a link leads to one thing, so that a list may name it, and rows pass it on.

    Not so: texts that are no link (`None`, `#`, `data:...`), hosts that no browser reaches, a host
    without path and query, and links to a part of a page that only the browser finds.
    """
    return key_can_spread(link_key(url)) and not names_part(url)


def names_part(url: str | bytes) -> bool:
    """Whether a link's fragment begins with `#!`: its key is that of the page, not of the part."""
    text = as_text(url)
    if "!" not in text and "%" not in text and "&" not in text:
        return False
    if is_giant(text):
        return cut_place(text)[1].partition("#")[2].startswith("!")
    parts = take_apart(whole_text(text))
    return parts is not None and parts.fragment.startswith("#!")


def entry_fault(text: str, key: str | None = None) -> str | None:
    """Why an entry is no usable link, in words that hold nothing of it; None when it is one.

    A link must lead to one thing (`can_spread`): an entry that names a host only, or a part of a
    page that only the reader's browser finds (`#!`), would stand for a whole site. Wildcards and
    hosts are for entries with a scope. `text` may be defanged, but where its `key` is given.
    """
    if key is None:
        text = clean_entry(text)
        key = link_key(text)
    is_part = names_part(text)
    if not is_part and key_can_spread(key):
        return None
    if is_giant(text):
        return "no link"
    parts = take_apart(key)
    if parts is None or not parts.host:
        return "no link" if text else "empty"
    faults = {
        "a wildcard in the host": "*" in parts.host,
        "no dot in the host": "." not in parts.host and not parts.host.startswith("["),
        "a hash-bang fragment": is_part,
        "only a host": not parts.path and not parts.query and "%" not in parts.host,
    }
    return next((fault for fault, found in faults.items() if found), "a host that leads nowhere")


# -- What a link's key stands for: which hosts and prefixes could name it, or one thing only -----
# `sql/v1/09_scope_macros.sql` gives the same for a key as `host_patterns`, `key_prefixes` and
# `key_can_spread`. The rules are written down in `sql/decisions/0008-hosts-and-prefixes.md` and
# `0004-listed-links.md`.

# Labels of hosts that a browser can reach: no escape, no star, none of what the URL standard
# forbids. Addresses have none: IPv6 stands in brackets, IPv4 ends in a number.
_LABEL = "[a-z0-9!\"$'()+,;=_`{}~-]+"
_PLACE = re.compile(
    rf"((ftp:)?(\[[0-9a-f:.]+\]|{_LABEL}(?:\.{_LABEL})+)(:[0-9]+)?)(/[^?]*)?(?:\?|\Z)"
)
_ADDRESS = re.compile(r"\[|.*\.(?:0x[0-9a-f]*|[0-9]+)\Z")
_LONGEST_HOST = 253  # characters of a name that the DNS can hold
DEEPEST = 32  # segments of the longest prefix, so that a link of a thousand slashes costs little


def take_place(key: str) -> tuple[str, str, str] | None:
    """(place, host, path) of a link key: place is host and port, with `ftp:` where it has that.

    None for a text that is no web link, and for a host that no entry can name: one label
    only, longer than a name can be, or with characters that lead nowhere.
    """
    found = _PLACE.match(key)
    if found is None or len(found[3]) > _LONGEST_HOST:
        return None
    return found[1], found[3], found[5] or ""


def key_can_spread(key: str) -> bool:
    """Whether a key is that of a link which can be reached, and of more than a host."""
    place = take_place(key)
    return place is not None and place[0] != key


def is_address(host: str) -> bool:
    """Whether a host is an IP address, or ends in a number, which no name does."""
    return _ADDRESS.match(host) is not None


def host_patterns(key: str) -> list[str]:
    """Every host entry that would name a link, by its key: the host, then `*.` patterns.

    `a.b.example` gives `a.b.example`, `*.a.b.example`, `*.b.example`: a pattern covers its own
    host too, any port, and ftp. An address has itself alone. Empty where no entry can name it.
    """
    place = take_place(key)
    if place is None:
        return []
    host = place[1]
    if is_address(host):
        return [host]
    labels = host.split(".")
    return [host, *("*." + ".".join(labels[i:]) for i in range(len(labels) - 1))]


def key_prefixes(key: str) -> list[str]:
    """Every prefix entry that would name a link, by its key, the shortest first.

    `example.com:8080/a/b?c` gives `example.com:8080`, `example.com:8080/a` and
    `example.com:8080/a/b`: whole segments, on exactly that host and port, and never the query.
    Not deeper than DEEPEST segments. Empty where no entry can name it.
    """
    place = take_place(key)
    if place is None:
        return []
    start, _, path = place
    segments = path.split("/")[: DEEPEST + 1]
    return [start + "/".join(segments[:i]) for i in range(1, len(segments) + 1)]


# -- Entries that stand for more than one link: a host, or all below a folder ------------------

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
    scheme, below, path, rest = found[1], found[2] or "", found[3], found[4]
    link = scheme + _ENDS.sub("/", path) + rest
    key, parts = link_key(link), take_apart(link)
    if (place := take_place(key)) is None:
        return Scoped("", _no_place(link, key, below))
    if parts and parts.fragment.startswith("#!"):
        return Scoped("", "a hash-bang fragment")
    if kind == "host":
        fault = _host_fault(place[1], key, below, parts)
    else:
        fault = _prefix_fault(place, key, below)
    return Scoped("", fault) if fault else Scoped(below + key)


def _no_place(link: str, key: str, below: str) -> str:
    parts = take_apart(f"//{key}") if below else take_apart(key)
    if parts is None or not parts.host:
        return "no link" if link else "empty"
    if "*" in parts.host:
        return "a wildcard in the host"
    return "a host that leads nowhere" if "." in parts.host else "no dot in the host"


def _host_fault(host: str, key: str, below: str, parts: Parts | None) -> str | None:
    if key != host:  # a port, a path, a query, ftp
        return "a wildcard in the host" if below else "more than a host"
    if below and is_address(key):
        return "a wildcard before an address"
    # the key has no `www.`: `*.www.example.com` would become all of `*.example.com`
    if below and parts and canonical_host(parts.host) != key:
        return "a wildcard before www."
    return "a public suffix" if is_public_suffix(key) else None


def _prefix_fault(place: tuple[str, str, str], key: str, below: str) -> str | None:
    _, host, path = place
    faults = {
        "a wildcard in the host": below,
        "a query in a prefix": "?" in key,
        "a pattern that ends within a segment": path.endswith("*"),
        "a wildcard in the path": "*" in path,
        f"more than {DEEPEST} folders deep": path.count("/") > DEEPEST,
        "a public suffix": not path and is_public_suffix(host),
    }
    return next((fault for fault, found in faults.items() if found), None)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # the list that the library ships; it asks no network


def is_public_suffix(host: str) -> bool:
    """Whether anyone can have a name below a host: `co.uk`, `github.io`, `blogspot.com`."""
    return not is_address(host) and bool(_suffixes().is_public(host))
