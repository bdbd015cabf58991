"""`sql` as people and pipes use it: a prompt, a script on stdin, or a query.

On a terminal an answer is a table of the first rows; in a pipe it is all rows, as they come,
columns by TAB, or in the form that is asked for. Statements end with `;`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from relaion.cli.answers import Answers, is_simple
from relaion.cli.app import emit, tell
from relaion.cli.dots import Session
from relaion.cli.passed_on import SignalsPassedOn
from relaion.errors import InputError
from relaion.paths import is_utf8, shown

if TYPE_CHECKING:
    from relaion.parquet.roles import Columns
    from relaion.stages.sql import Prompt


@contextmanager
def opened(paths: Sequence[Path], columns: Columns | None = None) -> Iterator[Prompt]:
    """Open what may be asked."""
    from relaion.stages.sql import open_sql  # noqa: PLC0415 - loaded when it is first used

    with open_sql(paths, columns) as prompt, SignalsPassedOn(prompt):
        yield prompt


def keep_apart(history: Path, paths: Sequence[Path]) -> None:
    """Raise InputError where a history would lie in what is asked: nothing is added to it."""
    place = history.resolve()
    for path in paths:
        if path.is_dir() and place.is_relative_to(path.resolve()):
            raise InputError(f"{shown(history)}: lies in {shown(path)}; keep it elsewhere")


def ask(prompt: Prompt, query: str, *, form: str | None = None, as_json: bool = False) -> None:
    """Print what a text of SQL answers: one JSON document, or one answer after the other."""
    if as_json:
        emit(prompt.answer(query, as_text=is_simple), str, as_json=True)
        return
    tell(prompt.notices)
    Answers(form).write(prompt, query)


def converse(
    prompt: Prompt,
    *,
    form: str | None = None,
    as_json: bool = False,
    history: Path | None = None,
) -> None:
    """Read SQL from stdin until it ends.

    On a terminal a mistake is one line and the prompt goes on, and Ctrl-C gives up what is
    typed or runs. A script stops at its first mistake. Raises RelaionError for that.
    """
    if as_json:
        ask(prompt, sys.stdin.read(), as_json=True)
        return
    tell(prompt.notices)
    session = Session(prompt, Answers(form))
    if sys.stdin.isatty():
        from relaion.cli.terminal import listen  # noqa: PLC0415 - loaded when it is first used

        listen(session, history)
    else:
        text = sys.stdin.read()
        if not is_utf8(text):
            raise InputError("the query: holds bytes that are not UTF-8; write it in UTF-8")
        session.script(text)
