"""The links that rows carry: each row's own, and those inside it.

`https://i0.wp.com/example.com/a.jpg` shows what `example.com/a.jpg` shows, so a link inside
a row's link is looked at as though the row had it, and counted apart.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from relaion.links import key_digest
from relaion.links.inner import inner_links
from relaion.links.scopes import host_patterns, key_prefixes
from relaion.links.text import as_bytes
from relaion.verifier.inside import may_hold

_MAKERS = {"md5": hashlib.md5, "sha1": hashlib.sha1, "sha256": hashlib.sha256}


@dataclass(frozen=True)
class Level:
    """Links of one level: `rows[i]` is the row that carries `links[i]` (bytes, or null)."""

    links: pa.Array
    rows: Sequence[int]
    inner: bool

    def form(self, name: str | None) -> str | None:
        """A form as the audit names it on this level: `raw`, `inner raw`; `inner` for none."""
        if not self.inner:
            return name
        return "inner" if name in (None, "canonical") else f"inner {name}"


def own_level(urls: pa.Array) -> Level:
    """The rows' own links."""
    return Level(urls, range(len(urls)), inner=False)


def inner_level(urls: pa.Array, wanted: Callable[[int, bytes], bool]) -> Level:
    """The links inside the rows' links; only rows (and their links) that are wanted are asked."""
    rows, links = [], []
    candidates = pc.indices_nonzero(may_hold(urls))
    for row, url in zip(candidates.to_pylist(), urls.take(candidates).to_pylist(), strict=True):
        for link in inner_links(url) if wanted(row, url) else ():
            rows.append(row)
            links.append(as_bytes(link))
    return Level(pa.array(links, pa.binary()), rows, inner=True)


def link_mark(url: bytes) -> int:
    """64 bits by which a link as it stands is known again; other links may share them."""
    digest = hashlib.md5(url, usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "little", signed=True)


def link_marks(urls: pa.Array) -> list[int | None]:
    """The marks of some links; None for no link."""
    return [None if url is None else link_mark(url) for url in urls.to_pylist()]


def digest_of(text: bytes, algorithm: str) -> bytes:
    """The digest of a link's spelling by one of the algorithms that lists use."""
    return _MAKERS[algorithm](text, usedforsecurity=False).digest()


def key_digests(key: str, kinds: Collection[str]) -> Iterator[tuple[str, str | None, list[str]]]:
    """Every digest by which entries of these kinds may name a link key: kind, form, digests."""
    if "url" in kinds:
        yield "url", "canonical", [key_digest(key)]
    if "host" in kinds:
        yield "host", None, [key_digest(text) for text in host_patterns(key)]
    if "url_prefix" in kinds:
        yield "url_prefix", None, [key_digest(text) for text in key_prefixes(key)]
