"""A plain SQL prompt: statements end with `;`, `.tables` lists what there is, `.quit` ends."""

import signal
import sys

from relaion.cli.app import out, talk
from relaion.cli.show_small import show_answer
from relaion.errors import RelaionError, Stopped
from relaion.stages.sql import Prompt


def converse(prompt: Prompt) -> None:
    """Read SQL from stdin until it ends; a mistake is one line and the prompt goes on."""
    asks = sys.stdin.isatty()
    if asks:
        talk.print(f"Ask in SQL, end with `;`. Here: {', '.join(prompt.tables)}. Leave: .quit")
    waiting = ""
    while True:
        try:
            line = input(("relaion> " if not waiting else "    ...> ") if asks else "")
        except EOFError:
            break
        except Stopped as e:
            if e.signal != signal.SIGINT:
                raise
            waiting = ""
            talk.print()
            continue
        if not waiting and line.strip() in (".quit", ".exit"):
            return
        if not waiting and line.strip() == ".tables":
            out.print("\n".join(prompt.tables), markup=False)
            continue
        waiting += line + "\n"
        if line.rstrip().endswith(";"):
            _ask(prompt, waiting)
            waiting = ""
    if waiting.strip():
        _ask(prompt, waiting)


def _ask(prompt: Prompt, query: str) -> None:
    try:
        out.print(show_answer(prompt.ask(query)))
    except RelaionError as e:
        talk.print(f"relaion: {e}", markup=False, soft_wrap=True)
