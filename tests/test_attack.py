"""The attacks on cover: the command runs, its mutants hide nothing, and its judge says so."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.run.cover import Covered
from tests.bench import attack, outsider
from tests.bench.covering import MUTANTS, Removed, cover, prepare
from tests.bench.population import (
    SUBSETS,
    Draw,
    Population,
    Sampled,
    Whole,
    list_drawn,
    populate,
    sampled,
)

ROWS, K = 6_000, 3
GROUPS = (
    "score band", "host density", "rarity", "structure", "directories", "shard position",
    "releases", "host profile", "all together",
)  # fmt: skip


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Links of 200 hosts, most of them with one."""
    hosts = [h for h in range(200) for _ in range(max(1, 40 // (h + 1)))]
    links = [f"https://host{h}.example/a/b{i % 7}/{i}.jpg?x=1" for i, h in enumerate(hosts)]
    path = tmp_path_factory.mktemp("sample") / "sample.parquet"
    pq.write_table(pa.table({"URL": links, "TEXT": ["a red boat"] * len(links)}), path)
    return path


@pytest.fixture(scope="module")
def known(sample: Path) -> Sampled:
    return sampled(sample)


@pytest.fixture(scope="module")
def population(known: Sampled) -> Population:
    return populate(ROWS, 1, known)


def test_a_population_is_the_same_for_a_seed_and_its_hosts_have_a_long_tail(
    known: Sampled, population: Population
) -> None:
    again, other = populate(ROWS, 1, known), populate(ROWS, 2, known)
    assert population.table().equals(again.table())
    assert not np.array_equal(population.host, other.host)
    sizes = np.sort(np.bincount(population.host))
    assert np.mean(sizes == 1) > 0.5
    assert sizes[-1] > 20 * sizes.mean()
    assert np.all(np.diff(population.subset) >= 0)  # a shard is of one subset, but at borders
    assert set(population.table()["subset"].to_pylist()) == set(SUBSETS)


def test_a_row_stands_where_the_row_stands_whose_link_it_has(population: Population) -> None:
    urls = np.array(population.table()["url"].to_pylist())
    same = np.flatnonzero(population.link != np.arange(ROWS))
    assert len(same)
    assert np.array_equal(urls[same], urls[population.link[same]])
    assert np.array_equal(population.place[same], population.place[population.link[same]])
    assert len(np.unique(urls)) == len(np.unique(population.link))


def test_each_release_lists_a_tenth_more_and_the_last_withdraws_some(
    population: Population,
) -> None:
    draw = list_drawn(population, 1, 0)
    first, second, third = (set(rows.tolist()) for rows in draw.releases)
    assert first < second
    assert second - third
    assert third - second
    assert set(draw.truth.tolist()) == first | second | third
    assert set(list_drawn(population, 1, 1).truth.tolist()) != set(draw.truth.tolist())


# -- What leaves, by the scripts -----------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(population: Population, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("covered")
    prepare(made, population.table())
    return made


def left(folder: Path, draw: Draw, mutant: str = "") -> Removed:
    return cover(folder, draw, [K], 60, b"k" * 32, mutant)[K]


def _whole(population: Population, rows: Whole) -> set[int]:
    """Hosts of which every row left."""
    out = np.bincount(population.host[rows], minlength=len(population.hosts))
    return set(np.flatnonzero(out == np.bincount(population.host)).tolist())


def _standing(population: Population, rows: Whole, of: Whole) -> int:
    """Rows that stand and have an image of some others; placeholders apart."""
    copies = np.bincount(population.image)[population.image[of]]
    images = population.image[of][copies < 10]
    found = np.flatnonzero(np.isin(population.image, images))
    return len(np.setdiff1d(found, rows))


@pytest.mark.slow
def test_each_mutant_takes_away_what_hides_and_nothing_listed_stays(
    population: Population, folder: Path
) -> None:
    draw = list_drawn(population, 1, 0)
    small = np.bincount(population.host) <= 60
    listed = [h for h in set(population.host[draw.truth].tolist()) if small[h]]
    real = left(folder, draw)
    by_mutant = {mutant: left(folder, draw, mutant) for mutant in MUTANTS}
    for removed in (real, *by_mutant.values()):
        assert set(draw.truth.tolist()) <= set(removed.rows.tolist())
        assert 0 in removed.release
    again = left(folder, draw)
    assert np.array_equal(again.rows, real.rows)

    whole = _whole(population, real.rows)
    assert set(listed) <= whole
    assert len(whole) > 2 * len(listed)
    gone = np.flatnonzero(np.isin(population.host, list(whole)))
    assert not _standing(population, real.rows, gone)

    mutant = by_mutant["closure-off"]
    whole = _whole(population, mutant.rows)
    gone = np.flatnonzero(np.isin(population.host, list(whole)))
    assert _standing(population, mutant.rows, gone)
    assert not _standing(population, mutant.rows, draw.truth)

    mutant = by_mutant["uniform"]
    sizes = np.bincount(population.host)
    means = [sizes[list(_whole(population, x.rows))].mean() for x in (real, mutant)]
    assert means[1] < means[0] / 1.2  # most hosts are small, and listed ones are not

    mutant = by_mutant["within-hosts"]
    assert len(mutant.rows) < len(real.rows) / 2
    assert not set(listed) <= _whole(population, mutant.rows)


# -- The command ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(find_spec("sklearn") is None, reason="needs the extra `bench`")
def test_the_command_attacks_by_each_group_and_by_all(sample: Path, tmp_path: Path) -> None:
    said: list[str] = []
    args = ["--rows", str(ROWS), "--draws", "2", "-K", "5", "--workers", "1", "--no-mutants"]
    args += ["--sample", str(sample), "--folder", str(tmp_path)]
    code = attack.run(attack.parsed(args), said.append)
    assert [line.split(" | ")[0].removeprefix("| ") for line in said if " met" in line
            or " missed" in line][: len(GROUPS)] == list(GROUPS)  # fmt: skip
    assert code == any(line.startswith("missed") for line in said)
    assert not list(tmp_path.iterdir())


def test_a_goal_is_what_the_share_of_cover_sets() -> None:
    found = attack.Found
    assert attack.goal(5) == 0.25
    assert found(0.4, 0.3, 0.2, 0.5).met(5)
    assert not found(0.4, 0.3, 0.26, 0.5).met(5)
    assert not found(0.6, 0.3, 0.2, 0.5).met(5)  # it is sure of few, and right
    assert not found(0.4, 0.4, 0.2, 0.5).met(5)
    assert not found(0.4, 0.3, 0.2, 0.8).met(5)
    assert found(1.0, 1.0, 0.07, 1.0).met(20)
    assert not attack.is_held("all together", 20)
    assert attack.is_held("rarity", 20)
    assert attack.is_held("all together", 5)


def test_a_sample_that_is_not_there_is_named_in_one_line(tmp_path: Path) -> None:
    given = attack.parsed(["--sample", str(tmp_path / "none.parquet")])
    with pytest.raises(SystemExit, match=r"none\.parquet: no such file"):
        attack.run(given, print)


# -- Who was trained with nothing ----------------------------------------------------------------


@pytest.fixture(scope="module")
def hosts(population: Population) -> outsider.Hosts:
    return outsider.Hosts.of(population)


def named(hosts: outsider.Hosts, gone: Sequence[int], k: int) -> dict[str, set[int]]:
    """The hosts that each question names, where these are gone whole."""
    rows = np.flatnonzero(np.isin(hosts.population.host, gone))
    removed = Removed(rows, np.zeros(len(rows), dtype=np.int64), cast(Covered, None))
    whole = np.array(sorted(gone))
    found = hosts.asked(removed, rows[:1], k)
    return {question: set(whole[mask].tolist()) for question, (mask, _) in found.items()}


def test_a_list_of_images_lists_all_hosts_that_have_them(hosts: outsider.Hosts) -> None:
    p, truth = hosts.population, hosts.drawn("images", 1).truth
    many = np.isin(p.image, p.image[truth])
    assert set(np.flatnonzero(many).tolist()) == set(truth.tolist())
    assert len(np.unique(p.host[truth])) > outsider.ENTRIES
    rare = hosts.drawn("rare", 1).truth
    assert max(hosts.alike[hosts.cell[p.host[rare]]]) < outsider.FEW


def test_the_outsider_names_whom_cells_and_images_leave(hosts: outsider.Hosts) -> None:
    small = np.flatnonzero((hosts.rows <= outsider.SITE_ROWS) & (hosts.rows > 0))
    sizes = hosts.alike[hosts.cell[small]]
    lone = int(small[sizes == 1][0])
    full = [int(h) for h in small if hosts.cell[h] == hosts.cell[small[sizes > 2 * K][0]]]
    assert lone in named(hosts, [lone], K)["emptied"]
    assert not named(hosts, full[:K], K)["possible"]  # K alone can be no listed one and its cover
    found = named(hosts, full[: K + 1], K)
    assert found["possible"] == set(full[: K + 1])
    assert not found["emptied"]

    p = hosts.population
    pairs = {
        (int(a), int(b))
        for i, j in zip(np.argsort(p.image)[:-1], np.argsort(p.image)[1:], strict=True)
        if p.image[i] == p.image[j] and hosts.copies[p.image[i]] < 10
        for a, b in [(p.host[i], p.host[j])]
        if a != b and 1 < hosts.rows[a] <= 60 and 1 < hosts.rows[b] <= 60
    }
    assert pairs
    pair = next(iter(pairs))
    assert named(hosts, pair, K)["images"] == set(pair)
    assert not named(hosts, pair[:1], K)["images"]
