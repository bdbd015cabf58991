"""XML as what stands in it, one element at a time, and nothing that a file may do to its reader.

No document type is read, so no entity is one of the file's own: none grows, and none is fetched.
Elements nest a few levels deep, texts and tags are as long as a value may be, whatever the file's
size.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.paths import shown

_BLOCK = 256 << 10
DEEPEST = 64  # levels of elements
_LONGEST_TEXT = 1 << 20  # characters of one element
_LONGEST_TAG = 8 << 20  # bytes of a tag or a comment, which the parser holds at once
_BLANKS = b" \t\r\n\v\f"

_CUT = frozenset(
    expat.errors.codes[said]
    for said in (
        expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR, expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)  # fmt: skip
_BEHIND = expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]
_ENCODED = frozenset(
    expat.errors.codes[said]
    for said in (
        expat.errors.XML_ERROR_UNKNOWN_ENCODING, expat.errors.XML_ERROR_INCORRECT_ENCODING,
    )
)  # fmt: skip
_DECLARED = re.compile(r"""\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_UNICODE = re.compile(r"(?i)utf.*|ucs.*|iso-10646.*|unicode.*")
SPACE = " "  # between the name space of a name and the name itself


@dataclass
class XmlReader:
    """Calls `start(name, attributes)` and `end(name)` of each element of a document.

    A name is `NAMESPACE name`, or the name alone where it has no name space. `text` holds what
    was said since it was cleared last, in pieces. Both may raise ListError.
    """

    start: Callable[[str, dict[str, str]], None]
    end: Callable[[str], None]
    text: list[str] = field(default_factory=list)

    def read(self, document: ListDocument) -> Iterator[None]:
        """Read all of it; stops after each part, so that what was found can be taken.

        Raises ListError for what is no XML, has a document type, ends early, or is made to
        exhaust who reads it.
        """
        parser = _parser(document.head)
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text.append
        fed = 0
        source = document.open()
        is_first = True
        while block := source.read(_BLOCK):
            if is_first:  # programs put blanks before a declaration, which no parser forgives
                block = block.lstrip(_BLANKS)
                is_first = not block
            _feed(parser, block, last=False)
            fed += len(block)
            if fed - max(parser.CurrentByteIndex, 0) > _LONGEST_TAG:
                raise ListError(
                    f"a tag or a comment in it is longer than {_LONGEST_TAG >> 20} MB, as in no "
                    "list; ask the giver for the file as it was exported"
                )
            if sum(map(len, self.text)) > _LONGEST_TEXT:
                raise ListError(
                    f"an element in it holds more than {_LONGEST_TEXT >> 20} MB of text, as no "
                    "value does; ask the giver for the file as it was exported"
                )
            yield
        _feed(parser, b"", last=True)
        yield


def local(name: str) -> str:
    """The name without its name space."""
    return name.rpartition(SPACE)[2]


def root_of(head: str) -> tuple[str, str] | None:
    """The name space and the name of the outermost element; None where there is none to see."""
    start = head.lstrip("\ufeff" + _BLANKS.decode())
    if not start.startswith("<"):
        return None
    found: list[str] = []

    def take(name: str, _: dict[str, str]) -> None:
        if not found:
            found.append(name)

    parser = _parser(head, refuses=False)
    parser.StartElementHandler = take
    data = start.encode("utf-8", "surrogateescape")
    for at in range(0, len(data), 4096):
        try:
            parser.Parse(data[at : at + 4096], False)
        except expat.ExpatError:
            break
        if found:
            break
    if not found:
        return None
    space, _, name = found[0].rpartition(SPACE)
    return space, name


def refuse_deep() -> ListError:
    """That elements nest deeper than in any list."""
    return ListError(
        f"elements in it stand more than {DEEPEST} deep in each other, as in no list; ask the "
        "giver for the file as it was exported"
    )


def _parser(head: str, *, refuses: bool = True) -> expat.XMLParserType:
    said = _DECLARED.match(head)
    # the bytes are UTF-8 by now, whatever kind of Unicode the file declares
    is_unicode = said is None or _UNICODE.fullmatch(said[1]) is not None
    parser = expat.ParserCreate("utf-8" if is_unicode else None, namespace_separator=SPACE)
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    if refuses:
        parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: object) -> None:
    raise ListError(
        "is XML with a DOCTYPE, which may name other files and grow without end: none is read; "
        "remove it, if the giver says that the file is theirs"
    )


def _feed(parser: expat.XMLParserType, data: bytes, *, last: bool) -> None:
    try:
        parser.Parse(data, last)
    except expat.ExpatError as e:
        raise ListError(_broken(e.code, e.lineno, is_last=last)) from None


def _broken(code: int, line: int, *, is_last: bool) -> str:
    """What is wrong, without what stands there."""
    if code in _CUT and is_last:
        return "the XML is cut off; fetch the file again"
    if code == _BEHIND:
        return (
            f"holds more behind the end of its XML, in line {line:,}, as files do that were put "
            "together; add each as a file of its own"
        )
    if code in _ENCODED:
        return "is XML in an encoding that is not known; save it in UTF-8"
    return f"is no valid XML in line {line:,}; ask the giver for the file as it was exported"


def told_space(space: str) -> str:
    """A name space as messages may hold it."""
    return shown(space)[:80] if re.fullmatch(r"[\w:/.#?=&%~-]{1,200}", space) else "(not shown)"
