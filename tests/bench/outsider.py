"""What an outsider finds without any training: by counting cells, and by images that hosts share.

    python -m tests.bench.outsider [--rows N] [--draws N] [-K N ...]

He knows the old data set, the public rules and K, and looks at the hosts that are gone whole. Lists
are drawn in four ways: `plain` (single rows of small hosts), `rare` (of hosts with few like them:
the fewer than 21 of a cell), `images` (two of five entries are images that stand on several small
hosts, so that each of these is listed) and `pairs` (these stand on two small hosts and nowhere
else). He asks:

- `possible`: which hosts can be listed at all? Of a cell with more than K sites K + 1 must be gone,
  of a smaller one all.
- `emptied`: which of them stand in a small cell that is gone to the last site?
- `images`: which hosts of two rows and more share an image with another one that is gone whole?
- `both`: which of these are possible?
- `closed`: which hosts, also of one row, share with another one an image that stands on hosts
  alone that are gone whole?

Told is how many hosts he names in a draw, the share of listed ones among them, and how many of all
listed ones these are. Chance is 1 / (K + 1); half more is what may stand out (`attack.goal`).
`weak` and `joined` are what a run says of its own listed sites: it is publishable without any.
"""

import argparse
import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.bench.attack import Known, goal
from tests.bench.covering import Removed, cover, prepare
from tests.bench.population import SAMPLE, Draw, Population, Truth, Whole, populate, sampled

LISTS = ("plain", "rare", "images", "pairs")
SITE_ROWS = 60
ENTRIES = 25
PLACEHOLDER = 1_000  # rows of an image that takes none along
FEW = 21  # sites of a cell


@dataclass(frozen=True)
class Hosts:
    """All hosts: their rows, the cell of each and how many sites that has; and rows by image."""

    population: Population
    rows: Whole
    cell: Whole
    alike: Whole
    copies: Whole

    @classmethod
    def of(cls, population: Population) -> "Hosts":
        first = np.unique(population.host, return_index=True)[1]
        cell = Known.of(population).cell[first]
        rows, copies = np.bincount(population.host), np.bincount(population.image)
        small = rows <= SITE_ROWS
        return cls(
            population, rows, cell, np.bincount(cell[small], minlength=cell.max() + 1), copies
        )

    def drawn(self, kind: str, no: int) -> Draw:
        """A list of one kind."""
        draw = np.random.default_rng([no, LISTS.index(kind)])
        p, small = self.population, self.rows[self.population.host] <= SITE_ROWS
        lone = small & (self.copies[p.image] == 1)
        if kind == "rare":
            lone &= self.alike[self.cell[p.host]] < FEW
        some: list[int] = []
        if kind in ("images", "pairs"):
            shared = small & (self.copies[p.image] > 1) & (self.copies[p.image] < 7)
            pairs = np.unique(np.stack([p.image[shared], p.host[shared]]), axis=1)
            images, hosts = np.unique(pairs[0], return_counts=True)
            many = images[hosts > 1]
            if kind == "pairs":
                every = np.unique(np.stack([p.image, p.host]), axis=1)
                stands = np.bincount(every[0], minlength=len(self.copies))
                many = images[(hosts == 2) & (stands[images] == 2)]
            chosen = draw.choice(many, ENTRIES * 2 // 5, replace=False)
            some = np.flatnonzero(np.isin(p.image, chosen)).tolist()
        left = ENTRIES * (3 if some else 5) // 5
        single = draw.choice(np.flatnonzero(lone), left, replace=False)
        listed = np.unique([*some, *single.tolist()])
        return Draw([listed], listed)

    def asked(self, removed: Removed, listed: Whole, k: int) -> dict[str, tuple[Truth, Truth]]:
        """By question which of the hosts that are gone whole are named, and which are listed."""
        p = self.population
        gone = np.bincount(p.host[removed.rows], minlength=len(self.rows))
        whole = np.flatnonzero((gone == self.rows) & (self.rows <= SITE_ROWS))
        truth = np.isin(whole, p.host[listed])
        alike = self.alike[self.cell[whole]]
        left = np.bincount(self.cell[whole], minlength=len(self.alike))[self.cell[whole]]
        emptied = (alike <= k) & (left == alike)
        named = {
            "possible": emptied | ((alike > k) & (left > k)),
            "emptied": emptied,
            "images": self._sharing(whole),
            "closed": self._closed(whole),
        }
        named["both"] = named["possible"] & named["images"]
        return {name: (mask, truth) for name, mask in named.items()}

    def _closed(self, whole: Whole) -> Truth:
        p = self.population
        gone = np.zeros(len(self.rows), dtype=bool)
        gone[whole] = True
        rows = np.flatnonzero((self.copies[p.image] > 1) & (self.copies[p.image] < PLACEHOLDER))
        pairs = np.unique(np.stack([p.image[rows], p.host[rows]]), axis=1)
        hosts = np.bincount(pairs[0], minlength=len(self.copies))
        left = np.bincount(pairs[0], gone[pairs[1]], minlength=len(self.copies))
        shared = pairs[1][((hosts > 1) & (left == hosts))[pairs[0]]]
        return np.isin(whole, shared)

    def _sharing(self, whole: Whole) -> Truth:
        p = self.population
        able = np.zeros(len(self.rows), dtype=bool)
        able[whole[self.rows[whole] > 1]] = True
        rows = np.flatnonzero(able[p.host] & (self.copies[p.image] < PLACEHOLDER))
        pairs = np.unique(np.stack([p.image[rows], p.host[rows]]), axis=1)
        images, hosts = np.unique(pairs[0], return_counts=True)
        shared = pairs[1][np.isin(pairs[0], images[hosts > 1])]
        return np.isin(whole, shared)


def told(hosts: Hosts, kind: str, draws: int, covers: Sequence[int], folder: Path) -> None:
    """Draw lists of a kind, cover and ask; print a line for each question and K."""
    found: dict[tuple[int, str], list[tuple[float, float, float]]] = {}
    weak: dict[int, list[float]] = {k: [] for k in covers}
    joined: dict[int, list[float]] = {k: [] for k in covers}
    for no in range(draws):
        draw = hosts.drawn(kind, no)
        key = hashlib.sha256(f"{kind} {no}".encode()).digest()
        for k, removed in cover(folder, draw, covers, SITE_ROWS, key, "").items():
            weak[k].append(removed.covered.weak)
            joined[k].append(removed.covered.joined)
            for name, (mask, truth) in hosts.asked(removed, draw.truth, k).items():
                hits = (mask & truth).sum()
                said = (mask.sum(), hits, truth.sum())
                found.setdefault((k, name), []).append(said)
    for (k, name), each in sorted(found.items()):
        named, hits, listed = np.sum(each, axis=0)
        share = hits / max(named, 1)
        mark = "" if share <= goal(k) else " **more**"
        print(
            f"| {kind} | {k} | {name} | {named / draws:.0f} | {share:.3f}{mark} (goal "
            f"{goal(k):.3f}) | {hits / listed:.2f} | {np.mean(weak[k]):.1f} | "
            f"{np.mean(joined[k]):.1f} |",
            flush=True,
        )


def main() -> None:
    """Parse and ask."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--draws", type=int, default=8)
    parser.add_argument("-K", dest="cover", type=int, action="append", help="(default: 5 20)")
    parser.add_argument("--list", dest="lists", choices=LISTS, action="append")
    parser.add_argument("--sample", type=Path, default=SAMPLE, help="parquet with URL and TEXT")
    given = parser.parse_args()
    hosts = Hosts.of(populate(given.rows, 1, sampled(given.sample)))
    print("| list | K | question | hosts named | share listed | of all listed | weak | joined |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="outsider-") as named:
        folder = Path(named)
        prepare(folder, hosts.population.table())
        for kind in given.lists or LISTS:
            told(hosts, kind, given.draws, tuple(given.cover or (5, 20)), folder)


if __name__ == "__main__":
    main()
