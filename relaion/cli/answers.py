"""How the answers of `sql` are written: as a table, for people, or in a form for programs.

In a form for programs an answer is written as it comes, whatever its length. On a terminal a
table shows its first rows and says how many follow.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

from rich.text import Text

from relaion.cli.consoles import out, talk
from relaion.cli.render import AnswerRows, cell
from relaion.errors import InputError, Stopped
from relaion.paths import typed

if TYPE_CHECKING:
    from relaion.stages.sql import Prompt, Reply

FORMS = ("table", "csv", "json", "jsonl", "markdown")
SHOWN = 1_000  # rows of a table on a terminal

Row = Sequence[Any]


def form_of(name: str | None) -> str | None:
    """The form of that name, None for none; raises InputError for what is no form."""
    if name is None or name in FORMS:
        return name
    raise InputError(f"{typed(name)}: no such format; choose one of {', '.join(FORMS)}")


@dataclass
class Answers:
    """Writes replies in one form; without one a table on a terminal, else columns by TAB."""

    form: str | None = None

    def write(self, prompt: Prompt, query: str, first: int = 1) -> None:
        """Write what the statements of a text answer, one after the other.

        `first` is the number of its first statement. Raises as `Prompt.ask` does.
        """
        for i, reply in enumerate(prompt.ask(query, first, as_text=_TEXTS.get(self.form, _odd))):
            if (i or first > 1) and self.form != "jsonl":
                sys.stdout.write("\n")
            self.reply(reply)

    def reply(self, reply: Reply) -> None:
        """Write one reply, all of it but on a terminal's table."""
        if self.form == "table" or (self.form is None and sys.stdout.isatty()):
            _table(reply)
            return
        batches: Iterable[Sequence[Row]] = reply.batches()
        if self.form == "csv" and sys.stdout.isatty():  # whose codes a value might hold
            batches = ([_harmless(row) for row in batch] for batch in batches)
        sys.stdout.writelines(_WRITERS[self.form](reply.columns, batches))


def _table(reply: Reply) -> None:
    if not sys.stdout.isatty():
        rows = [row for batch in reply.batches() for row in batch]
        out.print(AnswerRows(reply.columns, rows), crop=False)
        return
    rows = reply.fetch(SHOWN)
    more = bool(reply.fetch(1)) if len(rows) == SHOWN else False
    out.print(AnswerRows(reply.columns, rows), crop=False)
    if not more:
        return
    try:
        left = f"{reply.count_rest(SHOWN):,}"
    except Stopped as e:
        if e.signal != signal.SIGINT:
            raise
        left = "some"
    said = f"… {left} more rows are not shown; a pipe gets all of them"
    talk.print(Text(said), soft_wrap=True)


# -- Values that Python would tell otherwise than DuckDB does ---------------------------------

_SIMPLE = re.compile(r"DATE|TIME|INTERVAL|BLOB|GEOMETRY|VARIANT")
_NESTED = re.compile(r".*\]$|(STRUCT|MAP|UNION)\(", re.S)


def is_simple(kind: str) -> bool:
    """Days, times, spans and bytes: Python knows no infinite day, no month, no nanosecond."""
    return bool(_SIMPLE.match(kind)) and not _NESTED.match(kind)


def _odd(kind: str) -> bool:
    return is_simple(kind) or bool(_NESTED.match(kind))


_TEXTS: dict[str | None, Callable[[str], bool]] = {
    "csv": lambda _: True,
    "json": is_simple,
    "jsonl": is_simple,
}

# what a terminal could take for a code, or that turns the order of letters around; JSON itself
# escapes only what is below the space
_CODES = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


# -- Lines of each form: of the column names and batches of rows -------------------------------


def _tabbed(columns: Sequence[str], batches: Iterable[Sequence[Row]]) -> Iterable[str]:
    yield "\t".join(map(cell, columns)) + "\n"
    for batch in batches:
        yield from ("\t".join(map(cell, row)) + "\n" for row in batch)


def _csv(columns: Sequence[str], batches: Iterable[Sequence[Row]]) -> Iterable[str]:
    """Header, commas, LF; quotes where they are needed, and around an empty text: NULL is bare."""
    yield _csv_line(columns)
    for batch in batches:
        yield from map(_csv_line, batch)


def _harmless(row: Row) -> Row:
    return [None if value is None else cell(value) for value in row]


_QUOTED = frozenset(',"\n\r#')  # a line that begins with # would be a remark


def _csv_line(values: Iterable[Any]) -> str:
    return ",".join(map(_csv_cell, values)) + "\n"


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else cell(value)
    if text and not _QUOTED.intersection(text):
        return text
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="").writerow([text])
    return written.getvalue()


def _json(columns: Sequence[str], batches: Iterable[Sequence[Row]]) -> Iterable[str]:
    """An array of objects."""
    between = "["
    for line in _objects(columns, batches):
        yield f"{between}{line}"
        between = ",\n"
    yield "[]\n" if between == "[" else "]\n"


def _jsonl(columns: Sequence[str], batches: Iterable[Sequence[Row]]) -> Iterable[str]:
    """An object a line."""
    return (line + "\n" for line in _objects(columns, batches))


def _objects(columns: Sequence[str], batches: Iterable[Sequence[Row]]) -> Iterable[str]:
    names = _told_apart(columns)
    for batch in batches:
        for row in batch:
            told = dict(zip(names, map(_as_json, row), strict=True))
            yield _CODES.sub(_escaped, json.dumps(told, ensure_ascii=False))


def _told_apart(columns: Sequence[str]) -> list[str]:
    """Names of columns as keys of one object: the second of two that are the same is `name_1`."""
    used: set[str] = set(columns)
    seen: set[str] = set()
    names = []
    for column in columns:
        name = column
        if column in seen:
            name = next(n for n in (f"{column}_{i}" for i in count(1)) if n not in used)
        seen.add(column)
        used.add(name)
        names.append(name)
    return names


def _as_json(value: Any) -> Any:
    """A value as JSON can hold it without loss: a number it cannot say is a text."""
    if isinstance(value, list | tuple):
        return [_as_json(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _as_json(v) for k, v in value.items()}
    if isinstance(value, Decimal):
        near = float(value)
        return near if Decimal(repr(near)) == value else str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, int | float | bool | str | None) else str(value)


def _markdown(columns: Sequence[str], batches: Iterable[Sequence[Row]]) -> Iterable[str]:
    """A table of Markdown, as code hosts show it."""
    yield _piped(columns)
    yield "|" + "|".join("---" for _ in columns) + "|\n"
    for batch in batches:
        yield from map(_piped, batch)


def _piped(values: Iterable[Any]) -> str:
    cells = (cell(v).replace("\\", "\\\\").replace("|", "\\|") for v in values)
    return "| " + " | ".join(cells) + " |\n"


_WRITERS: dict[str | None, Callable[[Sequence[str], Iterable[Sequence[Row]]], Iterable[str]]] = {
    None: _tabbed,
    "csv": _csv,
    "json": _json,
    "jsonl": _jsonl,
    "markdown": _markdown,
}
