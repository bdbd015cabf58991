"""Media of VICS that are written alike, by column: what nearly all of them are, and which are not.

A medium has texts, files that are the picture itself, and hashes by algorithms of which each has a
column of its own. Of such nothing is special; all others are told apart here, and read one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from relaion.lists.readers.documents.json_alike import (
    ANY_NAME,
    AlikeRecords,
    LeafPlace,
    RecordShape,
)
from relaion.lists.readers.documents.json_rows import text_of
from relaion.lists.readers.documents.vics_media import (
    PICTURES,
    has_other_md5,
    hash_in,
    listed,
    may_be_film,
)
from relaion.lists.readers.vocabulary.media import media_of_file

_CONTAINERS = frozenset((dict, list))
_SHAPES = 1000  # of media that are told apart; others are read with care
_HASH = {"HashName", "HashValue"}
_SEVERAL = 2


@dataclass
class MediaPlan:
    """Where the fields of media that have the same names go: those of a row, files and hashes."""

    category: str
    fields: list[str] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)  # of each field, -1 for none
    files: str = ""
    hashes: str = ""
    paths: tuple[str, ...] = ()

    def values(self, medium: Mapping[str, Any]) -> list[Any] | None:
        """The values of the fields, or the only one in an array; None where one holds others."""
        found = [medium[name] for name in self.fields]
        if list in map(type, found) and type(medium.get(self.category)) is not list:
            found = [(x or ("",))[0] if type(x) is list and len(x) < _SEVERAL else x for x in found]
        return found if _CONTAINERS.isdisjoint(map(type, found)) else None

    def shape(self, medium: Mapping[str, Any]) -> Hashable:
        """What two media share whose fields are the same columns; None for one with more in it."""
        if self.values(medium) is None:
            return None
        if self.paths and may_be_film(medium, self.paths):
            return None
        hashes = listed(medium[self.hashes]) if self.hashes else ()
        told = [hash_in(each)[0] for each in hashes]
        return None if "" in told else (tuple(medium), *told)

    def fits(self, shape: RecordShape) -> bool:
        """Whether media of a shape have texts where they should, and hashes as VICS writes them."""
        told = {*self.fields, *self.paths}
        for leaf in shape.leaves:
            name, *rest = leaf.place
            is_there = bool(leaf.is_text) and leaf.group >= 0
            is_array = name in self.fields and name != self.category and is_of_array(leaf)
            if name in told and (rest or leaf.group < 0) and not is_array:
                return False
            if name == self.hashes and rest:
                is_hash = len(rest) == len(_HASH) and rest[0] != -1 and rest[1] in _HASH
                if not is_hash or not is_there or type(rest[0]) is str:
                    return False
            is_none = leaf.group >= 0 or leaf.is_text  # null, as is looked at, or an empty array
            if name == self.hashes and not rest and (is_there or not is_none):
                return False
            if name == self.files and rest and type(rest[0]) is str:
                return False
        return True


def is_of_array(leaf: LeafPlace) -> bool:
    """Whether a leaf is an array that holds nothing, or a text, a number or a word in one."""
    if len(leaf.place) == 1:
        return leaf.group < 0 and leaf.is_text
    _, *rest = leaf.place
    return leaf.group >= 0 and len(rest) == 1 and rest[0] != ANY_NAME and type(rest[0]) is int


@dataclass
class AlikeMedia:
    """What is kept of media of a shape: how they are read, and which of them were looked at."""

    shape: RecordShape
    plan: MediaPlan | None
    met: set[Hashable] = field(default_factory=set)

    def are_met(self, media: AlikeRecords) -> bool:
        """Whether media with the same fields as each of these were looked at before."""
        told = told_shapes(media, self.plan) if self.plan else None
        return told is not None and told <= self.met

    def meet(self, media: AlikeRecords) -> None:
        """Take note of media that were looked at."""
        told = told_shapes(media, self.plan) if self.plan and len(self.met) < _SHAPES else None
        self.met |= told or set()

    def categories(self, media: AlikeRecords) -> list[str]:
        """The category of each, empty for none."""
        place = (self.plan.category,) if self.plan else ()
        return [(text or "").strip() for text in media.at(place, text_of)]


def hash_numbers(media: AlikeRecords, plan: MediaPlan) -> list[int]:
    """Which hashes media of a shape may have, by their numbers."""
    told = {place[1] for place in media.shape.by_place if place[0] == plan.hashes and place[1:]}
    return sorted(n for n in told if isinstance(n, int))


def told_shapes(media: AlikeRecords, plan: MediaPlan) -> set[Hashable] | None:
    """What tells media apart that have fields of their own; None where one is to be looked at."""
    if films(media, plan) or not _are_hashes(media, plan):
        return None
    hashes = [media.at((plan.hashes, i, "HashName"), text_of) for i in hash_numbers(media, plan)]
    if any("" in some for some in hashes):
        return None
    varied = [[*map(bool, media.column(group))] for group in media.shape.varied]
    return {*zip(*varied, *hashes, strict=True)} if varied or hashes else {()}


def films(media: AlikeRecords, plan: MediaPlan) -> set[int]:
    """Which media lay under a name that says that they are no pictures."""
    found: set[int] = set()
    for name in plan.paths:
        for leaf in media.shape.by_place.get((name,), ()):
            texts = media.texts(leaf, text_of) if leaf.is_text else ()
            said = {text for text in texts if text and text[-4:].lower() not in PICTURES}
            told = {text for text in said if media_of_file(text)}
            found.update(i for i, text in enumerate(texts) if text in told) if told else None
    return found


def _are_hashes(media: AlikeRecords, plan: MediaPlan) -> bool:
    """Whether what stands in the place of all hashes is nothing, and each has both its fields."""
    for leaf in media.shape.by_place.get((plan.hashes,), ()):
        if leaf.group >= 0 and any(x is not None for x in media.texts(leaf, text_of)):
            return False
    for i in hash_numbers(media, plan):
        names, values = (media.at((plan.hashes, i, name), text_of) for name in sorted(_HASH))
        if [x is None for x in names] != [x is None for x in values]:
            return False
    return True


@dataclass
class MediaRows:
    """The rows of media by column, in the order of the fields of all; `md5` is the place of theirs.

    `place_of` is that of the hashes of an algorithm, -1 for none. `joined` makes one text of those
    of an array, in a column; None where they are several rows.
    """

    width: int
    md5: int
    place_of: Callable[[str], int]
    joined: Callable[[int, Sequence[str]], str | None]

    def read(
        self, media: AlikeRecords, plan: MediaPlan
    ) -> tuple[list[Sequence[str]], set[int]] | None:
        """The columns, and which rows are to be read one by one; None where all are."""
        n = len(media)
        if -1 in plan.columns or (plan.files and self.md5 < 0) or not _are_hashes(media, plan):
            return None
        found: list[Sequence[str]] = [[""] * n] * self.width
        special = films(media, plan)
        for name, at in zip(plan.fields, plan.columns, strict=True):
            within = (place for place in media.shape.by_place if place[0] == name)
            places = sorted({(name,), *within})
            texts = [media.at(place, text_of) for place in places]
            found[at] = (
                [x or "" for x in texts[0]]
                if len(texts) == 1
                else self._of_arrays(texts, at, special)
            )
        if plan.files:
            special |= self._other_files(media, plan, found[self.md5])
        written = {*plan.columns}
        for i in hash_numbers(media, plan):
            names = media.at((plan.hashes, i, "HashName"), text_of)
            values = media.at((plan.hashes, i, "HashValue"), text_of)
            special |= self._put(names, values, found, written)
        return found, special

    def _of_arrays(
        self, texts: Sequence[Sequence[str | None]], at: int, special: set[int]
    ) -> list[str]:
        """What stands in a column, where media have an array in its field; adds to the special."""
        rows = [*zip(*texts, strict=True)]
        told = {row: self.joined(at, [*filter(None, row)]) for row in {*rows}}
        special.update(i for i, row in enumerate(rows) if told[row] is None)
        return [told[row] or "" for row in rows]

    def _put(
        self,
        names: Sequence[str | None],
        values: Sequence[str | None],
        found: list[Sequence[str]],
        written: set[int],
    ) -> set[int]:
        """Write hashes into their columns; which rows have one that has no place of its own."""
        places = {name: self.place_of(name) for name in {*names} if name is not None}
        at = next(iter(places.values()), -1)
        if len({*names}) == 1 and at >= 0 and at not in written and all(values):
            found[at] = [x for x in values if x]
            written.add(at)
            return set()
        special: set[int] = set()
        for place in {*places.values()} - {-1}:
            found[place] = [*found[place]]
            written.add(place)
        for i, (name, value) in enumerate(zip(names, values, strict=True)):
            place = places[name] if name is not None else -1
            if name is None:
                continue
            if place < 0 or not value or found[place][i]:
                special.add(i)
            else:
                found[place][i] = value  # type: ignore[index]
        return special

    def _other_files(self, media: AlikeRecords, plan: MediaPlan, md5s: Sequence[str]) -> set[int]:
        """Which media have files that are not they themselves, under the name of a picture."""
        special: set[int] = set()
        places = [place for place in media.shape.by_place if place[0] == plan.files]
        for place in places:
            if len(place) == 1:  # nothing, or something that is no file
                for leaf in media.shape.by_place[place]:
                    is_array = leaf.group < 0 and leaf.is_text
                    texts = () if is_array else media.texts(leaf, text_of)
                    special.update(i for i, x in enumerate(texts) if x is not None)
        for number in sorted({place[1] for place in places if len(place) > 1}, key=str):
            there = self._there(media, places, number)
            files = [media.at((plan.files, number, name), text_of) for name in ("MD5", "FileName")]
            named = {place[2] for place in places if place[1:2] == (number,) and place[2:]}
            if "MD5" not in named and not has_other_md5(named):
                files[0] = md5s  # none of them has one
            are_texts = all(
                leaf.is_text
                for name in ("MD5", "FileName")
                for leaf in media.shape.by_place.get((plan.files, number, name), ())
            )
            if (
                are_texts
                and all(there)
                and (
                    [*files[0]] == [*md5s]
                    and {x.lower() for x in {(x or "")[-4:] for x in files[1]}} <= PICTURES
                )
            ):
                continue
            for i, (is_there, md5, name, own) in enumerate(zip(there, *files, md5s, strict=True)):
                is_it = are_texts and md5 == own and (name or "")[-4:].lower() in PICTURES
                if is_there and not is_it:
                    special.add(i)
        return special

    @staticmethod
    def _there(
        media: AlikeRecords, places: Sequence[tuple[str | int, ...]], number: str | int
    ) -> Sequence[bool]:
        """Which media have a file of this number."""
        found = [False] * len(media)
        for place in places:
            for leaf in media.shape.by_place[place] if place[1:2] == (number,) else ():
                if (there := media.there(leaf)) is None:
                    return [True] * len(media)
                found = [x or y for x, y in zip(found, there, strict=True)]
        return found
