"""`update` killed at each of its steps on the disk, and on one that is full; then repeated."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from relaion.stages.clean import clean
from relaion.stages.update import update
from tests.faults.children import child
from tests.pipeline import ALL_HASHES, InProcess, Sent, add_lists, hands_here, write_shard
from tests.test_apply import tree
from tests.test_full_disk import said

HOW: dict[str, Any] = {"verify": False, "yes_i_checked": True, "workers": 1}
FULL = """os.chdir(folder)
    limit({size})
    with hands_here():
        update(Path("out"), Path("data"), Path("lists.duckdb"), Path("out2"), verify=False,
               yes_i_checked=True, workers=1)"""


LAST = 8  # steps that not every try has: what was compiled by then is not compiled again


def row(i: int) -> dict[str, Any]:
    return {"url": f"https://h{i}.example/{i}.jpg", "image_md5": f"{i:032x}", "punsafe": i / 40}


@pytest.fixture(scope="module", params=["gained", "grown", "covered"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    for s in range(3):
        rows = [row(1 + (s * 9 + j) % 20) for j in range(9)]
        write_shard(folder / f"data/en/part-{s:03}.parquet", rows, ALL_HASHES)
    add_lists(folder / "lists.duckdb", [Sent((("image_md5", f"{3:032x}"),))])
    cover = 1 if request.param == "covered" else 0
    with hands_here():
        clean(folder / "data", folder / "lists.duckdb", folder / "out", cover=cover, **HOW)
    second = Sent((("url", "https://h15.example/15.jpg"),))
    add_lists(folder / "lists.duckdb", [Sent(()), second])
    if request.param == "grown":
        write_shard(folder / "data/en/part-009.parquet", [row(3), row(30)], ALL_HASHES)
    return folder


def work(folder: Path) -> None:
    os.chdir(folder)
    with hands_here(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("relaion.run.parent.FEW_ROWS", 0)  # so that new entries alone are searched
        update(
            Path("out"),
            Path("data"),
            Path("lists.duckdb"),
            Path("out2"),
            executor=InProcess(),
            **HOW,
        )


def test_killed_at_any_step_it_goes_on_to_the_same_bytes(made: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made, tmp_path / "world")
    before = tree(folder / "out")
    whole = child(lambda: work(folder), folder)
    assert whole.error is None
    expected = told(folder / "out2")
    shutil.rmtree(folder / "out2")
    for step in range(1, whole.steps + 1, 5):
        ended = child(lambda: work(folder), folder, step=step)
        assert ended.killed or step > whole.steps - LAST, step
        if (folder / "out2").exists():
            for name, content in tree(folder / "out2").items():
                if name.endswith(".parquet") and ".work" not in name:
                    assert content == expected[name], (step, name)
        again = child(lambda: work(folder), folder)
        assert again.error is None, (step, again.error)
        assert told(folder / "out2") == expected, step
        assert not [p for p in (folder / "out2").rglob("*") if p.name.startswith(".")], step
        assert tree(folder / "out") == before, step
        shutil.rmtree(folder / "out2")


def told(out: Path) -> dict[str, Any]:
    """The files of an OUT; of its manifest and audit, which hold times, the shards that they name.

    The ledger of cover only grows, so a later try may state a later release of it.
    """
    found: dict[str, Any] = dict(tree(out))
    found["manifest.json"] = None
    found["audit.duckdb"] = None
    return found


@pytest.mark.parametrize("size", [200, 4_000])
def test_a_disk_that_is_full_is_said_in_a_line_and_with_room_it_goes_on(
    made: Path, tmp_path: Path, size: int
) -> None:
    folder = shutil.copytree(made, tmp_path / "world")
    imports = "import os; from relaion import update; from tests.pipeline import hands_here; "
    line = said(imports + FULL.format(size=size), folder)
    assert (line.count("\n") == 1 and "room" in line) or "File too large" in line, line
    assert not (folder / "out2/manifest.json").exists()
    work(folder)
    assert (folder / "out2/manifest.json").exists()
