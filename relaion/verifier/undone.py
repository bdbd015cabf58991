"""Links that are plain but for what people write into a path or query: their keys by a short way.

Nine links in ten are plain (`candidates.plain`). Most others have escapes of printable characters,
`&amp;` for `&`, several slashes for one, or a slash or `&` at the end. Where a look proves that
this is all, the key is the link without scheme and one `www.` with these undone, once.
"""

import re
from itertools import product

import pyarrow as pa
import pyarrow.compute as pc

from relaion.links.text import LONGEST
from relaion.verifier.candidates import HOST, plain_keys

# The two digits of an escape, of either case -> what it means in a key: a character by itself, or
# the escape. Not `#` and `\`, which stay escaped; not `&`, `;` and `%`, which may make an entity or
# an escape of what stands beside them.
_MEANING = {
    first + last: bytes([code])
    if 0x20 < code < 0x7F and code not in b"#%&;\\"
    else b"%%%02X" % code
    for code in range(256)
    for first, last in product(*({b"%X" % n, b"%x" % n} for n in divmod(code, 16)))
}
# not `.`, `/` and `?` either, which part a path
_HEX = "2[1247-9A-Da-d]|3[0-9ACDEacde]|4[0-9A-Fa-f]|5[0-9ABDEFabdef]|6[0-9A-Fa-f]|7[0-9A-Ea-e]"
# what stays escaped is written in upper case
_STAYS = "[01][0-9A-Fa-f]|7[Ff]|[89A-Fa-f][0-9A-Fa-f]"
_ESCAPE = f"%(?:{_HEX}|{_STAYS}|20)"
_SIGN = rf"(?:[A-Za-z0-9_~!$'()*+,:=@|^\[\]{{}}<>`\"-]|&amp;|&|{_ESCAPE})"
# no segment is `.` or `..`, escaped or not
_SEGMENT = rf"\.*{_SIGN}(?:\.|{_SIGN})*"
_SLASH = "(?:/|%2[Ff])"
_PATH = rf"/{_SLASH}*(?:{_SEGMENT}(?:{_SLASH}+{_SEGMENT})*{_SLASH}*)?"
_OF_QUERY = rf"(?:[A-Za-z0-9_.~!$'()*+,/:=@?|^\[\]{{}}<>`\"-]|&amp;|&|{_ESCAPE}|%2[EeFf]|%3[Ff])"
_UNDONE = rf"^{HOST}(?:{_PATH})?(?:\?{_OF_QUERY}*)?$"
_SLASHES = re.compile(rb"//+")


def is_soon_undone(urls: pa.Array) -> pa.Array:
    """A mask of the links of which `undone_keys` gives the keys."""
    is_one = pc.match_substring_regex(urls, _UNDONE)
    return pc.and_(is_one, pc.less_equal(pc.binary_length(urls), LONGEST))


def undone_keys(urls: pa.Array, is_soon: pa.Array) -> tuple[list[bytes], pa.Array]:
    """The keys of the links of this mask, and where each of these links stands; not in order.

    Escapes of all are undone at once: no line break stands in such a link, nor in what one means.
    """
    keys, places = plain_keys(urls, is_soon)
    first, *others = b"\n".join(keys).replace(b"&amp;", b"&").split(b"%")
    undone = first + b"".join([_MEANING[other[:2]] + other[2:] for other in others])
    return [_tidied(text) for text in undone.split(b"\n")] if keys else [], places


def _tidied(text: bytes) -> bytes:
    path, _, query = text.partition(b"?")
    if b"//" in path:
        path = _SLASHES.sub(b"/", path)
    path, query = path.rstrip(b"/"), query.rstrip(b"&").replace(b"%20", b"+")
    return path + b"?" + query if query else path
