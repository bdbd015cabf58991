"""STIX 2.0 and 2.1: bundles, arrays, TAXII envelopes and lines of objects. `--format stix`.

Only an indicator lists something, by its pattern. A file or a link that stands beside it says that
it was seen, and by whom: such objects are counted and never entries. Of several versions of an
object the last one counts, wherever it stands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.beside.cell import is_of_words
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.field_columns import (
    FieldColumns,
    Row,
    SharedThings,
    Words,
    columns_in_batches,
    made_once,
)
from relaion.lists.readers.documents.fields import Fields
from relaion.lists.readers.documents.foreseen import ReadAnewError, as_foreseen
from relaion.lists.readers.documents.json_alike import AlikeRecords
from relaion.lists.readers.documents.json_pieces import JsonPieces, each_of, text_of
from relaion.lists.readers.documents.own_fields import OwnFields
from relaion.lists.readers.documents.stix_entries import Patterns
from relaion.lists.readers.documents.stix_objects import (
    SEEN_TYPES,
    LookedObjects,
    Object,
    id_of,
    is_plain,
    look,
    objects_in,
    own_fields,
    stix_pieces,
    type_of,
)
from relaion.lists.readers.documents.stix_words import DERIVED, meanings
from relaion.lists.readers.documents.title_prose import judge_titles
from relaion.lists.readers.format import Batch, Options, Sure, Trait
from relaion.lists.readers.tables import traits
from relaion.lists.readers.tables.decisions import is_ignored
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import told

AT_ONCE = 2000
_OUT = frozenset((why.OTHER_RULE, why.REPLACED))
Told = tuple[tuple[str, str], str, str]  # how sure and who a giver is, the first day and the last
_MANY = 4096  # traits that are kept
_SHAPES = 1000  # of indicators that are told apart
_ID = re.compile(r'(?i)"id"\s*:\s*"[a-z0-9-]+--[0-9a-z-]+"')
_INDICATOR = re.compile(r'(?i)"type"\s*:\s*"(?:bundle|indicator)"')
_OF_ONE = re.compile(r'(?i)"(?:pattern|objects|spec_version)"\s*:')


@dataclass(frozen=True)
class Stix:
    """Objects of STIX 2."""

    name: str = "stix"

    def sniff(self, head: str, file_name: str) -> Sure | None:
        """Sure by the ids and the types of its objects."""
        if not head.lstrip().startswith(("{", "[")):
            return None
        is_one = _INDICATOR.search(head) is not None and _OF_ONE.search(head) is not None
        return Sure() if is_one or _ID.search(head) else None

    def read(self, document: ListDocument, options: Options) -> Iterator[Batch]:
        """A record an indicator."""
        looked, again, before = look(document), LookedObjects(), len(document.notices)
        if not document.is_foreseen:
            document.notices += judge_titles(looked.titles, options)
        seen = looked.seen | {*DERIVED}
        fields = Fields(options, meanings(seen), seen, is_delta=document.is_delta)
        reading = _Indicators(options, looked, fields, Patterns(options))
        parts = as_foreseen(
            document, stix_pieces(document), again.take, lambda: again.are_foreseen(looked)
        )
        found = _held(parts, reading.free)
        yield from (reading.batch(HeldObjects(*x)) for x in columns_in_batches(found, AT_ONCE))
        if document.is_foreseen:
            again.settle(document.shared, is_delta=document.is_delta)
            if not again.are_all_foreseen(looked):
                raise ReadAnewError
            document.notices[before:before] = judge_titles(again.titles, options)
        if looked.elsewhere:
            yield reading.elsewhere()
        fields.judge(document)
        document.notices.extend(reading.notices())


class HeldObjects(NamedTuple):
    """Objects of a file by columns: their numbers there, each with one that says the same.

    The rest is what is their own. `first` is the day from which one holds, `modified` that of its
    last change; a text is empty, and `named` is None, where it has none. `described` are texts, or
    none.
    """

    numbers: Sequence[int]
    values: Sequence[Object]
    ids: Sequence[str]
    patterns: Sequence[str]
    named: Sequence[Sequence[str] | None]
    described: Sequence[Sequence[str]]
    first: Sequence[str]
    modified: Sequence[str]


_DESCRIBED = frozenset(("description",))
_ASIDE = _DESCRIBED | {"name"}
_OFTEN = 4  # objects with one description
_FREE = frozenset(("id", "pattern", "name", "created", "valid_from", "modified"))
"""Names under which nothing decides, but what `HeldObjects` hold beside an object."""


def _held(parts: Iterable[JsonPieces], free: frozenset[str]) -> Iterator[HeldObjects]:
    """The objects of a file, some at a time."""
    number = 0
    for some in parts:
        values = some.values
        alike = _alike(values, free, number) if isinstance(values, AlikeRecords) else None
        if alike is None:
            for value in objects_in(values):
                yield _held_of(number, value)
                number += 1
            continue
        number += len(values)
        yield alike


def _alike(values: AlikeRecords, free: frozenset[str], number: int) -> HeldObjects | None:
    """Objects that are written alike; None where few say the same, or more is in one."""
    kept = values.shape.kept
    if "free" not in kept:
        said = {repr(each.get("description")) for each in values}
        kept["free"] = free | (_DESCRIBED if _OFTEN * len(said) > len(values) else frozenset())
    is_free = free >= _FREE
    free = kept["free"]
    own = (leaf for leaf in values.shape.leaves if leaf.place[0] in free)
    if not is_free or any(leaf.group < 0 or len(leaf.place) > 1 for leaf in own):
        return None
    shared = values.kinds(free)
    if shared is None or not all(map(is_plain, shared.each)):
        return None
    ids, patterns, created, valid, modified = (
        values.texts_at((name,), text_of)
        for name in ("id", "pattern", "created", "valid_from", "modified")
    )
    named, described = (values.at((name,), text_of) for name in ("name", "description"))
    return HeldObjects(
        range(number, number + len(values)), shared.all(), [*map(str.strip, ids)], patterns,
        [None if name is None else (name,) for name in named],
        [() if text is None else (text,) for text in described] if "description" in free
        else shared.map(_described).all(),
        valid if all(valid) else [x or y for x, y in zip(valid, created, strict=True)], modified,
    )  # fmt: skip


def _held_of(number: int, value: Object) -> HeldObjects:
    """An object that nothing shares."""
    named, pattern = value.get("name"), text_of(value.get("pattern"))
    is_named = named is not None and type(named) is not dict
    first = text_of(value.get("valid_from")) or text_of(value.get("created"))
    return HeldObjects(
        (number,), (value,), (id_of(value),), (pattern,),
        (tuple(map(text_of, each_of(named))) if is_named else None,), (_described(value),),
        (first,), (text_of(value.get("modified")),),
    )  # fmt: skip


def _described(value: Object) -> Sequence[str]:
    """The words of its description."""
    words = value.get("description")
    return () if type(words) is dict else tuple(map(text_of, each_of(words)))


@dataclass
class _Indicators:
    options: Options
    looked: LookedObjects
    fields: Fields
    patterns: Patterns
    others: Counter[str] = field(default_factory=Counter)
    is_first: bool = True
    n: int = 0  # indicators so far
    own: OwnFields = field(default_factory=own_fields)
    shapes: dict[tuple[str, ...], list[str]] = field(default_factory=dict)
    traits: dict[Told, Trait] = field(default_factory=dict)

    def batch(self, some: HeldObjects) -> Batch:
        """The indicators among objects as records; what was only seen is counted."""
        skipped, some, values = self._indicators(some)
        n = len(some.ids)
        files = self._files(some) if "name" in self.read_names else []
        several: dict[str, Words] = {"name": _titles(some.named, files)} if files else {}
        if any(some.described):
            several["description"] = some.described
        own = FieldColumns(n, several=several)
        fates, _ = self.fields.read(self._rows(some, values), [0] * n, own=own)
        looked = self.looked
        if looked.replaced or looked.latest:
            fates |= {
                i: why.REPLACED
                for i, (number, of) in enumerate(zip(some.numbers, some.ids, strict=True))
                if self.n + i in looked.replaced or self._is_replaced(number, of)
            }
        batch = Batch(n, fates=fates, skipped=skipped)
        self.n += n
        out = {i for i, fate in fates.items() if fate in _OUT}
        self.patterns.take_all(some.patterns, files or [()] * n, batch, out)
        batch.ids = [of or None for of in some.ids]
        first, modified = ([text[:10] for text in x] for x in (some.first, some.modified))
        later = (i for i, day in enumerate(first) if day > self.tomorrow and day[:1].isdigit())
        to_come = sum(i not in fates for i in later)
        if to_come and not is_ignored(self.options, "valid_from", -2):
            raise ListError(_TO_COME.format(to_come))
        told = [*zip(values.map(self._said_of).all(), first, modified, strict=True)]
        batch.traits = made_once(told, self.traits, _trait_of, _MANY)
        if self.is_first:
            self.fields.refuse(so_far=True)
        self.is_first = False
        return batch

    def _indicators(
        self, some: HeldObjects
    ) -> tuple[Counter[str], HeldObjects, SharedThings[Object]]:
        """The indicators alone; of the others those that were seen, and those that list nothing."""
        values, skipped = SharedThings.of(some.values), Counter[str]()
        types = values.map(type_of)
        if {*types.each} == {"indicator"}:
            return skipped, some, values
        for kind in types.all():
            if kind in SEEN_TYPES:
                skipped[why.SEEN] += 1
            elif kind != "indicator":
                self.others[told(kind, 30)] += 1
        kept = [*types.where(lambda kind: kind == "indicator")]
        columns: Any = ([column[i] for i in kept] for column in some)
        some = HeldObjects(*columns)
        return skipped, some, SharedThings.of(some.values)

    @cached_property
    def tomorrow(self) -> str:
        """A day that has begun somewhere, as a text; no later one has."""
        return (date.today() + timedelta(days=1)).isoformat()

    @cached_property
    def free(self) -> frozenset[str]:
        """Names under which nothing decides of an indicator, but what is asked for by itself."""
        return _FREE - (self.read_names - _ASIDE)

    def _rows(self, held: HeldObjects, values: SharedThings[Object]) -> SharedThings[Row]:
        """The fields of indicators: those that many share, and what is said of single ones."""
        rows, said = values.map(self._row), self.looked.words
        if said.keys().isdisjoint(held.ids):
            return rows
        each = rows.all()
        for i, of in enumerate(held.ids):
            if of in said:
                each[i] = {**each[i], **{name: tuple(some) for name, some in said[of].items()}}
        return SharedThings.of(each)

    def _files(self, held: HeldObjects) -> list[Sequence[str]]:
        """The names of their files; not those of hosts, which may end as files of programs do."""
        has_link = "://" in "\n".join(chain.from_iterable(filter(None, held.named)))
        return [
            words
            if words and "hashes" in pattern and not (has_link and any("://" in x for x in words))
            else ()
            for pattern, words in zip(held.patterns, held.named, strict=True)
        ]

    @cached_property
    def read_names(self) -> frozenset[str]:
        """The names of fields that are read."""
        return self.fields.read_names

    def elsewhere(self) -> Batch:
        """Indicators of other files, or of the list that is brought up to date, by their ids."""
        found = {of: self._undone(words) for of, words in self.looked.elsewhere.items()}
        gone = {of: fate for of, fate in found.items() if fate}
        return Batch(len(gone), fates=dict(enumerate(gone.values())), ids=[*gone])

    def _undone(self, words: Mapping[str, list[str]]) -> str | None:
        """Why what others say takes an indicator out, where the curator does not say otherwise.

        It is read as what stands in the same file is: what nobody knows is asked for.
        """
        found = [
            says.fate for d in self.fields.deciding if d.chosen is None and d.name in words
            for says in d.read(words[d.name]) if says.is_sure
        ]  # fmt: skip
        return next((fate for fate in found if fate in why.UNDOES), None)

    def _row(self, value: Object) -> Row:
        """The fields of an indicator, each with its words, but for those that are its own."""
        shape = tuple(value)
        fields = self.shapes.get(shape)
        if fields is None:
            fields = [name for name in shape if name in self.read_names - _ASIDE]
            if len(self.shapes) < _SHAPES:
                self.shapes[shape] = fields
        row: dict[str, Sequence[str]] = {}
        for name in fields:
            words = value[name]
            if words is not None and type(words) is not dict:
                row[name] = tuple(map(text_of, each_of(words)))
        return row | self.own.words(value)

    def _is_replaced(self, number: int, of: str) -> bool:
        latest = self.looked.latest.get(of)
        return latest is not None and latest[1] != number

    def _said_of(self, value: Object) -> tuple[str, str]:
        """How sure its giver is, and who that is."""
        by = self.looked.givers.get(text_of(value.get("created_by_ref")), "")
        return text_of(value.get("confidence")), by

    def notices(self) -> list[str]:
        """What the curator should know of what was read."""
        found = self.patterns.notices()
        if self.others:
            said = ", ".join(f"{kind}: {n:,}" for kind, n in self.others.most_common(10))
            found.append(f"objects that list nothing: {said}")
        return found


def _titles(
    named: Sequence[Sequence[str] | None], files: Sequence[Sequence[str]]
) -> list[Sequence[str]]:
    """The names that are read: those of files, and such as are words and so speak of any value."""
    return [
        words or (said if said and all(map(is_of_words, said)) else ())
        for said, words in zip(named, files, strict=True)
    ]


def _trait_of(told_of: Told) -> Trait:
    (confidence, by), first, last = told_of
    told_as = zip(_TRAITS, (confidence, first, last, by), strict=True)
    return Trait(**{what: traits.trait_text(what, text) for what, text in told_as if text})


_TO_COME = (
    "indicators that are valid from a day to come (valid_from): {:,}; say --ignore valid_from if "
    "they are listed already; if not, leave them out of a copy, or add the file on that day"
)
_TRAITS = (names.CONFIDENCE, names.FIRST, names.LAST, names.BY)
