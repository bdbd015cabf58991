"""How a report looks on a terminal: headings, sentences, tables; of pictures only their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from relaion.cli.render import Hanging, plain_table
from relaion.paths import several, shown
from relaion.reporting.document import BarChart, Commands, Grid, Part, Points
from relaion.reporting.sections import document

if TYPE_CHECKING:
    from relaion.reporting.facts import AuditReport


def show_report(report: AuditReport) -> RenderableType:
    """The report, or where its files are if any were asked for."""
    if report.written:
        return Group(*(Text(f"{shown(path)}: written") for path in report.written))
    told = document(report)
    parts: list[RenderableType] = [Text(told.title, style="bold")]
    for section in told.sections:
        parts += [Text(), Text(section.title.upper(), style="bold")]
        for part in section.parts:
            parts += _shown(part)
    return Group(*parts)


def _shown(part: Part) -> list[RenderableType]:
    if isinstance(part, str):
        return [Text(), Text(part)]
    if isinstance(part, BarChart):
        return []  # its numbers stand in the table that follows
    if isinstance(part, Points):
        return [Text(), *(Hanging("- ", item, 2) for item in part.items)]
    if isinstance(part, Commands):
        return [Text(), *(Text(f"  {x}", no_wrap=True, overflow="ignore") for x in part.lines)]
    if part.detail:
        said = f"{several(len(part.rows), 'line')} more with --html, --markdown or --json"
        return [Text(), Text(f"{part.caption}: {said}", style="italic")]
    return _table(part)


def _table(part: Grid) -> list[RenderableType]:
    right = tuple(part.heads[i] for i in part.numbers)
    table = plain_table(*part.heads, right=right)
    for i, row in enumerate(part.rows):
        style = "bold" if i in part.sums else ""
        table.add_row(*map(Text, row), style=style)
    return [Text(), Text(part.caption, style="italic"), table]
