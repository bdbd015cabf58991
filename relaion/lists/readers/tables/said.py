"""What a word says of its record, and what the words of many records say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class WordSays:
    """What a word decides.

    `fate` is why the record brings no entry, or None; `kinds` what its value is, where the word
    names that; `unusable` the algorithm whose digests nothing here can meet. `is_sure` is false
    where nobody here knows what the word means, `is_chosen` where `--where` names others.
    """

    fate: str | None = None
    kinds: tuple[str, ...] = ()
    unusable: str = ""
    is_sure: bool = True
    is_chosen: bool = True
    media: str | None = None


COUNTS, UNSURE = WordSays(), WordSays(is_sure=False)


class CellsSay(list[WordSays]):
    """What each cell of a column says; `each` are those among it that differ."""

    def __init__(self, said: Iterable[WordSays], each: Iterable[WordSays]) -> None:
        super().__init__(said)
        self.each = [*{id(says): says for says in each}.values()]


def differing(said: Sequence[WordSays]) -> Collection[WordSays]:
    """What cells say, each word once."""
    return said.each if isinstance(said, CellsSay) else {id(says): says for says in said}.values()
