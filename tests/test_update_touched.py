"""Which shards the check of an update looks at whole: by entries, by links, by links behind these.

Each shard is written as its rows; a row as its links, and `!` where a new entry names it.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.errors import StopError
from relaion.links import link_key
from relaion.paths import Seal, read_sealed
from relaion.run.find import Hunt
from relaion.run.gains import Gains
from relaion.run.hits import Searched
from relaion.run.tasks import Reports
from relaion.run.update import UpdateRun
from relaion.verifier.model import StatedLists
from relaion.verifier.resting import _named
from relaion.verifier.rows import At, Source
from tests.drawn import quickly
from tests.pipeline import JOINED, Sent, rows_of, write_shard
from tests.test_update import World, audit, files

DIGEST = "0123456789abcdef" * 2
CASES = {
    "an entry": (("!a", "b", "c"), {"0"}),
    "a link of its row": (("!a", "a", "b"), {"0", "1"}),
    "the other link of its row": (("!a,b", "b", "c"), {"0", "1"}),
    "the other link of a row with its link": (("!a", "a,b", "b"), {"0", "1"}),  # told later
    "nothing goes on from a further link": (("!a,b", "b,c", "c"), {"0", "1"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_shard_is_touched_by_an_entry_or_by_a_link_of_a_row_that_is_named(
    tmp_path: Path, name: str
) -> None:
    shards, touched = CASES[name]
    sources: list[Source] = []
    rows: dict[Path, pa.Array] = {}
    listed: set[str] = set()
    at = (At(0, "string"), At(1, "string"))
    for no, row in enumerate(shards):
        links = [f"http://{x}.example.org/{x}.jpg" for x in row.lstrip("!").split(",")]
        path = tmp_path / f"{no}"
        md5 = DIGEST if row.startswith("!") else None
        two = [*links, None][:2]
        columns = {"url": [two[0]], "more": [two[1]], "md5": pa.array([md5], pa.string())}
        pq.write_table(pa.table({k: pa.array(v, pa.string()) for k, v in columns.items()}), path)
        sources.append(Source(path, {"url": at, "image_md5": (At(2, "string"),)}))
        if md5:
            rows[path] = pa.array([0], pa.int64())
            listed.add(link_key(links[0]))
    known = StatedLists(exact={"image_md5": {DIGEST: (1,)}}, rows=rows)
    known = known.carrying(known.beside, dict.fromkeys(listed, (1,)))
    found, looked_for = _named(known, sources, map, same_link=True)
    assert {path.name for path in found} == touched
    of_named = (x for row in shards if row.startswith("!") for x in row[1:].split(","))
    assert looked_for == {link_key(f"http://{x}.example.org/{x}.jpg") for x in of_named}


L = "http://b.example.org/b.jpg"
OUTER = "http://a.example.org/a.jpg?u="


def noted(monkeypatch: pytest.MonkeyPatch) -> list[frozenset[int] | None]:
    """Which shards each update from here on takes for touched; None: all."""
    touched: list[frozenset[int] | None] = []
    rewrite = UpdateRun._rewrite

    def noting(self: UpdateRun, searched: Searched) -> Reports:
        touched.append(self._touched)
        return rewrite(self, searched)

    monkeypatch.setattr(UpdateRun, "_rewrite", noting)
    return touched


@pytest.mark.slow
@pytest.mark.usefixtures("all_counts", "no_sample")
def test_the_search_looks_for_further_links_as_links_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[dict[str, object]] = [
        {"url": f"{OUTER}{L}", "image_md5": DIGEST},  # a new entry names it, and L is inside
        {"url": L, "image_md5": "ab" * 16},  # an older entry: by L it names the first one, too
        {"url": f"http://c.example.org/c.jpg?u={L}"},  # names nothing
        {"url": f"http://d.example.org/d.jpg?u={OUTER}{L}"},  # named with the first one
        {"url": "http://e.example.org/e.jpg"},
    ]
    world = World(tmp_path / "world")
    world.grow([[row] for row in rows])
    world.send(Sent((("image_md5", "ab" * 16),)))
    out = world.clean("one")
    world.send(Sent((("image_md5", DIGEST),)))
    touched = noted(monkeypatch)
    done = world.update(out, "two", verify=True)
    assert done.verdict is not None
    assert done.verdict.ok
    (found,) = touched
    assert found is not None
    assert len(found) == 3
    whole = world.clean("whole")
    assert files(done.out) == files(whole)
    assert audit(done.out) == audit(whole)


@pytest.mark.usefixtures("all_counts", "no_sample")
@pytest.mark.parametrize("inner", quickly(1, [True, False]))
def test_what_else_a_row_with_a_listed_link_carries_is_looked_for_once_it_is_known(
    tmp_path: Path, inner: bool
) -> None:
    """The second row is named by what stands inside it: by an older entry, and by a new one."""
    a, b = "http://a.example.org/a.jpg", "http://b.example.org/b.jpg"
    world = World(tmp_path / "world")
    world.grow([
        [{"url": a, "image_md5": DIGEST}],
        [{"url": f"http://c.example.org/c?u={a}&v={b}"}],
        [{"url": b, "image_md5": "ab" * 16}],
        [{"url": "http://d.example.org/d.jpg"}],
    ])  # fmt: skip
    world.send(Sent((("image_md5", "ab" * 16),)))
    out = world.clean("one", verify=True, inner=inner)
    world.send(Sent((("image_md5", DIGEST),)))
    done = world.update(out, "two", verify=True)
    assert done.verdict is not None and done.verdict.ok, done.verdict
    assert done.verdict.rests.startswith(f"{1 if inner else 3} of 4 shards rest")
    assert audit(done.out) == audit(world.clean("whole", inner=inner))


@pytest.mark.usefixtures("all_counts", "no_sample")
def test_after_a_shard_changed_once_new_entries_alone_are_searched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row left by a link that is gone since, and stays out of a shard that is touched."""
    listed, link = "ab" * 16, "http://a.example.org/a.jpg"
    others = [{"url": f"http://b.example.org/{n}.jpg", "image_md5": f"{n:032x}"} for n in range(9)]
    world = World(tmp_path / "world")
    world.grow([[{"url": link, "image_md5": listed}, others[0]], [{"url": link}, *others], others])
    world.send(Sent((("image_md5", listed), ("image_md5", f"{8:032x}"))))
    first = world.clean("one")
    changed = {"url": "http://c.example.org/c.jpg", "WIDTH": 1}
    write_shard(world.folder / "data/multi/part-000.parquet", [changed], JOINED)
    before = world.update(first, "two", allow_changed=True).out
    world.send(Sent((("url", others[5]["url"]),)))
    touched = noted(monkeypatch)
    done = world.update(before, "three", verify=True)
    assert done.verdict is not None
    assert done.verdict.ok, done.verdict.findings
    assert {row["WIDTH"] for row in rows_of(done.out, "research")} == {*range(21)} - {
        0, 2, 8, 11, 17, 20,
    }  # fmt: skip
    monkeypatch.setattr(UpdateRun, "_whole_for", lambda *_: "asked for")
    whole = world.update(before, "whole").out
    assert files(done.out) == files(whole) and audit(done.out) == audit(whole)
    assert touched == [frozenset({0, 2}), None]


@pytest.fixture
def two(tmp_path: Path) -> World:
    """Two shards that were cleaned, and an entry that has come since and names a row of one."""
    world = World(tmp_path / "world")
    a, b, other = DIGEST, "ab" * 16, "cd" * 16
    world.grow([
        [{"url": "http://a.example.org/a.jpg", "image_md5": a}],
        [{"url": "http://b.example.org/b.jpg", "image_md5": b}],
    ])  # fmt: skip
    world.send(Sent((("image_md5", other),)))
    world.clean("one")
    world.send(Sent((("image_md5", a),)))
    return world


@pytest.mark.slow
@pytest.mark.usefixtures("all_counts", "no_sample")
def test_a_shard_that_is_searched_twice_is_digested_once(
    two: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    digested: list[Path] = []

    def noted(paths: Sequence[Path], *given: Any, **named: Any) -> list[Seal]:
        digested.extend(paths)
        return read_sealed(paths, *given, **named)

    monkeypatch.setattr("relaion.run.find_task.read_sealed", noted)
    two.update(two.folder / "one", "two")
    assert sorted(digested) == sorted((two.folder / "data").rglob("*.parquet"))


@pytest.mark.usefixtures("all_counts", "no_sample")
@pytest.mark.parametrize("stays", quickly(1, [False, True]))
def test_a_shard_that_changes_between_two_searches_fails_once(
    two: World, monkeypatch: pytest.MonkeyPatch, stays: bool
) -> None:
    """It is not written either, though it be again as it was: nothing was found in it."""
    linked, count_before = Gains.linked_shards, Hunt.count_before
    path = two.folder / "data/multi/part-000.parquet"
    before, whole = path.stat(), path.read_bytes()

    def write(data: bytes) -> None:
        with path.open("r+b") as f:  # in place, and as old as it was
            f.write(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def changed(self: Gains, searched: Searched) -> frozenset[int]:
        data = bytearray(whole)
        data[data.index(b"http://a") + 7] ^= 1
        write(bytes(data))
        return linked(self, searched)

    def restored(self: Hunt, *given: Any) -> None:
        if not stays:
            write(whole)
        count_before(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Gains, "linked_shards", changed)
        patch.setattr(Hunt, "count_before", restored)
        with pytest.raises(StopError, match=r"part-000.*: 1 of 2 shards failed"):
            two.update(two.folder / "one", "two")
    out = two.folder / "two"
    assert not (out / "manifest.json").exists()
    assert not list(out.glob("research*/multi/*"))
    write(whole)
    two.update(two.folder / "one", "two")
    assert files(out) == files(two.clean("whole"))
