"""Records of exchanges: each has one value, a word for what it is, and words for whether it counts.

What their fields mean is documented, so nothing is asked that is known. A later record of the same
thing replaces an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument, OfDelivery
from relaion.lists.readers.documents.fields import Fields, Meaning, Row
from relaion.lists.readers.documents.latest import Deletion, Latest, day_of, moment_of
from relaion.lists.readers.format import (
    LINK_KINDS,
    NO_ENTRY,
    NO_IMAGE,
    NO_TRAIT,
    ONLY_HOST,
    OTHER_HASH,
    REPLACED,
    TAKEN_BACK,
    UNDOES,
    VIDEO,
    Batch,
    Columns,
    Options,
    Stream,
    Trait,
)
from relaion.lists.readers.tables import traits
from relaion.lists.readers.tables.decisions import read_word
from relaion.lists.readers.tables.said import COUNTS, WordSays
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import shape, told

AT_ONCE = 2000  # records of a batch
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
        return says.is_sure and says.fate in (VIDEO, NO_IMAGE, NO_ENTRY, OTHER_HASH)

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
    _traits: dict[tuple[str, ...], Trait] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.options.is_good:
            raise ListError(
                f"is {self.exchange.called}, which lists what is bad, and --role good is for what "
                "is known good: add it without --role good"
            )
        meanings = self.exchange.meanings
        self.fields = Fields(self.options, meanings, self.seen | {*meanings}, self.is_delta)
        self.latest = Latest.of(self.shared, self.exchange.name)

    def batch(self, rows: Sequence[Row]) -> Batch:
        """Records as a batch; those that say that a thing is not listed wait for the end."""
        exchange = self.exchange
        rows = [self._row(row) for row in rows]
        values = [_first(row, exchange.value) for row in rows]
        squeezed = lru_cache(1000)(names.squeezed)
        fates, types = self.fields.read(rows, [len(value) for value in values], exchange.type)
        batch, columns = Batch(0), Columns()
        ids: list[str | None] = []
        held: list[Trait] = []
        for i, (row, value, says) in enumerate(zip(rows, values, types, strict=True)):
            kinds, fate = self._kinds(row, says)
            fate = fates.get(i) or fate
            if says.unusable:
                batch.unusable[says.unusable] += 1
            record_id = _first(row, exchange.record_id) or None
            key = hash(record_id or (squeezed(_first(row, exchange.type)), value))
            at = moment_of(_first(row, exchange.moment))
            if fate in UNDOES:
                place = len(self.latest.keys)
                self.latest.delete(Deletion(key, at, place, value, kinds, record_id, fate))
                continue
            if fate is None and self.latest.take(key, at):
                fate = TAKEN_BACK
            if fate:
                batch.fates[batch.n] = fate
            columns.put(kinds, value, batch.n)
            ids.append(record_id)
            held.append(self._trait(row))
            batch.n += 1
        batch.values, batch.traits = columns.all(), held
        batch.ids = ids if exchange.record_id else None
        if not self._n:  # what the first show is refused at once
            self.fields.refuse(so_far=True)
        self._n += len(rows)
        return batch

    def _row(self, row: Row) -> Row:
        """Its fields; a type that nobody knows is none where its value can be no entry."""
        for name in self.exchange.asked:
            if name not in row:
                row = {**row, name: ("",)}
        exchange = self.exchange
        said = self._only(row, exchange.type)
        if exchange.record_id and not exchange.holds_others:
            self._only(row, exchange.record_id)
        is_known, brings_none = self._of_type(said) if said else (True, False)
        if brings_none:  # whatever is said of it
            return {name: words for name, words in row.items() if self.exchange.knows(name, words)}
        value = self._only(row, exchange.value)
        if not is_known and shape(value) is None and not any(map(shape, value.split())):
            return {name: words for name, words in row.items() if name != self.exchange.type}
        return row

    def _only(self, row: Row, name: str) -> str:
        """The word of a field that has one; raises ListError where it has several."""
        words = row.get(name, ())
        if len(words) > 1 and len({self._alike(w) for word in words if (w := word.strip())}) > 1:
            raise ListError(
                f"a record in it has several words in {told(name)}, and one of "
                f"{self.exchange.called} has one; ask the giver for a record of each"
            )
        return _first(row, name)

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

    def _kinds(self, row: Row, says: WordSays) -> tuple[tuple[str, ...], str | None]:
        """What its value can be, and why it is none if it is not."""
        kinds = says.kinds
        if self.exchange.type not in row or not kinds:
            return LINK_KINDS, says.fate or NO_ENTRY
        kind = self.options.kind
        if kind is not None and kind not in kinds:
            return kinds, NO_ENTRY
        if kinds == ("host",) and kind != "host":
            return kinds, ONLY_HOST
        return (kind,) if kind else kinds, None

    def _trait(self, row: Row) -> Trait:
        told = tuple([
            (day_of(text) or "") if (text := _first(row, name)) and what in _DAYS else text
            for name, what in self.exchange.traits.items()
        ])  # fmt: skip
        found = self._traits.get(told)
        if found is None:  # of a day, and by a giver, there are many
            if len(self._traits) >= _MANY:
                self._traits.clear()
            said = {
                what: text if what in _DAYS else traits.trait_text(what, text)
                for what, text in zip(self.exchange.traits.values(), told, strict=True)
                if text
            }
            found = Trait(**{what: text for what, text in said.items() if text})
            self._traits[told] = found if found != NO_TRAIT else NO_TRAIT
        return self._traits[told]

    def rest(self) -> Batch:
        """The records that take back, and those of them that a later record replaces."""
        batch, columns, ids = Batch(0), Columns(), []
        for deletion, is_out in self.latest.settled():
            columns.put(deletion.kinds, deletion.value, batch.n)
            batch.fates[batch.n] = REPLACED if is_out else deletion.fate
            ids.append(deletion.record_id)
            batch.n += 1
        batch.values = columns.all()
        batch.ids = ids if self.exchange.record_id else None
        return batch

    def judge(self, document: ListDocument | Stream) -> None:
        """What all of them showed: raises ListError where they may not be taken so."""
        self.fields.judge(document)


def _first(row: Row, name: str) -> str:
    words = row.get(name, ()) if name else ()
    return next((word for each in words if (word := each.strip())), "")


def knows(said: Mapping[str, WordSays]) -> Mapping[str, WordSays]:
    """Words by how they are squeezed."""
    return {names.squeezed(word): says for word, says in said.items()}


def counting(*words: str) -> dict[str, WordSays]:
    """Words that say that a record counts."""
    return dict.fromkeys(words, COUNTS)
