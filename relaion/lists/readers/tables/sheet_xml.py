"""A part of a workbook as XML, element by element."""

from __future__ import annotations

from collections.abc import Callable
from xml.parsers import expat
from zipfile import ZipFile

from relaion.errors import ListError
from relaion.lists.readers.containers.packed import bounded
from relaion.lists.readers.containers.zipped import bytes_of

BLOCK = 256 << 10
SMALL_PART = 16 << 20
LARGEST_PART = 2 << 30
DAMAGED = "the sheet is damaged or ends too early; fetch it again, or save it as csv"
On = Callable[[str, dict[str, str]], None]
"""What is called with the name of an element and its attributes, both without a prefix."""


def parse(
    zipped: ZipFile, name: str, on_start: On, on_end: Callable[[str], None] | None = None,
    on_text: Callable[[str], None] | None = None, most: int = LARGEST_PART,
) -> None:  # fmt: skip
    """Look through a part; raises ListError where it is damaged, or no plain XML."""
    try:
        member = zipped.getinfo(name)
    except KeyError:
        raise ListError(DAMAGED) from None
    if member.file_size > most:
        raise ListError("a part of the workbook is too large; save the sheet as csv")
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(tag: str, given: dict[str, str]) -> None:
        on_start(local(tag), {local(k): v for k, v in given.items()})

    def refuse(*_: object) -> None:
        raise ListError("the workbook declares entities, as none does; save the sheet as csv")

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    if on_end is not None:
        ended = on_end
        parser.EndElementHandler = lambda tag: ended(local(tag))
    if on_text is not None:
        parser.CharacterDataHandler = on_text
    try:
        for block in bounded(bytes_of(zipped, member, BLOCK), member.compress_size):
            parser.Parse(block, False)
        parser.Parse(b"", True)
    except expat.ExpatError:
        raise ListError(DAMAGED) from None


def local(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]
