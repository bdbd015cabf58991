"""Links of which nobody has to look twice what they are, many at a time.

What `read_plain_link` says of one is said here of a column: their keys, cut out by one pattern, the
digests of those, and the digest of each host once.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TypeVar

import pyarrow as pa

from relaion.links import host_digest

T = TypeVar("T")
_LONGEST = 250  # characters: no longer is the longest name of a host
_FEW = 16
_HEX = 64  # digits of a digest
_host_digest = lru_cache(1 << 14)(host_digest)  # of links there are many to a host
# behind one `www.`: host and path, the host, query; of a line that is none no group holds anything
_PLAIN = re.compile(
    r"(?m)^https?://(?:www\.)?(?!www\.)(((?:[a-z0-9_-]++\.)++[a-z][a-z0-9-]*+)"
    r"(?:/[A-Za-z0-9_.-]++)++)/?(\?[A-Za-z0-9_.=-]++(?:&[A-Za-z0-9_.=-]++)*+)?"
    r"(?<=[A-Za-z0-9_/=-])$|^.*$"
)
_STEP = _PLAIN.groups + 1


@dataclass(frozen=True)
class PlainLinks:
    """The plain ones among values, by their places: digests of their keys, and of their hosts."""

    places: Sequence[int]
    digests: pa.Array
    hosts: Sequence[str | None]

    def without(self, values: Sequence[T]) -> Sequence[T]:
        """The others."""
        plain = {*self.places} if len(self.places) < len(values) else None
        return () if plain is None else [x for i, x in enumerate(values) if i not in plain]


def are_links(values: Sequence[str] | pa.Array) -> bool:
    """Whether values look like links, by the first of them."""
    is_text = not isinstance(values, pa.Array)
    return is_text and 2 * sum("://" in value for value in values[:_FEW]) > _FEW


def plain_links(values: Sequence[str]) -> PlainLinks | None:
    """The plain links among values; None where it is no use to look for them at once."""
    text = "\n".join(values)
    if len(values) < _FEW or not text.isascii() or text.count("\n") != len(values) - 1:
        return None
    parts = _PLAIN.split(text)  # what is between lines, and the groups of each
    places, hosts, queries = (parts[at::_STEP] for at in (1, 2, 3))
    if len(places) != len(values):
        return None
    kept: Sequence[int] = range(len(values))
    is_odd = "/." in text or "xn--" in text or max(map(len, values)) > _LONGEST
    if is_odd or not all(places):
        kept = [
            i for i, (link, host) in enumerate(zip(values, hosts, strict=True))
            if host and len(link) <= _LONGEST and "/." not in link and "xn--" not in link
        ]  # fmt: skip
        places, hosts, queries = ([some[i] for i in kept] for some in (places, hosts, queries))
    if not kept:
        return None
    if any(queries):
        places = [f"{place}{query or ''}" for place, query in zip(places, queries, strict=True)]
    keys = "\n".join(places).encode().split(b"\n")
    return PlainLinks(
        kept, _as_hex([sha256(key).digest() for key in keys]), [*map(_host_digest, hosts)]
    )


def _as_hex(digests: Sequence[bytes]) -> pa.Array:
    """Digests as texts of hex digits."""
    n = len(digests)
    ends = array("i", range(0, _HEX * n + 1, _HEX))
    held = b"".join(digests).hex().encode()
    return pa.Array.from_buffers(pa.string(), n, [None, pa.py_buffer(ends), pa.py_buffer(held)])
