"""What is released: frozen scripts, one version, a package that says all that an index asks."""

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

import relaion
from relaion import sqlset
from tests import release
from tests.pipeline import here
from tests.pipeline import relaion as run

ROOT = Path(__file__).resolve().parents[1]
RELEASED = [v for v in sqlset.versions() if (sqlset.sql_root() / v / release.SUMS).exists()]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.skipif(not RELEASED, reason="no set of scripts is released yet")
@pytest.mark.parametrize("name", RELEASED)
def test_a_released_set_is_as_it_was(name: str) -> None:
    folder = sqlset.sql_root() / name
    text = (folder / release.SUMS).read_text(encoding="ascii")
    assert text == release.sums(folder)
    sqlset.check(name)
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", release.SUMS],
                       cwd=folder, check=True)  # fmt: skip


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the scripts, which this process takes for its own."""
    shutil.copytree(ROOT / "sql", tmp_path / "sql")
    (tmp_path / "sql/v1" / release.SUMS).unlink(missing_ok=True)
    monkeypatch.setattr(sqlset, "sql_root", lambda: tmp_path / "sql")
    sqlset.load.cache_clear()
    yield tmp_path / "sql/v1"
    sqlset.load.cache_clear()


def test_freezing_writes_what_sha256sum_reads(scripts: Path) -> None:
    assert release.freeze(scripts).endswith(f" {len(list(scripts.rglob('*.sql')))} files")
    text = (scripts / release.SUMS).read_text(encoding="ascii")
    names = [line.partition("  ")[2] for line in text.splitlines()]
    assert names == sorted(names)
    assert set(names) == {p.relative_to(scripts).as_posix() for p in scripts.rglob("*.sql")}
    assert any("/" in name for name in names)
    (line,) = re.findall(r"^.*editions/research\.sql$", text, re.MULTILINE)
    raw = (scripts / "editions/research.sql").read_bytes()
    assert line == f"{hashlib.sha256(raw).hexdigest()}  editions/research.sql"
    if shutil.which("sha256sum"):
        told = subprocess.run(
            ["sha256sum", "--check", "--strict", release.SUMS],
            cwd=scripts, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert told.stdout.count(": OK\n") == len(names)
    sqlset.check()  # takes every line
    assert sqlset._frozen(scripts).keys() == set(names)


def test_a_frozen_set_is_frozen(scripts: Path) -> None:
    release.freeze(scripts)
    before = (scripts / release.SUMS).read_bytes()
    assert release.freeze(scripts).startswith(str(scripts / release.SUMS))
    (scripts / "editions/research.sql").write_text("-- name: research\n-- purpose: Other.\n")
    with pytest.raises(ValueError, match="a released set is never changed"):
        release.freeze(scripts)
    assert (scripts / release.SUMS).read_bytes() == before


@pytest.mark.parametrize("name", [".10_left.sql.swp", "two words.sql", "back\\slash.sql", "ä.sql"])
def test_what_nobody_would_ship_is_refused(name: str, scripts: Path) -> None:
    (scripts / name).write_text("left")
    with pytest.raises(ValueError, match=r"remove it|another"):
        release.freeze(scripts)
    assert not (scripts / release.SUMS).exists()


def test_a_frozen_set_is_said_to_be_released(scripts: Path) -> None:
    assert "not released yet" in here("scripts").stdout
    release.freeze(scripts)
    sqlset.load.cache_clear()
    assert "released and unchanged" in here("scripts").stdout


# -- One version, and metadata -----------------------------------------------------------------


def test_the_version_stands_in_one_place(tmp_path: Path) -> None:
    stated = relaion.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", stated)
    # where a checkout's metadata is older than its text, it has to be installed anew
    assert version("relaion") == stated
    assert run("--version", cwd=tmp_path).stdout == f"relaion {stated}\n"
    texts = [*(ROOT / "relaion").rglob("*.py"), ROOT / "pyproject.toml"]
    held = [p.name for p in texts if f'"{stated}"' in p.read_text(encoding="utf-8")]
    assert held == ["__init__.py"]


def test_the_metadata_name_the_pythons_that_are_tried() -> None:
    project = PROJECT["project"]
    said = [c.rpartition(" ")[2] for c in project["classifiers"] if re.search(r":: 3\.\d+$", c)]
    assert tuple(said) == release.PYTHONS
    assert project["requires-python"] == f">={release.PYTHONS[0]}"
    assert "urls" not in project or all(
        url.startswith("https://") for url in project["urls"].values()
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel, of a tree where things lie about."""
    tree = tmp_path_factory.mktemp("tree") / "relaion"
    held = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if held.returncode:
        pytest.skip("no checkout: what belongs to the project is not known here")
    for name in held.stdout.decode().split("\0")[:-1]:
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    for name in LYING_ABOUT:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("marker: as secret as a list\n")
    out = tree.parent / "dist"
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, tree],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return out


# what users of the tool have beside a checkout, and must not publish with it
LYING_ABOUT = (
    "lists.duckdb", "lists.duckdb.key", "lists.duckdb.lock", "cover.duckdb", "keywords.txt",
    "partner.csv", "run.log", "clean/manifest.json", "data/a.parquet", "relaion-demo/lists.duckdb",
    "relaion/lists.duckdb", "relaion/lists.duckdb.key", "relaion/run.log", "sql/audit.duckdb",
    "sql/a.parquet", "tests/lists.duckdb", "notebooks/a.parquet", "notebooks/lists.duckdb.key",
)  # fmt: skip


@pytest.mark.slow
def test_the_packages_hold_the_project_and_nothing_that_lies_about(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {n.partition("/")[2] for n in sdist.getnames()}
        text = b"".join(sdist.extractfile(m).read() for m in sdist if m.isfile())  # type: ignore[union-attr]
    assert not names & set(LYING_ABOUT)
    assert b"marker: as secret" not in text.replace(Path(__file__).read_bytes(), b"")
    for name in ("README.md", "LICENSE", "pyproject.toml", "relaion/py.typed", "sql/README.md"):
        assert name in names
    assert {n.partition("/")[0] for n in names if not n.startswith(".")} <= {
        "README.md", "LICENSE", "PKG-INFO", "pyproject.toml", "notebooks", "relaion", "sql", "tests"
    }  # fmt: skip
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        tops = {n.partition("/")[0] for n in wheel.namelist()}
        assert {n for n in wheel.namelist() if n.removeprefix("relaion/_") in LYING_ABOUT} == set()
        words = (
            "relaion/lists/readers/vocabulary/"  # the only texts: a list of a partner is one too
        )
        kinds = {
            Path(n).suffix
            for n in wheel.namelist()
            if n.startswith("relaion/") and not (n.startswith(words) and n.endswith(".txt"))
        }
        assert b"marker: as secret" not in b"".join(map(wheel.read, wheel.namelist()))
    assert tops == {"relaion", f"relaion-{relaion.__version__}.dist-info"}
    assert kinds <= {".py", ".typed", ".sql", ".md", ".json", ".j2", ""}


@pytest.mark.slow
def test_an_index_would_take_them(built: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "twine", "--no-color", "check", "--strict", *built.iterdir()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2
