"""Which links are worth a key: those on hosts in question, and those that may hold one on these.

These tests may only say yes too often.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote_to_bytes

import pyarrow as pa
import pyarrow.compute as pc

from relaion.links import host_digest
from relaion.verifier.rows import giants

# -- links inside links ----------------------------------------------------------------------

# A link inside another cannot do without a dot in its host and the slash that ends it, plainly
# or escaped, behind the outer host. Escaped `%`, digits and `a` to `f` may spell any escape, and
# what is no ASCII a full stop.
_HIDING = "%25|%3[0-9]|%[46][1-6]"
_DOT = rf"(?:\.|%2e|[^\x00-\x7f]|%e[3f]|{_HIDING})"
_MAY_HOLD = rf"(?is)^https?://[^/\\?#]*[/\\?#].*{_DOT}.*(?:/|\\|%2f|%5c|{_HIDING})"
# and without another scheme, or an escape of what a host or its borders are made of, it cannot do
# without a whole host, a sign before it that ends a word, and a slash behind it or behind its port
# (`_TELLING` is such an escape: of a letter, a digit or one of `-._%`, of `&/:=?\` at the borders,
# of anything that is no printed ASCII, or cut short; blanks, quotes, brackets, commas tell nothing)
_TELLING = "%(?:2[^0-47-9a-c]|3[^bce]|4[^0]|5[^bde]|6[^0]|7[^b-f]|[^2-7]|$)"
_INNER_HOST = r"[/?&=:](?:[a-z0-9_-]+\.)+[a-z][a-z0-9_-]+(?::[0-9]+)?[/\\]"
_MAY_SHOW = rf"(?is)^https?://[^/\\?#]*(?:[/\\?#].*)?(?:{_TELLING}|http|[^\x00-\x7f]|{_INNER_HOST})"
_TELLS = re.compile(_TELLING.encode())  # in a text of lower case
# of any other link that is not even known: it may be escaped as a whole, entities and all
_USUAL = "(?i)^https?://"
# behind the host: what has to be undone before its words tell anything, and a port
_TELLS_MORE = (
    rf"(?is)^https?://[^/\\?#]*(?:[/\\?#].*)?(?:{_TELLING}|http|[^\x00-\x7f]|:[0-9]+[/\\])"
)
_HEAD = r"(?i)^https?://[/\\]*[^/\\?#]*"
_ONE = pa.array([1], pa.int32())[0]  # pa.scalar loads pandas
# up to the end of the host, behind which another link may stand
_OUTER = re.compile(_HEAD.encode())

_AS_LINK = re.compile(rb"https?:[/\\]+([^/\\?#&\s]*)")
# one behind a sign that divides it from the first, which is on the outer host
_SECOND = re.compile(rb"[\t\n\f\r ,;|\"<>]https?:[/\\]")
_PORT = r":[0-9]+[/\\]"
_PLAIN_HOST = re.compile(rb"(?:[a-z0-9_-]+\.)+[a-z][a-z0-9_-]*")
# the signs before a host that stands there as a word, as slashes; and small letters
_AS_WORDS = bytes(range(256)).lower().translate(bytes.maketrans(b"?&=:\\", b"/////"))
_FOREIGN_HOST = re.compile(rb"[a-z0-9_.-]*[\x80-\xff][a-z0-9_.\x80-\xff-]*")
_DEEPEST = 8  # times that a link inside may be escaped; twice what is looked for


def may_hold(urls: pa.Array) -> pa.Array:
    """A mask of the links that may hold another one."""
    odd = pc.invert(pc.match_substring_regex(urls, _USUAL))
    holds = pc.fill_null(pc.match_substring_regex(urls, _MAY_HOLD), False)
    holds = pc.replace_with_mask(
        holds, holds, pc.match_substring_regex(urls.filter(holds), _MAY_SHOW)
    )
    found = pc.fill_null(pc.or_(odd, holds), False)
    return pc.and_(found, pc.invert(giants(urls)))


# -- hosts in question -----------------------------------------------------------------------

_HOSTS_HELD = 50_000
_PLAIN_HEAD = re.compile(rb"https?://((?:[a-z0-9_-]+\.)+[a-z][a-z0-9_-]*)(?=[/?]|\Z)")


@dataclass(frozen=True)
class Near:
    """Which links are worth a key: all on odd hosts, and those on or below these hosts.

    `hosts` and `below` are digests as `host_digest` writes them; `below` names hosts whose
    subdomains count too.
    """

    hosts: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()

    @classmethod
    def of(cls, keys: Iterable[str]) -> "Near":
        """Where these keys stand."""
        return cls(frozenset(host for key in keys if (host := host_digest(key)) is not None))

    def __or__(self, other: "Near") -> "Near":
        """What one or the other has."""
        return Near(self.hosts | other.hosts, self.below | other.below)

    @property
    def size(self) -> int:
        """How many hosts these are: what it costs to send them to another process."""
        return len(self.hosts) + len(self.below)

    @cached_property
    def _judged(self) -> dict[bytes, bool]:
        return {}

    def __contains__(self, host: bytes) -> bool:
        """Whether links on a plain host are worth a key; hosts are few beside links."""
        found = self._judged.get(host)
        if found is None:
            if len(self._judged) == _HOSTS_HELD:
                self._judged.clear()
            found = self._judged[host] = self._is_near(host)
        return found

    def _is_near(self, host: bytes) -> bool:
        if b"xn--" in host or _digest(host) in self.hosts:
            return True
        if not self.below:
            return False
        labels = host.split(b".")
        return any(_digest(b".".join(labels[i:])) in self.below for i in range(len(labels) - 1))

    def may_name(self, url: bytes) -> bool:
        """Whether a link may be on a host that is near, or that is odd."""
        head = _PLAIN_HEAD.match(url)
        return head is None or head[1] in self

    def may_name_inside(self, urls: pa.Array) -> pa.Array:
        """A mask of the links that may hold one on a host that is near, or that is odd.

        Of most of them what stands behind the host is all that there is to look at.
        """
        is_bare = pc.and_(
            pc.match_substring_regex(urls, _USUAL),
            pc.invert(pc.match_substring_regex(urls, _TELLS_MORE)),
        )
        behind = pc.replace_substring_regex(urls.filter(is_bare), _HEAD, "", max_replacements=1)
        is_other = pc.invert(is_bare)
        others = pa.array(map(_undone, urls.filter(is_other).to_pylist()), pa.binary())
        found = pc.replace_with_mask(is_bare, is_bare, self._stands_in(behind))
        return pc.replace_with_mask(found, is_other, pc.fill_null(self._stands_in(others), True))

    def _stands_in(self, texts: pa.Array) -> pa.Array:
        """A mask of the texts in which a host may stand, or before their escapes were undone.

        One that stood there stands here, too: no escape has a sign of a host, or of its borders.
        Words are looked at as a column: few of them have a dot, and few of those differ.
        """
        present, offsets, data = texts.buffers()
        written = b"" if data is None else data.to_pybytes().translate(_AS_WORDS)
        parts = [present, offsets, pa.py_buffer(written)]
        words = pc.split_pattern(pa.Array.from_buffers(texts.type, len(texts), parts), "/")
        each = words.flatten()
        at = pc.cast(pc.indices_nonzero(pc.match_substring(each, ".")), pa.int32())
        last = pc.subtract(words.offsets[1:], _ONE)  # no slash ends it
        at = at.filter(pc.invert(pc.is_in(at, value_set=last)))
        dotted = each.take(at).dictionary_encode()
        is_host = [word in self or _is_foreign(word) for word in dotted.dictionary.to_pylist()]
        rows = pc.list_parent_indices(words).take(at)
        here = {*rows.filter(pa.array(is_host, pa.bool_()).take(dotted.indices)).to_pylist()}
        found = pa.array([number in here for number in range(len(texts))], pa.bool_())
        return pc.or_(found, pc.match_substring_regex(texts, _PORT))


def _undone(url: bytes) -> bytes | None:
    """What stands behind the host of a link, its escapes undone; None where a look does not do."""
    outer = _OUTER.match(url)
    if outer is None:
        return None
    text = url[outer.end() :].lower()
    if _SECOND.search(text) is not None:
        return None
    for _ in range(_DEEPEST):
        if b"http" in text and not all(map(_PLAIN_HOST.fullmatch, _AS_LINK.findall(text))):
            return None
        # to undo other escapes makes no host, and no border of one
        if _TELLS.search(text) is None:
            return text
        undone = unquote_to_bytes(text).lower()
        if undone == text:
            return text
        text = undone
    return None


def _is_foreign(word: bytes) -> bool:
    return not word.isascii() and _FOREIGN_HOST.fullmatch(word) is not None


def _digest(host: bytes) -> str:
    """As `relaion.links.host_digest`: without any `www.`, wherever it stands."""
    return hashlib.md5(host.replace(b"www.", b""), usedforsecurity=False).hexdigest()
