"""The link key: the form in which two spellings of the same link are equal.

What is folded, and what is never folded, is written down in
`sql/decisions/0001-link-key.md`; `tests/cases/links` holds an example of each.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address

import can_ada

from relaion.links.place import ORDINARY
from relaion.links.text import (
    LONGEST,
    as_bytes,
    as_text,
    cut_place,
    drop_breaks,
    escapes,
    is_bare,
    is_giant,
    quote_raw,
    trim,
    undo,
    undo_entities,
    unframed,
    unquote_whole,
    unquote_words,
)

# -- The host of a link in one form: UTS 46, IPv4 and IPv6 as browsers read them ---------------

_NUMBER_LAST = re.compile(r"\.(?:0x[0-9a-f]*|[0-9]+)\Z")
_WWW = re.compile(r"(?:www\.)+")
_DOTS = re.compile("[.\u3002\uff0e\uff61]+")  # full stops that end a label
# `&` too: lower case may turn what follows it into an HTML entity
_HOST_ESCAPES = escapes(kept="#&/:?@[\\]")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DELIMITER = re.compile(r"[:\[\]]")
_ESCAPED = re.compile(r"%[0-9a-f]{2}")
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
    text = unquote_words(undo(quote_raw(text).replace("&", "%26"), _HOST_ESCAPES))
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
    return _ESCAPED.sub(lambda m: m[0].upper(), text)


# -- A web link taken apart: what belongs to its scheme, host, port, path and query ------------

_WEB = re.compile(r"(?:(?:https?|ftp):[/\\]*|[/\\]{2,})", re.IGNORECASE)
_REST = re.compile(r"([^/\\?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)


@dataclass(slots=True)
class Parts:
    """The parts of a link, each with its own delimiter: joined they are the link again."""

    scheme: str
    user: str
    host: str
    port: str
    path: str
    query: str
    fragment: str

    def __str__(self) -> str:
        return (
            f"{self.scheme}{self.user}{self.host}{self.port}{self.path}{self.query}{self.fragment}"
        )


def take_apart(text: str) -> Parts | None:
    """The parts of a web link; None for any other text.

    A web link opens with `http:`, `https:` or `ftp:` and any number of slashes, with two
    slashes, or with a dotted host.
    """
    web = _WEB.match(text)
    if not web and not is_bare(text):
        return None
    start = web.end() if web else 0
    rest = _REST.match(text, start)
    if rest is None:  # cannot be: every group may be empty
        return None
    user, at, place = rest[1].rpartition("@")
    host, colon, digits = place.rpartition(":")
    if not colon or (digits and not (digits.isascii() and digits.isdigit())):
        host, colon, digits = place, "", ""
    return Parts(
        text[:start], user + at, host, colon + digits, rest[2], rest[3] or "", rest[4] or ""
    )


def mark(p: Parts) -> None:
    """Put `//` before a link without a scheme that would not be read back as a link."""
    if not p.scheme and not is_ordinary(p.host):
        text = str(p)
        is_itself = unquote_whole(text) == text == unframed(text)
        p.scheme = "" if is_bare(text) and is_itself else "//"


# -- The path and the query of a link in one form ----------------------------------------------

_ESCAPES = escapes(kept="#\\")


def canonical_escapes(path: str, query: str) -> tuple[str, str]:
    """Undo the escapes of a path and a query until none is left but those that must stay.

    `query` comes and goes with its `?`, or is ''. Printable ASCII is written as itself,
    all else as upper-case hex. A backslash in the path is a slash; an escaped `?` there
    starts the query; a blank in the query is `+`.
    """
    if "\\" in path:
        path = path.replace("\\", "/")
    path = undo(quote_raw(path), _ESCAPES)
    if "\\" in query:
        query = query.replace("\\", "%5C")
    query = undo(quote_raw(query), _ESCAPES)
    path, mark, more = path.partition("?")
    query = mark + more + query
    return path, query.replace("%20", "+")


def canonical_path(path: str) -> str:
    """Resolve `.` and `..`, then make one slash of several."""
    if "/." in path:
        path = _without_dots(path)
    while "//" in path:
        path = path.replace("//", "/")
    return path


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


def without_end(path: str, query: str) -> tuple[str, str]:
    """Cut slashes at the end of the path, `&` at the end of the query, and an empty query."""
    query = query.rstrip("&")
    return path.rstrip("/"), "" if query == "?" else query


# what is already canonical but for its scheme, one `www.` and a slash at the end
_PLAIN = re.compile(
    r"https?://(?:www\.)?((?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*"
    r"(?:/[A-Za-z0-9_.~!$'()*+,:=@&/-]*)?)"
    r"(\?[A-Za-z0-9_.~!$'()*+,:=@&/?-]*[A-Za-z0-9_.~!$'()*+,:=@/?-])?"
)
_OTHER_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def _scheme(p: Parts) -> None:
    p.scheme = "ftp:" if p.scheme[:1] in ("f", "F") else ""


def _unsent(p: Parts) -> None:
    p.user = p.fragment = ""


def _host(p: Parts) -> None:
    p.host = canonical_host(p.host)


def _port(p: Parts) -> None:
    number = p.port[1:].lstrip("0")
    is_default = number == "21" if p.scheme else number in ("80", "443")
    # `:0` is a port of its own; only no digits at all is no port
    p.port = "" if is_default or p.port in ("", ":") else f":{number or '0'}"


def _escapes(p: Parts) -> None:
    p.path, p.query = canonical_escapes(p.path, p.query)


def _path(p: Parts) -> None:
    p.path = canonical_path(p.path)


def _ends(p: Parts) -> None:
    p.path, p.query = without_end(p.path, p.query)


def _www(p: Parts) -> None:
    p.host = without_www(p.host)


_ON_TEXT: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("tabs and line breaks removed", drop_breaks),
    ("HTML entities undone", undo_entities),
    ("blanks and invisible characters at the ends removed", trim),
    ("quotes or < > around it removed", unframed),
    ("escaping of the whole link undone", unquote_whole),
)
_ON_PARTS: tuple[tuple[str, Callable[[Parts], None]], ...] = (
    ("scheme removed", _scheme),
    ("user name and fragment removed", _unsent),
    ("host in its canonical form", _host),
    ("default port removed", _port),
    ("escapes of path and query in one form", _escapes),
    ("dot segments and runs of slashes resolved", _path),
    ("slash and & at the end removed", _ends),
    ("www. removed", _www),
    ("marked as a link", mark),
)


def _other(text: str) -> str:
    """A text that is no web link equals only itself, but for the case of its scheme."""
    found = _OTHER_SCHEME.match(text)
    return text[: found.end()].lower() + text[found.end() :] if found else text


def _plain_key(text: str) -> str | None:
    """The key of a link that needs only cutting; None when that is not certain."""
    found = _PLAIN.fullmatch(text)
    if not found or "/." in text or text.find("//", 8) > 0 or "xn--" in text:
        return None
    place, query = found.groups("")
    # `www.` left in front: one of several, or two labels in all
    return None if place.startswith("www.") else place.rstrip("/") + query


def _giant_key(text: str) -> str:
    """The key of a link of more than 16 KiB: its host as in any key, what follows as it stands.

    Of the same length behind the host, so that the key, too, is one of a giant.
    """
    place, rest = cut_place(text)
    if len(place) > LONGEST:  # no host has so many characters
        return _other(text)
    # with the sign that ends it: whether a text is a link may hang on that
    parts = take_apart(trim(drop_breaks(place)) + rest[:1])
    if parts is None:
        return _other(text)
    for change in (_scheme, _unsent, _host, _port):
        change(parts)
    if not parts.host:
        return _other(text)
    _www(parts)
    # hosts and prefixes name what follows a slash
    parts.path, parts.query = rest[:1] if rest[:1] == "/" else "", ""
    if rest[:1] == "?":
        parts.query = "?"
    elif rest[:1] == "#":
        parts.path, rest = "/", f"/{rest}"
    elif rest[:1] == "\\":
        parts.path = "/"
    mark(parts)
    return str(parts) + quote_raw(rest[1:])


def whole_text(text: str) -> str:
    """A link's text before it is taken apart: breaks, entities, blanks and escaping undone."""
    for _, clean in _ON_TEXT:
        text = clean(text)
    return text


def link_key(url: str | bytes) -> str:
    """The canonical form of a link: equal for two links exactly when they count as the same.

    A key is its own key. Web links give `host[:port][path][?query]` in printable ASCII, `ftp:`
    before it for that service, `//` where the text alone would not be read as a link; other texts
    give themselves. Of what is longer than 16 KiB behind its host, only the host is brought into
    this form (`relaion.links.text`).

    Args:
        url: Any text or bytes; bytes that are not UTF-8 keep their values.

    Returns:
        The key.

    Raises:
        TypeError: For what is neither text nor bytes.
    """
    text = as_text(url)
    if is_giant(text):
        return _giant_key(text)
    key = _plain_key(text)
    if key is not None:
        return key
    text = whole_text(text)
    parts = take_apart(text)
    if parts is None:
        return _other(text)
    for _, change in _ON_PARTS:
        change(parts)
    return str(parts) if parts.host else text


def link_steps(url: str | bytes) -> list[tuple[str, str]]:
    """How a link becomes its key: (what was done, the text after it), for people to follow.

    The first pair is the text as given, the last its key; steps that change nothing are left
    out.
    """
    text = as_text(url)
    steps = [("as given", text)]
    if is_giant(text):
        key = _note(steps, "longer than 16 KiB: only the host in its form", link_key(text))
        return [*steps, ("key", key)]
    for name, clean in _ON_TEXT:
        text = _note(steps, name, clean(text))
    parts = take_apart(text)
    if parts is None:
        _note(steps, "no web link: equal only to itself", _other(text))
    else:
        for name, change in _ON_PARTS:
            change(parts)
            _note(steps, name, str(parts))
        if not parts.host:
            _note(steps, "no host: equal only to itself", text)
    return [*steps, ("key", link_key(url))]


def _note(steps: list[tuple[str, str]], name: str, text: str) -> str:
    if text != steps[-1][1]:
        steps.append((name, text))
    return text


def key_digest(key: str) -> str:
    """SHA-256 of a key's UTF-8 as 64 lower-case hex digits: the form in which lists keep it."""
    return sha256(as_bytes(key)).hexdigest()
