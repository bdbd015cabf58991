"""What a line with a dot does at the prompt and in a script on stdin: `.tables`, `.mode csv`.

A line is one of these only where no statement has begun.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from relaion.cli.answers import FORMS, Answers, form_of
from relaion.cli.consoles import out
from relaion.cli.render import AnswerRows, Hanging, cell
from relaion.errors import InputError
from relaion.paths import as_path, is_utf8, shown, typed
from relaion.sqlset import DATA, cookbook, queries

if TYPE_CHECKING:
    from relaion.stages.sql import Prompt

_PLACE = re.compile(rf"(sql/)?(queries/)?({DATA}/)?[a-z_]+(\.sql)?")
HELP = (
    (".help", "this list"),
    (".tables", "what can be asked"),
    (".schema [TABLE]", "columns, their types, and what they mean"),
    (".mode [FORM]", f"write answers as {', '.join(FORMS)}; alone: as at first"),
    (".read FILE", "run the statements of a file"),
    (".run [QUERY]", "run a question of relaion's own; without QUERY list them"),
    (".quit", "leave; so does Ctrl-D"),
)


@dataclass
class Session:
    """A prompt or a script: what it asks, how it answers, and whether it is over."""

    prompt: Prompt
    answers: Answers
    number: int = 1  # of the next statement, to name one that is wrong
    over: bool = False
    _start: str | None = field(init=False)
    _reading: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._start = self.answers.form

    def run(self, text: str) -> None:
        """Answer the statements of a text. Raises as `Prompt.ask` does."""
        first = self.number
        self.number += self.prompt.count(text)
        self.answers.write(self.prompt, text, first)

    def dot(self, line: str) -> bool:
        """Do what a line says, if it is one with a dot; whether it was.

        Raises InputError for one that there is not, or what it names.
        """
        word, _, rest = line.strip().partition(" ")
        if not word.startswith("."):
            return False
        done = self._known().get(word.lower())
        if done is None:
            raise InputError(f"{typed(word)}: there is no such command here; see .help")
        done(rest.strip().rstrip(";").strip())
        return True

    def _known(self) -> dict[str, Callable[[str], None]]:
        return {
            ".help": lambda _: self._help(),
            ".tables": lambda _: sys.stdout.writelines(f"{cell(n)}\n" for n in self.prompt.tables),
            ".schema": self._schema,
            ".mode": self._mode,
            ".read": self._read,
            ".run": self._run_query,
            ".quit": lambda _: self._leave(),
            ".exit": lambda _: self._leave(),
        }

    def _leave(self) -> None:
        self.over = True

    def _help(self) -> None:
        width = max(len(word) for word, _ in HELP)
        for word, what in HELP:
            out.print(Hanging(f"{word:{width}}  ", what, width + 2))
        sys.stdout.write("all else is SQL, and ends with ;\n")

    def _schema(self, table: str) -> None:
        told = self.prompt.schema(table.strip('"') or None)
        out.print(AnswerRows(told.columns, [[c or "" for c in r] for r in told.rows]), crop=False)

    def _mode(self, name: str) -> None:
        self.answers.form = form_of(name.lower()) if name else self._start

    def _read(self, name: str) -> None:
        if not name:
            raise InputError(".read: name a file of SQL, such as .read questions.sql")
        path = as_path(name.strip("'\""))
        if path.absolute() in self._reading:
            raise InputError(f"{shown(path)}: reads itself; leave out its own .read")
        try:
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError as e:
            raise InputError(f"{shown(path)}: cannot be read ({e.strerror})") from None
        if not is_utf8(text):
            raise InputError(f"{shown(path)}: is not UTF-8 text; save it as UTF-8")
        self._reading.append(path.absolute())
        try:
            self.script(text)
        finally:
            self._reading.pop()

    def _run_query(self, name: str) -> None:
        known = cookbook(self.prompt.tables)
        if not name:
            width = max(map(len, known))
            for n, q in known.items():
                out.print(Hanging(f"{n:{width}}  ", q.purpose, width + 2))
            return
        # as `relaion scripts` and its --json name them too: data/hosts, queries/data/hosts.sql
        if name not in known and _PLACE.fullmatch(name):
            name = name.rpartition("/")[2].removesuffix(".sql")
        if name not in known:
            if name in {**queries(), **queries(DATA)}:
                where = (
                    "an OUT: relaion sql OUT" if name in queries() else "shards: relaion sql PATH"
                )
                raise InputError(f"{name}: asks {where}; `.run` alone lists what can be asked here")
            raise InputError(f"{typed(name)}: no such query; `.run` alone lists them")
        self.run(known[name].sql)

    def script(self, text: str) -> None:
        """Run a text line by line, as if it were typed; its first mistake ends it."""
        waiting = ""
        for line in text.splitlines(keepends=True):
            if not waiting.strip() and self.dot(line):
                waiting = ""
            else:
                waiting += line
                if is_complete(waiting):
                    self.run(waiting)
                    waiting = ""
            if self.over:
                return
        if waiting.strip():
            self.run(waiting)


def is_complete(text: str) -> bool:
    """Whether a text ends a statement: a `;` that is in no quotes and no comment."""
    import sqlite3  # noqa: PLC0415 - loaded when it is first used

    return sqlite3.complete_statement(text)
