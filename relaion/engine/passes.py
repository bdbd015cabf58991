"""Scripts that pass over shards, and how far they have come."""

from contextlib import suppress
from typing import Any

import duckdb

from relaion.engine.connection import Engine
from relaion.odometer import ODOMETER
from relaion.sqlset import Script

_MOST = 0.8  # of what is left, that a statement takes which is not the last one


def run_told(engine: Engine, script: Script, groups: float, **values: Any) -> None:
    """Run a script that is a pass over so many row groups, and tell how much of it is through."""
    if ODOMETER.is_heard:  # a notebook's DuckDB refuses these two, but there nobody is told
        with suppress(duckdb.Error):
            engine.connection.execute("set enable_progress_bar_print = false")
            engine.connection.execute("set enable_progress_bar = true")
    with ODOMETER.passing(groups, _Share(engine)):
        engine.run(script, **values)


class _Share:
    """How much of a script is through, from 0 to 1; asked now and then, from another thread.

    Which of its statements reads the shards nobody knows beforehand. So each takes a share of what
    is left, and one that is over before anybody asked takes none.
    """

    def __init__(self, engine: Engine) -> None:
        engine.statement = self._statement = (0, 1)
        self._engine = engine
        self._start = self._told = 0.0

    def __call__(self) -> float | None:
        now = self._engine.statement
        if now != self._statement:
            self._statement, self._start = now, self._told
        most = 1.0 if now[0] + 1 == now[1] else _MOST
        try:
            through = max(0.0, self._engine.connection.query_progress()) / 100
        except duckdb.Error:  # closed, or at an end, since
            return None
        self._told = self._start + (1 - self._start) * most * through
        return self._told
