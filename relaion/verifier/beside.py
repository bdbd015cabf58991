"""Sidecars: image hashes that lie apart from the rows. The lists meet them first.

Only the keys of the sidecar rows that carry a listed image travel on to the shards: link
keys where the sidecar has links, row hashes where it has these.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow.compute as pc

from relaion.links import can_spread, host_digest, key_digest, link_key
from relaion.parquet.not_looked_at import NotLookedAt, unread_beside
from relaion.verifier.known import IMAGE_KINDS, Named, Near, StatedLists, StatedSidecars
from relaion.verifier.model import judge
from relaion.verifier.rows import Rows
from relaion.verifier.shorts import Source


@dataclass(frozen=True)
class Apart:
    """A sidecar as a source of rows; `keys` are the roles by which it names rows of shards.

    `name` is that of the file, `names` are those of its columns by role and place. `left_out`
    are columns that nobody looks at.
    """

    source: Source
    keys: tuple[str, ...]
    name: str = ""
    names: Mapping[tuple[str, int], str] = field(default_factory=dict)
    left_out: tuple[NotLookedAt, ...] = ()

    @property
    def images(self) -> Source:
        """The same file, of which only the image digests are looked at."""
        roles = {role: at for role, at in self.source.roles.items() if role in IMAGE_KINDS}
        return replace(self.source, roles=roles)

    def pieces(self) -> list["Apart"]:
        """Itself in pieces (`Source.pieces`)."""
        return [replace(self, source=piece) for piece in self.source.pieces()]


def not_looked_at_beside(known: StatedLists, sidecars: Sequence[Apart]) -> Iterator[NotLookedAt]:
    """What nothing was compared with in sidecars: columns, and values that are no digest."""
    for apart in sidecars:
        yield from apart.left_out
        counts: Counter[tuple[str, str]] = Counter()
        for (path, role, place), n in known.unread.items():
            if path == apart.source.path:
                counts[role, apart.names[role, place]] += n
        yield from unread_beside(apart.name, [(*at, n) for at, n in counts.items()])


def named_beside(known: StatedLists, apart: Apart) -> tuple[StatedSidecars, Near]:
    """What the rows of a sidecar with a listed image name, and where those links stand."""
    found: dict[str | int, set[tuple[int, str]]] = {}
    hosts: set[str] = set()
    for rows in apart.source.rows({*apart.keys, *known.images}):
        for value, named in _listed(rows, apart.keys, known):
            if isinstance(value, int):
                found.setdefault(value, set()).add(named)
                continue
            if not can_spread(value):  # it stands for many a row, or for none
                continue
            key = link_key(value)
            found.setdefault(key_digest(key), set()).add(named)
            if (host := host_digest(key)) is not None:
                hosts.add(host)
    by_key: dict[str, Named] = {k: tuple(v) for k, v in found.items() if isinstance(k, str)}
    by_hash: dict[int, Named] = {k: tuple(v) for k, v in found.items() if isinstance(k, int)}
    return StatedSidecars(by_key, by_hash), Near(frozenset(hosts))


def _listed(
    rows: Rows, keys: tuple[str, ...], known: StatedLists
) -> list[tuple[bytes | int, tuple[int, str]]]:
    """The keys of rows whose image is listed, each with the list and the kind of digest."""
    images = {role: column for role, column in rows.columns.items() if role in IMAGE_KINDS}
    more = {role: columns for role, columns in rows.more.items() if role in IMAGE_KINDS}
    found = []
    for line, mask in judge(Rows(rows.n, images, more), known, None).masks.items():
        for row in pc.indices_nonzero(mask).to_pylist():
            for column in (c for key in keys for c in rows.all(key)):
                value = column[row].as_py()
                if value is not None and line.list_id is not None and line.kind is not None:
                    found.append((value, (line.list_id, line.kind)))
    return found
