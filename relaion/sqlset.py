"""Find a SQL script, read its header, fingerprint it. Standard library only.

A script is plain DuckDB SQL with a header that machines read and tests hold against
the SQL below it:

    -- name:    list_hits
    -- purpose: The rows that a list names.
    -- params:  $unsafe_above  double  score above which a row leaves
    -- reads:   row_keys  (shard_no integer, digest varchar)
    -- writes:  list_hits (shard_no integer, list_id integer)
    -- nulls:   a null digest matches nothing
    -- order:   none

Edition scripts add `parent`, `labels` and their defaults (`default: $name value`).
A folder `sql/vN` is a complete set. `SHA256SUMS` in it, written at release in the format
of `sha256sum`, freezes every byte: a script that differs from it is refused.
"""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from relaion.errors import ScriptError
from relaion.paths import open_given, shown

VERSION = "v1"
BUILT_IN = ("research", "research-safe")  # editions
_FIELD = re.compile(r"^-- ([a-z]+):\s*(.*?)\s*$")
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_PARAM = re.compile(r"^\$([a-z][a-z0-9_]*)\s+(\S+)\s+(.*)$")
_RELATION = re.compile(r"^((?:(?:store|earlier)\.)?[a-z][a-z0-9_]*)\s*(?:\((.*)\))?$")
_SUM = re.compile(r"^([0-9a-f]{64})  (\S+)$")


@dataclass(frozen=True)
class Script:
    """One SQL file: its text, its header and the digest of its bytes."""

    path: Path
    sql: str
    sha256: str
    name: str
    purpose: str
    fields: tuple[tuple[str, str], ...]

    def values(self, field: str) -> list[str]:
        """All values of a header field, in order; empty when it does not occur."""
        return [text for key, text in self.fields if key == field]

    @property
    def params(self) -> dict[str, str]:
        """Declared parameters: name without `$` to SQL type."""
        found = (_PARAM.match(text) for text in self.values("params"))
        return {m[1]: m[2] for m in found if m}

    def relations(self, field: str) -> dict[str, str]:
        """`reads` or `writes`: relation name to its declared columns ('' when left open)."""
        found = (_RELATION.match(text) for text in self.values(field))
        return {m[1]: m[2] or "" for m in found if m}


def sql_root() -> Path:
    """The folder that holds `v1/`: inside the wheel, else beside the package (a checkout)."""
    here = Path(__file__).resolve().parent
    # a checkout comes first: an editable install may leave a stale copy in site-packages
    for root in (here.parent / "sql", here / "_sql"):
        if (root / VERSION).is_dir():
            return root
    raise ScriptError(f"{here}: the SQL scripts are missing; install relaion again")


def versions() -> list[str]:
    """The script sets that this installation holds, oldest first."""
    return sorted(p.name for p in sql_root().iterdir() if re.fullmatch(r"v[0-9]+", p.name))


def parse(path: Path) -> Script:
    """Read one script; raises ScriptError with `file:line` when its header is malformed."""
    where = shown(path)
    try:
        with open_given(path) as file:
            raw = file.read()
        sql = raw.decode("utf-8")
    except OSError as e:
        raise ScriptError(f"{where}: cannot be read ({e.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise ScriptError(f"{where}: is not UTF-8 text; save it as UTF-8") from None
    fields: list[tuple[str, str]] = []
    for number, line in enumerate(sql.splitlines(), 1):
        found = _FIELD.match(line)
        if not found:
            break
        key, text = found[1], found[2]
        if key == "params" and text != "none" and not _PARAM.match(text):
            raise ScriptError(f"{where}:{number}: write `-- params: $name type meaning`")
        if key in ("reads", "writes") and not _RELATION.match(text):
            raise ScriptError(f"{where}:{number}: write `-- {key}: relation (column type, ...)`")
        fields.append((key, text))
    first = dict(reversed(fields))
    if not _NAME.match(first.get("name", "")) or not first.get("purpose"):
        raise ScriptError(f"{where}:1: no header; a script opens with `-- name:` and `-- purpose:`")
    return Script(
        path, sql, hashlib.sha256(raw).hexdigest(), first["name"], first["purpose"], tuple(fields)
    )


def _frozen(folder: Path) -> dict[str, str]:
    sums = folder / "SHA256SUMS"
    if not sums.exists():
        return {}
    found = [_SUM.match(line) for line in sums.read_text(encoding="ascii").splitlines()]
    return {m[2]: m[1] for m in found if m}


def check(version: str = VERSION) -> None:
    """Compare a released set with its SHA256SUMS; raises ScriptError naming the first file.

    A set without SHA256SUMS is not released and may still change.
    """
    folder = sql_root() / version
    if not folder.is_dir():
        held = ", ".join(versions())
        raise ScriptError(f"{version}: no such SQL version; this installation has {held}")
    frozen = _frozen(folder)
    for path in sorted(folder.rglob("*.sql")) if frozen else ():
        name = path.relative_to(folder).as_posix()
        if name not in frozen:
            raise ScriptError(
                f"sql/{version}/{name}: is not part of release {version}; remove it, or name its "
                "path with --edition"
            )
    for name, expected in frozen.items():
        path = folder / name
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
        if found != expected:
            raise ScriptError(
                f"sql/{version}/{name}: differs from release {version} (expected "
                f"{expected[:12]}…, found {found[:12]}…); restore the file or install relaion again"
            )


@cache
def load(version: str = VERSION) -> dict[str, Script]:
    """All scripts of a version by path without suffix (`30_list_hits`, `editions/research`).

    The set is checked against its SHA256SUMS first. Keys come sorted.
    """
    check(version)
    folder = sql_root() / version
    return {
        path.relative_to(folder).with_suffix("").as_posix(): parse(path)
        for path in sorted(folder.rglob("*.sql"))
    }


@cache
def queries(folder: str = "") -> dict[str, Script]:
    """The cookbook: questions to an audit by name, one query a file, `reads` what it needs.

    Those of the folder `DATA` ask the shards themselves, before cleaning.
    """
    found = sorted((sql_root() / "queries" / folder).glob("*.sql"))
    return {script.name: script for script in map(parse, found)}


DATA = "data"


def cookbook(tables: Collection[str]) -> dict[str, Script]:
    """The questions that can be asked of these tables: of shards, or of an audit."""
    return queries(DATA if "shard" in tables else "")


def named(name: str, version: str = VERSION) -> Script:
    """The script called `name` in its header; ScriptError when the set has none."""
    for script in load(version).values():
        if script.name == name:
            return script
    raise ScriptError(f"{name}: no such script in sql/{version}; `relaion scripts` lists them")
