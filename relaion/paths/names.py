"""Names and numbers as people can read them."""

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import TypeAlias

from relaion.errors import InputError
from relaion.paths.stand_ins import address, within_tree

# marks that turn the line around, or cannot be seen, are told too: two names must not look alike
_UNSHOWN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
_LONGEST_WORD = 26  # longer than names are, and shorter than digests


# how a query begins, as that of a signature: two names with values; a pattern or a name has no such
QUERY = r"\?[\w.~%-]+=[^?&\s]*&[\w.~%-]+="
# an address as a path object has it: with one slash; what follows the `?` of a link may be a
# signature
_ADDRESS = re.compile(
    rf"(?:(s3|gs|az|hf):/+(?=[^/])(.*?)(?:{QUERY}.*)?|(https?):/+(?=[^/])([^?]*).*)", re.DOTALL
)

_GLOB = re.compile(r"[*?\[]")


def shown(name: object) -> str:
    r"""A name on one line: control characters, marks, bytes that are no UTF-8 as `\x0a`.

    What stands for an object elsewhere is shown by its address, and that without its query.
    """
    text = str(name)
    if within_tree(text):
        text = address(text)
    elif isinstance(name, PurePath) and (found := _ADDRESS.fullmatch(text)):
        text = f"{found[1] or found[3]}://{found[2] or found[4]}"

    def escaped(found: re.Match[str]) -> str:
        return "".join(f"\\x{byte:02x}" for byte in os.fsencode(found[0]))

    return _UNSHOWN.sub(escaped, text)


def is_address(path: object) -> bool:
    """Whether a path that is not there is the address of something elsewhere."""
    return bool(_ADDRESS.match(str(path)))


def is_pattern(path: object) -> bool:
    """Whether a path that is not there is a pattern, which no shell found a file for."""
    return bool(_GLOB.search(str(path)))


def typed(word: str) -> str:
    """A word as a user typed it, for an error; a link or a digest in its place is not repeated."""
    return shown(word) if len(word) <= _LONGEST_WORD and "/" not in word else "(not shown)"


def is_utf8(text: str) -> bool:
    """Whether a text can be written in UTF-8: bytes that were none come as lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def several(n: int, noun: str, nouns: str = "") -> str:
    """A number and what it counts: `1 shard`, `2 shards`, `3 hashes`."""
    return f"{n:,} {noun if n == 1 else nouns or noun + 's'}"


def no_folder(path: Path) -> str:
    """What is said of a path that is no folder: something else, or nothing at all."""
    return f"{shown(path)}: {'is not a folder' if os.path.lexists(path) else 'no such folder'}"


# -- Paths as callers give them: text or path objects, one or many -----------------------------
# Every public function takes them through here, so that a text is never read letter by letter.

AnyPath: TypeAlias = str | os.PathLike[str]
AnyPaths: TypeAlias = AnyPath | Iterable[AnyPath]


def as_path(given: AnyPath) -> Path:
    """One path of this machine.

    Raises InputError for an address, and for an empty path, which would mean the current folder.
    """
    path = _path(given)
    if is_address(path):
        raise InputError(
            f"{shown(path)}: is an address; name a file or folder of this machine in its place"
        )
    return path


def _path(given: AnyPath) -> Path:
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


def maybe_anywhere(given: AnyPath | None) -> Path | None:
    """The same of a path or an address."""
    return None if given is None else next(iter(as_paths(given)), None)


def as_paths(given: AnyPaths) -> tuple[Path, ...]:
    """One path or many, in their order, addresses too; an iterator is read once."""
    return tuple(map(_path, _many(given)))


def as_texts(
    given: AnyPaths, what: str = "path", name: str = "a file or folder"
) -> tuple[str, ...]:
    """One text or many, in their order, such as names that may be paths too; `what` they are."""
    texts = tuple(os.fspath(text) for text in _many(given))
    if "" in texts:
        raise InputError(f"an empty {what} was given; name {name} (is a variable unset?)")
    return texts


def _many(given: AnyPaths) -> Iterable[AnyPath]:
    return (given,) if isinstance(given, str | bytes | os.PathLike) else given
