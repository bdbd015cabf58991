"""Every public name says what it takes, gives and raises, and every field of a result what it is.

That it is said, not how: arguments under `Args:`, which ruff holds against the signature too.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest

import relaion
from relaion import errors, lists

PUBLIC = {
    **{name: getattr(relaion, name) for name in relaion.__all__ if name != "lists"},
    **{f"lists.{name}": getattr(lists, name) for name in lists.__all__},
}
FUNCTIONS = {name: f for name, f in PUBLIC.items() if inspect.isfunction(f)}


@cache
def _names() -> dict[str, Any]:
    """The classes of all modules of the package."""
    names: dict[str, Any] = {"Any": Any, "Path": Path, "duckdb": import_module("duckdb")}
    for module in sorted(Path(relaion.__file__).parent.rglob("*.py")):
        dotted = ".".join(
            module.relative_to(Path(relaion.__file__).parents[1]).with_suffix("").parts
        )
        if not dotted.endswith(("__main__", "__init__")) and ".cli." not in dotted:
            names |= {k: v for k, v in vars(import_module(dotted)).items() if inspect.isclass(v)}
    return names


def _hints(thing: Any) -> dict[str, Any]:
    """Type hints; names that are only imported for a type checker are those of the package."""
    names = _names().copy()
    for owner in getattr(thing, "__mro__", [thing])[::-1]:
        if owner.__module__ in sys.modules:
            names |= vars(sys.modules[owner.__module__])
    return get_type_hints(thing, localns=names)


def _results() -> dict[str, type]:
    """Dataclasses that a public function returns, and those in their fields."""
    found: dict[str, type] = {}

    def visit(hint: Any) -> None:
        for part in get_args(hint):
            visit(part)
        kind = get_origin(hint) or hint
        if is_dataclass(kind) and isinstance(kind, type) and kind.__name__ not in found:
            found[kind.__name__] = kind
            for told in _hints(kind).values():
                visit(told)

    for function in FUNCTIONS.values():
        visit(_hints(function)["return"])
    return found


RESULTS = _results()


def _section(text: str, name: str) -> str:
    found = re.search(rf"^{name}:\n((?:    .*\n?|\n)+)", text, re.MULTILINE)
    return found[1] if found else ""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_says_what_it_takes_gives_and_raises(name: str) -> None:
    function = FUNCTIONS[name]
    text = inspect.getdoc(function) or ""
    takes = re.findall(r"^    (\w+): \S", _section(text, "Args"), re.MULTILINE)
    assert takes == list(inspect.signature(function).parameters)
    assert _section(text, "Returns").strip()
    raises = re.findall(r"^    (\w+): \S", _section(text, "Raises"), re.MULTILINE)
    known = {**vars(errors), "TypeError": TypeError}
    assert raises
    assert all(issubclass(known[error], Exception) for error in raises)


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_says_what_its_fields_are(name: str) -> None:
    kind = RESULTS[name]
    said = " ".join(k.__doc__ or "" for k in kind.__mro__ if is_dataclass(k))
    said += " ".join(_properties(kind))
    assert [f.name for f in fields(kind) if not re.search(rf"\b{f.name}\b", said)] == []
    assert not (kind.__doc__ or "").startswith(f"{name}(")  # which dataclasses write themselves


def _properties(kind: type) -> Iterator[str]:
    for name, value in vars(kind).items():
        if not name.startswith("_") and (callable(value) or isinstance(value, property)):
            assert inspect.getdoc(value), f"{kind.__name__}.{name}"
            yield inspect.getdoc(value) or ""


def test_the_package_names_all_of_it() -> None:
    text = relaion.__doc__ or ""
    assert [n for n in relaion.__all__ if not re.search(rf"\b{n}\b", text)] == []
    assert "RelaionError" in text and relaion.RelaionError.__doc__
    assert {"Cleaned", "Matched", "Verdict", "Added", "Column", "Removal"} <= set(RESULTS)
