"""The app, its two consoles, and the one place where errors become exit codes."""

import json
import math
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import click
import typer
from rich.console import Console
from rich.text import Text

from relaion.errors import InputError, RelaionError, Stopped
from relaion.paths import shown
from relaion.processes import keep_pandas_out, leave_no_core

EXIT_FOUND = 1
EXIT_WRONG = 2
EXIT_STOPPED = 128  # and the number of the signal: 130 for Ctrl-C, 143 for SIGTERM
HOW_TO_GO_ON = "stopped; repeat the command to go on where it stopped"

app = typer.Typer(
    name="relaion",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 1 a check found something; 2 wrong input or usage.",
)
WIDE = 160  # columns where nobody looks: a file or a pipe


def console(*, stderr: bool) -> Console:
    """A console as wide as the terminal, or wide enough for a file."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else WIDE)


out = console(stderr=False)
talk = console(stderr=True)


@app.callback()
def relaion() -> None:
    """Clean image-link data sets against hash and link lists with versioned SQL."""


def plain(value: Any) -> Any:
    """A result as JSON can hold it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {k: plain(v) for k, v in asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no number for it
    return value if isinstance(value, int | float | bool | None) else str(value)


def emit(result: Any, render: Callable[[Any], Any], *, as_json: bool) -> None:
    """Print a result: a JSON document, or what `render` makes of it; notices go to stderr."""
    tell(getattr(result, "notices", ()))
    if as_json:
        sys.stdout.write(json.dumps(plain(result), indent=1) + "\n")
    else:
        out.print(render(result))


def tell(notices: Sequence[str]) -> None:
    """What a user should know, on stderr."""
    for notice in notices:
        talk.print(Text(f"notice: {notice}"), soft_wrap=True)


def roles(columns: Sequence[str] | None) -> dict[str, str]:
    """`--column role=name` as a mapping; InputError when one is written otherwise."""
    found = {}
    for text in columns or ():
        role, equals, name = text.partition("=")
        if not (role and equals and name):
            raise InputError(f"--column {text}: write it as role=name, such as url=LINK")
        found[role] = name
    return found


def main() -> None:
    """Run the command line and end with its exit code.

    All is closed by now; ending without the interpreter's tidying up keeps DuckDB's binding
    from reporting its own leftovers on stderr after our one line.
    """
    keep_pandas_out()
    leave_no_core()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    code = run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _stop(number: int, _: FrameType | None) -> None:
    raise Stopped(number)


def run() -> int:
    """Run the command line; whatever goes wrong is one line."""
    try:
        return app(standalone_mode=False) or 0
    except click.ClickException as e:
        e.show()
        return e.exit_code
    except BrokenPipeError:
        os._exit(0)  # the reader of our output has gone, as `head` does
    except Stopped as e:
        return complain(str(e) or HOW_TO_GO_ON, EXIT_STOPPED + e.signal)
    except (KeyboardInterrupt, click.Abort):  # at a prompt
        return complain(HOW_TO_GO_ON, EXIT_STOPPED + signal.SIGINT)
    except Exception as e:
        return complain(_line(e))


def _line(error: Exception) -> str:
    """What to say of an error; the details of a bug may quote a row, so they stay private."""
    if isinstance(error, RelaionError):
        return str(error)
    if isinstance(error, MemoryError):
        return "ran out of memory; give more with --memory"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{shown(error.filename)}: {error.strerror or type(error).__name__}"
    handle, name = tempfile.mkstemp(prefix="relaion-error-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as f:
        f.write("".join(traceback.format_exception(error)))
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}:{place.lineno}"
    return f"a bug in relaion: {type(error).__name__} at {where}; details in {name}"


def complain(line: str, code: int = EXIT_WRONG) -> int:
    """Print one line on stderr; returns the exit code that goes with it."""
    text = " ".join(line.splitlines()).encode("utf-8", "backslashreplace").decode()
    talk.print(Text(f"relaion: {text}"), soft_wrap=True)
    return code
