"""The house: every name stands once, and what is written of a place is true."""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "relaion").rglob("*.py"))
PLACE = re.compile(r"\brelaion/[a-z][a-z_/]+(?:\.py)?\b|\bsql/v[0-9]+/[a-z_0-9/]+\.sql\b")


def test_no_class_name_stands_twice() -> None:
    found = defaultdict(list)
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(path.relative_to(ROOT)))
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_no_module_is_too_long_to_read() -> None:
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {name: n for name, n in lengths.items() if n > 450} == {}


def test_places_that_are_named_exist() -> None:
    texts = [ROOT / "README.md", ROOT / "pyproject.toml", *(ROOT / "sql").rglob("*"), *SOURCES]
    named = {
        (path.name, place)
        for path in texts
        if path.suffix in {".md", ".toml", ".sql", ".py"}
        for place in PLACE.findall(path.read_text("utf-8"))
    }
    assert named
    assert [(where, place) for where, place in named if not (ROOT / place).exists()] == []
