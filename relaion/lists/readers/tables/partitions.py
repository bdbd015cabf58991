"""Folders that are columns, as data bases write tables: `status=removed/part-0.parquet`.

Each file in such a folder has its value in that column. So it decides as a column does, where any
other folder in which a list lies says nothing.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from relaion.errors import ListError
from relaion.lists.readers.beside.cell import read_cell
from relaion.lists.readers.format import OF_FOLDERS, Options
from relaion.lists.readers.tables.decisions import read_word
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import told

_PARTITION = re.compile(r"([^\W\d]\w*)=(.*)")
_NULL = "__HIVE_DEFAULT_PARTITION__"


def refuse_partitions(path: Path, options: Options) -> None:
    """Raise ListError where such a folder says, or may say, that its files are not listed."""
    for part in path.absolute().parts[:-1] if OF_FOLDERS not in options.ignore else ():
        found = _PARTITION.fullmatch(part)
        if found and found[2] != _NULL and _may_undo(found[1], unquote(found[2])):
            raise ListError(
                f"lies in a folder that is a column, {told(found[1])}={told(unquote(found[2]))}, "
                "by which what is in it may not be listed: leave it out, or say --ignore folders "
                "if all is"
            )


def _may_undo(name: str, value: str) -> bool:
    says = names.read_name(name)
    if says.what in names.DECIDING:
        word = read_word(says.what, value, says.word)
        return word.fate is not None or not word.is_sure
    remark = read_cell(value, says.what if says.what == names.NOTE else names.UNKNOWN)
    return remark is not None and (remark.fate is not None or not remark.is_sure)
