"""Sidecars as sources of rows, and what of them nothing was compared with."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from relaion.parquet.looked_at import NotLookedAt, passed_over_beside, unread_beside
from relaion.roles import IMAGE_KINDS
from relaion.sidecars import Sidecar
from relaion.verifier.model import StatedLists
from relaion.verifier.rows import Source, roles_of


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


def apart(sidecar: Sidecar) -> Apart:
    """A sidecar as the checks read it, with the names of its columns."""
    layout = sidecar.layout
    return Apart(
        Source(sidecar.readable, roles_of(layout), is_checked=False),
        sidecar.keys,
        sidecar.name,
        {(r, i): c.name for r in layout.roles for i, c in enumerate(layout.playing(r))},
        passed_over_beside(sidecar.name, layout),
    )


def not_looked_at_beside(known: StatedLists, sidecars: Sequence[Apart]) -> Iterator[NotLookedAt]:
    """What nothing was compared with in sidecars: columns, and values that are no digest."""
    for beside in sidecars:
        yield from beside.left_out
        counts: Counter[tuple[str, str]] = Counter()
        for (path, role, place), n in known.unread.items():
            if path == beside.source.path:
                counts[role, beside.names[role, place]] += n
        yield from unread_beside(beside.name, [(*at, n) for at, n in counts.items()])
