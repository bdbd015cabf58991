"""The commands: parse, call the public function of the same name, print."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import relaion as library
from relaion.cli import options as o
from relaion.cli.app import EXIT_FOUND, PlainCommand, app, emit, heed_strict, roles
from relaion.cli.consoles import talk
from relaion.cli.render import show_purged
from relaion.cli.render_copy import diffed, show_applied, show_checked, show_diffed
from relaion.cli.render_inspect import render as show_inspect
from relaion.cli.render_run import (
    show_cleaned,
    show_demo,
    show_matched,
    show_part,
    show_verdict,
)
from relaion.cli.streams import Bars
from relaion.cli.told import Heard, heard
from relaion.errors import Stopped
from relaion.run.engines import LOCAL
from relaion.run.process import start_early
from relaion.run.settings import MEMORY
from relaion.sqlset import BUILT_IN
from relaion.sqlset import VERSION as SQL_VERSION

if TYPE_CHECKING:
    from relaion.stages.cleaned import Cleaned


@contextmanager
def working(*, goes_on: bool = False) -> Iterator[Heard]:
    """Bars, while a worker loads its libraries beside this process, which loads its own.

    `goes_on`: what a signal stops goes on where it stopped, as soon as it is asked again.
    """
    start_early()
    try:
        with Bars(talk) as bars, heard(bars) as listener:
            yield listener
    except Stopped as e:
        if goes_on and not str(e):
            said = "stopped; repeat the command to go on where it stopped"
            raise Stopped(e.signal, said) from None
        raise


@app.command(
    cls=PlainCommand,
    help="Make a sample data set like LAION's and lists of partners, clean it, and show what "
    "was removed. Needs no data and no network.",
    short_help="Make a sample data set and lists, clean it, show the audit.",
)
def demo(
    out: Annotated[Path, o.path_option("--out", "DIR", "The folder to make.")] = Path(
        "relaion-demo"
    ),
    rows: Annotated[
        int, typer.Option("--rows", metavar="N", min=1, help="How many rows the data set has.")
    ] = 300_000,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Another number makes another data set.")
    ] = 5,
    full_lists: Annotated[
        bool, typer.Option("--full-lists", help="Make lists of full size: 16.2 million entries.")
    ] = False,
    as_json: o.Json = False,
) -> None:
    with working(goes_on=True) as bars:
        result = library.demo(out, rows=rows, seed=seed, full_lists=full_lists, progress=bars)
    emit(result, show_demo, as_json=as_json)


@app.command(
    cls=PlainCommand,
    help="Show what parquet files hold, and whether they can be cleaned: which columns hold "
    "links, hashes and scores, and what lists can be compared with them.",
    short_help="Show what your files hold, and whether they can be cleaned.",
)
def inspect(
    paths: o.Paths,
    columns: o.Columns = None,
    every_column: Annotated[
        bool, typer.Option("--columns", help="Show every column: its type, what it is, and why.")
    ] = False,
    as_json: o.Json = False,
) -> None:
    with working() as bars:
        result = library.inspect(paths, columns=roles(columns), progress=bars)
    emit(result, partial(show_inspect, every_column=every_column), as_json=as_json)


@app.command(
    cls=PlainCommand,
    help="Count the rows that each list finds, without removing any. Writes nothing, unless "
    "you ask for --report-to-giver.",
    short_help="Count the rows that each list finds; removes nothing.",
)
def match(
    paths: o.Paths,
    lists: o.Lists,
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
    good_wins: o.GoodWins = False,
    report_to_giver: o.ReportToGiver = None,
    engine: o.Engine = LOCAL,
    strict: o.Strict = False,
    as_json: o.Json = False,
) -> None:
    with working() as bars:
        result = library.match(
            paths, lists, columns=roles(columns), key=key, work=work, workers=workers,
            memory=memory, time_limit=time_limit, sql_version=sql_version, same_link=same_link,
            inner=inner, sidecars=sidecars or (), good_wins=good_wins,
            report_to_giver=report_to_giver, engine=engine, progress=bars,
        )  # fmt: skip
    emit(result, show_matched, as_json=as_json)
    heed_strict(strict, not result.not_looked_at)


@app.command(
    cls=PlainCommand,
    help="Write editions of a data set without the rows that lists and rules name, then "
    "check them. Your files are never changed. An interrupted run goes on when you "
    "repeat the command.",
    short_help="Write editions without the rows that lists and rules name.",
)
def clean(
    paths: o.Paths,
    lists: o.Lists,
    out: o.Out,
    editions: o.Editions = None,
    keywords: o.Keywords = None,
    unscored: o.Unscored = "keep",
    columns: o.Columns = None,
    key: o.Key = None,
    work: o.Work = None,
    workers: o.Workers = None,
    memory: o.Memory = MEMORY,
    time_limit: o.TimeLimit = None,
    sql_version: o.SqlVersion = SQL_VERSION,
    same_link: o.SameLink = True,
    inner: o.Inner = True,
    sidecars: o.Sidecars = None,
    copy: o.Copy = False,
    verify: o.Verify = True,
    yes_i_checked: o.YesIChecked = False,
    good_wins: o.GoodWins = False,
    cover: o.Cover = 0,
    cover_site_rows: o.CoverSiteRows = None,
    shards: o.Shards = None,
    phase: o.Phase = None,
    engine: o.Engine = LOCAL,
    purge: o.Purge = False,
    strict: o.Strict = False,
    as_json: o.Json = False,
) -> None:
    if purge:
        emit(library.purge(out, work=work), show_purged, as_json=as_json)
        return
    with working(goes_on=True) as bars:
        result = library.clean(
            paths, lists, out, editions=editions or BUILT_IN, keywords=keywords,
            unscored=unscored, columns=roles(columns), key=key, work=work, workers=workers,
            memory=memory, time_limit=time_limit, sql_version=sql_version, same_link=same_link,
            inner=inner, sidecars=sidecars or (), copy=copy, verify=verify, good_wins=good_wins,
            yes_i_checked=yes_i_checked, cover=cover, cover_site_rows=cover_site_rows,
            shards=shards, phase=phase, engine=engine, progress=bars,
        )  # fmt: skip
    _show_cleaned(result, strict=strict, as_json=as_json)


def _show_cleaned(result: "Cleaned", *, strict: bool, as_json: bool) -> None:
    emit(result, show_part if hasattr(result, "share") else show_cleaned, as_json=as_json)
    if result.verdict is not None and not result.verdict.ok:
        raise typer.Exit(EXIT_FOUND)
    heed_strict(strict, _is_whole(result))


@app.command(
    cls=PlainCommand,
    help="Write the editions of OUT again after a new delivery: lists or data have grown. "
    "Only what is new is searched; files that nothing touches are linked, not copied.",
    short_help="Write new editions when lists or data have grown.",
)
def update(
    parent: o.ParentArg,
    inputs: o.UpdatedInputs,
    lists: o.Lists,
    out: o.UpdatedOut,
    editions: o.OwnEditions = None,
    keywords: o.Keywords = None,
    key: o.Key = None,
    work: o.Work = None,
    workers: o.Workers = None,
    memory: o.Memory = MEMORY,
    time_limit: o.TimeLimit = None,
    sidecars: o.Sidecars = None,
    copy: o.Copy = False,
    verify: o.Verify = True,
    yes_i_checked: o.YesIChecked = False,
    cover: o.UpdatedCover = None,
    cover_site_rows: o.CoverSiteRows = None,
    allow_changed: o.AllowChanged = False,
    engine: o.Engine = LOCAL,
    purge: o.Purge = False,
    strict: o.Strict = False,
    as_json: o.Json = False,
) -> None:
    if purge:
        emit(library.purge(out, work=work), show_purged, as_json=as_json)
        return
    with working(goes_on=True) as bars:
        result = library.update(
            parent, inputs, lists, out, editions=editions or (), keywords=keywords, key=key,
            work=work, workers=workers, memory=memory, time_limit=time_limit,
            sidecars=sidecars or (), copy=copy, verify=verify, yes_i_checked=yes_i_checked,
            cover=cover, cover_site_rows=cover_site_rows, allow_changed=allow_changed,
            engine=engine, progress=bars,
        )  # fmt: skip
    _show_cleaned(result, strict=strict, as_json=as_json)


def _is_whole(result: "Cleaned") -> bool:
    """Whether nothing was left out of a run or of the check of it."""
    checked = result.verdict is None or result.verdict.clean
    return checked and not result.not_looked_at


@app.command(
    cls=PlainCommand,
    help="Write down which rows a data set lost between two versions, so that others can "
    "clean their copies with `apply`. With --check, --inputs and --lists: show what an "
    "outsider could work out from what you publish.",
    short_help="Write which rows left between two versions, for others to apply.",
)
def diff(
    old: o.DiffOld = None,
    new: o.DiffNew = None,
    out: o.DiffOut = None,
    by: o.By = None,
    i_accept_disclosure: o.Accept = False,
    check: o.Check = None,
    inputs: o.Inputs = None,
    lists: o.MaybeLists = None,
    earlier: o.Earlier = None,
    key: o.Key = None,
    columns: o.Columns = None,
    sidecars: o.Sidecars = None,
    work: o.MatchWork = None,
    workers: o.Workers = None,
    memory: o.Memory = MEMORY,
    sql_version: o.SqlVersion = SQL_VERSION,
    engine: o.Engine = LOCAL,
    as_json: o.Json = False,
) -> None:
    given = {
        "work": work, "workers": workers, "memory": memory, "sql_version": sql_version,
        "engine": engine,
    }  # fmt: skip
    with working() as bars:
        result = diffed(
            (old, new, out), check, {"by": by, "i_accept_disclosure": i_accept_disclosure},
            {"inputs": inputs or (), "lists": lists, "earlier": earlier or (), "key": key,
             "sidecars": sidecars or ()}, columns=roles(columns), **given, progress=bars,
        )  # fmt: skip
    emit(result, show_checked if check else show_diffed, as_json=as_json)
    if not getattr(result, "ok", True):
        raise typer.Exit(EXIT_FOUND)


@app.command(
    cls=PlainCommand,
    help="Clean your copy of a published data set with the publisher's diff, or with the new "
    "edition itself (--keep). Reads parquet, TSV, CSV, JSON lines, and folders or tars "
    "of img2dataset.",
    short_help="Clean your copy with a published diff or edition.",
)
def apply(
    paths: o.CopyPaths,
    out: o.CopyOut,
    keep: o.Keep = None,
    diff: o.ApplyDiff = None,
    old: o.Old = None,
    by: o.By = None,
    unknown: o.Unknown = "drop",
    without_identity: o.WithoutIdentity = None,
    columns: o.CopyColumns = None,
    certificate: o.Certificate = None,
    work: o.Work = None,
    workers: o.Workers = None,
    memory: o.Memory = MEMORY,
    time_limit: o.TimeLimit = None,
    sql_version: o.SqlVersion = SQL_VERSION,
    copy: o.Copy = False,
    yes_i_checked: o.AppliesAnyway = False,
    engine: o.Engine = LOCAL,
    purge: o.Purge = False,
    strict: o.Strict = False,
    as_json: o.Json = False,
) -> None:
    if purge:
        emit(library.purge(out, work=work), show_purged, as_json=as_json)
        return
    diff, copies = (diff, paths) if keep or diff else (paths[0], paths[1:])
    with working(goes_on=True) as bars:
        result = library.apply(
            copies, out, keep=keep or (), diff=diff, old=old or (), by=by,
            unknown=unknown, without_identity=without_identity, columns=roles(columns),
            certificate=certificate, work=work, workers=workers, memory=memory,
            time_limit=time_limit, sql_version=sql_version, copy=copy,
            yes_i_checked=yes_i_checked, engine=engine, progress=bars,
        )  # fmt: skip
    emit(result, show_applied, as_json=as_json)
    heed_strict(strict, result.clean)


@app.command(
    cls=PlainCommand,
    help="Check a finished run: that no listed row is left, that no other row is lost, and "
    "more. Uses other code than `clean` and `apply`.",
    short_help="Check a finished run with separate code.",
)
def verify(
    out: o.OutArg,
    inputs: o.Inputs = None,
    lists: o.MaybeLists = None,
    keywords: o.Keywords = None,
    key: o.Key = None,
    columns: o.Columns = None,
    sidecars: o.Sidecars = None,
    parent: o.ParentRun = None,
    diff: o.AppliedDiff = None,
    keep: o.AppliedKeep = None,
    old: o.Old = None,
    certificate: o.CheckedCertificate = None,
    work: o.MatchWork = None,
    workers: o.Workers = None,
    engine: o.CheckEngine = LOCAL,
    strict: o.Strict = False,
    as_json: o.Json = False,
) -> None:
    with working() as bars:
        verdict = library.verify(
            out, inputs=inputs or (), lists=lists, keywords=keywords, key=key,
            columns=roles(columns), sidecars=sidecars or (), parent=parent, diff=diff,
            keep=keep or (), old=old or (), certificate=certificate, work=work, workers=workers,
            engine=engine, progress=bars,
        )  # fmt: skip
    emit(verdict, show_verdict, as_json=as_json)
    if not verdict.ok:
        raise typer.Exit(EXIT_FOUND)
    heed_strict(strict, verdict.clean)
