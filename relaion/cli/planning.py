"""`plan`: what a clean would take, before it is begun."""

from pathlib import Path
from typing import Annotated

import typer

import relaion as library
from relaion.cli import options as o
from relaion.cli.app import PlainCommand, app, emit, roles
from relaion.cli.commands import working
from relaion.cli.render_plan import show_planned
from relaion.run.settings import MEMORY
from relaion.sqlset import BUILT_IN
from relaion.sqlset import VERSION as SQL_VERSION

PlannedOut = Annotated[
    Path | None,
    o.path_option(
        "--out", "DIR", "Where `clean` would write: only the room on its disk is looked at."
    ),
]
On = Annotated[
    int | None,
    typer.Option(
        "--on", metavar="N", min=1,
        help="Tell as well what N machines like this one take, each with its part (`clean "
        "--shards`).",
    ),
]  # fmt: skip
SampleRows = Annotated[
    int | None,
    typer.Option(
        "--sample-rows", metavar="ROWS", min=1,
        help="About how many rows are cleaned to measure; more take longer and tell more. If not "
        "given: 400,000, or a fifth of all, but two million at most.",
    ),
]  # fmt: skip
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Another number picks other rows.")]


@app.command(
    cls=PlainCommand,
    help="Tell what `clean` would take with the same options: time, memory, disk. It cleans a "
    "small sample of your files in a private folder, measures that, and removes it. Writes "
    "nothing else.",
    short_help="Tell what a clean would take: time, memory, disk.",
)
def plan(
    paths: o.Paths,
    lists: o.Lists,
    out: PlannedOut = None,
    on: On = None,
    editions: o.Editions = None,
    keywords: o.Keywords = None,
    unscored: o.Unscored = "keep",
    columns: o.Columns = None,
    key: o.Key = None,
    work: o.MatchWork = None,
    workers: o.Workers = None,
    memory: o.Memory = MEMORY,
    time_limit: o.TimeLimit = None,
    sql_version: o.SqlVersion = SQL_VERSION,
    same_link: o.SameLink = True,
    inner: o.Inner = True,
    sidecars: o.Sidecars = None,
    copy: o.Copy = False,
    verify: o.Verify = True,
    good_wins: o.GoodWins = False,
    cover: o.Cover = 0,
    cover_site_rows: o.CoverSiteRows = None,
    sample_rows: SampleRows = None,
    seed: Seed = 1,
    as_json: o.Json = False,
) -> None:
    with working() as bars:
        result = library.plan(
            paths, lists, out=out, editions=editions or BUILT_IN, keywords=keywords,
            unscored=unscored, columns=roles(columns), key=key, work=work, workers=workers,
            memory=memory, time_limit=time_limit, sql_version=sql_version, same_link=same_link,
            inner=inner, sidecars=sidecars or (), copy=copy, verify=verify, good_wins=good_wins,
            cover=cover, cover_site_rows=cover_site_rows, on=on, sample_rows=sample_rows,
            seed=seed, progress=bars,
        )  # fmt: skip
    emit(result, show_planned, as_json=as_json)
