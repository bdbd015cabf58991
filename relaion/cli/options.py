"""Options that commands share, declared once."""

from pathlib import Path
from typing import Annotated, Any

import typer

from relaion.cli import completion
from relaion.cli.answers import FORMS
from relaion.errors import InputError
from relaion.paths import as_paths


def typed_path(text: str) -> Path:
    """A path as it was typed; an empty one is refused."""
    try:
        return as_paths(text)[0]  # some take an address, too
    except InputError as e:
        raise typer.BadParameter(str(e)) from None  # typer adds which option it was


def path_option(name: str, metavar: str, help_text: str) -> Any:
    """An option that takes a path."""
    return typer.Option(name, metavar=metavar, parser=typed_path, help=help_text)


def path_argument(metavar: str, help_text: str) -> Any:
    """An argument that takes a path."""
    return typer.Argument(metavar=metavar, parser=typed_path, help=help_text)


Paths = Annotated[
    list[Path],
    path_argument(
        "PATH...",
        "Parquet files, folders of them, or glob patterns, here or at s3://, gs://, az://, hf:// "
        "or https://.",
    ),
]
OutArg = Annotated[
    Path, path_argument("OUT", "The folder that `clean`, `update` or `apply` wrote.")
]
Lists = Annotated[
    Path, path_option("--lists", "FILE", "The list store, as `relaion lists add` makes it.")
]
MaybeLists = Annotated[
    Path | None, path_option("--lists", "FILE", "The list store, as `relaion lists add` makes it.")
]
Out = Annotated[
    Path,
    path_option(
        "--out",
        "DIR",
        "The folder to write the cleaned editions to: of this machine, or s3://, gs:// or az://.",
    ),
]
Editions = Annotated[
    list[str] | None,
    typer.Option(
        "--edition",
        metavar="NAME|FILE",
        autocompletion=completion.editions,
        help="An edition to write: research, research-safe, or the path of your own SQL "
        "script. May be repeated. Default: research and research-safe.",
    ),
]
Keywords = Annotated[
    Path | None,
    path_option(
        "--keywords",
        "FILE",
        "A text file with one keyword a line, for the rule that looks for them in captions. "
        "Keep it as secret as the lists.",
    ),
]
Unscored = Annotated[
    str,
    typer.Option(
        "--unscored",
        metavar="keep|drop",
        autocompletion=completion.among("keep", "drop"),
        help="What to do with rows that have no safety score.",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="ROLE=NAME",
        autocompletion=completion.roles_of_columns,
        help="Say which column holds what, where it is not recognised, such as url=LINK. May "
        "be repeated.",
    ),
]
Key = Annotated[
    Path | None,
    path_option(
        "--key", "FILE", "The curator's secret key file. Default: the one beside the list store."
    ),
]
_KEPT = "Where to keep temporary files; only you can read them. Default:"
_IN_OUT = f"{_KEPT} in OUT, or below ~/.local/state where OUT lies elsewhere."
Work = Annotated[Path | None, path_option("--work", "DIR", _IN_OUT)]
MatchWork = Annotated[Path | None, path_option("--work", "DIR", f"{_KEPT} below TMPDIR, or /tmp.")]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help="How many processes work at once. Default: one per processor core.",
    ),
]
_WHO = "Who does the work: this machine, or a Ray cluster (started here, or at an address or auto)."
_LOCAL_OR_RAY: dict[str, Any] = {
    "metavar": "local|ray[=ADDRESS]",
    "autocompletion": completion.among("local", "ray", "ray=auto"),
}
_MEMORY_OF_EACH = f"{_WHO} With Ray each worker has --memory for itself."
Engine = Annotated[str, typer.Option("--engine", help=_MEMORY_OF_EACH, **_LOCAL_OR_RAY)]
CheckEngine = Annotated[str, typer.Option("--engine", help=_WHO, **_LOCAL_OR_RAY)]
Memory = Annotated[
    str,
    typer.Option(
        "--memory", metavar="SIZE", help="How much memory all processes may use together."
    ),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        metavar="SECONDS",
        help="Stop a task that takes longer than this. Default: depends on its size.",
    ),
]
SqlVersion = Annotated[
    str,
    typer.Option(
        "--sql-version",
        metavar="NAME",
        autocompletion=completion.sql_versions,
        help="Which version of the SQL scripts decides.",
    ),
]
SameLink = Annotated[
    bool,
    typer.Option(
        "--same-link/--no-same-link",
        help="Treat other rows that have the link of a listed row as listed too.",
    ),
]
Inner = Annotated[
    bool,
    typer.Option(
        "--inner/--no-inner", help="Also look for listed links inside links, as in ?url=LINK."
    ),
]
Sidecars = Annotated[
    list[Path] | None,
    path_option(
        "--sidecar",
        "PATH",
        "Files with the image hashes of these rows, stored apart from the links. May be repeated.",
    ),
]
Copy = Annotated[
    bool,
    typer.Option(
        "--copy/--hard-link", help="Copy files that lose no row, or hard-link them to save space."
    ),
]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify/--no-verify", help="Check the result with separate code once it is written."
    ),
]
YesIChecked = Annotated[
    bool,
    typer.Option("--yes-i-checked", help="Go on although the lists match suspiciously many rows."),
]
AppliesAnyway = Annotated[
    bool,
    typer.Option(
        "--yes-i-checked",
        help="Go on although no row of the copy is known to the diff or edition, or the copy "
        "is an edition itself.",
    ),
]
GoodWins = Annotated[
    bool,
    typer.Option(
        "--good-wins", help="Ignore an entry of any list that a known-good list names too."
    ),
]
Cover = Annotated[
    int,
    typer.Option(
        "--cover",
        metavar="K",
        min=0,
        help="For each site with a listed row, remove this many others, so that what is "
        "missing does not give the listed rows away.",
    ),
]
CoverSiteRows = Annotated[
    int | None,
    typer.Option(
        "--cover-site-rows", metavar="S", min=1,
        help="With --cover: the most rows that count as one site; larger hosts are split. "
        "Default: chosen by cost, 10 for each of the K at least.",
    ),
]  # fmt: skip
Shards = Annotated[
    str | None,
    typer.Option(
        "--shards", metavar="I/N",
        help="Do one part of N, on a machine of its own: 1/8, 2/8 and so on, each with another "
        "--out. Needs --phase.",
    ),
]  # fmt: skip
Phase = Annotated[
    str | None,
    typer.Option(
        "--phase", metavar="find|write",
        autocompletion=completion.among("find", "write"),
        help="With --shards: find searches this part. When `relaion merge` says so, find has to "
        "search again, since links found in one part may stand in another. Then write writes it.",
    ),
]  # fmt: skip
UpdatedInputs = Annotated[
    list[Path],
    path_option("--inputs", "PATH", "The data that OUT was made from; it may have grown since."),
]
UpdatedOut = Annotated[
    Path,
    path_option("--out", "DIR", "The folder to write the new editions to; another one than OUT."),
]
ParentArg = Annotated[
    Path, path_argument("OUT", "The folder that the last `clean` or `update` wrote.")
]
OwnEditions = Annotated[
    list[str] | None,
    typer.Option(
        "--edition",
        metavar="FILE",
        help="The path of your own edition's SQL script, if OUT has such an edition. May be "
        "repeated.",
    ),
]
UpdatedCover = Annotated[
    int | None,
    typer.Option(
        "--cover", metavar="K", min=0,
        help="For each site with a listed row, remove this many others, to hide which rows "
        "were listed. Default: as OUT had it.",
    ),
]  # fmt: skip
AllowChanged = Annotated[
    bool,
    typer.Option(
        "--allow-changed",
        help="Go on although files changed or are gone: clean changed ones from scratch, do "
        "without missing ones.",
    ),
]
ReportToGiver = Annotated[
    Path | None,
    path_option(
        "--report-to-giver",
        "DIR",
        "Write a report for each list's sender to this new folder: which of their records "
        "were found.",
    ),
]
Purge = Annotated[
    bool,
    typer.Option(
        "--purge", help="Do nothing but remove the temporary files of an interrupted run."
    ),
]
Inputs = Annotated[
    list[Path] | None,
    path_option("--inputs", "PATH", "The data that OUT was made from. May be repeated."),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="End with exit code 1 if anything could not be looked at.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]
CopyPaths = Annotated[
    list[Path],
    path_argument(
        "[DIFF] PATH...",
        "The diff (left out with --keep or --diff), then the files, folders or globs of the copy, "
        "here or at addresses.",
    ),
]
CopyOut = Annotated[
    Path,
    path_option(
        "--out", "DIR", "The folder of the cleaned copy: of this machine, or s3://, gs:// or az://."
    ),
]
Keep = Annotated[
    list[Path] | None,
    path_option(
        "--keep",
        "NEW",
        "Clean by a published edition: rows that it holds stay, all others leave. May be repeated.",
    ),
]
Old = Annotated[
    list[Path] | None,
    path_option(
        "--old",
        "OLD",
        "With --keep: the data set before it was cleaned, to tell removed rows from rows "
        "that it never had.",
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="row|link",
        autocompletion=completion.among("row", "link"),
        help="Recognise rows by row hash only, or by link only. Default: by both.",
    ),
]
Unknown = Annotated[
    str,
    typer.Option(
        "--unknown",
        metavar="keep|drop",
        autocompletion=completion.among("keep", "drop"),
        help="With --keep: what to do with rows that neither NEW nor OLD has ever held.",
    ),
]
WithoutIdentity = Annotated[
    str | None,
    typer.Option(
        "--without-identity",
        metavar="keep|drop",
        autocompletion=completion.among("keep", "drop"),
        help="What to do with rows that have neither link nor hash. Default: drop with "
        "--keep, keep with a diff.",
    ),
]
Certificate = Annotated[
    Path | None,
    path_option(
        "--certificate",
        "FILE",
        "The file to write the certificate to. Default: OUT.certificate.json, beside OUT.",
    ),
]
CopyColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="ROLE=NAME",
        autocompletion=completion.roles_of_columns,
        help="Say which column holds what, where it is not recognised, such as url=LINK.",
    ),
]
ParentRun = Annotated[
    Path | None,
    path_option(
        "--parent",
        "OUT",
        "The OUT that `update` started from: check that no removed row came back.",
    ),
]
AppliedDiff = Annotated[
    Path | None, path_option("--diff", "DIFF", "The diff that `apply` used to make OUT.")
]
ApplyDiff = Annotated[
    Path | None, path_option("--diff", "DIFF", "The diff, instead of naming it before PATH.")
]
AppliedKeep = Annotated[
    list[Path] | None,
    path_option(
        "--keep", "NEW", "The published edition that `apply` used to make OUT. May be repeated."
    ),
]
CheckedCertificate = Annotated[
    Path | None,
    path_option(
        "--certificate",
        "FILE",
        "If every check holds, write the certificate of a cleaned copy to this file.",
    ),
]
DiffOld = Annotated[
    Path | None,
    path_argument("OLD", "The data set before: a file, a folder or a glob, or an address."),
]
DiffNew = Annotated[
    Path | None, path_argument("NEW", "The data set after: rows that it lost make the diff.")
]
DiffOut = Annotated[
    Path | None,
    path_option("--out", "FILE", "The file of the diff: diff.parquet, or s3://bucket/d.parquet."),
]
Accept = Annotated[
    bool,
    typer.Option(
        "--i-accept-disclosure",
        help="Make the diff even if it gives listed rows away. Do not publish such a diff.",
    ),
]
Check = Annotated[
    Path | None,
    path_option(
        "--check",
        "OUT",
        "Instead of making a diff: show what an outsider could work out from this OUT of `clean`.",
    ),
]
Earlier = Annotated[
    list[Path] | None,
    path_option(
        "--earlier", "DIFF", "With --check: a diff that you published before. May be repeated."
    ),
]
AnswerFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        autocompletion=completion.among(*FORMS),
        help=f"How answers are written: {', '.join(FORMS)}. Default: a table on a terminal; "
        "in a pipe all rows, columns by TAB.",
    ),
]
ScriptName = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME|FILE|PATH",
        autocompletion=completion.scripts,
        help="The name of a script to print; with --check, the path of your own.",
    ),
]
