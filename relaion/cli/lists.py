"""`relaion lists add|show|withdraw`."""

from pathlib import Path
from typing import Annotated

import typer

from relaion import lists as store
from relaion.cli import options as o
from relaion.cli.app import app, emit, need_command
from relaion.cli.helps import PlainCommand
from relaion.cli.show_lists import show_added, show_store, show_withdrawn

lists_app = typer.Typer(
    help="Keep partner lists as digests in a private store.", invoke_without_command=True
)
app.add_typer(lists_app, name="lists")


@lists_app.callback()
def lists(context: typer.Context) -> None:
    """Have a command named."""
    need_command(context, "show --lists lists.duckdb")


@lists_app.command(
    cls=PlainCommand, help="Read a delivery into the list store; only digests are kept."
)
def add(
    files: Annotated[list[Path], o.path_argument("FILE...", "Files of one delivery.")],
    lists: o.Lists,
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="Who sent it.")],
    title: Annotated[
        str | None, typer.Option("--title", metavar="TEXT", help="What it is called.")
    ] = None,
    received: Annotated[
        str | None, typer.Option("--received", metavar="YYYY-MM-DD", help="Day it came.")
    ] = None,
    label: Annotated[
        str,
        typer.Option(
            "--label", metavar="WORD", help="csam, privacy, opt-out or a word of your own."
        ),
    ] = "csam",
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="What the entries are, where they do not tell: url_md5, row_hash, ...",
        ),
    ] = None,
    scope: Annotated[
        str | None,
        typer.Option(
            "--scope",
            metavar="host|prefix",
            help="Each link or host stands for its whole host, or for all below it.",
        ),
    ] = None,
    forms: Annotated[
        list[str] | None,
        typer.Option("--form", metavar="NAME", help="Spelling that the giver hashed; key-* too."),
    ] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", metavar="txt|csv", help="Where it is misjudged.")
    ] = None,
    as_json: o.Json = False,
) -> None:
    result = store.add(
        lists, files, source=source, title=title, received=received, label=label, kind=kind,
        scope=scope, forms=forms or (), file_format=file_format,
    )  # fmt: skip
    emit(result, show_added, as_json=as_json)


@lists_app.command(cls=PlainCommand, help="Show what the store holds: counts, never entries.")
def show(lists: o.Lists, as_json: o.Json = False) -> None:
    emit(store.show(lists), show_store, as_json=as_json)


@lists_app.command(cls=PlainCommand, help="Take a list out of the store.")
def withdraw(
    list_id: Annotated[int, typer.Argument(metavar="ID", help="The list's number.")],
    lists: o.Lists,
    as_json: o.Json = False,
) -> None:
    emit(store.withdraw(lists, list_id), show_withdrawn, as_json=as_json)
