"""Listed sites that share a listed image are hidden by teams of neutral ones that share one."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import connect
from relaion.lists import key as keys
from relaion.lists import store
from relaion.lists.cover import rank
from relaion.run.manifest import COVERED, JOINED
from relaion.sidecars.row_hash import row_hashes
from relaion.verifier.checker import verify
from tests.cover_world import md5
from tests.faults.world import run
from tests.pipeline import Sent, add_lists, write_shard

K = 2
FEWER = "states fewer sites that share a listed image or link than its cover ledger tells"


@dataclass
class World:
    """Rows as link and image, and what is listed."""

    rows: list[tuple[str, str]]
    images: Sequence[str] = ()
    links: Sequence[str] = ()

    def write(self, folder: Path) -> Path:
        self.write_rows(folder)
        entries = [("image_md5", md5(image)) for image in self.images]
        entries += [("url", f"http://{link}") for link in self.links]
        add_lists(folder / "lists.duckdb", [Sent(tuple(entries))])
        return folder

    def write_rows(self, folder: Path) -> None:
        for no in range(2):
            held = [
                {"url": f"https://{link}", "text": "x", "punsafe": 0.1, "image_md5": md5(image)}
                for link, image in self.rows[no::2]
            ]
            write_shard(folder / f"data/en/part-{no}.parquet", held)


def hosts(n: int, size: int = 3) -> list[tuple[str, str]]:
    """So many hosts of as many rows, with images of their own."""
    return [(f"s{h}.example/a/{i}.jpg", f"{h}-{i}") for h in range(n) for i in range(size)]


def sharing(*sets: Sequence[int], name: str = "x") -> list[tuple[str, str]]:
    """A row more on each host of a set, with one image for the set."""
    return [
        (f"s{h}.example/{name}/{no}.jpg", f"{name}{no}") for no, some in enumerate(sets)
        for h in some
    ]  # fmt: skip


def evened(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """All hosts get as many rows as the largest has: they differ in what they share alone."""
    counts = Counter(link.split("/", 1)[0] for link, _ in rows)
    most = max(counts.values())
    more = [(f"{h}/e/{i}.jpg", f"{h} {i}") for h, n in counts.items() for i in range(most - n)]
    return rows + more


def cleaned(folder: Path, out: str = "out", cover: int = K, **how: Any) -> Mapping[str, Any]:
    run(folder, out, cover=cover, cover_site_rows=20, **how)
    return dict(json.loads((folder / out / "manifest.json").read_text()))


def findings(folder: Path, out: str = "out", **how: Any) -> set[str]:
    found = verify(folder / out, inputs=[folder / "data"], lists=folder / "lists.duckdb", **how)
    return {finding.what for finding in found.findings}


def ledger(folder: Path) -> dict[str, list[Any]]:
    with connect(folder / "cover.duckdb", read_only=True) as engine:
        tables = ("sites", "cover", "bonds")
        return {table: engine.rows(f"from {table} order by all") for table in tables}


def teams(folder: Path, world: World) -> dict[str, dict[str, str]]:
    """By team, which host stands for which."""
    key = keys.load(keys.key_path(folder / "lists.duckdb"))
    names = {link.split("/", 1)[0] for link, _ in world.rows}
    named = {rank(key, md5(name)): name for name in names}
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for site, _, _, _, peer_of, _, _, team in ledger(folder)["cover"]:
        if team is not None:
            found[team][named[peer_of]] = named[site]
    return found


def shared_by(world: World) -> dict[frozenset[str], int]:
    """How many images stand on just these hosts."""
    held = defaultdict(set)
    for link, image in world.rows:
        held[image].add(link.split("/", 1)[0])
    return Counter(frozenset(some) for some in held.values() if len(some) > 1)


PAIRS = [(h, h + 1) for h in range(0, 20, 2)]


@pytest.mark.slow
def test_a_listed_pair_is_hidden_by_pairs(tmp_path: Path) -> None:
    world = World(evened(hosts(40) + sharing(*PAIRS)), images=["x0"])
    world.write(tmp_path)
    made = cleaned(tmp_path)
    assert (made["cover"]["weak"], made["cover"]["joined"]) == (0, 0)
    assert made["publishable"] and made["why"] == COVERED
    found = teams(tmp_path, world)
    assert len(found) == K
    told = shared_by(world)
    for team in found.values():
        assert team.keys() == {"s0.example", "s1.example"}
        assert told[frozenset(team.values())] == 1
    assert len({site for team in found.values() for site in team.values()}) == 2 * K
    assert not findings(tmp_path)
    before = ledger(tmp_path)
    again = cleaned(tmp_path, "again")
    assert again["cover"] == made["cover"] and ledger(tmp_path) == before


@pytest.mark.slow
def test_a_pair_that_shares_many_images_is_not_hidden_by_pairs_that_share_one(
    tmp_path: Path,
) -> None:
    many = [row for n in range(5) for row in sharing((0, 1), name=f"y{n}-")]
    world = World(evened(hosts(40) + sharing(*PAIRS) + many), images=["x0"])
    world.write(tmp_path)
    made = cleaned(tmp_path)
    assert made["cover"]["joined"] == 2 and made["why"] == JOINED
    assert not findings(tmp_path)


@pytest.mark.slow
def test_an_image_that_stands_elsewhere_too_makes_no_team(tmp_path: Path) -> None:
    # of each neutral pair's image one row stands on a host that is no site, or cannot leave
    rows = hosts(40) + sharing(*PAIRS)
    rows += [(f"large.example/a/{n}.jpg", f"x{n}") for n in range(1, len(PAIRS))]
    rows += [(f"large.example/b/{n}.jpg", f"large{n}") for n in range(40)]
    world = World(rows, images=["x0"])
    world.write(tmp_path)
    assert cleaned(tmp_path)["cover"]["joined"] == 2
    assert not teams(tmp_path, world) and not findings(tmp_path)


@pytest.mark.slow
def test_three_sites_of_two_images_are_hidden_by_three_of_two(tmp_path: Path) -> None:
    chains = [(h, h + 1) for h in range(0, 30, 3)], [(h + 1, h + 2) for h in range(0, 30, 3)]
    rows = hosts(60) + sharing(*chains[0]) + sharing(*chains[1], name="y")
    world = World(evened(rows), images=["x0", "y0"])
    world.write(tmp_path)
    made = cleaned(tmp_path)
    assert made["cover"]["weak"] == 0, made
    told = shared_by(world)
    found = teams(tmp_path, world)
    assert len(found) == K
    for team in found.values():
        assert told[frozenset([team["s0.example"], team["s1.example"]])] == 1
        assert told[frozenset([team["s1.example"], team["s2.example"]])] == 1
    assert not findings(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 12))
def test_a_team_has_the_shape_of_its_group(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    sets = [draw.sample(range(70), draw.choice([2, 2, 2, 3])) for _ in range(45)]
    rows = hosts(70, 2) + sharing(*sets)
    world = World(rows, images=[f"x{n}" for n in range(4)])
    world.write(tmp_path)
    made = cleaned(tmp_path)
    assert not findings(tmp_path)
    key = keys.load(keys.key_path(tmp_path / "lists.duckdb"))
    told, held = shared_by(world), ledger(tmp_path)
    listed = {line[0] for line in held["sites"]}
    found = teams(tmp_path, world)
    used = [site for team in found.values() for site in team.values()]
    assert len(used) == len(set(used))
    assert not {rank(key, md5(site)) for site in used} & listed
    size = Counter(link.split("/", 1)[0] for link, _ in rows)
    for team in found.values():
        assert all(size[a].bit_length() == size[b].bit_length() for a, b in team.items())
        tied = [some for some in told if some <= set(team.values())]
        assert set().union(*tied) == set(team.values())
        assert len(tied) >= len([some for some in told if some <= team.keys()]) / 2
    # who counts finds as many groups that are gone alone as there are teams and hidden groups
    hidden = len(found) / K
    assert made["cover"]["joined"] <= len({line[0] for line in held["bonds"]} | {
        line[1] for line in held["bonds"]}) - 2 * int(hidden)  # fmt: skip


def test_other_code_finds_a_team_that_is_none(tmp_path: Path) -> None:
    world = World(evened(hosts(40) + sharing(*PAIRS)), images=["x0"])
    world.write(tmp_path)
    cleaned(tmp_path)
    with connect(tmp_path / "cover.duckdb", threads=1) as engine:
        engine.execute("update cover set team = null where rowid = 0")
    assert FEWER in findings(tmp_path)


@pytest.mark.slow
def test_rows_that_came_since_spoil_a_team(tmp_path: Path) -> None:
    world = World(evened(hosts(40) + sharing(*PAIRS)), images=["x0"])
    world.write(tmp_path)
    cleaned(tmp_path)
    (one, *_) = teams(tmp_path, world).values()
    (image,) = {i for link, i in world.rows if link.startswith(f"{one['s0.example']}/x/")}
    world.rows += [("s39.example/new/1.jpg", image), ("s39.example/new/2.jpg", "new")]
    world.write_rows(tmp_path)
    made = cleaned(tmp_path, "two")
    assert made["cover"]["joined"] == 2 and not made["publishable"]
    assert not findings(tmp_path, "two")


@pytest.mark.slow
def test_a_withdrawal_parts_no_sites_that_were_joined(tmp_path: Path) -> None:
    """Each of them is listed by another row still, and they are gone together all the same."""
    links = ("s0.example/a/0.jpg", "s1.example/a/0.jpg")
    world = World(evened(hosts(40) + sharing((0, 1))), images=["x0"])
    world.write(tmp_path)
    assert cleaned(tmp_path, "one")["cover"]["joined"] == 2
    lists = tmp_path / "lists.duckdb"
    add_lists(lists, [Sent(tuple(("url", f"http://{link}") for link in links), source="later")])
    store.withdraw(lists, 1)
    made = cleaned(tmp_path, "two")
    assert made["cover"]["joined"] == 2 and not made["publishable"]
    assert not findings(tmp_path, "two")
    path = tmp_path / "two/manifest.json"
    path.write_text(path.read_text().replace('"joined": 2', '"joined": 1'))
    assert FEWER in findings(tmp_path, "two")


@pytest.mark.slow
def test_sites_that_had_neutral_ones_each_get_no_team_when_they_are_joined(tmp_path: Path) -> None:
    world = World(
        evened(hosts(40) + sharing(*PAIRS)), links=["s0.example/a/0.jpg", "s1.example/a/0.jpg"]
    )
    world.write(tmp_path)
    assert cleaned(tmp_path, "one")["cover"]["joined"] == 0
    add_lists(tmp_path / "lists.duckdb", [Sent((("image_md5", md5("x0")),), source="later")])
    made = cleaned(tmp_path, "two")
    assert made["cover"]["joined"] == 2
    assert not teams(tmp_path, world) and not findings(tmp_path, "two")


@pytest.mark.slow
def test_a_ledger_of_before_is_read_and_grows(tmp_path: Path) -> None:
    world = World(evened(hosts(40) + sharing(*PAIRS)), links=["s20.example/a/0.jpg"])
    world.write(tmp_path)
    cleaned(tmp_path, "one")
    with connect(tmp_path / "cover.duckdb", threads=1) as engine:
        engine.execute("alter table cover drop column team")
        engine.execute("drop table bonds")
        engine.execute("update about set version = 1")
        held = engine.rows("from cover order by all")
    assert not findings(tmp_path, "one")
    add_lists(tmp_path / "lists.duckdb", [Sent((("image_md5", md5("x0")),), source="later")])
    made = cleaned(tmp_path, "two")
    assert made["cover"]["weak"] == 0
    now = ledger(tmp_path)
    assert {line[:-1] for line in now["cover"]} > set(held) and now["bonds"]
    assert not findings(tmp_path, "two")


@pytest.mark.slow
def test_with_every_host_listed_all_are_weak(tmp_path: Path) -> None:
    world = World(evened(hosts(12) + sharing(*PAIRS[:6])))
    world.images = [f"x{n}" for n in range(6)]
    world.write(tmp_path)
    made = cleaned(tmp_path)
    assert (made["cover"]["weak"], made["cover"]["joined"]) == (12, 12)
    assert not made["publishable"] and not findings(tmp_path)
    assert pq.read_metadata(tmp_path / "out/research/en/part-0.parquet").num_rows == 0


@pytest.mark.slow
@pytest.mark.parametrize("keyed_by", ["hash", "url"])
def test_images_that_sidecars_tell_make_teams_too(keyed_by: str, tmp_path: Path) -> None:
    world = World(evened(hosts(40) + sharing(*PAIRS)), images=["x0"])
    world.write(tmp_path)
    for no in range(2):  # no column has them
        path = tmp_path / f"data/en/part-{no}.parquet"
        pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["md5"]), path)
    links = [f"https://{link}" for link, _ in world.rows]
    beside: dict[str, Any] = {"md5": [md5(image) for _, image in world.rows]}
    if keyed_by == "url":
        beside["url"] = links
    else:
        beside["hash"] = row_hashes(pa.array(links), pa.array(["x"] * len(links)))
    (tmp_path / "beside").mkdir()
    pq.write_table(pa.table(beside), tmp_path / "beside/s.parquet")
    sidecars = [tmp_path / "beside"]
    made = cleaned(tmp_path, sidecars=sidecars)
    assert (made["cover"]["weak"], made["cover"]["joined"]) == (0, 0)
    found = teams(tmp_path, world)
    told = shared_by(world)
    assert len(found) == K
    assert all(told[frozenset(team.values())] == 1 for team in found.values())
    assert not findings(tmp_path, sidecars=sidecars)
    # a row that the data set lacks shows the image of a team
    (one, *_) = found.values()
    (image,) = {i for link, i in world.rows if link.startswith(f"{one['s0.example']}/x/")}
    more = {name: list(pa.table(beside)[name].to_pylist()) for name in beside}
    more["md5"].append(md5(image))
    more[keyed_by].append("https://elsewhere.example/1.jpg" if keyed_by == "url" else 77)
    pq.write_table(pa.table(more), tmp_path / "beside/s.parquet")
    made = cleaned(tmp_path, "two", sidecars=sidecars)
    assert made["cover"]["joined"] == 2
    assert not findings(tmp_path, "two", sidecars=sidecars)
