"""Bare installations of the wheel and the sdist, without any extra: what a user gets.

In every Python that is supported and that this machine has (`tests.release.interpreter`); `poe
package` does them all. They ask the package index, as every installation does. Without a network
they fail: that the package starts is then not known.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import relaion
from relaion.labs.certificate import SCHEMA_FILE
from tests import mistakes, release

ROOT = Path(__file__).resolve().parents[1]
WORDS = ROOT / "relaion" / "lists" / "readers" / "vocabulary"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that holds the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("bare")
    _do(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    return _installed(Path(sys.executable), folder / "venv", next(folder.glob("*.whl")))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is built of it."""
    folder = tmp_path_factory.mktemp("packages")
    _do(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


def _installed(python: Path, environment: Path, package: Path) -> Path:
    """The folder of programs of a new environment that holds a package and what it asks for."""
    _do(python, "-m", "venv", environment, cwd=environment.parent)
    _pip(environment / "bin", "install", package)
    return environment / "bin"


def _do(*command: str | Path, cwd: Path) -> str:
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _pip(programs: Path, *args: str | Path) -> None:
    _do(programs / "python", "-m", "pip", "--disable-pip-version-check", *args, cwd=programs)


def test_it_starts_and_cleans(bare: Path, tmp_path: Path) -> None:
    _pip(bare, "check")
    program = bare / "relaion"
    where = _do(bare / "python", "-c", "import relaion; print(relaion.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(bare.parent)
    assert (Path(where.strip()).parent / "labs" / SCHEMA_FILE).is_file()
    assert (Path(where.strip()).parent / "reporting" / "report.schema.json").is_file()
    words = Path(where.strip()).parent / "lists" / "readers" / "vocabulary"
    texts = {path.relative_to(WORDS) for path in WORDS.rglob("*.txt")}
    assert {path.relative_to(words) for path in words.rglob("*.txt")} == texts != set()
    assert _do(program, "--version", cwd=tmp_path) == f"relaion {relaion.__version__}\n"
    assert "Usage: relaion [OPTIONS]" in _do(program, "--help", cwd=tmp_path)
    assert _do(bare / "python", "-OO", "-m", "relaion", "-h", cwd=tmp_path) == _do(
        program, "-h", cwd=tmp_path
    )
    assert "memberships" in _do(program, "demo", "--rows", "6000", cwd=tmp_path)
    assert "laion2B-en" in _do(program, "inspect", "relaion-demo/data", cwd=tmp_path)


def test_what_is_told_to_install_adds_to_what_is_installed(bare: Path, tmp_path: Path) -> None:
    """It must not look for relaion elsewhere: the extra is that of the one that is here."""
    said = subprocess.run(
        [bare / "relaion", "inspect", "az://b/x"], cwd=tmp_path, capture_output=True, text=True,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"}, check=False,
    )  # fmt: skip
    found = re.search(r"run `pip install '(relaion\[\w+\])'`", said.stderr)
    assert found, said.stderr
    told = _do(bare / "python", "-m", "pip", "install", "--dry-run", found[1], cwd=tmp_path)
    assert f"already satisfied: {found[1]}" in told
    assert "Would install" in told
    assert " adlfs-" in told


@pytest.mark.parametrize("form", ["*.whl", "*.tar.gz"], ids=["wheel", "sdist"])
@pytest.mark.parametrize("version", release.PYTHONS)
def test_it_runs_the_demo_in_every_python(
    version: str, form: str, packages: Path, tmp_path: Path
) -> None:
    python = release.interpreter(version)
    if python is None:
        pytest.skip(f"this machine has no Python {version}")
    programs = _installed(python, tmp_path / "venv", next(packages.glob(form)))
    _pip(programs, "check")
    told = _do(programs / "python", "-c", "import sys; print(sys.version)", cwd=tmp_path)
    assert told.startswith(f"{version}.")
    said = _do(programs / "relaion", "demo", "--rows", "6000", cwd=tmp_path)
    assert "every promise was checked and held" in said
    script = "relaion.sql('relaion-demo/clean', 'from unions').rows"
    assert _do(programs / "python", "-c", f"import relaion; assert {script}", cwd=tmp_path) == ""


def test_it_answers_every_mistake_in_one_line(bare: Path, tmp_path: Path) -> None:
    env = mistakes.clean_environment(tmp_path / "temp")
    assert mistakes.by_program([bare / "relaion"], tmp_path, env) == []
    assert [p.name for p in tmp_path.iterdir()] == ["temp"]
    assert not list((tmp_path / "temp").iterdir())


def test_so_does_the_oldest_typer_that_is_allowed(bare: Path, tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (asked,) = [d for d in project["dependencies"] if d.startswith("typer")]
    oldest = re.fullmatch(r"typer>=([\d.]+)", asked)
    assert oldest
    _pip(bare, "install", f"typer=={oldest[1]}.*")
    env = mistakes.clean_environment(tmp_path / "temp")
    assert mistakes.by_module(bare / "python", tmp_path, env) == []
    assert not list((tmp_path / "temp").iterdir())
