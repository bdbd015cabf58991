"""The one line that a result comes down to: what -q prints, and what the log keeps."""

from collections.abc import Callable
from typing import Any, TypeVar

_Line = TypeVar("_Line", bound=Callable[[Any], str])
_LINES: dict[str, Callable[[Any], str]] = {}


def line_of(name: str) -> Callable[[_Line], _Line]:
    """Register a function as that of results whose class has this name; none is loaded for it."""

    def register(function: _Line) -> _Line:
        _LINES[name] = function
        return function

    return register


def of(result: Any) -> str | None:
    """The line of a result; None of one that is wanted whole: a link's key, a list of scripts."""
    function = _LINES.get(type(result).__name__)
    return None if function is None else function(result)
