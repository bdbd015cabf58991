"""The manifest by itself: every key and value of the kind that clean writes, and nothing else."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from relaion.roles import KINDS, ROLES
from relaion.verifier.manifest import MANIFEST, Statement, run_id, why_stated
from relaion.verifier.verdict import Notes


def check_shape(statement: Statement, notes: Notes) -> bool:
    """Find keys that no manifest has, values of another kind, and what was written otherwise.

    Returns whether all that a check relies on is there, and of its kind. Where nothing is
    otherwise, the lines of shards say no more than was read of them, and are let go.
    """
    raw = statement.raw
    differences = list(_differences(raw, _SHAPE, ""))
    for promise, what in differences:
        notes.find(promise, MANIFEST, what)
    if not statement.is_as_written:
        notes.find("4", MANIFEST, "is not written as clean writes it: spaces or keys may tell more")
    if any(promise == "6" for promise, _ in differences):
        return False
    if datetime.fromisoformat(raw["finished"]) < datetime.fromisoformat(raw["started"]):
        notes.find("6", MANIFEST, "states a run that ended before it began")
    if (raw["cover"] is None) is not (raw["parameters"]["cover"] == 0):
        notes.find("6", MANIFEST, "states cover that was not asked for, or none that was")
    if why_stated(raw) is None:
        notes.find("4", MANIFEST, "gives another reason for or against publishing than clean does")
    if not _is_in_order(raw):
        notes.find("4", MANIFEST, "states its shards or lists in another order than clean does")
    if raw["run"] != run_id(raw):
        notes.find("6", MANIFEST, "its run is not the digest of what it states")
    if not differences:
        statement.forget_lines()
    return True


def _is_in_order(raw: Mapping[str, Any]) -> bool:
    """Lists by number, and the outputs as editions and inputs come: no order says anything."""
    some = [x["lists"] for x in (*raw["lineage"], raw)]
    numbers = [[line["list_id"] for line in lists] for lists in some]
    inputs = [(line["subset"], line["shard"]) for line in raw["inputs"]]
    outputs = [(line["edition"], line["subset"], line["shard"]) for line in raw["outputs"]]
    expected = [(e["name"], *key) for e in raw["editions"] for key in inputs]
    is_whole = sorted(outputs) == sorted(expected)  # what is missing is found elsewhere
    are_sorted = all(x == sorted(set(x)) for x in numbers)
    return are_sorted and (outputs == expected or not is_whole)


def _differences(value: Any, shape: Any, where: str) -> Iterator[tuple[str, str]]:
    """What is otherwise than in a shape: a dict of keys, a list of items, or a test of a value."""
    named = where.lstrip(".") or "it"
    if isinstance(shape, dict | list) and not isinstance(value, type(shape)):
        yield "6", f"states something else as {named} than clean does"
    elif isinstance(shape, dict):
        if set(value) - set(shape):
            yield "4", f"holds a key that no manifest has (in {named})"
        elif list(value) != [key for key in shape if key in value]:
            yield "4", f"has the keys of {named} in another order than clean writes"
        for key, inner in shape.items():
            if key in value:
                yield from _differences(value[key], inner, f"{where}.{key}")
            else:
                yield "6", f"does not state {where.lstrip('.')}{'.' if where else ''}{key}"
    elif isinstance(shape, list):
        for item in value:
            yield from _differences(item, shape[0], where)
    elif not shape(value):
        yield "6", f"states something else as {named} than clean does"


def _like(pattern: str) -> Callable[[Any], bool]:
    """A test for text of this pattern."""
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


_VERSION = _like(r"[0-9][0-9A-Za-z.+!_-]{0,40}")
_SHA256 = _like(r"[0-9a-f]{64}")
_EDITION = _like(r"[a-z][a-z0-9-]*")
_DAY = _like(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _is_score(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_time(value: Any) -> bool:
    """ISO 8601 in UTC, just as Python writes it."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return found.utcoffset() == timedelta(0) and found.isoformat() == value


def _is_day(value: Any) -> bool:
    try:
        return value is None or (_DAY(value) and bool(datetime.fromisoformat(value)))
    except ValueError:
        return False


def _are_entries(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(k in KINDS and _is_count(n) for k, n in value.items())
        and list(value) == sorted(value)
    )


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _are_columns(value: Any) -> bool:
    return isinstance(value, dict) and all(
        role in ROLES and (_is_text(names) or _are_words(names)) for role, names in value.items()
    )


def _are_keywords(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and list(value) == ["digest", "n"]
        and _SHA256(value["digest"])
        and _is_count(value["n"])
    )


def _is_cover(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and list(value) == ["site_rows", "release", "weak", "joined"]
        and all(map(_is_count, value.values()))
        and value["joined"] <= value["weak"]
    )


_RUN = _like(r"[0-9a-f]{16}")
_LIST = {
    "list_id": _is_count,
    "source": _is_name,
    "title": _is_name,
    "label": _is_name,
    "received": _is_day,
    "digest": _SHA256,
    "role": lambda value: value in ("bad", "good"),
    "entries": _are_entries,
}
_FILE = {"rows": _is_count, "bytes": _is_count, "sha256": _SHA256}
_SHARD = {"subset": _is_text, "shard": _is_text, **_FILE}
_SHAPE: dict[str, Any] = {
    "relaion": _VERSION,
    "duckdb": _VERSION,
    "pyarrow": _VERSION,
    "sql_version": _like(r"v[0-9]{1,4}"),
    "key_version": _is_count,
    "run": _RUN,
    "started": _is_time,
    "finished": _is_time,
    "scripts": [{"name": _like(r"(?:[a-z]+/)?[a-z0-9_]{1,80}\.sql"), "sha256": _SHA256}],
    "parameters": {
        "unscored": lambda value: value in ("keep", "drop"),
        "same_link": _is_flag,
        "inner": _is_flag,
        "good_wins": _is_flag,
        "keywords": _are_keywords,
        "columns": _are_columns,
        "unsafe_above": _is_score,
        "keyword_above": _is_score,
        "cover": _is_count,
        "cover_site_rows": lambda value: value is None or _is_count(value),
    },
    "editions": [
        {
            "name": _EDITION,
            "parent": _EDITION,
            "labels": _are_words,
            "rules": _are_words,
            "script": _is_text,
            "sha256": _SHA256,
            "builtin": _is_flag,
        }
    ],
    "lists": [_LIST],
    "sidecars": [{"name": _is_text, **_FILE}],
    "inputs": [_SHARD],
    "outputs": [{"edition": _EDITION, **_SHARD}],
    "audit": _SHA256,
    "lineage": [
        {
            "run": _RUN,
            "finished": _is_time,
            "manifest": _SHA256,
            "kept_out": _is_flag,
            "lists": [_LIST],
        }
    ],
    "cover": _is_cover,
    "publishable": _is_flag,
    "why": _is_text,
}
