"""Which of many notes surely say nothing of their rows: a quick look at all their words at once.

Each different word is looked at once: whether it is one of ours, or part of what one of our
patterns finds (`fragments.py`). A note of other words needs no reading, and nearly all are such.
What is not surely quiet is read as ever, so this look decides nothing: a note that it passes is one
of which `read_cell` says nothing, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence, Set
from functools import cache, lru_cache
from itertools import pairwise

from relaion.lists.readers.tables import notes
from relaion.lists.readers.tables.decisions import MEDIA_WORDS, UNUSABLE
from relaion.lists.readers.tables.remark_of_cell import of_media
from relaion.lists.readers.vocabulary import denials, shown
from relaion.lists.readers.vocabulary.denials import denied_by
from relaion.lists.readers.vocabulary.fragments import Fragment, Fragments
from relaion.lists.readers.vocabulary.media import CODECS, media_of_file, names_codec
from relaion.lists.readers.vocabulary.spelling import words_in

_WORDS = re.compile(r"[^\W_]+")
_LONGEST = 2000  # characters; of longer ones only the beginning is read
_IN_SENTENCES = re.compile(r"[.;!]\s+\S|!")
"""In such a text a sentence may be left out, and what stood around it beside each other."""
_DIGITS = 5  # of the longest number that is, or begins, one of our words
_FEW = 16  # notes, of which each is read

Search = Callable[[str], object]
_READ = -1
"""Of a word: its note is to be read."""


_OF_MEDIA = MEDIA_WORDS | CODECS
"""Words that decide only where they are all of a note, or all between two commas."""


@cache
def _ours() -> frozenset[str]:
    """The words that decide anything in a note, whole ones, those in several among them."""
    of_sentences = words_in("lookup keine aucun aucune sin nessun")
    return frozenset(notes.TELLING | denials.TELLING | shown.TELLING | of_sentences)


@cache
def _beginnings() -> frozenset[str]:
    words = _ours() | _OF_MEDIA
    return frozenset(word[:n] for word in words for n in range(1, len(word) + 1))


def _anchored(pattern: re.Pattern[str]) -> str:
    return rf"\A(?:{pattern.pattern})"


@cache
def _patterns() -> tuple[tuple[tuple[str, ...], int], ...]:
    """Patterns that notes are searched with, and the search that tells whether one is found."""
    return (
        ((notes.LEFT_LIST.pattern,), _READ), ((notes.OF_AGE.pattern,), 0),
        ((_anchored(notes.FORBIDS),), 1),
        ((denials.IN_LINES.pattern, denials.IN_NOTES.pattern), 2),
        ((_anchored(denials.FORBIDS) + r"\Z",), 2),
    )  # fmt: skip


_SEARCHES: tuple[Search, ...] = (
    lambda cell: notes.OF_AGE.search(cell.casefold()),
    lambda cell: notes.FORBIDS.match(cell.casefold()),
    denied_by,
    lambda cell: of_media(cell, alone=False) or names_codec(cell),
)
_MEDIA = len(_SEARCHES) - 1


@cache
def _fragments() -> tuple[dict[str, frozenset[int]], list[tuple[Fragment, int]]]:
    """Fragments that are whole words, and the others, with the searches that they ask for."""
    whole: dict[str, frozenset[int]] = {}
    others: list[tuple[Fragment, int]] = []
    for texts, search in _patterns():
        for text in texts:
            found = Fragments(_ours()).of(text)
            if found is None:
                raise ValueError(f"nothing must stand in what this finds: {text[:60]}")
            for fragment in found:
                part, begins, ends = fragment
                if begins and ends:
                    whole[part] = whole.get(part, frozenset()) | {search}
                elif part.isascii():
                    others.append((fragment, search))
    return whole, others


@lru_cache(1 << 16)
def _searches_of(word: str) -> frozenset[int]:
    """What is to be searched for in a note that holds this word."""
    if word in _ours():
        return frozenset((_READ,))
    whole, others = _fragments()
    found = {
        search for (part, begins, ends), search in others
        if part in word
        and (not begins or word.startswith(part)) and (not ends or word.endswith(part))
    }  # fmt: skip
    found |= {_MEDIA} if word in _OF_MEDIA else frozenset()
    return whole.get(word, frozenset()) | found


def not_quiet(cells: Collection[str]) -> list[str]:
    """The notes that may say something of their rows; all where they are few."""
    if len(cells) < _FEW:
        return [*cells]
    words = {*_WORDS.findall("\n".join(cells).casefold())}
    loud = {word for word in words if not _is_number(word) and _searches_of(word)}
    return [cell for cell in cells if not _is_quiet(cell, loud)]


def _is_number(word: str) -> bool:
    """Whether a word is a number that nothing speaks of; very many differ."""
    return len(word) > _DIGITS and word.isdigit()


def _is_quiet(cell: str, loud: Set[str]) -> bool:
    """Whether a note surely says nothing; `loud` are the words that ask for a search."""
    if not cell.isascii() or len(cell) > _LONGEST or _IN_SENTENCES.search(cell):
        return False
    words = _WORDS.findall(cell.casefold())
    if UNUSABLE.fullmatch("".join(words)) or _make_one(words):
        return False
    if not denials.FILLERS.isdisjoint(words) and _make_one(
        [word for word in words if word not in denials.FILLERS]
    ):
        return False
    if _may_be_of_file(cell) or notes.read_until(cell) is not None:
        return False
    asked = frozenset[int]().union(*map(_searches_of, loud & {*words}))
    return _READ not in asked and not any(_SEARCHES[i](cell) for i in asked)


def _may_be_of_file(cell: str) -> bool:
    """Whether a note may name a file that is no picture, a folder, or what a file is of."""
    if "." in cell and media_of_file(cell) is not None:
        return True
    return "/" in cell and bool(of_media(cell, alone=False) or "." in cell or "\\" in cell)


def _make_one(words: Sequence[str]) -> bool:
    """Whether words beside each other make one of ours."""
    begin = _beginnings()
    for i, (first, second) in enumerate(pairwise(words), 2):
        if first not in begin:
            continue
        whole, end = first + second, i
        while whole in begin:
            if whole in _ours() or whole in _OF_MEDIA:
                return True
            if end == len(words):
                break
            whole, end = whole + words[end], end + 1
    return False
