"""A report as one HTML page that needs nothing else: no script, no network, no link."""

from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from typing import Any

from relaion.errors import InputError
from relaion.reporting.document import BarChart, Commands, Document, Grid, Part, Points

_TEMPLATE = "report.html.j2"
_LETTERS = 36  # of all columns of a table, that a phone has room for
_SHOWN = 20  # lines of a table, and groups of bars, that are seen at once
_FEW = 5  # more are no reason to fold them
_KINDS = {str: "text", Grid: "table", BarChart: "picture", Points: "points", Commands: "lines"}


def html(document: Document) -> str:
    """The page. Raises InputError where the extra `[report]` is not installed."""
    try:
        import jinja2  # noqa: PLC0415 - of an extra

        from relaion.reporting.pictures import svg  # noqa: PLC0415 - it takes a second to load
    except ModuleNotFoundError as e:
        raise InputError(
            f"--html: needs {e.name}, which is not installed; run `pip install 'relaion[report]'`, "
            "then repeat the command"
        ) from None
    sections = [replace(s, parts=tuple(map(_cut, s.parts))) for s in document.sections]
    document = replace(document, sections=tuple(sections))
    drawn: dict[tuple[int, int], str] = {
        (i, j): svg(part, f"p{i}-{j}")
        for i, section in enumerate(document.sections)
        for j, part in enumerate(section.parts)
        if isinstance(part, BarChart)
    }

    def kind(part: Any) -> str:
        return _KINDS[type(part)]

    text = resources.files("relaion.reporting").joinpath(_TEMPLATE).read_text("utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    template = environment.from_string(text)
    return template.render(
        document=document, kind=kind, drawn=drawn, spans=_spans, is_wide=_is_wide, folds=_folds
    )


def _cut(part: Part) -> Part:
    """A picture without its smaller bars, where it has very many: the table beside it has all."""
    if not isinstance(part, BarChart) or part.marks or len(part.groups) <= _SHOWN + _FEW:
        return part
    n = len(part.groups)
    largest = sorted(range(n), key=lambda i: max(v or 0 for v in part.groups[i].values))[-_SHOWN:]
    return replace(
        part,
        caption=f"{part.caption}: the {_SHOWN} largest of {n:,}",
        told=f"{part.told} Only the {_SHOWN} largest of {n:,} are drawn.",
        groups=tuple(part.groups[i] for i in sorted(largest)),
    )


def _folds(table: Grid) -> tuple[Sequence[int], Sequence[int]]:
    """The lines of a table that are seen at once, with those that add up others; and the rest."""
    lines = range(len(table.rows))
    if len(lines) <= _SHOWN + _FEW:
        return lines, ()
    seen = [i for i in lines if i < _SHOWN or i in table.sums]
    return seen, [i for i in lines if i not in {*seen}]


def _is_wide(table: Grid) -> bool:
    """Whether a phone shows a line of the table as a block of lines: it would be cut off else."""
    letters = [max(map(len, column)) for column in zip(table.heads, *table.rows, strict=True)]
    return sum(letters) + 2 * len(letters) > _LETTERS


def _spans(text: str) -> list[tuple[bool, str]]:
    """A sentence in parts, and whether each is typed: backquotes stand around what is."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return [(False, text)]
    return [(i % 2 == 1, part) for i, part in enumerate(parts)]
