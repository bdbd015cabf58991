"""Clean image-link data sets against hash and link lists with versioned SQL.

What the command line can do, Python can do, under the same names:

    import relaion
    relaion.lists.add("lists.duckdb", "partner.txt", source="IWF")
    relaion.clean("data", "lists.duckdb", "out")

    inspect         what shards hold, and what they can be matched by
    lists           add, show and withdraw the deliveries of a list store
    match           counts of what the lists find; writes nothing
    clean           editions without the rows that lists and rules name
    plan            what a clean would take: time, memory, disk
    merge           the parts of a clean joined, where many machines did it
    update          these editions again, once the lists or the data have grown
    apply           a copy of a data set cleaned with an edition or a diff
    diff            what left between two versions, for others to apply
    diff_check      what an outsider could compute from it
    purge           what a run that was interrupted left, removed
    verify          the promises of a finished run, checked by other code
    report          what the audit of a finished run says, for people
    sql             an answer from an audit and its editions, or from shards
    open_audit      a DuckDB connection on these, for notebooks
    open_data       the same on shards before cleaning
    link, link_key  how a link is compared
    scripts         the SQL that decides
    demo            all of it, on a made-up data set

`AnyPath` is text or a `Path`, `AnyPaths` one of them or many. Functions return frozen dataclasses
and raise `RelaionError` with one line. They are loaded when first used, so that `import relaion`
costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from relaion import lists
    from relaion.errors import RelaionError
    from relaion.links import link_key
    from relaion.stages.apply import apply
    from relaion.stages.clean import clean
    from relaion.stages.demo import demo
    from relaion.stages.diff import diff
    from relaion.stages.diff_check import diff_check
    from relaion.stages.inspect import inspect
    from relaion.stages.link import link
    from relaion.stages.match import match
    from relaion.stages.merge import merge
    from relaion.stages.plan import plan
    from relaion.stages.purge import purge
    from relaion.stages.report import report
    from relaion.stages.scripts import scripts
    from relaion.stages.sql import open_audit, open_data, sql
    from relaion.stages.update import update
    from relaion.stages.verify import verify

__all__ = [
    "RelaionError",
    "apply",
    "clean",
    "demo",
    "diff",
    "diff_check",
    "inspect",
    "link",
    "link_key",
    "lists",
    "match",
    "merge",
    "open_audit",
    "open_data",
    "plan",
    "purge",
    "report",
    "scripts",
    "sql",
    "update",
    "verify",
]

__version__ = "0.1.0"

_HOMES = {
    "RelaionError": "relaion.errors",
    "link_key": "relaion.links",
    "open_audit": "relaion.stages.sql",
    "open_data": "relaion.stages.sql",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'relaion' has no attribute {name!r}")
    if name == "lists":
        return import_module("relaion.lists")
    return getattr(import_module(_HOMES.get(name, f"relaion.stages.{name}")), name)


def __dir__() -> list[str]:
    ours = (name for name in globals() if name.startswith("__"))
    return sorted({*ours, *__all__} - {"__dir__", "__getattr__"})  # which help() would list
