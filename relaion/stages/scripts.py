"""`scripts`: which SQL decides, whether it is the SQL that was released, and whether yours runs."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from relaion import sqlset as files
from relaion.errors import InputError, ScriptError
from relaion.parquet.roles import Columns
from relaion.paths import (
    AnyPath,
    AnyPaths,
    as_path,
    as_paths,
    as_texts,
    maybe_path,
    private_umask,
    shown,
    typed,
)
from relaion.run.by_hand import write_by_hand
from relaion.run.editions import Tried
from relaion.run.notebook import listening
from relaion.run.own_edition import try_own
from relaion.run.progress import Progress
from relaion.run.settings import MEMORY, Settings, limits_of
from relaion.run.survey import read_inputs
from relaion.stages.clean import editions_of, request_of
from relaion.tabled import Tabled


@dataclass(frozen=True)
class ScriptLine:
    """A script in a list: its name below `sql/<version>/`, what it is for, its digest."""

    name: str
    purpose: str
    sha256: str


@dataclass(frozen=True)
class Listing(Tabled):
    """The scripts of a version; `text` is the SQL of the one that was asked for."""

    version: str
    released: bool
    scripts: tuple[ScriptLine, ...]
    text: str | None


@dataclass(frozen=True)
class ByHand(Tabled):
    """Where a run to be done by hand lies, and the command for a DuckDB shell."""

    folder: Path
    script: Path
    command: str


def scripts(
    name: AnyPath | None = None,
    paths: AnyPaths = (),
    *,
    check: bool = False,
    by_hand: bool = False,
    lists: AnyPath | None = None,
    into: AnyPath | None = None,
    editions: AnyPaths = files.BUILT_IN,
    keywords: AnyPath | None = None,
    unscored: str = "keep",
    columns: Columns | None = None,
    key: AnyPath | None = None,
    same_link: bool = True,
    inner: bool = True,
    sidecars: AnyPaths = (),
    sql_version: str = files.VERSION,
    progress: Progress | None = None,
) -> Listing | Tried | ByHand:
    """List the SQL scripts with their digests, print one, or check them against the release.

    With `check` and the path of a script, an edition of one's own is tried without a row of
    data, on the columns of the shards that `paths` name. Raises ScriptError for an unknown name
    or version, for a script that changed after its release (with `check` also where the version
    is not released yet), and for one's own that cannot run.

    With `by_hand`, what `clean` would ask of DuckDB for the shards is written `into` a private
    folder, to be run in a DuckDB shell; the further arguments are those of `clean`.
    """
    found = files.load(sql_version)
    paths = as_paths(paths)
    if by_hand:
        if name is None or lists is None or into is None:
            raise InputError("--by-hand: name shards, --lists and a new folder with --into")
        settings = Settings(
            sql_version, limits_of(None, MEMORY), unscored=unscored, same_link=same_link,
            inner=inner, editions=editions_of(as_texts(editions), sql_version),
        )  # fmt: skip
        request = request_of(
            settings, [as_path(name), *paths], as_path(lists), maybe_path(keywords),
            maybe_path(key), columns or {}, as_paths(sidecars),
        )  # fmt: skip
        with private_umask():
            script = write_by_hand(request, as_path(lists), as_path(into), listening(progress))
        return ByHand(script.parent, script, shown(f"duckdb -init {shlex.quote(str(script))}"))
    if check:
        files.check(sql_version)
    if check and name is not None and _chosen(found, str(name)) is None and _is_file(name):
        (edition,) = editions_of([str(name)], sql_version)
        shards = read_inputs(paths, columns or {}, settled=False).of_each_layout if paths else ()
        return try_own(edition, shards, sql_version)
    if paths:
        raise InputError(
            f"{shown(paths[0])}: files are only for checking a script of your own: "
            "relaion scripts --check mine.sql PATH"
        )
    released = (files.sql_root() / sql_version / "SHA256SUMS").exists()
    lines = tuple(ScriptLine(f"{k}.sql", s.purpose, s.sha256) for k, s in found.items())
    text = None if name is None else _named(found, str(name), sql_version).sql
    return Listing(sql_version, released, lines, text)


def _is_file(name: AnyPath) -> bool:
    path = as_path(name)
    return path.suffix == ".sql" or path.is_file()


def _chosen(found: Mapping[str, files.Script], name: str) -> files.Script | None:
    key = name.removesuffix(".sql")
    by_name = {s.name: k for k, s in found.items()}
    return found.get(by_name.get(key.replace("-", "_"), key))


def _named(found: Mapping[str, files.Script], name: str, version: str) -> files.Script:
    chosen = _chosen(found, name)
    if chosen is None:
        near = _near(name.removesuffix(".sql"), {s.name: k for k, s in found.items()})
        raise ScriptError(
            f"{typed(name)}: no such script in sql/{version}{near}; `relaion scripts` lists them"
        )
    return chosen


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
