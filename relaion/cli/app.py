"""The app, its two consoles, and the one place where errors become exit codes."""

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import click
import typer
from rich.console import Console
from rich.text import Text

from relaion.errors import InputError, RelaionError

EXIT_FOUND = 1
EXIT_WRONG = 2
EXIT_STOPPED = 130

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
    return value if isinstance(value, int | float | bool | None) else str(value)


def emit(result: Any, render: Callable[[Any], Any], *, as_json: bool) -> None:
    """Print a result: a JSON document, or what `render` makes of it; notices go to stderr."""
    for notice in getattr(result, "notices", ()):
        talk.print(Text(f"notice: {notice}"), soft_wrap=True)
    if as_json:
        sys.stdout.write(json.dumps(plain(result), indent=1) + "\n")
    else:
        out.print(render(result))


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
    code = run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run() -> int:
    """Run the command line; an expected error is one line, a bug is class and place."""
    try:
        return app(standalone_mode=False) or 0
    except click.ClickException as e:
        e.show()
        return e.exit_code
    except RelaionError as e:
        return complain(str(e))
    except (KeyboardInterrupt, click.Abort):
        return complain("stopped; repeat the command to go on where it stopped", EXIT_STOPPED)
    except BrokenPipeError:
        os._exit(0)  # the reader of our output has gone, as `head` does
    except Exception as e:  # the details of a bug may quote a row: they stay private
        handle, name = tempfile.mkstemp(prefix="relaion-error-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as f:
            f.write(traceback.format_exc())
        place = traceback.extract_tb(e.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        return complain(f"a bug in relaion: {type(e).__name__} at {where}; details in {name}")


def complain(line: str, code: int = EXIT_WRONG) -> int:
    """Print one line on stderr; returns the exit code that goes with it."""
    text = " ".join(line.splitlines()).encode("utf-8", "backslashreplace").decode()
    talk.print(Text(f"relaion: {text}"), soft_wrap=True)
    return code
