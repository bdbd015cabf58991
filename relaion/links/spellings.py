"""The spellings of a link that a giver of hashed links may have hashed.

A hashed entry cannot be brought into a canonical form, so each row is hashed in several. Which
forms, and which givers they stand for: `sql/decisions/0006-spellings-of-hashed-links.md`.
"""

import re
from collections.abc import Iterator
from html import unescape
from html.entities import html5
from urllib.parse import unquote_to_bytes, urlparse

import can_ada

from relaion.links.key import link_key
from relaion.links.place import ORDINARY
from relaion.links.text import (
    as_bytes,
    as_text,
    drop_breaks,
    is_bare,
    is_giant,
    quote_raw,
    trim,
    unframed,
    unquote_whole,
)

BASES = ("raw", "trimmed", "entities", "decoded", "lowhex", "href", "strict", "key")
_AS_GIVEN = ("raw", "trimmed")
_ENDINGS = ("", "-swapped", "-bare", "-lower")

FORMS: tuple[str, ...] = tuple(
    f"{base}{www}{ending}" for base in BASES for www in ("", "-www") for ending in _ENDINGS
)
"""Names of the spellings, in the order in which they are tried.

`raw` the bytes as they stand; `trimmed` those without line breaks, and without blanks, invisible
characters and quotes at the ends; `entities` HTML entities undone once; `decoded` those, and
escapes undone once; `lowhex` escapes in lower-case hex; `href` as browsers send it; `strict` the
same, needless escapes undone, others in upper-case hex, without user name, fragment and empty
query; `key` the link key. Then `-www` with `www.` put before the host, or cut off; `-swapped` the
other of http and https; `-bare` without scheme; `-lower` without scheme in lower case, which of
`raw` is what ThreatExchange hashes. A link that had no scheme is taken for one of http, but for
`raw`.
"""

_SCHEME = re.compile(r"(https?|ftp):[/\\]*", re.IGNORECASE)
_SLASHES = re.compile(r"[/\\]{2,}")
# from where such a run of signs begins: from each of them on, a long word would take hours
_ANY_SCHEME = re.compile(r"(?<![a-z0-9+.-])([0-9+.-]*)[a-z][a-z0-9+.-]*://")
_USER = re.compile(r"[^/\\?#]*@")
_WITH_WWW = re.compile(r"www\.(?=[^./\\?#:]+\.)", re.IGNORECASE)
_TWO_LABELS = re.compile(r"[^./\\?#:]+\.[^./\\?#:0-9][^./\\?#:]*(?:[/\\?#:]|\Z)")
_ENTITY = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);")
_ESCAPE = re.compile("%[0-9a-fA-F]{2}")
_LONE = re.compile("[\ud800-\udfff]+")
_REPARSED = re.compile(r"[\x00-\x20;]|[?#](?:#|\Z)")
_HREF = re.compile(r"([a-z]+://)(?:[^/?#]*@)?([^?#]*)(\?[^#]+)?")
_UNRESERVED = {
    f"%{ord(c):02X}": c
    for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
}
# printable signs that neither browsers nor the link key write otherwise; no segment is empty or
# only dots, the query neither empty nor ended by `&`
_SIGN = r"[A-Za-z0-9_~!$()*+,:=@&-]"
_PLAIN = re.compile(
    rf"https?://{ORDINARY.pattern}(?:/\.*{_SIGN}(?:{_SIGN}|\.)*)+"
    r"(?:\?[A-Za-z0-9_~!$()*+,./:=?@&-]*[A-Za-z0-9_~!$()*+,./:=?@-])?"
)
_OTHER = {"http": "https", "https": "http"}


def spellings(url: str | bytes) -> list[tuple[str, bytes]]:
    """What a giver may have hashed for this link: (form, the exact bytes), most likely first.

    The first is ("raw", the bytes as they stand); every distinct byte string comes once, under
    the first form of FORMS that gives it. A form may stand for two: `href` for the link with
    entities and without, `entities` with blanks and without, `key-bare` also for a key that is
    marked. One of them is the link key.
    A giant is hashed as it stands alone. Raises nothing.
    """
    text = as_text(url)
    if is_giant(text):
        return [("raw", as_bytes(text))]
    if _is_plain(text):
        return _of_plain(text)
    found: dict[bytes, str] = {}
    seen: set[str] = set()
    for base, spelling in _bases(text):
        if spelling not in seen:
            seen.add(spelling)
            for form, variant in _variants(base, spelling):
                found.setdefault(as_bytes(variant), form)
    return [(form, spelling) for spelling, form in found.items()]


def _is_plain(text: str) -> bool:
    """Whether all bases of a link are its text: nine in ten need no more than a look."""
    return _PLAIN.fullmatch(text) is not None and "://www.www." not in text


def _of_plain(text: str) -> list[tuple[str, bytes]]:
    """The spellings of a link whose bases are all its text."""
    scheme, slashes, body = text.partition("//")
    own = scheme + slashes
    other = "http://" if own == "https://" else "https://"
    found = []
    for name, place in (("raw", body), ("raw-www", _toggled(body))):
        if place is not None:
            found.append((name, f"{own}{place}".encode()))
            found.append((f"{name}-swapped", f"{other}{place}".encode()))
            found.append((f"{name}-bare", place.encode()))
            lower = place.lower()
            if lower != place:
                found.append((f"{name}-lower", lower.encode()))
    return found


def _bases(text: str) -> Iterator[tuple[str, str]]:
    trimmed = trim(drop_breaks(text))
    yield "raw", text
    yield "trimmed", trimmed
    plain = _entities_once(text)
    # ordinary links begin with none of this, and shall not wait
    is_doubtful = trimmed[:1] not in ("h", "H")
    for written in (trimmed, trim(drop_breaks(plain))) if is_doubtful else ():
        if (bare := unframed(written)) != written:  # it is shorter: this comes to an end
            for base, spelling in _bases(bare):
                yield ("trimmed" if base == "raw" else base), spelling
            break
    for written in dict.fromkeys((plain, trim(_entities_once(trimmed)))):
        yield "entities", _with_scheme(written)
        if "%" in written:
            yield "decoded", _with_scheme(as_text(unquote_to_bytes(as_bytes(written))))
            yield "lowhex", _with_scheme(_ESCAPE.sub(lambda m: m[0].lower(), written))
    hrefs = [href for href in map(_href, dict.fromkeys((plain, text))) if href is not None]
    for href in hrefs:
        yield "href", href
    for href in hrefs[:1]:
        yield "strict", _strict(href)
    key = link_key(text)
    split = _split(trim(drop_breaks(plain)))
    if split and not key.startswith(("//", "ftp:")):
        # with the `www.` that the link had, so that `-www` means the same everywhere
        www = "www." if _WITH_WWW.match(split[1]) and not _WITH_WWW.match(key) else ""
        yield "key", f"{split[0]}://{www}{key}"
    yield "key-bare", key  # should it not be among the variants


def _variants(base: str, text: str) -> Iterator[tuple[str, str]]:
    yield base, text
    split = None if base == "key-bare" else _split(text)
    if split:
        scheme, body = split
        toggled = _toggled(body)
        yield from _endings(base, scheme, body)
        if toggled:
            yield f"{base}-www", f"{scheme}://{toggled}"
            yield from _endings(f"{base}-www", scheme, toggled)
    elif base in _AS_GIVEN:
        yield f"{base}-lower", _ANY_SCHEME.sub(r"\1", _reparsed(text.lower()), count=1)


def _endings(name: str, scheme: str, body: str) -> Iterator[tuple[str, str]]:
    other = _OTHER.get(scheme)
    if other:
        yield f"{name}-swapped", f"{other}://{body}"
    yield f"{name}-bare", body
    lower = f"http://{body}".lower()
    yield (
        f"{name}-lower",
        (_reparsed(lower) if name.startswith(_AS_GIVEN) else lower).removeprefix("http://"),
    )


def _reparsed(lower: str) -> str:
    """What ThreatExchange makes of a link in lower case by taking it apart and joining it."""
    if not _REPARSED.search(lower):
        return lower
    try:
        return urlparse(lower).geturl()  # cuts an empty query, fragment and parameter
    except ValueError:  # a host that Python refuses
        return lower


def _split(text: str) -> tuple[str, str] | None:
    """Scheme and what follows its slashes, of a web link; http where it has none."""
    found = _SCHEME.match(text)
    if found:
        return found[1].lower(), text[found.end() :]
    found = _SLASHES.match(text)
    if found:
        return "http", text[found.end() :]
    return ("http", text) if is_bare(text) else None


def _with_scheme(text: str) -> str:
    split = _split(text)
    return f"{split[0]}://{split[1]}" if split else text


def _toggled(body: str) -> str | None:
    """The same with `www.` cut off, or put before a host of two labels; else None."""
    user = _USER.match(body)
    at = user.end() if user else 0
    found = _WITH_WWW.match(body, at)
    if found:
        return body[:at] + body[found.end() :]
    return f"{body[:at]}www.{body[at:]}" if _TWO_LABELS.match(body, at) else None


def _entities_once(text: str) -> str:
    """HTML entities with a semicolon, undone once over."""
    if "&" not in text:
        return text
    return _ENTITY.sub(
        lambda m: unescape(m[0]) if m[1][0] == "#" or f"{m[1]};" in html5 else m[0], text
    )


def _href(text: str) -> str | None:
    """The link as a browser writes it; None when that refuses, or for another scheme."""
    text = unquote_whole(trim(drop_breaks(text)))
    if not _SCHEME.match(text):
        split = _split(text)
        if split is None:
            return None
        text = "http://" + split[1]
    try:
        return str(can_ada.parse(_LONE.sub(lambda m: quote_raw(m[0]), text)).href)
    except ValueError:
        return None


def _strict(href: str) -> str:
    found = _HREF.match(href)
    if not found:  # cannot be: every href has a scheme and slashes
        return href
    scheme, place, query = found.groups("")
    return scheme + _ESCAPE.sub(
        lambda m: _UNRESERVED.get(m[0].upper(), m[0].upper()), place + query
    )
