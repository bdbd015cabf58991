"""Headings that name files: `Thumbs.db and icons`, `from pagefile.sys:`.

A dot within a word is a sign of hosts, and lines that hold one are no titles. The name of a file
that is no picture is none of a host, so what stands beside it is read as the heading's words.
"""

import re

from relaion.lists.readers.vocabulary.media import media_of_file
from relaion.lists.readers.vocabulary.spelling import words_in

_FILE = re.compile(r"(?<![\w./])[\w-]+\.([A-Za-z][A-Za-z0-9]{1,3})(?=[\s,;)]|\Z)")
_LONGEST = 1000  # characters: no title is so long, whatever names are left out of it
_LISTS = words_in("txt csv tsv md json xml xls xlsx doc docx pdf html htm zip gz tar")
_LITTER = re.compile(r"(?i)(?<![\w./])(?:thumbs\.db|desktop\.ini|\.ds_store)(?=[\s,;):]|\Z)")


def names_litter(text: str) -> bool:
    """Whether a short text names files that a system makes by itself, and that list nothing."""
    return _LITTER.search(text) is not None and re.search(r"[0-9A-Fa-f]{16}", text) is None


def without_files(text: str, *, is_heading: bool) -> str:
    """A heading without the names in it of files that are no pictures.

    Where it is nothing else, and bears a heading's sign, the first name is kept without its end.
    """
    if len(text) > _LONGEST:
        return text
    found = [f[0] for f in _FILE.finditer(text) if _is_no_picture(f)]
    if not found or re.search(r"[/\\]", text):
        return text
    rest = _FILE.sub(lambda f: " " if _is_no_picture(f) else f[0], text)
    if re.search(r"[^\W\d_]{2}", rest):
        return re.sub(r"\s+", " ", rest).strip()
    return f"{found[0].partition('.')[0]} files" if is_heading else text


def _is_no_picture(found: re.Match[str]) -> bool:
    """Whether a name is that of no picture, and of no list that may be told of."""
    return found[1].casefold() not in _LISTS and media_of_file(found[0]) is not None
