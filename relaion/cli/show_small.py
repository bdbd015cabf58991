"""How small results look: answers, scripts, keys, a purge."""

from collections.abc import Sequence
from typing import Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from relaion.stages.clean import Purged
from relaion.stages.link import Steps
from relaion.stages.scripts import Listing


def plain_table(*columns: str, right: tuple[str, ...] = (), whole: tuple[str, ...] = ()) -> Table:
    """A table without a frame; fits a log as well as a terminal.

    Columns of numbers stand to the `right` and, like those that are `whole`, never wrap.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        side: Literal["left", "right"] = "right" if name in right else "left"
        table.add_column(name, justify=side, overflow="fold", no_wrap=name in (*right, *whole))
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
    return Group(Text(f"sql/{listing.version}: {state}"), table)


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
    what = "removed" if purged.removed else "nothing to remove:"
    return Text(f"{what} {purged.work}")
