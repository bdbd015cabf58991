"""Could a link hold another one that matters? Two cheap tests, which may only say yes too often.

`relaion.links.inner_links` takes some 60 µs for a link with dots and slashes in its path, and
nearly all of these hold nothing, or nothing that stands on a host in question.
"""

import re
from urllib.parse import unquote_to_bytes

import pyarrow as pa
import pyarrow.compute as pc

from relaion.verifier.known import Near
from relaion.verifier.near import is_near
from relaion.verifier.rows import giants

# A link inside another cannot do without a dot in its host and the slash that ends it, plainly
# or escaped, behind the outer host. Escaped `%`, digits and `a` to `f` may spell any escape.
_HIDING = "%25|%3[0-9]|%[46][1-6]"
_MAY_HOLD = rf"(?is)^https?://[^/\\?#]*[/\\?#].*(?:\.|%2e|{_HIDING}).*(?:/|\\|%2f|%5c|{_HIDING})"
# of any other link that is not even known: it may be escaped as a whole, entities and all
_USUAL = "(?i)^https?://"
_IS_USUAL = re.compile(rb"https?://", re.IGNORECASE)

_AS_LINK = re.compile(rb"https?:[/\\]+([^/\\?#&\s]*)")
_PORT = re.compile(rb":[0-9]")
_ENDS = bytes.maketrans(b"?&=:\\", b"/////")
_PLAIN = re.compile(rb"(?:[a-z0-9_-]+\.)+[a-z][a-z0-9_-]*")
_DEEPEST = 8  # times that a link inside may be escaped; twice what is looked for


def may_hold(urls: pa.Array) -> pa.Array:
    """A mask of the links that may hold another one."""
    odd = pc.invert(pc.match_substring_regex(urls, _USUAL))
    found = pc.fill_null(pc.or_(odd, pc.match_substring_regex(urls, _MAY_HOLD)), False)
    return pc.and_(found, pc.invert(giants(urls)))


def may_hold_near(url: bytes, near: Near) -> bool:
    """Whether a link may hold one on a host that is near, or that is odd."""
    if not _IS_USUAL.match(url):
        return True
    text = url.lower()
    for _ in range(_DEEPEST):
        if not text.isascii() or _names_near(text, near):
            return True
        undone = unquote_to_bytes(text).lower()
        if undone == text:
            return False
        text = undone
    return True


def _names_near(text: bytes, near: Near) -> bool:
    if _PORT.search(text):
        return True
    if text.rfind(b"http") > 0 and not all(map(_PLAIN.fullmatch, _AS_LINK.findall(text))):
        return True
    # whatever stands between two such signs may be a host; what ends the text is not
    words = [word for word in text.translate(_ENDS).split(b"/")[:-1] if b"." in word]
    return any(is_near(host, near) for host in filter(_PLAIN.fullmatch, words))
