"""Options that commands share, declared once."""

from pathlib import Path
from typing import Annotated, Any

import typer

from relaion.errors import InputError
from relaion.paths import as_path


def _path(text: str) -> Path:
    try:
        return as_path(text)
    except InputError as e:
        raise typer.BadParameter(str(e)) from None  # typer adds which option it was


def path_option(name: str, metavar: str, help_text: str) -> Any:
    """An option that takes a path."""
    return typer.Option(name, metavar=metavar, parser=_path, help=help_text)


def path_argument(metavar: str, help_text: str) -> Any:
    """An argument that takes a path."""
    return typer.Argument(metavar=metavar, parser=_path, help=help_text)


Paths = Annotated[list[Path], path_argument("PATH...", "Shards, folders of shards, or globs.")]
OutArg = Annotated[Path, path_argument("OUT", "A folder that `clean` or `apply` made.")]
Lists = Annotated[Path, path_option("--lists", "FILE", "The list store (lists.duckdb).")]
MaybeLists = Annotated[
    Path | None, path_option("--lists", "FILE", "The list store (lists.duckdb).")
]
Out = Annotated[Path, path_option("--out", "DIR", "Where the editions go.")]
Editions = Annotated[
    list[str] | None,
    typer.Option(
        "--edition",
        metavar="NAME|FILE",
        help="research, research-safe, or the path of a script; may be repeated. Default: both.",
    ),
]
Keywords = Annotated[
    Path | None,
    path_option("--keywords", "FILE", "Keywords, one a line; a secret like lists."),
]
Unscored = Annotated[
    str, typer.Option("--unscored", metavar="keep|drop", help="Rows without a safety score.")
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="ROLE=NAME", help="Which column plays a role."),
]
Key = Annotated[
    Path | None,
    path_option("--key", "FILE", "The curator key. Default: beside the store."),
]
Work = Annotated[
    Path | None,
    path_option("--work", "DIR", "Where its private folder is made. Default: in OUT."),
]
MatchWork = Annotated[
    Path | None,
    path_option("--work", "DIR", "Where a private, temporary folder is made."),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, help="Processes. Default: one a core."),
]
Memory = Annotated[str, typer.Option("--memory", metavar="SIZE", help="Memory for all processes.")]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        metavar="SECONDS",
        help="Time for one task of a worker. Default: by its rows and bytes.",
    ),
]
SqlVersion = Annotated[
    str, typer.Option("--sql-version", metavar="NAME", help="Which set of SQL scripts.")
]
SameLink = Annotated[
    bool,
    typer.Option("--same-link/--no-same-link", help="Other rows with a listed link go too."),
]
Inner = Annotated[
    bool,
    typer.Option("--inner/--no-inner", help="Links inside links are matched too."),
]
Sidecars = Annotated[
    list[Path] | None,
    path_option("--sidecar", "PATH", "Image hashes by link or row hash; may be repeated."),
]
Copy = Annotated[
    bool, typer.Option("--copy", help="Copy untouched shards instead of hard-linking them.")
]
Verify = Annotated[
    bool, typer.Option("--verify/--no-verify", help="Check the result by other code.")
]
YesIChecked = Annotated[
    bool, typer.Option("--yes-i-checked", help="Go on although lists hit very many rows.")
]
GoodWins = Annotated[
    bool,
    typer.Option("--good-wins", help="What a known-good list names is not listed, whoever says."),
]
Cover = Annotated[
    int,
    typer.Option(
        "--cover", metavar="K", min=0, help="Neutral sites that leave with each listed one."
    ),
]
CoverSiteRows = Annotated[
    int | None,
    typer.Option(
        "--cover-site-rows", metavar="S", min=1,
        help="Rows of a site at most; a larger host is parted. Default: by the cost.",
    ),
]  # fmt: skip
ReportToGiver = Annotated[
    Path | None,
    path_option("--report-to-giver", "DIR", "New private folder: which records of each list hit."),
]
Purge = Annotated[
    bool, typer.Option("--purge", help="Only remove the work folder of a broken run.")
]
Inputs = Annotated[
    list[Path] | None,
    path_option("--inputs", "PATH", "The shards that went in; may be repeated."),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit code 1 where anything was not looked at.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
CopyPaths = Annotated[
    list[Path],
    path_argument("[DIFF] PATH...", "A diff (unless --keep); files, folders or globs of the copy."),
]
CopyOut = Annotated[Path, path_option("--out", "DIR", "Where the cleaned copy goes.")]
Keep = Annotated[
    list[Path] | None,
    path_option("--keep", "NEW", "A published edition: what it holds stays. May be repeated."),
]
Old = Annotated[
    list[Path] | None,
    path_option("--old", "OLD", "The set that NEW was made of: tells rows it never had apart."),
]
By = Annotated[
    str | None,
    typer.Option("--by", metavar="row|link", help="The one identity that counts. Default: both."),
]
Unknown = Annotated[
    str, typer.Option("--unknown", metavar="keep|drop", help="Rows that NEW (or OLD) never had.")
]
WithoutIdentity = Annotated[
    str | None,
    typer.Option(
        "--without-identity",
        metavar="keep|drop",
        help="Rows without a link or row hash. Default: drop with --keep, keep with a diff.",
    ),
]
Certificate = Annotated[
    Path | None,
    path_option("--certificate", "FILE", "Where the certificate goes. Default: beside OUT."),
]
ParentRun = Annotated[
    Path | None,
    path_option("--parent", "OUT", "The OUT before this one: nothing may have come back."),
]
AppliedDiff = Annotated[
    Path | None, path_option("--diff", "DIFF", "The diff that OUT was cleaned with, by `apply`.")
]
AppliedKeep = Annotated[
    list[Path] | None,
    path_option("--keep", "NEW", "The edition that OUT was cleaned with, by `apply`."),
]
CheckedCertificate = Annotated[
    Path | None,
    path_option("--certificate", "FILE", "Write the certificate of a cleaned copy if it holds."),
]
DiffOld = Annotated[
    Path | None, path_argument("[OLD]", "The set before: a shard, a folder or a glob.")
]
DiffNew = Annotated[Path | None, path_argument("[NEW]", "The set after.")]
DiffOut = Annotated[Path | None, path_option("--out", "FILE", "The diff, such as diff.parquet.")]
Accept = Annotated[
    bool,
    typer.Option("--i-accept-disclosure", help="Make a diff that points at listed rows."),
]
Check = Annotated[
    Path | None,
    path_option("--check", "OUT", "What could an outsider compute from this OUT of clean?"),
]
Earlier = Annotated[
    list[Path] | None,
    path_option("--earlier", "DIFF", "With --check: a diff published before; may be repeated."),
]
