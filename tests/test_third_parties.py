"""What labs meet on their way: an interrupted run, arguments in each other's place, the chain."""

import random
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.errors import InputError
from relaion.lists import store
from relaion.stages.purge import purge
from relaion.stages.verify import verify
from tests import labs
from tests.pipeline import here, relaion

pytestmark = pytest.mark.usefixtures("in_process")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> labs.Lab:
    return labs.make(tmp_path_factory.mktemp("lab"))


# -- An interrupted run ------------------------------------------------------------------------


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


@pytest.mark.slow
def test_a_purge_removes_what_a_broken_apply_left_so_that_it_begins_anew(
    lab: labs.Lab, broken: Path
) -> None:
    command = ("apply", "--keep", lab.new, "copy", "--out", "out")
    assert relaion(*command, cwd=broken).returncode == 2
    assert "laion/part.parquet" in names(broken / "out")
    done = here("verify", "out", cwd=broken)
    assert "out: its run was interrupted; repeat the `relaion apply` that made it" in done.stderr
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
    before = names(broken / "out") | names(work)
    (broken / "list.txt").write_text("https://listed.example/x.jpg\n")
    store.add(broken / "l.duckdb", [broken / "list.txt"], source="one")
    over = ("clean", "copy/laion", "--lists", "l.duckdb", "--out", "out", "--work", work)
    refused = here(*over, cwd=broken)
    assert refused.returncode == 2 and "interrupted run of `relaion apply`" in refused.stderr
    assert names(broken / "out") | names(work) == before
    assert purge(broken / "out", work=work).removed
    assert not names(broken / "out") and not names(work)
    assert here(*command[:-2], cwd=broken).returncode == 2
    wrong = ("clean", "copy", "--lists", "no.duckdb", "--out", "out", "--purge")
    assert here(*wrong, cwd=broken).returncode == 0
    assert not names(broken / "out")


def test_a_run_whose_plan_is_lost_is_of_no_command_in_particular(tmp_path: Path) -> None:
    (tmp_path / ".work").mkdir()
    (tmp_path / ".work/plan.json").write_text("[")
    with pytest.raises(
        InputError, match="its run was interrupted; repeat the command that made it"
    ):
        verify(tmp_path)


# -- The chain: cover, diff, apply, verify -----------------------------------------------------


def shuffled(source: Path, into: Path) -> set[tuple[str, str]]:
    """A copy of one subset in other shards and another order; returns its links and captions."""
    files = sorted(source.glob("*.parquet"))
    whole = pa.concat_tables([pq.ParquetFile(f).read() for f in files])
    order = list(range(whole.num_rows))
    random.Random(5).shuffle(order)
    into.mkdir(parents=True)
    for i in range(3):
        pq.write_table(whole.take(order[i::3]), into / f"{i}.parquet")
    return pairs(into)


def pairs(folder: Path) -> set[tuple[str, str]]:
    """Links and captions of all shards below a folder."""
    found = set()
    for path in sorted(folder.rglob("*.parquet")):
        with pq.ParquetFile(path) as file:
            names = {n.lower(): n for n in file.schema_arrow.names}
            table = file.read([names["url"], names["text"]])
            found |= set(zip(*(c.to_pylist() for c in table.columns), strict=True))
    return found


@pytest.mark.slow
def test_from_lists_to_a_copy_that_anyone_can_check(tmp_path: Path) -> None:
    """Cover, a diff, a copy in other shards that loses just what left, by either way; checked."""

    def done(*args: str | Path) -> str:
        said = relaion(*args, cwd=tmp_path)
        assert said.returncode == 0, said.stderr
        return said.stdout

    done("demo", "--rows", "20000", "--out", "demo")
    demo = Path("demo")
    given = ("--lists", demo / "lists.duckdb", "--sidecar", demo / "sidecars")
    done("clean", demo / "data", *given, "--cover", "1", "--out", "covered", "--yes-i-checked")
    old, new = demo / "data/laion2B-en", Path("covered/research/laion2B-en")
    done("diff", old, new, "--out", "d.parquet", "--i-accept-disclosure")
    before = shuffled(tmp_path / old, tmp_path / "copy")
    stays = pairs(tmp_path / new)
    assert len(stays) < len(before)
    for option, value in (("--diff", Path("d.parquet")), ("--keep", new)):
        out = f"by{option}"
        said = done("apply", "copy", option, value, "--out", out)
        assert f"certificate: {out}.certificate.json" in said
        assert pairs(tmp_path / out) == stays
        said = done("verify", out, option, value, "--inputs", "copy", "--strict")
        assert f"{out}: clean; every promise was checked and held" in said


# -- Room --------------------------------------------------------------------------------------


def test_a_diff_says_in_a_line_that_its_disk_has_no_room(
    lab: labs.Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 79 * 40 - 1}))
    monkeypatch.setattr("relaion.stages.diff.A_ROW", 44)
    done = here("diff", lab.old, lab.new, "--out", tmp_path / "d.parquet")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "GB, 0.0 may be needed; name another disk with --work" in done.stderr
    assert not names(tmp_path)
    monkeypatch.setattr("relaion.stages.diff.A_ROW", 40)
    assert here("diff", lab.old, lab.new, "--out", tmp_path / "d.parquet").returncode == 0


# -- Arguments ---------------------------------------------------------------------------------


def test_a_diff_may_be_named_as_verify_names_it(lab: labs.Lab, tmp_path: Path) -> None:
    diff = tmp_path / "d.parquet"
    assert here("diff", lab.old, lab.new, "--out", diff).returncode == 0
    first = here("apply", diff, lab.copy / "laion", "--out", "a", cwd=tmp_path)
    other = here("apply", lab.copy / "laion", "--diff", diff, "--out", "b", cwd=tmp_path)
    assert first.returncode == other.returncode == 0
    assert first.stdout.replace("a: holds", "b: holds").replace("a.cert", "b.cert") == other.stdout
    assert other.stdout.endswith("certificate: b.certificate.json\n")
    done = here("verify", "b", "--keep", lab.new, cwd=tmp_path)
    assert "b: was cleaned with a diff, and with no edition; give --diff DIFF" in done.stderr
