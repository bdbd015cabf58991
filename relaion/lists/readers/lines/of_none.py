"""Titles of what is listed nowhere: of trials and controls, of files of systems, of what is past.

Such a title may stand above a list, and nobody here can say: the curator is asked.
"""

from __future__ import annotations

import re
from datetime import date

from relaion.lists.readers.vocabulary.days import days_of
from relaion.lists.readers.vocabulary.none_words import (
    CONSENT,
    OF_DESIGN,
    OF_SYSTEM,
    SET_ASIDE,
    TRIAL,
    UNTIL,
)
from relaion.lists.readers.vocabulary.sentences import TAKES_NOTHING
from relaion.lists.readers.vocabulary.spelling import folded

_LONGEST = 12  # words of a title
_DENIED = re.compile(
    r"\b(?:no|not|without|none|except|excluding|excluded|never|minus|less|kein\w*|ohne|nicht|sans"
    r"|sauf|sin"
    r"|excepto|senza|tranne|zonder|geen|sem|utan|uden|bez|без)\b|以外|除く|不含|제외"
)
_SIGNS = " .,:;!-–—*=[](){}\"'"


def of_none(text: str) -> str:
    """The words by which a folded title says that nothing below it is listed; else none."""
    if len(text.split()) > _LONGEST or _DENIED.search(text):
        return ""
    text = TAKES_NOTHING.sub(" ", text)
    for pattern in (TRIAL, SET_ASIDE, OF_SYSTEM, CONSENT):
        if found := pattern.search(text):
            return found[0]
    if OF_DESIGN.fullmatch(text.strip(_SIGNS)):
        return "of what pages are decked with"
    return "valid until" if _is_past(text) else ""


def _is_past(text: str) -> bool:
    found = UNTIL.search(text)
    days = days_of(folded(found["day"])) if found else []
    return bool(days) and all(day < date.today() for day in days)
