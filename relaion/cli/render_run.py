"""How a match, a run, a verdict and the demo look to people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from relaion.cli.render import Hanging, count, plain_table, short
from relaion.cli.result_line import line_of
from relaion.paths import several, shown
from relaion.remote import is_remote
from relaion.roles import compared, kind_words
from relaion.run.hits import FEW_ROWS, Count, Hits, Union

if TYPE_CHECKING:
    from relaion.run.coverage import Coverage
    from relaion.run.giver_report import Reported
    from relaion.run.manifest import Removal
    from relaion.stages.cleaned import Cleaned, CleanedPart
    from relaion.stages.demo import Demo
    from relaion.stages.match import Matched
    from relaion.stages.merge import Merged
    from relaion.verifier.verdict import Verdict


# -- How a match, a run and a verdict look to people -------------------------------------------


def protocol_table(lists: Iterable[dict[str, Any]], hits: Hits, subsets: list[str]) -> Table:
    """A heading for each list, a line for each kind: gross per subset, in all, and overlap."""
    heads = tuple(short(subsets).values())
    table = plain_table(
        "list", *heads, "gross", "overlap", right=(*heads, "gross", "overlap"), whole=("list",)
    )
    for entry in lists:
        about = (entry["list_id"], entry["source"], entry["received"], entry["label"])
        table.add_row(Text(" ".join(str(word) for word in about if word), style="bold"))
        for words, counts in _lines(entry, hits).items():
            by_subset = {c.subset: c.gross for c in counts}
            gross = sum(by_subset.values())
            table.add_row(
                f"  {words}",
                *(count(by_subset.get(s, 0)) for s in subsets),
                count(gross),
                count(gross - sum(c.exclusive for c in counts)),
            )
    return table


def _lines(entry: dict[str, Any], hits: Hits) -> dict[str, list[Count]]:
    """Counts of one list by what was compared, a line also where nothing was found."""
    found = [c for c in hits.counts if c.list_id == entry["list_id"]]
    lines: dict[str, list[Count]] = {}
    for kind in dict.fromkeys((*entry["entries"], *(c.kind for c in found))):
        counts = [c for c in found if c.kind == kind]
        for c in counts:
            lines.setdefault(compared(c.kind, c.form), []).append(c)
        if not counts:
            lines[kind_words(kind)] = []
    return lines or {"no entry of its own": []}


def union_table(hits: Hits, subsets: list[str]) -> Table:
    """Overlaps counted once: all lists, each source, each label, and same links."""
    heads = tuple(short(subsets).values())
    table = plain_table("counted once", *heads, "rows", right=(*heads, "rows"))
    groups: dict[tuple[str, str | None], dict[str, Union]] = {}
    for u in hits.unions:
        groups.setdefault((u.grouping, u.name), {})[u.subset] = u
    order = ["source", "label", "all", "same_link"]
    for (grouping, name), found in sorted(
        groups.items(), key=lambda g: (order.index(g[0][0]), g[0][1] or "")
    ):
        words = {"all": "all lists", "same_link": "more rows with a listed link"}.get(grouping)
        rows = [found[s].rows if s in found else 0 for s in subsets]
        label = Text(words or f"{grouping} {name}")
        table.add_row(label, *map(count, rows), count(sum(rows)))
    return table


_GROSS = (
    "gross: all rows that the line finds; overlap: those of them that another line finds too; "
    "memberships: the rows of each list, added up\n"
)


def show_matched(result: Matched) -> RenderableType:
    """Gross, overlap and union together, so that none is mistaken for another."""
    subsets = list(result.rows)
    rows = sum(result.rows.values())
    head = Text(
        f"{rows:,} rows in {several(len(subsets), 'subset')} against "
        f"{several(len(result.lists), 'list')}\n"
    )
    foot = Text(f"\n{matched_line(result)}")
    return Group(
        head,
        protocol_table(result.lists, result.hits, subsets),
        Text(_GROSS),
        union_table(result.hits, subsets),
        Text(),
        coverage_table(result.coverage),
        *left_out_lines(x.sentence for x in result.not_looked_at),
        *([Text(), *map(_reported, result.reported)] if result.reported else []),
        foot,
    )


@line_of("Matched")
def matched_line(result: Matched) -> str:
    """How many rows the lists find, overlaps counted once."""
    memberships = sum(u.memberships for u in result.hits.unions if u.grouping == "all")
    union = result.hits.rows("all")
    beyond = result.hits.rows("same_link")
    also = f"; {several(beyond, 'more row carries', 'more rows carry')} a listed link"
    nothing = "nothing else" if any(r.file for r in result.reported) else "nothing"
    are = "is" if memberships == 1 else "are"
    return (
        f"{several(memberships, 'membership')} {are} {several(union, 'row')}"
        f"{also if beyond else ''}; {nothing} was written{_why_no_report(result.reported)}"
    )


def _why_no_report(reported: Sequence[Reported]) -> str:
    """Why givers are told nothing, where that was asked for."""
    if not reported or any(r.file for r in reported):
        return ""
    hit = any(r.without_id for r in reported)
    return f" for givers: {'no entry that hit has an id' if hit else 'no record hit'}"


def _reported(r: Reported) -> Text:
    """What the giver of a list is told."""
    ids = f", their ids in {shown(r.file)}" if r.file is not None else ""
    rest = f"; entries that hit and have no id: {r.without_id:,}" if r.without_id else ""
    line = f"list {r.list_id} ({r.source}): {several(r.records, 'record')} hit{ids}{rest}"
    return Text(line, no_wrap=True, overflow="ignore")


def edition_table(result: Cleaned) -> Table:
    """Rows in, removed and kept for each edition and subset, with the sum of each edition."""
    table = plain_table(
        "edition", "subset", "rows in", "removed", "kept", "share",
        right=("rows in", "removed", "kept", "share"),
    )  # fmt: skip
    for edition in dict.fromkeys(e.edition for e in result.editions):
        lines = [e for e in result.editions if e.edition == edition]
        sums = [sum(getattr(e, f) for e in lines) for f in ("rows_in", "removed", "kept")]
        rows = [(e.subset, e.rows_in, e.removed, e.kept) for e in lines]
        if len(lines) > 1:
            rows.append(("all", *sums))
        for subset, rows_in, removed, kept in rows:
            share = f"{removed / rows_in:.3%}" if rows_in else "-"
            table.add_row(
                Text(edition), Text(subset), f"{rows_in:,}", count(removed), f"{kept:,}", share
            )
    return table


def show_cleaned(result: Cleaned) -> RenderableType:
    """What each edition lost and kept, what was checked, where to look next."""
    parts: list[RenderableType] = []
    parts.append(edition_table(result))
    if result.removals:
        parts += [Text(), removal_table(result)]
    if result.untold:
        parts.append(Text(_untold(result.untold)))
    if result.coverage:
        # its audit counts what values there are, be a list of that kind given or not
        parts += [Text(), coverage_table(result.coverage, "could be looked at")]
    if result.verdict is not None:
        parts += [Text(), show_verdict(result.verdict)]
    else:
        parts += left_out_lines(x.sentence for x in result.not_looked_at)
        parts += _summary(result.summary)
    said = f"yes, {result.why}" if result.publishable else f"no, because {result.why}"
    parts += [Text(), next_steps(result), Text(), Text(f"publishable: {said}")]
    return Group(*parts)


@line_of("Cleaned")
@line_of("Verdict")
def summary_line(result: Cleaned | Verdict) -> str:
    """The verdict in a sentence."""
    return result.summary


def show_part(result: CleanedPart) -> RenderableType:
    """What became of a part, and what is next."""
    return _plain(result.summary)


def show_merged(result: Merged) -> RenderableType:
    """What parts came to together: what is next, or what OUT holds."""
    return _plain(result.summary) if result.cleaned is None else show_cleaned(result.cleaned)


def _plain(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ignore")  # it holds commands to be copied


@line_of("CleanedPart")
@line_of("Merged")
def part_line(result: CleanedPart | Merged) -> str:
    """What is next."""
    return result.summary


def _summary(text: str) -> list[RenderableType]:
    """The verdict in a sentence; a command at its end is not wrapped, so that it can be copied."""
    said, how, command = text.partition("to check it: ")
    lines = [Text(said.rstrip("; "))] if said else []
    lines += [Text(f"{how}{command}", no_wrap=True, overflow="ignore")] if how else []
    return [Text(), *lines] if lines else []


def removal_table(result: Cleaned) -> Table:
    """Why rows left each edition: by list and kind, or by rule; a row may have several reasons."""
    table = plain_table("edition", "left for", "rows", "for nothing else",
                        right=("rows", "for nothing else"))  # fmt: skip
    sums: dict[tuple[str, str], list[int]] = {}
    for r in result.removals:
        found = sums.setdefault((r.edition, _reason(r)), [0, 0])
        found[0] += r.gross
        found[1] += r.exclusive
    for (edition, reason), (gross, exclusive) in sums.items():
        table.add_row(Text(edition), Text(reason), count(gross), count(exclusive))
    return table


def _reason(r: Removal) -> str:
    if r.rule is not None:
        return f"rule {r.rule}"
    if r.reason_kind == "cover":
        return f"cover of {r.label}"
    source = None if r.source and r.title and r.title.startswith(r.source) else r.source
    words = " ".join(str(word) for word in (r.list_id, source, r.title, r.label) if word)
    return f"list {words}: {compared(r.kind, r.form)}"


def _untold(subsets: tuple[str, ...]) -> str:
    named = ", ".join(subsets[:3]) + (", …" if len(subsets) > 3 else "")
    return (
        f"\nWhy rows left is not told of subsets under {FEW_ROWS:,} rows ({named}), for it would "
        "say much of single rows; `relaion match` shows it to you"
    )


def next_steps(result: Cleaned) -> Group:
    """Where the results are and how to ask them; the command can be copied in one piece."""
    if is_remote(result.out):
        return Group(
            Text(
                f"{result.out}/manifest.json     what went in, what decided, what came out\n"
                f"{result.out}/audit.duckdb      the counts; fetch it, and ask in a DuckDB shell:"
            ),
            Text('  duckdb audit.duckdb -c "from unions"', no_wrap=True, overflow="ignore"),
        )
    return Group(
        Text(
            f"{result.out}/manifest.json     what went in, what decided, what came out\n"
            f"{result.out}/audit.duckdb      the counts, which you can ask:"
        ),
        Text(f'  relaion sql {result.out} -c "from unions"', no_wrap=True, overflow="ignore"),
    )


_SIDE_BY_SIDE = 3  # subsets that stand beside each other; more stand below each other
_LOOKED_AT = {
    "url": "links",
    "image_md5": "MD5",
    "image_sha1": "SHA-1",
    "image_sha256": "SHA-256",
    "row_hash": "row hash",
    "punsafe": "scores",
    "text": "captions",
}


def coverage_table(coverage: Iterable[Coverage], head: str = "looked at") -> Table:
    """Rows of each subset that have a value to look at; `~` where a sample tells of a sidecar.

    What nothing was compared with, and footers alone tell of, has no line.
    """
    by_subset: dict[str, dict[str, str]] = {}
    rows: dict[str, int] = {}
    looked: set[str] = set()
    for line in coverage:
        rows[line.subset] = line.rows
        counted = by_subset.setdefault(line.subset, {})
        said = f"{'~' if line.estimated else ''}{line.covered:,}"
        if line.counted == "footers":
            continue
        looked.add(line.role)
        if line.via != "column" and counted.get(line.role, "0") != "0":
            said = f"{counted[line.role]} + {said}"
        if line.covered or line.role not in counted:
            counted[line.role] = said if line.covered else "0"
    names_of = {role: name for role, name in _LOOKED_AT.items() if role in looked}
    heads = tuple(names_of.values())
    found = {
        subset: [f"{rows[subset]:,}", *(told.get(role, "0") for role in names_of)]
        for subset, told in by_subset.items()
    }
    for values in found.values():
        values[:] = ["-" if value == "0" else value for value in values]
    if len(found) <= _SIDE_BY_SIDE:
        names = tuple(short(list(found)).values())
        table = plain_table(head, *names, right=names)
        for cells in zip(("rows", *heads), *found.values(), strict=True):
            table.add_row(*cells)
        return table
    table = plain_table(head, "rows", *heads, right=("rows", *heads), whole=(head,))
    for subset, values in found.items():
        table.add_row(Text(subset), *values)
    return table


def left_out_lines(sentences: Iterable[str]) -> list[RenderableType]:
    """What was not looked at, a line each; nothing where there is nothing."""
    told = list(sentences)
    if not told:
        return []
    return [Text(), Text("not looked at:", style="yellow"), *(Hanging("  ", s, 4) for s in told)]


def show_verdict(verdict: Verdict) -> RenderableType:
    """One line a promise, what is to be said of it below, and the sum of it in one sentence."""
    parts: list[RenderableType] = [Text("state        promise", style="bold")]
    for outcome in verdict.outcomes:
        state = "BROKEN" if outcome.state == "broken" else outcome.state
        style = {"held": "green", "broken": "bold red"}.get(outcome.state, "yellow")
        lead = Text.assemble((f"{state:<13}", style), f"{outcome.promise:<4}")
        parts.append(Hanging(lead, outcome.title, len(lead)))
        said = [outcome.why] if outcome.why else []
        indent = " " * len(lead)
        parts += [Hanging(indent, s, len(lead) + 2) for s in (*said, *map(str, outcome.findings))]
    return Group(*parts, *left_out_lines(verdict.not_looked_at), Text(), Text(verdict.summary))


# -- How the demo looks: the protocol, the editions, where to look next ------------------------


def show_demo(result: Demo) -> RenderableType:
    """The protocol as the audit counts it, then what each edition lost and kept."""
    subsets = list(result.unions)
    heads = tuple(short(subsets).values())
    table = plain_table(
        "received", "delivery", "entries", *heads, "rows",
        right=("entries", *heads, "rows"), whole=("received",),
    )  # fmt: skip
    for line in result.protocol:
        table.add_row(
            line.received,
            line.title,
            f"{line.entries:,}",
            *(count(line.rows[s]) for s in subsets),
            count(line.total),
        )
    by_source = " + ".join(f"{name} {n:,}" for name, n in result.sources.items())
    once = Text(
        f"\n{by_source} = {result.memberships:,} memberships;\n"
        f"each row counted once: {result.union:,}\n"
        f"{result.validated:,} of them are validated; {result.privacy:,} privacy links; "
        f"{result.same_link:,} more rows carry a listed link\n"
    )
    parts: list[RenderableType] = [
        table,
        once,
        Text(_further(result)),
        edition_table(result.cleaned),
    ]
    if result.cleaned.verdict is not None:
        parts += [Text(), show_verdict(result.cleaned.verdict)]
    else:
        parts += left_out_lines(x.sentence for x in result.cleaned.not_looked_at)
        parts += _summary(result.cleaned.summary)
    return Group(*parts, demo_next_steps(result))


@line_of("Demo")
def demo_line(result: Demo) -> str:
    """The verdict of the demo's run."""
    return result.cleaned.summary


def _further(result: Demo) -> str:
    """The update and the known-good list in words, and the mistake that the latter shows."""
    lines = ["Two more deliveries came, which change none of these numbers:"]
    for x in result.further:
        told = (
            f"for list {x.replaces}, {sum(x.entries.values()):,} added, {x.retracted:,} taken back"
        )
        if x.role == "good":
            told = f"{x.used:,} harmless files"
        lines.append(f"  {x.received}  {x.title}: {told}")
    lines.append("A known-good list removes nothing; it tells of mistakes. One is planted here:")
    lines += [f"  {said}" for said in result.known_good]
    lines.append("Until its giver takes it back, it stays listed.\n")
    return "\n".join(lines)


def demo_next_steps(result: Demo) -> Text:
    """Commands to try on what the demo made, each on a line of its own to be copied."""
    folder = result.folder
    return Text(
        "\nLook next:\n"
        f"  relaion inspect {folder}/data\n"
        f"  relaion match {folder}/data --lists {folder}/lists.duckdb"
        f" --sidecar {folder}/sidecars\n"
        f"  relaion lists show --lists {folder}/lists.duckdb\n"
        f'  relaion sql {folder}/clean -c "from unions"',
        no_wrap=True,
        overflow="ignore",
    )
