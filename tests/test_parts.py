"""A clean in parts, end to end: it ends as one clean of all does, in no other order, once."""

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.errors import InputError
from relaion.run.out import open_out
from relaion.run.parts import check_phase, divided
from tests import cover_world
from tests.parts import did, folders, in_parts, merge, part, search, write
from tests.pipeline import Sent, add_lists, here, rows_of, write_shard
from tests.test_clean import contents

pytestmark = pytest.mark.usefixtures("all_counts", "no_sample")
ARGS = ("data", "--lists", "lists.duckdb")
MINE = """-- name: mine
-- purpose: What research removes, and rows that are wide.
-- parent: research
-- labels: csam, privacy, opt-out
-- rules: wide
insert into removals
select 'mine', shard_no, file_row_number, reason from removals where edition = 'research'
union all
select 'mine', shard_no, file_row_number, 'wide' from source where "WIDTH" > 60;
"""


# -- How shards are divided ----------------------------------------------------------------------


@given(st.lists(st.integers(1, 1000), max_size=40), st.integers(1, 9))
def test_every_shard_is_of_one_part_and_parts_are_alike(sizes: list[int], of: int) -> None:
    parts = divided(sizes, of)
    held = [sum(s for s, p in zip(sizes, parts, strict=True) if p == no) for no in range(1, of + 1)]
    assert sum(held) == sum(sizes)
    assert max(held) - min(held) <= max(sizes, default=0)
    assert parts == divided(list(sizes), of)


@pytest.mark.parametrize(
    ("shards", "phase", "told"),
    [
        ("0/2", "find", "write which part of how many"),
        ("3/2", "find", "write which part of how many"),
        ("1", "find", "write which part of how many"),
        ("1/2", None, "add --phase find"),
        ("1/2", "verify", "write --phase find"),
        (None, "find", "say which with --shards"),
    ],
)
def test_a_share_is_part_of_how_many(shards: str, phase: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        check_phase(shards, phase)


# -- The same as one clean -------------------------------------------------------------------------


def make(folder: Path) -> Path:
    """Six shards of two subsets: a listed row in one, its link in others, spelled otherwise."""
    for i in range(6):
        rows: list[dict[str, Any]] = [
            {"url": f"https://h.example/{i}-{j}.jpg", "punsafe": j / 20, "text": "a picture"}
            for j in range(20 + i)
        ]
        if i == 1:
            rows[7] |= {"image_md5": "ab" * 16, "url": "https://seen.example/a.jpg"}
        if i in (0, 4):
            rows[9] |= {"url": "http://www.seen.example/a.jpg/"}
        if i == 5:
            rows[19] |= {"text": "a teapot", "punsafe": 0.99}
        write_shard(folder / f"data/{'en' if i < 3 else 'multi'}/part-{i}.parquet", rows)
    (folder / "words.txt").write_text("teapot\n")
    (folder / "mine.sql").write_text(MINE)
    add_lists(folder / "lists.duckdb", [Sent((("image_md5", "AB" * 16),))])
    return folder


def removed(folder: Path) -> int:
    return sum(1 for i in range(6) for _ in range(20 + i)) - len(rows_of(folder, "research"))


def test_a_same_link_leaves_whatever_part_it_is_in(tmp_path: Path) -> None:
    make(tmp_path)
    did(here("clean", *ARGS, "--out", "whole", "--no-verify", cwd=tmp_path))
    assert removed(tmp_path / "whole") == 3
    rounds = [in_parts(tmp_path, n, ARGS, f"out{n}") for n in (2, 7)]  # one has no shard
    assert rounds == [2, 2]  # what the lists name, then its links
    whole = contents(tmp_path / "whole")
    for n in (2, 7):
        assert contents(tmp_path / f"out{n}") == whole, n
    args = (*ARGS, "--no-same-link")
    assert in_parts(tmp_path, 2, args, "fewer") == 1
    assert removed(tmp_path / "fewer") == 1
    done = did(here("verify", "out2", "--inputs", *ARGS, "--json", cwd=tmp_path))
    assert all(o["state"] == "held" for o in json.loads(done.stdout)["outcomes"])
    with pytest.raises(FileNotFoundError):
        (tmp_path / "out2/.work").stat()


def test_untouched_shards_stay_links_of_the_input(tmp_path: Path) -> None:
    make(tmp_path)
    in_parts(tmp_path, 3, (*ARGS, "--edition", "research"), "out")
    linked = {
        source.name
        for source in (tmp_path / "data").rglob("*.parquet")
        if source.samefile(tmp_path / "out/research" / source.relative_to(tmp_path / "data"))
    }
    assert linked == {"part-2.parquet", "part-3.parquet", "part-5.parquet"}


def covered_world(folder: Path) -> Path:
    """Sites that share images and links over shards, images in a sidecar, keywords, an edition."""
    cover_world.make(folder, cover_world.LINKS)
    (folder / "data/multi").mkdir()
    (folder / "data/en/part-3.parquet").rename(folder / "data/multi/part-3.parquet")
    (folder / "words.txt").write_text("teapot\n")
    (folder / "mine.sql").write_text(MINE)
    (folder / "beside").mkdir()
    beside = {
        "url": [f"https://site{h}.example/a/0.jpg" for h in (5, 7, 9)],
        "md5": [cover_world.md5("beside")] * 2 + ["no digest"],
    }
    pq.write_table(pa.table(beside), folder / "beside/s.parquet")
    add_lists(
        folder / "lists.duckdb",
        [Sent(()), Sent((("image_md5", cover_world.md5("beside")),), "privacy", "B")],
    )
    return folder


@pytest.mark.slow
def test_cover_sidecars_keywords_and_own_editions_are_as_in_one_clean(tmp_path: Path) -> None:
    """The ledger is grown once, by the merge, and ends as that of one clean."""
    covered_world(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "many")
    args = (
        *ARGS, "--keywords", "words.txt", "--sidecar", "beside", "--edition", "research",
        "--edition", "mine.sql", "--cover", "2", "--cover-site-rows", "60", "--yes-i-checked",
    )  # fmt: skip
    did(here("clean", *args, "--out", "out", "--no-verify", cwd=tmp_path / "one"))
    rounds = in_parts(tmp_path / "many", 3, args, "out", "--yes-i-checked")
    assert rounds > 4
    one, many = (contents(tmp_path / name / "out") for name in ("one", "many"))
    assert one == many
    assert {line[1] for line in one["removals"] if "cover" in line} == {"en", "multi"}
    ledgers = [(tmp_path / name / "cover.duckdb") for name in ("one", "many")]
    assert _ledger(ledgers[0]) == _ledger(ledgers[1])
    assert stat.S_IMODE(ledgers[1].stat().st_mode) == 0o600


def _ledger(path: Path) -> list[Any]:
    from relaion.engine import connect

    with connect(path, read_only=True) as engine:
        return [engine.rows(f"from {table} order by all") for table in ("sites", "cover")]


# -- In no other order ---------------------------------------------------------------------------


def refused(done: Any, *words: str) -> None:
    """A command that ended with one line that says these words, and no other code than 2."""
    assert done.returncode == 2, done.stdout + done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert all(word in last for word in words), last
    assert "seen.example" not in done.stderr and "ab" * 16 not in done.stderr


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, all_counts: None) -> Path:
    """Two parts that have searched once: to be looked at, never to be changed."""
    folder = make(tmp_path_factory.mktemp("found"))
    for no in (1, 2):
        did(part(folder, no, 2, "find", ARGS))
    return folder


@pytest.fixture
def world(found: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    copied = tmp_path / "world"
    shutil.copytree(found, copied)
    _moved(copied, found)
    return copied


def _moved(folder: Path, before: Path) -> None:
    """Have the parts know where their inputs are now, and when they were written."""
    for plan in folder.rglob("plan.json"):
        note = json.loads(plan.read_text())
        for stamp in note["stamps"]:
            path = folder / Path(stamp[0]).relative_to(before)
            os.utime(path, ns=(stamp[2], stamp[2]))
            stamp[0] = str(path)
        plan.write_text(json.dumps(note))


def test_a_wrong_order_is_refused_with_the_command_to_run(world: Path) -> None:
    refused(merge(world, 2), "--phase find", "--out")
    refused(merge(world, 2, "--phase", "write"), "only `find`")
    refused(part(world, 1, 2, "write", ARGS), "part 1/2", "relaion merge PART... --phase find")
    refused(part(world, 3, 3, "write", ARGS), "was not searched yet", "--phase find")
    assert not (world / "parts/3").exists()
    refused(merge(world, 2, "--out", "out"), "relaion merge", "--phase find")
    assert not (world / "out").exists()
    shutil.copytree(world / "parts/2", world / "before")
    again = did(merge(world, 2, "--phase", "find"), 1)
    assert "--phase find` of every part again" in again.stdout
    refused(part(world, 1, 2, "write", ARGS), "not searched yet", "--phase find")
    did(merge(world, 2, "--phase", "find"), 2)  # nobody has searched since
    did(part(world, 1, 2, "find", ARGS))
    refused(merge(world, 2, "--phase", "find"), "parts/2: part 2/2", "--phase find")
    refused(part(world, 1, 2, "write", ARGS), "relaion merge PART... --phase find")
    did(part(world, 2, 2, "find", ARGS))
    did(merge(world, 2, "--phase", "find"))
    did(part(world, 1, 2, "write", ARGS))
    refused(
        merge(world, 2, "--out", "out"), "parts/2: part 2/2", "not written yet", "--phase write"
    )
    assert not (world / "out").exists()
    did(merge(world, 2, "--phase", "find"))  # may be repeated
    assert "is next" in did(part(world, 1, 2, "find", ARGS)).stdout
    shutil.rmtree(world / "parts/2")
    (world / "before").rename(world / "parts/2")  # one that was put back from before
    refused(merge(world, 2, "--out", "out"), "parts/2: part 2/2", "relaion merge")


def test_a_finished_merge_is_left_alone_and_its_parts_are_empty(world: Path) -> None:
    assert search(world, 2, ARGS) == 2
    write(world, 2, ARGS)
    did(merge(world, 2, "--out", "out"))
    before = contents(world / "out")
    stamp = (world / "out/manifest.json").stat().st_mtime_ns
    for each in folders(2):
        assert [p.name for p in (world / each).iterdir()] == ["merged.json"]
    again = did(merge(world, 2, "--out", "out", "--json"))
    assert json.loads(again.stdout)["cleaned"]["done_before"] is True
    assert (world / "out/manifest.json").stat().st_mtime_ns == stamp
    assert contents(world / "out") == before
    refused(merge(world, 2, "--out", "other"), "part 1/2 was merged already")
    refused(merge(world, 2, "--phase", "find"), "part 1/2 was merged already")
    for phase in ("find", "write"):
        refused(part(world, 2, 2, phase, ARGS), "part 2/2 was merged already")
    assert not (world / "other").exists()


# -- Parts that do not belong together -----------------------------------------------------------


def test_parts_that_are_not_all_of_one_run_are_refused(world: Path) -> None:
    find = ("--phase", "find")
    both = folders(2)
    refused(here("merge", both[0], *find, cwd=world), "part 2/2 is missing")
    refused(here("merge", *both, both[0], *find, cwd=world), "parts/1: is named twice")
    refused(here("merge", *both, "nowhere", *find, cwd=world), "nowhere: no such folder")
    refused(here("merge", *both, "data", *find, cwd=world), "data: holds no part of a clean")
    shutil.copytree(world / "parts/2", world / "copy")
    refused(here("merge", *both, "copy", *find, cwd=world), "copy: part 2/2, and so is parts/2")
    refused(here("merge", both[0], "data", "--out", "data/x", cwd=world), "data/x: ")
    refused(here("merge", *both, "--out", "parts/1/x", cwd=world), "parts/1/x: ")
    with open_out(world / "parts/2", None):
        refused(merge(world, 2, *find), "parts/2: process", "is writing to this folder")
        refused(part(world, 2, 2, "find", ARGS), "parts/2: process")
    did(here("clean", *ARGS, "--out", "whole", "--no-verify", "--no-inner", cwd=world))
    refused(here("merge", both[0], "whole", *find, cwd=world), "whole: holds no part")
    refused(
        here("clean", *ARGS, "--out", "whole", "--shards", "1/2", *find, cwd=world),
        "whole: holds a finished run", "a folder of its own",
    )  # fmt: skip
    refused(here("clean", *ARGS, "--out", both[0], cwd=world), "parts/1: holds part 1/2 of a clean")
    refused(part(world, 1, 3, "find", ARGS), "holds part 1/2 of a clean, not part 1/3")
    refused(merge(world, 2, "--out", "whole"), "parts/1: is no part of the run that OUT holds")


def _other(folder: Path, what: str) -> tuple[str, ...]:
    """Change something that decides; returns the arguments for it."""
    args = list(ARGS)
    if what == "lists":
        shutil.copy(folder / "lists.duckdb", folder / "other.duckdb")
        shutil.copy(folder / "lists.duckdb.key", folder / "other.duckdb.key")
        add_lists(folder / "other.duckdb", [Sent(()), Sent((("image_md5", "cd" * 16),))])
        args[2] = "other.duckdb"
    if what == "key":
        (folder / "other.key").write_text("5e" * 32)
        (folder / "other.key").chmod(0o600)
        args += ["--key", "other.key"]
    if what == "data":
        shutil.copytree(folder / "data", folder / "other")
        rows = [{"url": f"https://h.example/{i}.jpg"} for i in range(20)]
        write_shard(folder / "other/en/part-0.parquet", rows)
        args[0] = "other"
    if what == "same size":
        shutil.copytree(folder / "data", folder / "other")
        path = folder / "other/multi/part-4.parquet"
        path.write_bytes(path.read_bytes().replace(b"parquet-cpp", b"parquet-gpp"))
        args[0] = "other"
    if what == "sidecar":
        (folder / "beside").mkdir()
        table = {"url": ["https://h.example/1.jpg"], "md5": ["ab" * 16]}
        pq.write_table(pa.table(table), folder / "beside/s.parquet")
        args += ["--sidecar", "beside"]
    return tuple(args)


@pytest.mark.parametrize(
    ("what", "more", "told"),
    [
        ("lists", (), "the lists differ"),
        ("key", (), "the curator key differs"),
        ("data", (), "the inputs differ, first in en/part-0.parquet"),
        ("same size", (), "the inputs differ, first in multi/part-4.parquet"),
        ("sidecar", (), "the sidecars differ"),
        ("", ("--keywords", "words.txt"), "--keywords differs"),
        ("", ("--edition", "mine.sql", "--edition", "research"), "the editions differ"),
        ("", ("--unscored", "drop"), "--unscored differs"),
        ("", ("--cover", "2"), "cover differs"),
        ("", ("--column", "text=TEXT"), "columns differs"),
    ],
)
def test_a_part_of_another_run_is_named_with_what_differs(
    what: str, more: tuple[str, ...], told: str, world: Path
) -> None:
    args = (*_other(world, what), *more)
    did(part(world, 2, 2, "find", args, "others"))
    done = here("merge", "others/2", "parts/1", "--phase", "find", cwd=world)
    refused(done, "others/2: part 2/2 is of another run than parts/1", told)
    said = {"key": "under another curator key", "same size": "changed since the run began"}
    refused(part(world, 2, 2, "find", args), said.get(what, "parts/2: holds"), "--purge")


def test_parts_of_other_versions_are_refused(world: Path) -> None:
    for name, told in (("duckdb", "duckdb 0.9, here"), ("relaion", "relaion 0.9, here")):
        for each in folders(2):
            plan = world / each / ".work/plan.json"
            note = json.loads(plan.read_text())
            note["plan"]["versions"][name] = "0.9"
            plan.write_text(json.dumps(note))
        refused(merge(world, 2, "--phase", "find"), "parts/1: part 1/2 was made with", told)
