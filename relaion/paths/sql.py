"""Paths as DuckDB takes them."""

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from relaion.paths.files import private_folder

_GLOB = re.compile(r"[*?\[]")


def sql_path(path: Path) -> str:
    """A path as `read_parquet` takes it: absolute, glob characters stand for themselves.

    Some names cannot be said to DuckDB at all: see `reachable`.
    """
    # absolute, since a relative `~x` or `s3://x` would mean something else to DuckDB
    whole = os.path.abspath(path)  # noqa: PTH100  resolve() would follow links
    return re.sub(r"([\[*?])", r"[\1]", whole)


def _can_be_said(path: Path) -> bool:
    """Whether DuckDB can open a path by name: UTF-8, and no backslash within a pattern."""
    said = sql_path(path)
    try:
        said.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return not ("\\" in said and _GLOB.search(said))


def reachable(paths: Sequence[Path], links: Path | Callable[[], Path]) -> list[Path]:
    """The same files under names that DuckDB can open.

    A name that is not UTF-8, or holds a backslash beside `[`, `*` or `?`, is reached through
    a symlink in the private folder `links`, made (or asked for) only when there is such a
    name. The caller removes the folder; `links` itself must have a plain name.
    """
    names = []
    for path in paths:
        if _can_be_said(path):
            names.append(path)
            continue
        target = path.resolve()
        digest = hashlib.sha256(os.fsencode(target)).hexdigest()
        folder = private_folder(links) if isinstance(links, Path) else links()
        link = folder / f"{digest}.parquet"
        with suppress(FileExistsError):  # made before, maybe by another worker
            link.symlink_to(target)
        names.append(link)
    return names
