"""Paths as callers give them: text or path objects, one or many.

Every public function takes them through here, so that a text is never read letter by letter.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from relaion.errors import InputError
from relaion.paths.names import shown

AnyPath: TypeAlias = str | os.PathLike[str]
AnyPaths: TypeAlias = AnyPath | Iterable[AnyPath]


def as_path(given: AnyPath) -> Path:
    """One path; raises InputError for an empty one, which would mean the current folder."""
    if not isinstance(given, str | os.PathLike):
        raise TypeError(f"a path is a str or a Path, not {type(given).__name__}")
    text = os.fspath(given)
    if not isinstance(text, str):
        raise TypeError(f"a path is a str or a Path, not one of {type(text).__name__}")
    if not text:
        raise InputError("an empty path was given; name a file or folder (is a variable unset?)")
    if "\0" in text:
        raise InputError(f"{shown(text)}: no path holds a NUL; check the path")
    return Path(text)


def maybe_path(given: AnyPath | None) -> Path | None:
    """One path, or none."""
    return None if given is None else as_path(given)


def as_paths(given: AnyPaths) -> tuple[Path, ...]:
    """One path or many, in their order; an iterator is read once."""
    return tuple(map(as_path, _many(given)))


def as_texts(given: AnyPaths) -> tuple[str, ...]:
    """One text or many, in their order, such as names that may be paths too."""
    texts = tuple(os.fspath(text) for text in _many(given))
    if "" in texts:
        raise InputError("an empty path was given; name a file or folder (is a variable unset?)")
    return texts


def _many(given: AnyPaths) -> Iterable[AnyPath]:
    return (given,) if isinstance(given, str | bytes | os.PathLike) else given
