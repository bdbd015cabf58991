"""`relaion lists add|show|withdraw`; the others are in `list_formats.py`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from relaion import lists as store
from relaion.cli import completion
from relaion.cli import options as o
from relaion.cli.app import PlainCommand, app, emit, need_command
from relaion.cli.help import PlainGroup
from relaion.cli.render import Hanging, count, plain_table
from relaion.cli.result_line import line_of
from relaion.errors import RelaionError
from relaion.links import FORMS
from relaion.lists.readers import why
from relaion.paths import owned_folder, several
from relaion.roles import HASHED_LINK_KINDS, kind_words, so_many

if TYPE_CHECKING:
    from relaion.lists.results import Added, ListChanges, Shown, Withdrawn

_SPELLINGS = (
    "raw, trimmed, entities, decoded, lowhex, href, strict, key, each also with -www, -swapped, "
    "-bare, -lower, -www-swapped, -www-bare or -www-lower, or * for all of them (key*)"
)

# -- How the list store looks: counts, never an entry ------------------------------------------


def entry_words(entries: Mapping[str, int]) -> str:
    """Entries by kind, in words."""
    return ", ".join(so_many(n, kind) for kind, n in entries.items()) or "none"


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
    if not result.added and not result.dry_run:
        return Text(added_line(result))
    table = plain_table("", "values", "records", right=("values", "records"))
    lost = sum(n for reason, n in result.lost.items() if reason != why.TAKEN_BACK)
    reasons = sorted({*result.skipped, *result.lost}, key=lambda r: -result.skipped.get(r, 0))
    for name, n, records in (
        ("read", result.read, result.records),
        ("new", result.new, None),
        ("known from an earlier list", result.known, None),
        ("duplicate", result.duplicate, None),
        ("retracted", result.retracted, result.lost.get(why.TAKEN_BACK, 0)),
        ("brought an entry", None, result.used),
        ("skipped", sum(result.skipped.values()), lost),
        *((f"  {r}", result.skipped.get(r, 0), result.lost.get(r, 0))
          for r in reasons if r != why.TAKEN_BACK),
    ):  # fmt: skip
        table.add_row(Text(name), _number(n), _number(records))
    head = Text(added_line(result))
    more = [Text(f"read as {result.format}")]
    more += [Text(f"matched as {form_words(result.forms)}")] if result.forms else []
    if result.changes is not None:
        c = result.changes
        more.append(
            Text(
                f"list {result.replaces} is brought up to date: {c.added:,} added, "
                f"{c.retracted:,} retracted, {c.unchanged:,} unchanged"
            )
        )
    more += [Text("nothing was stored")] if result.dry_run else []
    return Group(head, table, *more)


@line_of("Added")
def added_line(result: Added) -> str:
    """Which list it is, and what it holds."""
    if not result.added and not result.dry_run:
        return f"list {result.list_id} ({result.source}): in the store already"
    what = "would be list" if result.dry_run else "list"
    role = ", known good" if result.role == "good" else ""
    return f"{what} {result.list_id} ({result.source}{role}): {entry_words(result.entries)}"


def _number(n: int | None) -> str:
    return "" if n is None else f"{n:,}"


def show_store(lists: tuple[Shown, ...]) -> RenderableType:
    """One line a list and kind, at most 80 columns wide; below, what else is known of it.

    The first column is what `withdraw` and `--update` take.
    """
    return _Store(lists) if lists else Text("no list")


class _Store:
    """The lists of a store; what is said below each has the whole width."""

    _HEAD = ("ID", "source, title", "received", "what", "entries")
    _NAME = 1  # the column that wraps
    _LEAST = 16  # of it, below which all of a list stands below each other

    def __init__(self, lists: tuple[Shown, ...]) -> None:
        self._about = [_about_list(x) for x in lists]
        self._rows = [_rows_of_list(x) for x in lists]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Small tables with the same columns, so that a sentence can stand between them."""
        cells = [self._HEAD, *(row for rows in self._rows for row in rows)]
        widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
        others = sum(widths) - widths[self._NAME] + 2 * (len(widths) - 1)
        room = options.max_width - others
        is_wide = room >= min(self._LEAST, widths[self._NAME])
        widths[self._NAME] = min(widths[self._NAME], max(room, 1))
        for i, (rows, about) in enumerate(zip(self._rows, self._about, strict=True)):
            table = plain_table(*self._HEAD, right=("entries",))
            table.show_header = i == 0
            for column, width in zip(table.columns, widths, strict=True):
                column.width = width if is_wide else None
            for row in rows:
                table.add_row(*map(Text, row))
            yield table
            yield Hanging("    ", about, 4)


def _rows_of_list(x: Shown) -> list[tuple[str, str, str, str, str]]:
    """A row a kind, the first with what names the list."""
    name = x.source if x.title is None else f"{x.source}, {x.title}"
    head = (str(x.list_id), name, str(x.received or x.added.date()))
    rows = []
    for i, (kind, n) in enumerate(x.entries.items() or [("", 0)]):
        what = kind_words(kind) if kind else "nothing"
        if x.forms and kind in HASHED_LINK_KINDS:
            what += f" of {form_words(x.forms)}"
        rows.append((*(head if i == 0 else ("", "", "")), what, count(n)))
    return rows


def _about_list(x: Shown) -> str:
    """What is said of a list below its name."""
    parts = [x.label]
    parts.append(f"added {x.added:%Y-%m-%d}")
    if x.replaces:
        parts.append(f"updates list {x.replaces}{_change_words(x.changes)}")
    parts += [f"updated by {_lists(x.updated_by)}"] if x.updated_by else []
    parts += [f"withdrawn {x.withdrawn:%Y-%m-%d}"] if x.withdrawn else []
    parts.append(f"{several(x.read, 'value')} read, {sum(x.skipped.values()):,} skipped")
    parts += [f"{x.retracted:,} retracted"] if x.retracted else []
    parts += [f"{sum(x.unusable.values()):,} unusable"] if x.unusable else []
    return "; ".join(parts)


def _change_words(changes: ListChanges | None) -> str:
    if changes is None:  # of a store that did not keep them
        return ""
    return f" ({changes.added:,} added, {changes.retracted:,} taken back)"


def _lists(ids: Sequence[int]) -> str:
    return f"list{'s' * (len(ids) > 1)} {', '.join(map(str, ids))}"


def show_withdrawn(result: Withdrawn) -> RenderableType:
    """What went."""
    return Text(withdrawn_line(result))


@line_of("Withdrawn")
def withdrawn_line(result: Withdrawn) -> str:
    """What went."""
    return f"list {result.list_id} ({result.source}) is out: {entry_words(result.entries)}"


lists_app = typer.Typer(
    cls=PlainGroup,
    help="Keep partners' lists in a private store, as digests only.",
    invoke_without_command=True,
)
app.add_typer(lists_app, name="lists")


@lists_app.callback()
def lists(context: typer.Context) -> None:
    """Have a command named."""
    need_command(context, "show --lists lists.duckdb")


@lists_app.command(
    cls=PlainCommand,
    help="Read a partner's list into the list store. Only digests are kept; the file is not "
    "changed.",
)
def add(
    files: Annotated[
        list[Path], o.path_argument("FILE...", "The files of one delivery; - reads standard input.")
    ],
    lists: o.Lists,
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Who sent the list.")
    ] = None,
    title: Annotated[
        str | None, typer.Option("--title", metavar="TEXT", help="What the list is called.")
    ] = None,
    received: Annotated[
        str | None,
        typer.Option(
            "--received",
            metavar="YYYY-MM-DD",
            help="The day the list came. Default: today.",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            metavar="WORD",
            autocompletion=completion.among("csam", "privacy", "opt-out"),
            help="Why rows on it leave: csam (default), privacy, opt-out or your own word.",
        ),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(
            "--role",
            metavar="bad|good",
            autocompletion=completion.among("bad", "good"),
            help="good: a list of known-good files, which removes nothing but shows mistakes.",
        ),
    ] = None,
    update: Annotated[
        int | None,
        typer.Option(
            "--update",
            metavar="ID",
            autocompletion=completion.list_ids,
            help="The number of the list that this delivery brings up to date; see `lists show`.",
        ),
    ] = None,
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="With --update: the file is the whole new list, not only changes."
        ),
    ] = False,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="NAME=WORD,...",
            help="Take only rows whose column NAME holds one of these words. A word that "
            "holds a comma stands in quotes: 'NAME=\"a, b\",c'. Of MISP only what has "
            "to_ids is taken, unless to_ids=true,false is said.",
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore",
            metavar="NAME",
            help="A column that says nothing about which rows count. Also: title, file-name, "
            "remark, folders.",
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="KIND=NAME",
            autocompletion=completion.kinds_of_columns,
            help="Say which column holds entries, by name or number, such as sha1=3.",
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            autocompletion=completion.kinds,
            help="What the entries are, if the file does not tell: url_md5, row_hash, ...",
        ),
    ] = None,
    scope: Annotated[
        str | None,
        typer.Option(
            "--scope",
            metavar="host|prefix",
            autocompletion=completion.among("host", "prefix"),
            help="Each entry stands for a whole host, or for everything below it.",
        ),
    ] = None,
    forms: Annotated[
        list[str] | None,
        typer.Option(
            "--form",
            metavar="NAME",
            autocompletion=completion.spellings,
            help=f"How the sender spelled links before hashing them: {_SPELLINGS}.",
        ),
    ] = None,
    file_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            autocompletion=completion.among(*completion.LIST_FORMATS),
            help="How to read the file, if relaion guesses wrong: txt, csv, ...",
        ),
    ] = None,
    member: Annotated[
        str | None,
        typer.Option(
            "--member",
            metavar="NAME",
            help="The file to read in a zip archive, or the sheet in a workbook: name or number.",
        ),
    ] = None,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Accept a file of which more than half cannot be read."),
    ] = False,
    keep_ids: Annotated[
        bool,
        typer.Option(
            "--keep-ids", help="Keep the sender's record numbers, for reports to the sender."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be read, and store nothing.")
    ] = False,
    as_json: o.Json = False,
) -> None:
    with spooled(files) as named:
        result = store.add(
            lists, named, source=source, title=title, received=received, label=label, kind=kind,
            scope=scope, forms=forms or (), file_format=file_format, columns=columns or (),
            where=where or (), ignore=ignore or (), role=role, partial=partial,
            keep_ids=keep_ids, member=member, update=update, full=full, dry_run=dry_run,
        )  # fmt: skip
    emit(result, show_added, as_json=as_json)


@contextmanager
def spooled(files: Sequence[Path]) -> Iterator[list[Path]]:
    """The files; `-` is what comes by the standard input, in a private file that goes away."""
    if Path("-") not in files:
        yield [*files]
        return
    with owned_folder("stdin") as owned:
        path = owned.path / "standard input"
        with path.open("xb") as f:
            path.chmod(0o600)
            shutil.copyfileobj(sys.stdin.buffer, f)
        try:
            yield [path if file == Path("-") else file for file in files]
        except RelaionError as e:  # the private file is nothing that anybody named
            raise type(e)(str(e).replace(str(path), path.name)) from None


@lists_app.command(cls=PlainCommand, help="Show the lists in the store: counts, never entries.")
def show(
    lists: o.Lists,
    history: Annotated[
        bool, typer.Option("--history", help="Also show lists that were withdrawn.")
    ] = False,
    as_json: o.Json = False,
) -> None:
    emit(store.show(lists, history=history), show_store, as_json=as_json)


@lists_app.command(
    cls=PlainCommand, help="Take a list out of the store. That it was there stays on record."
)
def withdraw(
    list_id: Annotated[
        int,
        typer.Argument(
            metavar="ID",
            autocompletion=completion.list_ids,
            help="The number of the list, as `lists show` tells it.",
        ),
    ],
    lists: o.Lists,
    as_json: o.Json = False,
) -> None:
    emit(store.withdraw(lists, list_id), show_withdrawn, as_json=as_json)
