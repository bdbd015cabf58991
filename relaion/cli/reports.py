"""The command `report`: parse, call the public function of the same name, print."""

from pathlib import Path
from typing import Annotated

import typer

import relaion as library
from relaion.cli import options as o
from relaion.cli.app import PlainCommand, app, emit


@app.command(
    cls=PlainCommand,
    help="Show what a finished run removed and why, in counts. With --html, --markdown, --card or "
    "--croissant, write it to files instead.",
    short_help="Show or write what a finished run removed, in counts.",
)
def report(
    out: Annotated[Path, o.path_argument("OUT", "The folder that `clean` or `update` wrote.")],
    html: Annotated[
        Path | None,
        o.path_option(
            "--html", "FILE", "Write one HTML page that needs no network (extra [report])."
        ),
    ] = None,
    markdown: Annotated[
        Path | None, o.path_option("--markdown", "FILE", "Write the same as Markdown.")
    ] = None,
    card: Annotated[
        Path | None,
        o.path_option(
            "--card",
            "DIR",
            "Write a data-set card (README.md) and SHA256SUMS for publication to this folder.",
        ),
    ] = None,
    croissant: Annotated[
        Path | None,
        o.path_option(
            "--croissant",
            "FILE",
            "Write the editions, their files and columns as JSON-LD (Croissant 1.0).",
        ),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(
            "--licence",
            metavar="NAME",
            help="With --card or --croissant: the licence of the data set, such as cc-by-4.0.",
        ),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(
            "--title",
            metavar="WORDS",
            help="With --card or --croissant: the name of the data set.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite files that `report` did not make.")
    ] = False,
    i_accept_disclosure: Annotated[
        bool,
        typer.Option(
            "--i-accept-disclosure",
            help="Write a card or Croissant file of editions that must not be published.",
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="One JSON document on stdout, as report.schema.json in relaion.reporting says.",
        ),
    ] = False,
) -> None:
    result = library.report(
        out, html=html, markdown=markdown, card=card, croissant=croissant, licence=licence,
        title=title, force=force, i_accept_disclosure=i_accept_disclosure,
    )  # fmt: skip
    from relaion.cli.render_report import show_report  # noqa: PLC0415 - loaded when it is first used

    emit(result, show_report, as_json=as_json)
