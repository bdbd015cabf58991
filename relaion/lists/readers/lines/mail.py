"""A mail as the text that it says: its subject as a title, and below it the words of its sender.

Only a mail that holds one plain text and nothing that is attached is read; any other is refused by
its format. What it quotes of an earlier mail was said by somebody else, and before.
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape

from relaion.errors import ListError

HEADER = re.compile(
    r"(?:From|To|Subject|Date|Message-ID|MIME-Version|Received|Return-Path): \S", re.I
)
_STRUCK = re.compile(r"(?i)<(?:s|del|strike)\b|line-through")
_TWICE = ["multipart/alternative", "text/plain", "text/html"]  # the same text in two forms
_TAG = re.compile(r"(?i)(</?(?:a|b|i|u|em|font|span|strong|wbr)\b[^>]*>)|<[^>]*>")  # within words
_ENTRY = re.compile(r"[0-9A-Fa-f]{32,}|https?://[^\s<>\"]+")
_QUOTED = re.compile(r"(?m)^[ \t]*>.*(?:[0-9A-Fa-f]{32}|://)")
_BEFORE_SUBJECT = re.compile(r"(?i)^(?:(?:re|fw|fwd|aw|wg|tr|rv|sv|vs|antw)\s*:\s*)+")
_LINES = 30  # of the head of a mail that are looked at


def is_mail(head: str) -> bool:
    """Whether a text begins as a mail does: with two lines of its head."""
    start = head.lstrip().split("\n\n", 1)[0].split("\n")[:_LINES]
    return sum(HEADER.match(line) is not None for line in start) > 1


def text_of_mail(text: str) -> str | None:
    """What a mail says; None for any other text, and for a mail that holds more than one.

    Raises ListError where it quotes entries of another mail.
    """
    if not is_mail(text):
        return None
    raw = text.lstrip().encode("utf-8", "surrogateescape")
    try:
        mail = message_from_bytes(raw, policy=policy.default)
        said, subject = _said(mail), " ".join(str(mail.get("subject", "")).split())
    except (LookupError, TypeError, ValueError):  # an unknown code, or a head that is no head
        return None
    if said is None:
        return None
    if _QUOTED.search(said):
        raise ListError(
            "is a mail that quotes entries of another one, and nobody here knows which of them "
            "count: copy the list into a file of its own"
        )
    subject = _BEFORE_SUBJECT.sub("", subject)
    return f"# {subject}\n\n{said}" if subject else said


def _said(mail: EmailMessage) -> str | None:
    """The one plain text of a mail; None where it holds more, or its HTML shows more."""
    walked = [*mail.walk()]
    parts = [part for part in walked if not part.is_multipart()]
    kinds = [part.get_content_type() for part in parts]
    is_twice = [part.get_content_type() for part in walked][-3:] == _TWICE and len(parts) == 2
    if (kinds != ["text/plain"] and not is_twice) or any(map(_is_more, parts)):
        return None
    said, *shown = (str(part.get_content()).replace("\r\n", "\n") for part in parts)
    if "\ufffd" in said or any(map(_STRUCK.search, shown)):
        return None
    texts = (unescape(_TAG.sub(lambda tag: "" if tag[1] else " ", html)) for html in shown)
    seen = (entry for text in texts for entry in _ENTRY.findall(text))
    return said if all(entry in said for entry in seen) else None


def _is_more(part: EmailMessage) -> bool:
    """Whether a part is no plain text; with `delsp` a link may go on in the next line."""
    is_file = part.get_filename() or part.is_attachment()
    return bool(is_file or part.defects or part.get_param("delsp", "no") != "no")
