"""How small results and the rows of a query look on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from relaion.cli.result_line import line_of
from relaion.paths import shown

if TYPE_CHECKING:
    from relaion.run.editions import Tried
    from relaion.stages.link import Steps
    from relaion.stages.purge import Purged
    from relaion.stages.scripts import ByHand, Listing


# -- How small results look: answers, scripts, keys, a purge -----------------------------------


class Plain(Table):
    """A table; where not even its longest words fit, a block for each row, a line for each cell."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Choose by the width that there is."""
        if self._least(console, options) <= options.max_width:
            for column in self.columns:  # rich would break long words before it wraps sentences
                column.no_wrap = column.no_wrap or not any(
                    " " in _text(console, c).plain.strip() for c in (column.header, *column.cells)
                )
            yield from super().__rich_console__(console, options)
            return
        cells = [[_text(console, cell) for cell in column.cells] for column in self.columns]
        names = [_text(console, column.header) for column in self.columns]
        width = max(cell_len(name.plain) for name in names)
        for row in zip(*cells, strict=True):
            told = [(n, c) for n, c in zip(names, row, strict=True) if c.plain.strip(" -")]
            if told and told[0][0] is names[0] and len(told) == 1:
                yield Text.assemble("\n", (told[0][1].plain.strip(), "bold"))
                continue
            for i, (name, text) in enumerate(told):
                gap = " " * (width - cell_len(name.plain) + 2)
                yield Text.assemble("" if i else "\n", name.plain, gap, text, overflow="fold")

    def _least(self, console: Console, options: ConsoleOptions) -> int:
        """The width below which words would be broken."""
        wide = options.update(width=100_000)
        found = 0
        for column in self.columns:
            sizes = [console.measure(c, options=wide) for c in (column.header, *column.cells)]
            found += max(x.maximum if column.no_wrap else x.minimum for x in sizes)
        return found + 2 * (len(self.columns) - 1)


class Hanging:
    """A sentence after a `lead`; where it wraps, its further lines stand in by `others` columns."""

    def __init__(self, lead: str | Text, said: str, others: int) -> None:
        self._lead, self._said, self._others = lead, Text(said), others

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Break between words; what is longer than a line goes on in the next."""
        room = max(options.max_width - self._others, 1)
        for i, line in enumerate(self._said.wrap(console, room, overflow="fold")):
            line.rstrip()
            yield Text.assemble(" " * self._others if i else self._lead, line)


def _text(console: Console, cell: RenderableType) -> Text:
    return cell if isinstance(cell, Text) else console.render_str(str(cell))


def plain_table(*columns: str, right: tuple[str, ...] = (), whole: tuple[str, ...] = ()) -> Table:
    """A table without a frame; fits a log as well as a terminal.

    Columns of numbers stand to the `right` and, like those that are `whole`, never wrap. A name is
    shown as it is: subsets are columns, and may be called like markup.
    """
    table = Plain(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        side: Literal["left", "right"] = "right" if name in right else "left"
        fits = name in (*right, *whole)
        table.add_column(Text(name), justify=side, overflow="fold", no_wrap=fits)
    return table


def short(subsets: Sequence[str]) -> dict[str, str]:
    """Subset names without what all of them begin with, up to a letter or digit."""
    length = 0
    for letters in zip(*subsets, strict=False):
        if len(subsets) < 2 or len(set(letters)) > 1 or letters[0].isdigit():
            break
        length += 1
    return {s: s[length:] or s for s in subsets}


def count(n: int) -> str:
    """A number with thousands apart; nothing for zero, so that the others stand out."""
    return f"{n:,}" if n else "-"


def show_scripts(listing: Listing) -> RenderableType:
    """The scripts of a version with the first digits of their digests."""
    table = plain_table("script", "purpose", "sha256")
    for script in listing.scripts:
        table.add_row(script.name, script.purpose, f"{script.sha256[:12]}…")
    state = "released and unchanged" if listing.released else "not released yet, may change"
    asked = plain_table("query", "what it answers")
    for query in listing.queries:
        asked.add_row(query.name.removeprefix("queries/").removesuffix(".sql"), query.purpose)
    told = (
        "sql/queries: questions to a finished OUT, and to shards (data/); they decide nothing.\n"
        "`.run NAME` at the prompt of `relaion sql` asks one."
    )
    head = Text(f"sql/{listing.version}: {state}")
    return Group(head, table, Text(), Text(told), asked)


def show_by_hand(made: ByHand) -> RenderableType:
    """Where it lies and what to run; nothing of what it holds."""
    return Text(
        f"{shown(made.script)}: the SQL of this run, with what it reads beside it\n"
        f"run it with DuckDB 2: {made.command}\n"
        "then ask: from removals\n"
        f"{shown(made.folder)} is as secret as the lists; remove it when done"
    )


def show_tried(tried: Tried) -> RenderableType:
    """What an edition of one's own is, what it reads, and the names that differ."""
    rules = f"; rules {', '.join(tried.rules)}" if tried.rules else ""
    how = "runs" if tried.ended else "was not tried to its end, which takes long without a row"
    head = (
        f"{tried.script}: edition {tried.edition}, part of {tried.parent}; "
        f"labels {', '.join(tried.labels) or 'none'}{rules}: {how}"
    )
    table = plain_table("", "relation", "columns", whole=("", "relation"))
    for word, relations in (("reads", tried.reads), ("makes", tried.makes)):
        for r in relations:
            columns = ", ".join(f"{shown(name)} {kind}" for name, kind in r.columns)
            table.add_row(word, r.name, Text(columns))
    said = [
        Text(f"source of {r.subset}: column {shown(old) or 'without a name'} is {shown(new)}")
        for r in tried.reads
        for old, new in r.renamed
    ]
    return Group(Text(head), table, *said)


def show_steps(links: tuple[Steps, ...]) -> RenderableType:
    """Each step that changed a link, then its key."""
    parts: list[RenderableType] = []
    for item in links:
        table = plain_table("step", "link")
        for done, text in item.steps:
            if done != "key":
                table.add_row(done, Text(text))
        table.add_row("key", Text(item.key, style="bold"))
        parts.append(table)
    return Group(*parts)


def show_purged(purged: Purged) -> RenderableType:
    """Whether there was something to remove."""
    return Text(purged_line(purged))


@line_of("Purged")
def purged_line(purged: Purged) -> str:
    """Whether there was something to remove."""
    what = "removed" if purged.removed else "nothing to remove:"
    return f"{what} {purged.work}"


# -- How the rows of a query look on a terminal: whole values, whatever its width --------------


def cell(value: Any) -> str:
    """A value on one line, whole; control characters are escaped."""
    if value is None:
        return "NULL"
    return str(value).lower() if isinstance(value, bool) else shown(value)


def _told(value: Any) -> str:
    """A value in a table: the text NULL is in quotes, since NULL is not."""
    return "'NULL'" if value == "NULL" else cell(value)


class AnswerRows:
    """Rows of a query: a table where it fits; else a block for each row, a line for each column."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self._columns = [cell(c) for c in columns]
        self._cells = [[_told(v) for v in row] for row in rows]
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
            "\n".join(
                f"{n}{' ' * (width - cell_len(n))}  {v}"
                for n, v in zip(self._columns, row, strict=True)
            )
            for row in self._cells
        ]
        # the terminal breaks what is longer than its lines, so that a link is copied whole
        return Text("\n\n".join(blocks), no_wrap=True, overflow="ignore")
