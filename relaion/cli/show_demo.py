"""How the demo looks: the protocol, the editions, where to look next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from relaion.cli.show_run import edition_table, show_verdict
from relaion.cli.show_small import count, plain_table, short

if TYPE_CHECKING:
    from relaion.stages.demo import Demo


def show_demo(result: Demo) -> RenderableType:
    """The protocol as the audit counts it, then what each edition lost and kept."""
    subsets = list(result.unions)
    heads = tuple(short(subsets).values())
    table = plain_table(
        "received", "delivery", "entries", *heads, "rows",
        right=("entries", *heads, "rows"), whole=("received",),
    )  # fmt: skip
    for line in result.protocol:
        table.add_row(
            line.received,
            line.title,
            f"{line.entries:,}",
            *(count(line.rows[s]) for s in subsets),
            count(line.total),
        )
    by_source = " + ".join(f"{name} {n:,}" for name, n in result.sources.items())
    once = Text(
        f"\n{by_source} = {result.memberships:,} memberships;\n"
        f"each row counted once: {result.union:,}\n"
        f"{result.validated:,} of them are validated; {result.privacy:,} privacy links; "
        f"{result.same_link:,} more rows carry a listed link\n"
    )
    parts: list[RenderableType] = [table, once, edition_table(result.cleaned)]
    if result.cleaned.verdict is not None:
        parts += [Text(), show_verdict(result.cleaned.verdict)]
    return Group(*parts, next_steps(result))


def next_steps(result: Demo) -> Text:
    """Three commands to try on what the demo made, each on a line of its own to be copied."""
    folder = result.folder
    return Text(
        "\nLook next:\n"
        f"  relaion inspect {folder}/data\n"
        f"  relaion match {folder}/data --lists {folder}/lists.duckdb"
        f" --sidecar {folder}/sidecars\n"
        f'  relaion sql {folder}/clean -c "from unions"',
        no_wrap=True,
        overflow="ignore",
    )
