"""A clean in parts, end to end: it ends as one clean of all does, in no other order, once."""

import errno
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relaion.errors import InputError
from relaion.run.journal import WRITTEN, Journal
from relaion.run.out import open_out
from relaion.run.parts.division import check_phase, divided
from relaion.run.plan_note import PLAN, leave
from tests import cover_world
from tests.drawn import quickly
from tests.parts import did, folders, in_parts, merge, noted, part, search, write
from tests.pipeline import Sent, add_lists, here, rows_of, write_shard
from tests.test_clean import contents
from tests.test_properties import BESIDE, ROWS
from tests.test_update import DELIVERY, Rows, World

pytestmark = pytest.mark.usefixtures("all_counts", "no_sample")
ROOT = Path(__file__).resolve().parents[1]
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
        ("3/2", "find", "there are 2 parts, the last is 2/2"),
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
        if i in (0, 1, 4):
            for k in (12, 13, 14):  # sites like the listed one, over the same shards
                rows[k] |= {"url": f"https://n{k}.example/{i}.jpg", "punsafe": 0.4}
        if i in (0, 4):
            rows[9] |= {"url": "http://www.seen.example/a.jpg/"}
        if i == 5:
            rows[19] |= {"text": "a teapot", "punsafe": 0.99}
        write_shard(folder / f"data/{'en' if i < 3 else 'multi'}/part-{i}.parquet", rows)
    (folder / "words.txt").write_text("teapot\n")
    (folder / "mine.sql").write_text(MINE)
    add_lists(folder / "lists.duckdb", [Sent((("image_md5", "AB" * 16),))])
    return folder


ROWS_IN = sum(20 + i for i in range(6))


@pytest.mark.slow
def test_a_same_link_and_its_cover_leave_whatever_part_they_are_in(tmp_path: Path) -> None:
    make(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "many")
    args = (*ARGS, "--cover", "1", "--keywords", "words.txt")
    did(here("clean", *args, "--out", "out", "--no-verify", cwd=tmp_path / "one"))
    rounds = in_parts(tmp_path / "many", 2, args, "out")
    assert rounds > 3  # what the lists name, its links, and the sites of these
    one, many = tmp_path / "one/out", tmp_path / "many/out"
    assert contents(many) == contents(one)
    assert not (many / ".work").exists()
    left = {row["URL"] for row in rows_of(many, "research")}
    assert not any("seen.example" in link for link in left)
    assert ROWS_IN - len(rows_of(many, "research")) > 4  # three with the link, a keyword, cover
    given = ("--inputs", *ARGS, "--keywords", "words.txt")
    done = did(here("verify", "out", *given, "--json", cwd=tmp_path / "many"))
    assert all(o["state"] == "held" for o in json.loads(done.stdout)["outcomes"])


@pytest.mark.slow
def test_as_many_parts_as_there_are_and_more(tmp_path: Path) -> None:
    make(tmp_path)
    for args, searches, gone in ((ARGS, 2, 3), ((*ARGS, "--no-same-link"), 1, 1)):
        did(here("clean", *args, "--out", "whole", "--no-verify", cwd=tmp_path))
        assert ROWS_IN - len(rows_of(tmp_path / "whole", "research")) == gone
        for n in (1, 6, 7):
            assert in_parts(tmp_path, n, args, f"out{n}") == searches
            assert contents(tmp_path / f"out{n}") == contents(tmp_path / "whole"), n
            linked = {
                source.name
                for source in (tmp_path / "data").rglob("*.parquet")
                if source.samefile(
                    tmp_path / f"out{n}/research" / source.relative_to(tmp_path / "data")
                )
            }
            assert len(linked) == 6 - gone  # as by one clean
            shutil.rmtree(tmp_path / f"out{n}")
        shutil.rmtree(tmp_path / "whole")


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


@pytest.mark.slow
def test_parts_read_sidecars_of_a_store_as_one_clean_does(tmp_path: Path, s3: Any) -> None:
    """Each part fetches them, and `merge` too where it chooses cover; a changed one is refused."""
    covered_world(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "many")
    s3.put_folder(tmp_path / "one/beside", "beside")
    asked = (*ARGS, "--cover", "2", "--cover-site-rows", "60", "--yes-i-checked", "--sidecar")
    did(here("clean", *asked, "beside", "--out", "out", "--no-verify", cwd=tmp_path / "one"))
    shutil.rmtree(tmp_path / "many/beside")
    args = (*asked, "s3://shards/beside")
    search(tmp_path / "many", 2, args, "--yes-i-checked")
    whole = s3.client.get_object(Bucket="shards", Key="beside/s.parquet")["Body"].read()
    s3.put("beside/s.parquet", whole + b"PAR1")
    done = part(tmp_path / "many", 1, 2, "write", args)
    refused(done, "parts/1: holds part 1/2", "the sidecars differ")
    s3.put("beside/s.parquet", whole)
    write(tmp_path / "many", 2, args)
    did(merge(tmp_path / "many", 2, "--out", "out"))
    assert contents(tmp_path / "one/out") == contents(tmp_path / "many/out")
    assert not list((tmp_path / "many").rglob("relaion-*"))


def _ledger(path: Path) -> list[Any]:
    from relaion.engine import connect

    with connect(path, read_only=True) as engine:
        return [engine.rows(f"from {table} order by all") for table in ("sites", "cover")]


@pytest.mark.slow
@settings(max_examples=12)
@given(
    shards=st.lists(st.lists(ROWS, min_size=1, max_size=9), min_size=1, max_size=5),
    sent=st.lists(DELIVERY, min_size=1, max_size=3),
    beside=BESIDE,
    of=st.integers(1, 4),
    same_link=st.booleans(),
    cover=st.sampled_from([0, 0, 1]),
)
def test_parts_end_where_one_clean_does(
    shards: list[Rows], sent: list[Sent], beside: list[tuple[str, str]], of: int,
    same_link: bool, cover: int,
) -> None:  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        world = World(Path(name) / "one", beside)
        world.grow(shards)
        for delivery in sent:
            world.send(delivery)
        shutil.copytree(world.folder, Path(name) / "many", symlinks=True)
        one = world.clean("out", same_link=same_link, cover=cover)
        many = Path(name) / "many"
        args = ["data", "--lists", "lists.duckdb", "--keywords", "keywords.txt", "--workers", "1"]
        args += [] if same_link else ["--no-same-link"]
        args += ["--cover", str(cover)] if cover else []
        args += ["--yes-i-checked"]
        for sidecar in world.sidecars:
            args += ["--sidecar", str(Path(sidecar).relative_to(world.folder))]
        in_parts(many, of, args, "out", "--yes-i-checked")
        assert contents(many / "out") == contents(one)


SBATCH = """#!/bin/bash
# as Slurm: the array's jobs one after the other; fails where one does
[[ "$1 $2" = "--wait --array=1-2" ]] || exit 64
for SLURM_ARRAY_TASK_ID in 1 2; do
  export SLURM_ARRAY_TASK_ID
  bash "${@:3}" || failed=1
done
exit $failed
"""


@pytest.mark.slow
def test_the_script_for_slurm_does_it_all(tmp_path: Path) -> None:
    """As `relaion/run/README.md` has it, with two parts; what a job prints holds nothing listed."""
    page = (ROOT / "relaion/run/README.md").read_text("utf-8")
    job, all_of_it = re.findall(r"^```sh\n(.*?)^```$", page, re.M | re.S)
    make(tmp_path)
    (tmp_path / "part.sh").write_text(job.replace("/8", "/2"))
    for name, text in (
        ("sbatch", SBATCH), ("relaion", f'#!/bin/bash\nexec {sys.executable} -m relaion "$@"\n'),
    ):  # fmt: skip
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", all_of_it.replace("1-8", "1-2")], cwd=tmp_path, capture_output=True,
        text=True, check=False, env=os.environ | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every promise was checked and held" in done.stdout
    assert done.stdout.count("shards searched now") == 4
    assert "seen.example" not in done.stdout + done.stderr
    did(here("clean", *ARGS, "--keywords", "words.txt", "--out", "whole", cwd=tmp_path))
    assert contents(tmp_path / "clean")["removals"] == []  # as it is told where it is published
    assert files(tmp_path / "clean") == files(tmp_path / "whole")


def files(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*.parquet")}


# -- What is private -----------------------------------------------------------------------------


def test_nothing_listed_is_told_by_a_part_or_a_merge(tmp_path: Path) -> None:
    """Neither by what commands say, nor by logs or names, nor by what lies open to others."""
    make(tmp_path)
    (tmp_path / "logs").mkdir()
    said: list[str] = []

    def run(*args: str | Path, cwd: Path | None = None) -> Any:
        done = here(*args, "-v", "--log", f"logs/{len(said)}.log", cwd=cwd)
        said.append(done.stdout + done.stderr)
        return done

    def both(phase: str) -> None:
        for no in (1, 2):
            did(part(tmp_path, no, 2, phase, ARGS, run=run))

    both("find")
    did(merge(tmp_path, 2, "--phase", "find", run=run), 1)
    _open_to_nobody(tmp_path)
    refused(part(tmp_path, 1, 2, "write", ARGS, run=run), "part 1/2")
    both("find")
    did(merge(tmp_path, 2, "--phase", "find", "--json", run=run))
    both("write")
    _open_to_nobody(tmp_path)
    did(merge(tmp_path, 2, "--out", "out", run=run))
    texts = [*said, *(p.read_text() for p in (tmp_path / "logs").iterdir())]
    texts += [str(p) for p in tmp_path.rglob("*")]
    texts += [(tmp_path / each / "merged.json").read_text() for each in folders(2)]
    for text in texts:
        assert not any(x in text.lower() for x in ("seen.example", "ab" * 16, "abab", "teapot"))
    assert len(texts) > 30


def _open_to_nobody(folder: Path) -> None:
    works = [folder / each / ".work" for each in folders(2)]
    assert all(w.is_dir() for w in works)
    held = [p for w in works for p in (w, *w.rglob("*"))]
    assert any(p.name.startswith("hits-") for p in held) and any(p.name == "merge" for p in held)
    for path in held:
        if path.name != "lists.duckdb":  # it may be another name of the store itself
            assert stat.S_IMODE(path.stat().st_mode) in (0o600, 0o700), path
    for path in folder.glob("parts/*/**/*.parquet"):
        if ".work" not in path.parts:
            assert path.parts[-3] in ("research", "research-safe")


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
        note = noted(plan.parent)
        for stamp in note["stamps"]:
            path = folder / Path(stamp[0]).relative_to(before)
            os.utime(path, ns=(stamp[2], stamp[2]))
            stamp[0] = str(path)
        leave(plan.parent, note)


@pytest.mark.slow
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
    did(merge(world, 2, "--phase", "find"), 1)  # nobody has searched since
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
    journal = Journal(world / "parts/1/.work")
    (before,) = journal.entries(WRITTEN)
    journal.add([before._replace(value={**before.value, "of": "of other hits"})])
    refused(merge(world, 2, "--out", "out"), "parts/1: part 1/2 is not written yet")
    journal.add([before])
    assert "is next" in did(part(world, 1, 2, "find", ARGS)).stdout
    shutil.rmtree(world / "parts/2")
    (world / "before").rename(world / "parts/2")  # one that was put back from before
    refused(merge(world, 2, "--out", "out"), "parts/2: part 2/2", "relaion merge")


@pytest.mark.slow
def test_a_finished_merge_is_left_alone_and_its_parts_are_empty(world: Path) -> None:
    args = (*ARGS, "--keywords", "words.txt")
    for each in folders(2):  # they were searched without keywords
        shutil.rmtree(world / each)
    assert search(world, 2, args) == 2
    assert "--phase write` of every part" in did(merge(world, 2, "--phase", "find")).stdout
    write(world, 2, args)
    following = json.loads(did(merge(world, 2, "--phase", "find", "--json")).stdout)["next"]
    assert following == "`relaion merge parts/1 parts/2 --out OUT`"
    asked = did(merge(world, 2, "--out", "out", "--json"))
    assert "--keywords words.txt" in json.loads(asked.stdout)["next"]
    before = contents(world / "out")
    stamp = (world / "out/manifest.json").stat().st_mtime_ns
    for each in folders(2):
        assert [p.name for p in (world / each).iterdir()] == ["merged.json"]
    again = did(merge(world, 2, "--out", "out", "--json"))
    assert json.loads(again.stdout)["cleaned"]["done_before"] is True
    command = "relaion verify out --inputs PATH --lists FILE --keywords FILE"
    assert json.loads(again.stdout)["next"].endswith(command)
    assert (world / "out/manifest.json").stat().st_mtime_ns == stamp
    assert contents(world / "out") == before
    refused(merge(world, 2, "--out", "other"), "part 1/2 was merged already")
    refused(merge(world, 2, "--phase", "find"), "part 1/2 was merged already")
    for phase in ("find", "write"):
        refused(part(world, 2, 2, phase, args), "part 2/2 was merged already")
    assert not (world / "other").exists()
    note = world / "parts/2/merged.json"
    note.write_bytes(note.read_bytes().replace(b"[2, 2]", b"[3, 2]"))
    for done in (merge(world, 2, "--out", "out"), part(world, 2, 2, "find", args)):
        refused(done, "parts/2/merged.json: is damaged", "this part was merged already")


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


def _slow(*cases: Any) -> Iterator[Any]:
    for case in cases:
        yield pytest.param(*case, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("what", "more", "told"),
    quickly(
        2,
        [
            ("lists", (), "the lists differ"),
            ("key", (), "the curator key differs"),
            ("data", (), "the inputs differ, first in en/part-0.parquet"),
            *_slow(("same size", (), "the inputs differ, first in multi/part-4.parquet")),
            ("sidecar", (), "the sidecars differ"),
            ("", ("--keywords", "words.txt"), "--keywords differs"),
            *_slow(
                ("", ("--edition", "mine.sql", "--edition", "research"), "the editions differ"),
                ("", ("--unscored", "drop"), "--unscored differs"),
                ("", ("--cover", "2"), "cover differs"),
                ("", ("--column", "text=TEXT"), "columns differs"),
            ),
        ],
    ),
)
def test_a_part_of_another_run_is_named_with_what_differs(
    what: str, more: tuple[str, ...], told: str, world: Path
) -> None:
    args = (*_other(world, what), *more)
    did(part(world, 2, 2, "find", args, "others"))
    done = here("merge", "others/2", "parts/1", "--phase", "find", cwd=world)
    refused(done, "parts/1: part 1/2 is of another run than others/2", told)
    said = {"key": "under another curator key", "same size": "changed since"}
    said["data"] = ""  # by its plan or, where the shard is another part's, by its own shards
    refused(part(world, 2, 2, "find", args), said.get(what, "parts/2: holds part 2/2"), "--purge")


def test_sidecars_of_other_bytes_are_refused(world: Path) -> None:
    for no in (1, 2):
        args = _other(world, "sidecar")
        if no == 2:
            path = world / "beside/s.parquet"
            path.write_bytes(path.read_bytes().replace(b"ab" * 16, b"cd" * 16))
        did(part(world, no, 2, "find", args, "others"))
        shutil.rmtree(world / "beside")
    done = merge(world, 2, "--phase", "find", named="others")
    refused(done, "others/2: part 2/2 is of another run", "the sidecars differ")


def test_parts_of_other_versions_are_refused(world: Path) -> None:
    for name, told in (("duckdb", "duckdb 0.9, here"), ("relaion", "relaion 0.9, here")):
        for each in folders(2):
            note = noted(world / each / ".work")
            note["plan"]["versions"][name] = "0.9"
            leave(world / each / ".work", note)
        refused(merge(world, 2, "--phase", "find"), "parts/1: part 1/2 was made with", told)


# -- What happens in between -------------------------------------------------------------------


@pytest.mark.slow
def test_a_part_whose_data_changed_since_it_searched_is_refused(world: Path) -> None:
    search(world, 2, ARGS)
    own = _own(world, 2)
    path = world / "data" / own[0]
    before, stamp = path.read_bytes(), path.stat().st_mtime_ns
    path.write_bytes(before)
    refused(part(world, 2, 2, "write", ARGS), f"{path.name}: changed since the run began")
    os.utime(path, ns=(stamp, stamp))
    write(world, 2, ARGS)
    target = world / "parts/2/research" / own[0]
    target.unlink()
    target.write_bytes(b"other")
    refused(merge(world, 2, "--out", "out"), f"{path.name}: is gone, or not what part 2/2 wrote")
    did(part(world, 2, 2, "write", ARGS))
    did(merge(world, 2, "--out", "out"))


def test_a_part_whose_plan_is_damaged_is_searched_again(world: Path) -> None:
    plan = world / "parts/1/.work" / PLAN
    plan.write_bytes(plan.read_bytes().replace(b"inputs", b"inputr"))
    again = "repeat `relaion clean` for this part with --phase find"
    refused(merge(world, 2, "--phase", "find"), "parts/1/.work/plan.json: is damaged", again)
    refused(part(world, 1, 2, "write", ARGS), "parts/1/.work/plan.json: is damaged", again)
    told = did(part(world, 1, 2, "find", ARGS)).stderr
    assert "plan.json: is damaged" in told and "begins anew" in told
    assert "going on with part 1/2 of a clean" in did(part(world, 1, 2, "find", ARGS)).stderr
    did(merge(world, 2, "--phase", "find"), 0, 1)


def _own(folder: Path, no: int) -> list[str]:
    """The shards of a part, below data/."""
    note = noted(folder / f"parts/{no}/.work")
    parts = divided([x["bytes"] for x in note["plan"]["inputs"]], 2)
    return [
        f"{x['subset']}/{x['shard']}"
        for x, held in zip(note["plan"]["inputs"], parts, strict=True)
        if held == no
    ]


@pytest.mark.slow
def test_a_broken_shard_is_replaced_and_the_other_parts_keep_what_they_found(
    tmp_path: Path,
) -> None:
    """Its size has a say in who searches what: what went to another part is searched there."""
    make(tmp_path)
    broken = tmp_path / "data/en/part-1.parquet"
    whole = broken.read_bytes()
    spoiled = bytearray(whole)
    spoiled[4:900] = bytes(896)
    broken.write_bytes(spoiled)
    said = [part(tmp_path, no, 2, "find", ARGS) for no in (1, 2)]
    assert sorted(done.returncode for done in said) == [0, 2]
    assert "part-1.parquet" in "".join(done.stderr for done in said)
    refused(merge(tmp_path, 2, "--phase", "find"), "not searched all of its shards", "--phase find")
    rows = pq.ParquetFile(tmp_path / "data/en/part-2.parquet").read()
    broken.write_bytes(whole)
    table = pa.concat_tables([pq.ParquetFile(broken).read(), *[rows] * 9])
    pq.write_table(table, broken)  # another size by far
    failed = next(no for no, done in enumerate(said, 1) if done.returncode)
    did(part(tmp_path, failed, 2, "find", ARGS))
    other = 3 - failed
    refused(merge(tmp_path, 2, "--phase", "find"), "the inputs differ, first in en/part-1.parquet")
    assert in_parts(tmp_path, 2, ARGS, "out") == 2
    assert other in (1, 2)
    did(here("clean", *ARGS, "--out", "one", "--no-verify", cwd=tmp_path))
    assert contents(tmp_path / "out") == contents(tmp_path / "one")


def test_a_shard_that_cannot_be_read_stops_a_part_before_it_begins(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "data/en/part-0.parquet").write_bytes(b"PAR1" + bytes(40) + b"PAR1")
    refused(part(tmp_path, 1, 2, "find", ARGS), "part-0.parquet", "no part begins before all")
    assert not (tmp_path / "parts/1/.work").exists()


@pytest.mark.slow
def test_stops_are_of_all_parts_and_work_may_lie_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And on a disk that knows no hard links."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(os, "link", refuse)
    make(tmp_path)
    scoped = (("host", "h.example"),)
    add_lists(tmp_path / "lists.duckdb", [Sent(()), Sent(scoped)])
    (tmp_path / "elsewhere").mkdir()
    args = (*ARGS, "--work", "elsewhere")
    work = ("--work", "elsewhere")
    for no in (1, 2):
        did(part(tmp_path, no, 2, "find", args))
    refused(merge(tmp_path, 2, "--phase", "find"), "parts/1: holds no part", "another --work")
    did(merge(tmp_path, 2, "--phase", "find", *work), 1)
    for no in (1, 2):
        did(part(tmp_path, no, 2, "find", args))
    refused(merge(tmp_path, 2, "--phase", "find", *work), "hosts and prefixes", "--yes-i-checked")
    refused(part(tmp_path, 1, 2, "write", args), "before all parts have searched")
    did(merge(tmp_path, 2, "--phase", "find", *work, "--yes-i-checked"))
    write(tmp_path, 2, args)
    did(merge(tmp_path, 2, "--out", "out", *work))
    assert list((tmp_path / "elsewhere").iterdir()) == []
    did(here("clean", *ARGS, "--yes-i-checked", "--no-verify", "--out", "one", cwd=tmp_path))
    assert contents(tmp_path / "out") == contents(tmp_path / "one")


@pytest.mark.slow
def test_a_part_can_be_purged(world: Path) -> None:
    place = ("--out", "parts/1", "--shards", "1/2", "--phase", "find")
    did(here("clean", *ARGS, *place, "--purge", cwd=world))
    assert list((world / "parts/1").iterdir()) == []
    refused(merge(world, 2, "--phase", "find"), "parts/1: holds no part")
    assert search(world, 2, ARGS) == 2


def test_a_signed_link_as_sidecar_is_refused_for_a_part_in_one_line(tmp_path: Path) -> None:
    """`merge` would not find it again: the query of a link, its signature, is in no note."""
    make(tmp_path)
    args = ("--sidecar", "https://h.example/s.parquet?sig=0SECRET", "--out", "p")
    done = here("clean", *ARGS, *args, "--shards", "1/2", "--phase", "find", cwd=tmp_path)
    assert done.returncode == 2
    assert "https://h.example/s.parquet: a part of a clean notes its sidecars" in done.stderr
    assert "SECRET" not in done.stderr + done.stdout
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "p").exists()
