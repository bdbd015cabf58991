"""What stands below the end of a letter: names, addresses, a link to the giver's own page.

A list may be sent as a letter, with its entries above `Kind regards`. The links in a signature are
the giver's own and are not listed. Only a short end of a file is one: where entries stand below it
in number, or digests, the list itself may be there, and nothing is left out.
"""

from __future__ import annotations

import re

from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import folded
from relaion.lists.values import shape

_CLOSING, _SIGNER = pattern("sentences.closing"), pattern("sentences.signer")
_DASHES = re.compile(r"--\s*|_{5,}\s*")  # in a text with a sentence above them
_LINK = re.compile(r"(?i)(?:\w{3,6}://|www\.)\S+|(?<!\S)[^\s@]+@\S+\.\w+")
_MOST_LINES, _MOST_LINKS = 12, 4
_LONGEST = 60
NOTICE = "the file ends as a letter does: links in its signature, left out: {:,}"


def without_signature(text: str, notices: list[str]) -> str:
    """A whole text without the links in the signature of a letter; `notices` tell of them."""
    lines = text.split("\n")
    is_letter = next((not _holds_entry(line) for line in lines if line.strip()), False)
    at = next((i for i in range(len(lines) - 1, -1, -1) if _closes(lines[i], is_letter)), -1)
    if at < 1 or not any(map(_holds_entry, lines[:at])):
        return text
    below = [line for line in lines[at:] if line.strip()]
    links = sum(len(_LINK.findall(line)) for line in below)
    is_list = any(re.search("[0-9A-Fa-f]{32}", line) for line in below)
    above = sum(map(_holds_entry, lines[:at]))
    is_named = any(not _LINK.search(line) for line in below[1:])  # by whom it was sent
    if is_list or not is_named or len(below) > _MOST_LINES or links > min(_MOST_LINKS, above):
        return text
    if not links:
        return text
    notices.append(NOTICE.format(links))
    return "\n".join([*lines[:at], *(line for line in lines[at:] if not _LINK.search(line))])


def _closes(line: str, is_letter: bool) -> bool:
    bare = line.strip()
    if not 0 < len(bare) <= _LONGEST:
        return False
    is_dashes = is_letter and _DASHES.fullmatch(bare) is not None
    return is_dashes or _CLOSING.fullmatch(folded(bare)) is not None


_LABEL = r"(?:e-?mail|mail|courriel|correo|web|internet|homepage|contact|kontakt|contacto|contatto)"
_ADDRESS = re.compile(rf"(?i)(?:{_LABEL}[ .:]*)?<?[\w.+-]+@[\w-]+(?:\.[\w-]+)+>?")
_OF_WORDS = re.compile(r"(?!.*\S{20})[^\W\d][^\d./:@]*\d{0,5}")
_PARTS = re.compile(r"\s*[|•·,]\s*|\s+[-–/]\s+")


def is_contact(line: str) -> bool:
    """Whether a line is of telephones and addresses of mail, and of words between bars."""
    parts = [part for part in _PARTS.split(re.sub(r"\s+", " ", line.strip())) if part]
    is_one = [bool(_SIGNER.fullmatch(folded(p)) or _ADDRESS.fullmatch(p)) for p in parts]
    is_word = [_OF_WORDS.fullmatch(p) is not None and shape(p) is None for p in parts]
    return bool(parts) and all(a or b for a, b in zip(is_one, is_word, strict=True))


def closes_letter(line: str) -> bool:
    """Whether a line ends a letter: names and addresses stand below it."""
    return _closes(line, is_letter=True)


def _holds_entry(line: str) -> bool:
    return any(shape(piece) is not None for piece in re.split(r"[\s,;|\"'<>]+", line) if piece)
