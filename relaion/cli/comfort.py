"""Settings for comfort: from the environment and from a file that is named with --config.

They say where the list store lies and how much of the machine a run may take: never what decides,
which stands in the command alone, so that a command and its data make the same result wherever it
is typed. Only what is named is read: no file lies in wait beside the data, in the working folder
or at home. What the command says wins over the environment, and that over the file.
"""

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.errors import InputError
from relaion.paths import as_path, open_given, shown
from relaion.run.engines import named
from relaion.run.settings import MEMORY, limits_of

# -- What may be set so, and why all the rest may not -------------------------------------------

ENVIRONMENT = {
    "RELAION_LISTS": "lists",
    "RELAION_WORKERS": "workers",
    "RELAION_MEMORY": "memory",
    "RELAION_ENGINE": "engine",
}
_ROWS = "decides which rows stay or leave"
_ENTRIES = "decides what is taken from a delivery"
_CHECKED = "decides what is checked, or what counts as well"
_NAMED = "names what a command reads or writes"
_CONFIRMED = "confirms what a person has looked at"
_ASKED = "is what one command is asked for"
REFUSED: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "allow-changed", "by", "column", "cover", "cover-site-rows", "diff", "edition",
            "good-wins", "inner", "keep", "key", "keywords", "no-inner", "no-same-link", "old",
            "same-link", "sidecar", "sql-version", "unknown", "unscored", "without-identity",
        ),
        _ROWS,
    ),
    **dict.fromkeys(
        (
            "form", "format", "full", "ignore", "keep-ids", "kind", "label", "member", "partial",
            "received", "role", "scope", "source", "title", "update", "where",
        ),
        _ENTRIES,
    ),
    **dict.fromkeys(("no-verify", "strict", "verify"), _CHECKED),
    **dict.fromkeys(
        (
            "card", "certificate", "config", "croissant", "earlier", "history", "html", "inputs",
            "into", "licence", "markdown", "out", "parent", "report-to-giver", "shards",
        ),
        _NAMED,
    ),
    **dict.fromkeys(("force", "i-accept-disclosure", "purge", "yes-i-checked"), _CONFIRMED),
    **dict.fromkeys(
        (
            "by-hand", "check", "columns", "command", "dry-run", "full-lists", "help", "json",
            "on", "phase", "rows", "sample-rows", "seed", "show-completion", "version",
        ),
        _ASKED,
    ),
}  # fmt: skip
# names that this tool has for what decides, though no option is called so
_INNER_NAMES = {
    "editions": _ROWS, "labels": _ENTRIES, "punsafe": _ROWS, "rules": _ROWS, "sidecars": _ROWS,
    "threshold": _ROWS, "thresholds": _ROWS, "unsafe-above": _ROWS,
}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """A value, and where it came from, in words."""

    value: Any
    source: str


def settings(
    config: Path | None, environment: Mapping[str, str] = os.environ
) -> dict[str, Setting]:
    """All that is set for comfort, by the name of the option without its dashes.

    Raises InputError in one line for a file or a value that cannot be used.
    """
    found = {} if config is None else from_file(config)
    return {**found, **from_environment(environment)}


# -- The environment ---------------------------------------------------------------------------


def from_environment(environment: Mapping[str, str]) -> dict[str, Setting]:
    """What the variables set; an empty one sets nothing."""
    found: dict[str, Setting] = {}
    for name, key in ENVIRONMENT.items():
        text = environment.get(name, "")
        if not text:
            continue
        value: Any = text
        if key == "workers":
            if not re.fullmatch(r"[0-9]{1,9}", text.strip(), re.ASCII):
                raise InputError(f"{name}: {_TYPES['workers'].asked}; unset it, or set another")
            value = int(text)
        found[key] = Setting(_checked(key, value, name, Path()), name)
    return found


# -- The file ----------------------------------------------------------------------------------

_MOST = 1 << 20  # bytes: more is another file, named by mistake
_PLAIN = re.compile(r"[A-Za-z][A-Za-z_-]{0,23}")  # what can be repeated: no link, no digest
_AT = re.compile(r"\(at (line \d+, column \d+|end of document)\)$")


def from_file(path: Path) -> dict[str, Setting]:
    """What a file sets; raises InputError for one that cannot be read, or sets what decides."""
    where = shown(path)
    try:
        told = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as e:
        if "overwrite" in str(e):
            raise InputError(f"{where}: sets a key twice; leave one out") from None
        at = _AT.search(str(e))
        place = f" ({at[1]})" if at else ""
        raise InputError(
            f"{where}: is no TOML{place}; write one setting a line, such as workers = 4"
        ) from None
    except RecursionError:
        raise InputError(f"{where}: is nested too deeply; write one setting a line") from None
    found = {key: _set(path, key, value) for key, value in told.items()}
    if found.get("quiet", _OFF).value and found.get("verbose", _OFF).value:
        raise InputError(f"{where}: quiet and verbose contradict each other; leave one out")
    return found


def _text(path: Path) -> str:
    where = shown(path)
    try:
        with open_given(path) as f:
            if os.fstat(f.fileno()).st_mode & stat.S_IWOTH:
                raise InputError(
                    f"{where}: everybody can write to it, and so set your runs; `chmod o-w` it"
                )
            raw = f.read(_MOST + 1)
    except OSError as e:
        raise InputError(f"{where}: cannot be read ({e.strerror}); check --config") from None
    if len(raw) > _MOST:
        raise InputError(f"{where}: is too large for settings; check --config")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{where}: is not UTF-8 text; save it as UTF-8") from None


def _set(path: Path, key: str, value: Any) -> Setting:
    where = shown(path)
    if key in _TYPES:
        return Setting(_checked(key, value, f"{where}: {key}", path.parent), where)
    plain = key.lstrip("-").lower().replace("_", "-")
    name = key if _PLAIN.fullmatch(key.lstrip("-")) else "a key (not shown)"
    why = REFUSED.get(plain) or _INNER_NAMES.get(plain)
    if why is not None:
        raise InputError(
            f"{where}: {name} {why}, so it stands in the command, never in a file; remove it there"
        )
    near = difflib.get_close_matches(plain, _TYPES, 1)
    if near:
        raise InputError(f"{where}: {name} is no setting; did you mean {near[0]}?")
    what = "is a table, and there are none" if isinstance(value, dict) else "is no setting"
    raise InputError(f"{where}: {name} {what}; there are {', '.join(_TYPES)}")


# -- Values: each is looked at here, so that what is wrong is said of where it stands -----------


@dataclass(frozen=True)
class _Type:
    """What a setting takes: `asked` says it in an error, `fits` looks at a value."""

    asked: str
    fits: Callable[[Any], bool]
    is_path: bool = False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and isinstance(value, int) and 1 <= value < 10**9


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


_PATH = _Type('write a path in quotes, such as "lists.duckdb"', _is_text, is_path=True)
_SWITCH = _Type("write true or false", lambda value: isinstance(value, bool))
_TYPES: Mapping[str, _Type] = {
    "lists": _PATH,
    "workers": _Type("write a whole number of at least 1", _is_count),
    "memory": _Type('write a size in quotes, such as "2GB"', _is_text),
    "engine": _Type('write local, or ray, "ray=auto" or "ray=HOST:PORT"', _is_text),
    "time-limit": _Type("write a number of seconds above 0", lambda v: _is_number(v) and v > 0),
    "work": _PATH,
    "copy": _SWITCH,
    "quiet": _SWITCH,
    "verbose": _SWITCH,
    "log": _PATH,
}
COMFORT = tuple(_TYPES)
_OFF = Setting(False, "")


def _checked(key: str, value: Any, where: str, folder: Path) -> Any:
    """A value as an option takes it; a path in a file is told from that file's folder."""
    kind = _TYPES[key]
    if not kind.fits(value):
        raise InputError(f"{where}: {kind.asked}")
    try:
        if kind.is_path:
            return _path(value, folder)
        if key == "memory":
            limits_of(1, value)
        if key == "time-limit":
            limits_of(1, MEMORY, value)
        if key == "engine":
            named(value)
    except (InputError, OverflowError) as e:
        said = str(e).removeprefix("--memory ").removeprefix("--engine ")
        raise InputError(f"{where}: {said}") from None
    return value


def _path(text: str, folder: Path) -> Path:
    if text == "~" or text.startswith("~/"):
        raise InputError("~ stands for nothing here; write the whole path")
    return folder / as_path(text)
