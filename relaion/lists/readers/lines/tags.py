"""Tags of HTML in a value, as pages and exports of them leave: `link<br>link`, `<a href="…">`.

No link holds a tag: browsers write `<` as `%3C`. Tags part what stands between them. A value is
read where all of that is values, and each tag that opens is closed, or stands at the value's edge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_TAG = re.compile(
    r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})"  # a digest in angle brackets is longer
    r"""((?:\s+[\w-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))?)*)\s*(/?)>"""
)
_ESCAPED = re.compile(r"&lt;(/?[A-Za-z][^<>&]*)&gt;")
_ATTRIBUTE = re.compile(r"""([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?""")
_EMPTY = frozenset(("br", "hr", "img", "wbr"))
_STRUCK = frozenset(("s", "del", "strike"))
_SILENT = frozenset(("href", "src", "target", "rel"))  # others may say anything of what they hold


def without_tags(value: str) -> list[str] | None:
    """What stands between the tags of a value, links of its tags too; None where it has no tags.

    Empty where nobody here can say what the tags make of it.
    """
    if "<" not in value and "&lt;" not in value:
        return None
    text = _ESCAPED.sub(r"<\1>", value).strip().replace("&amp;", "&")  # which is one in a link
    found = [*_TAG.finditer(text)]
    if not found:
        return None
    pieces = [piece for piece in map(str.strip, _TAG.split(text)[::5]) if piece]
    told = [_said(tag) for tag in found]
    links = [each[of] for each in told for of in ("href", "src") if each.get(of)]
    is_silent = all(each.keys() <= _SILENT for each in told)
    is_struck = any(tag[2].lower() in _STRUCK for tag in found)
    # `<a href="…">another link, or a note</a>`
    is_other = bool(links) and not (pieces and {*pieces} <= {*links})
    if is_struck or is_other or not (is_silent and _are_closed(text, found)):
        return []
    return [*dict.fromkeys([*links, *pieces])]


def _said(tag: re.Match[str]) -> dict[str, str]:
    return {
        each[1].lower(): each[2] or each[3] or each[4] or "" for each in _ATTRIBUTE.finditer(tag[3])
    }


def _are_closed(text: str, tags: Sequence[re.Match[str]]) -> bool:
    """Whether each tag has its other half, but for one that the text begins or ends with."""
    is_open = list[str]()
    for tag in tags:
        name = tag[2].lower()
        if name in _EMPTY or tag[4]:
            continue
        if not tag[1]:
            is_open.append(name)
        elif is_open[-1:] == [name]:
            is_open.pop()
        elif is_open or _TAG.sub("", text[tag.end() :]).strip():
            return False
    return not is_open or (len(is_open) == 1 and text.startswith("<"))
