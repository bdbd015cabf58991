"""What the check at the end of an update rests on, and when it does not."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from relaion.stages.clean import Cleaned
from relaion.stages.verify import verify
from tests.pipeline import Sent
from tests.test_update import World, files

pytestmark = pytest.mark.usefixtures("all_counts", "no_sample")
MD5, NEW = (("image_md5", f"{n:032x}") for n in (11, 12))


def _row(shard: int, i: int, **more: Any) -> dict[str, Any]:
    n = 100 * shard + i
    return {
        "url": f"https://h{n}.example/{n}.jpg", "image_md5": f"{1000 + n:032x}",
        "punsafe": i / 10, "text": f"no {n}",
    } | more  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Four shards that were cleaned and checked, and the list that has come since."""
    world = World(tmp_path_factory.mktemp("rests") / "world")
    shared = {"url": "https://shared.example/a.jpg"}
    world.grow([
        [*(_row(0, i) for i in range(8)), _row(0, 8, image_md5=MD5[1])],
        [*(_row(1, i) for i in range(8)), _row(1, 8, image_md5=NEW[1], **shared)],
        [_row(2, i) for i in range(8)],
        [*(_row(3, i) for i in range(8)), _row(3, 8, **shared)],
    ])  # fmt: skip
    world.send(Sent((MD5,)))
    assert world.clean("out", verify=True)
    assert (world.folder / "out/verified.json").exists()
    world.send(Sent((NEW,)))
    return world


@pytest.fixture
def world(made: World, tmp_path: Path) -> World:
    """A copy of it, a test's own."""
    copied = World.__new__(World)
    copied.__dict__ |= made.__dict__
    copied.folder = tmp_path / "world"
    shutil.copytree(made.folder, copied.folder, symlinks=True)
    copied.lists, copied.words = (copied.folder / p.name for p in (made.lists, made.words))
    copied.sidecars = []
    return copied


def updated(world: World, name: str = "out2", before: str = "out", **how: Any) -> Cleaned:
    return world.update(world.folder / before, name, **({"verify": True} | how))


def why(made: Cleaned) -> str:
    """Why every shard was checked whole; empty where some rest."""
    assert made.verdict is not None
    said = [x for x in made.verdict.notices if x.startswith("every shard was checked whole: ")]
    assert bool(said) is not bool(made.verdict.rests)
    return said[0].partition(": ")[2] if said else ""


# -- what rests ----------------------------------------------------------------------------------


def test_shards_that_nothing_new_names_rest_on_the_check_of_the_parent(world: World) -> None:
    done = updated(world)
    verdict = done.verdict
    assert verdict is not None and verdict.ok and verdict.clean, verdict
    run = json.loads((world.folder / "out/verified.json").read_text())["run"]
    assert verdict.rests.startswith(f"2 of 4 shards rest on the check of run {run} of 20")
    assert "held against 1 new entry alone" in verdict.rests
    assert verdict.rests in done.summary
    assert files(done.out) == files(world.clean("whole"))
    said = json.loads((done.out / "verified.json").read_text())
    assert [line["run"] for line in said["rests_on"]] == [run]
    by_hand = verify(
        done.out, inputs=world.folder / "data", lists=world.lists, keywords=world.words,
        parent=world.folder / "out", workers=1,
    )  # fmt: skip
    assert by_hand.ok and not by_hand.rests


def test_a_chain_of_updates_names_every_check_that_it_rests_on(world: World) -> None:
    updated(world)
    world.send(Sent((("url", "https://h205.example/205.jpg"),)))
    done = updated(world, "out3", "out2")
    assert done.verdict is not None and done.verdict.ok
    assert done.verdict.rests.startswith("3 of 4 shards rest")
    runs = [json.loads((world.folder / f"{o}/manifest.json").read_text())["run"]
            for o in ("out", "out2")]  # fmt: skip
    assert [run for run, _ in done.verdict.rests_on] == runs
    assert files(done.out) == files(world.clean("whole"))


def test_what_left_by_the_link_of_a_row_elsewhere_stays_out(tmp_path: Path) -> None:
    """An old entry names a row of a shard that rests, and its link one of a shard that does not."""
    world = World(tmp_path)
    link = {"url": "https://far.example/b.jpg"}
    world.grow([
        [_row(0, 0, image_md5=MD5[1], **link), _row(0, 1)],
        [_row(1, 0, **link), _row(1, 1, image_md5=NEW[1]), _row(1, 2), _row(1, 3, image_md5=MD5[1])],
        [_row(2, 0)],
    ])  # fmt: skip
    world.send(Sent((MD5,)))
    world.clean("out", verify=True)
    world.send(Sent((NEW,)))
    done = updated(world)
    assert done.verdict is not None and done.verdict.ok, done.verdict.findings
    assert done.verdict.rests.startswith("2 of 3 shards rest")
    assert files(done.out) == files(world.clean("whole"))
