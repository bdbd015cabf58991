"""Records of exchanges: each has one value, a word for what it is, and words for whether it counts.

What their fields mean is documented, so nothing is asked that is known. A later record of the same
thing replaces an earlier one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import nan
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.documents.document import ListDocument, OfDelivery
from relaion.lists.readers.documents.field_columns import FieldColumns, Row
from relaion.lists.readers.documents.fields import Fields, Meaning
from relaion.lists.readers.documents.latest import Deletion, Latest, days_of, moments_of
from relaion.lists.readers.format import (
    LINK_KINDS,
    NO_TRAIT,
    Batch,
    Columns,
    Options,
    Stream,
    Trait,
    Values,
)
from relaion.lists.readers.tables import traits
from relaion.lists.readers.tables.decisions import read_word
from relaion.lists.readers.tables.said import COUNTS, WordSays, differing
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import shape, told

AT_ONCE = 4000  # records of a batch
_MANY = 4096  # words, and traits, that are kept
_DAYS = (names.FIRST, names.LAST)


@dataclass(frozen=True)
class Exchange:
    """An exchange: what its records are called, and what their fields are for.

    `value`, `type`, `record_id` and `moment` are fields by their names here, as are those of
    `meanings` and `traits`, which gives the trait of each. `spelled` gives the name here of a name
    as files write it, squeezed. Where a field of `asked` is not there, that is a word of its own.
    `holds_others`: within a record may stand others, which have ids of their own.
    """

    name: str
    called: str
    value: str
    type: str
    meanings: Mapping[str, Meaning]
    record_id: str = ""
    moment: str = ""
    traits: Mapping[str, str] = field(default_factory=dict)
    spelled: Mapping[str, str] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    holds_others: bool = False

    def named(self, name: str) -> str:
        """A field as it is called here."""
        return self._names.get(names.squeezed(name), name)

    @cached_property
    def _names(self) -> dict[str, str]:
        """The names here by how they are squeezed."""
        known = (self.value, self.type, *self.meanings, *self.traits, self.record_id, self.moment)
        found: dict[str, str] = {}
        for name in filter(None, known):
            found.setdefault(names.squeezed(name), name)
        return found | dict(self.spelled)

    def undoes(self, field_names: Iterable[str]) -> bool:
        """Whether a record with these fields may take back what its id names, without a value."""
        held = {self.named(name) for name in field_names}
        says = any(self.meanings[x].what == names.GONE for x in held if x in self.meanings)
        return says and bool(self.record_id) and self.record_id in held

    def is_known_type(self, word: str) -> bool:
        """Whether somebody here knows what a value of this type is."""
        return self._says_of_type(word).is_sure

    def brings_none(self, word: str) -> bool:
        """Whether a value of this type is surely never an entry."""
        says = self._says_of_type(word)
        return says.is_sure and says.fate in (why.VIDEO, why.NO_IMAGE, why.NO_ENTRY, why.OTHER_HASH)

    def _says_of_type(self, word: str) -> WordSays:
        meaning = self.meanings[self.type]
        told = meaning.knows(word) if meaning.knows else None
        return told or read_word(names.TYPE, word, meaning.word)

    def knows(self, name: str, words: Sequence[str]) -> bool:
        """Whether it does not define words of a field as such that must be asked about."""
        knows = self.meanings[name].knows if name in self.meanings else None
        told = map(knows, words) if knows else ()
        return all(says is None or says.is_sure for says in told)


@dataclass
class ValuedRecords:
    """The records of a file on their way: as batches, and what was seen of all of them."""

    exchange: Exchange
    options: Options
    seen: set[str]
    shared: OfDelivery
    is_delta: bool = False
    fields: Fields = field(init=False)
    latest: Latest = field(init=False)
    _n: int = 0
    _types: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    _traits: dict[Any, Trait] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.options.refuse_good(self.exchange.called)
        meanings = self.exchange.meanings
        self.fields = Fields(self.options, meanings, self.seen | {*meanings}, self.is_delta)
        self.latest = Latest.of(self.shared, self.exchange.name)

    def batch(self, rows: Sequence[Row] | FieldColumns) -> Batch:
        """Records as a batch; those that say that a thing is not listed wait for the end."""
        exchange = self.exchange
        given = rows if isinstance(rows, FieldColumns) else FieldColumns.of_rows(rows)
        held = self._checked(given)
        values = held.first(exchange.value)
        fates, types = self.fields.read(held, [*map(len, values)], exchange.type)
        is_one = exchange.type in held.one
        has_type = [True] * held.n if is_one else [*map(bool, held.words(exchange.type))]
        kinds, reason = self._kinds(types, has_type)
        batch = Batch(0)
        for says in types if any(says.unusable for says in differing(types)) else ():
            if says.unusable:
                batch.unusable[says.unusable] += 1
        ids = held.first(exchange.record_id) if exchange.record_id else None
        keys = self._keys(held, values, ids)
        moments = self._moments(held)
        told = self._traits_of(held)
        kept = self._kept(fates, reason, keys, moments, values, kinds, ids, batch)
        if len(kept) < held.n:
            values, kinds = [values[i] for i in kept], [kinds[i] for i in kept]
            told = [told[i] for i in kept]
            ids = [ids[i] for i in kept] if ids is not None else None
        batch.n = len(kept)
        batch.values, batch.traits = _by_kinds(kinds, values), told
        batch.ids = [record_id or None for record_id in ids] if ids is not None else None
        if not self._n:  # what the first show is refused at once
            self.fields.refuse(so_far=True)
        self._n += held.n
        return batch

    def _kept(
        self,
        fates: Mapping[int, str],
        reason: Sequence[str | None],
        keys: Sequence[int],
        moments: Sequence[float],
        values: Sequence[str],
        kinds: Sequence[tuple[str, ...]],
        ids: Sequence[str] | None,
        batch: Batch,
    ) -> Sequence[int]:
        """The records that do not wait for the end, by their places; of others it keeps why."""
        latest, n = self.latest, len(values)
        if not fates and not any(reason) and not latest.gone:
            latest.take_all(keys, moments)
            return range(n)
        kept: list[int] = []
        for i, (key, at) in enumerate(zip(keys, moments, strict=True)):
            fate = fates.get(i) or reason[i]
            if fate in why.UNDOES:
                place, record_id = len(latest.keys), (ids[i] or None) if ids else None
                latest.delete(Deletion(key, at, place, values[i], kinds[i], record_id, fate))
                continue
            if fate is None and latest.take(key, at):
                fate = why.TAKEN_BACK
            if fate:
                batch.fates[len(kept)] = fate
            kept.append(i)
        return kept

    def _keys(
        self, held: FieldColumns, values: Sequence[str], ids: Sequence[str] | None
    ) -> list[int]:
        """A hash of what each record is of: its id, or else its type and value."""
        if ids is not None and all(ids):
            return [*map(hash, ids)]
        types = held.first(self.exchange.type)
        squeezed = {word: names.squeezed(word) for word in {*types}}
        pairs = zip(map(squeezed.__getitem__, types), values, strict=True)
        if ids is None:
            return [*map(hash, pairs)]
        return [hash(record_id or pair) for record_id, pair in zip(ids, pairs, strict=True)]

    def _moments(self, held: FieldColumns) -> Sequence[float]:
        if not self.exchange.moment:
            return [nan] * held.n
        return moments_of(held.first(self.exchange.moment))

    def _checked(self, held: FieldColumns) -> FieldColumns:
        """The fields; a type that nobody knows is none where its value can be no entry."""
        exchange = self.exchange
        several = dict(held.several)
        for name in exchange.asked:
            if name not in held.one:
                several[name] = [words or ("",) for words in held.words(name)]
        held = FieldColumns(held.n, held.one, several)
        self._refuse_several(held, exchange.type)
        if exchange.record_id and not exchange.holds_others:
            self._refuse_several(held, exchange.record_id)
        types = held.first(exchange.type)
        of_type = {word: self._of_type(word) if word else (True, False) for word in {*types}}
        none = [i for i, word in enumerate(types) if of_type[word][1]] if any(
            brings_none for _, brings_none in of_type.values()
        ) else []  # fmt: skip
        # whatever is said of what brings no entry
        self._refuse_several(held, exchange.value, {*none})
        values = held.first(exchange.value)
        unknown = [
            i for i, (word, value) in enumerate(zip(types, values, strict=True))
            if of_type[word] == (False, False) and shape(value) is None
            and not any(map(shape, value.split()))
        ] if (False, False) in of_type.values() else []  # fmt: skip
        if not none and not unknown:
            return held
        found = {name: [*held.words(name)] for name in held.names}
        for i in none:
            for name, words in found.items():
                if words[i] and not exchange.knows(name, words[i]):
                    words[i] = ()
        for i in unknown:
            found[exchange.type][i] = ()
        return FieldColumns(held.n, {}, found)

    def _refuse_several(self, held: FieldColumns, name: str, others: Collection[int] = ()) -> None:
        """Raise ListError where a record has several words in a field that has one."""
        for i, words in enumerate(held.several.get(name, ())):
            if len(words) < 2 or i in others:
                continue
            if len({self._alike(w) for word in words if (w := word.strip())}) > 1:
                raise ListError(
                    f"a record in it has several words in {told(name)}, and one of "
                    f"{self.exchange.called} has one; ask the giver for a record of each"
                )

    def _alike(self, word: str) -> str:
        """A word as it is compared: only links have a case, and not such as parts repeat."""
        if self.exchange.holds_others:
            return word.casefold().rstrip("/")
        return word if "/" in word else word.casefold()

    def _of_type(self, word: str) -> tuple[bool, bool]:
        """Whether a type is known, and whether its values are surely never entries."""
        if word not in self._types:
            if len(self._types) >= _MANY:
                self._types.clear()
            exchange = self.exchange
            self._types[word] = exchange.is_known_type(word), exchange.brings_none(word)
        return self._types[word]

    def _kinds(
        self, types: Sequence[WordSays], has_type: Sequence[bool]
    ) -> tuple[list[tuple[str, ...]], list[str | None]]:
        """What values can be, and why they are none if they are not."""
        said: dict[tuple[int, bool], tuple[tuple[str, ...], str | None]] = {}
        for says in differing(types):
            said[id(says), True] = self._kind(says, has_type=True)
            said[id(says), False] = self._kind(says, has_type=False)
        if len(said) == 2 and all(has_type):  # as of nearly all lists
            kinds, reason = said[id(types[0]), True]
            return [kinds] * len(types), [reason] * len(types)
        found = [said[id(says), is_it] for says, is_it in zip(types, has_type, strict=True)]
        return [kinds for kinds, _ in found], [reason for _, reason in found]

    def _kind(self, says: WordSays, *, has_type: bool) -> tuple[tuple[str, ...], str | None]:
        kinds = says.kinds
        if not has_type or not kinds:
            return LINK_KINDS, says.fate or why.NO_ENTRY
        kind = self.options.kind
        if kind is not None and kind not in kinds:
            return kinds, why.NO_ENTRY
        if kinds == ("host",) and kind != "host":
            return kinds, why.ONLY_HOST
        return (kind,) if kind else kinds, None

    def _traits_of(self, held: FieldColumns) -> list[Trait]:
        told: list[Sequence[str]] = []
        for name, what in self.exchange.traits.items():
            texts = held.first(name)
            told.append(days_of(texts) if what in _DAYS else texts)
        if not told:
            return [NO_TRAIT] * held.n
        is_one = len(told) == 1
        rows: Sequence[Any] = told[0] if is_one else [*zip(*told, strict=True)]
        each = {*rows}
        for row in each.difference(self._traits):
            if len(self._traits) >= _MANY:  # of a day, and by a giver, there are many
                self._traits.clear()
            self._traits[row] = self._trait((row,) if is_one else row)
        if self._traits.keys() >= each:
            return [*map(self._traits.__getitem__, rows)]
        return [self._trait((row,) if is_one else row) for row in rows]

    def _trait(self, told: tuple[str, ...]) -> Trait:
        said = {
            what: text if what in _DAYS else traits.trait_text(what, text)
            for what, text in zip(self.exchange.traits.values(), told, strict=True)
            if text
        }
        found = Trait(**{what: text for what, text in said.items() if text})
        return found if found != NO_TRAIT else NO_TRAIT

    def rest(self) -> Batch:
        """The records that take back, and those of them that a later record replaces."""
        batch, columns, ids = Batch(0), Columns(), []
        for deletion, is_out in self.latest.settled():
            columns.put(deletion.kinds, deletion.value, batch.n)
            batch.fates[batch.n] = why.REPLACED if is_out else deletion.fate
            ids.append(deletion.record_id)
            batch.n += 1
        batch.values = columns.all()
        batch.ids = ids if self.exchange.record_id else None
        return batch

    def judge(self, document: ListDocument | Stream) -> None:
        """What all of them showed: raises ListError where they may not be taken so."""
        self.fields.judge(document)


def _by_kinds(kinds: Sequence[tuple[str, ...]], values: Sequence[str]) -> list[Values]:
    """Values of records, those that can be of the same kinds together."""
    if len({*kinds}) == 1:
        return [Values(kinds[0], values, range(len(values)))]
    columns = Columns()
    for i, (some, value) in enumerate(zip(kinds, values, strict=True)):
        columns.put(some, value, i)
    return columns.all()


def knows(said: Mapping[str, WordSays]) -> Mapping[str, WordSays]:
    """Words by how they are squeezed."""
    return {names.squeezed(word): says for word, says in said.items()}


def counting(*words: str) -> dict[str, WordSays]:
    """Words that say that a record counts."""
    return dict.fromkeys(words, COUNTS)
