"""A report as Markdown: what a curator or a partner wrote stands in it as text, never as marks."""

import re
from collections.abc import Iterator

from relaion.reporting.document import BarChart, Commands, Document, Grid, Part, Points

_MARKS = re.compile(r"([\\`*_{}\[\]<>|~#&])")
# what code hosts make links of by themselves
_LINKS = re.compile(r"(?i)(://|\bwww\.|@)")


def escaped(text: str) -> str:
    """A text of which Markdown makes nothing: no mark, no link, no line."""
    return _escaped(text.strip())


def _escaped(text: str) -> str:
    """The same of a piece of a sentence, with the blanks at its ends."""
    text = _MARKS.sub(r"\\\1", re.sub(r"\s+", " ", text))
    return _LINKS.sub(lambda m: m[1][:-1] + "\\" + m[1][-1] if m[1] != "@" else "\\@", text)


def _told(text: str) -> str:
    """A sentence of ours, in which backquotes mark what is typed."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one that marks nothing
        return escaped(text)
    return "".join(f"`{x}`" if i % 2 else _escaped(x) for i, x in enumerate(parts))


def markdown(document: Document, level: int = 1) -> str:
    """The document; `level` is that of its title's heading."""
    lines = [f"{'#' * level} {escaped(document.title)}", ""]
    for section in document.sections:
        lines += [f"{'#' * (level + 1)} {escaped(section.title)}", ""]
        for part in section.parts:
            lines += _written(part)
    return "\n".join(lines).rstrip("\n") + "\n"


def _written(part: Part) -> Iterator[str]:
    if isinstance(part, str):
        yield from (_told(part), "")
    elif isinstance(part, Points):
        yield from (f"- {_told(item)}" for item in part.items)
        yield ""
    elif isinstance(part, Commands):
        yield from ("```text", *part.lines, "```", "")
    elif isinstance(part, Grid):
        yield from table(part)
    elif not isinstance(part, BarChart):  # whose numbers stand in a table of their own
        raise TypeError(type(part).__name__)


def table(part: Grid) -> Iterator[str]:
    """A table below its caption."""
    yield from (f"**{escaped(part.caption)}**", "")
    yield f"| {' | '.join(map(escaped, part.heads))} |"
    rules = ("--:" if i in part.numbers else ":--" for i in range(len(part.heads)))
    yield f"| {' | '.join(rules)} |"
    for i, row in enumerate(part.rows):
        cells = (escaped(cell) or " " for cell in row)
        if i in part.sums:
            cells = (f"**{cell}**" if cell.strip() else cell for cell in cells)
        yield f"| {' | '.join(cells)} |"
    yield ""
