"""`update` end to end: a takedown, two at once, cover, and rows that are alike."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from relaion.engine import connect
from relaion.errors import BusyError, RelaionError
from relaion.lists import withdraw
from relaion.run.manifest import plan_of
from relaion.run.out import open_out
from relaion.run.settings import run_of
from relaion.run.walk import missing_rows
from relaion.stages.clean import clean
from relaion.stages.cleaned import Cleaned
from relaion.stages.update import update
from tests import cover_world
from tests.pipeline import InProcess, Sent, add_lists, here, relaion, rows_of, write_shard
from tests.test_update import HOW, ROW, World, files

pytestmark = pytest.mark.usefixtures("all_counts", "no_sample")
LINK = "https://example.com/photo.jpg"
SPELLED = "http://www.example.com:80/photo.jpg#top"
EDITIONS = ("research", "research-safe")


def _hold(made: Cleaned) -> None:
    assert made.verdict is not None
    assert made.verdict.ok, made.verdict.findings


# -- a takedown --------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_takedown_is_four_lines(tmp_path: Path) -> None:
    """As `relaion/run/README.md` tells it: no file of the request, and no word of it anywhere."""
    rows = [
        [{"url": LINK, "text": "one"}, {"url": "https://b.example/2.jpg", "text": "two"}],
        [{"url": SPELLED, "text": "three"}, {"url": "https://c.example/3.jpg", "text": "four"}],
        [{"url": "https://example.com/photo.jpg2", "text": "five"}],
    ]
    for i, shard in enumerate(rows):
        write_shard(tmp_path / f"data/en/{i}.parquet", shard)
    (tmp_path / "words.txt").write_text("teapot\n")
    (tmp_path / "first.txt").write_text("https://c.example/3.jpg\n")
    lists = ("--lists", "lists.duckdb")
    words = (*lists, "--keywords", "words.txt")

    def ran(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        done = relaion(*args, cwd=tmp_path, stdin=stdin) if stdin else here(*args, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "photo.jpg" not in done.stdout + done.stderr
        return done

    ran("lists", "add", "first.txt", *lists, "--source", "IWF")
    ran("clean", "data/", *words, "--out", "clean/")
    private = ("--source", "requests", "--label", "privacy")
    ran("lists", "add", "-", *lists, *private, stdin=f"{LINK}\n")
    assert "requests" in ran("match", "data/", *lists).stdout
    told = ran("update", "clean/", "--inputs", "data/", *words, "--out", "clean-2/")
    assert "shards left as they were: 1, written anew: 2" in told.stderr
    ran("verify", "clean-2/", "--parent", "clean/", "--inputs", "data/", *words)
    for edition in EDITIONS:
        assert [row["TEXT"] for row in rows_of(tmp_path / "clean-2", edition)] == ["two", "five"]
        linked = [tmp_path / out / edition / "en/2.parquet" for out in ("clean", "clean-2")]
        assert linked[0].samefile(linked[1])
    public = [p for p in (tmp_path / "clean-2").rglob("*") if p.suffix in (".json", ".duckdb")]
    assert len(public) == 3 and not any(b"photo.jpg" in p.read_bytes() for p in public)
    # a link that no row has changes nothing, and says so
    ran("lists", "add", "-", *lists, *private, stdin="https://example.com/other.jpg\n")
    ran("update", "clean-2/", "--inputs", "data/", *words, "--out", "clean-3/")
    assert files(tmp_path / "clean-3") == files(tmp_path / "clean-2")


# -- two at once ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two shards, a list, and `out`, which a clean made of them; copied and never changed."""
    made = World(tmp_path_factory.mktemp("cleaned") / "world")
    made.grow([[ROW, {"url": "https://c.example/3.jpg"}], [{"url": "https://b.example/2.jpg"}]])
    made.send(Sent((("image_md5", f"{11:032x}"),)))
    made.clean("out")
    return made


@pytest.fixture
def world(cleaned: World, tmp_path: Path) -> World:
    """The same, a test's own."""
    return cleaned.copied(tmp_path)


@pytest.mark.slow
def test_who_comes_second_to_an_out_is_told_and_breaks_nothing(world: World) -> None:
    out = world.folder / "out"
    world.send(Sent((("url", "https://c.example/3.jpg"),)))
    with open_out(world.folder / "out2", None):
        before = {p: p.stat().st_mtime_ns for p in (world.folder / "out2").rglob("*")}
        with pytest.raises(BusyError) as e:
            world.update(out, "out2")
        assert "out2" in str(e.value) and "\n" not in str(e.value)
        assert {p: p.stat().st_mtime_ns for p in (world.folder / "out2").rglob("*")} == before
    assert not world.update(out, "out2").done_before


@pytest.mark.slow
def test_of_two_processes_on_one_out_one_does_it(world: World) -> None:
    out = world.folder / "out"
    world.send(Sent((("url", "https://c.example/3.jpg"),)))
    words = [
        sys.executable, "-m", "relaion", "update", out, "--inputs", world.folder / "data",
        "--lists", world.lists, "--keywords", world.words, "--out", world.folder / "out2",
        "--yes-i-checked", "--workers", "1",
    ]  # fmt: skip
    both = [
        subprocess.Popen(
            [str(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=dict(os.environ),
        )
        for _ in range(2)
    ]  # fmt: skip
    said = [one.communicate(timeout=300)[1] for one in both]
    codes = sorted(one.returncode for one in both)
    assert codes in ([0, 0], [0, 2]), said  # the later may also find it finished
    for one, told in zip(both, said, strict=True):
        assert one.returncode == 0 or len(told.strip().splitlines()) == 1, told
    assert files(world.folder / "out2") == files(world.clean("whole"))


# -- cover -----------------------------------------------------------------------------------------


def _urls(out: Path, edition: str) -> set[str]:
    paths = sorted((out / edition).rglob("*.parquet"))
    return {x for p in paths for x in pq.read_table(p, partitioning=None)["URL"].to_pylist()}


def _covered(folder: Path, out: str, cover: int) -> Cleaned:
    return clean(
        folder / "data", folder / "lists.duckdb", folder / out, executor=InProcess(),
        cover=cover, cover_site_rows=100, verify=False, yes_i_checked=True, workers=1,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("first", [pytest.param(0, marks=pytest.mark.slow), 2])
def test_new_cover_beside_rows_whose_list_was_withdrawn(tmp_path: Path, first: int) -> None:
    """Cover that came since leaves shards in which rows left that nothing names any more."""
    cover_world.make(tmp_path, cover_world.LINKS[:2])
    (tmp_path / "more").mkdir()
    (tmp_path / "more/lists.duckdb").symlink_to(tmp_path / "lists.duckdb")
    add_lists(
        tmp_path / "more/lists.duckdb",
        [Sent(()), Sent(tuple(("url", link) for link in cover_world.LINKS[2:]))],
    )
    out = _covered(tmp_path, "out", first).out
    gone = {e: _urls(out, e) for e in EDITIONS}
    assert all(link not in urls for urls in gone.values() for link in cover_world.LINKS[2:])
    withdraw(tmp_path / "lists.duckdb", 2)
    (tmp_path / "new").mkdir()
    (tmp_path / "new/lists.duckdb").symlink_to(tmp_path / "lists.duckdb")
    new = "https://site40.example/a/0.jpg"
    add_lists(tmp_path / "new/lists.duckdb", [Sent(()), Sent(()), Sent((("url", new),))])
    made = update(
        out, tmp_path / "data", tmp_path / "lists.duckdb", tmp_path / "out2", cover=4,
        cover_site_rows=100, executor=InProcess(), **(HOW | {"verify": True}),
    )  # fmt: skip
    _hold(made)
    for edition in EDITIONS:
        left = _urls(made.out, edition)
        assert left < gone[edition]  # nothing came back, and cover left
        assert new not in left and len(gone[edition]) - len(left) > 10
    # and without more cover, the ledger keeps its rows out, too
    third = update(
        made.out, tmp_path / "data", tmp_path / "lists.duckdb", tmp_path / "out3",
        executor=InProcess(), **(HOW | {"verify": True}),
    )  # fmt: skip
    _hold(third)
    assert all(_urls(third.out, e) == _urls(made.out, e) for e in EDITIONS)


# -- rows that are alike ---------------------------------------------------------------------------

ONE_OF = """\
-- name: one_of
-- purpose: One row of each shard.
-- parent: original
-- labels: csam
-- rules: none
insert into removals select 'one-of', shard_no, {which}(file_row_number), 'list'
from list_hits group by shard_no;
"""


@pytest.mark.slow
@pytest.mark.parametrize("which", ["min", pytest.param("max", marks=pytest.mark.slow)])
def test_of_rows_that_are_alike_as_many_stay_as_did(tmp_path: Path, which: str) -> None:
    """A script of one's own takes one of three equal rows; which one, a walk cannot know."""
    script = tmp_path / "one_of.sql"
    script.write_text(ONE_OF.format(which=which))
    alike = {"url": "https://a.example/1.jpg", "image_md5": f"{11:032x}", "WIDTH": 7}
    other = {"url": "https://b.example/2.jpg", "image_md5": f"{12:032x}", "WIDTH": 8}
    world = World(tmp_path / "w")
    write_shard(tmp_path / "w/data/en/0.parquet", [alike, other, alike, alike, other])
    world.send(Sent((("image_md5", f"{11:032x}"),), "validated"))
    out = world.clean("out", editions=[script])
    assert [row["WIDTH"] for row in rows_of(out, "one-of")] == (
        [8, 7, 7, 8] if which == "min" else [7, 8, 7, 8]
    )
    withdraw(world.lists, 1)
    world.send(Sent((("image_md5", f"{12:032x}"),), "validated"))
    made = world.update(out, "out2", editions=[script], verify=True)
    _hold(made)
    assert [row["WIDTH"] for row in rows_of(made.out, "one-of")] == (
        [7, 7, 8] if which == "min" else [7, 8, 7]
    )
    # and where the same script names one of the same rows again, no more than one more leaves
    world.send(Sent((("image_md5", f"{11:032x}"),), "validated"))
    third = world.update(made.out, "out3", editions=[script], verify=True)
    _hold(third)
    assert len(rows_of(third.out, "one-of")) in (2, 3)


# -- what is not walked ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("linked", [False, True])
def test_a_shard_is_walked_where_the_lists_of_before_do_not_name_all_that_had_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    """Of a touched shard: where a row left by a link that stands in another."""
    walked: list[Path] = []

    def walk(shard: Path, edition: Path, *given: Any) -> Any:
        walked.append(edition)
        return missing_rows(shard, edition, *given)

    monkeypatch.setattr("relaion.run.shard_task.missing_rows", walk)
    new: dict[str, Any] = {"url": "https://c.example/3.jpg", "punsafe": 0.99}
    row = {"url": ROW["url"]} if linked else {"url": "https://d.example", "image_md5": f"{11:032x}"}
    world = World(tmp_path)
    world.grow([[ROW, {"url": "https://b.example/2.jpg"}], [row, new, {"url": new["url"]}]])
    world.send(Sent((("image_md5", f"{11:032x}"),)))
    out = world.clean("out")
    world.send(Sent((("url", new["url"]),)))
    made = world.update(out, "out2", verify=True)
    _hold(made)
    assert walked == ([out / e / "en/part-001.parquet" for e in EDITIONS] if linked else [])
    assert files(made.out) == files(world.clean("whole"))


# -- a run before that is not what it states -------------------------------------------------------


@pytest.mark.parametrize("what", ["rows", "gone", "cut"])
def test_a_run_before_that_does_not_hold_together_is_refused_before_any_work(
    world: World, what: str
) -> None:
    out = world.folder / "out"
    audit, manifest = out / "audit.duckdb", out / "manifest.json"
    if what == "rows":
        made = json.loads(manifest.read_text())
        made["outputs"][0]["rows"] += 1
        manifest.write_text(json.dumps(made, indent=1))
    elif what == "gone":
        audit.unlink()
    else:
        audit.write_bytes(audit.read_bytes()[:20_000])
    with pytest.raises(RelaionError) as e:
        world.update(out, "out2")
    assert "\n" not in str(e.value) and "out" in str(e.value)
    assert not (world.folder / "out2").exists()


@pytest.mark.parametrize(
    "edit",
    [
        "update protocol set gross = gross + 1",
        "delete from coverage",
        "update scores set rows = rows + 1",
        "update hits set exclusive = 0",
        "comment on table protocol is 'x'",
    ],
)
def test_a_run_before_whose_audit_was_edited_is_refused_by_its_name(
    world: World, edit: str
) -> None:
    out = world.folder / "out"
    before = (out / "audit.duckdb").read_bytes()
    with connect(out / "audit.duckdb") as engine:
        engine.execute(edit)
    assert (out / "audit.duckdb").read_bytes() != before
    world.send(Sent(()))
    with pytest.raises(RelaionError) as e:
        world.update(out, "out2")
    assert str(e.value).startswith(f"{out / 'audit.duckdb'}: is not the audit that the manifest")
    assert not (world.folder / "out2").exists()


@pytest.mark.slow
def test_to_open_an_audit_or_to_read_it_changes_nothing_of_it(world: World) -> None:
    """Also where somebody forgot to say that they only read, and where it is made again."""
    out = world.folder / "out"
    stated = json.loads((out / "manifest.json").read_text())["audit"]
    with connect(out / "audit.duckdb") as engine:
        assert engine.rows("select count(*) from coverage")
        engine.execute("checkpoint")
    assert hashlib.sha256((out / "audit.duckdb").read_bytes()).hexdigest() == stated
    again = world.clean("again")
    assert json.loads((again / "manifest.json").read_text())["audit"] == stated


def _edits(made: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A manifest without each of its parts, and with each part that decided as another."""
    for name in made:
        yield f"{name} gone", {k: v for k, v in made.items() if k != name}
        yield f"{name} null", made | {name: None if name != "cover" else {}}
    for name in ("inputs", "outputs", "lists", "editions", "scripts"):
        first, *others = made[name]
        for key, value in first.items():
            yield (
                f"{name}.{key} gone",
                made | {name: [{k: v for k, v in first.items() if k != key}, *others]},
            )
            other = value + 1 if isinstance(value, int) else f"{value}x"
            yield f"{name}.{key} other", made | {name: [first | {key: other}, *others]}
    for key, value in made["parameters"].items():
        changed = value + 1 if isinstance(value, int | float) else f"{value}x"
        yield f"parameters.{key} other", made | {"parameters": made["parameters"] | {key: changed}}
    step = {"run": "0" * 16, "finished": "", "manifest": "0" * 64, "kept_out": False, "lists": []}
    yield "a step before", made | {"lineage": [step]}


def test_a_run_before_whose_manifest_was_edited_is_refused_before_any_work(world: World) -> None:
    """Of each part; a time and a word for publishing decide no row, and are verify's to hold."""
    out = world.folder / "out"
    manifest = out / "manifest.json"
    whole = json.loads(manifest.read_text())
    world.send(Sent(()))
    missed = []
    for name, edited in _edits(whole):
        manifest.write_text(json.dumps(edited, indent=1))
        try:
            world.update(out, "out2")
        except RelaionError as e:
            assert "\n" not in str(e) and str(out) in str(e), (name, e)
            if (world.folder / "out2").exists():
                missed.append(name)
                shutil.rmtree(world.folder / "out2")
        else:
            missed.append(name)
            shutil.rmtree(world.folder / "out2")
    assert missed == []


FORGED = {
    "sql_version": ("v0", "was made by SQL v0, which this version of relaion has not"),
    "lineage": ("x", "edited since it was written"),
    "lists": ([{}], "edited since it was written"),
    "scripts": ([], "the SQL scripts differ"),
    "key_version": (0, "the version of the link key differs"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_run_before_of_another_version_is_refused_whatever_its_manifest_holds(
    world: World, name: str
) -> None:
    """Its run is the digest of what it states."""
    out = world.folder / "out"
    made = json.loads((out / "manifest.json").read_text())
    made[name], said = FORGED[name]
    made["run"] = run_of(plan_of(made))
    (out / "manifest.json").write_text(json.dumps(made, indent=1))
    with pytest.raises(RelaionError, match=said) as e:
        world.update(out, "out2")
    assert str(out) in str(e.value)
