"""manifest.json: what went in, what decided, what came out. Written last; public."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from relaion.errors import OutputError
from relaion.paths import whole_file
from relaion.run.audit import Found, input_lines, output_lines
from relaion.run.outputs import MANIFEST

NOT_PUBLISHABLE = (
    "no cover: whoever has the old metadata can subtract this edition from it and find the "
    "listed rows among the few that no public rule explains"
)


def build(found: Found, started: str, finished: str) -> dict[str, Any]:
    """The manifest as one JSON object; times are ISO 8601 in UTC."""
    plan = found.plan
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
        "publishable": False,
        "why": NOT_PUBLISHABLE,
    }


def write(out: Path, manifest: dict[str, Any]) -> None:
    """Write OUT/manifest.json whole or not at all."""
    with whole_file(out / MANIFEST) as part:
        part.write_text(json.dumps(manifest, indent=1, ensure_ascii=True) + "\n", encoding="ascii")


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
    """The part of a manifest that a plan is compared with (`plan.differences`)."""
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
