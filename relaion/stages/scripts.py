"""`scripts`: which SQL decides, and whether it is the SQL that was released."""

from __future__ import annotations

from dataclasses import dataclass

from relaion import sqlset as files
from relaion.errors import ScriptError


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
            raise ScriptError(f"{name}: no such script in sql/{sql_version}; see `relaion scripts`")
    lines = tuple(ScriptLine(f"{k}.sql", s.purpose, s.sha256) for k, s in found.items())
    return Listing(sql_version, released, lines, chosen.sql if chosen else None)
