"""How a cleaned copy and a diff look to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from relaion.cli.render import Hanging, count, plain_table
from relaion.paths import shown

if TYPE_CHECKING:
    from relaion.labs.report import Applied
    from relaion.stages.diff import Diffed


def show_applied(result: Applied) -> RenderableType:
    """Rows by fate, files, what was not looked at, and the verdict in a sentence."""
    if result.done_before:
        head = Text("this very run was finished before; nothing was done now")
    else:
        files = ", ".join(f"{n:,} {how}" for how, n in sorted(result.files.items()))
        head = Text(f"{result.records:,} rows in; files: {files}")
    table = plain_table("rows", "", "of the copy", right=("rows",))
    for counted in sorted(result.counts, key=lambda c: (not c.stayed, c.fate)):
        said = "stayed" if counted.stayed else "left"
        table.add_row(count(counted.rows), said, counted.words)
    left = [Hanging("not looked at: ", line, 2) for line in result.not_looked_at]
    where = Text(f"certificate: {shown(result.certificate)}")
    return Group(head, Text(), table, Text(), *left, Text(result.summary, style="bold"), where)


def show_diffed(result: Diffed) -> RenderableType:
    """What a diff holds, in counts."""
    table = plain_table("n", "of the diff", right=("n",))
    for n, what in (
        (result.rows_old, "rows of the old set"),
        (result.rows_new, "rows of the new one"),
        (result.left, "rows that left"),
        (result.lines, "lines of the diff: rows of one hash and link are one"),
        (result.links_gone, "links that no row of the new set has"),
        (result.without, "rows that left and have no identity: no line tells of them"),
        (result.colliding, "row hashes that more than one link has"),
    ):
        table.add_row(count(n), what)
    by = " and ".join({"row": "row hash", "link": "link"}[each] for each in result.by)
    said = f"{shown(result.out)}: tells rows by {by}; sha256 {result.sha256}"
    return Group(table, Text(), Text(said))
