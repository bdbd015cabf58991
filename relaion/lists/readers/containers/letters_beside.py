"""Short texts that an archive holds beside the list, such as README: they speak of the list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from zipfile import ZipFile, ZipInfo

from relaion.errors import ListError
from relaion.lists.readers.containers.zipped import FAULTS
from relaion.lists.readers.format import OF_FILE, Options
from relaion.lists.readers.lines.prose import ASKED, read_prose
from relaion.lists.readers.lines.titles import LONGEST_TITLE
from relaion.lists.readers.vocabulary.trials import trial_in

_LETTER = re.compile(
    r"(?i)(?:.*/)?[^/]*(?:read.?me|lies.?mich|lis[ea]z.?moi|l[eé]ame|leia.?me|leggimi|lees.?mij"
    r"|about|notice|hinweis|disclaimer|cover|letter|brief|info)[^/]*?(?:\.(?:txt|md|rst|text))?"
)
_LARGEST = 64 << 10  # bytes
_MOST = 20  # texts
_PACKED = (0, 8)  # methods


def letters_among(members: Sequence[ZipInfo], read: ZipInfo) -> list[ZipInfo]:
    """The members beside the one that is `read` that are short texts about it, by their names."""
    found = [m for m in members if m is not read and _LETTER.fullmatch(m.filename)]
    return [
        m for m in found
        if m.file_size <= _LARGEST and m.compress_type in _PACKED and not m.flag_bits & 0x41
    ][:_MOST]  # fmt: skip


def refuse_letters(zipped: ZipFile, letters: Sequence[ZipInfo], options: Options) -> None:
    """Raise ListError where such a text says that what is listed is of a trial, or takes back."""
    for member in letters if OF_FILE not in options.ignore else ():
        try:
            with zipped.open(member) as source:
                text = source.read(_LARGEST).decode("utf-8-sig", "replace")
        except (*FAULTS, NotImplementedError, RuntimeError):
            continue  # what is damaged is told of where the list itself is read
        if any(map(_speaks, filter(None, map(str.strip, text.splitlines())))):
            raise ListError(
                "a text beside the list in the archive says that what is in the list may not be "
                "listed, or not all of it; read it, and if all is listed, say --ignore title"
            )


def _speaks(line: str) -> bool:
    is_trial = bool(trial_in("description", line[:LONGEST_TITLE]))
    return is_trial or read_prose(line) == ASKED
