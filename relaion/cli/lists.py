"""`relaion lists add|show|withdraw`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from relaion import lists as store
from relaion.cli import options as o
from relaion.cli.app import PlainCommand, app, emit, need_command
from relaion.cli.render import count, plain_table
from relaion.cli.render_run import kind_words
from relaion.links import FORMS
from relaion.roles import HASHED_LINK_KINDS

if TYPE_CHECKING:
    from relaion.lists.results import Added, Shown, Withdrawn


# -- How the list store looks: counts, never an entry ------------------------------------------


def entry_words(entries: Mapping[str, int]) -> str:
    """Entries by kind, in words."""
    return ", ".join(f"{n:,} {kind_words(kind)}" for kind, n in entries.items()) or "none"


def form_words(forms: Sequence[str]) -> str:
    """The spellings that a list is matched in, in words; every base with all its variants as one.

    Nothing where they are not known, and all are tried.
    """
    words: list[str] = []
    for base in dict.fromkeys(form.partition("-")[0] for form in FORMS):
        variants = [form for form in FORMS if form.partition("-")[0] == base]
        chosen = [form for form in variants if form in forms]
        words += [f"{base}*"] if chosen == variants else chosen
    return ", ".join(words)


def show_added(result: Added) -> RenderableType:
    """What was read, and how it adds up."""
    if not result.added:
        return Text(f"list {result.list_id} ({result.source}): in the store already")
    table = plain_table("read", "", right=("",))
    table.show_header = False
    for name, n in (
        ("read", result.read),
        ("new", result.new),
        ("known from an earlier list", result.known),
        ("duplicate", result.duplicate),
        ("skipped", sum(result.skipped.values())),
        *((f"  {reason}", n) for reason, n in result.skipped.items()),
    ):
        table.add_row(Text(name), f"{n:,}")
    head = Text(f"list {result.list_id} ({result.source}): {entry_words(result.entries)}")
    matched_as = [Text(f"matched as {form_words(result.forms)}")] if result.forms else []
    return Group(head, table, *matched_as)


def show_store(lists: tuple[Shown, ...]) -> RenderableType:
    """One line a list and kind."""
    if not lists:
        return Text("no list")
    numbers = ("entries", "read", "new", "known", "duplicate", "skipped")
    table = plain_table(
        "list", "source", "title", "received", "label", "what", *numbers, right=numbers
    )
    for x in lists:
        first = [x.read, x.new, x.known, x.duplicate, sum(x.skipped.values())]
        head = [str(x.list_id), x.source, x.title or "", str(x.received or ""), x.label]
        for i, (kind, n) in enumerate(x.entries.items()):
            cells = head if i == 0 else [""] * len(head)
            rest = [count(v) for v in first] if i == 0 else [""] * len(first)
            what = kind_words(kind)
            if x.forms and kind in HASHED_LINK_KINDS:
                what += f" of {form_words(x.forms)}"
            table.add_row(*map(Text, cells), what, count(n), *rest)
    return table


def show_withdrawn(result: Withdrawn) -> RenderableType:
    """What went."""
    return Text(f"list {result.list_id} ({result.source}) is out: {entry_words(result.entries)}")


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
