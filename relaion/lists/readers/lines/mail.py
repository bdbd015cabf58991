"""A mail as the text that it says: its subject as a title, and below it the words of its sender.

Only a mail that holds one plain text and nothing that is attached is read; any other is refused by
its format. What it quotes of an earlier mail was said by somebody else, and before.
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy

from relaion.errors import ListError

HEADER = re.compile(
    r"(?:From|To|Subject|Date|Message-ID|MIME-Version|Received|Return-Path): \S", re.I
)
_STRUCK = re.compile(r"(?i)<(?:s|del|strike)\b|line-through")
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
    mail = message_from_bytes(raw, policy=policy.default)
    parts = [part for part in mail.walk() if not part.is_multipart()]
    kinds = [part.get_content_type() for part in parts]
    is_one = kinds in (["text/plain"], ["text/plain", "text/html"])
    if not is_one or any(p.get_filename() or p.is_attachment() or p.defects for p in parts):
        return None
    try:
        said = [str(part.get_content()).replace("\r\n", "\n") for part in parts]
    except LookupError:  # a code that nobody knows
        return None
    if "\ufffd" in said[0] or any(map(_STRUCK.search, said[1:])):
        return None
    if _QUOTED.search(said[0]):
        raise ListError(
            "is a mail that quotes entries of another one, and nobody here knows which of them "
            "count: copy the list into a file of its own"
        )
    subject = _BEFORE_SUBJECT.sub("", " ".join(str(mail.get("subject", "")).split()))
    return f"# {subject}\n\n{said[0]}" if subject else said[0]
