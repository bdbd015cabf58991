"""Cover: neutral sites leave with listed ones, whole, and the ledger keeps which."""

import hashlib
import shutil
import stat
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from relaion.engine import connect
from relaion.errors import BusyError, ListError, StopError
from relaion.lists import key as keys
from relaion.lists import store
from relaion.lists.cover import rank
from relaion.paths import atomic_write, locked
from relaion.run.any_task import AnyTask
from relaion.run.cover_task import IMAGE_ROWS
from relaion.run.process import TaskOutcome
from relaion.sqlset import load
from relaion.stages.cleaned import Cleaned
from tests import cover_world as world
from tests.faults.world import contents, run
from tests.pipeline import InProcess, Sent, add_lists, here, rows_of, write_shard
from tests.test_progress import Heard

K, S = 3, 20


class Place(NamedTuple):
    """A site as the test reckons it: its name, and the larger place that it is part of."""

    site: str
    above: str


def _text(row: dict[str, Any]) -> str:
    return str(row["URL"]).split("://", 1)[1].removeprefix("www.")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def sites_of(rows: Sequence[dict[str, Any]]) -> dict[Place, list[dict[str, Any]]]:
    """The rows of each site: a small host, a small directory, or a single link."""
    hosts, directories = Counter[str](), Counter[str]()
    parts = [(row, _text(row).split("/", 1)[0], _text(row).rsplit("/", 1)[0]) for row in rows]
    for _, host, directory in parts:
        hosts[host] += 1
        directories[directory] += 1
    found = defaultdict(list)
    for row, host, directory in parts:
        place = Place(_md5(host), "whole")
        if hosts[host] > S:
            place = Place(_md5(_md5(host) + directory.removeprefix(host) + "/"), host)
            if directories[directory] > S:
                place = Place(_md5(_text(row)), directory)
        found[place].append(row)
    return found


def ledger(folder: Path) -> dict[str, list[Any]]:
    with connect(folder / "cover.duckdb", read_only=True) as engine:
        return {table: engine.rows(f"from {table} order by all") for table in ("sites", "cover")}


class Done(NamedTuple):
    folder: Path
    result: Cleaned
    before: list[dict[str, Any]]
    lost: list[dict[str, Any]]


def done(folder: Path, out: str = "out", cover: int = K, **options: Any) -> Done:
    result = run(folder, out, cover=cover, cover_site_rows=S, **options)
    before = [row for path in sorted((folder / "data").rglob("*.parquet")) for row in _read(path)]
    kept = {_identity(row) for row in rows_of(folder / out, "research")}
    return Done(folder, result, before, [row for row in before if _identity(row) not in kept])


def _read(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    return list(pq.read_table(path, partitioning=None).to_pylist())


def _identity(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["URL"], row["WIDTH"], row["md5"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return done(world.make(tmp_path_factory.mktemp("covered")))


def out_of(folder: Path) -> tuple[set[str], set[str]]:
    """What the ledger has, listed and cover."""
    held = ledger(folder)
    return {line[0] for line in held["sites"]}, {line[0] for line in held["cover"]}


def test_what_leaves_is_whole_sites_and_what_shares_a_link_or_image_with_them(whole: Done) -> None:
    key = keys.load(keys.key_path(whole.folder / "lists.duckdb"))
    listed, cover = out_of(whole.folder)
    inside = [
        row
        for place, rows in sites_of(whole.before).items()
        if rank(key, place.site) in listed | cover
        for row in rows
    ]
    carried = Counter(row["md5"] for row in whole.before)
    images = {r["md5"] for r in inside if r["md5"] and carried[r["md5"]] <= IMAGE_ROWS}
    links = {_text(row) for row in inside}
    expected = [
        row
        for row in whole.before
        if row in inside
        or row["md5"] in images
        or _text(row) in links
        or _text(row).removeprefix("proxy.example/") in links
    ]
    assert sorted(map(_identity, whole.lost), key=str) == sorted(map(_identity, expected), key=str)
    assert len(inside) < len(whole.lost)  # some left for an image, or a link inside theirs


def test_every_listed_site_has_its_neutral_ones_or_is_weak(whole: Done) -> None:
    key = keys.load(keys.key_path(whole.folder / "lists.duckdb"))
    sites = {rank(key, place.site): (place, rows) for place, rows in sites_of(whole.before).items()}
    held = ledger(whole.folder)
    listed = {line[0] for line in held["sites"]}
    peers = defaultdict(list)
    for site, _, _, _, peer_of, _, level, _ in held["cover"]:
        peers[peer_of].append((site, level))
    assert set(peers) <= listed
    hit = {_text({"URL": link}) for link in world.LINKS}
    assert {rank(key, p.site) for p, rows in sites_of(whole.before).items()
            if hit & {_text(r).removeprefix("proxy.example/") for r in rows}} == listed  # fmt: skip
    weak = [site for site in listed if len(peers[site]) < K]
    assert len(weak) == 1  # the proxy: no host is like it
    # it has a listed link inside one of its own, so it is joined with the site of that
    assert json_cover(whole.result)["weak"] == json_cover(whole.result)["joined"] == 2
    for site, found in peers.items():
        place, rows = sites[site]
        assert len(found) <= K
        for peer, level in found:
            other, theirs = sites[peer]
            assert other.above == place.above  # of a large host within that host alone
            if level == 0:
                assert len(theirs) == len(rows)
                assert {r["punsafe"] for r in theirs} == {r["punsafe"] for r in rows}


def json_cover(result: Cleaned) -> dict[str, int]:
    import json

    return dict(json.loads((result.out / "manifest.json").read_text())["cover"])


def test_no_site_serves_twice_and_none_is_listed(whole: Done) -> None:
    held = ledger(whole.folder)
    cover = [line[0] for line in held["cover"]]
    assert len(cover) == len(set(cover)) > K
    assert not set(cover) & {line[0] for line in held["sites"]}


@pytest.mark.slow
def test_the_ledger_is_its_owners_alone_and_names_no_host(whole: Done) -> None:
    path = whole.folder / "cover.duckdb"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    data = path.read_bytes()
    for word in ("example", "large", "site3", *(_md5(f"site{h}.example") for h in range(240))):
        assert word.encode() not in data
        assert word.encode("utf-16-le") not in data
    left = {p.name for p in whole.folder.iterdir() if p.name.startswith("cover")}
    assert left == {"cover.duckdb", "cover.duckdb.lock"}


def test_both_editions_have_the_same_cover_and_the_audit_tells_it_apart(whole: Done) -> None:
    told = [r for r in whole.result.removals if r.reason_kind == "cover"]
    lists = [r for r in whole.result.removals if r.reason_kind == "list"]
    for edition in ("research", "research-safe"):
        assert sum(r.gross for r in lists if r.edition == edition) == 5
        (line,) = (r for r in told if r.edition == edition)
        assert (line.label, line.list_id, line.kind, line.form) == ("csam", None, None, None)
        assert line.gross == line.exclusive == len(whole.lost) - 5
    groups = contents(whole.folder / "out")["removal_groups"]
    assert {line[3]: line[4:] for line in groups if line[0] == "research"} == {
        "csam": (5, 5), "partner": (5, 5),
    }  # fmt: skip
    assert any(n.startswith(f"cover: {len(whole.lost) - 5:,} rows (") for n in whole.result.notices)


def test_without_cover_nothing_of_it_is_there(tmp_path: Path) -> None:
    lost = done(world.make(tmp_path), cover=0)
    assert not (tmp_path / "cover.duckdb").exists()
    assert len(lost.lost) == 5
    assert not lost.result.publishable
    assert not any("cover" in notice for notice in lost.result.notices)


def test_to_leave_cover_out_where_there_was_some_is_told(whole: Done, tmp_path: Path) -> None:
    world.make(tmp_path)
    for name in ("cover.duckdb", "lists.duckdb", "lists.duckdb.key"):
        shutil.copy(whole.folder / name, tmp_path / name)
    assert any("cover ledger" in n for n in done(tmp_path, cover=0).result.notices)


@pytest.mark.slow
def test_where_no_site_is_weak_it_may_be_published(tmp_path: Path) -> None:
    links = ("https://site3.example/a/0.jpg", "https://large.example/d25/1.jpg")
    found = done(world.make(tmp_path, [links[0].replace("site3", "site33"), links[1]])).result
    assert json_cover(found)["weak"] == 0
    assert found.publishable
    assert "cover ledger" in found.why


@pytest.mark.slow
def test_another_order_of_shards_gives_the_same_ledger(whole: Done, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for no, path in enumerate(sorted((whole.folder / "data/en").iterdir(), reverse=True)):
        to = other / f"data/en/part-{no}.parquet"
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)
    for name in ("lists.duckdb", "lists.duckdb.key"):
        shutil.copy(whole.folder / name, other / name)
    done(other)
    assert ledger(other) == ledger(whole.folder)


@pytest.mark.slow
def test_over_releases_and_a_withdrawal_the_ledger_only_grows(tmp_path: Path) -> None:
    lists = tmp_path / "lists.duckdb"
    first = done(world.make(tmp_path), "out1")
    one = ledger(tmp_path)
    # a site that is cover is listed now, and one that is neither
    key = keys.load(keys.key_path(lists))
    sites = {rank(key, p.site): rows for p, rows in sites_of(first.before).items()}
    was_cover = next(
        line[0] for line in one["cover"] if line[3] == 0 and "site" in sites[line[0]][0]["URL"]
    )
    fresh = "https://site120.example/a/0.jpg"
    add_lists(lists, [Sent((("url", sites[was_cover][0]["URL"]), ("url", fresh)))])
    second = done(tmp_path, "out2")
    two = ledger(tmp_path)
    assert {line[0] for line in two["sites"]} > {line[0] for line in one["sites"]}
    assert sum(line[4] == was_cover for line in two["cover"]) == K  # seats of its own
    assert [line for line in two["cover"] if line[0] == was_cover] == [
        line for line in one["cover"] if line[0] == was_cover
    ]  # and its place
    store.withdraw(lists, 1)
    # of a cell whose first sites are cover of what was withdrawn
    add_lists(lists, [Sent((("url", "https://site9.example/a/0.jpg"),), source="later")])
    third = done(tmp_path, "out3")
    three = ledger(tmp_path)
    for table in ("sites", "cover"):
        assert set(one[table]) <= set(two[table]) <= set(three[table])
    lost = [{_identity(row) for row in x.lost} for x in (first, second, third)]
    assert lost[0] < lost[1] < lost[2]  # what was withdrawn stays out
    cover = [line[0] for line in three["cover"]]
    assert len(cover) == len(set(cover))


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(S, 2), (2, S)])
def test_what_was_out_as_a_whole_stays_so_and_what_was_parted_too(
    before: int, after: int, tmp_path: Path
) -> None:
    world.make(tmp_path)
    lost = []
    for n, site_rows in enumerate((before, after)):
        run(tmp_path, f"out{n}", cover=K, cover_site_rows=site_rows)
        lost.append({_identity(row) for row in rows_of(tmp_path / f"out{n}", "research")})
        if not n:
            held = ledger(tmp_path)
    assert ledger(tmp_path) == held
    assert lost[0] == lost[1]


def test_seats_are_filled_from_wider_cells_by_rank_and_no_site_twice() -> None:
    """The choice over tables that anybody can make: `a` has one like it, three nearly so."""
    script = load()["cover/48_cover"]
    lines: dict[str, list[Any]] = {
        "cells": [
            *((site, f"h-{site}", "whole", 0, 7) for site in ("a", "f1", "gone", "b")),
            *((site, f"h-{site}", "whole", 1, 8) for site in ("a", "f1", "gone", "b", "f2", "f3")),
            *((site, f"h-{site}", "whole", 1, 9) for site in ("x",)),
        ],
        "listed_sites": [("a",), ("b",)],
        "site_ranks": [
            ("f1", "1"), ("f3", "2"), ("gone", "3"), ("f2", "4"), ("b", "5"), ("a", "6"),
        ],
        "ledger_places": [("3", "0", None, 0)],
        "cover_picks": [("old", "b", None, None)],
    }  # fmt: skip
    with connect(threads=1) as engine:
        for table, declared in script.relations("reads").items():
            engine.execute(f"create temp table {table} ({declared})")
            for line in lines[table]:
                engine.execute(
                    f"insert into {table} values ({', '.join('?' * len(line))})", list(line)
                )
        for level in range(4):
            engine.run(script, level=level, cover=2)
        found = engine.rows("from cover_picks where level is not null order by all")
    assert found == [("f1", "b", 0, None), ("f2", "a", 1, None), ("f3", "a", 1, None)]


class Stops(InProcess):
    """Is stopped before some task."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def run(self, tasks: Sequence[AnyTask]) -> Iterator[TaskOutcome]:
        for task in tasks:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            yield from super().run([task])


@pytest.mark.slow
def test_a_run_that_breaks_off_ends_with_the_same_cover(whole: Done, tmp_path: Path) -> None:
    expected, held = contents(whole.folder / "out"), ledger(whole.folder)
    for after in range(1, 40):
        folder = tmp_path / str(after)
        shutil.copytree(whole.folder / "data", folder / "data")
        for name in ("lists.duckdb", "lists.duckdb.key"):
            shutil.copy(whole.folder / name, folder / name)
        try:
            done(folder, executor=Stops(after))
        except KeyboardInterrupt:
            done(folder)
            ended = False
        else:
            ended = True
        assert contents(folder / "out") == expected, after
        assert ledger(folder) == held, after
        shutil.rmtree(folder)
        if ended:
            assert after > 10
            return
    raise AssertionError("never came to its end")


@pytest.mark.slow
def test_a_killed_writer_of_the_ledger_costs_only_time(whole: Done, tmp_path: Path) -> None:
    """It wrote the ledger, and was gone before it could note that."""
    for name in ("lists.duckdb", "lists.duckdb.key", "cover.duckdb"):
        shutil.copy(whole.folder / name, tmp_path / name)
    shutil.copytree(whole.folder / "data", tmp_path / "data")
    with atomic_write(tmp_path / "cover.duckdb", 0o600, alone=True) as part:
        shutil.copy(tmp_path / "cover.duckdb", part)
    part.write_bytes(b"torn")
    done(tmp_path)
    assert contents(tmp_path / "out") == contents(whole.folder / "out")
    assert ledger(tmp_path) == ledger(whole.folder)


@pytest.mark.slow
def test_nothing_hides_a_listed_row_without_a_link(tmp_path: Path) -> None:
    rows = world.rows()
    rows[2].append({"url": None, "text": "x", "punsafe": 0.1, "image_md5": _md5("lone")})
    for no, shard in enumerate(rows):
        write_shard(tmp_path / f"data/en/part-{no}.parquet", shard)
    add_lists(tmp_path / "lists.duckdb", [Sent((("image_md5", _md5("lone")),))])
    found = done(tmp_path)
    assert len(found.lost) == json_cover(found.result)["weak"] == 1
    assert not found.result.publishable


def test_one_run_chooses_under_a_key_at_a_time(tmp_path: Path) -> None:
    world.make(tmp_path)
    with locked(tmp_path / "cover.duckdb.lock", "x"), pytest.raises(BusyError, match="chooses"):
        done(tmp_path)
    assert not (tmp_path / "cover.duckdb").exists()


@pytest.mark.slow
def test_cover_waits_for_every_shard(whole: Done, tmp_path: Path) -> None:
    for name in ("lists.duckdb", "lists.duckdb.key"):
        shutil.copy(whole.folder / name, tmp_path / name)
    shutil.copytree(whole.folder / "data", tmp_path / "data")
    broken = tmp_path / "data/en/part-2.parquet"
    data = broken.read_bytes()
    half = len(data) // 3
    broken.write_bytes(data[:half] + bytes(200) + data[half + 200 :])
    with pytest.raises(StopError, match="chosen among the rows of all shards"):
        done(tmp_path)
    assert not (tmp_path / "cover.duckdb").exists()
    broken.write_bytes(data)
    done(tmp_path)
    assert contents(tmp_path / "out") == contents(whole.folder / "out")
    assert ledger(tmp_path) == ledger(whole.folder)


@pytest.mark.slow
def test_cover_leaves_the_editions_that_its_listed_rows_leave(tmp_path: Path) -> None:
    world.make(tmp_path, ["https://site3.example/a/0.jpg"])
    add_lists(
        tmp_path / "lists.duckdb",
        [Sent((("url", "https://site8.example/a/1.jpg"),), "privacy", "other")],
    )
    own = tmp_path / "mine.sql"
    own.write_text(
        "-- name: mine\n-- purpose: One label.\n-- parent: original\n-- labels: csam\n"
        "-- rules: none\n-- reads: list_hits (shard_no integer)\n"
        "insert into removals select distinct 'mine', h.shard_no, h.file_row_number, 'list' "
        "from list_hits as h inner join lists as l on h.list_id = l.list_id "
        "where l.label = 'csam';\n"
    )
    found = done(tmp_path, editions=[str(own), "research"])
    held = ledger(tmp_path)
    csam = {line[0] for line in held["sites"] if line[4] == "csam"}
    csam |= {line[0] for line in held["cover"] if line[4] in csam}
    key = keys.load(keys.key_path(tmp_path / "lists.duckdb"))
    kept = {_identity(row) for row in rows_of(tmp_path / "out", "mine")}
    for place, rows in sites_of(found.before).items():
        ours = {_identity(row) for row in rows}
        if rank(key, place.site) in csam:
            assert not ours & kept
        elif rank(key, place.site) in set().union(*out_of(tmp_path)):
            assert ours <= kept
            assert ours <= {_identity(row) for row in found.lost}


@pytest.mark.slow
def test_sites_that_came_from_earlier_runs_are_told_before_a_shard_is_written(
    whole: Done, tmp_path: Path
) -> None:
    first, later = Heard(), Heard()
    shutil.copytree(whole.folder / "data", tmp_path / "data")
    for name in ("lists.duckdb", "lists.duckdb.key"):
        shutil.copy(whole.folder / name, tmp_path / name)
    tried = done(tmp_path, "tried", progress=first)
    assert "earlier runs" not in " ".join(first.said)
    out = set.union(*out_of(tmp_path))
    fewer = done(tmp_path, "fewer", cover=1, progress=later)
    assert fewer.lost == tried.lost
    (said,) = (text for text in later.said if "earlier runs" in text)
    assert f"; {len(out):,} sites of these came from earlier runs" in said
    assert "cover.duckdb keeps" in said and "move it away" in said
    (tmp_path / "cover.duckdb").unlink()
    assert len(done(tmp_path, "anew", cover=1).lost) < len(tried.lost)


def test_a_ledger_of_others_is_refused(whole: Done, tmp_path: Path) -> None:
    world.make(tmp_path)  # with a key of its own
    path = tmp_path / "cover.duckdb"
    shutil.copy(whole.folder / "cover.duckdb", path)
    with pytest.raises(ListError, match="another curator key"):
        done(tmp_path)
    assert not any("cover ledger" in x for x in run(tmp_path, "bare").notices)
    assert any("cover ledger" in x for x in run(whole.folder, "bare").notices)
    path.chmod(0o644)
    with pytest.raises(ListError, match="chmod 600"):
        done(tmp_path)
    path.write_bytes(b"no database")
    path.chmod(0o600)
    with pytest.raises(ListError, match="no cover ledger"):
        done(tmp_path)


@pytest.mark.slow
def test_the_command_line_covers_and_says_what_it_costs(tmp_path: Path) -> None:
    world.make(tmp_path)
    args = ("clean", "data", "--lists", "lists.duckdb", "--out", "out", "--cover", "2")
    ended = here(*args, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "neutral sites" in ended.stderr
    assert "will leave with" in ended.stderr
    assert "cover of csam" in ended.stdout
    assert "same link" not in ended.stdout
    again = here(*args[:-1], "3", cwd=tmp_path)
    assert again.returncode == 2
    assert "cover differs" in again.stderr


def checked(folder: Path, **given: Any) -> Any:
    from relaion.verifier.checker import verify

    given = {"inputs": [folder / "data"], "lists": folder / "lists.duckdb", **given}
    return verify(folder / "out", **given)


def test_other_code_finds_by_the_ledger_what_left_and_what_had_to(whole: Done) -> None:
    verdict = checked(whole.folder)
    assert {o.state for o in verdict.outcomes} == {"held"}, verdict.summary
    assert checked(whole.folder, inputs=()).ok
    n = len(whole.lost) - 5
    share = f"{n / len(whole.before):.2%}"
    said = (
        f"{n} rows ({share}) of research left as cover; 2 listed sites are weak: 2 share a listed "
    )
    said += "image or link with another one"
    assert said in verdict.notices


@pytest.fixture
def copied(whole: Done, tmp_path: Path) -> Path:
    shutil.copytree(whole.folder, tmp_path / "w")
    return tmp_path / "w"


def test_why_an_earlier_version_called_it_not_publishable_is_known(copied: Path) -> None:
    path = copied / "out/manifest.json"
    now, before = "(`cover` of manifest.json says how", "(`cover` says how"
    assert now in path.read_text()
    path.write_text(path.read_text().replace(now, before))
    assert checked(copied, inputs=()).ok


def test_without_the_ledger_a_check_says_what_it_did_not_see(copied: Path) -> None:
    (copied / "cover.duckdb").unlink()
    verdict = checked(copied)
    states = {o.promise: o.state for o in verdict.outcomes}
    assert (states["1a"], states["1b"]) == ("held in part", "not checked")
    assert verdict.ok and not verdict.clean
    assert all("cover ledger" in o.why for o in verdict.outcomes if o.promise in ("1a", "1b"))


@pytest.mark.slow
def test_other_code_finds_a_row_of_cover_that_was_kept(copied: Path) -> None:
    for inputs in ([copied / "data"], []):
        shutil.copy(copied / "data/en/part-1.parquet", copied / "out/research/en/part-1.parquet")
        said = [f.what for f in checked(copied, inputs=inputs).findings if f.promise == "1a"]
        assert any("cover, as the ledger has it" in what for what in said), said


@pytest.mark.slow
def test_other_code_finds_that_weak_sites_were_denied(copied: Path) -> None:
    path = copied / "out/manifest.json"
    path.write_text(
        path.read_text().replace('"weak": 2', '"weak": 1').replace('"joined": 2', '"joined": 1')
    )
    said = {(f.promise, f.what) for f in checked(copied).findings}
    assert ("4", "states fewer weak sites than its cover ledger tells") in said
    joined = "states fewer sites that share a listed image or link than its cover ledger tells"
    assert ("4", joined) in said


@pytest.mark.slow
@pytest.mark.parametrize("keyed_by", ["url", pytest.param("hash", marks=pytest.mark.slow)])
def test_images_that_sidecars_tell_take_rows_along_too(keyed_by: str, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from relaion.sidecars.row_hash import row_hashes

    world.make(tmp_path)
    # rows of a site that leaves, and of hosts that have nothing else in common with it
    pairs = [("site3.example/a/1.jpg", "mirror31.example/m/31.jpg", "one"),
             ("site8.example/a/2.jpg", "mirror40.example/m/40.jpg", "two")]  # fmt: skip
    lines = [(f"https://{link}", md5) for *links, md5 in pairs for link in links]
    links = [link for link, _ in lines]
    keys = row_hashes(pa.array(links), pa.array(["a picture"] * len(links))).to_pylist()
    (tmp_path / "beside").mkdir()
    key = pa.array(links) if keyed_by == "url" else pa.array(keys, pa.int64())
    table = pa.table({keyed_by: key, "md5": [_md5(md5) for _, md5 in lines]})
    pq.write_table(table, tmp_path / "beside/s.parquet")
    found = done(tmp_path, sidecars=[tmp_path / "beside"])
    assert set(links) <= {row["URL"] for row in found.lost}
    verdict = checked(tmp_path, sidecars=[tmp_path / "beside"])
    assert {o.state for o in verdict.outcomes} == {"held"}, verdict.summary


@pytest.mark.slow
def test_an_image_of_very_many_rows_takes_none_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("run.cover_task", "verifier.cover"):
        monkeypatch.setattr(f"relaion.{place}.IMAGE_ROWS", 29)
    world.make(tmp_path, ["https://placeholder3.example/x.gif"])
    found = done(tmp_path)
    assert 1 < len(found.lost) < 15  # the site and its cover, of 30 with that picture
    verdict = checked(tmp_path)
    assert {o.state for o in verdict.outcomes} == {"held"}, verdict.summary
