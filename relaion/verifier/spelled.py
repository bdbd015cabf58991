"""Hashes of every way in which a giver of hashed links may have written a link.

`relaion.links.spellings` says which ways these are, in some 10 to 100 µs a link. Nine links in
ten are *easy*: printable, without escapes but `%20` in the path and without entities but `&amp;`
in the query. Of these, whole columns are written at once: the texts that remain when entities and
blanks are undone, each with the other scheme and without one, in lower case, with and without
`www.`.
"""

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.links.spellings import spellings
from relaion.verifier.candidates import HOST
from relaion.verifier.rows import int64

try:  # Python's own: OpenSSL's takes as long to begin as this one for a link
    from _md5 import md5  # type: ignore[import-not-found]
except ImportError:
    md5 = partial(hashlib.md5, usedforsecurity=False)

_MAKERS: dict[str, Any] = {
    "md5": md5,
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
    "sha256": hashlib.sha256,
}
_SIGN = "(?:[A-Za-z0-9_~!$()*+,:=@&-]|%20)"
_DOTTED = "(?:[A-Za-z0-9_~!$()*+,.:=@&-]|%20)"
_EASY = (
    rf"^{HOST}(?:/\.*{_SIGN}{_DOTTED}*)+"
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
        plain = texts.to_pylist()
        for algorithm in algorithms:
            yield _shortened(plain, algorithm), at
    odd, at = _where(pc.and_(pc.invert(is_easy), pc.is_valid(urls)), urls, rows)
    found, places = [], array("q")
    for row, url in zip(at.to_pylist(), odd.to_pylist(), strict=True):
        written = [text for _, text in spellings(url)]
        found += written
        places.extend([row] * len(written))
    for algorithm in algorithms if found else ():
        yield _shortened(found, algorithm), int64(places)


def _shortened(texts: Sequence[bytes], algorithm: str) -> pa.Array:
    make = _MAKERS[algorithm]
    found = array("q")
    found.frombytes(b"".join([make(text).digest()[:8] for text in texts]))
    return int64(found)
