"""`sql` as people and pipes use it: a prompt, a script on stdin, or a query.

On a terminal an answer is a table of the first rows; in a pipe it is all rows, as they come,
columns by TAB. Statements end with `;`, `.tables` lists what there is, `.quit` ends.
"""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from relaion.cli.app import emit, out, talk, tell
from relaion.cli.render import AnswerRows, cell
from relaion.errors import InputError, RelaionError, Stopped
from relaion.paths import is_utf8

if TYPE_CHECKING:
    from relaion.stages.sql import Prompt, Reply

SHOWN = 1_000  # rows on a terminal


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[Prompt]:
    """Open what may be asked."""
    from relaion.stages.sql import open_sql  # noqa: PLC0415 - loaded when it is first used

    with open_sql(paths) as prompt, _passed_on(prompt):
        yield prompt


def ask(prompt: Prompt, query: str, *, as_json: bool) -> None:
    """Print what a text of SQL answers: one JSON document, or one answer after the other."""
    if as_json:
        emit(prompt.answer(query), str, as_json=True)
        return
    tell(prompt.notices)
    answer(prompt, query)


def answer(prompt: Prompt, query: str, first: int = 1) -> None:
    """Print what the statements of a text answer, one after the other."""
    for i, reply in enumerate(prompt.ask(query, first)):
        if i or first > 1:
            sys.stdout.write("\n")
        if sys.stdout.isatty():
            _show(reply)
        else:
            _stream(reply)


def _stream(reply: Reply) -> None:
    sys.stdout.write("\t".join(map(cell, reply.columns)) + "\n")
    for batch in reply.batches():
        sys.stdout.writelines("\t".join(map(cell, row)) + "\n" for row in batch)


def _show(reply: Reply) -> None:
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
    talk.print(Text(f"{left} more rows are not shown; a pipe gets all of them"), soft_wrap=True)


def converse(prompt: Prompt, *, as_json: bool = False) -> None:
    """Read SQL from stdin until it ends.

    On a terminal a mistake is one line and the prompt goes on, and Ctrl-C gives up what is
    typed or runs. A script stops at its first mistake. Raises RelaionError for that.
    """
    if as_json:
        ask(prompt, sys.stdin.read(), as_json=True)
        return
    tell(prompt.notices)
    if sys.stdin.isatty():
        _listen(prompt)
    else:
        _read(prompt, sys.stdin.read())


def _read(prompt: Prompt, text: str) -> None:
    """A script on stdin: what stands before a mistake is done, and the mistake ends it."""
    if not is_utf8(text):
        raise InputError("the query: holds bytes that are not UTF-8; write it in UTF-8")
    number, waiting = 1, ""
    for line in text.splitlines(keepends=True):
        waiting += line
        if line.strip() == ".tables" and waiting.strip() == ".tables":
            sys.stdout.writelines(f"{cell(name)}\n" for name in prompt.tables)
            waiting = ""
        elif waiting.strip() in (".quit", ".exit"):
            return
        elif sqlite3.complete_statement(waiting):
            answer(prompt, waiting, number)
            number += prompt.count(waiting)
            waiting = ""
    if waiting.strip():
        answer(prompt, waiting, number)


def _listen(prompt: Prompt) -> None:
    tables = ", ".join(map(cell, prompt.tables))
    talk.print(Text(f"Ask in SQL, end with `;`. Here: {tables}. Leave: .quit"), soft_wrap=True)
    waiting = ""
    with _typed_lines(prompt) as lines:
        while True:
            try:
                line = lines.next("    ...> " if waiting else "relaion> ")
                if not waiting and line.strip() in (".quit", ".exit"):
                    return
                waiting = _take(prompt, waiting, line)
            except EOFError:
                talk.print()
                return
            except Stopped as e:
                if e.signal != signal.SIGINT:
                    raise
                waiting = ""
                lines.forget()
                talk.print()
            except RelaionError as e:
                waiting = ""
                talk.print(Text(f"relaion: {e}"), soft_wrap=True)


class _Lines:
    """Lines from a terminal, which edits them itself.

    `input()` misses a Ctrl-C that comes after its prompt and before it reads: the signal is then
    noted only, and the read goes on until Enter. A byte in the pipe `rings` ends this wait.
    """

    def __init__(self, rings: int) -> None:
        self._rings = rings
        self._ahead = b""

    def next(self, prompt: str) -> str:
        """The next line, without its end; raises EOFError where there is none."""
        sys.stdout.flush()
        sys.stderr.flush()
        with suppress(OSError):  # a buffer that is interrupted while it writes would write twice
            os.write(sys.stderr.fileno(), prompt.encode())
        while b"\n" not in self._ahead:
            more = self._read()
            if not more and not self._ahead:
                raise EOFError
            self._ahead += more or b"\n"
        line, _, self._ahead = self._ahead.partition(b"\n")
        return line.decode(sys.stdin.encoding, "surrogateescape")

    def _read(self) -> bytes:
        stdin = sys.stdin.fileno()
        while self._rings in select.select([stdin, self._rings], [], [])[0]:
            os.read(self._rings, 512)
            # where one of DuckDB's threads took the signal, Python does not look for it by itself
            signal.pthread_kill(threading.get_ident(), 0)
        try:
            return os.read(stdin, 1 << 16)
        except OSError:  # the terminal has gone
            return b""

    def forget(self) -> None:
        """Give up what was typed ahead."""
        self._ahead = b""


@contextmanager
def _typed_lines(prompt: Prompt) -> Iterator[_Lines]:
    """Lines to be read; a signal ends the wait for one by a byte in a pipe."""
    rings, ring = os.pipe()
    for end in (rings, ring):
        os.set_blocking(end, False)
    try:
        with _passed_on(prompt, ring):
            yield _Lines(rings)
    finally:
        os.close(rings)
        os.close(ring)


@contextmanager
def _passed_on(prompt: Prompt, ring: int | None = None) -> Iterator[None]:
    """A thread passes each signal on to the statement that runs, and to whoever waits at `ring`.

    A signal may reach any thread of the process, and wake none. DuckDB looks for one between its
    tasks only, and the main thread may have taken a task of minutes.
    """
    signals, noted = os.pipe()
    os.set_blocking(noted, False)

    def pass_on() -> None:
        while os.read(signals, 512):
            prompt.interrupt()
            if ring is not None:
                with suppress(BlockingIOError):  # it is full of rings already
                    os.write(ring, b"!")

    thread = threading.Thread(target=pass_on, daemon=True)
    thread.start()
    before = signal.set_wakeup_fd(noted, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(noted)  # which ends the thread
        thread.join()
        os.close(signals)


def _take(prompt: Prompt, waiting: str, line: str) -> str:
    """Answer what is complete with this line; returns what waits for more."""
    if not waiting and line.strip() == ".tables":
        out.print(Text("\n".join(map(cell, prompt.tables))))
        return ""
    waiting += line + "\n"
    if not waiting.strip():
        return ""
    if sqlite3.complete_statement(waiting):
        answer(prompt, waiting)
        return ""
    return waiting
