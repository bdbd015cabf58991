"""How an inspection looks: what is held, what can be matched, what each column means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from relaion.cli.render import plain_table
from relaion.cli.result_line import line_of
from relaion.parquet.glossary import BY_NAME, NO_COLUMN
from relaion.paths import several, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from relaion.parquet.looked_at import Match
    from relaion.parquet.roles import Column
    from relaion.stages.inspect import Inspection, LayoutSeen, SubsetSeen

# so many subsets fit side by side; more are listed one below the other
_SIDE_BY_SIDE = 3
_LAYOUTS = 3  # so many are told of, unless every column is asked for
_TYPE_WIDTH = 12
_SHORT = {
    "url": "link",
    "image_md5": "MD5",
    "image_sha1": "SHA-1",
    "image_sha256": "SHA-256",
    "row_hash": "row hash",
    "punsafe": "score",
    "text": "keywords",
}


def render(inspection: Inspection, *, every_column: bool = False) -> RenderableType:
    """An inspection, its answer last; it shows no value of a row.

    Of the columns those that play a role are told, or were refused one; with `every_column` all.
    """
    parts: list[RenderableType] = [_held(inspection)]
    layouts = inspection.layouts if every_column else inspection.layouts[:_LAYOUTS]
    for layout in layouts:
        parts += [Text(), _layout_head(layout, inspection)]
        parts.append(_layout(layout) if every_column else _roles(layout))
    if more := len(inspection.layouts) - len(layouts):
        parts += [Text(), Text(f"and {several(more, 'layout')} more: --columns shows them")]
    return Group(*parts, Text(), _matched(inspection), Text(), *_answer(inspection))


def _roles(layout: LayoutSeen) -> RenderableType:
    """The columns that something is compared with, and those that were refused."""
    table = plain_table("role", "column", "")
    for column in layout.columns:
        if column.role:
            table.add_row(_role(column), Text(shown(column.name)), "")
        elif column.claimed:
            table.add_row(_role(column), Text(shown(column.name)), Text(_why(column)))
    others = sum(not (c.role or c.claimed) for c in layout.columns)
    if others:
        verb = "plays" if others == 1 else "play"
        said = f"{several(others, 'column')} {verb} no role and {'is' if others == 1 else 'are'} "
        return Group(table, Text(f"{said}kept as {'it is' if others == 1 else 'they are'}"))
    return table


def _why(column: Column) -> str:
    return column.why.removeprefix(BY_NAME).lstrip(":; ")


def _answer(inspection: Inspection) -> list[RenderableType]:
    """Whether this can be cleaned, and by what: the last thing that is said."""
    held = [s for s in inspection.subsets if s.rows] or list(inspection.subsets)
    linked = [s for s in held if any(m.role == "url" and m.possible for m in s.matches)]
    if len(linked) == len(held):
        said = "yes"
        if n := inspection.unwritable:
            those = "a shard" if n == 1 else f"one of {n:,} shards"
            said += f", unless a row has to leave {those} that cannot be written without it"
    elif not linked:
        said = "no: no column with links was found (if there is one: --column url=NAME)"
        if any(c.claimed == "url" and "<" in c.type for x in inspection.layouts for c in x.columns):
            said = (
                "no: links stand inside other columns alone; make a column of them, as told above"
            )
    else:
        names = ", ".join(shown(s.name) for s in held if s not in linked)
        said = f"not as a whole: no links in {names} (if there are any: --column url=NAME)"
    lines: list[RenderableType] = [Text.assemble(("can be cleaned: ", "bold"), said)]
    if linked:
        possible = {m.what: m.possible for m in held[0].matches}
        for subset in held:
            for match in subset.matches:
                possible[match.what] &= match.possible
        anywhere = {m.what for s in held for m in s.matches if m.possible}
        told = [f"{w}{'' if possible[w] else ' (in part)'}" for w in possible if w in anywhere]
        lines.append(Text.assemble(("lists and rules of: ", "bold"), ", ".join(told)))
        if missing := [what for what in possible if what not in anywhere]:
            lines.append(Text.assemble(("find nothing: ", "bold"), ", ".join(missing)))
    return lines


@line_of("Inspection")
def inspected_line(inspection: Inspection) -> str:
    """What is held, and what at least one subset can be matched by."""
    found = (m.what for s in inspection.subsets for m in s.matches if m.possible)
    by = ", ".join(dict.fromkeys(found)) or "nothing"
    held = f"{several(inspection.rows, 'row')} in {several(inspection.shards, 'shard')}"
    return f"{held} of {several(len(inspection.subsets), 'subset')}; can be matched by {by}"


def _held(inspection: Inspection) -> RenderableType:
    heads = ("shards", "row groups", "rows", "size")
    table = plain_table("subset", *heads, right=heads)
    for subset in inspection.subsets:
        table.add_row(Text(shown(subset.name)), *_sizes(subset))
    if len(inspection.subsets) > 1:
        table.add_row(Text("all", style="bold"), *_sizes(inspection))
    return table


def _sizes(held: Inspection | SubsetSeen) -> tuple[str, ...]:
    counts = (f"{n:,}" for n in (held.shards, held.row_groups, held.rows))
    return (*counts, size(held.bytes))


def size(n: int) -> str:
    """Bytes in a unit that leaves at most four digits."""
    amount = float(n)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{n} B" if n < 1000 else f"{amount:.1f} {unit}"


def share(part: int, whole: int) -> str:
    """A part in per cent, cut off and never rounded up: `100 %` means every row."""
    if part in (0, whole):
        return "100 %" if part else "none"
    tenths = 1000 * part // whole
    return f"{tenths / 10:.1f} %" if tenths else "< 0.1 %"


def _matched(inspection: Inspection) -> RenderableType:
    """What can be matched: a subset at length, a few side by side, or one below the other."""
    subsets = inspection.subsets
    if len(subsets) == 1:
        table = plain_table("can be matched by", "", "rows", "", right=("rows",))
        for match in subsets[0].matches:
            table.add_row(match.what, _yes(match), _share(match), Text(match.detail))
    elif len(subsets) <= _SIDE_BY_SIDE:
        table = plain_table("can be matched by", *(shown(s.name) for s in subsets))
        for row in zip(*(subset.matches for subset in subsets), strict=True):
            table.add_row(row[0].what, *(_cell(match) for match in row))
    else:
        table = plain_table("can be matched", *_SHORT.values(), right=tuple(_SHORT.values()))
        table.padding = (0, 1, 0, 0)
        for subset in subsets:
            table.add_row(Text(shown(subset.name)), *(_share(match) for match in subset.matches))
    parts: list[RenderableType] = [table, *(_notes(subsets) if len(subsets) > 1 else ())]
    if any("footers" in m.counted for s in subsets for m in s.matches):
        note = "rows that are not NULL, as footers state; match and clean look at the values"
        parts.append(Text(note, style="dim"))
    return Group(*parts)


def _cell(match: Match) -> Text:
    return Text.assemble(_yes(match), "  ", _share(match)) if match.possible else _yes(match)


def _notes(subsets: tuple[SubsetSeen, ...]) -> list[Text]:
    """Why not, where there is more to say than that there is no column."""
    where: dict[tuple[str, str], list[str]] = {}
    for subset in subsets:
        for match in subset.matches:
            if not match.possible and match.detail != NO_COLUMN:
                where.setdefault((match.what, match.detail), []).append(shown(subset.name))
    notes = []
    for (what, detail), names in where.items():
        said = f"{what}: {detail} ({_named(names, subsets)})"
        notes.append(Text.assemble(("no ", "red"), said))
    return [*notes, *_computed_notes(subsets)]


def _computed_notes(subsets: tuple[SubsetSeen, ...]) -> Iterator[Text]:
    """Where row hashes stand in no column: a run computes them only where a list names any."""
    found: dict[str, list[str]] = {}
    for subset in subsets:
        for match in subset.matches:
            if match.role == "row_hash" and match.possible and "computed" in match.detail:
                found.setdefault(match.detail, []).append(shown(subset.name))
    for detail, names in found.items():
        yield Text(f"row hash: {detail} ({_named(names, subsets)})")


def _named(names: list[str], subsets: tuple[SubsetSeen, ...]) -> str:
    if len(names) == len(subsets):
        return "every subset"
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _yes(match: Match) -> Text:
    return Text("yes", style="green") if match.possible else Text("no", style="red")


def _share(match: Match) -> Text:
    if not match.possible:
        return Text("-", style="dim")
    style = "" if match.present == match.rows else "yellow"
    return Text(share(match.present, match.rows), style=style)


def _layout_head(layout: LayoutSeen, inspection: Inspection) -> Text:
    many = len(inspection.layouts) > 1
    where = ", ".join(shown(name) for name in layout.subsets[:4])
    if len(layout.subsets) > 4:
        where += f" and {len(layout.subsets) - 4} more"
    shards = "1 shard" if layout.shards == 1 else f"{layout.shards:,} shards"
    number = f"layout {layout.number} of {len(inspection.layouts)}: " if many else "layout of "
    such = (
        f" such as {shown(layout.example)}" if layout.shards > 1 else f", {shown(layout.example)}"
    )
    known = f" (columns of {layout.known_as})" if layout.known_as else ""
    return Text.assemble((number, "bold"), (where, "bold"), f", {shards}{such}{known}")


def _layout(layout: LayoutSeen) -> RenderableType:
    fixed = ("column", "type", "role")
    table = plain_table(*fixed, "meaning; why, if not by name and type", whole=fixed)
    for column in layout.columns:
        table.add_row(
            _folded(column.name, 26), _folded_type(column.type), _role(column), _explained(column)
        )
    return table


def _folded(text: str, width: int) -> Text:
    # rich would shorten the explanations rather than fold a long name
    whole = shown(text)
    return Text("\n".join(whole[i : i + width] for i in range(0, len(whole), width)))


def _folded_type(text: str) -> Text:
    # between the words of a nested type, never within one
    lines = [""]
    for part in re.split(r"(?<=[<,])", shown(text)):
        if lines[-1] and len(lines[-1] + part) > _TYPE_WIDTH:
            lines.append(" " + part.lstrip())
        else:
            lines[-1] += part
    return Text("\n".join(line[i : i + 26] for line in lines for i in range(0, len(line), 26)))


def _role(column: Column) -> Text:
    if column.role:
        return Text(column.role, style="green")
    if column.claimed:  # named in the verdict: a list or a rule would look at its values
        return Text("refused", style="red")
    return Text("unused" if column.why else "-", style="dim")


def _explained(column: Column) -> Text:
    more = _why(column)
    return Text.assemble(column.meaning, *(("\n", (more, "dim")) if more else ()))
