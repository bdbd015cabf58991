"""Exports of programs for evidence: there `Deleted` tells of a file on its disk, no record."""

import re

from relaion.lists.readers.vocabulary.names import squeezed
from relaion.lists.readers.vocabulary.spelling import words_in

_ERASED = words_in(
    "deleted deletion gelöscht+ löschung supprim@ effac@ borrad* eliminad* cancellat* eliminat* "
    "verwijderd verwijderde gewist apagad* excluíd*"
)
_OF_DISK = re.compile(
    r"(?:full|file|item|relative|source|evidence|original|datei|complete)*(?:path|pfad|chemin|ruta|percorso|pad"
    r"|caminho)(?:name)?|accessed|(?:last)?accesse?d?(?:time|date)|(?:log(?:ical)?|phys(?:ical)?|[lp])size|inode"
    r"|partition|volume|cluster|sector|physicalsector|startingcluster|filesystem|mft(?:entry|record)?(?:no|number)?"
    r"|unallocated|carved|recovered|itemnumber|evidence(?:object|item|id)?|datasource"
)


def is_of_disk(name: str) -> bool:
    """Whether a column tells of files as they lie on a disk, as programs for evidence export."""
    return _OF_DISK.fullmatch(squeezed(name)) is not None


def says_erased(name: str, word: str) -> bool:
    """Whether a column by its name, or one of its words, tells that something was deleted."""
    told = {squeezed(name).removeprefix("is").removeprefix("file"), squeezed(word)}
    return not told.isdisjoint(_ERASED)
