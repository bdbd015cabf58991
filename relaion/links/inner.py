"""Links inside a link: proxies that resize another site's image, a link in a query.

`https://i0.wp.com/example.com/a.jpg?w=300` shows `example.com/a.jpg`. What counts as a link
inside: `sql/decisions/0007-links-inside-links.md`; `sql/v1/08_inner_macros.sql` says of a row
whether one may be there.
"""

import re
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
_LETTER = r"[A-Za-z0-9_\-\x80-\U0010ffff]"
# a scheme with slashes and a dotted host, or a dotted host behind a sign that ends a word; both
# are followed by a slash. Behind a scheme any full stop is a dot, as the key has it; without one
# it may as well end a sentence. (Without flags and choices, which would take twice the time. A dot
# is looked for ahead: of thousands none is tried as the one that counts.)
_DOT = r".\u3002\uff0e\uff61"
_FULL = rf"[Hh][Tt][Tt][Pp][Ss]?:/+(?=[^/?#&\s{_DOT}]*[{_DOT}])[^/?#&\s]*+(?=/)"
_BARE = rf"[/?&=:]((?:{_LETTER}+\.)+[A-Za-z\x80-\U0010ffff]{_LETTER}+(?::[0-9]+)?)(?=/)"
_ONLY_BARE = re.compile(_BARE)
_ONLY_FULL = re.compile(f"({_FULL})", re.ASCII)
_ANY = re.compile(f"({_FULL})|{_BARE}", re.ASCII)
_SCHEME = re.compile(r"https?:/", re.IGNORECASE | re.ASCII)
_WORDS = re.compile(r"[/?&]")
_END = re.compile("[?&#]")
# what stands between the links of a text with several, such as JSON, a list or HTML
_BETWEEN = re.compile(r"""\\?["<>`\s]|'(?=[\s,;:\])}]|$)|[,;|](?=https?:/)""", re.I | re.A)
_OPENING, _ENDING = "'[({,;|", ",;|"
# a link, and another one behind a sign that divides them
_SECOND = re.compile(
    rf"\s*https?:[/\\]+[^/\\?#]+[/\\?#].*?([\t\n\f\r ,;|\"<>])(?:{_FULL})", re.I | re.S | re.A
)
_OPTIONS = re.compile(r"([^/]*//)?([^/]*)/[^/]*=[^/]*/")


def inner_links(url: str | bytes) -> list[str]:
    """The links that a link holds in its path or query, or beside it, as texts for `link_key`.

    Each is given as it stands to the end, without its query, and cut at the next `&`, since no
    one can say which parameters belong to which; with `http://` where it stands without a scheme;
    a text only once, never the link itself. A proxy of a proxy gives both. Of a text with several
    links, or with one among words, each is given by itself. Bytes that are not UTF-8 keep their
    values. A giant holds none. Raises nothing.
    """
    text = as_text(url)
    if is_giant(text):
        return []
    whole = unquote_whole(_bare_of_frame(text))
    outer = _OUTER.match(whole)
    rest = whole[outer.end() :] if outer else whole
    pieces = _pieces(text) if not _SCHEME.match(whole) or _SECOND.match(text) else []
    # without a path of its own a link is no proxy: only a scheme then makes a link of its query
    has_bare = rest.startswith("/")
    found: dict[str, None] = {}
    _find(rest, has_bare, DEPTH, found)
    links = dict.fromkeys([*pieces, *islice(found, _ALL)])
    return [link for link in links if link != text]


def _pieces(text: str) -> list[str]:
    """The links of a text that begins with none, or holds several, each by itself.

    They stand between quotes, blanks or signs of HTML, or divided by commas and the like. The
    first one of several is also tried up to the second, blanks and all.
    """
    if not _SCHEME.search(text := text.replace("\\/", "/")):
        return []
    second = _SECOND.match(text)
    first = [text[: second.start(1)]] if second else []
    pieces = (piece.lstrip(_OPENING) for piece in [*first, *_BETWEEN.split(text)])
    return [piece.rstrip(_ENDING) for piece in pieces if _SCHEME.match(piece)]


def _bare_of_frame(text: str) -> str:
    """A link without quotes around it, or what nobody sees; one of http as it stands."""
    return text if text[:4].lower() == "http" else unframed(trim(drop_breaks(text)))


def _find(text: str, has_bare: bool, depth: int, found: dict[str, None]) -> None:
    """Add what a text holds to `found`, in order, until there are enough."""
    if "/" in text:  # a host is followed by one
        has_full = _SCHEME.search(text) is not None
        inner = (_ANY if has_full else _ONLY_BARE) if has_bare else _ONLY_FULL
        for match in islice(inner.finditer(text), _AT_ONCE):
            link = text[match.start(match.lastindex or 0) :]
            _add_ends(link if _SCHEME.match(link) else f"http://{link}", found)
    if depth and "%" in text:
        # a part that is escaped as a whole, then what is escaped here and there
        for part in _WORDS.split(text):
            if "%" in part and len(found) < _ALL:
                _find(f"={_undone(part)}", has_bare, depth - 1, found)
        if len(found) < _ALL:
            _find(_undone(text), has_bare, depth - 1, found)


def _undone(text: str) -> str:
    return as_text(unquote_to_bytes(as_bytes(text)))


def _add_ends(link: str, found: dict[str, None]) -> None:
    found[link] = None
    found[link.split("&", 1)[0]] = None
    place = _END.split(link, maxsplit=1)[0]
    found[place] = None
    if "=" in place and (options := _OPTIONS.match(place)):
        # host/f=auto,w=300/path, as Statically writes it
        found[(options[1] or "") + options[2] + place[options.end() - 1 :]] = None
