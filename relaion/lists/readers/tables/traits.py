"""What rows of a table say beside their entries: the giver's id of each, and its traits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from relaion.lists.readers import why
from relaion.lists.readers.format import NO_TRAIT, Trait
from relaion.lists.readers.tables.cells import Cells
from relaion.lists.readers.tables.columns import ListColumn
from relaion.lists.readers.tables.decisions import KNOWN_GOOD_CATEGORY, DecidingColumn
from relaion.lists.readers.tables.said import WordSays, differing
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.of_what import is_of_what
from relaion.lists.values import could_be_value

Decided = Sequence[tuple[DecidingColumn, list[WordSays]]]

_DAY = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")
_NUMBER = re.compile(r"[+-]?\d{1,10}(?:[.,]\d{1,6})?%?")


def ids_of(columns: Sequence[ListColumn], cells: Cells) -> list[str | None] | None:
    """The giver's id of each row, None where it has none; None without a column of ids."""
    ids = [c for c in columns if c.what == names.ID]
    if not ids:
        return None
    best = min(ids, key=lambda c: (c.word == "id", c.index))
    return [cell or None for cell in cells[best.index]]


def traits_of(columns: Sequence[ListColumn], cells: Cells, decided: Decided) -> list[Trait] | None:
    """What each row says of its entry; None where no column tells any."""
    places = {c.what: c.index for c in columns if c.what in names.TRAITS}
    for decider, _ in decided:
        if decider.what == names.CATEGORY:
            places.setdefault(names.SEVERITY, decider.index)
    told: dict[str, Sequence[str]] = {what: cells[at] for what, at in places.items()}
    for _, said in decided:
        if any(s.media for s in differing(said)):
            told["media"] = [s.media or "" for s in said]
    if not told:
        return None
    is_one = len(told) == 1
    rows = next(iter(told.values())) if is_one else [*zip(*told.values(), strict=True)]
    known: dict[Any, Trait] = {}
    for values in cells.each(*places.values()) if is_one and places else {*rows}:
        each = zip(told, (values,) if is_one else values, strict=True)
        given = {f: trait_text(f, v) for f, v in each}
        known[values] = replace(NO_TRAIT, **{f: v for f, v in given.items() if v})
    return [*map(known.__getitem__, rows)]


def good_of(
    deciders: Sequence[DecidingColumn], cells: Cells, fates: Mapping[int, str]
) -> frozenset[int]:
    """Of rows that were not chosen, those of the category that is known good to some."""
    numbered = (
        cells[d.index] for d in deciders if d.what == names.CATEGORY and d.chosen is not None
    )
    return frozenset(
        i
        for column in numbered
        for i, cell in enumerate(column)
        if cell.strip() == KNOWN_GOOD_CATEGORY and fates.get(i) == why.NOT_CHOSEN
    )


def kinds_of(
    decided: Decided,
) -> Callable[[int, tuple[str, ...]], tuple[str, ...]] | None:
    """What the value of a row is, where its column holds some kinds; None where no column tells.

    A digest of a link is by the algorithm that its row or its column names.
    """
    types = next(
        (
            said
            for d, said in decided
            if d.what == names.TYPE and any(s.kinds for s in differing(said))
        ),
        None,
    )
    of = next(
        (
            said
            for d, said in decided
            if is_of_what(d.word) and any(s.kinds for s in differing(said))
        ),
        None,
    )

    def kinds(row: int, held: tuple[str, ...]) -> tuple[str, ...]:
        found = (types[row].kinds if types else ()) or held
        if not of or not of[row].kinds:
            return found
        return tuple(dict.fromkeys(kind.replace("image_", "url_") for kind in found))

    return kinds if types or of else None


def trait_text(what: str, text: str) -> str | None:
    """What a giver says, as the store may hold it: a day, a number or words, never an entry."""
    if what in (names.FIRST, names.LAST) and (day := _DAY.match(text)):
        return day[0]
    if _NUMBER.fullmatch(text):
        return text
    return None if could_be_value(text) else text[:80]
