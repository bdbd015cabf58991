"""`merge`: the parts of a clean that many machines did."""

from pathlib import Path
from typing import Annotated

import typer

import relaion as library
from relaion.cli import completion
from relaion.cli import options as o
from relaion.cli.app import EXIT_FOUND, PlainCommand, app, emit, heed_strict
from relaion.cli.commands import working
from relaion.cli.options import path_argument, path_option
from relaion.cli.render import show_purged
from relaion.cli.render_run import show_merged
from relaion.run.settings import MEMORY

Parts = Annotated[
    list[Path], path_argument("PART...", "The folders that `clean --shards` was given as --out.")
]
MergedPhase = Annotated[
    str | None,
    typer.Option(
        "--phase", metavar="find",
        autocompletion=completion.among("find"),
        help="Join what the parts found. Exit code 1: every part has to run `clean ... --phase "
        "find` again, then merge again. Exit code 0: all is found, and every part can run "
        "`clean ... --phase write`.",
    ),
]  # fmt: skip
MergedOut = Annotated[
    Path | None,
    path_option(
        "--out",
        "DIR",
        "When all parts are written: the folder to join them in. The parts are emptied then.",
    ),
]
MergedKey = Annotated[
    Path | None,
    path_option(
        "--key",
        "FILE",
        "With --cover: the curator's secret key file. Default: the one that the parts had.",
    ),
]
MergedWork = Annotated[
    Path | None,
    path_option("--work", "DIR", "The folder that the parts were given as --work, if any."),
]


@app.command(
    cls=PlainCommand,
    help="Join the parts of a `clean --shards`, which many machines did. First what they found: "
    "with --phase find, after all parts have searched. Then what they wrote: with --out. It says "
    "what is next, and may be repeated at any time.",
    short_help="Join the parts of a clean that many machines did.",
)
def merge(
    parts: Parts,
    out: MergedOut = None,
    phase: MergedPhase = None,
    key: MergedKey = None,
    work: MergedWork = None,
    workers: o.Workers = None,
    memory: o.Memory = MEMORY,
    yes_i_checked: o.YesIChecked = False,
    purge: o.Purge = False,
    strict: o.Strict = False,
    as_json: o.Json = False,
) -> None:
    if purge and out is not None:
        emit(library.purge(out, work=work), show_purged, as_json=as_json)
        return
    with working(goes_on=True) as bars:
        result = library.merge(
            parts, out=out, phase=phase, key=key, work=work, workers=workers, memory=memory,
            yes_i_checked=yes_i_checked, progress=bars,
        )  # fmt: skip
    emit(result, show_merged, as_json=as_json)
    if not result.done:
        raise typer.Exit(EXIT_FOUND)
    heed_strict(strict, result.cleaned is None or not result.cleaned.not_looked_at)
