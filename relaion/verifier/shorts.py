"""Every digest under which a shard's rows could be listed, shortened to 64 bits.

The dear part of a check where a list holds hashed links: each row's link is written in every
way that a giver may have hashed (some 100 µs a row). So this is done piece by piece in the
processes of the check, and once: what was near an entry is marked, and only links with such
a mark are spelled out again.
"""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from relaion.errors import InputError
from relaion.links import link_key
from relaion.links.spellings import spellings
from relaion.verifier.carried import (
    Level,
    digest_of,
    inner_level,
    key_digests,
    link_mark,
    own_level,
)
from relaion.verifier.digests import prefix_of, prefixes
from relaion.verifier.hashes import row_hashes, shortened
from relaion.verifier.inside import may_hold_near
from relaion.verifier.known import HASHED_KINDS, IMAGE_KINDS, KEY_KINDS, Near
from relaion.verifier.near import near_rows
from relaion.verifier.rows import Roles, Rows, open_shard, role_rows

PIECE_ROWS = 1_000_000
# file, role, place among the columns of the role -> how many
Unread = Counter[tuple[Path, str, int]]


@dataclass(frozen=True)
class Source:
    """A file to look at, and where its roles stand; all its row groups, or some of them.

    `is_checked`: a check of its own finds that it is damaged. Nothing else does so for a
    sidecar: one that cannot be read raises InputError, for rows that it names would be missed.
    """

    path: Path
    roles: Roles
    groups: tuple[int, ...] | None = None
    is_checked: bool = True

    def rows(self, wanted: set[str]) -> Iterator[Rows]:
        """Its rows up to where it is damaged."""
        try:
            yield from role_rows(self.path, self.roles, wanted, self.groups)
        except InputError:
            if not self.is_checked:
                raise

    def pieces(self) -> Iterator["Source"]:
        """Itself in pieces of whole row groups, each of some PIECE_ROWS rows."""
        try:
            with open_shard(self.path) as file:
                sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        except InputError:
            if not self.is_checked:
                raise
            return
        groups: list[int] = []
        for group, size in enumerate(sizes):
            if groups and sum(sizes[g] for g in groups) + size > PIECE_ROWS:
                yield replace(self, groups=tuple(groups))
                groups = []
            groups.append(group)
        if groups:
            yield replace(self, groups=tuple(groups))


@dataclass(frozen=True)
class ListedKinds:
    """What the lists hold: kinds, near which hosts; and whether links inside links count."""

    kinds: frozenset[str]
    near: Near
    inner: bool

    @property
    def roles(self) -> set[str]:
        """The roles that matter."""
        found = {kind for kind in IMAGE_KINDS if kind in self.kinds}
        if self.kinds & (KEY_KINDS | HASHED_KINDS.keys()):
            found.add("url")
        return found | ({"row_hash", "url", "text"} if "row_hash" in self.kinds else set())

    def looks_inside(self, _row: int, url: bytes) -> bool:
        """Whether a link inside this one could be listed, as far as can be told at once."""
        return bool(self.hashed) or may_hold_near(url, self.near)

    @property
    def hashed(self) -> list[str]:
        """The algorithms of the hashed links that are listed; none costs nothing."""
        return [algorithm for kind, algorithm in HASHED_KINDS.items() if kind in self.kinds]


@dataclass(frozen=True)
class Shorts:
    """Shortened digests: `plain` ones, and `spelled` ones, each with the mark of its row's link.

    `unread`: how many values of a sidecar's columns are no digest.
    """

    plain: pa.Array = field(default_factory=lambda: _int64(array("q")))
    spelled: pa.Array = field(default_factory=lambda: _int64(array("q")))
    marks: pa.Array = field(default_factory=lambda: _int64(array("q")))
    unread: Unread = field(default_factory=Counter)

    def __len__(self) -> int:
        """How many digests these are."""
        return len(self.plain) + len(self.spelled)


def joined(some: list[Shorts]) -> Shorts:
    """Several as one."""
    if not some:
        return Shorts()
    return Shorts(
        *(
            pa.concat_arrays([getattr(s, part) for s in some])
            for part in ("plain", "spelled", "marks")
        )
    )


def shorts_of(wanted: ListedKinds, source: Source) -> Shorts:
    """The digests of a file's rows. Each comes with what any list of these kinds could name."""
    found: list[Shorts] = []
    unread: Unread = Counter()
    for rows in source.rows(wanted.roles):
        found.append(_of_batch(rows, wanted))
        if not source.is_checked:  # those of shards are counted when these are checked
            unread.update({(source.path, *at): n for at, n in rows.unread.items() if n})
    return replace(joined(found), unread=unread)


def _of_batch(rows: Rows, wanted: ListedKinds) -> Shorts:
    plain = [prefixes(column) for kind in IMAGE_KINDS for column in rows.all(kind)]
    if "row_hash" in wanted.kinds:
        plain.append(shortened(row_hashes(rows)[0]))
    found, marks = array("q"), array("q")
    looks = bool(wanted.kinds & (KEY_KINDS | HASHED_KINDS.keys()))
    for urls in rows.all("url") if looks else ():
        links = [own_level(urls)]
        if wanted.inner:
            links.append(inner_level(urls, wanted.looks_inside))
        for level in links:
            plain.append(prefix_of(_keys(level, wanted)))
            if wanted.hashed:
                _spell(level, urls, wanted.hashed, found, marks)
    return Shorts(pa.concat_arrays([_int64(array("q")), *plain]), _int64(found), _int64(marks))


def _keys(level: Level, wanted: ListedKinds) -> Iterator[str]:
    kinds = wanted.kinds & KEY_KINDS
    if kinds:
        for _, url in near_rows(level.links, wanted.near):
            for _, _, digests in key_digests(link_key(url), kinds):
                yield from digests


def _spell(
    level: Level, urls: pa.Array, algorithms: list[str], found: "array[int]", marks: "array[int]"
) -> None:
    """Add shortened digests of all spellings of the links, each with the mark of the row's own."""
    for row, url in zip(level.rows, level.links.to_pylist(), strict=True):
        if url is None:
            continue
        digests = [digest_of(text, a)[:8] for _, text in spellings(url) for a in algorithms]
        found.frombytes(b"".join(digests))
        mark = link_mark(urls[row].as_py() if level.inner else url)
        marks.extend([mark] * len(digests))


def _int64(numbers: "array[int]") -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])
