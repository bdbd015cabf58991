"""All formats, in the order in which they are asked: the first that is sure reads the file."""

import difflib

from relaion.errors import InputError
from relaion.lists.readers.cdx import Cdx
from relaion.lists.readers.changes import Changes
from relaion.lists.readers.checksums import Certutil, Checksums, FileHashList
from relaion.lists.readers.foreign import FOREIGN
from relaion.lists.readers.format import Format, Sure
from relaion.lists.readers.hashdeep import Hashdeep
from relaion.lists.readers.plain import Lines
from relaion.lists.readers.rules import HostRules
from relaion.lists.readers.table import Table
from relaion.paths import typed

FORMATS: tuple[Format, ...] = (
    Hashdeep(), Cdx(), *FOREIGN, Certutil(), FileHashList(), Checksums(), Changes(), HostRules(),
    Table(), Lines(),
)  # fmt: skip
_FOREIGN = {f.name for f in FOREIGN}


def readable() -> tuple[str, ...]:
    """The names that `--format` takes."""
    return tuple(f.name for f in FORMATS if f.name not in _FOREIGN)


def check_format(name: str | None) -> None:
    """Raise InputError for a name that is none."""
    if name is not None and name not in readable():
        near = difflib.get_close_matches(name, readable(), 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise InputError(f"--format {typed(name)}: {hint}choose one of {', '.join(readable())}")


def choose(head: str, file_name: str, forced: str | None) -> Format:
    """The format of a file: the one that the curator named, else the first sure, else likely."""
    if forced is not None:
        return next(f for f in FORMATS if f.name == forced)
    likely: Format | None = None
    for f in FORMATS:
        found = f.sniff(head, file_name)
        if isinstance(found, Sure):
            return f
        if found is not None and likely is None:
            likely = f
    return likely or FORMATS[-1]
