"""What a link's key stands for: which hosts and prefixes could name it, and if for one thing only.

`sql/v1/09_scope_macros.sql` gives the same for a key as `host_patterns`, `key_prefixes` and
`key_can_spread`. The rules are written down in `sql/decisions/0008-hosts-and-prefixes.md` and
`0004-listed-links.md`.
"""

import re

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
