"""Links of which nobody has to look twice what they are, many at a time.

What `read_plain_link` says of one is said here of a column: one pattern tells which they are, what
their keys have not is cut out of all of them at once, and each host's digest is made once.
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
from relaion.links.key import TAIL

T = TypeVar("T")
_LONGEST = 250  # characters: no longer is the longest name of a host
_FEW = 16
_MANY = 1 << 14  # hosts: of links there are many to one
_HEX = 64  # digits of a digest
_HOST = re.compile(r"(?!www\.|.*xn--)(?:[a-z0-9_-]++\.)++[a-z][a-z0-9-]*+")
_PLACE = r"[a-z0-9_.-]++(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*+)++"
# links, a line each: first such as are keys behind `https://`, of which nothing is cut out
_BARE = re.compile(rf"(?:https://(?!www\.){_PLACE}(?<!\.)\n)*+")
_PLAIN = re.compile(
    rf"(?:https?://{_PLACE}/?(?:\?[A-Za-z0-9_.=-]++(?:&[A-Za-z0-9_.=-]++)*+)?"
    r"(?<=[A-Za-z0-9_/=-])\n)*+"
)
_CUT_OUT = (("\nhttp://", "\nhttps://"), ("://www.", "://"), ("/\n", "\n"), ("/?", "?"))
_BETWEEN = b"\nhttps://"


@dataclass(frozen=True)
class PlainLinks:
    """The plain ones among values, by their places: digests of keys, and their `link_place`."""

    places: Sequence[int]
    digests: pa.Array
    of_keys: Sequence[str]

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
    n, text = len(values), "\n".join((*values, ""))
    if n < _FEW or text.count("\n") != n:
        return None
    if max(map(len, values)) > _LONGEST:
        text = "\n".join((*("" if len(x) > _LONGEST else x for x in values), ""))
    is_bare = _end_of(_BARE, text, 0) == len(text)  # as nearly all are
    found, places = (f"\n{text}", range(n)) if is_bare else _plain_ones(text)
    if not places:
        return None
    keys: Sequence[bytes] = found[len(_BETWEEN) : -1].encode().split(_BETWEEN)
    if len(_hosts) > _MANY:
        _hosts.clear()
    hosts: Sequence[str | None] = [_hosts[key.partition(b"/")[0]] for key in keys]
    if None in hosts:
        kept = [i for i, host in enumerate(hosts) if host]
        if not kept:
            return None
        keys, hosts = [keys[i] for i in kept], [hosts[i] for i in kept]
        places = [places[i] for i in kept]
    of_keys = [f"{host}{key[-TAIL:].decode()}" for host, key in zip(hosts, keys, strict=True)]
    return PlainLinks(places, _as_hex([sha256(key).digest() for key in keys]), of_keys)


def _plain_ones(text: str) -> tuple[str, list[int]]:
    """The keys of the plain ones of some lines, each behind `https://`, and their places."""
    found, places, at, line = ["\n"], list[int](), 0, 0
    while at < len(text):
        end = _end_of(_PLAIN, text, at)
        found.append(text[at:end])
        n = found[-1].count("\n")
        places += range(line, line + n)
        line += n + 1
        at = text.find("\n", end) + 1 or len(text)
    keys = "".join(found)
    for sign, other in _CUT_OUT:
        keys = keys.replace(sign, other)
    return keys, places


def _end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


class _HostDigests(dict[bytes, str | None]):
    """The digests of hosts; None for one of which has to be looked twice what it is."""

    def __missing__(self, host: bytes) -> str | None:
        plain = host.decode()
        found = self[host] = host_digest(plain) if _HOST.fullmatch(plain) else None
        return found


_hosts = _HostDigests()


def _as_hex(digests: Sequence[bytes]) -> pa.Array:
    """Digests as texts of hex digits."""
    n = len(digests)
    held = b"".join(digests).hex().encode()
    return pa.Array.from_buffers(pa.string(), n, [None, pa.py_buffer(_ends(n)), pa.py_buffer(held)])


@lru_cache(4)
def _ends(n: int) -> array[int]:
    return array("i", range(0, _HEX * n + 1, _HEX))
