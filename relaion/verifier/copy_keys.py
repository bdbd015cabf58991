"""The names in the manifest of a copy: at every level those that `apply` writes, and no other.

What an unknown name says nobody checks, so whatever stands there would pass.
"""

from collections.abc import Mapping
from typing import Any

_TEXT = None  # of a value that is no object, or one that is checked elsewhere
_FILE = {"name": _TEXT, "form": _TEXT, "sha256": _TEXT, "records": _TEXT}
_SHARDS = [{"subset": _TEXT, "shard": _TEXT, "rows": _TEXT, "bytes": _TEXT}]
_SIDE = {"rows": _TEXT, "shards": _TEXT, "digest": _TEXT, "?editions": _TEXT}
_COLUMNS = {"?url": _TEXT, "?text": _TEXT, "?row_hash": _TEXT}
_SAID = {
    **dict.fromkeys(
        ("form", "relaion", "key_version", "sql_version", "scripts", "made", "by", "salt", "rows",
         "rows_left", "links_gone", "rows_without_identity", "rows_without_link", "duplicates",
         "colliding_hashes", "content"),
    ),
    "?hashes_doubted": _TEXT,
    "?hashes_believed": _TEXT,
    "old": _SIDE,
    "new": _SIDE,
}  # fmt: skip
NAMES: Mapping[str, Any] = {
    **dict.fromkeys(
        ("relaion", "kind", "run", "duckdb", "pyarrow", "key_version", "sql_version", "started",
         "finished", "not_looked_at", "doubted", "several"),
    ),
    "plan": {
        "versions": dict.fromkeys(("relaion", "duckdb", "pyarrow", "link_key")),
        "sql_version": _TEXT,
        "scripts": [{"name": _TEXT, "sha256": _TEXT}],
        "parameters": {
            "by": _TEXT, "unknown": _TEXT, "without_identity": _TEXT, "columns": _COLUMNS,
        },
        "against": {
            "?diff": {"sha256": _TEXT, "rows": _TEXT, "said": _SAID},
            "?keep": _SHARDS,
            "?old": _SHARDS,
        },
        "inputs": [{"name": _TEXT, "form": _TEXT, "bytes": _TEXT}],
    },
    "against": {"?diff": _TEXT, "?keep": _TEXT, "?old": _TEXT},
    "inputs": [{**_FILE, "columns": _COLUMNS}],
    "outputs": [dict.fromkeys(("name", "how", "bytes", "sha256", "records"))],
    "counts": [dict.fromkeys(("fate", "stayed", "rows", "samples"))],
}  # fmt: skip
"""Names and what is under them: an object, a list of such, or what is no object (None). A name
behind `?` may lack."""


def other_names(said: Any, known: Any = NAMES, where: str = "") -> str | None:
    """Where the first object stands that has a name too much or too few; None where none does.

    Nothing of an unknown name is told: it may be what nobody may see.
    """
    if isinstance(known, list):
        if not isinstance(said, list):
            return where
        found = (other_names(each, known[0], where) for each in said)
        return next((place for place in found if place is not None), None)
    if known is None:
        return where if _holds_objects(said) else None
    if not isinstance(said, dict) or not _are_named(set(said), set(known)):
        return where
    for name, more in known.items():
        bare = name.removeprefix("?")
        inside = f"{where}.{bare}" if where else bare
        if bare in said and (place := other_names(said[bare], more, inside)) is not None:
            return place
    return None


def _are_named(said: set[str], known: set[str]) -> bool:
    needed = {name for name in known if not name.startswith("?")}
    return needed <= said <= {name.removeprefix("?") for name in known}


def _holds_objects(said: Any) -> bool:
    if isinstance(said, list):
        return any(map(_holds_objects, said))
    return isinstance(said, dict)
