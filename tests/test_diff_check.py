"""`diff --check`: what an outsider cannot explain of an edition, and what stands out in it."""

import hashlib
import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import relaion
from relaion.cli.render_copy import checked_line
from relaion.engine import Engine, connect
from relaion.errors import InputError
from relaion.labs.checking import _RESIDUAL, _STAYS, Attack, Residual, residual
from relaion.links import link_key
from relaion.run.settings import limits_of
from relaion.run.survey import read_inputs
from relaion.sqlset import load
from relaion.stages.diff_check import _way_out
from tests.drawn import quickly
from tests.oracle_copy import murmur
from tests.pipeline import ALL_HASHES, ROLES, Sent, add_lists, here, write_shard

pytestmark = pytest.mark.usefixtures("in_process")
SCRIPT = load()["apply/86_stand_out"]
LISTED = "http://h3.example/dir/3.jpg"


def rows(n: int = 60) -> list[dict[str, Any]]:
    """Ten hosts of six rows; each tenth row has a high score."""
    found: list[dict[str, Any]] = [
        {"url": f"http://h{i % 10}.example/dir/{i}.jpg", "text": f"picture {i}",
         "punsafe": 0.9 if i % 10 == 7 else 0.02}
        for i in range(n)
    ]  # fmt: skip
    return [{**r, "row_hash": murmur(r["url"], r["text"])} for r in found]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of one subset, a list of one link, and both editions, without cover."""
    folder = tmp_path_factory.mktemp("check")
    write_shard(folder / "data/en/a.parquet", rows())
    add_lists(folder / "lists.duckdb", [Sent((("url", LISTED),))])
    done = here("clean", "data", "--lists", "lists.duckdb", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def check(world: Path, *more: str) -> Any:
    command = ("diff", "--check", "out", "--inputs", "data", "--lists", "lists.duckdb", *more)
    return here(*command, cwd=world)


def test_without_cover_a_listed_row_stands_out(world: Path) -> None:
    found = relaion.diff_check(world / "out", world / "data", world / "lists.duckdb")
    assert not found.ok
    # what the public rule on scores explains is no part of it
    assert found.residual == {"research": 1, "research-safe": 1}
    (whole,) = [s for s in found.strata if (s.edition, s.grouping) == ("research", "all")]
    assert (whole.sites, whole.rows, whole.stands_out) == (1, 1, True)
    done = check(world)
    assert done.returncode == 1
    assert "listed rows stand out" in done.stdout
    for said in (done, check(world, "--json")):  # no host, link or count of listed rows is told
        assert "example" not in said.stdout + said.stderr
        assert "n_listed" not in said.stdout


@pytest.mark.slow
def test_what_an_earlier_diff_named_is_no_news(world: Path) -> None:
    made = here(
        "diff", "data", "out/research", "--out", "first.parquet", "--i-accept-disclosure", cwd=world
    )
    assert made.returncode == 0, made.stderr
    done = check(world, "--earlier", "first.parquet", "--json")
    assert done.returncode == 0, done.stderr
    assert '"research": 0' in done.stdout


def test_less_than_the_run_was_made_with_is_refused(world: Path, tmp_path: Path) -> None:
    """What it hides would not be seen."""
    add_lists(tmp_path / "other.duckdb", [Sent((("url", "http://nowhere.example/1.jpg"),))])
    with pytest.raises(InputError, match="lacks 1 of the 1 lists that it was cleaned with"):
        relaion.diff_check(world / "out", world / "data", tmp_path / "other.duckdb")
    write_shard(tmp_path / "data/en/a.parquet", rows()[:50])
    with pytest.raises(InputError, match="1 of the 1 shards that it was made of are not among"):
        relaion.diff_check(world / "out", tmp_path / "data", world / "lists.duckdb")


@pytest.mark.slow
def test_cover_hides_what_it_covers(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world / "data", tmp_path / "data")
    add_lists(tmp_path / "lists.duckdb", [Sent((("url", LISTED),))])
    done = here(
        "clean", "data", "--lists", "lists.duckdb", "--cover", "5", "--out", "out", "--edition",
        "research", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = relaion.diff_check(tmp_path / "out", tmp_path / "data", tmp_path / "lists.duckdb")
    assert found.ok
    assert found.cover == 5
    assert found.residual["research"] == 36  # six hosts whole


@pytest.mark.slow
def test_what_left_alone_stands_out_whatever_cover_was_asked_for(tmp_path: Path) -> None:
    """No site is like it, so that nothing left with it."""
    alone = {"url": LISTED, "text": "alone", "punsafe": 0.02, "row_hash": murmur(LISTED, "alone")}
    others = [r for r in rows() if "h3." not in r["url"]]
    write_shard(tmp_path / "data/en/a.parquet", [*others, alone])
    add_lists(tmp_path / "lists.duckdb", [Sent((("url", LISTED),))])
    done = here(
        "clean", "data", "--lists", "lists.duckdb", "--cover", "3", "--out", "out", "--edition",
        "research", "--no-verify", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = relaion.diff_check(tmp_path / "out", tmp_path / "data", tmp_path / "lists.duckdb")
    assert found.residual["research"] == 1
    assert not found.ok


KINDS = {
    "image_md5": hashlib.md5(LISTED.encode()).hexdigest(),
    "image_sha1": hashlib.sha1(LISTED.encode()).hexdigest(),
    "image_sha256": hashlib.sha256(LISTED.encode()).hexdigest(),
    "url_md5": hashlib.md5(LISTED.encode()).hexdigest(),
    "url_sha256": hashlib.sha256(LISTED.encode()).hexdigest(),
    "row_hash": str(murmur(LISTED, "picture 3")),
}


def cleaned(folder: Path, data: Sequence[dict[str, Any]], sent: Sent, *more: str) -> Any:
    """Clean one shard with one list; returns how to check it."""
    hashed = [name for name in ALL_HASHES.names if any(ROLES.get(name) in r for r in data)]
    write_shard(
        folder / "data/en/a.parquet", data, pa.schema([ALL_HASHES.field(n) for n in hashed])
    )
    add_lists(folder / "lists.duckdb", [sent])
    done = here(
        "clean", "data", "--lists", "lists.duckdb", "--out", "out", "--edition", "research",
        "--no-verify", *more, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    beside = folder / "beside" if (folder / "beside").exists() else ()

    def checked(**more: Any) -> Any:
        given = {"sidecars": beside, **more}
        return relaion.diff_check(folder / "out", folder / "data", folder / "lists.duckdb", **given)

    return checked


def with_digests() -> list[dict[str, Any]]:
    return [
        {**r, **{f"image_{name}": getattr(hashlib, name)(r["url"].encode()).hexdigest()
                 for name in ("md5", "sha1", "sha256")}}
        for r in rows()
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_are_listed_by_any_kind_stand_out_unless_covered(
    tmp_path: Path, kind: str
) -> None:
    sent = Sent(((kind, KINDS[kind]),))
    bare = cleaned(tmp_path / "bare", with_digests(), sent)()
    assert not bare.ok
    assert "--cover 20" in bare.way_out
    covered = cleaned(tmp_path / "covered", with_digests(), sent, "--cover", "5")()
    assert (covered.ok, covered.way_out, covered.residual) == (True, "", {"research": 36})


@pytest.mark.slow
def test_rows_that_a_sidecar_names_stand_out(tmp_path: Path) -> None:
    digest = KINDS["image_md5"]
    (tmp_path / "beside").mkdir()
    pq.write_table(pa.table({"url": [LISTED], "md5": [digest]}), tmp_path / "beside/s.parquet")
    sent = Sent((("image_md5", digest),))
    check = cleaned(tmp_path, rows(), sent, "--sidecar", "beside")
    assert not check().ok
    with pytest.raises(InputError, match=r"with 1 sidecars.*1 of them are not named"):
        check(sidecars=())


@pytest.mark.slow
def test_columns_are_looked_at_as_the_run_did(tmp_path: Path) -> None:
    """A digest column that was named with --column is none for who does not name it."""
    held = [
        {**r, "image_sha1": KINDS["image_sha1"] if r["url"] == LISTED else None} for r in rows()
    ]
    schema = pa.schema(
        [pa.field("odd" if f.name == "sha1" else f.name, f.type) for f in ALL_HASHES]
    )
    data = [{("odd" if k == "image_sha1" else k): v for k, v in r.items()} for r in held]
    write_shard(tmp_path / "data/en/a.parquet", data, schema)
    add_lists(tmp_path / "lists.duckdb", [Sent((("image_sha1", KINDS["image_sha1"]),))])
    done = here(
        "clean", "data", "--lists", "lists.duckdb", "--out", "out", "--edition", "research",
        "--no-verify", "--column", "image_sha1=odd", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = relaion.diff_check(tmp_path / "out", tmp_path / "data", tmp_path / "lists.duckdb")
    assert not found.ok


@pytest.mark.slow
def test_rows_of_links_and_digests_alone_are_told_by_their_links(tmp_path: Path) -> None:
    """What stays is not counted as left, and the links of an earlier diff count."""
    data = [{k: r[k] for k in ("url", "punsafe", "image_md5")} for r in with_digests()]
    check = cleaned(tmp_path, data, Sent((("image_md5", KINDS["image_md5"]),)))
    found = check()
    assert (found.residual, found.ok) == ({"research": 1}, False)
    diff = tmp_path / "first.parquet"
    relaion.diff(tmp_path / "data", tmp_path / "out/research", diff, i_accept_disclosure=True)
    again = check(earlier=diff)
    assert (again.residual, again.ok) == ({"research": 0}, True)
    # by row hash alone no row of this set is told; and one of another set explains nothing
    write_shard(tmp_path / "other/a.parquet", [named("http://o.example/1", str(i)) for i in "ab"])
    write_shard(tmp_path / "less/a.parquet", [named("http://o.example/1", "a")])
    for by in ("row", "link"):
        if by == "link":
            write_shard(tmp_path / "less/a.parquet", [named("http://o.example/2", "a")] * 2)
            write_shard(
                tmp_path / "other/a.parquet", [named(f"http://o.example/{i}", "a") for i in (1, 2)]
            )
        relaion.diff(tmp_path / "other", tmp_path / "less", tmp_path / f"{by}.parquet", by=by)
    with pytest.raises(InputError, match="row hash alone, and these sets have none"):
        check(earlier=tmp_path / "row.parquet")
    assert any(
        "names none of the rows" in line
        for line in check(earlier=tmp_path / "link.parquet").notices
    )


@pytest.mark.slow
def test_hits_other_than_the_audit_tells_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = [{k: v for k, v in r.items() if k != "image_sha256"} for r in with_digests()]
    more = [named(f"http://m{i % 90}.example/{i}.jpg", f"more {i}") for i in range(1000)]
    check = cleaned(tmp_path, [*data, *more], Sent((("image_md5", KINDS["image_md5"]),)))
    assert not check().ok
    monkeypatch.setattr("relaion.stages.diff_check.COUNTED", ("url",))
    with pytest.raises(InputError, match=r"1 of its 1 lists hit other rows now than its audit"):
        check()


def test_what_left_is_held_against_the_manifest(world: Path, tmp_path: Path) -> None:
    """An edition that was changed, a set of more, and one of which nothing can be told."""
    for name in ("data", "out", "lists.duckdb", "lists.key"):
        if (world / name).is_dir():
            shutil.copytree(world / name, tmp_path / name)
    shard = tmp_path / "out/research/en/a.parquet"
    pq.write_table(pq.read_table(shard, partitioning=None).slice(5), shard)
    ours, lists = (tmp_path / "out", tmp_path / "data"), world / "lists.duckdb"
    with pytest.raises(InputError, match=r"lacks 6 rows of --inputs, and 1 left it"):
        relaion.diff_check(*ours, lists)
    write_shard(tmp_path / "data/en/b.parquet", rows(3))
    with pytest.raises(InputError, match="was not made of 1 of the 2 shards of --inputs"):
        relaion.diff_check(*ours, lists)


def test_weak_sites_are_told_also_where_nothing_stands_out(tmp_path: Path) -> None:
    found = cleaned(tmp_path, rows(), Sent((("url", LISTED),)), "--cover", "20")()
    assert (found.weak, found.publishable, found.ok) == (1, False, False)
    unseen = replace(found, strata=())  # what is weak need not be seen to stand out
    assert not unseen.ok and "publish neither the edition nor a diff" in checked_line(unseen)
    assert replace(unseen, known=True).ok
    few = "--cover 20 found too few neutral sites for 1 listed one: clean into another OUT"
    assert few in found.way_out
    for strata in ((), found.strata):
        assert "for each listed one but 1, which is weak)" in checked_line(
            replace(found, strata=strata)
        )
    assert "manifest.json says `publishable: false`" in checked_line(replace(found, strata=()))
    card = here("report", "out", "--card", "card", cwd=tmp_path)
    assert card.returncode == 2 and few in card.stderr and "clean with --cover" not in card.stderr
    assert "(`cover` of manifest.json says how many)" in card.stderr


@pytest.mark.slow
def test_what_is_said_of_it_has_a_next_step(world: Path) -> None:
    done = check(world)
    assert "what to do: clean into another OUT with --cover" in done.stdout
    assert "(no cover)" in done.stdout
    assert " - of them" not in done.stdout
    made = {"cover": {"weak": 0, "site_rows": 60}, "parameters": {"cover": 5}}
    assert _way_out(made).endswith("--cover above 5, or with another --cover-site-rows than 60")
    assert "too few neutral sites" in _way_out({**made, "cover": {"weak": 2, "site_rows": 60}})


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--check", "out", "--inputs", "data"), "--check needs --lists"),
        (("--check", "out", "--lists", "lists.duckdb"), "--check needs --inputs"),
        (("data", "data", "--check", "out", "--lists", "lists.duckdb"), "--check OUT goes without"),
        (("--check", "data", "--inputs", "data", "--lists", "lists.duckdb"), "no finished run"),
        (
            ("--check", "out/research", "--inputs", "data", "--lists", "lists.duckdb"),
            "name its OUT: --check",
        ),
        (("data", "data", "--out", "x", "--lists", "lists.duckdb"), "without what --check takes"),
        (("data",), "name both sets and the file"),
        (
            ("--check", "out", "--inputs", "data", "--lists", "lists.duckdb", "--earlier", "out"),
            "out: is a folder, no diff; name with --earlier",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    world: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = here("diff", *arguments, cwd=world)
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


# -- What stands out, by cases -----------------------------------------------------------------

Line = tuple[str, str, str, str, int, int, bool, bool]


def hosts(n: int, listed: int, *, subset: str = "en", band: str = "none", of: str = "h") -> Any:
    """Hosts that left whole, of which some are listed."""
    return [
        (subset, band, f"{of}{i}", f"{of}{i}/a", 3, int(i < listed), False, False) for i in range(n)
    ]


def parts(n: int, listed: int, *, host: str = "big") -> Any:
    """Directories that left a host of which something stays."""
    return [("en", "none", host, f"{host}/{i}", 3, int(i < listed), True, False) for i in range(n)]


def links(n: int, listed: int) -> Any:
    """Links that left a directory of which something stays; more rows carry the listed ones."""
    return [
        ("en", "none", "big", "big/0", 9 if i < listed else 1, 9 * (i < listed), True, True)
        for i in range(n)
    ]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One for all cases: they differ in the table `residual` alone."""
    with connect() as opened:
        yield opened


SCHEMA = pa.schema(
    [
        ("subset", pa.string()), ("band", pa.string()), ("host", pa.string()),
        ("directory", pa.string()), ("link", pa.string()), ("n_rows", pa.int64()),
        ("n_listed", pa.int64()),
    ]
)  # fmt: skip


def judge(engine: Engine, lines: Sequence[Line], cover: int) -> None:
    """Make `strata` of lines of `residual`."""
    held = [(*line[:4], f"{line[3]}/{i}", *line[4:6]) for i, line in enumerate(lines)]
    stays = [
        {"host": host, "directory": directory if directory_stays else f"{host}/other"}
        for _, _, host, directory, _, _, host_stays, directory_stays in lines
        if host_stays
    ]
    for name, columns, found in (
        ("residual", _RESIDUAL, [dict(zip(SCHEMA.names, line, strict=True)) for line in held]),
        ("stays", _STAYS, stays),
    ):
        schema = SCHEMA if name == "residual" else pa.schema([SCHEMA.field(2), SCHEMA.field(3)])
        engine.execute(f"create or replace temp table {name} ({columns})")
        engine.insert(name, pa.Table.from_pylist(found, schema))
    engine.run(SCRIPT, cover=cover)


def standing(engine: Engine, lines: Sequence[Line], cover: int) -> set[tuple[Any, ...]]:
    """What stands out: its grouping, its name, and how many sites it has."""
    judge(engine, lines, cover)
    return {(g, n, s) for g, n, s, _, stands in engine.rows("from strata") if stands}


@pytest.mark.parametrize("cover", quickly(2, [1, 20, 2, 5, 1000]))
@pytest.mark.parametrize("sites", quickly(2, [hosts, parts, links]))
def test_what_is_all_listed_stands_out_however_little_it_is(
    engine: Engine, sites: Any, cover: int
) -> None:
    for n in (1, 2, 3, 4, 5, 30, 400):
        assert ("all", None, n) in standing(engine, sites(n, n), cover), n


@pytest.mark.parametrize("cover", quickly(2, [1, 20, 2, 5]))
@pytest.mark.parametrize("sites", [hosts, parts, links])
def test_what_is_covered_as_promised_does_not(engine: Engine, sites: Any, cover: int) -> None:
    for listed in (1, 2, 7, 30):
        assert not standing(engine, sites(listed * (cover + 1), listed), cover), listed


@pytest.mark.parametrize(
    ("lines", "cover", "stands"),
    [
        ([], 5, set()),
        (hosts(40, 0), 0, set()),
        # without cover one listed site is enough
        (hosts(40, 1), 0, {("all", None, 40), ("subset", "en", 40), ("score", "none", 40),
                           ("subset and score", "en, none", 40)}),
        # of the whole 1.5 / (K + 1) may be listed, and not a site more
        (hosts(40, 10), 5, set()),
        (hosts(39, 10), 5, {("all", None, 39)}),
        # five sites are not one and five like it, though one in five is less than may be
        (hosts(5, 1), 5, {("all", None, 5)}),
        # few listed ones that are alone in a subset: of eight in a hundred, three of three
        (hosts(3, 3) + hosts(97, 5, subset="multi", of="m"), 5,
         {("subset", "en", 3), ("subset and score", "en, none", 3)}),
        # one alone may be so by chance
        (hosts(1, 1) + hosts(99, 7, subset="multi", of="m"), 5, set()),
        # as many as are likely among so many
        (hosts(30, 9) + hosts(90, 11, subset="multi", of="m"), 5, set()),
        (hosts(30, 15) + hosts(90, 5, subset="multi", of="m"), 5,
         {("subset", "en", 30), ("subset and score", "en, none", 30)}),
        (hosts(20, 10, band="under 0.1") + hosts(100, 10, band="0.45 or more", of="m"), 5,
         {("score", "under 0.1", 20), ("subset and score", "en, under 0.1", 20)}),
        # within a host that stays in part, and in the whole of it no more than may be
        (parts(6, 1) + hosts(30, 5), 5, set()),
        (parts(6, 6) + hosts(60, 3), 5, {("host", None, 6)}),
        # a host that left whole tells of one listed site, however many directories it had
        ([("en", "none", "h", f"h/{i}", 1, 1, False, False) for i in range(6)]
         + hosts(5, 0, of="m"), 5, set()),
    ],
)  # fmt: skip
def test_what_stands_out(engine: Engine, lines: Any, cover: int, stands: set[Any]) -> None:
    assert standing(engine, lines, cover) == stands


@given(st.integers(1, 40), st.data())
def test_the_tail_is_hypergeometric(engine: Engine, n_all: int, data: st.DataObject) -> None:
    listed, n = data.draw(st.integers(0, n_all)), data.draw(st.integers(1, n_all))
    k = data.draw(st.integers(0, min(n, listed)))
    judge(engine, [], 1)
    given = {"a": n_all, "l": listed, "n": n, "k": k}
    ((tail,),) = engine.rows("select tail($a, $l, $n, $k)", given)
    ways = sum(math.comb(listed, i) * math.comb(n_all - listed, n - i) for i in range(k, n + 1))
    assert math.isclose(tail, ways / math.comb(n_all, n), rel_tol=1e-6, abs_tol=1e-12)


Sets = dict[str, list[dict[str, Any]]]


def left_of(tmp_path: Path, sets: Sets, by: tuple[str, ...] = ("row", "link")) -> Residual:
    """What an outsider makes of sets of rows by shard: `old/…` and what is left in `new/…`."""
    for name, some in sets.items():
        write_shard(tmp_path / name, some)
    shards = {
        name: tuple(replace(n, no=first + n.no) for n in read_inputs([tmp_path / name], {}).whole())
        for name, first in (("old", 0), ("new", 1000))
    }
    nothing = tmp_path / "hits.parquet"
    schema = {"shard_no": pa.int32(), "file_row_number": pa.int64(), "list_id": pa.int32()}
    pq.write_table(pa.schema(schema).empty_table(), nothing)
    attack = Attack(shards["old"], shards["new"], by, nothing, nothing, (), (), None, 1)
    return residual(tmp_path, "v1", limits_of(1, "1GB"), vars(attack), None, lambda *_: None)


def sites_of(found: Residual, grouping: str) -> list[tuple[int, int]]:
    """Sites and rows of the strata of a grouping."""
    return [line[2:4] for line in found.strata if line[0] == grouping]


def named(url: str, text: str) -> dict[str, Any]:
    return {"url": url, "text": text, "punsafe": 0.02, "row_hash": murmur(url, text)}


def test_a_site_is_what_left_as_one(tmp_path: Path) -> None:
    """A host whole, of another a directory, of a directory a link: the edition tells which."""
    old = [
        named(f"http://www.h{h}.example/{d}/{i // 2}.jpg", f"{h} {d} {i}")
        for h in range(3)
        for d in "ab"
        for i in range(6)
    ]
    gone = {f"0 {d} {i}" for d in "ab" for i in range(6)} | {f"1 a {i}" for i in range(6)}
    gone |= {f"2 b {i}" for i in range(4)}  # two links of two rows each
    new = [r for r in old if r["text"] not in gone]
    found = left_of(tmp_path, {"old/en/a.parquet": old, "new/en/a.parquet": new})
    assert (found.left, found.unexplained) == (22, 22)
    assert sites_of(found, "all") == [(1 + 1 + 2, 22)]
    assert sites_of(found, "host") == [(2, 4)]


def test_places_are_those_of_cover(tmp_path: Path) -> None:
    """One host however it is spelled, and no other whose name differs by a `www.` inside."""
    of_one = [
        "http://example.com/a/1.jpg", "https://www.example.com/a/2.jpg",
        "http://EXAMPLE.com:80/a/3.jpg", "http://user@example.com/a/4.jpg",
        "HTTPS://www.Example.com./a/5.jpg",
    ]  # fmt: skip
    others = ["http://awww.example/1.jpg", "http://a.example/2.jpg", "http://a.example:81/3.jpg"]
    old = [named(url, url) for url in (*of_one, *others)]
    found = left_of(tmp_path, {"old/en/a.parquet": old, "new/en/a.parquet": []})
    hosts = {link_key(r["url"]).partition("/")[0] for r in old}
    assert sites_of(found, "all") == [(len(hosts), len(old))]
    # a directory of it that stays under one spelling stays under every other
    old = [named(url, url) for url in of_one] + [named("http://example.com/b/1.jpg", "b")]
    kept = [old[2], old[5]]
    found = left_of(tmp_path / "again", {"old/en/a.parquet": old, "new/en/a.parquet": kept})
    assert sites_of(found, "host") == [(4, 4)]  # four links of a directory that stays


def test_what_stays_is_looked_for_in_every_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host whose rows left one shard and stay in another did not leave whole."""
    monkeypatch.setattr("relaion.labs.checking.BATCH_ROWS", 5)
    shards = {
        name: [named(f"http://{host}.example/{name}{i % 2}/{i}.jpg", str(i)) for i in range(5)]
        for name, host in (("a", "h"), ("b", "other"), ("c", "h"))
    }
    sets = {f"old/en/{name}.parquet": some for name, some in shards.items()}
    sets |= {f"new/en/{name}.parquet": shards[name] for name in "bc"} | {"new/en/a.parquet": []}
    found = left_of(tmp_path, sets)
    assert sites_of(found, "all") == sites_of(found, "host") == [(2, 5)]  # directories, no host


@pytest.mark.slow
def test_rows_without_a_hash_are_told_by_their_links(tmp_path: Path) -> None:
    """Of a row that has neither nobody can tell that it left."""
    old = [{"url": f"http://h{i}.example/{i}.jpg"} for i in range(20)] + [{"url": None}] * 3
    sets = {"old/en/a.parquet": old, "new/en/a.parquet": old[4:22]}
    for by in (("link",), ("row", "link")):
        found = left_of(tmp_path / by[0], sets, by)
        # of what has neither a link nor a caption the row hash is null
        assert (found.left, sites_of(found, "all")) == (4, [(4, 4)])
