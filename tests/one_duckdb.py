"""One DuckDB for the files that tests read, and for the list stores and audits that they make.

To start a DuckDB takes a fiftieth of a second, more than all that is asked of most of these files:
one that is there attaches them at once. The tables of an empty store are made once and copied.
What cannot be attached is opened as ever, and so is all that runs in a process of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from relaion.engine import Engine
from relaion.sqlset import Script

STORE = "store"  # what scripts call the store that they write
MADE = (f"{STORE}.duckdb", "audit.duckdb")
TABLES_OF_STORE = "10_store.sql"

_start = duckdb.connect
_run = Engine.run
_numbers = count()
_shared: list[duckdb.DuckDBPyConnection] = []
_empty: dict[Any, bytes] = {}


class _Attached:
    """A connection to one of the files; closed, it lets go of the file."""

    def __init__(self, path: Path, mode: str, name: str) -> None:
        if not _shared:
            config: dict[str, Any] = {
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "temp_directory": "",
            }
            _shared.append(_start(":memory:", config=config))
        self._con = _shared[0].cursor()
        self.path, self._mode, self._name = path, mode, name
        self.attach()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)

    def attach(self) -> None:
        path = str(self.path).replace("'", "''")
        self._con.execute(f"attach '{path}' as {self._name} (type duckdb, {self._mode})")
        self._con.execute(f"use {self._name}")

    def detach(self) -> None:
        self._con.execute("use memory")
        self._con.execute(f"detach {self._name}")

    def close(self) -> None:
        try:
            self.detach()
            self._con.close()
        except duckdb.Error:  # a damaged file has broken this DuckDB: the next one is a new one
            _shared.clear()


def _connect(database: str, *, read_only: bool = False, config: dict[str, Any]) -> Any:
    path = Path(database)
    name = STORE if path.stem == STORE else f"file_{next(_numbers)}"
    if path.name in MADE or read_only:
        try:
            return _Attached(path, "read_only" if read_only else "read_write", name)
        except duckdb.Error:  # it is open already, or it is none: to be said in the usual words
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
    con = _Attached(path, "read_write", f"file_{next(_numbers)}")
    try:
        yield Engine(cast("duckdb.DuckDBPyConnection", con))
    finally:
        con.close()


@contextmanager
def one_duckdb() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relaion.engine.connection.duckdb", _Duckdb())
        patch.setattr(Engine, "run", _run_or_copy)
        yield
    with suppress(duckdb.Error):
        while _shared:
            _shared.pop().close()
