"""Links that are plain but for what people write into a path or query: their keys by a short way.

Nine links in ten are plain (`candidates.plain`). Most others have escapes of printable characters,
`&amp;` for `&`, several slashes for one, or a slash or `&` at the end. Where a look proves that
this is all, the key is the link without scheme and one `www.` with these undone, once.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

from relaion.links.text import LONGEST
from relaion.verifier.candidates import HOST, plain_key

# Escapes that mean a character of a key by itself. Not `#` and `\`, which stay escaped; not `&`,
# `;` and `%`, which may make an entity or an escape of what stands beside them; not `.`, `/` and
# `?`, which part a path; not a blank, which is `+` in a query.
_MEANING = {
    b"%%%02X" % code: bytes([code]) for code in range(0x21, 0x7F) if chr(code) not in "#%&./;?\\"
}
_HEX = "2[1247-9A-Da-d]|3[0-9ACDEacde]|4[0-9A-Fa-f]|5[0-9ABDEFabdef]|6[0-9A-Fa-f]|7[0-9A-Ea-e]"
# what stays escaped is written in upper case
_STAYS = "[01][0-9A-Fa-f]|7[Ff]|[89A-Fa-f][0-9A-Fa-f]"
_ESCAPE = f"%(?:{_HEX}|{_STAYS})"
_SIGN = rf"(?:[A-Za-z0-9_~!$'()*+,:=@|^\[\]{{}}<>`\"-]|&amp;|&|{_ESCAPE}|%20)"
_DOTTED = rf"(?:\.|{_SIGN})"
_OF_QUERY = rf"(?:[A-Za-z0-9_.~!$'()*+,/:=@?|^\[\]{{}}<>`\"-]|&amp;|&|{_ESCAPE})"
_UNDONE = rf"^{HOST}(?:/+{_SIGN}{_DOTTED}*)*/*(?:\?{_OF_QUERY}*)?$"
_ONE = re.compile(rb"%[0-9A-Fa-f]{2}")
_SLASHES = re.compile(rb"//+")


def is_soon_undone(urls: pa.Array) -> pa.Array:
    """A mask of the links of which `undone_key` gives the key."""
    is_one = pc.match_substring_regex(urls, _UNDONE)
    return pc.and_(is_one, pc.less_equal(pc.binary_length(urls), LONGEST))


def undone_key(url: bytes) -> bytes:
    """The key of a link of this mask."""
    text = plain_key(url)
    if b"&amp;" in text:
        text = text.replace(b"&amp;", b"&")
    if b"%" in text:
        text = _ONE.sub(_meant, text)
    path, _, query = text.partition(b"?")
    if b"//" in path:
        path = _SLASHES.sub(b"/", path)
    path, query = path.rstrip(b"/"), query.rstrip(b"&")
    return path + b"?" + query if query else path


def _meant(found: re.Match[bytes]) -> bytes:
    escape = found[0].upper()
    return _MEANING.get(escape, escape)
