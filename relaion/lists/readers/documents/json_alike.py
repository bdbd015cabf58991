"""Records of JSON that are written alike, as columns: one pattern of `re` reads a run of them.

The records of a file nearly all have the same names in the same order, and differ in their texts.
`json_grammar` learns from some of them how they are written, and makes a `RecordShape` of that: a
regular expression that nothing but such a record fits. Its names stand in it, so none can stand
twice, and what it fits is JSON. All else is read by the scanner of the standard library.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import groupby
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, NamedTuple, cast, overload

from relaion.errors import ListError
from relaion.lists.readers.documents.field_columns import SharedThings
from relaion.lists.readers.tables.cells import bounds

Groups = Callable[[int], Sequence[str]]  # what a group of a pattern holds, of all records of a run
Builds = Callable[[Groups, int], list[Any]]
Place = tuple[str | int, ...]
"""Where something stands in a record: names, and numbers of elements of arrays."""
ANY_NAME = -1
"""In a place: a name that differs from record to record, of an object that holds nothing else."""
_GROUP = re.compile(r"\(\?P<g([0-9]+)>")
_LOST = (
    "has records that were found, but not read to their ends; report this as a fault of relaion, "
    "and import nothing of it until then"
)
_MOST_PATTERNS = 12  # of a shape
_FEW_KINDS, _MOST_KINDS = 8, 5000  # of records
_BLANKS = r"[ \t\n\r]*+"
TEXT = "\0"
"""In a pattern: what may stand between quotes; no name holds such a sign."""
_PLAIN_TEXT = r'[^"]*+'  # where no escape stands, and no control sign
_ESCAPE = r'["/bfnrt]|u(?![dD])[0-9a-fA-F]{4}'
_ANY_TEXT = rf'[^"\\\x00-\x1f]*+(?:\\(?:\\|{_ESCAPE})[^"\\\x00-\x1f]*+)*+'
# where all escapes are such, and no quote is escaped but by the backslash before it
_QUOTED = r'[^"]*+(?:(?<=\\)"[^"]*+)*+'
_ESCAPED = re.compile(rf'(?:[^\\]*+\\(?:\\(?!")|{_ESCAPE}))*+[^\\]*+')
_FIRST_SIGN = 0x20
_PIECE = 1 << 18  # characters; more at once are pages of memory that are new each time
ABSENT: Any = object()
"""What a record has not."""


@dataclass(frozen=True, slots=True)
class LeafPlace:
    """Where a text, a number or a word of JSON stands, or an array or an object without anything.

    `group` is that of the pattern, -1 for what holds nothing: an array where `is_text`, else an
    object. It is there where the groups of `present` hold anything, and those of `missing` nothing.
    `is_name`: it is the name of what stands there.
    """

    place: Place
    group: int
    is_text: bool
    present: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    is_name: bool = False


class MemberPattern(NamedTuple):
    """A member of a record: its name, and the pattern of it, comma and all.

    `group` is the number that a group has which begins with it, where one is made.
    """

    name: str
    pattern: str
    group: int


@dataclass
class RecordShape:
    """How records are written that are alike: their leaves, and what makes objects of them.

    `pattern` finds such a record: its groups have numbers as names, in the order in which they are
    opened, and `TEXT` stands for what is between quotes. `names` are all that such a record may
    have, `required` those that each has, `varied` the groups that tell what some have and others
    not. `mark` stands once in each. `asked` are the groups that a reader asked for, some of all of
    its runs: of other ones nothing is taken out of a text.
    """

    pattern: str
    members: tuple[MemberPattern, ...]
    leaves: tuple[LeafPlace, ...]
    required: tuple[str, ...]
    varied: tuple[int, ...]
    mark: str
    build: Builds
    kept: dict[Any, Any] = field(default_factory=dict)  # whatever a reader makes of it, by itself
    asked: set[int] = field(default_factory=set)
    _compiled: dict[tuple[_Signs, frozenset[int]], re.Pattern[str]] = field(default_factory=dict)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All names that such a record may have."""
        return tuple(member.name for member in self.members)

    @cached_property
    def by_place(self) -> dict[Place, list[LeafPlace]]:
        """The leaves by where they stand; of several at one place a record has one at most."""
        found: dict[Place, list[LeafPlace]] = {}
        for leaf in self.leaves:
            found.setdefault(leaf.place, []).append(leaf)
        return found

    @cached_property
    def always(self) -> frozenset[int]:
        """The groups that hold something of each record."""
        return frozenset(x.group for x in self.leaves if not x.present and not x.missing)

    @cached_property
    def texts(self) -> frozenset[int]:
        """The groups that hold what is between quotes; others hold names, quotes and all."""
        return frozenset(x.group for x in self.leaves if x.is_text)

    def holds_within(self, name: str) -> bool:
        """Whether there is anything in what stands under a name."""
        return any(len(place) > 1 and place[0] == name for place in self.by_place)

    @cached_property
    def objects_at(self) -> frozenset[str]:
        """The names under which an object stands that may hold anything."""
        return frozenset(
            str(place[0]) for place in self.by_place
            if len(place) > 1 and (isinstance(place[1], str) or place[1] == ANY_NAME)
        )  # fmt: skip

    def run(
        self, text: str, at: int, end: int, between: str, *, is_bare: bool
    ) -> tuple[AlikeRecords, int]:
        """The records that stand behind each other from `at` on, and where the last of them ends.

        Nothing behind `end` is looked at. `is_bare`: in the text is no control sign.
        """
        window = text[at:end]
        if is_bare and ("\\" not in window or _ESCAPED.fullmatch(window)):
            is_escaped = "\\" in window
            signs = _Signs(between, _QUOTED if is_escaped else _PLAIN_TEXT, "\n" in window)
            found = self.cut(window, signs)
            if 2 * found.end > len(window) and found.are_all():
                return found, at + found.end
        found = self.cut(window, _Signs(between))
        return (found, at + found.end) if found.are_all() else (found.none(), at)

    def cut(self, window: str, signs: _Signs, *, whole: bool = False) -> AlikeRecords:
        """The records at the beginning of a text; what is taken out are all groups if `whole`."""
        groups = self._groups(signs, whole=whole)
        pattern = self._pattern(signs, groups)
        parts, step = pattern.split(window), pattern.groups + 1
        n, rest = len(parts) // step, parts[-2] or ""
        n, end = n - bool(rest), len(window) - len(rest)
        return AlikeRecords(self, n, parts, step, sorted(groups), window, end, signs)

    def _groups(self, signs: _Signs, *, whole: bool) -> frozenset[int]:
        """The groups to take out of a text: those that were asked for, or all."""
        asked = frozenset(self.asked)
        is_known = (signs, asked) in self._compiled or len(self._compiled) < _MOST_PATTERNS
        is_first = not self._compiled  # nobody asked for any before
        return asked | self._all if whole or is_first or not is_known else asked

    @cached_property
    def _all(self) -> frozenset[int]:
        return frozenset((*self.varied, *(x.group for x in self.leaves if x.group >= 0)))

    def between(self, free: frozenset[str]) -> list[int]:
        """The groups in which records differ that differ in more than what `free` have.

        What stands in a row between members of these names is one group, names and all.
        """
        found: list[int] = []
        parts: list[str] = []
        for is_free, some in groupby(self.members, lambda member: member.name in free):
            held = [*some]
            text = "".join(member.pattern for member in held)
            within = {*map(int, _GROUP.findall(text))}
            if is_free:
                found += within.intersection(self.varied)
            elif within:
                found.append(held[0].group)
                text = f"(?P<g{held[0].group}>{text})"
            parts.append(text)
        whole = "".join(member.pattern for member in self.members)
        self.pattern = self.pattern.replace(whole, "".join(parts))
        return sorted(found)

    def _pattern(self, signs: _Signs, groups: frozenset[int]) -> re.Pattern[str]:
        key = signs, groups
        if key not in self._compiled:

            def opened(found: re.Match[str]) -> str:
                return "(" if int(found[1]) in groups else "(?:"

            record = self.pattern.replace(TEXT, signs.text)
            self._compiled[key] = re.compile(
                rf"{_GROUP.sub(opened, record)}{signs.pattern}|([\s\S]++)"
            )
        return self._compiled[key]


@dataclass(frozen=True, slots=True)
class _Signs:
    """What signs a text of records holds: `between` these, and in a `text` between quotes.

    Where it is read by line, one end of a line stands behind each record, and so none within.
    """

    between: str
    text: str = _ANY_TEXT
    is_by_line: bool = False

    @property
    def pattern(self) -> str:
        """What stands behind a record."""
        if self.is_by_line:
            return rf" *+{self.between} *+(?:\n|\Z) *+"
        return rf"{_BLANKS}{self.between}{_BLANKS}"


def is_bare(text: str) -> bool:
    """Whether in a text is no control sign that is no end of a line."""
    return all(_is_bare(text[at : at + _PIECE]) for at in range(0, len(text), _PIECE))


def _is_bare(piece: str) -> bool:
    held = piece.encode("utf-8", "surrogateescape").replace(b"\n", b" ")
    return bounds(held)[0] >= _FIRST_SIGN


@dataclass
class AlikeRecords(Sequence[Any]):
    """Records of one shape: as objects, made where they are asked for, and as columns.

    They are `n`, which stand in a text up to `end`. `parts` are what the pattern cut it into.
    """

    shape: RecordShape
    n: int
    parts: list[Any]
    step: int
    groups: list[int]
    window: str
    end: int
    signs: _Signs
    _whole: dict[int, Sequence[str]] = field(default_factory=dict)
    _objects: list[Any] | None = None

    def __len__(self) -> int:
        """How many they are."""
        return self.n

    def __iter__(self) -> Iterator[Any]:
        """The records as objects."""
        return iter(self.objects)

    def are_all(self) -> bool:
        """Whether they are as many as stand in their text, by what stands once in or behind each.

        That is the mark of their shape, or the end of a line, which so stands in no text.
        """
        if not self.signs.is_by_line:
            return self.window.count(self.shape.mark, 0, self.end) == self.n
        held = self.window[: self.end]
        return held.count("\n") == self.n - (not held.rstrip(" ").endswith("\n"))

    def none(self) -> AlikeRecords:
        """None of them."""
        return replace(self, n=0, parts=[], end=0)

    @overload
    def __getitem__(self, at: int) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Any]: ...
    def __getitem__(self, at: int | slice) -> Any:
        """A record as an object, or several."""
        return self.objects[at]

    def column(self, group: int) -> Sequence[str]:
        """What a group of the pattern holds, without escapes."""
        self.shape.asked.add(group)
        return self._column(group)

    def _column(self, group: int) -> Sequence[str]:
        if group not in self._whole:
            found = self._written(group)
            if group not in self.shape.always:
                found = [text or "" for text in found]
            is_escaped = self._is_escaped and group in self.shape.texts
            self._whole[group] = _unescaped(found) if is_escaped else found
        return self._whole[group]

    def _written(self, group: int) -> Sequence[str]:
        """What a group holds, as it is written."""
        if group not in self.groups:
            again = self.shape.cut(self.window, self.signs, whole=True)
            if (again.n, again.end) != (self.n, self.end):
                raise ListError(_LOST)
            self.parts, self.step, self.groups = again.parts, again.step, again.groups
        return self.parts[1 + self.groups.index(group) : self.n * self.step : self.step]

    @cached_property
    def _is_escaped(self) -> bool:
        return "\\" in self.window

    @property
    def objects(self) -> list[Any]:
        """The records as objects, as the scanner would have made them."""
        if self._objects is None:
            self._objects = self.shape.build(self._column, self.n)
        return self._objects

    def kinds(self, free: frozenset[str]) -> SharedThings[Any] | None:
        """An object for each record, the same in all but what stands under the names of `free`.

        Records that are so alike share one; None where few are, or other names were free before.
        """
        shape = self.shape
        if "kinds" not in shape.kept:
            shape.kept["kinds"] = free, shape.between(free), {}, Counter()
        asked_for, groups, kept, runs = shape.kept["kinds"]
        if free != asked_for:
            return None
        shape.asked.update(groups)
        held = [*map(self._written, groups)]
        varied = [texts for texts in held if texts.count(texts[0]) < self.n]
        keys = [*zip(*varied, strict=True)] if varied else [()] * self.n
        places = {key: keys.index(key) for key in {*keys}} if varied else {(): 0}
        whole = {key: tuple([texts[i] for texts in held]) for key, i in places.items()}
        if len(kept) > _MOST_KINDS:
            kept.clear()
        new = [key for key in places if whole[key] not in kept]
        if len(new) > _FEW_KINDS and 4 * len(new) > self.n:
            return None
        runs[bool(new)] += 1
        is_often = runs[True] > _FEW_KINDS + runs[False]  # and so is asked for at once
        for key in new:
            kept[whole[key]] = self._one(places[key], self.column if is_often else self._column)
        each = sorted(places, key=places.__getitem__)
        number = {key: i for i, key in enumerate(each)}
        at = [*map(number.__getitem__, keys)] if varied else [0] * self.n
        return SharedThings([kept[whole[key]] for key in each], at)

    def _one(self, place: int, column: Groups) -> Any:
        """A record as an object."""
        return self.shape.build(lambda group: [column(group)[place]], 1)[0]

    def patterns(self) -> set[tuple[bool, ...]]:
        """What records have together of that which not all have."""
        held = [map(bool, self.column(group)) for group in self.shape.varied]
        return {*zip(*held, strict=True)} if held else {()}

    def at(self, place: Place, text_of: Callable[[Any], str]) -> Sequence[str | None]:
        """What stands at a place, in words; None where nothing does, or null."""
        return self._at(self.shape.by_place.get(place, ()), text_of)

    def texts_at(self, place: Place, text_of: Callable[[Any], str]) -> Sequence[str]:
        """What stands at a place, in words; nothing where nothing does, or null."""
        found = self.at(place, text_of)
        return [text or "" for text in found] if None in found else cast("Sequence[str]", found)

    def words_at(self, place: Place, text_of: Callable[[Any], str]) -> Sequence[str | None]:
        """The same; None, too, where an array or an object stands there that holds nothing."""
        leaves = self.shape.by_place.get(place, ())
        return self._at([leaf for leaf in leaves if leaf.group >= 0], text_of)

    def _at(
        self, leaves: Sequence[LeafPlace], text_of: Callable[[Any], str]
    ) -> Sequence[str | None]:
        found: Sequence[str | None] = ()
        for leaf in leaves:
            some = self.texts(leaf, text_of)
            found = (
                [y if x is None else x for x, y in zip(some, found, strict=True)] if found else some
            )
        return found or [None] * self.n

    def texts(self, leaf: LeafPlace, text_of: Callable[[Any], str]) -> Sequence[str | None]:
        """What stands in a leaf, in words; None where nothing is, or null."""
        if leaf.group < 0:
            found: Sequence[str | None] = [""] * self.n
        else:
            found = column = self.column(leaf.group)
            if not leaf.is_text and column.count(column[0]) == self.n:
                found = [_word(column[0], text_of)] * self.n
            elif not leaf.is_text and not (all(column) and "".join(column).isdigit()):
                said = {text: _word(text, text_of) for text in {*column}}
                found = [*map(said.__getitem__, column)]
        there = self.there(leaf)
        return (
            found
            if there is None
            else [x if y else None for x, y in zip(found, there, strict=True)]
        )

    def there(self, leaf: LeafPlace) -> Sequence[bool] | None:
        """Which records have a leaf; None where all have it."""
        has = [self.column(group) for group in leaf.present if not all(self.column(group))]
        has_not = [self.column(group) for group in leaf.missing if any(self.column(group))]
        if not has and not has_not:
            return None
        found = [True] * self.n
        for column in has:
            found = [is_it and bool(x) for is_it, x in zip(found, column, strict=True)]
        for column in has_not:
            found = [is_it and not x for is_it, x in zip(found, column, strict=True)]
        return found


def _unescaped(column: Sequence[str]) -> Sequence[str]:
    if "\\" not in "".join(column):
        return column
    return [scanstring(text + '"', 0)[0] if "\\" in text else text for text in column]


def _word(text: str, text_of: Callable[[Any], str]) -> str | None:
    value = literal(text)
    return None if value is ABSENT or value is None else text_of(value)


_LITERALS = {"null": None, "true": True, "false": False, "": ABSENT}


@lru_cache(4096)
def literal(text: str) -> Any:
    """A number or a word of JSON; `ABSENT` for no text."""
    if text in _LITERALS:
        return _LITERALS[text]
    return Decimal(text) if "." in text else int(text)
