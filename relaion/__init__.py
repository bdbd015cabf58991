"""Clean image-link data sets against hash and link lists with versioned SQL.

What the command line can do, Python can do, under the same names:

    import relaion
    relaion.lists.add("lists.duckdb", "partner.txt", source="IWF")
    relaion.clean("data", "lists.duckdb", "out")

Paths are text or `Path`, one or many. Functions return frozen dataclasses and raise `RelaionError`
with one line. They are loaded when first used, so that `import relaion` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from relaion import lists
    from relaion.errors import RelaionError
    from relaion.links import link_key
    from relaion.stages.clean import clean
    from relaion.stages.demo import demo
    from relaion.stages.inspect import inspect
    from relaion.stages.link import link
    from relaion.stages.match import match
    from relaion.stages.scripts import scripts
    from relaion.stages.sql import sql
    from relaion.stages.verify import verify

__all__ = [
    "RelaionError",
    "clean",
    "demo",
    "inspect",
    "link",
    "link_key",
    "lists",
    "match",
    "scripts",
    "sql",
    "verify",
]

__version__ = "0.1.0"

_HOMES = {"RelaionError": "relaion.errors", "link_key": "relaion.links"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'relaion' has no attribute {name!r}")
    if name == "lists":
        return import_module("relaion.lists")
    return getattr(import_module(_HOMES.get(name, "relaion.stages")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
