"""DuckDBs that are there for the files that tests read, and the list stores and audits they make.

To start a DuckDB takes a fiftieth of a second, more than all that is asked of most of these files:
one that is there attaches them at once, one file at a time. It does what a DuckDB of the file's own
would: the settings given are those that hold, and none outlives the connection. The tables of an
empty store are made once and copied. What cannot be attached is opened as ever, and so is all that
runs in a process of its own. With `RELAION_OWN_DUCKDB=1` everything is.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
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
}
_SETS = re.compile(
    r"^\s*(?:(set|reset|pragma)\s+(?!variable\b)(?:(?:global|session|local)\s+)?|attach\s)"
    r"(?:\"?(\w+)\"?)?",
    re.I | re.M,
)

_start = duckdb.connect
_run = Engine.run
_free: list[duckdb.DuckDBPyConnection] = []
_empty: dict[Any, bytes] = {}


class _Attached:
    """A connection to a file, in a DuckDB that is its alone; closed, it lets go of the file."""

    def __init__(self, path: Path, *, read_only: bool, config: Mapping[str, Any]) -> None:
        self.path, self._mode = path, "read_only" if read_only else "read_write"
        self._name = path.name.split(".")[0]  # as DuckDB calls what it opens
        self._set: dict[str, None] = {}  # settings that are not the default
        self._is_attached = False
        self._is_spent = False
        self._duckdb = _free.pop() if _free else _start(":memory:", config=_CONFIG)
        self._con = self._duckdb.cursor()
        try:
            for name, value in config.items():
                if _CONFIG.get(name) != value:
                    self.execute(f"set {name} = '{value}'")
            self.attach()
        except duckdb.Error:
            self.close()
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)

    def execute(self, query: Any, parameters: Any = None) -> Any:
        for kind, name in _SETS.findall(query if isinstance(query, str) else query.query):
            if kind.lower() == "set" and name:
                self._set[name] = None
            else:
                self._is_spent = True  # what was done is not known well enough to be undone
        return self._con.execute(query, parameters)

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
        elif self._duckdb not in _free:
            _free.append(self._duckdb)

    def _undo(self) -> None:
        if self._is_attached:
            self.detach()
        for name in self._set:
            self._con.execute(f"reset {name}")
        if "temp_directory" in self._set:
            self._con.execute("set temp_directory = ''")


def _connect(database: str, *, read_only: bool = False, config: dict[str, Any]) -> Any:
    path = Path(database)
    if path.name in MADE or read_only:
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
    if script.path.name != TABLES_OF_STORE or not isinstance(con, _Attached):
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
            _free.pop().close()
