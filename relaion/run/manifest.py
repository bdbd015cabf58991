"""manifest.json: what went in, what decided, what came out. Written last; public."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from relaion.errors import OutputError
from relaion.paths import atomic_write
from relaion.run.audit import FinishedRun, input_lines, output_lines
from relaion.run.outputs import MANIFEST

NOT_PUBLISHABLE = (
    "there is no cover: whoever has the old metadata can subtract this edition from it and find "
    "the listed rows among the few that no public rule explains"
)


PUBLISHABLE = "no list removed a row, so the difference to the old metadata shows none"


def _lists_removed(found: FinishedRun) -> bool:
    """Whether a row left by way of a list. What an own script's reasons mean is not known."""
    own = {e["name"] for e in found.plan.editions if not e["builtin"]}
    return any(
        kind != "rule" or (edition in own and found.is_hit)
        for report in found.reports.values()
        for edition, kind, *_, gross, _exclusive in report.tally
        if gross
    )


def build(found: FinishedRun, started: str, finished: str) -> dict[str, Any]:
    """The manifest as one JSON object; times are ISO 8601 in UTC.

    An edition may be published where no list removed a row of it; there is no cover yet.
    """
    plan = found.plan
    discloses = _lists_removed(found)
    columns = ("subset", "shard", "rows", "bytes", "sha256")
    return {
        "relaion": plan.versions["relaion"],
        "duckdb": plan.versions["duckdb"],
        "pyarrow": plan.versions["pyarrow"],
        "sql_version": plan.sql_version,
        "key_version": int(plan.versions["link_key"]),
        "run": plan.run_id,
        "started": started,
        "finished": finished,
        "scripts": plan.scripts,
        "parameters": plan.parameters,
        "editions": plan.editions,
        "lists": plan.lists,
        "sidecars": list(found.sidecars),
        "inputs": [dict(zip(columns, line, strict=True)) for line in input_lines(found)],
        "outputs": [
            dict(zip(("edition", *columns), line, strict=True)) for line in output_lines(found)
        ],
        "publishable": not discloses,
        "why": NOT_PUBLISHABLE if discloses else PUBLISHABLE,
    }


def write(out: Path, manifest: dict[str, Any]) -> None:
    """Write OUT/manifest.json whole or not at all."""
    with atomic_write(out / MANIFEST) as part, part.open("w", encoding="ascii") as f:
        json.dump(manifest, f, indent=1, ensure_ascii=True)  # of many shards it is long
        f.write("\n")


def read(out: Path) -> dict[str, Any] | None:
    """The manifest of a finished OUT, or None where there is none."""
    path = out / MANIFEST
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or "outputs" not in found:
        raise OutputError(f"{path}: is not a manifest of relaion; name another OUT")
    return found


def plan_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """The part of a manifest that a plan is compared with (`settings.differences`)."""
    keep = ("subset", "shard", "rows", "bytes")
    return {
        "versions": {
            "relaion": manifest["relaion"],
            "duckdb": manifest["duckdb"],
            "pyarrow": manifest["pyarrow"],
            "link_key": str(manifest["key_version"]),
        },
        "sql_version": manifest["sql_version"],
        "scripts": manifest["scripts"],
        "parameters": manifest["parameters"],
        "editions": manifest["editions"],
        "lists": manifest["lists"],
        "inputs": [{k: i[k] for k in keep} for i in manifest["inputs"]],
        "sidecars": [{k: s[k] for k in ("name", "bytes")} for s in manifest["sidecars"]],
    }


def plan_json(plan: Any) -> str:
    """A plan as text for the work folder."""
    return json.dumps(asdict(plan), sort_keys=True)
