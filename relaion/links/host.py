"""The host of a link in one form: UTS 46, IPv4 and IPv6 as browsers read them."""

import re
from ipaddress import IPv4Address, IPv6Address

import can_ada

from relaion.links.text import escapes, quote_raw, undo, unquote_words

# a host that is its own canonical form: nothing to ask the library for
ORDINARY = re.compile(r"(?:(?!xn--)[a-z0-9_-]+\.)+(?!xn--)[a-z][a-z0-9_-]*")
_NUMBER_LAST = re.compile(r"\.(?:0x[0-9a-f]*|[0-9]+)\Z")
_WWW = re.compile(r"(?:www\.)+")
_DOTS = re.compile("[.\u3002\uff0e\uff61]+")  # full stops that end a label
# `&` too: lower case may turn what follows it into an HTML entity
_ESCAPES = escapes(kept="#&/:?@[\\]")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DELIMITER = re.compile(r"[:\[\]]")
_HEX = re.compile(r"%[0-9a-f]{2}")
_UPPER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_NAT64 = 0x64FF9B << 64


def is_ordinary(host: str) -> bool:
    """Whether a host needs no more than a look: dotted lower-case ASCII that ends in a name."""
    return ORDINARY.fullmatch(host) is not None


def canonical_host(text: str) -> str:
    """A host in the form of the WHATWG URL standard, dots collapsed; '' when nothing is left.

    Escapes and entities are undone, names go through UTS 46 to punycode, numbers become
    dotted IPv4, IPv6 is compressed, and IPv6 that carries an IPv4 address becomes that.
    What the standard refuses is no address that works; it keeps a form of its own, with
    lower-case letters and escaped delimiters, so that equal mistakes stay equal.
    """
    if is_ordinary(text):
        return text
    if text.startswith("[") and (address := _ipv6(text)):
        return address
    text = unquote_words(undo(quote_raw(text).replace("&", "%26"), _ESCAPES))
    text = _collapse(text)
    host = _ask(text)
    if host is None:
        return _refused(text)
    again = _collapse(host)  # UTS 46 drops characters that stood between dots
    return again if again == host else canonical_host(again)


def ends_in_number(host: str) -> bool:
    """Whether the last label of a host is a number: an address, or nothing that works."""
    return _NUMBER_LAST.search(host) is not None


def without_www(host: str) -> str:
    """A host without leading `www.` while two labels remain and the last is no number.

    All of them: `www.` may be put before any host without changing the key, so also
    before one that starts with it. A host that would be another without them keeps them:
    `www.7.１` leads nowhere, `7.１` is an address.
    """
    leading = _WWW.match(host)
    if not leading or ends_in_number(host):
        return host
    rest = host[4 * min(len(leading[0]) // 4, host.count(".") - 1) :]
    return rest if canonical_host(rest) == rest else host


def _collapse(text: str) -> str:
    return _DOTS.sub(".", text).strip(".")


def _ask(host: str) -> str | None:
    """The host as the library reads it; None when it refuses."""
    if not host or ":" in host or "%" in host:  # the library would read a port, or refuse
        return None
    try:
        return str(can_ada.parse(f"http://{host}/").hostname)
    except (ValueError, TypeError):  # TypeError: lone surrogates
        return None


def _ipv6(text: str) -> str | None:
    try:
        host = str(can_ada.parse(f"http://{text}/").hostname)
        address = IPv6Address(host[1:-1])
    except (ValueError, TypeError):
        return None
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    if int(address) >> 32 == _NAT64:
        return str(IPv4Address(int(address) & 0xFFFFFFFF))
    return host


def _refused(text: str) -> str:
    text = _LONE_PERCENT.sub("%25", quote_raw(text).translate(_UPPER))
    text = _DELIMITER.sub(lambda m: f"%{ord(m[0]):02X}", text)
    return _HEX.sub(lambda m: m[0].upper(), text)
