"""The options that every command has: how much it says, where it keeps a log, whence settings come.

They stand in no command's own signature, which is that of the public function of its name.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main

from relaion.cli import comfort, told
from relaion.cli.comfort import Setting
from relaion.cli.consoles import talk
from relaion.cli.options import path_option, typed_path
from relaion.errors import InputError
from relaion.paths import shown

_SETTINGS = "relaion.settings"  # where a context keeps them
_VARIABLES = {key: name for name, key in comfort.ENVIRONMENT.items()}


def _set_up(context: typer.Context, config: Path | None) -> Path | None:
    """Let settings stand in for options that are not given; before any other option is read."""
    if not context.resilient_parsing:
        found = comfort.settings(config)
        context.meta[_SETTINGS] = found
        context.default_map = {
            str(p.name): found[_key(p)].value
            for p in context.command.params
            if _key(p) in found and not _is_choice(p)
        }
    return config


def _everywhere(
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Print only errors and one line with the result.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Say what is being done and why.")
    ] = False,
    log: Annotated[
        Path | None,
        path_option("--log", "FILE", "Also write messages to this file, which only you can read."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            parser=typed_path,
            is_eager=True,
            callback=_set_up,
            help="Take settings such as lists and memory from this TOML file.",
        ),
    ] = None,
) -> None:
    """Have these options."""


@cache
def options() -> tuple[Any, ...]:
    """These options, as a command holds them."""
    alone = typer.Typer(add_completion=False)
    alone.command()(_everywhere)
    return tuple(p for p in typer.main.get_command(alone).params if p.name != "help")


def is_everywhere(parameter: Any) -> bool:
    """Whether a command has this option from here."""
    return any(parameter is option for option in options())


def hint(parameter: Any) -> str:
    """The variable that can stand in for an option, for its help; empty where none can."""
    variable = _VARIABLES.get(_key(parameter))
    return f" [{variable}]" if variable else ""


def _key(parameter: Any) -> str:
    """The name of an option as a file of settings has it; empty for an argument."""
    if parameter.param_type_name != "option":
        return ""
    return str(parameter.opts[-1]).lstrip("-") if parameter.opts else ""


def _is_choice(parameter: Any) -> bool:
    """Whether leaving the option out asks for something else: a store that need not be named."""
    return _key(parameter) == "lists" and not parameter.required


# -- A command that is about to be done --------------------------------------------------------


def begin(context: typer.Context) -> None:
    """Take these options out of what the command is given, and do as they say."""
    given: dict[str, Any] = {o.name: context.params.pop(o.name, None) for o in options()}
    quiet, verbose = bool(given["quiet"]), bool(given["verbose"])
    if quiet and verbose:
        typed = [_is_typed(context, name) for name in ("quiet", "verbose")]
        if all(typed):
            raise InputError("-q and -v contradict each other; leave one out")
        quiet, verbose = typed[0], typed[1]
    log = given["log"]
    if log is not None:
        _refuse_place(log, context.params, given["config"])
    told.begin(quiet=quiet, verbose=verbose, log=log)
    filled = _fill_choice(context)
    if not told.NOTES.isEnabledFor(logging.INFO):
        return
    command = context.command_path.partition(" ")[2]
    told.NOTES.info("%s", told.machine())
    told.NOTES.info("%s: %s", command, _typed_options(context) or "no options")
    for line in _sources(context, filled):
        told.NOTES.info("%s", line)


def _is_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _typed_options(context: typer.Context) -> str:
    """Which options were typed; what was typed behind them may be a listed link."""
    params = (p for p in context.command.params if p.param_type_name == "option")
    return " ".join(str(p.opts[-1]) for p in params if p.opts and _is_typed(context, str(p.name)))


def _sources(context: typer.Context, filled: Iterable[str]) -> Iterator[str]:
    """A line for each setting that this command has: its value, and where it came from."""
    found: Mapping[str, Setting] = context.meta.get(_SETTINGS, {})
    for p in context.command.params:
        key, name = _key(p), str(p.name)
        if key not in comfort.COMFORT or is_everywhere(p):
            continue
        source = context.get_parameter_source(name)
        if name in filled or (source is not None and source.name == "DEFAULT_MAP"):
            where = f"from {found[key].source}"
        else:
            where = "from the command" if _is_typed(context, name) else "default"
        value = context.params.get(name)
        said = "not given" if value is None else shown(value)
        yield f"--{key}: {said} ({where})"


def _fill_choice(context: typer.Context) -> list[str]:
    """The list store in a command that can do without, where it can be meant; says so."""
    found: Mapping[str, Setting] = context.meta.get(_SETTINGS, {})
    filled = []
    for p in context.command.params:
        name = str(p.name)
        if _key(p) in found and _is_choice(p) and context.params.get(name) is None:
            if not _is_meant(context.info_name or "", context.params):
                continue
            setting = found[_key(p)]
            context.params[name] = setting.value
            line = f"--lists {shown(setting.value)} is that of {setting.source}"
            talk.print(f"notice: {line}", markup=False)
            told.keep(line)
            filled.append(name)
    return filled


def _is_meant(command: str, given: Mapping[str, Any]) -> bool:
    """Whether a store is of use to a command as it is asked; `verify` of a copy refuses one."""
    if command == "diff":
        return given["check"] is not None
    if command == "scripts":
        return bool(given["by_hand"])
    is_of_copy = given.get("diff") is not None or bool(given.get("keep"))
    return command == "verify" and not is_of_copy and (given["out"] / "audit.duckdb").exists()


# -- Where a log may not lie -------------------------------------------------------------------

_MADE = ("out", "work", "card", "report_to_giver", "into")  # folders, perhaps not there yet
_NAMES = ("editions", "name")  # texts that may be paths: of scripts


def _refuse_place(log: Path, given: Mapping[str, Any], config: Path | None) -> None:
    """Raise InputError where a log would be what a command reads or writes, or lie within."""
    where = shown(log)
    if str(log) == "-":
        raise InputError("--log -: is no file; name one")
    place = log.resolve()
    for name, value in [*given.items(), ("config", config)]:
        for path in _paths(value, texts=name in _NAMES):
            if place == path.resolve() or fnmatch(str(log.absolute()), str(path.absolute())):
                raise InputError(
                    f"{where}: is named for something else too; keep the log elsewhere"
                )
            if (name in _MADE or _is_folder(path)) and place.is_relative_to(path.resolve()):
                raise InputError(f"{where}: lies in {shown(path)}; keep the log elsewhere")


def _paths(value: Any, *, texts: bool) -> Iterator[Path]:
    """The paths among what a command is given, texts too where these may be some."""
    for one in value if isinstance(value, list | tuple) else (value,):
        if isinstance(one, Path) or (texts and isinstance(one, str) and one and "\0" not in one):
            yield Path(one)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False
