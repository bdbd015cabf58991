"""The fields of many records by column: each with the words of every record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any, Generic, TypeVar

Row = Mapping[str, Sequence[str]]
"""A record by its fields, each with its words; a field that it has not is not in it."""
Words = Sequence[Sequence[str]]
T = TypeVar("T")
S = TypeVar("S")
K = TypeVar("K")
V = TypeVar("V")


_FEW = 50  # things that are looked for one by one


def _numbered(number: Mapping[K, int], keys: Sequence[K]) -> list[int]:
    return [*map(number.__getitem__, keys)]


@dataclass(frozen=True)
class SharedThings(Generic[T]):
    """Things of records, of which many share one: `each` of them, and which of these each has."""

    each: Sequence[T]
    at: Sequence[int]

    @classmethod
    def of(cls, things: Sequence[T]) -> SharedThings[T]:
        """The same things, told apart by their identity, in the order in which they are met."""
        keys = [*map(id, things)]
        number = dict(zip(dict.fromkeys(keys), count(), strict=False))
        if len(number) > _FEW:
            return cls([*dict(zip(keys, things, strict=True)).values()], _numbered(number, keys))
        return cls([things[keys.index(key)] for key in number], _numbered(number, keys))

    def map(self, made: Callable[[T], S]) -> SharedThings[S]:
        """What is made of each."""
        return SharedThings([*map(made, self.each)], self.at)

    def fewer(self) -> SharedThings[T]:
        """The same, where several of these are one."""
        told = SharedThings.of(self.each)
        if len(told.each) == len(self.each):
            return self
        return SharedThings(told.each, [*map(told.at.__getitem__, self.at)])

    def all(self) -> list[T]:
        """What each record has."""
        return [*map(self.each.__getitem__, self.at)]

    def where(self, chosen: Callable[[T], bool]) -> Iterator[int]:
        """The records that have one of the chosen."""
        mine = {k for k, one in enumerate(self.each) if chosen(one)}
        return (i for i, k in enumerate(self.at) if k in mine) if mine else iter(())


@dataclass(frozen=True)
class FieldColumns:
    """The fields of `n` records. Of those in `one` each record has one word.

    Of those in `several` a record may have any number of words, and none.
    """

    n: int
    one: Mapping[str, Sequence[str]] = field(default_factory=dict)
    several: Mapping[str, Words] = field(default_factory=dict)
    _first: dict[str, Sequence[str]] = field(default_factory=dict, init=False, compare=False)

    @classmethod
    def of_rows(cls, rows: Sequence[Row], names: Iterable[str] | None = None) -> FieldColumns:
        """Those of records by row: all of them, or these."""
        one: dict[str, Sequence[str]] = {}
        several: dict[str, Words] = {}
        for name in dict.fromkeys(chain.from_iterable(rows)) if names is None else names:
            words = [row.get(name, ()) for row in rows]
            if all(len(some) == 1 for some in words):
                one[name] = [some[0] for some in words]
            else:
                several[name] = words
        return cls(len(rows), one, several)

    @property
    def names(self) -> list[str]:
        """The fields that any record has."""
        return [*self.one, *self.several]

    def words(self, name: str) -> Words:
        """The words of a field; none where a record has it not."""
        if name in self.one:
            return [*zip(self.one[name], strict=True)]
        return self.several.get(name) or [()] * self.n

    def first(self, name: str) -> Sequence[str]:
        """The first word of a field that is not blank; empty where there is none."""
        if name not in self._first:
            self._first[name] = self._found_first(name)
        return self._first[name]

    def _found_first(self, name: str) -> Sequence[str]:
        if name in self.one:
            return [*map(str.strip, self.one[name])]
        if name not in self.several:
            return [""] * self.n
        return [first_of(words) for words in self.several[name]]

    def cut(self, at: int) -> tuple[FieldColumns, FieldColumns]:
        """The records before one, and the rest."""
        before = FieldColumns(
            at,
            {name: words[:at] for name, words in self.one.items()},
            {name: words[:at] for name, words in self.several.items()},
        )
        rest = FieldColumns(
            self.n - at,
            {name: words[at:] for name, words in self.one.items()},
            {name: words[at:] for name, words in self.several.items()},
        )
        return before, rest


def first_of(words: Sequence[str]) -> str:
    """The first of some words that is not blank."""
    return next((word for each in words if (word := each.strip())), "")


def in_batches(found: Iterable[FieldColumns], most: int) -> Iterator[FieldColumns]:
    """The same records, as many at once."""
    held: list[FieldColumns] = []
    n = 0
    for each in found:
        some = each
        while n + some.n >= most:
            before, some = some.cut(most - n)
            yield _joined([*held, before])
            held, n = [], 0
        if some.n:
            held.append(some)
            n += some.n
    if held:
        yield _joined(held)


def made_once(keys: Sequence[K], held: dict[K, V], made: Callable[[K], V], most: int) -> list[V]:
    """What is made of keys: each once, while no more than `most` are held."""
    new = {*keys}.difference(held)
    if len(held) + len(new) > most:
        held.clear()
        new = {*keys}
    held.update((key, made(key)) for key in new)
    return [*map(held.__getitem__, keys)]


def columns_in_batches(
    found: Iterable[Sequence[Sequence[Any]]], most: int
) -> Iterator[list[list[Any]]]:
    """Columns of the same kinds, those of so many records at once."""
    held: list[list[Any]] = []
    for columns in found:
        held = held or [[] for _ in columns]
        for mine, column in zip(held, columns, strict=True):
            mine.extend(column)
        while len(held[0]) >= most:
            yield [mine[:most] for mine in held]
            held = [mine[most:] for mine in held]
    if held and held[0]:
        yield held


def _joined(parts: Sequence[FieldColumns]) -> FieldColumns:
    if len(parts) == 1:
        return parts[0]
    one: dict[str, Sequence[str]] = {}
    several: dict[str, Words] = {}
    for name in dict.fromkeys(chain.from_iterable(part.names for part in parts)):
        if all(name in part.one for part in parts):
            one[name] = [*chain.from_iterable(part.one[name] for part in parts)]
        else:
            several[name] = [*chain.from_iterable(part.words(name) for part in parts)]
    return FieldColumns(sum(part.n for part in parts), one, several)
