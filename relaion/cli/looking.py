"""The commands that look: `sql`, `link`, `scripts`."""

from pathlib import Path
from typing import Annotated, Any

import typer

import relaion as library
from relaion.cli import options as o
from relaion.cli.answers import form_of
from relaion.cli.app import PlainCommand, app, emit, roles
from relaion.cli.consoles import out, talk
from relaion.cli.prompt import ask, converse, keep_apart, opened
from relaion.cli.render import show_by_hand, show_scripts, show_steps, show_tried
from relaion.cli.streams import Bars
from relaion.cli.told import heard
from relaion.errors import InputError
from relaion.sqlset import BUILT_IN
from relaion.sqlset import VERSION as SQL_VERSION


@app.command(
    cls=PlainCommand,
    help="Ask questions in SQL: about a finished run (its audit and its editions), or about "
    "parquet files before cleaning; never both at once. Without -c, it opens a prompt.",
    short_help="Ask questions in SQL about a run, or about your files.",
)
def sql(
    paths: Annotated[
        list[Path],
        o.path_argument(
            "OUT|PATH...", "The folder that `clean` wrote, or parquet files; or addresses."
        ),
    ],
    query: Annotated[
        str | None,
        typer.Option("-c", "--command", metavar="QUERY", help="Answer this query and exit."),
    ] = None,
    columns: o.Columns = None,
    form: o.AnswerFormat = None,
    history: Annotated[
        Path | None,
        o.path_option(
            "--history", "FILE", "Remember what you type in this file, which only you can read."
        ),
    ] = None,
    as_json: o.Json = False,
) -> None:
    form = form_of(form)
    if form is not None and as_json:
        raise InputError("--json: is a format of its own; leave out either --json or --format")
    if history is not None:
        keep_apart(history, paths)
    with opened(paths, roles(columns)) as prompt:
        if query is None:
            converse(prompt, form=form, as_json=as_json, history=history)
        elif prompt.count(query) == 0:
            raise InputError(
                "--command: holds no SQL statement; write one, such as -c 'show tables'"
            )
        else:
            ask(prompt, query, form=form, as_json=as_json)


@app.command(
    cls=PlainCommand,
    help="Show how relaion reads a link: step by step to the key that lists are compared by. "
    "Looks at no list.",
    short_help="Show how a link is read, step by step.",
)
def link(
    urls: Annotated[
        list[str],
        typer.Argument(metavar="URL...", help="Links, in quotes if they hold special signs."),
    ],
    as_json: o.Json = False,
) -> None:
    emit(library.link(urls), show_steps, as_json=as_json)


@app.command(
    cls=PlainCommand,
    help="List the SQL scripts that decide, print one, check them or your own, or write a "
    "whole run as SQL to be done by hand.",
    short_help="List, print or check the SQL scripts that decide.",
)
def scripts(
    name: o.ScriptName = None,
    paths: Annotated[
        list[Path] | None, o.path_argument("PATH...", "Parquet files, for --check and --by-hand.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Compare the scripts with their released digests; or try your own script "
            "without a row.",
        ),
    ] = False,
    by_hand: Annotated[
        bool,
        typer.Option(
            "--by-hand",
            help="Write what `clean` would do with PATH as SQL files, into the folder of --into.",
        ),
    ] = False,
    lists: o.MaybeLists = None,
    into: Annotated[
        Path | None,
        o.path_option(
            "--into", "DIR", "With --by-hand: the new folder to write to; only you can read it."
        ),
    ] = None,
    editions: o.Editions = None,
    keywords: o.Keywords = None,
    unscored: o.Unscored = "keep",
    columns: o.Columns = None,
    key: o.Key = None,
    same_link: o.SameLink = True,
    inner: o.Inner = True,
    sidecars: o.Sidecars = None,
    sql_version: o.SqlVersion = SQL_VERSION,
    as_json: o.Json = False,
) -> None:
    with Bars(talk) as bars, heard(bars) as listener:
        result = library.scripts(
            name, paths or (), check=check, by_hand=by_hand, lists=lists, into=into,
            editions=editions or BUILT_IN, keywords=keywords, unscored=unscored,
            columns=roles(columns), key=key, same_link=same_link, inner=inner,
            sidecars=sidecars or (), sql_version=sql_version, progress=listener,
        )  # fmt: skip
    text = getattr(result, "text", None)
    if text is not None and not as_json:
        out.print(text, markup=False, end="", soft_wrap=True)
        return
    # by name: the classes are loaded with the function, when it is first used
    shows: dict[str, Any] = {"Tried": show_tried, "ByHand": show_by_hand}
    emit(result, shows.get(type(result).__name__, show_scripts), as_json=as_json)
