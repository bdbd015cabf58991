"""What SQL answers: rows as Python values, and as tables of other libraries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from relaion.engine.views import told_apart
from relaion.errors import InputError
from relaion.tabled import table

if TYPE_CHECKING:
    import pandas
    import polars


@dataclass(frozen=True)
class Answer:
    """Column names and rows of the last statement that had any, as Python values; NULL is None.

    `columns` are the names. `earlier` are the answers of the statements before it, in their order;
    `notices` are for whoever asked.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    earlier: tuple[Answer, ...] = ()
    notices: tuple[str, ...] = ()

    def arrow(self) -> pa.Table:
        """A table of pyarrow, one column for each of `columns`, even where two share a name.

        Types are those of the values: a column of NULL alone has the type null, one whose
        values have no type in common is text.
        """
        values = [[row[i] for row in self.rows] for i in range(len(self.columns))]
        return pa.table([_array(column) for column in values], names=list(self.columns))

    def df(self) -> pandas.DataFrame:
        """A data frame of pandas; raises InputError where pandas is not installed."""
        with _needs("pandas"):
            return self.arrow().to_pandas()

    def pl(self) -> polars.DataFrame:
        """A data frame of polars; raises InputError where polars is not installed.

        Of two columns of one name the second is called `name_1`.
        """
        with _needs("polars"):
            import polars  # noqa: PLC0415 - only here, and only where it is wanted

            found = self.arrow().rename_columns(told_apart(self.columns))
            return cast("polars.DataFrame", polars.from_arrow(found))

    def _repr_html_(self) -> str:
        return table(self.columns, [[_as_shown(v) for v in row] for row in self.rows])


def _as_shown(value: Any) -> Any:
    return "NULL" if value is None else str(value).lower() if isinstance(value, bool) else value


def _array(values: list[Any]) -> pa.Array:
    with suppress(pa.ArrowException, OverflowError):
        return pa.array(values)
    return pa.array([None if value is None else str(value) for value in values])


@contextmanager
def _needs(library: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as e:
        if e.name != library:
            raise
        raise InputError(f"{library}: is not installed; `pip install {library}`") from None
