"""What the names of columns say of a list, wherever they stand in its first lines."""

from __future__ import annotations

import re

from relaion.lists.readers.containers.text import first_lines
from relaion.lists.readers.vocabulary import names
from relaion.roles import IMAGE_KINDS

CELLS = re.compile(r"[,;|\t]")
NAMED_WITHIN = 10
"""Lines in which names of columns are looked for: titles may stand before them."""
_LONGEST = 4096  # characters of a line of names that are looked at

_FEW_WORDS = 4  # of a name


def _cells_say(line: str) -> list[names.NameSays]:
    return [names.read_name(cell.strip("\"'= ")) for cell in CELLS.split(line[:_LONGEST].strip())]


def decides_rows(head: str) -> bool:
    """Whether a column of the file tells of each record whether it is listed."""
    return column_decides(head, {names.STANDING, names.GONE, names.STILL})


def column_decides(head: str, deciding: set[str]) -> bool:
    """Whether a column of the file decides of each record in one of these ways."""
    for line in first_lines(head, NAMED_WITHIN):  # titles may stand before the names
        says = {found.what for found in _cells_say(line)}
        if len(CELLS.split(line)) > 1 and says & deciding:
            return True
    return False


def names_algorithm(head: str) -> bool:
    """Whether a column says by which algorithm its digests are."""
    return any(
        says.what == names.ENTRY and says.word in ("md5", "sha1", "sha256")
        for line in first_lines(head, NAMED_WITHIN)
        for says in _cells_say(line)
    )


def names_pictures(head: str) -> bool:
    """Whether a column says that its digests are those of pictures."""
    return any(
        says.what == names.ENTRY and says.kinds and set(says.kinds) <= set(IMAGE_KINDS)
        for line in first_lines(head, NAMED_WITHIN)
        for says in _cells_say(line)
    )


def has_entries(head: str) -> bool:
    """Whether a column says that it holds entries."""
    return any(map(names_entries, first_lines(head, NAMED_WITHIN)))


def names_entries(line: str) -> bool:
    """Whether a line is one of names of columns, of which one holds entries."""
    is_plain = len(line) < _LONGEST and not line.lstrip().startswith("#")
    cells = line.split(", ")  # `MD5 of the full URL, lower-cased`
    is_plain = is_plain and not (len(cells) > 1 and len(cells[0].split()) > _FEW_WORDS)
    return is_plain and any(says.what == names.ENTRY for says in _cells_say(line))
