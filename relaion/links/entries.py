"""Entries of partner lists: links that were made unclickable, and what is no usable link.

What no list may name does not spread either: a row with a listed image makes its link a listed
one only where `can_spread` says so.
"""

import re

from relaion.links.giant import cut_place, is_giant
from relaion.links.key import link_key, whole_text
from relaion.links.parts import take_apart
from relaion.links.scopes import key_can_spread
from relaion.links.text import as_text, drop_breaks
from relaion.links.unseen import trim

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
_ROUNDS = 8  # quotes in brackets in quotes: more than people write, and an end for what is no link
_END_OF_HOST = re.compile(r"(?<![\[({])[/\\?#]")


def clean_entry(text: str) -> str:
    """A list's entry as a link that opens: quotes, brackets and defanging undone.

    Undone are blanks, quotes and brackets around it, a comma after its quotes, a note after
    ` # `, `hxxp`, `[h]ttp`, `[:]//`, and `[.]`, `(.)`, `[.`, `[dot]`, `[:]`, `[/]` where the
    scheme or the host shows such signs: a `[.]` in the path of an ordinary link is part of it.
    """
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


def entry_fault(text: str) -> str | None:
    """Why an entry is no usable link, in words that hold nothing of it; None when it is one.

    A link must lead to one thing (`can_spread`): an entry that names a host only, or a part of a
    page that only the reader's browser finds (`#!`), would stand for a whole site. Wildcards and
    hosts are for entries with a scope. `text` may be defanged.
    """
    text = clean_entry(text)
    if can_spread(text):
        return None
    if is_giant(text):
        return "no link"
    key = take_apart(link_key(text))
    if key is None or not key.host:
        return "no link" if text else "empty"
    faults = {
        "a wildcard in the host": "*" in key.host,
        "no dot in the host": "." not in key.host and not key.host.startswith("["),
        "a hash-bang fragment": names_part(text),
        "only a host": not key.path and not key.query and "%" not in key.host,
    }
    return next((fault for fault, found in faults.items() if found), "a host that leads nowhere")
