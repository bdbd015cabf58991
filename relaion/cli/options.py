"""Options that commands share, declared once."""

from pathlib import Path
from typing import Annotated, Any

import typer

from relaion.errors import InputError
from relaion.paths import as_path


def typed_path(text: str) -> Path:
    """A path as it was typed; an empty one is refused."""
    try:
        return as_path(text)
    except InputError as e:
        raise typer.BadParameter(str(e)) from None  # typer adds which option it was


def path_option(name: str, metavar: str, help_text: str) -> Any:
    """An option that takes a path."""
    return typer.Option(name, metavar=metavar, parser=typed_path, help=help_text)


def path_argument(metavar: str, help_text: str) -> Any:
    """An argument that takes a path."""
    return typer.Argument(metavar=metavar, parser=typed_path, help=help_text)


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
    typer.Option(
        "--column", metavar="ROLE=NAME", help="Which column plays a role, such as url=LINK."
    ),
]
Key = Annotated[
    Path | None,
    path_option("--key", "FILE", "The curator key. Default: beside the store."),
]
Work = Annotated[
    Path | None,
    path_option("--work", "DIR", "Where the private work folder is made. Default: in OUT."),
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
    path_option("--sidecar", "PATH", "Files of image hashes by link or row hash; may be repeated."),
]
Copy = Annotated[
    bool,
    typer.Option("--copy/--hard-link", help="Copy untouched files instead of hard-linking them."),
]
Verify = Annotated[
    bool, typer.Option("--verify/--no-verify", help="Check the result by other code.")
]
YesIChecked = Annotated[
    bool, typer.Option("--yes-i-checked", help="Go on although lists hit very many rows.")
]
AppliesAnyway = Annotated[
    bool,
    typer.Option(
        "--yes-i-checked",
        help="Go on although no row of the copy is known to the diff or edition, or the copy is an "
        "edition itself.",
    ),
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
UpdatedInputs = Annotated[
    list[Path],
    path_option("--inputs", "PATH", "The data that OUT was made of, grown or not."),
]
UpdatedOut = Annotated[Path, path_option("--out", "DIR", "Where the editions go: a new folder.")]
ParentArg = Annotated[Path, path_argument("OUT", "The folder of the last `clean` or `update`.")]
OwnEditions = Annotated[
    list[str] | None,
    typer.Option(
        "--edition",
        metavar="FILE",
        help="Where the script of an edition of your own lies; may be repeated.",
    ),
]
UpdatedCover = Annotated[
    int | None,
    typer.Option(
        "--cover", metavar="K", min=0,
        help="Neutral sites that leave with each listed one. Default: as OUT had it.",
    ),
]  # fmt: skip
AllowChanged = Annotated[
    bool,
    typer.Option(
        "--allow-changed",
        help="Clean shards that are others now as new ones; go on without shards and sidecars that "
        "are gone.",
    ),
]
ReportToGiver = Annotated[
    Path | None,
    path_option("--report-to-giver", "DIR", "New private folder: which records of each list hit."),
]
Purge = Annotated[bool, typer.Option("--purge", help="Only remove what a run that broke off left.")]
Inputs = Annotated[
    list[Path] | None,
    path_option("--inputs", "PATH", "What OUT was made of; may be repeated."),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit code 1 where anything was not looked at.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
CopyPaths = Annotated[
    list[Path],
    path_argument(
        "[DIFF] PATH...",
        "The diff, unless --keep or --diff is given; then files, folders or globs of the copy.",
    ),
]
CopyOut = Annotated[Path, path_option("--out", "DIR", "Where the cleaned copy goes.")]
Keep = Annotated[
    list[Path] | None,
    path_option(
        "--keep",
        "NEW",
        "The published edition: rows that it holds stay, others leave; may be repeated.",
    ),
]
Old = Annotated[
    list[Path] | None,
    path_option(
        "--old",
        "OLD",
        "With --keep: the set that NEW was made of, to tell what left it from what it never had.",
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="row|link",
        help="Know rows by their row hash alone, or by their link alone. Default: by both.",
    ),
]
Unknown = Annotated[
    str,
    typer.Option(
        "--unknown",
        metavar="keep|drop",
        help="With --keep: rows of the copy that NEW, or OLD if it is given, does not hold.",
    ),
]
WithoutIdentity = Annotated[
    str | None,
    typer.Option(
        "--without-identity",
        metavar="keep|drop",
        help="Rows with nothing to know them by. Default: drop with --keep, keep with a diff.",
    ),
]
Certificate = Annotated[
    Path | None,
    path_option(
        "--certificate",
        "FILE",
        "Where the certificate goes. Default: beside OUT, as OUT.certificate.json.",
    ),
]
CopyColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="ROLE=NAME",
        help="Which column of the copy plays a role; of NEW and OLD, where no name there tells.",
    ),
]
ParentRun = Annotated[
    Path | None,
    path_option("--parent", "OUT", "The OUT before this one: nothing may have come back."),
]
AppliedDiff = Annotated[
    Path | None, path_option("--diff", "DIFF", "The diff that `apply` cleaned OUT with.")
]
ApplyDiff = Annotated[
    Path | None, path_option("--diff", "DIFF", "The diff, which else stands before PATH.")
]
AppliedKeep = Annotated[
    list[Path] | None,
    path_option("--keep", "NEW", "The edition that `apply` cleaned OUT with; may be repeated."),
]
CheckedCertificate = Annotated[
    Path | None,
    path_option(
        "--certificate",
        "FILE",
        "Where the certificate of a cleaned copy is written anew, if all holds.",
    ),
]
DiffOld = Annotated[
    Path | None, path_argument("OLD", "The version before: a shard, a folder or a glob.")
]
DiffNew = Annotated[
    Path | None, path_argument("NEW", "The version after: whatever left it is in the diff.")
]
DiffOut = Annotated[
    Path | None, path_option("--out", "FILE", "Where the diff goes, such as diff.parquet.")
]
Accept = Annotated[
    bool,
    typer.Option(
        "--i-accept-disclosure",
        help="Make a diff that points at listed rows, which must not be published.",
    ),
]
Check = Annotated[
    Path | None,
    path_option(
        "--check",
        "OUT",
        "Instead of a diff: what could an outsider compute from this OUT of `clean`?",
    ),
]
Earlier = Annotated[
    list[Path] | None,
    path_option("--earlier", "DIFF", "With --check: a diff published before; may be repeated."),
]
