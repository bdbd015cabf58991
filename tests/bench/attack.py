"""`poe attack`: who could tell listed rows from their cover? The attacks that cover must withstand.

    python -m tests.bench.attack [--rows N] [--draws N] [--seed N] [-K N ...] [--mutant NAME]

Makes a data set whose host sizes continue those of a real sample, draws lists that cluster on
small and middle hosts, and covers three releases of each by the project's scripts and ledger. The
attacker has the old data set, all three releases and the public rules, and was trained with the
truth on other draws: gradient boosting on all that left, by one group of features and by all.
P10, P50, P200: the share of listed rows among the 10, 50, 200 that it is surest of. In the last
column it looks for sites: the share of rows of a site that holds a listed one, among the best 200.

P200 may be 1.5 / (K + 1), by each group at K = 5 and 20, and by all at K = 5. At K = 5 P10 may be
twice that, P50 half more, the last column three times: what stands out in few rows, or as a site,
shows there. Exits 1 where that is missed, or where the attacker does not see through a mutant: a
cover known to hide nothing. `--mutant NAME` attacks that one alone. With fewer rows lists are
shorter too, and P200 says less.
"""

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from tests.bench.covering import MUTANTS, Removed, cover, prepare
from tests.bench.population import (
    SAMPLE,
    SHARD_ROWS,
    Array,
    Draw,
    Population,
    Whole,
    list_drawn,
    populate,
    sampled,
)

# a model has one thread, and several are trained at once: threads that wait for one another spin
# where the machine has other things to do. To be said before scikit-learn is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

Features = dict[str, Array]
ALL = "all together"
BEST = (10, 50, 200)
MUTANT_COVER = 5  # neutral sites for each, where a mutant is attacked
RELEASES = 3


def goal(cover: int) -> float:
    """What share of listed rows is the most that may stand out."""
    return 1.5 / (cover + 1)


def is_held(group: str, cover: int) -> bool:
    """Whether a goal is set: `facts` promise none for all features together at K = 20."""
    return cover == 5 or (cover == 20 and group != ALL)


# -- What an outsider can reckon ----------------------------------------------------------------


def _per(group: Whole, values: Array | None = None) -> Array:
    """For each row the sum over the rows of its group, or how many these are."""
    return np.bincount(group, values)[group].astype(float)


@dataclass(frozen=True)
class Known:
    """What the old data set tells of each row, whatever left; `cell` numbers public cells."""

    population: Population
    public: Features
    sizes: Whole
    cell: Whole

    @classmethod
    def of(cls, population: Population) -> "Known":
        p = population
        score = np.nan_to_num(p.score)
        n = _per(p.host)
        mean = _per(p.host, score) / n
        worded = _per(p.host, p.keyword.astype(float)) / n
        main = [_per(p.host, (p.subset == s).astype(float)) / n for s in range(3)]
        subset = np.argmax(main, axis=0)
        by_language = _per(p.language)
        borders = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.7]
        unsafe = np.searchsorted(borders, mean, side="right")
        size = np.where(n <= 8, n, 100 + np.floor(np.log(n) / np.log(1.25)))
        words = np.where(worded == 0, 0, np.where(worded < 0.08, 1, 2))
        spoken = np.where(subset == 1, _main(p.host, p.language), -1)
        like = np.stack([subset, spoken, size, unsafe, words], axis=1).astype(int)
        cell = np.unique(like, axis=0, return_inverse=True)[1].ravel().astype(np.int64)
        copies = _per(p.image)
        shared = _per(p.host, (copies > 1).astype(float))
        in_place = _per(p.place)
        firsts = np.zeros(p.rows)
        firsts[np.unique(p.place, return_index=True)[1]] = 1
        places = _per(p.host, firsts)
        spread = _per(p.host, score**2) / n - mean**2
        edges = np.array([0.0, *borders, 1.0])
        number = np.arange(p.rows)
        public = {
            "host rows": n, "host score": mean, "host spread": spread, "worded": worded,
            "subset": p.subset, "main subset": subset, "language": p.language,
            "language rows": by_language, "copies": copies, "shared": shared,
            "shared share": shared / n, "place rows": in_place, "places": places,
            "place share": in_place / n, "score": p.score, "score off": score - mean,
            "rank": _rank(p.host, score) / n, "band": np.digitize(score, edges),
            "in bin": (mean - edges[unsafe]) / (edges[unsafe + 1] - edges[unsafe]),
            "keyword": p.keyword, "link rows": _per(p.link), "cell rows": _per(cell),
            "cell sites": _per(cell, 1 / n), "shard": number // SHARD_ROWS,
            "position": number % SHARD_ROWS, "top score": _largest(p.host, score),
            "main share": np.max(main, axis=0),
            **p.style,
            **{f"host {name}": _per(p.host, column) / n for name, column in p.style.items()},
        }  # fmt: skip
        found = {name: np.asarray(column, dtype=float) for name, column in public.items()}
        return cls(p, found, np.bincount(p.host), cell)


def _main(group: Whole, value: Whole) -> Whole:
    """For each row the most frequent value of its group."""
    pairs, counts = np.unique(np.stack([group, value], axis=1), axis=0, return_counts=True)
    order = np.argsort(counts, kind="stable")
    best = np.zeros(int(group.max()) + 1, dtype=np.int64)
    best[pairs[order, 0]] = pairs[order, 1]
    return best[group]


def _largest(group: Whole, value: Array) -> Array:
    best = np.zeros(int(group.max()) + 1)
    np.maximum.at(best, group, value)
    return best[group]


def _rank(group: Whole, value: Array) -> Array:
    """Where a row stands within its group, by value."""
    order = np.lexsort((value, group))
    starts = np.concatenate([[0], np.cumsum(np.bincount(group))[:-1]])
    rank = np.empty(len(group))
    rank[order] = np.arange(len(group)) - starts[group[order]]
    return rank


def grouped(known: Known, rows: Whole, release: Whole) -> dict[str, Features]:
    """The features of all rows that left, by group."""
    p, public = known.population, {name: c[rows] for name, c in known.public.items()}
    host, place, image, cell = p.host[rows], p.place[rows], p.image[rows], known.cell[rows]
    gone = _per(host)
    by_release = [_per(host, (release == r).astype(float)) for r in range(RELEASES)]
    in_place = _per(place)
    firsts = np.zeros(len(rows))
    firsts[np.unique(place, return_index=True)[1]] = 1
    sites = (gone / public["host rows"] >= 1) / gone  # a row's part of a host that is gone whole
    cell_gone = _per(cell, sites)
    cell_then = [_per(cell, sites * (release == r)) for r in range(RELEASES)]
    image_gone, image_whole = _per(image), _per(image, (sites > 0).astype(float))
    place_share = in_place / gone
    spread = -_per(host, place_share.clip(1e-9) ** 0 * np.log(place_share) / gone)
    before, after = _gaps(rows, p.rows)
    shard = rows // SHARD_ROWS
    score = np.nan_to_num(p.score[rows])
    copies = public["copies"]

    def some(*names: str) -> Features:
        return {name: public[name] for name in names}

    return {
        "score band": {
            **some("score", "score off", "rank", "band"),
            "rank of gone": _rank(host, score) / gone,
            "above gone": score - _per(host, score) / gone,
        },
        "host density": {
            **some("host rows"),
            "gone": gone,
            "gone share": gone / public["host rows"],
            "standing": public["host rows"] - gone,
        },
        "rarity": {
            **some("copies", "language rows", "cell rows", "cell sites", "link rows"),
            "copies gone": image_gone,
            "copies standing": copies - image_gone,
            "copies of whole hosts": image_whole,
            "cell gone": cell_gone,
            "cell share": cell_gone / public["cell sites"],
        },
        "structure": some(
            "depth", "digits", "ending", "query", "https", "caption", "width", "height", "keyword"
        ),
        "directories": {
            **some("places", "place rows", "place share"),
            "place gone": in_place,
            "place gone share": in_place / public["place rows"],
            "places gone": _per(host, firsts),
            "part of gone": place_share,
            "spread": spread,
        },
        "shard position": {
            **some("shard", "position"),
            "before": before,
            "after": after,
            "shard gone": _per(shard),
        },
        "releases": {
            "release": release.astype(float),
            "later": sum(by_release[1:]) / gone,
            **{f"host then {r}": by_release[r] for r in range(RELEASES)},
            **{f"cell then {r}": cell_then[r] for r in range(RELEASES)},
            "image span": _per(image, release.astype(float)) / image_gone - release,
        },
        "host profile": some(
            "host rows", "host score", "host spread", "worded", "main subset", "main share",
            "shared", "shared share", "in bin", "top score", "places", "host depth",
            "host digits", "host query", "host https", "host caption", "host width",
        ),
    }  # fmt: skip


def _gaps(rows: Whole, n: int) -> tuple[Array, Array]:
    """How far the rows before and after are that left too; rows come sorted."""
    far = np.diff(np.concatenate([[-1], rows, [n]])).astype(float)
    return far[:-1], far[1:]


# -- The attacker -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Residual:
    """All that left in one draw: features by group, and which rows are listed."""

    groups: dict[str, Features]
    truth: Array
    in_site: Array

    @classmethod
    def of(cls, known: Known, draw: Draw, removed: Removed) -> "Residual":
        found = grouped(known, removed.rows, removed.release)
        together = {f"{g}: {n}": c for g, named in found.items() for n, c in named.items()}
        truth = np.isin(removed.rows, draw.truth).astype(float)
        p, large = known.population, known.sizes > removed.covered.site_rows
        site = np.where(large[p.host], p.place + len(known.sizes), p.host)
        in_site = np.isin(site[removed.rows], site[draw.truth]).astype(float)
        return cls(found | {ALL: together}, truth, in_site)

    def matrix(self, group: str) -> Array:
        return np.column_stack(list(self.groups[group].values())).astype(np.float32)


@dataclass(frozen=True)
class Found:
    """Precision of the best rows: P10, P50, P200, and P200 of who looks for sites; means."""

    p10: float
    p50: float
    p200: float
    sites: float

    def met(self, cover: int) -> bool:
        """Whether no more stands out than may."""
        most = goal(cover)
        is_quiet = self.p10 <= 2 * most and self.p50 <= 1.5 * most and self.sites <= 3 * most
        return self.p200 <= most and (is_quiet or cover != 5)

    def __str__(self) -> str:
        return f"{self.p10:.2f} | {self.p50:.2f} | {self.p200:.3f} | {self.sites:.3f}"


def attack(train: Sequence[Residual], test: Sequence[Residual], group: str, seed: int) -> Found:
    """What the best rows are worth that a group of features finds."""
    known, asked = [r.matrix(group) for r in train], [r.matrix(group) for r in test]
    rows = _precision(known, asked, [r.truth for r in train], [r.truth for r in test], seed)
    sites = _precision(known, asked, [r.in_site for r in train], [r.in_site for r in test], seed)
    return Found(rows[0], rows[1], rows[2], sites[2])


def _precision(
    train: list[Array], test: list[Array], told: list[Array], truth: list[Array], seed: int
) -> list[float]:
    from sklearn.ensemble import HistGradientBoostingClassifier  # see above

    model = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.08, max_leaf_nodes=15, min_samples_leaf=30,
        l2_regularization=1.0, early_stopping=False, random_state=seed,
    )  # fmt: skip
    model.fit(np.concatenate(train), np.concatenate(told))
    draw = np.random.default_rng([seed, 3])
    found = []
    for rows, is_listed in zip(test, truth, strict=True):
        sure = model.predict_proba(rows)[:, 1]
        order = np.lexsort((draw.random(len(sure)), -sure))  # equals in any order
        found.append([is_listed[order[:n]].mean() for n in BEST])
    return [float(share) for share in np.mean(found, axis=0)]


# -- The command --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trial:
    """What the command was asked for, and what all draws share."""

    folder: Path
    known: Known
    draws: list[Draw]
    train: int
    site_rows: int | None
    seed: int
    workers: int

    def removed(self, covers: Sequence[int], mutant: str) -> Iterator[dict[int, Removed]]:
        """What left in each draw, by K."""
        keys = [
            hashlib.sha256(f"{self.seed} {no}".encode()).digest() for no in range(len(self.draws))
        ]
        job = partial(_job, self.folder, tuple(covers), self.site_rows, mutant)
        if self.workers < 2:
            yield from map(job, self.draws, keys)
            return
        with ProcessPoolExecutor(self.workers, mp_context=get_context("spawn")) as pool:
            yield from pool.map(job, self.draws, keys)

    def told(self, covers: Sequence[int], mutant: str, say: Callable[[str], None]) -> list[str]:
        """Attack each K, and tell of it; returns the goals that are missed."""
        by_cover: dict[int, list[Removed]] = {k: [] for k in covers}
        for found in self.removed(covers, mutant):
            for k, removed in found.items():
                by_cover[k].append(removed)
        missed: list[str] = []
        for k in covers:
            missed += self._told_one(k, by_cover.pop(k), mutant, say)
        return missed

    def _told_one(
        self, k: int, all_removed: list[Removed], mutant: str, say: Callable[[str], None]
    ) -> list[str]:
        pairs = list(zip(self.draws, all_removed, strict=True))
        residuals = [Residual.of(self.known, draw, removed) for draw, removed in pairs]
        listed = np.mean([len(draw.truth) for draw in self.draws])
        out = np.mean([len(removed.rows) for removed in all_removed])
        share = out / self.known.population.rows
        sites = np.mean([removed.covered.sites for removed in all_removed])
        weak = np.mean([removed.covered.weak for removed in all_removed])
        limits = sorted({removed.covered.site_rows for removed in all_removed})
        say("")
        say(
            f"K = {k}{f', {mutant}' if mutant else ''}: goal {goal(k):.3f}. A draw has "
            f"{listed:.0f} listed rows in {sites:.0f} sites of at most "
            f"{' or '.join(map(str, limits))} rows, {weak:.1f} of them weak; "
            f"{out:,.0f} rows leave ({share:.2%})."
        )
        say("")
        say("| features | P10 | P50 | P200 | sites | |")
        say("|---|---|---|---|---|---|")
        missed = []
        groups = list(residuals[0].groups)
        train, test = residuals[: self.train], residuals[self.train :]
        with ThreadPoolExecutor(self.workers) as pool:
            attacks = pool.map(lambda group: attack(train, test, group, self.seed), groups)
        for group, found in zip(groups, attacks, strict=True):
            is_met, held = found.met(k), is_held(group, k)
            if held and not is_met:
                missed.append(f"K = {k}, {group}")
            word = "met" if is_met else "missed"
            say(f"| {group} | {found} | {word if held else f'({word})'} |")
        return missed


def _job(
    folder: Path, covers: Sequence[int], site_rows: int | None, mutant: str, draw: Draw, key: bytes
) -> dict[int, Removed]:
    return cover(folder, draw, covers, site_rows, key, mutant)


def run(given: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Do what was asked; returns the exit code."""
    if not given.sample.is_file():
        raise SystemExit(f"{given.sample}: no such file; give --sample, parquet with URL and TEXT")
    if find_spec("sklearn") is None:
        raise SystemExit("scikit-learn is missing: pip install 'relaion[bench]'")
    population = populate(given.rows, given.seed, sampled(given.sample))
    hosts = len(population.hosts)
    train = given.train or min(-(-given.draws * 5 // 9), given.draws - 1)
    if not 0 < train < given.draws:
        raise SystemExit("--draws, --train: there must be lists to train on, and others to test")
    say(
        f"{given.rows:,} rows of {hosts:,} hosts; {given.draws} lists, {train} to train on; "
        f"seed {given.seed}."
    )
    with tempfile.TemporaryDirectory(prefix="attack-", dir=given.folder) as named:
        folder = Path(named)
        prepare(folder, population.table())
        draws = [list_drawn(population, given.seed, no) for no in range(given.draws)]
        known = Known.of(population)
        trial = Trial(folder, known, draws, train, given.site_rows, given.seed, given.workers)
        missed = trial.told(given.cover, given.mutant or "", say)
        uncaught = []
        if not given.mutant and not given.no_mutants:
            if given.draws >= 12:  # what hides nothing is seen by less
                trial = replace(trial, draws=draws[::2], train=-(-train // 2))
            uncaught = [name for name in MUTANTS if not trial.told([MUTANT_COVER], name, say)]
    say("")
    for line in missed:
        say(f"missed: {line}")
    for mutant in uncaught:
        say(f"not caught: {mutant}")
    if not missed and not uncaught:
        say("All goals are met.")
    return 1 if missed or uncaught else 0


def parsed(args: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--draws", type=int, default=18)
    parser.add_argument("--train", type=int, help="draws to train on (default: 5 of 9)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-K", dest="cover", type=int, action="append", help="(default: 1 5 20)")
    parser.add_argument("--site-rows", type=int, help="(default: as a run chooses by the cost)")
    parser.add_argument("--mutant", choices=MUTANTS, help="attack this alone, which must exit 1")
    parser.add_argument("--no-mutants", action="store_true", help="attack the cover alone")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--sample", type=Path, default=SAMPLE, help="parquet with URL and TEXT")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    given = parser.parse_args(args)
    given.cover = given.cover or ([MUTANT_COVER] if given.mutant else [1, 5, 20])
    return given


def main() -> None:
    """Parse, attack, tell how long it took."""
    start = time.perf_counter()
    code = run(parsed(), partial(print, flush=True))
    print(f"{time.perf_counter() - start:.0f} s")
    sys.exit(code)


if __name__ == "__main__":
    main()
