"""One DuckDB for all files that the tests only read: it attaches each, which opens at once.

To start a DuckDB takes a fiftieth of a second, more than all that is asked of most of these files.
What cannot be attached, and what is to be written, is opened as ever.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from relaion.engine import Engine

_start = duckdb.connect
_numbers = count()
_shared: list[duckdb.DuckDBPyConnection] = []


class _Attached:
    """A connection to one of the files; closed, it lets go of the file."""

    def __init__(self, path: str, mode: str = "read_only") -> None:
        if not _shared:
            config: dict[str, Any] = {
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "temp_directory": "",
            }
            _shared.append(_start(":memory:", config=config))
        self._con = _shared[0].cursor()
        self._name = f"file_{next(_numbers)}"
        text = path.replace("'", "''")
        self._con.execute(f"attach '{text}' as {self._name} (type duckdb, {mode})")
        self._con.execute(f"use {self._name}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)

    def close(self) -> None:
        try:
            self._con.execute("use memory")
            self._con.execute(f"detach {self._name}")
            self._con.close()
        except duckdb.Error:  # a damaged file has broken this DuckDB: the next one is a new one
            _shared.clear()


def _connect(database: str, *, read_only: bool = False, config: dict[str, Any]) -> Any:
    if read_only and not {"memory_limit"} & set(config):
        try:
            return _Attached(database)
        except duckdb.Error:  # it is there twice, or it is none: to be said in the usual words
            _shared.clear()
    return _start(database, read_only=read_only, config=config)


@contextmanager
def filling(path: Path, empty: bytes) -> Iterator[Engine]:
    """Write a database that begins as another one."""
    path.write_bytes(empty)
    con = _Attached(str(path), "read_write")
    try:
        yield Engine(cast("duckdb.DuckDBPyConnection", con))
    finally:
        con.close()


@contextmanager
def one_duckdb() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "connect", _connect)
        yield
    with suppress(duckdb.Error):
        while _shared:
            _shared.pop().close()
