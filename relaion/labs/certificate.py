"""The certificate of a cleaned copy: what its manifest says, for people who only see that.

It holds no row, no link, caption or hash of one, and no path of whoever made it. `SCHEMA_FILE`
says of what it is made.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from relaion.errors import InputError, OutputError
from relaion.labs.report import WITH_KEY, more_said, others, says
from relaion.paths import atomic_write, refuse_unwritable, remove_own_part, shown
from relaion.run.outputs import refuse_within_finished

FORM = 1
END = ".certificate.json"
SCHEMA_FILE = "certificate.schema.json"
_SAID = (
    "made", "by", "rows", "rows_left", "links_gone", "rows_without_identity", "relaion",
    "key_version", "sql_version", "old", "new",
)  # fmt: skip
_OF_SIDE = ("rows", "shards", "digest", "editions")


def place_of(out: Path, given: Path | None) -> Path:
    """Where the certificate of OUT goes: where it was asked for, else beside OUT."""
    if given is not None:
        return given
    # as OUT was called, where that tells beside what it lies
    whole = out.resolve() if out.name in ("", "..") or out.is_symlink() else out
    return whole.parent / f"{whole.name}{END}"


def refuse_place(place: Path, out: Path, inputs: Sequence[Path]) -> None:
    """Raise InputError for a certificate inside OUT or an input, or in place of another file.

    And OutputError where none can be written, which else would be met when all was done.
    """
    real, whole = place.resolve(), out.resolve()
    if not whole.exists():
        above = next(folder for folder in whole.parents if folder.exists())  # the rest is made
        if not above.is_dir():
            raise OutputError(
                f"{shown(out)}: cannot be made, since {shown(above)} is no folder; name another"
            )
        refuse_unwritable(above, f"so {shown(out)} cannot be made there; name another folder")
    if real.is_relative_to(whole):
        raise InputError(
            f"{shown(place)}: lies inside OUT, which holds the cleaned copy alone; name a file "
            "beside it"
        )
    for given in inputs:
        if real.is_relative_to(given.resolve()):
            raise InputError(
                f"{shown(place)}: is an input or lies inside one; inputs are never modified, so "
                "name another file with --certificate"
            )
    refuse_within_finished(place)
    if place.is_dir():
        raise InputError(f"{shown(place)}: is a folder; name a file with --certificate")
    if place.exists() and not (place.is_file() and _is_certificate(place)):
        raise InputError(f"{shown(place)}: is there and no certificate; name another file")
    if real.parent == whole.parent and not whole.exists():
        return  # it is made with OUT
    if not place.parent.is_dir():
        raise InputError(
            f"{shown(place.parent)}: is not a folder; make it, or name another file with "
            "--certificate"
        )
    refuse_unwritable(
        place.parent, "and the certificate goes there; name another file with --certificate"
    )


def _is_certificate(place: Path) -> bool:
    return "certificate" in _read(place)


def is_certificate(data: bytes) -> bool:
    """Whether some bytes are those of a certificate."""
    return "certificate" in _parsed(data)


def _read(place: Path) -> dict[str, Any]:
    """The certificate at a place; empty where there is none."""
    try:
        return _parsed(place.read_bytes())
    except OSError:
        return {}


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(data.decode("ascii")))
    except (ValueError, TypeError, RecursionError):
        return {}


def certify(made: Mapping[str, Any], checked: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The certificate of a manifest; `checked` is what `verify` found."""
    parameters = made["plan"]["parameters"]
    alone = not made["not_looked_at"] and not others(made)
    return {
        "certificate": FORM,
        "says": says(made).replace("…", "..."),
        "stands_alone": alone,
        "not_looked_at": list(made["not_looked_at"]),
        "also": more_said(made),
        "against": _against(made),
        "parameters": {k: parameters[k] for k in ("by", "unknown", "without_identity")},
        "inputs": [
            {"name": x["name"], "form": x["form"], "records": x["records"], "sha256": x["sha256"]}
            for x in made["inputs"]
        ],
        "outputs": [
            {"name": x["name"], "records": x["records"], "bytes": x["bytes"],
             "sha256": x["sha256"]}
            for x in made["outputs"]
        ],
        "counts": [dict(line) for line in made["counts"]],
        "identities": _identities(made),
        "versions": {
            "relaion": made["relaion"], "duckdb": made["duckdb"], "pyarrow": made["pyarrow"],
            "sql": made["sql_version"], "link_key": made["key_version"],
        },
        "run": made["run"],
        "started": made["started"],
        "finished": made["finished"],
        "checked": None if checked is None else dict(checked),
    }  # fmt: skip


def _against(made: Mapping[str, Any]) -> dict[str, Any]:
    """What it was held against, by its digest, and what that says of itself."""
    planned = made["plan"]["against"]
    found: dict[str, Any] = {}
    for name, sha256 in made["against"].items():
        if name == "diff":
            said = {k: planned["diff"]["said"][k] for k in _SAID if k in planned["diff"]["said"]}
            for side in ("old", "new"):
                if isinstance(said.get(side), dict):
                    said[side] = {k: said[side][k] for k in _OF_SIDE if k in said[side]}
            found[name] = {"sha256": sha256, "rows": planned["diff"]["rows"], "said": said}
        else:
            shards = planned[name]
            rows = sum(shard["rows"] for shard in shards)
            found[name] = {"sha256": sha256, "rows": rows, "shards": len(shards)}
    return found


def _identities(made: Mapping[str, Any]) -> dict[str, int]:
    """For how many rows which identity served; `either` are those of which no diff tells it."""
    removed = "row_hash" if "diff" in made["against"] else "either"
    served = {
        "row": "row_hash", "link": "link", "removed": removed, "removed with its link": "link",
        WITH_KEY: "key", "unknown": "unmet", "not in new": "unmet", "nameless": "none",
    }  # fmt: skip
    found = dict.fromkeys(("row_hash", "link", "either", "key", "unmet", "none"), 0)
    for line in made["counts"]:
        found[served[line["fate"]]] += line["rows"]
    return found


def checked_by(verdict: Any, version: str) -> dict[str, Any]:
    """What `verify` found, as a certificate says it."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": f"relaion {version} verify: other code than apply, pyarrow and plain Python",
        "promises": [
            {"promise": x.promise, "title": x.title, "state": x.state, "why": x.why}
            for x in verdict.outcomes
        ],
    }


def renew_certificate(place: Path, made: Mapping[str, Any]) -> None:
    """Write that of a finished run where it lacks or is another's; what a check found stays."""
    remove_own_part(place)
    said = certify(made)
    if {**_read(place), "checked": None} != {**said, "checked": None}:
        write_certificate(place, said)


def write_certificate(place: Path, certificate: Mapping[str, Any]) -> None:
    """Write it whole or not at all; raises OutputError where it cannot be."""
    if place.exists() and not _is_certificate(place):
        raise OutputError(f"{shown(place)}: is there and no certificate; name another file")
    text = json.dumps(certificate, indent=2, ensure_ascii=True) + "\n"
    with atomic_write(place, alone=True) as part:  # it lies beside OUT, which is locked
        part.write_text(text, encoding="ascii")
