"""How the rows of a query look on a terminal: whole values, whatever its width."""

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from relaion.cli.show_small import plain_table
from relaion.paths import shown


def cell(value: Any) -> str:
    """A value on one line, whole; control characters are escaped."""
    if value is None:
        return "NULL"
    return str(value).lower() if isinstance(value, bool) else shown(value)


class Rows:
    """A table where it fits; else a block for each row, a line for each column."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self._columns = [cell(c) for c in columns]
        self._cells = [[cell(v) for v in row] for row in rows]
        self._numeric = [
            bool(rows) and all(isinstance(row[i], int | float | None) for row in rows)
            for i in range(len(columns))
        ]

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """Choose by the width that there is."""
        lines = [self._columns, *self._cells]
        widths = [max(cell_len(x[i]) for x in lines) for i in range(len(self._columns))]
        if sum(widths) + 2 * len(widths) - 2 <= options.max_width or not self._cells:
            yield self._table()
        else:
            yield self._blocks(max(map(cell_len, self._columns)))

    def _table(self) -> RenderableType:
        table = plain_table()
        for name, numeric in zip(self._columns, self._numeric, strict=True):
            table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
        for row in self._cells:
            table.add_row(*map(Text, row))
        return table

    def _blocks(self, width: int) -> RenderableType:
        blocks = [
            "\n".join(f"{n}{' ' * (width - cell_len(n))}  {v}" for n, v in self._named(row))
            for row in self._cells
        ]
        # the terminal breaks what is longer than its lines, so that a link is copied whole
        return Text("\n\n".join(blocks), no_wrap=True, overflow="ignore")

    def _named(self, row: list[str]) -> list[tuple[str, str]]:
        return list(zip(self._columns, row, strict=True))


def show_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> RenderableType:
    """Rows of a query under their column names."""
    return Rows(columns, rows)
