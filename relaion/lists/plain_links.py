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
# behind one `www.`: host, path, query; a line that is none has nothing in its groups
_PLAIN = re.compile(
    r"(?m)^https?://(?:www\.)?(?!www\.)((?:[a-z0-9_-]++\.)++[a-z][a-z0-9-]*+)"
    r"((?:/[A-Za-z0-9_.-]++)++)/?(\?[A-Za-z0-9_.=-]++(?:&[A-Za-z0-9_.=-]++)*+)?"
    r"(?<=[A-Za-z0-9_/=-])$|^.*$"
)


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


def plain_links(values: Sequence[str]) -> PlainLinks | None:
    """The plain links among values; None where it is no use to look for them at once."""
    text = "\n".join(values)
    if len(values) < _FEW or not text.isascii() or text.count("\n") != len(values) - 1:
        return None
    found = _PLAIN.findall(text)
    if len(found) != len(values):
        return None
    is_odd = "/." in text or "xn--" in text or max(map(len, values)) > _LONGEST
    places: Sequence[int] = range(len(values))
    if is_odd or ("", "", "") in found:
        places = [
            i for i, (link, (host, *_)) in enumerate(zip(values, found, strict=True))
            if host and len(link) <= _LONGEST and "/." not in link and "xn--" not in link
        ]  # fmt: skip
        found = [found[i] for i in places]
    if not found:
        return None
    keys = "\n".join([f"{host}{path}{query}" for host, path, query in found]).encode().split(b"\n")
    return PlainLinks(
        places, _as_hex([sha256(key).digest() for key in keys]),
        [_host_digest(host) for host, _, _ in found],
    )  # fmt: skip


def _as_hex(digests: Sequence[bytes]) -> pa.Array:
    """Digests as texts of hex digits."""
    n = len(digests)
    ends = array("i", range(0, _HEX * n + 1, _HEX))
    held = b"".join(digests).hex().encode()
    return pa.Array.from_buffers(pa.string(), n, [None, pa.py_buffer(ends), pa.py_buffer(held)])
