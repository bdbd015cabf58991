"""How a cleaned copy and a diff look to people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

import relaion as library
from relaion.cli.render import count, plain_table
from relaion.cli.render_run import left_out_lines
from relaion.cli.result_line import line_of
from relaion.errors import InputError
from relaion.paths import several, shown

if TYPE_CHECKING:
    from relaion.labs.report import Applied
    from relaion.stages.diff import Diffed
    from relaion.stages.diff_check import Checked


def show_applied(result: Applied) -> RenderableType:
    """Rows by fate, files, what was not looked at, and the verdict in a sentence."""
    if result.done_before:
        head = Text("this run was finished before, so nothing was done now")
    else:
        files = ", ".join(f"{n:,} {how}" for how, n in sorted(result.files.items()))
        head = Text(f"{result.records:,} rows in; files: {files}")
    table = plain_table("rows", "", "of the copy", right=("rows",))
    for counted in sorted(result.counts, key=lambda c: (not c.stayed, c.fate)):
        said = "stayed" if counted.stayed else "left"
        more = f" (and {several(counted.samples, 'sample')} of theirs)" if counted.samples else ""
        table.add_row(count(counted.rows), said, counted.words + more)
    also = [Text(line) for line in result.also]
    verdict = Text(result.summary, style="bold")
    where = Text(f"certificate: {shown(result.certificate)}")
    return Group(
        head, Text(), table, *left_out_lines(result.not_looked_at), Text(), *also, verdict, where
    )


@line_of("Applied")
def applied_line(result: Applied) -> str:
    """The verdict in a sentence."""
    return result.summary


def show_diffed(result: Diffed) -> RenderableType:
    """What a diff holds, in counts."""
    table = plain_table("n", "of the diff", right=("n",))
    for n, what in (
        (result.rows_old, "row{s} of the old set"),
        (result.rows_new, "row{s} of the new one"),
        (result.left, "row{s} that left"),
        (result.lines, "line{s} of the diff; rows with the same hash and link share one"),
        (result.links_gone, "link{s} that no row of the new set has"),
        (
            result.without,
            "row{s} without row hash and link left: no line says which",
        ),
        (result.linkless, "row{s} that left without a link, named by row hash alone"),
        (result.duplicates, "row{s} that left, with the hash and link of another one"),
        (result.colliding, "row hash{es} shared by several links"),
        (result.doubted, "row{s} that left with another hash than link and caption give"),
        (result.believed, "row{s} whose hash was not held against link and caption"),
    ):
        table.add_row(count(n), what.format(s="s" * (n != 1), es="es" * (n != 1)))
    return Group(table, Text(), Text(diffed_line(result)))


@line_of("Diffed")
def diffed_line(result: Diffed) -> str:
    """Where the diff is, and its digest."""
    by = " and ".join({"row": "row hash", "link": "link"}[each] for each in result.by)
    return f"{shown(result.out)}: tells rows by {by}; sha256 {result.sha256}"


def diffed(
    sets: tuple[Path | None, Path | None, Path | None],
    check: Path | None,
    of_diff: dict[str, Any],
    of_check: dict[str, Any],
    **given: Any,
) -> Diffed | Checked:
    """The diff of two sets, or the check of an OUT: `relaion diff` is one of two functions."""
    old, new, out = sets
    if check is not None:
        if any(sets) or any(of_diff.values()):
            raise InputError("--check OUT goes without OLD, NEW, --out, --by and what is accepted")
        if of_check["lists"] is None:
            raise InputError("--check needs --lists: the store that OUT was cleaned with")
        return library.diff_check(check, **of_check, **given)
    if old is None or new is None or out is None:
        raise InputError("name both sets and the file: relaion diff OLD NEW --out diff.parquet")
    if any(of_check.values()):
        raise InputError("OLD NEW --out goes without what --check takes (--inputs, --lists, ..)")
    return library.diff(old, new, out, **of_diff, **given)


def show_checked(result: Checked) -> RenderableType:
    """What is left unexplained of each edition, and whether listed rows stand out in it."""
    table = plain_table("edition", "by", "", "sites", "rows", "", right=("sites", "rows"))
    for s in result.strata:
        if s.grouping != "host":
            said = "stands out" if s.stands_out else ""
            table.add_row(s.edition, s.grouping, s.name or "", count(s.sites), count(s.rows), said)
    lines: list[RenderableType] = []
    for edition in result.residual:
        hosts = [s for s in result.strata if s.edition == edition and s.grouping == "host"]
        standing = sum(s.stands_out for s in hosts)
        if hosts:
            of = "one host that stays" if len(hosts) == 1 else f"{len(hosts):,} hosts that stay"
            where = "there" if len(hosts) == 1 else f"in {standing:,} of them"
            said = f"listed rows stand out {where}" if standing else "nothing stands out there"
            lines.append(Text(f"{edition}: several sites left {of} in part; {said}"))
    verdict = Text(checked_line(result), style="bold")
    next_step = [Text(f"what to do: {result.way_out}")] if result.way_out else []
    left = left_out_lines(result.not_looked_at)
    lines = [Text(), *lines] if lines else []
    return Group(table, *lines, *left, Text(), verdict, *next_step)


@line_of("Checked")
def checked_line(result: Checked) -> str:
    """The verdict in a sentence."""
    neutral = f"{several(result.cover, 'neutral site')} for each listed one"
    cover = neutral if result.cover else "no cover"
    if result.weak:
        cover += f" but {result.weak:,}, which {'is' if result.weak == 1 else 'are'} weak"
    if not result.stands_out:
        said = f"{shown(result.out)}: nothing stands out of what an outsider cannot explain"
        if result.not_looked_at:
            said += ", as far as it was looked at"
        if not result.publishable:
            said += "; but manifest.json says `publishable: false`"
            said += "" if result.ok else ": publish neither the edition nor a diff"
    else:
        said = f"{shown(result.out)}: listed rows stand out: publish neither the edition nor a diff"
    return f"{said} ({cover})"
