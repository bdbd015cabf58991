"""The app, its two consoles, and the one place where errors become exit codes."""

import difflib
import json
import logging
import math
import os
import re
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import asdict, is_dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperCommand

import relaion as library
from relaion.cli import completion, everywhere, result_line, told
from relaion.cli.consoles import out, talk
from relaion.cli.help import (
    ARGUMENTS,
    EVERYWHERE,
    PlainGroup,
    panels,
    plain_record,
    write_example,
    write_exit_codes,
    write_records,
)  # fmt: skip
from relaion.cli.streams import Unwritten, own_streams
from relaion.errors import InputError, RelaionError, Stopped, is_short
from relaion.paths import shown, typed
from relaion.processes import end_at_once, keep_pandas_out, leave_no_core, on_signals
from relaion.run.pool import WorkerBugError
from relaion.run.process import end_early

# -- How a command's help looks: what is to be written, plainly, without the types of Python ---

_BRACES = re.compile(r"\{([^{}]*)\}(?:\.\.\.)?")  # `{PATH...}...`


class PlainCommand(TyperCommand):
    """A command whose help names arguments by their metavar alone."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.params = [*self.params, *everywhere.options()]

    def invoke(self, ctx: Any) -> Any:
        """Do as the options say that every command has; then do the command."""
        everywhere.begin(ctx)
        return super().invoke(ctx)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What follows the command's name in its usage line."""
        return [_BRACES.sub(r"\1", piece) for piece in super().collect_usage_pieces(ctx)]

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Say what the command does, and show one."""
        super().format_help_text(ctx, formatter)
        write_example(ctx.command_path, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then options under the headings that they belong to."""
        arguments, everyones = [], []
        options: list[tuple[str, tuple[str, str]]] = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is None:
                continue
            record = plain_record(record)
            if param.param_type_name == "argument":
                arguments.append(record)
            elif everywhere.is_everywhere(param) or param.name == "help":
                everyones.append(record)
            else:
                told = record[0], record[1] + everywhere.hint(param)
                options.append((str(param.opts[-1]), told))
        write_records({ARGUMENTS: arguments, **panels(options), EVERYWHERE: everyones}, formatter)
        write_exit_codes({name for name, _ in options}, formatter)


EXIT_FOUND = 1
EXIT_WRONG = 2
EXIT_STOPPED = 128  # and the number of the signal: 130 for Ctrl-C, 143 for SIGTERM
STOPPED = "stopped"

app = typer.Typer(
    name="relaion",
    cls=PlainGroup,
    help="Clean image-link data sets against the hash and link lists of child-protection "
    "partners, with versioned SQL. New here? `relaion demo`. To see all of a command: "
    "`relaion COMMAND --help`.",
    invoke_without_command=True,
    add_completion=False,  # it would write to the shell's own files
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 1 a check found something; 2 wrong input or usage; "
    "130 stopped by Ctrl-C; 143 by SIGTERM.",
)


def _tell_version(asked: bool) -> None:
    if asked:
        out.print(f"relaion {library.__version__}")
        raise typer.Exit


def _show_completion(shell: str | None) -> None:
    if shell is not None:
        if shell not in completion.SHELLS:
            raise typer.BadParameter(f"write one of {', '.join(completion.SHELLS)}")
        out.print(completion.script(shell), markup=False, soft_wrap=True)
        raise typer.Exit


@app.callback()
def relaion(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_tell_version, help="Show the version and exit."
        ),
    ] = False,
    show_completion: Annotated[
        str | None,
        typer.Option(
            "--show-completion",
            metavar="SHELL",
            is_eager=True,
            callback=_show_completion,
            autocompletion=completion.among(*completion.SHELLS),
            help="Show what bash, zsh or fish reads to complete words, and exit.",
        ),
    ] = None,
) -> None:
    """Have a command named."""
    need_command(context, "demo")


def need_command(context: typer.Context, example: str) -> None:
    """Where no command of a group is named, show its help; raises InputError."""
    if context.invoked_subcommand is None:
        out.print(Text(context.get_help()), soft_wrap=True)
        group = context.command_path
        raise InputError(f"no command named; choose one, such as `{group} {example}`")


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
    line = result_line.of(result)
    if line is not None:
        told.keep(line)
    if as_json:
        sys.stdout.write(json.dumps(plain(result), indent=1) + "\n")
    elif line is not None and talk.quiet:
        show(Text(line, no_wrap=True, overflow="ignore"))
    else:
        show(render(result))


def heed_strict(strict: bool, is_whole: bool) -> None:
    """End as where a check found something, and say why, where --strict asks for all of it."""
    if strict and not is_whole:
        told.say("--strict: not everything was looked at or checked, so the exit code is 1")
        raise typer.Exit(EXIT_FOUND)


def show(what: Any) -> None:
    """Print on stdout, without the spaces to which tables fill their lines."""
    with out.capture() as captured:
        out.print(what, crop=False)
    out.file.write("\n".join(line.rstrip(" ") for line in captured.get().split("\n")))


def tell(notices: Sequence[str]) -> None:
    """What a user should know, on stderr."""
    for notice in notices:
        told.keep(f"notice: {notice}", logging.WARNING)
        talk.print(Text(f"notice: {notice}"))


def roles(columns: Sequence[str] | None) -> dict[str, list[str]]:
    """`--column role=name` as a mapping; InputError when one is written otherwise."""
    found: dict[str, list[str]] = {}
    for text in columns or ():
        role, equals, name = text.partition("=")
        if not (role and equals and name):
            raise InputError(f"--column {typed(text)}: write it as role=name, such as url=LINK")
        found.setdefault(role, []).append(name)
    return found


def main() -> None:
    """Run the command line and end with its exit code.

    All is closed at the end; ending without the interpreter's tidying up keeps DuckDB's binding
    from reporting its own leftovers on stderr after our one line.
    """
    own_streams()
    keep_pandas_out()
    leave_no_core()
    on_signals(_stop)
    sys.unraisablehook = _told_in_vain
    code = run()
    end_early()
    sys.stderr.flush()
    os._exit(code)


_LOADS = "<frozen importlib."  # the files, by name, of Python that loads a module
_AGAIN = 0.02  # seconds


def _stop(number: int, frame: FrameType | None) -> None:
    """Raise Stopped, but not while a module is loaded: native ones abort then, or lose it."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(_LOADS):
            _stop_soon(number)
            return
        frame = frame.f_back
    raise Stopped(number)


def _stop_soon(number: int) -> None:
    signal.signal(signal.SIGALRM, lambda _, frame: _stop(number, frame))
    signal.setitimer(signal.ITIMER_REAL, _AGAIN)


def _told_in_vain(lost: "sys.UnraisableHookArgs") -> None:
    """Stop soon where Stopped was raised in code whose errors nobody hears, as of a finalizer."""
    if isinstance(lost.exc_value, Stopped):
        _stop_soon(lost.exc_value.signal)
    else:
        sys.__unraisablehook__(lost)


def run() -> int:
    """Run the command line; whatever goes wrong is one line."""
    try:
        code = _run()
        sys.stdout.flush()  # may be where a full disk is met, also after an error
    except Unwritten as e:
        if e.reader_gone:  # as `head` goes when it has seen enough: an end without a word
            return EXIT_STOPPED + signal.SIGPIPE
        return complain(f"stdout: cannot be written ({e}); the output is lost, repeat the command")
    except Stopped as e:  # while the last of the output waits for its reader
        code = _stopped(e)
    told.keep(f"ended with exit code {code}")
    return code


def _run() -> int:
    told.begin()
    if completion.is_asked():
        completion.listen()
    try:
        return _named(sys.argv[1:2])(standalone_mode=False, prog_name="relaion") or 0
    except Unwritten:
        raise
    except typer.TyperException as e:
        return complain(_misuse(e, sys.argv[1:]))
    except SystemExit as e:  # of a shell that was answered
        return e.code if isinstance(e.code, int) else 0
    except Stopped as e:
        return _stopped(e)
    except (KeyboardInterrupt, typer.Abort):  # at a prompt
        return complain(STOPPED, EXIT_STOPPED + signal.SIGINT)
    except Exception as e:
        return complain(_line(e))


def _named(words: Sequence[str]) -> typer.Typer:
    """The app with the command alone that is named: to build them all takes 20 ms."""
    commands = [x for x in app.registered_commands if x.callback and x.callback.__name__ in words]
    if not commands or completion.is_asked():
        return app
    alone = copy(app)
    alone.registered_commands, alone.registered_groups = commands, []
    return alone


def _stopped(stop: Stopped) -> int:
    on_signals(end_at_once)  # all is in order: another signal need not be seen to
    return complain(str(stop) or STOPPED, EXIT_STOPPED + stop.signal)


def _line(error: Exception) -> str:
    """What to say of an error; the details of a bug may quote a row, so they stay private."""
    if isinstance(error, RelaionError):
        return str(error)
    if is_short(error):
        return "ran out of memory; give more with --memory"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{shown(error.filename)}: {error.strerror or type(error).__name__}"
    what = str(error)
    if not isinstance(error, WorkerBugError):
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
    return f"a bug in relaion: {what}; {_details(error)}"


def _details(error: Exception) -> str:
    """Write a private log of a bug; says where it is."""
    try:
        handle, name = tempfile.mkstemp(prefix="relaion-error-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as f:
            f.write("".join(traceback.format_exception(error)))
            f.write(getattr(error, "details", ""))
    except OSError:
        return "its details could not be written to the temporary folder"
    return f"details in {name}"


_OF_A_QUERY = "the query"  # what is said of one may quote it, and it may hold a listed link
_UNKEPT = "the query could not be answered; what was asked, and why not, is not kept here"


def complain(line: str, code: int = EXIT_WRONG) -> int:
    """Print one line on stderr; returns the exit code that goes with it."""
    said = shown(" ".join(line.split()))
    told.say(said)
    told.keep(_UNKEPT if said.startswith(_OF_A_QUERY) else said, logging.ERROR)
    return code


# -- A mistake in how the command line is called, said in one line -------------------------------
# Partners' links and digests may be among the arguments, pasted in the wrong place. What an error
# says is kept in logs, so only what can be nothing but our words or a small number is repeated.

_REPEATED = re.compile(r"--?[A-Za-z][A-Za-z_-]{0,23}|[A-Za-z][A-Za-z_-]{0,23}|-?[0-9]{1,9}")
_PLAINER = (
    (re.compile(r"Input should be a valid integer\b[^(]*[^( ]"), "write a whole number"),
    (re.compile(r"Input should be a valid number\b[^(]*[^( ]"), "write a number"),
    (re.compile(r"Input should be greater than or equal to"), "write a number of at least"),
    # as typer said before 0.29
    (re.compile(r"\S+ is not a valid int(?:eger)?(?: range)?"), "write a whole number"),
    (re.compile(r"\S+ is not a valid float(?: range)?"), "write a number"),
    (re.compile(r"\S+ is not in the range x>="), "write a number of at least "),
)
_HIDDEN = "(not shown)"
_SHORTEST = 4  # no link, digest or caption is shorter, and signs such as . stand in every line


def _misuse(error: typer.TyperException, arguments: Sequence[str]) -> str:
    """What was wrong, what was meant perhaps, and where to look."""
    # of typer's errors only their parent is public, so what else they have is asked for
    context = getattr(error, "ctx", None)
    text = _said(error, context)
    for form in _hidden(arguments):
        text = text.replace(form, _HIDDEN)
    if context is None:
        return text
    path = context.command_path
    end = "" if text.endswith("?") else "."
    return f"{path.partition(' ')[2]}: {text}{end} See `{path} --help`".removeprefix(": ")


def _said(error: typer.TyperException, context: Any) -> str:
    name = getattr(error, "option_name", None)
    if name is not None and hasattr(error, "possibilities"):  # an option that there is not
        return f"{_first_lower(error.message)}{_meant(name, context)}"
    text = _first_lower(error.format_message())
    for pattern, words in _PLAINER:  # what typer's validation says of numbers
        text = pattern.sub(words, text)
    about = getattr(getattr(error, "param", None), "help", None)
    return f"{text} ({about.partition('. ')[0].rstrip('.')})" if about else text


def _first_lower(text: str) -> str:
    text = text.rstrip(". ")
    return text[:1].lower() + text[1:]


def _meant(name: str, context: Any) -> str:
    """The nearest option; or where the option that is named belongs."""
    commands = getattr(context and context.command, "commands", {})
    if any(name in _of(command) for command in commands.values()):
        return "; write it after the command"
    having = [f"`{path}`" for path, command in _all(context) if name in _of(command)]
    if having:
        named = having if len(having) < 4 else [*having[:2], f"{len(having) - 2} more"]
        of = " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
        return f"; it is an option of {of}"
    options = [*_of(context.command), *context.help_option_names] if context else []
    near = {option.casefold(): option for option in options}
    found = difflib.get_close_matches(name.casefold(), near, 1)
    return f"; did you mean {near[found[0]]}?" if found else ""


def _all(context: Any) -> Iterator[tuple[str, Any]]:
    """Every command, by what is written to call it."""
    if context is None:
        return
    root: Any = typer.main.get_command(app)
    waiting = [(context.find_root().command_path, root)]
    for path, command in waiting:
        inner = getattr(command, "commands", {})
        waiting += [(f"{path} {name}", each) for name, each in inner.items() if not each.hidden]
        if not inner:
            yield path, command


def _of(command: Any) -> list[str]:
    names = (name for p in command.params for name in (*p.opts, *p.secondary_opts))
    return [name for name in names if name.startswith("-")]


def _hidden(arguments: Sequence[str]) -> Iterable[str]:
    """All forms of arguments that are not to be repeated, the longest first."""
    parts = {part for argument in arguments for part in (argument, *argument.split("=", 1))}
    forms = {
        form
        for part in parts
        if len(part) >= _SHORTEST and not _REPEATED.fullmatch(part)
        for form in (part, repr(part)[1:-1], ascii(part)[1:-1], shown(part))
    }
    return sorted(forms, key=len, reverse=True)
