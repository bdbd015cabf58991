"""DuckDBs that are there for what tests run in memory, read, and make as list stores and audits.

To start a DuckDB takes a fiftieth of a second, more than all that is asked of most of these files:
one that is there attaches them at once, one file at a time. It does what a DuckDB of the file's own
would, but that it waits for no disk: the settings given are those that hold, and none outlives the
connection. Temp tables, views, macros and variables are a connection's own and end with it; a
DuckDB in which more was made, or set than can be undone, is closed as ever. The tables of an empty
store are made once and copied. What cannot be attached is opened as ever, and so is all that runs
in a process of its own. With `RELAION_OWN_DUCKDB=1` everything is.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from relaion.engine import Engine
from relaion.sqlset import Script

STORE = "store"  # what scripts call the store that they write
MADE = (f"{STORE}.duckdb", "audit.duckdb")
TABLES_OF_STORE = "10_store.sql"
OWN = "RELAION_OWN_DUCKDB"

_CONFIG: dict[str, Any] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "temp_directory": "",
    "fsync_mode": "NONE",  # nobody cuts the power
}
_SETS = re.compile(
    r"^\s*(?:(set|reset|pragma)\s+(?!variable\b)(?:(?:global|session|local)\s+)?|(attach)\s)"
    r"(?:\"?(\w+)\"?)?",
    re.I | re.M,
)
# what stays in the memory of a DuckDB when the connection that made it is closed: this is dropped,
_MAKES = re.compile(
    r"\bcreate\s+(?:or\s+replace\s+)?(?!(?:or|temp|temporary)\b)(?:(schema|table|view)\b)?", re.I
)
# and all else ends with its DuckDB
_LEFT = """
    select format('schema "{}" cascade', schema_name) from duckdb_schemas()
    where database_name = 'memory' and not internal and schema_name != 'main'
    union all
    select format('table memory.main."{}"', table_name) from duckdb_tables()
    where database_name = 'memory' and schema_name = 'main' and not temporary
    union all
    select format('view memory.main."{}"', view_name) from duckdb_views()
    where database_name = 'memory' and schema_name = 'main' and not temporary and not internal
"""

_start = duckdb.connect
_run = Engine.run
_free: list[tuple[duckdb.DuckDBPyConnection, dict[str, Any]]] = []  # each as it is set
_empty: dict[Any, bytes] = {}
_of_parent: list[tuple[duckdb.DuckDBPyConnection, dict[str, Any]]] = []


def _leave_to_parent() -> None:
    """Take none of these in a process that was forked, nor close it: its threads are not there.

    Whoever asks one waits for ever for them.
    """
    _of_parent.extend(_free)
    _free.clear()


os.register_at_fork(after_in_child=_leave_to_parent)


# what every connection of ours sets alike
_ALIKE = {"enable_progress_bar": "false", "disable_parquet_prefetching": "true"}


@lru_cache(1 << 12)
def _left_by(query: str) -> tuple[tuple[str, ...], bool, bool, tuple[str, ...]]:
    """What is to be undone of a query.

    The settings that it sets, whether it attaches, whether it cannot be undone, what it makes.
    """
    found = _SETS.findall(query)
    alike = {n for n, v in _ALIKE.items() if query == f"set {n} = {v}"}
    sets = [name for kind, attach, name in found if not attach and kind.lower() == "set" and name]
    attaches = any(attach for _, attach, _ in found)
    return (
        tuple(name for name in sets if name not in alike),
        attaches,
        len(sets) + sum(1 for _, attach, _ in found if attach) != len(found),
        tuple(_MAKES.findall(query)),
    )


def _differing(free: Mapping[str, Any], wanted: Mapping[str, Any]) -> set[str]:
    return {name for name, _ in {*free.items()} ^ {*wanted.items()}}


class _Attached:
    """A connection to a file, in a DuckDB that is its alone; closed, it lets go of the file.

    Without a file it is one to its memory.
    """

    def __init__(self, path: Path | None, *, read_only: bool, config: Mapping[str, Any]) -> None:
        self._path, self._mode = path, "read_only" if read_only else "read_write"
        self._name = path.name.split(".")[0] if path else "memory"  # as DuckDB calls what it opens
        self._set: dict[str, None] = {}  # settings that are not as they were given
        self._is_attached = False
        self._has_others = self._has_made = self._is_spent = False
        self._given = {n: str(v) for n, v in config.items() if _CONFIG.get(n) != v}
        if _free:
            free = min(_free, key=lambda free: len(_differing(free[1], self._given)))
            _free.remove(free)
            self._duckdb, is_set = free
        else:
            self._duckdb, is_set = _start(":memory:", config=_CONFIG), {}
        self._con = self._duckdb.cursor()
        try:
            for name in _differing(is_set, self._given):
                self._con.execute(
                    f"set {name} = '{self._given[name]}'"
                    if name in self._given
                    else _as_before(name)
                )
            if path is not None:
                self.attach()
        except duckdb.Error:
            self.close()
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)

    @property
    def path(self) -> Path:
        """The file."""
        assert self._path is not None
        return self._path

    def execute(self, query: Any, parameters: Any = None) -> Any:
        self._look(query if isinstance(query, str) else query.query)
        return self._con.execute(query, parameters)

    def sql(self, query: str, **given: Any) -> Any:
        self._look(query)
        return self._con.sql(query, **given)

    def _look(self, query: str) -> None:
        """Note what has to be undone; what is not known well enough to be undone ends with it."""
        sets, attaches, is_last, makes = _left_by(query)
        self._set |= dict.fromkeys(sets)
        self._has_others = self._has_others or attaches
        self._is_spent = self._is_spent or is_last
        if self._path is None and makes:
            self._has_made = True
            self._is_spent = self._is_spent or not all(makes)

    def attach(self) -> None:
        path = str(self.path).replace("'", "''")
        self._con.execute(f"attach '{path}' as \"{self._name}\" (type duckdb, {self._mode})")
        self._is_attached = True
        self._con.execute(f'use "{self._name}"')

    def detach(self) -> None:
        self._con.execute("use memory")
        self._con.execute(f'detach "{self._name}"')
        self._is_attached = False

    def close(self) -> None:
        """Close it; a DuckDB that cannot be as before is closed as the file's own would be."""
        if not self._is_spent:
            try:
                self._undo()
            except duckdb.Error:
                self._is_spent = True
        self._con.close()
        if self._is_spent:
            self._duckdb.close()
        elif all(free is not self._duckdb for free, _ in _free):
            _free.append((self._duckdb, self._given))

    def _undo(self) -> None:
        if self._is_attached:
            self.detach()
        if self._has_others or self._has_made:
            self._con.execute("use memory")
        if self._has_others:
            of = "select database_name from duckdb_databases() where not internal"
            for name in {name for (name,) in self._con.execute(of).fetchall()} - {"memory"}:
                self._con.execute(f'detach "{name}"')
        if self._has_made:
            for (what,) in self._con.execute(_LEFT).fetchall():
                self._con.execute(f"drop {what}")
        for name in {**self._set, **dict.fromkeys({"temp_directory"} & self._given.keys())}:
            self._con.execute(_as_before(name))
            self._given.pop(name, None)


def _as_before(name: str) -> str:
    return "set temp_directory = ''" if name == "temp_directory" else f"reset {name}"


def _connect(database: str, *, read_only: bool = False, config: dict[str, Any]) -> Any:
    path = None if database == ":memory:" else Path(database)
    if path is None or path.name in MADE or read_only:
        try:
            return _Attached(path, read_only=read_only, config=config)
        except duckdb.Error:  # it is none, or has a name of DuckDB's: to be said in the usual words
            pass
    return _start(database, read_only=read_only, config=config)


class _Duckdb:
    """DuckDB as the engine sees it."""

    connect = staticmethod(_connect)

    def __getattr__(self, name: str) -> Any:
        return getattr(duckdb, name)


def _run_or_copy(self: Engine, script: Script, **values: Any) -> None:
    """Run a script; but the tables of a store are those that it made before."""
    con = cast("_Attached | duckdb.DuckDBPyConnection", self._con)
    if (
        script.path.name != TABLES_OF_STORE
        or not isinstance(con, _Attached)
        or con._path is None  # it is no store's file
    ):
        _run(self, script, **values)
        return
    of = (script.sha256, tuple(sorted(values.items())))
    if of not in _empty:
        _run(self, script, **values)
    self.execute("commit")
    con.detach()
    if of in _empty:
        con.path.write_bytes(_empty[of])
    else:
        _empty[of] = con.path.read_bytes()
    con.attach()
    self.execute("begin")


@contextmanager
def filling(path: Path, empty: bytes) -> Iterator[Engine]:
    """Write a database that begins as another one."""
    path.write_bytes(empty)
    if os.environ.get(OWN):
        con: Any = _start(str(path), config=_CONFIG)
    else:
        con = _Attached(path, read_only=False, config=_CONFIG)
    try:
        yield Engine(con)
    finally:
        con.close()


@contextmanager
def one_duckdb() -> Iterator[None]:
    if os.environ.get(OWN):
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relaion.engine.connection.duckdb", _Duckdb())
        patch.setattr(Engine, "run", _run_or_copy)
        yield
    with suppress(duckdb.Error):
        while _free:
            _free.pop()[0].close()
