"""`apply` killed at each of its steps on the disk, and on one that is full; then repeated."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from relaion.stages.apply import apply
from relaion.stages.diff import diff
from tests.copies import LAION, LINKS, NO_HASH, lay
from tests.faults.children import child
from tests.pipeline import hands_here
from tests.test_apply import tree
from tests.test_diff import NEW, OLD
from tests.test_full_disk import said

GIVEN: dict[str, dict[str, Any]] = {
    "diff": {"diff": Path("diff.parquet")},
    "keep": {"keep": [Path("new")], "old": [Path("old")]},
}
FULL = """os.chdir(folder)
    limit({size})
    with hands_here():
        apply([Path("copy")], Path("out"), diff=Path("diff.parquet"))"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    lay(folder / "old/a.parquet", OLD, LAION)
    lay(folder / "new/a.parquet", NEW, LAION)
    lay(folder / "copy/a.parquet", OLD[::2], LAION)
    lay(folder / "copy/s/b.parquet", OLD[1::2], NO_HASH)
    lay(folder / "copy/s/c.parquet", NEW[:5], LINKS)
    diff(folder / "old", folder / "new", folder / "diff.parquet")
    return folder


def work(folder: Path, given: dict[str, Any]) -> None:
    os.chdir(folder)
    with hands_here():
        apply([Path("copy")], Path("out"), **given)


@pytest.mark.parametrize("by", GIVEN)
def test_killed_at_any_step_it_goes_on_to_the_same_bytes(
    made: Path, tmp_path: Path, by: str
) -> None:
    folder = shutil.copytree(made, tmp_path / "world")
    whole = child(lambda: work(folder, GIVEN[by]), folder)
    assert whole.error is None
    expected = tree(folder / "out")
    shutil.rmtree(folder / "out")
    for step in range(1, whole.steps + 1, 3):
        ended = child(lambda: work(folder, GIVEN[by]), folder, step=step)
        assert ended.killed, step
        seen = tree(folder / "out") if (folder / "out").exists() else {}
        for name, content in seen.items():
            if ".work" not in name and not name.endswith(".part"):
                assert content == expected[name], (step, name)
        again = child(lambda: work(folder, GIVEN[by]), folder)
        assert again.error is None, (step, again.error)
        assert tree(folder / "out") == expected, step
        assert not [p for p in folder.rglob("*") if p.name.startswith(".")], step
        shutil.rmtree(folder / "out")


@pytest.mark.parametrize("size", [200, 1_500])
def test_a_disk_that_is_full_is_said_in_a_line_and_with_room_it_goes_on(
    made: Path, tmp_path: Path, size: int
) -> None:
    folder = shutil.copytree(made, tmp_path / "world")
    imports = "import os; from relaion import apply; from tests.pipeline import hands_here; "
    line = said(imports + FULL.format(size=size), folder)
    assert (line.count("\n") == 1 and "room" in line) or "File too large" in line, line
    assert not (folder / "out/manifest.json").exists()
    work(folder, GIVEN["diff"])
    assert (folder / "out/manifest.json").exists()
