"""What a user's statement answered, fetched as it is wanted."""

from dataclasses import dataclass
from typing import Any

import duckdb

from relaion.engine.words import explained


@dataclass(frozen=True)
class Result:
    """The rows of a user's statement, to be fetched before the next one is run."""

    columns: tuple[str, ...]
    _con: duckdb.DuckDBPyConnection

    def fetch(self, n: int) -> list[tuple[Any, ...]]:
        """The next rows, at most n; none where the result has ended."""
        with explained():
            return self._con.fetchmany(n)
