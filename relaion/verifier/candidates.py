"""Which rows is it worth asking the model about? Quick tests, which may only say yes too often.

A link is *plain* where a look proves that its key is the link without its scheme and one
`www.`: then it has a key if and only if it is one of four texts made of that key, and no key
need be computed. It is *settled* where no other link can stand in it either: nine in ten are.
All others get their key from `relaion.links`, where their host is one in question.

For hashed links, every way in which a giver may have written a link has to be tried.
`relaion.links.spellings` says which ways these are, in some 10 to 100 µs a link. Nine links in
ten are *easy*: printable, without escapes but `%20` in the path and without entities but `&amp;`
in the query. Of these, whole columns are written at once: the texts that remain when entities and
blanks are undone, each with the other scheme and without one, in lower case, with and without
`www.`.
"""

import hashlib
import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any
from urllib.parse import unquote_to_bytes

import pyarrow as pa
import pyarrow.compute as pc

from relaion.links import host_digest, link_key
from relaion.links.inner import inner_links
from relaion.links.key import is_ordinary
from relaion.links.spellings import spellings
from relaion.links.text import as_bytes
from relaion.verifier.rows import giants, int64

# -- plain and settled links ---------------------------------------------------------------

# a label of a plain host: no `xn--`, which a rule of the key may rewrite
_LABEL = "[a-z0-9_]+(?:-[a-z0-9_]+)*"
# the first one behind `www.`: another `www` is cut off, too
_FIRST = (
    "(?:(?:[a-vx-z0-9_][a-z0-9_]*|ww?(?:[a-vx-z0-9_][a-z0-9_]*)?|www[a-z0-9_]+)"
    "(?:-[a-z0-9_]+)*|www(?:-[a-z0-9_]+)+)"
)
HOST = rf"https?://(?:www\.)?{_FIRST}\.(?:{_LABEL}\.)*[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
# escapes that a key keeps as they are; a blank in a query is `+` there
_KEPT = "%(?:[01][0-9A-F]|7F|[89A-F][0-9A-F])"
_SIGN = rf"(?:[A-Za-z0-9_~!$'()*+,:=@&-]|{_KEPT}|%20)"
_DOTTED = rf"(?:[A-Za-z0-9_~!$'()*+,.:=@&-]|{_KEPT}|%20)"
_QUERY = rf"(?:\?(?:[A-Za-z0-9_.~!$'()*+,:=@&?-]|{_KEPT})*(?:[A-Za-z0-9_.~!$'()*+,:=@?-]|{_KEPT}))?"
_PLAIN = rf"^{HOST}(?:/{_SIGN}{_DOTTED}*)*" + _QUERY.replace(":=@", ":/=@") + "$"
# no dot before a slash: no link stands in it
_SETTLED = rf"^{HOST}(?:/{_SIGN}+)*(?:/{_SIGN}{_DOTTED}*)?{_QUERY}$"


_SCHEMES = (b"http://", b"https://")
_WWW = b"www."
_LEN_HTTP, _LEN_WWW = pa.array([len(_SCHEMES[0]), len(_WWW)], pa.int32())  # pa.scalar loads pandas


def settled(urls: pa.Array) -> pa.Array:
    """A mask of the links that are plain and hold no other one; null for no link."""
    return pc.match_substring_regex(urls, _SETTLED)


def plain(urls: pa.Array) -> pa.Array:
    """A mask of the links whose key is their text without scheme and one `www.`."""
    return pc.match_substring_regex(urls, _PLAIN)


def plain_key(url: bytes) -> bytes:
    """The key of a plain link."""
    start = 8 if url[4:5] == b"s" else 7
    return url[start + 4 :] if url.startswith(b"www.", start) else url[start:]


def plain_keys(urls: pa.Array, is_plain: pa.Array) -> list[bytes]:
    """The keys of the plain links among these, in order."""
    if not is_plain.true_count:
        return []
    _, offsets, data = urls.buffers()
    ends = pa.Array.from_buffers(pa.int32(), len(urls) + 1, [None, offsets], offset=urls.offset)
    is_safe = pc.cast(pc.starts_with(urls, _SCHEMES[1]), pa.int32())
    is_www = pc.cast(pc.or_(*(pc.starts_with(urls, x + _WWW) for x in _SCHEMES)), pa.int32())
    cut = pc.add(pc.add(is_safe, pc.multiply(is_www, _LEN_WWW)), _LEN_HTTP)
    starts = pc.add(ends[:-1], cut).filter(is_plain).to_pylist()
    texts = data.to_pybytes()  # one copy, and none of the column for each beginning
    return [texts[a:b] for a, b in zip(starts, ends[1:].filter(is_plain).to_pylist(), strict=True)]


def _spelled(key: bytes) -> Iterator[bytes]:
    """All plain links with a key."""
    for scheme in _SCHEMES:
        yield scheme + key
        yield scheme + b"www." + key


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
# up to the end of the host, behind which another link may stand
_OUTER = re.compile(rb"https?://[/\\]*[^/\\?#]*", re.IGNORECASE)

_AS_LINK = re.compile(rb"https?:[/\\]+([^/\\?#&\s]*)")
_PORT = re.compile(rb":[0-9]+[/\\]")
_PLAIN_HOST = re.compile(rb"(?:[a-z0-9_-]+\.)+[a-z][a-z0-9_-]*")
# the signs before a host that stands there as a word, as slashes
_BORDERS = bytes.maketrans(b"?&=:\\", b"/////")
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
_HEAD = re.compile(rb"https?://((?:[a-z0-9_-]+\.)+[a-z][a-z0-9_-]*)(?=[/?]|\Z)")


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
        head = _HEAD.match(url)
        return head is None or head[1] in self

    def may_name_inside(self, url: bytes) -> bool:
        """Whether a link may hold one on a host that is near, or that is odd."""
        outer = _OUTER.match(url)
        if outer is None:
            return True
        text = url[outer.end() :].lower()
        for _ in range(_DEEPEST):
            if b"http" in text and not all(map(_PLAIN_HOST.fullmatch, _AS_LINK.findall(text))):
                return True
            # to undo other escapes makes no host, and no border of one
            if _TELLS.search(text) is None:
                break
            undone = unquote_to_bytes(text).lower()
            if undone == text:
                break
            text = undone
        else:
            return True
        return self._stands_in(text)

    def _stands_in(self, text: bytes) -> bool:
        """Whether a host may stand in a text, or in what it was before its escapes were undone.

        One that stood there stands here, too: no escape has a sign of a host, or of its borders.
        """
        if b":" in text and _PORT.search(text):
            return True
        is_foreign = not text.isascii()
        for word in text.translate(_BORDERS).split(b"/")[:-1]:  # no slash ends the last one
            # what is no host is near nothing
            if b"." in word and (word in self or (is_foreign and _FOREIGN_HOST.fullmatch(word))):
                return True
        return False


def _digest(host: bytes) -> str:
    """As `relaion.links.host_digest`: without any `www.`, wherever it stands."""
    return hashlib.md5(host.replace(b"www.", b""), usedforsecurity=False).hexdigest()


# -- rows that carry one of some links -------------------------------------------------------

_FEW_HOSTS = 64
_FEW_WORDS = 8  # of one host
_LONGEST = 24  # characters of a word: more tell no more links apart
_KEY_HOST = re.compile(r"[^/?#]*")
_NO_WORD = re.compile(r"%[0-9A-F]{2}|[^A-Za-z0-9_-]")
# what may spell a letter, digit, `-`, `_` or dot of a host otherwise, or stand between two of them:
# any byte that is not printed, any entity but `&amp;`, any escape but those of signs that none of
# these is, and a label that means another one
_MAY_HIDE = (
    r"[^\x21-\x7e]|(?:[^p]|[^m]p|[^a]mp|[^&]amp|^(?:a?m?p)?);|"
    "%(?:2[^0-246-9a-cf]|3[^acdef]|4[^0]|5[^b-e]|6[^0]|7[^b-e]|[^2-7]|$)|xn--"
)


def _pattern(of_host: tuple[str, Collection[str]]) -> str:
    """What stands in a link on a host, with one of these words behind it; any where one is ''."""
    host, words = of_host
    found = host.replace(".", r"\.+")
    if "" in words or len(words) > _FEW_WORDS:
        return found
    return f"{found}.*(?:{'|'.join(sorted(words))})"


@dataclass(frozen=True)
class Carriers:
    """Finds the rows that carry a link with one of these keys: `own`, or one inside their link.

    Every row is compared with the exact keys, but for links inside on hosts that have none.
    """

    own: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()

    @cached_property
    def _keys(self) -> frozenset[bytes]:
        """Those of plain links: what is cut from a link that is not plain is not its key."""
        keys = pa.array(map(as_bytes, self.own), pa.binary())
        links = pc.binary_join_element_wise(_SCHEMES[0], keys, b"")
        return frozenset(keys.filter(plain(links)).to_pylist())

    @cached_property
    def _texts(self) -> pa.Array:
        return pa.array([text for key in self._keys for text in _spelled(key)], pa.binary())

    @cached_property
    def words(self) -> str | None:
        """A pattern that every link has which may carry a key; None where none is known.

        A plain host stands in a link as it is, but for case and runs of dots, and behind it the
        longest word of the key, unless something there has to be undone first: an escape, an
        entity, or a character that nobody sees. To look for a few of them costs as much as one
        look at the link. A large host alone would be found in every tenth.
        """
        words: dict[str, set[str]] = {}
        for key in self.own | self.inside:
            host = _KEY_HOST.match(key)[0]  # type: ignore[index]
            if not is_ordinary(host):
                return None
            behind = _NO_WORD.split(key[len(host) :])
            words.setdefault(host, set()).add(max(behind, key=len)[-_LONGEST:])
        if len(words) > _FEW_HOSTS:
            return None
        return f"(?i){'|'.join(sorted(map(_pattern, words.items())))}|{_MAY_HIDE}"

    @cached_property
    def _near(self) -> tuple[Near, Near]:
        return Near.of(self.own), Near.of(self.inside)

    def prepared(self) -> "Carriers":
        """Itself, with done what every process would do again."""
        _ = self._near, self._keys, self.words
        return self

    def _plainly(self, urls: pa.Array) -> set[int]:
        """The rows whose link is one of the plain ones with a key."""
        if len(_SCHEMES) * 2 * len(self.own) <= len(urls):
            found = pc.indices_nonzero(pc.is_in(urls, value_set=self._texts))
            return set(found.to_pylist())
        # Arrow hashes what is looked for anew for each batch
        return {
            row
            for row, url in enumerate(urls.to_pylist())
            if url is not None and url.startswith(_SCHEMES) and plain_key(url) in self._keys
        }

    def find(self, urls: pa.Array) -> list[int]:
        """The rows, in order."""
        if not self.own and not self.inside:
            return []
        if self.words is None:
            return self._find(urls)
        at = pc.indices_nonzero(pc.match_substring_regex(urls, self.words))
        found = self._find(urls.take(at)) if len(at) else []
        return [at[row].as_py() for row in found]

    def _find(self, urls: pa.Array) -> list[int]:
        rows = self._plainly(urls)
        near, near_inside = self._near
        left = pc.indices_nonzero(pc.invert(settled(urls)))
        texts = urls.take(left)
        is_plain = pc.fill_null(plain(texts), False).to_pylist()
        holds = may_hold(texts).to_pylist() if self.inside else [False] * len(texts)
        for row, url, easy, maybe in zip(
            left.to_pylist(), texts.to_pylist(), is_plain, holds, strict=True
        ):
            if (not easy and near.may_name(url) and link_key(url) in self.own) or (
                maybe
                and near_inside.may_name_inside(url)
                and any(link_key(link) in self.inside for link in inner_links(url))
            ):
                rows.add(row)
        return sorted(rows)


# -- hashed links: every spelling of a link ----------------------------------------------------

try:  # Python's own: OpenSSL's takes as long to begin as this one for a link
    from _md5 import md5  # type: ignore[import-not-found]
except ImportError:
    md5 = partial(hashlib.md5, usedforsecurity=False)

_MAKERS: dict[str, Any] = {
    "md5": md5,
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
    "sha256": hashlib.sha256,
}
_EASY_SIGN = "(?:[A-Za-z0-9_~!$()*+,:=@&-]|%20)"
_EASY_DOTTED = "(?:[A-Za-z0-9_~!$()*+,.:=@&-]|%20)"
_EASY = (
    rf"^{HOST}(?:/\.*{_EASY_SIGN}{_EASY_DOTTED}*)+"
    r"(?:\?(?:[A-Za-z0-9_~!$()*+,./:=?@&-]|&amp;)*[A-Za-z0-9_~!$()*+,./:=?@-])?$"
)
_TWO_LABELS = r"^[^./?]+\.[^./?]+(?:[/?]|$)"
_END = 1 << 30
Texts = tuple[pa.Array, pa.Array]


def easy(urls: pa.Array) -> pa.Array:
    """A mask of the links of which `easy_spellings` gives all spellings."""
    return pc.fill_null(pc.match_substring_regex(urls, _EASY), False)


def easy_spellings(urls: pa.Array, rows: pa.Array) -> Iterator[Texts]:
    """All spellings of easy links, each with the row of its link; some come twice."""
    yield from _variants(urls, rows)
    undone = pc.replace_substring(urls, "&amp;", "&")
    yield from _variants(*_where(pc.not_equal(undone, urls), undone, rows))
    decoded = pc.replace_substring(undone, "%20", " ")
    yield from _variants(*_where(pc.not_equal(decoded, undone), decoded, rows))


def _where(mask: pa.Array, *columns: pa.Array) -> tuple[pa.Array, ...]:
    return tuple(column.filter(mask) for column in columns)


def _variants(urls: pa.Array, rows: pa.Array) -> Iterator[Texts]:
    is_safe = pc.starts_with(urls, b"https")
    for own, other, mask in (
        (b"https://", b"http://", is_safe),
        (b"http://", b"https://", pc.invert(is_safe)),
    ):
        ours, at = _where(mask, urls, rows)
        if not len(ours):
            continue
        bare = pc.binary_slice(ours, len(own), _END)
        yield ours, at
        yield from _endings(bare, at, other)
        has_www = pc.starts_with(bare, b"www.")
        without, place = _where(has_www, bare, at)
        without = pc.binary_slice(without, 4, _END) if len(without) else without
        yield _after(own, without), place
        yield from _endings(without, place, other)
        is_short = pc.match_substring_regex(bare, _TWO_LABELS)
        short, place = _where(is_short, bare, at)
        longer = _after(b"www.", short)
        yield _after(own, longer), place
        yield from _endings(longer, place, other)


def _endings(bare: pa.Array, rows: pa.Array, other: bytes) -> Iterator[Texts]:
    yield _after(other, bare), rows
    yield bare, rows
    lower = pc.cast(pc.ascii_lower(pc.cast(bare, pa.string())), pa.binary())
    yield _where(pc.not_equal(lower, bare), lower, rows)


def _after(start: bytes, texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(start, texts, b"") if len(texts) else texts


def spelled_digests(
    urls: pa.Array, rows: pa.Array, algorithms: Sequence[str]
) -> Iterator[tuple[pa.Array, pa.Array]]:
    """The first 64 bits of the hashes of all spellings of some links, with their rows."""
    is_easy = easy(urls)
    for texts, at in easy_spellings(*_where(is_easy, urls, rows)):
        written = texts.to_pylist()
        for algorithm in algorithms:
            yield shortened(written, algorithm), at
    odd, at = _where(pc.and_(pc.invert(is_easy), pc.is_valid(urls)), urls, rows)
    found, places = [], array("q")
    for row, url in zip(at.to_pylist(), odd.to_pylist(), strict=True):
        written = [text for _, text in spellings(url)]
        found += written
        places.extend([row] * len(written))
    for algorithm in algorithms if found else ():
        yield shortened(found, algorithm), int64(places)


def shortened(texts: Sequence[bytes], algorithm: str) -> pa.Array:
    """The first 64 bits of the digests of some texts."""
    make = _MAKERS[algorithm]
    found = array("q")
    if make().digest_size % 8:
        found.frombytes(b"".join([make(text).digest()[:8] for text in texts]))
        return int64(found)
    found.frombytes(b"".join([make(text).digest() for text in texts]))
    return int64(found[:: make().digest_size // 8])
