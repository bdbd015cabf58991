"""`relaion lists formats|sample`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from relaion import lists as store
from relaion.cli import completion
from relaion.cli import options as o
from relaion.cli.app import PlainCommand, emit, show, tell
from relaion.cli.lists import lists_app
from relaion.cli.render import plain_table
from relaion.paths import shown

if TYPE_CHECKING:
    from relaion.lists.catalogue import KnownFormat


_WIDTH = 80  # of a file and a pipe, too: it is text for people


def show_formats(known: tuple[KnownFormat, ...]) -> RenderableType:
    """A line or more a format; in brackets what lists may be packed in."""
    table = plain_table("--format", "what is read, what is taken by default, and what to choose")
    table.columns[0].no_wrap = True
    table.columns[1].max_width = _WIDTH - max(len(x.name) + 2 * x.packing for x in known) - 2
    for x in known:
        name = f"({x.name})" if x.packing else x.name
        told = f"{x.reads}; from {x.sender}." if x.sender else f"{x.reads}."
        told += f"\nTaken: {x.default}." * bool(x.default)
        told += f"\nChoose: {x.choose}." * bool(x.choose)
        table.add_row(Text(name), Text(told))
    return table


@lists_app.command(
    cls=PlainCommand,
    help="Show which formats are read, and what to choose.",
)
def formats(
    file_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            autocompletion=completion.among(*completion.SAMPLES),
            help="Show only this one.",
        ),
    ] = None,
    as_json: o.Json = False,
) -> None:
    """Print the formats."""
    emit(store.formats(file_format), show_formats, as_json=as_json)


@lists_app.command(
    cls=PlainCommand,
    help="Write a small sample list, of made values.",
)
def sample(
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            autocompletion=completion.among(*completion.SAMPLES),
            help="The format, as `lists formats` names it.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The file to write. Default: standard output."),
    ] = None,
) -> None:
    """Print a sample, or write it."""
    made = store.sample(file_format, out)
    if made.options:
        tell((f"`lists add` takes it with {made.options}",))
    if made.ends_in and not (made.path and made.path.name.endswith(made.ends_in)):
        tell((f"its name says of what its values are: let it end in {made.ends_in}",))
    if made.path is None:
        sys.stdout.write(made.data.decode())
    else:
        show(Text(f"wrote {shown(made.path)}"))
