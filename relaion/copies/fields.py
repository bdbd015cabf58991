"""Which fields of a json play which role, by their names: worked out once for those alike."""

from collections.abc import Mapping
from typing import NamedTuple

from relaion.parquet.glossary import says_caption
from relaion.roles import ROLES

IDENTITY = ("url", "text", "row_hash")
_MOST = 1_000  # shapes that are remembered
_MOST_NAMES = 10_000


class Shape(NamedTuple):
    """The places of a json's fields by role, the one that is known best by its name first.

    `further` are captions that only a word in their name tells; `unplayed` names of no role.
    """

    url: tuple[int, ...] = ()
    text: tuple[int, ...] = ()
    row_hash: tuple[int, ...] = ()
    further: tuple[int, ...] = ()
    unplayed: tuple[str, ...] = ()


class _Meant(NamedTuple):
    """What a field may tell by its name: its rank for each role, and whether it says captions."""

    ranks: Mapping[str, int]
    is_further: bool


class Shapes:
    """The shapes of jsons; `columns` name the fields of some roles in place of those known."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        """Begin with none."""
        self.columns = {role: columns[role] for role in IDENTITY if role in columns}
        self._known: dict[tuple[str, ...], Shape] = {}
        self._meant: dict[str, _Meant] = {}

    def get(self, names: tuple[str, ...]) -> Shape | None:
        """The shape of a json with these names of fields, if it was `made`."""
        return self._known.get(names)

    def made(self, names: tuple[str, ...]) -> Shape:
        """A new shape, which is remembered."""
        if len(self._known) >= _MOST:
            self._known.clear()
        meant = [*map(self._means, names)]
        by = []
        for role in IDENTITY:
            able = [(m.ranks[role], i) for i, m in enumerate(meant) if role in m.ranks]
            by.append(tuple(i for _, i in sorted(able)))
        further = tuple(i for i, m in enumerate(meant) if m.is_further)
        unplayed = tuple(name for name, m in zip(names, meant, strict=True) if not m.ranks)
        url, text, row_hash = by
        shape = self._known[names] = Shape(url, text, row_hash, further, unplayed)
        return shape

    def _means(self, name: str) -> _Meant:
        found = self._meant.get(name)
        if found is None:
            if len(self._meant) >= _MOST_NAMES:
                self._meant.clear()
            found = self._meant[name] = self._meaning(name)
        return found

    def _meaning(self, name: str) -> _Meant:
        ranks, plain = {}, name.lower()
        for role in IDENTITY:
            if role in self.columns:
                if name == self.columns[role]:
                    ranks[role] = 0
            elif plain in (names := ROLES[role].names):
                ranks[role] = names.index(plain)
        return _Meant(ranks, says_caption(name) and plain not in ROLES["text"].names)
