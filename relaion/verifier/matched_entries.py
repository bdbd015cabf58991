"""What is listed, as far as a data set meets it: what the model of a row's fate asks."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from relaion.roles import HASHED_LINK_KINDS, IMAGE_KINDS, LINK_KINDS
from relaion.verifier.candidates import Carriers

Lists = tuple[int, ...]
Named = tuple[tuple[int, str], ...]  # lists, each with the kind of image digest by which
K = TypeVar("K")
V = TypeVar("V", int, tuple[int, str])


@dataclass(frozen=True)
class StatedSidecars:
    """Rows that sidecars name: by their link key, or by their row hash."""

    links: Mapping[str, Named] = field(default_factory=dict)
    hashes: Mapping[int, Named] = field(default_factory=dict)

    def __or__(self, other: "StatedSidecars") -> "StatedSidecars":
        """What one or the other names."""
        return StatedSidecars(_joined(self.links, other.links), _joined(self.hashes, other.hashes))


@dataclass(frozen=True)
class StatedLists:
    """What is listed.

    `exact`: kind -> digest -> lists that hold it. `forms`: list -> the spellings that its
    hashed links are compared with, where these are limited. `beside`: what sidecars name.
    `links`: key of a link that a list hit on some row -> those lists; `carriers` finds the rows
    that carry one of them. `inner`: whether links inside links count. `rows`: file -> numbers of
    its rows that may hold an entry of `exact`; all others hold none. `unread`: how many values
    of a sidecar are no digest, by file, role and place among its columns.
    """

    exact: Mapping[str, Mapping[str, Lists]] = field(default_factory=dict)
    forms: Mapping[int, frozenset[str]] = field(default_factory=dict)
    beside: StatedSidecars = field(default_factory=StatedSidecars)
    links: Mapping[str, Lists] = field(default_factory=dict)
    inner: bool = True
    rows: Mapping[Path, pa.Array] = field(default_factory=dict)
    unread: Mapping[tuple[Path, str, int], int] = field(default_factory=dict)
    carriers: Carriers = field(default_factory=Carriers)

    def lists(self, kind: str, digest: str) -> Lists:
        """The lists that hold a digest."""
        return self.exact.get(kind, {}).get(digest, ())

    def allows(self, list_id: int, form: str) -> bool:
        """Whether this list's hashed links are compared with this spelling."""
        return list_id not in self.forms or form in self.forms[list_id]

    @cached_property
    def images(self) -> tuple[str, ...]:
        """The kinds of image digests that are listed."""
        return tuple(kind for kind in IMAGE_KINDS if self.exact.get(kind))

    @cached_property
    def hashed(self) -> dict[str, str]:
        """Kinds of hashed links that are listed, and their algorithms."""
        return {kind: name for kind, name in HASHED_LINK_KINDS.items() if self.exact.get(kind)}

    @cached_property
    def asks_links(self) -> bool:
        """Whether any row could be named by a link that it carries."""
        listed = any(self.exact.get(kind) for kind in LINK_KINDS) or self.hashed
        return bool(listed or self.links or self.beside.links)

    @cached_property
    def asks_hashes(self) -> bool:
        """Whether any row could be named by its row hash."""
        return bool(self.exact.get("row_hash") or self.beside.hashes)

    @cached_property
    def roles(self) -> set[str]:
        """The roles of a shard that decide which lists name its rows."""
        return {"url", *self.images} | ({"row_hash", "text"} if self.asks_hashes else set())

    def carrying(self, beside: StatedSidecars, links: Mapping[str, Lists]) -> "StatedLists":
        """The same where sidecars, and rows that lists hit, name these links."""
        keys = frozenset(links)
        carriers = Carriers(keys | beside.links.keys(), keys if self.inner else frozenset())
        return replace(self, beside=beside, links=links, carriers=carriers)

    def only(self, *paths: Path) -> "StatedLists":
        """The same with the rows of these files alone, to travel in a task."""
        return replace(self, rows={p: self.rows[p] for p in paths if p in self.rows})

    def rows_of(self, path: Path, first: int, n: int) -> list[int]:
        """Which of n rows of a file, from the row `first` on, may hold an entry."""
        if path not in self.rows:
            return []
        rows = self.rows[path]
        at = [bisect_left(rows, number, key=lambda x: x.as_py()) for number in (first, first + n)]
        return [number - first for number in rows[at[0] : at[1]].to_pylist()]

    def __or__(self, other: "StatedLists") -> "StatedLists":
        """What is known from one set of files or from another, of the same store."""
        exact = {
            kind: _joined(self.exact.get(kind, {}), other.exact.get(kind, {}))
            for kind in {*self.exact, *other.exact}
        }
        both = replace(
            self,
            exact=exact,
            forms={**self.forms, **other.forms},
            rows=joined_rows([self.rows, other.rows]),
        )
        return both.carrying(self.beside | other.beside, _joined(self.links, other.links))


def joined_rows(some: Sequence[Mapping[Path, pa.Array]]) -> dict[Path, pa.Array]:
    """Numbers of rows by file, each once and in order."""
    found: dict[Path, list[pa.Array]] = {}
    for rows in some:
        for path, numbers in rows.items():
            found.setdefault(path, []).append(numbers)
    joined = {path: pc.unique(pa.concat_arrays(parts)) for path, parts in found.items()}
    return {path: rows.take(pc.array_sort_indices(rows)) for path, rows in joined.items()}


def _joined(
    one: Mapping[K, tuple[V, ...]], two: Mapping[K, tuple[V, ...]]
) -> dict[K, tuple[V, ...]]:
    found = {key: set(values) for key, values in one.items()}
    for key, values in two.items():
        found.setdefault(key, set()).update(values)
    return {key: tuple(sorted(values)) for key, values in found.items()}
