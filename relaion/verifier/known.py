"""What is listed, as far as a data set meets it: what the model of a row's fate asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

IMAGE_KINDS = ("image_md5", "image_sha1", "image_sha256")
HASHED_KINDS = {"url_md5": "md5", "url_sha1": "sha1", "url_sha256": "sha256"}
KEY_KINDS = frozenset({"url", "host", "url_prefix"})
KINDS = frozenset({"row_hash", *KEY_KINDS, *IMAGE_KINDS, *HASHED_KINDS})
Lists = tuple[int, ...]
Named = tuple[tuple[int, str], ...]  # lists, each with the kind of image digest by which
K = TypeVar("K")
V = TypeVar("V", int, tuple[int, str])


@dataclass(frozen=True)
class Near:
    """Which links are worth a key: all on odd hosts, and those on or below these hosts.

    `hosts` and `below` are digests as `host_digest` writes them; `below` names hosts whose
    subdomains count too. `tails`: the ends of the keys in question, or None while these are
    known as digests only; they spare nearly all rows on a popular host the work of a key.
    """

    hosts: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()
    tails: frozenset[bytes] | None = None

    def __or__(self, other: "Near") -> "Near":
        """Links that are near by one or the other."""
        tails = None if self.tails is None or other.tails is None else self.tails | other.tails
        return Near(self.hosts | other.hosts, self.below | other.below, tails)


@dataclass(frozen=True)
class StatedSidecars:
    """Rows that sidecars name: by the digest of their link key, or by their row hash."""

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
    `links`: digest of the link key of a row that a list hit -> those lists. `near`: where the
    links in question stand. `marks`: `link_mark` of every row's link that a hashed link may
    name; only those are spelled out. `inner`: whether links inside links count. `unread`: how
    many values of a sidecar are no digest, by file, role and place among its columns.
    """

    exact: Mapping[str, Mapping[str, Lists]] = field(default_factory=dict)
    forms: Mapping[int, frozenset[str]] = field(default_factory=dict)
    beside: StatedSidecars = field(default_factory=StatedSidecars)
    links: Mapping[str, Lists] = field(default_factory=dict)
    near: Near = field(default_factory=Near)
    marks: frozenset[int] = frozenset()
    inner: bool = True
    unread: Mapping[tuple[Path, str, int], int] = field(default_factory=dict)

    @cached_property
    def images(self) -> dict[str, pa.Array]:
        """The listed image digests by kind, to compare columns with."""
        return {k: pa.array(list(self.exact[k])) for k in IMAGE_KINDS if self.exact.get(k)}

    @cached_property
    def hashes(self) -> dict[int, Lists]:
        """The listed row hashes as signed numbers."""
        listed = self.exact.get("row_hash", {})
        return {
            int.from_bytes(bytes.fromhex(digest), "big", signed=True): lists
            for digest, lists in listed.items()
        }

    @cached_property
    def hashed(self) -> dict[str, str]:
        """Kinds of hashed links that are listed, and their algorithms."""
        return {kind: name for kind, name in HASHED_KINDS.items() if self.exact.get(kind)}

    @cached_property
    def has_keys(self) -> bool:
        """Whether any row could be named by its link key, or by the key of an inner link."""
        listed = any(self.exact.get(kind) for kind in KEY_KINDS)
        return listed or bool(self.links) or bool(self.beside.links)

    @cached_property
    def roles(self) -> set[str]:
        """The roles of a shard that decide which lists name its rows."""
        found = {"url", *self.images}
        return found | ({"row_hash", "text"} if self.hashes or self.beside.hashes else set())

    def allows(self, list_id: int, form: str) -> bool:
        """Whether this list's hashed links are compared with this spelling."""
        return list_id not in self.forms or form in self.forms[list_id]

    def __or__(self, other: "StatedLists") -> "StatedLists":
        """What is known from one set of files or from another, of the same store."""
        exact = {
            kind: _joined(self.exact.get(kind, {}), other.exact.get(kind, {}))
            for kind in {*self.exact, *other.exact}
        }
        return replace(
            self,
            exact=exact,
            forms={**self.forms, **other.forms},
            beside=self.beside | other.beside,
            links=_joined(self.links, other.links),
            near=self.near | other.near,
            marks=self.marks | other.marks,
        )


def _joined(
    one: Mapping[K, tuple[V, ...]], two: Mapping[K, tuple[V, ...]]
) -> dict[K, tuple[V, ...]]:
    found = {key: set(values) for key, values in one.items()}
    for key, values in two.items():
        found.setdefault(key, set()).update(values)
    return {key: tuple(sorted(values)) for key, values in found.items()}
