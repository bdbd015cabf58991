"""How results look in a notebook: as tables. Standard library only; nothing in them is a link.

A result is a frozen dataclass. Its plain fields are one table, each field that holds
several records is another, and what holds nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from html import escape
from typing import Any, TypeVar

from relaion.paths import shown

SHOWN = 200  # rows of one table
_NUMBER = ' style="text-align:right"'
_TEXT = ' style="text-align:left"'


class Tabled:
    """A result that a notebook shows as tables."""

    def _repr_html_(self) -> str:
        return html_of(self)


Record = TypeVar("Record")


class Results(tuple[Record, ...]):
    """Results that a notebook shows as one table."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return _records(self) if self else "<p>none</p>"


def html_of(result: Any) -> str:
    """A result as HTML; every value is escaped."""
    plain: list[tuple[str, Any]] = []
    parts: list[str] = []
    for name, value in _told(result):
        if _is_record(value):
            parts.append(f"<p><b>{_title(name)}</b></p>{html_of(value)}")
        elif _is_records(value):
            parts.append(f"<p><b>{_title(name)}</b></p>{_records(value)}")
        else:
            plain.append((_title(name), value))
    first = [table((), plain)] if plain else []
    return "".join([*first, *parts])


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], more: int = 0) -> str:
    """Rows as an HTML table, under the names of its columns if there are any."""
    head = "".join(f'<th scope="col"{_TEXT}>{_text(c)}</th>' for c in columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows[:SHOWN])
    left = max(len(rows) - SHOWN, 0) + more
    said = f"<p>… {left:,} more</p>" if left else ""
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if head else ''}{body}</table>{said}"


def _told(result: Any) -> Iterable[tuple[str, Any]]:
    for field in fields(result):
        value = getattr(result, field.name)
        if field.repr and value not in ((), None, "") and value != {}:
            yield field.name, value


def _is_record(value: Any) -> bool:
    return is_dataclass(value) and not isinstance(value, type)


def _is_records(value: Any) -> bool:
    return isinstance(value, tuple | list) and bool(value) and all(map(_is_record, value))


def _records(records: Sequence[Any]) -> str:
    """Results of one or several kinds, a column for each field that any of them fills.

    A field that holds several records itself is a table of its own, below.
    """
    names = list(dict.fromkeys(name for record in records for name, _ in _told(record)))
    below = [n for n in names if any(_is_records(getattr(r, n, None)) for r in records)]
    names = [name for name in names if name not in below]
    rows = [[getattr(record, name, None) for name in names] for record in records]
    parts = [table([_title(name) for name in names], rows)]
    for record in records[:SHOWN]:
        first = getattr(record, names[0]) if names else ""
        of = _text(first) if isinstance(first, str) else f"{_title(names[0])} {_text(first)}"
        held = [(name, getattr(record, name, None) or ()) for name in below]
        parts += [
            f"<p><b>{of}: {_title(name)}</b></p>{_records(value)}" for name, value in held if value
        ]
    return "".join(parts)


def _title(name: str) -> str:
    return escape(name.replace("_", " "))


def _cell(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"<td{_NUMBER if is_number else _TEXT}>{_text(value)}</td>"


def _text(value: Any) -> str:
    if _is_record(value):
        value = {name.replace("_", " "): v for name, v in _told(value)}
    if isinstance(value, Mapping):
        return "<br>".join(f"{_text(k)}: {_text(v)}" for k, v in value.items())
    if isinstance(value, tuple | list | set | frozenset):
        return "<br>".join(map(_text, value))
    if isinstance(value, bool | None):
        return {None: "", True: "yes", False: "no"}[value]
    return f"{value:,}" if isinstance(value, int) else escape(shown(value))
