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
from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import compress
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.links import link_key
from relaion.links.inner import inner_links
from relaion.links.key import is_ordinary
from relaion.links.spellings import spellings
from relaion.links.text import as_bytes
from relaion.verifier.near import Near, may_hold
from relaion.verifier.packed import PackedKeys
from relaion.verifier.rows import int64

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
_END = 1 << 30


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


def plain_keys(urls: pa.Array, is_plain: pa.Array) -> tuple[list[bytes], pa.Array]:
    """The keys of the plain links among these, and where each of these links stands.

    Not in order: those of which as much is cut come together, so that a column is cut at once.
    """
    keys: list[bytes] = []
    places = [pa.array([], pa.uint64())]
    is_safe = pc.starts_with(urls, _SCHEMES[1])
    for scheme, is_so in zip(_SCHEMES, (pc.and_not(is_plain, is_safe), is_safe), strict=True):
        is_one = pc.and_(is_plain, is_so)
        is_www = pc.and_(is_one, pc.starts_with(urls, scheme + _WWW))
        for start, chosen in (
            (len(scheme), pc.and_not(is_one, is_www)),
            (len(scheme + _WWW), is_www),
        ):
            some = urls.filter(chosen)
            if len(some):
                keys += pc.binary_slice(some, start, _END).to_pylist()
                places.append(pc.indices_nonzero(chosen))
    return keys, pa.concat_arrays(places)


def _spelled(key: bytes) -> Iterator[bytes]:
    """All plain links with a key."""
    for scheme in _SCHEMES:
        yield scheme + key
        yield scheme + b"www." + key


def _are_plain(keys: Sequence[bytes]) -> list[bool]:
    """Which keys are of plain links: what is cut from another link is not its key."""
    links = pc.binary_join_element_wise(_SCHEMES[0], pa.array(keys, pa.binary()), b"")
    return plain(links).to_pylist()  # type: ignore[no-any-return]


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

    own: Set[str] = frozenset()
    inside: Set[str] = frozenset()

    @cached_property
    def _keys(self) -> PackedKeys:
        return PackedKeys.of(self.own)

    @cached_property
    def _texts(self) -> pa.Array:
        keys = [as_bytes(key) for key in self.own]
        some = compress(keys, _are_plain(keys))
        return pa.array([text for key in some for text in _spelled(key)], pa.binary())

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
        _ = self._near, self._keys.sieve, self.words
        return self

    def _plainly(self, urls: pa.Array) -> set[int]:
        """The rows whose link is one of the plain ones with a key."""
        if len(_SCHEMES) * 2 * len(self.own) <= len(urls):
            found = pc.indices_nonzero(pc.is_in(urls, value_set=self._texts))
            return set(found.to_pylist())
        # Arrow hashes what is looked for anew for each batch
        is_link = pc.fill_null(pc.or_(*(pc.starts_with(urls, x) for x in _SCHEMES)), False)
        keys, at = plain_keys(urls, is_link)
        here = self._keys.among(keys)
        here = [*compress(here, _are_plain([keys[n] for n in here]))]
        return {*at.take(pa.array(here, pa.int64())).to_pylist()}

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
        is_odd = pc.invert(pc.fill_null(plain(texts), False))
        odd, others = left.filter(is_odd).to_pylist(), texts.filter(is_odd).to_pylist()
        for row, url in zip(odd, others, strict=True):
            if near.may_name(url) and link_key(url) in self.own:
                rows.add(row)
        if self.inside:
            holds = may_hold(texts)
            left, texts = left.filter(holds), texts.filter(holds)
            is_near = near_inside.may_name_inside(texts)
            odd, others = left.filter(is_near).to_pylist(), texts.filter(is_near).to_pylist()
            for row, url in zip(odd, others, strict=True):
                if any(link_key(link) in self.inside for link in inner_links(url)):
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
