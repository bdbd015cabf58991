"""What must stand in a text that a pattern finds: parts of words, one of which it has.

Most texts hold none of them, and so need not be searched.
"""

from __future__ import annotations

import re
import re._constants as ops  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

Fragment = tuple[str, bool, bool]
"""A part of a word; whether the word begins, and ends, with it."""

_KNOWN, _OF_EDGE = 100, 3  # how much a known word tells, and an edge, as letters do
_MOST = 4000  # ways of writing a part of a pattern that are written out
_EDGE = "\0"  # an edge of a word, or of the text
_ZERO_WIDE = (ops.ASSERT, ops.ASSERT_NOT)
_REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT)
_PARTS = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Fragments:
    """Finds parts of words; those that are `known` words go before all others."""

    known: Container[str] = ()

    def of(self, pattern: str) -> set[Fragment] | None:
        """Parts of words, without case, of which any text has one that a pattern finds; else None.

        A word is letters and digits.
        """
        return self._needed([*parser.parse(pattern)], begins=False, ends=False)

    def _needed(self, items: Sequence[Any], *, begins: bool, ends: bool) -> set[Fragment] | None:
        """The best of what each part of a sequence needs; an edge may stand at its ends."""
        found: list[set[Fragment]] = []
        run = [_EDGE if begins else ""]
        written = [_written(item) for item in items]
        for at, (item, texts) in enumerate(zip(items, written, strict=True)):
            if texts is not None and len(texts) * len(run) <= _MOST:
                run = [before + text for before, text in product(run, texts)]
                continue
            follows = written[at + 1] if at + 1 < len(items) else ([_EDGE] if ends else None)
            inner = self._within(
                item, begins=all(map(_ends_in_edge, run)),
                ends=bool(follows) and all(map(_begins_with_edge, follows or ())),
            )  # fmt: skip
            found += [*self._of_texts(run), *([inner] if inner else [])]
            run = texts if texts is not None else [""]
        found += self._of_texts([text + _EDGE * ends for text in run])
        return max(found, key=lambda some: min(map(self._weight, some)), default=None)

    def _within(self, item: Any, *, begins: bool, ends: bool) -> set[Fragment] | None:
        op, value = item
        if op is ops.SUBPATTERN:
            return self._needed([*value[3]], begins=begins, ends=ends)
        if op is ops.BRANCH:
            each = [self._needed([*some], begins=begins, ends=ends) for some in value[1]]
            known = [some for some in each if some is not None]
            return set().union(*known) if len(known) == len(each) else None
        if op in _REPEATS and value[0] > 0:
            return self._needed([*value[2]], begins=False, ends=False)
        return None

    def _of_texts(self, texts: Sequence[str]) -> list[set[Fragment]]:
        """The part of each text that tells most; nothing where one has none."""
        best: set[Fragment] = set()
        for text in texts:
            parts = [(p[0], p.start() > 0, p.end() < len(text)) for p in _PARTS.finditer(text)]
            if not parts:
                return []
            best.add(max(parts, key=self._weight))
        return [best]

    def _weight(self, fragment: Fragment) -> int:
        text, begins, ends = fragment
        is_known = begins and ends and text in self.known
        return _KNOWN if is_known else len(text) + _OF_EDGE * (begins + ends)


def _written(item: Any) -> list[str] | None:
    """All that a part of a pattern finds, where that can be written out."""
    op, value = item
    found: list[str] | None = None
    if op is ops.LITERAL:
        found = [chr(value).casefold()]
    elif op is ops.AT:
        found = [""] if value is ops.AT_NON_BOUNDARY else [_EDGE]
    elif op in _ZERO_WIDE:
        found = [""]
    elif op is ops.IN and all(kind is ops.LITERAL for kind, _ in value):
        found = [chr(sign).casefold() for _, sign in value]
    elif op is ops.SUBPATTERN:
        found = _all_written(value[3])
    elif op is ops.BRANCH:
        each = [_all_written(some) for some in value[1]]
        found = None if None in each else [text for some in each for text in some or ()]
    elif op in _REPEATS and value[:2] == (0, 1):
        texts = _all_written(value[2])
        found = None if texts is None else ["", *texts]
    return found


def _all_written(items: Iterable[Any]) -> list[str] | None:
    found = [""]
    for item in items:
        texts = _written(item)
        if texts is None or len(texts) * len(found) > _MOST:
            return None
        found = [before + text for before, text in product(found, texts)]
    return found


def _ends_in_edge(text: str) -> bool:
    return bool(text) and not text[-1].isalnum()


def _begins_with_edge(text: str) -> bool:
    return bool(text) and not text[0].isalnum()
