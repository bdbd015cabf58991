"""STIX 2.0 and 2.1: bundles, arrays, TAXII envelopes and lines of objects. `--format stix`.

Only an indicator lists something, by its pattern. A file or a link that stands beside it says that
it was seen, and by whom: such objects are counted and never entries. Of several versions of an
object the last one counts, wherever it stands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, count, islice
from typing import NamedTuple

from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.field_columns import FieldColumns, Row, SharedThings
from relaion.lists.readers.documents.fields import Fields
from relaion.lists.readers.documents.json_alike import AlikeRecords
from relaion.lists.readers.documents.json_pieces import (
    each_of,
    text_of,
)
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
from relaion.lists.readers.documents.stix_words import DERIVED, MEANINGS, meanings
from relaion.lists.readers.documents.title_prose import judge_titles
from relaion.lists.readers.format import (
    OTHER_RULE,
    REPLACED,
    SEEN,
    UNDOES,
    Batch,
    Columns,
    Options,
    Sure,
    Trait,
)
from relaion.lists.readers.tables import traits
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import told

AT_ONCE = 2000
_OUT = frozenset((OTHER_RULE, REPLACED))
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
        looked = look(document)
        document.notices += judge_titles(looked.titles, options)
        seen = looked.seen | {*DERIVED}
        fields = Fields(options, meanings(seen), seen, is_delta=document.is_delta)
        reading = _Indicators(options, looked, fields, Patterns(options))
        held = chain.from_iterable(_held(document, reading.free))
        while some := [*islice(held, AT_ONCE)]:
            yield reading.batch(some)
        if looked.elsewhere:
            yield reading.elsewhere()
        fields.judge(document)
        document.notices.extend(reading.notices())


class HeldObject(NamedTuple):
    """An object of a file: its number there, one that says the same, and what is its own.

    `first` is the day from which it holds, `modified` that of its last change; a text is empty, and
    `named` is None, where it has none.
    """

    number: int
    value: Object
    record_id: str
    pattern: str
    named: Sequence[str] | None
    first: str
    modified: str


_FREE = frozenset(("id", "pattern", "name", "created", "valid_from", "modified"))
"""Names under which nothing decides, but what `HeldObject` holds beside an object."""


def _held(document: ListDocument, free: frozenset[str]) -> Iterator[Iterable[HeldObject]]:
    """The objects of a file, some at a time."""
    number = 0
    for some in stix_pieces(document):
        values = some.values
        alike = _alike(values, free, number) if isinstance(values, AlikeRecords) else None
        if alike is not None:
            number += len(values)
            yield alike
            continue
        for value in objects_in(values):
            yield [_held_of(number, value)]
            number += 1


def _alike(values: AlikeRecords, free: frozenset[str], number: int) -> Iterable[HeldObject] | None:
    """Objects that are written alike; None where few say the same, or more is in one."""
    own = (leaf for leaf in values.shape.leaves if leaf.place[0] in _FREE)
    if not free >= _FREE or any(leaf.group < 0 or len(leaf.place) > 1 for leaf in own):
        return None
    kinds = values.kinds(free)
    if kinds is None or not all(map(is_plain, {id(kind): kind for kind in kinds}.values())):
        return None
    texts = {name: values.at((name,), text_of) for name in _FREE}
    names_of = [None if name is None else (name,) for name in texts["name"]]
    ids, patterns, created, valid, modified = (
        [text or "" for text in texts[name]]
        for name in ("id", "pattern", "created", "valid_from", "modified")
    )
    first = [one or other for one, other in zip(valid, created, strict=True)]
    ids = [*map(str.strip, ids)]
    told = zip(count(number), kinds, ids, patterns, names_of, first, modified)
    return map(HeldObject._make, told)


def _held_of(number: int, value: Object) -> HeldObject:
    """An object that nothing shares."""
    named, pattern = value.get("name"), text_of(value.get("pattern"))
    is_named = named is not None and type(named) is not dict
    first = text_of(value.get("valid_from")) or text_of(value.get("created"))
    return HeldObject(
        number, value, id_of(value), pattern,
        tuple(map(text_of, each_of(named))) if is_named else None,
        first, text_of(value.get("modified")),
    )  # fmt: skip


def _each(held: Sequence[HeldObject]) -> dict[int, Object]:
    """The objects among these that differ, by their identity."""
    return {id(each.value): each.value for each in held}


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
    traits: dict[tuple[str, ...], Trait] = field(default_factory=dict)

    def batch(self, some: list[HeldObject]) -> Batch:
        """The indicators among objects as records; what was only seen is counted."""
        types = {key: type_of(x) for key, x in _each(some).items()}
        held = [each for each in some if types[id(each.value)] == "indicator"]
        batch, values = Batch(len(held)), Columns()
        for each in some if len(held) < len(some) else ():
            kind = types[id(each.value)]
            if kind in SEEN_TYPES:
                batch.skipped[SEEN] += 1
            elif kind != "indicator":
                self.others[told(kind, 30)] += 1
        numbers, objects, ids, patterns, named, *days = (
            zip(*held, strict=True) if held else [()] * 7
        )
        columns = self._columns(held, ids, patterns, named)
        fates, _ = self.fields.read(columns, [0] * columns.n)
        looked = self.looked
        if looked.replaced or looked.latest:
            fates |= {
                i: REPLACED
                for i, (number, of) in enumerate(zip(numbers, ids, strict=True))
                if self.n + i in looked.replaced or self._is_replaced(number, of)
            }
        batch.fates = fates
        self.n += len(held)
        for i, (pattern, beside) in enumerate(zip(patterns, columns.words("name"), strict=True)):
            if i not in fates or fates[i] not in _OUT:
                self.patterns.take(i, pattern, batch, values, beside)
        batch.values = values.all()
        batch.ids = [of or None for of in ids]
        said_of = {key: self._said_of(x) for key, x in _each(held).items()}
        said = (said_of[id(x)] for x in objects)
        batch.traits = [*map(self._trait, said, *days)]
        if self.is_first:
            self.fields.refuse(so_far=True)
        self.is_first = False
        return batch

    @cached_property
    def free(self) -> frozenset[str]:
        """Names under which nothing decides of an indicator, but what is asked for by itself."""
        return _FREE - (self.read_names - {"name"})

    def _columns(
        self, held: Sequence[HeldObject], ids: Sequence[str], patterns: Sequence[str],
        named: Sequence[Sequence[str] | None],
    ) -> FieldColumns:  # fmt: skip
        """The fields of indicators: those that many share, and what is said of single ones."""
        row_of = {key: self._row(x) for key, x in _each(held).items()}
        rows = [row_of[id(each.value)] for each in held]
        said = self.looked.words
        for i, of in enumerate(ids) if said else ():
            if of in said:
                rows[i] = {**rows[i], **{name: tuple(some) for name, some in said[of].items()}}
        columns = self.fields.columns(SharedThings.of(rows))
        if "name" not in self.read_names:
            return columns
        of_files = [
            words
            if words and "hashes" in pattern and not any("://" in word for word in words)
            else ()
            for pattern, words in zip(patterns, named, strict=True)
        ]  # not those of hosts, which may end as files of programs do
        return replace(columns, several={**columns.several, "name": of_files})

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
        """Why what others say takes an indicator out, where the curator does not say otherwise."""
        chosen = {names.squeezed(x) for x in (*self.options.where, *self.options.ignore)}
        for name, some in words.items():
            knows = MEANINGS[name].knows if name in MEANINGS else None
            if knows is None or names.squeezed(name) in chosen:
                continue
            said = [says for word in some if (says := knows(word)) and says.is_sure]
            if fate := next((says.fate for says in said if says.fate in UNDOES), None):
                return fate
        return None

    def _row(self, value: Object) -> Row:
        """The fields of an indicator but for its name, each with its words."""
        shape = tuple(value)
        fields = self.shapes.get(shape)
        if fields is None:
            fields = [name for name in shape if name in self.read_names - {"name"}]
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

    def _trait(self, said: tuple[str, str], first: str, modified: str) -> Trait:
        told = said[0], first[:10], modified[:10], said[1]
        if told not in self.traits:
            if len(self.traits) >= _MANY:
                self.traits.clear()
            told_as = zip((names.CONFIDENCE, names.FIRST, names.LAST, names.BY), told, strict=True)
            found = {what: traits.trait_text(what, text) for what, text in told_as if text}
            self.traits[told] = Trait(**found)
        return self.traits[told]

    def notices(self) -> list[str]:
        """What the curator should know of what was read."""
        found = self.patterns.notices()
        if self.others:
            said = ", ".join(f"{kind}: {n:,}" for kind, n in self.others.most_common(10))
            found.append(f"objects that list nothing: {said}")
        return found
