"""A part of a workbook as XML, element by element, and the styles of its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
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


_STYLES, _TEXTS = "styles.xml", "sharedStrings.xml"


@dataclass(frozen=True)
class StruckStyles:
    """Of an xlsx file: the numbers of formats, and of shared texts, that cross out."""

    formats: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()


def struck_in(zipped: ZipFile, parts: Iterable[str]) -> StruckStyles:
    """The same of a file whose workbook refers to these parts."""
    formats, texts = _XlsxStyles(), _XlsxTexts()
    for part in {*parts} & {*zipped.namelist()}:
        if part.endswith(_STYLES):
            parse(zipped, part, formats.start, formats.end, most=SMALL_PART)
        elif part.endswith(_TEXTS) and _names_strike(zipped, part):
            parse(zipped, part, texts.start)
    return StruckStyles(frozenset(formats.struck), frozenset(texts.struck))


def _names_strike(zipped: ZipFile, part: str) -> bool:
    """A quick look at a part, which may be large: whether anything in it is crossed out."""
    before = b""
    for block in bytes_of(zipped, zipped.getinfo(part), BLOCK):
        if b"strike" in before + block:
            return True
        before = block[-8:]
    return False


def _crosses(given: dict[str, str]) -> bool:
    return given.get("val", "1") in ("1", "true")


class _XlsxStyles:
    """The formats of cells whose font crosses out."""

    def __init__(self) -> None:
        self.struck: set[str] = set()
        self._fonts: set[int] = set()
        self._font = self._format = -1
        self._within = ""

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag in ("fonts", "cellXfs"):
            self._within = tag
        elif tag == "font" and self._within == "fonts":
            self._font += 1
        elif tag == "strike" and self._within == "fonts" and _crosses(given):
            self._fonts.add(self._font)
        elif tag == "xf" and self._within == "cellXfs":
            self._format += 1
            font = given.get("fontId", "")
            if font.isdecimal() and int(font) in self._fonts:
                self.struck.add(str(self._format))

    def end(self, tag: str) -> None:
        if tag == self._within:
            self._within = ""


class _XlsxTexts:
    """The shared texts of which a part is crossed out."""

    def __init__(self) -> None:
        self.struck: set[str] = set()
        self._text = -1

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "si":
            self._text += 1
        elif tag == "strike" and _crosses(given):
            self.struck.add(str(self._text))


@dataclass
class OdsStyles:
    """The styles of an ods file that cross out, by name; those made from such a one do, too."""

    struck: set[str] = field(default_factory=set)
    _style: str = ""

    @classmethod
    def of(cls, zipped: ZipFile) -> OdsStyles:
        """Those that are named for all of the file; sheets have further ones of their own."""
        found = cls()
        if _STYLES in zipped.namelist():
            parse(zipped, _STYLES, found.take, most=SMALL_PART)
        return found

    def take(self, tag: str, given: dict[str, str]) -> None:
        """Take in an element."""
        if tag == "style":
            self._style = given.get("name", "")
            if given.get("parent-style-name") in self.struck:
                self.struck.add(self._style)
        elif tag == "text-properties":
            lines = [given.get(f"text-line-through-{part}") for part in ("style", "type")]
            told = {line for line in lines if line}
            if "none" in told:
                self.struck.discard(self._style)
            elif told:
                self.struck.add(self._style)
