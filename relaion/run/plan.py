"""What a run was asked to do, in a form that two runs can be compared by.

The plan is public: it stands in the manifest. Lists and keywords appear as HMAC digests
under the curator key, inputs by subset, name, rows and bytes, never by their links.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from relaion.links import KEY_VERSION
from relaion.run.editions import Edition
from relaion.sqlset import load

UNSAFE_ABOVE = 0.45
KEYWORD_ABOVE = 0.95


@dataclass(frozen=True)
class Parameters:
    """The settings that decide which rows stay.

    `keywords` is None, or the HMAC digest of the keyword file and how many it holds.
    """

    unscored: str
    same_link: bool
    inner: bool
    keywords: dict[str, Any] | None
    columns: dict[str, str | list[str]]
    unsafe_above: float = UNSAFE_ABOVE
    keyword_above: float = KEYWORD_ABOVE


@dataclass(frozen=True)
class Plan:
    """Everything that decides the outcome of a run, and nothing that does not."""

    versions: dict[str, str]
    sql_version: str
    scripts: list[dict[str, str]]
    parameters: dict[str, Any]
    editions: list[dict[str, Any]]
    lists: list[dict[str, Any]]
    inputs: list[dict[str, Any]]
    sidecars: list[dict[str, Any]]

    @property
    def run_id(self) -> str:
        """The digest of the plan: equal for equal runs."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def versions() -> dict[str, str]:
    """Versions that an outcome may depend on."""
    return {
        "relaion": version("relaion"),
        "duckdb": version("duckdb"),
        "pyarrow": version("pyarrow"),
        "link_key": str(KEY_VERSION),
    }


def make_plan(
    inputs: Sequence[Mapping[str, Any]],
    editions: Sequence[Edition],
    lists: Sequence[Mapping[str, Any]],
    parameters: Parameters,
    sql_version: str,
    sidecars: Sequence[Path] = (),
) -> Plan:
    """The plan of a run.

    `inputs` holds subset, shard, rows, bytes; `lists` holds list_id, source, title, label,
    received, digest, entries.
    """
    scripts = [{"name": f"{k}.sql", "sha256": s.sha256} for k, s in load(sql_version).items()]
    return Plan(
        versions=versions(),
        sql_version=sql_version,
        scripts=scripts,
        parameters=asdict(parameters),
        editions=[
            {
                "name": e.name,
                "parent": e.parent,
                "labels": list(e.labels),
                "rules": list(e.rules),
                "script": e.script.path.name,
                "sha256": e.script.sha256,
                "builtin": e.built_in,
            }
            for e in editions
        ],
        lists=[dict(entry) for entry in lists],
        inputs=[dict(item) for item in inputs],
        sidecars=[{"name": path.name, "bytes": path.stat().st_size} for path in sidecars],
    )


def differences(
    old: Mapping[str, Any], new: Plan, failed: Collection[tuple[str, str]] = ()
) -> list[str]:
    """What differs between a plan on disk and this one, in words that name the cause first.

    Shards (subset, name) that failed in the old run may be other ones now.
    """
    fresh = json.loads(json.dumps(asdict(new)))
    found = [
        f"{name} {old['versions'].get(name)} is now {value}"
        for name, value in fresh["versions"].items()
        if old["versions"].get(name) != value
    ]
    if old["sql_version"] != fresh["sql_version"] or old["scripts"] != fresh["scripts"]:
        found.append("the SQL scripts differ")
    found += [
        f"{'--' if name in ('unscored', 'keywords') else ''}{name} differs"
        for name, value in fresh["parameters"].items()
        if old["parameters"].get(name) != value
    ]
    if old["editions"] != fresh["editions"]:
        found.append("the editions differ")
    if old["lists"] != fresh["lists"]:
        found.append("the lists differ")
    before, after = _but(old["inputs"], failed), _but(fresh["inputs"], failed)
    if before != after:
        found.append(_inputs_differ(before, after))
    if old["sidecars"] != fresh["sidecars"]:
        found.append("the sidecars differ")
    return found


def _but(inputs: list[dict[str, Any]], failed: Collection[tuple[str, str]]) -> list[dict[str, Any]]:
    """Inputs, those that failed without their rows and bytes."""
    unknown = {"rows": None, "bytes": None}
    return [i | unknown if (i["subset"], i["shard"]) in failed else i for i in inputs]


def _inputs_differ(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> str:
    before = {(i["subset"], i["shard"]): i for i in old}
    for item in new:
        key = (item["subset"], item["shard"])
        if before.pop(key, None) != item:
            return f"the inputs differ, first in {item['subset']}/{item['shard']}"
    missing = next(iter(before), None)
    if missing is None:
        return "the inputs come in another order"
    return f"the inputs differ: {missing[0]}/{missing[1]} is missing"
