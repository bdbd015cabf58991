"""The prompt on a terminal: lines that can be edited and completed, and a history.

The history is kept in memory; in a file only where one is named, which is the user's alone.
Statements may hold what a partner listed, so nothing is written unasked.
"""

from __future__ import annotations

import os
import re
import signal
import stat
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input.defaults import create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout.processors import AfterInput, ConditionalProcessor
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.shortcuts import CompleteStyle
from rich.text import Text

from relaion.cli.answers import FORMS
from relaion.cli.consoles import talk
from relaion.cli.dots import HELP, Session, is_complete
from relaion.cli.passed_on import SignalsPassedOn
from relaion.cli.render import cell
from relaion.errors import InputError, RelaionError, Stopped
from relaion.paths import shown
from relaion.sqlset import cookbook

FIRST = "relaion> "
MORE = "    ...> "
MISSING = "-- goes on; ; and Enter run it"
_DOTS = tuple(word.split(" ")[0] for word, _ in HELP)
_WORD = re.compile(r"[\w\"-]*$")
_AFTER_TABLE = re.compile(r"\b(?:from|join|describe|summarize|table)\s+[\w\"]*$", re.I)
_COLUMN_OF = re.compile(r"[\w\"]+\.[\w\"]*$")
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def listen(session: Session, history: Path | None = None) -> None:
    """Read statements from a terminal and answer them until the user leaves.

    Raises InputError where the history cannot be kept in its file.
    """
    lines = _editor(session, history)
    tables = ", ".join(map(cell, session.prompt.tables))
    said = f"Ask in SQL, end with `;`. Here: {tables}. More: .help. Leave: .quit"
    talk.print(Text(said))
    while not session.over:
        try:
            text = lines.prompt(FIRST, handle_sigint=False)
            SignalsPassedOn.arm()
            session.number = 1
            if text.strip() and not session.dot(text):
                session.run(text)
        except EOFError:
            return
        except KeyboardInterrupt:  # Ctrl-C as a key: what is typed is given up
            SignalsPassedOn.arm()
        except Stopped as e:
            talk.print()
            if e.signal != signal.SIGINT:
                raise
            SignalsPassedOn.arm()
        except RelaionError as e:
            talk.print(Text(f"relaion: {e}"))


def _editor(session: Session, history: Path | None) -> PromptSession[str]:
    unfinished = Condition(lambda: _goes_on(get_app().current_buffer.text))
    return PromptSession(
        history=_history(history) if history else InMemoryHistory(),
        completer=_Completer(session),
        complete_style=CompleteStyle.READLINE_LIKE,
        complete_while_typing=False,
        enable_history_search=True,
        multiline=True,
        prompt_continuation=MORE,
        key_bindings=_keys(),
        input_processors=[ConditionalProcessor(AfterInput(_hint), unfinished)],
        enable_open_in_editor=False,
        enable_system_prompt=False,
        enable_suspend=True,
        reserve_space_for_menu=0,
        input=create_input(sys.stdin),
        # a terminal that does not answer where its cursor is would be called a bad one
        output=Vt100_Output(sys.stderr, _size, term=os.environ.get("TERM"), enable_cpr=False),
    )


def _size() -> Size:
    """Lines and columns; of a terminal that knows none, the usual ones."""
    try:
        columns, rows = os.get_terminal_size(sys.stderr.fileno())
    except OSError:
        columns, rows = 0, 0
    return Size(rows=rows or 24, columns=columns or 80)


def _hint() -> StyleAndTextTuples:
    return [("fg:ansibrightblack", f"  {MISSING}")]


def _goes_on(text: str) -> bool:
    """Whether what is typed is more than one line, and its last is still empty."""
    return "\n" in text.rstrip(" ") and not text.rpartition("\n")[2].strip()


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        """Run what is complete; else the statement goes on in a new line."""
        buffer = event.current_buffer
        text = buffer.text
        if not text.strip() or text.lstrip().startswith(".") or is_complete(text):
            buffer.cursor_position = len(text)
            buffer.validate_and_handle()
        else:
            buffer.cursor_position = len(text)
            buffer.insert_text("\n")

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        """Break the line where the cursor stands."""
        event.current_buffer.insert_text("\n")

    return keys


# -- Completion --------------------------------------------------------------------------------


class _Completer(Completer):
    """Completes the names that there are: of tables, columns, functions, keywords, dots."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get_completions(self, document: Document, _: CompleteEvent) -> Iterable[Completion]:
        """What a word may become, what is likely at its place first."""
        before = document.text_before_cursor
        word = _WORD.search(before)
        begun = word[0] if word else ""
        for name in dict.fromkeys(self._names(before)):
            plain = name.strip('"').lower()
            if plain.startswith(begun.strip('"').lower()) and name != begun:
                yield Completion(name, start_position=-len(begun))

    def _names(self, before: str) -> Iterator[str]:
        if before.lstrip().startswith("."):
            yield from self._dotted(before.lstrip())
            return
        names = self._session.prompt.names()
        tables, columns = map(_quoted, names.tables), map(_quoted, names.columns)
        if _COLUMN_OF.search(before):
            yield from columns
        elif _AFTER_TABLE.search(before):
            yield from tables
        else:
            yield from chain(tables, columns)
            if before and not before[-1].isspace():  # a word has begun, else they are too many
                yield from chain(names.keywords, names.functions)

    def _dotted(self, line: str) -> Iterator[str]:
        word, gap, _ = line.partition(" ")
        if not gap:
            yield from (dot.removeprefix(".") for dot in _DOTS)
        elif word == ".mode":
            yield from FORMS
        elif word == ".schema":
            yield from self._session.prompt.names().tables
        elif word == ".run":
            yield from cookbook(self._session.prompt.tables)


def _quoted(name: str) -> str:
    """A name as SQL takes it."""
    return name if _PLAIN.fullmatch(name.lower()) else '"' + name.replace('"', '""') + '"'


# -- A history in a file -----------------------------------------------------------------------


def _history(path: Path) -> History:
    """A history in a file that is made 0600, or is one already.

    Raises InputError where it is another kind of file, or cannot be written.
    """
    where = shown(path)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise InputError(f"{where}: is no file; name one for the history")
            begins = os.pread(handle, 3, 0)
            if begins not in (b"", b"\n# "):  # of which nothing is changed, its mode neither
                raise InputError(f"{where}: holds something else than a history; name another file")
            os.fchmod(handle, 0o600)
        finally:
            os.close(handle)
    except OSError as e:
        raise InputError(f"{where}: cannot keep the history ({e.strerror})") from None
    return _KeptHistory(path)


class _KeptHistory(FileHistory):
    """A history whose file may come to be unwritable: that is said, and ends nothing."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))

    def store_string(self, string: str) -> None:
        """Add a statement to the file."""
        try:
            super().store_string(string)
        except OSError as e:
            said = f"relaion: {shown(str(self.filename))}: cannot keep the history ({e.strerror})"
            talk.print(Text(said), soft_wrap=True)
