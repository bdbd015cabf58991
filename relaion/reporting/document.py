"""A document of sections: sentences, tables and pictures, as every form of a report writes it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Grid:
    """A table: its caption, the heads of its columns, and cells as text.

    `numbers` are the places of columns that hold numbers; `sums` those of rows that add up others.
    A `detail` is too long for a terminal, and stands in the other forms.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    sums: frozenset[int] = frozenset()
    detail: bool = False


@dataclass(frozen=True)
class BarGroup:
    """Bars under one label, one for each series of the picture; None where there is none."""

    label: str
    values: tuple[int | None, ...]


@dataclass(frozen=True)
class BarChart:
    """Bars with their numbers, on a scale on which small ones are seen beside large ones.

    `marks` are lines with words, each before the group at that place. `told` says in a sentence or
    two what the picture shows, for who does not see it; the table beside it has every number.
    """

    caption: str
    told: str
    series: tuple[str, ...]
    groups: tuple[BarGroup, ...]
    marks: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Points:
    """Sentences that are read one by one."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Commands:
    """Commands to be typed, or copied, as they stand."""

    lines: tuple[str, ...]


Part: TypeAlias = str | Grid | BarChart | Points | Commands


@dataclass(frozen=True)
class Section:
    """A part of a document; `key` names it in a form that has anchors."""

    key: str
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Document:
    """A report in words: what every form of it writes."""

    title: str
    sections: tuple[Section, ...]


def number(n: int | None) -> str:
    """A number with thousands apart; nothing where there is none."""
    return "" if n is None else f"{n:,}"


def share(part: int, whole: int) -> str:
    """A part in percent, with as many digits as a small one needs."""
    return f"{part / whole:.3%}" if whole else ""


def several_of(words: Sequence[str], noun: str) -> str:
    """`rule a`, `rules a and b`."""
    return f"{noun}{'' if len(words) == 1 else 's'} {joined(words)}"


def size(n: int) -> str:
    """Bytes in a unit that fits."""
    amount = float(n)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:,.0f} {unit}" if unit == "B" else f"{amount:,.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"


def joined(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = [*words] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def grid(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Iterable[str] = (),
    sums: Iterable[int] = (),
) -> Grid:
    """A table whose columns of `numbers` are told by their heads."""
    named = frozenset(numbers)
    places = frozenset(i for i, head in enumerate(heads) if head in named)
    return Grid(caption, tuple(heads), tuple(map(tuple, rows)), places, frozenset(sums))
