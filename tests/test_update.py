"""`update`: editions that go on from finished ones are those that a clean of it all would make."""

import copy
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import strategies as st

from relaion.errors import InputError, ListError
from relaion.lists import store, withdraw
from relaion.run import manifest
from relaion.run.manifest import way_out
from relaion.stages.clean import clean
from relaion.stages.cleaned import Cleaned
from relaion.stages.update import update
from tests.drawn import drawn
from tests.pipeline import ALL_HASHES, JOINED, InProcess, Sent, add_lists, rows_of, write_shard
from tests.test_properties import BESIDE, ENTRIES, KEYWORDS, ROWS, write_sidecar

pytestmark = pytest.mark.usefixtures("all_counts", "no_sample")
Rows = Sequence[dict[str, Any]]
# what tells one run from another, and the step in which a list came
OWN = {"run": "setting", "steps": "* exclude (run)", "lists": "* exclude (step)"}
DELIVERY = st.builds(
    Sent,
    st.lists(ENTRIES, min_size=1, max_size=3).map(tuple),
    st.sampled_from(["csam", "privacy", "validated"]),
    st.sampled_from(["A", "B"]),
)
HOW: dict[str, Any] = {"verify": False, "yes_i_checked": True, "workers": 1}


class World:
    """Data, lists and editions in a folder."""

    def __init__(self, folder: Path, beside: Sequence[tuple[str, str]] = ()) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.lists = folder / "lists.duckdb"
        self.sidecars = write_sidecar(folder, beside)
        self.words = folder / "keywords.txt"
        self.words.write_text("\n".join(KEYWORDS), encoding="utf-8")
        self._rows = self._shards = self._sent = 0

    def copied(self, folder: Path) -> "World":
        """The same in a folder of its own, with all that was made of it so far."""
        made = copy.copy(self)
        made.folder = folder / "world"
        shutil.copytree(self.folder, made.folder, symlinks=True)
        made.lists, made.words = (made.folder / path.name for path in (self.lists, self.words))
        made.sidecars = [made.folder / path.relative_to(self.folder) for path in self.sidecars]
        return made

    def grow(self, shards: Sequence[Rows]) -> None:
        for rows in shards:
            numbered = [{**row, "WIDTH": self._rows + j} for j, row in enumerate(rows)]
            self._rows += len(rows)
            path = self.folder / f"data/{'en' if self._shards % 2 else 'multi'}"
            schema = ALL_HASHES if "image_sha1" in rows[0] else JOINED
            write_shard(path / f"part-{self._shards:03}.parquet", numbered, schema)
            self._shards += 1

    def send(self, delivery: Sent) -> None:
        place = self.folder / f"sent-{self._sent}"
        place.mkdir()
        self._sent += 1
        # its files are told apart by a line, so that no delivery is the same twice
        (place / "lists.duckdb").symlink_to(self.lists)
        add_lists(place / "lists.duckdb", [*[Sent(())] * self._sent, delivery])

    def clean(self, name: str, **how: Any) -> Path:
        made = clean(
            self.folder / "data", self.lists, self.folder / name, keywords=self.words,
            sidecars=self.sidecars, **{"executor": InProcess(), **HOW, **how},
        )  # fmt: skip
        return made.out

    def update(self, before: Path, name: str, **how: Any) -> Cleaned:
        return update(
            before, self.folder / "data", self.lists, self.folder / name, keywords=self.words,
            sidecars=self.sidecars, **{"executor": InProcess(), **HOW, **how},
        )  # fmt: skip


def audit(out: Path) -> dict[str, list[Any]]:
    """What an audit tells, but for what names its run."""
    with duckdb.connect(str(out / "audit.duckdb"), read_only=True) as con:
        names = [n for (n,) in con.sql("select table_name from duckdb_tables()").fetchall()]
        found = {
            name: con.sql(f"select {OWN.get(name, '*')} from {name} order by all").fetchall()
            for name in names
        }
    found["run"] = []
    found["steps"] = found["steps"][-len(found["unions"]) :]
    found["steps"] = [line[1:] for line in found["steps"]]
    return found


def files(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*.parquet"))}


@drawn(
    1,
    5,
    shards=st.lists(st.lists(ROWS, min_size=1, max_size=9), min_size=1, max_size=4),
    more=st.lists(st.lists(ROWS, min_size=1, max_size=6), max_size=2),
    sent=st.lists(DELIVERY, min_size=2, max_size=4),
    beside=BESIDE,
    same_link=st.booleans(),
)
def test_updates_end_where_a_clean_of_it_all_does(
    shards: list[Rows],
    more: list[Rows],
    sent: list[Sent],
    beside: list[tuple[str, str]],
    same_link: bool,
) -> None:
    with tempfile.TemporaryDirectory() as name:
        world = World(Path(name), beside)
        world.grow(shards)
        world.send(sent[0])
        out = world.clean("step-1", same_link=same_link)
        for step, delivery in enumerate(sent[1:], 2):
            world.send(delivery)
            if step == len(sent):
                world.grow(more)
            made = world.update(out, f"step-{step}", verify=step == len(sent))
            out = made.out
        assert made.verdict is not None
        assert made.verdict.ok, [str(f) for f in made.verdict.findings]
        whole = world.clean("whole", same_link=same_link)
        assert files(out) == files(whole)
        assert audit(out) == audit(whole)


@drawn(
    0,
    5,
    shards=st.lists(st.lists(ROWS, min_size=1, max_size=9), min_size=1, max_size=3),
    more=st.lists(st.lists(ROWS, min_size=1, max_size=6), max_size=1),
    sent=st.lists(DELIVERY, min_size=3, max_size=3),
)
def test_what_had_left_stays_out_whatever_is_taken_back(
    shards: list[Rows], more: list[Rows], sent: list[Sent]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        world = World(Path(name))
        world.grow(shards)
        world.send(sent[0])
        world.send(sent[1])
        first = world.clean("first")
        withdraw(world.lists, 1)
        world.send(sent[2])
        world.grow(more)
        made = world.update(first, "second", verify=True)
        assert made.verdict is not None
        assert made.verdict.ok, [str(f) for f in made.verdict.findings]
        second = made.out
        anew = world.clean("anew")
        for edition in ("research", "research-safe"):
            held = {row["WIDTH"] for row in rows_of(first, edition)}
            new = range(sum(map(len, shards)), 10_000)
            expected = [
                row["WIDTH"]
                for row in rows_of(anew, edition)
                if row["WIDTH"] in held or row["WIDTH"] in new
            ]
            assert [row["WIDTH"] for row in rows_of(second, edition)] == expected


ROW = {"url": "https://a.example/1.jpg", "image_md5": f"{11:032x}"}
OTHER = {"url": "https://b.example/2.jpg", "image_md5": f"{12:032x}"}


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two shards, a list, and what a clean makes of them; copied and never changed."""
    made = World(tmp_path_factory.mktemp("cleaned") / "world")
    made.grow([[ROW, OTHER], [OTHER, {**OTHER, "url": "https://c.example/3.jpg"}]])
    made.send(Sent((("image_md5", f"{11:032x}"),)))
    made.clean("out")
    return made


@pytest.fixture
def world(cleaned: World, tmp_path: Path) -> World:
    """The same, a test's own; its OUT is `out`."""
    return cleaned.copied(tmp_path)


def test_what_is_not_touched_is_linked_and_the_run_before_is_left_alone(world: World) -> None:
    out = world.folder / "out"
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in out.rglob("*") if p.is_file()}
    world.send(Sent((("url", "https://c.example/3.jpg"),)))
    made = world.update(out, "out2")
    shards = sorted(p.relative_to(out) for p in out.rglob("*.parquet"))
    same = [p for p in shards if (out / p).samefile(made.out / p)]
    assert [str(p) for p in shards if p not in same] == [
        "research/en/part-001.parquet", "research-safe/en/part-001.parquet",
    ]  # fmt: skip
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in before} == before
    assert any("shards left as they were: 1, written anew: 1" in n for n in made.notices)
    assert world.update(out, "out2").done_before


@pytest.mark.slow
def test_copies_where_that_is_asked_for(world: World) -> None:
    out = world.folder / "out"
    made = world.update(out, "out2", copy=True)
    assert files(made.out) == files(out)
    assert not any(p.samefile(out / p.relative_to(made.out)) for p in made.out.rglob("*.parquet"))


def test_other_data_are_refused_by_name(world: World) -> None:
    out = world.folder / "out"
    shard = world.folder / "data/en/part-001.parquet"
    kept = shard.read_bytes()
    write_shard(shard, [OTHER], JOINED)
    with pytest.raises(InputError, match=r"^en/part-001.parquet: changed since .*allow-changed"):
        world.update(out, "out2")
    shard.unlink()
    with pytest.raises(InputError, match=r"^en/part-001.parquet: gone since "):
        world.update(out, "out2")
    # the same rows and bytes, but others
    shard.write_bytes(kept.replace(b"c.example", b"d.example"))
    with pytest.raises(InputError, match=r"^en/part-001.parquet: changed since "):
        world.update(out, "out2")
    assert not (world.folder / "out2").exists() or not any((world.folder / "out2").iterdir())


@pytest.mark.slow
def test_other_data_are_taken_where_that_is_asked_for(world: World) -> None:
    out = world.folder / "out"
    shard = world.folder / "data/en/part-001.parquet"
    write_shard(shard, [OTHER], JOINED)
    made = world.update(out, "out2", allow_changed=True)
    assert files(made.out) == files(world.clean("whole"))
    shard.unlink()
    assert len(files(world.update(out, "out3", allow_changed=True).out)) == 2


def test_what_decides_has_to_be_what_it_was(world: World) -> None:
    out = world.folder / "out"
    world.words.write_text("another", encoding="utf-8")
    with pytest.raises(InputError, match=r"out: an update has the options of .* but the key"):
        world.update(out, "out2")


def test_blank_lines_and_line_ends_make_no_other_keywords(world: World) -> None:
    lines = world.words.read_text(encoding="utf-8").split("\n")
    world.words.write_bytes("".join(f"{line}\r\n\r\n" for line in ["# ours", *lines]).encode())
    made = world.update(world.folder / "out", "out2", verify=True)
    assert made.verdict is not None
    assert made.verdict.ok, made.verdict.findings


def test_another_store_is_refused(world: World) -> None:
    out = world.folder / "out"
    world.lists = world.folder / "others.duckdb"
    world.send(Sent((("url", "https://z.example/3.jpg"),)))
    with pytest.raises(ListError, match=r"others.duckdb: is not the store that .*out was made"):
        world.update(out, "out2")


def test_a_shard_of_the_run_before_that_is_not_what_it_states_is_not_linked(world: World) -> None:
    out = world.folder / "out"
    shard = out / "research/multi/part-000.parquet"
    shutil.copy(out / "research/en/part-001.parquet", shard)
    with pytest.raises(Exception, match=r"multi/part-000.parquet: is not what the manifest above"):
        world.update(out, "out2")


@pytest.mark.slow
def test_a_row_of_two_links_is_counted_by_what_each_of_them_leads_to(tmp_path: Path) -> None:
    # list 1 names an image behind b; the second row shows b in a, and leaves with it and by a rule
    shown = {"url": "https://a.example/show?u=https://b.example/2.jpg", "punsafe": 0.99}
    world = World(tmp_path)
    world.grow([[OTHER], [ROW], [{**shown, "text": "teapot"}], [{"url": shown["url"]}]])
    world.send(Sent((("image_md5", f"{12:032x}"),)))
    out = world.clean("out")
    world.send(Sent((("image_md5", f"{99:032x}"),)))
    world.grow([])
    world.send(Sent((("url", "https://a.example/show?u=https://b.example/2.jpg"),), "privacy"))
    out = world.update(out, "out2").out
    assert audit(out) == audit(world.clean("whole"))


@pytest.mark.slow
def test_a_row_of_two_links_that_is_found_by_a_link_alone_is_counted_so(tmp_path: Path) -> None:
    three = World(tmp_path / "three")
    nested = {"url": "https://c.example/x?u=https://b.example/2.jpg", "punsafe": 0.5}
    three.grow([[OTHER], [nested], [{**nested, "image_md5": f"{14:032x}"}]])
    three.send(Sent((("image_md5", f"{12:032x}"),)))
    out = three.clean("out")
    three.send(Sent((("image_md5", f"{14:032x}"),)))
    out = three.update(out, "out2").out
    assert audit(out) == audit(three.clean("whole"))


@pytest.mark.slow
def test_the_lineage_is_told(world: World) -> None:
    import json

    out = world.folder / "out"
    world.send(Sent((("url", "https://c.example/3.jpg"),), "privacy"))
    second = world.update(out, "out2").out
    third = world.update(second, "out3").out
    steps = json.loads((third / "manifest.json").read_text())["lineage"]
    runs = [json.loads((o / "manifest.json").read_text())["run"] for o in (out, second)]
    assert [step["run"] for step in steps] == runs
    with duckdb.connect(str(third / "audit.duckdb"), read_only=True) as con:
        kept = con.sql(
            "select step, sum(kept) from steps where edition = 'research' group by all order by all"
        ).fetchall()
        lists = con.sql("select list_id, step from lists order by all").fetchall()
    assert kept == [(1, 3), (2, 2), (3, 2)]
    assert lists == [(1, 1), (2, 2)]


@pytest.mark.slow
def test_a_clean_anew_says_that_it_brings_rows_back(world: World) -> None:
    world.send(Sent((("url", "https://z.example/3.jpg"),)))
    out = world.clean("first")
    withdraw(world.lists, 1)
    anew = clean(
        world.folder / "data", world.lists, world.folder / "anew", keywords=world.words,
        executor=InProcess(), **{**HOW, "verify": True},
    )  # fmt: skip
    assert not anew.publishable
    assert "entries of the list store were withdrawn or taken back" in anew.why
    way = way_out(manifest.read(anew.out) or {})
    assert "relaion update" in way and "a new store" in way and "--cover" not in way
    assert any("keeps those rows out" in notice for notice in anew.notices)
    assert anew.verdict is not None
    assert anew.verdict.ok, anew.verdict.findings
    second = world.update(out, "second")
    assert not any("keeps those rows out" in notice for notice in second.notices)
    assert [len(rows_of(o, "research")) for o in (out, anew.out, second.out)] == [3, 4, 3]
    third = world.update(anew.out, "third", verify=True)  # what came back there is here, too
    assert (third.publishable, third.why) == (False, anew.why)
    assert third.verdict is not None
    assert third.verdict.ok, third.verdict.findings


@pytest.mark.slow
def test_where_another_sidecar_names_other_rows_those_that_left_stay_out(tmp_path: Path) -> None:
    """As many rows are named as before, and not the same."""
    world = World(tmp_path, [("https://a.example/1.jpg", f"{14:032x}")])
    bare = [{"url": f"https://{host}.example/{i}.jpg"} for i, host in enumerate("abc")]
    bare[0]["url"] = "https://a.example/1.jpg"
    world.grow([bare, [OTHER]])
    world.send(Sent((("image_md5", f"{14:032x}"),)))
    out = world.clean("out")
    beside = [(bare[1]["url"], f"{14:032x}"), ("https://z.example", f"{15:032x}")]
    other = write_sidecar(tmp_path / "other", beside)
    world.sidecars = other
    with pytest.raises(
        InputError, match=r"out: was made with sidecars that are not given, or have changed"
    ):
        world.update(out, "out2")
    made = world.update(out, "out2", verify=True, allow_changed=True)
    assert made.verdict is not None
    assert made.verdict.ok, made.verdict.findings
    assert {row["WIDTH"] for row in rows_of(made.out, "research")} == {2, 3}


@pytest.mark.slow
def test_a_sidecar_of_the_same_size_with_other_bytes_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, [("https://a.example/1.jpg", f"{14:032x}")])
    world.grow([[{"url": f"https://{host}.example/1.jpg"} for host in "ab"], [OTHER]])
    world.send(Sent((("image_md5", f"{14:032x}"),)))
    out = world.clean("out")
    first = [Path(x).read_bytes() for x in world.sidecars]
    world.sidecars = write_sidecar(tmp_path / "other", [("https://b.example/1.jpg", f"{14:032x}")])
    other = [Path(x).read_bytes() for x in world.sidecars]
    assert other != first and list(map(len, other)) == list(map(len, first))
    with pytest.raises(
        InputError, match=r"out: was made with sidecars that are not given, or have changed"
    ):
        world.update(out, "out2")
    assert not list((tmp_path / "out2").rglob("*"))
    made = world.update(out, "out2", verify=True, allow_changed=True)
    assert made.verdict is not None
    assert made.verdict.ok, made.verdict.findings
    assert {row["WIDTH"] for row in rows_of(made.out, "research")} == {2}


@pytest.mark.slow
def test_an_edition_of_ones_own_may_let_go_of_rows_that_had_left(tmp_path: Path) -> None:
    """Its script removes one row of each shard: the last that a list names."""
    script = tmp_path / "last.sql"
    script.write_text(
        "-- name: last\n-- purpose: One row.\n-- parent: original\n-- labels: csam\n"
        "-- rules: none\n"
        "insert into removals select 'last', shard_no, max(file_row_number), 'list' "
        "from list_hits group by shard_no;\n"
    )
    world = World(tmp_path / "w")
    world.grow([[ROW, OTHER, {"url": "https://c.example/3.jpg"}]])
    world.send(Sent((("image_md5", f"{11:032x}"),), "validated"))
    out = world.clean("out", editions=[script])
    assert [row["WIDTH"] for row in rows_of(out, "last")] == [1, 2]
    world.send(Sent((("image_md5", f"{12:032x}"),), "validated"))
    made = world.update(out, "out2", editions=[script], verify=True)
    assert made.verdict is not None
    assert made.verdict.ok, made.verdict.findings
    assert [row["WIDTH"] for row in rows_of(made.out, "last")] == [2]


def test_what_an_edition_asks_of_lists_hangs_on_its_shard_alone(tmp_path: Path) -> None:
    """So a shard that a new list does not touch need not be decided again."""
    script = tmp_path / "many.sql"
    script.write_text(
        "-- name: many\n-- purpose: All.\n-- parent: original\n-- labels: csam\n-- rules: many\n"
        "insert into removals select 'many', shard_no, file_row_number, 'many' from shard "
        "where (select count(*) from lists) > 1 "
        "union all select 'many', shard_no, file_row_number, 'list' from list_hits;\n"
    )
    world = World(tmp_path / "w")
    unlisted = [{"url": "https://c.example/3.jpg"}] * 9
    world.grow([[ROW, *unlisted], [OTHER, *unlisted]])
    world.send(Sent((("image_md5", f"{11:032x}"),)))
    out = world.clean("out", editions=[script])
    world.send(Sent((("image_md5", f"{12:032x}"),)))
    made = world.update(out, "out2", editions=[script])
    assert files(made.out) == files(world.clean("fresh", editions=[script]))


@pytest.mark.slow
@pytest.mark.parametrize("gained", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3))])
def test_what_left_by_a_link_that_stands_elsewhere_stays_out(tmp_path: Path, gained: int) -> None:
    """As many rows are named anew as are not found again, fewer, or more."""
    linked = [{"url": ROW["url"]}, {"url": "http://www.a.example/1.jpg#again"}]
    new = [{"url": f"https://c.example/{i}.jpg"} for i in range(3)]
    world = World(tmp_path)
    world.grow([[ROW, OTHER], [*linked, *new, OTHER]])
    world.send(Sent((("image_md5", f"{11:032x}"),)))
    out = world.clean("out")
    world.send(Sent(tuple(("url", row["url"]) for row in new[:gained])))
    made = world.update(out, "out2", verify=True)
    assert made.verdict is not None
    assert made.verdict.ok, made.verdict.findings
    whole = world.clean("whole")
    assert files(made.out) == files(whole)
    assert audit(made.out) == audit(whole)


@pytest.mark.slow
def test_a_list_that_was_withdrawn_and_came_again_counts_once(world: World) -> None:
    world.send(Sent((("url", "https://c.example/3.jpg"),)))
    out = world.clean("first")
    withdraw(world.lists, 2)
    world.send(Sent((("url", "https://c.example/3.jpg"),)))
    made = world.update(out, "out2", verify=True)
    assert made.verdict is not None
    assert made.verdict.ok, made.verdict.findings
    with duckdb.connect(str(made.out / "audit.duckdb"), read_only=True) as con:
        last = con.sql("select sum(new_rows), sum(gross) from protocol").fetchall()
        found = con.sql("select sum(rows) from hit_groups where grouping = 'all'").fetchall()
    assert (last, found) == ([(2, 3)], [(2,)])


@pytest.mark.slow
def test_a_lost_shard_is_no_lost_row(world: World) -> None:
    world.grow([[{"url": ROW["url"]}, OTHER]])
    out = world.clean("first")
    (world.folder / "data/multi/part-000.parquet").unlink()
    made = world.update(out, "out2", verify=True, allow_changed=True)
    assert made.verdict is not None
    assert made.verdict.ok, made.verdict.findings
    assert len(rows_of(made.out, "research")) == 3  # its link stood in the shard that is gone


@pytest.mark.parametrize("gained", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_what_was_taken_back_two_steps_ago_stays_out(tmp_path: Path, gained: int) -> None:
    rows = [{**ROW, "image_md5": f"{n:032x}", "url": f"https://a.example/{n}"} for n in range(9)]
    listed = tmp_path / "l1.txt"
    listed.write_text(f"{0xAB0001:032x}\n{0xAB0002:032x}\n")
    for n in (1, 2, 3, 4):
        rows[n]["image_md5"] = f"{0xAB0000 + n:032x}"
    world = World(tmp_path)
    world.grow([rows])
    store.add(world.lists, [listed], source="A")
    out = world.clean("out")
    (tmp_path / "u.txt").write_text(f"+{0xAB0090:032x}\n-{0xAB0001:032x}\n")
    store.add(world.lists, [tmp_path / "u.txt"], source="A", update=1)
    second = world.update(out, "out2").out
    world.send(Sent(tuple(("image_md5", f"{0xAB0000 + n:032x}") for n in (3, 4)[:gained])))
    made = world.update(second, "out3", verify=True)
    assert made.verdict is not None
    assert made.verdict.ok, made.verdict.findings
    kept = [row["WIDTH"] for row in rows_of(made.out, "research")]
    assert kept == [n for n in range(9) if n not in (1, 2, 3, 4)[: 2 + gained]]


@pytest.mark.slow
def test_a_shard_that_was_renamed_brings_nothing_back(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.grow([[ROW, OTHER], [OTHER]])
    world.send(Sent((("image_md5", f"{11:032x}"),)))
    out = world.clean("out")
    world.send(Sent((("url", "https://z.example/3.jpg"),)))
    withdraw(world.lists, 1)
    shard = world.folder / "data/multi/part-000.parquet"
    shard.rename(shard.with_name("renamed.parquet"))
    made = world.update(out, "out2", verify=True, allow_changed=True)
    assert made.verdict is not None
    assert made.verdict.ok, made.verdict.findings
    assert [row["WIDTH"] for row in rows_of(made.out, "research")] == [2, 1]


@pytest.mark.parametrize("renames", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_it_is_said_where_a_changed_shard_brings_rows_back(world: World, renames: bool) -> None:
    """Of other bytes nobody knows which of their rows had left."""
    out = world.folder / "out"
    withdraw(world.lists, 1)
    world.send(Sent((("url", "https://z.example/3.jpg"),)))
    first = world.folder / "data/multi/part-000.parquet"
    if renames:
        first.unlink()
        first = first.with_name("renamed.parquet")
    write_shard(first, [OTHER, ROW], JOINED)
    made = world.update(out, "out2", verify=True, allow_changed=True)
    assert [row["WIDTH"] for row in rows_of(made.out, "research")] == [2, 3, 0, 1]
    assert made.verdict is not None
    (told,) = [x for x in made.verdict.notices if "other than the parent had it" in x]
    assert told.startswith(f"multi/{first.name}: new, or") and "may be here again" in told
    (said,) = [x for x in made.notices if "not what" in x]
    assert said.startswith(f"multi/{first.name}: not what {out} was made of, so cleaned as if new")
    assert not made.publishable
    # nothing is to be said of a shard that is new, or as it was
    write_shard(world.folder / "data/multi/new.parquet", [OTHER], JOINED)
    made = world.update(made.out, "out3", verify=True)
    assert not [x for x in made.notices if "not what" in x]
    assert made.verdict is not None
    assert "multi/new.parquet: new, or other than the parent had it" in made.verdict.notices


@pytest.mark.slow
def test_an_edition_that_was_changed_is_not_walked(world: World) -> None:
    out = world.folder / "out"
    world.send(Sent((("url", "https://c.example/3.jpg"),)))
    shard = out / "research/en/part-001.parquet"
    shard.unlink()  # it is the input itself
    shutil.copy(out / "research/multi/part-000.parquet", shard)
    with pytest.raises(Exception, match=r"en/part-001.parquet: is not what the manifest above"):
        world.update(out, "out2")
