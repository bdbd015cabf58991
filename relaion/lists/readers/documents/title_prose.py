"""Titles within JSON and its kind, in words that nobody here understands.

What a title surely says is heard elsewhere. Of the rest holds what holds for lines of text: known
words decide nothing, what speaks of some of the entries is asked about, all else is told of by
the name of its field, never by its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from relaion.errors import ListError
from relaion.lists.readers.format import OF_FILE, Options
from relaion.lists.readers.lines.prose import ASKED, DENIED, TOLD, read_prose
from relaion.lists.readers.lines.titles import LONGEST_TITLE
from relaion.lists.readers.tables.decisions import is_ignored
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.values import could_be_value
from relaion.lists.values import told as say

_TITLES = words_in("{names_of_titles}")
_HARMLESS = re.compile(
    r"(?i)\b(?:exchanges?|feeds?|sharing|hotlines?|protection)\b"
    r"|\b(?:for example|e\.g\.|tested (?:by|on|with))"
)
"""What lists are called after, and decides nothing in a title."""
_NOWHERE = -1
_NOT_UNDERSTOOD = (
    "words of field {name} that nobody here understood: {n:,}; look whether they take something "
    "back or say that nothing is listed; --ignore title leaves this out"
)
_ASKED = (
    "{name} in it speaks of entries in words that may take some of them back: if it does not, say "
    "--ignore title; if it does, leave out what it takes back in a copy"
)
_DENIED = (
    "{name} in it says that entries are not listed: leave it and what it takes back out of a copy, "
    "or that field alone where they are"
)


def judge_titles(said: Iterable[tuple[str, str]], options: Options) -> list[str]:
    """Notices of titles that are not understood; `said` are names of fields and their texts.

    Raises ListError where one speaks of some of the entries.
    """
    is_denial_only = OF_FILE in options.ignore
    told: dict[str, set[str]] = {}
    for name, text in said:
        if names.squeezed(name) not in _TITLES or is_ignored(options, name, _NOWHERE):
            continue
        says = read_title(name, text)
        if says == DENIED:
            raise ListError(_DENIED.format(name=say(name)))
        if is_denial_only:
            continue
        if says == ASKED:
            raise ListError(_ASKED.format(name=say(name)))
        if says == TOLD:
            told.setdefault(name, set()).add(text)
    return [_NOT_UNDERSTOOD.format(name=say(name), n=len(some)) for name, some in told.items()]


def read_title(name: str, text: str) -> str | None:
    """Whether a title is to be told of or asked about; None for one that is understood."""
    bare = text.strip()
    if not 0 < len(bare) <= LONGEST_TITLE or "://" in bare or could_be_value(bare):
        return None
    if re.fullmatch(r"\S*[\d._/@:-]\S*", bare) and re.search(r"\d|[/@:]", bare):
        return None  # a number of a batch, a version, a path
    if names.squeezed(name) == "name" and _is_name(bare):
        return None
    return read_prose(_HARMLESS.sub(" ", re.sub(r"_+", " ", bare)))


def _is_name(text: str) -> bool:
    """Whether each long word has a capital, as in the names of agencies."""
    told = re.findall(r"[^\W\d_]+", text)
    return bool(told) and all(w[0].isupper() for w in told if len(w) > 3)
