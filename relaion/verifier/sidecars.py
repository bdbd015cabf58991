"""Sidecars, image hashes that lie apart from the rows: are those given the run's, and readable?

The lists meet them first (`lookup.py`): only the keys of their rows with a listed image travel
on to the shards, link keys where a sidecar has links, row hashes where it has these.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from relaion.parquet.looked_at import NotLookedAt, passed_over_beside, unread_beside
from relaion.paths import Seal, find_sidecars, is_still, owned_folder, replaced, seal
from relaion.roles import IMAGE_KINDS
from relaion.sidecars import Sidecar
from relaion.sidecars.read import read_sidecars
from relaion.verifier.manifest import MANIFEST, SidecarLine, Statement
from relaion.verifier.matched_entries import StatedLists
from relaion.verifier.rows import Source, roles_of
from relaion.verifier.verdict import Notes, count


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


def check_sidecars(
    statement: Statement,
    paths: Sequence[Path],
    notes: Notes,
    stack: ExitStack,
    work: Path | None = None,
) -> tuple[tuple[Apart, ...], list[str]]:
    """The sidecars as sources, and why the model cannot know what the run knew, if so.

    A sidecar of text lines is read through a private copy in `work`, or in a folder that goes
    when `stack` ends.
    Raises InputError for a sidecar that cannot be read.
    """
    if not paths:
        if not statement.sidecars:
            return (), []
        notes.limit("1a", "rows that only a sidecar names were not looked for: none given")
        return (), ["the run had sidecars, none were given"]
    work = work or stack.enter_context(owned_folder("verify")).path
    said: list[str] = []
    seals = {s.path: seal(s.path) for s in find_sidecars(paths).shards}
    stack.callback(_refuse_changed, seals)
    found = read_sidecars(paths, work, statement.parameters.columns, said)
    for notice in said:
        notes.notice(notice)
    ours = sorted((_line(s, seals[s.path].sha256) for s in found), key=str)
    differ = len(set(ours) ^ set(statement.sidecars)) or ours != list(statement.sidecars)
    apart = tuple(_apart(s) for s in found)
    if not differ:
        return apart, []
    missing = len(set(statement.sidecars) - set(ours))
    if missing:
        notes.limit("1a", f"{count(missing, 'sidecar')} of the run not given")
    notes.find("6", MANIFEST, "the sidecars given are not those of the run")
    return apart, ["the sidecars given are not those of the run"]


def _apart(sidecar: Sidecar) -> Apart:
    layout = sidecar.layout
    return Apart(
        Source(sidecar.readable, roles_of(layout), is_checked=False),
        sidecar.keys,
        sidecar.name,
        {(r, i): c.name for r in layout.roles for i, c in enumerate(layout.playing(r))},
        passed_over_beside(sidecar.name, layout),
    )


def _line(sidecar: Sidecar, sha256: str) -> SidecarLine:
    return SidecarLine(sidecar.name, sidecar.rows, sidecar.bytes, sha256)


def _refuse_changed(seals: Mapping[Path, Seal]) -> None:
    """Raise InputError where a sidecar has other bytes by the end of the check."""
    for path, before in seals.items():
        if not is_still(path, before):
            raise replaced(path)
