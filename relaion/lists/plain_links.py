"""Plain links as entries, many at a time: `link_lines` reads them, here they are columns."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa

from relaion.lists.link_lines import LinkLines, ends, read_lines

T = TypeVar("T")
_FEW = 16
_HEX = 64  # digits of a digest


@dataclass(frozen=True)
class PlainLinks:
    """The plain ones among values, by their places: digests of keys, and their `link_place`."""

    places: Sequence[int]
    digests: pa.Array
    of_keys: pa.Array

    @classmethod
    def of(cls, found: LinkLines) -> PlainLinks:
        """Those of some lines."""
        n = len(found.digests) // _HEX
        places = array("i", found.places) or range(n)
        return cls(
            places, _cut(found.digests, ends(n, _HEX), n), _cut(found.of_keys, found.ends, n)
        )

    def without(self, values: Sequence[T]) -> Sequence[T]:
        """The others."""
        plain = {*self.places} if len(self.places) < len(values) else None
        return () if plain is None else [x for i, x in enumerate(values) if i not in plain]


def are_links(values: Sequence[str] | pa.Array) -> bool:
    """Whether values look like links, by the first of them."""
    is_text = not isinstance(values, pa.Array)
    return is_text and 2 * sum("://" in value for value in values[:_FEW]) > _FEW


def lines_of(values: Sequence[str]) -> bytes | None:
    """Values a line each; None where they are too few to look for links in all of them at once."""
    if len(values) < _FEW:
        return None
    return "\n".join((*values, "")).encode("utf-8", "surrogatepass")


def plain_links(values: Sequence[str]) -> PlainLinks | None:
    """The plain links among values; None where it is no use to look for them at once."""
    text = lines_of(values)
    found = None if text is None else read_lines(text, len(values))
    return found and PlainLinks.of(found)


def _cut(held: bytes, ends: bytes, n: int) -> pa.Array:
    return pa.Array.from_buffers(pa.string(), n, [None, pa.py_buffer(ends), pa.py_buffer(held)])
