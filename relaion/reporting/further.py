"""The later sections: coverage, scores, shared rows, cover, lists, settings, how to reproduce."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from relaion.paths import several, shown
from relaion.reporting.document import (
    BarChart,
    BarGroup,
    Commands,
    Grid,
    Part,
    Points,
    grid,
    joined,
    number,
)
from relaion.reporting.facts import AuditReport, PairLine, ScoreLine
from relaion.roles import ROLES, so_many
from relaion.run.hits import FEW_ROWS
from relaion.sqlset import BUILT_IN

if TYPE_CHECKING:
    from relaion.run.coverage import Coverage

_LEAST = 10  # rows that two lists have to share for the number to be told
MASKED, HIDDEN = f"<{_LEAST}", f"{_LEAST}+"
_WIDEST = 8  # lists whose pairs are told as a matrix, which more would make too wide to read

# -- What was looked at -------------------------------------------------------------------------


def coverage(report: AuditReport) -> Iterator[Part]:
    """How many rows had a value to compare, and what was compared with nothing."""
    yield (
        "How many rows have a value that a list or a rule can look at. A row without one is not "
        "passed over: there is nothing to see. About (~) stands where a sample of rows was looked "
        "up in a sidecar."
    )
    computed = {x.subset for x in report.coverage if x.via == "computed"}
    yield grid(
        "Rows with a value to compare",
        ("subset", "looked at", "rows with one", "of rows", "where"),
        [
            (
                shown(x.subset),
                ROLES[x.role].noun if x.role in ROLES else x.role,
                f"{'~' if x.estimated else ''}{number(x.covered)}",
                number(x.rows),
                _where(x, computed),
            )
            for x in report.coverage
        ],
        ("rows with one", "of rows"),
    )
    if report.sidecars:
        said = several(report.sidecars, "file")
        yield f"{said} of image hashes beside the shards (sidecars) were searched too."
    if report.not_looked_at:
        yield "Not looked at, so the run is clean only as far as it was looked at:"
        yield Points(tuple(shown(x.sentence) for x in report.not_looked_at))
    else:
        yield "Nothing was left out: every column, value and rule that could be held was."


def _where(line: Coverage, asked: Collection[str]) -> str:
    if line.via == "computed":
        return line.via
    if line.role == "row_hash" and not line.covered and line.subset not in asked:
        return "not asked for"  # they are computed for lists of row hashes alone
    return f"a {line.via}" if line.covered or line.via != "column" else "no value"


# -- Scores -------------------------------------------------------------------------------------


def _band(line: ScoreLine) -> str:
    if line.above is None and line.up_to is None:
        return "no score"
    if line.above is None:
        return f"up to {line.up_to:.2f}"
    if line.up_to is None:
        return f"above {line.above:.2f}"
    return f"{line.above:.2f} to {line.up_to:.2f}"


def scores(report: AuditReport) -> Iterator[Part]:
    """How the scores of all rows lie, and which of them the rule on scores names."""
    if report.scores is None:
        yield "The audit of this run holds no counts by score: an earlier version made it."
        return
    scored = sum(x.rows for x in report.scores if (x.above, x.up_to) != (None, None))
    if not scored:
        yield "No row has a score, so no rule on scores could name one."
        return
    unsafe, keyword = (report.parameters[k] for k in ("unsafe_above", "keyword_above"))
    heeding = [e.name for e in report.editions if "unsafe" in e.rules]
    with_words = [e.name for e in report.editions if "unsafe_keyword" in e.rules]
    yield (
        "The score says how unsafe a classifier held an image to be, from 0 to 1. All rows are "
        "counted here, listed or not; of removals, only those that the rule on the score alone "
        "names. What lists found is never told by score. A band holds the scores above its first "
        "border, up to and with its second."
    )
    if heeding:
        yield f"{joined(heeding)} lost every row with a score above {unsafe:g} (rule unsafe)."
    else:
        yield f"No edition heeds the rule on scores above {unsafe:g} alone."
    if with_words and report.parameters["keywords"] is not None:
        total = {
            e: sum(x.gross for x in report.removals if (x.edition, x.rule) == (e, "unsafe_keyword"))
            for e in with_words
        }
        yield (
            f"With a score above {keyword:g}, a row whose caption holds a keyword leaves too: "
            + joined(f"{number(n)} of {e}" for e, n in total.items())
            + "."
        )
    marks = tuple(
        (i, f"above {border:g}: {rule}")
        for border, rule in ((unsafe, "rule unsafe"), (keyword, "with a keyword"))
        for i, x in enumerate(report.scores)
        if x.above is not None and abs(x.above - border) < 1e-9
    )
    yield BarChart(
        "All rows by score, and those that the rule on scores names",
        "Two bars for each band of scores: all rows, and those above the threshold of the rule "
        "unsafe. Lines mark the thresholds. The numbers stand in the next table.",
        ("all rows", "named by rule unsafe"),
        tuple(BarGroup(_band(x), (x.rows, x.unsafe if x.unsafe else None)) for x in report.scores),
        marks,
    )
    yield grid(
        "Rows by score, all subsets together",
        ("score", "all rows", "rule unsafe"),
        [(_band(x), number(x.rows), number(x.unsafe)) for x in report.scores],
        ("all rows", "rule unsafe"),
    )


# -- Rows that two lists share ------------------------------------------------------------------


def matrix(report: AuditReport) -> Iterator[Part]:
    """How many rows two lists both name, if they are ten or more."""
    if report.overlaps is None:
        yield "The audit of this run holds no counts by pairs of lists: an earlier version made it."
        return
    if not report.overlaps:
        where = f" of subsets with {FEW_ROWS:,} rows or more" if report.few_rows else ""
        yield f"Fewer than two lists named a row{where}, so none is shared."
        return
    yield (
        "How many rows both of two lists name, all subsets together. Fewer than ten, none among "
        f"them, are told as {MASKED}: so few say something of single rows."
    )
    if any(x.most is None for x in report.overlaps):
        yield (
            f"{HIDDEN} stands where the number is told no closer: what a list shares with all "
            "others, less the rest of its line, would tell one that is left out. Which pairs "
            "these are is decided from the smallest up."
        )
    if any(x.least != x.most for x in report.overlaps if x.most not in (None, _LEAST - 1)):
        yield (
            "After an update a number may be known only from and to, since the few that were "
            "shared before it are told nowhere."
        )
    yield _matrix(report, report.overlaps)
    few = sum(x.most == _LEAST - 1 for x in report.overlaps)
    if few:
        pairs = several(len(report.overlaps), "pair")
        yield f"Of {pairs}, {number(few)} share fewer than ten, or none."
    yield (
        "The overlap of a list with all others is told above, and with fewer than four lists it "
        "tells each of these pairs; a pair that shares few can often be narrowed down by it."
    )


def _matrix(report: AuditReport, pairs: Sequence[PairLine]) -> Grid:
    titles = {x.list_id: f"{x.list_id}: {shown(x.title or x.source)}" for x in report.lists}
    ids = sorted({n for x in pairs for n in (x.list_id, x.other_id)})
    if len(ids) > _WIDEST:
        told = sorted((x for x in pairs if x.least), key=lambda x: (-x.least, x.list_id))
        return grid(
            f"Rows that two of {len(ids)} lists share, the largest numbers first",
            ("list", "and list", "rows"),
            [(titles[x.list_id], titles[x.other_id], _told(x)) for x in told],
            ("rows",),
        )
    cells = {frozenset((x.list_id, x.other_id)): _told(x) for x in pairs}
    return grid(
        "Rows that two lists share: the columns are lists by their number",
        ("list", *map(str, ids)),
        [(titles[a], *(cells.get(frozenset((a, b)), "–") for b in ids)) for a in ids],
        map(str, ids),
    )


def _told(pair: PairLine) -> str:
    least, most = pair.least, pair.most
    if most is None:
        return f"{least}+" if least else "unknown"
    if least == most:
        return number(least)
    return f"{number(least)} to {number(most)}" if least else f"<{most + 1}"


# -- Cover --------------------------------------------------------------------------------------


def cover(report: AuditReport) -> Iterator[Part]:
    """What hides the listed rows from whoever subtracts the editions from the old data."""
    if report.cover is None and not any(x.removed for x in report.balance):
        yield "No cover, and no row left: there is nothing to hide."
        return
    if report.cover is None:
        yield (
            "No cover: no row left but for a list or a rule. Whoever has the old metadata sees "
            "which rows left, can reckon which of these a public rule explains, and so finds what "
            "is listed among the rest."
        )
        return
    c = report.cover
    yield (
        f"With each site that holds a listed row, {several(c.per_site, 'neutral site')} like it "
        f"left whole, of at most {several(c.site_rows, 'row')} each: that a row left does not "
        f"mean that it was listed. Sites with a listed row that may stand out all the same, for "
        f"they lack neutral ones like them, or share a listed image or link with another one as "
        f"too few neutral ones do: {number(c.weak)}, of which {number(c.joined)} share something."
    )
    lines = [x for x in report.removals if x.reason_kind == "cover"]
    if lines:
        yield grid(
            "Rows that left as cover",
            ("edition", "with the label", "rows", "for nothing else"),
            [(x.edition, x.label or "", number(x.gross), number(x.exclusive)) for x in lines],
            ("rows", "for nothing else"),
        )
    yield (
        "Which sites these are is told nowhere. That they hide the listed ones rests on the cover "
        "ledger and the curator key staying secret, on no edition of these rows without cover "
        "being out, and on readers who do not know already which sites are bad."
    )


# -- Lists --------------------------------------------------------------------------------------


def none_named(report: AuditReport) -> str:
    """What is said where the audit tells of no row that a list named."""
    if not report.few_rows:
        return "No list named a row."
    return (
        f"No list named a row of subsets with {FEW_ROWS:,} rows or more. Of smaller ones "
        f"({joined(map(shown, report.few_rows))}) this is not told, for they have too few rows."
    )


def lists(report: AuditReport) -> Iterator[Part]:
    """Who sent what when; no entry and no digest of any."""
    yield (
        "Every delivery, by the number that it has in the curator's store. Entries are counted "
        "and never shown; neither is a digest of a list, for it would let one guess at what is in "
        "it. A list in the role good names files known to be harmless: it removes nothing."
    )
    stepped = any(x.step > 1 for x in report.lists)
    heads = ("no.", "received", "source", "title", "label", "role", "entries")
    yield grid(
        "Deliveries",
        (*heads, "step") if stepped else heads,
        [
            (
                str(x.list_id), x.received or "not said", shown(x.source), shown(x.title or ""),
                x.label, x.role,
                joined(so_many(n, k) for k, n in x.entries.items()),
                *((str(x.step),) if stepped else ()),
            )
            for x in report.lists
        ],
        ("no.",),
    )  # fmt: skip


# -- Parameters, scripts, versions --------------------------------------------------------------

# of each: in words, by which option it is given, and what no value of it means
_SETTINGS = {
    "columns": ("roles that were given to columns by name", "--column", "none"),
    "cover": ("neutral sites for each listed one", "--cover", "none"),
    "cover_site_rows": (
        "rows that a site of the cover may have", "--cover-site-rows", "as it costs least"
    ),
    "good_wins": ("known-good entries count as not listed", "--good-wins", ""),
    "inner": ("links inside links are compared too", "--no-inner", ""),
    "keyword_above": ("score above which a keyword in the caption removes", "", ""),
    "keywords": ("how many keywords", "--keywords", "none"),
    "same_link": ("further rows with a listed link leave", "--no-same-link", ""),
    "unsafe_above": ("score above which the rule unsafe removes", "", ""),
    "unscored": ("what becomes of rows without a score", "--unscored", ""),
}  # fmt: skip


def _settings(given: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What decided, in words, its value, and the option; nothing of a cover that was not asked."""
    for name, value in given.items():
        if name == "cover_site_rows" and not given.get("cover"):
            continue
        words, option, nothing = _SETTINGS.get(name, (name, "", "none"))
        yield words, nothing if value is None else shown(_setting(value)), option


def _setting(value: Any) -> str:
    if value == {}:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        given = ((k, [v] if isinstance(v, str) else v) for k, v in value.items())
        return "; ".join(f"{k}: {', '.join(map(str, v))}" for k, v in given)
    return number(value) if isinstance(value, int) else str(value)


def settings(report: AuditReport) -> Iterator[Part]:
    """What decided: settings and versions, and what came out."""
    run = report.run
    yield grid(
        "Parameters",
        ("what", "value", "option"),
        list(_settings(report.parameters)),
    )
    yield grid(
        "Versions",
        ("of", "version"),
        [
            ("relaion", run.relaion), ("DuckDB", run.duckdb), ("pyarrow", run.pyarrow),
            ("SQL scripts", run.sql_version), ("link keys", str(run.key_version)),
        ],
    )  # fmt: skip
    yield grid(
        "What came out",
        ("edition", "subset", "shards", "rows", "bytes"),
        [
            (str(x.edition), shown(x.subset), number(x.shards), number(x.rows), number(x.bytes))
            for x in report.outputs
        ],
        ("shards", "rows", "bytes"),
    )


def scripts(report: AuditReport) -> Iterator[Part]:
    """Every script that decided by its digest, and all of them by one."""
    yield (
        f"{several(len(report.scripts), 'script')} of SQL decided. `relaion scripts --check` "
        "compares those of an installation with the released ones. One digest stands for all: of "
        "what `sha256sum` prints of them, in the order of their names."
    )
    yield Commands((report.scripts_sha256,))
    found = grid(
        "Scripts by their SHA-256",
        ("script", "sha256"),
        [(shown(x.name), x.sha256) for x in report.scripts],
    )
    yield replace(found, detail=True)


# -- How to reproduce it ------------------------------------------------------------------------


def reproduce(report: AuditReport) -> Iterator[Part]:
    """What to run, for the curator and for everybody else."""
    yield (
        "Whoever holds the data and the lists gets the same shards, byte by byte, with the same "
        "versions: the manifest names inputs, parameters and scripts by their digests. Cover also "
        "takes the curator key and its ledger. DATA, LISTS and OUT stand for your own paths."
    )
    words = " --keywords FILE" if report.parameters["keywords"] is not None else ""
    beside = " --sidecar PATH" if report.sidecars else ""
    covered = f" --cover {report.cover.per_site}" if report.cover else ""
    check = f"relaion verify OUT --inputs DATA --lists LISTS{words}{beside}"
    if max((x.step for x in report.steps), default=1) > 1:
        line = f"relaion update BEFORE --inputs DATA --lists LISTS{words}{beside} --out OUT"
        check += " --parent BEFORE"
    else:
        given = f"{_given(report)}{words}{beside}{covered}"
        line = f"relaion clean DATA --lists LISTS{given} --out OUT"
    yield Commands((line, check))
    yield (
        "Everybody else can ask the audit again. Each number of this report is the answer of a "
        "query of sql/queries, which the prompt runs by its name:"
    )
    yield Commands(("echo .run protocol_in_all | relaion sql OUT", "relaion report OUT --json"))


def _given(report: AuditReport) -> str:
    """The options that decide which rows leave, as they were given."""
    settings = report.parameters
    names = [shown(x.name) for x in report.editions]
    said = [] if names == list(BUILT_IN) else [f"--edition {name}" for name in names]
    said += ["--unscored drop"] if "drop" in str(settings["unscored"]) else []
    said += [] if str(settings["same_link"]).lower() == "true" else ["--no-same-link"]
    said += [] if str(settings["inner"]).lower() == "true" else ["--no-inner"]
    said += ["--good-wins"] if str(settings["good_wins"]).lower() == "true" else []
    return "".join(f" {option}" for option in said)
