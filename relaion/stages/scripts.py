"""`scripts`: which SQL decides, and whether it is the SQL that was released."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from relaion import sqlset as files
from relaion.errors import ScriptError
from relaion.paths import typed


@dataclass(frozen=True)
class ScriptLine:
    """A script in a list: its name below `sql/<version>/`, what it is for, its digest."""

    name: str
    purpose: str
    sha256: str


@dataclass(frozen=True)
class Listing:
    """The scripts of a version; `text` is the SQL of the one that was asked for."""

    version: str
    released: bool
    scripts: tuple[ScriptLine, ...]
    text: str | None


def scripts(
    name: str | None = None, *, check: bool = False, sql_version: str = files.VERSION
) -> Listing:
    """List the SQL scripts with their digests, print one, or check them against the release.

    Raises ScriptError for an unknown name or version, and for a script that changed after
    its release (with `check` also where the version is not released yet).
    """
    found = files.load(sql_version)
    released = (files.sql_root() / sql_version / "SHA256SUMS").exists()
    if check:
        files.check(sql_version)
    chosen = None
    if name is not None:
        key = name.removesuffix(".sql")
        by_name = {s.name: k for k, s in found.items()}
        chosen = found.get(by_name.get(key.replace("-", "_"), key))
        if chosen is None:
            said = typed(name)
            near = _near(key, by_name)
            raise ScriptError(
                f"{said}: no such script in sql/{sql_version}{near}; see `relaion scripts`"
            )
    lines = tuple(ScriptLine(f"{k}.sql", s.purpose, s.sha256) for k, s in found.items())
    return Listing(sql_version, released, lines, chosen.sql if chosen else None)


def _near(wanted: str, by_name: Mapping[str, str]) -> str:
    """The scripts that may be meant: of that number, holding that word, or of nearly that name."""
    word = wanted.casefold().replace("-", "_")
    keys = list(by_name.values())
    found = [key for key in keys if word.isdecimal() and _number(key) == int(word)]
    found = found or [key for key in keys if len(word) > 1 and word in key]
    if not found:
        names = {name: key for name, key in by_name.items()} | {key: key for key in keys}
        found = [names[name] for name in difflib.get_close_matches(word, names, 1)]
    if not found:
        return ""
    return f"; did you mean {' or '.join(found[:3])}?"


def _number(key: str) -> int | None:
    head = key.partition("_")[0]
    return int(head) if head.isdigit() else None
