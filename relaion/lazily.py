"""Names that are loaded when they are first used: `--help` needs neither DuckDB nor Arrow.

And patterns that are compiled then.
"""

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package: each name comes from the module that is its home."""

    def load(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(home), name)

    return load


class _LatePattern:
    """A pattern that is compiled when it is first asked, by any of its methods."""

    def __init__(self, text: str, flags: int) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        compiled = re.compile(self._text, self._flags)
        self.__dict__.update({n: getattr(compiled, n) for n in dir(compiled) if n[0] != "_"})
        return getattr(compiled, name)


def late_pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """`re.compile`, at the first use: for what is long, and seldom asked where little is read."""
    return cast("re.Pattern[str]", _LatePattern(text, flags))
