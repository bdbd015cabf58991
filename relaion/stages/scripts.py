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
    is_shells,
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
    """A script in a list: its `name` below `sql/<version>/`, its `purpose`, its `sha256`."""

    name: str
    purpose: str
    sha256: str


@dataclass(frozen=True)
class Listing(Tabled):
    """The `scripts` of a `version`; `text` is the SQL of the one that was asked for, or None.

    `released`: the version is frozen, and its scripts are as they were then. `queries` are
    questions to a finished audit, and `data/...` to shards; they decide nothing.
    """

    version: str
    released: bool
    scripts: tuple[ScriptLine, ...]
    text: str | None
    queries: tuple[ScriptLine, ...] = ()


@dataclass(frozen=True)
class ByHand(Tabled):
    """Where a run to be done by hand lies, and the `command` for a DuckDB shell.

    `folder` is private and as secret as the lists; `script` is the SQL in it.
    """

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

    With `check` and the path of a script, an edition of one's own is tried without a row of data,
    on the columns of the shards that `paths` name. With `by_hand`, what `clean` would ask of DuckDB
    for the shards (`name` and `paths`) is written `into` a folder; the arguments after it are those
    of `clean`.

    Args:
        name: A script by its name, or a path; None for all.
        paths: Shards, for `check` and `by_hand`.
        check: Compare with the released digests, or try a script.
        by_hand: Write a run as SQL for a DuckDB shell.
        lists: With `by_hand`: the list store.
        into: With `by_hand`: a new folder, made private.
        editions: As `clean` takes them.
        keywords: A UTF-8 file of words, one a line; None switches off the rule that needs them.
        unscored: `keep` or `drop`, for rows without a score.
        columns: Role to the name, or names, of its columns; None finds them by name and type.
        key: The curator key; None for the one beside the store.
        same_link: Whether other rows with a listed link count too.
        inner: Whether links inside links are matched.
        sidecars: Files of image hashes by link or row hash.
        sql_version: The set of SQL scripts.
        progress: Hears how far it is; None draws a bar in a notebook, and tells nobody elsewhere.

    Returns:
        The scripts, with the text of the one that was named; what a trial showed; or where the SQL
        lies.

    Raises:
        ScriptError: For an unknown name or version, a script that changed after its release (with
            `check` also where the version is not released yet), and one's own that cannot run.
        InputError: For a path or an option that cannot be used.
        OutputError: For a folder that cannot be written.
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
    asked = {
        f"{folder}{key}": script
        for folder in ("queries/", f"queries/{files.DATA}/")
        for key, script in files.queries(folder.removeprefix("queries/")).items()
    }
    text = None if name is None else _text_of(str(name), found, asked, sql_version)
    more = tuple(ScriptLine(f"{k}.sql", s.purpose, s.sha256) for k, s in asked.items())
    return Listing(sql_version, released, lines, text, more)


def _text_of(
    name: str, found: Mapping[str, files.Script], asked: Mapping[str, files.Script], version: str
) -> str:
    """A script, or a query of the cookbook, by its name or its place below `sql/`."""
    key = name.removesuffix(".sql")
    chosen = _chosen(found, name)
    by_name = {script.name: place for place, script in asked.items()}
    query = asked.get(key) or asked.get(f"queries/{key}") or asked.get(by_name.get(key, ""))
    if chosen is None and query is not None:
        return query.sql
    return _named(found, name, version).sql


def _is_file(name: AnyPath) -> bool:
    path = as_path(name)
    return path.suffix == ".sql" or path.is_file() or is_shells(path)


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
