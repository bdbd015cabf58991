"""Links inside a link: proxies that resize another site's image, a link in a query.

`https://i0.wp.com/example.com/a.jpg?w=300` shows `example.com/a.jpg`. What counts as a link
inside: `sql/decisions/0007-links-inside-links.md`; `sql/v1/08_inner_macros.sql` says of a row
whether one may be there.
"""

import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import unquote_to_bytes

from relaion.links.text import (
    as_bytes,
    as_text,
    drop_breaks,
    is_giant,
    trim,
    unframed,
    unquote_whole,
)

DEPTH = 3
"""How many times over an inner link may be escaped, or stand inside another that is escaped."""
_AT_ONCE = 12  # links looked at in one text: more is no link but noise
_ALL = 64

# up to the end of the host: what follows may hold a link. Whatever the scheme is, quoted or not,
# its host is no link inside: `ftp://example.com/a.jpg` is another service. What holds a dot is a
# host with an empty port, as the key has it, and `hxxp` a link that was made unclickable.
_OTHER = r"[^\w/\\?#.:]*(?!h(?:tt|xx)ps?:|localhost:)[a-z][a-z0-9+-]*(?::|%(?:25)*3a)"
_OUTER = re.compile(rf"(?:{_OTHER}|\s*https?:|)[/\\]*[^/\\?#]*", re.IGNORECASE | re.ASCII)
_LETTER = r"(?:[A-Za-z0-9_-]|[^\x00-\x7f])"
# a scheme with slashes and a dotted host, or a dotted host behind a sign that ends a word; both
# are followed by a slash. Behind a scheme any full stop is a dot, as the key has it; without one
# it may as well end a sentence.
_FULL = r"https?:/+[^/?#&\s]*[.\u3002\uff0e\uff61][^/?#&\s]*(?=/)"
_BARE = rf"(?<=[/?&=:])(?:{_LETTER}+\.)+(?:[A-Za-z]|[^\x00-\x7f]){_LETTER}+(?::[0-9]+)?(?=/)"
_ONLY_FULL = re.compile(_FULL, re.IGNORECASE | re.ASCII)
_ANY = re.compile(f"{_FULL}|{_BARE}", re.IGNORECASE | re.ASCII)
_SCHEME = re.compile(r"https?:/", re.IGNORECASE | re.ASCII)
_WORDS = re.compile(r"[/?&]")
_OPTIONS = re.compile(r"([^/]*//)?([^/]*)/[^/]*=[^/]*/")


def inner_links(url: str | bytes) -> list[str]:
    """The links that a link holds in its path or query, as texts for `link_key`.

    Each is given as it stands to the end, without its query, and cut at the next `&`, since no
    one can say which parameters belong to which; with `http://` where it stands without a scheme;
    a text only once, never the link itself. A proxy of a proxy gives both. Bytes that are not
    UTF-8 keep their values. A giant holds none. Raises nothing.
    """
    text = as_text(url)
    if is_giant(text):
        return []
    whole = unquote_whole(_bare_of_frame(text))
    outer = _OUTER.match(whole)
    rest = whole[outer.end() :] if outer else whole
    # without a path of its own a link is no proxy: only a scheme then makes a link of its query
    inner = _ANY if rest.startswith("/") else _ONLY_FULL
    found: dict[str, None] = {}
    for link in _inside(rest, inner, DEPTH):
        found[link] = None
        if len(found) == _ALL:
            break
    found.pop(text, None)
    return list(found)


def _bare_of_frame(text: str) -> str:
    """A link without quotes around it, or what nobody sees; one of http as it stands."""
    return text if text[:4].lower() == "http" else unframed(trim(drop_breaks(text)))


def _inside(text: str, inner: re.Pattern[str], depth: int) -> Iterator[str]:
    for match in islice(inner.finditer(text), _AT_ONCE):
        link = text[match.start() :]
        yield from _ends(link if _SCHEME.match(link) else f"http://{link}")
    if depth and "%" in text:
        # a part that is escaped as a whole, then what is escaped here and there
        for part in _WORDS.split(text):
            if "%" in part:
                yield from _inside(f"={_undone(part)}", inner, depth - 1)
        yield from _inside(_undone(text), inner, depth - 1)


def _undone(text: str) -> str:
    return as_text(unquote_to_bytes(as_bytes(text)))


def _ends(link: str) -> Iterator[str]:
    place = re.split(r"[?&#]", link, maxsplit=1)[0]
    yield link
    yield link.split("&", 1)[0]
    yield place
    options = _OPTIONS.match(place)
    if options:  # host/f=auto,w=300/path, as Statically writes it
        yield (options[1] or "") + options[2] + place[options.end() - 1 :]
