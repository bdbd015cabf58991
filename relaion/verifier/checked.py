"""verified.json: what an earlier check of an OUT found, and whether it may be relied on.

Whoever holds the curator key has sealed it, and it names the manifest that it is about by its
digest. Anything else about it is a reason to check all again, never one to believe less is needed.
"""

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from relaion.lists.key import hmac_of_check
from relaion.verifier.manifest import VERIFIED, Statement
from relaion.verifier.verdict import PROMISES, Notes
from relaion.versions import installed

VERIFIER = 3
"""The version of what is checked, and how; another one has to see everything once itself."""
_LONGEST = 1 << 20  # bytes; a line for each update of a data set is some 80


@dataclass(frozen=True)
class EarlierCheck:
    """A check that held: of which run, when, and what it rested on, as (run, time) in order."""

    run: str
    checked: str
    rests_on: tuple[tuple[str, str], ...]

    @property
    def chain(self) -> tuple[tuple[str, str], ...]:
        """What a check that rests on this one rests on."""
        return (*self.rests_on, (self.run, self.checked))


def read_check(out: Path, statement: Statement, key: bytes | None) -> EarlierCheck | str:
    """The check of an OUT that held whole; or why there is none to rest on.

    `statement` is what the manifest there says.
    """
    if not (out / VERIFIED).is_file():
        return "it was not checked when it was made, or something did not hold then"
    said = _read(out)
    if said is None:
        return f"its {VERIFIED} is none that a run writes"
    if why := next(_doubts(said, statement, key), None):
        return why
    rests_on = tuple((line["run"], line["checked"]) for line in said["rests_on"])
    return EarlierCheck(said["run"], said["checked"], rests_on)


def _doubts(said: Mapping[str, Any], statement: Statement, key: bytes | None) -> Iterator[str]:
    if not _is_of(said, statement):
        yield f"its {VERIFIED} tells of another manifest"
    if key is None or not _is_sealed(said, key):
        yield f"its {VERIFIED} is not sealed with the curator key"
    if said["held"] != list(PROMISES):
        yield "not every promise was held there"
    ours = {name: installed(name) for name in _VERSIONS} | {"verifier": VERIFIER}
    for name in (name for name, value in ours.items() if said[name] != value):
        yield f"another version of {name} checked it"


def _is_of(said: Mapping[str, Any], statement: Statement) -> bool:
    """Whether it tells of the manifest beside it."""
    return bool(said["manifest"] == statement.sha256 and said["run"] == statement.raw["run"])


def check_said(out: Path, statement: Statement, key: bytes | None, notes: Notes) -> None:
    """Hold verified.json, where there is one, against the manifest beside it."""
    if not (out / VERIFIED).is_file():
        return
    said = _read(out)
    if said is None:
        notes.find("4", VERIFIED, "is not written as a run writes it: it may tell anything")
    elif not _is_of(said, statement) or (key is not None and not _is_sealed(said, key)):
        notes.find("6", VERIFIED, "tells of another manifest, or was not sealed with this key")


_VERSIONS = ("relaion", "duckdb", "pyarrow")
_DIGEST = re.compile("[0-9a-f]{64}")
_RUN = re.compile("[0-9a-f]{16}")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+!_-]{0,40}")


def _read(out: Path) -> dict[str, Any] | None:
    """What stands there, every value of its kind and written as a run writes it; else None."""
    try:
        with (out / VERIFIED).open("rb") as f:
            data = f.read(_LONGEST)
        said = json.loads(data.decode("ascii"))
        written = (json.dumps(said, indent=1) + "\n").encode("ascii")
        return said if data == written and _is_one(said) else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _is_one(said: dict[str, Any]) -> bool:
    names = [*_VERSIONS, "verifier", "run", "manifest", "checked", "held", "rests_on", "seal"]
    lines = said["rests_on"]
    return (
        list(said) == names
        and all(_VERSION.fullmatch(said[name]) for name in _VERSIONS)
        and type(said["verifier"]) is int
        and all(_DIGEST.fullmatch(said[name]) for name in ("manifest", "seal"))
        and isinstance(said["held"], list)
        and set(said["held"]) <= set(PROMISES)
        and isinstance(lines, list)
        and all(list(line) == ["run", "checked"] for line in lines)
        and all(
            _RUN.fullmatch(line["run"]) and _is_time(line["checked"]) for line in (said, *lines)
        )
    )


def _is_time(value: str) -> bool:
    found = datetime.fromisoformat(value)
    return found.utcoffset() == timedelta(0) and found.isoformat() == value


def _is_sealed(said: Mapping[str, Any], key: bytes) -> bool:
    text = json.dumps({name: value for name, value in said.items() if name != "seal"})
    return hmac.compare_digest(hmac_of_check(key, text.encode("ascii")), said["seal"])
