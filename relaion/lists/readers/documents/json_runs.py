"""Runs of records that are written alike: found in a text, and learned from what stands in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from relaion.lists.readers.documents.json_alike import AlikeRecords, RecordShape, is_bare
from relaion.lists.readers.documents.json_grammar import (
    ObjectNode,
    UnlikeError,
    merged,
    tree_of,
)
from relaion.lists.readers.documents.json_patterns import shape_of

LEARN_AFTER = 200  # records; of a file with fewer nothing need be learned
_FIRST = 24  # records of which the first shape is made
_MOST_SHAPES = 12
_LEARNED = 1_500_000  # characters of records that are learned from, which takes some time
_LEAST = 500  # characters that a record counts as
_SHORTEST, _LONGEST = 1 << 15, 1 << 17  # characters that are looked at at once
_FEW = 8  # records of a run
_MANY = 50  # records of another kind, after which those of a shape are no longer most
_PAUSE = 500  # records that are read one by one where runs are short


@dataclass
class AlikeReading:
    """The records of one reader: those of a shape are read at once, and others are learned from.

    `left` is how many are to be read one by one before a run is tried again.
    """

    made: Callable[[list[tuple[str, Any]]], Any]
    shape: RecordShape | None = None
    left: int = 0
    _tree: ObjectNode | None = None
    _seen: int = 0
    _learned: int = 0
    _waiting: int = 0  # records that were learned from since the last shape was made
    _unlike: int = 0  # others
    _shapes: int = 0
    _window: int = _SHORTEST
    _pause: int = 0
    _text: str = ""
    _is_bare: bool = True

    def runs(self, text: str, at: int, between: str) -> Iterator[tuple[AlikeRecords, int]]:
        """Runs of records that begin at `at`, and where each ends."""
        if text is not self._text:
            self._text, self._is_bare = text, is_bare(text)
        while self.shape and not self.left:
            end = min(len(text), at + self._window)
            found, after = self.shape.run(text, at, end, between, is_bare=self._is_bare)
            n, rest = len(found), end - after
            is_cut = rest * n <= 2 * (after - at) if n else False  # the next, and no more
            if n:
                at = after
                yield found, at
            if end == len(text) and (is_cut or rest < _SHORTEST):
                return
            if n >= _FEW:
                self._unlike = 0
            if is_cut:
                self._pause, self._window = 0, min(_LONGEST, self._window * 2)
                continue
            self._window = max(_SHORTEST, self._window // 2)
            self._pause = 0 if n >= _FEW else min(_PAUSE, 2 * self._pause + 1)
            self.left = max(1, self._pause)

    def read(self, text: str, start: int, end: int) -> None:
        """Take note of a record that was read by itself."""
        self._seen += 1
        self.left -= self.left > 0
        if self._seen <= LEARN_AFTER or self._learned >= _LEARNED:
            return
        self._learned += max(_LEAST, end - start)
        try:
            self._learn(tree_of(text[start:end]))
        except (UnlikeError, IndexError):  # too large, or of another kind than those before it
            self._unlike += 1

    def _learn(self, tree: ObjectNode) -> None:
        if self._tree is None or self._unlike > max(self._waiting, _MANY if self.shape else 0):
            self._tree, self._waiting, self._unlike = tree, 1, 0  # of most records, perhaps
        else:
            found = merged(self._tree, tree, is_root=True)
            if found == self._tree and self.shape and not self._waiting:
                return  # it is alike, and was read by itself for another reason
            self._tree = found if isinstance(found, ObjectNode) else self._tree
            self._waiting += 1
        if self._waiting >= (1 << self._shapes if self._shapes else _FIRST):
            self._waiting, self._shapes = 0, self._shapes + 1
            self._learned = _LEARNED if self._shapes >= _MOST_SHAPES else self._learned
            self.shape = shape_of(self._tree, self.made)
            self.left = self._pause = 0
