"""A mistake in how the command line is called, said in one line.

Partners' links and digests may be among the arguments, pasted in the wrong place. What an error
says is kept in logs, so only what can be nothing but a word of ours or a small number is repeated.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any

import typer

from relaion.paths import shown

_PLAIN = re.compile(r"--?[A-Za-z][A-Za-z_-]{0,23}|[A-Za-z][A-Za-z_-]{0,23}|-?[0-9]{1,9}")
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


def misuse(error: typer.TyperException, arguments: Sequence[str]) -> str:
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
    text = _plainer(_first_lower(error.format_message()))
    about = getattr(getattr(error, "param", None), "help", None)
    return f"{text} ({about.rstrip('.')})" if about else text


def _plainer(text: str) -> str:
    """What typer's validation says of numbers, in words for people."""
    for pattern, words in _PLAINER:
        text = pattern.sub(words, text)
    return text


def _first_lower(text: str) -> str:
    text = text.rstrip(". ")
    return text[:1].lower() + text[1:]


def _meant(name: str, context: Any) -> str:
    """The nearest option; or where the option that is named belongs."""
    commands = getattr(context and context.command, "commands", {})
    if any(name in _of(command) for command in commands.values()):
        return "; write it after the command"
    near = {option.casefold(): option for option in _options(context)}
    found = difflib.get_close_matches(name.casefold(), near, 1)
    return f"; did you mean {near[found[0]]}?" if found else ""


def _options(context: Any) -> list[str]:
    return [] if context is None else [*_of(context.command), *context.help_option_names]


def _of(command: Any) -> list[str]:
    names = (name for p in command.params for name in (*p.opts, *p.secondary_opts))
    return [name for name in names if name.startswith("-")]


def _hidden(arguments: Sequence[str]) -> Iterable[str]:
    """All forms of arguments that are not to be repeated, the longest first."""
    parts = {part for argument in arguments for part in (argument, *argument.split("=", 1))}
    forms = {
        form
        for part in parts
        if len(part) >= _SHORTEST and not _PLAIN.fullmatch(part)
        for form in (part, repr(part)[1:-1], ascii(part)[1:-1], shown(part))
    }
    return sorted(forms, key=len, reverse=True)
