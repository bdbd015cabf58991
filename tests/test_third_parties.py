"""What labs meet on their way: a run that broke off, arguments in each other's place, the chain."""

import shutil
from pathlib import Path

import pytest

from relaion.errors import InputError
from relaion.stages.apply import apply
from relaion.stages.purge import purge
from relaion.stages.verify import verify
from tests import labs
from tests.pipeline import here, relaion

pytestmark = pytest.mark.usefixtures("in_process")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> labs.Lab:
    return labs.make(tmp_path_factory.mktemp("lab"))


# -- A run that broke off ----------------------------------------------------------------------


@pytest.fixture
def broken(lab: labs.Lab, tmp_path: Path) -> Path:
    """A folder with a copy of which a tar is cut off."""
    shutil.copytree(lab.copy / "tars", tmp_path / "copy")
    shutil.copytree(lab.copy / "laion", tmp_path / "copy/laion")
    whole = (tmp_path / "copy/jsons.tar").read_bytes()
    (tmp_path / "copy/jsons.tar").write_bytes(whole[:3000])
    return tmp_path


def names(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*")}


def test_a_purge_removes_what_a_broken_apply_left_so_that_it_begins_anew(
    lab: labs.Lab, broken: Path
) -> None:
    command = ("apply", "--keep", lab.new, "copy", "--out", "out")
    assert relaion(*command, cwd=broken).returncode == 2
    assert "laion/part.parquet" in names(broken / "out")
    done = here("verify", "out", cwd=broken)
    assert "out: its run broke off; repeat the `relaion apply` that made it" in done.stderr
    done = here("inspect", "out", cwd=broken)
    assert "finish that run, or remove what it left (the `relaion apply` with --out" in done.stderr
    other = here(*command, "--by", "row", cwd=broken)
    assert other.returncode == 2 and "add --purge once" in other.stderr
    (broken / "out/mine.txt").write_text("mine")
    assert relaion(*command, "--by", "row", "--purge", cwd=broken).returncode == 0
    assert names(broken / "out") == {"mine.txt"}
    (broken / "out/mine.txt").unlink()
    (broken / "copy/jsons.tar").unlink()
    done = relaion(*command, "--by", "row", cwd=broken)
    assert done.returncode == 0, done.stderr


def test_what_removes_it_asks_the_plan_and_not_the_command(lab: labs.Lab, broken: Path) -> None:
    """Whoever names `clean` for what `apply` began is not locked out either."""
    work = broken / "work"
    command = ("apply", "copy", "--keep", lab.new, "--out", "out", "--work", work)
    assert here(*command, cwd=broken).returncode == 2
    assert purge(broken / "out", work=work).removed
    assert not names(broken / "out") and not names(work)
    assert here(*command[:-2], cwd=broken).returncode == 2
    wrong = ("clean", "copy", "--lists", "no.duckdb", "--out", "out", "--purge")
    assert here(*wrong, cwd=broken).returncode == 0
    assert not names(broken / "out")


def test_a_run_whose_plan_is_lost_is_of_no_command_in_particular(tmp_path: Path) -> None:
    (tmp_path / ".work").mkdir()
    (tmp_path / ".work/plan.json").write_text("[")
    with pytest.raises(InputError, match="its run broke off; repeat the command that made it"):
        verify(tmp_path)
