"""The house: every name stands once, and what is written of a place is true."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections import defaultdict
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests import docs

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "relaion").rglob("*.py"))
PLACE = re.compile(r"\brelaion/[a-z][a-z_/]+(?:\.py)?\b|\bsql/v[0-9]+/[a-z_0-9/]+\.sql\b")

MEMBER = re.compile(r"`([A-Z]\w*[a-z]\w*)\.(\w+)(?:\(\))?`")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def test_no_class_name_stands_twice() -> None:
    found = defaultdict(list)
    for path in SOURCES:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(path.relative_to(ROOT)))
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def _imported(path: Path, modules: set[str]) -> set[str]:
    """The modules of ours that one imports, for types alone or later, too."""
    found = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & modules or {str(node.module)}
    return found & modules


def test_no_modules_import_each_other() -> None:
    """Whoever reads one can read what it is made of first; packages name what they hold."""
    of = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in SOURCES}
    modules = {name for name in of if not name.endswith("__init__")}
    TopologicalSorter({name: _imported(of[name], modules) for name in modules}).prepare()


LIGHT = ("cli.commands", "run.settings", "run.process", "run.pool", "run.tasks", "run.journal")


@pytest.mark.parametrize("module", LIGHT)
def test_what_only_asks_and_tells_loads_no_data_library(module: str) -> None:
    """`--help` and a process that drives others start at once."""
    code = f"import sys, relaion.{module}; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"duckdb", "pyarrow", "numpy"} & set(ast.literal_eval(done.stdout))


def test_a_worker_loads_nothing_that_reads_the_files_of_partners() -> None:
    """That takes as long as all else that it loads, and every process would wait for it."""
    code = "import sys, relaion.run.worker, relaion.verifier.checker; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = ast.literal_eval(done.stdout)
    assert [name for name in loaded if name.startswith("relaion.lists.readers")] == []


def test_no_module_is_too_long_to_read() -> None:
    lengths = {str(path): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {name: n for name, n in lengths.items() if n > 450} == {}


def test_places_that_are_named_exist() -> None:
    texts = [*docs.pages(), ROOT / "pyproject.toml", *(ROOT / "sql").rglob("*"), *SOURCES]
    named = {
        (path.name, place)
        for path in texts
        if path.suffix in {".md", ".toml", ".sql", ".py"}
        for place in PLACE.findall(path.read_text("utf-8"))
    }
    assert named
    walks = (ROOT / ".github/CONTRIBUTING.md").read_text("utf-8")
    named -= {("CONTRIBUTING.md", new) for new in re.findall(r"(?:Write|to) `([\w/.]+)`", walks)}
    assert [(where, place) for where, place in named if not (ROOT / place).exists()] == []


def _said(path: Path) -> str:
    """The comments and docstrings of a module."""
    source = path.read_text("utf-8")
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    told = [t.string for t in tokens if t.type == tokenize.COMMENT]
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            told.append(ast.get_docstring(node) or "")
    return "\n".join(told)


def _attributes() -> dict[str, set[str]]:
    """What each class of the house has: what its body names, and what is set on `self`."""
    has: dict[str, set[str]] = {}
    bases: dict[str, list[str]] = {}
    for path in SOURCES:
        for node in ast.walk(_tree(path)):
            if not isinstance(node, ast.ClassDef):
                continue
            bases[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
            has[node.name] = {
                name.id if isinstance(name, ast.Name) else getattr(name, "attr", "")
                for x in ast.walk(node)
                if isinstance(x, ast.Assign | ast.AnnAssign)
                for name in (x.targets if isinstance(x, ast.Assign) else [x.target])
            } | {x.name for x in node.body if isinstance(x, ast.FunctionDef)}
    for _ in bases:
        for name, above in bases.items():
            has[name] |= {attribute for base in above for attribute in has.get(base, ())}
    return has


def test_what_is_said_of_a_class_exists() -> None:
    """`Rows.take`, as a comment or docstring says it, is there: the class and what it has."""
    has = _attributes()
    named = {
        (path.name, *found)
        for path in SOURCES
        if MEMBER.search(path.read_text("utf-8"))  # or there is none in what it says
        for found in MEMBER.findall(_said(path))
    }
    assert named
    assert [x for x in named if x[2] not in has.get(x[1], ())] == []


def test_modules_that_are_named_exist() -> None:
    """`find.py`, as comments and docstrings say it, is a file of the house."""
    known = {path.name for path in SOURCES} | {path.name for path in (ROOT / "tests").rglob("*.py")}
    named = {
        (path.name, name)
        for path in [*SOURCES, *(ROOT / "sql").rglob("*.sql"), *(ROOT / "sql").rglob("*.md")]
        for name in re.findall(r"`([a-z_]+\.py)`", path.read_text("utf-8"))
    }
    assert named
    assert [(where, name) for where, name in named if name not in known] == []
