"""The commands: parse, call the public function of the same name, print."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import relaion as library
from relaion.cli import options as o
from relaion.cli.answers import FORMS, form_of
from relaion.cli.app import EXIT_FOUND, PlainCommand, app, emit, out, roles, talk
from relaion.cli.prompt import ask, converse, keep_apart, opened
from relaion.cli.render import show_by_hand, show_purged, show_scripts, show_steps, show_tried
from relaion.cli.render_copy import diffed, show_applied, show_checked, show_diffed
from relaion.cli.render_inspect import render as show_inspect
from relaion.cli.render_run import show_cleaned, show_demo, show_matched, show_verdict
from relaion.cli.streams import Bars
from relaion.errors import InputError, Stopped
from relaion.run.process import start_early
from relaion.run.settings import MEMORY
from relaion.sqlset import BUILT_IN
from relaion.sqlset import VERSION as SQL_VERSION

if TYPE_CHECKING:
    from relaion.stages.clean import Cleaned


@contextmanager
def _working(*, goes_on: bool = False) -> Iterator[Bars]:
    """Bars, while a worker loads its libraries beside this process, which loads its own.

    `goes_on`: what a signal stops goes on where it stopped, as soon as it is asked again.
    """
    start_early()
    try:
        with Bars(talk) as bars:
            yield bars
    except Stopped as e:
        if goes_on and not str(e):
            said = "stopped; repeat the command to go on where it stopped"
            raise Stopped(e.signal, said) from None
        raise


@app.command(
    cls=PlainCommand,
    help="Make a LAION-like data set and partner lists, clean it, and show the audit.",
    short_help="Make a data set and partner lists, clean it, show the audit.",
)
def demo(
    out: Annotated[Path, o.path_option("--out", "DIR", "A folder to make.")] = Path("relaion-demo"),
    rows: Annotated[
        int, typer.Option("--rows", metavar="N", min=1, help="Rows of the data set.")
    ] = 300_000,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Another seed, another data set.")
    ] = 5,
    full_lists: Annotated[
        bool, typer.Option("--full-lists", help="Lists of 16.2 million entries.")
    ] = False,
    as_json: o.Json = False,
) -> None:
    with _working(goes_on=True) as bars:
        result = library.demo(out, rows=rows, seed=seed, full_lists=full_lists, progress=bars)
    emit(result, show_demo, as_json=as_json)


@app.command(
    cls=PlainCommand,
    help="Show what shards hold: subsets, columns and their roles, what can be matched.",
    short_help="Show what shards hold and what can be matched.",
)
def inspect(paths: o.Paths, columns: o.Columns = None, as_json: o.Json = False) -> None:
    start_early()
    emit(library.inspect(paths, columns=roles(columns)), show_inspect, as_json=as_json)


@app.command(
    cls=PlainCommand,
    help="Count the rows that each list finds, per kind and subset; writes nothing but reports to "
    "givers.",
    short_help="Count the rows that each list finds; writes nothing.",
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
    strict: o.Strict = False,
    as_json: o.Json = False,
) -> None:
    with _working() as bars:
        result = library.match(
            paths, lists, columns=roles(columns), key=key, work=work, workers=workers,
            memory=memory, time_limit=time_limit, sql_version=sql_version, same_link=same_link,
            inner=inner, sidecars=sidecars or (), good_wins=good_wins,
            report_to_giver=report_to_giver, progress=bars,
        )  # fmt: skip
    emit(result, show_matched, as_json=as_json)
    if strict and result.not_looked_at:
        raise typer.Exit(EXIT_FOUND)


@app.command(
    cls=PlainCommand,
    help="Write editions of a data set without the rows that lists and rules name.",
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
    purge: o.Purge = False,
    strict: o.Strict = False,
    as_json: o.Json = False,
) -> None:
    if purge:
        emit(library.purge(out, work=work), show_purged, as_json=as_json)
        return
    with _working(goes_on=True) as bars:
        result = library.clean(
            paths, lists, out, editions=editions or BUILT_IN, keywords=keywords,
            unscored=unscored, columns=roles(columns), key=key, work=work, workers=workers,
            memory=memory, time_limit=time_limit, sql_version=sql_version, same_link=same_link,
            inner=inner, sidecars=sidecars or (), copy=copy, verify=verify, good_wins=good_wins,
            yes_i_checked=yes_i_checked, cover=cover, cover_site_rows=cover_site_rows, progress=bars
        )  # fmt: skip
    _show_cleaned(result, strict=strict, as_json=as_json)


def _show_cleaned(result: "Cleaned", *, strict: bool, as_json: bool) -> None:
    emit(result, show_cleaned, as_json=as_json)
    wrong = result.verdict is not None and not result.verdict.ok
    if wrong or (strict and not _is_whole(result)):
        raise typer.Exit(EXIT_FOUND)


@app.command(
    cls=PlainCommand,
    help="Write the editions of OUT anew when lists or data have grown: search what is new, link "
    "what it does not touch.",
    short_help="Write the editions of OUT anew when lists or data have grown.",
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
    purge: o.Purge = False,
    strict: o.Strict = False,
    as_json: o.Json = False,
) -> None:
    if purge:
        emit(library.purge(out, work=work), show_purged, as_json=as_json)
        return
    with _working(goes_on=True) as bars:
        result = library.update(
            parent, inputs, lists, out, editions=editions or (), keywords=keywords, key=key,
            work=work, workers=workers, memory=memory, time_limit=time_limit,
            sidecars=sidecars or (), copy=copy, verify=verify, yes_i_checked=yes_i_checked,
            cover=cover, cover_site_rows=cover_site_rows, allow_changed=allow_changed,
            progress=bars,
        )  # fmt: skip
    _show_cleaned(result, strict=strict, as_json=as_json)


def _is_whole(result: "Cleaned") -> bool:
    """Whether nothing was left out of a run or of the check of it."""
    checked = result.verdict is None or result.verdict.clean
    return checked and not result.not_looked_at


@app.command(
    cls=PlainCommand,
    help="Write what left between two versions of a data set, for whoever holds a copy of the old "
    "one; or, with --check, see what an outsider could compute from what you publish.",
    short_help="Write what left between two versions, or check what that tells.",
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
    as_json: o.Json = False,
) -> None:
    given = {
        "work": work, "workers": workers, "memory": memory, "sql_version": sql_version,
    }  # fmt: skip
    with _working() as bars:
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
    help="Clean a copy of a data set, whatever its form, by what its publisher gave out: a diff, "
    "which names what left, or the new edition itself (--keep).",
    short_help="Clean a copy with a published edition or a diff.",
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
    purge: o.Purge = False,
    strict: o.Strict = False,
    as_json: o.Json = False,
) -> None:
    if purge:
        emit(library.purge(out, work=work), show_purged, as_json=as_json)
        return
    diff, copies = (diff, paths) if keep or diff else (paths[0], paths[1:])
    with _working(goes_on=True) as bars:
        result = library.apply(
            copies, out, keep=keep or (), diff=diff, old=old or (), by=by,
            unknown=unknown, without_identity=without_identity, columns=roles(columns),
            certificate=certificate, work=work, workers=workers, memory=memory,
            time_limit=time_limit, sql_version=sql_version, copy=copy,
            yes_i_checked=yes_i_checked, progress=bars,
        )  # fmt: skip
    emit(result, show_applied, as_json=as_json)
    if strict and not result.clean:
        raise typer.Exit(EXIT_FOUND)


@app.command(
    cls=PlainCommand,
    help="Check a finished run's promises by other code than clean or apply used.",
    short_help="Check a finished run's promises by other code.",
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
    workers: o.Workers = None,
    strict: o.Strict = False,
    as_json: o.Json = False,
) -> None:
    with _working() as bars:
        verdict = library.verify(
            out, inputs=inputs or (), lists=lists, keywords=keywords, key=key,
            columns=roles(columns), sidecars=sidecars or (), parent=parent, diff=diff,
            keep=keep or (), old=old or (), certificate=certificate, workers=workers,
            progress=bars,
        )  # fmt: skip
    emit(verdict, show_verdict, as_json=as_json)
    if not verdict.ok or (strict and not verdict.clean):
        raise typer.Exit(EXIT_FOUND)


@app.command(
    cls=PlainCommand,
    help="Ask an audit and its editions, or shards before cleaning; never both.",
    short_help="Ask an audit and its editions, or shards before cleaning.",
)
def sql(
    paths: Annotated[
        list[Path],
        o.path_argument("OUT|PATH...", "A folder that clean made, or shards."),
    ],
    query: Annotated[
        str | None,
        typer.Option("-c", "--command", metavar="QUERY", help="Answer this query, then end."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"How answers are written: {', '.join(FORMS)}. Default: a table on a terminal; "
            "in a pipe all rows, columns by TAB.",
        ),
    ] = None,
    history: Annotated[
        Path | None,
        o.path_option(
            "--history", "FILE", "Keep what is typed in this file, readable by you alone."
        ),
    ] = None,
    as_json: o.Json = False,
) -> None:
    form = form_of(form)
    if form is not None and as_json:
        raise InputError("--json: is a form of its own; leave it out, or --format")
    if history is not None:
        keep_apart(history, paths)
    with opened(paths) as prompt:
        if query is None:
            converse(prompt, form=form, as_json=as_json, history=history)
        elif prompt.count(query) == 0:
            raise InputError("--command: holds no statement; write one, such as -c 'show tables'")
        else:
            ask(prompt, query, form=form, as_json=as_json)


@app.command(cls=PlainCommand, help="Show the link key of a link, step by step; consults no list.")
def link(
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="Links to key.")],
    as_json: o.Json = False,
) -> None:
    emit(library.link(urls), show_steps, as_json=as_json)


@app.command(
    cls=PlainCommand,
    help="List the SQL scripts with their digests, print one, check them and your own, or write a "
    "run as SQL to be done by hand.",
    short_help="List the SQL scripts, print or check them, or run them by hand.",
)
def scripts(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME|FILE|PATH", help="A script; with --check, your own."),
    ] = None,
    paths: Annotated[
        list[Path] | None, o.path_argument("PATH...", "Shards, for --check and --by-hand.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Compare with the released digests; try a script of your own."
        ),
    ] = False,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="Write what clean would run on PATH..., with --into.")
    ] = False,
    lists: o.MaybeLists = None,
    into: Annotated[
        Path | None, o.path_option("--into", "DIR", "A new private folder, for --by-hand.")
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
    with Bars(talk) as bars:
        result = library.scripts(
            name, paths or (), check=check, by_hand=by_hand, lists=lists, into=into,
            editions=editions or BUILT_IN, keywords=keywords, unscored=unscored,
            columns=roles(columns), key=key, same_link=same_link, inner=inner,
            sidecars=sidecars or (), sql_version=sql_version, progress=bars,
        )  # fmt: skip
    text = getattr(result, "text", None)
    if text is not None and not as_json:
        out.print(text, markup=False, end="", soft_wrap=True)
        return
    # by name: the classes are loaded with the function, when it is first used
    shows: dict[str, Any] = {"Tried": show_tried, "ByHand": show_by_hand}
    emit(result, shows.get(type(result).__name__, show_scripts), as_json=as_json)
