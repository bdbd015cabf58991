"""Listed sites that share a listed image or link with another one are weak, however much cover."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.engine import connect
from relaion.lists import store
from relaion.run.manifest import COVERED, JOINED, WEAK
from relaion.sqlset import load
from relaion.verifier.checker import verify
from tests import cover_world as world
from tests.cover_world import md5
from tests.faults.world import run
from tests.pipeline import Sent, add_lists, here, write_shard

FEW = 6  # rows of an image that is no placeholder


@dataclass
class Told:
    """A data set, what sidecars tell of links, and what is listed."""

    rows: list[tuple[str, str | None]] = field(default_factory=list)  # link, image
    beside: list[tuple[str, str]] = field(default_factory=list)
    images: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)

    def write(self, folder: Path, shards: int = 2) -> None:
        for no in range(shards):
            held = [
                {
                    "url": f"https://{link}",
                    "text": "a picture",
                    "punsafe": 0.1,
                    "image_md5": None if image is None else md5(image),
                }
                for link, image in self.rows[no::shards]
            ]
            write_shard(folder / f"data/en/part-{no}.parquet", held)
        entries = [("image_md5", md5(image)) for image in sorted(self.images)]
        entries += [("url", f"http://{link}") for link in sorted(self.links)]
        add_lists(folder / "lists.duckdb", [Sent(tuple(entries))])
        (folder / "beside").mkdir()
        links, images = ([x[i] for x in self.beside] for i in (0, 1))
        table = {"url": [f"https://{x}" for x in links], "md5": [md5(x) for x in images]}
        pq.write_table(
            pa.table(table, schema=pa.schema({"url": "string", "md5": "string"})),
            folder / "beside/s.parquet",
        )

    def joined(self) -> set[str]:
        """The listed hosts that share a listed image or link with another one."""
        beside = defaultdict(set)
        for link, told_image in self.beside:
            beside[link].add(told_image)
        shown = Counter(image for _, image in self.rows)
        told = Counter(image for _, image in self.beside)
        rows = []
        for link, image in self.rows:
            host, path = link.split("/", 1)
            links = {link} | ({path} if "/" in path and ".example/" in path else set())
            images = beside[link] | ({image} if image else set())
            rows.append((host, link, links, images))
        hit = [bool(images & self.images or links & self.links) for _, _, links, images in rows]
        carried = {link for (_, link, _, _), is_hit in zip(rows, hit, strict=True) if is_hit}
        listed = [is_hit or bool(r[2] & carried) for r, is_hit in zip(rows, hit, strict=True)]
        out = {r[0] for r, is_listed in zip(rows, listed, strict=True) if is_listed}
        hosts: dict[Hashable, set[str]] = defaultdict(set)
        named: set[Hashable] = set()
        for (host, _, links, images), is_listed in zip(rows, listed, strict=True):
            things: set[Hashable] = set(links)
            things |= {(i,) for i in images if max(shown[i], told[i]) <= FEW}
            for thing in things if host in out else ():
                hosts[thing].add(host)
                named |= {thing} if is_listed else set()
        return set().union(
            *(some for thing, some in hosts.items() if len(some) > 1 and thing in named)
        )


def drawn(seed: int) -> Told:
    """Forty small hosts; some images and links of one stand on others, too."""
    draw, told = random.Random(seed), Told()
    hosts = [f"h{i}.example" for i in range(40)]
    for host in hosts:
        for i in range(draw.randrange(1, 4)):
            image = draw.choice([None, f"{host}-{i}", f"pool{draw.randrange(25)}"])
            told.rows.append((f"{host}/a/{i}.jpg", image))
    links = [link for link, _ in told.rows]
    for i in range(4):  # a link inside a link
        told.rows.append((f"p{i}.example/{draw.choice(links)}", None))
    for host in draw.sample(hosts, 9):  # more than FEW
        told.rows.append((f"{host}/none.gif", "placeholder"))
    told.beside = [(x, f"pool{draw.randrange(25)}") for x in draw.sample(links, 12)]
    told.images = {f"pool{i}" for i in draw.sample(range(25), 3)} | {"placeholder"}
    told.links = set(draw.sample(links, 4))
    return told


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("run.cover_task", "verifier.cover", "verifier.joined"):
        monkeypatch.setattr(f"relaion.{place}.IMAGE_ROWS", FEW)


def cleaned(folder: Path, out: str = "out", cover: int = 1, **how: Any) -> Mapping[str, Any]:
    how = {"sidecars": [folder / "beside"], **how}
    run(folder, out, cover=cover, cover_site_rows=20, **how)
    return dict(json.loads((folder / out / "manifest.json").read_text()))


def findings(folder: Path, out: str = "out") -> set[str]:
    found = verify(
        folder / out,
        inputs=[folder / "data"],
        lists=folder / "lists.duckdb",
        sidecars=[folder / "beside"],
    )
    return {finding.what for finding in found.findings}


FEWER = "states fewer sites that share a listed image or link than its cover ledger tells"


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 7))]
)
def test_joined_sites_are_those_of_a_plain_count(seed: int, tmp_path: Path) -> None:
    told = drawn(seed)
    told.write(tmp_path)
    made = cleaned(tmp_path)
    expected = told.joined()
    with connect(tmp_path / "cover.duckdb", read_only=True) as engine:
        bound = engine.rows("select site from bonds union select other from bonds")
    assert len(bound) == len(expected) > 0
    n = made["cover"]["joined"]  # but for those that teams stand for
    assert n <= len(expected)
    assert made["publishable"] is (made["cover"]["weak"] == 0)
    assert (JOINED in made["why"]) is (n > 0)
    assert not findings(tmp_path)
    if n:  # else teams stand for all, as in one of these worlds
        path = tmp_path / "out/manifest.json"
        path.write_text(path.read_text().replace(f'"joined": {n}', f'"joined": {n - 1}'))
        assert FEWER in findings(tmp_path)


NUMBERS = st.integers(1, 4)
THINGS = st.tuples(st.sampled_from(["md5", "sha1"]), st.sampled_from(["a", "b", "c"]))


@given(
    carried=st.sets(st.tuples(NUMBERS, st.booleans(), THINGS), max_size=14),
    keys=st.sets(st.tuples(NUMBERS, st.booleans(), st.sampled_from(["a", "k"])), max_size=5),
    shown=st.sets(st.tuples(st.sampled_from([-1, 0, 1]), st.integers(0, 3), THINGS), max_size=14),
)
def test_what_joins_is_listed_on_one_site_and_stands_on_another(
    carried: set[Any], keys: set[Any], shown: set[Any]
) -> None:
    things: dict[Hashable, set[int]] = defaultdict(set)
    named: set[Hashable] = set()
    rows = Counter((shard < 0, thing) for shard, _, thing in shown)
    for no, is_listed, thing in [*carried, *keys]:
        if not isinstance(thing, tuple) or max(rows[False, thing], rows[True, thing]) <= 2:
            things[thing].add(no)
            named |= {thing} if is_listed else set()
    joined = {
        (f"s{n}", thing) for thing, x in things.items() for n in x if len(x) > 1 and thing in named
    }
    script = load()["cover/69_joined_sites"]
    lines: dict[str, Sequence[Sequence[Any]]] = {
        "listed_out": [(f"s{n}", "h", 2 * n) for n in range(1, 5)],
        # the listed rows of a site are among its rows
        "site_images": [(2 * n + x, *thing) for n, is_listed, thing in carried
                        for x in range(1 + is_listed)],
        "site_keys": [(2 * n + x, key) for n, is_listed, key in keys for x in range(1 + is_listed)],
        "shown_images": [(shard, row, *thing) for shard, row, thing in shown],
    }  # fmt: skip
    with connect(threads=1) as engine:
        for table, declared in script.relations("reads").items():
            engine.execute(f"create temp table {table} ({declared})")
            for line in lines[table]:
                marks = ", ".join("?" * len(line))
                engine.execute(f"insert into {table} values ({marks})", list(line))
        engine.run(script, image_rows=2)
        found = engine.rows("from joined_things")
    plain = {(site, digest if kind == "link" else (kind, digest)) for site, kind, digest in found}
    assert len(found) == len(plain) and plain == joined


def two(*more: str) -> Told:
    """Sites of three rows each, alike; `more` are images of rows of the first ones in turn."""
    told = Told([(f"s{h}.example/a/{i}.jpg", f"{h}-{i}") for h in range(30) for i in range(3)])
    told.rows += [(f"s{h}.example/b/{h}.jpg", image) for h, image in enumerate(more)]
    return told


@pytest.mark.slow
def test_one_host_with_an_image_twice_is_joined_with_nobody(tmp_path: Path) -> None:
    told = two()
    told.rows += [("s3.example/c/1.jpg", "3-0"), ("s3.example/c/2.jpg", "3-0")]
    told.rows += [(f"s{h}.example/c/{i}.jpg", f"{h}-c{i}") for h in range(4, 20) for i in (1, 2)]
    told.images = {"3-0"}
    told.write(tmp_path)
    made = cleaned(tmp_path)
    assert (made["cover"]["joined"], made["cover"]["weak"]) == (0, 0)
    assert made["publishable"] and made["why"] == COVERED


@pytest.mark.slow
def test_an_image_of_very_many_rows_joins_nothing(tmp_path: Path) -> None:
    told = two(*["none"] * (FEW + 1))
    told.rows += [(f"s{h}.example/b/{h}.jpg", f"{h}-b") for h in range(FEW + 1, 30)]
    told.images = {"none"}
    told.write(tmp_path)
    assert cleaned(tmp_path)["cover"]["joined"] == 0
    assert not findings(tmp_path)
    few = two(*["none"] * FEW)
    few.images = {"none"}
    (tmp_path / "few").mkdir()
    few.write(tmp_path / "few")
    assert cleaned(tmp_path / "few")["cover"]["joined"] == FEW


@pytest.mark.slow
def test_sites_that_are_out_since_an_earlier_release_stay_joined(tmp_path: Path) -> None:
    told = two("x", "x", "x")
    told.images = {"x"}
    told.write(tmp_path)
    assert cleaned(tmp_path, "one")["cover"]["joined"] == 3
    lists = tmp_path / "lists.duckdb"
    store.withdraw(lists, 1)
    # the sites stay out, and nobody knows any more by which rows
    add_lists(lists, [Sent((("url", "https://s9.example/a/0.jpg"),), source="later")])
    made = cleaned(tmp_path, "two")
    assert made["cover"]["joined"] == 3 and not made["publishable"]
    assert not findings(tmp_path, "two")
    again = cleaned(tmp_path, "three")
    assert again["cover"] == made["cover"]


@pytest.mark.slow
def test_a_site_is_joined_with_one_that_was_out_before(tmp_path: Path) -> None:
    told = two()
    told.rows += [(f"s{h}.example/b/{h}.jpg", "x" if h < 2 else f"{h}-b") for h in range(30)]
    told.links = {"s0.example/a/0.jpg"}
    told.write(tmp_path)
    assert cleaned(tmp_path, "one")["cover"]["joined"] == 0
    lists = tmp_path / "lists.duckdb"
    add_lists(lists, [Sent((("url", "https://s1.example/b/1.jpg"),), source="later")])
    made = cleaned(tmp_path, "two")
    assert made["cover"]["joined"] == 2
    assert not findings(tmp_path, "two")


@pytest.mark.slow
def test_it_is_told_before_a_shard_is_written_and_to_who_makes_a_diff(tmp_path: Path) -> None:
    told = two("x", "x")
    told.images = {"x"}
    told.write(tmp_path)
    ended = here("clean", "data", "--lists", "lists.duckdb", "--out", "out", "--cover", "1",
                 cwd=tmp_path)  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "2 listed sites share a listed image or link with another one" in ended.stderr
    assert "publishable: no" in ended.stdout and "too few neutral ones that share" in ended.stdout
    told_later = here("report", "out", cwd=tmp_path).stdout
    assert "share a listed image or link with another one" in " ".join(told_later.split())
    done = here("diff", "data", "out/research", "--out", "d.parquet", cwd=tmp_path)
    assert done.returncode == 2 and "too few neutral ones that do" in done.stderr


@pytest.mark.slow
def test_a_link_inside_a_link_joins_their_sites(tmp_path: Path) -> None:
    links = ["https://site3.example/a/0.jpg"]
    world.make(tmp_path, links)
    (tmp_path / "beside").mkdir()
    made = cleaned(tmp_path, sidecars=[])
    assert made["cover"]["joined"] == 2  # the proxy and the site
    plain = tmp_path / "plain"
    world.make(plain, links)
    assert cleaned(plain, sidecars=[], inner=False)["cover"]["joined"] == 0


@pytest.mark.slow
def test_directories_of_one_large_host_are_joined_alike(tmp_path: Path) -> None:
    told = Told([(f"large.example/d{d}/{i}.jpg", f"{d}-{i}") for d in range(20) for i in range(3)])
    told.rows += [(f"large.example/d{d}/x.jpg", "x" if d < 2 else f"{d}-x") for d in range(20)]
    told.rows += [("large.example/d5/y.jpg", "y"), ("large.example/d5/z.jpg", "y")]
    told.images = {"x", "y"}
    told.write(tmp_path)
    assert cleaned(tmp_path)["cover"]["joined"] == 2  # d5 has its image twice
    assert not findings(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("is_told", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_sidecar_that_names_rows_by_their_hash_joins_their_sites(
    is_told: bool, tmp_path: Path
) -> None:
    from relaion.sidecars.row_hash import row_hashes

    told = two()
    told.links = {"s0.example/a/0.jpg", "s4.example/a/1.jpg"}
    told.write(tmp_path)
    links = [f"https://s{h}.example/a/{h // 4}.jpg" for h in (0, 4)]
    hashes = row_hashes(pa.array(links), pa.array(["a picture"] * 2))
    images = [md5("x"), md5("x" if is_told else "y")]
    pq.write_table(pa.table({"hash": hashes, "md5": images}), tmp_path / "beside/s.parquet")
    assert cleaned(tmp_path)["cover"]["joined"] == (2 if is_told else 0)
    assert not findings(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "joined"), [(FEW, FEW), (FEW + 1, 0)])
def test_an_image_of_very_many_rows_of_a_sidecar_joins_nothing(
    n: int, joined: int, tmp_path: Path
) -> None:
    told = two()
    told.beside = [(f"s{h}.example/a/0.jpg", "x") for h in range(n)]
    told.images = {"x"}
    told.write(tmp_path)
    assert cleaned(tmp_path)["cover"]["joined"] == joined
    assert not findings(tmp_path)


@pytest.mark.slow
def test_weak_are_the_joined_sites_and_those_that_lack_neutral_ones(tmp_path: Path) -> None:
    told = two("x", "x", *(f"{h}-b" for h in range(2, 30)))  # alike, but for the image
    told.rows += [(f"alone.example/a/{i}.jpg", None) for i in range(15)]
    told.images, told.links = {"x"}, {"alone.example/a/1.jpg"}
    told.write(tmp_path)
    made = cleaned(tmp_path)
    assert (made["cover"]["weak"], made["cover"]["joined"]) == (3, 2)
    assert made["why"] == f"{WEAK}; {JOINED}"
    assert not findings(tmp_path)
    path = tmp_path / "out/manifest.json"
    path.write_text(path.read_text().replace('"weak": 3', '"weak": 2'))
    assert "states fewer weak sites than its cover ledger tells" in findings(tmp_path)
